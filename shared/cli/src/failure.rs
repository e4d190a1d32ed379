//! How a tool ends.

use std::process::ExitCode;

use crate::message::report_failure;

/// How a tool ended that could do its work; the numbers are the exit codes of GNU's `diff`, 3 and 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Same, good, done: 0.
    Good,
    /// Different, bad: 1.
    Different,
    /// Trouble that was told already, as with one of several inputs: 2.
    Trouble,
    /// Cannot be judged completely: 3.
    Unclear,
    /// Another run is at the same work: 4.
    Busy,
}

/// Trouble: the work could not be done. Exit code 2.
#[derive(Debug)]
pub struct Failure {
    error: anyhow::Error,
    hint: Option<String>,
}

impl Failure {
    /// Returns the error, for tools that can say more about some than that there was trouble.
    pub fn error(&self) -> &anyhow::Error {
        &self.error
    }

    /// Returns what to do next, if that is known.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Says whether it is that the reader of our output went away.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        let mut errors = self.error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
        errors.any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// Adds what to do next.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }

    /// Returns what went wrong, in a line.
    pub fn message(&self) -> String {
        let mut message = String::new();
        for cause in self.error.chain().map(ToString::to_string) {
            // Some errors show their cause themselves.
            if !message.ends_with(&cause) {
                message.push_str(if message.is_empty() { "" } else { ": " });
                message.push_str(&cause);
            }
        }
        message
    }

    /// Puts one text in the place of another in what went wrong: what the user named for a temporary copy of it, a
    /// mask for a secret.
    pub fn replacing(self, text: &str, by: &str) -> Failure {
        let message = self.message();
        if text.is_empty() || !message.contains(text) {
            return self;
        }
        Failure { error: anyhow::Error::msg(message.replace(text, by)), hint: self.hint }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure { error: error.into(), hint: None }
    }
}

/// Runs a tool and turns how it ended into an exit code.
///
/// A reader of our output that went away is told nothing, and is still no success: a verdict nobody could read is none.
pub fn run(tool: impl FnOnce() -> Result<Outcome, Failure>) -> ExitCode {
    match tool() {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Different) => ExitCode::from(1),
        Ok(Outcome::Trouble) => ExitCode::from(2),
        Ok(Outcome::Unclear) => ExitCode::from(3),
        Ok(Outcome::Busy) => ExitCode::from(4),
        Err(failure) => {
            report_failure(&failure);
            ExitCode::from(2)
        }
    }
}
