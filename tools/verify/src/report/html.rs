//! One page that needs nothing else: no request goes out, and nothing in it runs.
//!
//! Templates escape what they show; what is dangerous to show even so goes through [`line`] or [`text`] first.

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    actual_rows, chart, in_words, more_findings, remarks, run_in_words, seconds, table_name, totals,
};
use crate::backups::shown;
use crate::verdict::{Finding, Report, Run, Verdict};

const STYLE: &str = include_str!("page.css");

/// What the page may do: use its own style, by its hash, and nothing else.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; \
     style-src 'sha256-mCN78oskYJqR8AqsiI9gGJVdxho4UqFcvHKCLtUWR3U='";

pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Backup verification: " (run.verdict().word()) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header.top {
                    h1 { "Backup verification " (badge(run.verdict())) }
                    p { (line(&run_in_words(run))) }
                    p.quiet {
                        "Begun at " (shown(run.begun)) ", took " (seconds(Some(run.time))) " s. pgdump-verify "
                        (env!("CARGO_PKG_VERSION"))
                    }
                }
                main {
                    @if !run.findings.is_empty() {
                        section { (findings(&run.findings)) }
                    }
                    @if run.backups.len() > 1 { (overview(run)) }
                    @for (at, report) in run.backups.iter().enumerate() { (backup(at, report)) }
                    (left_alone(run))
                }
            }
        }
    };
    writeln!(out, "{}", page.into_string())
}

/// A name or another text of one line.
fn line(text: &str) -> String {
    cli::escape(text)
}

/// A text of several lines.
fn text(text: &str) -> String {
    cli::escape_lines(text)
}

fn badge(verdict: Verdict) -> Markup {
    html! { span class={ "badge " (verdict.word()) } { (verdict.word()) } }
}

fn overview(run: &Run) -> Markup {
    html! {
        section {
            div.scroll tabindex="0" {
                table {
                    thead {
                        tr {
                            th { "Verdict" } th { "Backup" } th { "Taken" } th.count { "Tables" } th.count { "Rows" }
                            th.count { "Bytes" } th.count { "Restore s" } th.count { "All s" }
                        }
                    }
                    tbody {
                        @for (at, report) in run.backups.iter().enumerate() {
                            @let (rows, bytes) = report.rows();
                            tr {
                                td { (badge(report.verdict())) }
                                td.name { a href={ "#b" (at) } { (line(&report.backup)) } }
                                td { @if let Some(taken) = report.taken { (shown(taken.at)) } }
                                td.count { (report.tables.len()) }
                                td.count { (rows) }
                                td.count { (bytes) }
                                td.count { (seconds(report.restored_in)) }
                                td.count { (seconds(Some(report.time))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn backup(at: usize, report: &Report) -> Markup {
    let totals = totals(report);
    html! {
        section.backup id={ "b" (at) } {
            h2 { (line(&report.backup)) " " (badge(report.verdict())) }
            p { (line(&in_words(report))) }
            dl.facts {
                @if !report.format.is_empty() { dt { "Format" } dd { (line(&report.format)) } }
                @if let Some(taken) = report.taken {
                    dt { "Taken" } dd { (shown(taken.at)) " (time of the " (taken.by.word()) ")" }
                }
                @if !report.level.is_empty() { dt { "Level" } dd { (line(&report.level)) } }
                @if let Some(server) = &report.server { dt { "Restored on" } dd { (line(server)) } }
                @if let Some(time) = report.restored_in {
                    dt { "Restore" } dd { (seconds(Some(time))) " s, without starting the server and comparing" }
                }
                @if !totals.is_empty() { dt { "Totals" } dd { (totals) } }
            }
            @if !report.findings.is_empty() {
                h3 { "Findings" }
                (findings(&report.findings))
                @if let Some(more) = more_findings(report) { p { (more) } }
            }
            @if !report.phases.is_empty() {
                h3 { "Time" }
                (chart::phases(report))
            }
            (tables(report))
            @if report.tables.iter().any(|table| table.loaded_in.or(table.compared_in).is_some()) {
                h3 { "Time of tables" }
                p.legend { span { span.key.load {} "load" } span { span.key.compare {} "compare" } }
                (chart::tables(report))
            }
            (checked(report))
            h3 { "Not checked, and what else to know" }
            ul.plain { @for remark in remarks(report) { li { (line(remark)) } } }
        }
    }
}

fn checked(report: &Report) -> Markup {
    let checked: Vec<_> = report.checked.iter().filter(|(_, count)| *count > 0).collect();
    html! {
        @if !checked.is_empty() {
            h3 { "Checked besides tables" }
            ul.plain { @for (what, count) in checked { li { (line(what)) ": " (count) } } }
        }
    }
}

fn findings(findings: &[Finding]) -> Markup {
    html! {
        ul.plain {
            @for finding in findings {
                li {
                    (badge(finding.verdict)) " " code { (line(&finding.what)) }
                    @if let Some(place) = &finding.place { " " span.quiet { (line(place)) } }
                    ": " (line(&finding.why))
                    @if let Some(difference) = &finding.difference {
                        dl.sides {
                            @if !difference.attribute.is_empty() { dt { "what" } dd { (line(&difference.attribute)) } }
                            dt { "expected" } dd { (side(difference.old.as_deref())) }
                            dt { "actual" } dd { (side(difference.new.as_deref())) }
                        }
                    }
                }
            }
        }
    }
}

fn side(side: Option<&str>) -> Markup {
    html! { @if let Some(side) = side { (text(side)) } @else { span.quiet { "nothing" } } }
}

fn tables(report: &Report) -> Markup {
    html! {
        @if !report.tables.is_empty() {
            h3 { "Tables" }
            div.scroll tabindex="0" {
                table {
                    thead {
                        tr {
                            th { "Verdict" } th { "Table" } th.count { "Rows expected" } th.count { "Actual" }
                            th.count { "Bytes" } th.count { "Load s" } th.count { "Compare s" }
                        }
                    }
                    tbody {
                        @for table in report.sorted_tables() {
                            tr {
                                td { (badge(table.verdict)) }
                                td.name {
                                    (line(&table_name(table)))
                                    @if !table.why.is_empty() { div.quiet { (line(&table.why)) } }
                                }
                                td.count { (table.expected.count()) }
                                td.count { (actual_rows(table)) }
                                td.count { (table.expected.content.bytes) }
                                td.count { (seconds(table.loaded_in)) }
                                td.count { (seconds(table.compared_in)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn left_alone(run: &Run) -> Markup {
    html! {
        @if !run.left_alone.is_empty() {
            section {
                h3 { "Left alone" }
                ul.plain {
                    @for left in &run.left_alone { li { code { (line(&left.path)) } ": " (line(&left.why)) } }
                }
            }
        }
    }
}
