//! What can be said of an object or a part of one, each on its own.

use std::fmt;

/// One thing that a dump says of an object or of a part of one, and that can change on its own.
///
/// Names are PostgreSQL's; [`Attribute::label`] is the word by which people and machines call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Attribute {
    /// The thing itself, whole.
    Whole,
    /// The text of its definition, where no attribute of it is known to differ.
    Definition,
    /// Its name; differs only where a rename was accepted.
    Name,
    /// The empty type or view by which pg_dump breaks a loop.
    Shell,

    /// The type of a column, attribute, domain or sequence.
    Type,
    /// `COLLATE …`
    Collation,
    /// `DEFAULT …`
    Default,
    /// `[CONSTRAINT name] NOT NULL`
    NotNull,
    /// `GENERATED … AS (…)`
    Generated,
    /// `GENERATED … AS IDENTITY`, and what its sequence is.
    Identity,
    /// `STORAGE …`
    Storage,
    /// `COMPRESSION …`
    Compression,
    /// `SET STATISTICS n`: the target of a column, an expression of an index or a statistics object.
    StatisticsTarget,
    /// A constraint without a name, except NOT NULL.
    Constraint,

    /// `UNLOGGED`, and the other words in front of `TABLE` or `SEQUENCE`.
    Persistence,
    /// `OF type`
    OfType,
    /// The tables or the partitioned index it belongs under: `INHERITS`, `PARTITION OF`, `ATTACH PARTITION`.
    Parent,
    /// Whether a table has a column or constraint of its own or from a parent.
    Inherited,
    /// `FOR VALUES …` of a partition.
    PartitionBound,
    /// `PARTITION BY …`
    PartitionKey,
    /// The order of columns or labels that both sides have.
    Order,
    /// One option of `WITH (…)`, `OPTIONS (…)`, or `SET (…)`.
    Option,
    /// The tablespace.
    Tablespace,
    /// The access method, of a table or an index.
    AccessMethod,
    /// `REPLICA IDENTITY …`
    ReplicaIdentity,
    /// `CLUSTER ON …`
    Cluster,
    /// `ENABLE ROW LEVEL SECURITY`
    RowSecurity,
    /// `FORCE ROW LEVEL SECURITY`
    ForceRowSecurity,
    /// Whether and when a trigger, rule or event trigger fires.
    Enabled,

    /// `UNIQUE` of an index; `PRIMARY KEY` or `UNIQUE` of a constraint.
    Unique,
    /// What an index, constraint, statistics object or partition is over, in order.
    Columns,
    /// `INCLUDE (…)`
    Include,
    /// `NULLS NOT DISTINCT`
    NullsNotDistinct,
    /// `WHERE (…)` of an index or a publication's table, or the condition of a constraint that excludes.
    Predicate,
    /// The expression of a check.
    Check,
    /// `REFERENCES table (…)`, with `MATCH`
    References,
    /// `ON DELETE …`
    OnDelete,
    /// `ON UPDATE …`
    OnUpdate,
    /// `[NOT] DEFERRABLE …`
    Deferrable,
    /// `NOT VALID`
    NotValid,
    /// `NOT ENFORCED`
    NotEnforced,
    /// `NO INHERIT`
    NoInherit,

    /// When a trigger fires: `BEFORE`, `AFTER`, `INSTEAD OF`.
    Timing,
    /// What a trigger, rule, policy or event trigger is for: `INSERT OR UPDATE OF a`.
    Event,
    /// `FOR EACH ROW`
    Level,
    /// `WHEN (…)`
    When,
    /// `REFERENCING …`
    TransitionTables,
    /// The function that is called, with its arguments.
    Function,
    /// `AS RESTRICTIVE`
    Restrictive,
    /// `TO role, …` of a policy.
    Roles,
    /// `USING (…)` of a policy.
    Using,
    /// `WITH CHECK (…)` of a policy.
    WithCheck,
    /// What a rule does.
    Action,

    /// The names, modes and defaults of a routine's arguments.
    Arguments,
    /// `RETURNS …`
    Returns,
    /// `LANGUAGE …`
    Language,
    /// The body of a routine.
    Body,
    /// `IMMUTABLE`, `STABLE`; none is `VOLATILE`.
    Volatility,
    /// `STRICT`
    Strict,
    /// `SECURITY DEFINER`
    Security,
    /// `LEAKPROOF`
    Leakproof,
    /// `PARALLEL …`
    Parallel,
    /// `COST n`
    Cost,
    /// `ROWS n`
    Rows,
    /// `SUPPORT function`
    Support,
    /// `WINDOW`
    Window,
    /// `TRANSFORM …`
    Transform,
    /// `SET parameter TO value`, of a routine, role or database.
    Setting,

    /// The query of a view.
    Query,
    /// `WITH [LOCAL] CHECK OPTION`
    CheckOption,

    /// `START WITH n`
    Start,
    /// `INCREMENT BY n`
    Increment,
    /// `MINVALUE n`
    Minimum,
    /// `MAXVALUE n`
    Maximum,
    /// `CACHE n`
    Cache,
    /// `CYCLE`
    Cycle,
    /// The column that owns a sequence.
    OwnedBy,

    /// One label of an enum.
    Label,
    /// Any other clause of a definition, called by its first key word.
    Clause,
    /// What is added later and has no name of its own: a publication's table, a family's operator, a role's member.
    Member,

    /// The owner.
    Owner,
    /// The comment.
    Comment,
    /// The label that a provider gives.
    SecurityLabel,
    /// The privileges of one grantee.
    Privilege,
    /// A password or another secret, which is never shown.
    Secret,
    /// The rest of the session's state, such as the search path of an old dump.
    Session,
}

impl Attribute {
    /// Returns the word by which it is called, in lower case; empty for [`Attribute::Whole`].
    pub fn label(self) -> &'static str {
        match self {
            Attribute::Whole => "",
            Attribute::Definition => "definition",
            Attribute::Name => "name",
            Attribute::Shell => "shell",
            Attribute::Type => "type",
            Attribute::Collation => "collation",
            Attribute::Default => "default",
            Attribute::NotNull => "not null",
            Attribute::Generated => "generated",
            Attribute::Identity => "identity",
            Attribute::Storage => "storage",
            Attribute::Compression => "compression",
            Attribute::StatisticsTarget => "statistics target",
            Attribute::Constraint => "constraint",
            Attribute::Persistence => "persistence",
            Attribute::OfType => "of type",
            Attribute::Parent => "parent",
            Attribute::Inherited => "inherited",
            Attribute::PartitionBound => "partition bound",
            Attribute::PartitionKey => "partition key",
            Attribute::Order => "order",
            Attribute::Option => "option",
            Attribute::Tablespace => "tablespace",
            Attribute::AccessMethod => "access method",
            Attribute::ReplicaIdentity => "replica identity",
            Attribute::Cluster => "clustered on",
            Attribute::RowSecurity => "row level security",
            Attribute::ForceRowSecurity => "force row level security",
            Attribute::Enabled => "enabled",
            Attribute::Unique => "unique",
            Attribute::Columns => "columns",
            Attribute::Include => "include",
            Attribute::NullsNotDistinct => "nulls not distinct",
            Attribute::Predicate => "predicate",
            Attribute::Check => "check",
            Attribute::References => "references",
            Attribute::OnDelete => "on delete",
            Attribute::OnUpdate => "on update",
            Attribute::Deferrable => "deferrable",
            Attribute::NotValid => "not valid",
            Attribute::NotEnforced => "not enforced",
            Attribute::NoInherit => "no inherit",
            Attribute::Timing => "timing",
            Attribute::Event => "event",
            Attribute::Level => "level",
            Attribute::When => "when",
            Attribute::TransitionTables => "transition tables",
            Attribute::Function => "function",
            Attribute::Restrictive => "restrictive",
            Attribute::Roles => "roles",
            Attribute::Using => "using",
            Attribute::WithCheck => "with check",
            Attribute::Action => "action",
            Attribute::Arguments => "arguments",
            Attribute::Returns => "returns",
            Attribute::Language => "language",
            Attribute::Body => "body",
            Attribute::Volatility => "volatility",
            Attribute::Strict => "strict",
            Attribute::Security => "security",
            Attribute::Leakproof => "leakproof",
            Attribute::Parallel => "parallel",
            Attribute::Cost => "cost",
            Attribute::Rows => "rows",
            Attribute::Support => "support",
            Attribute::Window => "window",
            Attribute::Transform => "transform",
            Attribute::Setting => "setting",
            Attribute::Query => "query",
            Attribute::CheckOption => "check option",
            Attribute::Start => "start",
            Attribute::Increment => "increment",
            Attribute::Minimum => "minimum",
            Attribute::Maximum => "maximum",
            Attribute::Cache => "cache",
            Attribute::Cycle => "cycle",
            Attribute::OwnedBy => "owned by",
            Attribute::Label => "label",
            Attribute::Clause => "clause",
            Attribute::Member => "member",
            Attribute::Owner => "owner",
            Attribute::Comment => "comment",
            Attribute::SecurityLabel => "security label",
            Attribute::Privilege => "privilege",
            Attribute::Secret => "secret",
            Attribute::Session => "session",
        }
    }
}

/// Shows the label.
impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
