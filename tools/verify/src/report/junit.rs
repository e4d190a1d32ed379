//! JUnit's XML: a test case for each table and each finding; what else was checked is a property with its number.
//!
//! What is bad is a failure. What cannot be judged is an error: a test that is skipped would pass, and nothing passes
//! that was not checked.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use cli::escape_xml as xml;

use super::{actual_rows, more_findings, sentence, table_name};
use crate::backups::shown;
use crate::verdict::{Finding, Report, Run, Verdict};

/// A test case.
struct Case {
    class: &'static str,
    name: String,
    time: Option<Duration>,
    verdict: Verdict,
    /// Why it is not verified.
    why: String,
    /// What more there is to say.
    more: String,
}

pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: Vec<(&str, Option<&Report>, Vec<Case>)> = Vec::new();
    let trouble = run.trouble.iter().map(|trouble| trouble_case(trouble));
    let of_run: Vec<Case> = trouble.chain(run.findings.iter().map(finding_case)).collect();
    if !of_run.is_empty() {
        suites.push(("backups", None, of_run));
    }
    for report in &run.backups {
        suites.push((&report.backup, Some(report), cases(report)));
    }
    let all = || suites.iter().flat_map(|(.., cases)| cases);
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"pgdump-verify\"{} time=\"{:.3}\">",
        numbers(all()),
        run.time.as_secs_f64()
    );
    for (name, report, cases) in &suites {
        let time =
            report.map(|report| format!(" time=\"{:.3}\"", report.time.as_secs_f64())).unwrap_or_default();
        let (name, numbers, begun) = (xml(name), numbers(cases.iter()), shown(run.begun));
        let begun = begun.trim_end_matches('Z');
        let _ = writeln!(text, "  <testsuite name=\"{name}\"{numbers}{time} timestamp=\"{begun}\">");
        report.iter().for_each(|report| properties(report, &mut text));
        cases.iter().for_each(|case| case.write(&name, &mut text));
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    out.write_all(text.as_bytes())
}

fn numbers<'c>(cases: impl Iterator<Item = &'c Case>) -> String {
    let (mut tests, mut failures, mut errors) = (0, 0, 0);
    for case in cases {
        tests += 1;
        match case.verdict {
            Verdict::Verified => {}
            Verdict::Bad => failures += 1,
            Verdict::Unclear | Verdict::Trouble => errors += 1,
        }
    }
    format!(" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"")
}

/// What was checked besides tables: each finding is a case, and what is behind the others is told by its number only.
fn properties(report: &Report, text: &mut String) {
    text.push_str("    <properties>\n");
    let checked = report.checked.iter().filter(|(_, count)| *count > 0);
    let checked = checked.map(|(what, count)| (format!("checked: {what}"), count.to_string()));
    let facts = [
        ("format", Some(&report.format)),
        ("level", Some(&report.level)),
        ("server", report.server.as_ref()),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
    for (name, value) in facts.chain(checked) {
        let _ =
            writeln!(text, "      <property name=\"{}\" value=\"{}\"></property>", xml(&name), xml(&value));
    }
    text.push_str("    </properties>\n");
}

fn cases(report: &Report) -> Vec<Case> {
    let tables = report.tables.iter().map(|table| Case {
        class: "tables",
        name: table_name(table),
        time: (table.loaded_in.is_some() || table.compared_in.is_some())
            .then(|| table.loaded_in.unwrap_or_default() + table.compared_in.unwrap_or_default()),
        verdict: table.verdict,
        why: table.why.clone(),
        more: format!("rows expected: {}; actual: {}", table.expected.count(), actual_rows(table)),
    });
    let trouble = report.trouble.iter().map(|trouble| trouble_case(trouble));
    let mut cases: Vec<Case> =
        trouble.chain(tables).chain(report.findings.iter().map(finding_case)).collect();
    if let (Some(name), Some(verdict)) = (more_findings(report), report.findings.worst_left_out()) {
        let why = "more than are listed".to_owned();
        cases.push(Case { class: "findings", name, time: None, verdict, why, more: String::new() });
    }
    // A suite without a test would look like one that nobody wrote yet; the structure was read to its end.
    if cases.is_empty() {
        let (name, why, more) = ("read to its end".to_owned(), String::new(), String::new());
        cases.push(Case { class: "file", name, time: None, verdict: report.verdict(), why, more });
    }
    cases
}

fn finding_case(finding: &Finding) -> Case {
    let difference = finding.difference.iter().map(|difference| {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        format!(
            "\n{}\nexpected: {}\nactual: {}",
            difference.attribute,
            side(&difference.old),
            side(&difference.new)
        )
    });
    let more = format!("{}{}", sentence(finding), difference.collect::<String>());
    let (name, why) = (finding.what.clone(), finding.why.clone());
    Case { class: "findings", name, time: None, verdict: finding.verdict, why, more }
}

fn trouble_case(trouble: &str) -> Case {
    let (name, why) = ("trouble".to_owned(), trouble.to_owned());
    Case { class: "trouble", name, time: None, verdict: Verdict::Trouble, why, more: String::new() }
}

impl Case {
    fn write(&self, suite: &str, text: &mut String) {
        let Case { class, name, time, verdict, why, more } = self;
        let time = time.map(|time| format!(" time=\"{:.3}\"", time.as_secs_f64())).unwrap_or_default();
        let _ = writeln!(text, "    <testcase classname=\"{suite}: {class}\" name=\"{}\"{time}>", xml(name));
        let element = match verdict {
            Verdict::Verified => None,
            Verdict::Bad => Some("failure"),
            Verdict::Unclear | Verdict::Trouble => Some("error"),
        };
        let (why, more) = (xml(why), xml(more));
        let _ = match element {
            Some(element) => {
                let word = verdict.word();
                writeln!(text, "      <{element} type=\"{word}\" message=\"{why}\">{more}</{element}>")
            }
            None => writeln!(text, "      <system-out>{more}</system-out>"),
        };
        text.push_str("    </testcase>\n");
    }
}
