//! The schema round trip: what pg_dump writes of the restored copy, compared with the backup.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::anyhow;
use cli::{DataWanted, Failure};
use compare::{Change, Judge};
use dump::lexer::Lexer;
use dump::{Address, Attribute, Database, Dump, Kind, Object, ReadOptions, Role, Schema};
use restore::{Cause, Judgement, RefusedSetting, Superuser};
use scratch::{Client, Pipe};

use crate::restoring::Restored;
use crate::server::{ADMIN, RESTORER, Server};
use crate::verdict::{Difference, Finding, Report, Verdict};

/// How much of a text a finding quotes.
const QUOTED: usize = 400;

/// Compares the schema of the backup with that of the copy, but for privileges on what has `rights` that were compared already.
///
/// # Errors
/// When there is no `pg_dump`, or it does not come to its end.
pub fn check(
    server: &Server,
    superuser: &Superuser,
    restored: &Restored<'_>,
    rights: &BTreeSet<Address>,
    origin: &Dump,
    report: &mut Report,
) -> Result<(), Failure> {
    let copy = read(server, superuser, &restored.database.schema.encoding)?;
    // Of what is not understood it was told that it ran.
    let understood = |object: &Object| object.address.kind != Kind::Other;
    let schema = |schema: &Schema| {
        let mut schema = Schema { trailer: Vec::new(), ..schema.clone() };
        schema.objects.retain(|_, object| understood(object));
        // It did its work when the statement ran: had a name led elsewhere without it, the copy would name that.
        for part in schema.objects.values_mut().flat_map(|object| &mut object.parts) {
            let session = Arc::make_mut(&mut part.session);
            session.search_path.clear();
            // What only older servers have is told of the rows.
            session.with_oids = false;
        }
        schema
    };
    let alone = |schema: Schema| Dump {
        databases: vec![Database { schema, ..Database::default() }],
        ..Dump::default()
    };
    let old = alone(schema(&restored.database.schema));
    let new = alone(copy.databases.first().map(|database| schema(&database.schema)).unwrap_or_default());
    let parts = old.databases[0].schema.parts();
    let (changes, _) = Judge::default().compare(&old, &new, &[]);

    let same_major = origin.versions.server_major() == Some(server.major());
    let parts_of_all = old.databases[0].schema.objects.values().flat_map(|object| &object.parts);
    let owned: HashSet<&Address> =
        parts_of_all.filter(|part| part.role == Role::Owner).map(|part| &part.address).collect();
    let told: HashSet<String> = report.findings.iter().map(|finding| finding.what.clone()).collect();
    let mut left_out = LeftOut::default();
    let mut found = Vec::new();
    for change in changes.into_iter().map(|finding| finding.change) {
        let privilege = change.attribute == Attribute::Privilege;
        if privilege && (rights.contains(&change.object) || rights.contains(&change.address)) {
            continue;
        }
        // The copy is dumped without its data; whether it is filled was looked up.
        if change.address.kind == Kind::MaterializedView
            && change.attribute == Attribute::Clause
            && change.item.as_ref().is_some_and(|item| item.bytes() == b"data")
        {
            continue;
        }
        if let Some(count) = left_out.why(&change, &owned, restored, origin) {
            *count += 1;
            continue;
        }
        // That it is not there at all was told by the catalogs.
        if told.contains(&change.object.to_string()) {
            continue;
        }
        // An owner and a comment are what they are; everything else is written by the server in its own way.
        let everywhere = matches!(change.attribute, Attribute::Owner | Attribute::Comment);
        let verdict = if same_major || everywhere { Verdict::Bad } else { Verdict::Unclear };
        found.push(finding(verdict, change, &report.format));
    }
    report.findings.extend(found);
    report
        .checked
        .push(("statements of the schema compared with those of the restored copy".to_owned(), parts));
    report.notes.extend(left_out.notes());
    Ok(())
}

/// Reads what the newest pg_dump there is writes of the copy, in the encoding of the backup.
fn read(server: &Server, superuser: &Superuser, encoding: &str) -> Result<Dump, Failure> {
    let program = Client::newest("pg_dump").map_err(|error| {
        Failure::from(error)
            .with_hint("`--level full` needs `pg_dump` to read the restored copy; `--level restore` does not")
    })?;
    let mut command = server.pg_dump(&program, superuser);
    if !encoding.is_empty() {
        command.arg(format!("--encoding={encoding}"));
    }
    let pipe = Pipe::open(command, Stdio::null())?;
    let ended = pipe.ended();
    let name = Path::new("the restored copy");
    let dump = cli::read_reader(Box::new(pipe), name, ReadOptions::default(), DataWanted::Nothing)?;
    if !ended.load(Ordering::Acquire) {
        return Err(anyhow!("`pg_dump` did not come to its end on the restored copy").into());
    }
    Ok(dump)
}

fn finding(verdict: Verdict, change: Change, format: &str) -> Finding {
    let aspect = change.aspect();
    let quoted = |text: &Option<String>| match text {
        Some(text) if text.chars().count() > QUOTED => {
            Some(text.chars().take(QUOTED).chain(['…']).collect::<String>())
        }
        text => text.clone(),
    };
    let difference =
        Difference { attribute: aspect.clone(), old: quoted(&change.old), new: quoted(&change.new) };
    let shown = |text: &Option<String>| match text {
        Some(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        None => "-".to_owned(),
    };
    let reason = match verdict {
        Verdict::Bad => "the restored copy is not what the backup says",
        _ => "the restored copy reads otherwise, which may be the way of another version of the server",
    };
    let of = if aspect.is_empty() { String::new() } else { format!(": {aspect}") };
    let why = format!("{reason}{of}: expected {}; actual {}", shown(&difference.old), shown(&difference.new));
    // The statements of an archive have no place of their own in the file.
    let place = change.old_at.filter(|_| format.starts_with("plain")).map(|at| at.to_string());
    Finding { verdict, what: change.object.to_string(), place, why, difference: Some(difference) }
}

/// Differences that verify makes itself, or that say nothing, by why they do not count.
#[derive(Default)]
struct LeftOut {
    failed: usize,
    outside: usize,
    owners: usize,
    tablespaces: usize,
    public: usize,
    tried: usize,
    nowhere: usize,
    built_in: usize,
    methods: usize,
    parentheses: usize,
    extensions: usize,
    inherited: usize,
}

impl LeftOut {
    /// Returns where a difference is counted that does not tell against the backup.
    fn why(
        &mut self,
        change: &Change,
        owned: &HashSet<&Address>,
        restored: &Restored<'_>,
        origin: &Dump,
    ) -> Option<&mut usize> {
        let privilege = change.attribute == Attribute::Privilege;
        let text = |text: &Option<String>, part: &str| text.as_ref().is_some_and(|text| text.contains(part));
        // By a statement that was run: the role of a session that makes things (`--use-set-session-authorization`) may
        // not do so as a stand-in.
        let owned = owned.contains(&change.object);
        match change.object.kind {
            // Of databases and clusters, pg_dump writes nothing here; of large objects only with their data.
            Kind::Database | Kind::Role | Kind::Tablespace | Kind::Parameter | Kind::LargeObject => {
                return Some(&mut self.outside);
            }
            _ => {}
        }
        let mut near = restored.failed.near([&change.object.name, &change.address.name], &change.object);
        if near.any(|failure| concerns(failure, change, restored)) {
            return Some(&mut self.failed);
        }
        let told = |set: &BTreeSet<String>| {
            set.contains(&change.object.to_string()) || set.contains(&change.address.to_string())
        };
        match change.attribute {
            // Rights, owners and user mappings that were set and undone.
            Attribute::Privilege | Attribute::Owner if told(restored.tried) => Some(&mut self.tried),
            _ if change.address.kind == Kind::UserMapping && told(restored.tried) => Some(&mut self.tried),
            // Event triggers are left disabled.
            Attribute::Enabled if told(restored.tried) || told(restored.disabled) => Some(&mut self.tried),
            // `initdb` makes it, and pg_dump writes nothing of it.
            _ if change.new.is_none()
                && matches!(change.object.kind, Kind::Language | Kind::Extension)
                && change.object.name.bytes() == b"plpgsql" =>
            {
                Some(&mut self.built_in)
            }
            // pg_dump describes neither what `initdb` made nor what an extension's script did.
            Attribute::Comment if change.new.is_none() && !makes(&change.object, restored) => {
                Some(&mut self.built_in)
            }
            Attribute::AccessMethod if withheld_method(change, restored) => Some(&mut self.methods),
            Attribute::Option if told(restored.nowhere) => Some(&mut self.nowhere),
            // What no statement of the backup gives an owner is the restoring role's, with the rights of an owner.
            // What had to be made by a superuser is the superuser's.
            Attribute::Owner if !owned && (text(&change.new, RESTORER) || text(&change.new, ADMIN)) => {
                Some(&mut self.owners)
            }
            // That of the extension's own files.
            Attribute::Comment if change.object.kind == Kind::Extension && change.old.is_none() => {
                Some(&mut self.extensions)
            }
            // Columns of a parent come before a table's own, whatever their order was in the original.
            Attribute::Order if inherits(change, restored) => Some(&mut self.inherited),
            Attribute::Privilege
                if !owned && (text(&change.old, "REVOKE") || text(&change.new, RESTORER)) =>
            {
                Some(&mut self.owners)
            }
            // What is taken from whoever owns something built in was never his who stands in for him.
            Attribute::Privilege
                if !owned
                    && change.old.is_none()
                    && !makes(&change.object, restored)
                    && change.item.as_ref().is_some_and(|grantee| grantee.bytes() != b"PUBLIC") =>
            {
                Some(&mut self.owners)
            }
            Attribute::Tablespace if change.new.is_none() => Some(&mut self.tablespaces),
            // pg_dump writes nothing of one that is as `initdb` makes it; its owner and privileges are compared elsewhere.
            _ if change.object.kind == Kind::Schema
                && change.object.name.bytes() == b"public"
                && change.new.is_none()
                && matches!(change.attribute, Attribute::Whole | Attribute::Definition) =>
            {
                Some(&mut self.public)
            }
            // Everybody could create in it before 15, and can in the copy of such a backup.
            _ if privilege
                && change.object.kind == Kind::Schema
                && change.object.name.bytes() == b"public"
                && origin.versions.server_major().is_some_and(|major| major < 15) =>
            {
                Some(&mut self.public)
            }
            _ => match (&change.old, &change.new) {
                (Some(old), Some(new))
                    if change.attribute != Attribute::Privilege
                        && unparenthesised(old) == unparenthesised(new) =>
                {
                    Some(&mut self.parentheses)
                }
                _ => None,
            },
        }
    }

    fn notes(&self) -> Vec<String> {
        let notes = [
            (self.failed, "differences of the copy that follow from what could not be restored here"),
            (
                self.outside,
                "not compared here, but tried or looked up: properties of the database and of large objects",
            ),
            (
                self.owners,
                "not compared, no statement of the backup gives an owner: owners and their privileges",
            ),
            (self.tablespaces, "not compared, the default one stands in: tablespaces"),
            (
                self.public,
                "differences of schema public, of which only what the backup says was compared, in the catalogs",
            ),
            (
                self.tried,
                "owners, rights and user mappings, set in a transaction that was undone: differences",
            ),
            (self.nowhere, "addresses of foreign servers, which lead nowhere in the copy: differences"),
            (
                self.built_in,
                "not compared, pg_dump writes nothing of what `initdb` or an extension made: comments and definitions",
            ),
            (
                self.methods,
                "tables without the access method that the backup gives them and this server lacks",
            ),
            (self.parentheses, "expressions that the server writes with other parentheses than the backup"),
            (self.extensions, "comments that extensions have by themselves"),
            (self.inherited, "tables whose columns come in the order of their parents"),
        ];
        let told = notes.into_iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!("{what}: {count}")).collect()
    }
}

/// Says whether a difference follows from a failure, which was told already.
fn concerns(failure: &restore::Failure, change: &Change, restored: &Restored<'_>) -> bool {
    let Some(subject) = &restored.plan.steps[failure.step].subject.address else { return false };
    let same = |address: &dump::Address| subject.name == address.name && subject.schema == address.schema;
    let about = same(&change.object)
        || same(&change.address)
        || subject.parent.as_deref().is_some_and(|parent| *parent == change.object);
    about
        && match (&failure.cause, failure.cause.judgement()) {
            (Cause::StandIn, _) => matches!(change.attribute, Attribute::Owner | Attribute::Privilege),
            (_, Judgement::Harmless) => false,
            _ => true,
        }
}

/// Says whether the backup makes something.
fn makes(address: &Address, restored: &Restored<'_>) -> bool {
    let object = restored.database.schema.objects.get(address);
    object.is_some_and(|object| {
        object.parts.iter().any(|part| matches!(part.role, Role::Definition | Role::Shell))
    })
}

/// Says whether a table lacks an access method that the server did not know when the table was made.
fn withheld_method(change: &Change, restored: &Restored<'_>) -> bool {
    let withheld = |setting: &RefusedSetting| {
        setting.name == "default_table_access_method"
            && setting.cause.judgement() == Judgement::Unclear
            && setting.value == change.old
    };
    restored.settings.iter().any(withheld)
}

/// Says whether a table of the backup has parents.
fn inherits(change: &Change, restored: &Restored<'_>) -> bool {
    let object = restored.database.schema.objects.get(&change.object);
    let parts = object.into_iter().flat_map(|object| &object.parts);
    let mut texts = parts.filter(|part| part.address == change.object).map(|part| part.text.as_slice());
    texts.any(|text| {
        [&b"INHERITS ("[..], b" INHERIT ", b" ATTACH PARTITION "]
            .iter()
            .any(|word| memchr::memmem::find(text, word).is_some())
    })
}

/// The tokens of an expression without its parentheses. The server read the backup's very text, and writes them around whatever
/// has an operator, as no person does.
fn unparenthesised(text: &str) -> Vec<&str> {
    let tokens = Lexer::default().tokens(text.as_bytes()).unwrap_or_default();
    let texts = tokens.iter().filter_map(|token| text.get(token.start..token.end));
    texts.filter(|text| !matches!(*text, "(" | ")") && !text.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parentheses_are_the_servers() {
        assert_eq!(unparenthesised("VALUE > 0"), unparenthesised("(VALUE > 0)"));
        assert_eq!(unparenthesised("(a * 2) STORED"), unparenthesised("((a * 2)) STORED"));
        assert_ne!(unparenthesised("a = '('"), unparenthesised("a = ''"));
        assert_ne!(unparenthesised("a > 1"), unparenthesised("a > 2"));
    }
}
