//! What programs write among the lines of a dump.

/// What pg_dump writes, with marks where something else may stand: in front, before the settings, between statements, within
/// two of them, at the end.
pub const DUMP: &str = "<front>--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.1\n\n\\restrict key\n\n<settings>\
    SET statement_timeout = 0;\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n\n\
    CREATE TABLE public.first (\n    a integer,\n<column>    b text\n);\n\n<between>\
    CREATE TYPE public.second AS ENUM (\n    'x',\n<label>    'y'\n);\n\n\
    --\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict key\n<end>";

/// The marks of [`DUMP`], and whether psql restores all that matters if a line stands there.
pub const PLACES: [(&str, bool); 6] = [
    ("<front>", true),
    ("<settings>", true),
    ("<column>", false),
    ("<between>", false),
    ("<label>", false),
    ("<end>", false),
];

/// Lines that are found in dumps, and whether they take what follows for their own: quotes, parentheses.
pub const LINES: [(&str, bool); 14] = [
    (
        "pg_dump: warning: there are circular foreign-key constraints on this table:\npg_dump: detail: flights\n",
        false,
    ),
    ("Password: \n", false),
    ("Password for user postgres: \r\n", false),
    ("could not change directory to \"/root\": Permission denied\n", false),
    ("Warning: Permanently added 'db' (ED25519) to the list of known hosts.\n", false),
    ("NOTICE:  one\nDETAIL:  two\n", false),
    ("[sudo] password for joe: \n", false),
    ("2024-01-01 10:00:00 UTC [123] LOG:  checkpoint starting\n", false),
    ("Defaulted container \"postgres\" out of: postgres, init (init)\n", false),
    ("psql:shop.sql:12: ERROR:  relation \"t\" does not exist\n", false),
    ("LINE 1: SELECT 1\n", false),
    ("pg_dump: error: couldn't\n", true),
    ("pg_dump: creating (x\n", true),
    ("pg_dump: warning: \"x\n", true),
];

/// The dump with a text at one of its marks.
pub fn with(place: &str, line: &str) -> String {
    let marks = PLACES.map(|(mark, _)| mark);
    marks
        .iter()
        .fold(DUMP.to_owned(), |text, mark| text.replace(mark, if *mark == place { line } else { "" }))
}
