//! Real clusters: what one can do with them, and that nothing of them stays behind.

// The lints except test functions, but not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use scratch::{Cluster, Error, Guarded, Programs, Template};

/// Starts a cluster, or says why the test is skipped.
fn cluster() -> Option<Cluster> {
    match Programs::find_optional().unwrap() {
        Some(programs) => Some(Cluster::start(&programs).unwrap()),
        None => {
            println!("skipped: no PostgreSQL server found");
            None
        }
    }
}

fn wait_until_gone(path: &Path) {
    let begin = Instant::now();
    while path.exists() {
        assert!(begin.elapsed() < Duration::from_secs(20), "still there: {}", path.display());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_superuser_may_have_another_name() {
    let Some(programs) = Programs::find_optional().unwrap() else {
        return println!("skipped: no PostgreSQL server found");
    };
    let guarded = Guarded { superuser: "somebody_else", password: "hush", jobs: 2, template: None };
    let cluster = Cluster::start_guarded(&programs, guarded).unwrap();
    let superusers = "select string_agg(rolname, ',') from pg_roles where rolsuper";
    assert_eq!(cluster.psql("postgres", superusers).unwrap(), "somebody_else\n");
    // Whoever waits for a server that was ended gets an error at once.
    let breaker = cluster.breaker();
    let begin = Instant::now();
    let waiting = thread::spawn(move || {
        thread::sleep(Duration::from_secs(1));
        breaker.end_server();
    });
    assert!(cluster.psql("postgres", "select pg_sleep(60)").is_err());
    assert!(begin.elapsed() < Duration::from_secs(30));
    waiting.join().unwrap();
}

#[test]
fn clusters_of_one_template_are_apart() {
    let Some(programs) = Programs::find_optional().unwrap() else {
        return println!("skipped: no PostgreSQL server found");
    };
    let template = Template::default();
    let guarded = Guarded { superuser: "admin", password: "hush", jobs: 1, template: Some(&template) };
    let one = Cluster::start_guarded(&programs, guarded).unwrap();
    one.create_database("mine").unwrap();
    let two = Cluster::start_guarded(&programs, guarded).unwrap();
    let databases =
        "select string_agg(datname, ',' order by datname) from pg_database where not datistemplate";
    assert_eq!(one.psql("postgres", databases).unwrap(), "mine,postgres\n");
    assert_eq!(two.psql("postgres", databases).unwrap(), "postgres\n");
    // Of another password, it is another cluster.
    let other = Guarded { password: "other", ..guarded };
    let three = Cluster::start_guarded(&programs, other).unwrap();
    assert_eq!(three.psql("postgres", "select 1").unwrap(), "1\n");
}

#[test]
fn answers_restores_dumps_and_leaves_nothing() {
    let Some(cluster) = cluster() else { return };
    let folder = cluster.socket_dir().parent().unwrap().to_owned();

    // Names that are special to psql's command line, to SQL, or to both.
    for name in ["shop", "host=elsewhere", "postgresql://x", "Quo\"ted"] {
        cluster.create_database(name).unwrap();
        assert_eq!(cluster.psql(name, "select current_database()").unwrap(), format!("{name}\n"));
    }
    assert_eq!(
        cluster.psql("shop", "show timezone; select U&'\\00e9', 1").unwrap(),
        "UTC\né|1\n",
        "time zone and encoding are pinned"
    );

    cluster.psql_script("shop", b"create table t (a int);\ncopy t from stdin;\n1\n2\n\\.\n").unwrap();
    let dump = cluster.pg_dump("shop", &["--no-owner"]).unwrap();
    assert!(String::from_utf8(dump.clone()).unwrap().contains("\n1\n2\n\\.\n"));
    cluster.create_database("copy").unwrap();
    cluster.psql_script("copy", &dump).unwrap();
    assert_eq!(cluster.psql("copy", "select sum(a) from t").unwrap(), "3\n");

    drop(cluster);
    assert!(!folder.exists());
}

#[test]
fn errors_stop_a_script_unless_it_is_lenient() {
    let Some(cluster) = cluster() else { return };
    let script = b"select nope;\ncreate table after_error ();\n";
    let count = "select count(*) from pg_class where relname = 'after_error'";

    let error = cluster.psql_script("postgres", script).unwrap_err();
    let Error::Failed { command, stderr, .. } = &error else { panic!("{error}") };
    assert!(command.contains("psql -X -q -v ON_ERROR_STOP=1 -f -"), "{command}");
    assert!(stderr.contains("column \"nope\" does not exist"), "{stderr}");
    assert_eq!(cluster.psql("postgres", count).unwrap(), "0\n");

    let stderr = cluster.psql_script_lenient("postgres", script).unwrap();
    assert!(stderr.contains("column \"nope\" does not exist"), "{stderr}");
    assert_eq!(cluster.psql("postgres", count).unwrap(), "1\n");
}

#[test]
fn a_big_script_with_many_complaints_does_not_hang() {
    let Some(cluster) = cluster() else { return };
    let script = b"select nope;\n".repeat(20_000);
    let stderr = cluster.psql_script_lenient("postgres", &script).unwrap();
    assert_eq!(stderr.matches("ERROR:").count(), 20_000);
}

#[test]
fn publications_and_large_transactions_work_despite_the_cheap_settings() {
    let Some(cluster) = cluster() else { return };
    cluster.psql("postgres", "create publication p for all tables").unwrap();
    cluster
        .psql(
            "postgres",
            "do $$ begin for i in 1..5000 loop execute format('create table t%s ()', i); end loop; end $$",
        )
        .unwrap();
}

#[test]
fn clusters_run_side_by_side() {
    let (Some(first), Some(second)) = (cluster(), cluster()) else { return };
    first.create_database("mine").unwrap();
    assert_eq!(second.psql("postgres", "select count(*) from pg_database").unwrap(), "3\n");
}

#[test]
fn a_folder_without_a_server_is_refused() {
    let empty = env::temp_dir();
    assert!(matches!(Programs::in_dir(&empty), Err(Error::NotServerFolder { dir }) if dir == empty));
}

/// The variable that makes [`killed_owner`] run as the owner that gets killed.
const VICTIM: &str = "SCRATCH_TEST_VICTIM";

/// Guards against clusters that outlive a run that was killed, which cannot run any clean-up of its own.
#[test]
fn killed_owner() {
    if env::var_os(VICTIM).is_some() {
        let Some(cluster) = cluster() else { return };
        println!("\nfolder {}", cluster.socket_dir().parent().unwrap().display());
        thread::sleep(Duration::from_secs(60));
        return;
    }
    if Programs::find_optional().unwrap().is_none() {
        println!("skipped: no PostgreSQL server found");
        return;
    }
    let mut victim = Command::new(env::current_exe().unwrap())
        .args(["--exact", "killed_owner", "--nocapture"])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let folder = BufReader::new(victim.stdout.take().unwrap())
        .lines()
        .find_map(|line| line.unwrap().strip_prefix("folder ").map(PathBuf::from))
        .unwrap();
    let server = fs::read_to_string(folder.join("run/data/postmaster.pid")).unwrap();
    victim.kill().unwrap();
    victim.wait().unwrap();
    wait_until_gone(&folder);
    let number = server.lines().next().unwrap();
    // A zombie, where nothing reaps orphans, has an empty command line.
    let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&line).contains(folder.to_str().unwrap()));
}
