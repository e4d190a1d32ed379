//! Durations and numbers, as people write them.

use jiff::{SignedDuration, Span, SpanRelativeTo};

/// What may stand behind a number of bytes: decimal units, and binary ones.
const UNITS: [(&str, u64); 11] = [
    ("", 1),
    ("b", 1),
    ("kb", 1000),
    ("mb", 1000_u64.pow(2)),
    ("gb", 1000_u64.pow(3)),
    ("tb", 1000_u64.pow(4)),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("pib", 1 << 50),
];

/// Digits behind the point of a number of bytes; more would not be exact.
const DIGITS: usize = 9;

/// Reads a duration such as `26h` or `7d`; a day has 24 hours.
///
/// # Errors
/// When it is none, or not longer than nothing.
pub fn duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "write it as in 90min, 26h, 7d or 2w".to_owned();
    let span: Span = text.parse().map_err(|_| wrong())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    match duration.is_positive() {
        true => Ok(duration),
        false => Err(wrong()),
    }
}

/// Reads a number of bytes such as `1048576`, `200GB` (decimal) or `1.5TiB` (binary).
///
/// # Errors
/// When it is none, nothing at all, or more than there can be.
pub fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || "write it as in 5000000, 200GB or 1.5TiB".to_owned();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start().to_ascii_lowercase();
    let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || part.is_empty() || part.len() > DIGITS {
        return Err(wrong());
    }
    let scale = 10_u128.pow(DIGITS as u32);
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let part: u64 = format!("{part:0<DIGITS$}").parse().map_err(|_| wrong())?;
    let bytes = (u128::from(whole) * scale + u128::from(part)) * u128::from(unit) / scale;
    u64::try_from(bytes).ok().filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

/// Writes a number with a comma between its thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_people_do() {
        let hours = |text| duration(text).map(|duration| duration.as_hours());
        assert_eq!((hours("26h"), hours("7d"), hours("1d 2h")), (Ok(26), Ok(168), Ok(26)));
        for wrong in ["", "7", "d", "-1h", "0h", "1mo", "yesterday"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bytes_are_written_as_people_do() {
        for (text, expected) in [
            ("1", 1),
            ("5000000", 5_000_000),
            ("200GB", 200_000_000_000),
            ("200 gb", 200_000_000_000),
            ("1.5TiB", 3 << 39),
            ("0.000000001GB", 1),
            ("18446744073709551615", u64::MAX),
            ("2PiB", 1 << 51),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        let wrong = [
            "",
            "0",
            "GB",
            ".5GB",
            "5.GB",
            "1.2.3",
            "-1",
            "1e9",
            "1GBs",
            "18446744073709551616",
            "99999999TB",
        ];
        for wrong in wrong {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        let numbers = [0, 999, 1000, 123_456, 1_234_567].map(grouped);
        assert_eq!(numbers, ["0", "999", "1,000", "123,456", "1,234,567"]);
    }
}
