//! Which rule a change falls under.

use dump::{Attribute, Detail, Kind as Object};

use crate::change::{Change, Kind};
use crate::conversion::conversion;
use crate::dumps::{Pair, TRAILER};
use crate::rule::{self, Rule};

/// Returns the rule that a change between the two schemas falls under.
pub(crate) fn rule(change: &Change, pair: &Pair<'_>) -> &'static Rule {
    match change.attribute {
        Attribute::Name => &rule::RENAMED,
        Attribute::Owner => &rule::OWNER_CHANGED,
        Attribute::Comment => &rule::COMMENT_CHANGED,
        Attribute::SecurityLabel => &rule::SECURITY_LABEL_CHANGED,
        Attribute::Secret => &rule::SECRET_CHANGED,
        Attribute::Session => &rule::SESSION_CHANGED,
        Attribute::Inherited => &rule::INHERITED_CHANGED,
        Attribute::Privilege if change.address.kind == Object::DefaultPrivileges => {
            &rule::DEFAULT_PRIVILEGES_CHANGED
        }
        Attribute::Privilege => privilege(change),
        _ => of_kind(change, pair),
    }
}

fn of_kind(change: &Change, pair: &Pair<'_>) -> &'static Rule {
    let whole = (change.attribute == Attribute::Whole).then_some(change.kind);
    match change.address.kind {
        Object::Table | Object::ForeignTable => table(change),
        Object::Column => match change.object.kind {
            Object::Type => match whole {
                Some(Kind::Added) => &rule::ATTRIBUTE_ADDED,
                Some(Kind::Dropped) => &rule::ATTRIBUTE_DROPPED,
                _ => &rule::ATTRIBUTE_CHANGED,
            },
            _ => column(change, pair),
        },
        Object::Constraint if change.object.kind == Object::Domain => &rule::DOMAIN_CHANGED,
        Object::Constraint => constraint(change),
        Object::Index => index(change, pair),
        Object::Statistics => &rule::STATISTICS_CHANGED,
        Object::Trigger => match (change.attribute, whole) {
            (Attribute::Enabled, _) => &rule::TRIGGER_SWITCHED,
            (_, Some(Kind::Added)) => &rule::TRIGGER_ADDED,
            (_, Some(Kind::Dropped)) => &rule::TRIGGER_DROPPED,
            _ => &rule::TRIGGER_CHANGED,
        },
        Object::Rule if change.attribute == Attribute::Enabled => &rule::TRIGGER_SWITCHED,
        Object::Rule => &rule::RULE_CHANGED,
        Object::Policy => &rule::POLICY_CHANGED,
        Object::View | Object::MaterializedView => view(change),
        Object::Sequence => sequence(change),
        Object::Function | Object::Procedure | Object::Aggregate => routine(change),
        Object::Type => user_type(change, pair),
        Object::Domain => match whole {
            Some(Kind::Added) => &rule::OBJECT_ADDED,
            Some(Kind::Dropped) => &rule::TYPE_DROPPED,
            _ => &rule::DOMAIN_CHANGED,
        },
        Object::Schema => come_or_gone(whole, &rule::SCHEMA_ADDED, &rule::SCHEMA_DROPPED),
        Object::Extension => come_or_gone(whole, &rule::EXTENSION_ADDED, &rule::EXTENSION_DROPPED),
        Object::Publication => &rule::PUBLICATION_CHANGED,
        Object::Subscription => &rule::SUBSCRIPTION_CHANGED,
        Object::ForeignDataWrapper | Object::Server | Object::UserMapping => match whole {
            Some(Kind::Added) => &rule::OBJECT_ADDED,
            _ => &rule::FOREIGN_SOURCE_CHANGED,
        },
        Object::EventTrigger => match change.attribute {
            Attribute::Enabled => &rule::TRIGGER_SWITCHED,
            _ => &rule::EVENT_TRIGGER_CHANGED,
        },
        Object::Role => match (change.attribute, whole) {
            (Attribute::Setting, _) => &rule::SETTING_CHANGED,
            (_, Some(Kind::Added)) => &rule::ROLE_ADDED,
            (_, Some(Kind::Dropped)) => &rule::ROLE_DROPPED,
            _ => &rule::ROLE_CHANGED,
        },
        Object::Database | Object::Parameter if change.attribute == Attribute::Setting => {
            &rule::SETTING_CHANGED
        }
        Object::DefaultPrivileges => &rule::DEFAULT_PRIVILEGES_CHANGED,
        Object::Other if change.address.name.bytes() == TRAILER.as_bytes() => &rule::TRAILER_CHANGED,
        Object::Other => &rule::NOT_UNDERSTOOD_CHANGED,
        _ => come_or_gone(whole, &rule::OBJECT_ADDED, &rule::OBJECT_DROPPED),
    }
}

fn come_or_gone(whole: Option<Kind>, added: &'static Rule, dropped: &'static Rule) -> &'static Rule {
    match whole {
        Some(Kind::Added) => added,
        Some(Kind::Dropped) => dropped,
        _ => &rule::OBJECT_CHANGED,
    }
}

fn table(change: &Change) -> &'static Rule {
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => &rule::TABLE_ADDED,
        (Attribute::Whole, _) => &rule::TABLE_DROPPED,
        (Attribute::Persistence, _) => {
            let unlogged =
                |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains("UNLOGGED"));
            match unlogged(&change.new) {
                true => &rule::TABLE_UNLOGGED,
                false => &rule::TABLE_LOGGED,
            }
        }
        (Attribute::Parent, Kind::Added) => &rule::TABLE_PARENT_ADDED,
        (Attribute::Parent, _) => &rule::TABLE_PARENT_DROPPED,
        // It comes and goes with the parent.
        (Attribute::PartitionBound, Kind::Added) => &rule::TABLE_PARENT_ADDED,
        (Attribute::PartitionBound, Kind::Dropped) => &rule::TABLE_PARENT_DROPPED,
        (Attribute::PartitionBound, Kind::Changed) => &rule::PARTITION_BOUND_CHANGED,
        (Attribute::PartitionKey, _) => &rule::PARTITION_KEY_CHANGED,
        (Attribute::Option, _) if change.address.kind == Object::ForeignTable => {
            &rule::FOREIGN_SOURCE_CHANGED
        }
        (Attribute::Clause, _) if change.address.kind == Object::ForeignTable => {
            &rule::FOREIGN_SOURCE_CHANGED
        }
        (Attribute::Option, _) => &rule::TABLE_OPTION_CHANGED,
        (Attribute::Tablespace | Attribute::AccessMethod, _) => &rule::TABLE_STORAGE_CHANGED,
        (Attribute::OfType, _) => &rule::TABLE_TYPE_CHANGED,
        (Attribute::ReplicaIdentity, _) => &rule::REPLICA_IDENTITY_CHANGED,
        (Attribute::Cluster, _) => &rule::CLUSTER_CHANGED,
        (Attribute::RowSecurity | Attribute::ForceRowSecurity, _) => &rule::ROW_SECURITY_CHANGED,
        (Attribute::Order, _) => &rule::COLUMN_ORDER_CHANGED,
        (Attribute::Constraint, Kind::Dropped) => &rule::CONSTRAINT_DROPPED,
        (Attribute::Constraint, _) => &rule::CONSTRAINT_ADDED,
        _ => &rule::OBJECT_CHANGED,
    }
}

fn column(change: &Change, pair: &Pair<'_>) -> &'static Rule {
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) if must_be_filled(change, pair) => &rule::COLUMN_ADDED_REQUIRED,
        (Attribute::Whole, Kind::Added) => &rule::COLUMN_ADDED,
        (Attribute::Whole, _) => &rule::COLUMN_DROPPED,
        (Attribute::Type, _) => {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let known = conversion(&text(&change.old), &text(&change.new));
            match (known.widens, known.loses) {
                (true, _) => &rule::COLUMN_TYPE_WIDENED,
                (_, true) => &rule::COLUMN_TYPE_NARROWED,
                _ => &rule::COLUMN_TYPE_CHANGED,
            }
        }
        (Attribute::Collation, _) => &rule::COLUMN_COLLATION_CHANGED,
        (Attribute::Default, Kind::Added) => &rule::COLUMN_DEFAULT_ADDED,
        (Attribute::Default, Kind::Changed) => &rule::COLUMN_DEFAULT_CHANGED,
        (Attribute::Default, Kind::Dropped) => &rule::COLUMN_DEFAULT_DROPPED,
        (Attribute::NotNull, Kind::Added) => &rule::COLUMN_NOT_NULL_ADDED,
        (Attribute::NotNull, Kind::Dropped) => &rule::COLUMN_NOT_NULL_DROPPED,
        (Attribute::NotNull, Kind::Changed) => &rule::CONSTRAINT_CHANGED,
        (Attribute::Generated, _) => &rule::COLUMN_GENERATED_CHANGED,
        (Attribute::Identity, _) => &rule::COLUMN_IDENTITY_CHANGED,
        (
            Attribute::Start
            | Attribute::Increment
            | Attribute::Minimum
            | Attribute::Maximum
            | Attribute::Cache
            | Attribute::Cycle
            | Attribute::Persistence,
            _,
        ) => &rule::COLUMN_IDENTITY_OPTION_CHANGED,
        (Attribute::Storage | Attribute::Compression, _) => &rule::COLUMN_STORAGE_CHANGED,
        (Attribute::StatisticsTarget, _) => &rule::COLUMN_STATISTICS_CHANGED,
        (Attribute::Option, _) if change.object.kind == Object::ForeignTable => &rule::COLUMN_OPTION_CHANGED,
        // `n_distinct` and its like.
        (Attribute::Option, _) => &rule::COLUMN_STATISTICS_CHANGED,
        (Attribute::Constraint, Kind::Dropped) => &rule::CONSTRAINT_DROPPED,
        (Attribute::Constraint, Kind::Added) => &rule::CONSTRAINT_ADDED,
        (Attribute::Constraint, Kind::Changed) => &rule::CONSTRAINT_CHANGED,
        _ => &rule::OBJECT_CHANGED,
    }
}

/// Says whether rows cannot be written as before, since a column came that they must name.
fn must_be_filled(change: &Change, pair: &Pair<'_>) -> bool {
    let said = pair.kin.said_of(pair, &change.object);
    let says = |attribute: Attribute| {
        said.iter().any(|detail| detail.attribute == attribute && detail.address == change.address)
    };
    let filled = [Attribute::Default, Attribute::Generated, Attribute::Identity];
    let serial = |detail: &Detail| detail.attribute == Attribute::Type && detail.text.ends_with(b"serial");
    says(Attribute::NotNull)
        && !filled.into_iter().any(says)
        && !said.iter().any(|detail| detail.address == change.address && serial(detail))
}

fn constraint(change: &Change) -> &'static Rule {
    let text = change.old.as_deref().or(change.new.as_deref()).unwrap_or_default();
    let key = ["PRIMARY KEY", "UNIQUE", "EXCLUDE"].iter().any(|word| text.contains(word));
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => &rule::CONSTRAINT_ADDED,
        (Attribute::Whole, _) if key => &rule::KEY_DROPPED,
        (Attribute::Whole, _) => &rule::CONSTRAINT_DROPPED,
        (Attribute::NotValid | Attribute::NotEnforced, Kind::Dropped) => &rule::CONSTRAINT_VALIDATED,
        (Attribute::NotValid | Attribute::NotEnforced, _) => &rule::CONSTRAINT_NOT_VALID,
        (Attribute::OnDelete | Attribute::OnUpdate, _) => &rule::CONSTRAINT_ACTION_CHANGED,
        (Attribute::Option | Attribute::Include | Attribute::Tablespace, _) => &rule::INDEX_OPTION_CHANGED,
        _ => &rule::CONSTRAINT_CHANGED,
    }
}

fn index(change: &Change, pair: &Pair<'_>) -> &'static Rule {
    let unique = pair.kin.is_unique_index(pair, &change.address);
    match (change.attribute, change.kind, unique) {
        (Attribute::Option | Attribute::Tablespace | Attribute::Cluster, ..) => &rule::INDEX_OPTION_CHANGED,
        (Attribute::StatisticsTarget, ..) => &rule::COLUMN_STATISTICS_CHANGED,
        (Attribute::Whole, Kind::Added, false) => &rule::INDEX_ADDED,
        (Attribute::Whole, Kind::Added, true) => &rule::INDEX_ADDED_UNIQUE,
        (Attribute::Whole, _, false) => &rule::INDEX_DROPPED,
        (Attribute::Whole, _, true) => &rule::INDEX_DROPPED_UNIQUE,
        (_, _, false) => &rule::INDEX_CHANGED,
        (_, _, true) => &rule::INDEX_CHANGED_UNIQUE,
    }
}

fn view(change: &Change) -> &'static Rule {
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => &rule::VIEW_ADDED,
        (Attribute::Whole, _) => &rule::VIEW_DROPPED,
        (Attribute::Option | Attribute::CheckOption, _) if change.object.kind == Object::View => {
            &rule::VIEW_OPTION_CHANGED
        }
        (Attribute::Option, _) => &rule::TABLE_OPTION_CHANGED,
        (Attribute::Tablespace | Attribute::AccessMethod, _) => &rule::TABLE_STORAGE_CHANGED,
        (Attribute::Cluster, _) => &rule::CLUSTER_CHANGED,
        _ => &rule::VIEW_QUERY_CHANGED,
    }
}

fn sequence(change: &Change) -> &'static Rule {
    let number = |text: &Option<String>| text.as_ref()?.parse::<i128>().ok();
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => &rule::SEQUENCE_ADDED,
        (Attribute::Whole, _) => &rule::SEQUENCE_DROPPED,
        (Attribute::OwnedBy, _) => &rule::SEQUENCE_OWNER_COLUMN_CHANGED,
        (Attribute::Type, _) => {
            // None is `bigint`.
            let old = change.old.as_deref().unwrap_or("bigint");
            match conversion(old, change.new.as_deref().unwrap_or("bigint")).loses {
                true => &rule::SEQUENCE_NARROWED,
                false => &rule::SEQUENCE_CHANGED,
            }
        }
        (Attribute::Maximum, _) => match (number(&change.old), number(&change.new)) {
            (None, Some(_)) => &rule::SEQUENCE_NARROWED,
            (Some(old), Some(new)) if new < old => &rule::SEQUENCE_NARROWED,
            _ => &rule::SEQUENCE_CHANGED,
        },
        (Attribute::Cycle, Kind::Dropped) => &rule::SEQUENCE_NARROWED,
        _ => &rule::SEQUENCE_CHANGED,
    }
}

fn routine(change: &Change) -> &'static Rule {
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => &rule::FUNCTION_ADDED,
        (Attribute::Whole, _) => &rule::FUNCTION_DROPPED,
        (Attribute::Arguments | Attribute::Returns | Attribute::Window, _) => {
            &rule::FUNCTION_SIGNATURE_CHANGED
        }
        (Attribute::Security | Attribute::Leakproof, _) => &rule::FUNCTION_SECURITY_CHANGED,
        (Attribute::Strict, _) => &rule::FUNCTION_STRICT_CHANGED,
        (Attribute::Volatility, _) => &rule::FUNCTION_VOLATILITY_CHANGED,
        (Attribute::Cost | Attribute::Rows | Attribute::Parallel | Attribute::Support, _) => {
            &rule::FUNCTION_OPTION_CHANGED
        }
        (Attribute::Setting, _) => &rule::FUNCTION_SETTING_CHANGED,
        _ => &rule::FUNCTION_BODY_CHANGED,
    }
}

fn user_type(change: &Change, pair: &Pair<'_>) -> &'static Rule {
    let parts =
        pair.new.objects.get(&change.object).map(|object| object.parts.as_slice()).unwrap_or_default();
    let is_enum = || parts.iter().any(|part| String::from_utf8_lossy(&part.text).contains(" AS ENUM "));
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => &rule::OBJECT_ADDED,
        (Attribute::Whole, _) => &rule::TYPE_DROPPED,
        (Attribute::Label, Kind::Changed) => &rule::RENAMED,
        (Attribute::Label, Kind::Dropped) => &rule::ENUM_LABEL_DROPPED,
        (Attribute::Label, _) => &rule::ENUM_LABEL_ADDED,
        (Attribute::Order, _) if is_enum() => &rule::ENUM_ORDER_CHANGED,
        (Attribute::Order, _) => &rule::ATTRIBUTE_CHANGED,
        _ => &rule::TYPE_CHANGED,
    }
}

/// A revocation takes away what is granted by default: for it, to come is to lose.
fn privilege(change: &Change) -> &'static Rule {
    let revokes = |text: &Option<String>| text.as_ref().is_some_and(|text| text.starts_with("REVOKE"));
    let lost = match change.kind {
        Kind::Added => revokes(&change.new),
        Kind::Dropped => !revokes(&change.old),
        Kind::Changed => {
            fn words(text: &Option<String>) -> Vec<&str> {
                text.as_deref()
                    .unwrap_or_default()
                    .split([',', ' '])
                    .filter(|word| !word.is_empty())
                    .collect()
            }
            let (old, new) = (words(&change.old), words(&change.new));
            revokes(&change.new) || !(new.contains(&"ALL") || old.iter().all(|word| new.contains(word)))
        }
    };
    if lost { &rule::PRIVILEGE_REVOKED } else { &rule::PRIVILEGE_GRANTED }
}
