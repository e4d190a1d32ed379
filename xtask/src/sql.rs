//! Reads the SQL texts of the programs out of their sources: everything that the server would look up by name has its
//! schema.
//!
//! A session of ours begins with an empty `search_path`, and this holds even where another path is set or a server knows
//! better. The grammar's own forms count as names where they are looked up by the path: `IN`, `BETWEEN`, `LIKE`,
//! `NULLIF`, `USING`, `IS DISTINCT FROM` and `CASE x WHEN y` all find an operator by its bare name. Others, as
//! `AT TIME ZONE`, `ORDER BY` and `coalesce`, find what `pg_catalog` or the type has.

use dump::lexer::{Lexer, Token, TokenKind};

use crate::literals::{Literal, literals};

/// The crates whose programs send SQL to servers that they do not own.
const CRATES: [&str; 7] = [
    "shared/connect/src/",
    "shared/live/src/",
    "shared/restore/src/",
    "shared/scratch/src/",
    "tools/diff/src/",
    "tools/take/src/",
    "tools/verify/src/",
];

/// Stands for what is filled in when a program runs, such as the schema that we made for an extension.
const PLACEHOLDER: &str = "placeholder";

/// The words that a statement begins with.
const VERBS: [&str; 24] = [
    "ALTER",
    "BEGIN",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DECLARE",
    "DELETE",
    "DROP",
    "EXISTS",
    "GRANT",
    "INSERT",
    "LOCK",
    "REASSIGN",
    "RELEASE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SELECT",
    "SET",
    "TRUNCATE",
    "UPDATE",
    "WITH",
];

/// Words by which a piece of a statement is known that begins in its midst.
const INSIDE: [&str; 7] = ["AND", "FROM", "JOIN", "SELECT", "UNION", "VALUES", "WHERE"];

/// Words that may stand in front of a parenthesis without being a function, and in front of a literal without being its type.
const KEYWORDS: [&str; 44] = [
    "ALL",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "BY",
    "COALESCE",
    "COPY",
    "DATABASE",
    "DISTINCT",
    "ELSE",
    "ENCODING",
    "EXCEPT",
    "EXISTS",
    "FROM",
    "GROUP",
    "HAVING",
    "INTERSECT",
    "IS",
    "JOIN",
    "LATERAL",
    "LIMIT",
    "LOCALE",
    "NOT",
    "OFFSET",
    "ON",
    "OPERATOR",
    "OR",
    "ORDER",
    "OVER",
    "PASSWORD",
    "RETURNING",
    "ROW",
    "SELECT",
    "SNAPSHOT",
    "SOME",
    "THEN",
    "TO",
    "UNION",
    "VALUES",
    "WHEN",
    "WHERE",
    "WITH",
    "ZONE",
];

/// Forms that the grammar turns into an operator of that bare name.
const IMPLICIT: [&str; 12] = [
    "BETWEEN", "CAST", "COLLATE", "GREATEST", "ILIKE", "LEAST", "LIKE", "NATURAL", "NULLIF", "OVERLAPS",
    "SIMILAR", "USING",
];

/// With whose rights the statements of which files are run, where that is not the role that restores a dump.
const RUN_AS: [(&str, &[&str]); 3] = [
    (
        "With your rights, in databases that you back up, compare or dump",
        &["shared/connect/src/", "shared/live/src/", "tools/take/src/", "tools/verify/src/source/"],
    ),
    (
        "As the superuser of the scratch server, in a database that holds a backup's code",
        &[
            "shared/restore/src/superuser.rs",
            "shared/restore/src/superuser/",
            "shared/restore/src/stand_in.rs",
            "shared/restore/src/escalation/",
        ],
    ),
    (
        "With your rights, or as that superuser, in databases that hold nothing of a backup",
        &["tools/verify/src/server/", "shared/scratch/src/"],
    ),
];

/// Lists the SQL of all sources with what the code says of it, by whose rights it is run with.
pub fn listing(sources: &[(String, String)]) -> String {
    let mut page = String::from(
        "# SQL that the programs run\n\nWritten by `cargo xtask gen` from the sources; not edited by hand. Statements that are put together stand here in their pieces, with\n\
         `{…}` for what is filled in. Besides these, `pgdump-verify` runs those of a backup, as the restoring role, and of the forms of\n\
         `restore::escalation` as a superuser; `pgdump-take` and `pgdump-verify` ask what `--assert` says.\n",
    );
    let of =
        |path: &str| RUN_AS.iter().position(|(_, files)| files.iter().any(|file| path.starts_with(file)));
    let rest = "As the role that restores, which is no superuser, in a database that holds a backup's code";
    let groups = RUN_AS.iter().enumerate().map(|(at, (title, _))| (Some(at), *title)).chain([(None, rest)]);
    for (group, title) in groups {
        page.push_str(&format!("\n## {title}\n\n| File | SQL | What for |\n|---|---|---|\n"));
        for (path, text) in sources.iter().filter(|(path, _)| is_listed(path) && of(path) == group) {
            let lines: Vec<&str> = text.lines().collect();
            for Literal { line, text } in literals(text).into_iter().filter(|literal| is_sql(&literal.text)) {
                let sql = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
                let reason = reason(&lines, line).replace('|', "\\|");
                page.push_str(&format!("| `{path}` | `{sql}` | {reason} |\n"));
            }
        }
    }
    page
}

/// Says whether SQL in a file is a program's. What unit tests hold is no server's to run.
fn is_listed(path: &str) -> bool {
    CRATES.iter().any(|folder| path.starts_with(folder)) && !path.ends_with("/tests.rs")
}

/// The first sentence of the documentation of what a line stands in.
fn reason(lines: &[&str], line: usize) -> String {
    let documents = |line: &&str| line.trim_start().starts_with("///");
    let Some(last) = lines[..line.min(lines.len())].iter().rposition(documents) else {
        return String::new();
    };
    let first = lines[..=last].iter().rposition(|line| !documents(line)).map_or(0, |at| at + 1);
    let text: Vec<&str> =
        lines[first..=last].iter().map(|line| line.trim_start().trim_start_matches('/').trim()).collect();
    let text = text.join(" ");
    text.split_once(". ").map_or(text.as_str(), |(sentence, _)| sentence).trim_end_matches('.').to_owned()
}

/// Returns what is wrong with the SQL in a source file of these crates.
pub fn findings(path: &str, text: &str) -> Vec<String> {
    if !is_listed(path) {
        return Vec::new();
    }
    let literals = literals(text);
    let mut findings = Vec::new();
    for Literal { line, text } in literals.into_iter().filter(|literal| is_sql(&literal.text)) {
        findings.extend(faults(&text).into_iter().map(|what| format!("{path}:{line}: SQL: {what}")));
    }
    findings
}

/// Says whether a text is SQL: it begins as a statement, or goes on with one. Words of ours are in lower case, and a message
/// has its literals in backticks.
fn is_sql(text: &str) -> bool {
    let mut words = text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'));
    let first = text.trim_start().split(|char: char| !char.is_ascii_alphabetic()).next().unwrap_or_default();
    // `WITH (` begins options, and no query.
    !text.contains('`')
        && !text.trim_start().starts_with("WITH (")
        && (VERBS.contains(&first) && text.trim().contains(char::is_whitespace)
            || words.any(|word| INSIDE.contains(&word)))
}

/// Returns what of a statement the server would look up by the search path.
fn faults(sql: &str) -> Vec<String> {
    let sql = with_placeholders(sql);
    let tokens = match Lexer::default().tokens(sql.as_bytes()) {
        Ok(tokens) => tokens,
        // The end of a literal is in another piece: what is in front of it is looked at all the same.
        Err(_) => match Lexer::default().tokens(format!("{sql}'").as_bytes()) {
            Ok(tokens) => tokens,
            Err(_) => return vec![format!("not understood: {sql}")],
        },
    };
    let tokens: Vec<Token> = tokens
        .into_iter()
        .filter(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment))
        .collect();
    let statement = Statement { sql: &sql, tokens };
    (0..statement.tokens.len()).filter_map(|at| statement.fault(at)).collect()
}

/// Puts a name in the place of what `format!` fills in.
fn with_placeholders(sql: &str) -> String {
    let mut text = String::new();
    let mut rest = sql;
    while let Some((before, behind)) = rest.split_once('{') {
        text.push_str(before);
        let named =
            |name: &str| name.chars().all(|char| char.is_ascii_alphanumeric() || "_:?#<>".contains(char));
        rest = match behind.split_once('}') {
            // One letter is an element of an array; nobody calls a value so.
            Some((name, behind)) if named(name) && name.len() != 1 && name != "pg_catalog" => {
                text.push_str(PLACEHOLDER);
                behind
            }
            _ => behind,
        };
    }
    text + rest
}

/// The tokens of a text.
struct Statement<'s> {
    sql: &'s str,
    tokens: Vec<Token>,
}

impl Statement<'_> {
    fn kind(&self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).and_then(|token| self.sql.get(token.start..token.end)).unwrap_or_default()
    }

    fn is(&self, at: Option<usize>, word: &str) -> bool {
        at.is_some_and(|at| self.text(at).eq_ignore_ascii_case(word))
    }

    fn is_keyword(&self, at: usize) -> bool {
        self.kind(at) == Some(TokenKind::Word)
            && KEYWORDS.contains(&self.text(at).to_ascii_uppercase().as_str())
    }

    fn is_name(&self, at: usize) -> bool {
        matches!(self.kind(at), Some(TokenKind::Word | TokenKind::Identifier))
    }

    /// Says whether a name is in `pg_catalog`, or in a schema that is filled in.
    fn is_ours(&self, at: usize) -> bool {
        let schema = at.checked_sub(2);
        self.is(at.checked_sub(1), ".") && (self.is(schema, "pg_catalog") || self.is(schema, PLACEHOLDER))
    }

    fn fault(&self, at: usize) -> Option<String> {
        let before = at.checked_sub(1);
        let text = self.text(at);
        match self.kind(at)? {
            TokenKind::Operator if text == "*" && self.is_star(at) => None,
            TokenKind::Operator if self.is_ours(at) && self.is(at.checked_sub(4), "OPERATOR") => None,
            TokenKind::Operator if text == "=" && self.is(at.checked_sub(2), "SET") => None,
            TokenKind::Operator => Some(format!("operator without its schema: {text}")),
            TokenKind::Cast if self.is(Some(at + 1), "pg_catalog") && self.is(Some(at + 2), ".") => None,
            TokenKind::Cast => Some(format!("type without its schema: {}", self.text(at + 1))),
            TokenKind::Word if IMPLICIT.contains(&text.to_ascii_uppercase().as_str()) => {
                Some(format!("finds an operator by its bare name: {text}"))
            }
            TokenKind::Word if self.is(Some(at), "IN") && self.is(Some(at + 1), "(") => {
                Some("finds an operator by its bare name: IN".to_owned())
            }
            TokenKind::Word if self.is(Some(at), "DISTINCT") && self.is(Some(at + 1), "FROM") => {
                Some("finds an operator by its bare name: IS DISTINCT FROM".to_owned())
            }
            TokenKind::Word if self.is(Some(at), "CASE") && !self.is(Some(at + 1), "WHEN") => {
                Some("finds an operator by its bare name: CASE x WHEN y".to_owned())
            }
            TokenKind::Word | TokenKind::Identifier => {
                let literal = self.kind(at + 1) == Some(TokenKind::String);
                if literal && !self.is_keyword(at) && !self.is(before, ".") && self.reads() {
                    return Some(format!("type without its schema: {text}"));
                }
                if self.is(Some(at + 1), "(")
                    && !self.is_keyword(at)
                    && !self.is_ours(at)
                    && !self.is_list(at)
                {
                    return Some(format!("function without its schema: {text}"));
                }
                let relation = self.reads() && (self.is(before, "FROM") || self.is(before, "JOIN"));
                let bare = self.is_name(at) && !self.is(Some(at + 1), ".") && !self.is_keyword(at);
                let distinct = self.is(at.checked_sub(2), "DISTINCT");
                let known = distinct
                    || self.is(Some(at), "ONLY")
                    || self.is(Some(at), "STDIN")
                    || self.is(Some(at), PLACEHOLDER)
                    || self.is_defined(at);
                (relation && bare && !known).then(|| format!("relation without its schema: {text}"))
            }
            _ => None,
        }
    }

    /// Says whether it reads: in other statements `FROM` is in front of a role, and a word in front of a literal is no type.
    fn reads(&self) -> bool {
        let first = self.text(0).to_ascii_uppercase();
        !VERBS.contains(&first.as_str()) || ["COPY", "EXISTS", "SELECT", "WITH"].contains(&first.as_str())
    }

    /// Says whether a `*` is all columns or all rows.
    fn is_star(&self, at: usize) -> bool {
        let before = at.checked_sub(1);
        ["(", ",", ".", "SELECT"].into_iter().any(|text| self.is(before, text))
    }

    /// Says whether names in parentheses behind a name are columns: of an alias, of a query in `WITH`, of a table in `COPY`.
    fn is_list(&self, at: usize) -> bool {
        let before = at.checked_sub(1);
        self.is(before, "AS")
            || self.is(before, "RECURSIVE")
            || self.is(before, "WITH") && self.is(before, self.text(0))
    }

    /// Says whether a name is that of a query in `WITH`.
    fn is_defined(&self, at: usize) -> bool {
        self.is(Some(0), "WITH")
            && (0..self.tokens.len()).any(|other| {
                let behind = self.is(Some(other + 1), "(") || self.is(Some(other + 1), "AS");
                let defines = ["WITH", "RECURSIVE", ",", ")"]
                    .into_iter()
                    .any(|text| self.is(other.checked_sub(1), text));
                other != at && behind && defines && self.text(other) == self.text(at)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_looked_up_by_the_path_is_found() {
        let operator = |text: &str| format!("operator without its schema: {text}");
        let bare = |text: &str| format!("finds an operator by its bare name: {text}");
        let function = |text: &str| format!("function without its schema: {text}");
        let a_type = |text: &str| format!("type without its schema: {text}");
        let cases = [
            ("SELECT 1 = 1", operator("=")),
            ("SELECT n.nspname || '.' FROM pg_catalog.pg_namespace n", operator("||")),
            ("SELECT 2 * 3", operator("*")),
            ("SELECT -1", operator("-")),
            (" AND x.y = ", operator("=")),
            ("SELECT 1 OPERATOR(public.=) 1", operator("=")),
            ("SELECT 1 OPERATOR(=) 1", operator("=")),
            ("WHERE x !~ '^pg_'", operator("!~")),
            ("SELECT count(*) FROM pg_catalog.pg_class", function("count")),
            ("SELECT public.count(*)", function("count")),
            ("SELECT \"Count\"()", function("\"Count\"")),
            ("SELECT '1'::text", a_type("text")),
            ("SELECT '1'::public.text", a_type("public")),
            ("SELECT date '2024-01-01'", a_type("date")),
            ("SELECT CAST('1' AS pg_catalog.text)", bare("CAST")),
            ("WHERE c.relkind IN ('r', 'p')", bare("IN")),
            ("WHERE c.relkind NOT IN ('r')", bare("IN")),
            ("SELECT x BETWEEN 1 AND 2", bare("BETWEEN")),
            ("SELECT x LIKE 'a'", bare("LIKE")),
            ("SELECT NULLIF(x, y)", bare("NULLIF")),
            ("SELECT x IS DISTINCT FROM y", bare("IS DISTINCT FROM")),
            ("SELECT CASE x WHEN 'r' THEN 1 END", bare("CASE x WHEN y")),
            ("SELECT 1 FROM pg_catalog.a JOIN pg_catalog.b USING (c)", bare("USING")),
            ("SELECT 1 FROM pg_class", "relation without its schema: pg_class".to_owned()),
            ("SELECT 1 FROM pg_catalog.a x JOIN b ON true", "relation without its schema: b".to_owned()),
        ];
        for (sql, fault) in cases {
            assert!(is_sql(sql), "{sql}");
            assert_eq!(faults(sql), [fault], "{sql}");
        }
    }

    #[test]
    fn whatever_has_its_schema_passes() {
        for sql in [
            "SELECT pg_catalog.count(*), n.*, '{r,p}'::pg_catalog.\"char\"[] FROM pg_catalog.pg_class AS c (x, y)",
            "WITH RECURSIVE a (b) AS (SELECT 1), c AS (SELECT 2) SELECT * FROM a JOIN c ON true",
            "SELECT CASE WHEN a OPERATOR(pg_catalog.=) 1 THEN coalesce(b, 'c') END WHERE EXISTS (SELECT FROM pg_catalog.x)",
            "SELECT v AT TIME ZONE 'UTC' FROM (VALUES ('a', 'b')) AS v (w, x) ORDER BY 1",
            "SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT 1))",
            "SELECT {schema}.bt_index_check({oid}::pg_catalog.oid, true) FROM {table}",
            "CREATE ROLE {name} LOGIN PASSWORD '{verifier}'",
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
            "COPY (SELECT ",
            "SET search_path = ",
            "COMMENT ON ROLE {role} IS '",
            " AND m.rolname OPERATOR(pg_catalog.=)",
        ] {
            assert!(is_sql(sql), "{sql}");
            assert!(faults(sql).is_empty(), "{sql}: {:?}", faults(sql));
        }
    }

    #[test]
    fn files_of_other_crates_are_not_read() {
        let text = "const X: &str = \"SELECT 1 = 1\";\n";
        let finding = "tools/take/src/x.rs:1: SQL: operator without its schema: =";
        assert_eq!(findings("tools/take/src/x.rs", text), [finding]);
        assert!(findings("shared/dump/src/x.rs", text).is_empty());
        assert!(
            findings("tools/take/src/x.rs", "/// `SELECT 1 = 1`\nlet x = \"`SELECT` is 1 = 1\";\n")
                .is_empty()
        );
    }
}
