//! A connection string for another program: without its password, which that gets by its environment.

use crate::parameters::{is_keyword, quoted};
use crate::{Error, Secret, text};

/// Secrets for which libpq has no environment variable.
const UNSPEAKABLE: [&str; 4] = ["oauth_client_secret", "scram_client_key", "scram_server_key", "sslpassword"];

/// A connection string taken apart: what everybody may see, and the password.
///
/// ```
/// let written = connect::Written::parse("postgres://alice:hush@db.example/shop").unwrap()?;
/// assert_eq!(written.shown(), "user=alice host=db.example dbname=shop");
/// assert_eq!(written.password().unwrap().reveal(), "hush");
/// # Ok::<(), connect::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    shown: String,
    password: Option<Secret>,
}

impl Written {
    /// Takes a URL or a keyword string apart; `None` if the text is neither, such as the name of a file.
    pub fn parse(text: &str) -> Option<Result<Written, Error>> {
        if !text::is_url(text) && !is_keyword(text.split_once('=')?.0.trim()) {
            return None;
        }
        Some(Written::of(text))
    }

    fn of(text: &str) -> Result<Written, Error> {
        let (mut shown, mut password) = (Vec::new(), None);
        for (key, value) in text::parse(text)? {
            if UNSPEAKABLE.contains(&key.as_str()) {
                let why =
                    "everybody could see this on the command line of a program, put it into a service file";
                return Err(Error::Parameter(format!("{why}: `{key}`")));
            }
            match key.as_str() {
                "password" => password = Some(value),
                _ => shown.push(format!("{key}={}", quoted(&value))),
            }
        }
        let password = password.filter(|password| !password.is_empty()).map(Secret::from);
        Ok(Written { shown: shown.join(" "), password })
    }

    /// Returns it as keywords, without the password.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Returns the password in it.
    pub fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (String, Option<String>) {
        let written = Written::parse(text).unwrap().unwrap();
        (written.shown, written.password.map(|password| password.reveal().to_owned()))
    }

    #[test]
    fn a_password_is_taken_out_of_a_url() {
        let cases = [
            (
                "postgres://u:p%40ss@h:5433/db?sslmode=require",
                "user=u host=h port=5433 dbname=db sslmode=require",
                "p@ss",
            ),
            ("postgresql://u:@[::1]:5432/db", "user=u host=::1 port=5432 dbname=db", ""),
            ("postgresql:///db?host=/run/pg&password=x%26y&user=u", "dbname=db host=/run/pg user=u", "x&y"),
            ("postgres://u@h1,h2:1/db", "user=u host=h1,h2 port=,1 dbname=db", ""),
            ("postgres://%2Frun%2Fpg/db", "host=/run/pg dbname=db", ""),
            ("postgres://u:p@h/db?passw%6Frd=q", "user=u host=h dbname=db", "q"),
            ("postgres://u@h/my%20db%0A", "user=u host=h dbname='my db\n'", ""),
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
            let error = Written::parse(text).unwrap().unwrap_err().to_string();
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
            assert!(Written::parse(file).is_none(), "{file}");
        }
    }
}
