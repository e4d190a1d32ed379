//! `pgdump-normalize` as a user runs it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;
#[path = "messages/mod.rs"]
mod messages;

use std::path::Path;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-normalize");

fn normalize(input: &[u8]) -> Vec<u8> {
    let output = corpus::run(Path::new(PROGRAM), &["-"], input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The dump without its `--` comment lines; only for dumps whose literals hold no such lines.
fn without_comments(dump: &[u8]) -> Vec<u8> {
    let lines = dump.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(b"--")).flatten().copied().collect()
}

#[test]
fn every_version_of_pg_dump_gives_one_form() {
    let Some(folder) = corpus::corpus() else { return };
    for database in ["hard", "pgdump_objects", "regression"] {
        let forms: Vec<Vec<u8>> = [15, 16, 17, 18]
            .iter()
            .map(|version| {
                let ending = if database == "regression" { ".zst" } else { "" };
                let name = format!("versions/{database}.server15.pg_dump{version}.sql{ending}");
                normalize(&corpus::text(&folder.join(name)))
            })
            .collect();
        for form in &forms[1..] {
            assert!(*form == forms[0], "{database}: two versions of pg_dump give two forms");
        }
        assert!(normalize(&forms[0]) == forms[0], "{database}: the canonical form is not idempotent");
    }
}

#[test]
fn comments_of_the_dump_make_no_difference() {
    let Some(folder) = corpus::corpus() else { return };
    let dump = corpus::text(&folder.join("versions/pgdump_objects.server15.pg_dump18.sql"));
    assert!(normalize(&dump) == normalize(&without_comments(&dump)));
}

#[test]
fn what_rails_adds_behind_the_dump_survives() {
    let dump = b"--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n\nCREATE TABLE public.t (a integer);\n\n\
        --\n-- PostgreSQL database dump complete\n--\n\nSET search_path TO \"$user\", public;\n\n\
        INSERT INTO \"schema_migrations\" (version) VALUES\n('2'),\n('1');\n\n";
    let form = normalize(dump);
    let added = b"-- PostgreSQL database dump complete\n--\n\nSET search_path TO \"$user\", public;\n\
        INSERT INTO schema_migrations (version) VALUES ('1');\nINSERT INTO schema_migrations (version) VALUES ('2');\n";
    assert!(form.ends_with(added), "{}", String::from_utf8_lossy(&form));
    assert_eq!(String::from_utf8_lossy(&normalize(&form)), String::from_utf8_lossy(&form));
}

#[test]
fn session_state_is_written_where_an_object_needs_it() {
    let form = normalize(
        b"SET default_tablespace = fast;\nCREATE TABLE a.t (x integer);\nSET default_tablespace = '';\nCREATE TABLE a.u (x integer);\n",
    );
    let form = String::from_utf8(form).unwrap();
    let body = form.split_once("= heap;\n").unwrap().1;
    assert_eq!(
        body,
        "\nSET default_tablespace = fast;\nCREATE TABLE a.t (\n    x integer\n);\n\n\
         SET default_tablespace = '';\nCREATE TABLE a.u (\n    x integer\n);\n"
    );
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let cases: [(&[u8], &str); 6] = [
        (b"", "empty"),
        (b"SELECT 'abc", "unterminated quoted string that begins at line 1, byte 7"),
        (b"COPY t (a) FROM stdin;\n1\n", "their first line is at line 2, byte 23"),
        (b"--\n-- PostgreSQL database dump\n--\n\nCREATE SCHEMA a;\n", "truncated dump"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "compressed data ends early, at byte 8"),
        (b"PGDMP\x01\x0e\0\x04\x08\x01", "ends early"),
    ];
    for (input, message) in cases {
        let output = corpus::run(Path::new(PROGRAM), &["-"], input);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(message), "`{message}` is not in: {stderr}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn secrets_are_replaced_and_counted() {
    let dump = b"ALTER ROLE a WITH LOGIN PASSWORD 'SCRAM-SHA-256$x';\nCREATE USER MAPPING FOR a SERVER s OPTIONS (password 'hidden');\n\
        CREATE SUBSCRIPTION s CONNECTION 'password=hidden' PUBLICATION p WITH (connect = false);\n";
    let output = corpus::run(Path::new(PROGRAM), &["-"], dump);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("placeholders (`--keep-secrets` keeps them): 3"), "{stderr}");
    let form = String::from_utf8(output.stdout).unwrap();
    assert!(!form.contains("hidden") && !form.contains("SCRAM"), "{form}");
    let kept = corpus::run(Path::new(PROGRAM), &["-", "--keep-secrets"], dump);
    assert_eq!(String::from_utf8_lossy(&kept.stdout).matches("hidden").count(), 2);
}

/// The dump with the statements behind its preamble in another order.
fn shuffled(text: &[u8], seed: u64) -> Vec<u8> {
    let mut events = dump::Events::new(dump::Stream(text));
    let (mut preamble, mut statements): (Vec<u8>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    while let Some(event) = events.next().unwrap() {
        if let dump::Event::Statement(statement) = event {
            let line = [statement.text, b"\n"].concat();
            let session = statement.begins_with(&["SET"]) || statement.begins_with(&["SELECT"]);
            if session { preamble.extend(line) } else { statements.push(line) }
        }
    }
    let mut state = seed;
    for at in (1..statements.len()).rev() {
        // A linear congruential generator (Knuth's MMIX constants): the same order on every run.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        statements.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
    }
    [preamble, statements.concat()].concat()
}

#[test]
fn the_order_of_statements_makes_no_difference() {
    let Some(folder) = corpus::corpus() else { return };
    for name in ["hard.server15.pg_dump18.sql", "pgdump_objects.server15.pg_dump17.sql"] {
        let dump = corpus::text(&folder.join("versions").join(name));
        // Access methods and tablespaces stick to what follows: without them the order is free.
        let plain = dump.split_inclusive(|byte| *byte == b'\n');
        let plain: Vec<u8> =
            plain.filter(|line| !line.starts_with(b"SET default_table")).flatten().copied().collect();
        let form = normalize(&shuffled(&plain, 0));
        for seed in 1..5 {
            let again = normalize(&shuffled(&plain, seed));
            let lines =
                |form: &[u8]| String::from_utf8_lossy(form).lines().map(str::to_owned).collect::<Vec<_>>();
            let differ = lines(&form).into_iter().zip(lines(&again)).find(|(a, b)| a != b);
            assert!(differ.is_none() && form.len() == again.len(), "{name}, seed {seed}: {differ:?}");
        }
    }
}

#[test]
fn every_option_of_pg_dump_gives_one_form() {
    let Some(folder) = corpus::corpus() else { return };
    for database in ["hard", "pgdump_objects"] {
        let folder = folder.join(format!("formats/{database}.server18"));
        let text = |name: &str| corpus::text(&folder.join(format!("plain{name}.sql")));
        let form = normalize(&text(""));
        for option in ["-verbose", "-quoteall", "-setauth", "-inserts", "-column-inserts", "-statistics"] {
            assert!(normalize(&text(option)) == form, "{database}{option}");
        }
        let sections = ["-section-pre-data", "-section-data", "-section-post-data"].map(text).concat();
        assert!(normalize(&sections) == form, "{database}: sections");
        let bare = ["-O", "-x", "--no-comments", "--no-security-labels", "--no-tablespaces"];
        let arguments = [&["-"][..], &bare].concat();
        let output = corpus::run(Path::new(PROGRAM), &arguments, &text(""));
        assert!(normalize(&text("-bare")) == output.stdout, "{database}: bare");
        let empty = String::from_utf8(normalize(&text("-data-disable-triggers"))).unwrap();
        assert!(empty.ends_with("SET default_table_access_method = heap;\n"), "{database}: {empty}");
        // --create adds what belongs to the database itself.
        let created = normalize(&text("-create-clean"));
        let created = String::from_utf8_lossy(&created).into_owned();
        let (database_itself, rest) = created.split_once(&format!("\\connect {database}\n\n")).unwrap();
        assert!(database_itself.contains("CREATE DATABASE "), "{database}: {database_itself}");
        assert!(rest.as_bytes() == form, "{database}: --create --clean");
    }
}

#[test]
fn privileges_of_old_dumps_are_reduced_to_what_differs_from_the_default() {
    let begin = "SET search_path = public, pg_catalog;\nCREATE TABLE t (a integer);\nALTER TABLE t OWNER TO joe;\n\
        CREATE SEQUENCE q;\nALTER TABLE q OWNER TO joe;\nCREATE SCHEMA s;\nALTER SCHEMA s OWNER TO joe;\n\
        CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$select 1$$;\nALTER FUNCTION f() OWNER TO joe;\n\
        CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS $$select 1$$;\nALTER FUNCTION g() OWNER TO joe;\n";
    let forms = [
        // Since 9.6, and before; what the first says is all that the second means.
        ("GRANT SELECT ON TABLE t TO ann;", "TABLE t", "GRANT SELECT ON TABLE t TO ann;"),
        (
            "GRANT SELECT(a) ON TABLE t TO ann;",
            "TABLE t",
            "REVOKE ALL(a) ON TABLE t FROM PUBLIC;\nREVOKE ALL(a) ON TABLE t FROM joe;\nGRANT SELECT(a) ON TABLE t TO ann;",
        ),
        ("GRANT USAGE ON SEQUENCE q TO ann;", "SEQUENCE q", "GRANT USAGE ON SEQUENCE q TO ann;"),
        ("GRANT USAGE ON SCHEMA s TO ann;", "SCHEMA s", "GRANT USAGE ON SCHEMA s TO ann;"),
        (
            "GRANT ALL ON FUNCTION f() TO ann;",
            "FUNCTION f()",
            "GRANT ALL ON FUNCTION f() TO PUBLIC;\nGRANT ALL ON FUNCTION f() TO ann;",
        ),
        (
            "REVOKE ALL ON FUNCTION g() FROM PUBLIC;\nGRANT ALL ON FUNCTION g() TO ann;",
            "FUNCTION g()",
            "GRANT ALL ON FUNCTION g() TO ann;",
        ),
    ];
    for (new, on, grants) in forms {
        let old = format!(
            "REVOKE ALL ON {on} FROM PUBLIC;\nREVOKE ALL ON {on} FROM joe;\nGRANT ALL ON {on} TO joe;\n{grants}"
        );
        let [new, old] = [new, &old].map(|text| normalize(format!("{begin}{text}\n").as_bytes()));
        assert_eq!(String::from_utf8_lossy(&old), String::from_utf8_lossy(&new));
        assert_eq!(String::from_utf8_lossy(&normalize(&old)), String::from_utf8_lossy(&old));
    }
    // An owner without all privileges is no default.
    let partial = "REVOKE ALL ON SEQUENCE q FROM joe;\nGRANT USAGE ON SEQUENCE q TO joe;\n";
    let form = String::from_utf8(normalize(format!("{begin}{partial}").as_bytes())).unwrap();
    assert!(
        form.contains("REVOKE ALL ON SEQUENCE public.q FROM joe;\nGRANT USAGE ON SEQUENCE public.q TO joe;"),
        "{form}"
    );
    // Nor are the owner's privileges on an object that the dump does not make.
    let form = normalize(b"REVOKE ALL ON TABLE pg_catalog.pg_class FROM PUBLIC;\n");
    assert!(String::from_utf8_lossy(&form).contains("REVOKE ALL ON TABLE pg_catalog.pg_class FROM PUBLIC;"));
}

#[test]
fn names_of_old_dumps_are_qualified_where_their_meaning_is_known() {
    let old = "SET search_path = app, pg_catalog;\nCREATE TYPE mood AS ENUM ('a');\nCREATE SEQUENCE q;\n\
        CREATE TABLE t (id integer DEFAULT nextval('q'::regclass), m mood DEFAULT 'a'::mood, x text);\n\
        ALTER SEQUENCE q OWNED BY t.id;\nCREATE TABLE u (t integer REFERENCES t(id));\n\
        CREATE FUNCTION f(a mood, OUT b text) RETURNS text LANGUAGE sql AS $$select 'x'$$;\n\
        ALTER FUNCTION f(a mood, OUT b text) OWNER TO joe;\nALTER TABLE u ADD CHECK ((t > 0));\n\
        CREATE AGGREGATE g(mood ORDER BY integer) (SFUNC = f, STYPE = mood);\n\
        CREATE VIEW v AS WITH w AS (SELECT t.id FROM t) SELECT f(t.m) AS f, w.id FROM ((t JOIN u ON ((u.t = t.id))) JOIN w USING (id)) WHERE (t.x IS DISTINCT FROM u.t);\n\
        CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t (id) VALUES (new.id);\n\
        CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE PROCEDURE f();\n";
    let new = "CREATE TYPE app.mood AS ENUM ('a');\nCREATE SEQUENCE app.q;\n\
        CREATE TABLE app.t (id integer DEFAULT nextval('app.q'::regclass), m app.mood DEFAULT 'a'::app.mood, x text);\n\
        ALTER SEQUENCE app.q OWNED BY app.t.id;\nCREATE TABLE app.u (t integer REFERENCES app.t(id));\n\
        CREATE FUNCTION app.f(a app.mood, OUT b text) RETURNS text LANGUAGE sql AS $$select 'x'$$;\n\
        ALTER FUNCTION app.f(a app.mood, OUT b text) OWNER TO joe;\nALTER TABLE app.u ADD CHECK ((t > 0));\n\
        CREATE AGGREGATE app.g(app.mood ORDER BY integer) (SFUNC = app.f, STYPE = app.mood);\n\
        CREATE VIEW app.v AS WITH w AS (SELECT t.id FROM app.t) SELECT app.f(t.m) AS f, w.id FROM ((app.t JOIN app.u ON ((u.t = t.id))) JOIN w USING (id)) WHERE (t.x IS DISTINCT FROM u.t);\n\
        CREATE RULE r AS ON INSERT TO app.v DO INSTEAD INSERT INTO app.t (id) VALUES (new.id);\n\
        CREATE TRIGGER tr BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.f();\n";
    let form = normalize(old.as_bytes());
    assert_eq!(String::from_utf8_lossy(&form), String::from_utf8_lossy(&normalize(new.as_bytes())));
    assert_eq!(String::from_utf8_lossy(&normalize(&form)), String::from_utf8_lossy(&form));
}

#[test]
fn what_only_a_search_path_tells_keeps_it() {
    let dump =
        b"CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA app;\nSET search_path = app, pg_catalog;\n\
        CREATE TABLE t (a citext, b integer);\nCREATE INDEX i ON t USING btree (a) WHERE (a = 'x'::citext);\n\
        CREATE INDEX j ON t USING btree (b) WHERE (b = 1);\nCREATE INDEX k ON t USING btree (f(b));\n";
    let form = String::from_utf8(normalize(dump)).unwrap();
    let with_path = "SET search_path = app, pg_catalog;\nCREATE INDEX i ON app.t USING btree (a) WHERE (a = 'x'::app.citext);\n";
    assert!(form.contains(with_path) && form.contains("a app.citext"), "{form}");
    assert!(form.contains("'', false);\nCREATE INDEX j ON app.t USING btree (b) WHERE (b = 1);\n"), "{form}");
    assert!(form.contains("SET search_path = app, pg_catalog;\nCREATE INDEX k "), "{form}");
    assert_eq!(String::from_utf8_lossy(&normalize(form.as_bytes())), form);
}

#[test]
fn parts_of_columns_stand_in_the_order_of_the_columns() {
    let dump = b"CREATE TABLE a.t (z integer, b integer, CONSTRAINT c CHECK (true), a integer);\n\
        COMMENT ON COLUMN a.t.a IS '3';\nCOMMENT ON COLUMN a.t.b IS '2';\nCOMMENT ON COLUMN a.t.z IS '1';\n\
        ALTER TABLE a.t ALTER COLUMN b SET DEFAULT 2;\nALTER TABLE a.t ALTER COLUMN z SET DEFAULT 1;\n";
    let form = String::from_utf8(normalize(dump)).unwrap();
    let lines = |word: &str| form.lines().filter(|line| line.contains(word)).collect::<Vec<_>>().join("\n");
    assert_eq!(
        lines("COMMENT"),
        "COMMENT ON COLUMN a.t.z IS '1';\nCOMMENT ON COLUMN a.t.b IS '2';\nCOMMENT ON COLUMN a.t.a IS '3';"
    );
    assert!(lines("DEFAULT").find("COLUMN z") < lines("DEFAULT").find("COLUMN b"), "{form}");
}

#[test]
fn a_schema_of_103_versions_shows_no_noise_of_pg_dump() {
    let Some(folder) = corpus::corpus() else { return };
    let unpacked = corpus::unpacked(&folder.join("history/feedbin.tar.zst"));
    let mut dumps: Vec<_> = std::fs::read_dir(unpacked.path().join("feedbin__feedbin"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    dumps.sort();
    assert_eq!(dumps.len(), 103);
    for dump in dumps {
        let output = corpus::run(Path::new(PROGRAM), &["-"], &std::fs::read(&dump).unwrap());
        assert!(output.status.success() && output.stderr.is_empty(), "{}", dump.display());
        let form = String::from_utf8(output.stdout).unwrap();
        let schema = form.split("SET search_path TO").next().unwrap();
        // Older pg_dumps set a search path and wrote the extension that every database has.
        for noise in ["SET search_path =", "plpgsql", "OWNED BY feeds.", "nextval('feeds", "settings hstore"]
        {
            assert!(!schema.contains(noise), "{}: {noise}", dump.display());
        }
        assert!(normalize(form.as_bytes()) == form.as_bytes(), "{}: not idempotent", dump.display());
    }
}

/// Guards against publications of tables that are not there, which do not restore.
#[test]
fn what_is_left_out_is_in_no_publication() {
    let dump = b"CREATE SCHEMA a;\nCREATE TABLE a.t (x integer);\nCREATE TABLE a.u (x integer);\n\
        CREATE PUBLICATION p WITH (publish = 'insert');\nALTER PUBLICATION p OWNER TO o;\n\
        ALTER PUBLICATION p ADD TABLE ONLY a.t WHERE ((x > 1));\nALTER PUBLICATION p ADD TABLE ONLY a.u (x);\n\
        ALTER PUBLICATION p ADD TABLES IN SCHEMA a;\n";
    let members = |arguments: &[&str]| {
        let output = corpus::run(Path::new(PROGRAM), arguments, dump);
        let form = String::from_utf8(output.stdout).unwrap();
        assert_eq!(form.matches("PUBLICATION p OWNER").count(), 1, "{form}");
        let members = form.lines().filter_map(|line| line.strip_prefix("ALTER PUBLICATION p ADD "));
        members.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(members(&[]).len(), 3);
    assert_eq!(members(&["-T", "a.t"]), ["TABLE ONLY a.u(x);", "TABLES IN SCHEMA a;"]);
    assert!(members(&["-N", "a"]).is_empty());
}

/// What it prints, what it says, and how it ends.
fn run(input: &[u8], more: &[&str]) -> (String, String, Option<i32>) {
    let output = corpus::run(Path::new(PROGRAM), &[&["-"], more].concat(), input);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

#[test]
fn lines_of_programs_are_skipped_in_front_and_refused_elsewhere() {
    let plain = run(messages::with("", "").as_bytes(), &[]);
    assert_eq!((plain.1.as_str(), plain.2), ("", Some(0)));
    for (place, in_front) in messages::PLACES {
        for (line, takes_more) in messages::LINES {
            let dump = messages::with(place, line);
            let at = dump[..dump.find(line).unwrap()].matches('\n').count() + 1;
            let (form, said, code) = run(dump.as_bytes(), &[]);
            let begin: String =
                line.trim_end().split(['\n', '\r']).next().unwrap().chars().take(40).collect();
            assert!(said.contains(begin.trim_end()), "{place} {line}: {said}");
            if in_front && !takes_more {
                let begins = dump[..dump.find(line).unwrap() + line.len()].matches('\n').count() + 1;
                assert_eq!((form, code), (plain.0.clone(), Some(0)), "{place} {line}: {said}");
                assert!(
                    said.contains(&format!("the dump begins at line {begins}")),
                    "{place} {line}: {said}"
                );
            } else {
                assert_eq!((form.as_str(), code), ("", Some(2)), "{place} {line}: {said}");
                assert!(said.contains(&format!("at line {at},")), "{place} {line}: {said}");
            }
        }
    }
}

#[test]
fn what_takes_the_place_of_a_text_is_called_so() {
    let dump = messages::with("", "");
    for (input, code, says) in [
        (format!("\u{feff}{dump}"), 0, "a byte order mark stands in front"),
        (dump.replace("CREATE TYPE", "\u{feff}CREATE TYPE"), 2, "byte order mark within the text"),
        (dump.replace('\n', "\r\n"), 0, "lines end with CR LF"),
        // What psql loses is more than a setting.
        (
            messages::with("<front>", "NOTICE:  x\n")
                .replace("SET statement_timeout = 0;", "CREATE SCHEMA a;"),
            2,
            "`NOTICE:  x`",
        ),
        (format!("NOTICE: x\n{}", &dump[dump.find("CREATE").unwrap()..]), 2, "line of a program"),
        (
            "Dumping schemas...\nSET statement_timeout = 0;\nCREATE SCHEMA a;\n".to_owned(),
            0,
            "the dump begins at line 2",
        ),
        ("Dumping schemas...\nCREATE SCHEMA a;\nCREATE SCHEMA b;\n".to_owned(), 2, "line of a program"),
        ("Password: CREATE SCHEMA a;\nCREATE SCHEMA b;\n".to_owned(), 2, "line of a program"),
    ] {
        let (_, said, ended) = run(input.as_bytes(), &[]);
        assert!(said.contains(says), "{input}: {said}");
        assert_eq!(ended, Some(code), "{input}: {said}");
    }
    for (text, says) in [
        (&b"PGDMP\r\n\x0e\0\x04\x08\r\n"[..], "each line feed became CR LF"),
        (b"Password: \r\nPGDMP\x01\x0e\0\x04\x08", "an archive of `pg_dump` behind 12 bytes"),
        (b"\xff\xfe-\0-\0\n\0", "UTF-16LE"),
    ] {
        let (_, said, ended) = run(text, &[]);
        assert!(said.contains(says) && ended == Some(2), "{said}");
    }
    // Colons that SQL has.
    let sql = "CREATE VIEW public.v AS SELECT JSON_OBJECT(a: 1, 'b': 2) AS x, (ARRAY[1,2])[1: 2] AS y, f(z := 1), '1'::text;\n";
    let (form, said, ended) = run(sql.as_bytes(), &[]);
    assert!(said.is_empty() && ended == Some(0) && form.contains("JSON_OBJECT"), "{said}");
}

#[test]
fn what_the_grammar_refuses_is_not_understood() {
    for (sql, says) in [
        ("CREATE TABLE public.t (\n    a integer\n    b text\n);", "`b`, at line 3"),
        ("CREATE TABLE public.t (\n    a integer DEFAULT 1\n    b text\n);", "`b`, at line 3"),
        (
            "CREATE TABLE public.t (\n    a character varying(3) DEFAULT 'x'::character varying\n    b text\n);",
            "`b`, at line 3",
        ),
        ("CREATE TABLE public.t (\n    a integer,\n    oops\n);", "a name without a type, at line 3"),
        ("CREATE TABLE public.t (\n    a integer,\n    oops b text\n);", "`text`, at line 3"),
        ("CREATE TABLE public.t (\n    a integer,\n);", "nothing stands behind `,`, at line 2"),
        (
            "CREATE TABLE public.t (\n    a integer\n    CONSTRAINT p PRIMARY KEY (a)\n);",
            "`PRIMARY`, at line 3",
        ),
        (
            "CREATE TABLE public.t (\n    CONSTRAINT p CHECK (true)\n    CONSTRAINT q CHECK (true)\n);",
            "`CONSTRAINT`, at line 3",
        ),
        ("CREATE TABLE public.t (a integer)\nCREATE TABLE public.u (a integer);", "no `;`, at line 2"),
        ("CREATE TYPE public.t AS ENUM (\n    'a' 'b'\n);", "two literals without a comma, at line 2"),
        ("CREATE TYPE public.t AS ENUM (\n    'a',\n    oops\n    'b'\n);", "`oops`, at line 3"),
        ("CREATE TYPE public.t AS (\n    a integer\n    b text\n);", "`b`, at line 3"),
        ("CREATE VIEW public.t AS SELECT 1);", "could close"),
    ] {
        let (_, said, _) = run(sql.as_bytes(), &[]);
        assert!(
            said.contains("not understood since PostgreSQL refuses it") && said.contains(says),
            "{sql}: {said}"
        );
    }
    for sql in [
        "CREATE TABLE public.t (a bit varying(3) NOT NULL, b double precision DEFAULT 1.5 NOT NULL, c timestamp(3) without time zone DEFAULT now() NOT NULL, d \"char\", e text DEFAULT 'x'::text COLLATE \"C\" NOT NULL, f interval day to second(3));",
        "CREATE TABLE public.t (exclude character varying(4) DEFAULT 'a' NOT NULL, h numeric(10,2) DEFAULT (0)::numeric(10,2) NOT NULL, i integer DEFAULT 1 REFERENCES public.u(a) ON DELETE CASCADE, j boolean DEFAULT true NOT NULL, k integer GENERATED ALWAYS AS (1) STORED);",
        "CREATE TABLE public.t (m text DEFAULT CASE WHEN true THEN 'a' ELSE 'b' END, n timestamp with time zone DEFAULT (now() AT TIME ZONE 'utc'::text) NOT NULL, CONSTRAINT x EXCLUDE USING gist (m WITH =) WHERE ((a > 1)) DEFERRABLE, PRIMARY KEY (n) INCLUDE (m), FOREIGN KEY (a) REFERENCES public.x(b) ON DELETE SET NULL (a) NOT VALID, LIKE public.z INCLUDING ALL);",
        "CREATE TABLE public.t (a, b) AS SELECT 1, 2;",
        "CREATE TABLE public.t AS SELECT f(x) FROM y;",
        "CREATE TABLE public.t PARTITION OF public.u (a DEFAULT 1) FOR VALUES IN (1);",
        "CREATE TYPE public.t AS ENUM (\n);",
        "CREATE TYPE public.t AS ENUM (\n    'a'\n    'b'\n);",
    ] {
        let (_, said, ended) = run(sql.as_bytes(), &[]);
        assert!(said.is_empty() && ended == Some(0), "{sql}: {said}");
    }
}

#[test]
fn rows_behind_a_copy_that_is_not_understood_are_not_passed_in_silence() {
    let table = "CREATE TABLE public.t (a integer);\n";
    for copy in
        ["COPY BINARY public.t FROM stdin", "COPY ONLY public.t FROM stdin", "COPY (SELECT 1) FROM stdin"]
    {
        let (form, said, _) =
            run(format!("{table}{copy};\n1\n\\.\nCREATE SCHEMA a;\n").as_bytes(), &["--data", "*"]);
        assert!(said.contains("the rows behind it are left out") && said.contains(copy), "{said}");
        assert!(form.contains("CREATE SCHEMA a;") && !form.contains("COPY"), "{form}");
    }
    for copy in ["COPY public.t FROM stdin WHERE a > 1", "COPY public.t FROM stdin (FORMAT nonsense)"] {
        let (_, said, _) = run(format!("{table}{copy};\n1\n\\.\n").as_bytes(), &["--data", "*"]);
        assert!(
            said.contains("whose options are not understood") && said.contains("table public.t"),
            "{said}"
        );
    }
    let (form, said, _) = run(
        format!("{table}COPY public.t (a) WITH OIDS FROM stdin;\n18\t1\n\\.\n").as_bytes(),
        &["--data", "*"],
    );
    assert!(said.is_empty() && form.contains("COPY public.t (a) FROM stdin;\n1\n\\."), "{form}{said}");
}

#[test]
fn an_unknown_kind_is_kept_word_for_word() {
    for sql in [
        "GRANT SELECT ON FOO BAR public.g TO ann;",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO ann;",
        "REVOKE ALL ON FOO g FROM ann;",
        "GRANT USAGE ON TYPE BODY g TO ann;",
        "COMMENT ON FOO BAR g IS 'x';",
        "COMMENT ON INDEX TEMPLATE g IS 'x';",
        "SECURITY LABEL FOR p ON TABLE TEMPLATE g IS 'x';",
        "ALTER DEFAULT PRIVILEGES FOR ROLE joe GRANT SELECT ON FOO BARS TO ann;",
        "ALTER SCHEMA VARIABLE g OWNER TO joe;",
        "ALTER FOO BAR g OWNER TO joe;",
        "CREATE FOO BAR g;",
    ] {
        let input = format!("SET search_path = app, pg_catalog;\n{sql}\n");
        let (form, said, _) = run(input.as_bytes(), &[]);
        assert!(form.contains(&format!("\n{sql}\n")), "{form}");
        assert!(said.contains("not understood") && said.contains(&sql[..sql.len().min(60)]), "{said}");
    }
    let graph = "CREATE PROPERTY GRAPH public.g\n    VERTEX TABLES (public.v KEY (id) PROPERTIES (id));\n\
        ALTER PROPERTY GRAPH public.g OWNER TO joe;\nCOMMENT ON PROPERTY GRAPH public.g IS 'x';\n\
        GRANT SELECT ON PROPERTY GRAPH public.g TO ann;\n";
    let (form, said, _) = run(graph.as_bytes(), &[]);
    assert!(said.is_empty(), "{said}");
    for line in
        ["ALTER PROPERTY GRAPH public.g OWNER TO joe;", "GRANT SELECT ON PROPERTY GRAPH public.g TO ann;"]
    {
        assert!(form.contains(line), "{form}");
    }
    let (again, said, _) = run(form.as_bytes(), &[]);
    assert_eq!((again, said.as_str()), (form, ""));
}

#[test]
fn a_cut_dump_of_any_product_is_cut() {
    let settings =
        "SET statement_timeout = 0;\nSET client_encoding = 'UTF8';\nSET check_function_bodies = false;\n";
    let version = "-- Dumped from database version 15.3.0\n\n";
    for (head, cut) in [
        (format!("--\n-- Unheard Of (Enterprise) database dump\n--\n\n{version}{settings}"), true),
        (
            format!(
                "--\n-- Unheard Of database dump\n--\n\n-- Dumped by pg_dump version 15.3.0\n\n{settings}"
            ),
            true,
        ),
        (format!("--\n-- Unheard Of database dump\n--\n\n{settings}"), true),
        (format!("--\n-- Unheard Of database cluster dump\n--\n\n{settings}"), true),
        ("--\n-- Our nightly database dump\n--\n\nSET statement_timeout = 0;\n".to_owned(), false),
    ] {
        let (_, said, code) = run(format!("{head}CREATE SCHEMA a;\n").as_bytes(), &[]);
        assert_eq!((said.contains("truncated dump"), code == Some(2)), (cut, cut), "{head}: {said}");
        let whole = head.lines().find(|line| line.ends_with(" dump")).unwrap();
        let (_, said, code) =
            run(format!("{head}CREATE SCHEMA a;\n--\n{whole} complete\n--\n\n").as_bytes(), &[]);
        assert_eq!(code, Some(0), "{said}");
    }
}

#[test]
fn a_dump_that_sets_no_search_path_means_the_servers_own() {
    let bare = "CREATE SEQUENCE s;\nCREATE TABLE a (id integer PRIMARY KEY);\n\
        CREATE TABLE b (id integer DEFAULT nextval('s'::regclass), aid integer REFERENCES a, n bigint DEFAULT nextval('s'));\n\
        CREATE TABLE c (LIKE a);\nCREATE VIEW v AS SELECT id FROM a;\nCREATE VIEW w AS TABLE v;\n\
        CREATE POLICY p ON b USING (aid IN (SELECT id FROM a));\nCREATE SEQUENCE o OWNED BY b.id;\n";
    let named = "CREATE SEQUENCE public.s;\nCREATE TABLE public.a (id integer PRIMARY KEY);\n\
        CREATE TABLE public.b (id integer DEFAULT nextval('public.s'::regclass), aid integer REFERENCES public.a, n bigint DEFAULT nextval('public.s'));\n\
        CREATE TABLE public.c (LIKE public.a);\nCREATE VIEW public.v AS SELECT id FROM public.a;\nCREATE VIEW public.w AS TABLE public.v;\n\
        CREATE POLICY p ON public.b USING (aid IN (SELECT id FROM public.a));\nCREATE SEQUENCE public.o OWNED BY public.b.id;\n";
    let expected = String::from_utf8(normalize(named.as_bytes())).unwrap();
    assert!(!expected.contains("SET search_path ="), "{expected}");
    for path in ["", "SET search_path = public, pg_catalog;\n", "SET search_path TO \"$user\", public;\n"] {
        let form = normalize(format!("{path}{bare}").as_bytes());
        assert_eq!(String::from_utf8(form).unwrap(), expected, "{path}");
    }
    // An extension's function, types that only people name so, bodies in SQL's own words, where it is put: the path stays.
    let with_path = "CREATE EXTENSION hstore;\nCREATE TABLE t (h integer DEFAULT f());\nALTER TABLE t ADD COLUMN m mood;\n\
        CREATE FUNCTION g() RETURNS bigint LANGUAGE sql RETURN (SELECT count(*) FROM t);\nCREATE PUBLICATION p FOR TABLE t;\n";
    let form = String::from_utf8(normalize(with_path.as_bytes())).unwrap();
    let mut path = false;
    for line in form.lines() {
        path = line.starts_with("SET search_path = public;")
            || path && !line.starts_with("SELECT pg_catalog.set");
        let needs = line.starts_with("CREATE") || line.starts_with("ALTER TABLE");
        assert!(path || !needs, "{line}\n{form}");
    }
    // A dump of pg_dump without its settings names everything with its schema.
    let cut = "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;\nCREATE TABLE public.t (a public.citext, b integer);\n\
        CREATE INDEX i ON public.t USING btree (lower((a)::text)) WHERE (b > 1);\n";
    let form = String::from_utf8(normalize(cut.as_bytes())).unwrap();
    assert!(!form.contains("SET search_path ="), "{form}");
}

#[test]
fn the_comment_of_the_schema_public_is_kept_where_it_is_not_the_servers_own() {
    let form = |text: &str| {
        let dump =
            format!("COMMENT ON SCHEMA public IS '{text} public schema';\nCREATE TABLE public.t ();\n");
        String::from_utf8(normalize(dump.as_bytes())).unwrap().contains("COMMENT ON SCHEMA public")
    };
    assert_eq!([form("standard"), form("Standard"), form("our")], [false, true, true]);
}

#[test]
fn what_is_left_of_a_cluster_is_normalised_once() {
    let begin = "--\n-- PostgreSQL database cluster dump\n--\n";
    let end = "--\n-- PostgreSQL database cluster dump complete\n--\n";
    for databases in [
        "\\connect template1\nCREATE DATABASE shop;\n\\connect shop\n",
        "\\connect template1\nCREATE DATABASE shop;\n\\connect shop\nCREATE TABLE public.t ();\n",
        "\\connect template1\n\\connect shop\nCREATE TABLE public.t ();\n",
        "\\connect template1\nCREATE TABLE public.t ();\n\\connect shop\nCREATE TABLE public.t ();\n",
        "CREATE DATABASE shop;\nCREATE DATABASE a;\n\\connect shop\nCREATE TABLE public.t ();\n\\connect a\n",
    ] {
        let form = normalize(format!("{begin}{databases}{end}").as_bytes());
        let again = normalize(&form);
        assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&form), "{databases}");
    }
}
