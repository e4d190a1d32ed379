//! The mark that makes a folder ours.

use std::path::Path;

use dump::{Database, Dump, Name};
use serde_json::Value;

use super::Error;

/// The newest format of the tree that is understood.
pub const FORMAT: u32 = 1;

/// What marks a folder as ours: the format of the tree and the options that shaped it.
///
/// It holds no time and no version, so that a second run writes the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The format of the tree.
    pub format: u32,
    /// The options that the tree was written with, in the order in which they are to be written.
    pub options: Value,
}

impl Mark {
    /// Makes a mark of the current format.
    pub fn new(options: Value) -> Mark {
        Mark { format: FORMAT, options }
    }

    /// Says whether a tree with this mark was made with other options: what a dump says of its own encoding is none.
    pub fn has_other_options(&self, other: &Mark) -> bool {
        let options = |mark: &Mark| {
            let mut options = mark.options.as_object().cloned().unwrap_or_default();
            options.remove("encoding");
            options
        };
        options(self) != options(other)
    }

    /// Writes the mark as JSON, indented by two blanks, with a newline at the end.
    ///
    /// ```
    /// let mark = tree::folder::Mark::new(serde_json::json!({"owner": false}));
    /// assert_eq!(mark.to_json(), "{\n  \"format\": 1,\n  \"options\": {\n    \"owner\": false\n  }\n}\n");
    /// ```
    pub fn to_json(&self) -> String {
        format!("{:#}\n", serde_json::json!({ "format": self.format, "options": self.options }))
    }

    /// Returns the option under which encodings that are not UTF8 are kept: one for the tree's only database, or one
    /// for each by its name.
    pub fn encodings(dump: &Dump) -> Option<Value> {
        let other = |database: &&Database| !matches!(database.schema.encoding.as_str(), "" | "UTF8");
        let found = dump.databases.iter().filter(other).map(|database| {
            let folder = crate::layout::database_folder(dump, database);
            (folder, Value::from(database.schema.encoding.clone()))
        });
        let found: serde_json::Map<String, Value> = found.collect();
        match found.get("") {
            Some(only) => Some(only.clone()),
            None => (!found.is_empty()).then(|| Value::from(found)),
        }
    }

    /// Returns the encoding of a database of the tree; empty for UTF8.
    pub(crate) fn encoding(&self, database: Option<&Name>) -> String {
        let encodings = &self.options["encoding"];
        let folder = database.map(crate::layout::named_folder);
        let found = folder.and_then(|folder| encodings.get(folder)).unwrap_or(encodings);
        found.as_str().unwrap_or_default().to_ascii_uppercase()
    }

    /// Reads a mark; `path` is for the error.
    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Mark, Error> {
        let bad = |reason: String| Error::BadMark { path: path.to_owned(), reason };
        let json: Value = serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
        let format = json.get("format").and_then(Value::as_u64);
        match format.ok_or_else(|| bad("no number under `format`".to_owned()))? {
            0 => Err(bad("format 0 does not exist".to_owned())),
            // A newer format may keep its options elsewhere, so nothing else is looked at.
            found if found > u64::from(FORMAT) => Err(Error::NewerFormat { path: path.to_owned(), found }),
            _ => Ok(Mark::new(json.get("options").cloned().unwrap_or(Value::Null))),
        }
    }
}
