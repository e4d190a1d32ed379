//! What other products than PostgreSQL write, whose servers grew out of it or speak its protocol.

use connect::ServerError;
use dump::lexer::{Lexer, TokenKind};

/// Words that stand one behind the other in a statement of a product; `""` is any one name in quotes, `?` any one
/// token.
const WRITTEN: [(&str, &[&str]); 52] = [
    ("Greenplum", &["DISTRIBUTED", "BY"]),
    ("Greenplum", &["DISTRIBUTED", "RANDOMLY"]),
    ("Greenplum", &["DISTRIBUTED", "REPLICATED"]),
    ("Greenplum", &["appendonly", "="]),
    ("Greenplum", &["appendoptimized", "="]),
    ("Greenplum", &["compresstype", "="]),
    ("Greenplum", &["SUBPARTITION", "BY"]),
    ("Greenplum", &["CREATE", "EXTERNAL"]),
    ("Greenplum", &["CREATE", "READABLE", "EXTERNAL"]),
    ("Greenplum", &["CREATE", "WRITABLE", "EXTERNAL"]),
    ("Greenplum", &["CREATE", "RESOURCE", "QUEUE"]),
    ("Greenplum", &["CREATE", "RESOURCE", "GROUP"]),
    ("Greenplum", &["CREATE", "PROTOCOL"]),
    ("Greenplum", &["CREATE", "TRUSTED", "PROTOCOL"]),
    ("Redshift", &["DISTKEY"]),
    ("Redshift", &["SORTKEY"]),
    ("Redshift", &["DISTSTYLE", "ALL"]),
    ("Redshift", &["DISTSTYLE", "AUTO"]),
    ("Redshift", &["DISTSTYLE", "EVEN"]),
    ("Redshift", &["DISTSTYLE", "KEY"]),
    ("Redshift", &["ENCODE", "az64"]),
    ("Redshift", &["ENCODE", "bytedict"]),
    ("Redshift", &["ENCODE", "delta"]),
    ("Redshift", &["ENCODE", "lzo"]),
    ("Redshift", &["ENCODE", "raw"]),
    ("Redshift", &["ENCODE", "runlength"]),
    ("Redshift", &["ENCODE", "zstd"]),
    ("YugabyteDB", &["KEY", "(", "("]),
    ("YugabyteDB", &["SPLIT", "INTO"]),
    ("YugabyteDB", &["SPLIT", "AT"]),
    ("YugabyteDB", &["CREATE", "TABLEGROUP"]),
    ("YugabyteDB", &["USING", "lsm"]),
    ("YugabyteDB", &["USING", "ybgin"]),
    ("YugabyteDB", &["colocation_id", "="]),
    ("YugabyteDB", &["colocation", "="]),
    ("EnterpriseDB", &["CREATE", "PACKAGE"]),
    ("EnterpriseDB", &["REPLACE", "PACKAGE"]),
    ("EnterpriseDB", &["PUBLIC", "SYNONYM"]),
    ("EnterpriseDB", &["CREATE", "SYNONYM"]),
    ("EnterpriseDB", &["CREATE", "DIRECTORY"]),
    ("EnterpriseDB", &["VALUES", "LESS", "THAN"]),
    ("CockroachDB", &["FAMILY", "\"\"", "("]),
    ("CockroachDB", &["KEY", "(", "?", "ASC"]),
    ("CockroachDB", &["KEY", "(", "?", "DESC"]),
    ("CockroachDB", &["STORING", "("]),
    ("CockroachDB", &["INTERLEAVE", "IN", "PARENT"]),
    ("CockroachDB", &["LOCALITY", "GLOBAL"]),
    ("CockroachDB", &["LOCALITY", "REGIONAL"]),
    ("CockroachDB", &["NOT", "VISIBLE"]),
    ("CockroachDB", &["USING", "HASH", "WITH", "BUCKET_COUNT"]),
    ("CockroachDB", &["INVERTED", "INDEX"]),
    ("CockroachDB", &["unique_rowid", "("]),
];

/// Types and languages of products, which no dump of PostgreSQL makes, by what the server says of them.
const NAMES: [(&str, &str); 8] = [
    ("EnterpriseDB", "type \"varchar2\" does not exist"),
    ("EnterpriseDB", "type \"nvarchar2\" does not exist"),
    ("EnterpriseDB", "type \"clob\" does not exist"),
    ("EnterpriseDB", "type \"sys."),
    ("EnterpriseDB", "language \"edbspl\" does not exist"),
    // Which the platform makes, and its tool leaves out.
    ("Supabase", "publication \"supabase_realtime\" does not exist"),
    ("CockroachDB", "type \"string\" does not exist"),
    ("CockroachDB", "type \"bytes\" does not exist"),
];

/// Says for which product a statement is written that the server does not understand; `header` is the one whose name the dump
/// begins with.
pub(crate) fn explains(error: &ServerError, statement: &[u8], header: Option<&str>) -> Option<String> {
    is_of(error.code(), error.message(), statement, header)
}

fn is_of(code: &str, message: &str, statement: &[u8], header: Option<&str>) -> Option<String> {
    if !matches!(code, "42601" | "42704" | "42883" | "42611" | "22023" | "0A000" | "42P13" | "42P16") {
        return None;
    }
    let named = NAMES.iter().find(|(_, begin)| message.starts_with(begin));
    if let Some((product, _)) = named {
        return Some((*product).to_owned());
    }
    let near = message.split_once(" at or near \"").and_then(|(_, rest)| rest.strip_suffix('"'));
    let mut tokens = Lexer::default().tokens(statement).unwrap_or_default();
    tokens.retain(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment));
    let is = |at: usize, word: &str| {
        let token = tokens.get(at).map(|token| (token.kind, &statement[token.start..token.end]));
        token.is_some_and(|(kind, text)| match word {
            "\"\"" => kind == TokenKind::Identifier,
            "?" => true,
            word => kind != TokenKind::Identifier && text.eq_ignore_ascii_case(word.as_bytes()),
        })
    };
    // A syntax error is where the product's words are, and not somewhere else in a statement that holds them by chance.
    let meant =
        |words: &[&str]| near.is_none_or(|near| words.iter().any(|word| word.eq_ignore_ascii_case(near)));
    let stands = |words: &[&str]| {
        (0..tokens.len()).any(|at| words.iter().enumerate().all(|(ahead, word)| is(at + ahead, word)))
    };
    let written =
        WRITTEN.iter().find(|(_, words)| meant(words) && stands(words)).map(|(product, _)| *product);
    written.or(header).map(ToOwned::to_owned)
}

/// Returns the product whose dump begins with this comment, where it is another than PostgreSQL.
pub(crate) fn of_header(comment: &[u8]) -> Option<String> {
    let line = comment.trim_ascii_end().strip_prefix(b"-- ")?;
    let name =
        line.strip_suffix(b" database dump").or_else(|| line.strip_suffix(b" database cluster dump"))?;
    (name != b"PostgreSQL" && !name.is_empty()).then(|| match name {
        b"YSQL" => "YugabyteDB".to_owned(),
        name => String::from_utf8_lossy(name).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_told_by_what_they_write() {
        let of = |sql: &str, near: &str| {
            is_of("42601", &format!("syntax error at or near \"{near}\""), sql.as_bytes(), None)
        };
        let product = |name: &str| Some(name.to_owned());
        assert_eq!(of("CREATE TABLE t (a int) DISTRIBUTED BY (a)", "DISTRIBUTED"), product("Greenplum"));
        assert_eq!(of("CREATE TABLE t (a int ENCODE lzo, b int)", "ENCODE"), product("Redshift"));
        assert_eq!(of("CREATE TABLE t (a int) SPLIT INTO 3 TABLETS", "SPLIT"), product("YugabyteDB"));
        let family = b"CREATE TABLE t (a INT8, FAMILY \"primary\" (a))";
        let found = is_of("42704", "type \"primary\" does not exist", family, None);
        assert_eq!(found, product("CockroachDB"));
        assert_eq!(of("CREATE TABLE t (a int DISTKEY, b int NOTNUL)", "NOTNUL"), None);
        assert_eq!(of("CREATE OR REPLACE PACKAGE p IS END", "PACKAGE"), product("EnterpriseDB"));
        assert_eq!(of("CREATE TABLE t (a int, \"distributed\" by)", "by"), None);
        assert_eq!(of("CREATE TABEL t (a text DEFAULT 'DISTRIBUTED BY')", "TABEL"), None);
        assert_eq!(is_of("23505", "", b"CREATE TABLE t (a int) DISTRIBUTED BY (a)", None), None);
    }

    #[test]
    fn headers_tell_the_product() {
        assert_eq!(of_header(b"-- EnterpriseDB database dump\n").as_deref(), Some("EnterpriseDB"));
        assert_eq!(of_header(b"-- YSQL database dump\n").as_deref(), Some("YugabyteDB"));
        assert_eq!(of_header(b"-- PostgreSQL database dump\n"), None);
        assert_eq!(of_header(b"-- PostgreSQL database dump complete\n"), None);
    }
}
