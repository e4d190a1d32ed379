//! What psql leaves of a dump in a fresh database, found without any code of `pgdump-verify`.

use std::ops::Range;
use std::path::Path;
use std::process::Stdio;

use scratch::Cluster;

use crate::kinds::Says;
use crate::state::{Missing, State, short};
use crate::text::Text;
use crate::ways::{Expected, Made};

/// What is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// psql leaves all that the dump says, and has nothing to complain of.
    All,
    /// psql leaves all that the dump says, and a statement fails all the same: who stops at errors has less.
    Fails,
    /// psql leaves something else in the words of a definition, and every object and row.
    Altered,
    /// Objects, rows, values of sequences or contents of large objects are missing or others.
    Less,
    /// The text says two things of one, or is broken, and psql leaves all that counts.
    Disputed,
    /// psql could not judge.
    Untold,
}

impl Truth {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Truth::All => "psql leaves all",
            Truth::Fails => "psql leaves all, and complains",
            Truth::Altered => "psql leaves something else",
            Truth::Less => "psql leaves less",
            Truth::Disputed => "disputed",
            Truth::Untold => "cannot be told",
        }
    }
}

/// What psql said and left.
pub struct Left {
    /// Its complaints, each with its line.
    pub errors: Vec<(usize, String)>,
    /// What the database holds then.
    pub state: Result<State, String>,
}

/// Who restores: a superuser that owns nothing of what a dump holds, so that nothing is right by chance.
const RESTORER: &str = "restorer";

/// Makes the role that restores.
pub fn make_restorer(cluster: &Cluster) {
    cluster.psql("postgres", &format!("CREATE ROLE {RESTORER} SUPERUSER LOGIN")).unwrap();
}

/// Runs psql as who restores a dump of his own: a superuser, who goes on after errors.
pub fn psql(cluster: &Cluster, database: &str, file: &Path) -> Vec<(usize, String)> {
    let mut command = cluster.command("psql");
    command.env("PGUSER", RESTORER);
    command.env("PGDATABASE", database).args(["-X", "-q", "-f"]).arg(file);
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let prefix = format!("psql:{}:", file.display());
    let mut errors = Vec::new();
    for line in stderr.lines() {
        let Some((number, what)) = line.strip_prefix(&prefix).and_then(|rest| rest.split_once(": ")) else {
            continue;
        };
        if !what.starts_with("WARNING") && !what.starts_with("NOTICE") && !what.starts_with("INFO") {
            errors.push((number.parse().unwrap_or(0), what.trim().to_owned()));
        }
    }
    errors
}

/// Restores a text into a database of its own, and removes that again.
pub fn left(cluster: &Cluster, database: &str, file: &Path) -> Left {
    cluster.create_database(database).unwrap();
    let errors = psql(cluster, database, file);
    let dumped = cluster.pg_dump(database, &[]).map_err(|error| error.to_string());
    let state = dumped.and_then(|text| State::of(&text));
    cluster.psql("postgres", &format!("DROP DATABASE \"{database}\" WITH (FORCE)")).unwrap();
    Left { errors, state }
}

/// What is so of a dump that was tampered with, and why.
pub fn judged(made: &Made, healthy: &State, left: &Left) -> (Truth, String) {
    let state = match &left.state {
        Ok(state) => state,
        Err(why) => return (Truth::Untold, why.clone()),
    };
    let missing = healthy.missing_in(state);
    let first = left
        .errors
        .first()
        .map_or("no error".to_owned(), |(line, what)| format!("line {line}: {}", short(what)));
    let said = format!("{first} ({} errors)", left.errors.len());
    let lines = lines(&made.bytes, &made.own);
    let own = left.errors.iter().any(|(line, _)| lines.contains(line));
    let because = |missing: &Missing| {
        let truth = if missing.gone.is_empty() { Truth::Altered } else { Truth::Less };
        (truth, format!("missing: {}; psql: {said}", missing.shown()))
    };
    match made.expected {
        Expected::Broken if missing.is_empty() => (Truth::Disputed, format!("broken text; psql: {said}")),
        Expected::All if missing.is_empty() && own && made.says == Says::More => {
            (Truth::Less, format!("what was put in failed; psql: {said}"))
        }
        Expected::All if !missing.is_empty() && made.says == Says::Otherwise => {
            (Truth::Disputed, format!("otherwise: {}; psql: {said}", missing.shown()))
        }
        Expected::Rest | Expected::Rows if !missing.is_empty() => {
            if !left.errors.is_empty() {
                return (Truth::Less, format!("a statement failed; psql: {said}"));
            }
            if made.expected == Expected::Rows {
                return (Truth::All, String::new());
            }
            match State::of(&made.bytes).map(|rest| rest.missing_in(state)) {
                Ok(missing) if missing.is_empty() => (Truth::All, String::new()),
                Ok(missing) => because(&missing),
                Err(why) => (Truth::Untold, why),
            }
        }
        _ if missing.is_empty() && left.errors.is_empty() => (Truth::All, String::new()),
        _ if missing.is_empty() => (Truth::Fails, format!("psql: {said}")),
        _ => because(&missing),
    }
}

/// The numbers of the lines that a range of bytes touches.
fn lines(bytes: &[u8], range: &Range<usize>) -> Range<usize> {
    if range.is_empty() {
        return 0..0;
    }
    let number = |at: usize| bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    number(range.start)..number(range.end) + 1
}

/// The healthy dump, and what it says.
pub fn base(cluster: &Cluster) -> (Text, State) {
    make_restorer(cluster);
    cluster.psql("postgres", "CREATE ROLE keeper; CREATE ROLE reader").unwrap();
    cluster.create_database("base").unwrap();
    cluster.psql_script("base", include_bytes!("base.sql")).unwrap();
    let bytes = cluster.pg_dump("base", &[]).unwrap();
    let state = State::of(&bytes).unwrap();
    (Text::new(bytes), state)
}
