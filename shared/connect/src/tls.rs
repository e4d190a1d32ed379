//! Encryption, as libpq's `sslmode`, `sslrootcert`, `sslcert` and their kin ask for it (`fe-secure-openssl.c`).

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::certificate::{Authorities, Verifier};
use crate::{Parameters, SslMode};

/// An encrypted connection.
pub(crate) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// The value of `sslrootcert` that stands for the authorities which the system trusts.
pub(crate) const SYSTEM: &str = "system";

/// Encrypts a connection, and makes sure of the server as far as it is asked for.
///
/// # Errors
/// Why there is no encrypted connection, in words.
pub(crate) fn encrypt(
    parameters: &Parameters,
    host: &str,
    mut stream: TcpStream,
) -> Result<TlsStream, String> {
    let config = config(parameters, host)?;
    // An address is not sent to the server, and neither is a name that DNS cannot hold: the verifier knows the host.
    let name = ServerName::try_from(host.to_owned());
    let name = name.unwrap_or(ServerName::from(IpAddr::from(Ipv4Addr::UNSPECIFIED)));
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| in_words(&error))?;
    }
    Ok(StreamOwned::new(connection, stream))
}

/// The words of our own verifier, if it was that which refused.
fn in_words(error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::General(words)) => words.clone(),
        _ => error.to_string(),
    }
}

fn config(parameters: &Parameters, host: &str) -> Result<ClientConfig, String> {
    let provider = default_provider();
    let verifier = Verifier {
        authorities: authorities(parameters)?,
        host: (parameters.sslmode == SslMode::VerifyFull).then(|| host.to_owned()),
        algorithms: provider.signature_verification_algorithms,
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    match own_certificate(parameters)? {
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| format!("client certificate and key cannot be used: {error}")),
        None => Ok(builder.with_no_client_auth()),
    }
}

/// Whom we trust to vouch for the server; `None` if nobody needs to.
fn authorities(parameters: &Parameters) -> Result<Option<Authorities>, String> {
    let certificates = match &parameters.sslrootcert {
        Some(path) if path == Path::new(SYSTEM) => {
            let found = rustls_native_certs::load_native_certs();
            if found.certs.is_empty() {
                let why = found.errors.first().map(ToString::to_string).unwrap_or_default();
                return Err(format!("the system has no root certificates: {why}"));
            }
            found.certs
        }
        // As libpq does: a file that is there counts in every mode, so that `require` means `verify-ca` then.
        Some(path) if path.exists() => {
            let certificates = certificates(path)?;
            if certificates.is_empty() {
                return Err(format!("no certificate in root certificate file: {}", path.display()));
            }
            certificates
        }
        missing if parameters.sslmode >= SslMode::VerifyCa => {
            let path = missing.as_deref().unwrap_or(Path::new("~/.postgresql/root.crt"));
            return Err(format!("root certificate file does not exist (`sslrootcert`): {}", path.display()));
        }
        _ => return Ok(None),
    };
    let revoked = match &parameters.sslcrl {
        Some(path) => {
            let lists = fs::read(path).map_err(|error| cannot_read("revocation list", path, &error))?;
            CertificateRevocationListDer::pem_slice_iter(&lists)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| cannot_read("revocation list", path, &error))?
        }
        None => Vec::new(),
    };
    Ok(Some(Authorities { certificates, revoked, must_list_revoked: parameters.sslcrl.is_some() }))
}

fn cannot_read(what: &str, path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("cannot read {what} `{}`: {error}", path.display())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let failed = |error: &dyn std::fmt::Display| cannot_read("certificate file", path, error);
    let text = fs::read(path).map_err(|error| failed(&error))?;
    CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>().map_err(|error| failed(&error))
}

type Own = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The certificate by which we prove who we are, and its key; `None` if there is none.
fn own_certificate(parameters: &Parameters) -> Result<Option<Own>, String> {
    let Some(path) = parameters.sslcert.as_ref().filter(|path| path.exists()) else { return Ok(None) };
    let chain = certificates(path)?;
    if chain.is_empty() {
        return Err(format!("no certificate in client certificate file: {}", path.display()));
    }
    let Some(key) = &parameters.sslkey else {
        return Err(format!("certificate present, but no private key file (`sslkey`): {}", path.display()));
    };
    let failed = |error: &dyn std::fmt::Display| cannot_read("private key file", key, error);
    let metadata = fs::metadata(key).map_err(|error| failed(&error))?;
    if !metadata.is_file() {
        return Err(format!("private key file is not a regular file: {}", key.display()));
    }
    // A key of root's may be readable by a group, such as Debian's `ssl-cert`.
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & forbidden != 0 {
        let advice = "permissions should be u=rw (0600) or less, or u=rw,g=r (0640) or less if owned by root";
        return Err(format!("private key file has group or world access, {advice}: {}", key.display()));
    }
    let text = fs::read(key).map_err(|error| failed(&error))?;
    if text.windows(9).any(|part| part == b"ENCRYPTED") {
        return Err(format!("private key file needs a password, which is not supported: {}", key.display()));
    }
    let secret = PrivateKeyDer::from_pem_slice(&text).map_err(|error| failed(&error))?;
    Ok(Some((chain, secret)))
}
