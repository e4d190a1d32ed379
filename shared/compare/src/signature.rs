//! What is said of a routine's arguments.

use dump::lexer::TokenKind;
use dump::{Kind as Object, Name};

use crate::change::Change;
use crate::dumps::Pair;
use crate::tokens::{Token, position, split_commas, tokens};

/// One argument.
#[derive(Debug, PartialEq, Eq)]
struct Argument {
    mode: String,
    name: Option<Name>,
    ty: Vec<String>,
    default: Option<Vec<String>>,
}

const MODES: [&str; 4] = ["IN", "OUT", "INOUT", "VARIADIC"];

/// Types of more than one word by their first: behind that there is no name.
const LONG_TYPES: [(&str, &str); 10] = [
    ("double", "precision"),
    ("character", "varying"),
    ("bit", "varying"),
    ("timestamp", "with"),
    ("timestamp", "without"),
    ("time", "with"),
    ("time", "without"),
    ("interval", "year"),
    ("interval", "day"),
    ("interval", "hour"),
];

impl Argument {
    fn parse(words: &[Token<'_>]) -> Argument {
        let texts =
            |tokens: &[Token<'_>]| tokens.iter().map(|token| token.text.to_owned()).collect::<Vec<_>>();
        let equals =
            |token: &Token<'_>| token.is("DEFAULT") || token.kind == TokenKind::Operator && token.text == "=";
        let (words, default) = match position(words, equals) {
            Some(at) => (&words[..at], Some(texts(&words[at + 1..]))),
            None => (words, None),
        };
        let mode = words.first().filter(|first| MODES.iter().any(|mode| first.is(mode)) && words.len() > 1);
        let rest = if mode.is_some() { &words[1..] } else { words };
        let named = match rest {
            [first, second, ..] => {
                let is_name =
                    |token: &Token<'_>| matches!(token.kind, TokenKind::Word | TokenKind::Identifier);
                is_name(first)
                    && is_name(second)
                    && !LONG_TYPES.iter().any(|(one, other)| first.is(one) && second.is(other))
            }
            _ => false,
        };
        let (name, ty) = if named { (rest[0].name(), &rest[1..]) } else { (None, rest) };
        let mode = mode.map_or_else(|| "IN".to_owned(), |mode| mode.text.to_ascii_uppercase());
        Argument { mode, name, ty: texts(ty), default }
    }

    /// A name of what comes out is one of a column of the result.
    fn is_input(&self) -> bool {
        matches!(self.mode.as_str(), "IN" | "VARIADIC")
    }

    /// Says whether every call that the old one takes goes on.
    fn takes_what(&self, old: &Argument) -> bool {
        let named =
            self.name == old.name || old.name.is_none() && matches!(self.mode.as_str(), "IN" | "VARIADIC");
        let defaults = self.default == old.default || old.default.is_none();
        self.mode == old.mode && self.ty == old.ty && named && defaults
    }
}

/// Returns the arguments before and after.
fn both(change: &Change) -> (Vec<Argument>, Vec<Argument>) {
    let side = |text: &Option<String>| -> Vec<Argument> {
        let tokens = tokens(text.as_deref().unwrap_or_default());
        split_commas(&tokens).into_iter().map(Argument::parse).collect()
    };
    (side(&change.old), side(&change.new))
}

/// Says whether `CREATE OR REPLACE` takes the arguments, so that nothing that calls the routine is in the way.
pub(crate) fn is_replaceable(change: &Change) -> bool {
    let (old, new) = both(change);
    let takes = |(old, new): (&Argument, &Argument)| {
        let named = new.name == old.name || old.name.is_none() && new.is_input();
        new.mode == old.mode && new.ty == old.ty && named && (new.default.is_some() || old.default.is_none())
    };
    old.len() == new.len() && old.iter().zip(&new).all(takes)
}

/// Says whether a routine's arguments only got defaults or names, so that `CREATE OR REPLACE` takes it and every call goes on.
pub(crate) fn is_extended(change: &Change, pair: &Pair<'_>) -> bool {
    let (old, new) = both(change);
    let goes_on = old.len() == new.len() && old.iter().zip(&new).all(|(old, new)| new.takes_what(old));
    if !goes_on || change.object.kind == Object::Aggregate {
        return false;
    }
    // With a default it may be meant by calls that now mean another of the name, or by which neither is meant alone.
    let gets_default = old.iter().zip(&new).any(|(old, new)| new.default.is_some() && old.default.is_none());
    let same_name = |address: &&dump::Address| {
        address.kind.is_routine()
            && address.name == change.object.name
            && address.schema == change.object.schema
            && **address != change.object
    };
    !gets_default || !pair.new.objects.keys().any(|address| same_name(&address))
}
