//! What each kind of change means, what stands in its way, and how it reads.

use std::path::Path;

use serde_json::Value;

use super::{Case, PROGRAM, corpus};

/// Statements before and after, and the lines that are told: kind, object, aspect, rule and severity.
const JUDGED: &[(&str, &str, &[&str])] = &[
    // Six digits are all there are.
    (
        "CREATE TABLE a.t (x timestamp without time zone, y time with time zone, z interval);",
        "CREATE TABLE a.t (x timestamp(6) without time zone, y time(6) with time zone, z interval(6));",
        &[
            "changed table a.t column x: type column-type-widened safe",
            "changed table a.t column y: type column-type-widened safe",
            "changed table a.t column z: type column-type-widened safe",
        ],
    ),
    (
        "CREATE TABLE a.t (x character(20), y integer, z inet);",
        "CREATE TABLE a.t (x character(15), y real, z a.unknown);",
        &[
            "changed table a.t column x: type column-type-narrowed destructive",
            "changed table a.t column y: type column-type-narrowed destructive",
            "changed table a.t column z: type column-type-narrowed destructive",
        ],
    ),
    // Labels that are all there.
    (
        "CREATE TYPE a.e AS ENUM ('x'); CREATE TYPE a.f AS ENUM ('w', 'x'); CREATE TABLE a.t (x a.e, y a.f);",
        "CREATE TYPE a.e AS ENUM ('x'); CREATE TYPE a.f AS ENUM ('w', 'x'); CREATE TABLE a.t (x a.f, y a.e);",
        &[
            "changed table a.t column x: type column-type-changed breaking",
            "changed table a.t column y: type column-type-narrowed destructive",
        ],
    ),
    (
        "CREATE DOMAIN a.d AS integer; CREATE DOMAIN a.p AS integer CHECK ((VALUE > 0)); CREATE TABLE a.t (x integer, y integer, z a.p);",
        "CREATE DOMAIN a.d AS integer; CREATE DOMAIN a.p AS integer CHECK ((VALUE > 0)); CREATE TABLE a.t (x a.d, y a.p, z a.d);",
        &[
            "changed table a.t column x: type column-type-widened safe",
            "changed table a.t column y: type column-type-narrowed destructive",
            "changed table a.t column z: type column-type-widened safe",
        ],
    ),
    (
        "CREATE TABLE a.t (x integer, y integer, z integer GENERATED ALWAYS AS ((x * 2)) STORED);",
        "CREATE TABLE a.t (x integer, y integer GENERATED ALWAYS AS ((x * 2)) STORED, z integer);",
        &[
            "added table a.t column y: generated column-generated-added destructive",
            "dropped table a.t column z: generated column-generated-changed breaking",
        ],
    ),
    (
        "CREATE DOMAIN a.d AS integer DEFAULT 1 NOT NULL CONSTRAINT k CHECK ((VALUE > 0));",
        "CREATE DOMAIN a.d AS integer;",
        &[
            "dropped domain a.d default domain-default-dropped breaking",
            "dropped domain a.d not null domain-not-null-dropped safe",
            "dropped domain a.d constraint k domain-constraint-dropped safe",
        ],
    ),
    (
        "CREATE DOMAIN a.d AS integer CONSTRAINT j CHECK ((VALUE > 0));",
        "CREATE DOMAIN a.d AS smallint DEFAULT 1 NOT NULL CONSTRAINT j CHECK ((VALUE > 1)) CONSTRAINT k CHECK ((VALUE < 9));",
        &[
            "changed domain a.d type domain-type-narrowed destructive",
            "added domain a.d default domain-default-added safe",
            "added domain a.d not null domain-not-null-added breaking",
            "changed domain a.d constraint j: check domain-constraint-changed breaking",
            "added domain a.d constraint k domain-constraint-added breaking",
        ],
    ),
    (
        "CREATE SEQUENCE a.q INCREMENT BY -1 MINVALUE -1000 MAXVALUE -1;",
        "CREATE SEQUENCE a.q INCREMENT BY -1 MINVALUE -100 MAXVALUE -2;",
        &[
            "changed sequence a.q minimum sequence-narrowed breaking",
            "changed sequence a.q maximum sequence-changed safe",
        ],
    ),
    (
        "CREATE SEQUENCE a.q START WITH 1 INCREMENT BY 1 MINVALUE 1 MAXVALUE 100 CYCLE;",
        "CREATE SEQUENCE a.q START WITH 50 INCREMENT BY 1 MINVALUE 5 MAXVALUE 200;",
        &[
            "changed sequence a.q start sequence-start-changed breaking",
            "changed sequence a.q minimum sequence-changed safe",
            "changed sequence a.q maximum sequence-changed safe",
            "changed sequence a.q cycle sequence-narrowed breaking",
        ],
    ),
    (
        "CREATE SEQUENCE a.q AS bigint; CREATE SEQUENCE a.r AS integer; CREATE SEQUENCE a.s INCREMENT BY 1;",
        "CREATE SEQUENCE a.q AS integer; CREATE SEQUENCE a.r; CREATE SEQUENCE a.s INCREMENT BY -1;",
        &[
            "changed sequence a.q type sequence-narrowed breaking",
            "changed sequence a.r type sequence-changed safe",
            "changed sequence a.s increment sequence-narrowed breaking",
        ],
    ),
    (
        "CREATE TABLE a.t (x integer NOT NULL GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME a.s NO MAXVALUE CACHE 1));",
        "CREATE TABLE a.t (x integer NOT NULL GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME a.r MAXVALUE 100 CACHE 5));",
        &[
            "changed table a.t column x: identity: sequence name column-identity-option-changed safe",
            "changed table a.t column x: identity: maximum sequence-narrowed breaking",
            "changed table a.t column x: identity: cache column-identity-option-changed safe",
        ],
    ),
    // An index that becomes a constraint's, and one that could not.
    (
        "CREATE TABLE a.t (x integer NOT NULL, y integer); CREATE UNIQUE INDEX u ON a.t USING btree (x);",
        "CREATE TABLE a.t (x integer NOT NULL, y integer); ALTER TABLE ONLY a.t ADD CONSTRAINT u PRIMARY KEY (x);",
        &["changed table a.t constraint u index-became-constraint safe"],
    ),
    (
        "CREATE TABLE a.t (x integer NOT NULL, y integer); ALTER TABLE ONLY a.t ADD CONSTRAINT u UNIQUE (x);",
        "CREATE TABLE a.t (x integer NOT NULL, y integer); CREATE UNIQUE INDEX u ON a.t USING btree (x);",
        &["changed table a.t constraint u key-dropped breaking"],
    ),
    (
        "CREATE TABLE a.t (x integer NOT NULL, y integer); CREATE UNIQUE INDEX u ON a.t USING btree (x) WHERE (y > 0);",
        "CREATE TABLE a.t (x integer NOT NULL, y integer); ALTER TABLE ONLY a.t ADD CONSTRAINT u UNIQUE (x);",
        &[
            "added table a.t constraint u constraint-added breaking",
            "dropped table a.t index u index-dropped-unique breaking",
        ],
    ),
    (
        "CREATE FUNCTION a.f(integer, y text) RETURNS integer LANGUAGE sql AS 'select 1';",
        "CREATE FUNCTION a.f(x integer, y text DEFAULT 'a, b'::text) RETURNS integer LANGUAGE sql AS 'select 1';",
        &["changed function a.f(integer, text) arguments function-signature-extended safe"],
    ),
    (
        "CREATE FUNCTION a.f(double precision, OUT integer) LANGUAGE sql AS 'select 1';",
        "CREATE FUNCTION a.f(double precision, OUT n integer) LANGUAGE sql AS 'select 1';",
        &["changed function a.f(double precision) arguments function-signature-changed breaking"],
    ),
    (
        "CREATE FUNCTION a.f(x integer DEFAULT 1, y integer DEFAULT 2) RETURNS integer LANGUAGE sql AS 'select 1';",
        "CREATE FUNCTION a.f(x integer, z integer DEFAULT 2) RETURNS integer LANGUAGE sql AS 'select 1';",
        &["changed function a.f(integer, integer) arguments function-signature-changed breaking"],
    ),
    (
        "CREATE VIEW a.v AS SELECT t.x FROM a.t WHERE (t.x IS DISTINCT FROM 1);",
        "CREATE VIEW a.v AS SELECT t.x, lower(t.y) AS y FROM a.t WHERE (t.x IS DISTINCT FROM 1);",
        &["changed view a.v query view-columns-added safe"],
    ),
    (
        "CREATE VIEW a.v AS SELECT t.x FROM a.t;",
        "CREATE VIEW a.v AS SELECT t.x, unnest(t.y) AS y FROM a.t;",
        &["changed view a.v query view-query-changed breaking"],
    ),
    (
        "CREATE VIEW a.v AS SELECT DISTINCT t.x FROM a.t;",
        "CREATE VIEW a.v AS SELECT DISTINCT t.x, t.y FROM a.t;",
        &["changed view a.v query view-query-changed breaking"],
    ),
    (
        "CREATE VIEW a.v AS SELECT t.x FROM a.t;",
        "CREATE VIEW a.v AS SELECT t.y, t.x FROM a.t;",
        &["changed view a.v query view-query-changed breaking"],
    ),
    (
        "CREATE SEQUENCE a.t_x_seq AS integer; CREATE TABLE a.t (x integer DEFAULT nextval('a.t_x_seq'::regclass) NOT NULL); \
         ALTER SEQUENCE a.t_x_seq OWNED BY a.t.x;",
        "CREATE TABLE a.t (x integer NOT NULL); \
         ALTER TABLE a.t ALTER COLUMN x ADD GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME a.t_x_seq CACHE 1);",
        &["changed table a.t column x: identity column-identity-changed breaking"],
    ),
    // The words of a name are no key words.
    (
        "CREATE TABLE a.t (x integer, CONSTRAINT \"UNIQUE\" CHECK ((x > 0)), CONSTRAINT no_unique CHECK ((x < 9)));",
        "CREATE TABLE a.t (x integer);",
        &[
            "dropped table a.t constraint \"UNIQUE\" constraint-dropped safe",
            "dropped table a.t constraint no_unique constraint-dropped safe",
        ],
    ),
];

#[test]
fn each_change_falls_under_the_rule_that_it_is_about() {
    for (old, new, expected) in JUDGED {
        let said = Case::new(old, new).diff(&[]);
        assert_eq!(said.lines(), *expected, "{old}\n{new}\n{}", said.stderr);
    }
}

/// Statements before and after, the object and aspect that are told, and what has to be made anew with that.
const DEPENDENT: &[(&str, &str, &str, &[&str])] = &[
    (
        "CREATE TABLE a.t (x integer, y integer, z integer GENERATED ALWAYS AS ((x + 1)) STORED);
         CREATE VIEW a.v AS SELECT t.x FROM a.t; CREATE VIEW a.w AS SELECT v.x FROM a.v; CREATE VIEW a.not AS SELECT t.y AS x FROM a.t;
         CREATE VIEW a.far AS SELECT o.x FROM (a.t k JOIN a.other o ON ((o.id = k.y)));
         CREATE MATERIALIZED VIEW a.mv AS SELECT w.x FROM a.w WITH NO DATA; CREATE INDEX mv_x ON a.mv USING btree (x);
         CREATE POLICY p ON a.t USING ((x > 0)); CREATE POLICY q ON a.t USING ((y > 0));
         CREATE RULE r AS ON DELETE TO a.t WHERE (old.x > 5) DO INSTEAD NOTHING;
         CREATE TRIGGER g BEFORE UPDATE OF x ON a.t FOR EACH ROW EXECUTE FUNCTION a.f();
         CREATE TRIGGER h BEFORE UPDATE OF y ON a.t FOR EACH ROW EXECUTE FUNCTION a.f();
         CREATE INDEX i ON a.t USING btree (x);
         CREATE PUBLICATION pub; ALTER PUBLICATION pub ADD TABLE ONLY a.t WHERE ((x > 0));",
        "x integer, y → x bigint, y",
        "table a.t/column x: type",
        &[
            "view a.v",
            "view a.w",
            "materialized view a.mv",
            "index a.mv_x on materialized view a.mv",
            "rule r on table a.t",
            "trigger g on table a.t",
            "policy p on table a.t",
            "publication pub",
            "column z on table a.t",
        ],
    ),
    (
        "CREATE FUNCTION a.f(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'select 1';
         CREATE TABLE a.t (x integer DEFAULT a.f(1), CONSTRAINT k CHECK ((a.f(x) > 0))); CREATE INDEX i ON a.t USING btree (a.f(x));
         CREATE VIEW a.v AS SELECT a.f(t.x) AS y FROM a.t; CREATE DOMAIN a.d AS integer CONSTRAINT dk CHECK ((a.f(VALUE) > 0));",
        "RETURNS integer → RETURNS bigint",
        "function a.f(integer)/returns",
        &["column x on table a.t", "constraint k on table a.t", "index a.i on table a.t", "view a.v", "constraint dk on domain a.d"],
    ),
    (
        "CREATE TYPE a.c AS (x integer, y text); CREATE TABLE a.t (own a.c, many a.c[]);
         CREATE FUNCTION a.f(v a.c) RETURNS integer LANGUAGE sql AS 'select 1'; CREATE VIEW a.v AS SELECT t.own FROM a.t;",
        "(x integer → (x bigint",
        "type a.c/attribute x: type",
        &["column own on table a.t", "column many on table a.t", "function a.f(a.c)", "view a.v"],
    ),
    (
        "CREATE DOMAIN a.d AS integer; CREATE TABLE a.t (x a.d); CREATE DOMAIN a.e AS a.d;",
        "a.d AS integer → a.d AS bigint",
        "domain a.d/type",
        &["column x on table a.t", "domain a.e"],
    ),
    (
        "CREATE TABLE a.t (x integer, y integer); CREATE MATERIALIZED VIEW a.mv AS SELECT t.x FROM a.t WITH NO DATA;
         CREATE UNIQUE INDEX mv_x ON a.mv USING btree (x); CREATE VIEW a.v AS SELECT mv.x FROM a.mv;",
        "SELECT t.x → SELECT t.y AS x",
        "materialized view a.mv/query",
        &["index a.mv_x on materialized view a.mv", "view a.v"],
    ),
    // Nothing is in the way of what `CREATE OR REPLACE` takes.
    (
        "CREATE VIEW a.v AS SELECT t.x FROM a.t; CREATE VIEW a.w AS SELECT v.x FROM a.v;",
        "SELECT t.x FROM → SELECT t.x, t.y FROM",
        "view a.v/query",
        &[],
    ),
    (
        "CREATE VIEW a.v AS SELECT t.x FROM a.t; CREATE VIEW a.w AS SELECT v.x FROM a.v;",
        "SELECT t.x FROM → SELECT t.y, t.x FROM",
        "view a.v/query",
        &["view a.w"],
    ),
    (
        "CREATE FUNCTION a.f(x integer DEFAULT 1) RETURNS integer LANGUAGE sql AS 'select 1'; CREATE VIEW a.v AS SELECT a.f(1) AS y;",
        "DEFAULT 1 → DEFAULT 2",
        "function a.f(integer)/arguments",
        &[],
    ),
];

#[test]
fn what_stands_in_the_way_of_a_change_is_named() {
    for (old, change, told, expected) in DEPENDENT {
        let (before, after) = change.split_once(" → ").unwrap();
        assert!(old.contains(before), "{change}");
        let said = Case::new(old, &old.replace(before, after)).diff(&[]);
        let (object, aspect) = told.split_once('/').unwrap();
        let changes = said.json["changes"].as_array().unwrap();
        let found = changes.iter().find(|change| change["object"] == object && change["aspect"] == aspect);
        let names = |list: &Value| -> std::collections::BTreeSet<String> {
            list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        let expected = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(names(&found.unwrap()["dependents"]), expected, "{old}\n{change}");
    }
}

#[test]
fn what_partitions_have_from_their_parent_is_told_once() {
    let tables = ["p", "p1", "p2", "p3", "p3a"];
    let dump = |columns: &str, index: bool| {
        let mut text = String::new();
        for table in tables {
            let parted = if matches!(table, "p" | "p3") { " PARTITION BY LIST (id)" } else { "" };
            text.push_str(&format!("CREATE TABLE a.{table} (id integer{columns}){parted};\n"));
        }
        for (at, parent) in ["p", "p", "p", "p3"].into_iter().enumerate() {
            let child = tables[at + 1];
            text.push_str(&format!(
                "ALTER TABLE ONLY a.{parent} ATTACH PARTITION a.{child} FOR VALUES IN ({at});\n"
            ));
            if index {
                text.push_str(&format!("ALTER INDEX a.{parent}_i ATTACH PARTITION a.{child}_i;\n"));
            }
        }
        for table in tables.iter().filter(|_| index) {
            text.push_str(&format!("CREATE INDEX {table}_i ON ONLY a.{table} USING btree (id);\n"));
        }
        text
    };
    let said = Case::new(&dump(", b integer", false), &dump("", true)).diff(&[]);
    let expected = [
        "dropped table a.p column b column-dropped destructive",
        "added table a.p index p_i index-added safe",
    ];
    assert_eq!(said.lines(), expected);
    for change in said.json["changes"].as_array().unwrap() {
        assert_eq!(change["partitions"].as_array().unwrap().len(), 4, "{change:#}");
        assert_eq!(change["cost"]["locks"].as_array().unwrap().len(), 5, "{change:#}");
    }
    let case = Case::new(&dump(", b integer", false), &dump("", false));
    let path = |name: &str| case.folder.path().join(name).to_str().unwrap().to_owned();
    let output = corpus::run(Path::new(PROGRAM), &[&path("old.sql"), &path("new.sql")], b"");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("(and its 4 partitions; takes ACCESS EXCLUSIVE on table a.p, its 4 partitions)"),
        "{text}"
    );
    // What only one of them has is its own.
    let one = dump("", false).replace("a.p1 (id integer", "a.p1 (id integer NOT NULL");
    let said = Case::new(&dump("", false), &one).diff(&[]);
    assert_eq!(said.lines(), ["added table a.p1 column id: not null column-not-null-added breaking"]);
}

#[test]
fn labels_say_where_they_stand_and_statements_where_they_end() {
    let said = Case::new(
        "CREATE TYPE a.e AS ENUM ('b', 'd');",
        "CREATE TYPE a.e AS ENUM ('a', 'b', 'it''s', 'd'); CREATE TABLE a.t (x integer); COMMENT ON TABLE a.t IS 'new';",
    )
    .diff(&[]);
    let new = |aspect: &str| {
        let mut changes = said.json["changes"].as_array().unwrap().iter();
        changes.find(|change| change["aspect"] == aspect).unwrap()["new"].as_str().unwrap().to_owned()
    };
    assert_eq!(new("label a"), "BEFORE 'b'");
    assert_eq!(new("label it's"), "AFTER 'b'");
    assert_eq!(new(""), "CREATE TABLE a.t (\n    x integer\n);\nCOMMENT ON TABLE a.t IS 'new';");
}

#[test]
fn tabs_are_tabs_unless_nothing_else_differs() {
    let shown = |new: &str| {
        let of = |body: &str| {
            format!("CREATE FUNCTION a.f() RETURNS integer LANGUAGE plpgsql AS $$begin{body}end$$;")
        };
        let case = Case::new(&of("\n\treturn 1;\n"), &of(new));
        let path = |name: &str| case.folder.path().join(name).to_str().unwrap().to_owned();
        let output = corpus::run(Path::new(PROGRAM), &[&path("old.sql"), &path("new.sql")], b"");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(shown("\n\treturn 2;\n").contains("+ \treturn 2;"));
    assert!(shown("\n    return 1;\n").contains("- \\u{9}return 1;"));
}
