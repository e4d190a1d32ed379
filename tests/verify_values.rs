//! Rows that are written otherwise than the server prints them: the same values are the same rows, and others are not.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

mod verdict;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use scratch::{Cluster, Programs};
use verdict::{Case, assert_all, programs, verify};

const BY_VALUE: &str =
    "tables compared by value, as values are written in another form than this server's: 1";
const DIFFERS: &str = "the content of the rows differs";

fn reported(name: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let corpus = std::env::var_os("PGDUMPKIT_CORPUS").map_or(here, PathBuf::from);
    let path = corpus.join("reported").join(name);
    if !path.is_file() {
        eprintln!("skipped: no corpus");
        return None;
    }
    Some(path)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// A table of some columns with rows behind a COPY.
fn copied(columns: &str, rows: &str) -> String {
    let names: Vec<&str> = columns.split(", ").filter_map(|column| column.split(' ').next()).collect();
    let names = names.join(", ");
    format!("CREATE TABLE public.v ({columns});\nCOPY public.v ({names}) FROM stdin;\n{rows}\\.\n")
}

#[test]
fn a_byte_order_mark_shifts_nothing() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let table = "CREATE TABLE public.t (a integer, b text);\n";
    let copy = "COPY public.t (a, b) FROM stdin;\n1\tone\n2\ttwo\n\\.\n";
    let inserts = "CREATE TABLE public.u (a integer, b text);\nINSERT INTO public.u VALUES (1, 'one');\n\
                   INSERT INTO public.u VALUES (2, 'a;b');\n";
    let objects = "SELECT pg_catalog.lo_create('5');\nBEGIN;\n\nSELECT pg_catalog.lo_open('5', 131072);\n\
                   SELECT pg_catalog.lowrite(0, '\\x00ff');\nSELECT pg_catalog.lo_close(0);\nCOMMIT;\n";
    let sql = [table, copy, inserts, objects].concat();
    let mark = b"\xef\xbb\xbf";
    let marked = [mark, sql.as_bytes()].concat();
    let lines = [mark, sql.replace('\n', "\r\n").as_bytes()].concat();
    // A place is one of the file.
    let wrong = [mark, format!("{table}{copy}SELECT 1 / 0;\n").as_bytes()].concat();
    let at = wrong.windows(6).position(|bytes| bytes == b"SELECT").unwrap();
    assert_all(&[
        Case::bytes(folder, "all", &marked, 0).never("bad"),
        Case::bytes(folder, "packed", &gzip(&marked), 0),
        Case::bytes(folder, "lines of Windows", &lines, 0),
        Case::bytes(folder, "a table", &[mark, table.as_bytes()].concat(), 0),
        Case::bytes(folder, "a place", &wrong, 1).says(&format!("line 6, byte {at}")),
    ]);
}

#[test]
fn other_texts_of_the_same_values_are_the_same() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let same = [
        ("real", "v real", "32.3800011\n1.10000002\n"),
        ("double", "v double precision", "0.10000000000000001\n4.94065645841247e-324\n1e0\n"),
        (
            "points",
            "v point, w box, x double precision[]",
            "(0.10000000000000001,1)\t(2.0,2.0),(1,1)\t{1.0,0.10000000000000001}\n",
        ),
        ("cube of arrays", "v real[]", "{{1.10000002,2},{3,4}}\n"),
        ("bytea", "v bytea", "\\\\000abc\n\\\\\\\\\n\\\\x00FF\n"),
        ("padding", "v character(5), w character varying(9)", "ab\tab\n"),
        ("scale", "v numeric(6,2), w numeric", "1\t1.50\n"),
        (
            "date",
            "v date, w time without time zone, x timestamp without time zone",
            "2020-1-1\t10:00\t2020-1-1 10:00\n",
        ),
        ("integer", "v integer, w bigint", "007\t+5\n"),
        ("boolean", "v boolean", "true\nf\nyes\n"),
        ("interval", "v interval", "P1DT2H\n1 day 2 hours\n"),
        ("json", "v jsonb, w json", "{\"b\":1,  \"a\":2}\t{\"b\":1,  \"a\":2}\n"),
        ("names", "v regclass, w regtype", "\"public\".\"real\"\t\"pg_catalog\".\"int4\"\n"),
        ("uuid", "v uuid, w inet", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11\t10.0.0.1/32\n"),
        ("ranges", "v int4range, w tstzrange", "[1,4]\t[\"2020-01-01 00:00:00+02\",)\n"),
        ("escapes", "v text", "\\x41\\102\n"),
        ("many", "v double precision", &"0.10000000000000001\n".repeat(100_000)),
    ];
    let all: String = same
        .iter()
        .map(|(name, columns, rows)| copied(columns, rows).replace("public.v", &format!("public.\"{name}\"")))
        .collect();
    let number = BY_VALUE.replace(": 1", &format!(": {}", same.len()));
    let mut cases = vec![Case::plain(folder, "all types", &all, 0).says(&number).never(DIFFERS)];
    let header = "-- Dumped from database version 11.22\n-- Dumped by pg_dump version 11.22\n\n\
                  SET client_encoding = 'UTF8';\nSET extra_float_digits = 0;\n";
    let old =
        copied("v real, w double precision, x bytea", "32.3800011\t0.10000000000000001\t\\\\336\\\\255\n");
    cases.push(Case::plain(folder, "an old server", &format!("{header}{old}"), 0).says(BY_VALUE));
    let typed = "CREATE TYPE public.pair AS (a real, b date);\nCREATE DOMAIN public.year AS integer\n\tCONSTRAINT year_check CHECK ((VALUE > 1900));\n";
    let of_types = copied("v public.pair, w public.year", "(1.10000002,2020-1-1)\t02020\n");
    cases.push(Case::plain(folder, "types of its own", &format!("{typed}{of_types}"), 0).says(BY_VALUE));
    let european = copied("v date", "01/02/2020\n");
    cases.push(
        Case::plain(folder, "its own settings", &format!("SET datestyle = 'SQL, DMY';\n{european}"), 0)
            .says(BY_VALUE),
    );
    let local = copied("v timestamp with time zone", "2020-01-01 10:00\n");
    cases.push(
        Case::plain(folder, "no zone", &format!("SET timezone = 'Asia/Tokyo';\n{local}"), 0).says(BY_VALUE),
    );
    let parted = "CREATE TABLE public.v (v real)\nPARTITION BY RANGE (v);\nCREATE TABLE public.v1 (v real);\n\
                  ALTER TABLE ONLY public.v ATTACH PARTITION public.v1 FOR VALUES FROM ('0') TO ('9');\n\
                  COPY public.v (v) FROM stdin;\n1.10000002\n\\.\n";
    cases.push(Case::plain(folder, "partitions", parted, 0).says(BY_VALUE));
    assert_all(&cases);
}

#[test]
fn values_of_inserts_are_those_of_their_columns() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let table = "CREATE TABLE public.v (a integer, b character(5), c numeric(6,2), d double precision, e bytea, \
                 f integer GENERATED ALWAYS AS (a * 2) STORED, g date, h text DEFAULT 'x');\n";
    let by_hand = "INSERT INTO public.v (a, b, c, d, e, g) VALUES (007, 'ab', 1, -0, '\\000', '2020-1-1'), (8, NULL, 1.5, 1e0, '\\x00', NULL);\n";
    let long: String = (10..30_000).map(|n| format!(",\n({n}, 'ab', 1, -0, '\\x00', '2020-1-1')")).collect();
    let long = format!(
        "INSERT INTO public.v (a, b, c, d, e, g) VALUES (9, 'ab', 1, -0, '\\x00', '2020-1-1'){long};\n"
    );
    let order = "INSERT INTO public.v (g, a, h) VALUES ('2020-1-1', 1, 'y') ON CONFLICT DO NOTHING;\n";
    let all = "INSERT INTO public.v VALUES (1, 'ab', 1, 0, NULL, DEFAULT, '2020-1-1', 'h');\n";
    let mut cases = Vec::new();
    for (name, sql) in [("by hand", by_hand), ("long", &long), ("another order", order), ("all columns", all)]
    {
        cases.push(Case::plain(folder, name, &format!("{table}{sql}"), 0).says(BY_VALUE).never(DIFFERS));
    }
    let some = "INSERT INTO public.v (a) VALUES (1);\nINSERT INTO public.v (a, b) VALUES (2, 'ab');\n";
    cases.push(
        Case::plain(folder, "other columns", &format!("{table}{some}"), 3)
            .says("only the number of rows was compared"),
    );
    let old = "SET standard_conforming_strings = off;\nCREATE TABLE public.v (e bytea);\nINSERT INTO public.v VALUES ('\\\\000a');\n";
    cases.push(Case::plain(folder, "old literals", old, 0).says(BY_VALUE));
    assert_all(&cases);
}

#[test]
fn other_values_are_other_rows() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let trigger = |body: &str| {
        format!(
            "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} RETURN NEW; END$$;\n\
             CREATE TABLE public.v (v double precision, w integer DEFAULT 5);\n\
             CREATE TRIGGER t BEFORE INSERT ON public.v FOR EACH ROW EXECUTE FUNCTION public.f();\n"
        )
    };
    let rows = "COPY public.v (v, w) FROM stdin;\n0.10000000000000001\t7\n0.20000000000000001\t8\n\\.\n";
    let inserts = "INSERT INTO public.v VALUES (0.10000000000000001, 7);\nINSERT INTO public.v (w, v) VALUES (8, -0);\n";
    let mut cases = Vec::new();
    for (name, body) in [
        ("a value", "NEW.w := NEW.w + 1;"),
        ("the last digit", "NEW.v := NEW.v + 1e-16;"),
        ("null", "NEW.w := NULL;"),
    ] {
        for (way, rows) in [("COPY", rows), ("INSERT", inserts)] {
            let sql = format!("{}{rows}", trigger(body));
            cases.push(Case::plain(folder, &format!("{name} by {way}"), &sql, 1).says(DIFFERS));
        }
    }
    // What changes nothing changes nothing.
    cases.push(Case::plain(folder, "no change", &format!("{}{rows}", trigger("")), 0).says(BY_VALUE));
    let later = "CREATE TABLE public.v (v double precision);\nCOPY public.v (v) FROM stdin;\n0.10000000000000001\n\\.\n\
                 UPDATE public.v SET v = v + 1;\n";
    cases.push(Case::plain(folder, "a statement", later, 1).says(DIFFERS));
    assert_all(&cases);
}

#[test]
fn rows_may_name_roles_that_nobody_made() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = copied("v regrole, w aclitem[]", "alice\t{bob=r/alice}\ncarol\t\\N\n");
    let inserts = "CREATE TABLE public.v (v regrole);\nINSERT INTO public.v VALUES ('alice');\nINSERT INTO public.v VALUES ('bob');\n";
    let schema = "CREATE SCHEMA app;\nCREATE FUNCTION app.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';\n";
    let says = "roles made to stand in for those of the backup: alice, bob";
    assert_all(&[
        Case::plain(folder, "rows", &rows, 0).says(says).says("carol"),
        Case::plain(folder, "rows of a whole dump", &format!("{schema}{rows}"), 0).says(says),
        Case::plain(folder, "inserts", inserts, 0).says(says),
        Case::plain(folder, "several tables", &format!("{rows}{}", inserts.replace(".v", ".u")), 0)
            .says(says),
    ]);
}

#[test]
fn rows_of_other_forms_are_counted_and_compared() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let forms = [
        ("", "12345\tTown\n23456\tVil\\\nlage\n"),
        (" DELIMITER '|'", "12345|Town\n23456|Vil\tla\\|ge\n"),
        (" WITH NULL AS ''", "12345\t\n23456\t\\N\n"),
        (" USING DELIMITERS ',' WITH NULL AS 'nil'", "12345,nil\n23456,Village\n"),
        (" WITH CSV HEADER", "zip,name\n12345,\"To\nwn\"\n23456,\n"),
        (" CSV QUOTE '''' NULL 'x'", "12345,'To''wn'\n23456,x\n"),
        (" WITH (FORMAT csv, HEADER true, DELIMITER ';')", "zip;name\n12345;\"a \"\"b\"\"\"\n23456;\\\n"),
        (" (DELIMITER E'\\t', NULL 'nil')", "12345\tnil\n23456\tVillage\n"),
    ];
    let of = |number: usize, columns: &str, copy: &str, rows: &str| {
        format!(
            "CREATE TABLE public.c{number} (zip integer, name text);\n\
             COPY public.c{number}{columns} FROM stdin{copy};\n{rows}\\.\n"
        )
    };
    let all = |columns: &str| -> String {
        forms.iter().enumerate().map(|(number, (copy, rows))| of(number, columns, copy, rows)).collect()
    };
    let all_by_value = all(" (zip, name)").replace("12345", "012345");
    let number = BY_VALUE.replace(": 1", &format!(": {}", forms.len()));
    let counted = format!("tables: {} verified; rows: {};", forms.len(), 2 * forms.len());
    let cut = of(1, "", "", "12345\tTown\n23456\tVil\\\n");
    let mut cases = vec![
        Case::plain(folder, "forms", &all(" (zip, name)"), 0).says(&counted).never("by value"),
        Case::plain(folder, "forms of all columns", &all(""), 0).says(&counted),
        Case::plain(folder, "other texts", &all_by_value, 0).says(&counted).says(&number),
        Case::plain(folder, "a break in the last", &cut, 1),
    ];
    let unread = "options that were not understood";
    for (copy, rows) in [
        (" (FORMAT csv, FORCE_NULL (name))", "12345,\"\"\n23456,x\n"),
        (" WHERE zip > 20000", "12345\tTown\n23456\tVillage\n"),
        (" (FORMAT csv) WHERE zip > 20000", "12345,Town\n23456,Village\n"),
    ] {
        cases.push(Case::plain(folder, copy, &of(1, "", copy, rows), 3).says(unread).never(DIFFERS));
    }
    let identifiers =
        "CREATE TABLE public.p (id integer);\nCOPY public.p (id) WITH OIDS FROM stdin;\n18001\t1\n\\.\n";
    let says = "needs an older server: dump is of one that took what this one no longer takes";
    cases.push(Case::plain(folder, "oids", identifiers, 3).says(says).never("large objects (").never("bad"));
    if let (Some(lines), Some(oids)) = (reported("bsnl.sql"), reported("oids.sql")) {
        cases.push(Case::of("bsnl", lines, 0));
        cases.push(Case::of("oids of a whole dump", oids, 3).says(says).says("public.people").never("bad: "));
    }
    assert_all(&cases);
}

#[test]
fn the_encoding_may_be_set_by_psql() {
    if programs().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let bytes = |encoding: &str| {
        let begin = format!("{encoding}CREATE TABLE public.t (a text);\nCOPY public.t (a) FROM stdin;\n");
        [begin.as_bytes(), b"caf\xe9\n\\.\nINSERT INTO public.t VALUES ('\xfc');\n"].concat()
    };
    assert_all(&[
        Case::bytes(folder, "latin", &bytes("\\encoding LATIN1\n"), 0).never("note: statement"),
        Case::bytes(folder, "quoted", &bytes("\\encoding 'latin1'\n"), 0),
        Case::bytes(folder, "statement", &bytes("SET client_encoding = 'LATIN1';\n"), 0),
        Case::bytes(folder, "none", &bytes(""), 1),
    ]);
}

#[test]
fn backups_in_another_encoding_than_their_database_are_whole() {
    let Some(programs) = programs() else { return };
    let cluster = Cluster::start(&programs).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut cases = Vec::new();
    for (encoding, text) in [("EUC_JP", "\u{65e5}\u{672c}"), ("LATIN1", "caf\u{e9}")] {
        let name = format!("db_{}", encoding.to_ascii_lowercase());
        let sql = format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
        cluster.psql("postgres", &sql).unwrap();
        let sql = format!(
            "SET client_encoding = 'UTF8'; CREATE TABLE public.\"{text}\" (a text DEFAULT '{text}'); \
             INSERT INTO public.\"{text}\" DEFAULT VALUES; COMMENT ON TABLE public.\"{text}\" IS '{text}'"
        );
        cluster.psql_script(&name, sql.as_bytes()).unwrap();
        for (way, arguments) in [
            ("custom", &["-E", "UTF8", "-Fc", "-C"][..]),
            ("plain", &["-E", "UTF8", "-C"]),
            ("own", &["-Fc", "-C"]),
            ("of one", &["-E", "UTF8", "-Fc"]),
        ] {
            let backup = folder.path().join(format!("{name}_{way}"));
            fs::write(&backup, cluster.pg_dump(&name, arguments).unwrap()).unwrap();
            cases.push(Case::of(&format!("{encoding} {way}"), backup, 0));
        }
    }
    assert_all(&cases);
}

#[test]
fn a_backup_of_escaped_bytes_is_its_source() {
    let Some(programs) = programs() else { return };
    let cluster = Cluster::start(&programs).unwrap();
    cluster.create_database("shop").unwrap();
    let sql = "CREATE TABLE public.t AS SELECT n, decode(md5(n::text), 'hex') AS b, now() AS at FROM generate_series(1, 50) n; \
               ALTER DATABASE shop SET bytea_output = escape; ALTER DATABASE shop SET TimeZone = 'Asia/Tokyo'";
    cluster.psql_script("shop", sql.as_bytes()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("shop.sql");
    fs::write(&backup, cluster.pg_dump("shop", &[]).unwrap()).unwrap();
    let url = format!(
        "host='{}' port={} user=postgres dbname=shop",
        cluster.socket_dir().display(),
        cluster.port()
    );
    let path = backup.to_str().unwrap();
    let (code, text) = verify(&[path, "--level", "restore", "--against", &url, "--content"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(BY_VALUE), "{text}");
    cluster.psql("shop", "UPDATE public.t SET b = '\\x00' WHERE n = 7").unwrap();
    let (code, text) = verify(&[path, "--level", "file", "--against", &url, "--content"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("as many rows as in the backup, with other content"), "{text}");
}

/// A server's programs with an extension that has rows of its own, and takes others.
fn programs_with_places(programs: &Programs, folder: &Path) -> Option<PathBuf> {
    let told = |option: &str| {
        let output = Command::new(programs.program("pg_config")).arg(option).output().ok()?;
        Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end()))
    };
    let places = ["--bindir", "--pkglibdir", "--sharedir"].map(told);
    let [Some(bindir), Some(libraries), Some(shared)] = places else {
        eprintln!("skipped: no pg_config");
        return None;
    };
    // The programs find the others by the way that leads from one to the other.
    let copy = |from: &Path| {
        let to = folder.join(from.strip_prefix("/").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        if !to.exists() {
            assert!(Command::new("cp").arg("-RL").args([from, &to]).status().unwrap().success());
        }
        to
    };
    let (bindir, _, shared) = (copy(&bindir), copy(&libraries), copy(&shared));
    let control = "default_version = '1'\nrelocatable = false\nschema = public\n";
    let script = "CREATE TABLE places (id integer PRIMARY KEY CHECK (id > 0), name varchar(40) DEFAULT 'none', own boolean);\n\
                  INSERT INTO places VALUES (1, 'north', false), (2, 'south', false);\n\
                  SELECT pg_catalog.pg_extension_config_dump('places', 'WHERE own');\n\
                  CREATE TABLE hidden (a double precision);\n\
                  SELECT pg_catalog.pg_extension_config_dump('hidden', '');\n";
    fs::write(shared.join("extension/places.control"), control).unwrap();
    fs::write(shared.join("extension/places--1.sql"), script).unwrap();
    // One that everybody may make, and whose tables are his who does.
    let (control, script) = (format!("{control}superuser = false\n"), script.replace("places", "spots"));
    fs::write(shared.join("extension/spots.control"), control).unwrap();
    fs::write(shared.join("extension/spots--1.sql"), script.replace("hidden", "covered")).unwrap();
    Some(bindir)
}

#[test]
fn rows_of_extensions_are_loaded_and_compared() {
    let Some(programs) = programs() else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some(bindir) = programs_with_places(&programs, folder.path()) else { return };
    let cluster = Cluster::start(&Programs::in_dir(&bindir).unwrap()).unwrap();
    cluster.create_database("map").unwrap();
    cluster.psql("map", "CREATE EXTENSION places; CREATE EXTENSION spots").unwrap();
    let with = |case: Case| case.with("--pg-bindir").with(bindir.to_str().unwrap());
    let mut cases = Vec::new();
    let dump = |name: &str, arguments: &[&str]| {
        let path = folder.path().join(name);
        fs::write(&path, cluster.pg_dump("map", arguments).unwrap()).unwrap();
        path
    };
    cases.push(with(Case::of("none of the user's", dump("none.sql", &[]), 0)));
    let own = "INSERT INTO places VALUES (5, 'mine', true), (6, NULL, true); INSERT INTO hidden VALUES (0.1), ('-0'); \
               INSERT INTO spots VALUES (7, 'seven', true); \
               CREATE TABLE near (spot integer REFERENCES spots); INSERT INTO near VALUES (1), (7)";
    cluster.psql("map", own).unwrap();
    for (name, arguments) in [("rows.sql", &[][..]), ("rows.dump", &["-Fc"])] {
        cases.push(with(Case::of(name, dump(name, arguments), 0).never("differs")));
    }
    // A value that is written otherwise, and rows that the extension does not take.
    let text = fs::read_to_string(folder.path().join("rows.sql")).unwrap();
    let other = text.replace("\n0.1\n", "\n0.10000000000000001\n").replace("5\tmine", "05\tmine");
    cases.push(with(Case::bytes(folder.path(), "other text", other.as_bytes(), 0).says("compared by value")));
    let wrong = text.replace("5\tmine", "-5\tmine");
    cases.push(with(Case::bytes(folder.path(), "refused", wrong.as_bytes(), 1).says("places_id_check")));
    let twice = text.replace("5\tmine", "1\tmine");
    cases.push(with(Case::bytes(folder.path(), "twice", twice.as_bytes(), 1).says("places_pkey")));
    // What the dump makes an extension's is the dump's.
    let evil = "CREATE EXTENSION citext WITH SCHEMA public;\n\
                CREATE FUNCTION public.told() RETURNS integer LANGUAGE plpgsql AS $$BEGIN RAISE 'ran as %', current_user; END$$;\n\
                CREATE TABLE public.evil (a integer, b integer DEFAULT public.told());\n\
                ALTER EXTENSION citext ADD TABLE public.evil;\n\
                REVOKE ALL ON TABLE public.evil FROM CURRENT_USER;\n\
                COPY public.evil (a) FROM stdin;\n1\n\\.\n";
    cases.push(with(Case::plain(folder.path(), "evil", evil, 3).says("permission denied").never("ran as")));
    assert_all(&cases);
}
