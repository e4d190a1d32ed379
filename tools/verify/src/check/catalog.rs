//! What the catalogs of the restored database say: every object is there, and in order.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use connect::{Client, Error};
use dump::lexer::{Lexer, TokenKind};
use dump::{Address, DataForm, Kind, Name, Part, Role};
use restore::Work;

use crate::restoring::Restored;
use crate::verdict::{Report, Verdict};

/// How much of a statement a finding quotes.
const QUOTED: usize = 60;

/// What is told apart in the catalogs: kind, schema, the relation it is on, name. Overloads of a routine are counted.
type Key = (Kind, Vec<u8>, Vec<u8>, Vec<u8>);

/// Lists everything that a backup may hold, as kind, schema, relation and name.
const OBJECTS: &str = "
SELECT 'schema', '', '', nspname FROM pg_catalog.pg_namespace
UNION ALL SELECT 'extension', '', '', extname FROM pg_catalog.pg_extension
UNION ALL SELECT 'language', '', '', lanname FROM pg_catalog.pg_language
UNION ALL SELECT 'access method', '', '', amname FROM pg_catalog.pg_am
UNION ALL SELECT 'foreign data wrapper', '', '', fdwname FROM pg_catalog.pg_foreign_data_wrapper
UNION ALL SELECT 'server', '', '', srvname FROM pg_catalog.pg_foreign_server
UNION ALL SELECT 'publication', '', '', pubname FROM pg_catalog.pg_publication
UNION ALL SELECT 'subscription', '', '', subname FROM pg_catalog.pg_subscription s
    JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) s.subdbid
    AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
UNION ALL SELECT 'event trigger', '', '', evtname FROM pg_catalog.pg_event_trigger
UNION ALL SELECT k.kind, n.nspname, '', c.relname FROM pg_catalog.pg_class c
    JOIN (VALUES ('r', 'table'), ('p', 'table'), ('v', 'view'), ('m', 'materialized view'), ('S', 'sequence'),
        ('f', 'foreign table'), ('c', 'type')) AS k (relkind, kind)
        ON k.relkind::pg_catalog.\"char\" OPERATOR(pg_catalog.=) c.relkind
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
UNION ALL SELECT 'index', n.nspname, '', c.relname FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{i,I}'::pg_catalog.\"char\"[])
UNION ALL SELECT CASE WHEN typtype OPERATOR(pg_catalog.=) 'd' THEN 'domain' ELSE 'type' END, n.nspname, '', typname
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) typnamespace
    WHERE typtype OPERATOR(pg_catalog.<>) 'c'
UNION ALL SELECT k.kind, n.nspname, '', p.proname FROM pg_catalog.pg_proc p
    JOIN (VALUES ('f', 'function'), ('w', 'function'), ('p', 'procedure'), ('a', 'aggregate')) AS k (prokind, kind)
        ON k.prokind::pg_catalog.\"char\" OPERATOR(pg_catalog.=) p.prokind
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
UNION ALL SELECT 'operator', n.nspname, '', oprname
    FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) oprnamespace
UNION ALL SELECT 'operator class', n.nspname, '', opcname
    FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) opcnamespace
UNION ALL SELECT 'operator family', n.nspname, '', opfname
    FROM pg_catalog.pg_opfamily o JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) opfnamespace
UNION ALL SELECT 'collation', n.nspname, '', collname
    FROM pg_catalog.pg_collation o JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) collnamespace
UNION ALL SELECT 'conversion', n.nspname, '', conname
    FROM pg_catalog.pg_conversion o JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) connamespace
UNION ALL SELECT 'text search parser', n.nspname, '', prsname
    FROM pg_catalog.pg_ts_parser o JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) prsnamespace
UNION ALL SELECT 'text search template', n.nspname, '', tmplname
    FROM pg_catalog.pg_ts_template o JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) tmplnamespace
UNION ALL SELECT 'text search dictionary', n.nspname, '', dictname
    FROM pg_catalog.pg_ts_dict o JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) dictnamespace
UNION ALL SELECT 'text search configuration', n.nspname, '', cfgname
    FROM pg_catalog.pg_ts_config o JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) cfgnamespace
UNION ALL SELECT 'statistics', n.nspname, '', stxname
    FROM pg_catalog.pg_statistic_ext o JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) stxnamespace
UNION ALL SELECT 'constraint', n.nspname, c.relname, conname FROM pg_catalog.pg_constraint o
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
UNION ALL SELECT 'constraint', n.nspname, t.typname, conname FROM pg_catalog.pg_constraint o
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) contypid
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace
UNION ALL SELECT 'trigger', n.nspname, c.relname, tgname FROM pg_catalog.pg_trigger o
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
UNION ALL SELECT 'rule', n.nspname, c.relname, rulename FROM pg_catalog.pg_rewrite o
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) ev_class
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
UNION ALL SELECT 'policy', n.nspname, c.relname, polname FROM pg_catalog.pg_policy o
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) polrelid
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
UNION ALL SELECT 'cast', '', '', pg_catalog.concat('(', pg_catalog.format_type(castsource, NULL), ' AS ',
    pg_catalog.format_type(casttarget, NULL), ')') FROM pg_catalog.pg_cast WHERE oid OPERATOR(pg_catalog.>=) 16384
UNION ALL SELECT 'transform', '', '', pg_catalog.concat('FOR ', pg_catalog.format_type(trftype, NULL), ' LANGUAGE ',
    pg_catalog.quote_ident(lanname)) FROM pg_catalog.pg_transform
    JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) trflang
UNION ALL SELECT 'user mapping', '', srvname, usename FROM pg_catalog.pg_user_mappings";

/// The kinds that [`OBJECTS`] lists.
const KINDS: [Kind; 37] = [
    Kind::Schema,
    Kind::Extension,
    Kind::Language,
    Kind::AccessMethod,
    Kind::ForeignDataWrapper,
    Kind::Server,
    Kind::Publication,
    Kind::Subscription,
    Kind::EventTrigger,
    Kind::Table,
    Kind::View,
    Kind::MaterializedView,
    Kind::Sequence,
    Kind::ForeignTable,
    Kind::Index,
    Kind::Domain,
    Kind::Type,
    Kind::Function,
    Kind::Procedure,
    Kind::Aggregate,
    Kind::Operator,
    Kind::OperatorClass,
    Kind::OperatorFamily,
    Kind::Collation,
    Kind::Conversion,
    Kind::Constraint,
    Kind::Trigger,
    Kind::Rule,
    Kind::Policy,
    Kind::TextSearchParser,
    Kind::TextSearchTemplate,
    Kind::TextSearchDictionary,
    Kind::TextSearchConfiguration,
    Kind::Statistics,
    Kind::Cast,
    Kind::Transform,
    Kind::UserMapping,
];

/// Checks that every object is there, and the state of indexes, constraints, matviews and partitions.
///
/// # Errors
/// When the connection to the server is lost or it does not answer.
pub fn check(restored: &Restored<'_>, report: &mut Report) -> Result<(), Error> {
    let mut client = Client::connect(&restored.reader)?;
    objects(&mut client, restored, report)?;
    indexes(&mut client, report)?;
    constraints(&mut client, restored, report)?;
    matviews(&mut client, restored, report)?;
    partitions(&mut client, restored, report)
}

fn kind_of(name: &[u8]) -> Option<Kind> {
    KINDS.into_iter().find(|known| known.to_string().as_bytes() == name)
}

fn key(address: &Address) -> Option<Key> {
    let kind = KINDS.into_iter().find(|known| *known == address.kind)?;
    let bytes = |name: &Name| name.bytes().to_vec();
    let schema = |address: &Address| address.schema.as_ref().map(bytes).unwrap_or_default();
    Some(match &address.parent {
        // Indexes and statistics live in a schema of their own.
        Some(parent) if !matches!(address.kind, Kind::Index | Kind::Statistics) => {
            (kind, schema(parent), bytes(&parent.name), bytes(&address.name))
        }
        Some(parent) if address.schema.is_none() => (kind, schema(parent), Vec::new(), bytes(&address.name)),
        _ => (kind, schema(address), Vec::new(), bytes(&address.name)),
    })
}

fn objects(client: &mut Client, restored: &Restored<'_>, report: &mut Report) -> Result<(), Error> {
    let mut there: BTreeMap<Key, usize> = BTreeMap::new();
    for row in client.query(OBJECTS.as_bytes())? {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || values.next().unwrap_or_default();
        if let Some(kind) = kind_of(&next()) {
            *there.entry((kind, next(), next(), next())).or_default() += 1;
        }
    }
    let mut wanted: BTreeMap<Key, Vec<&Address>> = BTreeMap::new();
    let mut unlisted: Vec<&Part> = Vec::new();
    for object in restored.database.schema.objects.values() {
        let mut addresses: Vec<&Address> = Vec::new();
        for part in object.parts.iter().filter(|part| matches!(part.role, Role::Definition | Role::Shell)) {
            let kind = part.address.kind;
            // What is said of databases and roles, and to psql, is told for the whole dump.
            let meta = part.text.starts_with(b"\\");
            if key(&part.address).is_none() && !kind.is_global() && kind != Kind::Database && !meta {
                unlisted.push(part);
            } else if !addresses.contains(&&part.address) {
                addresses.push(&part.address);
            }
        }
        for address in addresses {
            if let Some(key) = key(address) {
                wanted.entry(key).or_default().push(address);
            }
        }
    }
    let mut checked = 0;
    for (key, addresses) in &wanted {
        checked += addresses.len();
        let found = there.get(key).copied().unwrap_or_default();
        if found >= addresses.len() {
            continue;
        }
        for address in addresses {
            // It was told what failed, and why; a part goes with what it is a part of.
            let parent = address.parent.as_deref();
            let excused = restored.failed.has_kind(address.kind, &address.name)
                || parent.is_some_and(|parent| restored.failed.has_name(&parent.name));
            let tried = restored.tried.contains(&address.to_string());
            if !excused && !tried {
                let why = match addresses.len() {
                    1 => "is in the backup and was not restored".to_owned(),
                    count => format!("{count} of this name are in the backup, {found} were restored"),
                };
                report.find(Verdict::Bad, address.to_string(), None, why);
            }
        }
    }
    report.checked.push(("objects present".to_owned(), checked));
    for part in unlisted {
        // It was told that it failed.
        if !restored.failed.has_byte(part.at.byte) {
            let begin = &part.text[..part.text.len().min(16 * QUOTED)];
            let text = String::from_utf8_lossy(begin);
            let what: String =
                text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(QUOTED).collect();
            let place = report.format.starts_with("plain").then(|| part.at.to_string());
            let why = "is not understood: it ran, and whether it did what it should was not checked";
            report.find(Verdict::Unclear, what, place, why);
        }
    }
    Ok(())
}

fn texts(client: &mut Client, sql: &str) -> Result<Vec<String>, Error> {
    let rows = client.query(sql.as_bytes())?;
    let text = |value: Option<Vec<u8>>| String::from_utf8_lossy(&value.unwrap_or_default()).into_owned();
    Ok(rows.into_iter().map(|row| row.into_iter().map(text).collect::<Vec<_>>().join(".")).collect())
}

fn indexes(client: &mut Client, report: &mut Report) -> Result<(), Error> {
    // That of a partitioned table is invalid as long as a partition lacks one, in the original as well.
    let sql = "SELECT n.nspname, c.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c \
    ON c.oid OPERATOR(pg_catalog.=) indexrelid \
               JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) relnamespace \
               WHERE relkind OPERATOR(pg_catalog.=) 'i' AND NOT \
               (indisvalid AND indisready) ORDER BY 1, 2";
    for name in texts(client, sql)? {
        report.find(Verdict::Bad, format!("index {name}"), None, "is invalid");
    }
    Ok(())
}

fn constraints(client: &mut Client, restored: &Restored<'_>, report: &mut Report) -> Result<(), Error> {
    let sql = "SELECT conname FROM pg_catalog.pg_constraint WHERE NOT convalidated ORDER BY 1";
    // Those that the backup adds so; what is not enforced (since 18) is not validated either.
    let mut not_valid: HashSet<String> = HashSet::new();
    for step in &restored.plan.steps {
        if let Work::Statement(text) = &step.work
            && [&b"NOT VALID"[..], b"NOT ENFORCED"]
                .iter()
                .any(|part| memchr::memmem::find(text, part).is_some())
        {
            not_valid.extend(names(text));
        }
    }
    for name in texts(client, sql)? {
        if !not_valid.contains(&name) {
            report.find(Verdict::Bad, format!("constraint {name}"), None, "is not validated");
        }
    }
    Ok(())
}

/// All names in a statement, as the catalogs have them.
fn names(text: &[u8]) -> Vec<String> {
    let tokens = Lexer::default().tokens(text).unwrap_or_default();
    let names = tokens.iter().filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Identifier));
    names
        .map(|token| {
            let name = Name::from_sql(&text[token.start..token.end]);
            String::from_utf8_lossy(name.bytes()).into_owned()
        })
        .collect()
}

fn matviews(client: &mut Client, restored: &Restored<'_>, report: &mut Report) -> Result<(), Error> {
    let sql = "SELECT n.nspname, relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
    ON n.oid OPERATOR(pg_catalog.=) relnamespace \
               WHERE relkind OPERATOR(pg_catalog.=) 'm' AND NOT relispopulated";
    let empty: HashSet<String> = texts(client, sql)?.into_iter().collect();
    let statements = restored.database.data.statements.iter();
    let refreshed = statements.filter(|statement| statement.form == DataForm::Refresh);
    // pg_dump never does both; by hand they are made with their rows.
    let objects = restored.database.schema.objects.values();
    let made = objects.flat_map(|object| &object.parts).filter(|part| {
        part.address.kind == Kind::MaterializedView
            && part.role == Role::Definition
            && !part.text.trim_ascii_end().ends_with(b"WITH NO DATA;")
    });
    let filled: BTreeSet<&Address> =
        refreshed.map(|statement| &statement.address).chain(made.map(|part| &part.address)).collect();
    for address in &filled {
        if !restored.failed.has(address) && empty.contains(&address.qualified_name().to_string()) {
            report.find(Verdict::Bad, address.to_string(), None, "is not populated");
        }
    }
    report.checked.push(("matviews populated".to_owned(), filled.len()));
    Ok(())
}

fn partitions(client: &mut Client, restored: &Restored<'_>, report: &mut Report) -> Result<(), Error> {
    let sql = "SELECT n.nspname, c.relname, p.nspname, t.relname FROM pg_catalog.pg_inherits JOIN pg_catalog.pg_class c \
               ON c.oid OPERATOR(pg_catalog.=) inhrelid JOIN pg_catalog.pg_namespace n \
               ON n.oid OPERATOR(pg_catalog.=) c.relnamespace JOIN pg_catalog.pg_class t \
               ON t.oid OPERATOR(pg_catalog.=) inhparent JOIN pg_catalog.pg_namespace p
               ON p.oid OPERATOR(pg_catalog.=) t.relnamespace WHERE c.relispartition";
    let attached: HashSet<String> = texts(client, sql)?.into_iter().collect();
    let mut checked = 0;
    for object in restored.database.schema.objects.values() {
        let Some(parent) = object.partition_of() else { continue };
        checked += 1;
        let pair = format!("{}.{}", object.address.qualified_name(), parent.qualified_name());
        let failed = restored.failed.has_name(&object.address.name) || restored.failed.has(&parent);
        if !failed && !attached.contains(&pair) {
            let why = format!("is not attached to {}", parent.qualified_name());
            report.find(Verdict::Bad, object.address.to_string(), None, why);
        }
    }
    report.checked.push(("partitions attached".to_owned(), checked));
    Ok(())
}
