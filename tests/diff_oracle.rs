//! Two dumps differ exactly when PostgreSQL says so: when what it dumps of the one restored is not what it dumps of the other.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use scratch::{Cluster, Programs};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-diff");

/// What the server makes of a dump: its own dump of what was restored, or the errors of restoring it.
type Restored = Result<Vec<u8>, String>;

/// Restores each dump into a database of its own.
struct Oracle {
    cluster: Cluster,
    /// By the dump: many pairs share one side.
    known: Mutex<BTreeMap<Vec<u8>, Restored>>,
    databases: AtomicUsize,
}

impl Oracle {
    fn start() -> Option<Oracle> {
        let Some(programs) = Programs::find_optional().unwrap() else {
            eprintln!("skipped: no PostgreSQL server programs");
            return None;
        };
        let cluster = Cluster::start(&programs).unwrap();
        cluster.psql("postgres", "CREATE ROLE bench_reader; CREATE ROLE fordfrog").unwrap();
        Some(Oracle { cluster, known: Mutex::default(), databases: AtomicUsize::new(0) })
    }

    fn restored(&self, path: &Path) -> Restored {
        let dump = without_key(&fs::read(path).unwrap());
        if let Some(known) = self.known.lock().unwrap().get(&dump) {
            return known.clone();
        }
        let database = format!("d{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.cluster.create_database(&database).unwrap();
        let errors = self.cluster.psql_script_lenient(&database, &dump).unwrap();
        let failed = errors.lines().find(|line| line.contains("ERROR:"));
        let restored = match failed {
            Some(error) => Err(error.to_owned()),
            None => Ok(without_key(&self.cluster.pg_dump(&database, &["--schema-only"]).unwrap())),
        };
        self.known.lock().unwrap().insert(dump, restored.clone());
        restored
    }

    /// Compares a pair; says whether the server could, and what is wrong.
    fn judge(&self, old: &Path, new: &Path) -> (bool, Option<String>) {
        let (Ok(before), Ok(after)) = (self.restored(old), self.restored(new)) else { return (false, None) };
        // Rows that follow the dump's end are not of the schema, which is all that the server is asked for.
        let arguments =
            [old.to_str().unwrap(), new.to_str().unwrap(), "--severity", "trailer-changed=ignore"];
        let output = corpus::run(Path::new(PROGRAM), &arguments, b"");
        let expected = i32::from(before != after);
        let said = String::from_utf8_lossy(&output.stdout);
        let wrong = output.status.code() != Some(expected);
        (true, wrong.then(|| format!("{} {}: expected {expected}\n{said}", old.display(), new.display())))
    }
}

/// The dump without the key that pg_dump makes up anew every time.
fn without_key(dump: &[u8]) -> Vec<u8> {
    let is_key = |line: &&[u8]| line.starts_with(b"\\restrict") || line.starts_with(b"\\unrestrict");
    dump.split_inclusive(|byte| *byte == b'\n').filter(|line| !is_key(line)).collect::<Vec<_>>().concat()
}

fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.to_str().unwrap().ends_with(suffix));
    found.sort();
    found
}

#[test]
fn what_differs_is_what_differs_on_a_server() {
    let (Some(corpus), Some(oracle)) = (corpus::corpus(), Oracle::start()) else { return };
    let mut pairs = Vec::new();
    let kinds = corpus::unpacked(&corpus.join("diff-cases/kinds.tar.zst"));
    for old in files(&kinds.path().join("kinds"), ".a.sql") {
        let new = PathBuf::from(old.to_str().unwrap().replace(".a.sql", ".b.sql"));
        pairs.push((old, new));
    }
    let apgdiff = corpus::unpacked(&corpus.join("diff-cases/apgdiff.tar.zst"));
    let cases = apgdiff.path().join("apgdiff-MIT/src/test/resources/cz/startnet/utils/pgdiff");
    for old in files(&cases, "_original.sql") {
        let new = PathBuf::from(old.to_str().unwrap().replace("_original.sql", "_new.sql"));
        // Nothing at all is no dump.
        let is_dump = |path: &Path| fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
        if is_dump(&old) && is_dump(&new) {
            pairs.push((old, new));
        }
    }
    let history = corpus::unpacked(&corpus.join("history/feedbin.tar.zst"));
    let versions = files(&history.path().join("feedbin__feedbin"), ".sql");
    assert_eq!(versions.len(), 103);
    pairs.extend(versions.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())));
    let next = AtomicUsize::new(0);
    let (compared, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((old, new)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (could, problem) = oracle.judge(old, new);
                    compared.fetch_add(usize::from(could), Ordering::Relaxed);
                    wrong.lock().unwrap().extend(problem);
                }
            });
        }
    });
    let (compared, wrong) = (compared.into_inner(), wrong.into_inner().unwrap());
    eprintln!("compared {compared} of {} pairs", pairs.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 290, "{compared}");
}
