//! The forms of `pgdump-diff`'s report.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde_json::Value;
use sha2::Digest as _;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-diff");
const SCHEMA: &str = include_str!("../docs/schemas/pgdump-diff.schema.json");

/// What a hostile name tries: to end a tag, an attribute, a command, a cell, a comment, and to run.
const HOSTILE: &str =
    r#"</code><script>document.title='owned'</script>"'`|@octocat #1 ]](http://x) ]]> %0A::error::"#;
/// The same in the 63 bytes that a name may have.
const HOSTILE_NAME: &str = r#"</b><script>document.title=1</script>"'`|@octocat ](http ]]>%0A"#;

const OLD: &str = "CREATE SCHEMA shop;
CREATE TABLE shop.t (id integer NOT NULL, name text, gone text);
CREATE TABLE shop.other (id integer);
CREATE FUNCTION shop.f() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    -- one
    -- two
    -- three
    -- four
    RETURN 1 + count;
END;
$$;
CREATE VIEW shop.dropped AS SELECT 1;
COMMENT ON TABLE shop.t IS 'old';
CALL shop.t();
";

fn new_dump() -> String {
    let text = OLD
        .replace("id integer NOT NULL, name text, gone text", "id bigint NOT NULL, name text")
        .replace("1 + count", "2 + count")
        .replace("CREATE VIEW shop.dropped AS SELECT 1;\n", "")
        .replace("'old'", "E'new \u{202e}\u{1b}[31m\u{7f}'");
    let (name, literal) = (HOSTILE_NAME.replace('"', "\"\""), HOSTILE.replace('\'', "''"));
    format!(
        "{text}CREATE TABLE shop.\"{name}\" (\"<b>x\" integer);\n\
         ALTER TABLE ONLY shop.\"{name}\" ADD CONSTRAINT fk FOREIGN KEY (\"<b>x\") REFERENCES shop.t(id);\n\
         COMMENT ON TABLE shop.\"{name}\" IS '{literal}\n```\n</details>';\n\
         COMMENT ON COLUMN shop.t.name IS '{literal}\n```\n</details>';\n"
    )
}

/// A pair of dumps with something of everything, as files.
fn pair() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.sql"), folder.path().join("new.sql"));
    fs::write(&old, OLD).unwrap();
    fs::write(&new, new_dump()).unwrap();
    (folder, old, new)
}

fn report(old: &Path, new: &Path, more: &[&str]) -> String {
    let arguments = [&[old.to_str().unwrap(), new.to_str().unwrap()], more].concat();
    let output = corpus::run(Path::new(PROGRAM), &arguments, b"");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{}: {stderr}", old.display());
    String::from_utf8(output.stdout).unwrap()
}

/// The pairs of the corpus, one kind of change each.
fn kinds() -> Option<(tempfile::TempDir, Vec<[PathBuf; 2]>)> {
    let folder = corpus::unpacked(&corpus::corpus()?.join("diff-cases/kinds.tar.zst"));
    let mut olds: Vec<PathBuf> =
        fs::read_dir(folder.path().join("kinds")).unwrap().map(|entry| entry.unwrap().path()).collect();
    olds.retain(|path| path.to_str().unwrap().ends_with(".a.sql"));
    olds.sort();
    let pairs = olds.into_iter().map(|old| {
        let new = PathBuf::from(old.to_str().unwrap().replace(".a.sql", ".b.sql"));
        [old, new]
    });
    let pairs = pairs.collect();
    Some((folder, pairs))
}

fn big() -> Option<(tempfile::TempDir, [PathBuf; 2])> {
    let folder = corpus::unpacked(&corpus::corpus()?.join("diff-cases/big.tar.zst"));
    let file = |name: &str| folder.path().join("big").join(name);
    let pair = [file("a.dump.sql"), file("b.dump.sql")];
    Some((folder, pair))
}

/// What a terminal or a log must never get.
fn assert_harmless(text: &str) {
    let control = |c: char| c.is_control() && c != '\n' && c != '\t';
    let bad =
        text.chars().find(|c| control(*c) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
    assert_eq!(bad, None, "{text}");
}

#[test]
fn the_text_reads_without_colour_and_says_what_is_bad() {
    let (folder, old, new) = pair();
    let text = report(&old, &new, &[]);
    assert_harmless(&text);
    for line in [
        "schema shop\n",
        "\n  ~ table shop.t\n",
        "\n      ~ column id: type: integer → bigint",
        "\n      - column gone: text  [",
        "\n  - view shop.dropped  [breaking",
        "          -     RETURN 1 + count;\n          +     RETURN 2 + count;\n",
        "\\u{202e}",
        "not understood, compared as text\n",
        ": CALL shop.t()",
        "changes: ",
    ] {
        assert!(text.contains(line), "no {line:?} in:\n{text}");
    }
    // Three lines stand around what differs, and no more.
    assert!(text.contains("-- two\n") && !text.contains("-- one\n"), "{text}");
    let coloured = report(&old, &new, &["--color", "always"]);
    assert!(coloured.contains("\u{1b}[7m\u{1b}[32m2"), "the word that differs: {coloured:?}");
    assert_eq!(report(&old, &new, &["--color", "never"]), text);
    let stat = report(&old, &new, &["--stat"]);
    assert!(stat.contains("table         1 added      1 changed      0 dropped\n"), "{stat}");
    assert_eq!(stat.lines().last(), text.lines().last());
    drop(folder);
}

#[test]
fn json_is_what_its_schema_says() {
    let validator = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let check = |[old, new]: &[PathBuf; 2]| {
        let json: Value = serde_json::from_str(&report(old, new, &["--format", "json"])).unwrap();
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", old.display());
        let counts = json["counts"].as_object().unwrap();
        let sum = |words: &[&str]| words.iter().map(|word| counts[*word].as_u64().unwrap()).sum::<u64>();
        let changes = json["changes"].as_array().unwrap().len() as u64;
        assert_eq!(sum(&["added", "changed", "dropped"]), changes);
        assert_eq!(sum(&["info", "safe", "breaking", "destructive"]), changes);
        json
    };
    let (_folder, old, new) = pair();
    let json = check(&[old, new]);
    assert_eq!(json["not_understood"][0]["side"], "old");
    let column =
        json["changes"].as_array().unwrap().iter().find(|change| change["aspect"] == "column id: type");
    let column = column.unwrap();
    assert_eq!(column["path"], serde_json::json!(["schema shop", "table t", "column id", "type"]));
    assert_eq!(column["identity"]["parent"]["name"], "t");
    assert_eq!(column["new_at"]["line"], 2);
    if let Some((_folder, pairs)) = kinds() {
        pairs.iter().for_each(|pair| drop(check(pair)));
    }
    if let Some((_folder, pair)) = big() {
        check(&pair);
    }
}

#[test]
fn markdown_fits_a_comment_and_nothing_in_it_takes_effect() {
    let (_folder, old, new) = pair();
    let text = report(&old, &new, &["--format", "markdown"]);
    assert_harmless(&text);
    for active in ["<script", "</script", "@octocat", "<b>", "](http", "`|", "\n::"] {
        let inert = text.contains(active) && in_fence(&text, active);
        assert!(!text.contains(active) || inert, "{active} in:\n{text}");
    }
    assert!(text.find("#### Breaking").unwrap() < text.find(" more</summary>").unwrap(), "{text}");
    assert_eq!(
        text.matches("<details>").count(),
        text.matches("\n</details>").count() + text.matches("\n  </details>").count()
    );
    assert!(!text.contains("Cut to fit"), "{text}");
    let Some((_folder, [old, new])) = big() else { return };
    let text = report(&old, &new, &["--format", "markdown"]);
    assert!(text.len() <= 65_536 && text.len() > 60_000, "{}", text.len());
    assert!(text.contains("**Cut to fit a comment.** lines left out: "), "{}", &text[text.len() - 300..]);
    let shown = text.lines().filter(|line| line.starts_with("- ")).count();
    let left_out = text.rsplit("lines left out: ").next().unwrap();
    let left_out: usize = left_out.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
    let json: Value = serde_json::from_str(&report(&old, &new, &["--json"])).unwrap();
    assert_eq!(
        shown + left_out,
        json["changes"].as_array().unwrap().len() + json["renames"].as_array().unwrap().len()
    );
}

/// Says whether all of a text's occurrences are inside of fenced blocks.
fn in_fence(text: &str, wanted: &str) -> bool {
    let mut fence: Option<&str> = None;
    for line in text.lines().map(str::trim_start) {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            None if ticks.len() >= 3 => fence = Some(ticks),
            Some(open) if line == open => fence = None,
            None if line.contains(wanted) => return false,
            _ => {}
        }
    }
    true
}

#[test]
fn unified_is_a_patch_that_git_reads_and_applies() {
    let Some((_folder, pairs)) = kinds() else { return };
    let folder = tempfile::tempdir().unwrap();
    for [old, new] in &pairs {
        let patch = report(old, new, &["--format", "unified"]);
        assert_eq!(
            patch.is_empty(),
            old.to_str().unwrap().contains("no_change_control"),
            "{}",
            old.display()
        );
        let back = report(new, old, &["--format", "unified"]);
        let signs = |patch: &str, sign: char| {
            let lines = patch.lines().filter(|line| {
                line.starts_with(sign) && !line.starts_with("+++") && !line.starts_with("---")
            });
            lines.map(|line| line[1..].to_owned()).collect::<BTreeSet<_>>()
        };
        assert_eq!(signs(&patch, '+'), signs(&back, '-'), "{}", old.display());
        if patch.is_empty() {
            continue;
        }
        let mut git = std::process::Command::new("git");
        git.args(["apply", "--numstat", "-"]).current_dir(folder.path()).stdin(std::process::Stdio::piped());
        git.stdout(std::process::Stdio::piped());
        let Ok(mut child) = git.spawn() else {
            eprintln!("skipped: no git");
            return;
        };
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), patch.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}: {patch}", old.display());
        let files = patch.lines().filter(|line| line.starts_with("diff --git ")).count();
        let secret = patch.lines().filter(|line| line.starts_with("Secrets in ")).count();
        let listed = String::from_utf8(output.stdout).unwrap().lines().count();
        assert_eq!(listed, files - secret, "{}: {patch}", old.display());
    }
}

#[test]
fn secrets_are_in_no_form() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, password: &str| {
        let path = folder.path().join(name);
        fs::write(
            &path,
            format!("CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'u', password '{password}');\n"),
        )
        .unwrap();
        path
    };
    let (one, other) = (file("a", "hunter1"), file("b", "hunter2"));
    for format in ["text", "json", "markdown", "html", "unified", "github", "sarif", "junit"] {
        let text = report(&one, &other, &["--format", format]);
        assert!(!text.is_empty() && !text.contains("hunter"), "{format}: {text}");
    }
}

#[test]
fn annotations_are_one_line_each() {
    let (_folder, old, new) = pair();
    let text = report(&old, &new, &["--format", "github"]);
    assert_harmless(&text);
    let lines: Vec<&str> = text.lines().collect();
    let json: Value = serde_json::from_str(&report(&old, &new, &["--json"])).unwrap();
    let expected = json["changes"].as_array().unwrap().len() + 2 + json["renames"].as_array().unwrap().len();
    assert_eq!(lines.len(), expected, "{text}");
    for line in &lines {
        let (properties, _) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (level, properties) = properties.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&level), "{line}");
        assert!(properties.split(',').all(|property| property.contains('=')), "{line}");
    }
    let dropped = lines.iter().find(|line| line.contains("view shop.dropped dropped")).unwrap();
    assert!(dropped.contains(",line=13,title=") && dropped.contains("old.sql"), "{dropped}");
}

#[test]
fn sarif_names_rules_and_places() {
    let (_folder, old, new) = pair();
    let log: Value = serde_json::from_str(&report(&old, &new, &["--format", "sarif"])).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    let json: Value = serde_json::from_str(&report(&old, &new, &["--json"])).unwrap();
    let changes = json["changes"].as_array().unwrap();
    assert_eq!(results.len(), changes.len() + 2);
    let ids: BTreeSet<&str> = changes.iter().map(|change| change["id"].as_str().unwrap()).collect();
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["shortDescription"]["text"].is_string());
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].as_str().unwrap().starts_with("file:///"), "{result}");
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1, "{result}");
        let message = result["message"]["text"].as_str().unwrap();
        assert!(!message.contains("]("), "{message}");
        assert_harmless(message);
        if let Some(id) = result["partialFingerprints"]["changeId/v1"].as_str() {
            assert!(ids.contains(id));
        }
    }
}

#[test]
fn junit_is_well_formed_and_fails_what_breaks() {
    let (_folder, old, new) = pair();
    let text = report(&old, &new, &["--format", "junit"]);
    assert_harmless(&text);
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    while let Some(start) = rest.find('<') {
        let entity = |text: &str| {
            text.split('&').skip(1).all(|rest| {
                rest.split_once(';')
                    .is_some_and(|(name, _)| ["amp", "lt", "gt", "quot", "#9"].contains(&name))
            })
        };
        assert!(entity(&rest[..start]));
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        assert!(entity(tag), "{tag}");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().unwrap()),
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{open:?}");
    let case = text.split("name=\"view shop.dropped\"").nth(1).unwrap();
    assert!(case.trim_start_matches('>').trim_start().starts_with("<failure type=\"breaking\""), "{case}");
    assert_eq!(text.matches("<error ").count(), 2);
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let (folder, old, new) = pair();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    let run = |arguments: &[&str]| corpus::run(Path::new(PROGRAM), arguments, b"");
    let (html, markdown, other) = (path("r.html"), path("r.md"), format!("sarif:{}", path("r.out")));
    let output = run(&[old, new, "-o", &html, "--report", &markdown, "--report", &other]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b""[..]));
    assert!(fs::read_to_string(&html).unwrap().starts_with("<!DOCTYPE html>"));
    assert!(fs::read_to_string(&markdown).unwrap().starts_with("### "));
    assert!(fs::read_to_string(path("r.out")).unwrap().contains("\"2.1.0\""));
    // Trouble leaves what was there.
    let before = fs::read(&markdown).unwrap();
    assert_eq!(run(&[old, "/nowhere", "-o", &markdown]).status.code(), Some(2));
    assert_eq!(fs::read(&markdown).unwrap(), before);
    // A bad path is told before the dumps are read.
    let nowhere = path("no/such/folder.md");
    let output = run(&["/nowhere", new, "--report", &nowhere]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("folder.md"), "{stderr}");
    assert_eq!(run(&[old, new, "-o", &html, "--report", &html]).status.code(), Some(2), "two to one file");
    let (one, same) = (path("new.md"), path("./new.md"));
    assert_eq!(run(&[old, new, "-o", &one, "--report", &same]).status.code(), Some(2), "one file, two names");
    assert_eq!(run(&[old, new, "--report", "no-form"]).status.code(), Some(2));
    let left: BTreeSet<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, ["new.sql", "old.sql", "r.html", "r.md", "r.out"].map(str::to_owned).into());
}

#[test]
fn the_page_allows_its_own_style_and_script_and_nothing_else() {
    let (_folder, old, new) = pair();
    let page = report(&old, &new, &["--format", "html"]);
    assert_harmless(&page);
    let within = |open: &str, close: &str| page.split(open).nth(1).unwrap().split(close).next().unwrap();
    let hash = |text: &str| base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(text));
    let policy = within("http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    let expected = format!(
        "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'",
        hash(within("<style>", "</style>")),
        hash(within("<script>", "</script>"))
    );
    assert_eq!(policy, expected);
    assert_eq!(page.matches("<script").count(), 1);
    // Nothing is asked for from anywhere.
    for request in ["src=", "href=\"http", "url(http", "@import", "<link", "style=\""] {
        assert!(!page.contains(request), "{request}");
    }
}

#[test]
fn the_page_works_in_a_browser_with_and_without_scripts() {
    let Some(browser) = scratch::Browser::find_optional().unwrap() else {
        eprintln!("skipped: no Chromium");
        return;
    };
    let (folder, old, new) = pair();
    let page = folder.path().join("page.html");
    report(&old, &new, &["-o", page.to_str().unwrap()]);
    let document = browser.document(&page).unwrap();
    assert!(document.contains("<title>Schema changes: "), "the name ran: {document}");
    assert!(document.contains("&lt;script&gt;document.title") && document.contains("<svg"), "{document}");
    let changes = document.matches("<li class=\"change\"").count();
    let filter = format!("<output id=\"shown\">{changes} changes</output>");
    assert!(document.contains(&filter), "the filter did not run: {document}");
    let text = browser.text_without_scripts(&page).unwrap();
    for shown in [
        HOSTILE_NAME,
        "column id: type",
        "bigint",
        "RETURN 2 + count;",
        "CALL shop.t()",
        "Texts side by side",
    ] {
        assert!(text.contains(shown), "no {shown} in:\n{text}");
    }
    assert!(!text.contains("Fold all"), "a filter that does nothing is not shown: {text}");
}
