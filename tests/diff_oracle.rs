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

/// Who has which privileges, as the server tells: object, owner, grantee, privilege, column, grantor unless that is the owner,
/// and whether it may be passed on by somebody else than the owner.
const RIGHTS: &str = "WITH acl AS (
    SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' ELSE 'sequence' END || ' s.' || relname AS o, relowner AS w,
        coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", relowner)) AS a, '' AS c
        FROM pg_class WHERE relnamespace = 's'::regnamespace AND relkind IN ('r', 'v', 'S')
    UNION ALL SELECT CASE relkind WHEN 'r' THEN 'table' ELSE 'view' END || ' s.' || relname, relowner, attacl, attname
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid WHERE attacl IS NOT NULL AND relnamespace = 's'::regnamespace
    UNION ALL SELECT 'function s.f()', proowner, coalesce(proacl, acldefault('f', proowner)), '' FROM pg_proc WHERE proname = 'f'
    UNION ALL SELECT 'domain s.d', typowner, coalesce(typacl, acldefault('T', typowner)), '' FROM pg_type WHERE typname = 'd'
    UNION ALL SELECT 'schema ' || nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner)), ''
        FROM pg_namespace WHERE nspname IN ('s', 'public')
    )
    SELECT o, w::regrole, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type, c,
        CASE grantor WHEN w THEN '' ELSE grantor::regrole::text END, is_grantable AND grantee <> w
    FROM (SELECT o, w, c, (aclexplode(a)).* FROM acl) AS x
    UNION ALL SELECT o, w::regrole, '', '', '', '', false FROM acl";

/// Privilege, column, grantor, and whether it may be passed on.
type Rights = std::collections::BTreeSet<(String, String, String, bool)>;

/// What holds in a database at one time.
#[derive(Default)]
struct State {
    dump: PathBuf,
    /// By object and grantee.
    rights: BTreeMap<(String, String), Rights>,
    owners: BTreeMap<String, String>,
}

impl State {
    fn read(cluster: &Cluster, dump: PathBuf) -> State {
        fs::write(&dump, cluster.pg_dump("rights", &["--schema-only"]).unwrap()).unwrap();
        let mut state = State { dump, ..State::default() };
        for line in cluster.psql("rights", RIGHTS).unwrap().lines() {
            let [object, owner, grantee, privilege, column, grantor, option] =
                line.split('|').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
            state.owners.insert(object.clone(), owner);
            if !grantee.is_empty() {
                let right = (privilege, column, grantor, option == "t");
                state.rights.entry((object, grantee)).or_default().insert(right);
            }
        }
        state
    }

    fn of(&self, key: &(String, String)) -> Rights {
        self.rights.get(key).cloned().unwrap_or_default()
    }

    /// Says whether what somebody has is all that an owner has, or nothing: then his ownership tells.
    fn is_told(&self, key: &(String, String), all: usize) -> bool {
        let has = self.of(key);
        let whole =
            has.iter().filter(|(_, column, grantor, _)| column.is_empty() && grantor.is_empty()).count();
        has.is_empty() || (self.owners.get(&key.0) == Some(&key.1) && whole == all)
    }
}

/// Says whether somebody may no longer do some of this, himself or as everybody.
fn loses(some: &Rights, new: &State, key: &(String, String)) -> bool {
    let owns = new.owners.get(&key.0) == Some(&key.1);
    let public = new.of(&(key.0.clone(), "PUBLIC".to_owned()));
    let covers =
        |has: &Rights, (privilege, column, _, option): &(String, String, String, bool), owns: bool| {
            has.iter().any(|other| {
                other.0 == *privilege
                    && (other.1.is_empty() || other.1 == *column)
                    && (owns || other.3 || !option)
            })
        };
    let has = new.of(key);
    some.iter().any(|right| !covers(&has, right, owns) && (right.3 || !covers(&public, right, false)))
}

/// What differs for a grantee, by what it is about: everything, or single columns where nothing else differs.
fn differing(old: &Rights, new: &Rights) -> Vec<(String, Rights)> {
    let of = |rights: &Rights, column: &str| -> Rights {
        rights.iter().filter(|right| right.1 == column).cloned().collect()
    };
    if of(old, "") != of(new, "") {
        return vec![(String::new(), old.clone())];
    }
    let columns = ["a", "b"].into_iter().filter(|column| of(old, column) != of(new, column));
    columns.map(|column| (format!("column {column}: "), of(old, column))).collect()
}

const OBJECTS: [(&str, &str, &[&str]); 7] = [
    (
        "table s.t",
        "TABLE s.t",
        &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"],
    ),
    ("view s.v", "TABLE s.v", &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]),
    ("sequence s.q", "SEQUENCE s.q", &["SELECT", "UPDATE", "USAGE"]),
    ("function s.f()", "FUNCTION s.f()", &["EXECUTE"]),
    ("domain s.d", "DOMAIN s.d", &["USAGE"]),
    ("schema s", "SCHEMA s", &["CREATE", "USAGE"]),
    ("schema public", "SCHEMA public", &["CREATE", "USAGE"]),
];

/// Numbers that look like chance and are the same on every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A statement about who may do what, which the server may refuse.
    fn statement(&mut self) -> String {
        let roles = ["o", "n", "\"Odd Role\""];
        let (_, on, privileges) = self.one(&OBJECTS);
        let role = self.one(&roles);
        if self.below(8) == 0 {
            let kind = if on == "TABLE s.v" { "VIEW s.v" } else { on };
            return format!("ALTER {kind} OWNER TO {role};");
        }
        let grantee = self.one(&["o", "n", "\"Odd Role\"", "PUBLIC"]);
        let mut privilege = self.one(&[self.0 as usize % privileges.len(), privileges.len()]);
        privilege = privilege.min(privileges.len());
        let mut privilege = privileges.get(privilege).map_or("ALL".to_owned(), |word| (*word).to_owned());
        if on.starts_with("TABLE") && self.below(3) == 0 {
            privilege =
                format!("{}({})", self.one(&["SELECT", "UPDATE", "ALL"]), self.one(&["a", "b", "a, b"]));
        }
        let option = self.below(4) == 0;
        let as_role = if self.below(5) == 0 { format!("SET ROLE {role}; ") } else { String::new() };
        let (for_option, with_option) = match (option, grantee) {
            (false, _) => ("", ""),
            (true, "PUBLIC") => ("GRANT OPTION FOR ", ""),
            (true, _) => ("GRANT OPTION FOR ", " WITH GRANT OPTION"),
        };
        match self.below(5) < 2 {
            true => {
                format!("{as_role}REVOKE {for_option}{privilege} ON {on} FROM {grantee} CASCADE; RESET ROLE;")
            }
            false => format!("{as_role}GRANT {privilege} ON {on} TO {grantee}{with_option}; RESET ROLE;"),
        }
    }
}

#[test]
fn who_may_do_what_is_what_the_server_says() {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server programs");
        return;
    };
    let cluster = Cluster::start(&programs).unwrap();
    let folder = tempfile::tempdir().unwrap();
    cluster.create_database("rights").unwrap();
    let made = "CREATE ROLE o; CREATE ROLE n; CREATE ROLE \"Odd Role\"; CREATE SCHEMA s; GRANT ALL ON SCHEMA s TO o, n;
        CREATE TABLE s.t (a integer, b integer); CREATE VIEW s.v AS SELECT a, b FROM s.t; CREATE SEQUENCE s.q;
        CREATE FUNCTION s.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE DOMAIN s.d AS integer;
        ALTER TABLE s.t OWNER TO o; ALTER VIEW s.v OWNER TO o; ALTER FUNCTION s.f() OWNER TO n;";
    cluster.psql("rights", made).unwrap();
    let mut chance = Chance(7);
    let mut states = vec![State::read(&cluster, folder.path().join("0.sql"))];
    for number in 1..16 {
        let count = 1 + chance.below(9);
        let script: Vec<String> = (0..count).map(|_| chance.statement()).collect();
        cluster.psql_script_lenient("rights", script.join("\n").as_bytes()).unwrap();
        states.push(State::read(&cluster, folder.path().join(format!("{number}.sql"))));
    }
    let mut seen = 0;
    for (old, new) in states.iter().flat_map(|old| states.iter().map(move |new| (old, new))) {
        let keys: std::collections::BTreeSet<_> = old.rights.keys().chain(new.rights.keys()).collect();
        let mut expected = BTreeMap::new();
        for key in keys.into_iter().filter(|key| old.of(key) != new.of(key)) {
            let all = OBJECTS.iter().find(|(object, ..)| *object == key.0).unwrap().2.len();
            let owns = |state: &State| state.owners.get(&key.0) == Some(&key.1);
            if owns(old) == owns(new) || !old.is_told(key, all) || !new.is_told(key, all) {
                for (column, some) in differing(&old.of(key), &new.of(key)) {
                    let rule = if loses(&some, new, key) { "privilege-revoked" } else { "privilege-granted" };
                    expected.insert((key.0.clone(), format!("{column}privilege {}", key.1)), rule.to_owned());
                }
            }
        }
        let (before, after) = (old.dump.to_str().unwrap(), new.dump.to_str().unwrap());
        let output = corpus::run(Path::new(PROGRAM), &[before, after, "--json"], b"");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut found = BTreeMap::new();
        for change in json["changes"].as_array().unwrap() {
            let [object, aspect, rule] =
                ["object", "aspect", "rule"].map(|key| change[key].as_str().unwrap().to_owned());
            if aspect != "owner" {
                assert_eq!(found.insert((object, aspect), rule), None, "one line for each: {before} {after}");
            }
        }
        assert_eq!(found, expected, "{before} {after}");
        seen += found.len();
    }
    assert!(seen > 500, "{seen}");
}
