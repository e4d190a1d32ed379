//! What older servers took and newer ones do not ("Migration to Version …" in the manual's release notes).

use connect::ServerError;

/// What the server says, and the major version that says it first.
const MESSAGES: [(&str, &str, u32); 10] = [
    ("42601", "postfix operators are not supported", 14),
    ("42P13", "operator right argument type must be specified", 14),
    ("0A000", "tables declared WITH OIDS are not supported", 12),
    ("0A000", "set-returning functions are not allowed in ", 10),
    // A generated column, where the parent's is none.
    ("42611", "child column \"", 16),
    ("42704", "type \"abstime\" does not exist", 12),
    ("42704", "type \"reltime\" does not exist", 12),
    ("42704", "type \"tinterval\" does not exist", 12),
    ("42704", "type \"opaque\" does not exist", 13),
    ("42704", "language \"plpythonu\" does not exist", 14),
];

/// Functions of the server's own that took `anyarray` up to 13, and take `anycompatiblearray` since.
const ARRAYS: [&str; 8] = [
    "array_append",
    "array_cat",
    "array_position",
    "array_positions",
    "array_prepend",
    "array_remove",
    "array_replace",
    "width_bucket",
];

/// Columns of the catalogs that are gone, and the major version that they went with.
const COLUMNS: [(&str, u32); 5] =
    [("adsrc", 12), ("consrc", 12), ("proisagg", 11), ("proiswindow", 11), ("relhasoids", 12)];

/// Says whether a server of an earlier major version, that of the dump, took what this one refused.
pub(crate) fn explains(error: &ServerError, dump: u32, server: u32) -> bool {
    is_older(error.code(), error.message(), dump, server)
}

/// Says whether a server refused rows because they come with the object identifiers that rows had up to 11
/// (`pg_dump --oids`).
pub(crate) fn explains_rows(error: &ServerError, copy: &[u8], server: u32) -> bool {
    const SINCE: u32 = 12;
    server >= SINCE && error.code() == "42601" && dump::has_row_identifiers(copy)
}

fn is_older(code: &str, message: &str, dump: u32, server: u32) -> bool {
    let between = |since: u32| dump < since && since <= server;
    let said = MESSAGES
        .iter()
        .any(|(known, begin, since)| between(*since) && *known == code && message.starts_with(begin));
    let array = || {
        let name = message.strip_prefix("function ").and_then(|rest| rest.split_once("(any"));
        let name = name.map(|(name, _)| name.strip_prefix("pg_catalog.").unwrap_or(name));
        between(14) && code == "42883" && name.is_some_and(|name| ARRAYS.contains(&name))
    };
    let column = || {
        let name = message.strip_prefix("column ").and_then(|rest| rest.strip_suffix(" does not exist"));
        let name = name.map(|name| name.trim_matches('"').rsplit('.').next().unwrap_or_default());
        code == "42703" && COLUMNS.iter().any(|(known, since)| between(*since) && name == Some(known))
    };
    said || array() || column()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_went_in_between_is_older() {
        let postfix = "postfix operators are not supported";
        assert!(is_older("42601", postfix, 13, 15));
        assert!(!is_older("42601", postfix, 14, 15) && !is_older("42601", postfix, 12, 13));
        assert!(is_older("42883", "function array_append(anyarray, anyelement) does not exist", 13, 14));
        assert!(!is_older("42883", "function app.array_append(anyarray, anyelement) does not exist", 13, 14));
        assert!(is_older("42703", "column p.proisagg does not exist", 10, 15));
        assert!(!is_older("42703", "column p.price does not exist", 10, 15));
        let child = "child column \"b\" specifies generation expression";
        assert!(is_older("42611", child, 15, 18) && !is_older("42611", child, 16, 18));
    }
}
