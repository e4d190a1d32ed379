//! What newer servers understand and older ones do not: a file edited by hand may be newer than it says itself.

use connect::ServerError;

/// Words that a statement may hold, and the major version that they came with ("Release Notes" of the manual).
const WORDS: [(&str, u32); 6] = [
    ("BEGIN ATOMIC", 14),
    ("SET COMPRESSION", 14),
    ("NULLS NOT DISTINCT", 15),
    ("VIRTUAL", 18),
    ("NOT ENFORCED", 18),
    ("WITHOUT OVERLAPS", 18),
];

/// Functions of the server's own, and the major version that they came with.
const FUNCTIONS: [(&str, u32); 21] = [
    ("date_bin", 14),
    ("bit_count", 14),
    ("unistr", 14),
    ("string_to_table", 14),
    ("range_agg", 14),
    ("regexp_count", 15),
    ("regexp_instr", 15),
    ("regexp_like", 15),
    ("regexp_substr", 15),
    ("any_value", 16),
    ("array_sample", 16),
    ("array_shuffle", 16),
    ("date_add", 16),
    ("random_normal", 16),
    ("to_bin", 17),
    ("uuid_extract_timestamp", 17),
    ("array_reverse", 18),
    ("array_sort", 18),
    ("casefold", 18),
    ("uuidv4", 18),
    ("uuidv7", 18),
];

/// Says whether a server of a later major version understands what this one refused in a statement.
pub(crate) fn explains(error: &ServerError, statement: &[u8], major: u32) -> bool {
    is_newer(error.code(), error.message(), statement, major)
}

fn is_newer(code: &str, message: &str, statement: &[u8], major: u32) -> bool {
    let later = |since: &u32| *since > major;
    match code {
        "42601" => {
            let near =
                message.strip_prefix("syntax error at or near \"").and_then(|rest| rest.strip_suffix('"'));
            // Where one of several words is refused, the others have to be there.
            near.is_some_and(|near| {
                WORDS.iter().any(|(words, since)| {
                    later(since)
                        && words.split(' ').any(|word| word.eq_ignore_ascii_case(near))
                        && memchr::memmem::find(statement, words.as_bytes()).is_some()
                })
            })
        }
        "42883" => {
            let name = message.strip_prefix("function ").and_then(|rest| rest.split_once('('));
            let name = name.map(|(name, _)| name.strip_prefix("pg_catalog.").unwrap_or(name));
            name.is_some_and(|name| FUNCTIONS.iter().any(|(known, since)| later(since) && *known == name))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_later_is_newer() {
        let table = b"CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a) VIRTUAL)";
        assert!(is_newer("42601", "syntax error at or near \"VIRTUAL\"", table, 17));
        assert!(!is_newer("42601", "syntax error at or near \"VIRTUAL\"", table, 18));
        assert!(!is_newer("42601", "syntax error at or near \"TABEL\"", b"CREATE TABEL t () VIRTUAL", 15));
        assert!(!is_newer("42601", "syntax error at or near \"NOT\"", b"CREATE TABLE t (a int NOT NUL)", 15));
        assert!(is_newer("42883", "function uuidv7() does not exist", b"", 15));
        assert!(is_newer("42883", "function pg_catalog.uuidv7() does not exist", b"", 15));
        assert!(!is_newer("42883", "function uuidv7() does not exist", b"", 18));
        assert!(!is_newer("42883", "function app.uuidv7() does not exist", b"", 15));
    }
}
