//! Throw-away PostgreSQL clusters, a browser to look at pages with, and the other programs that are run.
//!
//! [`Programs`] finds the PostgreSQL server installed here, [`ensure`] installs one where that is possible, and
//! [`Cluster`] starts a private cluster from it and removes the cluster when dropped. A cluster listens on a Unix
//! socket in its own folder only, so any number of them run side by side.
//!
//! This is the only shared crate that starts processes. [`Client`] finds client programs, [`run`] and [`Pipe`] take what
//! any program writes, never without the way it ended.
//!
//! ```no_run
//! # fn main() -> Result<(), scratch::Error> {
//! let cluster = scratch::Cluster::start(&scratch::Programs::find()?)?;
//! cluster.create_database("shop")?;
//! assert_eq!(cluster.psql("shop", "select 1 + 1")?, "2\n");
//! # Ok(())
//! # }
//! ```

mod account;
#[cfg(target_os = "linux")]
mod again;
mod browser;
mod child;
mod client;
mod cluster;
mod data;
mod error;
mod fence;
mod folder;
mod footprint;
mod install;
#[cfg(target_os = "linux")]
mod interpreter;
mod leftovers;
#[cfg(target_os = "linux")]
mod own_root;
mod pipe;
mod programs;
#[cfg(target_os = "linux")]
mod seccomp;
mod server;
mod settings;
mod signals;
#[cfg(target_os = "linux")]
mod standing;
mod warden;

pub use browser::Browser;
pub use child::run;
pub use client::Client;
pub use cluster::{Cluster, Guarded, Kept};
pub use data::Template;
pub use error::Error;
pub use fence::{Fences, become_server};
pub use folder::Folder;
pub use footprint::Footprint;
pub use install::{ensure, install_command};
pub use leftovers::{Leftovers, reap};
pub use pipe::{Pipe, Stopper};
pub use programs::Programs;
pub use server::Breaker;
pub use settings::restoring as restoring_settings;
pub use signals::{AtSignal, at_signal, last_at_signal};
