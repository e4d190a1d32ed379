//! What a script makes a second time: two dumps in one file, or an object in two files of a tree.

use std::collections::HashMap;

use crate::Position;
use crate::lexeme::Lexeme;
use crate::object::{Address, Kind, Role};
use crate::schema::Part;

/// Something that is made twice, which fails when it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// What.
    pub address: Address,
    /// Where it is made first …
    pub first: Position,
    /// … and where again.
    pub at: Position,
}

/// What a statement does where the thing is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhereThere {
    /// `IF NOT EXISTS`
    Nothing,
    /// `OR REPLACE`
    Replaces,
}

/// Reads what a statement does where the thing is there already; `None` if it fails.
pub(crate) fn where_there(words: &[Lexeme<'_>]) -> Option<WhereThere> {
    // `CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS` is the longest.
    const LONGEST: usize = 7;
    let is = |at: usize, word: &str| words.get(at).is_some_and(|lexeme| lexeme.is(word));
    if is(1, "OR") && is(2, "REPLACE") {
        return Some(WhereThere::Replaces);
    }
    let exists = (1..LONGEST).any(|at| is(at, "IF") && is(at + 1, "NOT") && is(at + 2, "EXISTS"));
    exists.then_some(WhereThere::Nothing)
}

/// Keeps of what is made again what counts in the end, and returns what fails because it is there.
pub(crate) fn settle(parts: &mut Vec<Part>) -> Option<Repeated> {
    let mut made: HashMap<&Address, usize> = HashMap::new();
    let mut gone: Vec<usize> = Vec::new();
    let mut repeated = None;
    for (at, part) in parts.iter().enumerate() {
        let counts = part.role == Role::Definition
            && !part.address.name.is_empty()
            && !matches!(part.address.kind, Kind::Other | Kind::LargeObject | Kind::DefaultPrivileges);
        if !counts {
            continue;
        }
        let Some(first) = made.get(&part.address).copied() else {
            made.insert(&part.address, at);
            continue;
        };
        // pg_dump makes a view without its query first where something needs it before.
        let replaces = |part: &Part| part.where_there == Some(WhereThere::Replaces);
        let is_shell = part.address.kind == Kind::View && replaces(part) != replaces(&parts[first]);
        match part.where_there {
            Some(WhereThere::Nothing) => gone.push(at),
            Some(_) if is_shell => drop(made.insert(&part.address, at)),
            None if is_shell => {}
            Some(WhereThere::Replaces) => {
                gone.push(first);
                made.insert(&part.address, at);
            }
            None if repeated.is_none() => {
                repeated =
                    Some(Repeated { address: part.address.clone(), first: parts[first].at, at: part.at });
            }
            None => {}
        }
    }
    gone.sort_unstable();
    let mut at = 0;
    parts.retain(|_| {
        at += 1;
        gone.binary_search(&(at - 1)).is_err()
    });
    repeated
}

#[cfg(test)]
mod tests {
    use crate::{NoData, ReadOptions, Stream, read};

    /// What is said to be made twice, by line, and the definitions that are left.
    fn look(sql: &str) -> (Option<(u64, u64)>, Vec<String>) {
        let dump = read(Stream(sql.as_bytes()), ReadOptions::default(), &mut NoData).unwrap();
        let line = |at: crate::Position| at.line.unwrap();
        let repeated = dump.repeated.map(|repeated| (line(repeated.first), line(repeated.at)));
        let objects = dump.databases[0].schema.objects.values();
        let texts = objects.flat_map(|object| &object.parts).map(|part| &part.text);
        let texts = texts.filter(|text| text.starts_with(b"CREATE"));
        (repeated, texts.map(|text| String::from_utf8_lossy(text).replace('\n', " ")).collect())
    }

    #[test]
    fn what_is_made_twice_is_told() {
        let made = |sql: &str| look(sql).0;
        assert_eq!(
            made("CREATE TABLE a.t (x int);\nCREATE TABLE a.u ();\nCREATE TABLE a.t ();"),
            Some((1, 3))
        );
        assert_eq!(made("CREATE TABLE a.t (x int);\nDROP TABLE a.t;\nCREATE TABLE a.t ();"), None);
        assert_eq!(made("CREATE TABLE a.t ();\nDROP SCHEMA a CASCADE;\nCREATE TABLE a.t ();"), None);
        assert_eq!(made("CREATE TABLE a.t ();\nDROP OWNED BY x;\nCREATE TABLE a.t ();"), None);
        assert_eq!(made("CREATE ROLE r;\nCREATE ROLE r;"), Some((1, 2)));
        assert_eq!(
            made("CREATE INDEX i ON a.t (x);\nCREATE INDEX j ON a.t (x);\nCREATE INDEX i ON a.t (x);"),
            Some((1, 3))
        );
        assert_eq!(
            made(
                "CREATE FUNCTION a.f(int) RETURNS int LANGUAGE sql AS '';\nCREATE FUNCTION a.f(text) RETURNS int LANGUAGE sql AS '';"
            ),
            None
        );
        assert_eq!(made("CREATE TYPE a.t;\nCREATE TYPE a.t (INPUT = a.i, OUTPUT = a.o);"), None);
    }

    #[test]
    fn of_what_may_be_there_the_right_one_counts() {
        let (repeated, left) =
            look("CREATE TABLE a.t (x integer);\nCREATE TABLE IF NOT EXISTS a.t (y integer);");
        assert_eq!((repeated, left), (None, vec!["CREATE TABLE a.t (     x integer ); ".to_owned()]));
        let function = |body: &str, or: &str| {
            format!("CREATE {or}FUNCTION a.f() RETURNS integer LANGUAGE sql AS '{body}';\n")
        };
        let (repeated, left) = look(&(function("1", "") + &function("2", "OR REPLACE ")));
        assert!(repeated.is_none() && left.len() == 1 && left[0].contains("'2'"), "{left:?}");
        let (repeated, left) = look(&(function("1", "OR REPLACE ") + &function("2", "")));
        assert!(repeated.is_some() && left.len() == 2);
        let view = |query: &str, or: &str| format!("CREATE {or}VIEW a.v AS SELECT {query};\n");
        let (_, left) = look(&(view("NULL::integer AS x", "") + &view("1 AS x", "OR REPLACE ")));
        assert_eq!(left.len(), 2);
        let (_, left) = look(&(view("2 AS x", "OR REPLACE ") + &view("1 AS x", "OR REPLACE ")));
        assert_eq!(left.len(), 1);
        let shell = view("NULL::integer AS x", "") + &view("1 AS x", "OR REPLACE ");
        let (repeated, left) = look(&(shell + &view("2 AS x", "OR REPLACE ")));
        assert!(repeated.is_none() && left.len() == 2, "{left:?}");
    }
}
