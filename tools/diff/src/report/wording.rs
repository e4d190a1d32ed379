//! The words that several forms of the report share.

use compare::{Cost, Finding, Kind, Rename, RowsChange, Severity};
use dump::{Address, Content};

use super::Report;

/// The longest text that stands in a line with others, in characters.
const SHORT: usize = 100;

/// Returns what applying a change takes, such as `takes ACCESS EXCLUSIVE, rewrites table a.t`; empty if nothing is known to.
pub(super) fn cost(finding: &Finding) -> String {
    let Cost { locks, rewrites, scans } = &finding.cost;
    let object = &finding.change.object;
    let on = |address: &Address| if address == object { String::new() } else { format!(" on {address}") };
    let list =
        |addresses: &[Address]| addresses.iter().map(Address::to_string).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    if !locks.is_empty() {
        let locks: Vec<String> =
            locks.iter().map(|(address, lock)| format!("{}{}", lock.to_sql(), on(address))).collect();
        parts.push(format!("takes {}", locks.join(", ")));
    }
    if !rewrites.is_empty() {
        parts.push(format!("rewrites {}", list(rewrites)));
    }
    if !scans.is_empty() {
        parts.push(format!("scans {}", list(scans)));
    }
    parts.join(", ")
}

/// Says whether a change is worth a mark.
pub(super) fn is_marked(severity: Severity) -> bool {
    severity >= Severity::Breaking
}

/// Says whether a text needs lines of its own.
pub(super) fn is_long(text: &str) -> bool {
    text.contains('\n') || text.chars().nth(SHORT).is_some()
}

/// Says whether a change has texts on both sides of which one needs lines of its own.
pub(super) fn has_long_texts(finding: &Finding) -> bool {
    let change = &finding.change;
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => is_long(old) || is_long(new),
        (Some(only), None) | (None, Some(only)) => is_long(only),
        (None, None) => false,
    }
}

/// Returns what of the object changed; for the object itself, what became of it.
pub(super) fn aspect(finding: &Finding) -> String {
    let change = &finding.change;
    match (change.is_whole_object(), change.kind) {
        (false, _) => change.aspect(),
        (true, Kind::Added) => "added".to_owned(),
        (true, Kind::Changed) => "changed".to_owned(),
        (true, Kind::Dropped) => "dropped".to_owned(),
    }
}

/// Returns a change in one line: the object, what of it, and the texts where they are short.
pub(super) fn sentence(finding: &Finding) -> String {
    let change = &finding.change;
    let mut sentence = match change.is_whole_object() {
        true => format!("{} {}", change.object, change.kind.word()),
        false => format!("{}: {} {}", change.object, change.aspect(), change.kind.word()),
    };
    if let Some(values) = values(finding) {
        sentence.push_str(&format!(": {values}"));
    }
    sentence
}

/// Returns `old → new` where both are short enough for a line.
pub(super) fn values(finding: &Finding) -> Option<String> {
    let change = &finding.change;
    if has_long_texts(finding) || change.is_whole_object() {
        return None;
    }
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => Some(format!("{old} → {new}")),
        (Some(only), None) | (None, Some(only)) => (!only.is_empty()).then(|| only.clone()),
        (None, None) => None,
    }
}

/// The old and new name as `--accept-rename` takes them.
pub(super) fn rename_names(rename: &Rename) -> (String, String) {
    match &rename.label {
        Some((old, new)) => {
            let of = &rename.old;
            (format!("{of}: label {old}"), format!("{}: label {new}", rename.new))
        }
        None => (rename.old.to_string(), rename.new.to_string()),
    }
}

/// Returns what to type so that a rename is taken as one.
pub(super) fn accept_rename(rename: &Rename) -> String {
    format!("--accept-rename {}", shell_word(&rename.to_accept()))
}

/// A word as a shell takes it.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._=/+-,".contains(c);
    match word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Returns how many rows there were and are, or that they differ.
pub(super) fn rows(change: &RowsChange) -> String {
    let count = |content: &Option<Content>| match content {
        Some(content) => format!("{} {}", content.rows, if content.rows == 1 { "row" } else { "rows" }),
        None => "no data".to_owned(),
    };
    let same = |old: &Content, new: &Content| old.rows == new.rows;
    let numbers = match (&change.old, &change.new) {
        (None, None) => None,
        (Some(old), Some(new)) if same(old, new) && change.remark.is_none() => {
            Some(format!("{}, other values", count(&change.new)))
        }
        (Some(old), Some(new)) if same(old, new) => Some(count(&change.new)),
        (old, new) => Some(format!("{} → {}", count(old), count(new))),
    };
    let remark = change.remark.as_ref().map(ToString::to_string);
    numbers.into_iter().chain(remark).collect::<Vec<_>>().join("; ")
}

/// Returns the numbers in a line.
pub(super) fn totals(report: &Report<'_>) -> String {
    let [added, changed, dropped] =
        [Kind::Added, Kind::Changed, Kind::Dropped].map(|kind| report.count(kind));
    let [breaking, destructive] =
        [Severity::Breaking, Severity::Destructive].map(|severity| report.count_severity(severity));
    let mut totals = if report.findings.is_empty() {
        "no differences".to_owned()
    } else {
        format!(
            "changes: {added} added, {changed} changed, {dropped} dropped; {breaking} breaking, {destructive} destructive"
        )
    };
    if let Some(rows) = report.rows.as_ref().filter(|rows| !rows.is_empty()) {
        totals.push_str(&format!("; tables with other rows: {}", rows.len()));
    }
    if report.unclassified() > 0 {
        totals.push_str(&format!("; not understood: {}", report.unclassified()));
    }
    totals
}
