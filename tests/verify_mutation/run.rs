//! The tool runs on a damaged backup, and its word is judged.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use scratch::Cluster;
use serde_json::Value;

use crate::damage::{Backup, Damage, Mark};
use crate::oracle::{Restored, restore};
use crate::record::Record;
use crate::{Format, PROGRAM, corpus};

/// One damage in so many is judged by a restore as well.
const RESTORED: usize = 10;

/// The damages of one format, counted.
pub struct Tally {
    /// The format.
    pub format: &'static str,
    /// Found by the file alone.
    pub found: usize,
    /// Found by a restore.
    pub restored: usize,
    /// Found by a restore, as what cannot be judged without what is missing.
    pub unclear: usize,
    /// Refused as a format that nothing here reads, as PostgreSQL's own programs do.
    pub refused: usize,
    /// Another valid backup, which a record tells.
    pub recorded: usize,
    /// The backup is the same as before.
    pub harmless: usize,
    /// What was not found, not named, or called bad for nothing.
    pub missed: Vec<String>,
    time: Duration,
}

impl Tally {
    /// How many there were.
    pub fn damages(&self) -> usize {
        self.found
            + self.restored
            + self.unclear
            + self.refused
            + self.recorded
            + self.harmless
            + self.missed.len()
    }
}

/// The damages of one format on their way.
pub struct Run<'c> {
    /// What came of them.
    pub tally: Tally,
    format: Format,
    cluster: &'c Cluster,
    path: PathBuf,
    /// The manifest of the healthy backup.
    manifest: PathBuf,
    record: Record,
    lines: Option<Vec<String>>,
    seed: u64,
    thorough: bool,
}

impl<'c> Run<'c> {
    /// Begins with the healthy backup, which must be found healthy at every level.
    pub fn new(
        format: Format,
        healthy: &Path,
        cluster: &'c Cluster,
        folder: &Path,
        seed: u64,
        thorough: bool,
    ) -> Run<'c> {
        let (code, report, stderr) = verify(healthy, &["--level", "file"]);
        assert_eq!(code, 0, "{}: {report:#}{stderr}", healthy.display());
        let record = Record::of(healthy).unwrap();
        let manifest = folder.join(format!("manifest {}", format.name));
        record.write_manifest(&Backup::read(healthy), &manifest);
        let (code, report, stderr) = verify(healthy, &with_manifest(&manifest));
        assert_eq!(code, 0, "{}: {report:#}{stderr}", healthy.display());
        let lines = match restore(cluster, healthy, &format) {
            Restored::Clean(lines) => Some(lines),
            Restored::Unread => None,
            Restored::Failed(why) => panic!("{}: {why}", format.name),
        };
        let path = folder.join(format!("damaged {}", format.name));
        let tally = Tally {
            format: format.name,
            found: 0,
            restored: 0,
            unclear: 0,
            refused: 0,
            recorded: 0,
            harmless: 0,
            missed: Vec::new(),
            time: Duration::ZERO,
        };
        Run { tally, format, cluster, path, manifest, record, lines, seed, thorough }
    }

    /// Runs the tool on a damaged backup, and counts what it says.
    pub fn judge(&mut self, damage: &Damage) {
        let begin = Instant::now();
        damage.backup.write(&self.path);
        let (code, report, stderr) = verify(&self.path, &["--level", "file"]);
        if let Err(why) = self.verdict(damage, code, &report, &stderr) {
            let told = told(&report).join(" | ");
            let number = self.tally.damages();
            let name = self.tally.format;
            if let Some(folder) = std::env::var_os("PGDUMPKIT_MUTATE_KEEP") {
                damage.backup.write(&Path::new(&folder).join(format!("{name}-{}-{number}", self.seed)));
            }
            let missed = format!("{name} {number}: {}: {why}: {told}{stderr}", damage.what);
            eprintln!("missed: {missed}");
            self.tally.missed.push(missed);
        }
        self.tally.time += begin.elapsed();
    }

    fn verdict(&mut self, damage: &Damage, code: i32, report: &Value, stderr: &str) -> Result<(), String> {
        let sampled = self.thorough && self.tally.damages().is_multiple_of(RESTORED);
        match code {
            1 => {
                named(damage, report, "bad ")?;
                if sampled {
                    let (code, _, stderr) = verify(&self.path, &[]);
                    if code != 1 {
                        return Err(format!("bad as a file, and exit {code} restored {stderr}"));
                    }
                }
                self.tally.found += 1;
                Ok(())
            }
            0 if damage.forbidden => Err("called good, and the format forbids it".to_owned()),
            0 => self.by_restore(damage, sampled),
            // What cannot be told from the file has to be told by a restore.
            3 => {
                named(damage, report, "unclear ")?;
                if Record::of(&self.path).is_some() {
                    return self.by_restore(damage, sampled);
                }
                // Two dumps, of which nobody says what both hold.
                let (code, report, stderr) = verify(&self.path, &[]);
                if code != 1 {
                    return Err(format!("unclear as a file, and exit {code} restored {stderr}"));
                }
                named(damage, &report, "bad ")?;
                self.tally.restored += 1;
                Ok(())
            }
            2 if stderr.contains(self.path.to_str().unwrap()) => {
                match restore(self.cluster, &self.path, &self.format) {
                    Restored::Clean(_) => Err("refused, and PostgreSQL restores it".to_owned()),
                    Restored::Failed(_) | Restored::Unread => {
                        self.tally.refused += 1;
                        Ok(())
                    }
                }
            }
            _ => Err(format!("exit {code}")),
        }
    }

    /// The file alone tells nothing: PostgreSQL's own programs do, or a restore by the tool, or a record.
    fn by_restore(&mut self, damage: &Damage, sampled: bool) -> Result<(), String> {
        let record = Record::of(&self.path).ok_or("called good, and it cannot be read again")?;
        let difference = self.record.difference(&record);
        let restored = restore(self.cluster, &self.path, &self.format);
        if let Restored::Failed(why) = &restored {
            if missing_role(why) && !difference.is_empty() {
                // Another name of an owner: the tool makes all roles that are missing, and a record tells.
                self.by_manifest(damage, &record)?;
                self.tally.recorded += 1;
                return Ok(());
            }
            let (code, report, stderr) = verify(&self.path, &[]);
            match code {
                1 => {
                    named(damage, &report, "bad ")?;
                    self.tally.restored += 1;
                }
                // What is missing might be elsewhere, as for a dump of some tables or sections.
                3 => {
                    named(damage, &report, "unclear ")?;
                    self.tally.unclear += 1;
                }
                _ => return Err(format!("exit {code} restored, and PostgreSQL says: {why}{stderr}")),
            }
            return Ok(());
        }
        if sampled {
            let (code, report, stderr) = verify(&self.path, &[]);
            // What the tool finds and PostgreSQL puts up with is damage all the same.
            if code == 1 {
                named(damage, &report, "bad ")?;
                self.tally.restored += 1;
                return Ok(());
            }
            // The roles of a backup of the corpus are missing here, or an extension is.
            if code != 0 && !(code == 3 && matches!(restored, Restored::Unread)) {
                let told = told(&report).join(" | ");
                return Err(format!("exit {code} restored, and PostgreSQL restores it: {told}{stderr}"));
            }
        }
        let same = match (&restored, &self.lines) {
            (Restored::Clean(lines), Some(healthy)) => lines == healthy,
            _ => difference.is_empty(),
        };
        match (same, difference.is_empty()) {
            (true, _) => self.tally.harmless += 1,
            (false, false) => {
                self.by_manifest(damage, &record)?;
                self.tally.recorded += 1;
            }
            (false, true) => return Err("a record does not tell, and PostgreSQL restores another".to_owned()),
        }
        Ok(())
    }
}

impl Run<'_> {
    /// A manifest tells another backup by its files, and other data even if somebody wrote those into it afterwards.
    fn by_manifest(&self, damage: &Damage, record: &Record) -> Result<(), String> {
        let (code, _, stderr) = verify(&self.path, &with_manifest(&self.manifest));
        if code != 1 {
            return Err(format!("exit {code} with the manifest of the healthy backup {stderr}"));
        }
        if !self.record.has_other_data(record) {
            return Ok(());
        }
        let manifest = PathBuf::from(format!("{}.manifest", self.path.display()));
        self.record.write_manifest(&damage.backup, &manifest);
        let (code, _, stderr) = verify(&self.path, &with_manifest(&manifest));
        match code {
            1 => Ok(()),
            _ => Err(format!("exit {code} with a manifest that holds other data {stderr}")),
        }
    }
}

fn with_manifest(manifest: &Path) -> [&str; 4] {
    ["--level", "file", "--manifest", manifest.to_str().unwrap()]
}

/// Runs the tool; returns its exit code, its report and what it wrote to stderr.
pub fn verify(backup: &Path, arguments: &[&str]) -> (i32, Value, String) {
    let arguments = [&[backup.to_str().unwrap(), "--json"], arguments].concat();
    let output = corpus::run(Path::new(PROGRAM), &arguments, b"");
    let run: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let report = run["backups"][0].clone();
    let code = match output.status.code().unwrap() {
        3 if told(&report).iter().all(|line| line.contains(EMPTY_LARGE_OBJECT)) => 0,
        code => code,
    };
    (code, report, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What is told of a large object that may be empty from the beginning: here it is, or a record tells that it is not.
const EMPTY_LARGE_OBJECT: &str = "how pg_dump writes an empty large object";

/// What a report tells of what is not verified, a line for each.
pub fn told(report: &Value) -> Vec<String> {
    let all = ["findings", "tables"].into_iter().filter_map(|list| report[list].as_array()).flatten();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.filter(|one| one["verdict"] != "verified")
        .map(|one| {
            let parts = [&one["verdict"], &one["table"], &one["what"], &one["place"], &one["why"]];
            parts.map(word).join(" ")
        })
        .collect()
}

/// Says whether a role is what PostgreSQL misses.
fn missing_role(why: &str) -> bool {
    why.contains("ERROR:  role \"") && why.contains("\" does not exist")
}

/// Makes sure that something of this verdict is told, and one of it names the place.
fn named(damage: &Damage, report: &Value, verdict: &str) -> Result<(), String> {
    let told: Vec<String> = told(report).into_iter().filter(|one| one.starts_with(verdict)).collect();
    let names = |mark: &Mark| match mark {
        Mark::Whole => !told.is_empty(),
        Mark::Words(words) => told.iter().any(|one| one.contains(words.as_str())),
        Mark::Byte(range) => told.iter().flat_map(|one| numbers(one)).any(|at| range.contains(&at)),
    };
    if damage.marks.iter().any(names) {
        Ok(())
    } else {
        Err(format!("not named, which is {:?}", damage.marks))
    }
}

/// The bytes that a text speaks of.
fn numbers(text: &str) -> Vec<usize> {
    let after = text.split("byte ").skip(1);
    after.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).collect()
}

/// What came of all, a line for each format.
pub fn table(tallies: &[Tally], seed: u64) -> String {
    let mut text = format!(
        "seed {seed}\n{:<20} {:>7} {:>5} {:>8} {:>7} {:>7} {:>8} {:>8} {:>6} {:>7}\n",
        "format",
        "damages",
        "found",
        "restored",
        "unclear",
        "refused",
        "recorded",
        "harmless",
        "missed",
        "seconds"
    );
    for tally in tallies {
        text.push_str(&format!(
            "{:<20} {:>7} {:>5} {:>8} {:>7} {:>7} {:>8} {:>8} {:>6} {:>7.1}\n",
            tally.format,
            tally.damages(),
            tally.found,
            tally.restored,
            tally.unclear,
            tally.refused,
            tally.recorded,
            tally.harmless,
            tally.missed.len(),
            tally.time.as_secs_f64()
        ));
    }
    text
}
