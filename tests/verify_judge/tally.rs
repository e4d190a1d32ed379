//! What came of all dumps, counted.

use std::collections::BTreeMap;

use crate::truth::Truth;

/// How a verdict stands to what is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As it should be.
    Right,
    /// *Unclear*, and something is missing.
    UnclearLess,
    /// *Unclear*, and all is there.
    UnclearAll,
    /// *Trouble*, and something is missing.
    Trouble,
    /// *Bad*, where a statement fails and all is there.
    Fails,
    /// Nobody can say what would be right.
    Disputed,
    /// *Verified*, and something is missing.
    FalseOk,
    /// *Bad*, and all is there.
    FalseAlarm,
    /// *Trouble*, and all is there; or no verdict at all.
    NoVerdict,
}

impl Outcome {
    /// Compares a verdict with what is so. What is only written otherwise, level `restore` does not look at.
    pub fn of(truth: Truth, code: i32, level: &str) -> Outcome {
        match (truth, code) {
            (_, ..0 | 4..) => Outcome::NoVerdict,
            (Truth::Disputed | Truth::Untold, _) => Outcome::Disputed,
            (Truth::Altered, 0) if level == "restore" => Outcome::Right,
            (Truth::Fails, 1) => Outcome::Fails,
            (Truth::All | Truth::Fails, 0) | (Truth::Altered | Truth::Less, 1) => Outcome::Right,
            (Truth::All, 1) => Outcome::FalseAlarm,
            (Truth::All | Truth::Fails, 2) => Outcome::NoVerdict,
            (Truth::All | Truth::Fails, _) => Outcome::UnclearAll,
            (_, 0) => Outcome::FalseOk,
            (_, 2) => Outcome::Trouble,
            _ => Outcome::UnclearLess,
        }
    }

    /// Says whether the tool is wrong.
    pub fn is_fault(self) -> bool {
        matches!(self, Outcome::FalseOk | Outcome::FalseAlarm | Outcome::NoVerdict)
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Outcome::Right => "right",
            Outcome::UnclearLess => "unclear, less",
            Outcome::UnclearAll => "unclear, all",
            Outcome::Trouble => "trouble",
            Outcome::Fails => "bad as psql",
            Outcome::Disputed => "disputed",
            Outcome::FalseOk => "FALSE OK",
            Outcome::FalseAlarm => "FALSE ALARM",
            Outcome::NoVerdict => "NO VERDICT",
        }
    }
}

const COLUMNS: [Outcome; 9] = [
    Outcome::Right,
    Outcome::UnclearLess,
    Outcome::UnclearAll,
    Outcome::Trouble,
    Outcome::Fails,
    Outcome::Disputed,
    Outcome::FalseOk,
    Outcome::FalseAlarm,
    Outcome::NoVerdict,
];

/// How often what came of which way.
#[derive(Default)]
pub struct Tally {
    counts: BTreeMap<String, BTreeMap<Outcome, usize>>,
    /// The faults, in a few lines each.
    pub faults: Vec<String>,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, way: &str, outcome: Outcome) {
        *self.counts.entry(way.to_owned()).or_default().entry(outcome).or_default() += 1;
    }

    /// All that was counted, way by way.
    pub fn table(&self) -> String {
        let width = self.counts.keys().map(|way| way.chars().count()).max().unwrap_or(0).max(5);
        let line = |name: &str, cells: &[String]| {
            let cells: Vec<String> = COLUMNS
                .iter()
                .zip(cells)
                .map(|(column, cell)| format!("{cell:>0$}", column.words().len()))
                .collect();
            let line = format!("{name:<width$}  {}", cells.join("  "));
            format!("{}\n", line.trim_end())
        };
        let mut table = line("", &COLUMNS.map(|column| column.words().to_owned()));
        let mut sums: BTreeMap<Outcome, usize> = BTreeMap::new();
        for (way, counts) in &self.counts {
            counts.iter().for_each(|(outcome, count)| *sums.entry(*outcome).or_default() += count);
            table.push_str(&line(way, &cells(counts)));
        }
        table.push_str(&line("all", &cells(&sums)));
        table
    }
}

fn cells(counts: &BTreeMap<Outcome, usize>) -> Vec<String> {
    COLUMNS.iter().map(|column| counts.get(column).map_or("".to_owned(), usize::to_string)).collect()
}
