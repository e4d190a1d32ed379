//! What happens to files whatever is in them: cut, flipped, lost, doubled, converted.

use std::ops::Range;

use crate::random::{Random, replaced};

/// What happened to the bytes of one file.
pub struct Change {
    /// In words.
    pub what: String,
    /// What came out.
    pub bytes: Vec<u8>,
    /// Where it happened, in the bytes that came out.
    pub place: Range<usize>,
    /// Whether bytes at the end are missing.
    pub cut: bool,
    /// Whether it happened all over the file.
    pub everywhere: bool,
}

type Kind = fn(&[u8], Range<usize>, &mut Random) -> Option<Change>;

/// Every kind of change; the range says which part of the file is meant.
pub const KINDS: [(&str, Kind); 24] = [
    ("cut", cut),
    ("bit flipped", bit),
    ("byte replaced", byte),
    ("cut to nothing", nothing),
    ("bytes swapped", swap),
    ("zeroed page", |bytes, range, random| page(bytes, range, random, false)),
    ("foreign page", |bytes, range, random| page(bytes, range, random, true)),
    ("bytes lost", lost),
    ("bytes doubled", doubled),
    ("garbage behind", |bytes, _, random| behind(bytes, garbage(random, 64), "garbage behind")),
    ("one byte behind", |bytes, _, random| behind(bytes, garbage(random, 1), "one byte behind")),
    ("zeros behind", |bytes, _, _| behind(bytes, vec![0; 512], "zeros behind")),
    ("twice", |bytes, _, _| behind(bytes, bytes.to_vec(), "the file twice")),
    ("garbage in front", in_front),
    ("line ends to CRLF", |bytes, _, _| all(bytes, "line ends to CRLF", &converted(bytes, b"\n", b"\r\n"))),
    ("CRLF to line ends", |bytes, _, _| all(bytes, "CRLF to line ends", &converted(bytes, b"\r\n", b"\n"))),
    ("NUL inserted", |bytes, range, random| inserted(bytes, range, random, b"\0", "NUL inserted")),
    ("7 bits", |bytes, _, _| {
        all(bytes, "sent through 7 bits", &bytes.iter().map(|byte| byte & 0x7f).collect::<Vec<u8>>())
    }),
    ("encoded twice", |bytes, _, _| {
        let twice: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        all(bytes, "taken for LATIN1 and made UTF-8", twice.as_bytes())
    }),
    ("base64", |bytes, _, _| all(bytes, "base64, as in mail", &base64(bytes))),
    ("halves exchanged", |bytes, _, _| {
        let middle = bytes.len() / 2;
        all(bytes, "halves exchanged", &[&bytes[middle..], &bytes[..middle]].concat())
    }),
    ("invalid UTF-8", |bytes, range, random| inserted(bytes, range, random, b"\xff\xfe", "no UTF-8")),
    ("several bits", |bytes, range, random| {
        let mut change = bit(bytes, range.clone(), random)?;
        for _ in 0..7 {
            change = bit(&change.bytes, range.clone(), random)?;
        }
        change.place = range;
        change.what = "8 bits flipped".to_owned();
        Some(change)
    }),
    ("UTF-16", |bytes, _, _| {
        let wide: Vec<u8> = bytes.iter().flat_map(|byte| [*byte, 0]).collect();
        all(bytes, "every byte two", &wide)
    }),
];

fn local(what: String, bytes: Vec<u8>, place: Range<usize>) -> Option<Change> {
    Some(Change { what, bytes, place, cut: false, everywhere: false })
}

fn all(healthy: &[u8], what: &str, bytes: &[u8]) -> Option<Change> {
    (healthy != bytes).then(|| Change {
        what: what.to_owned(),
        bytes: bytes.to_vec(),
        place: 0..bytes.len(),
        cut: false,
        everywhere: true,
    })
}

fn cut(bytes: &[u8], range: Range<usize>, random: &mut Random) -> Option<Change> {
    let at = random.within(range);
    let change = Change {
        what: format!("cut at {at}"),
        bytes: bytes[..at].to_vec(),
        place: at..at,
        cut: true,
        everywhere: false,
    };
    (at > 0).then_some(change)
}

fn nothing(bytes: &[u8], _: Range<usize>, _: &mut Random) -> Option<Change> {
    let what = "cut to nothing".to_owned();
    (!bytes.is_empty()).then(|| Change { what, bytes: Vec::new(), place: 0..0, cut: true, everywhere: true })
}

fn bit(bytes: &[u8], range: Range<usize>, random: &mut Random) -> Option<Change> {
    let (at, bit) = (random.within(range), random.below(8));
    let by = [*bytes.get(at)? ^ (1 << bit)];
    local(format!("bit {bit} of {at} flipped"), replaced(bytes, at..at + 1, &by), at..at + 1)
}

fn byte(bytes: &[u8], range: Range<usize>, random: &mut Random) -> Option<Change> {
    let at = random.within(range);
    let by = u8::try_from(random.below(256)).unwrap();
    let what = format!("byte {at} is {by:#04x}");
    (bytes.get(at).is_some_and(|byte| *byte != by))
        .then(|| local(what, replaced(bytes, at..at + 1, &[by]), at..at + 1))?
}

fn swap(bytes: &[u8], range: Range<usize>, random: &mut Random) -> Option<Change> {
    let at = random.within(range);
    let (one, other) = (*bytes.get(at)?, *bytes.get(at + 1)?);
    (one != other).then(|| {
        local(
            format!("bytes {at} and {} swapped", at + 1),
            replaced(bytes, at..at + 2, &[other, one]),
            at..at + 2,
        )
    })?
}

fn page(bytes: &[u8], range: Range<usize>, random: &mut Random, foreign: bool) -> Option<Change> {
    let start = random.within(range) / 4096 * 4096;
    let end = bytes.len().min(start + 4096);
    let by = if foreign { garbage(random, end - start) } else { vec![0; end - start] };
    let what = format!("page at {start} {}", if foreign { "is another" } else { "is zero" });
    (bytes[start..end] != by).then(|| local(what, replaced(bytes, start..end, &by), start..end))?
}

fn lost(bytes: &[u8], range: Range<usize>, random: &mut Random) -> Option<Change> {
    let size = *random.one(&[1, 7, 512, 4096])?;
    let start = random.within(range);
    let end = (start + size).min(bytes.len());
    let what = format!("{} bytes lost at {start}", end - start);
    (end < bytes.len()).then(|| local(what, replaced(bytes, start..end, b""), start..start))?
}

fn doubled(bytes: &[u8], range: Range<usize>, random: &mut Random) -> Option<Change> {
    let size = *random.one(&[1, 7, 512, 4096])?;
    let start = random.within(range);
    let end = (start + size).min(bytes.len());
    let what = format!("{} bytes doubled at {start}", end - start);
    let doubled = replaced(bytes, start..start, &bytes[start..end]);
    (end > start).then(|| local(what, doubled, start..end + end - start))?
}

fn inserted(bytes: &[u8], range: Range<usize>, random: &mut Random, by: &[u8], what: &str) -> Option<Change> {
    let at = random.within(range);
    local(format!("{what} at {at}"), replaced(bytes, at..at, by), at..at + by.len())
}

fn behind(bytes: &[u8], more: Vec<u8>, what: &str) -> Option<Change> {
    local(what.to_owned(), [bytes, &more].concat(), bytes.len()..bytes.len() + more.len())
}

fn in_front(bytes: &[u8], _: Range<usize>, random: &mut Random) -> Option<Change> {
    let more = garbage(random, 16);
    all(bytes, "garbage in front", &[&more, bytes].concat())
}

fn garbage(random: &mut Random, size: usize) -> Vec<u8> {
    (0..size).map(|_| u8::try_from(1 + random.below(255)).unwrap()).collect()
}

fn converted(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(from) {
            out.extend_from_slice(to);
            at += from.len();
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

/// In lines of 76 characters.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    for (number, three) in bytes.chunks(3).enumerate() {
        let digit = |at: usize| three.get(at).copied().map_or(0, u32::from);
        let all = digit(0) << 16 | digit(1) << 8 | digit(2);
        for at in 0..4 {
            let index = usize::try_from(all >> (18 - 6 * at) & 63).unwrap();
            out.push(if at > three.len() as u32 { b'=' } else { DIGITS[index] });
        }
        if number % 19 == 18 {
            out.push(b'\n');
        }
    }
    out
}
