//! What every manifest says of itself.

use serde::{Deserialize, Serialize};

/// What the field `format` says.
pub(crate) const FORMAT: &str = "pgdumpkit-manifest";
/// The version of the form that is written, and the only one that is read.
pub(crate) const VERSION: u32 = 1;

/// Stands for `pgdumpkit-manifest`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Format;

/// Stands for version 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Version;

impl TryFrom<String> for Format {
    type Error = String;

    fn try_from(text: String) -> Result<Format, String> {
        (text == FORMAT).then_some(Format).ok_or_else(|| format!("expected: {FORMAT}"))
    }
}

impl From<Format> for String {
    fn from(_: Format) -> String {
        FORMAT.to_owned()
    }
}

impl TryFrom<u32> for Version {
    type Error = String;

    fn try_from(number: u32) -> Result<Version, String> {
        (number == VERSION).then_some(Version).ok_or_else(|| format!("expected: {VERSION}"))
    }
}

impl From<Version> for u32 {
    fn from(_: Version) -> u32 {
        VERSION
    }
}
