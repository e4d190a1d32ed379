//! A file on its way to the disk while it is written, so that nobody waits for all of it at the end.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often what is new is sent to the disk. A small backup is complete before.
const PERIOD: Duration = Duration::from_millis(250);

/// Sends what anybody writes to a file to the disk, until dropped.
pub struct Syncing {
    file: Arc<File>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Syncing {
    pub fn begin(file: File) -> Syncing {
        let (file, over) = (Arc::new(file), Arc::new(AtomicBool::new(false)));
        let thread = thread::spawn({
            let (file, over) = (Arc::clone(&file), Arc::clone(&over));
            move || loop {
                thread::park_timeout(PERIOD);
                if over.load(Ordering::Acquire) {
                    return Ok(());
                }
                file.sync_data()?;
            }
        });
        Syncing { file, over, thread: Some(thread) }
    }

    /// Waits until all is on the disk that was written before.
    ///
    /// # Errors
    /// When anything could not be written to the disk at any time: the system tells each loss once.
    pub fn finish(mut self) -> io::Result<()> {
        if let Some(thread) = self.end() {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked")))?;
        }
        self.file.sync_all()
    }

    fn end(&mut self) -> Option<JoinHandle<io::Result<()>>> {
        self.over.store(true, Ordering::Release);
        self.thread.take().inspect(|thread| thread.thread().unpark())
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        // It may be waiting for the disk: nobody waits for what is not wanted any more.
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_loss_on_the_way_is_told_at_the_end() {
        let mut file = tempfile::tempfile().unwrap();
        let syncing = Syncing::begin(file.try_clone().unwrap());
        file.write_all(b"all of it").unwrap();
        thread::sleep(2 * PERIOD);
        syncing.finish().unwrap();
        // A pipe has no disk to go to.
        let (_, writer) = io::pipe().unwrap();
        let syncing = Syncing::begin(File::from(std::os::fd::OwnedFd::from(writer)));
        thread::sleep(2 * PERIOD);
        assert_eq!(syncing.finish().unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
