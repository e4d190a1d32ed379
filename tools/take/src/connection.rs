//! The source: how we connect to it, and how pg_dump is told to.

use std::process::Command;

use cli::Failure;
use connect::{Client, ConnectArguments, Environment, Parameters, Written};

/// A server that was reached once, with whatever password that took.
#[derive(Clone)]
pub struct Connection {
    parameters: Parameters,
    /// What pg_dump is told besides the database and the password, which no command line shows.
    arguments: Vec<String>,
}

impl Connection {
    /// Connects, asking for a password if that is wanted.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub fn open(
        mut written: ConnectArguments,
        database: Option<&str>,
    ) -> Result<(Connection, Client), Failure> {
        if written.dbname.is_none() {
            written.dbname = database.map(str::to_owned);
        }
        let mut parameters = written.resolve(&Environment::of_process())?;
        parameters.warnings.iter().for_each(|warning| cli::warn(warning));
        let client = parameters.connect(written.password.prompt())?;
        let mut arguments = Vec::new();
        let named = [("--host", &written.host), ("--port", &written.port), ("--username", &written.username)];
        for (option, value) in named {
            arguments.extend(value.iter().map(|value| format!("{option}={value}")));
        }
        let string = written.dbname.as_deref().and_then(Written::parse).transpose()?;
        arguments
            .extend(string.map(|string| string.shown().to_owned()).map(|shown| format!("--dbname={shown}")));
        Ok((Connection { parameters, arguments }, client))
    }

    /// Returns the same for another database.
    pub fn with_database(&self, database: &str) -> Connection {
        Connection { parameters: self.parameters.with_database(database), arguments: self.arguments.clone() }
    }

    /// Returns where it leads.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Tells a program of PostgreSQL's where to connect. Others on the machine see a command line, and no environment.
    pub fn tell(&self, command: &mut Command) {
        command.arg("--no-password");
        let database =
            format!("dbname='{}'", self.parameters.database.replace('\\', r"\\").replace('\'', r"\'"));
        let mut string = database.clone();
        for argument in &self.arguments {
            match argument.strip_prefix("--dbname=") {
                // The later of two values counts.
                Some(shown) => string = format!("{shown} {database}"),
                None => {
                    command.arg(argument);
                }
            }
        }
        command.arg(format!("--dbname={string}"));
        if let Some(password) = &self.parameters.password {
            command.env("PGPASSWORD", password.reveal());
        }
    }
}
