//! restore(join(split(D))) dumped again is restore(D) dumped again, on a real server.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "round_trip/copies.rs"]
mod copies;
#[path = "corpus.rs"]
mod corpus;
#[path = "messages/mod.rs"]
mod messages;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dump::{Dump, NoData, ReadOptions, Stream};
use scratch::{Cluster, Programs};
use tree::folder::Mark;
use tree::layout::Partitions;

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
    let [split, diff] = ["pgdump-split", "pgdump-diff"].map(|name| corpus::beside(JOIN, name));
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
        // Its copy may be written otherwise, and is the same.
        let copy = format!("c{number}");
        cluster.create_database(&copy).unwrap();
        cluster.psql_script_lenient(&copy, restored[0].as_bytes()).unwrap();
        let paths = [0, 1].map(|side| folder.path().join(format!("{number}.{side}.sql")));
        fs::write(&paths[0], &restored[0]).unwrap();
        fs::write(&paths[1], cluster.pg_dump(&copy, &["--schema-only"]).unwrap()).unwrap();
        let output = corpus::run(&diff, &paths.each_ref().map(|path| path.to_str().unwrap()), b"");
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{name} and its copy: {said}");
    }
}

/// A server writes some expressions in one way at first, and in another once it has read that.
#[test]
fn a_database_its_copy_and_the_copys_copy_are_the_same() {
    let Some(cluster) = server() else { return };
    let mut scripts = vec![("expressions".to_owned(), copies::script().into_bytes())];
    if let Some(corpus) = corpus::corpus() {
        let name = "versions/pgdump_objects.server15.pg_dump15.sql";
        scripts.push((name.to_owned(), corpus::text(&corpus.join(name))));
    }
    let folder = tempfile::tempdir().unwrap();
    let [split, diff, normalize] =
        ["pgdump-split", "pgdump-diff", "pgdump-normalize"].map(|name| corpus::beside(JOIN, name));
    for (number, (name, script)) in scripts.into_iter().enumerate() {
        let tree = folder.path().join(format!("tree{number}"));
        let tree = ["--out", tree.to_str().unwrap()];
        let (mut next, mut before) = (script, None);
        for copy in 0..3 {
            let database = format!("copy{number}_{copy}");
            cluster.create_database(&database).unwrap();
            cluster.psql_script_lenient(&database, &next).unwrap();
            next = cluster.pg_dump(&database, &["--schema-only"]).unwrap();
            let path = folder.path().join(format!("{number}_{copy}.sql"));
            fs::write(&path, &next).unwrap();
            let path = path.to_str().unwrap().to_owned();
            let canonical = corpus::run(&normalize, &[&path], b"").stdout;
            assert_eq!(
                corpus::run(&normalize, &["-"], &canonical).stdout,
                canonical,
                "{name}: not idempotent"
            );
            let written = corpus::run(&split, &[&["-"], &tree[..]].concat(), &next);
            assert!(written.status.success(), "{name}: {}", String::from_utf8_lossy(&written.stderr));
            if let Some(before) = before.replace(path.clone()) {
                let output = corpus::run(&diff, &[&before, &path], b"");
                let said = String::from_utf8_lossy(&output.stdout);
                assert_eq!(output.status.code(), Some(0), "{name}, copy {copy}: {said}");
                let files = String::from_utf8_lossy(&written.stdout).into_owned();
                assert!(files.contains("0 added, 0 changed, 0 removed"), "{name}, copy {copy}: {files}");
            }
            let output = corpus::run(&diff, &[&path, tree[1]], b"");
            let said = String::from_utf8_lossy(&output.stdout);
            assert_eq!(output.status.code(), Some(0), "{name}, copy {copy} and its tree: {said}");
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

/// Reads a dump; `None` for what no tool takes.
fn read(text: &[u8]) -> Option<Dump> {
    let dump = dump::read(Stream(text), ReadOptions::default(), &mut NoData).ok()?;
    let is_twice = dump.repeated.is_some() || dump.second.as_ref().is_some_and(|two| two.repeats.is_some());
    (!is_twice).then_some(dump)
}

fn script(dump: &Dump) -> String {
    let mut script = Vec::new();
    dump::write_script(dump, None, &mut script, |_, _| Ok(())).unwrap();
    String::from_utf8_lossy(&script).into_owned()
}

/// Says whether a dump, its normalised text and its tree are one; returns what is not.
fn differences(text: &[u8], root: &Path) -> Option<Vec<String>> {
    let dump = read(text)?;
    let mut found = Vec::new();
    let mut differs = |what: &str, one: &str, other: &str| {
        if one != other {
            let lines = one.lines().zip(other.lines()).find(|(one, other)| one != other);
            found.push(format!("{what}: {lines:?}, {} and {} bytes", one.len(), other.len()));
        }
    };
    let told = |one: &Dump, other: &Dump| {
        let (findings, _) = compare::Judge::default().compare(one, other, &[]);
        findings.iter().map(|finding| format!("{:?}\n", finding.change)).collect::<String>()
    };
    let normalized = script(&dump);
    let again = read(normalized.as_bytes()).unwrap();
    differs("normalised twice", &normalized, &script(&again));
    differs("a dump and its normalised text", "", &told(&dump, &again));

    let files = tree::layout::files(&dump, Partitions::Separate);
    let mut options = serde_json::Map::new();
    options.extend(Mark::encodings(&dump).map(|encodings| ("encoding".to_owned(), encodings)));
    fs::create_dir(root).unwrap();
    fs::write(root.join("pgdumpkit.json"), Mark::new(options.into()).to_json()).unwrap();
    for (path, text) in &files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let tree = match tree::reader::read(root, None) {
        Ok(tree) => tree.dump,
        // What psql runs is never run out of a tree.
        Err(error) if error.to_string().contains("meta-command") => return Some(found),
        Err(error) => panic!("{error}"),
    };
    differs("a dump and its tree", "", &told(&dump, &tree));
    let joined = read(script(&tree).as_bytes()).unwrap();
    let texts = |files: BTreeMap<String, Vec<u8>>| {
        let text = |(path, text): (String, Vec<u8>)| format!("{path}\n{}", String::from_utf8_lossy(&text));
        files.into_iter().map(text).collect::<String>()
    };
    differs(
        "a tree and that of its joined dump",
        &texts(files),
        &texts(tree::layout::files(&joined, Partitions::Separate)),
    );
    Some(found)
}

#[test]
fn every_dump_its_normalised_text_and_its_tree_are_one() {
    let Some(corpus) = corpus::corpus() else { return };
    let folder = tempfile::tempdir().unwrap();
    let history = corpus::unpacked(&corpus.join("history/feedbin.tar.zst"));
    let folders =
        ["real", "reported", "versions", "formats/hard.server18", "formats/pgdump_objects.server18"];
    let mut folders: Vec<_> = folders.map(|part| corpus.join(part)).into();
    folders.push(history.path().join("feedbin__feedbin"));
    let mut read = 0;
    for entry in folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // The regression database is as large as all others together, and one of it is among the restored ones above.
        if !(name.ends_with(".sql") || name.ends_with(".sql.zst")) || name.starts_with("regression") {
            continue;
        }
        if let Some(differences) = differences(&corpus::text(&path), &folder.path().join(read.to_string())) {
            assert!(differences.is_empty(), "{}: {differences:#?}", path.display());
            read += 1;
        }
    }
    assert!(read > 150, "{read}");
}

/// Guards against lists of migrations that go when they are cleaned twice, or that change for nothing.
#[test]
fn whatever_follows_a_dump_it_is_one_with_its_tree() {
    let empty = "SELECT pg_catalog.set_config('search_path', '', false);\n";
    let old = "SET search_path = public, pg_catalog;\n";
    let paths = [
        "",
        empty,
        old,
        "SET search_path TO \"$user\", public;\n",
        "SET search_path = app, public, pg_catalog;\n",
        "SET search_path = app, pg_catalog;\nCREATE TABLE first (a integer);\nSET search_path = public, pg_catalog;\n",
    ];
    let objects = "CREATE SEQUENCE s;\nCREATE TABLE seen (step text DEFAULT nextval('s'));\nCREATE VIEW v AS SELECT step FROM seen;\n";
    let ends = ["--\n-- PostgreSQL database dump complete\n--\n\n", "-- PostgreSQL database dump complete\n"];
    let trailers = [
        "",
        "\n\n-- vim: set ft=sql\n",
        "SET search_path TO \"$user\",public;\n\nINSERT INTO \"seen\" (step) VALUES\n('2'),\n('1');\n\n",
        "SET search_path TO app, public;\nINSERT INTO seen (step) VALUES ('2');\n\nINSERT INTO seen (step) VALUES ('1');\n",
        "\n--\n-- Dbmate schema migrations\n--\n\nINSERT INTO public.seen (step) VALUES\n    ('2'),\n    ('1');\n",
        "INSERT INTO public.\"seen\" (step) VALUES (20240101);\nINSERT INTO public.\"seen\" (step) VALUES (20230101);\n",
        "INSERT INTO seen VALUES ('2');\n-- between\nINSERT INTO seen VALUES ('1');\nUPDATE seen\n   SET step = 3 /* why */ WHERE step = '1';\n",
        "CREATE EXTENSION IF NOT EXISTS hstore;\nCOMMENT ON EXTENSION hstore IS 'x';\nCREATE TABLE late (\n  a int\n);\n",
        "COPY seen (step) FROM stdin;\n2\n1\n\\.\nSELECT count(*) FROM seen;\n",
        "\\echo done\nINSERT INTO seen VALUES ('1') ON CONFLICT DO NOTHING;\n",
        "RESET ALL;\nSET standard_conforming_strings = off;\nINSERT INTO seen VALUES ('a\\'b'), (E'\\\\');\n",
        "\\connect other\nCREATE TABLE there (a integer);\n",
        "SET ROLE x;\nDO $$ BEGIN\n-- kept\nEND $$;\nINSERT INTO a.t SELECT 1;\nVALUES (1);\n",
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut number = 0;
    for path in paths {
        for trailer in trailers {
            for end in ends {
                let dump = format!("--\n-- PostgreSQL database dump\n--\n\n{path}{objects}{end}{trailer}");
                number += 1;
                let differences = differences(dump.as_bytes(), &folder.path().join(number.to_string()));
                assert_eq!(differences, Some(Vec::new()), "{dump}");
                let kept = trailer.matches("INSERT").count() > 0;
                let normalized = script(&read(dump.as_bytes()).unwrap());
                assert_eq!(normalized.contains("INSERT INTO"), kept, "{dump}\n{normalized}");
            }
        }
    }
}
