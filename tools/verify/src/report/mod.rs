//! A report as text and as JSON.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::verdict::{Report, Rows, Table, Verdict};

/// Said of every run that had nothing but the backup.
const NOT_COMPARED: &str =
    "equality with the source was not checked: only the backup was there to compare with";

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Verified => "verified",
            Verdict::Unclear => "unclear",
            Verdict::Bad => "bad",
        }
    }
}

/// Returns the report for people.
pub fn to_text(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<10}{}", cli::escape(value));
    };
    line("backup", &report.backup);
    line("format", &report.format);
    line("level", &report.level);
    report.server.iter().for_each(|server| line("server", server));
    for (phase, time) in &report.phases {
        line("", &format!("{:>8.2} s  {phase}", time.as_secs_f64()));
    }
    write_tables(report, &mut text);
    if !report.findings.is_empty() {
        text.push('\n');
    }
    for finding in &report.findings {
        let place = finding.place.iter().map(|place| format!(" ({place})")).collect::<String>();
        let message = format!("{}{place}: {}", finding.what, finding.why);
        let _ = writeln!(text, "{}: {}", finding.verdict.word(), cli::escape(&message));
    }
    text.push('\n');
    for (what, count) in report.checked.iter().filter(|(_, count)| *count > 0) {
        let _ = writeln!(text, "checked: {what}: {count}");
    }
    let alone = report.compared.is_empty().then_some(NOT_COMPARED);
    for note in report.notes.iter().chain(&report.compared).map(String::as_str).chain(alone) {
        let _ = writeln!(text, "note: {}", cli::escape(note));
    }
    let _ = writeln!(text, "\n{}", in_words(report));
    text
}

/// The verdict on the whole in one sentence.
fn in_words(report: &Report) -> String {
    let count = |verdict| {
        let tables = report.tables.iter().filter(|table| table.verdict == verdict).count();
        tables + report.findings.iter().filter(|finding| finding.verdict == verdict).count()
    };
    match report.verdict() {
        Verdict::Verified if report.level == "file" => "verified as a file".to_owned(),
        Verdict::Verified => "verified".to_owned(),
        Verdict::Bad => format!("the backup is bad: {} findings", count(Verdict::Bad)),
        Verdict::Unclear => format!("cannot be judged completely here: {} findings", count(Verdict::Unclear)),
    }
}

fn write_tables(report: &Report, text: &mut String) {
    if report.tables.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n{:>14} {:>14} {:>16} {:>9} {:>9}  {:<9} table",
        "rows expected", "actual", "bytes", "load s", "compare s", "verdict"
    );
    let mut tables: Vec<&Table> = report.tables.iter().collect();
    tables.sort_by_key(|table| std::cmp::Reverse(table.expected.content.bytes));
    for table in tables {
        let database = table.database.iter().map(|name| format!("{name}: ")).collect::<String>();
        let actual = table.actual.as_ref().map(|rows| rows.count().to_string());
        let seconds = |time: Option<Duration>| {
            time.map_or_else(|| "-".to_owned(), |time| format!("{:.2}", time.as_secs_f64()))
        };
        let why = if table.why.is_empty() { String::new() } else { format!("  ({})", table.why) };
        let _ = writeln!(
            text,
            "{:>14} {:>14} {:>16} {:>9} {:>9}  {:<9} {}",
            table.expected.count(),
            actual.as_deref().unwrap_or("-"),
            table.expected.content.bytes,
            seconds(table.loaded_in),
            seconds(table.compared_in),
            table.verdict.word(),
            cli::escape(&format!("{database}{}{why}", table.name)),
        );
    }
}

/// Returns the report for machines.
pub fn to_json(report: &Report) -> Value {
    let rows = |rows: &Rows| {
        json!({
            "rows": rows.count(),
            "bytes": rows.content.bytes,
            // Rows that are expressions have no bytes to hash.
            "hash": (rows.expressions == 0).then(|| format!("{:x}", rows.content)),
        })
    };
    let tables = report.tables.iter().map(|table| {
        json!({
            "database": table.database,
            "table": table.name,
            "expected": rows(&table.expected),
            "actual": table.actual.as_ref().map(rows),
            "load_seconds": table.loaded_in.map(|time| time.as_secs_f64()),
            "compare_seconds": table.compared_in.map(|time| time.as_secs_f64()),
            "verdict": table.verdict.word(),
            "why": table.why,
        })
    });
    let findings = report.findings.iter().map(|finding| {
        let difference = finding.difference.as_ref();
        json!({
            "verdict": finding.verdict.word(),
            "what": finding.what,
            "place": finding.place,
            "why": finding.why,
            "difference": difference.map(|difference| json!({
                "attribute": difference.attribute,
                "expected": difference.old,
                "actual": difference.new,
            })),
        })
    });
    let phases =
        report.phases.iter().map(|(name, time)| json!({ "phase": name, "seconds": time.as_secs_f64() }));
    let checked = report.checked.iter().map(|(what, count)| json!({ "what": what, "count": count }));
    json!({
        "version": 1,
        "backup": report.backup,
        "format": report.format,
        "level": report.level,
        "server": report.server,
        "verdict": report.verdict().word(),
        "compared_with_source": !report.compared.is_empty(),
        "compared": report.compared,
        "phases": phases.collect::<Vec<_>>(),
        "tables": tables.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
        "checked": checked.collect::<Vec<_>>(),
        "notes": report.notes,
    })
}
