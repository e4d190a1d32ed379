//! Each canonical statement beside the original that it came from.

use std::collections::HashMap;

use anyhow::Result;
use dump::lexer::{Lexer, TokenKind};
use dump::{Event, Events, NoData, ReadOptions, Role, Schema, Stream};

use crate::tree::{REWRITES, parse};

/// What was found about one canonical statement.
pub enum Verdict {
    Same,
    /// The same but for rewrites that the canonical form makes on purpose.
    OnPurpose(String),
    /// The original cannot be judged by this parser.
    NoJudgement(&'static str),
    Different {
        line: u64,
        original: String,
        canonical: String,
        trees: String,
    },
    Unparsable {
        line: u64,
        canonical: String,
        error: String,
    },
}

/// Compares all statements of a dump.
///
/// # Errors
/// When the dump cannot be read.
pub fn dump(text: &[u8]) -> Result<Vec<Verdict>> {
    let mut originals: HashMap<u64, (u64, Vec<u8>)> = HashMap::new();
    let mut events = Events::new(Stream(text));
    let mut escapes = false;
    while let Some(event) = events.next()? {
        if let Event::Statement(statement) = event {
            let lower = statement.text.to_ascii_lowercase();
            if lower.starts_with(b"set standard_conforming_strings") {
                escapes = lower.windows(3).any(|word| word == b"off");
            }
            // This parser takes backslashes for what they are.
            if !escapes || !statement.text.contains(&b'\\') {
                originals
                    .insert(statement.at.byte, (statement.at.line.unwrap_or(0), statement.text.to_vec()));
            }
        }
    }
    let options = ReadOptions { keep_secrets: true, ..ReadOptions::default() };
    let read = dump::read(Stream(text), options, &mut NoData)?;
    let schemas: Vec<&Schema> =
        [&read.cluster].into_iter().chain(read.databases.iter().map(|database| &database.schema)).collect();
    let mut verdicts = Vec::new();
    for part in schemas.iter().flat_map(|schema| schema.objects.values()).flat_map(|object| &object.parts) {
        verdicts.push(match originals.get(&part.at.byte) {
            Some((_, original)) if part.role == Role::Owner && !original.starts_with(b"ALTER") => {
                Verdict::OnPurpose("owners from SET SESSION AUTHORIZATION".to_owned())
            }
            Some((line, original)) => compare(original, &part.text, *line),
            None => Verdict::NoJudgement("escapes in plain literals"),
        });
    }
    Ok(verdicts)
}

fn compare(original: &[u8], canonical: &[u8], line: u64) -> Verdict {
    let (Ok(original), Ok(canonical)) = (std::str::from_utf8(original), std::str::from_utf8(canonical))
    else {
        return Verdict::NoJudgement("no UTF-8");
    };
    let before = parse(original);
    let after = match (&before, parse(canonical)) {
        (_, Ok(after)) => after,
        (Err(_), Err(_)) => return Verdict::NoJudgement("the original is no SQL of PostgreSQL 18"),
        (Ok(_), Err(error)) => return Verdict::Unparsable { line, canonical: canonical.to_owned(), error },
    };
    let Ok(before) = before else {
        return Verdict::NoJudgement("the original is no SQL of PostgreSQL 18");
    };
    if before == after {
        return Verdict::Same;
    }
    // Names that the original leaves without their schema.
    let bare = without_added_schemas(original, canonical).and_then(|bare| parse(&bare).ok());
    let mut classes = Vec::from_iter(bare.as_ref().map(|_| "schemas of names written out"));
    let after = bare.unwrap_or(after);
    // One rewrite that explains it all, else one behind the other.
    for (class, rewrite) in REWRITES {
        let (mut one, mut other) = (before.clone(), after.clone());
        rewrite(&mut one);
        rewrite(&mut other);
        if before != after && one == other {
            classes.push(class);
            return Verdict::OnPurpose(classes.join(" + "));
        }
    }
    let (mut one, mut other) = (before, after);
    for (class, rewrite) in REWRITES {
        let differed = difference(&one.to_string(), &other.to_string());
        rewrite(&mut one);
        rewrite(&mut other);
        if one != other && difference(&one.to_string(), &other.to_string()) != differed {
            classes.push(class);
        }
    }
    if one == other {
        return Verdict::OnPurpose(classes.join(" + "));
    }
    let trees = difference(&one.to_string(), &other.to_string());
    Verdict::Different { line, original: original.to_owned(), canonical: canonical.to_owned(), trees }
}

/// The texts around the first byte in which two trees differ.
fn difference(one: &str, other: &str) -> String {
    let at = one.bytes().zip(other.bytes()).position(|(a, b)| a != b).unwrap_or(one.len().min(other.len()));
    let around = |text: &str| -> String {
        let bytes = &text.as_bytes()[at.saturating_sub(80)..(at + 80).min(text.len())];
        String::from_utf8_lossy(bytes).into_owned()
    };
    format!("    {}\n    {}", around(one), around(other))
}

/// The canonical text without each `schema .` that the original does not have at that place; `None` where there is
/// none, or the tokens differ in more.
fn without_added_schemas(original: &str, canonical: &str) -> Option<String> {
    let words = |text: &str| -> Option<Vec<String>> {
        let tokens = Lexer::default().tokens(text.as_bytes()).ok()?;
        let code = tokens.iter().filter(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment));
        Some(code.map(|token| text[token.start..token.end].to_owned()).collect())
    };
    let spelled = |word: &str| dump::Name::from_sql(word.as_bytes());
    let (original, canonical) = (words(original)?, words(canonical)?);
    let (mut kept, mut at, mut added) = (Vec::new(), 0, false);
    let mut rest = original.iter().peekable();
    while let Some(word) = canonical.get(at) {
        let here = rest.peek();
        let same = here.is_some_and(|other| *other == word || spelled(other) == spelled(word));
        let behind = canonical.get(at + 2);
        if !same
            && canonical.get(at + 1).is_some_and(|dot| dot == ".")
            && behind.is_some_and(|name| here.is_some_and(|other| spelled(other) == spelled(name)))
        {
            added = true;
            at += 2;
            continue;
        }
        kept.push(word.clone());
        rest.next();
        at += 1;
    }
    added.then(|| kept.join(" "))
}
