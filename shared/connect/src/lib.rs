//! Connects to PostgreSQL servers by libpq's conventions and speaks their protocol.
//!
//! [`Parameters`] gathers where to connect and as whom from everything libpq looks at: a URL or keywords, `PG…`
//! variables, a service file, a password file, defaults. [`Client`] is one connection. It deals in bytes, not in
//! text: a dump may be in any encoding, and its statements reach the server as they stand in the file.
//!
//! A session's `search_path` is empty from its first byte on, whatever the owner of the database has set: SQL of ours
//! names everything with its schema.
//!
//! No password is in any `Debug` or `Display` of this crate.
//!
//! ```
//! use connect::{Environment, Parameters};
//! let parameters = Parameters::resolve("postgres://alice@db.example/shop", &Environment::default())?;
//! assert_eq!(parameters.to_string(), "host=db.example port=5432 user=alice dbname=shop");
//! # Ok::<(), connect::Error>(())
//! ```

mod arguments;
mod authentication;
mod certificate;
mod channel_binding;
mod client;
mod environment;
mod error;
mod frame;
mod parameters;
mod passfile;
mod prompt;
mod secret;
mod service;
mod session;
mod sslmode;
mod stream;
mod text;
mod tls;
mod written;

pub use arguments::{ConnectArguments, PasswordArguments};
pub use channel_binding::ChannelBinding;
pub use client::{Client, Row};
pub use environment::Environment;
pub use error::{Error, ServerError};
pub use parameters::Parameters;
pub use prompt::Prompt;
pub use secret::Secret;
pub use session::usual_setting;
pub use sslmode::SslMode;
pub use written::Written;
