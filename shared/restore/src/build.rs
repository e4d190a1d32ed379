//! Indexes and constraints, several at once as the locks on their tables allow.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;

use dump::lexer::TokenKind;
use dump::{Class, Event, Events, Kind, Role, Stream};

use crate::Error;
use crate::plan::{Step, Work};
use crate::session::{Failed, Session, Shared};

/// What can be built beside others of the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    Index,
    ForeignKey,
}

/// Statements that run one behind the other, and the tables that nobody else may change meanwhile.
struct Unit {
    steps: Vec<usize>,
    locks: HashSet<Vec<u8>>,
}

/// Says what a step builds, if it is such a one.
pub(crate) fn of(step: &Step) -> Option<Build> {
    let Work::Statement(text) = &step.work else { return None };
    let address = step.subject.address.as_ref()?;
    let makes = step.subject.class == Class::Part(Role::Definition);
    match address.kind {
        Kind::Index if makes => Some(Build::Index),
        Kind::Constraint if makes && text.starts_with(b"ALTER TABLE ") => {
            let references = memchr::memmem::find(text, b" REFERENCES ").is_some();
            Some(if references { Build::ForeignKey } else { Build::Index })
        }
        _ => None,
    }
}

/// Says whether a step only describes the one before it.
fn follows(step: &Step) -> bool {
    let Work::Statement(text) = &step.work else { return false };
    let describes = matches!(step.subject.class, Class::Part(Role::Comment | Role::Setting));
    let of_index =
        |kind| matches!(kind, Kind::Index | Kind::Constraint | Kind::Table | Kind::MaterializedView);
    let clusters = || {
        [&b" CLUSTER ON "[..], b" REPLICA IDENTITY "]
            .iter()
            .any(|part| memchr::memmem::find(text, part).is_some())
    };
    describes
        && step.subject.address.as_ref().is_some_and(|address| match address.kind {
            Kind::Table | Kind::MaterializedView => clusters(),
            kind => of_index(kind),
        })
}

/// Returns how many steps from the first on belong together; the first builds something.
pub(crate) fn run_len(steps: &[Step]) -> usize {
    let first = steps.first().and_then(of);
    steps.iter().take_while(|step| of(step) == first || of(step).is_none() && follows(step)).count()
}

/// Runs steps with several connections, and returns what failed, by the steps' indexes.
pub(crate) fn run(
    shared: &Shared<'_>,
    threads: usize,
    steps: &[Step],
) -> Result<Vec<(usize, Failed)>, Error> {
    let state =
        Mutex::new(State { units: units(steps), busy: HashSet::new(), failures: Vec::new(), error: None });
    let freed = Condvar::new();
    let lock = || state.lock().unwrap_or_else(|poison| poison.into_inner());
    let work = || -> Result<(), Error> {
        let mut session: Option<Session<'_>> = None;
        while let Some(unit) = next(lock(), &freed) {
            let result = run_unit(&mut session, shared, &unit, steps);
            let mut state = lock();
            unit.locks.iter().for_each(|table| {
                state.busy.remove(table);
            });
            freed.notify_all();
            state.failures.extend(result?);
        }
        Ok(())
    };
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                if let Err(error) = work() {
                    let mut state = lock();
                    state.units.clear();
                    state.error.get_or_insert(error);
                    freed.notify_all();
                }
            });
        }
    });
    let state = state.into_inner().unwrap_or_else(|poison| poison.into_inner());
    state.error.map_or(Ok(state.failures), Err)
}

struct State {
    /// What is still to be done, in order.
    units: Vec<Unit>,
    busy: HashSet<Vec<u8>>,
    failures: Vec<(usize, Failed)>,
    error: Option<Error>,
}

/// Takes the first unit whose tables nobody works on, waiting for one if need be.
fn next(mut state: MutexGuard<'_, State>, freed: &Condvar) -> Option<Unit> {
    loop {
        if state.units.is_empty() {
            return None;
        }
        let free = state.units.iter().position(|unit| unit.locks.is_disjoint(&state.busy));
        if let Some(at) = free {
            let unit = state.units.remove(at);
            state.busy.extend(unit.locks.iter().cloned());
            return Some(unit);
        }
        state = freed.wait(state).unwrap_or_else(|poison| poison.into_inner());
    }
}

fn run_unit<'s>(
    session: &mut Option<Session<'s>>,
    shared: &'s Shared<'s>,
    unit: &Unit,
    steps: &[Step],
) -> Result<Vec<(usize, Failed)>, Error> {
    if session.is_none() {
        *session = Some(Session::connect(shared)?);
    }
    let mut failures = Vec::new();
    for at in &unit.steps {
        if let (Work::Statement(text), Some(session)) = (&steps[*at].work, session.as_mut())
            && let Some(failed) = session.run(&steps[*at], text)?
        {
            failures.push((*at, failed));
        }
    }
    Ok(failures)
}

/// The statements table by table, so that those of one keep their order.
fn units(steps: &[Step]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut last = 0;
    for (at, step) in steps.iter().enumerate() {
        let Work::Statement(text) = &step.work else { continue };
        if of(step).is_none() && !units.is_empty() {
            units[last].steps.push(at);
            continue;
        }
        let locks = tables(text);
        last = match units.iter().position(|unit| unit.locks == locks) {
            Some(known) if !locks.is_empty() => known,
            _ => {
                units.push(Unit { steps: Vec::new(), locks });
                units.len() - 1
            }
        };
        units[last].steps.push(at);
    }
    units
}

/// The tables that a statement locks: those named behind `ON`, `ALTER TABLE` and `REFERENCES`, as they are written.
fn tables(text: &[u8]) -> HashSet<Vec<u8>> {
    let mut tables = HashSet::new();
    let mut events = Events::new(Stream(text));
    let Ok(Some(Event::Statement(statement))) = events.next() else { return tables };
    let is = |at: usize, word: &str| {
        let token = statement.tokens.get(at).filter(|token| token.kind == TokenKind::Word);
        token.is_some_and(|token| statement.bytes(*token).eq_ignore_ascii_case(word.as_bytes()))
    };
    let index = is(0, "CREATE");
    for at in 0..statement.tokens.len() {
        let found = if index {
            is(at, "ON") && tables.is_empty()
        } else {
            is(at, "REFERENCES") || at > 0 && is(at, "TABLE") && is(at - 1, "ALTER")
        };
        if !found {
            continue;
        }
        let mut at = at + 1 + usize::from(is(at + 1, "ONLY"));
        let mut name = Vec::new();
        while let Some(token) = statement.tokens.get(at) {
            name.extend_from_slice(statement.bytes(*token));
            let dot = statement.tokens.get(at + 1).is_some_and(|token| token.kind == TokenKind::Dot);
            if !dot {
                break;
            }
            name.push(b'.');
            at += 2;
        }
        tables.insert(name);
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_the_tables_of_a_statement() {
        let of = |sql: &str| {
            let mut found: Vec<String> =
                tables(sql.as_bytes()).into_iter().map(|name| String::from_utf8(name).unwrap()).collect();
            found.sort();
            found
        };
        assert_eq!(of("CREATE INDEX i ON ONLY a.\"T\" USING btree (x);"), ["a.\"T\""]);
        assert_eq!(
            of("ALTER TABLE ONLY a.t\n    ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES b.u(id);"),
            ["a.t", "b.u"]
        );
    }
}
