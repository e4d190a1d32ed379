//! An end to reading that another thread wants.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends the reading of an input from any thread: what is read next is an error.
///
/// ```
/// use std::io::Read;
///
/// let stop = archive::Stop::default();
/// let mut reader = stop.reader(&b"text"[..]);
/// reader.read_exact(&mut [0; 2])?;
/// stop.stop();
/// assert_eq!(reader.read(&mut [0; 2]).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends it.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Says whether it is to end.
    pub fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Returns a reader that this ends.
    pub fn reader<R: Read>(&self, reader: R) -> impl Read + use<R> {
        Stoppable { reader, stop: self.clone() }
    }

    /// Fails once it is to end.
    pub(crate) fn check(&self) -> io::Result<()> {
        match self.is_wanted() {
            true => Err(io::Error::new(io::ErrorKind::TimedOut, "reading was stopped")),
            false => Ok(()),
        }
    }
}

struct Stoppable<R> {
    reader: R,
    stop: Stop,
}

impl<R: Read> Read for Stoppable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stop.check()?;
        self.reader.read(buffer)
    }
}
