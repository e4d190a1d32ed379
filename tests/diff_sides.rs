//! What `pgdump-diff` takes for a side, and what it never takes for "no difference".
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use scratch::{Cluster, Programs};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-diff");

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name).canonicalize().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn diff(arguments: &[&str], input: &[u8]) -> Output {
    corpus::run(Path::new(PROGRAM), arguments, input)
}

/// The exit code and what was said on stderr.
fn verdict(arguments: &[&str]) -> (i32, String) {
    outcome(diff(arguments, b""))
}

fn outcome(output: Output) -> (i32, String) {
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_form_of_a_dump_is_a_side() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, archive) = (fixture("shop.sql"), fixture("shop.dump"));
    let (packed, tree) = (folder.path().join("packed"), folder.path().join("tree"));
    let sql = fs::read(&plain).unwrap();
    fs::write(&packed, gzipped(&sql)).unwrap();
    let split = corpus::beside(PROGRAM, "pgdump-split");
    assert!(corpus::run(&split, &[text(&plain), "--out", text(&tree)], b"").status.success());
    let sides = [text(&plain), text(&archive), text(&packed), text(&tree), "-"];
    for old in sides {
        for new in sides.into_iter().filter(|new| [old, new] != ["-", "-"]) {
            let output = diff(&[old, new], &sql);
            assert_eq!(String::from_utf8_lossy(&output.stdout), "no differences\n", "{old} {new}");
        }
    }
}

#[test]
fn dev_null_is_a_side_without_a_schema() {
    let plain = fixture("shop.sql");
    let kinds = |arguments: &[&str]| -> Vec<String> {
        let output = diff(arguments, b"");
        assert_eq!(output.status.code(), Some(1));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let changes = json["changes"].as_array().unwrap();
        changes.iter().map(|change| change["kind"].as_str().unwrap().to_owned()).collect()
    };
    let added = kinds(&["/dev/null", text(&plain), "--json"]);
    assert!(added.len() > 10 && added.iter().all(|kind| kind == "added"));
    let dropped = kinds(&[text(&plain), "/dev/null", "--json", "-n", "shop"]);
    assert!(!dropped.is_empty() && dropped.iter().all(|kind| kind == "dropped"));
    assert_eq!(verdict(&["/dev/null", "/dev/null"]).0, 2);
}

#[test]
fn what_is_no_whole_dump_is_trouble_on_either_side() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, archive) = (fixture("shop.sql"), fixture("shop.dump"));
    let (sql, bytes) = (fs::read(&plain).unwrap(), fs::read(&archive).unwrap());
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let mut wrong = vec![
        folder.path().join("missing"),
        folder.path().to_owned(),
        file("empty", b""),
        file("blanks", b"\n\n-- nothing\n"),
        file("binary", b"some \0 bytes"),
        file("prose", b"no SQL at all"),
        file("packed-nothing", &gzipped(b"")),
    ];
    for (number, share) in (1..20).enumerate() {
        wrong.push(file(&format!("{number}.sql"), &sql[..sql.len() * share / 20]));
        wrong.push(file(&format!("{number}.dump"), &bytes[..bytes.len() * share / 20]));
        let packed = gzipped(&sql);
        wrong.push(file(&format!("{number}.gz"), &packed[..packed.len() * share / 20]));
    }
    for path in wrong {
        for rows in [&[][..], &["--rows"]] {
            for pair in [[text(&plain), text(&path)], [text(&path), text(&plain)], [text(&path), text(&path)]]
            {
                let (code, stderr) = verdict(&[&pair, rows].concat());
                assert_eq!(code, 2, "{pair:?}: {stderr}");
                assert!(stderr.starts_with("error: "), "{stderr}");
            }
        }
    }
    assert_eq!(outcome(diff(&["-", "-"], &sql)).0, 2);
    assert_eq!(outcome(diff(&["-", text(&plain)], &sql[..sql.len() / 2])).0, 2);
}

#[test]
fn rows_are_compared_if_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, sql: &str| {
        let path = folder.path().join(name);
        fs::write(&path, sql).unwrap();
        text(&path).to_owned()
    };
    let table = "CREATE TABLE a.t (x integer);\n";
    let one = file("one", &format!("{table}COPY a.t (x) FROM stdin;\n1\n\\.\n"));
    let same = file("same", &format!("{table}INSERT INTO a.t (x) VALUES (1);\n"));
    let other = file("other", &format!("{table}COPY a.t (x) FROM stdin;\n2\n\\.\n"));
    let schema = file("schema", table);
    let expression = file("expression", &format!("{table}INSERT INTO a.t (x) VALUES (abs(1));\n"));
    assert_eq!(verdict(&[&one, &other]).0, 0, "nobody asked");
    assert_eq!(verdict(&[&one, &same, "--rows"]).0, 0);
    assert_eq!(verdict(&[&one, &other, "--rows"]).0, 1);
    assert_eq!(verdict(&[&one, &expression, "--rows"]).0, 3);
    let (code, stderr) = verdict(&[&schema, &one, "--rows"]);
    assert_eq!((code, stderr.as_str()), (3, "warning: rows are not compared: the old dump holds no data\n"));
    // Of all formats, with sequence values.
    let (plain, archive) = (fixture("shop.sql"), fixture("shop.dump"));
    assert_eq!(verdict(&[text(&plain), text(&archive), "--rows"]), (0, String::new()));
    let sql = fs::read_to_string(&plain).unwrap();
    assert!(sql.contains(", true);"));
    let moved = file("moved", &sql.replacen(", true);", ", false);", 1));
    assert_eq!(verdict(&[text(&plain), &moved]).0, 0);
    assert_eq!(verdict(&[text(&plain), &moved, "--rows"]).0, 1);
}

#[test]
fn what_one_side_was_made_without_is_left_out_and_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let bare = "CREATE TABLE a.t (x integer);\nCREATE TABLE a.u (x integer);\n";
    let owned = "ALTER TABLE a.t OWNER TO o;\nALTER TABLE a.u OWNER TO o;\n";
    let granted =
        "GRANT SELECT ON TABLE a.t TO n;\nALTER DEFAULT PRIVILEGES FOR ROLE o GRANT SELECT ON TABLES TO n;\n";
    let full = file("full.sql", &format!("{bare}{owned}{granted}"));
    let said = |old: &Path, new: &Path| {
        let output = diff(&[text(old), text(new), "--json"], b"");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let count = |key: &str| json[key].as_array().unwrap().len();
        (output.status.code().unwrap(), count("changes"), count("left_out"))
    };
    let neither = file("neither.sql", bare);
    assert_eq!((said(&neither, &full), said(&full, &neither)), ((0, 0, 2), (0, 0, 2)));
    let text_report = diff(&[text(&full), text(&neither)], b"").stdout;
    assert_eq!(
        String::from_utf8_lossy(&text_report),
        "left out\n  owners: the new dump names none at all, as `--no-owner` has it\n  \
         privileges: the new dump names none at all, nor any owner, as `--no-privileges` has it\nno differences\n"
    );
    // Privileges that are there are compared, and so are owners if one is named.
    let granting = file("granting.sql", &format!("{bare}GRANT SELECT, INSERT ON TABLE a.t TO n;\n"));
    assert_eq!(said(&granting, &full), (1, 2, 1));
    let one = file("one.sql", &format!("{bare}ALTER TABLE a.t OWNER TO o;\n{granted}"));
    assert_eq!(said(&one, &full), (1, 1, 0));
    // No privileges may be all there are.
    let owning = file("owning.sql", &format!("{bare}{owned}"));
    assert_eq!(said(&owning, &full), (1, 2, 0));
    assert_eq!(said(&neither, &neither), (0, 0, 0));
    assert_eq!(said(&neither, &granting), (1, 1, 0));
}

#[test]
fn databases_of_other_names_are_compared_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let described = |name: &str, comment: &str| {
        let path = folder.path().join(format!("{comment}.sql"));
        let sql = format!(
            "CREATE DATABASE {name} WITH TEMPLATE = template0 ENCODING = 'UTF8';\nALTER DATABASE {name} OWNER TO o;\n\
             COMMENT ON DATABASE {name} IS '{comment}';\nALTER DATABASE {name} SET work_mem TO '1MB';\n\
             GRANT ALL ON DATABASE {name} TO n;\n\\connect {name}\nCREATE TABLE a.t (a integer);\n"
        );
        fs::write(&path, sql).unwrap();
        path
    };
    let (staging, production) = (described("a", "one"), described("\"D-x\"", "two"));
    let output = diff(&[text(&staging), text(&production)], b"");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let expected = "      ~ comment: 'one' → 'two'\nleft out\n  names of the databases: a, \"D-x\"\n";
    assert!(said.contains(expected) && said.contains("1 changed, 0 dropped"), "{said}");
    fs::write(&staging, fs::read_to_string(&staging).unwrap().replace("'one'", "'two'")).unwrap();
    assert_eq!(diff(&[text(&staging), text(&production)], b"").status.code(), Some(0));
}

/// A cluster in which the user `pw` needs a password, which is `hunter2`.
fn cluster_with_passwords() -> Option<Cluster> {
    let Some(programs) = Programs::find_optional().unwrap() else {
        eprintln!("skipped: no PostgreSQL server programs");
        return None;
    };
    let cluster = Cluster::start(&programs).unwrap();
    cluster.create_database("shop").unwrap();
    cluster.psql("shop", "CREATE ROLE shop_clerk; CREATE ROLE shop_auditor").unwrap();
    cluster.psql_script("shop", &fs::read(fixture("shop.sql")).unwrap()).unwrap();
    cluster.psql("shop", "CREATE ROLE pw SUPERUSER LOGIN PASSWORD 'hunter2'").unwrap();
    let rules = "VALUES ('local all postgres trust'), ('local all all scram-sha-256')";
    let file = cluster.psql("shop", "SHOW hba_file").unwrap();
    cluster.psql("shop", &format!("COPY ({rules}) TO '{}'", file.trim_end())).unwrap();
    cluster.psql("shop", "SELECT pg_reload_conf()").unwrap();
    // The server takes a moment to read it.
    for _ in 0..100 {
        let loaded = "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'scram-sha-256'";
        if cluster.psql("shop", loaded).unwrap() == "1\n" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Some(cluster)
}

/// Runs the tool without any setting of the environment for libpq.
fn diff_with_server(cluster: &Cluster, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(PROGRAM);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("PG") && !name.starts_with("PGDUMPKIT_")) {
            command.env_remove(name);
        }
    }
    command.env("PGDUMPKIT_PG_BINDIR", cluster.programs().bindir()).env("HOME", "/nowhere");
    command.args(arguments).envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn a_database_is_a_side() {
    let Some(cluster) = cluster_with_passwords() else { return };
    let plain = fixture("shop.sql");
    let (host, folder) = (cluster.socket_dir(), tempfile::tempdir().unwrap());
    let (host, port) = (text(&host), cluster.port());
    let services = folder.path().join("services");
    let service = format!("[shop]\nhost={host}\nport={port}\ndbname=shop\nuser=pw\npassword=hunter2\n");
    fs::write(&services, service).unwrap();
    let services = [("PGSERVICEFILE", text(&services))];
    let sides = [
        format!("postgresql://pw:hunter%32@/shop?host={host}&port={port}"),
        format!("postgres:///shop?host={host}&port={port}&user=pw&password=hunter2"),
        format!("host={host} port={port} dbname=shop user=pw password='hunter2'"),
        format!("dbname=shop host={host} user=postgres"),
        "service=shop".to_owned(),
    ];
    for side in &sides {
        for pair in [[side.as_str(), text(&plain)], [text(&plain), side]] {
            let output = diff_with_server(&cluster, &pair, &services);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert_eq!(said, "no differences\n", "{side}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    // A database has nothing behind an end.
    let followed = folder.path().join("followed.sql");
    let trailer = "INSERT INTO shop.product DEFAULT VALUES;\n";
    fs::write(&followed, format!("{}{trailer}", fs::read_to_string(&plain).unwrap())).unwrap();
    let output = diff_with_server(&cluster, &[text(&followed), &sides[0]], &[]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "left out\n  what follows the end of the old dump: a database has no such thing\nno differences\n"
    );
    cluster.psql("shop", "ALTER TABLE shop.product ADD weight numeric").unwrap();
    let output = diff_with_server(&cluster, &[text(&plain), &sides[0]], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("column weight"));
    assert!(!format!("{output:?}").contains("hunter"), "{output:?}");
    let (code, stderr) = outcome(diff_with_server(&cluster, &[text(&plain), &sides[0], "--rows"], &[]));
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("the new dump holds no data"), "{stderr}");
}

#[test]
fn what_pg_dump_complains_of_is_told_without_the_password() {
    let Some(cluster) = cluster_with_passwords() else { return };
    let plain = fixture("shop.sql");
    let host = cluster.socket_dir();
    let host = text(&host);
    let cases = [
        (format!("postgresql://pw:wrong-secret@/shop?host={host}"), "password authentication failed"),
        (format!("postgresql://pw:wrong-secret@/missing?host={host}"), "failed"),
        (format!("postgresql://postgres:wrong-secret@/missing?host={host}"), "\"missing\" does not exist"),
        (format!("postgresql://pw@/shop?host={host}"), "hint: put the password into"),
        ("postgresql://u:wrong-secret@nowhere.invalid/shop".to_owned(), "could not translate host name"),
        ("postgresql://u:wrong-secret@/shop?nonsense=1".to_owned(), "nonsense"),
        ("postgresql://u:wrong/secret@h/shop".to_owned(), "connection URL is not clear"),
        ("host=h password=wrong secret".to_owned(), "a word without `=`"),
        ("service=missing".to_owned(), "\"missing\" not found"),
    ];
    for (side, complaint) in &cases {
        for pair in [[side.as_str(), text(&plain)], [text(&plain), side]] {
            let (code, stderr) = outcome(diff_with_server(&cluster, &pair, &[]));
            assert_eq!(code, 2, "{side}: {stderr}");
            assert!(stderr.contains(complaint), "{side}: {stderr}");
            assert!(!stderr.contains("wrong") && !stderr.contains("secret@"), "{stderr}");
        }
    }
    let nowhere = [("PGDUMPKIT_PG_BINDIR", "/nowhere")];
    let (code, stderr) = outcome(diff_with_server(&cluster, &["service=x", text(&plain)], &nowhere));
    assert_eq!(code, 2);
    assert!(stderr.contains("no `pg_dump` found, looked in: /nowhere\nhint: install"), "{stderr}");
}
