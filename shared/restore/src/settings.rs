//! The settings of a session that a statement of a dump relies on.

use std::collections::BTreeMap;
use std::sync::Arc;

use connect::ServerError;
use dump::Statement;
use dump::lexer::TokenKind;

use crate::cause::Cause;
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

/// A setting that the server refused, and that was skipped.
#[derive(Clone, Debug)]
pub struct RefusedSetting {
    /// The parameter.
    pub name: String,
    /// The value, where it is one word or literal.
    pub value: Option<String>,
    /// What the server said.
    pub error: ServerError,
    /// Where it is set first.
    pub at: Place,
    /// Why it was refused.
    pub cause: Cause,
    /// The index of the failure that it follows from.
    pub root: Option<usize>,
}

impl RefusedSetting {
    fn new(name: &[u8], setting: &Setting, error: &ServerError) -> RefusedSetting {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (name, value) = (text(name), setting.value.as_deref().map(text));
        let cause = cause(&name, value.as_deref(), error);
        RefusedSetting { name, value, error: error.clone(), at: setting.at, cause, root: None }
    }
}

/// Why a setting was refused, as far as its name and the code of the error tell.
fn cause(name: &str, value: Option<&str>, error: &ServerError) -> Cause {
    match error.code() {
        "42704" if error.message().starts_with("unrecognized configuration parameter ") => {
            // Servers of other versions and products have it, unless it is nearly what pg_dump writes.
            if is_damaged(name) { Cause::Backup } else { Cause::UnknownSetting }
        }
        // A superuser's, or one of the server's start.
        "42501" | "55P02" => Cause::WithheldSetting,
        "22023" if name.starts_with("lc_") => Cause::MissingLocale,
        "22023" if name == "default_toast_compression" && value == Some("lz4") => Cause::MissingLibrary,
        _ => Cause::Backup,
    }
}

/// The settings that pg_dump writes in front of everything, which every server has that can read the rest: a name that differs
/// in a character or two is one of these, damaged.
const WRITTEN: [&str; 15] = [
    "check_function_bodies",
    "client_encoding",
    "client_min_messages",
    "default_table_access_method",
    "default_tablespace",
    "default_with_oids",
    "escape_string_warning",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "row_security",
    "search_path",
    "standard_conforming_strings",
    "statement_timeout",
    "transaction_timeout",
    "xmloption",
];

/// Says whether a name is one that pg_dump writes, damaged. EnterpriseDB's `default_with_rowids` is not.
fn is_damaged(name: &str) -> bool {
    name != "default_with_rowids" && WRITTEN.iter().any(|known| (1..=2).contains(&distance(known, name)))
}

/// How many characters have to be put in, taken out or replaced to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, byte) in one.bytes().enumerate() {
        let mut before = std::mem::replace(&mut row[0], at + 1);
        for (column, known) in other.bytes().enumerate() {
            let replaced = before + usize::from(byte != known);
            before = row[column + 1];
            row[column + 1] = replaced.min(before + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

/// What the server said of settings that it refused, by its words.
#[derive(Debug, Default)]
pub(crate) struct Refused(BTreeMap<String, RefusedSetting>);

impl Refused {
    /// Takes one, from whichever connection: which was first must not show.
    pub fn add(&mut self, name: &[u8], setting: &Setting, error: &ServerError) {
        let known = self.0.entry(error.message().to_owned());
        let known = known.or_insert_with(|| RefusedSetting::new(name, setting, error));
        if setting.at.order() < known.at.order() {
            known.at = setting.at;
        }
    }

    pub fn into_vec(self) -> Vec<RefusedSetting> {
        self.0.into_values().collect()
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

/// What of these psql would obey to the loss of what it restores, unless it is switched off.
const STOPPING: [&[u8]; 3] = [b"statement_timeout", b"lock_timeout", b"default_transaction_read_only"];

/// Says whether a setting is no matter of what rows mean, and ours to choose where it stops nothing.
pub(crate) fn is_ours_to_choose(name: &[u8]) -> bool {
    TRIED.contains(&name)
}

/// Says whether a setting is only tried.
pub(crate) fn is_tried(name: &[u8], setting: &Setting) -> bool {
    is_ours_to_choose(name) && !(STOPPING.contains(&name) && setting.stops())
}

/// Says whether a time limit of the dump's own holds, under which a statement may be stopped on one machine and not on another.
pub(crate) fn has_time_limit(settings: &Settings) -> bool {
    [&b"statement_timeout"[..], b"lock_timeout"]
        .into_iter()
        .any(|name| settings.get(name).is_some_and(Setting::stops))
}

impl Setting {
    /// Says whether it is anything but switched off, for a limit or a boolean.
    fn stops(&self) -> bool {
        let off = ["0", "off", "false", "no", "default"];
        self.value
            .as_deref()
            .is_none_or(|value| !off.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes())))
    }
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
            // A literal says who owns what follows, which the plan gives it by statements of its own.
            let name = statement.tokens.get(3).filter(|token| token.kind != TokenKind::String);
            match name.map(|token| statement.bytes(*token)) {
                Some(role) if !role.eq_ignore_ascii_case(b"default") => {
                    self.set(key, [b"SET ROLE ", role, b";"].concat(), at, None);
                }
                _ => self.unset(&key),
            }
            return;
        }
        let word = |at: usize| statement.tokens.get(at).map(|token| statement.bytes(*token));
        if statement.begins_with(&["DISCARD"]) {
            if statement.begins_with(&["DISCARD", "ALL"]) {
                Arc::make_mut(&mut self.now).retain(|name, _| name == b"client_encoding");
            }
            return;
        }
        if statement.begins_with(&["RESET"]) {
            let name = word(1).unwrap_or_default().to_ascii_lowercase();
            match name.as_slice() {
                // Neither who the session is nor the encoding of the text.
                b"all" => {
                    let kept = [&b"session authorization"[..], b"client_encoding"];
                    Arc::make_mut(&mut self.now).retain(|name, _| kept.contains(&name.as_slice()));
                }
                name => self.unset(name),
            }
            return;
        }
        let literals = || {
            let is_literal = |token: &&dump::lexer::Token| token.kind == TokenKind::String;
            statement.tokens.iter().filter(is_literal).map(|token| statement.bytes(*token))
        };
        if statement.begins_with(&["SET"]) && self.set_otherwise(statement, at) {
            return;
        }
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

    /// Takes the forms of `SET` that name no setting first (`set_rest` in gram.y); returns false if it is none.
    fn set_otherwise(&mut self, statement: &Statement<'_>, at: Place) -> bool {
        let word =
            |at: usize| statement.tokens.get(at).map(|token| statement.bytes(*token)).unwrap_or_default();
        let is = |at: usize, text: &str| word(at).eq_ignore_ascii_case(text.as_bytes());
        // A setting may be called so.
        if is(2, "TO") || is(2, "=") {
            return false;
        }
        if is(1, "TRANSACTION") || is(1, "CONSTRAINTS") || is(2, "CHARACTERISTICS") {
            return true;
        }
        // Whether they last longer than a transaction is for the statements behind them.
        let first = if is(1, "SESSION") || is(1, "LOCAL") { 2 } else { 1 };
        let (key, value) = match () {
            () if is(first, "SCHEMA") => (b"search_path".to_vec(), first + 1),
            () if is(first, "TIME") && is(first + 1, "ZONE") => (b"timezone".to_vec(), first + 2),
            () if is(first, "NAMES") => (b"client_encoding".to_vec(), first + 1),
            () if is(first + 1, "TO") || is(first + 1, "=") => (word(first).to_ascii_lowercase(), first + 2),
            () => return false,
        };
        let begin = statement.tokens.get(first).map_or(0, |token| token.start);
        let sql = [b"SET ", &statement.text[begin..]].concat();
        if !OURS.contains(&key.as_slice()) {
            let one = statement.tokens.len() == value + 1;
            self.set(key, sql, at, one.then(|| plain_value(word(value))));
        }
        true
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
    fn a_name_that_is_nearly_one_is_that_one_damaged() {
        assert_eq!(distance("search_path", "saerch_path"), 2);
        assert_eq!(distance("search_path", "serch_path"), 1);
        assert_eq!(distance("search_path", ""), 11);
        for name in ["saerch_path", "xmloptio", "lock_timeoutx"] {
            assert!(is_damaged(name), "{name}");
        }
        for name in
            ["edb_redwood_date", "default_with_rowids", "transaction_timeout", "optimizer", "statement_mem"]
        {
            assert!(!is_damaged(name), "{name}");
        }
    }

    #[test]
    fn what_is_refused_is_told_once_with_its_first_place() {
        let mut refused = Refused::default();
        let error = ServerError::default();
        for at in [7, 3, 5] {
            let setting = Setting { sql: Vec::new(), at: Place::Entry(at), value: None };
            refused.add(b"a", &setting, &error);
        }
        let found = refused.into_vec();
        assert_eq!((found.len(), found[0].at), (1, Place::Entry(3)));
    }
}
