//! Under which settings values are read.

use connect::Parameters;

/// The settings under which pg_dump reads values (`setup_connection` in pg_dump.c), but for the time zone, which it leaves
/// to the server; an empty encoding stands for UTF-8.
pub fn pinned(to: Parameters, encoding: &str) -> Parameters {
    let encoding = if encoding.is_empty() { "UTF8" } else { encoding };
    let settings = [
        ("client_encoding", encoding),
        ("DateStyle", "ISO, MDY"),
        ("IntervalStyle", "postgres"),
        ("extra_float_digits", "3"),
        ("bytea_output", "hex"),
        ("xmloption", "content"),
        ("row_security", "off"),
        ("synchronize_seqscans", "off"),
        ("statement_timeout", "0"),
    ];
    settings.into_iter().fold(to, |to, (name, value)| to.with_setting(name, value))
}
