//! What goes without saying: where a dump says nothing of it, it is so.

use dump::{Address, Attribute, Detail, Kind as Object};

use crate::change::{Change, Kind};
use crate::dumps::Pair;
use crate::types::said;

/// Writes what one side leaves out, so that a change says what was and what is.
pub(crate) fn settle(change: &mut Change, pair: &Pair<'_>) {
    if change.item.is_some() {
        return;
    }
    let (schema, absent) = match change.kind {
        Kind::Added => (pair.old, &mut change.old),
        Kind::Dropped => (pair.new, &mut change.new),
        Kind::Changed => return,
    };
    let said = |of: &Address| -> Vec<Detail> {
        let all = schema.objects.get(&change.object).map(said).unwrap_or_default();
        all.into_iter().filter(|detail| detail.address == *of).collect()
    };
    let implied = match (change.attribute, change.address.kind) {
        // The sequence of an identity is as its table.
        (Attribute::Persistence, Object::Column) => {
            let own = said(&change.object);
            let own = own.iter().find(|detail| detail.attribute == Attribute::Persistence);
            own.map(|detail| String::from_utf8_lossy(&detail.text).into_owned())
        }
        (attribute, kind) => implied(attribute, kind, change.object.kind, || said(&change.address)),
    };
    if let Some(text) = implied {
        *absent = Some(text);
        change.kind = Kind::Changed;
    }
}

fn implied(attribute: Attribute, kind: Object, of: Object, said: impl Fn() -> Vec<Detail>) -> Option<String> {
    let says = |attribute: Attribute, text: &str| {
        said()
            .iter()
            .any(|detail| detail.attribute == attribute && detail.text.eq_ignore_ascii_case(text.as_bytes()))
    };
    let is_key = || said().iter().any(|detail| detail.attribute == Attribute::References);
    let text = match (attribute, kind) {
        (Attribute::Type, Object::Sequence) => "bigint",
        (Attribute::Cycle, _) => "NO CYCLE",
        (Attribute::Volatility, _) => "VOLATILE",
        (Attribute::Strict, _) => "CALLED ON NULL INPUT",
        (Attribute::Security, _) if of.is_routine() => "INVOKER",
        (Attribute::Leakproof, _) => "NOT LEAKPROOF",
        (Attribute::Parallel, _) => "UNSAFE",
        (Attribute::Cost, _) => {
            let cheap = ["c", "internal"].iter().any(|language| says(Attribute::Language, language));
            if cheap { "1" } else { "100" }
        }
        (Attribute::Enabled, Object::Trigger | Object::Rule | Object::EventTrigger) => "ENABLE",
        (Attribute::AccessMethod, Object::Table | Object::MaterializedView) => "heap",
        (Attribute::OnDelete | Attribute::OnUpdate, Object::Constraint) if is_key() => "NO ACTION",
        (Attribute::Deferrable, Object::Constraint) => "NOT DEFERRABLE",
        (Attribute::NullsNotDistinct, _) => "NULLS DISTINCT",
        (Attribute::ReplicaIdentity, _) => "DEFAULT",
        (Attribute::Restrictive, _) => "PERMISSIVE",
        (Attribute::Roles, Object::Policy) => "PUBLIC",
        _ => return None,
    };
    Some(text.to_owned())
}
