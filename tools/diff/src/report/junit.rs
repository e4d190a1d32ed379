//! JUnit's XML: a test case for each object that changed.

use std::fmt::Write as _;
use std::io::{self, Write};

use cli::escape_xml as xml;

use super::group::{self, ObjectGroup, SchemaGroup};
use super::{Report, wording};

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let groups = group::by_schema(report);
    let objects = || groups.iter().flat_map(|group| &group.objects);
    let unknown = report.unclassified();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"pgdump-diff\" tests=\"{}\" failures=\"{}\" errors=\"{unknown}\">",
        objects().count() + unknown,
        objects().filter(|object| is_failure(object)).count(),
    );
    for group in &groups {
        suite(group, &mut text);
    }
    if unknown > 0 {
        let _ = writeln!(
            text,
            "  <testsuite name=\"not understood\" tests=\"{unknown}\" failures=\"0\" errors=\"{unknown}\">"
        );
        for side in [&report.old, &report.new] {
            for unknown in &side.dump.unknown {
                let (place, excerpt) = (xml(&side.place(unknown.at)), xml(&unknown.excerpt));
                let _ = writeln!(text, "    <testcase classname=\"not understood\" name=\"{place}\">");
                let _ = writeln!(text, "      <error message=\"{excerpt}\"/>\n    </testcase>");
            }
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    out.write_all(text.as_bytes())
}

fn is_failure(object: &ObjectGroup<'_>) -> bool {
    wording::is_marked(object.severity())
}

fn suite(group: &SchemaGroup<'_>, text: &mut String) {
    let title = xml(&group.title());
    let failures = group.objects.iter().filter(|object| is_failure(object)).count();
    let tests = group.objects.len();
    let _ = writeln!(
        text,
        "  <testsuite name=\"{title}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">"
    );
    for object in &group.objects {
        let name = xml(&object.object.to_string());
        let lines: Vec<String> = object.findings.iter().map(|finding| line(finding)).collect();
        let _ = writeln!(text, "    <testcase classname=\"{title}\" name=\"{name}\">");
        if is_failure(object) {
            let worst = object.severity();
            let bad = object.findings.iter().filter(|finding| wording::is_marked(finding.severity));
            let message: Vec<String> = bad.map(|finding| finding.rule.id.to_owned()).collect();
            let _ = writeln!(
                text,
                "      <failure type=\"{worst}\" message=\"{}\">{}</failure>",
                xml(&message.join(", ")),
                xml(&lines.join("\n"))
            );
        } else {
            let _ = writeln!(text, "      <system-out>{}</system-out>", xml(&lines.join("\n")));
        }
        text.push_str("    </testcase>\n");
    }
    text.push_str("  </testsuite>\n");
}

fn line(finding: &compare::Finding) -> String {
    let sign = finding.change.kind.sign();
    let applying = wording::applying(finding);
    let applying = if applying.is_empty() { applying } else { format!("; {applying}") };
    format!("{sign} {} [{}: {}]{applying}", wording::sentence(finding), finding.severity, finding.rule.id)
}
