//! What it takes to turn the values of one type into those of another.

use dump::lexer::TokenKind;

use crate::tokens::{Token, tokens};
use crate::types::Known;

/// What a column's values go through when its type is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conversion {
    /// Whether every value of the old type is one of the new as well.
    pub widens: bool,
    /// Whether values of the old type may not fit the new one, or lose something in it.
    pub loses: bool,
    /// Whether the table is written anew; as measured on PostgreSQL 15.
    pub rewrites: bool,
    /// Whether indexes of the column are made anew even so, since they compare in another way.
    pub reindexes: bool,
}

impl Conversion {
    /// All values are the new type's, and stay as they are stored if nothing is `rewritten`.
    const fn widens(rewrites: bool) -> Conversion {
        Conversion { widens: true, loses: false, rewrites, reindexes: false }
    }

    /// All values have a counterpart, but are of another sort, such as numbers as text.
    const fn differs(rewrites: bool) -> Conversion {
        Conversion { widens: false, loses: false, rewrites, reindexes: !rewrites }
    }

    /// Some values are refused, or not what they were.
    const fn loses(rewrites: bool) -> Conversion {
        Conversion { widens: false, loses: true, rewrites, reindexes: !rewrites }
    }

    /// Whether more fits, or less.
    const fn fits(fits: bool) -> Conversion {
        if fits { Conversion::widens(false) } else { Conversion::loses(true) }
    }
}

/// A type with what stands in parentheses behind it.
#[derive(Debug, PartialEq, Eq)]
struct Type {
    /// Its words, such as `timestamp with time zone`, with a dot behind a schema.
    name: String,
    /// What stands in parentheses, such as precision and scale.
    modifier: Vec<String>,
    is_array: bool,
}

impl Type {
    fn parse(text: &str) -> Type {
        let tokens = tokens(text);
        let mut parsed = Type { name: String::new(), modifier: Vec::new(), is_array: false };
        let mut depth = 0;
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen => depth -= 1,
                TokenKind::LeftBracket | TokenKind::RightBracket => parsed.is_array = true,
                TokenKind::Comma if depth > 0 => {}
                _ if depth > 0 => parsed.modify(token, at > 0 && is_sign(&tokens[at - 1])),
                _ if parsed.is_array => {}
                _ => {
                    let joins = |at: usize| tokens.get(at).is_some_and(|token| token.kind == TokenKind::Dot);
                    if at > 0 && !joins(at) && !joins(at - 1) {
                        parsed.name.push(' ');
                    }
                    parsed.name.push_str(token.text);
                }
            }
        }
        parsed
    }

    fn modify(&mut self, token: &Token<'_>, signed: bool) {
        match self.modifier.last_mut().filter(|_| signed) {
            Some(sign) => sign.push_str(token.text),
            None => self.modifier.push(token.text.to_owned()),
        }
    }

    fn number(&self, at: usize) -> Option<i64> {
        self.modifier.get(at)?.parse().ok()
    }

    /// The length of a string or bit string; one without is as long as one likes.
    fn length(&self) -> Option<i64> {
        match self.name.as_str() {
            // Without a length they are one long.
            "character" | "bit" => Some(self.number(0).unwrap_or(1)),
            _ => self.number(0),
        }
    }

    /// How many characters a value has at most when it is written.
    fn written(&self) -> Option<i64> {
        match self.name.as_str() {
            "boolean" => Some(5),
            "smallint" => Some(6),
            "integer" => Some(11),
            "bigint" => Some(20),
            "uuid" => Some(36),
            "oid" => Some(10),
            _ => None,
        }
    }
}

fn is_sign(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Operator && matches!(token.text, "-" | "+")
}

/// Says whether lengths of `old` are lengths of `new`; none allows everything.
fn fits(old: Option<i64>, new: Option<i64>) -> bool {
    match (old, new) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(one), Some(other)) => one <= other,
    }
}

/// Returns what is known of a change from one type to another, both as `format_type` writes them.
///
/// What is not known is taken for the worst: the table is rewritten, and values may not fit.
pub(crate) fn conversion(old: &Known, new: &Known) -> Conversion {
    let mut found = match (&old.labels, &new.labels) {
        _ if old.base == new.base => Conversion::widens(false),
        (Some(old), Some(new)) if old.is_subset(new) => Conversion::differs(true),
        (Some(labels), None) => of_enum(labels.iter().map(longest).max().unwrap_or(0), &new.base),
        _ => between(&Type::parse(&old.base), &Type::parse(&new.base)),
    };
    // What a domain demands is looked for in every row, which is written anew meanwhile.
    if !new.demands.is_empty() {
        found.rewrites = true;
        if !new.demands.is_subset(&old.demands) {
            (found.widens, found.loses) = (false, true);
        }
    }
    found
}

/// The number of characters of a label, which are not more than its bytes.
fn longest(label: &dump::Name) -> i64 {
    i64::try_from(label.bytes().len()).unwrap_or(i64::MAX)
}

fn of_enum(longest: i64, new: &str) -> Conversion {
    let new = Type::parse(new);
    let text = matches!(new.name.as_str(), "text" | "character varying") && !new.is_array;
    match text && fits(Some(longest), new.length()) {
        true => Conversion::differs(true),
        false => Conversion::loses(true),
    }
}

fn between(old: &Type, new: &Type) -> Conversion {
    match (old.is_array, new.is_array) {
        (true, true) => return elements(old, new),
        (false, false) => {}
        // Arrays are written as text like everything.
        (true, false) if is_text(new) && new.length().is_none() => return Conversion::differs(true),
        _ => return Conversion::loses(true),
    }
    let (from, to) = (old.name.as_str(), new.name.as_str());
    if from == to {
        return same_name(old, new);
    }
    numbers(old, new)
        .or_else(|| strings(old, new))
        .or_else(|| times(old, new))
        .or_else(|| others(from, to))
        .unwrap_or(Conversion::loses(true))
}

/// The elements of arrays are turned one by one, which takes a new table unless all that goes is their modifier, or nothing is
/// to be done.
fn elements(old: &Type, new: &Type) -> Conversion {
    let element = |of: &Type| Type { name: of.name.clone(), modifier: of.modifier.clone(), is_array: false };
    let found = between(&element(old), &element(new));
    let kept = old.name == new.name && new.modifier.is_empty() && !found.rewrites;
    Conversion { rewrites: !kept, reindexes: false, ..found }
}

fn is_text(of: &Type) -> bool {
    matches!(of.name.as_str(), "text" | "character varying")
}

fn same_name(old: &Type, new: &Type) -> Conversion {
    if old.modifier == new.modifier {
        return Conversion::widens(false);
    }
    match old.name.as_str() {
        "character varying" | "bit varying" => Conversion::fits(fits(old.length(), new.length())),
        // Blanks are added, which makes it another value as it is stored.
        "character" => match fits(old.length(), new.length()) {
            true => Conversion::widens(true),
            false => Conversion::loses(true),
        },
        // Bit strings of another length are refused.
        "bit" => Conversion::loses(true),
        "numeric" => numeric(old, new),
        name if is_time(name) => precision(old, new),
        // Such as `geometry(Point,4326)`, for which no modifier allows everything.
        _ => Conversion::fits(new.modifier.is_empty()),
    }
}

fn is_time(name: &str) -> bool {
    let first = name.split(' ').next().unwrap_or_default();
    matches!(first, "timestamp" | "time" | "interval")
}

/// Six digits of seconds are all there are.
fn precision(old: &Type, new: &Type) -> Conversion {
    const ALL: i64 = 6;
    Conversion::fits(old.number(0).unwrap_or(ALL).min(ALL) <= new.number(0).unwrap_or(ALL))
}

/// Precision and scale: what stands in front of the point must fit, and a lesser scale rounds.
fn numeric(old: &Type, new: &Type) -> Conversion {
    let scale = |of: &Type| of.number(1).unwrap_or(0);
    let (Some(before), Some(after)) = (old.number(0), new.number(0)) else {
        return Conversion::fits(new.modifier.is_empty());
    };
    let widens = scale(old) <= scale(new) && before - scale(old) <= after - scale(new);
    match widens {
        true => Conversion::widens(scale(old) != scale(new)),
        false => Conversion::loses(true),
    }
}

/// Numbers: what the new type holds, digit by digit.
fn numbers(old: &Type, new: &Type) -> Option<Conversion> {
    const INTEGERS: [(&str, i64); 3] = [("smallint", 5), ("integer", 10), ("bigint", 19)];
    let integer = |name: &str| INTEGERS.iter().position(|(known, _)| *known == name);
    let (from, to) = (old.name.as_str(), new.name.as_str());
    if let (Some(one), Some(other)) = (integer(from), integer(to)) {
        return Some(if one < other { Conversion::widens(true) } else { Conversion::loses(true) });
    }
    Some(match (from, to) {
        (_, "numeric") if integer(from).is_some() => {
            let digits = integer(from).map_or(0, |at| INTEGERS[at].1);
            let scale = new.number(1).unwrap_or(0);
            let enough = new.number(0).is_none_or(|precision| precision - scale >= digits && scale >= 0);
            if enough { Conversion::widens(true) } else { Conversion::loses(true) }
        }
        ("smallint" | "integer", "double precision") | ("smallint", "real") => Conversion::widens(true),
        ("real", "double precision") => Conversion::widens(true),
        // The bits stay, and half of the values become others.
        ("integer", "oid") | ("oid", "integer") => Conversion::loses(false),
        ("oid", "bigint") => Conversion::widens(true),
        ("oid", other) | (other, "oid") if other.starts_with("reg") => Conversion::differs(false),
        ("boolean", "integer") => Conversion::differs(true),
        ("money", "numeric") if new.modifier.is_empty() => Conversion::differs(true),
        _ => return None,
    })
}

/// Strings, bit strings, and what is written as one.
fn strings(old: &Type, new: &Type) -> Option<Conversion> {
    let (from, to) = (old.name.as_str(), new.name.as_str());
    let own = |name: &str| name.rsplit('.').next() == Some("citext");
    Some(match (from, to) {
        ("character varying", "text") => Conversion::widens(false),
        ("text", "character varying") => Conversion::fits(new.length().is_none()),
        // Blanks at the end count in one of them only.
        ("character", "text") => Conversion::differs(true),
        ("character", "character varying") if fits(old.length(), new.length()) => Conversion::differs(true),
        ("bpchar", "text") | ("bpchar", "character varying") if new.length().is_none() => {
            Conversion::differs(true)
        }
        ("character", "bpchar") => Conversion::widens(false),
        ("text" | "character varying", "bpchar") => Conversion::loses(false),
        ("bit", "bit varying") if fits(old.length(), new.length()) => {
            Conversion { reindexes: true, ..Conversion::widens(new.length().is_some()) }
        }
        ("text" | "character varying", _) if own(to) => Conversion::differs(false),
        (_, "text") if own(from) => Conversion::differs(false),
        (_, "character varying") if own(from) && new.length().is_none() => Conversion::differs(false),
        ("xml", "text") => Conversion::differs(false),
        ("xml", "character varying") if new.length().is_none() => Conversion::differs(false),
        ("text" | "character varying" | "xml" | "bpchar" | "character", _) => return None,
        // Everything can be written as text.
        (_, "text") => Conversion::differs(true),
        (_, "character varying") if new.length().is_none() => Conversion::differs(true),
        (_, "character varying") if old.written().is_some() && fits(old.written(), new.length()) => {
            Conversion::differs(true)
        }
        _ => return None,
    })
}

/// Dates, times and intervals.
fn times(old: &Type, new: &Type) -> Option<Conversion> {
    let fine = || precision(old, new).widens;
    let (from, to) = (old.name.as_str(), new.name.as_str());
    const PLAIN: [&str; 2] = ["timestamp", "timestamp without time zone"];
    const TIMES: [&str; 2] = ["time", "time without time zone"];
    const ZONED: &str = "timestamp with time zone";
    Some(match () {
        // What changes with the zone is which instant is meant; whether rows are rewritten depends on the session's zone.
        () if PLAIN.contains(&from) && to == ZONED || from == ZONED && PLAIN.contains(&to) => {
            if fine() {
                Conversion::differs(true)
            } else {
                Conversion::loses(true)
            }
        }
        () if from == "date" && (to == ZONED || PLAIN.contains(&to)) => Conversion::differs(true),
        () if TIMES.contains(&from) && to == "time with time zone" && fine() => Conversion::differs(true),
        () if TIMES.contains(&from) && to == "interval" && fine() => Conversion::differs(true),
        () if PLAIN.contains(&from) && PLAIN.contains(&to)
            || TIMES.contains(&from) && TIMES.contains(&to) =>
        {
            precision(old, new)
        }
        // Fields cut off what is finer than the last one, and nothing else.
        () if from.starts_with("interval") && to.starts_with("interval") => {
            Conversion::fits(finest(to) <= finest(from) && (finest(from) > 0 || fine()))
        }
        () => return None,
    })
}

/// Which field of an interval is the last; none means seconds.
fn finest(name: &str) -> usize {
    const FIELDS: [&str; 5] = ["minute", "hour", "day", "month", "year"];
    let last = name.rsplit(' ').next().unwrap_or_default();
    FIELDS.iter().position(|field| *field == last).map_or(0, |at| at + 1)
}

fn others(from: &str, to: &str) -> Option<Conversion> {
    Some(match (from, to) {
        ("cidr", "inet") => Conversion::widens(false),
        ("macaddr", "macaddr8") => Conversion::differs(true),
        ("jsonb", "json") => Conversion::differs(true),
        ("int4range", "int4multirange")
        | ("int8range", "int8multirange")
        | ("numrange", "nummultirange")
        | ("daterange", "datemultirange")
        | ("tsrange", "tsmultirange")
        | ("tstzrange", "tstzmultirange") => Conversion::differs(true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions() {
        // What the new type does with the values, and whether the table is rewritten.
        let cases = [
            ("integer", "bigint", "widens", true),
            ("bigint", "integer", "loses", true),
            ("bigint", "numeric", "widens", true),
            ("bigint", "numeric(19,0)", "widens", true),
            ("bigint", "numeric(5,0)", "loses", true),
            ("integer", "double precision", "widens", true),
            ("integer", "real", "loses", true),
            ("bigint", "double precision", "loses", true),
            ("double precision", "integer", "loses", true),
            ("double precision", "real", "loses", true),
            ("double precision", "numeric(5,2)", "loses", true),
            ("numeric", "double precision", "loses", true),
            ("numeric(8,2)", "real", "loses", true),
            ("integer", "boolean", "loses", true),
            ("integer", "text", "differs", true),
            ("integer", "character varying(10)", "loses", true),
            ("integer", "character varying(11)", "differs", true),
            ("character varying(20)", "character varying(40)", "widens", false),
            ("character varying(20)", "character varying(10)", "loses", true),
            ("character varying(20)", "text", "widens", false),
            ("character varying(10)", "character(5)", "loses", true),
            ("character(20)", "character(15)", "loses", true),
            ("character(15)", "character(20)", "widens", true),
            ("character(15)", "text", "differs", true),
            ("text", "character varying(9)", "loses", true),
            ("text", "character varying", "widens", false),
            ("text", "integer", "loses", true),
            ("text", "uuid", "loses", true),
            ("text", "text[]", "loses", true),
            ("text", "jsonb", "loses", true),
            ("bit(16)", "bit(8)", "loses", true),
            ("bit(8)", "bit(16)", "loses", true),
            ("bit(8)", "bit varying", "widens", false),
            ("numeric(10,2)", "numeric(12,2)", "widens", false),
            ("numeric(10,2)", "numeric(12,4)", "widens", true),
            ("numeric(10,2)", "numeric(11,4)", "loses", true),
            ("numeric(10,2)", "numeric", "widens", false),
            ("numeric", "numeric(10,2)", "loses", true),
            ("numeric(3,-2)", "numeric(4,-2)", "widens", false),
            ("timestamp without time zone", "timestamp(6) without time zone", "widens", false),
            ("timestamp(6) with time zone", "timestamp with time zone", "widens", false),
            ("timestamp with time zone", "timestamp(3) with time zone", "loses", true),
            ("timestamp(3) with time zone", "timestamp with time zone", "widens", false),
            ("time with time zone", "time(6) with time zone", "widens", false),
            ("interval", "interval(6)", "widens", false),
            ("interval", "interval(0)", "loses", true),
            ("interval", "interval day to second", "widens", false),
            ("interval", "interval year to month", "loses", true),
            ("text[]", "character varying[]", "widens", true),
            ("interval day to second", "interval", "widens", false),
            ("interval", "time without time zone", "loses", true),
            ("timestamp with time zone", "timestamp without time zone", "differs", true),
            ("timestamp with time zone", "date", "loses", true),
            ("inet", "cidr", "loses", true),
            ("cidr", "inet", "widens", false),
            ("public.a", "public.b", "loses", true),
            ("public.geometry(Point,4326)", "public.geometry", "widens", false),
            ("public.geometry", "public.geometry(Point,4326)", "loses", true),
            ("text[]", "character varying(3)[]", "loses", true),
            ("integer[]", "bigint[]", "widens", true),
            ("integer[]", "bigint", "loses", true),
            ("character varying(20)[]", "character varying(40)[]", "widens", true),
            ("numeric(10,2)[]", "numeric[]", "widens", false),
            ("character varying(20)[]", "text", "differs", true),
        ];
        for (old, new, expected, rewrites) in cases {
            let found = conversion(&Known::plain(old), &Known::plain(new));
            let word = match (found.widens, found.loses) {
                (true, _) => "widens",
                (_, true) => "loses",
                _ => "differs",
            };
            assert_eq!((word, found.rewrites), (expected, rewrites), "{old} → {new}");
        }
    }
}
