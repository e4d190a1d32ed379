//! A stable order for the rows of a reference table, however large it is.
//!
//! A server hands rows out in no particular order, so a table that goes into git is sorted by its primary key. The
//! key may stand behind the data in a dump: [`Spool`] keeps the rows until it is known, [`Sorter`] puts them in order.
//! Both hold a bounded part in memory and the rest in unnamed temporary files, which vanish with the process.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use rayon::slice::ParallelSliceMut;
use tempfile::SpooledTempFile;

/// How many sorted runs are merged at once; more runs are merged in several passes.
const FAN_IN: usize = 64;

/// The bookkeeping for one row in memory, counted against the budget.
const ROW_OVERHEAD: usize = size_of::<(usize, usize)>();

/// How much a [`Spool`] keeps in memory before it opens a temporary file, in bytes.
const SPOOL_IN_MEMORY: usize = 256 * 1024;

/// The columns that rows are sorted by, the most important first.
///
/// Rows that are equal in all of them are ordered by the bytes of the whole row, so the order never depends on the
/// order in which the rows came. An empty key orders by the bytes of the row alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key {
    /// The columns, the most important first.
    pub columns: Vec<KeyColumn>,
}

/// One column of a [`Key`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyColumn {
    /// The position of the field in the row, from zero.
    pub index: usize,
    /// Whether values are compared as numbers.
    ///
    /// Numbers have any length and order as PostgreSQL orders `numeric`: `-Infinity`, the finite ones, `Infinity`,
    /// `NaN`. A value that is no number sorts behind them, by its bytes.
    pub numeric: bool,
}

impl Key {
    /// Compares two rows of COPY text, given without their newline.
    ///
    /// Values are compared as they are written, without undoing the escapes of COPY. A null (`\N`) or missing value
    /// sorts last.
    ///
    /// ```
    /// use std::cmp::Ordering;
    /// use tree::rows::{Key, KeyColumn};
    /// let key = Key { columns: vec![KeyColumn { index: 1, numeric: true }] };
    /// assert_eq!(key.compare(b"b\t9", b"a\t10"), Ordering::Less);
    /// assert_eq!(key.compare(b"b\t9", b"a\t9.0"), Ordering::Greater);
    /// assert_eq!(key.compare(b"a\t\\N", b"a\t10"), Ordering::Greater);
    /// ```
    pub fn compare(&self, left: &[u8], right: &[u8]) -> Ordering {
        for column in &self.columns {
            let order = match (field(left, column.index), field(right, column.index)) {
                (Some(left), Some(right)) if column.numeric => compare_numeric(left, right),
                (Some(left), Some(right)) => left.cmp(right),
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
            };
            if order.is_ne() {
                return order;
            }
        }
        left.cmp(right)
    }
}

/// The value at a position of a row, `None` where it is null or the row is too short.
fn field(row: &[u8], index: usize) -> Option<&[u8]> {
    let start = match index {
        0 => 0,
        _ => memchr::memchr_iter(b'\t', row).nth(index - 1)? + 1,
    };
    let rest = &row[start..];
    let value = &rest[..memchr::memchr(b'\t', rest).unwrap_or(rest.len())];
    (value != b"\\N").then_some(value)
}

fn compare_numeric(left: &[u8], right: &[u8]) -> Ordering {
    match (Number::parse(left), Number::parse(right)) {
        (Some(left), Some(right)) => left.compare(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}

/// A number as it is written; zeros in front are gone, so that the number of digits tells the size.
enum Number<'a> {
    Finite { sign: i8, exponent: i64, whole: &'a [u8], fraction: &'a [u8] },
    Infinity { negative: bool },
    Nan,
}

impl<'a> Number<'a> {
    fn parse(text: &'a [u8]) -> Option<Number<'a>> {
        let (negative, digits) = match text {
            b"NaN" => return Some(Number::Nan),
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        if digits == b"Infinity" {
            return Some(Number::Infinity { negative });
        }
        let (mut whole, rest) = split_digits(digits);
        let (mut fraction, rest) = match rest {
            [b'.', rest @ ..] => split_digits(rest),
            _ => (&rest[..0], rest),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        // Floating-point columns print large and small values as `1e+20`.
        let shift = match rest {
            [] => 0,
            [b'e' | b'E', power @ ..] => i64::from(std::str::from_utf8(power).ok()?.parse::<i32>().ok()?),
            _ => return None,
        };
        whole = trim_zeros(whole);
        // The power of ten just above the first digit that is not zero.
        let mut exponent = shift.saturating_add_unsigned(whole.len() as u64);
        if whole.is_empty() {
            let significant = trim_zeros(fraction);
            exponent = exponent.saturating_sub_unsigned((fraction.len() - significant.len()) as u64);
            fraction = significant;
        }
        let sign = match (whole.is_empty() && fraction.is_empty(), negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        Some(Number::Finite { sign, exponent, whole, fraction })
    }

    fn compare(&self, other: &Number<'_>) -> Ordering {
        match (self, other) {
            (
                Number::Finite { sign, exponent, whole, fraction },
                Number::Finite { sign: sign2, exponent: exponent2, whole: whole2, fraction: fraction2 },
            ) => sign.cmp(sign2).then_with(|| {
                let magnitude = || {
                    if whole.len() == whole2.len() && fraction.is_empty() && fraction2.is_empty() {
                        return whole.cmp(whole2);
                    }
                    compare_digits(whole.iter().chain(*fraction), whole2.iter().chain(*fraction2))
                };
                match sign {
                    0 => Ordering::Equal,
                    1 => exponent.cmp(exponent2).then_with(magnitude),
                    _ => exponent.cmp(exponent2).then_with(magnitude).reverse(),
                }
            }),
            _ => self.class().cmp(&other.class()),
        }
    }

    fn class(&self) -> u8 {
        match self {
            Number::Infinity { negative: true } => 0,
            Number::Finite { .. } => 1,
            Number::Infinity { negative: false } => 2,
            Number::Nan => 3,
        }
    }
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}

fn trim_zeros(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().position(|&digit| digit != b'0').unwrap_or(digits.len())..]
}

/// Compares digits that begin at the same power of ten; the shorter side goes on with zeros.
fn compare_digits<'a>(
    mut left: impl Iterator<Item = &'a u8>,
    mut right: impl Iterator<Item = &'a u8>,
) -> Ordering {
    loop {
        let (left, right) = (left.next(), right.next());
        if left.is_none() && right.is_none() {
            return Ordering::Equal;
        }
        let order = left.unwrap_or(&b'0').cmp(right.unwrap_or(&b'0'));
        if order.is_ne() {
            return order;
        }
    }
}

/// Sorts rows that need not fit into memory.
///
/// Rows are gathered up to the budget, sorted, and written to a temporary file; the files are merged at the end.
/// At most 64 files are read at a time, each through a buffer of at most 64 KiB, and at most 64 per pass are open.
/// Beside the budget it needs memory for those buffers and, while it merges, for one row of every file.
///
/// ```
/// use tree::rows::{Key, KeyColumn, Sorter};
/// let mut sorter = Sorter::new(Key { columns: vec![KeyColumn { index: 0, numeric: true }] }, 1 << 20);
/// for row in ["10\tten", "9\tnine", "\\N\tnone"] {
///     sorter.push(row.as_bytes())?;
/// }
/// let mut out = Vec::new();
/// assert_eq!(sorter.finish(&mut out)?, 3);
/// assert_eq!(out, b"9\tnine\n10\tten\n\\N\tnone\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Sorter {
    key: Key,
    budget: usize,
    /// The rows in memory, one behind the other, and where each of them lies: its start and its end.
    data: Vec<u8>,
    places: Vec<(usize, usize)>,
    /// Sorted runs on disk. A run of pass `n` holds the rows of `FAN_IN` runs of pass `n - 1`.
    passes: Vec<Vec<File>>,
}

impl Sorter {
    /// Makes an empty sorter that keeps about `budget_bytes` bytes of rows in memory, its bookkeeping included.
    ///
    /// A row larger than the budget is no error: it is held alone.
    pub fn new(key: Key, budget_bytes: usize) -> Sorter {
        Sorter { key, budget: budget_bytes, data: Vec::new(), places: Vec::new(), passes: Vec::new() }
    }

    /// Adds a row, one line of COPY text without its newline.
    ///
    /// # Errors
    ///
    /// A temporary file that cannot be made, written or read.
    pub fn push(&mut self, row: &[u8]) -> io::Result<()> {
        let needed = self.data.len() + row.len();
        if !self.places.is_empty() && needed + (self.places.len() + 1) * ROW_OVERHEAD > self.budget {
            self.spill()?;
        }
        let needed = self.data.len() + row.len();
        if needed > self.data.capacity() {
            // Doubling without a limit could hold twice the budget.
            let target = (2 * self.data.capacity()).min(self.budget).max(needed);
            self.data.reserve_exact(target - self.data.len());
        }
        self.places.push((self.data.len(), needed));
        self.data.extend_from_slice(row);
        Ok(())
    }

    /// Writes all rows in order, each followed by a newline, and returns how many there are.
    ///
    /// # Errors
    ///
    /// What `out` reports, as it is; a temporary file that cannot be made, written or read, which the message says.
    pub fn finish(mut self, out: &mut impl Write) -> io::Result<u64> {
        self.sort_memory();
        if self.passes.is_empty() {
            for &(start, end) in &self.places {
                write_row(out, &self.data[start..end])?;
            }
            return Ok(self.places.len() as u64);
        }
        // The rows in memory join the last merge without a detour over the disk. Early passes hold the short runs:
        // these are merged first.
        let mut runs: Vec<File> = std::mem::take(&mut self.passes).into_iter().flatten().collect();
        while runs.len() > FAN_IN {
            let count = (runs.len() - FAN_IN + 1).min(FAN_IN);
            let merged = self.merge_to_file(runs.drain(..count).collect())?;
            runs.push(merged);
        }
        let memory = self.places.iter().map(|&(start, end)| &self.data[start..end]);
        let mut sources = self.open(runs)?;
        sources.push(Source::Memory(Box::new(memory)));
        merge(&self.key, sources, |row| write_row(out, row))
    }

    fn sort_memory(&mut self) {
        let (key, data) = (&self.key, &self.data);
        // Rows that compare as equal are equal in every byte, so an unstable sort gives the same output.
        self.places
            .par_sort_unstable_by(|left, right| key.compare(&data[left.0..left.1], &data[right.0..right.1]));
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort_memory();
        let mut run = RunWriter::new()?;
        for &(start, end) in &self.places {
            run.push(&self.data[start..end])?;
        }
        self.data.clear();
        self.data.shrink_to(self.budget);
        self.places.clear();
        let mut run = run.finish()?;
        // Full passes are merged at once: a process may open only so many files.
        for pass in 0.. {
            if pass == self.passes.len() {
                self.passes.push(Vec::new());
            }
            self.passes[pass].push(run);
            if self.passes[pass].len() < FAN_IN {
                break;
            }
            let full = std::mem::take(&mut self.passes[pass]);
            run = self.merge_to_file(full)?;
        }
        Ok(())
    }

    fn merge_to_file(&self, runs: Vec<File>) -> io::Result<File> {
        let mut merged = RunWriter::new()?;
        merge(&self.key, self.open(runs)?, |row| merged.push(row))?;
        merged.finish()
    }

    fn open<'a>(&self, runs: Vec<File>) -> io::Result<Vec<Source<'a>>> {
        let buffer = (self.budget / FAN_IN).clamp(4 * 1024, 64 * 1024);
        let open = |mut run: File| {
            run.rewind().map_err(temporary)?;
            Ok(Source::Run(BufReader::with_capacity(buffer, run)))
        };
        runs.into_iter().map(open).collect()
    }
}

fn write_row(out: &mut impl Write, row: &[u8]) -> io::Result<()> {
    out.write_all(row)?;
    out.write_all(b"\n")
}

/// Tells a failing temporary file from failing input or output.
fn temporary(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot use a temporary file: {error}"))
}

/// A sorted run on disk: each row behind its length in 8 bytes, since a row may hold any byte.
struct RunWriter(BufWriter<File>);

impl RunWriter {
    fn new() -> io::Result<RunWriter> {
        Ok(RunWriter(BufWriter::with_capacity(64 * 1024, tempfile::tempfile().map_err(temporary)?)))
    }

    fn push(&mut self, row: &[u8]) -> io::Result<()> {
        let length = (row.len() as u64).to_le_bytes();
        self.0.write_all(&length).and_then(|()| self.0.write_all(row)).map_err(temporary)
    }

    fn finish(self) -> io::Result<File> {
        self.0.into_inner().map_err(|error| temporary(error.into_error()))
    }
}

/// Rows in order, from a run or from memory.
enum Source<'a> {
    Run(BufReader<File>),
    Memory(Box<dyn Iterator<Item = &'a [u8]> + 'a>),
}

impl Source<'_> {
    /// Puts the next row into `row`; returns `false` at the end.
    fn next_into(&mut self, row: &mut Vec<u8>) -> io::Result<bool> {
        row.clear();
        match self {
            Source::Memory(rows) => Ok(rows.next().map(|next| row.extend_from_slice(next)).is_some()),
            Source::Run(file) => {
                if file.fill_buf().map_err(temporary)?.is_empty() {
                    return Ok(false);
                }
                let mut length = [0; 8];
                file.read_exact(&mut length).map_err(temporary)?;
                let length = u64::from_le_bytes(length);
                let read = file.take(length).read_to_end(row).map_err(temporary)?;
                if (read as u64) < length {
                    return Err(temporary(io::ErrorKind::UnexpectedEof.into()));
                }
                Ok(true)
            }
        }
    }
}

/// The next row of a source, in a heap that gives the smallest first.
struct Head<'k, 's> {
    row: Vec<u8>,
    source: Source<'s>,
    key: &'k Key,
}

impl Ord for Head<'_, '_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.compare(&other.row, &self.row)
    }
}

impl PartialOrd for Head<'_, '_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head<'_, '_> {}

fn merge(
    key: &Key,
    sources: Vec<Source<'_>>,
    mut emit: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let mut heap = BinaryHeap::with_capacity(sources.len());
    for mut source in sources {
        let mut row = Vec::new();
        if source.next_into(&mut row)? {
            heap.push(Head { row, source, key });
        }
    }
    let mut count = 0;
    while let Some(mut head) = heap.peek_mut() {
        emit(&head.row)?;
        count += 1;
        let Head { row, source, .. } = &mut *head;
        if !source.next_into(row)? {
            PeekMut::pop(head);
        }
    }
    Ok(count)
}

/// Keeps the data of tables until it is known how to sort it.
///
/// All tables share one temporary file, however many there are; what is small stays in memory. Where the data of a table
/// lies is for the caller to keep.
///
/// ```
/// use std::io::Write;
/// let mut spool = tree::rows::Spool::new();
/// spool.write_all(b"1\tone\n2\tt")?;
/// spool.write_all(b"wo\n")?;
/// let end = spool.position();
/// spool.write_all(b"of another table\n")?;
/// let mut rows = Vec::new();
/// let count = spool.for_each_row(&[0..end], |row| {
///     rows.push(row.to_vec());
///     Ok::<(), std::io::Error>(())
/// })?;
/// assert_eq!((count, &rows[1][..]), (2, &b"2\ttwo"[..]));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Spool {
    file: BufWriter<SpooledTempFile>,
    length: u64,
}

impl Spool {
    /// Makes an empty spool.
    pub fn new() -> Spool {
        let file = SpooledTempFile::new(SPOOL_IN_MEMORY);
        Spool { file: BufWriter::with_capacity(64 * 1024, file), length: 0 }
    }

    /// Returns where the next byte goes, from zero.
    pub fn position(&self) -> u64 {
        self.length
    }

    /// Calls `take` with every row of the pieces, one behind the other, without its newline, and returns how many there
    /// were.
    ///
    /// Bytes behind the last newline are a row too. Memory is bounded by the longest row.
    ///
    /// # Errors
    ///
    /// A temporary file that cannot be written or read, and the first error of `take`.
    pub fn for_each_row<E: From<io::Error>>(
        &mut self,
        pieces: &[Range<u64>],
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<u64, E> {
        self.file.flush().map_err(temporary)?;
        let file = self.file.get_mut();
        let mut begun = Vec::new();
        let mut count = 0;
        for piece in pieces {
            file.seek(SeekFrom::Start(piece.start)).map_err(temporary)?;
            let mut reader = BufReader::with_capacity(64 * 1024, file.take(piece.end - piece.start));
            loop {
                let buffer = reader.fill_buf().map_err(temporary)?;
                let length = buffer.len();
                if length == 0 {
                    break;
                }
                let mut start = 0;
                for end in memchr::memchr_iter(b'\n', buffer) {
                    let row = if begun.is_empty() {
                        Cow::Borrowed(&buffer[start..end])
                    } else {
                        begun.extend_from_slice(&buffer[start..end]);
                        Cow::Owned(std::mem::take(&mut begun))
                    };
                    take(&row)?;
                    count += 1;
                    start = end + 1;
                }
                begun.extend_from_slice(&buffer[start..]);
                reader.consume(length);
            }
        }
        if !begun.is_empty() {
            take(&begun)?;
            count += 1;
        }
        // Whoever writes on does so at the end.
        file.seek(SeekFrom::Start(self.length)).map_err(temporary)?;
        Ok(count)
    }
}

impl Default for Spool {
    fn default() -> Spool {
        Spool::new()
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes).map_err(temporary)?;
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(temporary)
    }
}

#[cfg(test)]
mod tests;
