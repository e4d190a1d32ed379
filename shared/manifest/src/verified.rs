//! The record that a backup was verified, which lies beside it and its manifest.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Error, Sha256, Version};

/// What the field `format` says.
const FORMAT: &str = "pgdumpkit-verified";

/// No record is longer, in bytes.
const LENGTH_MAX: u64 = 64 << 10;

/// Says that a backup was restored, and held what its manifest says.
///
/// The form is described by `docs/schemas/pgdumpkit-verified.schema.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// Says that it is such a record.
    pub format: VerifiedFormat,
    /// The version of its form.
    pub version: Version,
    /// The version of the tool that wrote it.
    pub tool_version: String,
    /// How much was proved.
    pub level: Level,
    /// When (RFC 3339), by the clock of the machine that verified it.
    pub verified_at: String,
    /// The SHA-256 of the manifest that it was compared with: a record of another manifest says nothing.
    pub manifest_sha256: Sha256,
}

/// How much was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It was restored, and every table compared.
    Restore,
    /// The restored schema was compared as well.
    Full,
}

impl Verified {
    /// Writes it as JSON, with a line break at its end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, to: &mut dyn Write) -> Result<(), Error> {
        serde_json::to_writer_pretty(&mut *to, self).map_err(Error::Json)?;
        to.write_all(b"\n").and_then(|()| to.flush()).map_err(Error::Io)
    }

    /// Reads what [`write`](Self::write) wrote.
    ///
    /// # Errors
    /// When it is none, or one of a newer version.
    pub fn read(from: &mut dyn Read) -> Result<Verified, Error> {
        serde_json::from_reader(from.take(LENGTH_MAX)).map_err(Error::Record)
    }
}

/// Stands for `pgdumpkit-verified`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VerifiedFormat;

impl TryFrom<String> for VerifiedFormat {
    type Error = String;

    fn try_from(text: String) -> Result<VerifiedFormat, String> {
        (text == FORMAT).then_some(VerifiedFormat).ok_or_else(|| format!("expected: {FORMAT}"))
    }
}

impl From<VerifiedFormat> for String {
    fn from(_: VerifiedFormat) -> String {
        FORMAT.to_owned()
    }
}

/// What is behind the name of a backup in that of its manifest.
pub const MANIFEST_ENDING: &str = ".manifest.json";
/// What is behind the name of a backup in that of the record that it was verified.
pub const VERIFIED_ENDING: &str = ".verified.json";

/// Returns where the manifest of a backup lies: beside it, as `shop.dump.manifest.json`.
pub fn path_beside(backup: &Path) -> PathBuf {
    beside(backup, MANIFEST_ENDING)
}

/// Returns where it is recorded that a backup was verified: beside it, as `shop.dump.verified.json`.
pub fn verified_path_beside(backup: &Path) -> PathBuf {
    beside(backup, VERIFIED_ENDING)
}

fn beside(backup: &Path, ending: &str) -> PathBuf {
    let mut name = backup.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    backup.with_file_name(name)
}
