//! Views and materialized views.

use super::clause::{Clause, cut, list, unwrapped, value};
use super::{Found, create, text_span};
use crate::Name;
use crate::attribute::Attribute;
use crate::lexeme::{Cursor, Lexeme};
use crate::lexer::TokenKind;

const CLAUSES: [Clause; 3] =
    [value("USING", Attribute::AccessMethod), list("WITH ("), value("TABLESPACE", Attribute::Tablespace)];

/// `CREATE VIEW … AS query` and `CREATE MATERIALIZED VIEW … AS query`
pub(super) fn found(text: &[u8], mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    let modifiers = create(&mut cursor, "VIEW")?;
    let mut found: Vec<Found> = modifiers
        .into_iter()
        .filter(|word| word != "MATERIALIZED")
        .map(|word| Found::new(Attribute::Persistence, word))
        .collect();
    cursor.qualified()?;
    let start = cursor.clone();
    if cursor.parentheses().is_some() {
        let columns = unwrapped(&start.rest()[..cursor.at - start.at]);
        found.push(Found::new(Attribute::Columns, columns));
    }
    let start = cursor.clone();
    cursor.skip_behind("AS")?;
    found.extend(cut(&start.rest()[..cursor.at - start.at - 1], &CLAUSES)?);
    let query = cursor.rest();
    let (len, end) = query_end(query);
    found.push(Found::new(Attribute::Query, text_span::between(text, cursor.at, cursor.at + len)?));
    found.extend(end);
    Some(found)
}

/// Number of lexemes of the query, and what stands behind it.
fn query_end(query: &[Lexeme<'_>]) -> (usize, Option<Found>) {
    const ENDS: [(&str, Attribute, &str); 5] = [
        ("WITH LOCAL CHECK OPTION", Attribute::CheckOption, "LOCAL"),
        ("WITH CASCADED CHECK OPTION", Attribute::CheckOption, "CASCADED"),
        ("WITH CHECK OPTION", Attribute::CheckOption, "CASCADED"),
        ("WITH NO DATA", Attribute::Clause, "WITH NO DATA"),
        ("WITH DATA", Attribute::Clause, "WITH DATA"),
    ];
    for (words, attribute, text) in ENDS {
        let Some(at) = query.len().checked_sub(words.split(' ').count()) else { continue };
        let named = at > 0 && query[at - 1].kind == TokenKind::Dot;
        if !named && Cursor::new(&query[at..]).sees(words) {
            let item = (attribute == Attribute::Clause).then(|| Name::from("data"));
            return (at, Some(Found { attribute, item, text: text.into() }));
        }
    }
    (query.len(), None)
}
