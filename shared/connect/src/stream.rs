//! The socket: Unix or TCP, encrypted or not.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::tls::{self, TlsStream};
use crate::{Error, Parameters, certificate};

/// The bytes by which a client asks for encryption: length 8 and code 80877103 ("SSLRequest").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A connection below the protocol.
#[derive(Debug)]
pub(crate) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<TlsStream>),
}

impl Stream {
    /// Connects to one host, at the address if one is given; whether to encrypt is one of the two things that `sslmode` may leave open.
    pub(crate) fn connect(
        parameters: &Parameters,
        host: &str,
        address: Option<&str>,
        port: u16,
        encrypt: Encrypt,
    ) -> Result<Stream, Error> {
        let limit = parameters.connect_timeout;
        if address.is_none() && host.starts_with('/') {
            let path = Path::new(host).join(format!(".s.PGSQL.{port}"));
            let failed = |source| Error::Connect { to: path.display().to_string(), source };
            let stream = UnixStream::connect(&path).map_err(failed)?;
            stream.set_read_timeout(limit).map_err(failed)?;
            // Nobody listens on the way.
            return Ok(Stream::Unix(stream));
        }
        let to = format!("{host}:{port}");
        let failed = |source| Error::Connect { to: to.clone(), source };
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        let reached = address.unwrap_or(host);
        for address in (reached, port).to_socket_addrs().map_err(failed)? {
            let tried = match limit {
                Some(limit) => TcpStream::connect_timeout(&address, limit),
                None => TcpStream::connect(address),
            };
            match tried {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(failed)?;
                    stream.set_read_timeout(limit).map_err(failed)?;
                    return encrypted(stream, parameters, host, &to, encrypt);
                }
                Err(error) => last = error,
            }
        }
        Err(failed(last))
    }

    /// Ends the limit that `connect_timeout` sets to each answer of the server.
    pub(crate) fn end_timeout(&self) -> io::Result<()> {
        match self {
            Stream::Unix(stream) => stream.set_read_timeout(None),
            Stream::Tcp(stream) => stream.set_read_timeout(None),
            Stream::Tls(stream) => stream.sock.set_read_timeout(None),
        }
    }

    /// Returns what ties a proof of identity to this very connection, where it is encrypted.
    pub(crate) fn server_end_point(&self) -> Option<Vec<u8>> {
        match self {
            Stream::Tls(stream) => certificate::end_point(stream.conn.peer_certificates()?.first()?),
            _ => None,
        }
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }
}

/// What is wanted of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encrypt {
    Never,
    IfPossible,
    Always,
}

fn encrypted(
    mut stream: TcpStream,
    parameters: &Parameters,
    host: &str,
    to: &str,
    encrypt: Encrypt,
) -> Result<Stream, Error> {
    if encrypt == Encrypt::Never {
        return Ok(Stream::Tcp(stream));
    }
    let failed = |source| Error::Connect { to: to.to_owned(), source };
    let refused = |why: String| Error::Tls { to: to.to_owned(), why };
    let mut answer = [0];
    stream.write_all(&SSL_REQUEST).map_err(failed)?;
    // One byte and no more: what follows it unencrypted could be anybody's (CVE-2021-23222).
    stream.read_exact(&mut answer).map_err(failed)?;
    match (answer[0], encrypt) {
        (b'S', _) => {}
        (b'N', Encrypt::IfPossible) => return Ok(Stream::Tcp(stream)),
        (b'N', _) => return Err(refused("the server does not support it".to_owned())),
        _ => return Err(refused("the server's answer is none of the protocol".to_owned())),
    }
    let stream = tls::encrypt(parameters, host, stream).map_err(refused)?;
    Ok(Stream::Tls(Box::new(stream)))
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => stream.read(buffer),
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => stream.write(buffer),
            Stream::Tcp(stream) => stream.write(buffer),
            Stream::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Unix(stream) => stream.flush(),
            Stream::Tcp(stream) => stream.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}
