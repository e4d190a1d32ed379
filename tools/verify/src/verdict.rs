//! What was found, as data: texts and JSON are made of it elsewhere.

use std::time::Duration;

use dump::Content;

/// How something turned out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It was checked and is as it should be.
    #[default]
    Verified,
    /// It cannot be judged here.
    Unclear,
    /// It is not what it should be.
    Bad,
}

/// Everything that a run found out.
#[derive(Debug, Default)]
pub struct Report {
    /// The backup as it was named.
    pub backup: String,
    /// What it is, such as `custom archive 1.15`.
    pub format: String,
    /// How much was to be proved.
    pub level: String,
    /// The server that it was restored on.
    pub server: Option<String>,
    /// The tables of all databases.
    pub tables: Vec<Table>,
    /// What is wrong or cannot be judged, besides tables.
    pub findings: Vec<Finding>,
    /// What the user should know and is no fault of the backup.
    pub notes: Vec<String>,
    /// What of the source the backup was compared with, in words; empty if with nothing.
    pub compared: Vec<String>,
    /// What was checked besides tables, with how many of each.
    pub checked: Vec<(String, usize)>,
    /// How long each phase took.
    pub phases: Vec<(String, Duration)>,
}

/// A table and its rows.
#[derive(Debug)]
pub struct Table {
    /// The database, if the backup holds several.
    pub database: Option<String>,
    /// Its name with its schema.
    pub name: String,
    /// What the backup holds.
    pub expected: Rows,
    /// What was restored.
    pub actual: Option<Rows>,
    /// How long its rows took to be restored.
    pub loaded_in: Option<Duration>,
    /// How long it took to compare it.
    pub compared_in: Option<Duration>,
    /// How it turned out.
    pub verdict: Verdict,
    /// Why it is not verified.
    pub why: String,
}

/// Rows as they are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The rows whose text is known.
    pub content: Content,
    /// The rows that the backup writes as expressions: only their number is known.
    pub expressions: u64,
}

impl Rows {
    /// Returns the number of rows.
    pub fn count(&self) -> u64 {
        self.content.rows + self.expressions
    }
}

/// Something that is wrong or cannot be judged.
#[derive(Debug)]
pub struct Finding {
    /// Bad, or unclear.
    pub verdict: Verdict,
    /// What it is about.
    pub what: String,
    /// Where in the backup it stands.
    pub place: Option<String>,
    /// What is wrong, or why it cannot be judged.
    pub why: String,
    /// What of it is another in the restored copy.
    pub difference: Option<Difference>,
}

/// What the backup and its restored copy say of one thing.
#[derive(Debug)]
pub struct Difference {
    /// What of the object; empty for the object itself.
    pub attribute: String,
    /// What the backup says.
    pub old: Option<String>,
    /// What the copy says.
    pub new: Option<String>,
}

impl Report {
    /// Returns the verdict on the whole: the worst of all.
    pub fn verdict(&self) -> Verdict {
        let tables = self.tables.iter().map(|table| table.verdict);
        tables.chain(self.findings.iter().map(|finding| finding.verdict)).max().unwrap_or_default()
    }

    /// Adds a finding.
    pub fn find(
        &mut self,
        verdict: Verdict,
        what: impl Into<String>,
        place: Option<String>,
        why: impl Into<String>,
    ) {
        self.findings.push(Finding { verdict, what: what.into(), place, why: why.into(), difference: None });
    }
}
