//! What a server's certificate must be: from an authority that we trust, and for the host.
//!
//! Chains are validated by webpki. What it refuses and OpenSSL, by which libpq does this, takes, is looked at here:
//! certificates of version 1, which `openssl x509 -req` makes as PostgreSQL's manual uses it; a certificate that is its
//! own authority; names in the subject instead of in an extension.

use std::net::IpAddr;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, ServerName, SubjectPublicKeyInfoDer, TrustAnchor, UnixTime,
};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList,
    RawPublicKeyEntity, RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
    anchor_from_trusted_cert,
};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Version};

/// Who may vouch for a server.
#[derive(Debug)]
pub(crate) struct Authorities {
    /// Their certificates, and those between them and servers.
    pub certificates: Vec<CertificateDer<'static>>,
    /// Lists of certificates that count no more.
    pub revoked: Vec<CertificateRevocationListDer<'static>>,
    /// Whether every certificate of a chain needs a list that tells of it.
    pub must_list_revoked: bool,
}

/// Judges the certificate of a server.
#[derive(Debug)]
pub(crate) struct Verifier {
    /// Who may vouch for it; `None` takes every certificate, as sslmode `require` does.
    pub authorities: Option<Authorities>,
    /// The host that it must be for; `None` takes those of other hosts, as sslmode `verify-ca` does.
    pub host: Option<String>,
    /// The signatures that are understood.
    pub algorithms: WebPkiSupportedAlgorithms,
}

fn refused(why: impl std::fmt::Display) -> Error {
    Error::General(format!("the server's certificate is refused: {why}"))
}

fn parsed<'c>(certificate: &'c CertificateDer<'_>) -> Result<X509Certificate<'c>, Error> {
    match X509Certificate::from_der(certificate) {
        Ok(([], parsed)) => Ok(parsed),
        Ok(_) => Err(refused("bytes behind its end")),
        Err(error) => Err(refused(format!("it cannot be read: {error}"))),
    }
}

/// The key of a certificate, of any version: webpki takes no certificate of version 1 apart.
fn public_key(certificate: &CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'static>, Error> {
    Ok(SubjectPublicKeyInfoDer::from(parsed(certificate)?.public_key().raw.to_vec()))
}

fn is_in_time(certificate: &X509Certificate<'_>, now: UnixTime) -> bool {
    let now = i64::try_from(now.as_secs()).ok().and_then(|now| ASN1Time::from_timestamp(now).ok());
    now.is_some_and(|now| certificate.validity().is_valid_at(now))
}

fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

impl Verifier {
    fn verify_chain(
        &self,
        authorities: &Authorities,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let server = parsed(certificate)?;
        // OpenSSL trusts what vouches for itself only; the others of the file stand between.
        let (mut roots, mut between) = (Vec::new(), between.to_vec());
        for authority in &authorities.certificates {
            match parsed(authority) {
                Ok(root) if is_self_issued(&root) => roots.push((authority, root)),
                Ok(_) => between.push(authority.clone()),
                // A system's list may hold what is not understood here; nobody is trusted by that.
                Err(_) => {}
            }
        }
        roots.retain(|(_, root)| is_in_time(root, now));
        let own_authority = roots.iter().any(|(root, _)| *root == certificate);
        if own_authority || server.version() == X509Version::V1 {
            if !is_in_time(&server, now) {
                return Err(refused("it has expired or is not valid yet"));
            }
            if authorities.must_list_revoked {
                return Err(refused(
                    "a certificate without an authority or of version 1 has no revocation list",
                ));
            }
            return match own_authority || roots.iter().any(|(_, root)| self.has_signed(root, &server)) {
                true => Ok(()),
                false => Err(refused("it comes from no authority that is trusted (`sslrootcert`)")),
            };
        }
        let anchors: Vec<TrustAnchor<'_>> =
            roots.iter().filter_map(|(root, _)| anchor_from_trusted_cert(root).ok()).collect();
        let revoked = authorities.revoked.iter().map(|list| {
            OwnedCertRevocationList::from_der(list)
                .map(CertRevocationList::from)
                .map_err(|error| refused(format!("a revocation list cannot be read: {error}")))
        });
        let revoked = revoked.collect::<Result<Vec<_>, _>>()?;
        let revoked: Vec<&CertRevocationList<'_>> = revoked.iter().collect();
        let revocation = match RevocationOptionsBuilder::new(&revoked) {
            Ok(builder) => Some(
                builder
                    .with_depth(RevocationCheckDepth::Chain)
                    .with_status_policy(UnknownStatusPolicy::Deny)
                    .with_expiration_policy(ExpirationPolicy::Enforce)
                    .build(),
            ),
            Err(_) if authorities.must_list_revoked => {
                return Err(refused("no revocation list is in the file that `sslcrl` names"));
            }
            Err(_) => None,
        };
        EndEntityCert::try_from(certificate)
            .and_then(|end| {
                let usage = KeyUsage::server_auth();
                let algorithms = self.algorithms.all;
                end.verify_for_usage(algorithms, &anchors, &between, now, usage, revocation, None).map(drop)
            })
            .map_err(|error| match error {
                webpki::Error::UnknownIssuer => {
                    refused("it comes from no authority that is trusted (`sslrootcert`)")
                }
                webpki::Error::CertExpired { .. } => refused("it has expired"),
                webpki::Error::CertNotValidYet { .. } => refused("it is not valid yet"),
                webpki::Error::CertRevoked => refused("it is revoked"),
                error => refused(error),
            })
    }

    /// Says whether an authority signed a certificate of version 1 itself.
    fn has_signed(&self, root: &X509Certificate<'_>, certificate: &X509Certificate<'_>) -> bool {
        // What an authority of version 1 may do, nothing in it says. Limits on names are not understood here.
        let may_sign = root.version() == X509Version::V1
            || root.is_ca()
                && root.key_usage().is_ok_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()))
                && !root.extensions().iter().any(|extension| {
                    matches!(extension.parsed_extension(), ParsedExtension::NameConstraints(_))
                });
        let key = SubjectPublicKeyInfoDer::from(root.public_key().raw);
        let Ok(key) = RawPublicKeyEntity::try_from(&key) else { return false };
        let (signed, signature) =
            (certificate.tbs_certificate.as_ref(), certificate.signature_value.data.as_ref());
        may_sign
            && root.subject().as_raw() == certificate.issuer().as_raw()
            && self.algorithms.all.iter().any(|by| key.verify_signature(*by, signed, signature).is_ok())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(authorities) = &self.authorities {
            self.verify_chain(authorities, end_entity, intermediates, now)?;
        }
        if let Some(host) = &self.host
            && !is_for(&parsed(end_entity)?, host)?
        {
            return Err(refused(format!("it is for another host than: {host}")));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = public_key(certificate)?;
        let key = RawPublicKeyEntity::try_from(&key).map_err(refused)?;
        let of_scheme = self.algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme);
        // One scheme of TLS 1.2 stands for several kinds of keys; only the certificate's own fits.
        let mut algorithms = of_scheme.flat_map(|(_, algorithms)| algorithms.iter());
        match algorithms.any(|by| key.verify_signature(*by, message, signed.signature()).is_ok()) {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(refused("the server does not hold its key")),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = public_key(certificate)?;
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Says whether a certificate is for a host, as `pgtls_verify_peer_name_matches_certificate_guts` does: by the names
/// of its extension, and by that of its subject where the extension has none of the host's kind.
fn is_for(certificate: &X509Certificate<'_>, host: &str) -> Result<bool, Error> {
    let address: Option<IpAddr> = host.parse().ok();
    let mut by_subject = true;
    let names = certificate.subject_alternative_name().map_err(refused)?;
    for name in names.iter().flat_map(|names| &names.value.general_names) {
        match name {
            GeneralName::DNSName(name) => {
                by_subject &= address.is_some();
                if is_name_of(name, host) {
                    return Ok(true);
                }
            }
            GeneralName::IPAddress(bytes) => {
                by_subject &= address.is_none();
                let same = match address {
                    Some(IpAddr::V4(address)) => address.octets() == *bytes,
                    Some(IpAddr::V6(address)) => address.octets() == *bytes,
                    None => false,
                };
                if same {
                    return Ok(true);
                }
            }
            _ => {}
        }
    }
    let mut subject = certificate.subject().iter_common_name();
    let name = subject.next().and_then(|name| name.as_str().ok());
    Ok(by_subject && name.is_some_and(|name| is_name_of(name, host)))
}

/// Compares a name that may begin with `*.`, which stands for one label.
fn is_name_of(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    // A NUL would end the name for some readers and not for others.
    if name.is_empty() || name.contains('\0') {
        return false;
    }
    match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(behind), Some((label, rest))) => !label.is_empty() && behind == rest,
        _ => name == host,
    }
}

/// Returns the hash of a server's certificate that `tls-server-end-point` stands for (RFC 5929, section 4.1); `None` if
/// its kind of signature has no hash that the RFC settles.
pub(crate) fn end_point(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let parsed = parsed(certificate).ok()?;
    let bytes = certificate.as_ref();
    Some(match parsed.signature_algorithm.algorithm.to_id_string().as_str() {
        // MD5 and SHA-1 give way to SHA-256; then RSA and ECDSA with SHA-256.
        "1.2.840.113549.1.1.4" | "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" => {
            Sha256::digest(bytes).to_vec()
        }
        "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" => Sha256::digest(bytes).to_vec(),
        "1.2.840.113549.1.1.14" | "1.2.840.10045.4.3.1" => Sha224::digest(bytes).to_vec(),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Sha384::digest(bytes).to_vec(),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Sha512::digest(bytes).to_vec(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        for (name, host, same) in [
            ("db.example", "DB.example", true),
            ("*.example", "db.example", true),
            ("*.example", "a.db.example", false),
            ("*.example", ".example", false),
            ("*.example", "example", false),
            ("*", "example", false),
            ("db.example\0.evil", "db.example", false),
        ] {
            assert_eq!(is_name_of(name, host), same, "{name:?} {host}");
        }
    }
}
