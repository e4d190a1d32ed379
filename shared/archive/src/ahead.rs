//! Decompression that runs ahead of its reader, in a thread of its own.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use crate::Error;
use crate::decompress::{Compression, Decoder, Wrapping};

/// Buffers that go around between the thread and its reader.
const BUFFERS: usize = 4;

/// Bytes in each of them: half of them fit the second-level cache of one core.
const SIZE: usize = 256 << 10;

/// Starts to decompress a whole file in a thread of its own.
///
/// `path` is for error messages, whose offsets count compressed bytes; they are counted in `count`.
pub(crate) fn start(
    reader: Box<dyn Read + Send>,
    compression: Compression,
    path: &Path,
    count: Arc<AtomicU64>,
) -> io::Result<Pipe> {
    let counted = Counted { reader: BufReader::with_capacity(SIZE, reader), count };
    let decoder = Decoder::new(counted, compression, Wrapping::File)?;
    let mut layer = Layer { decoder, path: path.to_path_buf() };
    let (pump, pipe) = pipe();
    thread::Builder::new().name(compression.to_string()).spawn(move || pump.run(&mut layer))?;
    Ok(pipe)
}

/// One layer of compression around a whole file.
struct Layer {
    decoder: Decoder<Counted<Box<dyn Read + Send>>>,
    path: PathBuf,
}

impl Read for Layer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer).map_err(|error| {
            if error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            let at = self.decoder.inner().count.load(Ordering::Relaxed);
            decoding_error(error, self.decoder.compression(), &self.path, at).into_io()
        })
    }
}

/// Returns the two ends of a bounded way from one thread to another.
pub(crate) fn pipe() -> (Pump, Pipe) {
    let (to_pipe, full) = sync_channel(BUFFERS);
    let (empty, to_pump) = channel();
    for _ in 0..BUFFERS {
        // The other end is still here.
        let _ = empty.send(Vec::new());
    }
    (Pump { full: to_pipe, empty: to_pump }, Pipe { full, empty, current: Vec::new(), used: 0, ended: false })
}

/// The end of the thread that reads ahead.
pub(crate) struct Pump {
    full: SyncSender<io::Result<Vec<u8>>>,
    empty: Receiver<Vec<u8>>,
}

impl Pump {
    /// Fills buffers until the input or the interest in it ends. An empty buffer means the end of the input.
    ///
    /// What came before an error is handed out before the error.
    pub(crate) fn run(self, reader: &mut dyn Read) {
        while let Ok(mut buffer) = self.empty.recv() {
            buffer.resize(SIZE, 0);
            let (filled, failure) = fill(reader, &mut buffer);
            buffer.truncate(filled);
            let ended = filled == 0 || failure.is_some();
            let sent = if filled > 0 || failure.is_none() { self.full.send(Ok(buffer)) } else { Ok(()) };
            let sent = sent.and_then(|()| failure.map_or(Ok(()), |error| self.full.send(Err(error))));
            if ended || sent.is_err() {
                return;
            }
        }
    }
}

/// Reads until the buffer is full, and returns the number of bytes and what kept it from being full.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Some(error)),
        }
    }
    (filled, None)
}

/// The reader's end: gives what another thread has read.
pub(crate) struct Pipe {
    full: Receiver<io::Result<Vec<u8>>>,
    empty: Sender<Vec<u8>>,
    current: Vec<u8>,
    used: usize,
    ended: bool,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.used == self.current.len() {
            if self.ended {
                return Ok(0);
            }
            // The thread may have ended already, behind its last buffer.
            let _ = self.empty.send(std::mem::take(&mut self.current));
            self.used = 0;
            match self.full.recv() {
                Ok(Ok(next)) => {
                    self.ended = next.is_empty();
                    self.current = next;
                }
                Ok(Err(error)) => return Err(error),
                // An error was taken before, and the caller reads on.
                Err(_) => return Err(io::Error::other("decompression has stopped")),
            }
        }
        let read = buffer.len().min(self.current.len() - self.used);
        buffer[..read].copy_from_slice(&self.current[self.used..self.used + read]);
        self.used += read;
        Ok(read)
    }
}

/// Names an error that came out of a decoder: the compressed bytes' fault, or passed on from below.
pub(crate) fn decoding_error(error: io::Error, compression: Compression, path: &Path, at: u64) -> Error {
    let ours = error.get_ref().is_some_and(|inner| inner.is::<Error>());
    let fault = matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
        || (error.kind() == io::ErrorKind::Other && error.raw_os_error().is_none());
    if !ours && fault && compression != Compression::None {
        return Error::damaged(path, at, format!("{compression}: {error}"));
    }
    Error::from_io(error, path, at)
}

/// Counts the bytes that were taken.
struct Counted<R> {
    reader: BufReader<R>,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl<R: Read> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count.fetch_add(amount as u64, Ordering::Relaxed);
        self.reader.consume(amount);
    }
}
