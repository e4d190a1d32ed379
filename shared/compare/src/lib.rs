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
//! let (findings, _) = compare::Judge::default().compare(&old, &new, &[]);
//! let change = &findings[0].change;
//! assert_eq!(change.object.to_string(), "table a.t");
//! assert_eq!(change.aspect(), "column x: type");
//! assert_eq!((change.old.as_deref(), change.new.as_deref()), (Some("integer"), Some("bigint")));
//! assert_eq!(findings[0].rule.id, "column-type-widened");
//! assert_eq!(findings[0].cost.rewrites, [change.object.clone()]);
//! ```

mod change;
mod conversion;
mod cost;
mod counting;
mod dependents;
mod dumps;
mod fold;
mod implicit;
mod inherited;
mod judgement;
mod key_index;
mod labels;
mod left_out;
mod likeness;
mod meaning;
mod object;
mod privilege;
mod rename;
mod rows;
mod rule;
mod select_list;
mod serial;
mod signature;
mod tokens;
mod types;

pub use change::{Change, Kind};
pub use cost::{Cost, Lock};
pub use left_out::{LeftOut, Which, leave_out};
pub use meaning::{Finding, Ignore, Judge};
pub use rename::{BadRename, Rename, accept_renames};
pub use rows::{NoData, Remark, RowsChange, rows};
pub use rule::{RULES, Rule, Severity};
