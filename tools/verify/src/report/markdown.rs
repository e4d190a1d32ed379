//! Markdown for a pull request or a chat.

use std::io::{self, Write};

use cli::{Comment, markdown_code as code};

use super::{actual_rows, in_words, more_findings, remarks, run_in_words, seconds, table_name, totals};
use crate::backups::shown;
use crate::verdict::{Finding, Report, Run, Table, Verdict};

pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Comment::default();
    page.push("### Backup verification\n\n");
    page.push(&format!("**{}**: {}\n", run.verdict().word(), code(&run_in_words(run))));
    if !run.findings.is_empty() {
        page.push("\n");
    }
    run.findings.iter().for_each(|found| finding(&mut page, found));
    if run.backups.len() > 1 {
        page.push("\n| Verdict | Tables | Rows | Bytes | Seconds | Backup |\n|---|--:|--:|--:|--:|---|\n");
        for report in &run.backups {
            let ((rows, bytes), tables) = (report.rows(), report.tables.len());
            let (word, time, name) =
                (report.verdict().word(), seconds(Some(report.time)), code(&report.backup));
            page.line(&format!("| {word} | {tables} | {rows} | {bytes} | {time} | {name} |\n"));
        }
    }
    // What is wrong with any of them stands in front of what is good about the first.
    run.backups.iter().for_each(|report| wrong(&mut page, report));
    if !run.left_alone.is_empty() {
        page.push(&format!("\n#### Left alone: {}\n\n", run.left_alone.len()));
        for left in &run.left_alone {
            page.line(&format!("- {}: {}\n", code(&left.path), code(&left.why)));
        }
    }
    run.backups.iter().for_each(|report| details(&mut page, report));
    let missing: Vec<String> = match page.left_out() {
        0 => Vec::new(),
        lines => vec![format!("Lines left out: {lines}")],
    };
    out.write_all(page.finish(&missing).as_bytes())
}

/// What a backup is, and what is not as it should be.
fn wrong(page: &mut Comment, report: &Report) {
    page.push(&format!("\n#### {}\n\n", code(&report.backup)));
    page.push(&format!("**{}**", code(&in_words(report))));
    if !report.format.is_empty() {
        let server = report.server.iter().map(|server| format!(", on {}", code(server))).collect::<String>();
        page.push(&format!(" ({}, level {}{server})", code(&report.format), code(&report.level)));
    }
    page.push("\n");
    if let Some(taken) = report.taken {
        page.push(&format!("\nTaken at {} (time of the {}).\n", shown(taken.at), taken.by.word()));
    }
    let totals = totals(report);
    if !totals.is_empty() {
        page.push(&format!("\n{totals}\n"));
    }
    let tables: Vec<&Table> = report.sorted_tables();
    let tables: Vec<&Table> = tables.into_iter().filter(|table| table.verdict != Verdict::Verified).collect();
    self::tables(page, &tables);
    if !report.findings.is_empty() {
        let all = report.findings.len() + report.findings.left_out();
        page.push(&format!("\nFindings: {all}\n\n"));
    }
    report.findings.iter().for_each(|found| finding(page, found));
    if let Some(more) = more_findings(report) {
        page.line(&format!("- {more}\n"));
    }
}

/// What is good about a backup, and what one should know.
fn details(page: &mut Comment, report: &Report) {
    if !page.push(&format!("\n<details><summary>{}: details</summary>\n", code(&report.backup))) {
        return page.leave_out(1);
    }
    if !report.phases.is_empty() {
        page.push("\n| Seconds | Phase |\n|--:|---|\n");
        for (phase, time) in &report.phases {
            page.line(&format!("| {} | {} |\n", seconds(Some(*time)), code(phase)));
        }
        if let Some(time) = report.restored_in {
            page.line(&format!("| {} | **restore in all** |\n", seconds(Some(time))));
        }
    }
    page.push("\n");
    for (what, count) in report.checked.iter().filter(|(_, count)| *count > 0) {
        page.line(&format!("- checked: {}: {count}\n", code(what)));
    }
    for remark in remarks(report) {
        page.line(&format!("- note: {}\n", code(remark)));
    }
    let tables: Vec<&Table> = report.sorted_tables();
    let tables: Vec<&Table> = tables.into_iter().filter(|table| table.verdict == Verdict::Verified).collect();
    self::tables(page, &tables);
    page.close("\n</details>\n");
}

fn tables(page: &mut Comment, tables: &[&Table]) {
    if tables.is_empty() {
        return;
    }
    page.push("\n| Verdict | Rows expected | Actual | Bytes | Load s | Compare s | Table |\n");
    page.push("|---|--:|--:|--:|--:|--:|---|\n");
    for table in tables {
        let why = if table.why.is_empty() { String::new() } else { format!(": {}", code(&table.why)) };
        page.line(&format!(
            "| {} | {} | {} | {} | {} | {} | {}{why} |\n",
            table.verdict.word(),
            table.expected.count(),
            actual_rows(table),
            table.expected.content.bytes,
            seconds(table.loaded_in),
            seconds(table.compared_in),
            code(&table_name(table)),
        ));
    }
}

fn finding(page: &mut Comment, finding: &Finding) {
    let place = finding.place.iter().map(|place| format!(" ({})", code(place))).collect::<String>();
    page.line(&format!(
        "- **{}** {}{place}: {}\n",
        finding.verdict.word(),
        code(&finding.what),
        code(&finding.why)
    ));
    if let Some(difference) = &finding.difference {
        let side = |side: &Option<String>| side.as_deref().map_or("nothing".to_owned(), code);
        page.line(&format!("  - expected: {}\n", side(&difference.old)));
        page.line(&format!("  - actual: {}\n", side(&difference.new)));
    }
}
