//! The settings of a session that a statement of a dump relies on.

use std::collections::BTreeMap;
use std::sync::Arc;

use dump::Statement;
use dump::lexer::TokenKind;

use crate::plan::Place;

/// The statements that lead to the settings, by the name of what they set.
pub(crate) type Settings = BTreeMap<Vec<u8>, Setting>;

/// A statement that sets something. Two of the same text at two places are one setting.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub sql: Vec<u8>,
    /// Where it stands; the first of them, if the same is set again and again.
    pub at: Place,
    /// The value, where it is one word or literal: what a superuser's session takes over is written from this.
    pub value: Option<Vec<u8>>,
}

/// Says whether `\` is an ordinary character in literals under these settings.
pub(crate) fn standard_conforming_strings(settings: &Settings) -> bool {
    let setting = settings.get(&b"standard_conforming_strings"[..]);
    setting.is_none_or(|setting| {
        setting
            .value
            .as_deref()
            .is_some_and(|value| [&b"on"[..], b"true", b"1"].iter().any(|on| value.eq_ignore_ascii_case(on)))
    })
}

/// What the server said of settings that it refused, with the first place where each is set.
#[derive(Debug, Default)]
pub(crate) struct Refused(BTreeMap<String, Place>);

impl Refused {
    /// Takes one, from whichever connection: which was first must not show.
    pub fn add(&mut self, message: &str, at: Place) {
        let known = self.0.entry(message.to_owned()).or_insert(at);
        if at.order() < known.order() {
            *known = at;
        }
    }

    pub fn into_vec(self) -> Vec<(String, Place)> {
        self.0.into_iter().collect()
    }
}

/// What the dump sets and we do not: what is here is a scratch server's.
const OURS: [&[u8]; 3] = [b"default_tablespace", b"default_with_oids", b"role"];

/// What the dump sets and we take back at once, so that only a value that is none shows: a timeout is ours to choose, and
/// warnings are to be heard.
const TRIED: [&[u8]; 6] = [
    b"statement_timeout",
    b"client_min_messages",
    b"lock_timeout",
    b"idle_in_transaction_session_timeout",
    b"transaction_timeout",
    b"default_transaction_read_only",
];

/// Says whether a setting is only tried.
pub(crate) fn is_tried(name: &[u8]) -> bool {
    TRIED.contains(&name)
}

/// Follows what a dump sets.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    now: Arc<Settings>,
}

impl Follower {
    /// Returns the settings that hold now.
    pub fn now(&self) -> Arc<Settings> {
        Arc::clone(&self.now)
    }

    /// Takes a statement that changes the session.
    pub fn change(&mut self, statement: &Statement<'_>, at: Place) {
        let authorization =
            [&["SET", "SESSION", "AUTHORIZATION"][..], &["RESET", "SESSION", "AUTHORIZATION"]];
        if authorization.iter().any(|words| statement.begins_with(words)) {
            // Only a superuser may be another session user. For granting, being in the role is as good.
            let key = b"session authorization".to_vec();
            match statement.tokens.get(3).map(|token| statement.bytes(*token)) {
                // A literal says who owns what follows, which the plan gives it by statements of its own.
                Some(role) if !role.eq_ignore_ascii_case(b"default") && !role.starts_with(b"'") => {
                    self.set(key, [b"SET ROLE ", role, b";"].concat(), at, None);
                }
                _ => self.unset(&key),
            }
            return;
        }
        let word = |at: usize| statement.tokens.get(at).map(|token| statement.bytes(*token));
        let literals = || {
            let is_literal = |token: &&dump::lexer::Token| token.kind == TokenKind::String;
            statement.tokens.iter().filter(is_literal).map(|token| statement.bytes(*token))
        };
        let (name, value) = match () {
            () if statement.begins_with(&["SET"]) => {
                // SET name = value
                let value = if statement.tokens.len() == 4 { word(3) } else { None };
                (word(1), value)
            }
            // SELECT pg_catalog.set_config('search_path', '', false)
            () => {
                let mut found = literals();
                (found.next().and_then(unquoted), found.next())
            }
        };
        let Some(name) = name.map(<[u8]>::to_ascii_lowercase) else { return };
        if !OURS.contains(&name.as_slice()) {
            self.set(name, statement.text.to_vec(), at, value.map(plain_value));
        }
    }

    /// Takes psql's `\encoding`.
    pub fn encode(&mut self, encoding: &str, at: Place) {
        let sql = format!("SET client_encoding TO '{}';", encoding.replace('\'', "''")).into_bytes();
        self.set(b"client_encoding".to_vec(), sql, at, Some(encoding.as_bytes().to_vec()));
    }

    /// Sets one more.
    fn set(&mut self, name: Vec<u8>, sql: Vec<u8>, at: Place, value: Option<Vec<u8>>) {
        if self.now.get(&name).is_none_or(|known| known.sql != sql) {
            Arc::make_mut(&mut self.now).insert(name, Setting { sql, at, value });
        }
    }

    fn unset(&mut self, name: &[u8]) {
        if self.now.contains_key(name) {
            Arc::make_mut(&mut self.now).remove(name);
        }
    }
}

/// What stands between the quotes of a literal.
fn unquoted(literal: &[u8]) -> Option<&[u8]> {
    literal.strip_prefix(b"'")?.strip_suffix(b"'")
}

/// The value of a word, or of a literal in which nothing is escaped.
fn plain_value(written: &[u8]) -> Vec<u8> {
    unquoted(written).unwrap_or(written).to_vec()
}

/// Returns the statement that takes a setting back.
pub(crate) fn reset(name: &[u8]) -> Vec<u8> {
    match name {
        b"session authorization" => b"RESET ROLE".to_vec(),
        name => [b"RESET ", &*dump::Name::from(name).to_sql()].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_again_is_one_setting_where_it_was_first() {
        let mut follower = Follower::default();
        let name = || b"default_table_access_method".to_vec();
        let set = |method: &str| format!("SET default_table_access_method = {method};").into_bytes();
        follower.set(name(), set("heap"), Place::Entry(3), None);
        let first = follower.now();
        follower.set(name(), set("heap"), Place::Entry(5), None);
        assert!(Arc::ptr_eq(&first, &follower.now()));
        assert_eq!(follower.now()[&name()].at, Place::Entry(3));
        follower.set(name(), set("other"), Place::Entry(7), None);
        assert_eq!(follower.now()[&name()].at, Place::Entry(7));
        assert_eq!(first[&name()].at, Place::Entry(3));
    }

    #[test]
    fn what_is_refused_is_told_once_with_its_first_place() {
        let mut refused = Refused::default();
        for (message, at) in [("b", 7), ("a", 9), ("b", 3), ("b", 5)] {
            refused.add(message, Place::Entry(at));
        }
        let found = refused.into_vec();
        assert_eq!(found, [("a".to_owned(), Place::Entry(9)), ("b".to_owned(), Place::Entry(3))]);
    }
}
