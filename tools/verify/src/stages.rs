//! How far a restore is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use cli::Progress;
use restore::{Observer, Phase};

/// Shows which phase a restore is in.
#[derive(Debug)]
pub struct Stages {
    /// Shows it.
    pub progress: Progress,
    /// Is told that rows may be read.
    pub rows_are_final: Sender<()>,
    /// The bytes of all rows.
    pub total: u64,
    /// The bytes of those that the server got; rows may come in several stretches.
    pub sent: AtomicU64,
}

impl Observer for Stages {
    fn begin(&self, phase: Phase) {
        match phase {
            Phase::Rows => {
                self.progress.resume(name(phase), Some(self.total), self.sent.load(Ordering::Relaxed));
            }
            _ => self.progress.begin(name(phase), None),
        }
    }

    fn sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
        self.progress.add(bytes);
    }

    fn rows_are_final(&self) {
        // Nobody waits where there are no rows.
        let _ = self.rows_are_final.send(());
    }
}

/// Returns a phase in words.
pub fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Statements => "statements",
        Phase::Rows => "rows",
        Phase::Indexes => "indexes",
        Phase::ForeignKeys => "foreign keys",
    }
}
