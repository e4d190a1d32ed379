//! What is reported, and the forms in which it is.

mod body;
mod github;
mod group;
mod html;
mod json;
mod junit;
mod markdown;
#[cfg(test)]
#[path = "odd/tests.rs"]
mod odd;
mod sarif;
mod target;
mod text;
mod unified;
mod wording;

use std::io::{self, Write};

use clap::ValueEnum;
use compare::{Finding, Kind, LeftOut, Rename, RowsChange, Severity};
use dump::{Address, Dump, Name, Object, Position};

pub use target::ReportArguments;

/// Everything that a report says.
pub struct Report<'r> {
    pub old: Side<'r>,
    pub new: Side<'r>,
    pub findings: Vec<Finding>,
    /// What may only have another name.
    pub renames: Vec<Rename>,
    /// The tables whose rows differ; none if rows were not compared.
    pub rows: Option<Vec<RowsChange>>,
    /// What could not be compared, since one side was made without it.
    pub left_out: Vec<LeftOut>,
}

/// One of the two dumps.
pub struct Side<'r> {
    /// What the user called it.
    pub name: String,
    pub dump: &'r Dump,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, on a terminal
    Text,
    /// For programs, as docs/schemas/pgdump-diff.schema.json says
    Json,
    /// For a comment on a pull request: at most 65,536 characters
    Markdown,
    /// One page that needs nothing else
    Html,
    /// Canonical text, object by object, as `git diff` writes it
    Unified,
    /// Workflow commands, which GitHub shows beside the lines
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit's XML: breaking and destructive changes are failures
    Junit,
}

impl Report<'_> {
    /// Writes the report in a form.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, format: Format, colour: bool, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Text => text::write(self, colour, out),
            Format::Json => json::write(self, out),
            Format::Markdown => markdown::write(self, out),
            Format::Html => html::write(self, out),
            Format::Unified => unified::write(self, out),
            Format::Github => github::write(self, out),
            Format::Sarif => sarif::write(self, out),
            Format::Junit => junit::write(self, out),
        }
    }

    /// Writes the numbers of changes only: a line for each kind of object, then the totals.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_stat(&self, out: &mut dyn Write) -> io::Result<()> {
        text::write_stat(self, out)
    }

    fn count(&self, kind: Kind) -> usize {
        self.findings.iter().filter(|finding| finding.change.kind == kind).count()
    }

    fn count_severity(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Returns the number of statements that were not understood: their texts were compared, no more is known of them.
    pub fn unclassified(&self) -> usize {
        self.old.dump.unknown.len() + self.new.dump.unknown.len()
    }

    /// Says whether there is nothing to tell.
    fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.rows.as_ref().is_none_or(Vec::is_empty)
    }
}

impl Side<'_> {
    /// Returns an object of a database; dumps of one database need not name theirs.
    fn object(&self, database: Option<&Name>, address: &Address) -> Option<&Object> {
        let databases = &self.dump.databases;
        let schemas = databases
            .iter()
            .filter(|known| databases.len() == 1 || known.name.as_ref() == database)
            .map(|known| &known.schema);
        schemas.chain([&self.dump.cluster]).find_map(|schema| schema.objects.get(address))
    }

    /// Returns where in this dump something stands, as `old.sql:12`.
    fn place(&self, at: Position) -> String {
        match at.line {
            Some(line) => format!("{}:{line}", self.name),
            None => format!("{}, {at}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use compare::Lock;
    use dump::{Content, NoData, ReadOptions, Stream};

    use super::*;

    /// Shows a report that tells everything that is not of the dumps' own schemas.
    fn shown(format: Format) -> String {
        let read = |sql: &'static str| {
            dump::read(Stream(sql.as_bytes()), ReadOptions::default(), &mut NoData).unwrap()
        };
        let old = read("CREATE TABLE a.t (x integer);\nCREATE TABLE a.u (y integer);\n");
        let new = read("CREATE TABLE a.t (x bigint);\nCREATE TABLE a.v (y integer);\n");
        let (mut findings, _) = compare::Judge::default().compare(&old, &new, &[]);
        let tables: Vec<Address> = ["t", "u", "v"]
            .map(|name| {
                Address::in_schema(
                    dump::Kind::Table,
                    dump::QualifiedName { schema: Some(Name::from("a")), name: Name::from(name) },
                )
            })
            .into();
        findings[0].cost.locks =
            vec![(tables[0].clone(), Lock::AccessExclusive), (tables[1].clone(), Lock::ShareRowExclusive)];
        findings[0].cost.rewrites = vec![tables[0].clone()];
        findings[0].cost.scans = vec![tables[1].clone()];
        findings[0].severity = Severity::Destructive;
        let rename = |label| Rename {
            database: None,
            old: tables[1].clone(),
            new: tables[2].clone(),
            label,
            reason: "the same columns".to_owned(),
        };
        let report = Report {
            old: Side { name: "old".to_owned(), dump: &old },
            new: Side { name: "new".to_owned(), dump: &new },
            findings,
            renames: vec![rename(None), rename(Some((Name::from("one"), Name::from("It's"))))],
            rows: Some(vec![
                RowsChange {
                    database: None,
                    table: tables[0].clone(),
                    old: Some(Content { rows: 1, bytes: 2, hash: 3 }),
                    new: Some(Content { rows: 1, bytes: 2, hash: 4 }),
                    remark: None,
                },
                RowsChange {
                    database: Some(Name::from("shop")),
                    table: tables[1].clone(),
                    old: Some(Content { rows: 7, bytes: 2, hash: 3 }),
                    new: None,
                    remark: Some(compare::Remark::OneSided),
                },
            ]),
            left_out: vec![LeftOut::Owners(compare::Which::Old)],
        };
        let mut out = Vec::new();
        report.write(format, false, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_tells_costs_renames_and_rows() {
        let text = shown(Format::Text);
        let rule = text.split("[destructive: ").nth(1).unwrap().split(']').next().unwrap();
        let cost =
            "takes ACCESS EXCLUSIVE, SHARE ROW EXCLUSIVE on table a.u, rewrites table a.t, scans table a.u";
        let expected = format!(
            "schema a\n  ~ table a.t\n      ~ column x: type: integer → bigint  [destructive: {rule}]  ({cost})\n  \
             - table a.u  ["
        );
        assert!(text.starts_with(&expected), "{text}");
        let rest = "perhaps only renamed
  ? table a.u → table a.v: the same columns
      --accept-rename a.u=a.v
  ? table a.u: label one → table a.v: label It's: the same columns
      --accept-rename 'a.u.one=a.v.\"It'\\''s\"'
rows
  ~ table a.t: 1 row, other values
  - shop: table a.u: 7 rows → no data; only one of the dumps has it
left out
  owners: the old dump names none at all, as `--no-owner` has it
changes: ";
        assert!(text.contains(rest), "{text}");
    }

    #[test]
    fn every_form_tells_costs_renames_and_rows() {
        let schema = include_str!("../../../../docs/schemas/pgdump-diff.schema.json");
        let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
        let json: serde_json::Value = serde_json::from_str(&shown(Format::Json)).unwrap();
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        for format in [Format::Markdown, Format::Html, Format::Github] {
            let text = shown(format);
            for said in [
                "ACCESS EXCLUSIVE",
                "the same columns",
                "--accept-rename a.u=a.v",
                "other values",
                "names none at all",
            ] {
                assert!(text.contains(said), "{format:?}: no {said} in {text}");
            }
        }
        for format in [Format::Sarif, Format::Junit] {
            assert!(shown(format).contains("rewrites table a.t"), "{format:?}");
        }
    }
}
