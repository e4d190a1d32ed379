//! The kinds of entries that a table of contents has.

/// The pg_dump that knew no others.
pub(super) const NEWEST: u32 = 18;

/// What pg_dump of 8.0 to 18, and 19 where it is known, calls entries (`ARCHIVE_OPTS` of pg_dump.c, and what pg_backup_archiver.c compares).
const KINDS: [&str; 71] = [
    "ACCESS METHOD",
    "ACL",
    "ACL LANGUAGE",
    "AGGREGATE",
    "BLOB",
    "BLOB COMMENTS",
    "BLOB METADATA",
    "BLOBS",
    "CAST",
    "CHECK CONSTRAINT",
    "COLLATION",
    "COMMENT",
    "CONSTRAINT",
    "CONVERSION",
    "DATABASE",
    "DATABASE PROPERTIES",
    "DEFAULT",
    "DEFAULT ACL",
    "DOMAIN",
    "ENCODING",
    "EVENT TRIGGER",
    "EXTENSION",
    "FK CONSTRAINT",
    "FOREIGN DATA WRAPPER",
    "FOREIGN SERVER",
    "FOREIGN TABLE",
    "FUNCTION",
    "INDEX",
    "INDEX ATTACH",
    "LANGUAGE",
    "LARGE OBJECT",
    "MATERIALIZED VIEW",
    "MATERIALIZED VIEW DATA",
    "OPERATOR",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "POLICY",
    "PROCEDURAL LANGUAGE",
    "PROCEDURE",
    "PROPERTY GRAPH",
    "PUBLICATION",
    "PUBLICATION TABLE",
    "PUBLICATION TABLES IN SCHEMA",
    "ROW SECURITY",
    "RULE",
    "SCHEMA",
    "SEARCHPATH",
    "SECURITY LABEL",
    "SEQUENCE",
    "SEQUENCE OWNED BY",
    "SEQUENCE SET",
    "SERVER",
    "SHELL TYPE",
    "STATISTICS",
    "STATISTICS DATA",
    "STDSTRINGS",
    "SUBSCRIPTION",
    "SUBSCRIPTION TABLE",
    "TABLE",
    "TABLE ATTACH",
    "TABLE DATA",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "TRANSFORM",
    "TRIGGER",
    "TYPE",
    "USER MAPPING",
    "VIEW",
    "WARNING",
];

/// How near a kind is to one that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nearest {
    /// It is one.
    Known,
    /// One byte is another than in this one, or it is no text.
    Damaged(&'static str),
    /// It is like none, as those of other products.
    None,
}

/// Finds the kind that is nearest.
pub(super) fn nearest(kind: &[u8]) -> Nearest {
    let mut damaged = Nearest::None;
    for known in KINDS {
        let differs = known.bytes().zip(kind).filter(|(one, other)| one != *other).count();
        match (known.len() == kind.len(), differs) {
            (true, 0) => return Nearest::Known,
            (true, 1) => damaged = Nearest::Damaged(known),
            _ => {}
        }
    }
    damaged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_is_damage() {
        assert_eq!(nearest(b"FK CONSTRAINT"), Nearest::Known);
        assert_eq!(nearest(b"FK CONSTR?INT"), Nearest::Damaged("FK CONSTRAINT"));
        assert_eq!(nearest(b"PACKAGE BODY"), Nearest::None);
        assert_eq!(nearest(b""), Nearest::None);
    }
}
