//! The forms of `pgdump-verify`'s report.
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
use std::process::Command;

use base64::Engine as _;
use scratch::Programs;
use serde_json::Value;
use sha2::Digest as _;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-verify");
const SCHEMA: &str = include_str!("../docs/schemas/pgdump-verify.schema.json");

/// What hostile names try: to end a tag, an attribute, a cell, a comment, and to run. A name has 63 bytes.
const HOSTILE: [&str; 2] = [
    r#"</svg><script>document.title='x'</script>"&`|@o ]]>"#,
    r#"</code><img src=x onerror=alert(1)> --> \n{}](http://x) #1"#,
];

/// Ends lines, turns writing around, colours a terminal.
const CONTROLS: &str = "\u{202e}\u{1b}[31m";

/// A plain dump of three tables.
fn dump() -> String {
    let [one, other] = HOSTILE.map(|name| name.replace('"', "\"\""));
    format!(
        "--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE public.\"{one}{CONTROLS}\" (id integer, note text);\n\
         CREATE TABLE public.\"{other}\" (id integer);\n\
         CREATE TABLE public.plain (id integer);\n\
         COPY public.\"{one}{CONTROLS}\" (id, note) FROM stdin;\n1\tone\n2\ttwo\n\\.\n\n\
         COPY public.\"{other}\" (id) FROM stdin;\n\\.\n\n\
         COPY public.plain (id) FROM stdin;\n7\n\\.\n\n\
         ALTER TABLE ONLY public.plain ADD CONSTRAINT plain_pkey PRIMARY KEY (id);\n\n\
         --\n-- PostgreSQL database dump complete\n--\n\n"
    )
}

/// A dump for each verdict, with the exit code.
fn dumps(folder: &Path) -> Vec<(PathBuf, &'static str, i32)> {
    let file = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    vec![
        (file("verified.sql", dump()), "verified", 0),
        (file("bad.sql", dump().replace("\n7\n", "\n7\n7\n")), "bad", 1),
        (folder.join("missing.sql"), "trouble", 2),
        (
            file(
                "unclear.sql",
                dump().replace("note text", "note public.polyhedron").replace(
                    "dump\n--\n\nCREATE",
                    "dump\n--\n\nCREATE EXTENSION nowhere_to_be_found WITH SCHEMA public;\nCREATE",
                ),
            ),
            "unclear",
            3,
        ),
    ]
}

fn server_is_there() -> bool {
    let found = Programs::find_optional().unwrap().is_some();
    if !found {
        eprintln!("skipped: no PostgreSQL server programs");
    }
    found
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = corpus::run(Path::new(PROGRAM), arguments, b"");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What a terminal or a log must never get.
#[track_caller]
fn assert_harmless(text: &str) {
    let control = |c: char| c.is_control() && c != '\n' && c != '\t';
    let bad =
        text.chars().find(|c| control(*c) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
    assert_eq!(bad, None, "{text}");
}

#[track_caller]
fn assert_valid(report: &Value) {
    let validator = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{report:#}");
}

/// Follows every schema in the schema: each describes what it is and allows nothing that it does not name.
fn assert_described(schema: &Value, at: &str) {
    let Some(properties) = schema["properties"].as_object() else { return };
    assert_eq!(schema["additionalProperties"], false, "{at}");
    let required: BTreeSet<&str> =
        schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    for (name, property) in properties {
        assert!(property["description"].is_string(), "{at}: {name}");
        assert!(required.contains(name.as_str()), "{at}: {name}");
        assert!(!name.ends_with("seconds") || property["description"].to_string().contains("in seconds"));
    }
}

#[test]
fn the_schema_describes_every_field() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    assert_described(&schema, "top");
    schema["$defs"].as_object().unwrap().iter().for_each(|(name, schema)| assert_described(schema, name));
}

#[test]
fn every_form_tells_every_verdict() {
    if !server_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (path, verdict, code) in dumps(folder.path()) {
        let report = |ending: &str| folder.path().join(format!("{verdict}.{ending}"));
        let endings = ["json", "html", "md", "xml", "prom"];
        let files = endings.map(|ending| report(ending).to_str().unwrap().to_owned());
        let mut arguments = vec![path.to_str().unwrap(), "--json", "--jobs", "1"];
        files.iter().for_each(|file| arguments.extend(["--report", file]));
        let (exit, stdout, stderr) = run(&arguments);
        assert_eq!(exit, code, "{verdict}: {stdout}{stderr}");
        assert_harmless(&stderr);
        assert_eq!(stderr.is_empty(), code != 2, "{stderr}");
        let [json, html, markdown, junit, prometheus] =
            endings.map(|ending| fs::read_to_string(report(ending)).unwrap());
        assert_eq!(json, stdout);
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_valid(&json);
        assert_eq!(json["verdict"], verdict);
        assert_eq!(json["backups"][0]["verdict"], verdict);
        for text in [&html, &markdown, &junit, &prometheus] {
            assert_harmless(text);
            assert!(text.contains(verdict), "{text}");
            assert!(text.contains(path.file_name().unwrap().to_str().unwrap()), "{text}");
        }
        page_is_sealed(&html);
        assert!(markdown.len() <= 65_536 && !markdown.contains("<script"), "{markdown}");
        junit_is_well_formed(&junit);
        let count = |attribute: &str| {
            let value = junit.split(&format!("{attribute}=\"")).nth(1).unwrap();
            value.split('"').next().unwrap().parse::<usize>().unwrap()
        };
        assert_eq!(count("tests"), junit.matches("<testcase ").count());
        assert_eq!(count("failures"), junit.matches("<failure ").count());
        assert_eq!(count("errors"), junit.matches("<error ").count());
        assert_eq!(
            (count("failures") > 0, count("errors") > 0),
            (code == 1, code == 2 || code == 3),
            "{junit}"
        );
        prometheus_is_well_formed(&prometheus);
        let name = cli_path(&path);
        for one in ["verified", "unclear", "trouble", "bad"] {
            let line = format!(
                "pgdumpkit_verify_verdict{{backup=\"{name}\",verdict=\"{one}\"}} {}\n",
                u8::from(one == verdict)
            );
            assert!(prometheus.contains(&line), "no {line} in {prometheus}");
        }
        assert!(prometheus.contains(&format!("\npgdumpkit_verify_exit_code {code}\n")), "{prometheus}");
        if code != 2 {
            let backup = &json["backups"][0];
            let restored: f64 = backup["restore_seconds"].as_f64().unwrap();
            let phases = backup["phases"].as_array().unwrap().iter();
            let of_restore = phases.filter(|phase| {
                ["statements", "rows", "indexes", "foreign keys"].contains(&phase["phase"].as_str().unwrap())
            });
            let sum: f64 = of_restore.map(|phase| phase["seconds"].as_f64().unwrap()).sum();
            assert!((sum - restored).abs() < 0.001 && restored > 0., "{backup:#}");
            assert!(html.contains("<svg") && html.contains("class=\"load\""), "no chart");
            assert!(
                prometheus.contains("pgdumpkit_verify_seconds{") && prometheus.contains("phase=\"rows\"")
            );
            assert!(prometheus.contains(&format!("pgdumpkit_verify_restore_seconds{{backup=\"{name}\"}} ")));
            assert!(
                prometheus
                    .contains(&format!("pgdumpkit_verify_rows{{backup=\"{name}\"}} {}\n", backup["rows"]))
            );
        }
    }
    // Nothing is left beside the reports.
    let stray = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let stray: Vec<_> = stray.filter(|name| name.to_str().unwrap().starts_with('.')).collect();
    assert!(stray.is_empty(), "{stray:?}");
}

/// The path as a label shows it.
fn cli_path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn page_is_sealed(page: &str) {
    let within = |open: &str, close: &str| page.split(open).nth(1).unwrap().split(close).next().unwrap();
    let policy = within("http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    let style = sha2::Sha256::digest(within("<style>", "</style>"));
    let hash = base64::engine::general_purpose::STANDARD.encode(style);
    let expected =
        format!("default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{hash}'");
    assert_eq!(policy, expected);
    for request in ["<script", "<img", "href=\"http", "url(", "@import", "<link", "style=\"", " on"] {
        let tags = page.split('<').skip(1).filter_map(|rest| rest.split('>').next());
        let found =
            tags.map(|tag| format!("<{tag}")).find(|tag| tag.contains(request) && !tag.starts_with("<style"));
        assert_eq!(found, None, "{request}");
    }
}

fn junit_is_well_formed(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    let entities = |text: &str| {
        let known = ["amp", "lt", "gt", "quot", "#9"];
        text.split('&')
            .skip(1)
            .all(|rest| rest.split_once(';').is_some_and(|(name, _)| known.contains(&name)))
    };
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        assert!(entities(&rest[..start]) && entities(tag) && !tag.contains('<'), "{tag}");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None => {
                // Each attribute has its quotes.
                assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
                open.push(tag.split(' ').next().unwrap());
            }
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{open:?}");
}

/// Each family has its head once and in front; no series is there twice; each value is a number.
fn prometheus_is_well_formed(text: &str) {
    let mut series = BTreeSet::new();
    let mut families = BTreeSet::new();
    let mut family = "";
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().unwrap();
            assert!(families.insert(family), "{family} twice");
            assert_eq!(lines.next().unwrap(), format!("# TYPE {family} gauge"));
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert_eq!(name.split('{').next().unwrap(), family, "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(series.insert(name), "{name} twice");
    }
    assert!(text.ends_with('\n') && families.contains("pgdumpkit_verify_finished_timestamp_seconds"));
}

#[test]
fn the_page_reads_in_a_browser_and_nothing_in_it_runs() {
    let Some(browser) = scratch::Browser::find_optional().unwrap() else {
        eprintln!("skipped: no Chromium");
        return;
    };
    if !server_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let dumps = dumps(folder.path());
    let mut arguments: Vec<&str> = dumps.iter().map(|(path, ..)| path.to_str().unwrap()).collect();
    arguments.extend(["--report", page.to_str().unwrap(), "--jobs", "1"]);
    let (code, stdout, _) = run(&arguments);
    assert_eq!(code, 1);
    assert_harmless(&stdout);
    let document = browser.document(&page).unwrap();
    assert!(document.contains("<title>Backup verification: bad</title>"), "the name ran: {document}");
    assert!(document.contains("&lt;script&gt;document.title") && document.contains("<svg"), "{document}");
    // The parser of a browser found no tag in a name.
    assert!(!document.contains("<script") && !document.contains("<img"), "{document}");
    let text = browser.text_without_scripts(&page).unwrap();
    for shown in [
        HOSTILE[0],
        HOSTILE[1],
        "plain_pkey",
        "Rows expected",
        "Time of tables",
        "compare",
        "equality with the source was not checked",
        "nowhere_to_be_found",
        "backups: 1 bad, 1 trouble, 1 unclear, 1 verified",
    ] {
        assert!(text.contains(shown), "no {shown} in:\n{text}");
    }
}

#[test]
fn a_comment_is_never_too_long_and_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.sql");
    let mut text = String::from("--\n-- PostgreSQL database dump\n--\n\n");
    for number in 0..1500 {
        // One of the tables has a row without its second column.
        let row = if number == 1234 { "1" } else { "1\t2" };
        text.push_str(&format!("CREATE TABLE public.\"table <b>{number}\" (x integer, y integer);\n\n"));
        text.push_str(&format!("COPY public.\"table <b>{number}\" (x, y) FROM stdin;\n{row}\n\\.\n\n"));
    }
    fs::write(&path, text + "--\n-- PostgreSQL database dump complete\n--\n\n").unwrap();
    let markdown = folder.path().join("many.md");
    let path = path.to_str().unwrap();
    let (code, stdout, stderr) = run(&[path, "--level", "file", "--report", markdown.to_str().unwrap()]);
    assert_eq!((code, stderr.as_str()), (1, ""));
    let markdown = fs::read_to_string(markdown).unwrap();
    assert!(markdown.len() <= 65_536, "{}", markdown.len());
    assert!(markdown.chars().count() > 60_000, "room is used: {}", markdown.len());
    let lines = markdown.matches("| verified |").count();
    assert!(markdown.contains(&format!("Lines left out: {}", 1499 - lines)), "{lines}");
    assert!(markdown.contains("1 columns instead of 2") && !markdown.contains("<b>"));
    assert!(markdown.contains("</details>"));

    // The terminal leaves nothing out: a line for each table, the bad one first, columns below each other.
    let table: Vec<&str> = stdout.lines().skip_while(|line| !line.contains("rows expected")).collect();
    let header = table[0];
    let column = header.find("verdict").unwrap();
    assert!(table[1].contains("table <b>1234") && table[1][column..].starts_with("bad "), "{}", table[1]);
    for line in &table[2..1501] {
        assert!(line[column..].starts_with("verified  public.table <b>"), "{line}");
    }
    assert!(stdout.contains("\ntables: 1 bad, 1499 verified; rows: 1500; bytes: 5998\n"), "{stdout}");
    assert!(stdout.ends_with("\nthe backup is bad: 1 finding\n"));
}

#[test]
fn colours_say_nothing_that_words_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sql");
    fs::write(&path, dump()).unwrap();
    let path = path.to_str().unwrap();
    let (_, plain, _) = run(&[path, "--level", "file"]);
    assert_harmless(&plain);
    let (_, coloured, _) = run(&[path, "--level", "file", "--color", "always"]);
    assert!(coloured.contains("\u{1b}[32mverified"), "{coloured}");
    let mut stripped = String::new();
    for (at, piece) in coloured.split("\u{1b}[").enumerate() {
        stripped.push_str(if at == 0 { piece } else { piece.split_once('m').unwrap().1 });
    }
    assert_eq!(stripped, plain);
    for (variable, coloured) in [("NO_COLOR=1", false), ("TERM=xterm", true)] {
        let shown = on_a_terminal(&format!("{variable} {PROGRAM} {path} --level file"));
        assert_eq!(shown.contains("\u{1b}[32m"), coloured, "{shown}");
    }
}

/// Runs a command on a terminal of its own; returns all that the terminal got.
fn on_a_terminal(command: &str) -> String {
    let mut script = Command::new("script");
    script.args(["-qec", command, "/dev/null"]).env("TERM", "xterm").env_remove("NO_COLOR").env_remove("CI");
    let output = script.stdin(std::process::Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn progress_is_shown_on_a_terminal_only_and_goes() {
    if !server_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sql");
    // Long enough to be looked at.
    fs::write(&path, dump().replace("\nALTER", "\nSELECT pg_catalog.pg_sleep(1);\n\nALTER")).unwrap();
    let path = path.to_str().unwrap();
    let (code, stdout, stderr) = run(&[path]);
    // Sleeping leaves nothing behind.
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(!stdout.contains("server start  "), "{stdout}");
    let out = folder.path().join("out");
    let shown = on_a_terminal(&format!("{PROGRAM} {path} > {}", out.display()));
    assert!(shown.contains("statements  "), "{shown:?}");
    // A line is cleared before another is drawn, and so is the last one.
    assert!(shown.trim_end_matches(['\r', '\n']).ends_with("\u{1b}[2K"), "{shown:?}");
    assert!(!shown.contains('\n'), "it stays in its line: {shown:?}");
    let text = fs::read_to_string(out).unwrap();
    assert!(text.ends_with("\nverified\n"), "{text}");
}

#[test]
fn files_are_opened_before_the_work_and_tell_of_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let good = path("good.sql");
    fs::write(&good, dump()).unwrap();
    let (json, prometheus) = (path("r.json"), path("r.prom"));
    let file = ["--level", "file"];
    let run = |arguments: &[&str]| run(&[arguments, &file].concat());
    assert_eq!(run(&[&good, "--report", &json, "--report", &prometheus]).0, 0);
    let verdict = |file: &str| {
        serde_json::from_str::<Value>(&fs::read_to_string(file).unwrap()).unwrap()["verdict"].clone()
    };
    assert_eq!(verdict(&json), "verified");

    // A bad path is told before the backup is looked at, and leaves what was there.
    let nowhere = path("no/such/folder.md");
    let (code, stdout, stderr) = run(&["/nowhere.sql", "--report", &json, "--report", &nowhere]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("folder.md") && !stderr.contains("nowhere.sql"), "{stderr}");
    assert_eq!(verdict(&json), "verified");
    let same = path("./r.json");
    assert_eq!(run(&[&good, "--report", &json, "--report", &same]).0, 2, "one file, two names");
    for wrong in ["report", "report.txt"] {
        assert_eq!(run(&[&good, "--report", wrong]).0, 2, "{wrong}");
    }

    // The verdict of yesterday does not outlive the trouble of today.
    let (code, stdout, _) = run(&["/nowhere.sql", "--report", &json, "--report", &prometheus]);
    assert_eq!(code, 2);
    assert!(stdout.ends_with("(os error 2)\n") && stdout.contains("\ntrouble: "), "{stdout}");
    assert_eq!(verdict(&json), "trouble");
    assert!(fs::read_to_string(&prometheus).unwrap().contains("pgdumpkit_verify_exit_code 2\n"));
    assert_eq!(run(&["--dir", "/nowhere", "--report", &json]).0, 2);
    assert_eq!(verdict(&json), "trouble");
    assert_valid(&serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap());
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<BTreeSet<_>>(), ["good.sql", "r.json", "r.prom"].map(Into::into).into());
}

#[test]
fn more_findings_than_anybody_reads_are_counted() {
    if !server_is_there() {
        return;
    }
    const FAIL: usize = 12_000;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let failing: String =
        (0..FAIL).map(|n| format!("ALTER TABLE public.nowhere_{n} OWNER TO alice;\n")).collect();
    // A message is as long as the dump's own code wants it.
    let long = "CREATE FUNCTION public.long() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE '%', pg_catalog.repeat('x', \
                100000000); END $$;\nSELECT public.long();\n";
    let text = format!("CREATE SCHEMA shop;\nCREATE TABLE public.t (a integer);\n{long}{failing}");
    fs::write(at("dump.sql"), text).unwrap();
    let mut arguments = vec![at("dump.sql")];
    for form in ["json", "html", "md", "xml", "prom"] {
        arguments.extend(["--report".to_owned(), at(&format!("report.{form}"))]);
    }
    let (code, said, _) = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, 1);
    let report: Value = serde_json::from_str(&fs::read_to_string(at("report.json")).unwrap()).unwrap();
    assert_valid(&report);
    let backup = &report["backups"][0];
    assert_eq!(backup["findings"].as_array().unwrap().len(), 10_000);
    assert_eq!(backup["findings_left_out"], FAIL + 1 - 10_000);
    assert!(said.contains("and 2001 more findings") && said.contains("the backup is bad: 12001 findings"));
    let read = |form: &str| fs::read_to_string(at(&format!("report.{form}"))).unwrap();
    for form in ["html", "md", "xml"] {
        assert!(read(form).contains("more findings") || form == "md", "{form}");
        assert!(read(form).len() < 16 << 20, "{form}");
    }
    assert!(read("prom").contains("verdict=\"bad\"} 12001\n"));
}
