//! What the superuser of a guarded cluster, who may do whatever the server's process may, reaches outside of it.

// The lints except test functions, but not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use scratch::{Cluster, Guarded, Programs};

const SECRET: &str = "canary-4711";

fn guarded() -> Option<Cluster> {
    let Some(programs) = Programs::find_optional().unwrap() else {
        println!("skipped: no PostgreSQL server found");
        return None;
    };
    let guarded = Guarded { superuser: "somebody_else", password: "hush", jobs: 2, template: None };
    Some(Cluster::start_guarded(&programs, guarded).unwrap())
}

/// A folder that everybody may use, with a file that everybody may read.
fn canary() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let canary = folder.path().join("canary");
    fs::write(&canary, format!("{SECRET}\n")).unwrap();
    fs::set_permissions(&canary, fs::Permissions::from_mode(0o666)).unwrap();
    let path = canary.to_str().unwrap().to_owned();
    (folder, path)
}

fn assert_refused(cluster: &Cluster, sql: &str) {
    match cluster.psql("postgres", sql) {
        Ok(answer) => panic!("{sql}: {answer}"),
        Err(error) => assert!(!error.to_string().contains(SECRET), "{sql}: {error}"),
    }
}

#[test]
fn no_file_and_no_program_is_reached() {
    let Some(cluster) = guarded() else { return };
    let fences = cluster.fences();
    if !fences.held.iter().any(|fence| fence.contains("Landlock")) {
        return println!("skipped: {fences:?}");
    }
    let (folder, canary) = canary();
    let new = folder.path().join("new");
    let new = new.to_str().unwrap();
    // What the server may do on its own ground, it can.
    cluster.psql("postgres", "CREATE TABLE t AS SELECT 1 AS x; COPY t TO '/dev/null'").unwrap();
    for sql in [
        format!("COPY t TO PROGRAM 'cat > {new}'"),
        format!("COPY t FROM PROGRAM 'cat {canary}'"),
        format!("COPY t TO PROGRAM '/bin/sh -c \"cat > {new}\"'"),
        format!("COPY t FROM '{canary}'"),
        format!("COPY t TO '{canary}'"),
        format!("COPY t TO '{new}'"),
        format!("SELECT pg_read_file('{canary}')"),
        format!("SELECT pg_read_binary_file('{canary}')"),
        "SELECT pg_read_file('/etc/passwd')".to_owned(),
        "SELECT pg_read_file('/proc/self/environ')".to_owned(),
        "SELECT pg_ls_dir('/etc')".to_owned(),
        "SELECT pg_ls_dir('/tmp')".to_owned(),
        format!("SELECT lo_import('{canary}')"),
        format!("SELECT lo_export(lo_from_bytea(0, 'x'), '{new}')"),
        format!("CREATE TABLESPACE out LOCATION '{}'", folder.path().display()),
        format!("CREATE FUNCTION f() RETURNS int LANGUAGE c AS '{canary}', 'f'"),
        format!("LOAD '{canary}'"),
    ] {
        assert_refused(&cluster, &sql);
    }
    assert_eq!(fs::read_to_string(&canary).unwrap(), format!("{SECRET}\n"));
    assert!(!Path::new(new).exists());
}

#[test]
fn it_does_not_come_back_to_itself() {
    let Some(cluster) = guarded() else { return };
    if cluster.psql("postgres", "CREATE EXTENSION dblink").is_err() {
        return println!("skipped: no contrib");
    }
    let own = format!("host={} dbname=postgres user=somebody_else", cluster.socket_dir().display());
    assert_refused(&cluster, &format!("SELECT dblink_connect('{own}')"));
}

#[test]
fn extensions_work_behind_the_fences() {
    let Some(cluster) = guarded() else { return };
    for (extension, question, answer) in [
        ("pgcrypto", "SELECT encode(digest('a', 'sha256'), 'hex') LIKE 'ca978112%'", "t\n"),
        ("unaccent", "SELECT unaccent('h\u{f4}tel')", "hotel\n"),
        ("plpgsql", "DO 'BEGIN PERFORM 1; END'; SELECT 1", "1\n"),
    ] {
        if cluster.psql("postgres", &format!("CREATE EXTENSION IF NOT EXISTS {extension}")).is_ok() {
            assert_eq!(cluster.psql("postgres", question).unwrap(), answer, "{extension}");
        }
    }
    let zones = "SET TimeZone = 'America/St_Johns'; SELECT timestamptz '2020-01-01 00:00:00+00'";
    assert_eq!(cluster.psql("postgres", zones).unwrap(), "2019-12-31 20:30:00-03:30\n");
    assert_eq!(
        cluster.psql("postgres", "SELECT to_tsvector('english', 'running dogs')").unwrap(),
        "'dog':2 'run':1\n"
    );
    // Several processes share memory in files of the server's own folder.
    let parallel =
        "SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
        CREATE TABLE many AS SELECT generate_series(1, 200000) AS x; SELECT count(*) FROM many";
    assert_eq!(cluster.psql("postgres", parallel).unwrap(), "200000\n");
}
