//! The backup, compared with the manifest that was written when it was taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use cli::Failure;
use dump::{Content, DataForm, Database, Dump, Kind, QualifiedName, TableData};
use manifest::{Manifest, Sha256, Table, TableKind};

use crate::check::{Assertion, rows};
use crate::input::Backup;
use crate::verdict::{Held, Report, Rows, Verdict};

/// A manifest and where it is.
pub struct Recorded {
    pub(super) path: PathBuf,
    /// What it is called for people: that of a copy is called as what it is a copy of.
    shown: String,
    pub(super) sha256: Sha256,
    manifest: Manifest,
}

type Name = (Vec<u8>, Vec<u8>);

fn key(name: &QualifiedName) -> Name {
    let schema = name.schema.as_ref().map(|schema| schema.bytes().to_vec()).unwrap_or_default();
    (schema, name.name.bytes().to_vec())
}

fn recorded_key(schema: &str, name: &str) -> Name {
    (schema.as_bytes().to_vec(), name.as_bytes().to_vec())
}

impl Recorded {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub(super) fn open(path: &Path) -> Result<Recorded, Failure> {
        let shown = || format!("cannot use manifest: {}", path.display());
        let mut file = File::open(path).with_context(shown)?;
        let (manifest, sha256) = Manifest::read_and_hash(&mut file).with_context(shown)?;
        Ok(Recorded { path: path.to_owned(), shown: path.display().to_string(), sha256, manifest })
    }

    /// Calls it as what it is a copy of.
    pub fn called(self, shown: String) -> Recorded {
        Recorded { shown, ..self }
    }

    /// Returns where the source is, as the system identifier of its server and the name of its database.
    pub fn source(&self) -> Option<(&str, &str)> {
        Some((self.manifest.system_identifier.as_deref()?, &self.manifest.database))
    }

    /// Returns the manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Says whether the backup was to hold a part of its source only: some schemas, tables, extensions or sections.
    pub fn is_partial(&self) -> bool {
        const OF_A_PART: [&str; 12] = [
            "--data-only",
            "--exclude-extension",
            "--exclude-schema",
            "--exclude-table",
            "--exclude-table-and-children",
            "--extension",
            "--filter",
            "--no-schema",
            "--schema",
            "--section",
            "--table",
            "--table-and-children",
        ];
        let name = |option: &String| option.split('=').next().map(ToOwned::to_owned).unwrap_or_default();
        self.manifest.options.iter().map(name).any(|name| OF_A_PART.contains(&name.as_str()))
    }

    /// Returns what the source was asked, for the restored copy to answer.
    pub fn assertions(&self) -> Vec<Assertion> {
        let of = |assertion: &manifest::Assertion| Assertion {
            sql: assertion.sql.clone(),
            expected: assertion.value.clone().unwrap_or_else(|| "NULL".to_owned()),
        };
        self.manifest.assertions.iter().map(of).collect()
    }

    /// Compares length and SHA-256 of the backup's files.
    ///
    /// # Errors
    /// When a file that is there cannot be read.
    pub fn check_files(&self, backup: &Backup, report: &mut Report) -> Result<(), Failure> {
        let folder = backup.path.is_dir();
        if !folder && self.manifest.files.len() != 1 {
            let why = format!("expected {} files in a folder; actual: one file", self.manifest.files.len());
            report.find(Verdict::Bad, "file", None, why);
            return Ok(());
        }
        for expected in &self.manifest.files {
            // What is compared is the backup that was named, whatever it is called by now.
            let path = if folder { backup.path.join(&expected.name) } else { backup.path.clone() };
            let what = format!("file {}", expected.name);
            let mut file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    report.find(Verdict::Bad, what, None, "is in the manifest, and missing");
                    continue;
                }
                Err(error) => {
                    return Err(Failure::from(anyhow!("cannot open {}: {error}", path.display())));
                }
            };
            let actual = manifest::File::of(&expected.name, &mut file)
                .with_context(|| format!("cannot read: {}", path.display()))?;
            let why = match () {
                () if actual.bytes != expected.bytes => {
                    format!("expected {} bytes; actual {}", expected.bytes, actual.bytes)
                }
                () if actual.sha256 != expected.sha256 => {
                    format!("expected SHA-256 {}; actual {}", expected.sha256, actual.sha256)
                }
                () => continue,
            };
            report.find(Verdict::Bad, what, None, why);
        }
        report.checked.push(("files by length and SHA-256".to_owned(), self.manifest.files.len()));
        Ok(())
    }

    /// Compares what the backup holds, and returns what its tables should hold that do not.
    pub fn check(&self, dump: &Dump, report: &mut Report) -> Vec<Held> {
        let mut holds = Vec::new();
        let recorded = &self.manifest;
        if recorded.database.is_empty() && recorded.tables.is_empty() {
            report.compared.push(format!(
                "compared with the manifest {}: files; what the source held was not recorded",
                self.shown
            ));
            return holds;
        }
        let named = |database: &&Database| {
            database.name.as_ref().is_none_or(|name| name.bytes() == recorded.database.as_bytes())
        };
        let Some(database) = dump.databases.iter().find(named) else {
            let why = "is in the manifest, and not in the backup";
            report.find(Verdict::Bad, format!("database {}", recorded.database), None, why);
            return holds;
        };
        for other in dump.databases.iter().filter(|other| !std::ptr::eq(*other, database)) {
            let name = other.name.as_ref().map(ToString::to_string).unwrap_or_default();
            report.find(
                Verdict::Bad,
                format!("database {name}"),
                None,
                "is in the backup, and not in the manifest",
            );
        }
        let encoding = &database.schema.encoding;
        if !encoding.is_empty() && !encoding.eq_ignore_ascii_case(&recorded.encoding) {
            let why = format!("expected {}; actual {encoding}", recorded.encoding);
            report.find(Verdict::Bad, "encoding", None, why);
        }
        let (counted, hashed) = self.tables(database, &mut holds, report);
        self.sequences(database, report);
        self.large_objects(database, report);
        self.extensions(database, report);
        let lsn = recorded.lsn.iter().map(|lsn| format!(" at {lsn}")).collect::<String>();
        report.compared.push(format!(
            "compared with what the source held{lsn}, {}, by the manifest {}: files, rows of {counted} tables, their \
             content of {hashed}, {} sequences, {} large objects{}, {} extensions by name",
            recorded.snapshot_begin,
            self.shown,
            recorded.sequences.len(),
            recorded.large_objects.count,
            if recorded.large_objects.hash.is_some() { " with their content" } else { " by their number" },
            recorded.extensions.len(),
        ));
        for left_out in &recorded.left_out {
            report.notes.push(format!(
                "not in the backup, as its manifest says: {}: {}",
                left_out.what, left_out.why
            ));
        }
        holds
    }

    /// Compares rows; returns of how many tables the number and the content were compared.
    fn tables(&self, database: &Database, holds: &mut Vec<Held>, report: &mut Report) -> (usize, usize) {
        let held: BTreeMap<Name, &TableData> = database
            .data
            .tables
            .iter()
            .map(|(address, data)| (key(&address.qualified_name()), data))
            .collect();
        let (mut counted, mut hashed) = (0, 0);
        let mut through: BTreeMap<Name, (u64, usize)> = BTreeMap::new();
        let mut known: BTreeSet<Name> = BTreeSet::new();
        for table in &self.manifest.tables {
            let key = recorded_key(&table.schema, &table.name);
            known.insert(key.clone());
            let root = table.root.as_ref().map(|(schema, name)| recorded_key(schema, name));
            let root = root.filter(|root| !held.contains_key(&key) && held.contains_key(root));
            match (held.get(&key), root) {
                // Rows that a backup loads through the partitioned table.
                (None, Some(root)) => {
                    let (rows, tables) = through.entry(root).or_default();
                    *rows = rows.saturating_add(table.rows);
                    *tables += 1;
                }
                (Some(_), _) if table.kind == TableKind::PartitionedTable => {}
                (data, _) => {
                    counted += 1;
                    hashed += usize::from(compare(table, data.copied(), holds, report));
                }
            }
        }
        for (root, (expected, tables)) in through {
            known.insert(root.clone());
            counted += tables;
            let actual = held.get(&root).map(|data| rows_of(data).count()).unwrap_or_default();
            if actual != expected {
                let name = shown(&root);
                let why = format!("expected {expected} rows in its {tables} partitions; actual {actual}");
                report.find(Verdict::Bad, format!("table {name}"), None, why);
            }
        }
        for name in held.keys().filter(|name| !known.contains(*name)) {
            let what = format!("table {}", shown(name));
            match std::str::from_utf8(&name.0).and(std::str::from_utf8(&name.1)) {
                Ok(_) => report.find(Verdict::Bad, what, None, "is in the backup, and not in the manifest"),
                Err(_) => {
                    let why = "its name is no UTF-8 and was not looked for in the manifest";
                    report.find(Verdict::Unclear, what, None, why);
                }
            }
        }
        (counted, hashed)
    }

    fn sequences(&self, database: &Database, report: &mut Report) {
        let statements = database.data.statements.iter();
        let statements = statements.filter(|statement| statement.form == DataForm::SequenceValue);
        let mut held: BTreeMap<Name, String> = statements
            .map(|statement| {
                (key(&statement.address.qualified_name()), rows::value_of_sequence(&statement.text))
            })
            .collect();
        for sequence in &self.manifest.sequences {
            let expected = format!("{}, {}", sequence.last_value, sequence.is_called);
            let actual = held.remove(&recorded_key(&sequence.schema, &sequence.name));
            if actual.as_ref() != Some(&expected) {
                let actual = actual.as_deref().unwrap_or("none");
                let what = format!("value of sequence {}.{}", sequence.schema, sequence.name);
                report.find(Verdict::Bad, what, None, format!("expected {expected}; actual {actual}"));
            }
        }
        for name in held.keys() {
            let what = format!("value of sequence {}", shown(name));
            report.find(Verdict::Bad, what, None, "is in the backup, and not in the manifest");
        }
    }

    fn large_objects(&self, database: &Database, report: &mut Report) {
        let expected = &self.manifest.large_objects;
        let actual = manifest::LargeObjects::of(&database.data);
        let differs = |expected: &str, actual: &str| format!("expected {expected}; actual {actual}");
        let mut find = |what: &str, why| report.find(Verdict::Bad, what, None, why);
        if actual.count != expected.count {
            find("number of large objects", differs(&expected.count.to_string(), &actual.count.to_string()));
        } else if let Some(bytes) = expected.bytes.filter(|bytes| actual.bytes != Some(*bytes)) {
            let actual = actual.bytes.map_or_else(|| "unknown".to_owned(), |bytes| bytes.to_string());
            find("bytes of large objects", differs(&bytes.to_string(), &actual));
        } else if let Some(hash) = expected.hash.filter(|hash| actual.hash != Some(*hash)) {
            let actual = actual.hash.map_or_else(|| "unknown".to_owned(), |hash| hash.to_string());
            find("content of large objects", differs(&format!("hash {hash}"), &actual));
        }
    }

    fn extensions(&self, database: &Database, report: &mut Report) {
        let objects = database.schema.objects.keys().filter(|address| address.kind == Kind::Extension);
        let mut held: BTreeSet<&[u8]> = objects.map(|address| address.name.bytes()).collect();
        held.remove(&b"plpgsql"[..]);
        for extension in &self.manifest.extensions {
            if !held.remove(extension.name.as_bytes()) {
                let what = format!("extension {}", extension.name);
                report.find(Verdict::Bad, what, None, "is in the manifest, and not in the backup");
            }
        }
        for name in held {
            let what = format!("extension {}", String::from_utf8_lossy(name));
            report.find(Verdict::Bad, what, None, "is in the backup, and not in the manifest");
        }
    }
}

fn shown((schema, name): &Name) -> String {
    format!("{}.{}", String::from_utf8_lossy(schema), String::from_utf8_lossy(name))
}

fn rows_of(data: &TableData) -> Rows {
    Rows { content: data.content, expressions: data.expressions }
}

/// Compares one table; says whether its content was compared as well.
fn compare(expected: &Table, held: Option<&TableData>, holds: &mut Vec<Held>, report: &mut Report) -> bool {
    let mut differs = |content| {
        let name = QualifiedName {
            schema: Some(dump::Name::from(expected.schema.as_str())),
            name: dump::Name::from(expected.name.as_str()),
        };
        let rows = Rows { content, expressions: 0 };
        holds.push(Held { table: name.to_string(), rows, by: "the manifest" });
    };
    let actual = held.map(rows_of).unwrap_or_default();
    let what = format!("table {}.{}", expected.schema, expected.name);
    if actual.count() != expected.rows {
        let why = format!("expected {} rows; actual {}", expected.rows, actual.count());
        report.find(Verdict::Bad, what, None, why);
        let hash = expected.hash.map(|hash| hash.0).unwrap_or_default();
        differs(Content { rows: expected.rows, bytes: expected.bytes.unwrap_or_default(), hash });
        return false;
    }
    let Some(hash) = expected.hash.filter(|_| actual.expressions == 0) else { return false };
    let (found, bytes) = (manifest::Hash(actual.content.hash), actual.content.bytes);
    let holds = Content { rows: expected.rows, bytes: expected.bytes.unwrap_or(bytes), hash: hash.0 };
    if let Some(expected) = expected.bytes.filter(|expected| *expected != bytes) {
        differs(holds);
        report.find(Verdict::Bad, what, None, format!("expected {expected} bytes of rows; actual {bytes}"));
    } else if found != hash {
        differs(holds);
        let why = format!("the content of the rows differs: expected hash {hash}; actual {found}");
        report.find(Verdict::Bad, what, None, why);
    }
    true
}
