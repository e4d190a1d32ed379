//! The forms of a report.

mod chart;
mod html;
mod json;
mod junit;
mod markdown;
mod prometheus;
mod target;
mod text;

use std::time::Duration;

use crate::verdict::{Finding, Report, Run, Table, Verdict};

pub use json::to_json;
pub use target::{ReportFile, Targets};
pub use text::{summary, to_text};

/// Said of every run that had nothing but the backup.
const NOT_COMPARED: &str =
    "equality with the source was not checked: only the backup was there to compare with";

const NOT_DEFINITIONS: &str = "whether definitions are those of the backup was not checked, only that every object is there (`--level full`)";

/// What a run of this kind does not check.
fn not_checked(report: &Report) -> impl Iterator<Item = &str> {
    let restored_only = report.level == "restore" && report.server.is_some();
    let alone = report.compared.is_empty();
    restored_only.then_some(NOT_DEFINITIONS).into_iter().chain(alone.then_some(NOT_COMPARED))
}

/// What one should know, and what was not checked.
fn remarks(report: &Report) -> impl Iterator<Item = &str> {
    let told = report.notes.iter().chain(&report.compared).map(String::as_str);
    told.chain(not_checked(report))
}

/// Says how many findings there are that are not listed.
fn more_findings(report: &Report) -> Option<String> {
    let more = report.findings.left_out();
    (more > 0).then(|| format!("and {more} more findings"))
}

/// The verdict on one backup in one sentence.
fn in_words(report: &Report) -> String {
    let count = |verdict| match report.count(verdict) {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    match report.verdict() {
        Verdict::Verified if report.level == "file" => "verified as a file".to_owned(),
        Verdict::Verified => "verified".to_owned(),
        Verdict::Bad => format!("the backup is bad: {}", count(Verdict::Bad)),
        Verdict::Trouble => format!("trouble: {}", report.trouble.as_deref().unwrap_or_default()),
        Verdict::Unclear => format!("cannot be judged completely here: {}", count(Verdict::Unclear)),
    }
}

/// The verdict on all backups in one sentence; that of the only one if nothing else is to be said.
fn run_in_words(run: &Run) -> String {
    match (&run.trouble, run.backups.as_slice()) {
        (Some(trouble), _) => format!("trouble: {trouble}"),
        (None, [only]) if run.findings.is_empty() => in_words(only),
        (None, backups) => {
            let of = |verdict| backups.iter().filter(|report| report.verdict() == verdict).count();
            let verdicts = (!backups.is_empty()).then(|| format!("backups: {}", counts(of)));
            let findings = run.findings.iter().map(|finding| finding.why.clone());
            verdicts.into_iter().chain(findings).collect::<Vec<_>>().join("; ")
        }
    }
}

/// The numbers that are not 0, the worst first: `1 bad, 2 verified`.
fn counts(of: impl Fn(Verdict) -> usize) -> String {
    let counts = Verdict::ALL.into_iter().rev().filter(|verdict| of(*verdict) > 0);
    counts.map(|verdict| format!("{} {}", of(verdict), verdict.word())).collect::<Vec<_>>().join(", ")
}

/// The numbers of a backup in one line; empty if it has no tables.
fn totals(report: &Report) -> String {
    if report.tables.is_empty() {
        return String::new();
    }
    let (rows, bytes) = report.rows();
    let tables = counts(|verdict| report.count_tables(verdict));
    format!("tables: {tables}; rows: {rows}; bytes: {bytes}")
}

/// What a finding says, in one line.
fn sentence(finding: &Finding) -> String {
    let place = finding.place.iter().map(|place| format!(" ({place})")).collect::<String>();
    format!("{}{place}: {}", finding.what, finding.why)
}

/// A table's name, with its database if the backup holds several.
fn table_name(table: &Table) -> String {
    let database = table.database.iter().map(|name| format!("{name}: ")).collect::<String>();
    format!("{database}{}", table.name)
}

/// Seconds with two decimals, or `-`.
fn seconds(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{:.2}", time.as_secs_f64()))
}

/// The rows that were restored, or `-`.
fn actual_rows(table: &Table) -> String {
    table.actual.map_or_else(|| "-".to_owned(), |rows| rows.count().to_string())
}
