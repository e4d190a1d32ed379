//! A plain backup packed while it is written, and unpacked again at once.

use std::fs::File;
use std::io::{self, Write};

use anyhow::anyhow;
use cli::Failure;
use dump::ByteHasher;
use flate2::write::{GzDecoder, GzEncoder};
use manifest::FileHasher;

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
    Gzip(Box<GzEncoder<Unpacked<GzDecoder<Sum>>>>),
    Zstd(Box<zstd::Encoder<'static, Unpacked<zstd::stream::write::Decoder<'static, Sum>>>>),
}

impl Packer {
    /// # Errors
    /// When there is no memory for it.
    pub fn new(packing: Packing, to: File) -> io::Result<Packer> {
        let described = Described { file: to, hasher: FileHasher::default() };
        let method = match packing {
            Packing::None => Method::None(described),
            Packing::Gzip(level) => {
                let to = Unpacked { described, unpacker: GzDecoder::new(Sum::default()) };
                Method::Gzip(Box::new(GzEncoder::new(to, flate2::Compression::new(level))))
            }
            Packing::Zstd(level) => {
                let unpacker = zstd::stream::write::Decoder::new(Sum::default())?;
                let mut packed = zstd::Encoder::new(Unpacked { described, unpacker }, level)?;
                packed.include_checksum(true)?;
                Method::Zstd(Box::new(packed))
            }
        };
        Ok(Packer { method, plain: ByteHasher::default() })
    }

    /// # Errors
    /// When the file cannot be written, or what was written does not unpack.
    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let to: &mut dyn Write = match &mut self.method {
            Method::None(file) => return file.write_all(bytes),
            Method::Gzip(packed) => &mut **packed,
            Method::Zstd(packed) => &mut **packed,
        };
        self.plain.add(bytes);
        to.write_all(bytes)
    }

    /// Writes what is left, and returns what the file is.
    ///
    /// # Errors
    /// When the file cannot be written, or what comes out of it is not what went in.
    pub fn finish(self) -> io::Result<FileHasher> {
        let (described, unpacked) = match self.method {
            Method::None(described) => return Ok(described.hasher),
            Method::Gzip(packed) => {
                let Unpacked { described, unpacker } = packed.finish()?;
                (described, unpacker.finish()?)
            }
            Method::Zstd(packed) => {
                let Unpacked { described, mut unpacker } = packed.finish()?;
                unpacker.flush()?;
                (described, unpacker.into_inner())
            }
        };
        match unpacked.0.finish() == self.plain.finish() {
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

/// A file whose bytes are unpacked as they are written.
struct Unpacked<U> {
    described: Described,
    unpacker: U,
}

impl<U: Write> Write for Unpacked<U> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.described.write(bytes)?;
        self.unpacker.write_all(&bytes[..written])?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.described.flush()
    }
}

/// Length and hash of all that is written.
#[derive(Default)]
struct Sum(ByteHasher);

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
        let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(|at| (at % 65_537).to_le_bytes()).collect();
        for packing in PACKINGS {
            for bytes in [&bytes[..], b""] {
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
        let mut gzip = Unpacked { described, unpacker: GzDecoder::new(Sum::default()) };
        assert!(gzip.write_all(b"no gzip at all").is_err());
    }
}
