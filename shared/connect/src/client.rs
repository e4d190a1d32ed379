//! One connection to a server.

use std::collections::BTreeMap;
use std::io::Read;

use crate::authentication::authenticate;
use crate::frame::{Frames, Message, number};
use crate::stream::{Encrypt, Stream};
use crate::{Error, Parameters, ServerError, SslMode, session};

/// How much of a COPY is sent at once.
const COPY_CHUNK: usize = 64 * 1024;

/// Version 3.0 of the protocol.
const PROTOCOL: [u8; 4] = [0, 3, 0, 0];

/// One row of an answer: the text of each column, `None` for NULL.
pub type Row = Vec<Option<Vec<u8>>>;

/// Takes the messages of an answer: their letter and body.
type See<'s> = dyn FnMut(u8, &[u8]) -> Result<(), Error> + 's;

/// A connection to a server, by the simple query protocol: statements go as they are, in any encoding.
///
/// ```no_run
/// use connect::{Client, Environment, Parameters};
/// let parameters = Parameters::resolve("dbname=shop", &Environment::of_process())?;
/// let mut client = Client::connect(&parameters)?;
/// let rows = client.query(b"SELECT 1 + 1")?;
/// assert_eq!(rows[0][0].as_deref(), Some(&b"2"[..]));
/// # Ok::<(), connect::Error>(())
/// ```
#[derive(Debug)]
pub struct Client {
    frames: Frames,
    parameters: BTreeMap<String, String>,
    notices: Vec<ServerError>,
}

impl Client {
    /// Connects to the first host that answers.
    ///
    /// The session's `search_path` is empty, and what else a database's owner could set to change what SQL means is as the
    /// server has it by itself, unless the parameters name the setting.
    ///
    /// # Errors
    /// Those of the last host when none can be reached; at once those of one that refuses; [`Error::Pooled`] where the
    /// session does not get the `search_path` asked for.
    pub fn connect(parameters: &Parameters) -> Result<Client, Error> {
        let client = Client::reach(parameters, &session::settings(parameters)).map_err(session::in_words);
        let client = client.map_err(|error| match error {
            Error::Server(error) => Error::Refused { to: parameters.database.clone(), error },
            error => error,
        })?;
        session::checked(parameters, client)
    }

    /// Begins a session with these settings.
    pub(crate) fn reach(parameters: &Parameters, settings: &[(String, String)]) -> Result<Client, Error> {
        let mut last = Error::Parameter("no host to connect to".to_owned());
        for at in 0..parameters.hosts.len() {
            match Client::connect_host(parameters, settings, at) {
                Err(error @ (Error::Connect { .. } | Error::Lost(_))) => last = error,
                result => return result,
            }
        }
        Err(last)
    }

    fn connect_host(
        parameters: &Parameters,
        settings: &[(String, String)],
        at: usize,
    ) -> Result<Client, Error> {
        let (first, second) = match parameters.sslmode {
            SslMode::Disable => (Encrypt::Never, None),
            SslMode::Allow => (Encrypt::Never, Some(Encrypt::Always)),
            SslMode::Prefer => (Encrypt::IfPossible, Some(Encrypt::Never)),
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => (Encrypt::Always, None),
        };
        match (Client::attempt(parameters, settings, at, first), second) {
            // A server's rules may ask for the other kind of connection (28000: no entry in pg_hba.conf).
            (Err((error, encrypted)), Some(second))
                if matches!(error, Error::Tls { .. })
                    || error.server().is_some_and(|error| error.code() == "28000")
                        && encrypted != (second == Encrypt::Always) =>
            {
                Client::attempt(parameters, settings, at, second).map_err(|_| error)
            }
            (result, _) => result.map_err(|(error, _)| error),
        }
    }

    /// Tries once; an error says as well whether the connection was encrypted.
    fn attempt(
        parameters: &Parameters,
        settings: &[(String, String)],
        at: usize,
        encrypt: Encrypt,
    ) -> Result<Client, (Error, bool)> {
        let (host, port) = &parameters.hosts[at];
        let address = parameters.addresses.get(at).map(String::as_str).filter(|address| !address.is_empty());
        let stream = Stream::connect(parameters, host, address, *port, encrypt);
        let stream = stream.map_err(|error| (error, false))?;
        let encrypted = stream.is_encrypted();
        let mut client =
            Client { frames: Frames::new(stream), parameters: BTreeMap::new(), notices: Vec::new() };
        client.begin(parameters, settings).map_err(|error| (error, encrypted))?;
        Ok(client)
    }

    fn begin(&mut self, parameters: &Parameters, settings: &[(String, String)]) -> Result<(), Error> {
        let mut body = PROTOCOL.to_vec();
        let named = [("user", &parameters.user), ("database", &parameters.database)];
        let settings = settings.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in named.into_iter().chain(settings) {
            for text in [name.as_bytes(), value.as_bytes()] {
                if text.contains(&0) {
                    return Err(Error::Parameter(format!("NUL in connection parameter `{name}`")));
                }
                body.extend_from_slice(text);
                body.push(0);
            }
        }
        body.push(0);
        self.frames.put(0, &[&body])?;
        self.frames.flush()?;
        authenticate(&mut self.frames, parameters)?;
        // Who refuses, such as for a database that is not there, says why and goes.
        self.answer(&mut |_, _| Ok(()))
            .unwrap_or_else(|(lost, said)| said.and(Err(self.with_last_words(lost, None))))?;
        self.frames.stream.end_timeout().map_err(Error::Lost)
    }

    /// Returns a parameter that the server reports, such as `server_version`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Returns the server's major version, as in 15 for PostgreSQL 15.17, and 9 for all of 9.x; none where it tells none.
    pub fn server_major(&self) -> Option<u32> {
        self.parameter("server_version")?.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
    }

    /// Runs one statement, and refuses a text that the server takes for several.
    ///
    /// # Errors
    /// As for [`execute`](Self::execute).
    pub fn execute_one(&mut self, sql: &[u8]) -> Result<(), Error> {
        if sql.contains(&0) {
            return Err(Error::Input(std::io::Error::other("NUL in a statement")));
        }
        // Parse, Bind and Execute of the unnamed statement: the extended protocol knows no list of statements.
        self.frames.put(b'P', &[b"\0", sql, b"\0\0\0"])?;
        self.frames.put(b'B', &[b"\0\0\0\0\0\0\0\0"])?;
        self.frames.put(b'E', &[b"\0\0\0\0\0"])?;
        self.frames.put(b'S', &[])?;
        self.flush()?;
        self.until_ready(&mut |_, _| Ok(()))
    }

    /// Takes out the notices and warnings that came since this was last asked.
    pub fn take_notices(&mut self) -> Vec<ServerError> {
        std::mem::take(&mut self.notices)
    }

    /// Runs statements and forgets what they return.
    ///
    /// # Errors
    /// The first error of the server; what the same text did before is undone.
    pub fn execute(&mut self, sql: &[u8]) -> Result<(), Error> {
        self.send_query(sql)?;
        self.until_ready(&mut |_, _| Ok(()))
    }

    /// Runs statements and returns all rows.
    ///
    /// # Errors
    /// As for [`execute`](Self::execute).
    pub fn query(&mut self, sql: &[u8]) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        self.send_query(sql)?;
        self.until_ready(&mut |kind, body| {
            if kind == b'D' {
                rows.push(row(body)?);
            }
            Ok(())
        })?;
        Ok(rows)
    }

    /// Runs a `COPY … FROM STDIN` and feeds it what `data` holds.
    ///
    /// # Errors
    /// [`Error::Input`] if `data` fails; else as for [`execute`](Self::execute).
    pub fn copy_in(&mut self, sql: &[u8], data: &mut dyn Read) -> Result<(), Error> {
        self.send_query(sql)?;
        loop {
            let message = match self.frames.next() {
                Ok(message) => message,
                Err(lost) => return Err(self.with_last_words(lost, None)),
            };
            match message.kind {
                b'G' => break,
                b'Z' => return Err(Error::Protocol("no COPY began".to_owned())),
                _ => {
                    if let Some(error) = self.take(&message) {
                        return match self.answer(&mut |_, _| Ok(())) {
                            Ok(_) => Err(error),
                            Err((lost, _)) => Err(self.with_last_words(lost, error.server())),
                        };
                    }
                }
            }
        }
        let mut chunk = vec![0; COPY_CHUNK];
        let failed = loop {
            match data.read(&mut chunk) {
                Ok(0) => break None,
                Ok(read) => {
                    self.frames.put(b'd', &[&chunk[..read]])?;
                    self.flush()?;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        match failed {
            None => self.frames.put(b'c', &[])?,
            Some(_) => self.frames.put(b'f', &[b"the input could not be read\0"])?,
        }
        self.flush()?;
        let result = self.until_ready(&mut |_, _| Ok(()));
        match failed {
            Some(error) => Err(Error::Input(error)),
            None => result,
        }
    }

    /// Runs a `COPY … TO STDOUT` and hands on each message of its data, a row with its line break.
    ///
    /// # Errors
    /// As for [`execute`](Self::execute); rows may have been handed on before.
    pub fn copy_out(&mut self, sql: &[u8], take: &mut dyn FnMut(&[u8])) -> Result<(), Error> {
        self.send_query(sql)?;
        self.until_ready(&mut |kind, body| {
            if kind == b'd' {
                take(body);
            }
            Ok(())
        })
    }

    fn send_query(&mut self, sql: &[u8]) -> Result<(), Error> {
        if sql.contains(&0) {
            return Err(Error::Input(std::io::Error::other("NUL in a statement")));
        }
        self.frames.put(b'Q', &[sql, b"\0"])?;
        self.flush()
    }

    /// Sends what was put; from a server that does not take it any more, what it said on its way out is read.
    fn flush(&mut self) -> Result<(), Error> {
        let Err(lost) = self.frames.flush() else { return Ok(()) };
        match self.answer(&mut |_, _| Ok(())) {
            Err((_, Err(said))) => Err(self.with_last_words(lost, said.server())),
            _ => Err(self.with_last_words(lost, None)),
        }
    }

    /// Adds to a lost connection what the server said before: its error, or the warning that all connections end.
    fn with_last_words(&self, lost: Error, said: Option<&ServerError>) -> Error {
        let words = said.into_iter().chain(self.notices.last()).find(|said| said.is_farewell());
        lost.after(words)
    }

    /// Reads what the server answers up to the point where it is ready for more, and returns its first error.
    fn until_ready(&mut self, see: &mut See<'_>) -> Result<(), Error> {
        match self.answer(see) {
            Ok(result) => result,
            Err((lost, said)) => {
                let said = said.as_ref().err().and_then(Error::server);
                Err(self.with_last_words(lost, said))
            }
        }
    }

    /// The same; the outer error is that the connection is lost, and what the server had said before.
    fn answer(&mut self, see: &mut See<'_>) -> Result<Result<(), Error>, (Error, Result<(), Error>)> {
        let mut result = Ok(());
        loop {
            let message = match self.frames.next() {
                Ok(message) => message,
                Err(lost) => return Err((lost, result)),
            };
            match message.kind {
                b'Z' => return Ok(result),
                // A COPY FROM STDIN that nobody has data for.
                b'G' => {
                    if let Err(lost) =
                        self.frames.put(b'f', &[b"no data\0"]).and_then(|()| self.frames.flush())
                    {
                        return Err((lost, result));
                    }
                }
                _ => {
                    let error = self.take(&message).map(Err);
                    let seen = error.unwrap_or_else(|| see(message.kind, self.frames.body(&message)));
                    if result.is_ok() {
                        result = seen;
                    }
                }
            }
        }
    }

    /// Keeps what a message tells besides the answer; returns the error if it is one.
    fn take(&mut self, message: &Message) -> Option<Error> {
        const KEPT: usize = 100;
        let body = self.frames.body(message);
        match message.kind {
            b'E' => return Some(Error::of_server(body)),
            b'N' if self.notices.len() < KEPT => self.notices.push(ServerError::read(body)),
            b'S' => {
                let mut texts = body.split(|byte| *byte == 0);
                let mut text = || String::from_utf8_lossy(texts.next().unwrap_or_default()).into_owned();
                let name = text();
                self.parameters.insert(name, text());
            }
            _ => {}
        }
        None
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // The server notices a closed socket as well; the word only keeps its log clean.
        let _ = self.frames.put(b'X', &[]).and_then(|()| self.frames.flush());
    }
}

fn row(body: &[u8]) -> Result<Row, Error> {
    let short = || Error::Protocol("a row that ends early".to_owned());
    let (count, mut rest) = body.split_at_checked(2).ok_or_else(short)?;
    let count = usize::from(u16::from_be_bytes([count[0], count[1]]));
    let mut row = Vec::with_capacity(count);
    for _ in 0..count {
        let (len, behind) = rest.split_at_checked(4).ok_or_else(short)?;
        rest = behind;
        row.push(match usize::try_from(number(len)) {
            Ok(len) => {
                let (value, behind) = rest.split_at_checked(len).ok_or_else(short)?;
                rest = behind;
                Some(value.to_vec())
            }
            // -1 stands for NULL.
            Err(_) => None,
        });
    }
    Ok(row)
}
