//! The head of an archive, and the primitives that it and the table of contents are made of.

use crate::decompress::Compression;
use crate::scan::Scan;
use crate::{Error, Format};

/// The oldest archive version that is read: PostgreSQL 8.0's.
pub(crate) const OLDEST: (u8, u8, u8) = (1, 10, 0);

/// The newest archive version that is known: PostgreSQL 17's and 18's.
const NEWEST: (u8, u8) = (1, 16);

/// A longer string cannot be in a database: PostgreSQL's own values end at 1 GB.
const MAX_STRING: u64 = 1 << 30;

/// Describes an archive, from its first bytes (`ReadHead` of `pg_backup_archiver.c`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the archive is: [`Format::Custom`], [`Format::Tar`] or [`Format::Directory`].
    pub format: Format,
    /// Major, minor and revision number of the archive format, such as `(1, 16, 0)`.
    pub version: (u8, u8, u8),
    /// How the data is compressed. Up to version 1.14 only gzip is known, and a directory may differ file by file.
    pub compression: Compression,
    /// When the dump began, in the local time of the machine that ran `pg_dump`; its time zone is not known.
    pub created: Created,
    /// The name of the database.
    pub database: Option<Vec<u8>>,
    /// The version of the server, such as `15.18 (Debian 15.18-0+deb12u1)`.
    pub server_version: Option<Vec<u8>>,
    /// The version of `pg_dump`.
    pub pg_dump_version: Option<Vec<u8>>,
}

/// A time as `localtime` of C gives it. The numbers are the archive's and were not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created {
    /// The year, such as 2026.
    pub year: i64,
    /// The month, January is 1.
    pub month: i64,
    /// The day of the month, from 1.
    pub day: i64,
    /// The hour, from 0.
    pub hour: i64,
    /// The minute, from 0.
    pub minute: i64,
    /// The second, from 0.
    pub second: i64,
    /// Whether daylight saving time was in force, if that was known.
    pub daylight_saving: Option<bool>,
}

/// Sizes of the numbers in an archive, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) int: usize,
    pub(crate) offset: usize,
}

/// Reads the primitives (`ReadInt`, `ReadStr` and `ReadOffset` of `pg_backup_archiver.c`).
pub(crate) struct Primitives<'a> {
    pub(crate) scan: &'a mut Scan,
    pub(crate) sizes: Sizes,
    /// No byte at or behind this offset belongs to the table of contents.
    pub(crate) limit: u64,
    /// Where the table of contents begins.
    pub(crate) begin: u64,
    /// Memory that the entries take besides their texts.
    pub(crate) taken: u64,
}

impl Primitives<'_> {
    /// Makes sure that the next bytes are inside of the limit.
    fn room(&self, size: u64) -> Result<(), Error> {
        let at = self.scan.offset();
        match at.checked_add(size) {
            Some(end) if end.saturating_add(self.taken) - self.begin > self.scan.room().bytes() => {
                Err(Error::Inflated { path: self.scan.path().to_path_buf(), at })
            }
            Some(end) if end <= self.limit => Ok(()),
            _ => Err(self.scan.damaged(at, "the table of contents ends early or is too long")),
        }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Error> {
        self.room(1)?;
        self.scan.byte()
    }

    pub(crate) fn int(&mut self) -> Result<i64, Error> {
        self.room(1 + self.sizes.int as u64)?;
        int(self.scan, self.sizes.int)
    }

    /// Reads a string, which may be NULL.
    pub(crate) fn string(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let at = self.scan.offset();
        match self.int()? {
            -1 => Ok(None),
            size @ 0.. if size as u64 <= MAX_STRING => {
                self.room(size as u64)?;
                self.scan.bytes(size as u64).map(Some)
            }
            size => Err(self.scan.damaged(at, format!("impossible length of a string: {size}"))),
        }
    }

    /// Reads the place of an entry's data in a custom archive: a flag and an offset.
    pub(crate) fn offset(&mut self) -> Result<(u8, u64), Error> {
        let flag = self.byte()?;
        let mut offset = 0_u64;
        for shift in 0..self.sizes.offset {
            offset |= u64::from(self.byte()?) << (8 * shift);
        }
        Ok((flag, offset))
    }
}

/// Reads a number: a byte for the sign, then the magnitude, least significant byte first.
pub(crate) fn int(scan: &mut Scan, size: usize) -> Result<i64, Error> {
    let at = scan.offset();
    // Four bytes in every archive there is.
    let (sign, magnitude) = if size == 4 {
        let [sign, a, b, c, d] = scan.array()?;
        (sign, u64::from(u32::from_le_bytes([a, b, c, d])))
    } else {
        let sign = scan.byte()?;
        let mut magnitude = 0;
        for shift in 0..size {
            magnitude |= u64::from(scan.byte()?) << (8 * shift);
        }
        (sign, magnitude)
    };
    match (sign, i64::try_from(magnitude)) {
        (0, Ok(number)) => Ok(number),
        (1, Ok(number)) => Ok(-number),
        _ => Err(scan.damaged(at, "not a number: the sign or the size is impossible")),
    }
}

/// Reads the head, and returns it with what is needed to read on and the number of entries.
///
/// `limit` is the offset behind the table of contents, or where it is too long to be one.
pub(crate) fn read(scan: &mut Scan, format: Format, limit: u64) -> Result<(Header, Sizes, u64), Error> {
    let start = scan.offset();
    let mut toc = Primitives { scan, sizes: Sizes { int: 4, offset: 8 }, limit, begin: start, taken: 0 };
    toc.room(5)?;
    if toc.scan.array()? != *b"PGDMP" {
        return Err(toc.scan.damaged(start, "no archive: it does not begin with `PGDMP`"));
    }
    let version = (toc.byte()?, toc.byte()?, toc.byte()?);
    if version < OLDEST || (version.0, version.1) > NEWEST {
        return Err(Error::Version { path: toc.scan.path().to_path_buf(), version });
    }
    let at = toc.scan.offset();
    toc.sizes = Sizes { int: toc.byte()?.into(), offset: toc.byte()?.into() };
    if !(1..=8).contains(&toc.sizes.int) || !(1..=8).contains(&toc.sizes.offset) {
        return Err(toc.scan.damaged(at, "impossible size of numbers"));
    }
    // A directory's table of contents says that it is a tar's.
    let at = toc.scan.offset();
    let expected = if matches!(format, Format::Custom { .. }) { 1 } else { 3 };
    let kind = toc.byte()?;
    if kind != expected {
        return Err(toc.scan.damaged(at, format!("wrong format byte for this kind of archive: {kind}")));
    }
    let at = toc.scan.offset();
    let compression = if version >= (1, 15, 0) {
        match toc.byte()? {
            0 => Compression::None,
            1 => Compression::Gzip,
            2 => Compression::Lz4,
            3 => Compression::Zstd,
            other => return Err(toc.scan.damaged(at, format!("unknown compression: {other}"))),
        }
    } else {
        // The level of zlib, -1 is its default.
        match toc.int()? {
            0 => Compression::None,
            -1..=9 => Compression::Gzip,
            other => return Err(toc.scan.damaged(at, format!("unknown compression level: {other}"))),
        }
    };
    let [second, minute, hour, day, month, year, dst] = {
        let mut fields = [0; 7];
        for field in &mut fields {
            *field = toc.int()?;
        }
        fields
    };
    let created = Created {
        year: year.saturating_add(1900),
        month: month.saturating_add(1),
        day,
        hour,
        minute,
        second,
        daylight_saving: (dst >= 0).then_some(dst > 0),
    };
    let (database, server_version, pg_dump_version) = (toc.string()?, toc.string()?, toc.string()?);
    let at = toc.scan.offset();
    let count = toc.int()?;
    let count = u64::try_from(count)
        .map_err(|_| toc.scan.damaged(at, format!("impossible number of entries: {count}")))?;
    let sizes = toc.sizes;
    let header = Header { format, version, compression, created, database, server_version, pg_dump_version };
    Ok((header, sizes, count))
}
