//! The words that several forms of the report share.

use compare::{Cost, Finding, Kind, Lock, Rename, RowsChange, Severity};
use dump::{Address, Content};

use super::Report;

/// The longest text that stands in a line with others, in characters.
const SHORT: usize = 100;

/// More than these are not named one by one.
const NAMED: usize = 6;

/// Returns what applying a change takes, such as `takes ACCESS EXCLUSIVE, rewrites table a.t`; empty if nothing is known to.
pub(super) fn cost(finding: &Finding) -> String {
    let Cost { locks, rewrites, scans } = &finding.cost;
    let mut parts = Vec::new();
    if !locks.is_empty() {
        let mut modes: Vec<(Lock, Vec<&Address>)> = Vec::new();
        for (address, lock) in locks {
            match modes.iter_mut().find(|(mode, _)| mode == lock) {
                Some((_, on)) => on.push(address),
                None => modes.push((*lock, vec![address])),
            }
        }
        let of_mode = |(mode, on): &(Lock, Vec<&Address>)| {
            let alone = on.as_slice() == [&finding.change.object];
            let on = if alone { String::new() } else { format!(" on {}", relations(on, finding)) };
            format!("{}{on}", mode.to_sql())
        };
        parts.push(format!("takes {}", modes.iter().map(of_mode).collect::<Vec<_>>().join(", ")));
    }
    for (word, addresses) in [("rewrites", rewrites), ("scans", scans)] {
        if !addresses.is_empty() {
            parts.push(format!("{word} {}", relations(&addresses.iter().collect::<Vec<_>>(), finding)));
        }
    }
    parts.join(", ")
}

/// Names relations; the partitions of the table only by their number, if all of them are meant.
fn relations(addresses: &[&Address], finding: &Finding) -> String {
    let partitions = &finding.partitions;
    let all = partitions.len() > 1 && partitions.iter().all(|one| addresses.contains(&one));
    let named: Vec<&Address> =
        addresses.iter().copied().filter(|address| !(all && partitions.contains(address))).collect();
    let mut words = list(&named);
    if all {
        words.push(format!("its {} partitions", partitions.len()));
    }
    words.join(", ")
}

fn list(addresses: &[&Address]) -> Vec<String> {
    let shown = if addresses.len() > NAMED + 1 { NAMED } else { addresses.len() };
    let mut words: Vec<String> = addresses[..shown].iter().map(ToString::to_string).collect();
    if shown < addresses.len() {
        words.push(format!("{} more", addresses.len() - shown));
    }
    words
}

/// Returns what has to be made anew with a change, such as `also made anew: view a.v`; empty if nothing has.
pub(super) fn made_anew(finding: &Finding) -> String {
    let names = list(&finding.dependents.iter().collect::<Vec<_>>());
    if names.is_empty() { String::new() } else { format!("also made anew: {}", names.join(", ")) }
}

/// Returns what else of a table has the change, such as `and its 3 partitions`; empty if nothing has.
pub(super) fn partitions(finding: &Finding) -> String {
    match finding.partitions.as_slice() {
        [] => String::new(),
        [one] => format!("and its partition {}", one.qualified_name()),
        several => format!("and its {} partitions", several.len()),
    }
}

/// Returns all that is known of applying a change, with the `cost` in the words of the form.
pub(super) fn consequences(finding: &Finding, cost: String) -> String {
    let parts = [partitions(finding), cost, made_anew(finding)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Returns the same as a part of a sentence: `applying it takes ACCESS EXCLUSIVE; also made anew: view a.v`.
pub(super) fn applying(finding: &Finding) -> String {
    let cost = cost(finding);
    let cost = if cost.is_empty() { cost } else { format!("applying it {cost}") };
    consequences(finding, cost)
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

/// Returns the renames under a heading for each kind of guess: another name, or other arguments.
pub(super) fn renames<'r>(report: &'r Report<'_>) -> Vec<(&'static str, Vec<&'r Rename>)> {
    let (same_name, other_name) = report.renames.iter().partition(|rename| rename.keeps_name());
    let groups = [("perhaps only renamed", other_name), ("perhaps the same with other arguments", same_name)];
    let groups: [(_, Vec<&Rename>); 2] = groups;
    groups.into_iter().filter(|(_, renames)| !renames.is_empty()).collect()
}

/// Begins with an upper-case letter, as headings do.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
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
