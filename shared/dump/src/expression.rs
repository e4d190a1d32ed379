//! Expressions in the form that a server gives them when it reads its own text again.
//!
//! What ruleutils.c prints of an expression that a person wrote is not what it prints once a restored copy has read that
//! text. The parser turns each of these pairs into one tree, so that nothing but the text differs:
//!
//! - `(ARRAY[a, b])::text[]` and `ARRAY[(a)::text, (b)::text]` (`transformTypeCast` in parse_expr.c hands the type down);
//! - `((a AND b) AND c)` and `(a AND b AND c)` (`makeAndExpr` in gram.y), likewise `OR`; to the left only;
//! - `'x'::text AS text` and `'x'::text`, where the name is the one it has anyway (`FigureColname` in parse_target.c).
//!
//! The second of each first two, and the third without the name, is the canonical form: what a server prints for ever.
//! Besides, `a::text` and `'x'::text::name`, which ruleutils.c writes for statistics objects and people write, are
//! `(a)::text` and `('x'::text)::name`, as it writes them everywhere else.

use crate::Name;
use crate::identify::type_len;
use crate::identify::types::is_catalog_type;
use crate::lexeme::{Lexeme, split_commas};
use crate::lexer::TokenKind;

/// Brings all expressions of a statement into the form that a restored copy has.
pub(crate) fn settle(lexemes: &mut Vec<Lexeme<'_>>) {
    let has = Contents::of(lexemes);
    if has.nested {
        flatten(lexemes);
    }
    if has.casts {
        group_casts(lexemes);
    }
    if has.arrays {
        hand_down(lexemes);
    }
    if has.names {
        drop_names(lexemes);
    }
}

/// What of a statement there is to look at.
#[derive(Debug, Default)]
struct Contents {
    /// `) AND` or `) OR`
    nested: bool,
    /// `a ::`, or `:: type ::`
    casts: bool,
    /// `ARRAY [`
    arrays: bool,
    /// `AS` in a query
    names: bool,
}

impl Contents {
    fn of(lexemes: &[Lexeme<'_>]) -> Contents {
        let mut has = Contents::default();
        let mut query = false;
        for pair in lexemes.windows(2) {
            let (lexeme, next) = (&pair[0], &pair[1]);
            match lexeme.kind {
                TokenKind::RightParen => has.nested |= next.is("AND") || next.is("OR"),
                TokenKind::Number | TokenKind::Identifier => has.casts |= next.kind == TokenKind::Cast,
                TokenKind::Word => {
                    has.casts |= next.kind == TokenKind::Cast && !lexeme.is("NULL");
                    has.arrays |= next.kind == TokenKind::LeftBracket && lexeme.is("ARRAY");
                    query |= lexeme.is("SELECT");
                    has.names |= query && lexeme.is("AS");
                }
                _ => {}
            }
        }
        has
    }
}

/// A parenthesis that is open, or what is around all of them.
#[derive(Debug, Default)]
struct Level {
    open: usize,
    /// Whether what comes before leaves the parenthesis the first operand of an `AND`, or of an `OR`.
    first_of: [bool; 2],
    /// Whether it holds an `AND`, an `OR`, or what is no condition: a query or a list.
    has: [bool; 2],
    other: bool,
    /// `CASE`s whose `END` has not come.
    cases: usize,
    /// `BETWEEN`s whose `AND` has not come.
    betweens: usize,
}

/// Takes away the parentheses around the first operand of an `AND` that is an `AND` itself, and of an `OR` that is one.
fn flatten(lexemes: &mut Vec<Lexeme<'_>>) {
    let mut levels = vec![Level::default()];
    let mut needless: Vec<usize> = Vec::new();
    for at in 0..lexemes.len() {
        let lexeme = &lexemes[at];
        let Some(level) = levels.last_mut() else { return };
        match lexeme.kind {
            TokenKind::LeftParen => {
                let other = lexemes.get(at + 1).is_some_and(begins_query);
                levels.push(Level { open: at, first_of: first_of(lexemes, at), other, ..Level::default() });
            }
            TokenKind::LeftBracket => levels.push(Level { open: at, other: true, ..Level::default() }),
            TokenKind::RightParen | TokenKind::RightBracket => {
                let Some(level) = levels.pop().filter(|_| !levels.is_empty()) else { return };
                let [and, or] = level.has;
                let next = lexemes.get(at + 1);
                let follows = |word: &str| next.is_some_and(|next| next.is(word));
                let and = and && !or && level.first_of[0] && follows("AND");
                let or = or && level.first_of[1] && follows("OR");
                if !level.other && (and || or) {
                    needless.extend([level.open, at]);
                }
            }
            TokenKind::Comma | TokenKind::Semicolon => level.other = true,
            TokenKind::Word if lexeme.is("CASE") => level.cases += 1,
            TokenKind::Word if lexeme.is("END") => level.cases = level.cases.saturating_sub(1),
            TokenKind::Word if level.cases > 0 => {}
            TokenKind::Word if lexeme.is("BETWEEN") => level.betweens += 1,
            TokenKind::Word if lexeme.is("AND") && level.betweens > 0 => level.betweens -= 1,
            TokenKind::Word if lexeme.is("AND") => level.has[0] = true,
            TokenKind::Word if lexeme.is("OR") => level.has[1] = true,
            _ => {}
        }
    }
    if needless.is_empty() {
        return;
    }
    needless.sort_unstable();
    let mut at = 0..;
    lexemes.retain(|_| at.next().is_none_or(|at| needless.binary_search(&at).is_err()));
}

fn begins_query(lexeme: &Lexeme<'_>) -> bool {
    ["SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE"].iter().any(|word| lexeme.is(word))
}

/// Says whether a parenthesis is where an expression begins, so that an `AND` or `OR` behind it has it as its first operand.
fn first_of(lexemes: &[Lexeme<'_>], open: usize) -> [bool; 2] {
    const WORDS: [&str; 9] =
        ["WHERE", "ON", "HAVING", "WHEN", "THEN", "ELSE", "SELECT", "DISTINCT", "RETURN"];
    let Some(before) = open.checked_sub(1).map(|at| &lexemes[at]) else { return [false; 2] };
    let begins = match before.kind {
        TokenKind::LeftParen | TokenKind::LeftBracket | TokenKind::Comma => true,
        TokenKind::Word => WORDS.iter().any(|word| before.is(word)),
        _ => false,
    };
    // `AND` binds tighter than `OR`.
    [begins || before.is("OR"), begins]
}

/// Puts parentheses around what is cast, unless it is a string or has some.
fn group_casts(lexemes: &mut Vec<Lexeme<'_>>) {
    let mut opens: Vec<usize> = Vec::new();
    let mut closes: Vec<usize> = Vec::new();
    // Where what was cast begins, if that was found, and where the type ends that it was cast to.
    let mut last: (Option<usize>, usize) = (None, 0);
    for at in 1..lexemes.len() {
        if lexemes[at].kind != TokenKind::Cast {
            continue;
        }
        let again = last.1 == at;
        let start = if again { last.0 } else { operand(lexemes, at - 1) };
        if let Some(start) = start {
            let constant = lexemes[start].kind == TokenKind::String || lexemes[start].is("NULL");
            if again || !constant {
                opens.push(start);
                closes.push(at);
            }
        }
        last = (start, at + 1 + type_len(&lexemes[at + 1..]));
    }
    if opens.is_empty() {
        return;
    }
    let (mut opens, mut closes) = (opens.into_iter().peekable(), closes.into_iter().peekable());
    let mut grouped = Vec::with_capacity(lexemes.len() + 2 * opens.len());
    for (at, lexeme) in std::mem::take(lexemes).into_iter().enumerate() {
        if closes.next_if_eq(&at).is_some() {
            grouped.push(Lexeme::new(TokenKind::RightParen, &b")"[..]));
        }
        while opens.next_if_eq(&at).is_some() {
            grouped.push(Lexeme::new(TokenKind::LeftParen, &b"("[..]));
        }
        grouped.push(lexeme);
    }
    *lexemes = grouped;
}

/// Where a constant or a name begins that ends at a lexeme; `None` where it is something else.
fn operand(lexemes: &[Lexeme<'_>], end: usize) -> Option<usize> {
    let last = &lexemes[end];
    let plain = matches!(last.kind, TokenKind::String | TokenKind::Number) || last.is_name();
    let mut start = end;
    while last.is_name()
        && start > 1
        && lexemes[start - 1].kind == TokenKind::Dot
        && lexemes[start - 2].is_name()
    {
        start -= 2;
    }
    let before = start.checked_sub(1).map(|before| &lexemes[before]);
    let goes_on = before.is_some_and(|before| match last.kind {
        // `interval '1 day'`
        TokenKind::String => before.is_name() && is_catalog_type(Name::from_sql(&before.text).bytes()),
        _ => before.kind == TokenKind::Dot,
    });
    (plain && !goes_on && !last.is("END")).then_some(start)
}

/// Gives the elements of an array the type that the array is cast to.
fn hand_down(lexemes: &mut Vec<Lexeme<'_>>) {
    // From the end on: what is within others comes first.
    let mut at = lexemes.len();
    while at > 0 {
        at -= 1;
        if lexemes[at].is("ARRAY") {
            // What was handed down makes an array of arrays one that can be handed on.
            while let Some((from, len, replaced)) = handed_down(lexemes, at) {
                lexemes.splice(from..from + len, replaced);
                at = from;
            }
        }
    }
}

/// What stands in for `(ARRAY[…])::type[]` around an `ARRAY`, and where that begins and how long it is.
fn handed_down<'a>(lexemes: &[Lexeme<'a>], array: usize) -> Option<(usize, usize, Vec<Lexeme<'a>>)> {
    let kind = |at: usize| lexemes.get(at).map(|lexeme| lexeme.kind);
    let len = brackets(&lexemes[array + 1..])?;
    let (mut from, mut end) = (array, array + 1 + len);
    if kind(end) == Some(TokenKind::RightParen) && is_grouped(lexemes, array) {
        (from, end) = (array - 1, end + 1);
    }
    if kind(end) != Some(TokenKind::Cast) {
        return None;
    }
    let ty = &lexemes[end + 1..];
    let ty = &ty[..type_len(ty)];
    let of = ty.iter().rposition(|lexeme| {
        !matches!(lexeme.kind, TokenKind::LeftBracket | TokenKind::RightBracket | TokenKind::Number)
    })?;
    let is_array = ty.get(of + 1).is_some_and(|lexeme| lexeme.kind == TokenKind::LeftBracket);
    let elements = &lexemes[array + 2..array + len];
    if !is_array || elements.is_empty() {
        return None;
    }
    let mut replaced = Vec::with_capacity(len + elements.len());
    replaced.push(lexemes[array].clone());
    cast_elements(&lexemes[array + 1..array + 1 + len], &ty[..=of], &mut replaced);
    Some((from, end + 1 + ty.len() - from, replaced))
}

/// Says whether the parenthesis in front of an array only groups: it is neither a call's nor that of `ANY (…)`.
fn is_grouped(lexemes: &[Lexeme<'_>], array: usize) -> bool {
    const WORDS: [&str; 15] = [
        "AND", "BETWEEN", "BY", "CASE", "DEFAULT", "DISTINCT", "ELSE", "HAVING", "NOT", "ON", "OR", "RETURN",
        "SELECT", "THEN", "WHEN",
    ];
    let opens = array.checked_sub(1).filter(|at| lexemes[*at].kind == TokenKind::LeftParen);
    let before = opens.and_then(|open| open.checked_sub(1)).map(|at| &lexemes[at]);
    opens.is_some()
        && before.is_none_or(|before| {
            !before.is_name() || before.is("WHERE") || WORDS.iter().any(|word| before.is(word))
        })
}

/// Writes `[a, b]` with every element cast.
fn cast_elements<'a>(list: &[Lexeme<'a>], ty: &[Lexeme<'a>], out: &mut Vec<Lexeme<'a>>) {
    out.push(list[0].clone());
    for (number, element) in split_commas(&list[1..list.len() - 1]).into_iter().enumerate() {
        if number > 0 {
            out.push(Lexeme::new(TokenKind::Comma, &b","[..]));
        }
        let inner = usize::from(element.first().is_some_and(|first| first.is("ARRAY")));
        if brackets(&element[inner..]) == Some(element.len() - inner) {
            out.extend_from_slice(&element[..inner]);
            cast_elements(&element[inner..], ty, out);
            continue;
        }
        // `get_const_expr` and `get_coercion_expr` in ruleutils.c.
        match element {
            [literal] if literal.kind == TokenKind::String || literal.is("NULL") => out.push(literal.clone()),
            _ => {
                out.push(Lexeme::new(TokenKind::LeftParen, &b"("[..]));
                out.extend_from_slice(element);
                out.push(Lexeme::new(TokenKind::RightParen, &b")"[..]));
            }
        }
        out.push(Lexeme::new(TokenKind::Cast, &b"::"[..]));
        out.extend_from_slice(ty);
    }
    out.push(list[list.len() - 1].clone());
}

/// Number of lexemes from an opening bracket at the front to the one that closes it.
fn brackets(lexemes: &[Lexeme<'_>]) -> Option<usize> {
    lexemes.first().filter(|first| first.kind == TokenKind::LeftBracket)?;
    let mut depth = 0_usize;
    for (offset, lexeme) in lexemes.iter().enumerate() {
        match lexeme.kind {
            TokenKind::LeftBracket | TokenKind::LeftParen => depth += 1,
            TokenKind::RightBracket | TokenKind::RightParen => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return (lexeme.kind == TokenKind::RightBracket).then_some(offset + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Takes away the names of columns that are constants, where they are called so anyway.
fn drop_names(lexemes: &mut Vec<Lexeme<'_>>) {
    /// A query or a parenthesis; where the column that is read began, in a list of columns.
    type Columns = Option<usize>;
    let mut levels: Vec<Columns> = vec![None];
    let mut needless: Vec<usize> = Vec::new();
    for at in 0..lexemes.len() {
        let lexeme = &lexemes[at];
        let Some(column) = levels.last_mut() else { return };
        match lexeme.kind {
            TokenKind::LeftParen | TokenKind::LeftBracket => levels.push(None),
            TokenKind::RightParen | TokenKind::RightBracket => {
                if levels.len() == 1 {
                    return;
                }
                levels.pop();
            }
            TokenKind::Comma if column.is_some() => *column = Some(at + 1),
            TokenKind::Semicolon => *column = None,
            TokenKind::Word if lexeme.is("SELECT") || lexeme.is("RETURNING") => *column = Some(at + 1),
            TokenKind::Word if lexeme.is("DISTINCT") && *column == Some(at) => *column = Some(at + 1),
            TokenKind::Word if ends_columns(lexeme) => *column = None,
            TokenKind::Word if lexeme.is("AS") => {
                let name = lexemes.get(at + 1).filter(|name| name.is_name());
                let ends = lexemes.get(at + 2).is_none_or(|next| {
                    matches!(next.kind, TokenKind::Comma | TokenKind::RightParen | TokenKind::Semicolon)
                        || ends_columns(next)
                });
                let (Some(start), Some(name), true) = (*column, name, ends) else { continue };
                if own_name(&lexemes[start..at]).is_some_and(|own| own == Name::from_sql(&name.text)) {
                    needless.extend([at, at + 1]);
                }
            }
            _ => {}
        }
    }
    let mut at = 0..;
    lexemes.retain(|_| at.next().is_none_or(|at| needless.binary_search(&at).is_err()));
}

/// Words behind which no column of a query stands any more.
fn ends_columns(lexeme: &Lexeme<'_>) -> bool {
    const WORDS: [&str; 13] = [
        "FROM",
        "WHERE",
        "GROUP",
        "HAVING",
        "WINDOW",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "ORDER",
        "LIMIT",
        "OFFSET",
        "FETCH",
        "FOR",
    ];
    WORDS.iter().any(|word| lexeme.is(word))
}

/// The name that a column of a query has by itself if it is a constant, or a query for one.
fn own_name(column: &[Lexeme<'_>]) -> Option<Name> {
    let (first, rest) = column.split_first()?;
    if first.kind == TokenKind::LeftParen && crate::lexeme::group_len(column) == Some(column.len()) {
        let inner = &column[1..column.len() - 1];
        let inner = inner.split_first().filter(|(select, _)| select.is("SELECT"))?.1;
        let end = inner.iter().position(|lexeme| ends_columns(lexeme) || lexeme.kind == TokenKind::Comma);
        let inner = &inner[..end.unwrap_or(inner.len())];
        return match inner {
            [constant @ .., word, name] if word.is("AS") => {
                own_name(constant).filter(|own| *own == Name::from_sql(&name.text))
            }
            constant => own_name(constant),
        };
    }
    if rest.is_empty() && (first.is("true") || first.is("false")) {
        return Some(Name::from("bool"));
    }
    let (cast, ty) = rest.split_first()?;
    let constant = matches!(first.kind, TokenKind::String | TokenKind::Number) || first.is("NULL");
    if !constant || cast.kind != TokenKind::Cast || type_len(ty) != ty.len() {
        return None;
    }
    catalog_name(ty)
}

/// What the catalog calls a type.
fn catalog_name(ty: &[Lexeme<'_>]) -> Option<Name> {
    let is = |at: usize, word: &str| ty.get(at).is_some_and(|lexeme| lexeme.is(word));
    let zoned = || ty.windows(2).any(|pair| pair[0].is("with") && pair[1].is("time"));
    let varies = is(1, "varying");
    let first = ty.first()?;
    let name = match () {
        () if is(0, "integer") || is(0, "int") => "int4",
        () if is(0, "bigint") => "int8",
        () if is(0, "smallint") => "int2",
        () if is(0, "real") => "float4",
        () if is(0, "double") => "float8",
        () if is(0, "boolean") => "bool",
        () if is(0, "decimal") || is(0, "dec") => "numeric",
        () if is(0, "character") || is(0, "char") => {
            if varies {
                "varchar"
            } else {
                "bpchar"
            }
        }
        () if is(0, "bit") && varies => "varbit",
        () if is(0, "timestamp") => {
            if zoned() {
                "timestamptz"
            } else {
                "timestamp"
            }
        }
        () if is(0, "time") => {
            if zoned() {
                "timetz"
            } else {
                "time"
            }
        }
        () => {
            let mut last = 0;
            while ty.get(last + 1).is_some_and(|next| next.kind == TokenKind::Dot) {
                last += 2;
            }
            return ty.get(last).or(Some(first)).map(|name| Name::from_sql(&name.text));
        }
    };
    Some(Name::from(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout;
    use crate::lexeme::lexemes_of;

    fn settled(text: &str) -> String {
        let mut lexemes = lexemes_of(text.as_bytes()).unwrap();
        settle(&mut lexemes);
        let once = layout::line(&lexemes);
        settle(&mut lexemes);
        assert_eq!(layout::line(&lexemes), once, "not idempotent: {text}");
        String::from_utf8(once).unwrap()
    }

    #[test]
    fn what_a_server_writes_at_first_is_what_it_writes_for_ever() {
        for (first, for_ever) in [
            (
                "((s)::text = ANY ((ARRAY['a'::character varying, b.c, NULL::name])::text[]))",
                "((s)::text = ANY (ARRAY[('a'::character varying)::text, (b.c)::text, (NULL::name)::text]))",
            ),
            (
                "(n = ANY ((ARRAY[i, 2])::numeric(5,2)[]))",
                "(n = ANY (ARRAY[(i)::numeric(5,2), (2)::numeric(5,2)]))",
            ),
            (
                "f((ARRAY[ARRAY['a'::x.y], ARRAY[g(1)]])::text[])",
                "f(ARRAY[ARRAY[('a'::x.y)::text], ARRAY[(g(1))::text]])",
            ),
            ("((ARRAY['a'::name])::text[])::x.ci[]", "ARRAY[(('a'::name)::text)::x.ci]"),
            (
                "SELECT (ARRAY[(ARRAY['a'::name])::text[]])::name[]",
                "SELECT ARRAY[ARRAY[(('a'::name)::text)::name]]",
            ),
            ("DEFAULT ARRAY['a', 'b']::text[]", "DEFAULT ARRAY['a'::text, 'b'::text]"),
            ("(((a = 1) AND (b = 2)) AND (c = 3))", "((a = 1) AND (b = 2) AND (c = 3))"),
            ("((((a) OR (b)) OR (c)) OR (d AND e))", "((a) OR (b) OR (c) OR (d AND e))"),
            ("WHERE ((a AND b) AND c) OR d", "WHERE (a AND b AND c) OR d"),
            ("WHERE x OR (a AND b) AND c", "WHERE x OR a AND b AND c"),
            (
                "(s::text = ANY (ARRAY['a'::character varying]::text[]))",
                "((s)::text = ANY (ARRAY[('a'::character varying)::text]))",
            ),
            ("'a'::character varying::text", "('a'::character varying)::text"),
            ("1::bigint + a.b::date::text", "(1)::bigint + ((a.b)::date)::text"),
            (
                "SELECT a UNION SELECT 'x'::text AS text, NULL::bit varying AS varbit",
                "SELECT a UNION SELECT 'x'::text, NULL::bit varying",
            ),
            ("IN (SELECT 'x'::x.mood AS mood LIMIT 1)", "IN (SELECT 'x'::x.mood LIMIT 1)"),
            ("SELECT (SELECT 'a'::text AS text FROM o) AS text", "SELECT (SELECT 'a'::text FROM o)"),
            ("SELECT DISTINCT false AS bool FROM t", "SELECT DISTINCT false FROM t"),
            ("SELECT '1'::time(3) with time zone AS timetz, 2", "SELECT '1'::time(3) with time zone, 2"),
        ] {
            assert_eq!(settled(first), for_ever, "{first}");
            assert_eq!(settled(for_ever), for_ever);
        }
    }

    #[test]
    fn what_means_something_stays() {
        for text in [
            "((a AND b) OR c)",
            "(a AND (b AND c))",
            "(NOT (a AND b) AND c)",
            "(x = (a AND b) AND c)",
            "(f(a AND b) AND c)",
            "(x IN (SELECT y WHERE a AND b) AND c)",
            "((a OR b) AND c)",
            "((x BETWEEN 1 AND 2) AND c)",
            "(x BETWEEN (a AND b) AND c)",
            "(x AND (a OR b) OR c)",
            "(CASE WHEN a AND b THEN c END AND d)",
            "((CASE WHEN a AND b THEN c END) AND d)",
            "ANY (ARRAY['a'::text])",
            "(ARRAY['a'::name])[1]",
            "f(ARRAY['a'::name])::text[]",
            "x.f(ARRAY['a'::name])::text[]",
            "(ARRAY[]::text[])",
            "(ARRAY['a'::name])::tags",
            "CAST('x'::text AS text)",
            "SELECT xmlforest('x'::text AS text)",
            "SELECT (a)::text AS text",
            "SELECT 'x'::text AS \"?column?\"",
            "SELECT 'x'::text AS t",
            "SELECT 1 FROM f('x'::text) AS text",
            "(CASE WHEN a THEN b END)::text",
            "lower(a)::text",
            "(x)::boolean::text",
            "(a).b::text",
        ] {
            assert_eq!(settled(text), text);
        }
    }
}
