//! A limit of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Ends what takes longer when the time is over, unless dropped before.
pub struct Limit {
    over: Arc<AtomicBool>,
    /// Tells the waiting thread by its end that nobody waits for the limit any more.
    _done: Sender<()>,
}

impl Limit {
    /// Begins to wait; `end` ends what takes longer.
    pub fn begin(time: Duration, end: impl FnOnce() + Send + 'static) -> Limit {
        let over = Arc::new(AtomicBool::new(false));
        let (done, wait) = channel();
        let flag = Arc::clone(&over);
        thread::spawn(move || {
            if wait.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                flag.store(true, Ordering::SeqCst);
                end();
            }
        });
        Limit { over, _done: done }
    }

    /// Says whether the time is over.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }
}
