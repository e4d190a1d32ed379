//! restore(join(split(D))) dumped again is restore(D) dumped again, on a real server.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;
#[path = "messages/mod.rs"]
mod messages;

use std::fs;
use std::path::Path;

use scratch::{Cluster, Programs};

const JOIN: &str = env!("CARGO_BIN_EXE_pgdump-join");

/// Dumps of the corpus that restore on a server 15 with contrib; some name roles, functions or extensions that are not
/// there, which is then so on both sides.
const DUMPS: [&str; 13] = [
    "versions/hard.server15.pg_dump15.sql",
    "versions/pgdump_objects.server15.pg_dump15.sql",
    "versions/regression.server15.pg_dump15.sql.zst",
    "real/danbooru__danbooru__db~structure.sql",
    "real/feedbin__feedbin__db~structure.sql",
    "real/zooniverse__panoptes__db~structure.sql",
    "real/GreenmaskIO__greenmask__docker~toclib~schema-dump.sql",
    "real/supabase__postgres__migrations~schema.sql",
    "real/sqlc-dev__sqlc__internal~endtoend~testdata~pg_dump~schema.sql",
    "real/9t9i__pg_dump_splitter__test~fixtures~sample-dump.sql",
    "real/neondatabase__postgres-sample-dbs__chinook.sql",
    "real/neondatabase__postgres-sample-dbs__periodic_table.sql",
    "real/neondatabase__postgres-sample-dbs__pagila.sql.zst",
];

fn server() -> Option<Cluster> {
    let programs = Programs::find_optional().unwrap();
    let Some(programs) = programs else {
        eprintln!("skipped: no PostgreSQL server programs");
        return None;
    };
    let cluster = Cluster::start(&programs).unwrap();
    let roles = r#"CREATE ROLE app_owner; CREATE ROLE app_ro; CREATE ROLE "Odd Role"; CREATE ROLE regress_dump_test_role;
        CREATE ROLE "regress_quoted  \"" role";"#;
    cluster.psql("postgres", roles).unwrap();
    Some(cluster)
}

#[test]
fn a_dump_that_went_through_a_tree_restores_to_the_same_database() {
    let (Some(corpus), Some(cluster)) = (corpus::corpus(), server()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let split = corpus::beside(JOIN, "pgdump-split");
    for (number, name) in DUMPS.iter().enumerate() {
        let dump = corpus::text(&corpus.join(name));
        let tree = folder.path().join(number.to_string());
        let arguments = ["-", "--keep-secrets", "--out", tree.to_str().unwrap()];
        let output = corpus::run(&split, &arguments, &dump);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let joined = corpus::run(Path::new(JOIN), &[tree.to_str().unwrap()], b"");
        assert!(joined.status.success(), "{name}: {}", String::from_utf8_lossy(&joined.stderr));
        let restored: Vec<String> = [("a", dump), ("b", joined.stdout)]
            .into_iter()
            .map(|(side, script)| {
                let database = format!("{side}{number}");
                cluster.create_database(&database).unwrap();
                cluster.psql_script_lenient(&database, &script).unwrap();
                let dump = cluster.pg_dump(&database, &["--schema-only"]).unwrap();
                let lines = String::from_utf8_lossy(&dump).into_owned();
                let lines = lines.lines().filter(|line| !line.contains("restrict ")).map(str::to_owned);
                lines.collect::<Vec<_>>().join("\n")
            })
            .collect();
        assert!(restored[0].lines().count() > 20, "{name}: nothing was restored");
        if restored[0] != restored[1] {
            let differ = restored[0].lines().zip(restored[1].lines()).find(|(a, b)| a != b);
            panic!("{name}: differs first at {differ:?}");
        }
    }
}

#[test]
fn a_joined_dump_restores_without_an_error() {
    let (Some(corpus), Some(cluster)) = (corpus::corpus(), server()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let split = corpus::beside(JOIN, "pgdump-split");
    let dump = corpus::text(&corpus.join("versions/hard.server15.pg_dump18.sql"));
    let tree = folder.path().join("tree");
    corpus::run(&split, &["-", "--out", tree.to_str().unwrap()], &dump);
    let joined = corpus::run(Path::new(JOIN), &[tree.to_str().unwrap()], b"");
    assert!(joined.stdout.starts_with(b"\\restrict "));
    cluster.create_database("hard").unwrap();
    cluster.psql_script("hard", &joined.stdout).unwrap();
}

#[test]
fn a_meta_command_in_a_tree_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pgdumpkit.json"), "{\"format\": 1, \"options\": {}}\n").unwrap();
    fs::write(folder.path().join("x.sql"), "CREATE SCHEMA a;\n\\! touch /tmp/owned\n").unwrap();
    let output = corpus::run(Path::new(JOIN), &[folder.path().to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("x.sql") && stderr.contains("line 2, byte 17"), "{stderr}");
}

#[test]
fn what_a_hand_wrote_into_a_tree_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pgdumpkit.json"), "{\"format\": 1, \"options\": {}}\n").unwrap();
    fs::write(folder.path().join("x.sql"), "DROP VIEW a.v;\nINSERT INTO a.t VALUES (1);\n").unwrap();
    let output = corpus::run(Path::new(JOIN), &[folder.path().to_str().unwrap(), "--no-restrict"], b"");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let script = String::from_utf8(output.stdout).unwrap();
    assert!(
        script.contains("DROP VIEW a.v;\n") && script.contains("INSERT INTO a.t VALUES (1);\n"),
        "{script}"
    );
}

#[test]
fn rows_in_a_hand_made_file_are_refused_and_not_dropped() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pgdumpkit.json"), "{\"format\": 1, \"options\": {}}\n").unwrap();
    fs::write(folder.path().join("x.sql"), "COPY a.t (x) FROM stdin;\n1\n\\.\n").unwrap();
    let output = corpus::run(Path::new(JOIN), &[folder.path().to_str().unwrap()], b"");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("x.sql") && stderr.contains("rows of COPY"), "{stderr}");
}

#[test]
fn lines_of_programs_are_skipped_where_psql_restores_the_rest() {
    let Some(cluster) = server() else { return };
    let normalize = corpus::beside(JOIN, "pgdump-normalize");
    cluster.create_database("lines").unwrap();
    for (place, _) in messages::PLACES {
        for (line, _) in messages::LINES {
            let dump = messages::with(place, line);
            let clean = "DROP TABLE IF EXISTS public.first; DROP TYPE IF EXISTS public.second";
            cluster.psql("lines", clean).unwrap();
            cluster.psql_script_lenient("lines", dump.as_bytes()).unwrap();
            let there = "SELECT (pg_catalog.to_regclass('public.first') IS NOT NULL AND pg_catalog.to_regtype('public.second') IS NOT NULL)";
            let restored = cluster.psql("lines", there).unwrap().trim() == "t";
            let output = corpus::run(&normalize, &["-"], dump.as_bytes());
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            // Behind the end psql has restored everything, and fails all the same.
            let expected = if restored && place != "<end>" { 0 } else { 2 };
            assert_eq!(output.status.code(), Some(expected), "{place} {line}: {stderr}");
        }
    }
}
