//! What was found, as data: texts and JSON are made of it elsewhere.

use std::time::Duration;

use cli::Outcome;
use dump::Content;
use jiff::Timestamp;

use crate::backups::Taken;
use crate::findings::{Findings, cut, cut_all};

/// How something turned out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It was checked and is as it should be.
    #[default]
    Verified,
    /// It cannot be judged here.
    Unclear,
    /// It could not be looked at: there is no such file, no server starts.
    Trouble,
    /// It is not what it should be.
    Bad,
}

impl Verdict {
    /// Every verdict, the worst last.
    pub const ALL: [Verdict; 4] = [Verdict::Verified, Verdict::Unclear, Verdict::Trouble, Verdict::Bad];

    /// Returns the verdict in a word.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Verified => "verified",
            Verdict::Unclear => "unclear",
            Verdict::Trouble => "trouble",
            Verdict::Bad => "bad",
        }
    }

    /// Returns how the program ends.
    pub fn outcome(self) -> Outcome {
        match self {
            Verdict::Verified => Outcome::Good,
            Verdict::Unclear => Outcome::Unclear,
            Verdict::Trouble => Outcome::Trouble,
            Verdict::Bad => Outcome::Different,
        }
    }
}

/// Everything that a run found out.
#[derive(Debug, Default)]
pub struct Run {
    /// When it began.
    pub begun: Timestamp,
    /// How long it took.
    pub time: Duration,
    /// What it found out of each backup.
    pub backups: Vec<Report>,
    /// What is wrong with the backups as a set, such as that the newest is too old.
    pub findings: Vec<Finding>,
    /// What was there and is no backup, or none that was asked for.
    pub left_alone: Vec<LeftAlone>,
    /// Why there was nothing to look at.
    pub trouble: Option<String>,
}

/// Something that was not looked at.
#[derive(Debug)]
pub struct LeftAlone {
    /// What it is called.
    pub path: String,
    /// Why it was not.
    pub why: String,
}

impl Run {
    /// Returns the verdict on the whole: the worst of all.
    pub fn verdict(&self) -> Verdict {
        let trouble = self.trouble.iter().map(|_| Verdict::Trouble);
        let findings = self.findings.iter().map(|finding| finding.verdict);
        trouble.chain(findings).chain(self.backups.iter().map(Report::verdict)).max().unwrap_or_default()
    }
}

/// Everything that was found out of one backup.
#[derive(Debug, Default)]
pub struct Report {
    /// The backup as it was named.
    pub backup: String,
    /// The database that it is of, as its manifest or its header says; empty where none does.
    pub database: String,
    /// What it is, such as `custom archive 1.15`.
    pub format: String,
    /// How much was to be proved.
    pub level: String,
    /// The server that it was restored on.
    pub server: Option<String>,
    /// The tables of all databases.
    pub tables: Vec<Table>,
    /// What is wrong or cannot be judged, besides tables.
    pub findings: Findings,
    /// What the user should know and is no fault of the backup.
    pub notes: Vec<String>,
    /// What of the source the backup was compared with, in words; empty if with nothing.
    pub compared: Vec<String>,
    /// What was checked besides tables, with how many of each.
    pub checked: Vec<(String, usize)>,
    /// How long each phase took.
    pub phases: Vec<(String, Duration)>,
    /// How long the restore took, which are several of the phases.
    pub restored_in: Option<Duration>,
    /// How long all of it took.
    pub time: Duration,
    /// When the backup was taken, as far as that is known.
    pub taken: Option<Taken>,
    /// Why it could not be looked at to the end.
    pub trouble: Option<String>,
    /// Large objects of which the backup alone does not tell whether they are empty or were emptied.
    pub doubtful: Vec<u32>,
    /// Whether that are words of a server, which standard error has already.
    pub is_told: bool,
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

/// What a table should hold that does not, as somebody else than the backup says.
#[derive(Clone, Debug)]
pub struct Held {
    /// The table's name with its schema.
    pub table: String,
    /// Its rows.
    pub rows: Rows,
    /// Who says so.
    pub by: &'static str,
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
        Verdict::ALL.into_iter().rev().find(|verdict| self.count(*verdict) > 0).unwrap_or_default()
    }

    /// Returns how many tables and findings turned out so; trouble counts as one.
    pub fn count(&self, verdict: Verdict) -> usize {
        let findings = self.findings.count(verdict);
        let trouble = usize::from(verdict == Verdict::Trouble && self.trouble.is_some());
        self.count_tables(verdict) + findings + trouble
    }

    /// Returns how many tables turned out so.
    pub fn count_tables(&self, verdict: Verdict) -> usize {
        self.tables.iter().filter(|table| table.verdict == verdict).count()
    }

    /// Returns the rows that the backup holds, and their bytes as `COPY` text.
    pub fn rows(&self) -> (u64, u64) {
        let rows = self.tables.iter().map(|table| (table.expected.count(), table.expected.content.bytes));
        rows.fold((0, 0), |(rows, bytes), (more, longer)| (rows + more, bytes + longer))
    }

    /// Returns the tables, the worst first, then the largest.
    pub fn sorted_tables(&self) -> Vec<&Table> {
        let mut tables: Vec<&Table> = self.tables.iter().collect();
        tables.sort_by_key(|table| std::cmp::Reverse((table.verdict, table.expected.content.bytes)));
        tables
    }

    /// Puts beside the tables what somebody else says that they should hold.
    pub fn hold_against(&mut self, others: &[Held]) {
        for other in others {
            let tables = self.tables.iter_mut().filter(|table| table.database.is_none());
            for table in tables.filter(|table| table.name == other.table) {
                table.why = format!("{} says so; the backup holds {} rows", other.by, table.expected.count());
                table.expected = other.rows;
                table.verdict = Verdict::Bad;
            }
        }
    }

    /// Forgets what was found: it is of something else.
    pub fn forget(&mut self) {
        self.findings.truncate(0);
        self.tables.clear();
        self.checked.clear();
        self.compared.clear();
    }

    /// Cuts what a report cannot hold; what is counted stays so.
    pub fn bound(&mut self) {
        cut_all(&mut self.notes, "notes");
        cut_all(&mut self.compared, "comparisons");
        let texts = self.tables.iter_mut().flat_map(|table| [&mut table.name, &mut table.why]);
        texts.chain(&mut self.trouble).for_each(cut);
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
