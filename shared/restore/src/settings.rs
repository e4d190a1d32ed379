//! The settings of a session that a statement of a dump relies on.

use std::collections::BTreeMap;
use std::sync::Arc;

use dump::Statement;

/// The statements that lead to the settings, by the name of what they set.
pub(crate) type Settings = BTreeMap<Vec<u8>, Vec<u8>>;

/// What the dump sets and we do not: a timeout is ours to choose, warnings are to be heard, and what is here is a scratch
/// server's.
const OURS: [&[u8]; 9] = [
    b"statement_timeout",
    b"client_min_messages",
    b"lock_timeout",
    b"idle_in_transaction_session_timeout",
    b"transaction_timeout",
    b"default_tablespace",
    b"default_with_oids",
    b"default_transaction_read_only",
    b"role",
];

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
    pub fn change(&mut self, statement: &Statement<'_>) {
        let authorization =
            [&["SET", "SESSION", "AUTHORIZATION"][..], &["RESET", "SESSION", "AUTHORIZATION"]];
        if authorization.iter().any(|words| statement.begins_with(words)) {
            // Only a superuser may be another session user. For granting, being in the role is as good.
            let key = b"session authorization".to_vec();
            match statement.tokens.get(3).map(|token| statement.bytes(*token)) {
                // A literal says who owns what follows, which the plan gives it by statements of its own.
                Some(role) if !role.eq_ignore_ascii_case(b"default") && !role.starts_with(b"'") => {
                    self.set(key, [b"SET ROLE ", role, b";"].concat());
                }
                _ => self.unset(&key),
            }
            return;
        }
        let word = |at: usize| statement.tokens.get(at).map(|token| statement.bytes(*token));
        let name = match () {
            () if statement.begins_with(&["SET"]) => word(1),
            // SELECT pg_catalog.set_config('search_path', '', false)
            () => statement
                .tokens
                .iter()
                .map(|token| statement.bytes(*token))
                .find_map(|word| word.strip_prefix(b"'")?.strip_suffix(b"'")),
        };
        let Some(name) = name.map(<[u8]>::to_ascii_lowercase) else { return };
        if !OURS.contains(&name.as_slice()) {
            self.set(name, statement.text.to_vec());
        }
    }

    /// Sets one more.
    pub fn set(&mut self, name: Vec<u8>, statement: Vec<u8>) {
        if self.now.get(&name) != Some(&statement) {
            Arc::make_mut(&mut self.now).insert(name, statement);
        }
    }

    fn unset(&mut self, name: &[u8]) {
        if self.now.contains_key(name) {
            Arc::make_mut(&mut self.now).remove(name);
        }
    }
}

/// Returns the statement that takes a setting back.
pub(crate) fn reset(name: &[u8]) -> Vec<u8> {
    match name {
        b"session authorization" => b"RESET ROLE".to_vec(),
        name => [b"RESET ", &*dump::Name::from(name).to_sql()].concat(),
    }
}
