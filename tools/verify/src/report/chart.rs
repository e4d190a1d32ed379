//! Charts of time, as SVG that stands in the page itself.

use std::time::Duration;

use maud::{Markup, html};

use super::table_name;
use crate::verdict::Report;

/// How many tables have a bar of their own.
const TABLES: usize = 30;

/// Widths and heights, in the units of the drawing.
const WIDTH: f64 = 760.;
const BAR: f64 = 620.;
const ROW: f64 = 34.;

/// The longest label, in characters; the whole of it is in the bar's title.
const LABEL: usize = 90;

/// One bar: what it is of, and its parts one behind the other.
struct Bar {
    label: String,
    parts: Vec<(&'static str, Duration)>,
}

impl Bar {
    fn total(&self) -> Duration {
        self.parts.iter().map(|(_, time)| *time).sum()
    }
}

/// Draws how long each phase took; nothing if there was none.
pub(super) fn phases(report: &Report) -> Markup {
    let bars = report.phases.iter();
    let bars = bars.map(|(phase, time)| Bar { label: phase.clone(), parts: vec![("phase", *time)] });
    draw("Time of each phase, in seconds", &bars.collect::<Vec<_>>())
}

/// Draws how long the rows of each table took to be loaded and compared, the slowest first; nothing if none did.
pub(super) fn tables(report: &Report) -> Markup {
    let timed = report.tables.iter().filter(|table| table.loaded_in.or(table.compared_in).is_some());
    let mut bars: Vec<Bar> = timed
        .map(|table| Bar {
            label: table_name(table),
            parts: vec![
                ("load", table.loaded_in.unwrap_or_default()),
                ("compare", table.compared_in.unwrap_or_default()),
            ],
        })
        .collect();
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.total()));
    let rest = bars.split_off(bars.len().min(TABLES));
    let others: Duration = rest.iter().map(Bar::total).sum();
    html! {
        (draw("Time of each table, in seconds: loaded, then compared", &bars))
        @if !rest.is_empty() {
            p.note { "Not drawn: " (rest.len()) " tables, " (format!("{:.2}", others.as_secs_f64())) " s together." }
        }
    }
}

fn draw(title: &str, bars: &[Bar]) -> Markup {
    let longest = bars.iter().map(|bar| bar.total().as_secs_f64()).fold(0., f64::max).max(0.001);
    let width = |time: Duration| time.as_secs_f64() / longest * BAR;
    html! {
        @if !bars.is_empty() {
            svg role="img" aria-label=(title) viewBox=(format!("0 0 {WIDTH} {:.0}", ROW * bars.len() as f64)) {
                @for (at, bar) in bars.iter().enumerate() {
                    @let top = ROW * at as f64;
                    g {
                        title { (cli::escape(&bar.label)) }
                        text x="0" y=(format!("{:.0}", top + 13.)) { (label(&bar.label)) }
                        @let mut left = 0.;
                        @for (class, time) in &bar.parts {
                            rect class=(class) x=(format!("{left:.1}")) y=(format!("{:.0}", top + 18.))
                                width=(format!("{:.1}", width(*time).max(1.))) height="10" {}
                            @let _ = left += width(*time).max(1.);
                        }
                        text.number x=(format!("{:.1}", left + 6.)) y=(format!("{:.0}", top + 27.)) {
                            (format!("{:.2}", bar.total().as_secs_f64()))
                        }
                    }
                }
            }
        }
    }
}

fn label(name: &str) -> String {
    let name = cli::escape(name);
    match name.char_indices().nth(LABEL) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name,
    }
}
