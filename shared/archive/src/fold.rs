//! The fold over the lines of a stretch of a regular file, by several threads through handles of their own.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::find::{Searcher, Tuning, Worker};

/// What one block's lines came to.
struct Folded<T> {
    /// Where the block starts.
    start: u64,
    value: T,
    /// Where the line starts that ends the stretch, if it is in this block.
    end: Option<u64>,
}

/// The blocks that are still to be claimed, in the order of the file.
struct Claims {
    next: AtomicU64,
    /// The smallest block that held the end, or could not be read: blocks behind it need no work.
    settled: AtomicU64,
    block: u64,
    len: u64,
}

impl Claims {
    fn claim(&self) -> Option<(u64, u64)> {
        let start = self.next.fetch_add(self.block, Ordering::Relaxed);
        let needed = start < self.len && start <= self.settled.load(Ordering::Relaxed);
        needed.then(|| (start, self.len.min(start.saturating_add(self.block))))
    }
}

/// Folds the lines from `from` on up to the first one that starts with `end`, in a file of `len` bytes.
///
/// A line is folded with the others of the block that it starts in; the blocks' values come back in the order of the
/// file. `None` if no line starts with `end`. The line at `from` itself is never the end.
pub(crate) fn fold<T, F>(
    searcher: &mut Searcher,
    from: u64,
    len: u64,
    end: &[u8],
    line: &F,
) -> io::Result<Option<(Vec<T>, u64)>>
where
    T: Default + Send,
    F: Fn(&mut T, &[u8]) + Sync,
{
    let tuning = searcher.tuning();
    let Some((first, others)) = searcher.workers_mut().split_first_mut() else { return Ok(None) };
    let mut values = Vec::new();
    // Most tables are small: they must not pay for threads.
    let alone = if others.is_empty() { len } else { len.min(from.saturating_add(tuning.ahead)) };
    let mut start = from;
    let mut block = tuning.first as u64;
    while start < alone {
        let stop = alone.min(start.saturating_add(block));
        let folded = fold_block(first, (start, stop), from, len, end, line)?;
        values.push(folded.value);
        if let Some(end) = folded.end {
            return Ok(Some((values, end)));
        }
        (start, block) = (stop, (2 * block).min(tuning.block as u64));
    }
    let (mut rest, end) = fold_together(first, others, (from, alone, len), end, line, tuning)?;
    rest.sort_by_key(|folded| folded.start);
    let Some(end) = end else { return Ok(None) };
    values.extend(rest.into_iter().filter(|folded| folded.start < end).map(|folded| folded.value));
    Ok(Some((values, end)))
}

type Blocks<T> = (Vec<Folded<T>>, Option<u64>);

fn fold_together<T, F>(
    first: &mut Worker,
    others: &mut [Worker],
    (from, start, len): (u64, u64, u64),
    end: &[u8],
    line: &F,
    tuning: Tuning,
) -> io::Result<Blocks<T>>
where
    T: Default + Send,
    F: Fn(&mut T, &[u8]) + Sync,
{
    let claims = Claims {
        next: AtomicU64::new(start),
        settled: AtomicU64::new(u64::MAX),
        block: tuning.block as u64,
        len,
    };
    let work = |worker: &mut Worker| -> (Vec<Folded<T>>, Option<(u64, io::Error)>) {
        let mut done = Vec::new();
        while let Some(block) = claims.claim() {
            match fold_block(worker, block, from, len, end, line) {
                Ok(folded) => {
                    if folded.end.is_some() {
                        claims.settled.fetch_min(block.0, Ordering::Relaxed);
                    }
                    done.push(folded);
                }
                Err(error) => {
                    claims.settled.fetch_min(block.0, Ordering::Relaxed);
                    return (done, Some((block.0, error)));
                }
            }
        }
        (done, None)
    };
    let outcomes = thread::scope(|scope| {
        let work = &work;
        let mut started = Vec::with_capacity(others.len());
        for other in others {
            // A thread the system refuses is done without: the others claim its blocks.
            match thread::Builder::new().spawn_scoped(scope, move || work(other)) {
                Ok(handle) => started.push(handle),
                Err(_) => break,
            }
        }
        let mut outcomes = vec![work(first)];
        for handle in started {
            outcomes.push(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        outcomes
    });
    let (mut blocks, mut failure) = (Vec::new(), None::<(u64, io::Error)>);
    for (done, error) in outcomes {
        blocks.extend(done);
        if let Some((at, error)) = error
            && failure.as_ref().is_none_or(|(known, _)| at < *known)
        {
            failure = Some((at, error));
        }
    }
    let end = blocks.iter().filter_map(|folded| folded.end).min();
    // An error behind the end is none: whether anybody read that far is up to the timing of the threads.
    match failure {
        Some((at, error)) if end.is_none_or(|end| at < end) => Err(error),
        _ => Ok((blocks, end)),
    }
}

/// Folds the lines that start in a block.
fn fold_block<T, F>(
    worker: &mut Worker,
    (start, stop): (u64, u64),
    from: u64,
    len: u64,
    end: &[u8],
    line: &F,
) -> io::Result<Folded<T>>
where
    T: Default,
    F: Fn(&mut T, &[u8]),
{
    /// What is read behind a block for the line that goes on there.
    const OVERLAP: u64 = 4 << 10;
    /// A longer line is not kept in memory: whoever reads on has to do that piece by piece.
    const LONGEST: u64 = 64 << 20;
    let mut value = T::default();
    // Whether a line starts at the block's first byte is told by the one before it.
    let begin = if start == from { start } else { start - 1 };
    let mut until = len.min(stop + OVERLAP);
    loop {
        let bytes = worker.load(begin, (until - begin) as usize)?;
        let mut at = match start == from {
            true => 0,
            // A line that started before is another block's.
            false => match memchr::memchr(b'\n', bytes) {
                Some(newline) => newline + 1,
                None => bytes.len(),
            },
        };
        let limit = (stop - begin) as usize;
        let inside = |at: usize| at < limit.min(bytes.len());
        let last = until == len;
        // The last line has to be there to its end before the first is folded: a second try must not count twice.
        if inside(at) && !last && memchr::memchr(b'\n', &bytes[limit.max(at)..]).is_none() {
            if until - begin > LONGEST {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            until = len.min(until + 2 * (until - begin));
            continue;
        }
        let mut lines = memchr::memchr_iter(b'\n', &bytes[at..]).map({
            let base = at;
            move |newline| base + newline
        });
        while inside(at) {
            let newline = lines.next().unwrap_or(bytes.len());
            let text = &bytes[at..newline];
            // Comparing bytes one by one is far quicker here than comparing slices.
            let ends = text.iter().zip(end).all(|(one, other)| one == other) && text.len() >= end.len();
            if ends && begin + at as u64 != from {
                return Ok(Folded { start, value, end: Some(begin + at as u64) });
            }
            line(&mut value, text);
            at = newline + 1;
        }
        return Ok(Folded { start, value, end: None });
    }
}
