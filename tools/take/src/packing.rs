//! A plain backup packed while it is written, and unpacked again at once.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use anyhow::anyhow;
use archive::Content;
use cli::Failure;
use dump::ByteHasher;
use flate2::write::GzEncoder;
use manifest::FileHasher;

/// How many pieces may wait to be unpacked, each of what an encoder writes at once.
const WAITING: usize = 16;

/// How a plain backup is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    None,
    /// By gzip, at this level.
    Gzip(u32),
    /// By Zstandard, at this level.
    Zstd(i32),
}

impl Packing {
    /// Reads a `METHOD[:LEVEL]` for a plain backup.
    ///
    /// # Errors
    /// When there is no such method or level.
    pub fn read(written: Option<&str>) -> Result<Packing, Failure> {
        let Some(written) = written else { return Ok(Packing::None) };
        let (method, level) = match written.split_once(':') {
            Some((method, level)) => (method, Some(level.strip_prefix("level=").unwrap_or(level))),
            None if written.bytes().all(|byte| byte.is_ascii_digit()) => ("gzip", Some(written)),
            None => (written, None),
        };
        let level: Option<i32> =
            level.map(str::parse).transpose().map_err(|_| anyhow!("no level of packing: {written}"))?;
        match (method, level) {
            ("none", None) | ("gzip", Some(0)) => Ok(Packing::None),
            ("gzip", level @ (None | Some(1..=9))) => Ok(Packing::Gzip(level.unwrap_or(6).unsigned_abs())),
            ("zstd", level @ (None | Some(1..=22))) => Ok(Packing::Zstd(level.unwrap_or(3))),
            _ => Err(anyhow!(
                "a plain backup is packed by `gzip[:1-9]` or `zstd[:1-22]`, or not (`none`): {written}"
            )
            .into()),
        }
    }
}

/// Packs what goes into a file.
pub struct Packer {
    method: Method,
    /// What went in, where it is packed.
    plain: ByteHasher,
}

enum Method {
    None(Described),
    Gzip(GzEncoder<Unpacked>),
    Zstd(zstd::Encoder<'static, Unpacked>),
}

impl Packer {
    /// # Errors
    /// When there is no memory for it.
    pub fn new(packing: Packing, to: File) -> io::Result<Packer> {
        let described = Described { file: to, hasher: FileHasher::default() };
        let method = match packing {
            Packing::None => Method::None(described),
            Packing::Gzip(level) => {
                Method::Gzip(GzEncoder::new(Unpacked::new(described), flate2::Compression::new(level)))
            }
            Packing::Zstd(level) => {
                let mut packed = zstd::Encoder::new(Unpacked::new(described), level)?;
                packed.include_checksum(true)?;
                Method::Zstd(packed)
            }
        };
        Ok(Packer { method, plain: ByteHasher::default() })
    }

    /// # Errors
    /// When the file cannot be written.
    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let to: &mut dyn Write = match &mut self.method {
            Method::None(file) => return file.write_all(bytes),
            Method::Gzip(packed) => packed,
            Method::Zstd(packed) => packed,
        };
        self.plain.add(bytes);
        to.write_all(bytes)
    }

    /// Writes what is left, and returns what the file is.
    ///
    /// # Errors
    /// When the file cannot be written, or what comes out of it is not what went in.
    pub fn finish(self) -> io::Result<FileHasher> {
        let packed = match self.method {
            Method::None(described) => return Ok(described.hasher),
            Method::Gzip(packed) => packed.finish()?,
            Method::Zstd(packed) => packed.finish()?,
        };
        let (described, unpacked) = packed.finish()?;
        match unpacked == self.plain.finish() {
            true => Ok(described.hasher),
            false => Err(io::Error::other("what was packed does not come out again")),
        }
    }
}

/// A file that is described while it is written.
struct Described {
    file: File,
    hasher: FileHasher,
}

impl Write for Described {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.add(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file whose bytes another thread unpacks as they are written, by the reader that all tools have.
struct Unpacked {
    described: Described,
    pieces: SyncSender<Vec<u8>>,
    unpacking: JoinHandle<io::Result<(u64, u128)>>,
}

impl Unpacked {
    fn new(described: Described) -> Unpacked {
        let (pieces, packed) = sync_channel(WAITING);
        let unpacking = thread::spawn(|| unpack(Pieces { packed, piece: io::Cursor::default() }));
        Unpacked { described, pieces, unpacking }
    }

    /// Returns length and hash of what comes out.
    fn finish(self) -> io::Result<(Described, (u64, u128))> {
        drop(self.pieces);
        let unpacked =
            self.unpacking.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked")))?;
        Ok((self.described, unpacked))
    }
}

impl Write for Unpacked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.described.write(bytes)?;
        // Whoever unpacks has gone if it could not go on, and says why at the end.
        let _ = self.pieces.send(bytes[..written].to_vec());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.described.flush()
    }
}

/// Reads all that is packed.
fn unpack(packed: Pieces) -> io::Result<(u64, u128)> {
    let input = archive::from_named_reader(Box::new(packed), Path::new("what was packed"));
    let Content::Plain(mut plain) = input.map_err(io::Error::other)?.content else {
        return Err(io::Error::other("what was packed is no plain dump"));
    };
    let (mut hasher, mut chunk) = (ByteHasher::default(), vec![0; 256 * 1024]);
    loop {
        match plain.read(&mut chunk)? {
            0 => return Ok(hasher.finish()),
            read => hasher.add(&chunk[..read]),
        }
    }
}

/// What another thread sends, piece by piece.
struct Pieces {
    packed: Receiver<Vec<u8>>,
    piece: io::Cursor<Vec<u8>>,
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(buf)?;
            if read > 0 || buf.is_empty() {
                return Ok(read);
            }
            match self.packed.recv() {
                Ok(piece) => self.piece = io::Cursor::new(piece),
                Err(_) => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKINGS: [Packing; 3] = [Packing::None, Packing::Gzip(6), Packing::Zstd(3)];

    /// Packs bytes, and claims that more went in.
    fn packed(packing: Packing, bytes: &[u8], told: &[u8]) -> io::Result<(FileHasher, Vec<u8>)> {
        let file = tempfile::NamedTempFile::new()?;
        let mut packer = Packer::new(packing, file.reopen()?)?;
        bytes.chunks(100_000).try_for_each(|chunk| packer.write_all(chunk))?;
        packer.plain.add(told);
        Ok((packer.finish()?, std::fs::read(file.path())?))
    }

    #[test]
    fn what_is_described_is_what_is_in_the_file() {
        let bytes: Vec<u8> = (0..600_000).flat_map(|row| format!("-- row {row}\n").into_bytes()).collect();
        for packing in PACKINGS {
            for bytes in [&bytes[..], b"--\n"] {
                let (hasher, file) = packed(packing, bytes, b"").unwrap();
                let mut of_file = FileHasher::default();
                of_file.add(&file);
                assert_eq!(hasher.finish("x"), of_file.finish("x"), "{packing:?}");
            }
        }
    }

    #[test]
    fn what_does_not_come_out_again_is_no_backup() {
        for packing in PACKINGS.into_iter().skip(1) {
            let error = packed(packing, b"all rows", b" but one").err().unwrap();
            assert_eq!(error.to_string(), "what was packed does not come out again", "{packing:?}");
        }
        let described = Described { file: tempfile::tempfile().unwrap(), hasher: FileHasher::default() };
        let mut cut = Unpacked::new(described);
        cut.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1]).unwrap();
        assert!(cut.finish().is_err());
    }
}
