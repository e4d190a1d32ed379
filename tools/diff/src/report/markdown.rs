//! Markdown for a comment on a pull request.

use std::fmt::Write as _;
use std::io::{self, Write};

use compare::{Finding, Severity};

use super::group::{self, ObjectGroup, SchemaGroup};
use super::{Report, body, wording};

/// The longest comment that GitHub takes, in characters; here in bytes, of which there are never fewer.
const LIMIT: usize = 65_536;

/// Room for what is closed at the end, and for saying what was left out.
const RESERVE: usize = 512;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { text: String::new(), left_out: 0, bodies_left_out: 0, full: false };
    page.push("### Schema changes\n\n");
    page.push(&format!("{} → {}\n\n", code(&report.old.name), code(&report.new.name)));
    page.push(&format!("**{}**\n", wording::totals(report)));
    let groups = group::by_schema(report);
    page.not_understood(report);
    for severity in [Severity::Destructive, Severity::Breaking] {
        let count = report.count_severity(severity);
        if count == 0 {
            continue;
        }
        let title = if severity == Severity::Destructive { "Destructive" } else { "Breaking" };
        page.push(&format!("\n#### {title}: {count}\n"));
        for object in groups.iter().flat_map(|group| &group.objects) {
            page.object(object, |finding| finding.severity == severity);
        }
    }
    page.renames(report);
    page.rows(report);
    for group in &groups {
        page.schema(group);
    }
    let (changes, bodies) = (page.left_out, page.bodies_left_out);
    if changes + bodies > 0 {
        let mut missing = Vec::new();
        if changes > 0 {
            missing.push(format!("lines left out: {changes}"));
        }
        if bodies > 0 {
            missing.push(format!("texts left out: {bodies}"));
        }
        let _ = write!(page.text, "\n> **Cut to fit a comment.** {}.\n", missing.join("; "));
    }
    out.write_all(page.text.as_bytes())
}

/// What is written so far, and what there was no room for.
struct Page {
    text: String,
    left_out: usize,
    bodies_left_out: usize,
    /// Once something has no room, nothing behind it gets some: what is worse stands in front.
    full: bool,
}

impl Page {
    fn fits(&self, piece: &str) -> bool {
        self.text.len() + piece.len() + RESERVE <= LIMIT
    }

    /// Adds a piece if there is room, which is said to the caller.
    fn push(&mut self, piece: &str) -> bool {
        self.full |= !self.fits(piece);
        if !self.full {
            self.text.push_str(piece);
        }
        !self.full
    }

    /// Adds a line, or counts it.
    fn line(&mut self, line: &str) {
        if !self.push(line) {
            self.left_out += 1;
        }
    }

    fn object(&mut self, group: &ObjectGroup<'_>, wanted: impl Fn(&Finding) -> bool) {
        let findings: Vec<_> = group.findings.iter().filter(|finding| wanted(finding)).collect();
        if findings.is_empty() {
            return;
        }
        let database =
            group.database.map(|name| format!("{}: ", code(&name.to_string()))).unwrap_or_default();
        self.push(&format!(
            "\n{database}**{}** {}\n\n",
            code(&group.kind().sign().to_string()),
            code(&group.object.to_string())
        ));
        for finding in findings {
            self.change(finding);
        }
    }

    /// One item of a list; a text that has no room is left out before the line is.
    fn change(&mut self, finding: &Finding) {
        let mut line = format!(
            "- {} {}",
            code(&finding.change.kind.sign().to_string()),
            code(&wording::aspect(finding))
        );
        if let Some(values) = wording::values(finding) {
            let _ = write!(line, ": {}", code(&values));
        }
        let _ = write!(line, " — {}: {}", finding.severity, code(finding.rule.id));
        let cost = wording::cost(finding);
        if !cost.is_empty() {
            let _ = write!(line, "; applying it {}", code(&cost));
        }
        line.push('\n');
        let body = body_of(finding).map(|body| format!("{line}\n{body}\n"));
        match body {
            Some(long) if !self.full && self.fits(&long) => drop(self.push(&long)),
            Some(_) => {
                self.bodies_left_out += 1;
                self.line(&line);
            }
            None => self.line(&line),
        }
    }

    /// What is neither breaking nor destructive, folded.
    fn schema(&mut self, group: &SchemaGroup<'_>) {
        let mild = |finding: &Finding| !wording::is_marked(finding.severity);
        let findings = group.objects.iter().flat_map(|object| &object.findings);
        let count = findings.filter(|finding| mild(finding)).count();
        if count == 0 {
            return;
        }
        let summary = format!("\n<details><summary>{}: {count} more</summary>\n", code(&group.title()));
        let opened = self.push(&summary);
        for object in &group.objects {
            self.object(object, mild);
        }
        if opened {
            // There is always room for what closes.
            self.text.push_str("\n</details>\n");
        }
    }

    fn renames(&mut self, report: &Report<'_>) {
        if report.renames.is_empty() {
            return;
        }
        self.push(&format!("\n#### Perhaps only renamed: {}\n\n", report.renames.len()));
        for rename in &report.renames {
            let (old, new) = wording::rename_names(rename);
            self.line(&format!(
                "- {} → {}: {}; {}\n",
                code(&old),
                code(&new),
                code(&rename.reason),
                code(&wording::accept_rename(rename))
            ));
        }
    }

    fn rows(&mut self, report: &Report<'_>) {
        let Some(rows) = report.rows.as_ref().filter(|rows| !rows.is_empty()) else { return };
        self.push(&format!("\n#### Rows: {}\n\n", rows.len()));
        for change in rows {
            self.line(&format!("- {}: {}\n", code(&change.table.to_string()), wording::rows(change)));
        }
    }

    fn not_understood(&mut self, report: &Report<'_>) {
        const SHOWN: usize = 20;
        let count = report.unclassified();
        if count == 0 {
            return;
        }
        self.push(&format!("\n#### Not understood, compared as text: {count}\n\n"));
        let sides = [&report.old, &report.new].into_iter();
        let all = sides.flat_map(|side| side.dump.unknown.iter().map(move |unknown| (side, unknown)));
        for (side, unknown) in all.take(SHOWN) {
            self.line(&format!("- {}: {}\n", code(&side.place(unknown.at)), code(&unknown.excerpt)));
        }
        self.left_out += count.saturating_sub(SHOWN);
    }
}

/// The long texts of a change as a folded block, indented to stand in an item of a list.
fn body_of(finding: &Finding) -> Option<String> {
    if !wording::has_long_texts(finding) {
        return None;
    }
    let change = &finding.change;
    let mut lines: Vec<String> = Vec::new();
    match (&change.old, &change.new) {
        (Some(_), Some(_)) => {
            for hunk in body::of(change) {
                lines.push(hunk.header.clone());
                lines.extend(
                    hunk.lines.iter().map(|line| format!("{}{}", line.sign, wording::shown(&line.text()))),
                );
            }
        }
        (Some(only), None) => lines.extend(only.lines().map(|line| format!("-{}", wording::shown(line)))),
        (None, Some(only)) => lines.extend(only.lines().map(|line| format!("+{}", wording::shown(line)))),
        (None, None) => return None,
    }
    let fence = "`".repeat(longest_run(&lines).max(2) + 1);
    let mut body = format!("  <details><summary>text</summary>\n\n  {fence}diff\n");
    for line in lines {
        let _ = writeln!(body, "  {line}");
    }
    let _ = write!(body, "  {fence}\n\n  </details>\n");
    Some(body)
}

/// The length of the longest run of backticks: a fence must be longer.
fn longest_run(lines: &[String]) -> usize {
    let runs = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len);
    runs.max().unwrap_or_default()
}

/// Text as code in a line: neither Markdown nor HTML in it takes effect, since every sign that these know becomes a
/// character reference, and GitHub makes no mention and no reference of what is code.
fn code(text: &str) -> String {
    let text = cli::escape(text);
    let mut safe = String::from("<code>");
    for (at, character) in text.char_indices() {
        let plain = match character {
            // What would begin a link.
            ':' => !text[at..].starts_with("://"),
            '.' => !text[..at].to_ascii_lowercase().ends_with("www"),
            _ => !character.is_ascii_punctuation() || " ,-/=()+%?'".contains(character),
        };
        if plain {
            safe.push(character);
        } else {
            let _ = write!(safe, "&#{};", u32::from(character));
        }
    }
    safe.push_str("</code>");
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_takes_effect() {
        assert_eq!(
            code("`|<b>@x #1 http://a\n"),
            "<code>&#96;&#124;&#60;b&#62;&#64;x &#35;1 http&#58;//a&#92;u&#123;a&#125;</code>"
        );
        assert_eq!(longest_run(&["a``b".to_owned(), "`".to_owned()]), 2);
    }
}
