//! How a tool ends.

use std::process::ExitCode;

use crate::message::{escape, line};

/// How a tool ended that could do its work; the numbers are the exit codes of GNU's `diff`, and 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Same, good, done: 0.
    Good,
    /// Different, bad: 1.
    Different,
    /// Cannot be judged completely: 3.
    Unclear,
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

    /// Adds what to do next.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
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
        Ok(Outcome::Unclear) => ExitCode::from(3),
        Err(Failure { error, hint }) => {
            let pipe = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
            if !pipe.into_iter().any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe) {
                let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
                let mut message = String::new();
                for cause in causes {
                    // Some errors show their cause themselves.
                    if !message.ends_with(&cause) {
                        message.push_str(if message.is_empty() { "" } else { ": " });
                        message.push_str(&cause);
                    }
                }
                line(&format!("error: {}", escape(&message)));
                if let Some(hint) = hint {
                    line(&format!("hint: {}", escape(&hint)));
                }
            }
            ExitCode::from(2)
        }
    }
}
