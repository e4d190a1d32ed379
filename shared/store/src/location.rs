//! Where something is in a store.

use std::fmt;
use std::path::Path;

use crate::Error;

/// Which kind of store it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Amazon S3, and what speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob Storage.
    Azure,
}

const SCHEMES: [(&str, Kind); 3] = [("s3://", Kind::S3), ("gs://", Kind::Google), ("az://", Kind::Azure)];

/// Where something is in a store: an object, or what stands before the names of several.
///
/// Names are taken as they are; `%` means nothing in them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub(crate) kind: Kind,
    pub(crate) bucket: String,
    /// Without a slash at either end.
    pub(crate) key: String,
}

impl Location {
    /// Says whether a text is written as a location is, rather than as a path.
    pub fn is_written(text: &Path) -> bool {
        text.to_str().is_some_and(|text| SCHEMES.iter().any(|(scheme, _)| text.starts_with(scheme)))
    }

    /// Reads a location.
    ///
    /// # Errors
    /// [`Error::Location`] if it is written in another way, has no bucket, or has an empty name, `.` or `..` in it.
    pub fn parse(text: &str) -> Result<Location, Error> {
        let wrong = || Error::Location(text.to_owned());
        let found = SCHEMES.iter().find_map(|(scheme, kind)| Some((text.strip_prefix(scheme)?, *kind)));
        let (rest, kind) = found.ok_or_else(wrong)?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let key = key.strip_suffix('/').unwrap_or(key);
        let is_plain = |name: &str| !matches!(name, "" | "." | "..");
        if bucket.is_empty()
            || bucket.contains(['@', '?', '#'])
            || !(key.is_empty() || key.split('/').all(is_plain))
        {
            return Err(wrong());
        }
        Ok(Location { kind, bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// Reads a location that stands where a path may stand; none if it is a path.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn of_path(path: &Path) -> Option<Result<Location, Error>> {
        path.to_str().filter(|_| Location::is_written(path)).map(Location::parse)
    }

    /// Returns the location of a name below this one.
    pub fn join(&self, name: &str) -> Location {
        let key = if self.key.is_empty() { name.to_owned() } else { format!("{}/{name}", self.key) };
        Location { key, ..self.clone() }
    }

    /// Returns the location beside this one that is called by its name with an ending behind it.
    pub fn with_ending(&self, ending: &str) -> Location {
        Location { key: format!("{}{ending}", self.key), ..self.clone() }
    }

    /// Returns the last part of its name; the bucket's if there is no other.
    pub fn name(&self) -> &str {
        match self.key.rsplit('/').next() {
            None | Some("") => &self.bucket,
            Some(name) => name,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = SCHEMES.iter().find(|(_, kind)| *kind == self.kind).map_or("", |(scheme, _)| scheme);
        write!(f, "{scheme}{}", self.bucket)?;
        if self.key.is_empty() { Ok(()) } else { write!(f, "/{}", self.key) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_as_they_are_written() {
        for text in ["s3://b", "s3://b/k", "gs://b/a/b%20c.dump", "az://c/+globals-20250101T000000Z.sql"] {
            assert_eq!(Location::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Location::parse("s3://b/k/").unwrap().to_string(), "s3://b/k");
        assert_eq!(Location::parse("s3://b/").unwrap().join("x").to_string(), "s3://b/x");
        assert_eq!(Location::parse("s3://b").unwrap().name(), "b");
        for text in
            ["", "b/k", "s3:/b", "s3://", "s3:///k", "s3://b//k", "s3://b/../k", "s3://b/./k", "s3://u:p@b/k"]
        {
            assert!(matches!(Location::parse(text), Err(Error::Location(_))), "{text}");
        }
    }

    #[test]
    fn a_path_is_no_location() {
        assert!(Location::of_path(Path::new("./s3://b/k")).is_none());
        assert!(Location::of_path(Path::new("s3")).is_none());
        assert!(Location::of_path(Path::new("s3://")).unwrap().is_err());
        assert!(Location::of_path(Path::new("s3://b/k")).unwrap().is_ok());
    }
}
