//! Dumps before the court: what is so of each, what the tool says, and what comes of the two.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use scratch::{Cluster, Programs};

use crate::given::Given;
use crate::state::State;
use crate::tally::{Outcome, Tally};
use crate::truth::{self, Truth};
use crate::verdicts::{LEVELS, said};
use crate::ways::Made;

/// A dump with its name.
pub struct Case {
    /// Its name.
    pub name: String,
    /// Where it is from.
    pub dump: Dump,
}

/// Where a dump is from.
pub enum Dump {
    /// It was tampered with.
    Made(Made),
    /// It is one of the corpus.
    Given(Given),
}

impl Case {
    fn way(&self) -> &str {
        match &self.dump {
            Dump::Made(made) => &made.way,
            Dump::Given(_) => "corpus",
        }
    }

    fn what(&self) -> &str {
        match &self.dump {
            Dump::Made(made) => &made.what,
            Dump::Given(given) => &given.name,
        }
    }
}

/// What all cases share.
pub struct Court<'c> {
    /// The programs of the server.
    pub programs: &'c Programs,
    /// The server that what was made is restored into.
    pub cluster: &'c Cluster,
    /// What the healthy dump says.
    pub healthy: &'c State,
    /// Where dumps are written to.
    pub folder: &'c Path,
    /// Where those are kept that were judged wrong.
    pub keep: Option<&'c Path>,
    /// What came of all.
    pub tally: Mutex<Tally>,
}

impl Court<'_> {
    /// Judges some cases, of which the tool is asked in one run.
    pub fn judge(&self, cases: &[Case]) {
        let files: Vec<PathBuf> = cases.iter().map(|case| self.folder.join(file_name(&case.name))).collect();
        let truths: Vec<(Truth, String)> =
            cases.iter().zip(&files).map(|(case, file)| self.truth(case, file)).collect();
        for level in LEVELS {
            for (at, said) in said(&files, level).into_iter().enumerate() {
                let (case, (truth, why)) = (&cases[at], &truths[at]);
                let outcome = Outcome::of(*truth, said.code, level);
                let told = format!(
                    "{}: {} ({level})\n    {}\n    {}: {why}\n    exit {}: {}",
                    outcome.words(),
                    case.name,
                    case.what(),
                    truth.words(),
                    said.code,
                    said.why
                );
                self.count(case, outcome, told, &files[at]);
            }
        }
    }

    fn truth(&self, case: &Case, file: &Path) -> (Truth, String) {
        match &case.dump {
            Dump::Made(made) => {
                fs::write(file, &made.bytes).unwrap();
                let database: String = file_name(&case.name).chars().take(60).collect();
                truth::judged(made, self.healthy, &truth::left(self.cluster, &database, file))
            }
            Dump::Given(given) => {
                given.write(file);
                given.judged(self.programs, file)
            }
        }
    }

    fn count(&self, case: &Case, outcome: Outcome, told: String, file: &Path) {
        let mut tally = self.tally.lock().unwrap();
        tally.add(case.way(), outcome);
        if outcome.is_fault() {
            eprintln!("{told}");
            tally.faults.push(told);
            if let Some(folder) = self.keep {
                fs::copy(file, folder.join(file.file_name().unwrap())).unwrap();
            }
        } else if !matches!(outcome, Outcome::Right | Outcome::Fails) && self.keep.is_some() {
            eprintln!("{told}");
        }
    }
}

fn file_name(name: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '_' };
    let name: String = name.chars().map(word).collect();
    if name.ends_with(".sql") { name } else { format!("{name}.sql") }
}
