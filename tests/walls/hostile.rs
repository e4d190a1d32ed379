//! A database whose owner, no superuser, waits for one to come: whatever our SQL names is there a second time, better
//! suited and found first, and takes over the server when a superuser calls it.
#![allow(dead_code, reason = "each test program uses its share")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use scratch::{Cluster, Programs};

/// Where SQL of ours is sent from.
const SOURCES: [&str; 7] = [
    "shared/connect/src",
    "shared/live/src",
    "shared/restore/src",
    "shared/scratch/src",
    "tools/diff/src",
    "tools/take/src",
    "tools/verify/src",
];

/// What both databases hold.
const TABLES: &str = "
CREATE TABLE public.goods AS SELECT n AS id, 'good ' || n AS name FROM generate_series(1, 50) n;
CREATE TABLE public.paws AS SELECT 'a' AS x;
CREATE TABLE public.days (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE public.days_1 PARTITION OF public.days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO public.days VALUES ('2024-02-29');
CREATE SEQUENCE public.numbers;
SELECT nextval('public.numbers');
SELECT lo_from_bytea(4242, 'large');
";

/// Takes over, if whoever calls may. Read-only transactions keep the role as it is, and no program from being run.
const GRAB: &str = "
CREATE FUNCTION public.grab() RETURNS boolean LANGUAGE plpgsql AS $grab$ BEGIN
    BEGIN ALTER ROLE tenant SUPERUSER; EXCEPTION WHEN OTHERS THEN NULL; END;
    BEGIN COPY (SELECT 1) TO PROGRAM 'touch CANARY'; EXCEPTION WHEN OTHERS THEN NULL; END;
    RETURN true;
END $grab$;
";

/// Operators for all pairs of these types. A function for each kind of result stands behind them.
const OPERATORS: &str = r#"
DO $do$ DECLARE
    l text; r text; o text; result text;
    types text[] := '{name,text,oid,integer,bigint,smallint,"\"char\"",boolean,regclass,name[],text[],oid[],"\"char\"[]",timestamptz,timestamp,anyelement}';
BEGIN
    FOREACH l IN ARRAY types LOOP FOREACH r IN ARRAY types LOOP
        FOREACH result IN ARRAY ARRAY['boolean', 'text', 'integer'] LOOP
            EXECUTE format('CREATE FUNCTION public.shadow_%s(%s, %s) RETURNS %1$s LANGUAGE plpgsql AS '
                '$f$ BEGIN PERFORM public.grab(); RETURN NULL; END $f$', result, l, r);
        END LOOP;
        FOREACH o IN ARRAY ARRAY[OPERATORS] LOOP
            result := CASE o WHEN '||' THEN 'text' WHEN '+' THEN 'integer' WHEN '-' THEN 'integer' ELSE 'boolean' END;
            EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.shadow_%s)', o, l, r, result);
        END LOOP;
    END LOOP; END LOOP;
END $do$;
"#;

/// Functions with the arguments of those of `pg_catalog` that are called, or with text for those that take anything.
const FUNCTIONS: &str = r#"
DO $do$ DECLARE f record; BEGIN
    FOR f IN SELECT p.oid, p.proname, p.prokind, p.proretset, pg_get_function_result(p.oid) AS result,
            array_to_string(ARRAY(SELECT t::regtype::text FROM unnest(p.proargtypes) t), ', ') AS arguments
        FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (ARRAY[FUNCTIONS])
    LOOP BEGIN
        IF f.arguments LIKE '%"any"%' THEN
            EXECUTE format('CREATE FUNCTION public.%I(VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS '
                '$f$ BEGIN PERFORM public.grab(); RETURN NULL; END $f$', f.proname);
        ELSIF f.prokind = 'a' THEN
            EXECUTE format('CREATE AGGREGATE public.%I(%s) (SFUNC = public.shadow_state, STYPE = bigint)', f.proname,
                CASE f.arguments WHEN '' THEN '*' ELSE f.arguments END);
        ELSE
            EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN PERFORM public.grab(); RETURN%s; END $f$',
                f.proname, f.arguments, CASE WHEN f.result LIKE 'TABLE%' THEN 'SETOF record' ELSE f.result END,
                CASE WHEN f.proretset OR f.result = 'void' THEN '' ELSE ' NULL' END);
        END IF;
    EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%: %', f.proname, SQLERRM; END; END LOOP;
END $do$;
"#;

/// Views and domains with the names of catalogs and types.
const NAMES: &str = r#"
DO $do$ DECLARE x text; BEGIN
    FOREACH x IN ARRAY ARRAY[RELATIONS] LOOP
        BEGIN EXECUTE format('CREATE VIEW public.%I AS SELECT * FROM pg_catalog.%1$I WHERE public.grab()', x);
        EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%: %', x, SQLERRM; END;
    END LOOP;
    FOREACH x IN ARRAY ARRAY['text', 'oid', 'name', 'regclass', 'timestamptz', 'timestamp', 'int8', 'char'] LOOP
        EXECUTE format('CREATE DOMAIN public.%I AS pg_catalog.%1$I CHECK (public.grab())', x);
    END LOOP;
END $do$;
"#;

/// A server of others, with a database of the tenant's and one that is as harmless as it looks.
pub struct Walls {
    pub cluster: Cluster,
    pub folder: tempfile::TempDir,
}

impl Walls {
    /// Starts the server; none where there is no PostgreSQL.
    pub fn start() -> Option<Walls> {
        let Some(programs) = Programs::find_optional().unwrap() else {
            eprintln!("skipped: no PostgreSQL server programs");
            return None;
        };
        let walls =
            Walls { cluster: Cluster::start(&programs).unwrap(), folder: tempfile::tempdir().unwrap() };
        // The server may run as somebody else.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        fs::set_permissions(walls.folder.path(), open).unwrap();
        let cluster = &walls.cluster;
        cluster.psql("postgres", "CREATE ROLE tenant LOGIN").unwrap();
        for name in ["clean", "hostile"] {
            cluster
                .psql("postgres", &format!("CREATE DATABASE {name} OWNER tenant TEMPLATE template0"))
                .unwrap();
            cluster
                .psql_script(name, format!("SET SESSION AUTHORIZATION tenant; {TABLES}").as_bytes())
                .unwrap();
        }
        let used = Used::read();
        let list = |names: &BTreeSet<String>| {
            names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
        };
        let script = [
            "SET SESSION AUTHORIZATION tenant;",
            &GRAB.replace("CANARY", walls.canary().to_str().unwrap()),
            "CREATE FUNCTION public.shadow_state(bigint) RETURNS bigint LANGUAGE plpgsql AS \
             $f$ BEGIN PERFORM public.grab(); RETURN 0; END $f$;",
            &OPERATORS.replace("OPERATORS]", &format!("{}]", list(&used.operators))),
            &FUNCTIONS.replace("FUNCTIONS]", &format!("{}]", list(&used.functions))),
            &NAMES.replace("RELATIONS]", &format!("{}]", list(&used.relations))),
            "ALTER DATABASE hostile SET search_path = public, pg_catalog;",
        ];
        cluster.psql_script("hostile", script.join("\n").as_bytes()).unwrap();
        // Whoever comes with the path of the database falls into it; otherwise nothing here would prove anything.
        cluster.psql("hostile", "SELECT count(*) FROM pg_class WHERE relname = 'x'").unwrap();
        assert!(walls.canary().exists() && walls.superusers() == "postgres,tenant", "{}", walls.superusers());
        fs::remove_file(walls.canary()).unwrap();
        cluster.psql("postgres", "ALTER ROLE tenant NOSUPERUSER").unwrap();
        walls.assert_hold("the beginning");
        Some(walls)
    }

    fn canary(&self) -> PathBuf {
        self.folder.path().join("canary")
    }

    fn superusers(&self) -> String {
        let sql = "SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles WHERE rolsuper";
        self.cluster.psql("postgres", sql).unwrap().trim_end().to_owned()
    }

    /// How a superuser gets into a database.
    pub fn url(&self, database: &str) -> String {
        let folder = self.cluster.socket_dir();
        format!("host='{}' port={} user=postgres dbname={database}", folder.display(), self.cluster.port())
    }

    /// Makes sure that nobody became what he was not.
    #[track_caller]
    pub fn assert_hold(&self, what: &str) {
        assert!(!self.canary().exists(), "a program was run: {what}");
        assert_eq!(self.superusers(), "postgres", "{what}");
    }
}

/// What SQL of ours names.
struct Used {
    operators: BTreeSet<String>,
    functions: BTreeSet<String>,
    relations: BTreeSet<String>,
}

impl Used {
    fn read() -> Used {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut used =
            Used { operators: BTreeSet::new(), functions: BTreeSet::new(), relations: BTreeSet::new() };
        let mut folders: Vec<PathBuf> = SOURCES.iter().map(|folder| root.join(folder)).collect();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    used.add(&fs::read_to_string(path).unwrap());
                }
            }
        }
        // Those of what was written before this was looked at, and of what the grammar makes operators of.
        for more in ["=", "<>", "<", ">=", "~", "!~", "~~", "!~~", "||", "+"] {
            used.operators.insert(more.to_owned());
        }
        assert!(used.functions.len() > 20 && used.relations.len() > 20);
        used
    }

    fn add(&mut self, text: &str) {
        for behind in text.split("pg_catalog.").skip(1) {
            let is_name = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
            let (name, rest) = behind.split_at(behind.find(|char| !is_name(char)).unwrap_or(behind.len()));
            if name.is_empty() {
                let operator = behind.split(')').next().unwrap();
                if !operator.is_empty() && operator.chars().all(|char| "=<>!~|+-".contains(char)) {
                    self.operators.insert(operator.to_owned());
                }
            } else if rest.starts_with('(') {
                self.functions.insert(name.to_owned());
            } else if name.starts_with("pg_") {
                self.relations.insert(name.to_owned());
            }
        }
    }
}
