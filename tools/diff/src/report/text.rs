//! The report for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use compare::{Change, Finding, Kind, Severity};

use super::group::{self, ObjectGroup};
use super::{Report, body, wording};

const HEADING: Style = Style::new().bold();
const ADDED: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const DROPPED: Style = AnsiColor::Red.on_default();
const HUNK: Style = AnsiColor::Cyan.on_default();
const QUIET: Style = Style::new().dimmed();

/// Writes schemas, their objects, and one line for each change below these.
pub(super) fn write(report: &Report<'_>, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { text: String::new(), colour };
    for group in group::by_schema(report) {
        page.line("", HEADING, &group.title());
        for object in &group.objects {
            page.object(object);
        }
    }
    page.renames(report);
    page.rows(report);
    page.not_understood(report);
    page.left_out(report);
    out.write_all(page.text.as_bytes())?;
    writeln!(out, "{}", wording::totals(report))
}

/// Writes the numbers by kind of object, and the totals.
pub(super) fn write_stat(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut kinds: BTreeMap<dump::Kind, [usize; 3]> = BTreeMap::new();
    for object in group::by_schema(report).iter().flat_map(|group| &group.objects) {
        kinds.entry(object.object.kind).or_default()[object.kind() as usize] += 1;
    }
    let width = kinds.keys().map(|kind| kind.to_string().len()).max().unwrap_or_default();
    for (kind, [added, changed, dropped]) in kinds {
        let kind = kind.to_string();
        writeln!(out, "{kind:width$}  {added:>5} added  {changed:>5} changed  {dropped:>5} dropped")?;
    }
    writeln!(out, "{}", wording::totals(report))
}

fn style_of(kind: Kind) -> Style {
    match kind {
        Kind::Added => ADDED,
        Kind::Changed => CHANGED,
        Kind::Dropped => DROPPED,
    }
}

/// What is written so far.
struct Page {
    text: String,
    colour: bool,
}

impl Page {
    /// Adds text out of a dump, or beside it: nothing in it reaches the terminal as a command.
    fn add(&mut self, style: Style, text: &str) {
        self.shown(style, &cli::escape(text));
    }

    /// Adds a line of a text out of a dump, in which tabs are as they are.
    fn add_line(&mut self, style: Style, text: &str) {
        let pieces: Vec<String> = text.split('\t').map(cli::escape).collect();
        self.shown(style, &pieces.join("\t"));
    }

    fn shown(&mut self, style: Style, text: &str) {
        let _ = match self.colour && !text.is_empty() {
            true => write!(self.text, "{style}{text}{style:#}"),
            false => write!(self.text, "{text}"),
        };
    }

    fn line(&mut self, indent: &str, style: Style, text: &str) {
        self.text.push_str(indent);
        self.add(style, text);
        self.text.push('\n');
    }

    fn object(&mut self, group: &ObjectGroup<'_>) {
        let kind = group.kind();
        self.text.push_str("  ");
        self.add(style_of(kind), &format!("{} {}", kind.sign(), group.object));
        let whole = group.findings.iter().find(|finding| finding.change.is_whole_object());
        if let Some(finding) = whole {
            self.meaning(finding, None);
        }
        self.text.push('\n');
        let mut before = None;
        for finding in group.findings.iter().filter(|finding| !finding.change.is_whole_object()) {
            self.change(finding, before);
            before = Some(*finding);
        }
    }

    /// Short texts stand behind the aspect; longer ones below it, two of them as a diff.
    fn change(&mut self, finding: &Finding, before: Option<&Finding>) {
        let change = &finding.change;
        self.text.push_str("      ");
        self.add(style_of(change.kind), &format!("{} {}", change.kind.sign(), change.aspect()));
        if let Some(values) = wording::values(finding) {
            self.add(Style::new(), &format!(": {values}"));
        }
        self.meaning(finding, before);
        self.text.push('\n');
        if !wording::has_long_texts(finding) {
            return;
        }
        match (&change.old, &change.new) {
            (Some(_), Some(_)) => self.diff(change),
            (Some(only), None) | (None, Some(only)) => {
                for line in only.lines() {
                    let sign = change.kind.sign();
                    self.text.push_str("          ");
                    self.add_line(style_of(change.kind), &format!("{sign} {line}"));
                    self.text.push('\n');
                }
            }
            (None, None) => {}
        }
    }

    /// How bad it is, where it is, and what it takes to apply; what several changes of one constraint take is told once.
    fn meaning(&mut self, finding: &Finding, before: Option<&Finding>) {
        let severity = finding.severity;
        if wording::is_marked(severity) {
            let style = if severity == Severity::Destructive { DROPPED } else { CHANGED };
            self.text.push_str("  ");
            self.add(style.bold(), &format!("[{severity}: {}]", finding.rule.id));
        }
        let told = before.is_some_and(|before| {
            finding.change.address.kind == dump::Kind::Constraint
                && before.change.address == finding.change.address
                && before.cost == finding.cost
        });
        let cost = if told { String::new() } else { wording::cost(finding) };
        let consequences = wording::consequences(finding, cost);
        if !consequences.is_empty() {
            self.text.push_str("  ");
            self.add(QUIET, &format!("({consequences})"));
        }
    }

    fn diff(&mut self, change: &Change) {
        let words = |text: &Option<String>| -> Vec<String> {
            text.as_deref().unwrap_or_default().split_whitespace().map(str::to_owned).collect()
        };
        // Where nothing else differs, tabs are marked.
        let marked = words(&change.old) == words(&change.new);
        for hunk in body::of(change) {
            self.line("          ", HUNK, &hunk.header);
            for line in hunk.lines {
                let style = match line.sign {
                    '+' => ADDED,
                    '-' => DROPPED,
                    _ => Style::new(),
                };
                self.text.push_str("          ");
                self.add(style, &format!("{} ", line.sign));
                for (differs, piece) in &line.pieces {
                    let style = if *differs { style.invert() } else { style };
                    if marked { self.add(style, piece) } else { self.add_line(style, piece) }
                }
                self.text.push('\n');
            }
        }
    }

    fn renames(&mut self, report: &Report<'_>) {
        for (heading, renames) in wording::renames(report) {
            self.line("", HEADING, heading);
            for rename in renames {
                let (old, new) = wording::rename_names(rename);
                let database = rename.database.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
                self.line("  ", Style::new(), &format!("? {database}{old} → {new}: {}", rename.reason));
                self.line("      ", QUIET, &wording::accept_rename(rename));
            }
        }
    }

    fn left_out(&mut self, report: &Report<'_>) {
        if report.left_out.is_empty() {
            return;
        }
        self.line("", HEADING, "left out");
        for left_out in &report.left_out {
            self.line("  ", Style::new(), &left_out.to_string());
        }
    }

    fn rows(&mut self, report: &Report<'_>) {
        let Some(rows) = report.rows.as_ref().filter(|rows| !rows.is_empty()) else { return };
        self.line("", HEADING, "rows");
        for change in rows {
            let kind = match (&change.old, &change.new) {
                // A sequence's value, or a matview that is filled.
                (None, None) => Kind::Changed,
                (None, _) => Kind::Added,
                (_, None) => Kind::Dropped,
                _ => Kind::Changed,
            };
            let database = change.database.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            self.text.push_str("  ");
            self.add(style_of(kind), &format!("{} {database}{}", kind.sign(), change.table));
            self.line("", Style::new(), &format!(": {}", wording::rows(change)));
        }
    }

    fn not_understood(&mut self, report: &Report<'_>) {
        if report.unclassified() == 0 {
            return;
        }
        self.line("", HEADING, "not understood, compared as text");
        for side in [&report.old, &report.new] {
            for unknown in &side.dump.unknown {
                self.line("  ", Style::new(), &format!("! {}: {}", side.place(unknown.at), unknown.excerpt));
            }
        }
    }
}
