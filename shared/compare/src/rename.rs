//! Things that may only have another name.

use dump::{Address, Name};

/// Something that went and something like it that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The database it is in, as in a change.
    pub database: Option<Name>,
    /// What it was: a table, column, constraint, index, function; or, with `label`, the enum it is of.
    pub old: Address,
    /// What it may be now.
    pub new: Address,
    /// The label of the enum that it was, and the one that it may be.
    pub label: Option<(Name, Name)>,
    /// Why it may be, in words.
    pub reason: String,
}
