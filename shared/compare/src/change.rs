//! One change.

use dump::{Address, Name};

/// One difference between two schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The database it is in; none for what belongs to the cluster, or where dumps do not name theirs.
    pub database: Option<Name>,
    /// The object it is on.
    pub object: Address,
    /// Whether it came, went or is another.
    pub kind: Kind,
    /// What of the object, such as `column id: type`; empty for the object itself.
    pub aspect: String,
    /// What it was, as canonical text; none if it was not there.
    pub old: Option<String>,
    /// What it is now; none if it is gone.
    pub new: Option<String>,
}

/// The way something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It is new.
    Added,
    /// It is another than before.
    Changed,
    /// It is gone.
    Dropped,
}

impl Kind {
    /// Returns the sign in front of a line: `+`, `~` or `-`.
    pub fn sign(self) -> char {
        match self {
            Kind::Added => '+',
            Kind::Changed => '~',
            Kind::Dropped => '-',
        }
    }

    /// Returns the word for machines.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Added => "added",
            Kind::Changed => "changed",
            Kind::Dropped => "dropped",
        }
    }

    /// The kind of a change from one text to another.
    pub(crate) fn of(old: Option<&str>, new: Option<&str>) -> Kind {
        match (old, new) {
            (None, _) => Kind::Added,
            (_, None) => Kind::Dropped,
            _ => Kind::Changed,
        }
    }
}
