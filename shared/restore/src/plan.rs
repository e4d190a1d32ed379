//! What a restore will do, read from a dump before anything is done.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use dump::{Address, Class, Kind, Name, Noise, Position, Role, Subject};

use crate::build;
use crate::meta_command::MetaCommand;
use crate::settings::Settings;
use crate::transaction::{Block, Undone};

/// The steps of a restore, database by database.
#[derive(Debug, Default)]
pub struct Plan {
    /// The databases in the order of the dump; one without a name for a dump taken without `--create`.
    pub databases: Vec<DatabasePlan>,
    /// The meta-commands of psql that are not planned as pg_dump means them.
    pub meta_commands: Vec<MetaCommand>,
    /// Statements on roles, tablespaces, parameters and databases themselves, in the order of the dump: a scratch server
    /// has stand-ins for these.
    pub cluster: Vec<Step>,
}

/// The steps that restore one database.
#[derive(Debug, Default)]
pub struct DatabasePlan {
    /// The database's name, where the dump tells it.
    pub name: Option<Name>,
    /// The steps, in the order of the dump.
    pub steps: Vec<Step>,
    /// What entries of an archive depend on and its table of contents does not have, by the entry. That is no fault: it
    /// may be what was left out of the dump.
    pub(crate) absent: BTreeMap<u32, Vec<u32>>,
    /// What psql undoes again, whatever the server says.
    pub undone: Vec<Undone>,
    /// The transactions that are committed.
    pub(crate) blocks: Vec<Block>,
}

/// Something to be done.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is about.
    pub subject: Subject,
    /// Where it stands.
    pub at: Place,
    /// What is to be done.
    pub work: Work,
    /// The settings that it relies on.
    pub(crate) settings: Arc<Settings>,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Work {
    /// Run a statement.
    Statement(Vec<u8>),
    /// Load rows, or something else that is kept outside of the plan because of its size.
    Rows(RowsPlan),
}

/// Rows, large objects, or statements that carry them.
#[derive(Clone, Debug)]
pub struct RowsPlan {
    /// The table that the rows belong to; none for large objects.
    pub table: Option<Address>,
    /// The `COPY … FROM stdin` in front of the rows, without its `;`; none for data in statements.
    pub copy: Option<Vec<u8>>,
    /// Where the bytes are.
    pub(crate) location: Location,
    /// Whether these are all rows of the table, which is nothing but a table.
    pub(crate) alone: bool,
    /// Whether `\` is an ordinary character in the literals of statements.
    pub(crate) standard_conforming_strings: bool,
    /// Whether statements stand in a transaction that begins in front of them: those of large objects need one.
    pub(crate) in_transaction: bool,
}

/// Where data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// In a plain dump, from this byte on, this many bytes.
    Range { start: Position, len: u64 },
    /// In an archive, with this entry of the table of contents.
    Entry(u32),
}

/// A place in a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a plain dump.
    At(Position),
    /// In an archive: the number of the entry.
    Entry(u32),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::At(position) => position.fmt(f),
            Place::Entry(id) => write!(f, "entry {id}"),
        }
    }
}

impl Place {
    /// Returns what places of one dump are sorted by.
    pub(crate) fn order(self) -> u64 {
        match self {
            Place::At(position) => position.byte,
            Place::Entry(id) => u64::from(id),
        }
    }
}

impl Step {
    /// Returns what the step is about, in words.
    pub fn label(&self) -> String {
        match (&self.subject.address, &self.work) {
            (_, Work::Statement(text)) if self.subject.class == Class::Noise(Noise::Clean) => excerpt(text),
            (Some(address), Work::Rows(_)) => format!("data of {address}"),
            (Some(address), Work::Statement(_)) => address.to_string(),
            (None, Work::Rows(RowsPlan { copy: Some(copy), .. })) => excerpt(copy),
            (None, Work::Rows(_)) => "large objects".to_owned(),
            (None, Work::Statement(text)) => excerpt(text),
        }
    }
}

impl DatabasePlan {
    /// Marks the rows that have their table to themselves.
    pub(crate) fn finish(&mut self) {
        let mut counts = std::collections::HashMap::new();
        for step in &self.steps {
            if let Work::Rows(RowsPlan { table: Some(table), .. }) = &step.work {
                *counts.entry(table.clone()).or_insert(0_usize) += 1;
            }
        }
        for step in &mut self.steps {
            if let Work::Rows(RowsPlan { table: Some(table), alone, copy: Some(_), .. }) = &mut step.work {
                *alone = counts.get(table) == Some(&1);
            }
        }
    }

    /// Returns the index of the first step from which on no step can change the rows of any table.
    ///
    /// Foreign keys read them, and so do the equality operators of their columns; whatever else of the dump's own code
    /// could run then, as an event trigger or in a matview, is no such step.
    pub(crate) fn rows_are_final_from(&self) -> usize {
        let kind = |step: &Step| step.subject.address.as_ref().map(|address| address.kind);
        let makes = |step: &Step| match step.subject.class {
            Class::Part(Role::Definition) => kind(step),
            _ => None,
        };
        let own_code = |step: &Step| {
            let kinds =
                [Kind::Operator, Kind::OperatorClass, Kind::OperatorFamily, Kind::EventTrigger, Kind::Cast];
            makes(step).is_some_and(|kind| kinds.contains(&kind)) || step.subject.class == Class::Unknown
        };
        if self.steps.iter().any(own_code) {
            return self.steps.len();
        }
        let quiet = |step: &Step| match step.subject.class {
            Class::Part(Role::Privilege | Role::Comment | Role::Owner) => true,
            Class::Part(Role::Definition) => {
                matches!(makes(step), Some(Kind::Trigger | Kind::Policy | Kind::Publication))
                    || build::of(step) == Some(build::Build::ForeignKey)
            }
            _ => false,
        };
        let changes = |step: &Step| matches!(step.work, Work::Rows(_)) || !quiet(step);
        self.steps.iter().rposition(changes).map_or(0, |last| last + 1)
    }
}

/// The first characters of a statement.
pub(crate) fn excerpt(text: &[u8]) -> String {
    const SHOWN: usize = 60;
    // Of a megabyte nobody wants all words.
    let text = String::from_utf8_lossy(&text[..text.len().min(16 * SHOWN)]);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// The step from which on rows are final, in words; `end` if that is known only at the end.
    fn final_from(post_data: &str) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let dump = format!(
            "CREATE TABLE a.t (x integer);\nCOPY a.t (x) FROM stdin;\n1\n\\.\n\nSELECT pg_catalog.setval('a.s', 3, true);\n\
             ALTER TABLE ONLY a.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (x);\n{post_data}"
        );
        file.write_all(dump.as_bytes()).unwrap();
        let (plan, _) = crate::Plan::read(file.path()).unwrap();
        let database = &plan.databases[0];
        let from = database.rows_are_final_from();
        database.steps.get(from).map_or_else(|| "end".to_owned(), Step::label)
    }

    #[test]
    fn rows_are_final_when_nothing_can_change_them() {
        let key = "ALTER TABLE ONLY a.t\n    ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES a.t(x);\n";
        let quiet = "CREATE TRIGGER w BEFORE INSERT ON a.t FOR EACH ROW EXECUTE FUNCTION a.f();\n";
        let rights = "GRANT SELECT ON TABLE a.t TO PUBLIC;\n";
        assert_eq!(final_from(&format!("{key}{rights}")), "constraint f on table a.t");
        assert_eq!(final_from(&format!("{quiet}{key}{rights}")), "trigger w on table a.t");
        assert_eq!(final_from(""), "end");
        for more in [
            "REFRESH MATERIALIZED VIEW a.m;\n",
            "CREATE INDEX i ON a.t USING btree (a.f(x));\n",
            "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION a.f();\n",
            "CREATE OPERATOR a.= (FUNCTION = a.f, LEFTARG = integer, RIGHTARG = integer);\n",
            "SELECT a.f();\n",
            "COPY a.t (x) FROM stdin;\n2\n\\.\n",
        ] {
            assert_eq!(final_from(&format!("{key}{more}")), "end", "{more}");
            // Wherever these stand, their code may run later.
            let own_code = ["CREATE EVENT", "CREATE OPERATOR", "SELECT"];
            if !own_code.iter().any(|begin| more.starts_with(begin)) {
                assert_eq!(final_from(&format!("{more}{key}")), "constraint f on table a.t", "{more}");
            }
        }
    }
}
