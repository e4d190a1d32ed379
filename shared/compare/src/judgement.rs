//! Which rule a change falls under.

use dump::{Attribute, Detail, Kind as Object};

use crate::change::{Change, Kind};
use crate::conversion::{Conversion, conversion};
use crate::cost::keeps_index;
use crate::dumps::{Pair, TRAILER};
use crate::privilege;
use crate::rule::{self, Rule};
use crate::tokens::tokens;
use crate::types::known;
use crate::{counting, select_list, signature};

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
        Attribute::Privilege => privilege::rule(change, pair),
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
        Object::Constraint if change.object.kind == Object::Domain => domain(change, pair),
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
        Object::View | Object::MaterializedView => view(change, pair),
        Object::Sequence => sequence(change, pair),
        Object::Function | Object::Procedure | Object::Aggregate => routine(change, pair),
        Object::Type => user_type(change, pair),
        Object::Domain => match whole {
            Some(Kind::Added) => &rule::OBJECT_ADDED,
            Some(Kind::Dropped) => &rule::TYPE_DROPPED,
            _ => domain(change, pair),
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
                tokens(change.new.as_deref().unwrap_or_default()).iter().any(|word| word.is("UNLOGGED"));
            match unlogged {
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
            let known = converted(change, pair);
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
        // It is dropped and made anew: only what was computed before is computed again.
        (Attribute::Generated, Kind::Added) => &rule::COLUMN_GENERATED_ADDED,
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
        ) => counting::rule(change, pair, &rule::COLUMN_IDENTITY_OPTION_CHANGED),
        // The name of its sequence.
        (Attribute::Clause, _) => &rule::COLUMN_IDENTITY_OPTION_CHANGED,
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

/// What the values of a column, attribute or domain go through.
fn converted(change: &Change, pair: &Pair<'_>) -> Conversion {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    conversion(&known(pair.old, &text(&change.old)), &known(pair.new, &text(&change.new)))
}

/// What a domain demands of its values, each on its own as a column's.
fn domain(change: &Change, pair: &Pair<'_>) -> &'static Rule {
    let constraint = change.address.kind == Object::Constraint || change.attribute == Attribute::Constraint;
    match (change.attribute, change.kind) {
        (Attribute::Type, _) if converted(change, pair).loses => &rule::DOMAIN_TYPE_NARROWED,
        (Attribute::NotNull, Kind::Added) if !constraint => &rule::DOMAIN_NOT_NULL_ADDED,
        (Attribute::NotNull, Kind::Dropped) if !constraint => &rule::DOMAIN_NOT_NULL_DROPPED,
        (Attribute::Default, Kind::Added) => &rule::DOMAIN_DEFAULT_ADDED,
        (Attribute::Default, Kind::Changed) => &rule::DOMAIN_DEFAULT_CHANGED,
        (Attribute::Default, Kind::Dropped) => &rule::DOMAIN_DEFAULT_DROPPED,
        (Attribute::NotValid | Attribute::NotEnforced, Kind::Dropped) => &rule::CONSTRAINT_VALIDATED,
        (Attribute::NotValid | Attribute::NotEnforced, _) => &rule::CONSTRAINT_NOT_VALID,
        (Attribute::Whole | Attribute::Constraint, Kind::Added) if constraint => {
            &rule::DOMAIN_CONSTRAINT_ADDED
        }
        (Attribute::Whole | Attribute::Constraint, Kind::Dropped) if constraint => {
            &rule::DOMAIN_CONSTRAINT_DROPPED
        }
        _ if constraint => &rule::DOMAIN_CONSTRAINT_CHANGED,
        _ => &rule::DOMAIN_CHANGED,
    }
}

/// Says whether rows cannot be written as before, since a column came that they must name.
fn must_be_filled(change: &Change, pair: &Pair<'_>) -> bool {
    let said = pair.kin.said_of(pair, &change.object);
    let says = |attribute: Attribute| {
        said.iter().any(|detail| detail.attribute == attribute && detail.address == change.address)
    };
    let filled = [Attribute::Default, Attribute::Generated, Attribute::Identity];
    let serial = |detail: &Detail| {
        let known: [&[u8]; 3] = [b"smallserial", b"serial", b"bigserial"];
        detail.attribute == Attribute::Type && known.contains(&detail.text.as_slice())
    };
    says(Attribute::NotNull)
        && !filled.into_iter().any(says)
        && !said.iter().any(|detail| detail.address == change.address && serial(detail))
}

fn constraint(change: &Change) -> &'static Rule {
    // The first key word that is one of these is the constraint's own: names and expressions follow it.
    const FORMS: [&str; 6] = ["PRIMARY", "UNIQUE", "EXCLUDE", "CHECK", "FOREIGN", "NOT"];
    let text = change.old.as_deref().or(change.new.as_deref()).unwrap_or_default();
    let tokens = tokens(text);
    let named = tokens.iter().position(|token| token.is("CONSTRAINT")).map_or(0, |at| at + 2);
    let form = tokens.iter().skip(named).find(|token| FORMS.iter().any(|word| token.is(word)));
    let key = form.is_some_and(|form| FORMS[..3].iter().any(|word| form.is(word)));
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Changed) if keeps_index(change) => &rule::INDEX_BECAME_CONSTRAINT,
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

fn view(change: &Change, pair: &Pair<'_>) -> &'static Rule {
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => &rule::VIEW_ADDED,
        (Attribute::Whole, _) => &rule::VIEW_DROPPED,
        (Attribute::Option | Attribute::CheckOption, _) if change.object.kind == Object::View => {
            &rule::VIEW_OPTION_CHANGED
        }
        (Attribute::Option, _) => &rule::TABLE_OPTION_CHANGED,
        (Attribute::Tablespace | Attribute::AccessMethod, _) => &rule::TABLE_STORAGE_CHANGED,
        (Attribute::Cluster, _) => &rule::CLUSTER_CHANGED,
        (Attribute::Query, _)
            if change.object.kind == Object::View && select_list::only_appends(change, pair) =>
        {
            &rule::VIEW_COLUMNS_ADDED
        }
        _ => &rule::VIEW_QUERY_CHANGED,
    }
}

fn sequence(change: &Change, pair: &Pair<'_>) -> &'static Rule {
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => &rule::SEQUENCE_ADDED,
        (Attribute::Whole, _) => &rule::SEQUENCE_DROPPED,
        (Attribute::OwnedBy, _) => &rule::SEQUENCE_OWNER_COLUMN_CHANGED,
        _ => counting::rule(change, pair, &rule::SEQUENCE_CHANGED),
    }
}

fn routine(change: &Change, pair: &Pair<'_>) -> &'static Rule {
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => &rule::FUNCTION_ADDED,
        (Attribute::Whole, _) => &rule::FUNCTION_DROPPED,
        (Attribute::Arguments, _) if signature::is_extended(change, pair) => {
            &rule::FUNCTION_SIGNATURE_EXTENDED
        }
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
    let is_enum = || {
        let said = pair.kin.said_of(pair, &change.object);
        said.iter().any(|detail| detail.attribute == Attribute::Label)
    };
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
