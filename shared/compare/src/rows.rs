//! The rows of two dumps, by count and hash.

use dump::{Address, Content, Name};

/// The rows of a table that are not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsChange {
    /// The database it is in, as in a change.
    pub database: Option<Name>,
    /// The table.
    pub table: Address,
    /// What its rows came to; none if the old dump holds none of this table.
    pub old: Option<Content>,
    /// What they come to now; none if the new dump holds none of this table.
    pub new: Option<Content>,
}
