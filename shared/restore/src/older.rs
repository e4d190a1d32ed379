//! What older servers took and newer ones do not ("Migration to Version …" in the manual's release notes).

use connect::ServerError;

/// What the server says, and the major version that says it first; 9 is the first behind all of 8.
const MESSAGES: [(&str, &str, u32); 21] = [
    ("42601", "postfix operators are not supported", 14),
    ("42P13", "operator right argument type must be specified", 14),
    ("0A000", "tables declared WITH OIDS are not supported", 12),
    ("42601", "syntax error at or near \"OIDS\"", 12),
    ("0A000", "set-returning functions are not allowed in ", 10),
    ("0A000", "partitioned tables cannot be unlogged", 18),
    // A generated column, where the parent's is none.
    ("42611", "child column \"", 16),
    ("42704", "type \"abstime\" does not exist", 12),
    ("42704", "type \"reltime\" does not exist", 12),
    ("42704", "type \"tinterval\" does not exist", 12),
    ("42704", "type \"opaque\" does not exist", 13),
    ("42704", "language \"plpythonu\" does not exist", 14),
    ("42704", "language \"plpython2u\" does not exist", 15),
    // Operators that say more of themselves than they may, as tsearch2's did.
    ("42P13", "only boolean operators can have restriction selectivity", 9),
    ("42P13", "only boolean operators can have join selectivity", 9),
    ("42P13", "only boolean operators can merge join", 9),
    ("42P13", "only boolean operators can hash", 9),
    ("42P13", "only binary operators can have ", 9),
    ("0A000", "RECHECK is no longer required", 9),
    ("42601", "syntax error at or near \"=>\"", 10),
    // Functions of the kind `internal` that were the server's own.
    ("42883", "there is no built-in function named \"", 9),
];

/// Functions of the server's own that are gone or are called otherwise, and the major version that they went with.
const FUNCTIONS: [(&str, u32); 14] = [
    ("pg_current_xlog_insert_location", 10),
    ("pg_current_xlog_location", 10),
    ("pg_last_xlog_receive_location", 10),
    ("pg_last_xlog_replay_location", 10),
    ("pg_switch_xlog", 10),
    ("pg_xlog_location_diff", 10),
    ("pg_xlog_replay_pause", 10),
    ("pg_xlog_replay_resume", 10),
    ("pg_xlogfile_name", 10),
    ("abstime", 12),
    ("pg_backup_start_time", 15),
    ("pg_is_in_backup", 15),
    ("pg_start_backup", 15),
    ("pg_stop_backup", 15),
];

/// Operators of the server's own that are gone, and the major version that they went with.
const OPERATORS: [(&str, u32); 4] = [("@", 14), ("~", 14), ("!", 14), ("!!", 14)];

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
const COLUMNS: [(&str, u32); 6] =
    [("oid", 12), ("adsrc", 12), ("consrc", 12), ("proisagg", 11), ("proiswindow", 11), ("relhasoids", 12)];

/// Says whether a server of an earlier major version, that of the dump, took what this one refused. Before 9.2, few dumps say
/// of which version they are: such a one may be of any.
pub(crate) fn explains(error: &ServerError, dump: Option<u32>, server: u32) -> bool {
    is_older(error.code(), error.message(), dump, server)
}

/// Says whether a server refused rows because they come with the object identifiers that rows had up to 11
/// (`pg_dump --oids`).
pub(crate) fn explains_rows(error: &ServerError, copy: &[u8], server: u32) -> bool {
    const SINCE: u32 = 12;
    server >= SINCE && error.code() == "42601" && dump::has_row_identifiers(copy)
}

fn is_older(code: &str, message: &str, dump: Option<u32>, server: u32) -> bool {
    let between = |since: u32| dump.is_none_or(|dump| dump < since) && since <= server;
    let said = MESSAGES
        .iter()
        .any(|(known, begin, since)| between(*since) && *known == code && message.starts_with(begin));
    let array = || {
        let name = message.strip_prefix("function ").and_then(|rest| rest.split_once("(any"));
        let name = name.map(|(name, _)| name.strip_prefix("pg_catalog.").unwrap_or(name));
        between(14) && code == "42883" && name.is_some_and(|name| ARRAYS.contains(&name))
    };
    let function = || {
        let name = message.strip_prefix("function ").and_then(|rest| rest.split_once('('));
        let name = name.map(|(name, _)| name.strip_prefix("pg_catalog.").unwrap_or(name));
        code == "42883" && FUNCTIONS.iter().any(|(known, since)| between(*since) && name == Some(known))
    };
    let operator = || {
        let operation = message.strip_prefix("operator does not exist: ").filter(|_| code == "42883");
        let symbols = operation.into_iter().flat_map(|operation| operation.split(' '));
        let mut symbols = symbols.map(|word| word.strip_prefix("pg_catalog.").unwrap_or(word));
        // Up to 8.2 everything was cast to text without being asked.
        let cast =
            dump.is_some_and(|dump| dump < 9) && operation.is_some_and(|operation| !operation.contains('.'));
        cast || symbols.any(|word| OPERATORS.iter().any(|(known, since)| between(*since) && word == *known))
    };
    let column = || {
        let name = message.strip_prefix("column ").and_then(|rest| rest.strip_suffix(" does not exist"));
        let name = name.map(|name| name.trim_matches('"').rsplit('.').next().unwrap_or_default());
        // The names say little by themselves.
        dump.is_some()
            && code == "42703"
            && COLUMNS.iter().any(|(known, since)| between(*since) && name == Some(known))
    };
    said || array() || function() || operator() || column()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_went_in_between_is_older() {
        let postfix = "postfix operators are not supported";
        assert!(is_older("42601", postfix, Some(13), 15));
        assert!(!is_older("42601", postfix, Some(14), 15) && !is_older("42601", postfix, Some(12), 13));
        assert!(is_older(
            "42883",
            "function array_append(anyarray, anyelement) does not exist",
            Some(13),
            14
        ));
        assert!(!is_older(
            "42883",
            "function app.array_append(anyarray, anyelement) does not exist",
            Some(13),
            14
        ));
        assert!(is_older("42703", "column p.proisagg does not exist", Some(10), 15));
        assert!(!is_older("42703", "column p.price does not exist", Some(10), 15));
        let selectivity = "only boolean operators can have restriction selectivity";
        assert!(is_older("42P13", selectivity, Some(8), 15) && !is_older("42P13", selectivity, Some(9), 15));
        assert!(is_older("42883", "operator does not exist: box @ box", Some(13), 15));
        assert!(!is_older("42883", "operator does not exist: box @ box", Some(14), 15));
        assert!(is_older("42883", "operator does not exist: integer ~~ text", Some(8), 15));
        assert!(!is_older("42883", "operator does not exist: integer ~~ text", Some(9), 15));
        assert!(is_older("42883", "function pg_catalog.pg_is_in_backup() does not exist", Some(14), 15));
        assert!(!is_older("42883", "function app.pg_is_in_backup() does not exist", Some(14), 15));
        assert!(is_older("42P13", selectivity, None, 15));
        assert!(!is_older("42883", "operator does not exist: integer ~~ text", None, 15));
        assert!(!is_older("42703", "column \"oid\" does not exist", None, 15));
        let child = "child column \"b\" specifies generation expression";
        assert!(is_older("42611", child, Some(15), 18) && !is_older("42611", child, Some(16), 18));
    }
}
