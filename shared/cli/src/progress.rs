//! How far the work is, on stderr, for whoever waits at a terminal.

use std::fmt;
use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::escape::escape;

/// What is done before this is not worth a look.
const DELAY: Duration = Duration::from_millis(250);

const PERIOD: Duration = Duration::from_millis(100);

const WITH_TOTAL: &str =
    "{msg}  {bar:20}  {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {eta} left";
const WITHOUT_TOTAL: &str = "{msg}  {elapsed}";

/// Shows the stage of a long work on stderr, from 250 ms on: bytes done of total, rate and time left, or the time that
/// went by.
///
/// Nothing is shown unless stderr is a terminal. Copies show the same; what is shown goes with the last of them.
#[derive(Clone)]
pub struct Progress(Option<Arc<Shared>>);

struct Shared {
    begun: Instant,
    /// Bytes of the stage that are done.
    done: AtomicU64,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    subject: String,
    name: String,
    total: Option<u64>,
    /// None between two stages.
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins to show.
    pub fn start() -> Progress {
        if !stderr().is_terminal() {
            return Progress::none();
        }
        let shared =
            Arc::new(Shared { begun: Instant::now(), done: AtomicU64::new(0), shown: Mutex::default() });
        let weak = Arc::downgrade(&shared);
        thread::spawn(move || draw(&weak));
        Progress(Some(shared))
    }

    /// Returns one that shows nothing.
    pub fn none() -> Progress {
        Progress(None)
    }

    /// Says what the stages from now on are about, such as one of several files.
    pub fn about(&self, subject: &str) {
        if let Some(shared) = &self.0 {
            shared.shown().subject = escape(subject);
        }
    }

    /// Begins a stage, of so many bytes if that is known; one that goes on already does so.
    pub fn begin(&self, name: &str, total: Option<u64>) {
        self.resume(name, total, 0);
    }

    /// Begins a stage as [`begin`](Self::begin) does, some bytes of which were done before.
    pub fn resume(&self, name: &str, total: Option<u64>, done: u64) {
        let Some(shared) = &self.0 else { return };
        let mut shown = shared.shown();
        if shown.bar.is_some() && shown.name == name {
            return;
        }
        shown.clear();
        shared.done.store(done, Ordering::Relaxed);
        shown.name = name.to_owned();
        shown.total = total;
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let template = if total.is_some() { WITH_TOTAL } else { WITHOUT_TOTAL };
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(match shown.subject.is_empty() {
            true => shown.name.clone(),
            false => format!("{}: {}", shown.subject, shown.name),
        });
        shown.bar = Some(bar);
    }

    /// Counts bytes of the stage as done.
    pub fn add(&self, bytes: u64) {
        if let Some(shared) = &self.0 {
            shared.done.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Takes away what is shown, until the next stage begins.
    pub fn clear(&self) {
        if let Some(shared) = &self.0 {
            shared.shown().clear();
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").field(&self.0.is_some()).finish()
    }
}

impl Shared {
    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(|poison| poison.into_inner())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.shown().clear();
    }
}

impl Shown {
    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Draws from time to time, until nobody has anything to show.
fn draw(shared: &Weak<Shared>) {
    loop {
        thread::sleep(PERIOD);
        let Some(shared) = shared.upgrade() else { return };
        if shared.begun.elapsed() < DELAY {
            continue;
        }
        let shown = shared.shown();
        let Some(bar) = &shown.bar else { continue };
        let done = shared.done.load(Ordering::Relaxed);
        if let Some(total) = shown.total {
            // Totals are of rows as COPY writes them, and a dump may hold them as longer statements.
            bar.set_length(total.max(done));
            bar.set_position(done);
        }
        bar.tick();
    }
}
