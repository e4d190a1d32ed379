//! `pgdump-take schedule`, judged by systemd, a shell and a reader of YAML.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "corpus.rs"]
mod corpus;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use yaml_rust2::YamlLoader;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgdump-take");

fn schedule(arguments: &[&str]) -> Output {
    corpus::run(Path::new(PROGRAM), &[&["schedule"], arguments].concat(), b"")
}

#[track_caller]
fn printed(arguments: &[&str]) -> String {
    let output = schedule(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn assert_refused(arguments: &[&str], why: &str) {
    let output = schedule(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]), "{arguments:?}");
    assert!(stderr.contains(why), "{arguments:?}: {stderr}");
}

/// Runs systemd's own judge; none where it is not installed.
fn systemd_analyze(arguments: &[&str]) -> Option<(bool, String)> {
    let Ok(output) = Command::new("systemd-analyze").args(arguments).env("LC_ALL", "C").output() else {
        eprintln!("skipped: no systemd-analyze");
        return None;
    };
    let text = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

#[test]
fn systemd_takes_the_units() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let backups = folder.join("50% of \"$b\" c\\d");
    fs::create_dir(&backups).unwrap();
    let text = printed(&[
        "--systemd",
        "--name",
        "shop.1",
        "--user",
        "root",
        "--when",
        "Mon..Fri 22:30",
        "--",
        "--dir",
        backups.to_str().unwrap(),
        "--assert",
        "SELECT '%h $HOME ${HOME} ; \"' || E'\\\\'",
        ";",
    ]);
    let (service, timer) = text.split_once("\n# /etc/systemd/system/shop.1.timer\n").unwrap();
    let service = service.strip_prefix("# /etc/systemd/system/shop.1.service\n").unwrap();
    assert!(service.starts_with("# Written by pgdump-take schedule\n"), "{service}");
    assert!(timer.starts_with("# Written by pgdump-take schedule\n"), "{timer}");
    assert!(service.contains("\nTimeoutStartSec=86400\n"), "{service}");
    assert!(service.contains("\nUser=root\n") && service.contains(&format!("\nExecStart=\"{PROGRAM}\" ")));
    let paths = [folder.join("shop.1.service"), folder.join("shop.1.timer")];
    fs::write(&paths[0], service).unwrap();
    fs::write(&paths[1], timer).unwrap();
    let [service_path, timer_path] = paths.each_ref().map(|path| path.to_str().unwrap());
    let Some((good, said)) = systemd_analyze(&["verify", service_path, timer_path]) else { return };
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("shop.1")).collect();
    assert!(good && ours.is_empty(), "{said}");
    // The judge judges.
    fs::write(&paths[0], service.replace("ExecStart=\"", "ExecStart=\"x")).unwrap();
    assert!(!systemd_analyze(&["verify", service_path]).unwrap().1.is_empty());

    let timer = printed(&["--systemd", "--", "--dir", "/b"]);
    let when = timer.lines().find_map(|line| line.strip_prefix("OnCalendar=")).unwrap();
    let (good, said) = systemd_analyze(&["calendar", when]).unwrap();
    assert!(good, "{said}");
}

#[test]
fn a_shell_hands_over_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    // A program that prints its arguments stands in for ours, by the name that the line has for it.
    let words = ["--dir", "/b/it's 5%", "--assert", "SELECT '$HOME' || \"x\" \\ `id`", "my database"];
    let text = printed(&[&["--cron", "--name", "shop", "--"], &words[..]].concat());
    let line = text
        .strip_prefix("# pgdump-take shop\n15 4 * * * timeout -k 300 86400 ")
        .unwrap()
        .strip_suffix('\n')
        .unwrap();
    let printer = folder.path().join("printer");
    fs::write(&printer, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").unwrap();
    fs::set_permissions(&printer, fs::Permissions::from_mode(0o700)).unwrap();
    let command = line.replace(PROGRAM, printer.to_str().unwrap()).replace("\\%", "%");
    let output = corpus::run(Path::new("/bin/sh"), &["-c", &command], b"");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), words.map(|word| format!("{word}\n")).concat());
}

#[test]
fn a_line_is_put_into_the_crontab() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let crontab = folder.join("crontab");
    let kept = folder.join("kept");
    fs::write(
        &crontab,
        format!(
            "#!/bin/sh\n[ \"$1 $2\" = '-u keeper' ] || exit 9\nif [ \"$3\" = -l ]; then\n\
             [ -f '{kept}' ] || {{ echo 'no crontab for keeper' >&2; exit 1; }}\ncat '{kept}'\n\
             else cat \"$3\" > '{kept}'; fi\n",
            kept = kept.display()
        ),
    )
    .unwrap();
    fs::set_permissions(&crontab, fs::Permissions::from_mode(0o700)).unwrap();
    let install = |when: &str| {
        let words = [
            "schedule",
            "--cron",
            "--install",
            "--user",
            "keeper",
            "--when",
            when,
            "--timeout=7200",
            "--",
            "--dir",
            "/b",
        ];
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        let output = Command::new(PROGRAM).args(words).env("PATH", path).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(&kept).unwrap()
    };
    assert_eq!(
        install("@daily"),
        format!("# pgdump-take pgdump-take\n@daily timeout -k 300 7200 {PROGRAM} --dir /b\n")
    );
    fs::write(&kept, format!("{}@hourly other\n", fs::read_to_string(&kept).unwrap())).unwrap();
    assert_eq!(
        install("0 5 * * 1"),
        format!(
            "# pgdump-take pgdump-take\n0 5 * * 1 timeout -k 300 7200 {PROGRAM} --dir /b\n@hourly other\n"
        )
    );
}

#[test]
fn kubernetes_gets_a_cron_job() {
    let text = printed(&[
        "--kubernetes",
        "--image",
        "example.org/take:1",
        "--name",
        "shop",
        "--when",
        "0 1 * * *",
        "--",
        "--dir=/backups",
        "--keep-last",
        "7",
    ]);
    let documents = YamlLoader::load_from_str(&text).unwrap();
    assert_eq!((documents.len(), documents[0]["kind"].as_str()), (1, Some("CronJob")));
    let spec = &documents[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let words = spec["containers"][0]["command"].as_vec().unwrap();
    let words: Vec<&str> = words.iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(words, ["pgdump-take", "--dir=/backups", "--keep-last", "7"]);
    assert_eq!(spec["securityContext"]["runAsNonRoot"].as_bool(), Some(true));
    assert_refused(&["--kubernetes", "--", "--dir", "/b"], "--image");
}

#[test]
fn what_others_could_misread_is_refused() {
    let taking = ["--", "--dir", "/b"];
    for kind in [&["--systemd"][..], &["--cron"], &["--kubernetes", "--image", "i"]] {
        let refused = |more: &[&str], behind: &[&str], why: &str| {
            assert_refused(&[kind, more, &taking, behind].concat(), why);
        };
        refused(&[], &["a\nb"], "control character");
        refused(&[], &["a\u{2028}b"], "control character");
        refused(&["--when", "* * * * *\n* * * * *"], &[], "");
        refused(&["--name", "../x"], &[], "a name has");
        refused(&[], &["--colour"], "behind `--`: unexpected argument");
        refused(&[], &["postgres://u:hush@h/db"], "PGPASSFILE");
        refused(&[], &["-d", "host=h password=hush"], "PGPASSFILE");
        assert_refused(&[kind, &["--", "shop"]].concat(), "--dir");
        assert_refused(&[kind, &["--", "list", "/b"]].concat(), "only the taking");
    }
    assert_refused(&["--cron", "--when", "daily", "--", "--dir", "/b"], "five fields");
    assert_refused(&["--cron", "--systemd", "--", "--dir", "/b"], "cannot be used with");
    assert_refused(&["--", "--dir", "/b"], "--systemd");
    assert_refused(&["--kubernetes", "--image", "i", "--install", "--", "--dir", "/b"], "--install");
}
