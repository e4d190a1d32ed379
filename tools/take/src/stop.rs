//! The end of a pg_dump that nobody wants to go on.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use scratch::{Pipe, Stopper};

/// Ends a program from any thread, also one that is not started yet.
#[derive(Debug, Default)]
pub struct Stop {
    wanted: AtomicBool,
    program: Mutex<Option<Stopper>>,
}

impl Stop {
    /// Tells what there is to be ended.
    pub fn of(&self, pipe: &Pipe) {
        let mut program = self.program.lock().unwrap_or_else(|poison| poison.into_inner());
        *program = Some(pipe.stopper());
        if self.is_wanted() {
            pipe.stopper().stop();
        }
    }

    /// Ends it.
    pub fn stop(&self) {
        self.wanted.store(true, Ordering::Release);
        let program = self.program.lock().unwrap_or_else(|poison| poison.into_inner());
        program.iter().for_each(Stopper::stop);
    }

    /// Says whether it was or will be ended.
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }
}
