//! The plain dumps of the corpus, whose databases nobody has: what they say is what their text says.

use std::fs;
use std::path::{Path, PathBuf};

use dump::{Event, Events, Stream};
use scratch::{Cluster, Programs};

use crate::corpus;
use crate::state::{Missing, State, short};
use crate::truth::{Truth, make_restorer, psql};

/// The database that psql begins in.
const DATABASE: &str = "given";

/// How often roles that are missing are made before it is judged.
const ATTEMPTS: usize = 4;

/// What this machine lacks, and no dump: extensions, libraries, files, versions.
const LACKING: [&str; 8] = [
    "is not available",
    "could not open extension control file",
    "could not access file",
    "could not load library",
    "could not open dictionary file",
    "security label provider",
    "access method",
    "encoding",
];

/// What every database has, so that no dump of it speaks of it.
const EVERYWHERE: [&str; 2] = ["schema public", "extension plpgsql"];

/// Meta-commands of dumps that reach nothing but the server.
const HARMLESS: [&str; 9] =
    ["connect", "c", "restrict", "unrestrict", "encoding", "set", "echo", "timing", "."];

/// A plain dump of the corpus.
pub struct Given {
    /// Its name in the corpus.
    pub name: String,
    text: Vec<u8>,
}

/// All plain dumps there are, in the order of their names.
pub fn all() -> Vec<Given> {
    let Some(corpus) = corpus::corpus() else { return Vec::new() };
    let mut files = Vec::new();
    for part in ["formats", "real", "regression", "reported", "versions"] {
        gather(&corpus.join(part), &mut files);
    }
    files.sort();
    let named = |file: PathBuf| {
        let text = corpus::text(&file);
        // What restores an archive is another program.
        let plain = !text.starts_with(b"PGDMP");
        let name = file.strip_prefix(&corpus).unwrap().display().to_string();
        (plain && !name.ends_with(".build.sql")).then_some(Given { name, text })
    };
    files.into_iter().filter_map(named).collect()
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !path.join("toc.dat").exists() {
            gather(&path, files);
        } else if name.ends_with(".sql") || name.ends_with(".sql.zst") {
            files.push(path);
        }
    }
}

impl Given {
    /// Writes its text where psql and the tool read it.
    pub fn write(&self, file: &Path) {
        fs::write(file, &self.text).unwrap();
    }

    /// What is so of it, and why: psql restores it into a server of its own, which may be left as it likes.
    pub fn judged(&self, programs: &Programs, file: &Path) -> (Truth, String) {
        if !self.is_harmless() {
            return (Truth::Untold, "it has meta-commands that reach beyond the server".to_owned());
        }
        let mut roles: Vec<String> = Vec::new();
        for _ in 0..ATTEMPTS {
            let cluster = Cluster::start(programs).unwrap();
            make_restorer(&cluster);
            for role in &roles {
                // Where one is who makes something, it may.
                let quoted = role.replace('"', "\"\"");
                cluster.psql("postgres", &format!("CREATE ROLE \"{quoted}\" SUPERUSER")).unwrap();
            }
            cluster.create_database(DATABASE).unwrap();
            let errors = psql(&cluster, DATABASE, file);
            let found = roles.len();
            for (_, what) in &errors {
                let role = what
                    .strip_prefix("ERROR:  role \"")
                    .and_then(|rest| rest.split_once("\" does not exist"));
                if let Some((role, _)) = role.filter(|(role, _)| !roles.iter().any(|known| known == role)) {
                    roles.push(role.to_owned());
                }
            }
            if roles.len() == found {
                return self.compared(&cluster, &errors);
            }
        }
        (Truth::Untold, format!("roles are missing: {}", roles.join(", ")))
    }

    fn compared(&self, cluster: &Cluster, errors: &[(usize, String)]) -> (Truth, String) {
        let first = errors
            .first()
            .map_or("no error".to_owned(), |(line, what)| format!("line {line}: {}", short(what)));
        let said = format!("{first} ({} errors)", errors.len());
        let lacking = errors.iter().find(|(_, what)| LACKING.iter().any(|words| what.contains(words)));
        let expected = match State::all(&self.text) {
            Ok(expected) => expected,
            Err(why) if errors.is_empty() => return (Truth::Untold, format!("{why}; psql: {said}")),
            Err(why) => return (Truth::Less, format!("{why}; psql: {said}")),
        };
        let mut missing = Missing::default();
        for (name, expected) in &expected {
            // A dump with the name of its database makes it.
            let arguments: &[&str] = if name.is_some() { &["--create"] } else { &[] };
            let database = name.as_deref().unwrap_or(DATABASE);
            match cluster
                .pg_dump(database, arguments)
                .map_err(|error| error.to_string())
                .and_then(|text| State::of(&text))
            {
                // How another version wrote it is no matter.
                Ok(state) => missing.gone.extend(
                    expected.gone_in(&state).into_iter().filter(|gone| !EVERYWHERE.contains(&gone.as_str())),
                ),
                Err(why) => missing.gone.push(format!("{database}: {}", short(&why))),
            }
        }
        match (missing.is_empty(), errors.is_empty(), lacking) {
            (true, true, _) => (Truth::All, String::new()),
            (true, false, _) => (Truth::Fails, format!("psql: {said}")),
            (false, false, None) => (Truth::Less, format!("missing: {}; psql: {said}", missing.shown())),
            (false, _, Some((line, what))) => {
                (Truth::Untold, format!("line {line}: {}; missing: {}", short(what), missing.shown()))
            }
            (false, true, None) => (Truth::Untold, format!("missing: {}; psql: {said}", missing.shown())),
        }
    }

    fn is_harmless(&self) -> bool {
        let mut events = Events::new(Stream(self.text.as_slice()));
        loop {
            match events.next() {
                Ok(Some(Event::Meta(line))) => {
                    let line = String::from_utf8_lossy(line);
                    let command = line.trim_start_matches('\\').split_whitespace().next().unwrap_or(".");
                    if !HARMLESS.contains(&command) {
                        return false;
                    }
                }
                Ok(Some(_)) => {}
                // What cannot be read to its end is looked at line by line.
                Err(_) => return !String::from_utf8_lossy(&self.text).contains("\n\\!"),
                Ok(None) => return true,
            }
        }
    }
}
