//! `pgdump-take`: what it takes is proven, whatever the format and the options.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "take/source.rs"]
mod source;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use manifest::Manifest;
use source::{Source, complaints, path, verify};

/// The formats, with the ending of their names.
const FORMATS: [(&[&str], &str); 9] = [
    (&["-Fp"], ".sql"),
    (&["-Fp", "-Z6"], ".sql.gz"),
    (&["-Fp", "-Z", "zstd:5"], ".sql.zst"),
    (&["-Fc"], ".dump"),
    (&["-Fc", "-Z0"], ".dump"),
    (&["-Ft"], ".tar"),
    (&["-Fd", "-j2"], ".dir"),
    (&["--inserts"], ".sql"),
    (&["-Fc", "--load-via-partition-root", "--column-inserts"], ".dump"),
];

fn manifest(backup: &std::path::Path) -> Manifest {
    let path = format!("{}.manifest.json", backup.display());
    Manifest::read(&mut fs::File::open(path).unwrap()).unwrap()
}

#[test]
fn every_format_is_taken_and_verified() {
    let Some(source) = Source::start() else { return };
    for (number, (arguments, ending)) in FORMATS.into_iter().enumerate() {
        let content: &[&str] = if number % 2 == 0 { &["--content"] } else { &[] };
        let (code, result, stderr) = source.take(&[arguments, content].concat());
        assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}: {result:#}");
        let backup = path(&result);
        assert!(backup.to_str().unwrap().ends_with(ending), "{arguments:?}: {result:#}");
        let mode = fs::metadata(&backup).unwrap().permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{arguments:?}");
        let recorded = manifest(&backup);
        let rows: u64 = recorded.tables.iter().map(|table| table.rows).sum();
        assert_eq!(rows, 500 + 2 + 1 + 120 + 1 + 1, "{arguments:?}");
        assert_eq!((recorded.large_objects.count, recorded.sequences.len()), (2, 1), "{arguments:?}");
        let hashed = recorded.tables.iter().filter(|table| table.hash.is_some()).count();
        assert_eq!(hashed > 0, !content.is_empty(), "{arguments:?}");
        let level = if number == 0 || number == 6 { "full" } else { "file" };
        let (code, text) = verify(&backup, &["--level", level]);
        assert_eq!(code, 0, "{arguments:?}: {text}");
        assert!(text.contains("compared with what the source held at "), "{text}");
    }
    let taken = source.names().into_iter().filter(|name| !name.ends_with(".json")).count();
    assert_eq!(taken, FORMATS.len());
}

#[test]
fn what_is_left_out_is_told() {
    let Some(source) = Source::start() else { return };
    source.psql(
        "CREATE EXTENSION pgcrypto; CREATE TABLE public.paws (x integer); INSERT INTO public.paws VALUES (1)",
    );
    let all = 9;
    let cases: [(&[&str], usize, &[&str]); 14] = [
        (&[], all, &[]),
        (&["-n", "shop"], all - 1, &["rows of public.paws: --schema"]),
        (&["-N", "pub*"], all - 1, &["rows of public.paws: --exclude-schema"]),
        // Without a schema a pattern finds what the search path finds: `shop.paws` it does not.
        (&["-t", "paws"], 1, &["rows of shop.goods: --table", "rows of shop.paws: --table"]),
        (&["-t", "shop.pa*"], 2, &["rows of public.paws: --table"]),
        (&["-T", "shop.goods"], all - 1, &["rows of shop.goods: --exclude-table"]),
        (&["--exclude-table-data", "*.goods"], all - 1, &["rows of shop.goods: --exclude-table-data"]),
        (&["--exclude-table-data=paws"], all - 1, &["rows of public.paws: --exclude-table-data"]),
        (&["--no-unlogged-table-data"], all - 1, &["rows of shop.cache: --no-unlogged-table-data"]),
        (&["-s"], 0, &["rows of shop.goods: --schema-only"]),
        (&["-a"], all, &[]),
        (&["--section=pre-data"], 0, &["rows of shop.goods: --section"]),
        (&["--section=data", "--section=post-data"], all, &[]),
        (&["-n", "shop", "-b", "--no-owner", "-x"], all - 1, &["rows of public.paws: --schema"]),
    ];
    for (arguments, tables, left_out) in cases {
        let (code, result, stderr) = source.take(&[arguments, &["-Fc", "--content"]].concat());
        assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}: {result:#}");
        let recorded = manifest(&path(&result));
        let with_rows = recorded.tables.iter().filter(|table| table.hash.is_some()).count();
        assert_eq!(with_rows, tables, "{arguments:?}: {:?}", recorded.tables);
        let told: Vec<String> =
            recorded.left_out.iter().map(|one| format!("{}: {}", one.what, one.why)).collect();
        for expected in left_out {
            assert!(told.iter().any(|one| one == expected), "{arguments:?}: {expected}: {told:?}");
        }
        assert!(!left_out.is_empty() || told.is_empty(), "{arguments:?}: {told:?}");
        let (code, text) = verify(&path(&result), &["--level", "file"]);
        assert_eq!(code, 0, "{arguments:?}: {text}");
    }
    // Large objects come with everything, or when they are asked for.
    let count = |arguments: &[&str]| {
        let (_, result, _) = source.take(&[arguments, &["-Fc"]].concat());
        manifest(&path(&result)).large_objects.count
    };
    assert_eq!(
        [count(&["-n", "shop"]), count(&["-n", "shop", "-b"]), count(&["-B"]), count(&["-a"])],
        [0, 2, 0, 2]
    );
}

#[test]
fn assertions_are_asked_of_the_source_and_of_the_copy() {
    let Some(source) = Source::start() else { return };
    let sql = "SELECT sum(id) FROM shop.goods";
    let (code, result, stderr) = source.take(&["-Fc", "--assert", sql]);
    assert_eq!(code, 0, "{result:#}{stderr}");
    let backup = path(&result);
    assert_eq!(manifest(&backup).assertions[0].value.as_deref(), Some("125250"));
    let (code, text) = verify(&backup, &[]);
    assert!(code == 0 && text.contains("assertion"), "{text}");
    let (code, result, stderr) = source.take(&["-Fc", "--assert", "SELECT nothing"]);
    assert!(code == 2 && stderr.contains("SELECT nothing"), "{result:#}{stderr}");
    let (code, result, stderr) = source.take(&["-Fc", "--assert", "DROP TABLE shop.goods"]);
    assert!(code == 2 && stderr.contains("read-only transaction"), "{result:#}{stderr}");
}

#[test]
fn a_whole_cluster_is_taken_database_by_database() {
    let Some(source) = Source::start() else { return };
    for name in ["Köln's", "a=b \"c\\", "postgresql://x"] {
        source.cluster.create_database(name).unwrap();
        source.cluster.psql(name, "CREATE TABLE t AS SELECT 1 AS x").unwrap();
    }
    source.psql("CREATE ROLE keeper LOGIN PASSWORD 'hush'");
    let (code, result, stderr) = source.take(&["--all", "-Fc", "--content"]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{result:#}");
    let backups = result["backups"].as_array().unwrap();
    // Those, the globals, `postgres` and `template1`.
    assert_eq!(backups.len(), 7, "{result:#}");
    let globals = path(&result);
    assert!(fs::read_to_string(&globals).unwrap().contains("CREATE ROLE keeper"));
    assert_eq!(fs::metadata(&globals).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!format!("{result}{stderr}").contains("SCRAM"));
    for backup in backups {
        let (code, text) = verify(backup["path"].as_str().unwrap().as_ref(), &["--level", "file"]);
        assert_eq!(code, 0, "{backup}: {text}");
    }
    // One that fails does not stop the others.
    source.psql("CREATE ROLE nobody LOGIN; REVOKE ALL ON DATABASE postgres FROM PUBLIC");
    source.cluster.psql("Köln's", "GRANT SELECT ON t TO nobody").unwrap();
    let (code, result, _) =
        source.take(&["--all", "-Fc", "-U", "nobody", "-d", "shop", "--no-role-passwords"]);
    let outcomes: Vec<(&str, &str)> = result["backups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["target"].as_str().unwrap(), one["outcome"].as_str().unwrap()))
        .collect();
    let expected = [
        ("globals of the cluster", "good"),
        ("Köln's", "good"),
        ("a=b \"c\\", "trouble"),
        ("postgres", "trouble"),
        ("postgresql://x", "trouble"),
        ("shop", "trouble"),
        ("template1", "good"),
    ];
    let mut sorted = outcomes.clone();
    sorted[1..].sort_unstable();
    assert_eq!((code, sorted), (2, expected.to_vec()), "{result:#}");

    let (code, result, stderr) = source.take(&["--pg-dumpall", "-Z", "zstd"]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{result:#}");
    let (code, text) = verify(&path(&result), &["--level", "file"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_verified_backup_is_taken_in_one_go() {
    let Some(source) = Source::start() else { return };
    let prom = source.folder.path().join("take.prom");
    let seen = source.folder.path().join("seen");
    let hook = source.liar(&format!(
        "cat > '{0}'; echo \"$PGDUMP_TAKE_OUTCOME $PGDUMP_TAKE_FILES\" >> '{0}'",
        seen.display()
    ));
    let hook = hook.join("pg_dump");
    let (hook, prom) = (hook.to_str().unwrap(), prom.to_str().unwrap());
    let arguments =
        ["-Fc", "--then-verify", "--prom", prom, "--on-success", hook, "--on-failure", "/nowhere"];
    let (code, result, stderr) = source.take(&arguments);
    assert_eq!(code, 0, "{result:#}{stderr}");
    assert_eq!(result["backups"][0]["verify_exit_code"], 0);
    let backup = path(&result);
    assert!(fs::read_to_string(prom).unwrap().contains("pgdumpkit_take_success{target=\"shop\"} 1\n"));
    let told = fs::read_to_string(&seen).unwrap();
    let (json, line) = told.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(json).unwrap(), result);
    assert_eq!(line, format!("good {}", backup.display()));
    // Whoever is to be told of a failure and cannot be is trouble too.
    let (code, result, stderr) = source.take(&["-Fc", "-t", "nothing.at.all", "--on-failure", "/nowhere"]);
    assert!(code == 2 && stderr.contains("/nowhere"), "{result:#}{stderr}");
    assert!(complaints(&result).contains("pg_dump"), "{result:#}");
}

#[test]
fn rows_that_are_elsewhere_are_not_compared() {
    let Some(source) = Source::start() else { return };
    let made = source.cluster.psql(
        "shop",
        "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; \
         CREATE FOREIGN TABLE shop.far (x text) SERVER files OPTIONS (program 'seq 3')",
    );
    if made.is_err() {
        return eprintln!("skipped: no file_fdw");
    }
    let (code, result, stderr) = source.take(&["-Fc", "--content", "--include-foreign-data", "files"]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{result:#}");
    assert!(
        result["backups"][0]["notes"].to_string().contains("table shop.far: it was not compared"),
        "{result:#}"
    );
    let recorded = manifest(&path(&result));
    let far = recorded.tables.iter().find(|table| table.name == "far").unwrap();
    assert_eq!((far.rows, far.kind), (3, manifest::TableKind::ForeignTable));
    let (code, text) = verify(&path(&result), &["--level", "file"]);
    assert_eq!(code, 0, "{text}");
    let (_, result, _) = source.take(&["-Fc"]);
    let recorded = manifest(&path(&result));
    assert!(recorded.left_out.iter().any(|one| one.what == "rows of shop.far"), "{:?}", recorded.left_out);
}

/// A server that answers every request with 200; returns where it is and what it was asked for.
fn switch() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hush-4711", listener.local_addr().unwrap());
    let (send, asked) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            if send.send(path).is_err() {
                return;
            }
        }
    });
    (url, asked)
}

#[test]
fn a_dead_man_switch_is_told() {
    let Some(source) = Source::start() else { return };
    let (url, asked) = switch();
    let told = || [asked.recv().unwrap(), asked.recv().unwrap()];
    assert_eq!(source.take(&["-Fc", "--ping", &url]).0, 0);
    assert_eq!(told(), ["/hush-4711/start", "/hush-4711"]);
    assert_eq!(source.take(&["-Fc", "-d", "nowhere", "--ping", &url]).0, 2);
    assert_eq!(told(), ["/hush-4711/start", "/hush-4711/fail"]);
    // A folder that is gone, as of a disk that is not mounted, is a failure like others.
    fs::rename(source.backups(), source.folder.path().join("elsewhere")).unwrap();
    assert_eq!(source.take(&["-Fc", "--ping", &url]).0, 2);
    assert_eq!(told(), ["/hush-4711/start", "/hush-4711/fail"]);
    fs::rename(source.folder.path().join("elsewhere"), source.backups()).unwrap();
    // One that cannot be told will ask by itself; its address is a secret.
    let (code, result, stderr) = source.take(&["-Fc", "--ping", "http://127.0.0.1:9/hush-4711"]);
    assert_eq!(code, 0, "{result:#}");
    assert!(stderr.contains("--ping") && !stderr.contains("hush"), "{stderr}");
}

#[test]
fn values_are_read_as_pg_dump_writes_them() {
    let Some(source) = Source::start() else { return };
    source.psql(
        "CREATE TABLE shop.bytes AS SELECT n, decode(md5(n::text), 'hex') AS b, 'shop.goods'::regclass AS r, now() AS at \
         FROM generate_series(1, 50) n",
    );
    let taken = |what: &str, arguments: &[&str]| {
        let arguments = [arguments, &["--content", "--then-verify"]].concat();
        let (code, result, stderr) = source.take(&arguments);
        assert_eq!((code, &result["backups"][0]["verify_exit_code"]), (0, &0.into()), "{what}: {stderr}");
        fs::read(path(&result)).unwrap()
    };
    let quoted = |dump: &[u8]| memchr::memmem::find(dump, b"\t\"shop\".\"goods\"").is_some();
    assert!(quoted(&taken("quoted by option", &["--quote-all-identifiers"])));
    source.psql("ALTER DATABASE shop SET bytea_output = escape");
    let dump = taken("of the database", &[]);
    assert!(memchr::memmem::find(&dump, b"\\\\2").is_some() && !quoted(&dump));
    taken("packed", &["-Fc"]);
    source.psql(
        "ALTER DATABASE shop SET quote_all_identifiers = on; ALTER ROLE postgres SET bytea_output = hex",
    );
    let dump = taken("of the role", &[]);
    assert!(memchr::memmem::find(&dump, b"\\\\x").is_some() && quoted(&dump));
    let mut command = source.command(&["--content", "--then-verify", "--json"]);
    let output =
        command.env("PGOPTIONS", "-c bytea_output=escape -c quote_all_identifiers=off").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
