//! What changed between two dumps.
//!
//! Every object and part of either side is matched by its identity, and what the canonical form says of it is compared: what
//! is not known in detail still shows as a change of its text. The crate compares values; it reads and prints nothing.
//!
//! ```
//! use dump::{NoData, ReadOptions, Stream, read};
//! let read = |sql: &'static str| read(Stream(sql.as_bytes()), ReadOptions::default(), &mut NoData).unwrap();
//! let old = read("CREATE TABLE a.t (x integer);");
//! let new = read("CREATE TABLE a.t (x bigint);");
//! let changes = compare::dumps(&old, &new);
//! assert_eq!(changes[0].object.to_string(), "table a.t");
//! assert_eq!(changes[0].aspect(), "column x: type");
//! assert_eq!((changes[0].old.as_deref(), changes[0].new.as_deref()), (Some("integer"), Some("bigint")));
//! ```

mod change;
mod dumps;
mod meaning;
mod object;
mod rename;
mod rows;
mod rule;

pub use change::{Change, Kind};
pub use dumps::dumps;
pub use meaning::{Cost, Finding, Lock, findings};
pub use rename::Rename;
pub use rows::{NoData, Remark, RowsChange, rows};
pub use rule::{Rule, Severity};
