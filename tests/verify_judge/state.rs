//! What a database holds, as facts that can be compared with those of another.

use std::collections::BTreeMap;
use std::io;

use dump::{Address, DataSink, Name, ReadOptions, Stream, Want};

/// What a text of `pg_dump` says of one database.
#[derive(Clone, Default)]
pub struct State {
    /// By what they speak of: the lines of its canonical statements, and how often each is there.
    parts: BTreeMap<String, BTreeMap<String, usize>>,
    /// By their tables.
    rows: BTreeMap<String, Rows>,
}

#[derive(Clone, Default)]
struct Rows {
    columns: Vec<String>,
    /// The fields of each.
    lines: Vec<Vec<Vec<u8>>>,
}

/// What one database holds and another does not.
#[derive(Default)]
pub struct Missing {
    /// Objects, rows, values of sequences, contents of large objects.
    pub gone: Vec<String>,
    /// What there is, and is otherwise.
    pub altered: Vec<String>,
}

impl Missing {
    /// Says whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.altered.is_empty()
    }

    /// The first few, in words.
    pub fn shown(&self) -> String {
        let all: Vec<&str> = self.gone.iter().chain(&self.altered).map(String::as_str).collect();
        let more = all.len().saturating_sub(3);
        let shown = all.iter().take(3).map(|one| short(one)).collect::<Vec<_>>().join("; ");
        if more == 0 { shown } else { format!("{shown}; {more} more") }
    }
}

/// The beginning of a text, on one line.
pub fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(160).collect();
    if cut.len() < line.len() { format!("{cut} …") } else { cut }
}

impl State {
    /// Reads what `pg_dump` wrote of one database, its name included where it did, or a text that is to be believed.
    pub fn of(text: &[u8]) -> Result<State, String> {
        let mut whole = State::default();
        for (_, state) in State::all(text)? {
            whole.parts.extend(state.parts);
            whole.rows.extend(state.rows);
        }
        Ok(whole)
    }

    /// Reads all databases of a dump, with their names where it tells them.
    pub fn all(text: &[u8]) -> Result<Vec<(Option<String>, State)>, String> {
        let mut sink = Sink::default();
        let options = ReadOptions { keep_secrets: true, ..ReadOptions::default() };
        let dump = dump::read(Stream(text), options, &mut sink).map_err(|error| error.to_string())?;
        let state = |database: &dump::Database| {
            let name = database.name.as_ref().map(shown);
            let rows = sink.rows.remove(&name).unwrap_or_default();
            (name, State { rows, ..State::schema(database) })
        };
        Ok(dump.databases.iter().map(state).collect())
    }

    fn schema(database: &dump::Database) -> State {
        let mut state = State::default();
        for object in database.schema.objects.values() {
            for part in &object.parts {
                state.add(&part.address.to_string(), &part.text);
            }
        }
        for statement in &database.data.statements {
            state.add(&format!("data of {}", statement.address), &statement.text);
        }
        for (number, object) in &database.data.large_objects {
            let subject = format!("large object {number}");
            state.add(&format!("data of {subject}"), format!("{:x?}", object.content).as_bytes());
            for part in &object.parts {
                state.add(&subject, &part.text);
            }
        }
        state
    }

    fn add(&mut self, subject: &str, text: &[u8]) {
        let lines = self.parts.entry(subject.to_owned()).or_default();
        // A list that has grown by a line holds all that it held.
        for line in String::from_utf8_lossy(text).lines().map(|line| line.trim().trim_end_matches([',', ';']))
        {
            *lines.entry(line.to_owned()).or_default() += 1;
        }
    }

    /// The objects and the rows that another state does not hold, whatever it says of those it holds: rows are counted.
    pub fn gone_in(&self, other: &State) -> Vec<String> {
        let mut gone: Vec<String> =
            self.parts.keys().filter(|subject| !other.parts.contains_key(*subject)).cloned().collect();
        for (table, rows) in &self.rows {
            let found = other.rows.get(table).map_or(0, |rows| rows.lines.len());
            if found < rows.lines.len() {
                gone.push(format!("rows of {table}: {found} of {}", rows.lines.len()));
            }
        }
        gone
    }

    /// What of this state another does not hold.
    pub fn missing_in(&self, other: &State) -> Missing {
        let mut missing = Missing::default();
        for (subject, lines) in &self.parts {
            let data = subject.starts_with("data of ");
            let Some(found) = other.parts.get(subject) else {
                missing.gone.push(subject.clone());
                continue;
            };
            let less =
                |(line, count): &(&String, &usize)| found.get(*line).is_none_or(|found| found < *count);
            if let Some((line, _)) = lines.iter().find(less) {
                let to = if data { &mut missing.gone } else { &mut missing.altered };
                to.push(format!("{subject}: {line}"));
            }
        }
        for (table, rows) in &self.rows {
            let lost = rows.missing_in(other.rows.get(table));
            if lost > 0 {
                missing.gone.push(format!("rows of {table}: {lost} of {}", rows.lines.len()));
            }
        }
        missing
    }
}

impl Rows {
    /// How many rows another table lacks, of which only the columns of this one count.
    fn missing_in(&self, other: Option<&Rows>) -> usize {
        let Some(other) = other else { return self.lines.len() };
        let places: Option<Vec<usize>> =
            self.columns.iter().map(|column| other.columns.iter().position(|one| one == column)).collect();
        let Some(places) = places else { return self.lines.len() };
        let mut found: BTreeMap<Vec<&[u8]>, usize> = BTreeMap::new();
        for line in &other.lines {
            let fields = places.iter().map(|at| line.get(*at).map_or(&b""[..], Vec::as_slice)).collect();
            *found.entry(fields).or_default() += 1;
        }
        let mut lost = 0;
        for line in &self.lines {
            match found.get_mut(&line.iter().map(Vec::as_slice).collect::<Vec<_>>()) {
                Some(count) if *count > 0 => *count -= 1,
                _ => lost += 1,
            }
        }
        lost
    }
}

fn shown(name: &Name) -> String {
    String::from_utf8_lossy(name.bytes()).into_owned()
}

/// Keeps all rows, by database and table.
#[derive(Default)]
struct Sink {
    rows: BTreeMap<Option<String>, BTreeMap<String, Rows>>,
    database: Option<String>,
    table: String,
}

impl DataSink for Sink {
    fn wants(&mut self, database: Option<&Name>, _: &Address) -> Want {
        self.database = database.map(shown);
        Want::Rows
    }

    fn begin(&mut self, relation: &Address, columns: Option<&[Name]>) -> io::Result<()> {
        self.table = relation.to_string();
        let rows = self.rows.entry(self.database.clone()).or_default().entry(self.table.clone()).or_default();
        rows.columns = columns.unwrap_or_default().iter().map(shown).collect();
        Ok(())
    }

    fn rows(&mut self, lines: &[u8]) -> io::Result<()> {
        let rows = self.rows.entry(self.database.clone()).or_default().entry(self.table.clone()).or_default();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            rows.lines.push(line.split(|byte| *byte == b'\t').map(<[u8]>::to_vec).collect());
        }
        Ok(())
    }
}
