//! What is reported, and the forms in which it is.

mod json;
mod text;

use std::io::{self, Write};

use clap::ValueEnum;
use compare::{Finding, Kind, Rename, RowsChange, Severity};
use dump::Dump;

/// Everything that a report says.
pub struct Report<'r> {
    pub old: Side<'r>,
    pub new: Side<'r>,
    pub findings: Vec<Finding>,
    /// What may only have another name.
    pub renames: Vec<Rename>,
    /// The tables whose rows differ; none if rows were not compared.
    pub rows: Option<Vec<RowsChange>>,
}

/// One of the two dumps.
pub struct Side<'r> {
    /// What the user called it.
    pub name: String,
    pub dump: &'r Dump,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, on a terminal
    Text,
    /// For programs
    Json,
}

impl Report<'_> {
    /// Writes the report in a form.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Text => text::write(self, out),
            Format::Json => json::write(self, out),
        }
    }

    /// Writes the numbers of changes only, in a line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_stat(&self, out: &mut dyn Write) -> io::Result<()> {
        text::write_totals(self, out)
    }

    fn count(&self, kind: Kind) -> usize {
        self.findings.iter().filter(|finding| finding.change.kind == kind).count()
    }

    fn count_severity(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Returns the number of statements that were not understood: their texts were compared, no more is known of them.
    pub fn unclassified(&self) -> usize {
        self.old.dump.unknown.len() + self.new.dump.unknown.len()
    }
}
