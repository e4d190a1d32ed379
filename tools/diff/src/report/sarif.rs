//! SARIF 2.1.0, for code scanning.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use compare::{Finding, Rule, Severity};
use dump::{Address, Position};
use serde_json::{Value, json};

use super::{Report, Side, wording};

/// The rule of the statements that are not understood.
const NOT_UNDERSTOOD: &str = "not-understood";

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: BTreeMap<&str, &Rule> = BTreeMap::new();
    for finding in &report.findings {
        rules.insert(finding.rule.id, finding.rule);
    }
    let places: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(place, id)| (*id, place)).collect();
    let mut descriptions: Vec<Value> = rules.values().map(|rule| describe(rule)).collect();
    let mut results: Vec<Value> =
        report.findings.iter().map(|finding| result(report, finding, places[finding.rule.id])).collect();
    if report.unclassified() > 0 {
        let place = descriptions.len();
        descriptions.push(json!({
            "id": NOT_UNDERSTOOD,
            "shortDescription": { "text": "A statement is not understood; only its text was compared." },
            "defaultConfiguration": { "level": "warning" },
        }));
        for side in [&report.old, &report.new] {
            results.extend(side.dump.unknown.iter().map(|unknown| {
                json!({
                    "ruleId": NOT_UNDERSTOOD,
                    "ruleIndex": place,
                    "level": "warning",
                    "message": { "text": message(&format!("not understood: {}", unknown.excerpt)) },
                    "locations": [{ "physicalLocation": physical(side, unknown.at) }],
                })
            }));
        }
    }
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pgdump-diff",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": descriptions,
            }},
            "results": results,
        }],
    });
    writeln!(out, "{log:#}")
}

fn describe(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.says },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "severity": rule.severity.word() },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Destructive => "error",
        Severity::Breaking => "warning",
        Severity::Safe | Severity::Info => "note",
    }
}

fn result(report: &Report<'_>, finding: &Finding, rule: usize) -> Value {
    let change = &finding.change;
    let mut text = wording::sentence(finding);
    let applying = wording::applying(finding);
    if !applying.is_empty() {
        text.push_str(&format!("; {applying}"));
    }
    let old = change.old_at.map(|at| physical(&report.old, at));
    let new = change.new_at.map(|at| physical(&report.new, at));
    let logical = json!([{
        "name": cli::escape(&change.object.name.to_string()),
        "fullyQualifiedName": cli::escape(&path(&change.address)),
        "kind": change.object.kind.to_string(),
    }]);
    let (here, other) = match (new, old) {
        (Some(new), old) => (Some(new), old),
        (None, old) => (old, None),
    };
    let mut location = json!({ "logicalLocations": logical });
    if let Some(here) = here {
        location["physicalLocation"] = here;
    }
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": { "text": message(&text) },
        "locations": [location],
        "partialFingerprints": { "changeId/v1": finding.id },
        "properties": { "severity": finding.severity.word(), "change": change.kind.word() },
    });
    if let Some(other) = other {
        result["relatedLocations"] = json!([{ "physicalLocation": other, "message": { "text": "before" } }]);
    }
    result
}

/// From the outermost to the thing itself.
fn path(address: &Address) -> String {
    match &address.parent {
        Some(parent) => format!("{}.{}", path(parent), address.name),
        None => {
            format!("{}{}", address.qualified_name(), String::from_utf8_lossy(&address.signature))
        }
    }
}

/// `[text](target)` would be a link.
fn message(text: &str) -> String {
    cli::escape_lines(text).replace("](", "] (")
}

fn physical(side: &Side<'_>, at: Position) -> Value {
    let region = match at.line {
        Some(line) => json!({ "startLine": line }),
        None => json!({ "byteOffset": at.byte }),
    };
    json!({ "artifactLocation": { "uri": uri(&side.name) }, "region": region })
}

/// The name as a reference to a file: a relative one stays one.
fn uri(name: &str) -> String {
    let mut uri = String::new();
    if name.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into())
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_become_references() {
        assert_eq!(uri("dumps/new one.sql"), "dumps/new%20one.sql");
        assert_eq!(uri("/a/é"), "file:///a/%C3%A9");
        assert_eq!(message("x[1](http://a)"), "x[1] (http://a)");
    }
}
