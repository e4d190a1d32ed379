//! Opens what the user names and reads the dump in it.

use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use archive::Plain;
use dump::{DataSink, Dump, Found, ReadOptions, Source};

use crate::Failure;

/// A plain dump as the dump crate wants its bytes.
struct Bytes(Plain);

impl Source for Bytes {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }

    fn find(&mut self, needle: &[u8], from: u64) -> io::Result<Found> {
        Ok(match self.0.find(needle, from)? {
            archive::Found::At(offset) => Found::At(offset),
            archive::Found::Missing => Found::Missing,
            archive::Found::CannotSeek => Found::CannotSeek,
        })
    }

    fn seek(&mut self, offset: u64) -> io::Result<()> {
        self.0.seek(offset)
    }
}

/// Opens a plain dump; `-` is stdin.
///
/// # Errors
/// When it cannot be opened or is no plain dump; the error names the file.
pub fn open(path: &Path) -> Result<impl Source, archive::Error> {
    let plain = if path == Path::new("-") { Plain::stdin()? } else { Plain::open(path)? };
    Ok(Bytes(plain))
}

/// Reads the dump that the user names; `-` is stdin.
///
/// # Errors
/// When it cannot be read to its end; the error names the file, the byte and the line.
pub fn read_dump(path: &Path, options: ReadOptions, sink: &mut dyn DataSink) -> Result<Dump, Failure> {
    let source = open(path)?;
    let dump = dump::read(source, options, sink).map_err(|error| {
        let at = error.position();
        // Rows that were jumped over were not counted; a file can be asked again.
        match (at.line, archive::line_of(path, at.byte)) {
            (None, Ok(line)) => error.with_line(line),
            _ => error,
        }
    });
    Ok(dump.with_context(|| path.display().to_string())?)
}
