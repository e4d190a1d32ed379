//! `pgdump-verify` as an ordinary user, without a network, without a server, on a full disk. Only root can arrange most
//! of that.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};

use scratch::Programs;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-verify");
const DUMP: &str = "CREATE TABLE public.t (x integer);\nCOPY public.t (x) FROM stdin;\n1\n2\n\\.\n\
    -- PostgreSQL database dump complete\n";

/// A folder with a dump that everybody may read, if this is root on a machine with a server.
fn place(dump: &str) -> Option<(TempDir, String)> {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::metadata(folder.path()).unwrap().uid() == 0;
    if !root || Programs::find_optional().unwrap().is_none() {
        eprintln!("skipped: not root, or no PostgreSQL server programs");
        return None;
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let path = folder.path().join("dump.sql");
    fs::write(&path, dump).unwrap();
    let path = path.to_str().unwrap().to_owned();
    Some((folder, path))
}

/// Runs a line of shell in namespaces of its own; the program is `$1`, the dump `$2`.
fn shell(unshare: &[&str], line: &str, dump: &str, folder: &TempDir) -> (i32, String) {
    let mut command = Command::new("unshare");
    command.args(unshare).args(["sh", "-c", line, "sh", PROGRAM, dump]);
    command.env("TMPDIR", folder.path()).current_dir("/").stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn an_ordinary_user_verifies_behind_fences() {
    let Some((folder, dump)) = place(DUMP) else { return };
    // A copy, because the one that was built may be where nobody else can go.
    let copy = folder.path().join("program");
    // By `cp`: open for writing here, it could not be run while another test starts a program ("Text file busy").
    assert!(Command::new("cp").arg(PROGRAM).arg(&copy).status().unwrap().success());
    let line = format!("exec runuser -u nobody -- {} \"$2\"", copy.display());
    let (code, text) = shell(&["-m"], &line, &dump, &folder);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("note: fenced: connections to others, over networks and Unix sockets: "), "{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn no_network_is_needed() {
    let Some((folder, dump)) = place(DUMP) else { return };
    let (code, text) = shell(&["-n"], "exec \"$1\" \"$2\"", &dump, &folder);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn without_a_server_the_command_that_installs_one_is_told() {
    let Some((folder, dump)) = place(DUMP) else { return };
    let hide = "for place in /usr/lib/postgresql /usr/pgsql-*; do [ -d $place ] && mount -t tmpfs none $place; done; \
                unset PGDUMPKIT_PG_BINDIR; PATH=/nowhere exec \"$1\" \"$2\"";
    let (code, text) = shell(&["-m"], hide, &dump, &folder);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("no PostgreSQL server found") && text.contains("install one with: "), "{text}");
    // What can be told without one is told.
    let (code, text) = shell(&["-m"], &hide.replace("\"$2\"", "\"$2\" --level file"), &dump, &folder);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_full_disk_is_no_verdict() {
    let much = "SELECT repeat(md5(n::text), 60) AS x FROM pg_catalog.generate_series(1, 1000000) n;";
    let by_statement = format!("CREATE TABLE public.u AS {much}\n");
    let fill = format!(
        "CREATE TABLE public.heap (x text);\n\
         CREATE FUNCTION public.fill(integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.heap {much} \
         RETURN $1; END $$;\n"
    );
    let by_check = format!(
        "{fill}CREATE TABLE public.u (x integer CHECK (public.fill(x) > 0));\n\
         COPY public.u (x) FROM stdin;\n1\n\\.\n"
    );
    let by_index = format!(
        "{fill}CREATE FUNCTION public.still(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT public.fill($1)';\n\
         CREATE INDEX t_x ON public.t USING btree (public.still(x));\n"
    );
    for more in [by_statement, by_check, by_index] {
        let dump = DUMP.replace("-- PostgreSQL", &format!("{more}-- PostgreSQL"));
        let Some((folder, dump)) = place(&dump) else { return };
        let line = "mount -t tmpfs -o size=100m,mode=1777 none \"$TMPDIR\" && exec \"$1\" \"$2\"";
        // The mount hides the dump.
        let outside = tempfile::NamedTempFile::new().unwrap();
        fs::copy(&dump, outside.path()).unwrap();
        let (code, text) = shell(&["-m"], line, outside.path().to_str().unwrap(), &folder);
        assert_eq!(code, 3, "{more}: {text}");
        assert!(text.contains("No space left on device"), "{more}: {text}");
    }
}

#[test]
fn a_folder_too_deep_for_a_socket_is_told() {
    let Some((folder, dump)) = place(DUMP) else { return };
    let line =
        "mkdir -p $TMPDIR/$(printf '%0100d' 1) && TMPDIR=$TMPDIR/$(printf '%0100d' 1) exec \"$1\" \"$2\"";
    let (code, text) = shell(&["-m"], line, &dump, &folder);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("path is too long for a Unix socket, set `TMPDIR` to a shorter one"), "{text}");
}
