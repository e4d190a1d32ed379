//! Markdown for a comment on a pull request.

use std::fmt::Write as _;
use std::io::{self, Write};

use cli::{Comment, markdown_code as code};
use compare::{Finding, Severity};

use super::group::{self, ObjectGroup, SchemaGroup};
use super::{Report, body, wording};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::default();
    page.comment.push("### Schema changes\n\n");
    page.comment.push(&format!("{} → {}\n\n", code(&report.old.name), code(&report.new.name)));
    page.comment.push(&format!("**{}**\n", wording::totals(report)));
    let groups = group::by_schema(report);
    page.not_understood(report);
    for severity in [Severity::Destructive, Severity::Breaking] {
        let count = report.count_severity(severity);
        if count == 0 {
            continue;
        }
        let title = if severity == Severity::Destructive { "Destructive" } else { "Breaking" };
        page.comment.push(&format!("\n#### {title}: {count}\n"));
        for object in groups.iter().flat_map(|group| &group.objects) {
            page.object(object, |finding| finding.severity == severity);
        }
    }
    page.renames(report);
    page.rows(report);
    page.left_out(report);
    for group in &groups {
        page.schema(group);
    }
    let mut missing = Vec::new();
    if page.comment.left_out() > 0 {
        missing.push(format!("lines left out: {}", page.comment.left_out()));
    }
    if page.bodies_left_out > 0 {
        missing.push(format!("texts left out: {}", page.bodies_left_out));
    }
    out.write_all(page.comment.finish(&missing).as_bytes())
}

/// What is written so far, and what there was no room for.
#[derive(Default)]
struct Page {
    comment: Comment,
    bodies_left_out: usize,
}

impl Page {
    fn object(&mut self, group: &ObjectGroup<'_>, wanted: impl Fn(&Finding) -> bool) {
        let findings: Vec<_> = group.findings.iter().filter(|finding| wanted(finding)).collect();
        if findings.is_empty() {
            return;
        }
        let database =
            group.database.map(|name| format!("{}: ", code(&name.to_string()))).unwrap_or_default();
        self.comment.push(&format!(
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
        let cost = if cost.is_empty() { cost } else { format!("applying it {}", code(&cost)) };
        for part in [wording::partitions(finding), cost, wording::made_anew(finding)] {
            if !part.is_empty() {
                let _ = write!(line, "; {}", if part.starts_with("applying") { part } else { code(&part) });
            }
        }
        line.push('\n');
        let body = body_of(finding).map(|body| format!("{line}\n{body}\n"));
        match body {
            Some(long) if self.comment.fits(&long) => drop(self.comment.push(&long)),
            Some(_) => {
                self.bodies_left_out += 1;
                self.comment.line(&line);
            }
            None => self.comment.line(&line),
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
        let opened = self.comment.push(&summary);
        for object in &group.objects {
            self.object(object, mild);
        }
        if opened {
            self.comment.close("\n</details>\n");
        }
    }

    fn renames(&mut self, report: &Report<'_>) {
        for (heading, renames) in wording::renames(report) {
            let heading = wording::capital(heading);
            self.comment.push(&format!("\n#### {heading}: {}\n\n", renames.len()));
            for rename in renames {
                let (old, new) = wording::rename_names(rename);
                self.comment.line(&format!(
                    "- {} → {}: {}; {}\n",
                    code(&old),
                    code(&new),
                    code(&rename.reason),
                    code(&wording::accept_rename(rename))
                ));
            }
        }
    }

    fn left_out(&mut self, report: &Report<'_>) {
        if report.left_out.is_empty() {
            return;
        }
        self.comment.push("\n#### Left out\n\n");
        for left_out in &report.left_out {
            self.comment.line(&format!("- {}\n", code(&left_out.to_string())));
        }
    }

    fn rows(&mut self, report: &Report<'_>) {
        let Some(rows) = report.rows.as_ref().filter(|rows| !rows.is_empty()) else { return };
        self.comment.push(&format!("\n#### Rows: {}\n\n", rows.len()));
        for change in rows {
            self.comment.line(&format!("- {}: {}\n", code(&change.table.to_string()), wording::rows(change)));
        }
    }

    fn not_understood(&mut self, report: &Report<'_>) {
        const SHOWN: usize = 20;
        let count = report.unclassified();
        if count == 0 {
            return;
        }
        self.comment.push(&format!("\n#### Not understood, compared as text: {count}\n\n"));
        let sides = [&report.old, &report.new].into_iter();
        let all = sides.flat_map(|side| side.dump.unknown.iter().map(move |unknown| (side, unknown)));
        for (side, unknown) in all.take(SHOWN) {
            self.comment.line(&format!("- {}: {}\n", code(&side.place(unknown.at)), code(&unknown.excerpt)));
        }
        self.comment.leave_out(count.saturating_sub(SHOWN));
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
                    hunk.lines.iter().map(|line| format!("{}{}", line.sign, cli::escape_lines(&line.text()))),
                );
            }
        }
        (Some(only), None) => lines.extend(only.lines().map(|line| format!("-{}", cli::escape_lines(line)))),
        (None, Some(only)) => lines.extend(only.lines().map(|line| format!("+{}", cli::escape_lines(line)))),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(longest_run(&["a``b".to_owned(), "`".to_owned()]), 2);
    }
}
