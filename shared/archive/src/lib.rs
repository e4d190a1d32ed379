//! Opens whatever holds a PostgreSQL dump.
//!
//! [`open`], [`stdin`] and [`from_reader`] tell by content, never by name, what a dump is, take off up to two layers of
//! gzip, LZ4 or Zstandard, and give a [`Plain`] script or an [`Archive`] in the custom, tar or directory format. A
//! [`Plain`] dump in a regular file is searched with several threads: the end of a large `COPY` block is found at
//! memory speed. An [`Archive`] has its table of contents and lets its data be visited, piece by piece or several at
//! once. What has no reader is an [`Error`] that names it and says how to convert it.
//!
//! Input is not trusted. Memory grows with the bytes that are there, not with the lengths they claim, and names in an
//! archive lead to no file outside of it. Damage is an [`Error::Damaged`] with the file, the offset and what is wrong:
//! a dump that was cut anywhere is never read as if it were whole.
//!
//! The crate deals in bytes and offsets. It knows no SQL, prints nothing and reads no environment.
//!
//! ```
//! use std::io::Read;
//!
//! use archive::{Found, Plain};
//!
//! let dir = tempfile::tempdir()?;
//! let path = dir.path().join("dump.sql");
//! std::fs::write(&path, "COPY t (a) FROM stdin;\n1\n2\n\\.\n\nSELECT 1;\n")?;
//!
//! let mut dump = Plain::open(&path)?;
//! assert_eq!(dump.find(b"\n\\.\n", 0)?, Found::At(26));
//! dump.seek(30)?;
//! let mut rest = String::new();
//! dump.read_to_string(&mut rest)?;
//! assert_eq!(rest, "\nSELECT 1;\n");
//! assert_eq!(archive::line_of(&path, 31)?, 6);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ahead;
mod archive;
mod custom;
mod decompress;
mod directory;
mod entry;
mod error;
mod find;
mod fold;
mod foreign;
mod format;
mod header;
mod input;
mod line;
mod piece;
mod plain;
mod pool;
mod room;
mod scan;
mod stop;
mod tar;

pub use archive::Archive;
pub use decompress::Compression;
pub use entry::{Entry, Section};
pub use error::Error;
pub use foreign::Foreign;
pub use format::Format;
pub use header::{Created, Header};
pub use input::{Content, Input, from_named_reader, from_reader, open, stdin};
pub use line::{line_of, newlines};
pub use piece::Piece;
pub use plain::{Found, Plain};
pub use room::Room;
pub use stop::Stop;
