//! Rules, severities, what is ignored, and renames, as a user sets them.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;
#[path = "diff_judging/meaning.rs"]
mod meaning;

use std::fs;
use std::path::Path;

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-diff");

/// Two dumps and what is said of them.
struct Case {
    folder: tempfile::TempDir,
}

struct Said {
    code: i32,
    json: Value,
    stderr: String,
}

impl Said {
    /// Sign, aspect, rule and severity of each change.
    fn lines(&self) -> Vec<String> {
        let text = |change: &Value, key: &str| change[key].as_str().unwrap().to_owned();
        let line = |change: &Value| {
            format!(
                "{} {} {} {} {}",
                text(change, "kind"),
                text(change, "object"),
                text(change, "aspect"),
                text(change, "rule"),
                text(change, "severity")
            )
        };
        self.json["changes"].as_array().unwrap().iter().map(line).collect()
    }
}

impl Case {
    fn new(old: &str, new: &str) -> Case {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("old.sql"), old).unwrap();
        fs::write(folder.path().join("new.sql"), new).unwrap();
        Case { folder }
    }

    fn diff(&self, more: &[&str]) -> Said {
        let path = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let (old, new) = (path("old.sql"), path("new.sql"));
        let arguments = [&[old.as_str(), new.as_str(), "--json"], more].concat();
        let output = corpus::run(Path::new(PROGRAM), &arguments, b"");
        Said {
            code: output.status.code().unwrap(),
            json: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

const OLD: &str = "
CREATE TABLE a.users (id integer NOT NULL, mail text, CONSTRAINT users_check CHECK ((id > 0)));
CREATE INDEX users_mail ON a.users USING btree (mail);
COMMENT ON TABLE a.users IS 'people';
CREATE TABLE a.orders (id integer, user_id integer);
ALTER TABLE ONLY a.users ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY a.orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES a.users(id);
CREATE VIEW a.mails AS SELECT users.mail FROM a.users;
CREATE FUNCTION a.f(integer) RETURNS integer LANGUAGE sql AS 'select 1';
CREATE TYPE a.mood AS ENUM ('sad', 'ok');
";

#[test]
fn a_table_that_is_renamed_is_the_same_table() {
    let new = OLD.replace("a.users", "a.accounts").replace("SELECT users.mail", "SELECT accounts.mail");
    let case = Case::new(OLD, &new);
    // Nothing is taken for the same unless somebody says so.
    let said = case.diff(&[]);
    assert!(
        said.lines().contains(&"dropped table a.users  table-dropped destructive".to_owned()),
        "{:?}",
        said.lines()
    );
    assert_eq!(said.json["renames"][0]["accept"], "a.users=a.accounts", "{:#}", said.json["renames"]);
    for accept in ["a.users=a.accounts", "a.users=accounts", "table:a.users=accounts"] {
        let said = case.diff(&["--accept-rename", accept]);
        assert_eq!(said.lines(), ["changed table a.accounts name renamed breaking"], "{accept}");
        assert_eq!(said.code, 1);
    }
}

#[test]
fn parts_and_labels_are_renamed_one_by_one() {
    let new = OLD
        .replace("mail text", "email text")
        .replace("btree (mail)", "btree (email)")
        .replace("users_mail", "users_email")
        .replace("users_check", "users_positive")
        .replace("a.f(", "a.g(")
        .replace("'sad'", "'blue'")
        .replace("SELECT users.mail", "SELECT users.email AS mail");
    let case = Case::new(OLD, &new);
    let renames = [
        "a.users.mail=a.users.email",
        "a.users.users_mail=users_email",
        "a.users.users_check=users_positive",
        "a.f(integer)=a.g(integer)",
        "a.mood.sad=blue",
    ];
    let arguments: Vec<&str> = renames.iter().flat_map(|rename| ["--accept-rename", rename]).collect();
    let said = case.diff(&arguments);
    let renamed = said.lines().into_iter().filter(|line| line.ends_with(" renamed breaking")).count();
    assert_eq!(renamed, 5, "{:#?}", said.lines());
    // A view keeps the names it gives its columns; its query is another all the same.
    let others: Vec<String> = said.lines().into_iter().filter(|line| !line.contains(" renamed ")).collect();
    assert_eq!(others, ["changed view a.mails query view-query-changed breaking"]);
    let offered = case.diff(&[]).json["renames"].as_array().unwrap().len();
    // The index is over a column of another name: not the same but for its own.
    assert_eq!(offered, 4);
}

/// What is offered: what to accept, and why.
fn offered(old: &str, new: &str) -> Vec<String> {
    let said = Case::new(old, new).diff(&[]);
    let renames = said.json["renames"].as_array().unwrap();
    let text = |rename: &Value, key: &str| rename[key].as_str().unwrap().to_owned();
    renames.iter().map(|rename| format!("{}: {}", text(rename, "accept"), text(rename, "reason"))).collect()
}

#[test]
fn what_may_only_be_renamed_is_offered() {
    let same = "the same but for the name";
    // Another comment, owner or grantee is none of the thing itself.
    let said = |name: &str, comment: &str| {
        format!(
            "CREATE FUNCTION a.{name}() RETURNS integer LANGUAGE sql AS 'select 1';\n\
             COMMENT ON FUNCTION a.{name}() IS '{comment}';\nALTER FUNCTION a.{name}() OWNER TO {comment};\n\
             CREATE TABLE a.t (id integer, {name} text, CONSTRAINT {name}_c CHECK ((id > 1)));\n\
             COMMENT ON COLUMN a.t.{name} IS '{comment}';\nCREATE INDEX {name}_i ON a.t USING btree (id);\n\
             COMMENT ON INDEX a.{name}_i IS '{comment}';\nCREATE TYPE a.{name}_e AS ENUM ('x');\n\
             COMMENT ON TYPE a.{name}_e IS '{comment}';\nCOMMENT ON CONSTRAINT {name}_c ON a.t IS '{comment}';\n"
        )
    };
    let found = offered(&said("f", "x"), &said("g", "y"));
    for accept in ["a.f()=a.g()", "a.t.f=a.t.g", "a.t.f_i=a.t.g_i", "a.f_e=a.g_e", "a.t.f_c=a.t.g_c"] {
        assert!(found.contains(&format!("{accept}: {same}")), "{accept}: {found:?}");
    }
    let table = |columns: &str| format!("CREATE TABLE a.t (id integer, {columns}, z integer);\n");
    let columns = |old: &str, new: &str| offered(&table(old), &table(new));
    assert_eq!(columns("n varchar(10)", "m varchar(20)"), ["a.t.n=a.t.m: a type like it at the same place"]);
    assert_eq!(
        columns("username varchar(100)", "user_name text NOT NULL"),
        ["a.t.username=a.t.user_name: a name like it at the same place"]
    );
    assert_eq!(columns("a integer", "b text"), [""; 0]);
    let labels = |old: &str, new: &str| {
        let [old, new] = [old, new].map(|labels| format!("CREATE TYPE a.e AS ENUM ({labels});"));
        offered(&old, &new).len()
    };
    assert_eq!(labels("'low', 'medium', 'high'", "'minor', 'normal', 'critical'"), 3);
    assert_eq!(labels("'active', 'pending'", "'active', 'waiting', 'archived'"), 1);
    // A label goes only with the type.
    assert_eq!(labels("'a', 'b', 'c'", "'a', 'x'"), 0);
    let tables =
        |old: &str, new: &str| offered(&format!("CREATE TABLE {old};"), &format!("CREATE TABLE {new};"));
    assert_eq!(
        tables("a.t (id integer, x text, y date)", "a.u (id integer, z text, y date)"),
        ["a.t=a.u: 2 of 3 columns are the same"]
    );
    assert_eq!(tables("a.t (id integer)", "b.u (id integer)"), [""; 0]);
    assert_eq!(tables("a.t (id integer, x text)", "b.u (x date, y text)"), [""; 0]);
    assert_eq!(tables("a.t ()", "a.u ()"), [""; 0]);
    assert_eq!(offered("CREATE SCHEMA a; CREATE SCHEMA x;", "CREATE SCHEMA b; CREATE SCHEMA x;"), [""; 0]);
    assert_eq!(
        offered("CREATE TABLE a.c (\n)\nINHERITS (a.p);", "CREATE TABLE a.d (\n)\nINHERITS (a.p);"),
        [""; 0],
        "partitions that are rotated"
    );
}

#[test]
fn a_schemas_rename_moves_what_is_in_it() {
    let old = "CREATE SCHEMA s;\nCREATE TYPE s.ty AS ENUM ('s');\nCREATE SEQUENCE s.q;\n\
        CREATE TABLE s.t (a integer DEFAULT nextval('s.q'::regclass), s s.ty DEFAULT 's'::s.ty);\n\
        ALTER SEQUENCE s.q OWNED BY s.t.a;\nCREATE INDEX i ON s.t USING btree (a);\n\
        CREATE VIEW s.v AS SELECT t.a, s.a AS b FROM s.t, x.y s;\n\
        CREATE FUNCTION s.f(s.ty) RETURNS s.ty LANGUAGE sql SET search_path TO 's', 'x' AS 'select null';\n\
        CREATE CAST (s.ty AS integer) WITH FUNCTION s.f(s.ty);\nCREATE EXTENSION e WITH SCHEMA s;\n\
        ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA s GRANT SELECT ON TABLES TO n;\nGRANT ALL ON SCHEMA s TO s;\n\
        CREATE TABLE x.y (s integer, a integer, t s.ty);\nALTER TABLE ONLY x.y ADD CONSTRAINT k FOREIGN KEY (s) REFERENCES s.t(a);\n";
    let new = "CREATE SCHEMA \"S 2\";\nCREATE TYPE \"S 2\".ty AS ENUM ('s');\nCREATE SEQUENCE \"S 2\".q;\n\
        CREATE TABLE \"S 2\".t (a integer DEFAULT nextval('\"S 2\".q'::regclass), s \"S 2\".ty DEFAULT 's'::\"S 2\".ty);\n\
        ALTER SEQUENCE \"S 2\".q OWNED BY \"S 2\".t.a;\nCREATE INDEX i ON \"S 2\".t USING btree (a);\n\
        CREATE VIEW \"S 2\".v AS SELECT t.a, s.a AS b FROM \"S 2\".t, x.y s;\n\
        CREATE FUNCTION \"S 2\".f(\"S 2\".ty) RETURNS \"S 2\".ty LANGUAGE sql SET search_path TO 's', 'x' AS 'select null';\n\
        CREATE CAST (\"S 2\".ty AS integer) WITH FUNCTION \"S 2\".f(\"S 2\".ty);\nCREATE EXTENSION e WITH SCHEMA \"S 2\";\n\
        ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA \"S 2\" GRANT SELECT ON TABLES TO n;\nGRANT ALL ON SCHEMA \"S 2\" TO s;\n\
        CREATE TABLE x.y (s integer, a integer, t \"S 2\".ty);\nALTER TABLE ONLY x.y ADD CONSTRAINT k FOREIGN KEY (s) REFERENCES \"S 2\".t(a);\n";
    assert_eq!(
        offered(old, new),
        ["s=\"S 2\": 6 of the 6 objects in it have the same names"],
        "what is in it is not offered once more"
    );
    let said = Case::new(old, new).diff(&["--accept-rename", "s=\"S 2\""]);
    assert_eq!(said.lines(), ["changed schema \"S 2\" name renamed breaking"]);
}

#[test]
fn a_tables_rename_brings_what_is_called_after_it() {
    let old = "CREATE SEQUENCE a.users_id_seq;\nCREATE TABLE a.users (id integer DEFAULT nextval('a.users_id_seq'::regclass),\n\
        users_no integer, CONSTRAINT users_check CHECK ((id > 0)));\nALTER SEQUENCE a.users_id_seq OWNED BY a.users.id;\n\
        ALTER TABLE ONLY a.users ADD CONSTRAINT users_pkey PRIMARY KEY (id);\nCREATE INDEX idx_users_no ON a.users USING btree (users_no);\n\
        CREATE INDEX superusers ON a.users USING btree (id);\nCREATE TABLE a.o (u integer);\n\
        ALTER TABLE ONLY a.o ADD CONSTRAINT o_users_fk FOREIGN KEY (u) REFERENCES a.users(id);\n";
    let new = old
        .replace("users", "accounts")
        .replace("superaccounts", "superusers")
        .replace("accounts_no", "users_no")
        .replace("idx_users_no", "idx_accounts_no");
    let case = Case::new(old, &new);
    let expected = [
        "changed sequence a.accounts_id_seq name renamed breaking",
        "changed table a.accounts constraint accounts_check: name renamed breaking",
        "changed table a.accounts constraint accounts_pkey: name renamed breaking",
        "changed table a.accounts index idx_accounts_no: name renamed breaking",
        "changed table a.accounts name renamed breaking",
        "changed table a.o constraint o_accounts_fk: name renamed breaking",
    ];
    let one_by_one =
        ["a.users=a.accounts", "a.accounts.users_pkey=accounts_pkey", "a.users_id_seq=a.accounts_id_seq"];
    for count in [1, 3] {
        let accept: Vec<&str> =
            one_by_one[..count].iter().flat_map(|rename| ["--accept-rename", rename]).collect();
        let mut lines = case.diff(&accept).lines();
        lines.sort();
        assert_eq!(lines, expected, "{accept:?}");
    }
}

#[test]
fn what_cannot_be_renamed_is_trouble() {
    let case = Case::new(OLD, &OLD.replace("a.users", "a.accounts"));
    for (rename, said) in [
        ("a.users", "expected OLD=NEW"),
        ("a.nobody=a.accounts", "nothing of this name went: `a.nobody`"),
        ("a.users=a.nobody", "nothing of this name came: `a.nobody`"),
    ] {
        let output = case.diff(&["--accept-rename", rename]);
        assert_eq!(output.code, 2);
        assert!(output.stderr.contains(said), "{rename}: {}", output.stderr);
    }
}

#[test]
fn severities_are_set_and_decide_the_exit_code() {
    let new = OLD
        .replace("'people'", "'persons'")
        .replace("CREATE INDEX users_mail ON a.users USING btree (mail);", "")
        .replace("mail text", "mail text NOT NULL");
    let case = Case::new(OLD, &new);
    let said = case.diff(&[]);
    let expected = [
        "changed table a.users comment comment-changed info",
        "added table a.users column mail: not null column-not-null-added breaking",
        "dropped table a.users index users_mail index-dropped safe",
    ];
    assert_eq!((said.code, said.lines()), (1, expected.map(str::to_owned).to_vec()));
    assert_eq!(case.diff(&["--fail-on", "destructive"]).code, 0);
    assert_eq!(case.diff(&["--fail-on", "breaking"]).code, 1);
    let ignored = case.diff(&["--ignore", "index:a.users_*", "--severity", "comment-changed=ignore"]);
    assert_eq!(ignored.lines(), [expected[1]]);
    assert_eq!(case.diff(&["--ignore", "a.*"]).code, 0);
    let raised = case.diff(&["--severity", "index-dropped=destructive", "--fail-on", "destructive"]);
    assert_eq!(raised.code, 1);
    let config = case.folder.path().join("diff.toml");
    fs::write(&config, "fail-on = 'destructive'\n[severity]\ncomment-changed = 'destructive'\n").unwrap();
    assert_eq!(case.diff(&["--config", config.to_str().unwrap()]).code, 1);
    assert_eq!(
        case.diff(&["--config", config.to_str().unwrap(), "--severity", "comment-changed=info"]).code,
        0
    );
    fs::write(&config, "fail-on = 'sometimes'\n").unwrap();
    let trouble = case.diff(&["--config", config.to_str().unwrap()]);
    assert_eq!(trouble.code, 2);
    assert!(trouble.stderr.contains("diff.toml"), "{}", trouble.stderr);
}

/// The line about privileges of each grantee: old, new and rule.
fn rights(old: &str, new: &str) -> Vec<String> {
    let said = Case::new(old, new).diff(&[]);
    let changes = said.json["changes"].as_array().unwrap();
    let of = changes.iter().filter(|change| change["attribute"] == "privilege");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |change: &Value| {
        let [aspect, old, new, rule] = ["aspect", "old", "new", "rule"].map(|key| text(&change[key]));
        format!("{aspect}: {old} → {new} [{rule}]")
    };
    of.map(line).collect()
}

#[test]
fn privileges_are_what_one_may_do() {
    const TABLE: &str = "CREATE TABLE a.t (a integer, b integer);\n";
    let owned = |owner: &str, more: &str| format!("{TABLE}ALTER TABLE a.t OWNER TO {owner};\n{more}");
    let table = |old: &str, new: &str| rights(&owned("o", old), &owned("o", new));
    let public = "REVOKE USAGE ON SCHEMA public FROM PUBLIC;\nGRANT ALL ON SCHEMA public TO PUBLIC;\n";
    assert_eq!(table("", public), ["privilege PUBLIC: USAGE → ALL [privilege-granted]"]);
    assert_eq!(table(public, ""), ["privilege PUBLIC: ALL → USAGE [privilege-revoked]"]);
    let cut = "REVOKE ALL ON TABLE a.t FROM o;\nGRANT SELECT ON TABLE a.t TO o;\n";
    assert_eq!(table(cut, ""), ["privilege o: SELECT → ALL [privilege-granted]"]);
    assert_eq!(table("", cut), ["privilege o: ALL → SELECT [privilege-revoked]"]);
    // Who owned it and may do the same now was told with the owner.
    let given = rights(
        &owned("o", "REVOKE ALL ON TABLE a.t FROM o;\n"),
        &owned("n", "GRANT ALL ON TABLE a.t TO o;\n"),
    );
    assert_eq!(given, ["privilege o: - → ALL [privilege-granted]"]);
    assert_eq!(rights(&owned("o", ""), &owned("n", "GRANT ALL ON TABLE a.t TO o;\n")), [""; 0]);
    assert_eq!(rights(&owned("o", ""), &owned("n", "")), [""; 0]);
    assert_eq!(
        rights(&owned("o", ""), &owned("n", "GRANT SELECT ON TABLE a.t TO o;\n")),
        ["privilege o: ALL → SELECT [privilege-revoked]"]
    );
    let (column, whole) = ("GRANT SELECT(a) ON TABLE a.t TO n;\n", "GRANT SELECT ON TABLE a.t TO n;\n");
    assert_eq!(table(column, whole), ["privilege n: SELECT (a) → SELECT [privilege-granted]"]);
    assert_eq!(table(whole, column), ["privilege n: SELECT → SELECT (a) [privilege-revoked]"]);
    assert_eq!(
        table(
            "GRANT SELECT(b), UPDATE(a) ON TABLE a.t TO n;\n",
            "GRANT SELECT(a), SELECT(b) ON TABLE a.t TO n;\n"
        ),
        ["column a: privilege n: UPDATE → SELECT [privilege-revoked]"]
    );
    let option = "GRANT SELECT ON TABLE a.t TO n WITH GRANT OPTION;\n";
    assert_eq!(table(option, whole), ["privilege n: SELECT WITH GRANT OPTION → SELECT [privilege-revoked]"]);
    assert_eq!(table(whole, option), ["privilege n: SELECT → SELECT WITH GRANT OPTION [privilege-granted]"]);
    let by_other =
        "SET SESSION AUTHORIZATION m;\nGRANT SELECT ON TABLE a.t TO n;\nRESET SESSION AUTHORIZATION;\n";
    assert_eq!(table(whole, by_other), ["privilege n: SELECT → SELECT GRANTED BY m [privilege-granted]"]);
    // Everybody includes him.
    assert_eq!(
        table(whole, "GRANT SELECT ON TABLE a.t TO PUBLIC;\n"),
        ["privilege PUBLIC: - → SELECT [privilege-granted]", "privilege n: SELECT → - [privilege-granted]"]
    );
    // What several statements say is what one says.
    assert_eq!(
        table(
            "GRANT SELECT, INSERT ON TABLE a.t TO n;\n",
            "GRANT SELECT ON TABLE a.t TO n;\nGRANT INSERT ON TABLE a.t TO n;\n"
        ),
        [""; 0]
    );
    let function = "CREATE FUNCTION a.f() RETURNS integer LANGUAGE sql AS 'select 1';\n";
    let closed =
        format!("{function}REVOKE ALL ON FUNCTION a.f() FROM PUBLIC;\nGRANT ALL ON FUNCTION a.f() TO n;\n");
    assert_eq!(
        rights(function, &closed),
        ["privilege PUBLIC: EXECUTE → - [privilege-revoked]", "privilege n: - → EXECUTE [privilege-granted]"]
    );
    let defaults = |more: &str| format!("{TABLE}{more}");
    let closed = "ALTER DEFAULT PRIVILEGES FOR ROLE o REVOKE ALL ON FUNCTIONS FROM PUBLIC;\n";
    assert_eq!(
        rights(&defaults(""), &defaults(closed)),
        ["privilege PUBLIC on functions: EXECUTE → - [default-privileges-changed]"]
    );
    // Of what an extension makes, what is taken away was there.
    let of_extension = "REVOKE ALL ON FUNCTION a.g() FROM PUBLIC;\n";
    assert_eq!(rights(TABLE, &defaults(of_extension)), ["privilege PUBLIC: EXECUTE → - [privilege-revoked]"]);
    // What a column brings or takes along is the column's.
    let more = "CREATE TABLE a.t (a integer, b integer, c integer);\nALTER TABLE a.t OWNER TO o;\nGRANT SELECT(c) ON TABLE a.t TO n;\n";
    assert_eq!(rights(&owned("o", ""), more), [""; 0]);
}

#[test]
fn rules_are_listed() {
    let output = corpus::run(Path::new(PROGRAM), &["--rules", "--severity", "table-dropped=info"], b"");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    let line = text.lines().find(|line| line.starts_with("table-dropped ")).unwrap();
    assert!(line.contains(" info "), "{line}");
    let json = corpus::run(Path::new(PROGRAM), &["--rules", "--json"], b"");
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), text.lines().count());
}
