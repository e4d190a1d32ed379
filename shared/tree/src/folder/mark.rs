//! The mark that makes a folder ours.

use std::path::Path;

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

    /// Writes the mark as JSON, indented by two blanks, with a newline at the end.
    ///
    /// ```
    /// let mark = tree::folder::Mark::new(serde_json::json!({"owner": false}));
    /// assert_eq!(mark.to_json(), "{\n  \"format\": 1,\n  \"options\": {\n    \"owner\": false\n  }\n}\n");
    /// ```
    pub fn to_json(&self) -> String {
        format!("{:#}\n", serde_json::json!({ "format": self.format, "options": self.options }))
    }

    /// Reads a mark; `path` is for the error.
    pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Mark, Error> {
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
