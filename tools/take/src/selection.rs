//! Which tables' rows pg_dump takes, by its options.

use dump::{Pattern, QualifiedName};
use live::{Relation, RelationKind};

use crate::options::PgDumpOptions;

/// Whether the rows of a table belong into the backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// They do.
    Yes,
    /// They do not: why.
    No(String),
    /// Whether they do is pg_dump's to say: why.
    Open(String),
}

/// Patterns of an option; none that is not understood.
#[derive(Default)]
struct Patterns {
    option: &'static str,
    given: Vec<Pattern>,
}

impl Patterns {
    /// Relations by pattern: one without a schema finds what the search path finds.
    fn finds(&self, name: &QualifiedName, visible: bool) -> bool {
        let meant = |pattern: &Pattern| {
            pattern.matches(name.schema.as_ref(), &name.name) && (pattern.is_qualified() || visible)
        };
        self.given.iter().any(meant)
    }
}

/// What pg_dump was told to take.
#[derive(Default)]
pub struct Selection {
    without_data: Option<String>,
    tables: Patterns,
    exclude_tables: Patterns,
    schemas: Patterns,
    exclude_schemas: Patterns,
    exclude_data: Patterns,
    foreign_servers: Patterns,
    /// Options whose effect on tables is not foreseen here.
    open: Vec<&'static str>,
    without_unlogged: Option<&'static str>,
    /// Whether no objects are left out.
    everything: bool,
    definitions: bool,
    large_objects: bool,
}

impl Selection {
    /// Reads pg_dump's options; a standby cannot read unlogged tables.
    pub fn new(options: &PgDumpOptions, standby: bool) -> Selection {
        let mut open = Vec::new();
        let mut patterns = |option: &'static str| {
            let texts = options.values(option).map(|value| value.to_str()?.parse().ok());
            let given: Option<Vec<Pattern>> = texts.collect();
            if given.is_none() {
                open.push(option);
            }
            Patterns { option, given: given.unwrap_or_default() }
        };
        let mut selection = Selection {
            tables: patterns("table"),
            exclude_tables: patterns("exclude-table"),
            schemas: patterns("schema"),
            exclude_schemas: patterns("exclude-schema"),
            exclude_data: patterns("exclude-table-data"),
            foreign_servers: patterns("include-foreign-data"),
            ..Selection::default()
        };
        let others =
            ["filter", "table-and-children", "exclude-table-and-children", "exclude-table-data-and-children"];
        open.extend(others.into_iter().filter(|option| options.has(option)));
        let sections: Vec<_> = options.values("section").collect();
        selection.without_data = match () {
            () if options.has("schema-only") => Some("--schema-only".to_owned()),
            () if options.has("statistics-only") => Some("--statistics-only".to_owned()),
            () if options.has("no-data") => Some("--no-data".to_owned()),
            () if !sections.is_empty() && !sections.iter().any(|section| *section == "data") => {
                Some("--section".to_owned())
            }
            () => None,
        };
        selection.without_unlogged = match () {
            () if options.has("no-unlogged-table-data") => Some("--no-unlogged-table-data"),
            () if standby => Some("unlogged: a standby cannot read it"),
            () => None,
        };
        let chosen = ["table", "table-and-children", "schema", "extension"]
            .into_iter()
            .any(|option| options.has(option));
        let less = ["exclude-table", "exclude-schema", "exclude-extension"]
            .into_iter()
            .any(|option| options.has(option));
        let with = ["large-objects", "blobs"].into_iter().any(|option| options.has(option));
        let without = ["no-large-objects", "no-blobs"].into_iter().any(|option| options.has(option));
        selection.everything = !chosen && !less && open.is_empty() && sections.is_empty();
        let data_only = ["data-only", "no-schema", "statistics-only"];
        selection.definitions = !data_only.into_iter().any(|option| options.has(option));
        selection.large_objects = selection.without_data.is_none() && !without && (with || !chosen);
        selection.open = open;
        selection
    }

    /// Says whether the value of a sequence may be left out, to which options for rows of tables apply as well
    /// (`makeTableDataInfo` in pg_dump.c).
    pub fn may_leave_out_value(&self, name: &QualifiedName) -> bool {
        self.exclude_data.finds(name, true) || self.without_unlogged.is_some()
    }

    /// Says whether it matters which tables their names alone find.
    pub fn asks_by_name(&self) -> bool {
        let mut patterns = [&self.tables, &self.exclude_tables, &self.exclude_data].into_iter();
        patterns.any(|patterns| patterns.given.iter().any(|pattern| !pattern.is_qualified()))
    }

    /// Says whether rows belong into the backup (`selectDumpableTable` and `makeTableDataInfo` in pg_dump.c); `visible`
    /// is whether the table's name alone finds it.
    pub fn rows_of(&self, name: &QualifiedName, relation: &Relation, visible: bool) -> Belongs {
        let no = |why: &str| Belongs::No(why.to_owned());
        if let Some(why) = &self.without_data {
            return no(why);
        }
        if let Some(option) = self.open.first() {
            return Belongs::Open(format!("--{option}"));
        }
        if relation.of_extension {
            return match &relation.configuration {
                Some(_) => {
                    Belongs::Open("an extension decides which of its rows belong into a backup".to_owned())
                }
                None => no("of an extension"),
            };
        }
        let schema = name.schema.clone().unwrap_or_else(|| dump::Name::from(""));
        let in_schema =
            |patterns: &Patterns| patterns.given.iter().any(|pattern| pattern.matches(None, &schema));
        let chosen = match () {
            () if !self.tables.given.is_empty() => self.tables.finds(name, visible),
            () if !self.schemas.given.is_empty() => {
                in_schema(&self.schemas) && !in_schema(&self.exclude_schemas)
            }
            () => !in_schema(&self.exclude_schemas),
        };
        let named = |patterns: &Patterns| Belongs::No(format!("--{}", patterns.option));
        match () {
            () if !chosen && !self.tables.given.is_empty() => named(&self.tables),
            () if !chosen && !self.schemas.given.is_empty() => named(&self.schemas),
            () if !chosen => named(&self.exclude_schemas),
            () if self.exclude_tables.finds(name, visible) => named(&self.exclude_tables),
            () if self.exclude_data.finds(name, visible) => named(&self.exclude_data),
            () if relation.kind == RelationKind::ForeignTable => {
                let wanted = |pattern: &Pattern| {
                    relation.server.as_ref().is_some_and(|name| pattern.matches(None, name))
                };
                match self.foreign_servers.given.iter().any(wanted) {
                    true => Belongs::Yes,
                    false => no("foreign: its rows are elsewhere"),
                }
            }
            () => match self.without_unlogged.filter(|_| relation.unlogged) {
                Some(why) => no(why),
                None => Belongs::Yes,
            },
        }
    }

    /// Says whether whatever belongs into the backup does so for all objects of users.
    pub fn takes_everything(&self) -> bool {
        self.everything
    }

    /// Says whether the definitions of all objects belong into the backup.
    pub fn takes_all_definitions(&self) -> bool {
        self.everything && self.definitions
    }

    /// Says whether data belongs into the backup at all.
    pub fn takes_data(&self) -> bool {
        self.without_data.is_none()
    }

    /// Says whether large objects belong into the backup.
    pub fn takes_large_objects(&self) -> bool {
        self.large_objects
    }
}
