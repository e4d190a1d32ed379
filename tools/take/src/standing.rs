//! What came of the targets so far, told even if a signal ends the run.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use cli::{Outcome, Sink};
use scratch::AtSignal;

use crate::arguments::TakeArguments;
use crate::run;
use crate::taking::Taken;

/// How long whoever is told may take before the process ends without: the grace that systemd and Kubernetes give is longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A run that goes on. If a signal ends it, everybody who would be told of its end is told, as of trouble: what they heard
/// before must not be taken for this run's.
pub struct Standing {
    state: Arc<Mutex<State>>,
    at_signal: AtSignal,
}

struct State {
    all: Vec<Taken>,
    /// The target that is being taken.
    now: Option<String>,
    /// Where the metrics go, until somebody writes them.
    prom: Option<Sink>,
}

impl Standing {
    /// Begins a run.
    pub fn begin(arguments: &TakeArguments, prom: Option<Sink>) -> Standing {
        let state = Arc::new(Mutex::new(State { all: Vec::new(), now: None, prom }));
        let (at_end, arguments) = (Arc::clone(&state), arguments.clone());
        let at_signal = scratch::last_at_signal(move |signal| {
            let (done, wait) = channel::<()>();
            // On a thread of its own, because the user's program or a pipe may take for ever.
            thread::spawn(move || {
                stop(&at_end, &arguments, signal);
                drop(done);
            });
            let _ = wait.recv_timeout(PATIENCE);
        });
        Standing { state, at_signal }
    }

    /// Says what is being taken.
    pub fn take(&self, target: &str) {
        hold(&self.state).now = Some(target.to_owned());
    }

    /// Takes what came of it.
    pub fn taken(&self, taken: Taken) {
        let mut state = hold(&self.state);
        state.now = None;
        state.all.push(taken);
    }

    /// Ends the run, unless a signal does: then this waits for the end of the process.
    pub fn end(self) -> (Vec<Taken>, Option<Sink>) {
        drop(self.at_signal);
        let mut state = hold(&self.state);
        (std::mem::take(&mut state.all), state.prom.take())
    }
}

fn stop(state: &Mutex<State>, arguments: &TakeArguments, signal: &str) {
    let (mut all, prom, now) = {
        let mut state = hold(state);
        (std::mem::take(&mut state.all), state.prom.take(), state.now.take())
    };
    let trouble = Some(format!("stopped by signal {signal}"));
    all.extend(now.map(|target| Taken { target, trouble, ..Taken::default() }));
    let (result, _) = run::conclude(arguments, &all, Outcome::Trouble, prom);
    if arguments.json {
        // Nobody is there any more to be told that nobody reads.
        let _ = run::print(&format!("{result:#}\n"));
    }
}

fn hold(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(|poison| poison.into_inner())
}
