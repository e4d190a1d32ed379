//! Decompression of one layer, strict about how it ends.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use flate2::{Decompress, FlushDecompress, Status};
use lz4_flex::frame::FrameDecoder;

/// Bytes of zlib streams that are gathered before they are decompressed.
///
/// A custom archive has them in chunks of 4 KiB, and each call of the library copies a window of 32 KiB.
const GATHERED: usize = 64 << 10;

/// Names a compression, as `CompressionAlgorithm` of `compress_io.h` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// The bytes as they are.
    None,
    /// Deflate: members of a gzip file, or zlib streams inside a custom archive.
    Gzip,
    /// LZ4 frames.
    Lz4,
    /// Zstandard frames.
    Zstd,
}

impl Compression {
    /// Returns the suffix of file names in a directory, as `compress_io.c` appends it.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Lz4 => ".lz4",
            Compression::Zstd => ".zst",
        }
    }

    /// Returns the first bytes of a file that is compressed this way.
    pub(crate) fn magic(self) -> &'static [u8] {
        match self {
            Compression::None => b"",
            Compression::Gzip => b"\x1f\x8b",
            Compression::Lz4 => b"\x04\x22\x4d\x18",
            Compression::Zstd => b"\x28\xb5\x2f\xfd",
        }
    }
}

/// Shows the name that `pg_dump --compress` takes: `none`, `gzip`, `lz4` or `zstd`.
impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        })
    }
}

/// Tells what surrounds the compressed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrapping {
    /// A whole file, of one or more members or frames.
    File,
    /// The data of one table or large object in a custom archive: exactly one stream, and zlib for gzip.
    Piece,
}

/// Decompresses what a reader gives.
///
/// The end is only reported when the compressed stream came to its own end and nothing is behind it.
pub(crate) struct Decoder<R: BufRead> {
    name: Compression,
    kind: Kind<R>,
}

enum Kind<R: BufRead> {
    None(R),
    Gzip(Inflate<R>),
    Zlib(Inflate<BufReader<R>>),
    Lz4(Lz4<R>),
    Zstd(Zstd<R>),
}

impl<R: BufRead> Decoder<R> {
    /// Prepares to decompress; reads nothing yet.
    pub(crate) fn new(reader: R, name: Compression, wrapping: Wrapping) -> io::Result<Decoder<R>> {
        let kind = match name {
            Compression::None => Kind::None(reader),
            Compression::Gzip => match wrapping {
                Wrapping::File => Kind::Gzip(Inflate::new(reader, wrapping)),
                Wrapping::Piece => {
                    Kind::Zlib(Inflate::new(BufReader::with_capacity(GATHERED, reader), wrapping))
                }
            },
            Compression::Lz4 => Kind::Lz4(Lz4::new(reader, wrapping)),
            Compression::Zstd => Kind::Zstd(Zstd::new(reader, wrapping)?),
        };
        Ok(Decoder { name, kind })
    }

    /// Returns the reader of the compressed bytes, which stands about where the decoder has come to.
    pub(crate) fn inner(&mut self) -> &mut R {
        match &mut self.kind {
            Kind::None(reader) => reader,
            Kind::Gzip(inflate) => &mut inflate.reader,
            Kind::Zlib(inflate) => inflate.reader.get_mut(),
            Kind::Lz4(lz4) => &mut lz4.frames.get_mut().reader,
            Kind::Zstd(zstd) => zstd.frames.get_mut(),
        }
    }

    /// Returns which compression is undone.
    pub(crate) fn compression(&self) -> Compression {
        self.name
    }
}

/// Errors that the compressed bytes are to blame for are of the kinds `InvalidData` and `UnexpectedEof`.
impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        match &mut self.kind {
            Kind::None(reader) => reader.read(buffer),
            Kind::Gzip(inflate) => inflate.read(buffer),
            Kind::Zlib(inflate) => inflate.read(buffer),
            Kind::Lz4(lz4) => lz4.read(buffer),
            Kind::Zstd(zstd) => zstd.read(buffer),
        }
    }
}

fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the compressed data ends early")
}

fn trailing() -> io::Error {
    invalid("more bytes behind the end of the compressed data")
}

/// Deflate behind a zlib or gzip header; zlib-rs checks the header and the checksum at the end.
struct Inflate<R> {
    reader: R,
    state: Decompress,
    wrapping: Wrapping,
    ended: bool,
}

impl<R: BufRead> Inflate<R> {
    fn new(reader: R, wrapping: Wrapping) -> Inflate<R> {
        Inflate { reader, state: Inflate::<R>::state(wrapping), wrapping, ended: false }
    }

    fn state(wrapping: Wrapping) -> Decompress {
        match wrapping {
            Wrapping::Piece => Decompress::new(true),
            // The largest window, as every gzip program takes.
            Wrapping::File => Decompress::new_gzip(15),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let input = self.reader.fill_buf()?;
            if self.ended {
                if input.is_empty() {
                    return Ok(0);
                }
                if self.wrapping == Wrapping::Piece {
                    return Err(trailing());
                }
                self.state = Inflate::<R>::state(self.wrapping);
                self.ended = false;
            }
            let at_end = input.is_empty();
            let (consumed, produced) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(input, buffer, FlushDecompress::None)
                .map_err(|error| invalid(error.message().unwrap_or("corrupt deflate stream")))?;
            // Both fit: they count bytes of the two slices.
            let consumed = (self.state.total_in() - consumed) as usize;
            let produced = (self.state.total_out() - produced) as usize;
            self.reader.consume(consumed);
            self.ended = status == Status::StreamEnd;
            if produced > 0 {
                return Ok(produced);
            }
            if !self.ended && consumed == 0 {
                return Err(if at_end { cut() } else { invalid("corrupt deflate stream") });
            }
        }
    }
}

/// LZ4 frames. `lz4_flex` takes an end of the input between two blocks for the end of the frame: [`Tap`] notices.
struct Lz4<R: BufRead> {
    frames: FrameDecoder<Tap<R>>,
    wrapping: Wrapping,
    /// Whether the next byte of the input is the first of a frame.
    between: bool,
}

impl<R: BufRead> Lz4<R> {
    fn new(reader: R, wrapping: Wrapping) -> Lz4<R> {
        let tap = Tap { reader, magic: [0; 4], left: 0, hit_end: false };
        Lz4 { frames: FrameDecoder::new(tap), wrapping, between: true }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.between {
                if !self.frames.get_mut().start_frame()? {
                    return Ok(0);
                }
                self.between = false;
            }
            match self.frames.read(buffer).map_err(end_is_cut)? {
                0 if self.frames.get_ref().hit_end => return Err(cut()),
                0 => {}
                read => return Ok(read),
            }
            if self.wrapping == Wrapping::Piece && !self.frames.get_mut().reader.fill_buf()?.is_empty() {
                return Err(trailing());
            }
            self.between = true;
        }
    }
}

/// The input of LZ4 frames.
struct Tap<R> {
    reader: R,
    /// The first bytes of a frame, read to see what it is; the last `left` of them are still to be given out.
    magic: [u8; 4],
    left: usize,
    /// Whether a read came back with nothing.
    hit_end: bool,
}

impl<R: BufRead> Tap<R> {
    /// Goes to the next frame that holds data, and returns whether there is one.
    fn start_frame(&mut self) -> io::Result<bool> {
        while !self.reader.fill_buf()?.is_empty() {
            self.reader.read_exact(&mut self.magic).map_err(end_is_cut)?;
            if !is_skippable(&self.magic) {
                self.left = self.magic.len();
                return Ok(true);
            }
            let mut size = [0; 4];
            self.reader.read_exact(&mut size).map_err(end_is_cut)?;
            let size = u64::from(u32::from_le_bytes(size));
            if io::copy(&mut self.reader.by_ref().take(size), &mut io::sink())? < size {
                return Err(cut());
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Tap<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left > 0 {
            let read = self.left.min(buffer.len());
            let start = self.magic.len() - self.left;
            buffer[..read].copy_from_slice(&self.magic[start..start + read]);
            self.left -= read;
            return Ok(read);
        }
        let read = self.reader.read(buffer)?;
        self.hit_end |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}

fn end_is_cut(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { cut() } else { error }
}

/// Returns whether these are the first bytes of a skippable frame, which LZ4 and Zstandard share.
pub(crate) fn is_skippable(head: &[u8]) -> bool {
    matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Zstandard frames. The library takes windows of up to 128 MiB, so no small input can make it allocate more.
struct Zstd<R: BufRead> {
    frames: zstd::stream::read::Decoder<'static, R>,
    wrapping: Wrapping,
}

impl<R: BufRead> Zstd<R> {
    fn new(reader: R, wrapping: Wrapping) -> io::Result<Zstd<R>> {
        let frames = zstd::stream::read::Decoder::with_buffer(reader)?;
        let frames = if wrapping == Wrapping::Piece { frames.single_frame() } else { frames };
        Ok(Zstd { frames, wrapping })
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.frames.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => end_is_cut(error),
            // The library's messages come as `Other`.
            io::ErrorKind::Other if error.raw_os_error().is_none() => {
                invalid(error.to_string().to_lowercase())
            }
            _ => error,
        })?;
        if read == 0 && self.wrapping == Wrapping::Piece && !self.frames.get_mut().fill_buf()?.is_empty() {
            return Err(trailing());
        }
        Ok(read)
    }
}
