//! The report for people at a terminal.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::{
    actual_rows, counts, in_words, more_findings, remarks, run_in_words, seconds, sentence, table_name,
    totals,
};
use crate::backups::shown;
use crate::verdict::{Report, Run, Verdict};

/// Stands for the words of a server that were told when they came; every other form of the report has them.
const TOLD: &str = "trouble: no connection to the server";
const QUIET: Style = Style::new().dimmed();

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Verified => AnsiColor::Green.on_default(),
        Verdict::Unclear => AnsiColor::Yellow.on_default(),
        Verdict::Trouble | Verdict::Bad => AnsiColor::Red.on_default().bold(),
    }
}

/// Returns the report on one backup.
pub fn to_text(report: &Report, colour: bool) -> String {
    let mut page = Page { text: String::new(), colour };
    page.line("backup", &report.backup);
    if let Some(taken) = report.taken {
        page.line("taken", &format!("{} (time of the {})", shown(taken.at), taken.by.word()));
    }
    for (name, value) in [("format", &report.format), ("level", &report.level)] {
        if !value.is_empty() {
            page.line(name, value);
        }
    }
    report.server.iter().for_each(|server| page.line("server", server));
    for (phase, time) in &report.phases {
        page.line("", &format!("{:>8.2} s  {phase}", time.as_secs_f64()));
    }
    if let Some(time) = report.restored_in {
        page.line("", &format!("{:>8.2} s  restore in all", time.as_secs_f64()));
    }
    page.tables(report);
    if !report.findings.is_empty() {
        page.text.push('\n');
    }
    for finding in report.findings.iter() {
        page.verdict(finding.verdict, finding.verdict.word());
        page.add(Style::new(), &format!(": {}\n", sentence(finding)));
    }
    if let Some(more) = more_findings(report) {
        page.add(Style::new(), &format!("{more}\n"));
    }
    page.text.push('\n');
    for (what, count) in report.checked.iter().filter(|(_, count)| *count > 0) {
        page.add(Style::new(), &format!("checked: {what}: {count}\n"));
    }
    for note in remarks(report) {
        page.add(QUIET, &format!("note: {note}"));
        page.text.push('\n');
    }
    page.text.push('\n');
    let totals = totals(report);
    if !totals.is_empty() {
        page.add(Style::new(), &format!("{totals}\n"));
    }
    let words = match report.is_told {
        true if report.verdict() == Verdict::Trouble => TOLD.to_owned(),
        _ => in_words(report),
    };
    page.verdict(report.verdict(), &words);
    page.text.push('\n');
    page.text
}

/// Returns what is to be said of all backups together: nothing if there was one, and nothing is wrong with it as a set.
pub fn summary(run: &Run, colour: bool) -> String {
    let several = run.backups.len() > 1;
    let mut page = Page { text: String::new(), colour };
    if several {
        page.text.push('\n');
        page.backups(run);
    }
    for left in &run.left_alone {
        page.add(QUIET, &format!("left alone: {}: {}", left.path, left.why));
        page.text.push('\n');
    }
    for finding in &run.findings {
        page.verdict(finding.verdict, finding.verdict.word());
        page.add(Style::new(), &format!(": {}\n", sentence(finding)));
    }
    if several || !run.findings.is_empty() || run.trouble.is_some() {
        page.text.push('\n');
        page.verdict(run.verdict(), &run_in_words(run));
        page.text.push('\n');
    }
    page.text
}

/// What is written so far.
struct Page {
    text: String,
    colour: bool,
}

impl Page {
    /// Adds text out of a dump, or beside it: nothing in it but the line break at its end reaches the terminal as a
    /// command.
    fn add(&mut self, style: Style, text: &str) {
        let (text, end) = match text.strip_suffix('\n') {
            Some(text) => (text, "\n"),
            None => (text, ""),
        };
        let text = cli::escape(text);
        let _ = match self.colour && !text.is_empty() {
            true => write!(self.text, "{style}{text}{style:#}{end}"),
            false => write!(self.text, "{text}{end}"),
        };
    }

    fn verdict(&mut self, verdict: Verdict, text: &str) {
        self.add(style(verdict), text);
    }

    fn line(&mut self, name: &str, value: &str) {
        self.add(Style::new(), &format!("{name:<10}{value}\n"));
    }

    fn tables(&mut self, report: &Report) {
        if report.tables.is_empty() {
            return;
        }
        let header = ["rows expected", "actual", "bytes", "load s", "compare s", "verdict", "table"];
        let rows = report.sorted_tables().into_iter().map(|table| {
            let why = if table.why.is_empty() { String::new() } else { format!("  ({})", table.why) };
            let cells = [
                table.expected.count().to_string(),
                actual_rows(table),
                table.expected.content.bytes.to_string(),
                seconds(table.loaded_in),
                seconds(table.compared_in),
                table.verdict.word().to_owned(),
                format!("{}{why}", table_name(table)),
            ];
            (table.verdict, cells)
        });
        self.text.push('\n');
        self.table(header, &rows.collect::<Vec<_>>());
    }

    fn backups(&mut self, run: &Run) {
        let header = ["tables", "rows", "bytes", "restore s", "seconds", "verdict", "backup"];
        let rows = run.backups.iter().map(|report| {
            let (rows, bytes) = report.rows();
            let findings =
                counts(|verdict| if verdict == Verdict::Verified { 0 } else { report.count(verdict) });
            let findings = if findings.is_empty() { findings } else { format!("  ({findings})") };
            let cells = [
                report.tables.len().to_string(),
                rows.to_string(),
                bytes.to_string(),
                seconds(report.restored_in),
                seconds(Some(report.time)),
                report.verdict().word().to_owned(),
                format!("{}{findings}", report.backup),
            ];
            (report.verdict(), cells)
        });
        self.table(header, &rows.collect::<Vec<_>>());
    }

    /// Adds columns, numbers to the right: the verdict is the last but one, and a name the last.
    fn table(&mut self, header: [&str; 7], rows: &[(Verdict, [String; 7])]) {
        let width = |at: usize| {
            let cells = rows.iter().map(|(_, cells)| cells[at].len());
            cells.chain([header[at].len()]).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..header.len()).map(width).collect();
        let numbers = |cells: &[&str]| {
            let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}  "));
            cells.collect::<String>()
        };
        let verdicts = widths[5];
        let [head @ .., verdict, name] = header;
        let line = format!("{}{verdict:<verdicts$}  {name}\n", numbers(&head));
        self.add(QUIET, &line);
        for (verdict, cells) in rows {
            let [head @ .., word, name] = cells;
            let head: Vec<&str> = head.iter().map(String::as_str).collect();
            self.add(Style::new(), &numbers(&head));
            self.verdict(*verdict, &format!("{word:<verdicts$}"));
            self.add(Style::new(), &format!("  {name}\n"));
        }
    }
}
