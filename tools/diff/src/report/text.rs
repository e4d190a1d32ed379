//! The report for people.

use std::fmt::Write as _;
use std::io::{self, Write};

use compare::{Change, Kind, Severity};
use similar::{ChangeTag, TextDiff};

use super::Report;

/// Writes objects, with one line for each change below them.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    let mut last = None;
    for change in report.findings.iter().map(|finding| &finding.change) {
        let heading = (&change.database, &change.object);
        if last != Some(heading) {
            let sign = if change.is_whole_object() { change.kind.sign() } else { Kind::Changed.sign() };
            let database = change.database.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            let _ = writeln!(text, "{sign} {}", cli::escape(&format!("{database}{}", change.object)));
            last = Some(heading);
        }
        if !change.is_whole_object() {
            write_change(change, &mut text);
        }
    }
    out.write_all(text.as_bytes())?;
    write_totals(report, out)
}

/// Texts of one line stand behind the aspect; longer ones as a diff below it.
fn write_change(change: &Change, text: &mut String) {
    let _ = write!(text, "    {} {}", change.kind.sign(), cli::escape(&change.aspect()));
    let long =
        |side: &Option<String>| side.as_ref().is_some_and(|side| side.contains('\n') || side.len() > 100);
    match (&change.old, &change.new) {
        (Some(old), Some(new)) if long(&change.old) || long(&change.new) => {
            text.push('\n');
            for line in TextDiff::from_lines(old, new).iter_all_changes() {
                let sign = match line.tag() {
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                    ChangeTag::Equal => ' ',
                };
                let _ = writeln!(text, "        {sign} {}", cli::escape(line.value().trim_end_matches('\n')));
            }
        }
        (Some(old), Some(new)) => {
            let _ = writeln!(text, ": {} → {}", cli::escape(old), cli::escape(new));
        }
        (Some(only), None) | (None, Some(only)) => {
            let mut lines = only.lines().map(cli::escape);
            let _ = writeln!(text, ": {}", lines.next().unwrap_or_default());
            for line in lines {
                let _ = writeln!(text, "        {line}");
            }
        }
        (None, None) => text.push('\n'),
    }
}

/// Writes the numbers of changes, in a line.
pub(super) fn write_totals(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    if report.findings.is_empty() {
        return writeln!(out, "no differences");
    }
    let [added, changed, dropped] =
        [Kind::Added, Kind::Changed, Kind::Dropped].map(|kind| report.count(kind));
    let [breaking, destructive] =
        [Severity::Breaking, Severity::Destructive].map(|severity| report.count_severity(severity));
    writeln!(
        out,
        "changes: {added} added, {changed} changed, {dropped} dropped; {breaking} breaking, {destructive} destructive"
    )
}
