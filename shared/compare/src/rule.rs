//! The rules by which changes are judged.

use std::fmt;
use std::str::FromStr;

/// One rule: a kind of change, and how bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Its name in reports and settings, such as `column-dropped`.
    pub id: &'static str,
    /// How bad it is unless somebody sets another severity.
    pub severity: Severity,
    /// What it is about, in a sentence without a full stop.
    pub says: &'static str,
}

impl Rule {
    /// Returns the rule of this name.
    ///
    /// ```
    /// use compare::{Rule, Severity};
    /// assert_eq!(Rule::named("table-dropped").unwrap().severity, Severity::Destructive);
    /// assert_eq!(Rule::named("no-such"), None);
    /// ```
    pub fn named(id: &str) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.id == id).copied()
    }
}

/// How bad a change is, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing that works notices, such as a comment.
    Info,
    /// Whoever reads and writes goes on as before.
    Safe,
    /// Whoever reads or writes may fail, or get something else.
    Breaking,
    /// Data is lost.
    Destructive,
}

impl Severity {
    /// All of them, mildest first.
    pub const ALL: [Severity; 4] =
        [Severity::Info, Severity::Safe, Severity::Breaking, Severity::Destructive];

    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Safe => "safe",
            Severity::Breaking => "breaking",
            Severity::Destructive => "destructive",
        }
    }
}

/// Shows the word.
impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Reads the word.
impl FromStr for Severity {
    type Err = String;

    fn from_str(word: &str) -> Result<Severity, String> {
        let found = Severity::ALL.into_iter().find(|severity| severity.word() == word);
        found.ok_or_else(|| "expected `info`, `safe`, `breaking` or `destructive`".to_owned())
    }
}

/// Defines the rules and the list of them all.
macro_rules! rules {
    ($($name:ident $id:literal $severity:ident $says:literal;)*) => {
        $(pub(crate) static $name: Rule = Rule { id: $id, severity: Severity::$severity, says: $says };)*
        /// All rules, by what they are about.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    TABLE_ADDED "table-added" Safe "a table or foreign table came";
    TABLE_DROPPED "table-dropped" Destructive "a table went, with its rows";
    TABLE_UNLOGGED "table-unlogged" Breaking "a table became unlogged: it is empty after a crash, and on standbys";
    TABLE_LOGGED "table-logged" Safe "a table became logged";
    TABLE_PARENT_ADDED "table-parent-added" Safe "a table came under another: who reads that one reads its rows as well";
    TABLE_PARENT_DROPPED "table-parent-dropped" Breaking "a table no longer belongs under another: who reads that one misses its rows";
    PARTITION_BOUND_CHANGED "partition-bound-changed" Breaking "a partition takes other rows than before";
    PARTITION_KEY_CHANGED "partition-key-changed" Destructive "a table is partitioned in another way: it has to be made anew";
    TABLE_OPTION_CHANGED "table-option-changed" Info "a storage option of a table is another";
    TABLE_STORAGE_CHANGED "table-storage-changed" Safe "a table lies in another tablespace, or has another access method";
    TABLE_TYPE_CHANGED "table-type-changed" Breaking "a table is of another composite type";
    REPLICA_IDENTITY_CHANGED "replica-identity-changed" Breaking "a table's replica identity is another: updates may be refused, or not be replicated";
    CLUSTER_CHANGED "cluster-changed" Info "a table is clustered on another index";
    ROW_SECURITY_CHANGED "row-security-changed" Breaking "row level security was switched: others see and write other rows";

    COLUMN_ADDED "column-added" Safe "a column came that nobody has to fill";
    COLUMN_ADDED_REQUIRED "column-added-required" Breaking "a column came that is not null and has no default: who does not fill it is refused";
    COLUMN_DROPPED "column-dropped" Destructive "a column went, with its values";
    COLUMN_TYPE_WIDENED "column-type-widened" Safe "a column's type holds all values of the old one, and more";
    COLUMN_TYPE_NARROWED "column-type-narrowed" Destructive "a column's type does not hold all values of the old one: they are refused, or rounded";
    COLUMN_TYPE_CHANGED "column-type-changed" Breaking "a column is of another type";
    COLUMN_COLLATION_CHANGED "column-collation-changed" Breaking "a column compares and sorts in another way";
    COLUMN_DEFAULT_ADDED "column-default-added" Safe "a column got a default";
    COLUMN_DEFAULT_CHANGED "column-default-changed" Safe "a column's default is another";
    COLUMN_DEFAULT_DROPPED "column-default-dropped" Breaking "a column has no default any more: who does not fill it writes null, or is refused";
    COLUMN_NOT_NULL_ADDED "column-not-null-added" Breaking "a column takes no nulls any more";
    COLUMN_NOT_NULL_DROPPED "column-not-null-dropped" Safe "a column takes nulls";
    COLUMN_GENERATED_ADDED "column-generated-added" Destructive "a column became generated: it is made anew, and its values are lost";
    COLUMN_GENERATED_CHANGED "column-generated-changed" Breaking "a column is computed in another way, or not any more";
    COLUMN_IDENTITY_CHANGED "column-identity-changed" Breaking "a column is an identity in another way, or not any more, or now is";
    COLUMN_IDENTITY_OPTION_CHANGED "column-identity-option-changed" Safe "the sequence of an identity column counts in another way";
    COLUMN_STORAGE_CHANGED "column-storage-changed" Info "new values of a column are stored in another way";
    COLUMN_STATISTICS_CHANGED "column-statistics-changed" Info "the planner is told something else of a column";
    COLUMN_OPTION_CHANGED "column-option-changed" Breaking "an option of a foreign table's column is another";
    COLUMN_ORDER_CHANGED "column-order-changed" Safe "columns stand in another order: `SELECT *` and `INSERT` without a list notice";

    INHERITED_CHANGED "inherited-changed" Safe "a column or constraint that was inherited is now the table's own, or the other way round";

    CONSTRAINT_ADDED "constraint-added" Breaking "a constraint came: rows may be refused that were taken";
    CONSTRAINT_CHANGED "constraint-changed" Breaking "a constraint demands something else";
    CONSTRAINT_DROPPED "constraint-dropped" Safe "a check or foreign key went: rows are taken that were refused";
    KEY_DROPPED "key-dropped" Breaking "a primary key, unique or exclusion constraint went: `ON CONFLICT`, foreign keys and replication may rest on it";
    CONSTRAINT_VALIDATED "constraint-validated" Safe "a constraint holds for all rows";
    CONSTRAINT_NOT_VALID "constraint-not-valid" Breaking "a constraint does not hold for all rows any more, or is not enforced";
    CONSTRAINT_ACTION_CHANGED "constraint-action-changed" Breaking "a foreign key does something else when the referenced row changes or goes";

    INDEX_ADDED "index-added" Safe "an index came";
    INDEX_ADDED_UNIQUE "index-added-unique" Breaking "a unique index came: rows may be refused that were taken";
    INDEX_CHANGED "index-changed" Safe "an index is another";
    INDEX_CHANGED_UNIQUE "index-changed-unique" Breaking "a unique index is another: rows may be refused that were taken, or taken that were refused";
    INDEX_DROPPED "index-dropped" Safe "an index went: some queries become slow";
    INDEX_DROPPED_UNIQUE "index-dropped-unique" Breaking "a unique index went: rows are taken that were refused, and `ON CONFLICT` may rest on it";
    INDEX_BECAME_CONSTRAINT "index-became-constraint" Safe "a unique index is now that of a constraint of its name: rows are taken and refused as before";
    INDEX_OPTION_CHANGED "index-option-changed" Info "a storage option of an index is another";
    STATISTICS_CHANGED "statistics-changed" Info "extended statistics came, went or are others";

    TRIGGER_ADDED "trigger-added" Breaking "a trigger came: writing does more than before, or less";
    TRIGGER_CHANGED "trigger-changed" Breaking "a trigger is another";
    TRIGGER_DROPPED "trigger-dropped" Breaking "a trigger went: writing does not do what it did";
    TRIGGER_SWITCHED "trigger-switched" Breaking "a trigger, rule or event trigger was enabled or disabled";
    RULE_CHANGED "rule-changed" Breaking "a rule came, went or is another: statements mean something else";
    POLICY_CHANGED "policy-changed" Breaking "a policy came, went or is another: others see and write other rows";

    VIEW_ADDED "view-added" Safe "a view came";
    VIEW_DROPPED "view-dropped" Breaking "a view went";
    VIEW_QUERY_CHANGED "view-query-changed" Breaking "a view shows something else";
    VIEW_COLUMNS_ADDED "view-columns-added" Safe "a view got columns behind those that it had: `SELECT *` notices";
    VIEW_OPTION_CHANGED "view-option-changed" Breaking "a view works with other rights or barriers, or checks in another way what is written through it";

    SEQUENCE_ADDED "sequence-added" Safe "a sequence came";
    SEQUENCE_CHANGED "sequence-changed" Safe "a sequence counts in another way";
    SEQUENCE_NARROWED "sequence-narrowed" Breaking "a sequence ends sooner, is of a smaller type, or counts the other way; an identity's as well";
    SEQUENCE_START_CHANGED "sequence-start-changed" Breaking "a sequence begins elsewhere: if it is restarted, numbers come again, or are left out";
    SEQUENCE_DROPPED "sequence-dropped" Breaking "a sequence went, with its value";
    SEQUENCE_OWNER_COLUMN_CHANGED "sequence-owner-column-changed" Info "a sequence belongs to another column";

    FUNCTION_ADDED "function-added" Safe "a function, procedure or aggregate came";
    FUNCTION_DROPPED "function-dropped" Breaking "a function, procedure or aggregate went";
    FUNCTION_SIGNATURE_CHANGED "function-signature-changed" Breaking "what a function returns is another, or its arguments' names, modes or defaults";
    FUNCTION_SIGNATURE_EXTENDED "function-signature-extended" Safe "a function's arguments got defaults, or names: every call goes on";
    FUNCTION_BODY_CHANGED "function-body-changed" Safe "a function does something else, or is written in another way";
    FUNCTION_SECURITY_CHANGED "function-security-changed" Breaking "a function runs with the rights of somebody else, or is trusted with more";
    FUNCTION_STRICT_CHANGED "function-strict-changed" Breaking "a function does something else with nulls";
    FUNCTION_VOLATILITY_CHANGED "function-volatility-changed" Safe "the planner is promised something else of a function's results";
    FUNCTION_OPTION_CHANGED "function-option-changed" Info "a function's cost, number of rows or parallel safety is another";
    FUNCTION_SETTING_CHANGED "function-setting-changed" Safe "a function runs with other settings";

    ENUM_LABEL_ADDED "enum-label-added" Safe "an enum got a label";
    ENUM_LABEL_DROPPED "enum-label-dropped" Destructive "an enum lost a label: the rows that hold it have to change, and the type has to be made anew";
    ENUM_ORDER_CHANGED "enum-order-changed" Breaking "the labels of an enum sort in another way";
    ATTRIBUTE_ADDED "attribute-added" Breaking "a composite type got an attribute: its values are written in another way";
    ATTRIBUTE_CHANGED "attribute-changed" Breaking "an attribute of a composite type is another";
    ATTRIBUTE_DROPPED "attribute-dropped" Destructive "a composite type lost an attribute, with its values";
    DOMAIN_CHANGED "domain-changed" Breaking "a domain is of another type, or sorts in another way";
    DOMAIN_TYPE_NARROWED "domain-type-narrowed" Destructive "a domain's type does not hold all values of the old one: they are refused, or rounded";
    DOMAIN_CONSTRAINT_ADDED "domain-constraint-added" Breaking "a domain got a constraint: values may be refused that were taken";
    DOMAIN_CONSTRAINT_CHANGED "domain-constraint-changed" Breaking "a constraint of a domain demands something else";
    DOMAIN_CONSTRAINT_DROPPED "domain-constraint-dropped" Safe "a domain lost a constraint: values are taken that were refused";
    DOMAIN_NOT_NULL_ADDED "domain-not-null-added" Breaking "a domain takes no nulls any more";
    DOMAIN_NOT_NULL_DROPPED "domain-not-null-dropped" Safe "a domain takes nulls";
    DOMAIN_DEFAULT_ADDED "domain-default-added" Safe "a domain got a default";
    DOMAIN_DEFAULT_CHANGED "domain-default-changed" Safe "a domain's default is another";
    DOMAIN_DEFAULT_DROPPED "domain-default-dropped" Breaking "a domain has no default any more: who does not fill a column of it writes null, or is refused";
    TYPE_DROPPED "type-dropped" Breaking "a type or domain went";
    TYPE_CHANGED "type-changed" Breaking "a type is another: it has to be made anew";

    PRIVILEGE_GRANTED "privilege-granted" Safe "somebody may do more";
    PRIVILEGE_REVOKED "privilege-revoked" Breaking "somebody may do less";
    DEFAULT_PRIVILEGES_CHANGED "default-privileges-changed" Safe "objects yet to be made will have other privileges";
    OWNER_CHANGED "owner-changed" Breaking "something has another owner: the old one may lose rights";
    ROLE_ADDED "role-added" Safe "a role came";
    ROLE_CHANGED "role-changed" Breaking "a role may do other things, or is a member of others";
    ROLE_DROPPED "role-dropped" Breaking "a role went";
    SECRET_CHANGED "secret-changed" Safe "a password or another secret is another; it is not shown";

    SCHEMA_ADDED "schema-added" Safe "a schema came";
    SCHEMA_DROPPED "schema-dropped" Breaking "a schema went";
    EXTENSION_ADDED "extension-added" Safe "an extension came";
    EXTENSION_DROPPED "extension-dropped" Breaking "an extension went, with what it brought";
    PUBLICATION_CHANGED "publication-changed" Breaking "subscribers get something else";
    SUBSCRIPTION_CHANGED "subscription-changed" Breaking "something else is subscribed to, or in another way";
    SETTING_CHANGED "setting-changed" Safe "a setting of a role, a database or a parameter is another";
    FOREIGN_SOURCE_CHANGED "foreign-source-changed" Breaking "foreign tables read from elsewhere, or in another way";
    EVENT_TRIGGER_CHANGED "event-trigger-changed" Breaking "an event trigger came, went or is another";

    OBJECT_ADDED "object-added" Safe "something came that no other rule is about";
    OBJECT_CHANGED "object-changed" Breaking "something is another that no other rule is about";
    OBJECT_DROPPED "object-dropped" Breaking "something went that no other rule is about";
    RENAMED "renamed" Breaking "something has another name";
    COMMENT_CHANGED "comment-changed" Info "a comment is another";
    SECURITY_LABEL_CHANGED "security-label-changed" Breaking "a security label is another";
    SESSION_CHANGED "session-changed" Safe "a statement of an old dump stands under another search path";
    NOT_UNDERSTOOD_CHANGED "not-understood-changed" Breaking "a statement that is not understood is another";
    TRAILER_CHANGED "trailer-changed" Info "what follows the end of the dump is something else";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_fit_for_a_command_line() {
        let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len());
        assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
    }
}
