//! The manifest of a backup: what its source held when it was taken, written beside it as JSON.
//!
//! A [`Manifest`] is plain data. Whoever takes a backup fills it in the snapshot that the backup is of and writes it;
//! whoever verifies the backup reads it and compares. The form is described by
//! `docs/schemas/pgdumpkit-manifest.schema.json`.
//!
//! ```
//! use manifest::{File, Manifest};
//! let written = Manifest {
//!     backup: "shop.dump".to_owned(),
//!     database: "shop".to_owned(),
//!     files: vec![File::of("shop.dump", &mut &b"PGDMP"[..])?],
//!     ..Manifest::default()
//! };
//! let mut text = Vec::new();
//! written.write(&mut text)?;
//! assert_eq!(Manifest::read(&mut text.as_slice())?, written);
//! # Ok::<(), manifest::Error>(())
//! ```

mod contents;
mod digest;
mod error;
mod file;
mod form;
mod verified;

use std::collections::BTreeSet;
use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

pub use contents::{Assertion, Extension, LargeObjects, LeftOut, Sequence, Table, TableKind};
pub use digest::{Hash, Sha256};
pub use error::Error;
pub use file::{File, FileHasher};
pub use form::{Format, Version};
pub use verified::{
    Level, MANIFEST_ENDING, VERIFIED_ENDING, Verified, VerifiedFormat, path_beside, verified_path_beside,
};

/// No manifest is longer, in bytes: a table takes about 300, and what a hostile one makes us keep stays bounded.
const LENGTH_MAX: u64 = 64 << 20;

/// What was known of a backup's source when the backup was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Says that it is a manifest.
    pub format: Format,
    /// The version of its form.
    pub version: Version,
    /// The version of the tool that wrote it.
    pub tool_version: String,
    /// The name of the backup: a file or a folder, without the folders that it is in.
    pub backup: String,
    /// What the backup is: `plain`, `custom`, `tar` or `directory`.
    pub backup_format: String,
    /// What was asked for, as it was given; without passwords.
    pub options: Vec<String>,
    /// The files of the backup.
    pub files: Vec<File>,
    /// The version of the source server, as its `server_version`.
    pub server_version: String,
    /// The source cluster's system identifier (`pg_control_system`), where it could be read.
    pub system_identifier: Option<String>,
    /// The name of the database; empty for what belongs to a whole cluster, of whose source nothing more is known.
    pub database: String,
    /// The position in the source's log when the snapshot was taken, such as `0/1A2B3C4`; a standby's last replayed one.
    pub lsn: Option<String>,
    /// When the snapshot was taken (RFC 3339), by the source's clock.
    pub snapshot_begin: String,
    /// When it was given back (RFC 3339), by the source's clock.
    pub snapshot_end: String,
    /// The encoding of the backup, such as `UTF8`.
    pub encoding: String,
    /// The locale of the database (`LC_COLLATE`), where it could be read.
    pub locale: Option<String>,
    /// `TimeZone` when rows were hashed: it decides how points in time are written.
    pub time_zone: String,
    /// `DateStyle` when rows were hashed.
    pub date_style: String,
    /// The extensions that the backup creates; `plpgsql`, which every database has, is not one of them.
    pub extensions: Vec<Extension>,
    /// The roles that the backup's owners and grants name.
    pub roles: Vec<String>,
    /// The tables whose rows the backup holds, partitioned tables included.
    pub tables: Vec<Table>,
    /// The sequences whose values the backup sets.
    pub sequences: Vec<Sequence>,
    /// The large objects of the backup.
    pub large_objects: LargeObjects,
    /// What of the source is not in the backup.
    pub left_out: Vec<LeftOut>,
    /// What the source answered to questions that a restored copy is to be asked as well.
    pub assertions: Vec<Assertion>,
}

/// How a manifest begins, whatever its version.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u64,
}

impl Manifest {
    /// Writes it as JSON, with a line break at its end.
    ///
    /// # Errors
    /// When it cannot be written, or could not be read again: see [`read`](Self::read).
    pub fn write(&self, to: &mut dyn Write) -> Result<(), Error> {
        self.check()?;
        serde_json::to_writer_pretty(&mut *to, self).map_err(Error::Json)?;
        to.write_all(b"\n").and_then(|()| to.flush()).map_err(Error::Io)
    }

    /// Reads what [`write`](Self::write) wrote.
    ///
    /// # Errors
    /// When it is longer than 64 MiB, no manifest, one of a newer version, holds what this version does not know, the
    /// same thing twice, or a file name that leads out of the backup.
    pub fn read(from: &mut dyn Read) -> Result<Manifest, Error> {
        Manifest::read_and_hash(from).map(|(manifest, _)| manifest)
    }

    /// Reads one as [`read`](Self::read) does, and returns the SHA-256 of its text as well, by which
    /// [`Verified`] names it.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_and_hash(from: &mut dyn Read) -> Result<(Manifest, Sha256), Error> {
        let mut text = Vec::new();
        from.take(LENGTH_MAX + 1).read_to_end(&mut text).map_err(Error::Io)?;
        if text.len() as u64 > LENGTH_MAX {
            return Err(Error::TooLong(LENGTH_MAX));
        }
        let header: Header = serde_json::from_slice(&text).map_err(|error| match error.is_data() {
            true => Error::NoManifest,
            false => Error::Json(error),
        })?;
        if header.format != form::FORMAT {
            return Err(Error::NoManifest);
        }
        if header.version != u64::from(form::VERSION) {
            return Err(Error::Version { found: header.version, known: form::VERSION });
        }
        let manifest: Manifest = serde_json::from_slice(&text).map_err(Error::Json)?;
        manifest.check()?;
        Ok((manifest, Sha256::of(&text)))
    }

    fn check(&self) -> Result<(), Error> {
        self.files.iter().try_for_each(File::check)?;
        unique("file", self.files.iter().map(|file| file.name.clone()))?;
        unique("table", self.tables.iter().map(|table| (&table.schema, &table.name)))?;
        unique("sequence", self.sequences.iter().map(|sequence| (&sequence.schema, &sequence.name)))?;
        unique("extension", self.extensions.iter().map(|extension| &extension.name))
    }
}

fn unique<T: Ord + std::fmt::Debug>(what: &'static str, names: impl Iterator<Item = T>) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in names {
        let shown = format!("{name:?}");
        if !seen.insert(name) {
            return Err(Error::Twice { what, name: shown });
        }
    }
    Ok(())
}
