//! The plan of an archive: its entries as `pg_restore` would run them (pg_backup_archiver.c).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use archive::{Archive, Entry};
use dump::{Address, Class, DataForm, Kind, Name, QualifiedName, Subject};

use crate::Error;
use crate::plain::Planning;
use crate::plan::{Location, Place, Plan};

/// When an entry's turn is (`_tocEntryRestorePass`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pass {
    Main,
    Privileges,
    /// What privileges matter for, or what would see everything else being made.
    Last,
}

fn pass(entry: &Entry) -> Pass {
    match entry.desc.as_slice() {
        b"ACL" | b"ACL LANGUAGE" | b"DEFAULT ACL" => Pass::Privileges,
        b"EVENT TRIGGER" | b"MATERIALIZED VIEW DATA" => Pass::Last,
        b"COMMENT" if entry.tag.starts_with(b"EVENT TRIGGER ") => Pass::Last,
        _ => Pass::Main,
    }
}

/// Returns the plan of an archive.
pub(crate) fn plan(archive: &Archive) -> Result<Plan, Error> {
    let mut planning = Planning::default();
    planning.allow(archive.room().bytes());
    if let Some(name) = &archive.header.database {
        planning.connect(Name::from(name.as_slice()));
    }
    // What is put in front of everything (`_doSetFixedOutputState`).
    let state =
        b"SET check_function_bodies = false; SET xmloption = content; SET client_min_messages = warning; \
                  SET row_security = off;";
    planning.add_text(state, Place::Entry(0))?;
    let qualified = archive.entries.iter().any(|entry| entry.desc == b"SEARCHPATH");
    for turn in [Pass::Main, Pass::Privileges, Pass::Last] {
        for entry in archive.entries.iter().filter(|entry| pass(entry) == turn) {
            add(&mut planning, entry, qualified)?;
        }
    }
    let mut plan = planning.finish();
    // Archives are of one database.
    if let [database] = plan.databases.as_mut_slice() {
        database.absent = absent(archive);
    }
    Ok(plan)
}

/// What entries depend on and the table of contents does not have, by the entry.
fn absent(archive: &Archive) -> BTreeMap<u32, Vec<u32>> {
    let there: HashSet<u32> = archive.entries.iter().map(|entry| entry.id).collect();
    let absent = archive.entries.iter().map(|entry| {
        let gone: BTreeSet<u32> =
            entry.dependencies.iter().copied().filter(|id| !there.contains(id)).collect();
        (entry.id, gone.into_iter().collect::<Vec<u32>>())
    });
    absent.filter(|(_, gone)| !gone.is_empty()).collect()
}

fn add(planning: &mut Planning, entry: &Entry, qualified: bool) -> Result<(), Error> {
    let at = Place::Entry(entry.id);
    // Planner statistics are no part of what a backup holds.
    if entry.desc == b"STATISTICS DATA" {
        return Ok(());
    }
    if let (Some(schema), false) = (&entry.namespace, qualified) {
        let schema = Name::from(schema.as_slice()).to_sql();
        let sql = [b"SET search_path = ", &*schema, b", pg_catalog;"].concat();
        planning.add_text(&sql, at)?;
    }
    if let Some(method) = entry.access_method.as_deref().filter(|method| !method.is_empty())
        && entry.relkind != Some(b'p')
    {
        let sql = [b"SET default_table_access_method = ", &*Name::from(method).to_sql(), b";"].concat();
        planning.add_text(&sql, at)?;
    }
    if entry.desc == b"BLOB METADATA" {
        large_objects(planning, entry, at)?;
    } else {
        planning.add_text(&entry.definition, at)?;
        planning.add_text(&partitioned_access_method(entry), at)?;
        planning.add_text(&owner(entry), at)?;
    }
    if entry.has_data {
        let table = (entry.desc == b"TABLE DATA").then(|| {
            let schema = entry.namespace.as_deref().map(Name::from);
            let name = QualifiedName { schema, name: Name::from(entry.tag.as_slice()) };
            // Rows of a partition may be loaded through the table that it is a partition of.
            let named = entry.copy.as_deref().and_then(|copy| planning.subject_of(copy)?.address);
            named.unwrap_or_else(|| Address::in_schema(Kind::Table, name))
        });
        let form = match (&table, &entry.copy) {
            (None, _) => DataForm::LargeObject,
            (Some(_), None) => DataForm::Insert,
            (Some(_), Some(_)) => DataForm::Copy,
        };
        let copy = entry.copy.as_ref().map(|copy| {
            let copy = copy.trim_ascii_end();
            copy.strip_suffix(b";").unwrap_or(copy).to_vec()
        });
        let subject = Subject {
            address: table.clone(),
            class: Class::Data(form),
            qualified: true,
            owner: None,
            removed: Vec::new(),
        };
        planning.add_rows(subject, at, table, copy, Location::Entry(entry.id));
    }
    Ok(())
}

/// The access method of a partitioned table, which it does not take from the session (`_printTableAccessMethodNoStorage`,
/// since 17).
fn partitioned_access_method(entry: &Entry) -> Vec<u8> {
    let method = entry.access_method.as_deref().filter(|method| !method.is_empty());
    match (method, entry.namespace.as_deref()) {
        (Some(method), Some(schema)) if entry.desc == b"TABLE" && entry.relkind == Some(b'p') => {
            let [schema, table, method] = [schema, &entry.tag, method].map(|text| Name::from(text).to_sql());
            [b"ALTER TABLE ", &*schema, b".", &table, b" SET ACCESS METHOD ", &method, b";"].concat()
        }
        _ => Vec::new(),
    }
}

/// The large objects of one owner, whose numbers stand one on each line (since 17).
fn large_objects(planning: &mut Planning, entry: &Entry, at: Place) -> Result<(), Error> {
    let owner = Name::from(entry.owner.as_slice());
    let numbers = entry.definition.split(|byte| !byte.is_ascii_digit()).filter(|number| !number.is_empty());
    for number in numbers {
        let mut sql = [b"SELECT pg_catalog.lo_create('", number, b"');\n"].concat();
        if !owner.is_empty() {
            sql.extend([b"ALTER LARGE OBJECT ", number, b" OWNER TO ", &*owner.to_sql(), b";\n"].concat());
        }
        planning.add_text(&sql, at)?;
    }
    Ok(())
}

/// The statement that gives what an entry makes its owner (`_printTocEntry`): the name is that of its `DROP`.
fn owner(entry: &Entry) -> Vec<u8> {
    let drop = entry.drop.trim_ascii();
    let without = matches!(
        entry.desc.as_slice(),
        b"DEFAULT"
            | b"CONSTRAINT"
            | b"CHECK CONSTRAINT"
            | b"FK CONSTRAINT"
            | b"INDEX"
            | b"RULE"
            | b"TRIGGER"
            | b"POLICY"
            | b"ROW SECURITY"
            | b"CAST"
            | b"TRANSFORM"
            | b"EXTENSION"
            | b"ACCESS METHOD"
            | b"USER MAPPING"
            | b"TEXT SEARCH PARSER"
            | b"TEXT SEARCH TEMPLATE"
            | b"DATABASE"
            | b"SEQUENCE OWNED BY"
            | b"TABLE ATTACH"
            | b"INDEX ATTACH"
            | b"PUBLICATION TABLE"
            | b"PUBLICATION TABLES IN SCHEMA"
            | b"SHELL TYPE"
    );
    if entry.owner.is_empty() || drop.is_empty() || without {
        return Vec::new();
    }
    let what = match drop.strip_prefix(b"DROP ") {
        Some(what) => {
            let what = what.strip_suffix(b";").unwrap_or(what);
            // A base type goes with its functions.
            what.strip_suffix(b" CASCADE").unwrap_or(what).to_vec()
        }
        // SELECT pg_catalog.lo_unlink('4242');
        None if entry.desc == b"BLOB" => [b"LARGE OBJECT ", entry.tag.as_slice()].concat(),
        // That of `public`, which every database has, is a remark: it is neither made nor dropped.
        None if entry.desc == b"SCHEMA" => [b"SCHEMA ", &*Name::from(entry.tag.as_slice()).to_sql()].concat(),
        None => return Vec::new(),
    };
    let owner = Name::from(entry.owner.as_slice()).to_sql();
    [b"ALTER ", &*what, b" OWNER TO ", &*owner, b";\n"].concat()
}
