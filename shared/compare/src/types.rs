//! What a type is underneath: the base of a domain, the labels of an enum.

use std::collections::BTreeSet;

use dump::{
    Address, Attribute, Detail, Kind as Object, Name, Object as Thing, QualifiedName, Schema, details,
};

use crate::tokens::tokens;

/// What is known of a type that a dump names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The type itself, or what the domains are over.
    pub base: String,
    /// What the domains demand, as text.
    pub demands: BTreeSet<String>,
    /// The default that the nearest domain with one gives.
    pub default: Option<String>,
    /// The labels, if it is an enum.
    pub labels: Option<BTreeSet<Name>>,
}

impl Known {
    /// A type of which nothing more is known than its name.
    pub fn plain(text: &str) -> Known {
        Known { base: text.to_owned(), ..Known::default() }
    }
}

/// Domains of PostgreSQL's own and of its extensions: what they are over, and what they demand.
const DOMAINS: [(&str, &str, &str, &str); 6] = [
    ("information_schema", "cardinal_number", "integer", "CHECK ((VALUE >= 0))"),
    ("information_schema", "character_data", "character varying", ""),
    ("information_schema", "sql_identifier", "name", ""),
    ("information_schema", "time_stamp", "timestamp(2) with time zone", ""),
    ("information_schema", "yes_or_no", "character varying(3)", "CHECK ((VALUE IN ('YES', 'NO')))"),
    // Of earthdistance, in whatever schema that is.
    ("", "earth", "cube", "CHECK (on_surface)"),
];

/// The name of a type, if it is a name and nothing else.
pub(crate) fn type_name(text: &str) -> Option<QualifiedName> {
    let tokens = tokens(text);
    match tokens.as_slice() {
        [schema, _, name] => Some(QualifiedName { schema: Some(schema.name()?), name: name.name()? }),
        [name] => Some(QualifiedName { schema: None, name: name.name()? }),
        _ => None,
    }
}

/// What an object's statements say.
pub(crate) fn said(object: &Thing) -> Vec<Detail> {
    object.parts.iter().flat_map(|part| details(part, &part.text)).collect()
}

/// Returns what a type is underneath.
pub(crate) fn known(schema: &Schema, text: &str) -> Known {
    let mut known = Known::plain(text);
    // A dump may say that two domains are over each other.
    for _ in 0..32 {
        let Some(name) = type_name(&known.base) else { return known };
        let of = |kind| schema.objects.get(&Address::in_schema(kind, name.clone()));
        if let Some(domain) = of(Object::Domain) {
            let mut base = None;
            for detail in said(domain) {
                let text = String::from_utf8_lossy(&detail.text).into_owned();
                match detail.attribute {
                    Attribute::Type => base = Some(text),
                    Attribute::Default if known.default.is_none() => known.default = Some(text),
                    Attribute::NotNull => drop(known.demands.insert("NOT NULL".to_owned())),
                    Attribute::Check | Attribute::Constraint => drop(known.demands.insert(text)),
                    _ => {}
                }
            }
            let Some(base) = base else { return known };
            known.base = base;
            continue;
        }
        if let Some(own) = of(Object::Type) {
            let said = said(own);
            let labels: BTreeSet<Name> = said
                .into_iter()
                .filter(|detail| detail.attribute == Attribute::Label)
                .filter_map(|detail| detail.item)
                .collect();
            known.labels = (!labels.is_empty()).then_some(labels);
            return known;
        }
        let in_schema = name.schema.as_ref().map(Name::bytes).unwrap_or_default();
        let builtin = DOMAINS.iter().find(|(schema, domain, ..)| {
            name.name.bytes() == domain.as_bytes()
                && (schema.is_empty() && !in_schema.is_empty() || in_schema == schema.as_bytes())
        });
        let Some((_, _, base, demand)) = builtin else { return known };
        known.base = (*base).to_owned();
        if !demand.is_empty() {
            known.demands.insert((*demand).to_owned());
        }
        if name.name.bytes() == b"time_stamp" {
            known.default.get_or_insert_with(|| "CURRENT_TIMESTAMP(2)".to_owned());
        }
    }
    known
}
