//! What it takes to turn the values of one type into those of another.

/// What a column's values go through when its type is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conversion {
    /// Whether every value of the old type is one of the new as well.
    pub widens: bool,
    /// Whether values of the old type may not fit the new one, or lose something in it.
    pub loses: bool,
    /// Whether the table is written anew; as measured on PostgreSQL 15.
    pub rewrites: bool,
}

/// A type with what stands in parentheses behind it.
#[derive(Debug, PartialEq, Eq)]
struct Type<'t> {
    /// The words around the modifier, as `timestamp` and `with time zone`.
    name: (&'t str, &'t str),
    modifier: Vec<i64>,
}

impl Type<'_> {
    fn parse(text: &str) -> Option<Type<'_>> {
        let Some(open) = text.find('(') else {
            let (first, rest) = text.split_at(text.find(" with").unwrap_or(text.len()));
            return Some(Type { name: (first, rest.trim_start()), modifier: Vec::new() });
        };
        let close = open + text[open..].find(')')?;
        let modifier = text[open + 1..close].split(',').map(|number| number.trim().parse().ok());
        Some(Type {
            name: (text[..open].trim_end(), text[close + 1..].trim_start()),
            modifier: modifier.collect::<Option<_>>()?,
        })
    }
}

const INTEGERS: [&str; 3] = ["smallint", "integer", "bigint"];

/// Returns what is known of a change from one type to another, both as `format_type` writes them.
///
/// What is not known is taken for the worst: the table is rewritten, and values may not fit.
pub(crate) fn conversion(old: &str, new: &str) -> Conversion {
    let unknown = Conversion { widens: false, loses: false, rewrites: true };
    // The elements of arrays are turned one by one, which takes a new table unless all that goes is their modifier.
    match (old.strip_suffix("[]"), new.strip_suffix("[]")) {
        (Some(one), Some(other)) => {
            let elements = Type::parse(one).zip(Type::parse(other));
            let same =
                elements.is_some_and(|(one, other)| one.name == other.name && other.modifier.is_empty());
            return Conversion { rewrites: !same, ..conversion(one, other) };
        }
        (None, None) => {}
        _ => return unknown,
    }
    let (Some(from), Some(to)) = (Type::parse(old), Type::parse(new)) else { return unknown };
    let place = |name: &str| INTEGERS.iter().position(|known| *known == name);
    if let (Some(one), Some(other)) = (place(old), place(new)) {
        return Conversion { widens: one < other, loses: one > other, rewrites: true };
    }
    // No modifier allows everything.
    let fits = |from: &[i64], to: &[i64]| match (from.first(), to.first()) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(one), Some(other)) => one <= other,
    };
    match (from.name.0, to.name.0) {
        ("character varying" | "text", "text") => Conversion { widens: true, loses: false, rewrites: false },
        ("text", "character varying") | ("character varying", "character varying") => {
            let widens = fits(&from.modifier, &to.modifier);
            Conversion { widens, loses: !widens, rewrites: !widens }
        }
        ("bit varying", "bit varying") => {
            let widens = fits(&from.modifier, &to.modifier);
            Conversion { widens, loses: !widens, rewrites: !widens }
        }
        ("numeric", "numeric") => numeric(&from.modifier, &to.modifier),
        ("smallint" | "integer" | "bigint", "numeric") if to.modifier.is_empty() => {
            Conversion { widens: true, loses: false, rewrites: true }
        }
        ("real", "double precision") => Conversion { widens: true, loses: false, rewrites: true },
        ("double precision", "real") => Conversion { widens: false, loses: true, rewrites: true },
        ("cidr", "inet") => Conversion { widens: true, loses: false, rewrites: false },
        // Whether a change of the zone rewrites depends on the session's zone.
        ("timestamp" | "time" | "interval", "timestamp" | "time" | "interval")
            if from.name.0 == to.name.0 && from.name.1 == to.name.1 =>
        {
            let widens = fits(&from.modifier, &to.modifier);
            Conversion { widens, loses: !widens, rewrites: !widens }
        }
        ("timestamp", "date") | ("numeric", "smallint" | "integer" | "bigint") => {
            Conversion { widens: false, loses: true, rewrites: true }
        }
        _ => unknown,
    }
}

/// Precision and scale: what stands in front of the point must fit, and a lesser scale rounds.
fn numeric(from: &[i64], to: &[i64]) -> Conversion {
    let scale = |modifier: &[i64]| modifier.get(1).copied().unwrap_or(0);
    let (Some(old), Some(new)) = (from.first(), to.first()) else {
        let widens = to.is_empty();
        return Conversion { widens, loses: !widens, rewrites: !widens };
    };
    let same_scale = scale(from) == scale(to);
    let widens = scale(from) <= scale(to) && old - scale(from) <= new - scale(to);
    Conversion { widens, loses: !widens, rewrites: !(widens && same_scale) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions() {
        let cases = [
            ("integer", "bigint", (true, false, true)),
            ("bigint", "integer", (false, true, true)),
            ("character varying(20)", "character varying(40)", (true, false, false)),
            ("character varying(20)", "character varying(10)", (false, true, true)),
            ("character varying(20)", "text", (true, false, false)),
            ("text", "character varying(9)", (false, true, true)),
            ("text", "character varying", (true, false, false)),
            ("numeric(10,2)", "numeric(12,2)", (true, false, false)),
            ("numeric(10,2)", "numeric(12,4)", (true, false, true)),
            ("numeric(10,2)", "numeric(11,4)", (false, true, true)),
            ("numeric(10,2)", "numeric", (true, false, false)),
            ("numeric", "numeric(10,2)", (false, true, true)),
            ("timestamp(3) with time zone", "timestamp with time zone", (true, false, false)),
            ("timestamp with time zone", "timestamp without time zone", (false, false, true)),
            ("text", "integer", (false, false, true)),
            ("public.a", "public.b", (false, false, true)),
            ("text[]", "character varying(3)[]", (false, true, true)),
            ("integer[]", "bigint[]", (true, false, true)),
            ("integer[]", "bigint", (false, false, true)),
            ("character varying(20)[]", "character varying(40)[]", (true, false, true)),
            ("numeric(10,2)[]", "numeric[]", (true, false, false)),
            ("character varying(20)[]", "text", (false, false, true)),
        ];
        for (old, new, (widens, loses, rewrites)) in cases {
            assert_eq!(conversion(old, new), Conversion { widens, loses, rewrites }, "{old} → {new}");
        }
    }
}
