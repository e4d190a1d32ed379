//! A serial column that becomes an identity, or the other way round, with a sequence that keeps its name.

use dump::{Address, Attribute, Kind as Object, Schema};

use crate::change::{Change, Kind};
use crate::dumps::Pair;
use crate::tokens::tokens;
use crate::types::{said, type_name};

/// Makes one change of the three: the identity, the default that took the next value, and the sequence.
pub(crate) fn settle(changes: &mut Vec<Change>, pair: &Pair<'_>) {
    let identities: Vec<Change> = changes
        .iter()
        .filter(|change| {
            change.attribute == Attribute::Identity
                && change.address.kind == Object::Column
                && change.kind != Kind::Changed
        })
        .cloned()
        .collect();
    for identity in identities {
        let schema = if identity.kind == Kind::Added { pair.new } else { pair.old };
        let Some(sequence) = sequence_of(schema, &identity) else { continue };
        let went = |kind: Kind| kind != Kind::Changed && kind != identity.kind;
        let default = changes.iter().position(|change| {
            change.address == identity.address
                && change.attribute == Attribute::Default
                && went(change.kind)
                && takes_next(change.old.as_ref().or(change.new.as_ref()), &sequence)
        });
        let own = |change: &Change| {
            change.address == sequence && change.attribute == Attribute::Whole && went(change.kind)
        };
        let Some(default) = default.filter(|_| changes.iter().any(own)) else { continue };
        let default = changes.remove(default);
        changes.retain(|change| !own(change));
        let Some(one) = changes
            .iter_mut()
            .find(|change| change.address == identity.address && change.attribute == Attribute::Identity)
        else {
            continue;
        };
        let text = |text: Option<String>| text.map(|text| format!("DEFAULT {text}"));
        match identity.kind {
            Kind::Added => (one.old, one.old_at) = (text(default.old), default.old_at),
            _ => (one.new, one.new_at) = (text(default.new), default.new_at),
        }
        one.kind = Kind::Changed;
    }
}

/// The sequence of an identity.
pub(crate) fn sequence_of(schema: &Schema, column: &Change) -> Option<Address> {
    let said = said(schema.objects.get(&column.object)?);
    let named = said.iter().find(|detail| {
        detail.address == column.address
            && detail.item.as_ref().is_some_and(|item| item.bytes() == b"sequence name")
    })?;
    Some(Address::in_schema(Object::Sequence, type_name(&String::from_utf8_lossy(&named.text))?))
}

/// Says whether a default is the next value of a sequence.
fn takes_next(default: Option<&String>, sequence: &Address) -> bool {
    let Some(default) = default else { return false };
    let tokens = tokens(default);
    let next = tokens.iter().any(|token| token.is("nextval"));
    let literal =
        format!("'{}'", String::from_utf8_lossy(&sequence.qualified_name().to_sql()).replace('\'', "''"));
    next && tokens.iter().any(|token| token.text == literal)
}
