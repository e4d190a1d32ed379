//! Decompression that runs ahead of its reader, in a thread of its own.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use crate::Error;
use crate::decompress::{Compression, Decoder, Wrapping};

/// Buffers that go around between the thread and its reader.
const BUFFERS: usize = 4;

/// Bytes in each of them: half of them fit the second-level cache of one core.
const SIZE: usize = 256 << 10;

/// Reads what a thread decompresses.
pub(crate) struct Ahead {
    full: Receiver<io::Result<Vec<u8>>>,
    empty: Sender<Vec<u8>>,
    current: Vec<u8>,
    used: usize,
    ended: bool,
}

impl Ahead {
    /// Starts to decompress a whole file; `path` is for error messages, whose offsets count compressed bytes.
    pub(crate) fn start(
        reader: Box<dyn Read + Send>,
        compression: Compression,
        path: &Path,
    ) -> io::Result<Ahead> {
        let (to_reader, full) = sync_channel(BUFFERS);
        let (empty, to_thread) = channel();
        for _ in 0..BUFFERS {
            // The other end is still here.
            let _ = empty.send(Vec::new());
        }
        let path = path.to_path_buf();
        let work = move || Ahead::work(reader, compression, path, &to_reader, &to_thread);
        thread::Builder::new().name(format!("{compression}")).spawn(work)?;
        Ok(Ahead { full, empty, current: Vec::new(), used: 0, ended: false })
    }

    /// Fills buffers until the input or the interest in it ends. An empty buffer means the end of the input.
    fn work(
        reader: Box<dyn Read + Send>,
        compression: Compression,
        path: PathBuf,
        full: &SyncSender<io::Result<Vec<u8>>>,
        empty: &Receiver<Vec<u8>>,
    ) {
        let counted = Counted { reader: BufReader::with_capacity(SIZE, reader), count: 0 };
        let mut decoder = match Decoder::new(counted, compression, Wrapping::File) {
            Ok(decoder) => decoder,
            Err(error) => {
                let _ = full.send(Err(error));
                return;
            }
        };
        while let Ok(mut buffer) = empty.recv() {
            buffer.resize(SIZE, 0);
            // What came before an error is still handed out: the error belongs to where it happened.
            let mut filled = 0;
            let mut failure = None;
            while filled < SIZE {
                match decoder.read(&mut buffer[filled..]) {
                    Ok(0) => break,
                    Ok(read) => filled += read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        failure = Some(decoding_error(error, compression, &path, decoder.inner().count));
                        break;
                    }
                }
            }
            buffer.truncate(filled);
            let ended = filled == 0 || failure.is_some();
            let sent = if filled > 0 || failure.is_none() { full.send(Ok(buffer)) } else { Ok(()) };
            let sent = sent.and_then(|()| failure.map_or(Ok(()), |error| full.send(Err(error.into_io()))));
            if sent.is_err() || ended {
                return;
            }
        }
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

impl Read for Ahead {
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

/// Counts the bytes that were taken.
struct Counted<R> {
    reader: BufReader<R>,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

impl<R: Read> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count += amount as u64;
        self.reader.consume(amount);
    }
}
