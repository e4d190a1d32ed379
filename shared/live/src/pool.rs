//! Several connections that share work.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use connect::{Client, Error};

/// Does something with each of several things over up to `jobs` connections; returns the results in their order.
///
/// # Errors
/// The first that a connection or the work gives; work already begun is finished, no other is.
pub fn read<T: Sync, R: Send>(
    jobs: usize,
    things: &[T],
    connect: &(dyn Fn() -> Result<Client, Error> + Sync),
    work: &(dyn Fn(&mut Client, &T) -> Result<R, Error> + Sync),
) -> Result<Vec<R>, Error> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::new());
    let worker = || -> Result<(), Error> {
        let mut client = connect()?;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(at) else { return Ok(()) };
            let result = work(&mut client, thing).inspect_err(|_| {
                next.store(things.len(), Ordering::Relaxed);
            })?;
            done.lock().unwrap_or_else(|poison| poison.into_inner()).push((at, result));
        }
    };
    let threads = jobs.min(things.len());
    let results: Vec<Result<(), Error>> = thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let panicked = |_| Err(Error::Lost(std::io::Error::other("a thread panicked")));
        started.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    });
    results.into_iter().collect::<Result<(), Error>>()?;
    let mut done = done.into_inner().unwrap_or_else(|poison| poison.into_inner());
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}
