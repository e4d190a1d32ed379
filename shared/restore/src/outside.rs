//! What of a dump leads out of the server that it is restored on.
//!
//! Foreign servers are made with addresses that lead nowhere, and user mappings are made and taken back, so that neither a
//! statement of the dump nor a query of ours ever reaches the server that they were meant for, perhaps that of production, with
//! a password that the dump holds. Rows of foreign tables are not written, see [`session`](crate::session).

use dump::lexer::{Lexer, Step, TokenKind};

use crate::escalation;

/// Where a foreign server leads whose own address is left out: nothing can be below a device.
const NOWHERE: &[u8] = b"/dev/null/nowhere";

/// Options of foreign servers that say where they are: of libpq's wrappers, and of those for other systems.
const ADDRESSES: [&str; 17] = [
    "address",
    "addresses",
    "connection",
    "connstr",
    "conninfo",
    "datasource",
    "dbserver",
    "dsn",
    "endpoint",
    "host",
    "hosts",
    "servername",
    "server",
    "svr_host",
    "uri",
    "url",
    "jdbc_url",
];

/// Options that would lead somewhere without an address, or around it.
const LEFT_OUT: [&str; 4] = ["hostaddr", "service", "servicefile", "passfile"];

/// The wrappers that connect by libpq, to a server of this machine if nothing else is said.
const BY_LIBPQ: [&str; 2] = ["postgres_fdw", "dblink_fdw"];

/// How a statement is dealt with that leads out of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    /// It is run and undone.
    Tried,
    /// It makes a foreign server, see [`nowhere`].
    Server,
}

/// Says whether a statement leads out of the server; told by its first words, so that one that is not understood is meant
/// as well.
pub(crate) fn leads(text: &[u8]) -> Option<Leads> {
    let words = first_words(text);
    let is = |wanted: [&str; 2]| {
        words.iter().zip(wanted).all(|(word, wanted)| word.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    match () {
        () if is(["CREATE", "SERVER"]) => Some(Leads::Server),
        () if is(["ALTER", "SERVER"]) && !changes_owner(text) => Some(Leads::Tried),
        () if is(["CREATE", "USER"]) || is(["ALTER", "USER"]) => first_of(text, 3)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"mapping"))
            .then_some(Leads::Tried),
        () => None,
    }
}

/// The first two words of a statement; empty where there are none.
fn first_words(text: &[u8]) -> [&[u8]; 2] {
    [first_of(text, 1).unwrap_or_default(), first_of(text, 2).unwrap_or_default()]
}

/// The token of this number, counted from 1, if it is a word.
fn first_of(text: &[u8], number: usize) -> Option<&[u8]> {
    let mut lexer = Lexer::default();
    let (mut at, mut seen) = (0, 0);
    while let Ok(Step::Token(token)) = lexer.step(text, at, true) {
        at = token.end;
        if matches!(token.kind, TokenKind::Space | TokenKind::Comment) {
            continue;
        }
        seen += 1;
        if seen == number {
            return (token.kind == TokenKind::Word).then_some(&text[token.start..token.end]);
        }
    }
    None
}

fn changes_owner(text: &[u8]) -> bool {
    escalation::owner(text, true).is_some()
}

/// Writes a `CREATE SERVER` anew that leads nowhere; none where it is not written as pg_dump writes it.
pub(crate) fn nowhere(text: &[u8], standard_conforming_strings: bool) -> Option<Vec<u8>> {
    let server = escalation::foreign_server(text, standard_conforming_strings)?;
    let named = |name: &dump::Name, known: &[&str]| {
        known.iter().any(|known| name.bytes().eq_ignore_ascii_case(known.as_bytes()))
    };
    let mut options: Vec<Vec<u8>> = Vec::new();
    let mut has_host = false;
    for (name, value) in server.options.iter().filter(|(name, _)| !named(name, &LEFT_OUT)) {
        has_host |= named(name, &["host"]);
        let value = if named(name, &ADDRESSES) { NOWHERE } else { value.as_slice() };
        options.push([&*name.to_sql(), b" ", &escalation::literal(value)].concat());
    }
    if !has_host && named(&server.wrapper, &BY_LIBPQ) {
        options.push([b"host ", &*escalation::literal(NOWHERE)].concat());
    }
    let mut sql = server.sql;
    if !options.is_empty() {
        sql.extend([b" OPTIONS (", &*options.join(&b", "[..]), b")"].concat());
    }
    Some(sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_is_told_by_its_first_words() {
        for (sql, expected) in [
            ("CREATE SERVER s FOREIGN DATA WRAPPER w;", Some(Leads::Server)),
            ("create /* x */ server s", Some(Leads::Server)),
            ("CREATE USER MAPPING FOR a SERVER s;", Some(Leads::Tried)),
            ("CREATE USER alice;", None),
            ("ALTER USER\tMAPPING FOR a SERVER s OPTIONS (SET user 'x');", Some(Leads::Tried)),
            ("ALTER SERVER s OPTIONS (SET host 'x');", Some(Leads::Tried)),
            ("ALTER SERVER s OWNER TO alice;", None),
            ("CREATE TABLE \"SERVER\" ();", None),
            ("CREATE \"SERVER\" x", None),
            ("COMMENT ON TABLE t IS 'CREATE SERVER'", None),
        ] {
            assert_eq!(leads(sql.as_bytes()), expected, "{sql}");
        }
    }

    #[test]
    fn servers_lead_nowhere() {
        let of = |sql: &str| nowhere(sql.as_bytes(), true).map(|sql| String::from_utf8(sql).unwrap());
        assert_eq!(
            of("CREATE SERVER rs FOREIGN DATA WRAPPER postgres_fdw OPTIONS (\n    dbname 'p',\n    host '/run',\n    hostaddr \
                '10.0.0.1',\n    service 'x'\n);")
            .unwrap(),
            "CREATE SERVER rs FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname E'p', host E'/dev/null/nowhere')"
        );
        // Without an address it would be this machine's own.
        assert_eq!(
            of("CREATE SERVER rs TYPE 'a' VERSION '1' FOREIGN DATA WRAPPER postgres_fdw;").unwrap(),
            "CREATE SERVER rs TYPE E'a' VERSION E'1' FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host E'/dev/null/nowhere')"
        );
        assert_eq!(
            of("CREATE SERVER f FOREIGN DATA WRAPPER file_fdw;").unwrap(),
            "CREATE SERVER f FOREIGN DATA WRAPPER file_fdw"
        );
        assert_eq!(of("CREATE SERVER f FOREIGN DATA WRAPPER file_fdw OPTIONS (host public.f());"), None);
    }
}
