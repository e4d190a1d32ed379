//! Workflow commands, which GitHub shows as annotations.

use std::io::{self, Write};

use compare::{Finding, Severity};
use dump::Position;

use super::{Report, Side, wording};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        let (side, at) = place(report, finding);
        let mut message = wording::sentence(finding);
        let applying = wording::applying(finding);
        if !applying.is_empty() {
            message.push_str(&format!("; {applying}"));
        }
        let title = format!("{}: {}", finding.severity, finding.rule.id);
        command(level(finding.severity), side, at, &title, &message, out)?;
    }
    for rename in &report.renames {
        let (old, new) = wording::rename_names(rename);
        let message =
            format!("{old} may now be {new}: {}; {}", rename.reason, wording::accept_rename(rename));
        command("notice", &report.new, None, "rename?", &message, out)?;
    }
    for rows in report.rows.iter().flatten() {
        let message = format!("{}: {}", rows.table, wording::rows(rows));
        command("notice", &report.new, None, "rows", &message, out)?;
    }
    for left_out in &report.left_out {
        command("notice", &report.new, None, "left out", &left_out.to_string(), out)?;
    }
    for side in [&report.old, &report.new] {
        for unknown in &side.dump.unknown {
            command("warning", side, Some(unknown.at), "not understood", &unknown.excerpt, out)?;
        }
    }
    Ok(())
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Destructive => "error",
        Severity::Breaking => "warning",
        Severity::Safe | Severity::Info => "notice",
    }
}

/// What is gone can only be shown where it was.
fn place<'r, 'd>(report: &'r Report<'d>, finding: &Finding) -> (&'r Side<'d>, Option<Position>) {
    let change = &finding.change;
    match (change.new_at, change.old_at) {
        (None, Some(at)) => (&report.old, Some(at)),
        (at, _) => (&report.new, at),
    }
}

fn command(
    level: &str,
    side: &Side<'_>,
    at: Option<Position>,
    title: &str,
    message: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let line = at.and_then(|at| at.line).map(|line| format!(",line={line}")).unwrap_or_default();
    writeln!(
        out,
        "::{level} file={}{line},title={}::{}",
        property(&side.name),
        property(title),
        data(message)
    )
}

/// As `escapeData` of actions/toolkit does, with what is dangerous on a terminal escaped first.
fn data(text: &str) -> String {
    cli::escape_lines(text).replace('%', "%25").replace('\n', "%0A")
}

/// As `escapeProperty` of actions/toolkit does.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_or_a_property_is_escaped() {
        assert_eq!(data("100%\n::error::x"), "100%25%0A::error::x");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
        assert_eq!(data("a\rb"), "a\\u{d}b");
    }
}
