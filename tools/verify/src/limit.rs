//! Limits of time and disk.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use archive::Stop;
use scratch::Footprint;

const TIME_IS_OVER: &str = "the time limit was reached (`--timeout`)";
/// How often the disk is looked at, at most; more seldom where that takes long.
const PAUSE: Duration = Duration::from_secs(1);
/// A restored backup takes so many times its bytes, with indexes and all, and so many bytes more.
const TIMES: u64 = 10;
const MORE: u64 = 5_000_000_000;

/// What one backup may take. When it is over, whatever works on the backup is ended.
pub struct Limit {
    state: Arc<State>,
    /// Tells the waiting thread by its end that nobody waits for the limit any more.
    _done: Option<Sender<()>>,
}

#[derive(Default)]
struct State {
    /// Why it is over.
    over: OnceLock<String>,
    /// Ends the reading of the backup.
    stop: Stop,
    /// What else is to be ended.
    end: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl State {
    fn end(&self) -> MutexGuard<'_, Option<Box<dyn FnOnce() + Send>>> {
        self.end.lock().unwrap_or_else(|poison| poison.into_inner())
    }

    fn is_over(&self, why: String) {
        let mut end = self.end();
        // The first reason is the reason.
        if self.over.set(why).is_ok() {
            self.stop.stop();
            if let Some(end) = end.take() {
                end();
            }
        }
    }
}

/// How much of the disk a server may take.
#[derive(Clone, Copy, Debug)]
pub struct Disk(u64);

impl Disk {
    /// Returns what restoring a backup of so many bytes may take at most.
    pub fn of_backup(bytes: u64) -> Disk {
        Disk(bytes.saturating_mul(TIMES).saturating_add(MORE))
    }

    fn why(self, taken: u64) -> Option<String> {
        let limit = self.0 as f64 / 1e9;
        (taken > self.0).then(|| {
            format!(
                "took more than {limit:.1} GB of disk, which is {TIMES} times what the backup holds and {} GB more",
                MORE / 1_000_000_000
            )
        })
    }
}

/// What is ended when a limit is over; no longer, once this is dropped.
pub struct Ending {
    state: Arc<State>,
    _done: Option<Sender<()>>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        *self.state.end() = None;
    }
}

impl Limit {
    /// Begins to wait, if there is a limit of time.
    pub fn begin(time: Option<Duration>) -> Limit {
        let state = Arc::new(State::default());
        let done = time.map(|time| {
            let (done, wait) = channel();
            let state = Arc::clone(&state);
            thread::spawn(move || {
                if wait.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                    state.is_over(TIME_IS_OVER.to_owned());
                }
            });
            done
        });
        Limit { state, _done: done }
    }

    /// Returns why it is over, if it is.
    pub fn over(&self) -> Option<&str> {
        self.state.over.get().map(String::as_str)
    }

    /// Returns what ends the reading of the backup when it is over.
    pub fn stop(&self) -> &Stop {
        &self.state.stop
    }

    /// Has something else ended when it is over; at once if it is.
    pub fn ends(&self, end: impl FnOnce() + Send + 'static) -> Ending {
        let mut place = self.state.end();
        match self.over() {
            Some(_) => end(),
            None => *place = Some(Box::new(end)),
        }
        drop(place);
        Ending { state: Arc::clone(&self.state), _done: None }
    }

    /// The same, also when a server takes more of the disk than it may, or nearly all that there was.
    pub fn ends_large(
        &self,
        footprint: Footprint,
        disk: Disk,
        end: impl FnOnce() + Send + 'static,
    ) -> Ending {
        let mut ending = self.ends(end);
        let (done, wait) = channel::<()>();
        let state = Arc::clone(&self.state);
        // Others need the disk as well.
        let most = (footprint.taken().saturating_add(footprint.free()) / 20).saturating_mul(19);
        thread::spawn(move || {
            let mut pause = PAUSE;
            while wait.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let begin = Instant::now();
                let taken = footprint.taken();
                let full =
                    || (taken > most).then(|| format!("disk nearly full: took {:.1} GB", taken as f64 / 1e9));
                if let Some(why) = disk.why(taken).or_else(full) {
                    return state.is_over(why);
                }
                pause = PAUSE.max(10 * begin.elapsed());
            }
        });
        ending._done = Some(done);
        ending
    }
}

#[cfg(test)]
mod tests {
    use scratch::{Cluster, Programs};

    use super::*;

    #[test]
    fn what_takes_too_long_is_ended_once() {
        let limit = Limit::begin(Some(Duration::from_millis(50)));
        let (ended, wait) = channel();
        let other = ended.clone();
        drop(limit.ends(move || other.send("gone").unwrap()));
        let _ending = limit.ends(move || ended.send("there").unwrap());
        assert_eq!(wait.recv(), Ok("there"));
        assert_eq!(limit.over(), Some(TIME_IS_OVER));
        // What begins later is ended as it begins.
        let (ended, wait) = channel();
        let _ending = limit.ends(move || ended.send(()).unwrap());
        assert_eq!(wait.try_recv(), Ok(()));
        assert_eq!(Limit::begin(None).over(), None);
    }

    #[test]
    fn what_takes_too_much_of_the_disk_is_ended() {
        let Some(programs) = Programs::find_optional().unwrap() else { return };
        let cluster = Cluster::start(&programs).unwrap();
        let (limit, breaker) = (Limit::begin(None), cluster.breaker());
        let disk = Disk(cluster.footprint().taken() + 200_000_000);
        let _ending = limit.ends_large(cluster.footprint(), disk, move || breaker.end_server());
        cluster.psql("postgres", "CREATE TABLE small AS SELECT generate_series(1, 100000) AS n").unwrap();
        thread::sleep(2 * PAUSE);
        assert_eq!(limit.over(), None);
        let large = "CREATE TABLE large AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 100000000)";
        cluster.psql("postgres", large).unwrap_err();
        assert!(
            limit.over().is_some_and(|why| why.starts_with("took more than 0.2 GB of disk")),
            "{:?}",
            limit.over()
        );
    }

    #[test]
    fn the_disk_is_for_small_and_large_backups() {
        assert_eq!(Disk::of_backup(0).why(MORE), None);
        let why = "took more than 5.0 GB of disk, which is 10 times what the backup holds and 5 GB more";
        assert_eq!(Disk::of_backup(0).why(MORE + 1).as_deref(), Some(why));
        assert_eq!(Disk::of_backup(1 << 40).why(TIMES << 40), None);
        assert_eq!(Disk::of_backup(u64::MAX).why(u64::MAX), None);
    }
}
