//! Which fences hold where some of them cannot be put up, and that what they are said to keep away is kept away.
//!
//! A superuser's SQL in a guarded server tries to reach another server and a listener, as root and as an ordinary user. Where nothing
//! holds it does reach them, which shows that these tries are good ones.
#![cfg(target_os = "linux")]
// The lints except test functions, but not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod kernel;

use std::env;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use kernel::{Fence, take_away};
use nix::unistd::geteuid;
use scratch::{Cluster, Fences, Guarded, Programs, Template};

/// Starts a guarded cluster where the kernel refuses some fences: in a thread whose system calls are filtered.
fn start_without(missing: &[Fence], programs: &Programs, template: &Template) -> Cluster {
    let start = || {
        for fence in missing {
            take_away(*fence);
        }
        let guarded =
            Guarded { superuser: "somebody_else", password: "hush", jobs: 2, template: Some(template) };
        Cluster::start_guarded(programs, guarded).unwrap()
    };
    thread::scope(|scope| scope.spawn(start).join().unwrap())
}

/// What the code of a dump would like to reach.
struct Outside {
    /// A server of the same system user, which lets everybody in who reaches its socket.
    other: Cluster,
    /// The port of a listener, which hangs up on whoever arrives.
    port: u16,
    arrived: Arc<AtomicBool>,
    folder: tempfile::TempDir,
}

/// What was reached.
#[derive(Debug, PartialEq, Eq)]
struct Reached {
    unix: bool,
    tcp: bool,
    programs: bool,
}

impl Outside {
    fn open(programs: &Programs) -> Outside {
        let other = Cluster::start_with(programs, &["log_connections=on"]).unwrap();
        other.create_database("production").unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let arrived = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&arrived);
        thread::spawn(move || tcp.incoming().for_each(|_| flag.store(true, Ordering::SeqCst)));
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        Outside { other, port, arrived, folder }
    }

    /// Has the superuser of a guarded server try all that SQL offers.
    fn attack(&self, server: &Cluster) -> Reached {
        let unix = format!("host={} dbname=production user=postgres", self.other.socket_dir().display());
        let tcp = format!("host=127.0.0.1 port={} dbname=x user=x password=x", self.port);
        let canary = self.folder.path().join("canary");
        server.psql("postgres", "CREATE EXTENSION dblink; CREATE EXTENSION postgres_fdw").unwrap();
        for to in [&unix, &tcp] {
            let options: Vec<String> = to
                .split(' ')
                .filter_map(|option| option.split_once('='))
                .filter(|(name, _)| !["user", "password"].contains(name))
                .map(|(name, value)| format!("{name} '{value}'"))
                .collect();
            for sql in [
                format!("SELECT dblink_exec('{to}', 'CREATE TABLE taken()')"),
                format!("SELECT dblink_connect_u('c', '{to}')"),
                format!(
                    "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({});
                     CREATE USER MAPPING FOR CURRENT_USER SERVER s
                         OPTIONS (user 'postgres', password 'x', password_required 'false');
                     CREATE FOREIGN TABLE far (relname name) SERVER s
                         OPTIONS (schema_name 'pg_catalog', table_name 'pg_class');
                     SELECT count(*) FROM far",
                    options.join(", ")
                ),
                format!("CREATE SUBSCRIPTION s CONNECTION '{to}' PUBLICATION p WITH (connect = true)"),
            ] {
                // Whether it was an error says less than what arrived.
                let _ = server.psql("postgres", &sql);
            }
            server.psql("postgres", "DROP SERVER IF EXISTS s CASCADE").unwrap();
        }
        let program = format!("COPY (SELECT 1) TO PROGRAM '/bin/sh -c \"exec >{}\"'", canary.display());
        let _ = server.psql("postgres", &program);
        let taken =
            self.other.psql("production", "SELECT pg_catalog.to_regclass('taken') IS NOT NULL").unwrap();
        Reached { unix: taken == "t\n", tcp: self.arrived.load(Ordering::SeqCst), programs: canary.exists() }
    }
}

/// Takes some fences away and compares what is told with what is so.
fn try_without(missing: &[Fence]) {
    let Some(programs) = Programs::find_optional().unwrap() else {
        return println!("skipped: no PostgreSQL server found");
    };
    let template = Template::default();
    static ALL: OnceLock<Fences> = OnceLock::new();
    let all = ALL.get_or_init(|| start_without(&[], &programs, &template).fences().clone());
    let told = |fences: &Fences, word: &str| fences.held.iter().any(|held| held.contains(word));
    // Every Linux has it on the processors that are known here.
    assert!(told(all, "seccomp") && all.sealed, "{all:?}");
    let stands = |fence: Fence, word: &str| told(all, word) && !missing.contains(&fence);
    let namespaces = stands(Fence::Namespaces, "root folder");
    let landlock = stands(Fence::Landlock, "Landlock");
    let seccomp = stands(Fence::Seccomp, "seccomp");

    let outside = Outside::open(&programs);
    let server = start_without(missing, &programs, &template);
    let fences = server.fences();
    assert_eq!(fences.sealed, namespaces || seccomp, "{fences:?}");
    assert_eq!(told(fences, "root folder"), namespaces, "{fences:?}");
    assert_eq!(told(fences, "Landlock"), landlock, "{fences:?}");
    assert_eq!(told(fences, "seccomp"), seccomp, "{fences:?}");
    let unsealed = |word: &str| fences.missing.iter().any(|missing| missing.starts_with(word));
    let open = Reached {
        unix: unsealed("Unix sockets of others"),
        tcp: unsealed("networks ("),
        programs: unsealed("files and programs"),
    };
    assert_eq!(open.unix, !fences.sealed, "{fences:?}");
    assert_eq!(open.programs, !landlock && !namespaces, "{fences:?}");
    let reached = outside.attack(&server);
    assert_eq!(reached, open, "{fences:?}: {}", server.log_tail());
}

#[test]
fn all_fences() {
    try_without(&[]);
}

#[test]
fn no_namespaces() {
    try_without(&[Fence::Namespaces]);
}

#[test]
fn no_landlock() {
    try_without(&[Fence::Landlock]);
}

#[test]
fn no_seccomp() {
    try_without(&[Fence::Seccomp]);
}

#[test]
fn seccomp_alone() {
    try_without(&[Fence::Namespaces, Fence::Landlock]);
}

#[test]
fn landlock_alone() {
    try_without(&[Fence::Namespaces, Fence::Seccomp]);
}

#[test]
fn nothing_at_all() {
    try_without(&[Fence::Namespaces, Fence::Landlock, Fence::Seccomp]);
}

#[test]
fn the_same_as_an_ordinary_user() {
    if !geteuid().is_root() {
        return println!("skipped: these are that user's");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    // A copy, because the one that was built may be where nobody else can go. By `cp`: open for writing here, it could not be
    // run while another test starts a program ("Text file busy").
    let copy = folder.path().join("program");
    assert!(Command::new("cp").arg(env::current_exe().unwrap()).arg(&copy).status().unwrap().success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&copy);
    let output = command.current_dir("/").env("TMPDIR", folder.path()).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && text.contains("8 passed"), "{text}");
}
