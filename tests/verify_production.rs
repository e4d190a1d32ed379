//! Dumps that want to reach the server of production, on whose machine they are verified: as root, as the user of that server,
//! as nobody in particular, and on that very server (`--server`).
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use scratch::{Cluster, Programs};
use serde_json::Value;

/// What the table of production holds.
const ROWS: &str = "30";

/// Roles, rows and tables of production: what must be as it was.
const STATE: &str = "SELECT (SELECT count(*) FROM public.remote), \
    (SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles WHERE rolsuper), \
    (SELECT count(*) FROM pg_class WHERE relname = 'canary'), \
    (SELECT count(*) FROM pg_locks WHERE relation = 'public.remote'::regclass)";

struct Production {
    cluster: Cluster,
    folder: tempfile::TempDir,
    program: PathBuf,
    before: String,
}

impl Production {
    /// A server whose administrator comes without a password, as `peer` lets in whoever has the name, and whose application has one.
    fn start() -> Option<Production> {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::metadata(folder.path()).unwrap().uid() == 0;
        let Some(programs) = Programs::find_optional().unwrap().filter(|_| root) else {
            eprintln!("skipped: not root, or no PostgreSQL server programs");
            return None;
        };
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let cluster = Cluster::start_with(&programs, &["log_connections=on"]).unwrap();
        let psql = |sql: &str| cluster.psql("postgres", sql).unwrap().trim_end().to_owned();
        psql("CREATE ROLE app LOGIN PASSWORD 'hush'");
        psql("CREATE TABLE public.remote AS SELECT generate_series(1, 30) AS x");
        psql("GRANT ALL ON TABLE public.remote TO app");
        fs::write(psql("SHOW hba_file"), "local all app scram-sha-256\nlocal all all trust\n").unwrap();
        psql("SELECT pg_reload_conf()");
        let before = psql(STATE);
        assert!(before.starts_with(ROWS), "{before}");
        // Everybody may look for the socket.
        let run = cluster.socket_dir();
        for place in [run.parent().unwrap(), &run] {
            fs::set_permissions(place, fs::Permissions::from_mode(0o711)).unwrap();
        }
        // A copy, because the one that was built may be where nobody else can go. By `cp`: open for writing here, it could not be run
        // while another test starts a program.
        let program = folder.path().join("pgdump-verify");
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_pgdump-verify")).arg(&program).status();
        assert!(copied.unwrap().success());
        Some(Production { cluster, folder, program, before })
    }

    fn socket(&self) -> String {
        self.cluster.socket_dir().display().to_string()
    }

    /// How many came to the server, let in or not.
    fn visits(&self) -> usize {
        let log = self.cluster.socket_dir().parent().unwrap().join("log");
        fs::read_to_string(log).unwrap().matches("connection received").count()
    }

    fn dump(&self, name: &str, sql: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{}.sql", name.replace(' ', "_")));
        let text = format!("{sql}\n--\n-- PostgreSQL database dump complete\n--\n");
        fs::write(&path, text.replace("SOCKET", &self.socket())).unwrap();
        path
    }

    /// Verifies dumps as a user; returns the reports.
    fn verify(&self, user: &str, dumps: &[&Path], arguments: &[&str]) -> Vec<Value> {
        let report = self.folder.path().join(format!("{user}.json"));
        let mut command = Command::new("runuser");
        command.args(["-u", user, "--"]).arg(&self.program).args(dumps).args(arguments);
        command.arg("--report").arg(&report).env("TMPDIR", self.folder.path()).current_dir("/");
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let report = fs::read(&report).unwrap_or_else(|error| panic!("{user}: {error}: {text}"));
        let report: Value = serde_json::from_slice(&report).unwrap();
        report["backups"].as_array().unwrap().clone()
    }

    fn assert_untouched(&self, by: &str) {
        let now = self.cluster.psql("postgres", STATE).unwrap();
        assert_eq!(now.trim_end(), self.before, "{by}");
    }
}

const FDW: &str = "CREATE EXTENSION IF NOT EXISTS postgres_fdw WITH SCHEMA public;
CREATE SERVER rs FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'SOCKET', dbname 'postgres');
CREATE USER MAPPING FOR PUBLIC SERVER rs OPTIONS (\"user\" 'app', password 'hush');
CREATE FOREIGN TABLE public.remote (x integer) SERVER rs OPTIONS (schema_name 'public', table_name 'remote');
";

const DBLINK: &str = "CREATE EXTENSION IF NOT EXISTS dblink WITH SCHEMA public;\n";

const GRAB: &str = "CREATE FUNCTION public.grab(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN
    BEGIN EXECUTE 'CREATE EXTENSION dblink SCHEMA public'; EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN PERFORM public.dblink_exec('host=SOCKET user=postgres dbname=postgres', 'CREATE TABLE public.canary ()');
    EXCEPTION WHEN OTHERS THEN NULL; END;
    RETURN $1; END $$;
";

/// Name, statements, and whether it can be good all the same.
fn attacks() -> Vec<(&'static str, String)> {
    let rows = "\n1\n2\n\\.\n";
    vec![
        ("rows by COPY", format!("{FDW}COPY public.remote (x) FROM stdin;{rows}")),
        ("rows by INSERT", format!("{FDW}INSERT INTO public.remote VALUES (1), (2);\nINSERT INTO public.remote VALUES (3);")),
        (
            "rows by way of partitions",
            format!(
                "{FDW}CREATE TABLE public.p (x integer) PARTITION BY RANGE (x);\n\
                 ALTER TABLE ONLY public.p ATTACH PARTITION public.remote DEFAULT;\nCOPY public.p (x) FROM stdin;{rows}"
            ),
        ),
        (
            "rows by a view",
            format!("{FDW}CREATE VIEW public.v AS SELECT x FROM public.remote;\nINSERT INTO public.v VALUES (1);"),
        ),
        (
            "rows by a trigger",
            format!(
                "{FDW}CREATE TABLE public.l (x integer);\nCREATE FUNCTION public.w() RETURNS trigger LANGUAGE plpgsql AS \
                 'BEGIN INSERT INTO public.remote VALUES (new.x); RETURN new; END';\nCREATE TRIGGER w BEFORE INSERT ON public.l \
                 FOR EACH ROW EXECUTE FUNCTION public.w();\nCOPY public.l (x) FROM stdin;{rows}"
            ),
        ),
        (
            "rows that are read",
            format!(
                "{FDW}CREATE MATERIALIZED VIEW public.m AS SELECT x FROM public.remote WITH NO DATA;\n\
                 REFRESH MATERIALIZED VIEW public.m;"
            ),
        ),
        ("schema that is imported", format!("{FDW}CREATE SCHEMA i;\nIMPORT FOREIGN SCHEMA public FROM SERVER rs INTO i;")),
        (
            "mapping within a block",
            format!(
                "{FDW}DO $$ BEGIN EXECUTE 'ALTER SERVER rs OPTIONS (SET host ''SOCKET'')';\n\
                 EXECUTE 'CREATE USER MAPPING FOR CURRENT_USER SERVER rs OPTIONS (\"user\" ''app'', password ''hush'')';\n\
                 EXECUTE 'INSERT INTO public.remote VALUES (4)'; END $$;"
            ),
        ),
        (
            "server that is altered",
            format!(
                "{FDW}ALTER SERVER rs OPTIONS (SET host 'SOCKET');\nALTER USER MAPPING FOR PUBLIC SERVER rs OPTIONS (SET password \
                 'hush');\nCOPY public.remote (x) FROM stdin;{rows}"
            ),
        ),
        ("dblink with a password", format!("{DBLINK}SELECT public.dblink_exec('host=SOCKET user=app password=hush dbname=postgres', 'INSERT INTO remote VALUES (1)');")),
        (
            "dblink without one",
            format!(
                "{DBLINK}GRANT EXECUTE ON FUNCTION public.dblink_connect_u(text, text) TO alice;\n\
                 CREATE MATERIALIZED VIEW public.m AS SELECT public.dblink_connect_u('c', 'host=SOCKET user=postgres') AS x \
                 WITH NO DATA;\nALTER MATERIALIZED VIEW public.m OWNER TO alice;\nREFRESH MATERIALIZED VIEW public.m;"
            ),
        ),
        (
            "amcheck with overloads",
            format!(
                "CREATE EXTENSION amcheck WITH SCHEMA public;\n{GRAB}CREATE TABLE public.t (x integer PRIMARY KEY);\n\
                 CREATE FUNCTION public.bt_index_check(oid, boolean) RETURNS void LANGUAGE sql AS \
                 'SELECT public.grab(''x'')::void';\nCREATE FUNCTION public.verify_heapam(oid) RETURNS TABLE (msg text) \
                 LANGUAGE sql AS 'SELECT public.grab(''x'')';"
            ),
        ),
        (
            "value that is computed",
            format!("{GRAB}SELECT pg_catalog.set_config('search_path', '' || public.grab('x'), false);\n{DBLINK}"),
        ),
        (
            "subscription",
            "CREATE SUBSCRIPTION s CONNECTION 'host=SOCKET user=postgres dbname=postgres' PUBLICATION p WITH (connect = false, \
             slot_name = NONE);\nALTER SUBSCRIPTION s OWNER TO alice;\nALTER SUBSCRIPTION s ENABLE;\n\
             DO $$ BEGIN EXECUTE 'ALTER SUBSCRIPTION s ENABLE'; END $$;"
                .to_owned(),
        ),
    ]
}

#[test]
fn nothing_reaches_the_server_of_production() {
    let Some(production) = Production::start() else { return };
    let attacks = attacks();
    let dumps: Vec<PathBuf> = attacks.iter().map(|(name, sql)| production.dump(name, sql)).collect();
    let dumps: Vec<&Path> = dumps.iter().map(PathBuf::as_path).collect();
    for user in ["postgres", "nobody", "root"] {
        let before = production.visits();
        let reports = production.verify(user, &dumps, &["--level", "full", "--timeout", "120"]);
        assert_eq!(production.visits(), before, "{user}: somebody came: {reports:#?}");
        production.assert_untouched(user);
        assert_eq!(reports.len(), attacks.len());
        for ((name, _), report) in attacks.iter().zip(&reports) {
            let verdict = report["verdict"].as_str().unwrap();
            assert!(
                ["unclear", "bad"].contains(&verdict) || *name == "amcheck with overloads",
                "{user}: {name}: {report:#}"
            );
            // Rows that are not written are no fault of the backup.
            if name.starts_with("rows by COPY")
                || name.starts_with("rows by INSERT")
                || *name == "rows that are read"
            {
                assert_eq!(verdict, "unclear", "{user}: {name}: {report:#}");
            }
        }
    }
}

#[test]
fn nothing_of_a_backup_harms_the_given_server() {
    let Some(production) = Production::start() else { return };
    let attacks = attacks();
    let dumps: Vec<PathBuf> = attacks.iter().map(|(name, sql)| production.dump(name, sql)).collect();
    let dumps: Vec<&Path> = dumps.iter().map(PathBuf::as_path).collect();
    let url = format!(
        "host='{}' port={} user=postgres dbname=postgres",
        production.socket(),
        production.cluster.port()
    );
    let reports =
        production.verify("postgres", &dumps, &["--level", "full", "--timeout", "120", "--server", &url]);
    production.assert_untouched("--server");
    for ((name, _), report) in attacks.iter().zip(&reports) {
        assert!(report["verdict"] == "unclear" || report["verdict"] == "bad", "{name}: {report:#}");
    }
}

#[test]
fn a_backup_with_foreign_tables_is_verified_but_for_what_is_elsewhere() {
    let Some(production) = Production::start() else { return };
    // What pg_dump writes of it, without rows of others.
    let sql = FDW.replace("SOCKET", &production.socket());
    production.cluster.create_database("shop").unwrap();
    production.cluster.psql("shop", &format!("{sql}CREATE TABLE public.goods AS SELECT 1 AS x")).unwrap();
    let genuine = production.folder.path().join("genuine.sql");
    fs::write(&genuine, production.cluster.pg_dump("shop", &[]).unwrap()).unwrap();
    let before = production.visits();
    for level in ["restore", "full"] {
        let reports = production.verify("root", &[&genuine], &["--level", level]);
        assert_eq!(reports[0]["verdict"], "verified", "{level}: {:#}", reports[0]);
        let text = reports[0].to_string();
        assert!(text.contains("leads nowhere") && text.contains("user mapping"), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
    assert_eq!(production.visits(), before);
}
