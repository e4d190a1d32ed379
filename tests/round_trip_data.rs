//! Rows, values of sequences and filled matviews of real dumps go through a tree, on a real server.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::path::Path;

use scratch::{Cluster, Programs};

const JOIN: &str = env!("CARGO_BIN_EXE_pgdump-join");

/// Dumps with data that restore on a server 15 with contrib, and how many rows they have at least.
const DUMPS: [(&str, usize); 6] = [
    ("formats/hard.server15/plain.sql", 35),
    ("formats/hard.server18/plain-inserts.sql", 35),
    ("formats/hard.server18/custom-zstd.dump", 35),
    ("formats/pgdump_objects.server15/plain.sql", 20),
    ("real/neondatabase__postgres-sample-dbs__pagila.sql.zst", 40_000),
    ("real/neondatabase__postgres-sample-dbs__chinook.sql", 15_000),
];

/// Makes one statement that shows the rows of each table, the value of each sequence, and whether each matview is filled.
const SHOW: &str = r#"
SELECT format(CASE relkind
    WHEN 'r' THEN 'SELECT %L; COPY (SELECT * FROM %s) TO STDOUT;'
    WHEN 'm' THEN 'SELECT %L; COPY (SELECT relispopulated, %3$s FROM pg_class WHERE oid = %2$L::regclass) TO STDOUT;'
    ELSE 'SELECT %L; COPY (SELECT last_value, is_called FROM %s) TO STDOUT;' END,
    format('== %s %s', relkind, oid::regclass), oid::regclass,
    CASE WHEN relispopulated AND relkind = 'm' THEN format('(SELECT count(*) FROM %s)', oid::regclass) ELSE '0' END)
FROM pg_class
WHERE relkind IN ('r', 'm', 'S') AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^(pg_|information_schema$)')
ORDER BY oid::regclass::text COLLATE "C""#;

fn server() -> Option<Cluster> {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server programs");
        return None;
    };
    let cluster = Cluster::start(&programs).unwrap();
    let roles = r#"CREATE ROLE app_owner; CREATE ROLE app_ro; CREATE ROLE "Odd Role"; CREATE ROLE regress_dump_test_role;
        CREATE ROLE "regress_quoted  \"" role";"#;
    cluster.psql("postgres", roles).unwrap();
    Some(cluster)
}

/// The data of a database: the name of each relation and behind it its rows, sorted.
fn data(cluster: &Cluster, database: &str) -> Vec<Vec<String>> {
    let show = cluster.psql(database, SHOW).unwrap();
    let shown = cluster.psql(database, &show).unwrap();
    let mut relations: Vec<Vec<String>> = Vec::new();
    for line in shown.lines() {
        if line.starts_with("== ") {
            relations.push(Vec::new());
        }
        relations.last_mut().unwrap().push(line.to_owned());
    }
    for relation in &mut relations {
        relation[1..].sort();
    }
    relations
}

#[test]
fn data_that_went_through_a_tree_is_the_same() {
    let (Some(corpus), Some(cluster)) = (corpus::corpus(), server()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let split = corpus::beside(JOIN, "pgdump-split");
    for (number, (name, rows)) in DUMPS.iter().enumerate() {
        let path = corpus.join(name);
        let tree = folder.path().join(number.to_string());
        let (dump, archive) = match name.ends_with(".dump") {
            true => (Vec::new(), path.to_str().unwrap()),
            false => (corpus::text(&path), "-"),
        };
        let arguments = [archive, "--keep-secrets", "--data", "*", "--out", tree.to_str().unwrap()];
        let output = corpus::run(&split, &arguments, &dump);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let joined = corpus::run(Path::new(JOIN), &[tree.to_str().unwrap()], b"");
        assert!(joined.status.success(), "{name}: {}", String::from_utf8_lossy(&joined.stderr));
        let original = match archive {
            "-" => dump,
            // Another form of the same database.
            _ => corpus::text(&corpus.join("formats/hard.server18/plain.sql")),
        };
        let restored = [("a", original), ("b", joined.stdout)].map(|(side, script)| {
            let database = format!("{side}{number}");
            cluster.create_database(&database).unwrap();
            let errors = cluster.psql_script_lenient(&database, &script).unwrap();
            let mut errors: Vec<String> = errors
                .lines()
                .filter_map(|line| Some(line.split_once("ERROR: ")?.1.trim().to_owned()))
                .collect();
            errors.sort();
            (data(&cluster, &database), errors)
        });
        let [(left, left_errors), (right, right_errors)] = restored;
        for (left, right) in left.iter().zip(&right) {
            let differ = left.iter().zip(right).find(|(left, right)| left != right);
            assert_eq!(differ, None, "{name}: {}: the first rows that differ", left[0]);
            assert_eq!(left.len(), right.len(), "{name}: {}", left[0]);
        }
        assert_eq!(left.len(), right.len(), "{name}: relations");
        let found: usize = left.iter().map(|relation| relation.len() - 1).sum();
        assert!(found >= *rows, "{name}: rows: {found}");
        // What fails is what failed before.
        let new: Vec<&String> = right_errors.iter().filter(|error| !left_errors.contains(error)).collect();
        assert!(new.is_empty(), "{name}: {new:#?}");
        eprintln!("{name}: {found} rows, {} errors, {} before", right_errors.len(), left_errors.len());
    }
}
