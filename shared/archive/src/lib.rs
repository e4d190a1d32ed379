//! Opens whatever holds a PostgreSQL dump.
//!
//! [`Format::detect`] tells by content, never by name, what a file is. [`Plain`] reads a plain dump from a file, a
//! pipe or standard input, and searches regular files with several threads: the end of a large `COPY` block is
//! found at memory speed. Every other format is an [`Error`] that names it and says how to convert it.
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
mod format;
mod header;
mod input;
mod line;
mod piece;
mod plain;
mod pool;
mod scan;
mod tar;

pub use archive::Archive;
pub use decompress::Compression;
pub use entry::{Entry, Section};
pub use error::Error;
pub use format::Format;
pub use header::{Created, Header};
pub use input::{Content, Input, from_reader, open, stdin};
pub use line::line_of;
pub use piece::Piece;
pub use plain::{Found, Plain};
