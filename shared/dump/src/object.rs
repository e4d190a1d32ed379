//! What a statement of a dump speaks of, and in which role.

use std::fmt;

use crate::{Name, QualifiedName};

/// The kinds of things a dump holds, in the order in which pg_dump creates them (`dbObjectTypePriority`
/// in pg_dump_sort.c); what pg_dump leaves to the end comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are PostgreSQL's own")]
pub enum Kind {
    Role,
    Tablespace,
    Parameter,
    Database,
    Schema,
    Language,
    Collation,
    Transform,
    Extension,
    Type,
    Domain,
    Cast,
    Function,
    Procedure,
    Aggregate,
    AccessMethod,
    Operator,
    OperatorFamily,
    OperatorClass,
    Conversion,
    TextSearchParser,
    TextSearchTemplate,
    TextSearchDictionary,
    TextSearchConfiguration,
    ForeignDataWrapper,
    Server,
    UserMapping,
    Sequence,
    Table,
    ForeignTable,
    View,
    MaterializedView,
    PropertyGraph,
    Column,
    LargeObject,
    Constraint,
    Index,
    Statistics,
    Rule,
    Trigger,
    Policy,
    Publication,
    Subscription,
    DefaultPrivileges,
    EventTrigger,
    /// A statement that is not understood; kept as it is.
    Other,
}

impl Kind {
    /// Returns the kind as SQL writes it after `CREATE`, `ALTER` or `COMMENT ON`.
    pub fn to_sql(self) -> &'static str {
        match self {
            Kind::Role => "ROLE",
            Kind::Tablespace => "TABLESPACE",
            Kind::Parameter => "PARAMETER",
            Kind::Database => "DATABASE",
            Kind::Schema => "SCHEMA",
            Kind::Language => "LANGUAGE",
            Kind::Collation => "COLLATION",
            Kind::Transform => "TRANSFORM",
            Kind::Extension => "EXTENSION",
            Kind::Type => "TYPE",
            Kind::Domain => "DOMAIN",
            Kind::Cast => "CAST",
            Kind::Function => "FUNCTION",
            Kind::Procedure => "PROCEDURE",
            Kind::Aggregate => "AGGREGATE",
            Kind::AccessMethod => "ACCESS METHOD",
            Kind::Operator => "OPERATOR",
            Kind::OperatorFamily => "OPERATOR FAMILY",
            Kind::OperatorClass => "OPERATOR CLASS",
            Kind::Conversion => "CONVERSION",
            Kind::TextSearchParser => "TEXT SEARCH PARSER",
            Kind::TextSearchTemplate => "TEXT SEARCH TEMPLATE",
            Kind::TextSearchDictionary => "TEXT SEARCH DICTIONARY",
            Kind::TextSearchConfiguration => "TEXT SEARCH CONFIGURATION",
            Kind::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
            Kind::Server => "SERVER",
            Kind::UserMapping => "USER MAPPING",
            Kind::Sequence => "SEQUENCE",
            Kind::Table => "TABLE",
            Kind::ForeignTable => "FOREIGN TABLE",
            Kind::View => "VIEW",
            Kind::MaterializedView => "MATERIALIZED VIEW",
            Kind::PropertyGraph => "PROPERTY GRAPH",
            Kind::Column => "COLUMN",
            Kind::LargeObject => "LARGE OBJECT",
            Kind::Constraint => "CONSTRAINT",
            Kind::Index => "INDEX",
            Kind::Statistics => "STATISTICS",
            Kind::Rule => "RULE",
            Kind::Trigger => "TRIGGER",
            Kind::Policy => "POLICY",
            Kind::Publication => "PUBLICATION",
            Kind::Subscription => "SUBSCRIPTION",
            Kind::DefaultPrivileges => "DEFAULT PRIVILEGES",
            Kind::EventTrigger => "EVENT TRIGGER",
            Kind::Other => "OTHER",
        }
    }

    /// Returns the kind of this name, as it is shown for people: `foreign table`.
    ///
    /// ```
    /// assert_eq!(dump::Kind::named("materialized view"), Some(dump::Kind::MaterializedView));
    /// assert_eq!(dump::Kind::named("tabel"), None);
    /// ```
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.to_string() == name)
    }

    /// All kinds, in their order.
    const ALL: [Kind; 46] = [
        Kind::Role,
        Kind::Tablespace,
        Kind::Parameter,
        Kind::Database,
        Kind::Schema,
        Kind::Language,
        Kind::Collation,
        Kind::Transform,
        Kind::Extension,
        Kind::Type,
        Kind::Domain,
        Kind::Cast,
        Kind::Function,
        Kind::Procedure,
        Kind::Aggregate,
        Kind::AccessMethod,
        Kind::Operator,
        Kind::OperatorFamily,
        Kind::OperatorClass,
        Kind::Conversion,
        Kind::TextSearchParser,
        Kind::TextSearchTemplate,
        Kind::TextSearchDictionary,
        Kind::TextSearchConfiguration,
        Kind::ForeignDataWrapper,
        Kind::Server,
        Kind::UserMapping,
        Kind::Sequence,
        Kind::Table,
        Kind::ForeignTable,
        Kind::View,
        Kind::MaterializedView,
        Kind::PropertyGraph,
        Kind::Column,
        Kind::LargeObject,
        Kind::Constraint,
        Kind::Index,
        Kind::Statistics,
        Kind::Rule,
        Kind::Trigger,
        Kind::Policy,
        Kind::Publication,
        Kind::Subscription,
        Kind::DefaultPrivileges,
        Kind::EventTrigger,
        Kind::Other,
    ];

    /// Says whether the kind is one that `pg_class` names a relation and that can be meant by `TABLE`.
    pub fn is_relation(self) -> bool {
        matches!(
            self,
            Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView | Kind::Sequence
        )
    }

    /// Says whether the kind is one that `FUNCTION` or `ROUTINE` can mean.
    pub fn is_routine(self) -> bool {
        matches!(self, Kind::Function | Kind::Procedure | Kind::Aggregate)
    }

    /// Says whether things of the kind have an owner that a dump sets.
    pub fn is_ownable(self) -> bool {
        use Kind::*;
        self.is_relation()
            || self.is_routine()
            || matches!(self, Schema | Language | Collation | Type | Domain | Operator | OperatorFamily)
            || matches!(self, OperatorClass | Conversion | TextSearchDictionary | TextSearchConfiguration)
            || matches!(
                self,
                ForeignDataWrapper
                    | Server
                    | PropertyGraph
                    | Statistics
                    | Publication
                    | Subscription
                    | EventTrigger
            )
    }

    /// Says whether things of the kind belong to the whole cluster and not to a database.
    pub fn is_global(self) -> bool {
        matches!(self, Kind::Role | Kind::Tablespace | Kind::Parameter)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sql().to_ascii_lowercase())
    }
}

/// Names one thing in a database: an object, or a part of one such as a column or an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What it is.
    pub kind: Kind,
    /// The object it is a part of, for columns, constraints, triggers and their like.
    pub parent: Option<Box<Address>>,
    /// The schema it is in, for what a schema holds.
    pub schema: Option<Name>,
    /// Its name; for casts and transforms the canonical text that tells them apart.
    pub name: Name,
    /// What tells it from others of the name: the argument types of a routine or operator in
    /// parentheses, `USING method` for operator classes and families; else empty.
    pub signature: Vec<u8>,
}

impl Address {
    /// Makes the address of something that no schema holds.
    pub fn global(kind: Kind, name: Name) -> Address {
        Address { kind, parent: None, schema: None, name, signature: Vec::new() }
    }

    /// Makes the address of something in a schema.
    pub fn in_schema(kind: Kind, name: QualifiedName) -> Address {
        Address { kind, parent: None, schema: name.schema, name: name.name, signature: Vec::new() }
    }

    /// Makes the address of a part of this.
    pub fn part(self, kind: Kind, name: Name) -> Address {
        Address { kind, parent: Some(Box::new(self)), schema: None, name, signature: Vec::new() }
    }

    /// Returns the same with a signature.
    pub fn with_signature(mut self, signature: Vec<u8>) -> Address {
        self.signature = signature;
        self
    }

    /// Returns the schema that it is in, or that what it is a part of is in.
    pub fn home(&self) -> Option<&Name> {
        self.schema.as_ref().or_else(|| self.parent.as_deref().and_then(Address::home))
    }

    /// Says whether a statement that names something means this: it may call a view a table, leave out what an index is on, and
    /// name a routine without its arguments.
    ///
    /// ```
    /// use dump::{Address, Kind, Name, QualifiedName};
    /// let of = |kind| Address::in_schema(kind, QualifiedName { schema: Some(Name::from("app")), name: Name::from("x") });
    /// assert!(of(Kind::View).is_meant_by(&of(Kind::Table)));
    /// assert!(of(Kind::Function).with_signature(b"(integer)".to_vec()).is_meant_by(&of(Kind::Function)));
    /// assert!(!of(Kind::Table).is_meant_by(&of(Kind::Function)));
    /// ```
    pub fn is_meant_by(&self, named: &Address) -> bool {
        let relations = |kind: Kind| kind.is_relation() || kind == Kind::Index;
        let alike = self.kind == named.kind
            || relations(self.kind) && relations(named.kind)
            || self.kind.is_routine() && named.kind.is_routine();
        let parents = match (&self.parent, &named.parent) {
            (Some(own), Some(named)) => own.name == named.name,
            _ => true,
        };
        alike
            && parents
            && self.name == named.name
            && self.home() == named.home()
            && (named.signature.is_empty() || self.signature == named.signature)
    }

    /// Returns the name with its schema.
    pub fn qualified_name(&self) -> QualifiedName {
        QualifiedName { schema: self.schema.clone(), name: self.name.clone() }
    }

    /// Returns the name as `ALTER` and `COMMENT ON` write it behind the kind.
    pub fn to_sql(&self) -> Vec<u8> {
        let mut sql = self.to_sql_without_parent();
        if let Some(parent) = &self.parent {
            sql.extend_from_slice(b" ON ");
            sql.extend(parent.to_sql());
        }
        sql
    }

    /// Returns the name without what it is on, as `ALTER INDEX` and `ALTER STATISTICS` write it.
    pub(crate) fn to_sql_without_parent(&self) -> Vec<u8> {
        let mut sql = match self.kind {
            // Their name is the text that follows the kind.
            Kind::Cast | Kind::Transform | Kind::LargeObject => self.name.bytes().to_vec(),
            Kind::Operator => {
                let mut sql = self.schema.as_ref().map(Name::to_sql).unwrap_or_default();
                sql.extend_from_slice(if self.schema.is_some() { b"." } else { b"" });
                sql.extend_from_slice(self.name.bytes());
                sql
            }
            _ => self.qualified_name().to_sql(),
        };
        if !self.signature.is_empty() {
            if !self.kind.is_routine() {
                sql.push(b' ');
            }
            sql.extend_from_slice(&self.signature);
        }
        sql
    }
}

/// Shows the address for people, with quotes where SQL wants them: `table app.users`, `index "A b" on table app.users`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |name: &Name| String::from_utf8_lossy(&name.to_sql()).into_owned();
        match self.kind {
            // What is not understood has no name.
            Kind::Other if self.name.is_empty() => f.write_str("other statements")?,
            Kind::Other => write!(f, "{}", self.name)?,
            Kind::DefaultPrivileges => {
                write!(f, "{}", self.kind)?;
                if !self.name.is_empty() {
                    write!(f, " of {}", quoted(&self.name))?;
                }
                if let Some(schema) = &self.schema {
                    write!(f, " in schema {}", quoted(schema))?;
                }
            }
            kind => {
                write!(f, "{kind} ")?;
                if let Some(schema) = &self.schema {
                    write!(f, "{}.", quoted(schema))?;
                }
                match kind {
                    // Their names are SQL already.
                    Kind::Cast | Kind::Transform | Kind::LargeObject | Kind::Operator | Kind::Parameter => {
                        write!(f, "{}", self.name)?;
                    }
                    _ => f.write_str(&quoted(&self.name))?,
                }
            }
        }
        match self.signature.first() {
            Some(b'(') => write!(f, "{}", String::from_utf8_lossy(&self.signature))?,
            Some(_) => write!(f, " {}", String::from_utf8_lossy(&self.signature))?,
            None => {}
        }
        match &self.parent {
            Some(parent) => write!(f, " on {parent}"),
            None => Ok(()),
        }
    }
}

/// What a statement does for the thing it addresses, in the order in which the statements of one thing
/// are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A shell type, or the empty view by which pg_dump breaks a dependency loop.
    Shell,
    /// The statement that creates it.
    Definition,
    /// `ATTACH PARTITION` (the partition's, or the partition's index's) and `INHERIT`.
    Attachment,
    /// What is added to it later and has no name of its own: a mapping of a text search configuration,
    /// an operator of a family, a table of a publication, a role that someone is a member of.
    Member,
    /// The column that owns a sequence.
    OwnedBy,
    /// The default of a column.
    Default,
    /// The identity of a column.
    Identity,
    /// Any other attribute set by `ALTER`, or by `SET` for a role or database.
    Setting,
    /// The owner.
    Owner,
    /// The comment.
    Comment,
    /// A security label.
    SecurityLabel,
    /// A `GRANT` or `REVOKE`.
    Privilege,
}
