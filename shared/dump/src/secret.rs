//! Secrets, which must not get into a repository.

use crate::layout;
use crate::lexeme::{Lexeme, group_len, lexemes_of};
use crate::lexer::TokenKind;
use crate::object::{Address, Kind, Role};
use crate::schema::Part;

/// What stands in the place of a secret option.
const PLACEHOLDER: &[u8] = b"'secret removed'";
/// What stands in the place of a connection string; it is one by its syntax, so that the subscription can be
/// created (it never connects: pg_dump writes `connect = false`).
const CONNECTION: &[u8] = b"'application_name=''secret removed'''";

/// Parts of the names of options whose values are secret.
const SECRET_OPTIONS: [&str; 8] =
    ["password", "passwd", "passcode", "secret", "token", "private_key", "access_key", "api_key"];

/// Replaces secrets by placeholders and returns how many there were.
pub(crate) fn remove(lexemes: &mut Vec<Lexeme<'_>>, address: &Address, role: Role) -> usize {
    match (address.kind, role) {
        (Kind::UserMapping | Kind::Server | Kind::ForeignDataWrapper, Role::Definition | Role::Setting) => {
            options(lexemes)
        }
        (Kind::Subscription, Role::Definition | Role::Setting) => after(lexemes, "CONNECTION", CONNECTION),
        // `PASSWORD NULL` is no password; a placeholder would be one that everybody knows.
        (Kind::Role, Role::Definition | Role::Setting) => after(lexemes, "PASSWORD", b"NULL"),
        _ => 0,
    }
}

/// Says whether statements of a kind can hold secrets at all.
fn may_hold(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::UserMapping | Kind::Server | Kind::ForeignDataWrapper | Kind::Subscription | Kind::Role
    )
}

/// Returns a statement's text with placeholders in the place of its secrets; `None` if it has none.
///
/// ```
/// use dump::{NoData, ReadOptions, Stream, mask_secrets, read};
/// let sql = b"CREATE USER MAPPING FOR u SERVER s OPTIONS (password 'x');";
/// let options = ReadOptions { keep_secrets: true, ..ReadOptions::default() };
/// let dump = read(Stream(&sql[..]), options, &mut NoData)?;
/// let part = &dump.databases[0].schema.objects.values().next().unwrap().parts[0];
/// let masked = mask_secrets(part).unwrap();
/// assert_eq!(masked, b"CREATE USER MAPPING FOR u SERVER s OPTIONS (password 'secret removed');\n");
/// # Ok::<(), dump::Error>(())
/// ```
pub fn mask_secrets(part: &Part) -> Option<Vec<u8>> {
    if !may_hold(part.address.kind) {
        return None;
    }
    let mut lexemes = lexemes_of(&part.text)?;
    if lexemes.last()?.kind == TokenKind::Semicolon {
        lexemes.pop();
    }
    let removed = remove(&mut lexemes, &part.address, part.role);
    (removed > 0).then(|| layout::statement(&lexemes, part.address.kind, part.role))
}

/// Replaces the literal behind a key word.
fn after(lexemes: &mut [Lexeme<'_>], word: &str, placeholder: &'static [u8]) -> usize {
    let found = lexemes.windows(2).position(|pair| pair[0].is(word) && pair[1].kind == TokenKind::String);
    let Some(at) = found.filter(|at| lexemes[at + 1].text.as_ref() != placeholder) else { return 0 };
    let kind = if placeholder[0] == b'\'' { TokenKind::String } else { TokenKind::Word };
    lexemes[at + 1] = Lexeme::new(kind, placeholder);
    1
}

/// Replaces the values of secret options in `OPTIONS (name 'value', …)`.
fn options(lexemes: &mut [Lexeme<'_>]) -> usize {
    let Some(start) = lexemes.iter().position(|lexeme| lexeme.is("OPTIONS")) else { return 0 };
    let Some(len) = group_len(&lexemes[start + 1..]) else { return 0 };
    let mut removed = 0;
    for at in start + 2..start + len {
        let name = String::from_utf8_lossy(&lexemes[at].text).to_ascii_lowercase();
        let secret = lexemes[at].is_name() && SECRET_OPTIONS.iter().any(|part| name.contains(part));
        let value = &mut lexemes[at + 1];
        if secret && value.kind == TokenKind::String && value.text.as_ref() != PLACEHOLDER {
            *value = Lexeme::new(TokenKind::String, PLACEHOLDER);
            removed += 1;
        }
    }
    removed
}
