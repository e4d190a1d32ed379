//! Schemas made of the templates in `statements.sql`, with hostile names, literals and bodies in their places.

use std::collections::BTreeSet;

use dump::Name;
use dump::lexer::{Lexer, TokenKind};
use proptest::prelude::*;

/// Groups of statements that belong together. `@1@` to `@9@` are names, the same throughout a group; `@s@` is the
/// schema, `@l@` a literal, `@b@` the body of a function.
const TEMPLATES: &str = include_str!("statements.sql");

const NAMES: [&str; 16] = [
    "users",
    "Users",
    "con",
    "trail.",
    "naïve_таблица",
    "new\nline",
    "quo\"te",
    "it's",
    "../../../escape",
    "/etc/x",
    "select",
    "a;b",
    "-- x",
    "$$",
    // With a number behind it, as long as a server keeps.
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\\connect",
];

const SCHEMAS: [&str; 3] = ["app", "App", "weird . schema"];

const LITERALS: [&str; 9] = [
    "'plain'",
    "'it''s'",
    "'several\nlines; -- Name: fake; Type: TABLE\n'",
    r"E'tab\t\'\\'",
    r"'a\b'",
    "'$$ /* \" '",
    "'\n\\connect evil\n'",
    r"U&'d\0061t'",
    "''",
];

const BODIES: [&str; 5] = [
    "$$\nBEGIN\n  RETURN NEW; -- ' no end \"\nEND;\n$$",
    "$_$ select '$1', $$x;$$ -- $_$",
    "'select 1;\n'",
    "$tag$ /* \" \\. COPY x FROM stdin; $tag$",
    "$$$$",
];

/// A group with names and literals chosen for it.
#[derive(Clone, Debug)]
struct Instance {
    group: usize,
    schema: usize,
    names: Vec<&'static str>,
    texts: Vec<usize>,
    left_out: Vec<bool>,
}

fn groups() -> Vec<Vec<&'static str>> {
    let groups = TEMPLATES.split("\n== ");
    groups.map(|group| group.lines().skip(1).filter(|line| !line.is_empty()).collect()).collect()
}

fn instance() -> impl Strategy<Value = Instance> {
    (
        0..groups().len(),
        0..SCHEMAS.len(),
        prop::sample::subsequence(NAMES.to_vec(), 9).prop_shuffle(),
        prop::collection::vec(0_usize..100, 1..8),
        prop::collection::vec(prop::bool::weighted(0.15), 24),
    )
        .prop_map(|(group, schema, names, texts, left_out)| Instance {
            group,
            schema,
            names,
            texts,
            left_out,
        })
}

impl Instance {
    /// The statements; `number` keeps the names of several instances apart.
    fn statements(&self, number: usize, template: &[&str]) -> Vec<String> {
        let mut texts = self.texts.iter().copied().cycle();
        let kept = template.iter().zip(&self.left_out).filter(|(_, left_out)| !**left_out);
        kept.map(|(line, _)| {
            let mut sql = String::new();
            // Every second piece stands between two `@`.
            for (at, piece) in line.split('@').enumerate() {
                let text = texts.next().unwrap();
                match piece {
                    _ if at % 2 == 0 => sql.push_str(piece),
                    "s" => sql.push_str(&name(SCHEMAS[self.schema])),
                    "l" => sql.push_str(LITERALS[text % LITERALS.len()]),
                    "b" => sql.push_str(BODIES[text % BODIES.len()]),
                    digit => {
                        let chosen = self.names[digit.parse::<usize>().unwrap() - 1];
                        let suffix = if number == 0 { String::new() } else { number.to_string() };
                        sql.push_str(&name(&format!("{chosen}{suffix}")));
                    }
                }
            }
            sql
        })
        .collect()
    }
}

fn name(name: &str) -> String {
    String::from_utf8(Name::from(name).to_sql()).unwrap()
}

/// The statements of a schema.
pub fn schema() -> impl Strategy<Value = Vec<String>> {
    let groups = groups();
    prop::collection::vec(instance(), 1..4).prop_map(move |instances| {
        // No thing is described twice: a schema has one owner, and an operator is made once.
        let mut seen = BTreeSet::new();
        let distinct = instances.iter().filter(|instance| seen.insert((instance.group, instance.schema)));
        let numbered = distinct.enumerate();
        numbered.flat_map(|(number, instance)| instance.statements(number, &groups[instance.group])).collect()
    })
}

/// The same tokens with other white space and comments between them.
pub fn respaced(statements: &[String], gaps: &[String]) -> String {
    let mut gaps = gaps.iter().cycle();
    let mut text = String::new();
    for statement in statements {
        for token in Lexer::default().tokens(statement.as_bytes()).unwrap() {
            if !matches!(token.kind, TokenKind::Space | TokenKind::Comment) {
                text.push_str(gaps.next().unwrap());
                text.push_str(&statement[token.start..token.end]);
            }
        }
    }
    text
}
