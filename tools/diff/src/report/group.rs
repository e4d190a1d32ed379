//! Findings put together by database, schema and object.

use compare::{Finding, Kind, Severity};
use dump::{Address, Name};

use super::Report;

/// The findings of one schema of one database.
pub(super) struct SchemaGroup<'r> {
    pub database: Option<&'r Name>,
    /// None for what no schema holds.
    pub schema: Option<&'r Name>,
    pub objects: Vec<ObjectGroup<'r>>,
}

/// The findings of one object.
pub(super) struct ObjectGroup<'r> {
    /// Its place in the report; the first is 0.
    pub number: usize,
    pub database: Option<&'r Name>,
    pub object: &'r Address,
    pub findings: Vec<&'r Finding>,
}

/// Returns the findings by database, schema and object, each in the order of the report.
pub(super) fn by_schema<'r>(report: &'r Report<'_>) -> Vec<SchemaGroup<'r>> {
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    fn key(finding: &Finding) -> (Option<&Name>, Option<&Name>, &Address) {
        let change = &finding.change;
        (change.database.as_ref(), schema_of(&change.object), &change.object)
    }
    findings.sort_by(|one, other| key(one).cmp(&key(other)));
    let mut groups: Vec<SchemaGroup<'_>> = Vec::new();
    let mut number = 0;
    for finding in findings {
        let (database, schema, object) = key(finding);
        if groups.last().is_none_or(|last| (last.database, last.schema) != (database, schema)) {
            groups.push(SchemaGroup { database, schema, objects: Vec::new() });
        }
        let Some(group) = groups.last_mut() else { continue };
        match group.objects.last_mut().filter(|last| last.object == object) {
            Some(last) => last.findings.push(finding),
            None => {
                group.objects.push(ObjectGroup { number, database, object, findings: vec![finding] });
                number += 1;
            }
        }
    }
    groups
}

/// A schema itself stands with what it holds.
fn schema_of(address: &Address) -> Option<&Name> {
    match (&address.schema, &address.parent) {
        (Some(schema), _) => Some(schema),
        (None, Some(parent)) => schema_of(parent),
        (None, None) => (address.kind == dump::Kind::Schema).then_some(&address.name),
    }
}

impl SchemaGroup<'_> {
    /// Returns the heading, such as `schema app` or `database shop, schema app`.
    pub fn title(&self) -> String {
        let database = self.database.map(|name| format!("database {name}"));
        let schema = self.schema.map(|name| Address::global(dump::Kind::Schema, name.clone()).to_string());
        match (database, schema) {
            (Some(database), Some(schema)) => format!("{database}, {schema}"),
            (Some(database), None) => format!("{database}, outside of schemas"),
            (None, Some(schema)) => schema,
            (None, None) => "outside of schemas".to_owned(),
        }
    }
}

impl ObjectGroup<'_> {
    /// Says whether the object came, went or is another.
    pub fn kind(&self) -> Kind {
        let whole = self.findings.iter().find(|finding| finding.change.is_whole_object());
        whole.map_or(Kind::Changed, |finding| finding.change.kind)
    }

    /// Returns the worst that is said of it.
    pub fn severity(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Info)
    }
}
