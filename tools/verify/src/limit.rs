//! A limit of time: what takes longer is ended with its server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use scratch::Breaker;

/// Ends the server when the time is over, unless dropped before.
pub struct Limit {
    over: Arc<AtomicBool>,
    /// Tells the waiting thread by its end that nobody waits for the limit any more.
    _done: Sender<()>,
}

impl Limit {
    /// Begins to wait.
    pub fn begin(time: Duration, breaker: Breaker) -> Limit {
        let over = Arc::new(AtomicBool::new(false));
        let (done, wait) = channel();
        let flag = Arc::clone(&over);
        thread::spawn(move || {
            if wait.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                flag.store(true, Ordering::SeqCst);
                breaker.end_server();
            }
        });
        Limit { over, _done: done }
    }

    /// Says whether the time is over.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }
}
