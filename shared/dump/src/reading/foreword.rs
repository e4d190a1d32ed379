//! Lines of programs in front of a dump, as of `pg_dump … > file 2>&1`.

use super::Reading;
use super::unknown::excerpt;
use crate::Position;
use crate::error::{Error, Fault};
use crate::event::Statement;
use crate::identify::Noise;
use crate::ledger::Ledger;
use crate::lexeme::lexemes;
use crate::session::{self, Change};

/// What stands in front of a dump and is no part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreword {
    /// Where it begins.
    pub at: Position,
    /// Its first bytes, at most 60.
    pub excerpt: String,
    /// Where it ends, and the dump begins.
    pub dump: Position,
    /// Whether psql runs it together with the dump's first statement, a setting, since no `;` ends it.
    pub takes_setting: bool,
}

/// Says whether what stands between statements is neither white space nor a comment.
pub(super) fn is_text(gap: &[u8]) -> bool {
    let blank = gap.first().is_none_or(|byte| crate::lexer::is_space(*byte));
    !blank && !gap.starts_with(b"--") && !gap.starts_with(b"/*")
}

fn first_line(text: &[u8]) -> String {
    excerpt(text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default())
}

impl Reading {
    /// Takes lines of a program in front of the dump.
    ///
    /// # Errors
    /// Where there can be none: in a file of a tree.
    pub(super) fn foreword(&mut self, text: &[u8], at: Position) -> Result<(), Error> {
        if self.options.canonical {
            return Err(Error::Fault { at, fault: Fault::Message(first_line(text)) });
        }
        self.ledger.add_noise(Noise::Foreword, text.len());
        self.forewords.push(Foreword {
            at,
            excerpt: first_line(text),
            dump: at.after(text),
            takes_setting: !text.ends_with(b";"),
        });
        Ok(())
    }

    /// Makes sure that psql loses nothing that matters with the lines in front of the dump's first statement.
    ///
    /// # Errors
    /// When it loses more than a setting that only the restoring session has.
    pub(super) fn check_foreword(&mut self, first: &Statement<'_>) -> Result<(), Error> {
        let Ledger { objects, data, other, noise, .. } = &self.ledger;
        // psql runs its own commands while a statement is not finished.
        let runs = |noise: &Noise| !matches!(noise, Noise::Gap | Noise::Foreword | Noise::MetaCommand);
        if objects + data + other > 0 || noise.keys().any(runs) {
            return Ok(());
        }
        let Some(lost) = self.forewords.last().filter(|foreword| foreword.takes_setting) else {
            return Ok(());
        };
        match session::change(&lexemes(first, true)) {
            Some(Change::Harmless(_)) => Ok(()),
            Some(Change::ClientEncoding(encoding)) if matches!(encoding.as_str(), "UTF8" | "UNICODE") => {
                Ok(())
            }
            _ => Err(Error::Fault { at: lost.at, fault: Fault::Message(lost.excerpt.clone()) }),
        }
    }
}
