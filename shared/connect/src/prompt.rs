//! Passwords that are asked for on the terminal.

use std::io;

use crate::{Client, Error, Parameters, Secret};

/// Whether somebody is asked for a password, as PostgreSQL's own programs decide by `-W` and `-w`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    /// Nobody (`-w`).
    Never,
    /// If the server wants one and none is known.
    #[default]
    IfNeeded,
    /// Before the first attempt to connect (`-W`).
    Always,
}

impl Parameters {
    /// Connects, and asks for a password on the terminal where one is missing; it is kept for further connections.
    ///
    /// # Errors
    /// As for [`Client::connect`]; [`Error::NoPassword`] where there is no terminal to ask on, and
    /// [`Error::Prompt`] if there is none for [`Prompt::Always`].
    pub fn connect(&mut self, prompt: Prompt) -> Result<Client, Error> {
        if prompt == Prompt::Always {
            self.password = Some(self.ask().map_err(Error::Prompt)?);
        }
        match Client::connect(self) {
            Err(Error::NoPassword) if prompt == Prompt::IfNeeded => {
                let Ok(password) = self.ask() else { return Err(Error::NoPassword) };
                self.password = Some(password);
                Client::connect(self)
            }
            result => result,
        }
    }

    /// Asks on the process's terminal, whatever its standard input and output are, and shows nothing of the answer.
    fn ask(&self) -> io::Result<Secret> {
        // The name may come from a file of somebody else's: nothing in it moves the cursor.
        let user: String = self.user.chars().filter(|character| !character.is_control()).collect();
        rpassword::prompt_password(format!("Password for user {user}: ")).map(Secret::from)
    }
}
