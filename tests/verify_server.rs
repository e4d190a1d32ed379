//! `pgdump-verify` on a server that was given, and what it keeps.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use manifest::Manifest;
use scratch::{Cluster, Programs};

/// Of a server on which everybody creates in `public`: who owns a table there must be allowed to.
const DUMP: &str = "-- Dumped from database version 14.9\n\nCREATE TABLE public.t (x integer);\nALTER TABLE public.t OWNER TO keeper;\n\
    COPY public.t (x) FROM stdin;\n1\n2\n\\.\n";
const END: &str = "-- PostgreSQL database dump complete\n";

/// What a run may leave on a server.
const OURS: &str = "SELECT (SELECT count(*) FROM pg_database WHERE datname LIKE 'pgdumpkit%') \
    + (SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pgdumpkit%' OR rolname = 'keeper')";

fn verify(arguments: &[&str]) -> (i32, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_pgdump-verify"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

struct Given {
    cluster: Cluster,
    folder: tempfile::TempDir,
}

impl Given {
    fn start() -> Option<Given> {
        let Some(programs) = Programs::find_optional().unwrap() else {
            eprintln!("skipped: no PostgreSQL server programs");
            return None;
        };
        let cluster = Cluster::start(&programs).unwrap();
        Some(Given { cluster, folder: tempfile::tempdir().unwrap() })
    }

    fn url(&self, role: &str) -> String {
        let folder = self.cluster.socket_dir();
        format!("host='{}' port={} user={role} dbname=postgres", folder.display(), self.cluster.port())
    }

    fn dump(&self, more: &str) -> String {
        let path = self.folder.path().join("dump.sql");
        fs::write(&path, format!("{DUMP}{more}{END}")).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn psql(&self, sql: &str) -> String {
        self.cluster.psql("postgres", sql).unwrap().trim_end().to_owned()
    }

    fn assert_clean(&self, what: &str) {
        assert_eq!(self.psql(OURS), "0", "{what}");
    }
}

#[test]
fn a_given_server_is_used_and_left_as_it_was() {
    let Some(given) = Given::start() else { return };
    let backup = given.dump("");
    given.psql("CREATE ROLE maker LOGIN CREATEDB CREATEROLE; CREATE ROLE creator LOGIN CREATEDB");
    // Whoever may make roles makes one to stand in for the owner; who may not cannot judge it.
    for (role, level, expected) in
        [("postgres", "full", 0), ("maker", "full", 0), ("maker", "restore", 0), ("creator", "restore", 3)]
    {
        let (code, text) = verify(&[&backup, "--server", &given.url(role), "--level", level]);
        assert_eq!(code, expected, "{role}: {text}");
        assert!(text.contains("not fenced: the given server"), "{text}");
        assert_eq!(text.contains("restored as the given role"), role == "creator", "{text}");
        given.assert_clean(role);
    }
    // Where only the owner of the database creates in `public`, others may own what is there all the same.
    let newer = format!("{DUMP}ALTER SEQUENCE public.s OWNER TO keeper;\n{END}")
        .replace("version 14.9", "version 15.4")
        .replace("COPY", "CREATE SEQUENCE public.s\n    START WITH 1\n    INCREMENT BY 1\n    NO MINVALUE\n    NO MAXVALUE\n    CACHE 1;\nCOPY");
    let path = given.folder.path().join("newer.sql");
    fs::write(&path, newer).unwrap();
    for role in ["postgres", "maker"] {
        let (code, text) = verify(&[path.to_str().unwrap(), "--server", &given.url(role), "--level", "full"]);
        assert_eq!(code, 0, "{role}: {text}");
        given.assert_clean(role);
    }
    // A role of the server's own is nobody's to become, whoever asks.
    given.psql("CREATE ROLE resident");
    // Sequences and views are called tables by older pg_dumps.
    let resident = given.dump(
        "ALTER TABLE public.t OWNER TO resident;\nCREATE SEQUENCE public.s;\nALTER TABLE public.s OWNER TO resident;\nCREATE \
         SEQUENCE public.r;\nALTER SEQUENCE public.r OWNER TO resident;\nALTER SEQUENCE public.s OWNED BY public.t.x;\nCREATE VIEW \
         public.v AS SELECT x FROM public.t;\nALTER TABLE public.v OWNER TO resident;\n",
    );
    for role in ["postgres", "maker", "creator"] {
        let (code, text) = verify(&[&resident, "--server", &given.url(role)]);
        assert!(code == 3 && text.contains("resident"), "{role}: {code}: {text}");
        given.assert_clean(role);
    }
    let backup = given.dump("");
    given.psql("CREATE ROLE poor LOGIN");
    let (code, text) = verify(&[&backup, "--server", &given.url("poor")]);
    assert!(code == 2 && text.contains("may not create databases"), "{code}: {text}");

    // Nothing of a backup runs as a superuser here, whatever it says.
    let canary = given.folder.path().join("canary");
    let canary = canary.display();
    for sql in [
        format!("COPY public.t TO '{canary}';\n"),
        format!("COPY public.t TO PROGRAM 'touch {canary}';\n"),
        format!("RESET ROLE;\nSET ROLE postgres;\nCOPY public.t TO '{canary}';\n"),
        "CREATE EXTENSION dblink;\n".to_owned(),
    ] {
        let (code, text) = verify(&[&given.dump(&sql), "--server", &given.url("postgres")]);
        assert_eq!(code, 3, "{sql}: {text}");
        given.assert_clean(&sql);
    }
    // Nor as whoever makes roles, who could let himself run programs.
    let sql =
        format!("GRANT pg_execute_server_program TO maker;\nCOPY public.t TO PROGRAM 'touch {canary}';\n");
    let (code, text) = verify(&[&given.dump(&sql), "--server", &given.url("maker")]);
    assert!(code == 3 && !given.folder.path().join("canary").exists(), "{code}: {text}");
    assert_eq!(given.psql("SELECT count(*) FROM pg_auth_members WHERE member = 'maker'::regrole"), "0");
    let backup = given.dump("COMMENT ON DATABASE postgres IS 'mine';\nSELECT pg_catalog.pg_sleep(600);\n");
    let (code, text) = verify(&[&backup, "--server", &given.url("postgres"), "--timeout", "2"]);
    assert!(code == 3 && text.contains("time limit"), "{code}: {text}");
    given.assert_clean("after the time limit");
}

#[test]
fn a_database_is_kept_only_under_a_free_name() {
    let Some(given) = Given::start() else { return };
    let (backup, url) = (given.dump(""), given.url("postgres"));
    let (code, text) = verify(&[&backup, "--server", &url, "--keep", "postgres"]);
    assert!(code == 2 && text.contains("is in use: postgres"), "{code}: {text}");
    let (code, text) = verify(&[&backup, "--server", &url, "--keep", "Kept one"]);
    assert!(code == 0 && text.contains("kept on the given server: "), "{code}: {text}");
    assert_eq!(given.cluster.psql("Kept one", "SELECT sum(x) FROM t").unwrap(), "3\n");
    assert_eq!(given.psql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pgdumpkit%'"), "0");
    let (code, text) = verify(&["--reap", "--server", &url]);
    assert_eq!((code, text.as_str()), (0, ""));
    assert_eq!(given.cluster.psql("Kept one", "SELECT sum(x) FROM t").unwrap(), "3\n");

    // An empty database gives up its place, and nothing else does.
    let (code, text) = verify(&[&backup, "--server", &url, "--keep", "Kept one"]);
    assert!(code == 2 && text.contains("is not empty: Kept one"), "{code}: {text}");
    given.psql("CREATE ROLE owner");
    given.psql("CREATE DATABASE empty OWNER owner");
    let manifest = given.folder.path().join("manifest.json");
    let identifier = given.psql("SELECT system_identifier FROM pg_control_system()");
    let source =
        Manifest { system_identifier: Some(identifier), database: "empty".to_owned(), ..Manifest::default() };
    source.write(&mut fs::File::create(&manifest).unwrap()).unwrap();
    let manifest = manifest.to_str().unwrap();
    let (code, text) = verify(&[&backup, "--server", &url, "--keep", "empty", "--manifest", manifest]);
    assert!(code == 2 && text.contains("is the source of the backup: empty"), "{code}: {text}");
    // The owner stayed with what was kept, and is nobody's to become any more.
    let (code, text) = verify(&[&backup, "--server", &url, "--keep", "empty"]);
    assert!(code == 3 && text.contains("must be member of role \"keeper\""), "{code}: {text}");
    assert_eq!(given.cluster.psql("empty", "SELECT sum(x) FROM t").unwrap(), "3\n");
    assert_eq!(given.psql("SELECT datdba::regrole FROM pg_database WHERE datname = 'empty'"), "owner");
}

#[test]
fn a_password_reaches_the_given_server_without_being_asked_for() {
    let Some(given) = Given::start() else { return };
    given.psql("CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'hush'");
    let file = given.psql("SHOW hba_file");
    fs::write(&file, "local all postgres trust\nlocal all all scram-sha-256\n").unwrap();
    given.psql("SELECT pg_reload_conf()");
    let (backup, url) = (given.dump(""), given.url("guarded"));
    let (code, text) = verify(&[&backup, "--server", &format!("{url} password=hush"), "--level", "full"]);
    assert!(code == 0 && !text.contains("hush"), "{code}: {text}");
    let (code, text) = verify(&[&backup, "--server", &url, "-w"]);
    assert!(code == 2 && text.contains("password"), "{code}: {text}");
    // There is no terminal to ask on.
    let (code, text) = verify(&[&backup, "--server", &format!("{url} password=hush"), "-W"]);
    assert!(code == 2 && text.contains("password"), "{code}: {text}");
    given.assert_clean("with a password");
}

#[test]
fn a_private_server_is_kept_until_it_ends() {
    let Some(given) = Given::start() else { return };
    let temp = given.folder.path().join("tmp");
    fs::create_dir(&temp).unwrap();
    for path in [given.folder.path(), &temp] {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgdump-verify"));
        let output = command.args(arguments).env("TMPDIR", &temp).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let shell = |line: &str| Command::new("sh").args(["-c", line]).output().unwrap();
    let text = run(&[&given.dump(""), "--keep", "it's mine"]);
    let line = |begin: &str| text.lines().find_map(|line| line.split_once(begin)).unwrap().1.to_owned();
    let connect = format!("{} -Atc 'SELECT sum(x) FROM t'", line("connect with: "));
    assert_eq!(shell(&connect).stdout, b"3\n", "{connect}");
    assert_eq!(run(&["--reap"]), "");
    assert_eq!(shell(&connect).stdout, b"3\n");
    assert!(shell(&line("remove it with: ")).status.success());
    assert_eq!(fs::read_dir(&temp).unwrap().count(), 0);
}

#[test]
fn killed_runs_leave_nothing_on_a_given_server() {
    let Some(given) = Given::start() else { return };
    let backup = given.dump("SELECT pg_catalog.pg_sleep(1);\n");
    let url = given.url("postgres");
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgdump-verify"));
        let command = command.args([backup.as_str(), "--server", &url]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    for round in 0..15 {
        let mut child = start();
        thread::sleep(Duration::from_millis(round * 60));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // The server notices that nobody is there any more when the query ends.
    let begin = Instant::now();
    loop {
        let (code, text) = verify(&["--reap", "--server", &url]);
        if code == 0 && given.psql(OURS) == "0" {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{code}: {text}");
        thread::sleep(Duration::from_millis(200));
    }

    // A signal is obeyed at once.
    let mut child = start();
    let begin = Instant::now();
    while given.psql(OURS) == "0" {
        assert!(begin.elapsed() < Duration::from_secs(20));
    }
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), None);
    given.assert_clean("after SIGTERM");
    assert!(Path::new(&backup).exists());
}
