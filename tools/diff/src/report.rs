//! Changes as text and as JSON.

use std::fmt::Write;

use compare::{Change, Kind};
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

/// The version of the JSON that is printed.
const FORMAT: u32 = 1;

/// Returns the changes for people: objects, with one line for each change below them.
pub fn to_text(changes: &[Change]) -> String {
    let mut text = String::new();
    let mut last = None;
    for change in changes {
        let heading = (&change.database, &change.object);
        if last != Some(heading) {
            let sign = if change.aspect.is_empty() { change.kind.sign() } else { Kind::Changed.sign() };
            let database = change.database.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            let _ = writeln!(text, "{sign} {}", cli::escape(&format!("{database}{}", change.object)));
            last = Some(heading);
        }
        if !change.aspect.is_empty() {
            write_change(change, &mut text);
        }
    }
    text.push_str(&totals(changes));
    text
}

/// Texts of one line stand behind the aspect; longer ones as a diff below it.
fn write_change(change: &Change, text: &mut String) {
    let _ = write!(text, "    {} {}", change.kind.sign(), cli::escape(&change.aspect));
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

/// Returns the numbers of changes, in a line.
pub fn totals(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "no differences\n".to_owned();
    }
    let count = |kind: Kind| changes.iter().filter(|change| change.kind == kind).count();
    let [added, changed, dropped] = [Kind::Added, Kind::Changed, Kind::Dropped].map(count);
    format!("changes: {added} added, {changed} changed, {dropped} dropped\n")
}

/// Returns the changes for machines; `unknown` is the number of statements that were not understood.
pub fn to_json(changes: &[Change], unknown: usize) -> Value {
    let changes: Vec<Value> = changes
        .iter()
        .map(|change| {
            json!({
                "database": change.database.as_ref().map(ToString::to_string),
                "object": change.object.to_string(),
                "object_kind": change.object.kind.to_string(),
                "schema": change.object.schema.as_ref().map(ToString::to_string),
                "kind": change.kind.word(),
                "aspect": change.aspect,
                "old": change.old,
                "new": change.new,
            })
        })
        .collect();
    json!({ "format": FORMAT, "not_understood": unknown, "changes": changes })
}
