//! The arguments by which PostgreSQL's own programs are told where to connect.

use clap::Args;

use crate::{Environment, Error, Parameters, Prompt};

/// Where to connect, as `psql` takes it.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Connection")]
pub struct ConnectArguments {
    /// The server's host name or the folder of its socket
    #[arg(short = 'h', long, value_name = "HOST")]
    pub host: Option<String>,

    /// The server's port
    #[arg(short = 'p', long, value_name = "PORT")]
    pub port: Option<String>,

    /// The role to connect as
    #[arg(short = 'U', long, value_name = "NAME")]
    pub username: Option<String>,

    /// The database, a URL or a connection string
    #[arg(short = 'd', long, value_name = "DBNAME")]
    pub dbname: Option<String>,

    /// Whether a password is asked for
    #[command(flatten)]
    pub password: PasswordArguments,
}

impl ConnectArguments {
    /// Completes what was given from the environment.
    ///
    /// # Errors
    /// As for [`Parameters::resolve`].
    pub fn resolve(&self, environment: &Environment) -> Result<Parameters, Error> {
        let mut settings = Vec::new();
        let named = [("host", &self.host), ("port", &self.port), ("user", &self.username)];
        for (key, value) in named {
            settings.extend(value.iter().map(|value| (key.to_owned(), value.clone())));
        }
        if let Some(name) = &self.dbname {
            match crate::text::is_connection_string(name) {
                true => settings.extend(crate::text::parse(name)?),
                false => settings.push(("dbname".to_owned(), name.clone())),
            }
        }
        Parameters::complete(settings, environment)
    }
}

/// Whether a password is asked for, as `psql` takes it.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct PasswordArguments {
    /// Ask for a password before connecting
    #[arg(short = 'W', long = "password", conflicts_with = "no_password")]
    ask_password: bool,

    /// Never ask for a password
    #[arg(short = 'w', long)]
    no_password: bool,
}

impl PasswordArguments {
    /// Tells which of the two was given.
    pub fn prompt(&self) -> Prompt {
        match (self.ask_password, self.no_password) {
            (true, _) => Prompt::Always,
            (false, true) => Prompt::Never,
            (false, false) => Prompt::IfNeeded,
        }
    }
}
