//! Restores a dump over the wire protocol: neither `psql` nor `pg_restore` is run.
//!
//! What is proved is that this very backup restores, so what runs are the dump's own statements, byte for byte and in
//! their own order. A [`Plan`] is read from the dump once: its statements, and where its rows are. [`restore`] then
//! goes through it: what stands before the rows one by one; rows over several connections at once, the longest first;
//! indexes and constraints in parallel as their locks allow; the rest in order again.
//!
//! A dump is not trusted. Its statements run as a role that is no superuser. Those that need one are first tried
//! without, and run by a connection of its own only if they are of the few forms that [`escalation`] knows, written anew. All that a
//! superuser ever runs is [`Superuser`]'s. What leads out of the server leads nowhere. Meta-commands of
//! psql are reported and never obeyed. What the server process itself may reach is for whoever starts it to fence.
//!
//! Nothing ends a restore but a lost connection, a full disk or an unreadable input: every other error is a
//! [`Failure`], tied to the object and the place in the file, with a [`Cause`] that says whether the backup is to blame.

mod build;
mod by_value;
mod cause;
mod cluster;
mod error;
pub mod escalation;
mod meta_command;
mod newer;
mod older;
mod outside;
mod pieces;
mod plain;
mod plan;
mod removal;
mod restore;
mod rows;
mod script;
mod session;
mod settings;
mod source;
mod stand_in;
mod superuser;
mod toc;
mod transaction;
mod watched;

pub use by_value::{ByValue, Printed};
pub use cause::{Cause, Judgement};
pub use cluster::{ClusterFailure, ClusterReport, database_options, restore_roles, try_database};
pub use error::Error;
pub use meta_command::{MetaCommand, MetaEffect};
pub use plan::{DatabasePlan, Place, Plan, RowsPlan, Step, Work};
pub use restore::{Failure, Observer, Options, Phase, Report, restore};
pub use source::Source;
pub use superuser::{Amcheck, Superuser};
pub use transaction::{Undone, UndoneBy};
