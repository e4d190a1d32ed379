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
