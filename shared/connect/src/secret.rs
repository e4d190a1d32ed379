//! A password, kept from everything that prints.

use std::fmt;

/// A password; `Debug` does not show it, and there is no `Display`.
///
/// ```
/// let secret = connect::Secret::from("hush".to_owned());
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the password: for the server, or the environment of a program that connects to it, and nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
