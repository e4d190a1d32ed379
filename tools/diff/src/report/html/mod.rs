//! One page that needs nothing else: no request goes out, and without JavaScript all of it can be read.
//!
//! Templates escape what they show; what is dangerous to show even so goes through [`line`] or [`text`] first.

mod diagram;

use std::collections::BTreeMap;
use std::io::{self, Write};

use compare::{Change, Finding, Kind, Severity};
use dump::{Address, Attribute, Name, Position};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::group::{self, ObjectGroup, SchemaGroup};
use super::{Report, body, wording};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What the page may do: use its own style and script, by their hashes, and nothing else.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; \
     style-src 'sha256-3UBy2lTcR+DhmVOMhE4XqVrTrfNIl82//AsshjJ5Nk4='; \
     script-src 'sha256-7fJZfq9VePMYH+A3nEChZZEEdqDxlmrsTf0itLWb7ks='";

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let groups = group::by_schema(report);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Schema changes: " (line(&report.old.name)) " → " (line(&report.new.name)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(report))
                div.layout {
                    nav.side aria-label="Changed objects" {
                        (filter(&groups))
                        (tree(&groups))
                    }
                    main {
                        (not_understood(report))
                        (left_out(report))
                        (renames(report))
                        @if let Some(diagram) = diagram::draw(report, &groups) { (diagram) }
                        (rows(report))
                        (objects(&groups))
                        @if report.is_empty() { p.empty { "No differences." } }
                    }
                }
                script { (PreEscaped(SCRIPT)) }
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

fn header(report: &Report<'_>) -> Markup {
    let total = |class: &str, count: usize, word: &str| {
        html! { li class=(if count == 0 { "none" } else { class }) { b { (count) } " " (word) } }
    };
    let version = |side: &super::Side<'_>| {
        let server = side.dump.versions.server.as_deref().unwrap_or_default();
        let server = server.split(' ').next().unwrap_or_default();
        html! { @if !server.is_empty() { " " small { "PostgreSQL " (line(server)) } } }
    };
    html! {
        header.top {
            h1 { "Schema changes" }
            p.sides {
                span { code { (line(&report.old.name)) } (version(&report.old)) }
                span.arrow aria-label="to" { "→" }
                span { code { (line(&report.new.name)) } (version(&report.new)) }
            }
            ul.totals {
                (total("destructive", report.count_severity(Severity::Destructive), "destructive"))
                (total("breaking", report.count_severity(Severity::Breaking), "breaking"))
                (total("added", report.count(Kind::Added), "added"))
                (total("changed", report.count(Kind::Changed), "changed"))
                (total("dropped", report.count(Kind::Dropped), "dropped"))
                @if report.unclassified() > 0 {
                    (total("unclear", report.unclassified(), "not understood"))
                }
            }
        }
    }
}

/// The filters, which are shown by the script that makes them work.
fn filter(groups: &[SchemaGroup<'_>]) -> Markup {
    let mut kinds: BTreeMap<dump::Kind, usize> = BTreeMap::new();
    let mut severities: BTreeMap<Severity, usize> = BTreeMap::new();
    for object in groups.iter().flat_map(|group| &group.objects) {
        *kinds.entry(object.object.kind).or_default() += 1;
        for finding in &object.findings {
            *severities.entry(finding.severity).or_default() += 1;
        }
    }
    html! {
        form.filter #filter hidden {
            input #search type="search" placeholder="Search names and texts" aria-label="Search" autocomplete="off";
            fieldset {
                legend { "Severity" }
                @for (severity, count) in severities.iter().rev() {
                    label class=(severity.word()) {
                        input type="checkbox" name="severity" value=(severity.word()) checked;
                        (severity.word()) " " small { (count) }
                    }
                }
            }
            fieldset {
                legend { "Change" }
                @for kind in [Kind::Added, Kind::Changed, Kind::Dropped] {
                    label class=(kind.word()) {
                        input type="checkbox" name="change" value=(kind.word()) checked;
                        (kind.word())
                    }
                }
            }
            label.select {
                "Kind "
                select #kind {
                    option value="" { "all" }
                    @for (kind, count) in &kinds {
                        option value=(kind.to_string()) { (kind.to_string()) " (" (count) ")" }
                    }
                }
            }
            p.buttons {
                button type="button" #fold { "Fold all" }
                button type="button" #unfold { "Unfold all" }
                output #shown {}
            }
        }
        @if !groups.is_empty() {
            // Style alone makes this one work.
            label.toggle { input #sides type="checkbox"; " Texts side by side" }
        }
    }
}

fn tree(groups: &[SchemaGroup<'_>]) -> Markup {
    html! {
        div.tree {
            @for group in groups {
                details open {
                    summary { (line(&group.title())) " " small { (group.objects.len()) } }
                    ul {
                        @for object in &group.objects {
                            li {
                                a href={ "#" (anchor(object.number)) } title=(line(&object.object.to_string())) {
                                    (sign(object.kind()))
                                    span.name { (line(&bare_name_of(object))) }
                                    @if wording::is_marked(object.severity()) {
                                        span class={ "dot " (object.severity().word()) } title=(object.severity().word()) { "!" }
                                    }
                                    small { (object.object.kind) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn anchor(number: usize) -> String {
    format!("o{number}")
}

/// The name as the catalog holds it, where it stands alone.
fn bare_name_of(object: &ObjectGroup<'_>) -> String {
    match is_of_schema(object.object) {
        true => name_of(object),
        false => format!("{}{}", object.object.name, String::from_utf8_lossy(&object.object.signature)),
    }
}

/// The name without its kind, schema and what it is on; default privileges have no name but these.
fn name_of(object: &ObjectGroup<'_>) -> String {
    let address = object.object;
    let schema = address.schema.clone().filter(|_| is_of_schema(address));
    let shown = Address { schema, parent: None, ..address.clone() }.to_string();
    shown.strip_prefix(&format!("{} ", address.kind)).unwrap_or(&shown).to_owned()
}

/// Says whether the schema is no part of the name.
fn is_of_schema(address: &Address) -> bool {
    address.kind == dump::Kind::DefaultPrivileges
}

fn quoted(name: &Name) -> String {
    String::from_utf8_lossy(&name.to_sql()).into_owned()
}

fn sign(kind: Kind) -> Markup {
    html! { span class={ "sign " (kind.word()) } title=(kind.word()) { (kind.sign()) } }
}

fn badge(severity: Severity) -> Markup {
    html! { span class={ "badge " (severity.word()) } { (severity.word()) } }
}

fn objects(groups: &[SchemaGroup<'_>]) -> Markup {
    html! {
        @for group in groups {
            section.schema {
                h2 { (line(&group.title())) }
                @for object in &group.objects {
                    (self::object(object))
                }
            }
        }
    }
}

fn object(group: &ObjectGroup<'_>) -> Markup {
    let parts = group.findings.iter().filter(|finding| !finding.change.is_whole_object()).count();
    html! {
        details.object open id=(anchor(group.number)) data-kind=(group.object.kind) {
            summary {
                (sign(group.kind()))
                h3 {
                    span.kind { (group.object.kind) } " "
                    @if let Some(schema) = group.object.schema.as_ref().filter(|_| !is_of_schema(group.object)) {
                        span.qualifier { (line(&quoted(schema))) "." }
                    }
                    (line(&name_of(group)))
                    @if let Some(parent) = &group.object.parent { " " span.qualifier { "on " (line(&parent.to_string())) } }
                }
                @if parts > 1 { small { (parts) " changes" } }
                @if wording::is_marked(group.severity()) { (badge(group.severity())) }
            }
            ul.changes {
                @for finding in &group.findings { (change(finding)) }
            }
        }
    }
}

fn change(finding: &Finding) -> Markup {
    let change = &finding.change;
    let applying = wording::applying(finding);
    html! {
        li.change id={ "c" (finding.id) } data-severity=(finding.severity.word()) data-change=(change.kind.word()) {
            div.line {
                (sign(change.kind))
                span.aspect { (line(&wording::aspect(finding))) }
                @if wording::values(finding).is_some() { (values(change)) }
                span.meaning {
                    (badge(finding.severity)) " "
                    span.rule title=(finding.rule.says) { (finding.rule.id) }
                }
            }
            p.more {
                @if !applying.is_empty() { span.cost { (line(&capital(&applying))) } }
                span.place { (place("old", change.old_at)) (place("new", change.new_at)) }
            }
            (texts(finding))
        }
    }
}

/// A sentence of its own.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn values(change: &Change) -> Markup {
    html! {
        span.values {
            @if let Some(old) = &change.old { code.old { (line(old)) } }
            @if change.old.is_some() && change.new.is_some() { span.arrow { "→" } }
            @if let Some(new) = &change.new { code.new { (line(new)) } }
        }
    }
}

fn place(side: &str, at: Option<Position>) -> Markup {
    html! {
        @if let Some(at) = at {
            span { (side) " " @if let Some(line) = at.line { "line " (line) } @else { (at) } }
        }
    }
}

fn texts(finding: &Finding) -> Markup {
    let change = &finding.change;
    match (&change.old, &change.new) {
        (Some(_), Some(_)) if wording::has_long_texts(finding) => diff(change),
        (Some(only), None) | (None, Some(only))
            if wording::has_long_texts(finding) || change.is_whole_object() =>
        {
            html! {
                details.only open[!change.is_whole_object()] {
                    summary { "text" }
                    pre class=(change.kind.word()) tabindex="0" { (text(only)) }
                }
            }
        }
        _ => html! {},
    }
}

/// Both views of a diff; the style shows one of them.
fn diff(change: &Change) -> Markup {
    let hunks = body::of(change);
    let label = if change.attribute == Attribute::Whole { "text" } else { change.attribute.label() };
    html! {
        div.diff tabindex="0" aria-label=(label) {
            table.unified {
                @for hunk in &hunks {
                    tr.hunk { td colspan="4" { (hunk.header) } }
                    @for line in &hunk.lines {
                        tr class=(class_of(line.sign)) {
                            (number(line.old)) (number(line.new))
                            td.s { (line.sign) }
                            td.t { (pieces(line)) }
                        }
                    }
                }
            }
            table.pair {
                colgroup { col.n; col; col.n; col; }
                @for hunk in &hunks {
                    tr.hunk { td colspan="4" { (hunk.header) } }
                    @for (old, new) in pairs(&hunk.lines) {
                        tr {
                            (cell(old, |line| line.old))
                            (cell(new, |line| line.new))
                        }
                    }
                }
            }
        }
    }
}

fn class_of(sign: char) -> &'static str {
    match sign {
        '+' => "added",
        '-' => "dropped",
        _ => "same",
    }
}

fn number(number: Option<usize>) -> Markup {
    html! { td.n { @if let Some(number) = number { (number) } } }
}

fn pieces(line: &body::Line) -> Markup {
    html! {
        @for (differs, piece) in &line.pieces {
            @if *differs { mark { (text(piece)) } } @else { (text(piece)) }
        }
    }
}

fn cell(line: Option<&body::Line>, number_of: impl Fn(&body::Line) -> Option<usize>) -> Markup {
    html! {
        @if let Some(line) = line {
            (number(number_of(line)))
            td class={ "t " (class_of(line.sign)) } { (pieces(line)) }
        } @else {
            td.n {} td.t.none {}
        }
    }
}

/// Lines side by side: what went beside what came in its place.
fn pairs(lines: &[body::Line]) -> Vec<(Option<&body::Line>, Option<&body::Line>)> {
    let mut pairs = Vec::new();
    let mut rest = lines;
    while let Some(first) = rest.first() {
        if first.sign == ' ' {
            pairs.push((Some(first), Some(first)));
            rest = &rest[1..];
            continue;
        }
        let end = rest.iter().position(|line| line.sign == ' ').unwrap_or(rest.len());
        let (run, behind) = rest.split_at(end);
        let of = |sign: char| run.iter().filter(move |line| line.sign == sign);
        let (mut gone, mut come) = (of('-'), of('+'));
        loop {
            match (gone.next(), come.next()) {
                (None, None) => break,
                pair => pairs.push(pair),
            }
        }
        rest = behind;
    }
    pairs
}

fn renames(report: &Report<'_>) -> Markup {
    html! {
        @for (heading, renames) in wording::renames(report) {
            section.renames {
                h2 { (wording::capital(heading)) }
                ul.plain {
                    @for rename in renames {
                        @let (old, new) = wording::rename_names(rename);
                        li {
                            div.line {
                                @if let Some(database) = &rename.database { small { (line(&database.to_string())) } }
                                code.old { (line(&old)) } span.arrow { "→" } code.new { (line(&new)) }
                            }
                            p.more { span { (line(&rename.reason)) } code { (line(&wording::accept_rename(rename))) } }
                        }
                    }
                }
            }
        }
    }
}

fn left_out(report: &Report<'_>) -> Markup {
    html! {
        @if !report.left_out.is_empty() {
            section {
                h2 { "Left out" }
                ul.plain {
                    @for left_out in &report.left_out { li { (line(&left_out.to_string())) } }
                }
            }
        }
    }
}

fn rows(report: &Report<'_>) -> Markup {
    let rows = report.rows.as_deref().unwrap_or_default();
    let count = |content: &Option<dump::Content>| content.as_ref().map(|content| content.rows.to_string());
    html! {
        @if !rows.is_empty() {
            section.rows {
                h2 { "Rows" }
                div.scroll tabindex="0" {
                    table {
                        thead { tr { th { "Table" } th.count { "Old" } th.count { "New" } th { "" } } }
                        tbody {
                            @for change in rows {
                                tr {
                                    td {
                                        @if let Some(database) = &change.database { small { (line(&database.to_string())) " " } }
                                        (line(&change.table.qualified_name().to_string()))
                                    }
                                    td.count { (count(&change.old).unwrap_or("none".to_owned())) }
                                    td.count { (count(&change.new).unwrap_or("none".to_owned())) }
                                    td { (wording::rows(change)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn not_understood(report: &Report<'_>) -> Markup {
    html! {
        @if report.unclassified() > 0 {
            section.unclear {
                h2 { "Not understood, compared as text" }
                ul.plain {
                    @for side in [&report.old, &report.new] {
                        @for unknown in &side.dump.unknown {
                            li { span.place { (line(&side.place(unknown.at))) } " " code { (line(&unknown.excerpt)) } }
                        }
                    }
                }
            }
        }
    }
}
