//! Service files (`parseServiceInfo` in libpq's fe-connect.c).

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::{Environment, Error};

/// The settings of a service: the user's file first, then the system's.
pub(crate) fn settings(name: &str, environment: &Environment) -> Result<Vec<(String, String)>, Error> {
    let mut files: Vec<(PathBuf, bool)> = Vec::new();
    match (environment.get("PGSERVICEFILE"), &environment.home) {
        (Some(file), _) => files.push((file.into(), true)),
        (None, Some(home)) => files.push((home.join(".pg_service.conf"), false)),
        (None, None) => {}
    }
    let system = environment.get("PGSYSCONFDIR").unwrap_or("/etc/postgresql-common");
    files.push((Path::new(system).join("pg_service.conf"), false));
    for (path, must_exist) in files {
        let text = match fs::read(&path) {
            Ok(text) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => continue,
            Err(source) => {
                return Err(Error::File { what: "service file", path: path.display().to_string(), source });
            }
        };
        if let Some(found) = section(&text, name, &path)? {
            return Ok(found);
        }
    }
    Err(Error::Parameter(format!("definition of service not found: `{name}`")))
}

fn section(text: &str, name: &str, path: &Path) -> Result<Option<Vec<(String, String)>>, Error> {
    let mut found: Option<Vec<(String, String)>> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            if found.is_some() {
                break;
            }
            if header == name {
                found = Some(Vec::new());
            }
        } else if let Some(settings) = &mut found {
            // The line may hold a password: only its number is told.
            let Some((key, value)) = line.split_once('=') else {
                let at = format!("{}, line {}", path.display(), number + 1);
                return Err(Error::Parameter(format!("syntax error in service file: {at}")));
            };
            settings.push((key.to_owned(), value.to_owned()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let text = "# c\n[a]\nhost=x\nport=1\n[b]\nhost=y\n[a]\nhost=z\n";
        let of = |name| section(text, name, Path::new("f")).unwrap();
        assert_eq!(of("a").unwrap(), [("host".into(), "x".into()), ("port".into(), "1".into())]);
        assert_eq!(of("b").unwrap(), [("host".into(), "y".into())]);
        assert_eq!(of("c"), None);
        let error = section("[a]\nhush", "a", Path::new("f")).unwrap_err().to_string();
        assert_eq!(error, "syntax error in service file: f, line 2");
    }
}
