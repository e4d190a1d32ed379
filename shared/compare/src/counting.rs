//! How sequences count: those that are objects, and those of identity columns.

use dump::{Attribute, Detail, Schema};

use crate::change::{Change, Kind};
use crate::dumps::Pair;
use crate::rule::{self, Rule};
use crate::types::said;

/// What a sequence counts, with what goes without saying.
#[derive(Debug, PartialEq, Eq)]
struct Counting {
    increment: i128,
    minimum: i128,
    maximum: i128,
    cycles: bool,
}

impl Counting {
    fn of(schema: &Schema, change: &Change) -> Option<Counting> {
        let said = said(schema.objects.get(&change.object)?);
        let own: Vec<&Detail> = said.iter().filter(|detail| detail.address == change.address).collect();
        let text = |wanted: Attribute| {
            let found = own.iter().find(|detail| detail.attribute == wanted)?;
            Some(String::from_utf8_lossy(&found.text).into_owned())
        };
        let number = |wanted: Attribute| text(wanted)?.replace(' ', "").parse::<i128>().ok();
        let (least, most) = match text(Attribute::Type).as_deref() {
            Some("smallint") => (i128::from(i16::MIN), i128::from(i16::MAX)),
            Some("integer") => (i128::from(i32::MIN), i128::from(i32::MAX)),
            _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
        };
        let increment = number(Attribute::Increment).unwrap_or(1);
        let (minimum, maximum) = if increment < 0 { (least, -1) } else { (1, most) };
        Some(Counting {
            increment,
            minimum: number(Attribute::Minimum).unwrap_or(minimum),
            maximum: number(Attribute::Maximum).unwrap_or(maximum),
            cycles: text(Attribute::Cycle).is_some_and(|text| text.eq_ignore_ascii_case("CYCLE")),
        })
    }

    /// Says whether this one has fewer numbers before it ends than another.
    fn ends_before(&self, other: &Counting) -> bool {
        let turns = (self.increment < 0) != (other.increment < 0);
        let sooner = match self.increment < 0 {
            true => self.minimum > other.minimum,
            false => self.maximum < other.maximum,
        };
        turns || sooner || (other.cycles && !self.cycles)
    }
}

/// Returns the rule for another way of counting, for a sequence or, with `plain`, for an identity.
pub(crate) fn rule(change: &Change, pair: &Pair<'_>, plain: &'static Rule) -> &'static Rule {
    let (before, after) = (Counting::of(pair.old, change), Counting::of(pair.new, change));
    let (Some(before), Some(after)) = (before, after) else { return plain };
    let turns = (before.increment < 0) != (after.increment < 0);
    let narrowed = match change.attribute {
        // Each line tells what it brings about.
        Attribute::Increment => turns,
        Attribute::Cycle => before.cycles && !after.cycles,
        Attribute::Minimum => after.increment < 0 && !turns && after.minimum > before.minimum,
        Attribute::Maximum => after.increment > 0 && !turns && after.maximum < before.maximum,
        Attribute::Type => after.ends_before(&before),
        Attribute::Start if change.kind == Kind::Changed => return &rule::SEQUENCE_START_CHANGED,
        _ => false,
    };
    if narrowed { &rule::SEQUENCE_NARROWED } else { plain }
}
