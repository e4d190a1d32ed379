//! The rules by which changes are judged.

use std::fmt;

use dump::Attribute;

use crate::change::{Change, Kind};

/// One rule: a kind of change, and how bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Its name in reports and settings, such as `column-dropped`.
    pub id: &'static str,
    /// How bad it is unless somebody sets another severity.
    pub severity: Severity,
    /// What it is about, in a sentence without a full stop.
    pub says: &'static str,
}

/// How bad a change is, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing that works notices, such as a comment.
    Info,
    /// Whoever reads and writes goes on as before.
    Safe,
    /// Whoever reads or writes may fail, or get something else.
    Breaking,
    /// Data is lost.
    Destructive,
}

impl Severity {
    /// All of them, mildest first.
    pub const ALL: [Severity; 4] =
        [Severity::Info, Severity::Safe, Severity::Breaking, Severity::Destructive];

    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Safe => "safe",
            Severity::Breaking => "breaking",
            Severity::Destructive => "destructive",
        }
    }
}

/// Shows the word.
impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

const ADDED: Rule = Rule { id: "added", severity: Severity::Safe, says: "something came" };
const CHANGED: Rule = Rule { id: "changed", severity: Severity::Breaking, says: "something is another" };
const DROPPED: Rule = Rule { id: "dropped", severity: Severity::Breaking, says: "something went" };
const COMMENT: Rule = Rule { id: "comment", severity: Severity::Info, says: "a comment is another" };

/// Returns the rule that a change falls under.
pub(crate) fn of(change: &Change) -> &'static Rule {
    match (change.attribute, change.kind) {
        (Attribute::Comment, _) => &COMMENT,
        (_, Kind::Added) => &ADDED,
        (_, Kind::Changed) => &CHANGED,
        (_, Kind::Dropped) => &DROPPED,
    }
}
