//! Where the labels of an enum stand.

use dump::{Attribute, Name};

use crate::change::{Change, Kind};
use crate::dumps::Pair;

/// Says of a label that came, or went, between which others it stands: without that, `ADD VALUE` cannot be written.
pub(crate) fn settle(change: &mut Change, pair: &Pair<'_>) {
    let Some(label) = change.item.as_ref().filter(|_| change.attribute == Attribute::Label) else { return };
    let (schema, text) = match change.kind {
        Kind::Added => (pair.new, &mut change.new),
        Kind::Dropped => (pair.old, &mut change.old),
        Kind::Changed => return,
    };
    let said = schema.objects.get(&change.object).map(crate::types::said).unwrap_or_default();
    let labels: Vec<Name> = said
        .into_iter()
        .filter(|detail| detail.attribute == Attribute::Label)
        .filter_map(|detail| detail.item)
        .collect();
    let Some(at) = labels.iter().position(|known| known == label) else { return };
    let literal = |name: &Name| format!("'{}'", name.to_string().replace('\'', "''"));
    *text = match (at.checked_sub(1).and_then(|before| labels.get(before)), labels.get(at + 1)) {
        (Some(before), _) => Some(format!("AFTER {}", literal(before))),
        (None, Some(next)) => Some(format!("BEFORE {}", literal(next))),
        (None, None) => return,
    };
}
