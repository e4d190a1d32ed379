//! Canonical text, object by object, as `git diff` writes it.

use std::fmt::Write as _;
use std::io::{self, Write};

use compare::{Change, Kind};
use dump::{Object, mask_secrets, write_parts};

use super::group::{self, ObjectGroup};
use super::{Report, Side, body};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for schema in group::by_schema(report) {
        for object in &schema.objects {
            let text = file(report, object);
            out.write_all(text.as_bytes())?;
        }
    }
    Ok(())
}

/// The diff of one object, as if it were a file.
fn file(report: &Report<'_>, group: &ObjectGroup<'_>) -> String {
    let path = path(group);
    let [a, b] = ["a", "b"].map(|side| quoted(&format!("{side}/{path}")));
    let mut text = format!("diff --git {a} {b}\n");
    let (from, to) = match group.kind() {
        Kind::Added => {
            text.push_str("new file mode 100644\n");
            ("/dev/null", b.as_str())
        }
        Kind::Changed => (a.as_str(), b.as_str()),
        Kind::Dropped => {
            text.push_str("deleted file mode 100644\n");
            (a.as_str(), "/dev/null")
        }
    };
    let old = side(&report.old, group, |change| change.old.as_deref());
    let new = side(&report.new, group, |change| change.new.as_deref());
    let hunks = body::hunks(&old, &new);
    if hunks.is_empty() {
        // What is secret is left out of both.
        let _ = writeln!(text, "Secrets in {a} and {b} differ");
        return text;
    }
    let _ = writeln!(text, "--- {from}\n+++ {to}");
    for hunk in hunks {
        let _ = writeln!(text, "{}", hunk.header);
        for line in hunk.lines {
            let _ = writeln!(text, "{}{}", line.sign, cli::escape_lines(&line.text()));
        }
    }
    text
}

/// An object's whole text; where a dump holds no such object, what its changes say.
fn side<'g>(
    side: &Side<'_>,
    group: &'g ObjectGroup<'_>,
    of: impl Fn(&'g Change) -> Option<&'g str>,
) -> String {
    if let Some(object) = side.object(group.database, group.object) {
        return canonical(object);
    }
    group
        .findings
        .iter()
        .filter_map(|finding| of(&finding.change))
        .map(|text| format!("{}\n", text.trim_end_matches('\n')))
        .collect()
}

fn canonical(object: &Object) -> String {
    let masked: Vec<_> = object
        .parts
        .iter()
        .map(|part| {
            let mut part = part.clone();
            part.text = mask_secrets(&part).unwrap_or(part.text);
            part
        })
        .collect();
    let mut text = Vec::new();
    write_parts(&masked, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Such as `shop/app/table/users.sql`; a name stands for one file, whatever is in it.
fn path(group: &ObjectGroup<'_>) -> String {
    let object = group.object;
    let file = match &object.parent {
        Some(parent) => format!("{} on {parent}", object.name),
        None => format!("{}{}", object.name, String::from_utf8_lossy(&object.signature)),
    };
    let words = [
        group.database.map(ToString::to_string),
        object.schema.as_ref().map(ToString::to_string),
        Some(object.kind.to_string()),
        Some(format!("{file}.sql")),
    ];
    let words = words.into_iter().flatten();
    words.map(|word| word.replace('%', "%25").replace('/', "%2F")).collect::<Vec<_>>().join("/")
}

/// A path as git quotes it.
fn quoted(path: &str) -> String {
    let path = cli::escape(path);
    if path.contains(['"', '\\']) {
        return format!("\"{}\"", path.replace('\\', r"\\").replace('"', "\\\""));
    }
    path
}
