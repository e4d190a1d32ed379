//! Connection strings: `keyword = value` pairs and `postgresql://` URLs (`conninfo_parse`, `conninfo_uri_parse` in
//! libpq's fe-connect.c).

use crate::Error;

/// libpq's schemes (`uri_designator` in fe-connect.c).
const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];

/// Says whether it is the URL of a database.
pub(crate) fn is_url(text: &str) -> bool {
    SCHEMES.iter().any(|scheme| text.starts_with(scheme))
}

/// The settings of a connection string, in its order.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, String)>, Error> {
    match SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)) {
        Some(rest) => url(rest),
        None => keywords(text),
    }
}

/// Says whether the name of a database is in truth a connection string, as libpq does.
pub(crate) fn is_connection_string(text: &str) -> bool {
    is_url(text) || text.contains('=')
}

fn invalid(what: impl Into<String>) -> Error {
    Error::Parameter(what.into())
}

fn keywords(text: &str) -> Result<Vec<(String, String)>, Error> {
    let mut settings = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        // The string may hold a password, so messages name the keyword only.
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (key, behind) = rest.split_at(end);
        let behind = behind.trim_start();
        let Some(value) = behind.strip_prefix('=') else {
            let advice = "quote values with blanks in them: `'`";
            return Err(invalid(format!("connection string has a word without `=`, {advice}")));
        };
        let (value, behind) = keyword_value(value.trim_start(), key)?;
        settings.push((key.to_owned(), value));
        rest = behind.trim_start();
    }
    Ok(settings)
}

fn keyword_value<'t>(text: &'t str, key: &str) -> Result<(String, &'t str), Error> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, character)| character)),
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            character if !quoted && character.is_whitespace() => return Ok((value, &text[at..])),
            character => value.push(character),
        }
    }
    if quoted {
        return Err(invalid(format!("unterminated quoted value of connection parameter `{key}`")));
    }
    Ok((value, ""))
}

fn url(rest: &str) -> Result<Vec<(String, String)>, Error> {
    let (front, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = front.split_once('/').unwrap_or((front, ""));
    let mut settings = Vec::new();
    let hosts = match authority.split_once('@') {
        Some((user, hosts)) => {
            let (user, password) = user.split_once(':').map_or((user, None), |(u, p)| (u, Some(p)));
            if password.is_some_and(|password| password.contains(':')) {
                return Err(unclear());
            }
            if !user.is_empty() {
                settings.push(("user".to_owned(), decoded(user)?));
            }
            if let Some(password) = password {
                settings.push(("password".to_owned(), decoded(password)?));
            }
            hosts
        }
        None => authority,
    };
    // A password with a character that ends it would pass, and show, its rest as a host, a port or a database.
    if hosts.contains('@') || database.contains('@') || !hosts.split(',').all(is_host) {
        return Err(unclear());
    }
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',') {
        let (name, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            Some((name, port)) => (name, port.strip_prefix(':').unwrap_or_default()),
            None => host.split_once(':').unwrap_or((host, "")),
        };
        names.push(decoded(name)?);
        ports.push(decoded(port)?);
    }
    for (key, values) in [("host", names), ("port", ports)] {
        if values.iter().any(|value| !value.is_empty()) {
            settings.push((key.to_owned(), values.join(",")));
        }
    }
    if !database.is_empty() {
        settings.push(("dbname".to_owned(), decoded(database)?));
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(invalid("missing `=` in the query of the connection URL"));
        };
        let (key, value) = (decoded(key)?, decoded(value)?);
        // JDBC's spelling, which libpq takes as well.
        let (key, value) = match (key.as_str(), value.as_str()) {
            ("ssl", "true") => ("sslmode".to_owned(), "require".to_owned()),
            _ => (key, value),
        };
        settings.push((key, value));
    }
    Ok(settings)
}

fn unclear() -> Error {
    let advice = "in a user or password write `/`, `@`, `:` and `?` as: %2F, %40, %3A, %3F";
    invalid(format!("connection URL is not clear, {advice}"))
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

fn decoded(text: &str) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        match digit().zip(digit()).map(|(high, low)| high * 16 + low).filter(|byte| *byte > 0) {
            Some(byte) => bytes.push(byte as u8),
            None => return Err(invalid("invalid percent-encoded token in the connection URL")),
        }
    }
    String::from_utf8(bytes).map_err(|_| invalid("the connection URL is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<String> {
        parse(text).unwrap().into_iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    #[test]
    fn keywords_are_quoted_and_escaped() {
        assert_eq!(parsed("host = a  port=1"), ["host=a", "port=1"]);
        assert_eq!(parsed(r"user='a b' password='it\'s\\'"), ["user=a b", r"password=it's\"]);
        assert_eq!(parsed("user='' dbname=x"), ["user=", "dbname=x"]);
        assert!(parse("host").is_err());
        let error = parse("password='secret").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn urls_are_taken_apart() {
        assert_eq!(
            parsed("postgresql://al%40ice:p%3Aw@[::1]:5433/shop?sslmode=require&application_name=x"),
            [
                "user=al@ice",
                "password=p:w",
                "host=::1",
                "port=5433",
                "dbname=shop",
                "sslmode=require",
                "application_name=x"
            ]
        );
        assert_eq!(parsed("postgres://h1:1,h2:2/db"), ["host=h1,h2", "port=1,2", "dbname=db"]);
        assert_eq!(parsed("postgres://%2Fvar%2Frun/db"), ["host=/var/run", "dbname=db"]);
        assert_eq!(parsed("postgres:///db?host=/tmp"), ["dbname=db", "host=/tmp"]);
        assert_eq!(parsed("postgres://"), Vec::<String>::new());
        assert!(parse("postgres://a%zz").is_err());
    }
}
