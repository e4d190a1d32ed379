//! Instants in universal time: a server writes them in the time zone of whoever dumps.

use crate::lexeme::{Lexeme, literal_value};
use crate::lexer::TokenKind;
use crate::rewrite::literal;

/// Writes the instants of a statement in universal time: constants of `timestamp with time zone`, its ranges and arrays.
pub(crate) fn spell_instants(lexemes: &mut [Lexeme<'_>]) {
    for at in 2..lexemes.len() {
        if lexemes[at - 1].kind != TokenKind::Cast || lexemes[at - 2].kind != TokenKind::String {
            continue;
        }
        let is = |offset: usize, word: &str| lexemes.get(at + offset).is_some_and(|lexeme| lexeme.is(word));
        let zoned = is(0, "tstzrange") || is(0, "tstzmultirange") || is(0, "timestamptz") || {
            let behind =
                if lexemes.get(at + 1).is_some_and(|next| next.kind == TokenKind::LeftParen) { 4 } else { 1 };
            is(0, "timestamp") && is(behind, "with")
        };
        if let Some(value) = literal_value(&lexemes[at - 2]).filter(|_| zoned) {
            lexemes[at - 2] = literal(&in_utc(&value));
        }
    }
}

/// The text with every instant in it in universal time.
fn in_utc(text: &[u8]) -> Vec<u8> {
    let ends = |byte: &u8| matches!(byte, b'[' | b']' | b'(' | b')' | b'{' | b'}' | b',' | b'"');
    let mut out = Vec::with_capacity(text.len());
    for piece in text.split_inclusive(ends) {
        let (instant, end) = match piece.split_last() {
            Some((last, instant)) if ends(last) => (instant, &piece[instant.len()..]),
            _ => (piece, &piece[piece.len()..]),
        };
        match moved(instant) {
            Some(utc) => out.extend(utc),
            None => out.extend_from_slice(instant),
        }
        out.extend_from_slice(end);
    }
    out
}

/// `2018-01-01 01:00:00.5+01:30 BC` in universal time; `None` for anything that is not written so.
fn moved(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let (text, before_christ) = match text.strip_suffix(" BC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (date, time) = text.split_once(' ')?;
    let number = |digits: &str, len: usize| -> Option<i64> {
        let right = digits.len() == len && digits.bytes().all(|byte| byte.is_ascii_digit());
        right.then(|| digits.parse().ok()).flatten()
    };
    let mut date = date.splitn(3, '-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    let year = number(year, year.len().clamp(4, 6))?;
    let (month, day) = (number(month, 2)?, number(day, 2)?);
    let sign = time.rfind(['+', '-'])?;
    let (time, offset) = (&time[..sign], &time[sign..]);
    let (time, fraction) = match time.split_once('.') {
        Some((time, digits)) => (time, time_fraction(digits)?),
        None => (time, ""),
    };
    let clock = |text: &str, least: usize| -> Option<i64> {
        let fields: Vec<&str> = text.split(':').collect();
        let fields = Some(fields).filter(|fields| (least..=3).contains(&fields.len()))?;
        let mut seconds = 0;
        for (field, unit) in fields.into_iter().zip([3600, 60, 1]) {
            seconds += number(field, 2)? * unit;
        }
        Some(seconds)
    };
    let seconds = clock(time, 3)?;
    let east = clock(&offset[1..], 1)? * if offset.starts_with('-') { -1 } else { 1 };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year == 0 || east == 0 && offset == "+00" {
        return None;
    }
    let year = if before_christ { 1 - year } else { year };
    let moved = days_from(year, month, day) * 86_400 + seconds - east;
    let (year, month, day) = date_of(moved.div_euclid(86_400));
    let of_day = moved.rem_euclid(86_400);
    let (shown, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    let (hours, minutes, seconds) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let dot = if fraction.is_empty() { "" } else { "." };
    let text =
        format!("{shown:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02}{dot}{fraction}+00{era}");
    Some(text.into_bytes())
}

fn time_fraction(digits: &str) -> Option<&str> {
    ((1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, whose year 0 is 1 BC.
fn days_from(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March end with the leap day.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The year, month and day of a number of days since 1970-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_instant_is_written_in_one_way() {
        for (written, utc) in [
            ("2018-01-01 01:00:00+01", "2018-01-01 00:00:00+00"),
            ("2018-01-01 00:00:00+01", "2017-12-31 23:00:00+00"),
            ("2020-02-28 20:30:00.25-03:30", "2020-02-29 00:00:00.25+00"),
            ("1900-01-01 00:53:28+00:53:28", "1900-01-01 00:00:00+00"),
            ("0001-01-01 00:00:00+01", "0001-12-31 23:00:00+00 BC"),
            ("294276-12-31 20:00:00-01", "294276-12-31 21:00:00+00"),
            (
                "[\"2020-01-01 00:00:00+01\",\"2020-02-01 00:00:00+01\")",
                "[\"2019-12-31 23:00:00+00\",\"2020-01-31 23:00:00+00\")",
            ),
        ] {
            assert_eq!(String::from_utf8(in_utc(written.as_bytes())).unwrap(), utc);
            assert_eq!(in_utc(utc.as_bytes()), utc.as_bytes());
        }
        for text in
            ["infinity", "now", "2020-01-01", "2020-01-01 00:00:00", "2020-13-01 00:00:00+01", "x 1+1"]
        {
            assert_eq!(in_utc(text.as_bytes()), text.as_bytes());
        }
    }
}
