//! How a database is named: libpq's URLs and keyword strings, and the password in them.
//!
//! libpq reads them itself; here only as much is read as it takes to get the password out, since a command line can be
//! seen by everybody on the machine. What cannot be told from a password for sure is refused.

use anyhow::{Result, anyhow, bail};

/// A database, named as libpq names it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Connection {
    shown: String,
    password: Option<String>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("shown", &self.shown).finish_non_exhaustive()
    }
}

/// libpq's schemes (`uri_designator` in fe-connect.c).
const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];

/// The keywords that tell a keyword string from a file's name.
const KEYWORDS: [&str; 19] = [
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "gssencmode",
    "host",
    "hostaddr",
    "options",
    "passfile",
    "password",
    "port",
    "require_auth",
    "service",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// Secrets for which libpq has no environment variable.
const UNSPEAKABLE: [&str; 4] = ["oauth_client_secret", "scram_client_key", "scram_server_key", "sslpassword"];

impl Connection {
    /// Takes a connection string apart; none if the text is not one.
    pub fn parse(text: &str) -> Option<Result<Connection>> {
        if let Some(scheme) = SCHEMES.iter().find(|scheme| text.starts_with(**scheme)) {
            return Some(url(scheme, &text[scheme.len()..]));
        }
        let (keyword, _) = text.split_once('=')?;
        KEYWORDS.contains(&keyword.trim()).then(|| keywords(text))
    }

    /// The connection string without the password.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The password in it.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }
}

/// `[user[:password]@][host[:port],…][/database][?keyword=value&…]`.
fn url(scheme: &str, rest: &str) -> Result<Connection> {
    let unclear = || {
        anyhow!(
            "connection URL is not clear, in a user or password write `/`, `@`, `:` and `?` as: %2F, %40, %3A, %3F"
        )
    };
    let (address, query) =
        rest.split_once('?').map_or((rest, None), |(address, query)| (address, Some(query)));
    let authority = address.split('/').next().unwrap_or_default();
    let path = &address[authority.len()..];
    let (user, hosts) = match authority.split_once('@') {
        Some((user, hosts)) => (Some(user), hosts),
        None => (None, authority),
    };
    // A password with a character that ends it would show the rest as a host, a port or a database.
    let outside = |text: &str| text.contains('@');
    if outside(hosts) || outside(path) || !hosts.split(',').all(is_host) {
        return Err(unclear());
    }
    let mut password = None;
    let mut shown = scheme.to_owned();
    if let Some(user) = user {
        let (name, secret) = user.split_once(':').map_or((user, None), |(name, secret)| (name, Some(secret)));
        if secret.is_some_and(|secret| secret.contains(':')) {
            return Err(unclear());
        }
        password = secret.map(decoded).transpose()?;
        shown.push_str(name);
        shown.push('@');
    }
    shown.push_str(hosts);
    shown.push_str(path);
    let mut separator = '?';
    for parameter in query.into_iter().flat_map(|query| query.split('&')) {
        let (keyword, value) = parameter.split_once('=').ok_or_else(unclear)?;
        let keyword = decoded(keyword)?;
        refuse_unspeakable(&keyword)?;
        if keyword == "password" {
            password = Some(decoded(value)?);
        } else {
            shown.push(separator);
            shown.push_str(parameter);
            separator = '&';
        }
    }
    Ok(Connection { shown, password: password.filter(|password| !password.is_empty()) })
}

/// `host`, `host:port`, `[address]:port`; the host may be a percent-encoded folder, or missing.
fn is_host(text: &str) -> bool {
    let port = match text.strip_prefix('[') {
        Some(address) => match address.split_once(']') {
            Some((_, "")) => return true,
            Some((_, port)) => port.strip_prefix(':'),
            None => None,
        },
        None => Some(text.split_once(':').map_or("", |(_, port)| port)),
    };
    port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn refuse_unspeakable(keyword: &str) -> Result<()> {
    if UNSPEAKABLE.contains(&keyword) {
        bail!(
            "everybody could see this on the command line of `pg_dump`, put it into a service file: `{keyword}`"
        );
    }
    Ok(())
}

fn decoded(text: &str) -> Result<String> {
    let broken = || anyhow!("connection URL has a `%` without two hexadecimal digits");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16)).ok_or_else(broken);
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value)?);
    }
    String::from_utf8(bytes).map_err(|_| anyhow!("connection URL is not UTF-8"))
}

/// `keyword = value …`, values with blanks in quotes, `\` in front of a quote or `\` (`conninfo_parse` in fe-connect.c).
fn keywords(text: &str) -> Result<Connection> {
    let mut shown = Vec::new();
    let mut password = None;
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        // Nothing of it is quoted: any of it may be a password.
        let missing =
            || anyhow!("connection string has a word without `=`, quote values with blanks in them: `'`");
        let (keyword, after) = rest.split_once('=').ok_or_else(missing)?;
        let keyword = keyword.trim_end();
        if keyword.is_empty() || keyword.contains(char::is_whitespace) {
            return Err(missing());
        }
        let after = after.trim_start();
        let (value, end) = value(after)?;
        refuse_unspeakable(keyword)?;
        if keyword == "password" {
            password = Some(value);
        } else {
            shown.push(format!("{keyword}={}", &after[..end]));
        }
        rest = after[end..].trim_start();
    }
    Ok(Connection { shown: shown.join(" "), password: password.filter(|password| !password.is_empty()) })
}

/// Returns a value and where it ends.
fn value(text: &str) -> Result<(String, usize)> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' if quoted => return Ok((value, at + 1)),
            '\\' => value.extend(characters.next().map(|(_, character)| character)),
            _ if !quoted && character.is_whitespace() => return Ok((value, at)),
            _ => value.push(character),
        }
    }
    if quoted {
        bail!("connection string has a quoted value without an end");
    }
    Ok((value, text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (String, Option<String>) {
        let connection = Connection::parse(text).unwrap().unwrap();
        (connection.shown, connection.password)
    }

    #[test]
    fn a_password_is_taken_out_of_a_url() {
        let cases = [
            (
                "postgres://u:p%40ss@h:5433/db?sslmode=require",
                "postgres://u@h:5433/db?sslmode=require",
                "p@ss",
            ),
            ("postgresql://u:@[::1]:5432/db", "postgresql://u@[::1]:5432/db", ""),
            (
                "postgresql:///db?host=/run/pg&password=x%26y&user=u",
                "postgresql:///db?host=/run/pg&user=u",
                "x&y",
            ),
            ("postgres://u@h1,h2:1/db", "postgres://u@h1,h2:1/db", ""),
            ("postgres://%2Frun%2Fpg/db", "postgres://%2Frun%2Fpg/db", ""),
            ("postgres://u:p@h/db?passw%6Frd=q", "postgres://u@h/db", "q"),
        ];
        for (text, shown, password) in cases {
            let password = (!password.is_empty()).then(|| password.to_owned());
            assert_eq!(parsed(text), (shown.to_owned(), password), "{text}");
        }
    }

    /// Guards against showing what stands behind the `/` or `@` of a password as a host or a database.
    #[test]
    fn a_url_that_might_show_a_password_is_refused() {
        for text in [
            "postgres://u:hun/ter@h/db",
            "postgres://u:hun@ter@h/db",
            "postgres://u:hun:ter@h/db",
            "postgres://u:hun?ter@h/db",
            "postgres://u:123?hunter@h/db",
            "postgres://h/db?sslpassword=hunter",
            "postgres://u:hun%zzter@h/db",
            "host=h sslpassword=hunter",
            "host=h password=hun ter",
            "password='hunter",
        ] {
            let error = Connection::parse(text).unwrap().unwrap_err().to_string();
            assert!(!error.contains("hun") && !error.contains("ter@"), "{error}");
        }
    }

    #[test]
    fn a_password_is_taken_out_of_a_keyword_string() {
        let quoted = parsed(r"host = h password='it\'s a \\' dbname='my db'");
        assert_eq!(quoted, ("host=h dbname='my db'".to_owned(), Some(r"it's a \".to_owned())));
        assert_eq!(parsed("service=shop"), ("service=shop".to_owned(), None));
        assert_eq!(parsed("password=x"), (String::new(), Some("x".to_owned())));
        for file in ["a=b.sql", "dump.sql", "HEAD:host=x", "my service=x"] {
            assert!(Connection::parse(file).is_none(), "{file}");
        }
    }
}
