//! What was found out so far, told even if a signal ends the run.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use scratch::AtSignal;

use crate::report::{self, Targets};
use crate::verdict::{Report, Run};

/// How long whoever reads the reports may take before the process ends without.
const PATIENCE: Duration = Duration::from_secs(10);

/// A run that goes on. If a signal ends it, the reports tell what was found out so far, as trouble: what they said before
/// must not be taken for this run's.
pub struct Standing {
    state: Arc<Mutex<State>>,
    at_signal: AtSignal,
}

struct State {
    run: Run,
    /// The reports, until somebody writes them.
    targets: Option<Targets>,
    /// Whether standard output gets JSON.
    json: bool,
    begin: Instant,
    /// The backup that is looked at, and its database.
    now: Option<(String, String)>,
}

impl Standing {
    /// Begins a run.
    pub fn begin(run: Run, targets: Targets, json: bool) -> Standing {
        let state = State { run, targets: Some(targets), json, begin: Instant::now(), now: None };
        let state = Arc::new(Mutex::new(state));
        let at_end = Arc::clone(&state);
        let at_signal = scratch::last_at_signal(move |signal| {
            let (done, wait) = channel::<()>();
            // On a thread of its own, because a pipe may have nobody who reads it.
            thread::spawn(move || {
                hold(&at_end).stop(signal);
                drop(done);
            });
            let _ = wait.recv_timeout(PATIENCE);
        });
        Standing { state, at_signal }
    }

    /// Lets the run be changed.
    pub fn change(&self, change: impl FnOnce(&mut Run)) {
        change(&mut hold(&self.state).run);
    }

    /// Says which backup is looked at.
    pub fn look_at(&self, backup: &str, database: &str) {
        hold(&self.state).now = Some((backup.to_owned(), database.to_owned()));
    }

    /// Takes what was found out of that backup.
    pub fn found(&self, report: Report) {
        let mut state = hold(&self.state);
        state.now = None;
        state.run.backups.push(report);
    }

    /// Ends the run, unless a signal does: then this waits for the end of the process.
    pub fn end(self) -> (Run, Option<Targets>) {
        drop(self.at_signal);
        let mut state = hold(&self.state);
        let mut run = std::mem::take(&mut state.run);
        run.time = state.begin.elapsed();
        (run, state.targets.take())
    }
}

impl State {
    fn stop(&mut self, signal: &str) {
        let why = format!("stopped by signal {signal}");
        let mut run = std::mem::take(&mut self.run);
        run.time = self.begin.elapsed();
        if let Some((backup, database)) = self.now.take() {
            let trouble = Some(why.clone());
            run.backups.push(Report { backup, database, trouble, ..Report::default() });
        }
        run.trouble = Some(why);
        if let Some(Err(error)) = self.targets.take().map(|targets| targets.write(&run)) {
            cli::report_failure(&error.into());
        }
        if self.json {
            // Nobody is there any more to be told that nobody reads.
            let _ = crate::print(&format!("{:#}\n", report::to_json(&run)));
        }
    }
}

fn hold(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(|poison| poison.into_inner())
}
