//! Which file of a tree an object lives in, and what the file says.

use std::collections::{BTreeMap, HashMap};

use dump::{Address, Database, Dump, Kind, Name, Object, PartWriter, Schema};

use crate::file_name::encode;
use crate::folder::HEADER;

/// The file that keeps what follows the dump's own end.
pub const TRAILER: &str = "trailer.sql";

/// Says whether a file of a tree keeps what follows a dump's end.
///
/// ```
/// assert!(tree::layout::is_trailer("databases/shop/trailer.sql"));
/// assert!(!tree::layout::is_trailer("schemas/public/tables/trailer.sql"));
/// ```
pub fn is_trailer(path: &str) -> bool {
    let own = path.strip_prefix(DATABASES).and_then(|rest| rest.strip_prefix('/'));
    own.and_then(|rest| rest.split_once('/')).map_or(path, |(_, rest)| rest) == TRAILER
}

/// The folder of rows and other data.
pub const DATA: &str = "data";

/// The folder that holds one folder for each database, where a tree holds several.
pub const DATABASES: &str = "databases";

/// Where partitions go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Partitions {
    /// Each has a file of its own.
    #[default]
    Separate,
    /// They live in the file of the table that they are partitions of.
    WithParent,
    /// They are left out.
    Omit,
}

/// Returns the path of every object of a schema, relative to the tree, with `/` between folders; objects that are
/// left out have none.
pub fn paths(schema: &Schema, partitions: Partitions) -> BTreeMap<Address, String> {
    let parents: HashMap<&Address, Address> = schema
        .objects
        .values()
        .filter_map(|object| Some((&object.address, object.partition_of()?)))
        .collect();
    let mut paths = BTreeMap::new();
    for object in schema.objects.values() {
        let mut address = object.home.as_ref().unwrap_or(&object.address);
        if partitions == Partitions::Omit && parents.contains_key(address) {
            continue;
        }
        // Partitions of partitions: up to the table that is none. A chain longer than there are tables is a circle.
        for _ in 0..schema.objects.len() {
            match parents.get(address) {
                Some(parent) if partitions == Partitions::WithParent => address = parent,
                _ => break,
            }
        }
        paths.insert(object.address.clone(), path(address));
    }
    paths
}

/// Returns the path of the file that an object has when nothing else takes it in.
///
/// ```
/// use dump::{Address, Kind, Name, QualifiedName};
/// let name = QualifiedName { schema: Some(Name::from("app")), name: Name::from("a/b") };
/// let table = Address::in_schema(Kind::Table, name);
/// assert_eq!(tree::layout::path(&table), "schemas/app/tables/a%2Fb.sql");
/// ```
pub fn path(address: &Address) -> String {
    let folder = folder(address.kind);
    let name = encode(address.name.bytes());
    match (&address.schema, address.kind) {
        (_, Kind::Other) => "other.sql".to_owned(),
        (_, Kind::Database) => "database.sql".to_owned(),
        (_, Kind::Schema) => format!("schemas/{name}/schema.sql"),
        (Some(schema), _) => format!("schemas/{}/{folder}/{name}.sql", encode(schema.bytes())),
        (None, kind) if kind.is_global() => format!("cluster/{folder}/{name}.sql"),
        (None, _) => format!("{folder}/{name}.sql"),
    }
}

/// Returns the path of a relation's data: `copy` for rows, `sql` for statements.
pub fn data_path(relation: &Address, extension: &str) -> String {
    let schema = relation.schema.as_ref().map(|schema| encode(schema.bytes())).unwrap_or_default();
    format!("{DATA}/{schema}/{}.{extension}", encode(relation.name.bytes()))
}

fn folder(kind: Kind) -> &'static str {
    match kind {
        Kind::Role => "roles",
        Kind::Tablespace => "tablespaces",
        Kind::Parameter => "parameters",
        Kind::Database => DATABASES,
        Kind::Schema => "schemas",
        Kind::Language => "languages",
        Kind::Collation => "collations",
        Kind::Transform => "transforms",
        Kind::Extension => "extensions",
        Kind::Type => "types",
        Kind::Domain => "domains",
        Kind::Cast => "casts",
        Kind::Function => "functions",
        Kind::Procedure => "procedures",
        Kind::Aggregate => "aggregates",
        Kind::AccessMethod => "access_methods",
        Kind::Operator => "operators",
        Kind::OperatorFamily => "operator_families",
        Kind::OperatorClass => "operator_classes",
        Kind::Conversion => "conversions",
        Kind::TextSearchParser => "text_search_parsers",
        Kind::TextSearchTemplate => "text_search_templates",
        Kind::TextSearchDictionary => "text_search_dictionaries",
        Kind::TextSearchConfiguration => "text_search_configurations",
        Kind::ForeignDataWrapper => "foreign_data_wrappers",
        Kind::Server | Kind::UserMapping => "servers",
        Kind::Sequence => "sequences",
        Kind::Table | Kind::Column => "tables",
        Kind::ForeignTable => "foreign_tables",
        Kind::View => "views",
        Kind::MaterializedView => "matviews",
        Kind::PropertyGraph => "property_graphs",
        Kind::LargeObject => "large_objects",
        Kind::Constraint => "constraints",
        Kind::Index => "indexes",
        Kind::Statistics => "statistics",
        Kind::Rule => "rules",
        Kind::Trigger => "triggers",
        Kind::Policy => "policies",
        Kind::Publication => "publications",
        Kind::Subscription => "subscriptions",
        Kind::DefaultPrivileges => "default_privileges",
        Kind::EventTrigger => "event_triggers",
        Kind::Other => "other",
    }
}

/// Returns the files of a dump by their paths, without its data.
pub fn files(dump: &Dump, partitions: Partitions) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    add_files(&dump.cluster, "", partitions, &mut files);
    for database in &dump.databases {
        add_files(&database.schema, &database_folder(dump, database), partitions, &mut files);
    }
    files
}

fn add_files(schema: &Schema, prefix: &str, partitions: Partitions, files: &mut BTreeMap<String, Vec<u8>>) {
    let paths = paths(schema, partitions);
    let mut by_file: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
    for (address, path) in &paths {
        by_file.entry(path).or_default().extend(schema.objects.get(address));
    }
    for (file, mut objects) in by_file {
        // A table before its sequences, whose kind comes first elsewhere.
        objects.sort_by_key(|object| (object.home.is_some(), &object.address));
        let header = header(&objects[0].address.to_string());
        let parts = || objects.iter().flat_map(|object| &object.parts);
        let mut text =
            Vec::with_capacity(header.len() + parts().map(|part| part.text.len() + 1).sum::<usize>());
        text.extend(header);
        let mut writer = PartWriter::default();
        for part in parts() {
            writer.write(part, &mut text);
        }
        writer.finish(&mut text);
        text.shrink_to_fit();
        files.insert(format!("{prefix}{file}"), text);
    }
    if !schema.trailer.is_empty() {
        let text = [header("what follows the dump's end").as_slice(), &schema.trailer].concat();
        files.insert(format!("{prefix}{TRAILER}"), text);
    }
}

/// The line that marks a file as ours, and a blank one.
pub fn header(label: &str) -> Vec<u8> {
    let mut text = HEADER.to_vec();
    for character in label.chars() {
        // A name with a line break must not begin a line of SQL.
        match character {
            c if c.is_control() => text.extend(c.escape_default().to_string().bytes()),
            c => text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    text.extend_from_slice(b"\n\n");
    text
}

/// Returns the folder of a database below the tree, with `/` at its end; empty where the dump is of one database and
/// nothing else.
pub fn database_folder(dump: &Dump, database: &Database) -> String {
    match &database.name {
        Some(name) if dump.is_of_several() => named_folder(name),
        _ => String::new(),
    }
}

/// The folder of a database where a tree holds several.
pub(crate) fn named_folder(database: &Name) -> String {
    format!("{DATABASES}/{}/", encode(database.bytes()))
}
