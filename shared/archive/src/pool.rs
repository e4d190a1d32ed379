//! Work that several threads share, with a result that does not depend on their timing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::Error;

/// Returns the size above which a job takes longer than its share of the threads: then it can use some help.
pub(crate) fn fair_share(sizes: &[u64], threads: usize) -> u64 {
    let total = sizes.iter().fold(0_u64, |total, size| total.saturating_add(*size));
    total / threads.max(1) as u64
}

/// Does all jobs, those of a lower rank before any of a higher one, and the longest of a rank first. Returns the error of
/// the first one that fails in the order of the archive, among those of its rank.
///
/// `sizes[i]` is about how long job `i` takes, in any unit. A job behind one that failed may or may not be done.
pub(crate) fn run(
    threads: usize,
    sizes: &[u64],
    rank: &dyn Fn(usize) -> usize,
    work: &(dyn Fn(usize) -> Result<(), Error> + Sync),
) -> Result<(), Error> {
    let mut order: Vec<(usize, usize)> = (0..sizes.len()).map(|job| (rank(job), job)).collect();
    order.sort_by_key(|(rank, job)| (*rank, std::cmp::Reverse(sizes[*job])));
    order.chunk_by(|(rank, _), (other, _)| rank == other).try_for_each(|jobs| at_once(threads, jobs, work))
}

/// Does the jobs of one rank.
fn at_once(
    threads: usize,
    order: &[(usize, usize)],
    work: &(dyn Fn(usize) -> Result<(), Error> + Sync),
) -> Result<(), Error> {
    let next = AtomicUsize::new(0);
    let failed = AtomicUsize::new(usize::MAX);
    let labour = || {
        let mut first = None;
        while let Some((_, job)) = order.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
            // A job before the one that failed may fail as well, and then that one counts.
            if job > failed.load(Ordering::Relaxed) {
                continue;
            }
            if let Err(error) = work(job) {
                failed.fetch_min(job, Ordering::Relaxed);
                first = Some((job, error)).into_iter().chain(first).min_by_key(|(job, _)| *job);
            }
        }
        first
    };
    let threads = threads.min(order.len());
    let results: Vec<Option<(usize, Error)>> = thread::scope(|scope| {
        let mut started = Vec::new();
        for _ in 1..threads {
            // A thread the system refuses is done without.
            match thread::Builder::new().spawn_scoped(scope, labour) {
                Ok(handle) => started.push(handle),
                Err(_) => break,
            }
        }
        let mut results = vec![labour()];
        for handle in started {
            results.push(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    });
    results.into_iter().flatten().min_by_key(|(job, _)| *job).map_or(Ok(()), |(_, error)| Err(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_of_the_archive_counts() {
        for threads in [0, 1, 2, 7] {
            for _ in 0..50 {
                let sizes: Vec<u64> = (0..40).map(|job| job * 7 % 11).collect();
                let error = run(threads, &sizes, &|_| 0, &|job| match job {
                    13 | 14 | 30 => Err(Error::damaged("x".as_ref(), job as u64, "bad")),
                    _ => Ok(()),
                });
                assert_eq!(error.unwrap_err().to_string(), "bad, at byte 13: x");
            }
        }
    }

    #[test]
    fn ranks_are_done_one_behind_the_other() {
        let begun = std::sync::Mutex::new(Vec::new());
        let rank = |job: usize| job / 10;
        run(4, &[1; 40], &rank, &|job| {
            begun.lock().unwrap().push(rank(job));
            Ok(())
        })
        .unwrap();
        assert!(begun.into_inner().unwrap().is_sorted());
    }

    #[test]
    fn all_jobs_are_done_once() {
        let done: Vec<AtomicUsize> = (0..100).map(|_| AtomicUsize::new(0)).collect();
        let sizes: Vec<u64> = (0..100).collect();
        run(4, &sizes, &|_| 0, &|job| {
            done[job].fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
        assert!(done.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        run(4, &[], &|_| 0, &|_| Ok(())).unwrap();
        assert_eq!(fair_share(&[10, 20, 30], 2), 30);
        assert_eq!(fair_share(&[u64::MAX, 1], 0), u64::MAX);
    }
}
