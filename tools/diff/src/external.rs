//! What git gives an external diff: `GIT_EXTERNAL_DIFF` and `diff.<driver>.command` in gitattributes(5) and git(1).

use std::ffi::OsString;
use std::path::PathBuf;

/// The two states of a file that git wants to be compared.
pub(crate) struct External {
    /// What it is called on the old side and on the new.
    pub paths: [String; 2],
    /// The files with the two states; `/dev/null` where there is none.
    pub files: [PathBuf; 2],
}

impl External {
    /// Reads git's arguments: `path old-file old-hex old-mode new-file new-hex new-mode`, and for a renamed file its
    /// new name and a message. `Err` has the path of an unmerged file, which is all that git gives for one.
    ///
    /// # Errors
    /// The inner result: any other number of arguments.
    pub fn parse(arguments: &[OsString]) -> anyhow::Result<Result<External, String>> {
        let shown = |path: &OsString| path.to_string_lossy().into_owned();
        match arguments {
            [path] => Ok(Err(shown(path))),
            [path, old, _, _, new, _, _, more @ ..] if more.is_empty() || more.len() == 2 => {
                let renamed = more.first().unwrap_or(path);
                Ok(Ok(External {
                    paths: [shown(path), shown(renamed)],
                    files: [PathBuf::from(old), PathBuf::from(new)],
                }))
            }
            _ => Err(anyhow::anyhow!(
                "git gives an external diff 1, 7 or 9 arguments, these are: {}",
                arguments.len()
            )),
        }
    }
}
