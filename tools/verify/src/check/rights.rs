//! Owners and privileges: what the backup says, and what the catalogs of the restored database hold.

use std::collections::{BTreeMap, BTreeSet};

use connect::{Client, Error};
use dump::{Address, Attribute, Dump, Event, Events, Kind, Name, Part, Role, Stream, details};
use restore::Work;

use crate::restoring::Restored;
use crate::server::RESTORER;
use crate::verdict::{Report, Verdict};

/// Lists what has an owner, outside of the server's own schemas: number, kind, schema, name, owner, class of privileges,
/// and one privilege in each row: grantee, privilege, grantable. The class is that of `acldefault`.
const RIGHTS: &str = "
WITH o (kind, schema, name, owner, acl, class) AS (
SELECT 'schema', '', nspname::pg_catalog.text, nspowner, nspacl, 'n' FROM pg_catalog.pg_namespace
UNION ALL SELECT 'language', '', lanname, lanowner, lanacl, 'l' FROM pg_catalog.pg_language
UNION ALL SELECT 'foreign data wrapper', '', fdwname, fdwowner, fdwacl, 'F' FROM pg_catalog.pg_foreign_data_wrapper
UNION ALL SELECT 'server', '', srvname, srvowner, srvacl, 'S' FROM pg_catalog.pg_foreign_server
UNION ALL SELECT 'publication', '', pubname, pubowner, NULL, '' FROM pg_catalog.pg_publication
UNION ALL SELECT 'event trigger', '', evtname, evtowner, NULL, '' FROM pg_catalog.pg_event_trigger
UNION ALL SELECT 'large object', '', oid::pg_catalog.text, lomowner, lomacl, 'L' FROM pg_catalog.pg_largeobject_metadata
UNION ALL SELECT k.kind, n.nspname, c.relname, c.relowner, c.relacl, k.class FROM pg_catalog.pg_class c
    JOIN (VALUES ('r', 'table', 'r'), ('p', 'table', 'r'), ('v', 'view', 'r'), ('m', 'materialized view', 'r'),
        ('S', 'sequence', 's'), ('f', 'foreign table', 'r')) AS k (relkind, kind, class)
        ON k.relkind::pg_catalog.\"char\" OPERATOR(pg_catalog.=) c.relkind
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
UNION ALL SELECT CASE WHEN typtype OPERATOR(pg_catalog.=) 'd' THEN 'domain' ELSE 'type' END,
    nspname, typname, typowner, typacl, 'T'
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) typnamespace
    LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) typrelid
    WHERE coalesce(relkind, 'c') OPERATOR(pg_catalog.=) 'c'
UNION ALL SELECT CASE WHEN p.prokind OPERATOR(pg_catalog.=) 'p' THEN 'procedure'
    WHEN p.prokind OPERATOR(pg_catalog.=) 'a' THEN 'aggregate' ELSE 'function' END,
    n.nspname, p.proname, p.proowner, p.proacl, 'f' FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
UNION ALL SELECT 'operator', nspname, oprname, oprowner, NULL, '' FROM pg_catalog.pg_operator
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) oprnamespace
UNION ALL SELECT 'operator class', nspname, opcname, opcowner, NULL, '' FROM pg_catalog.pg_opclass
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) opcnamespace
UNION ALL SELECT 'operator family', nspname, opfname, opfowner, NULL, '' FROM pg_catalog.pg_opfamily
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) opfnamespace
UNION ALL SELECT 'collation', nspname, collname, collowner, NULL, '' FROM pg_catalog.pg_collation
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) collnamespace
UNION ALL SELECT 'conversion', nspname, conname, conowner, NULL, '' FROM pg_catalog.pg_conversion
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) connamespace
UNION ALL SELECT 'text search dictionary', nspname, dictname, dictowner, NULL, '' FROM pg_catalog.pg_ts_dict
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) dictnamespace
UNION ALL SELECT 'text search configuration', nspname, cfgname, cfgowner, NULL, '' FROM pg_catalog.pg_ts_config
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) cfgnamespace
UNION ALL SELECT 'statistics', nspname, stxname, stxowner, NULL, '' FROM pg_catalog.pg_statistic_ext
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) stxnamespace),
numbered AS (SELECT pg_catalog.row_number() OVER () AS number, o.* FROM o
    WHERE schema OPERATOR(pg_catalog.<>) ALL ('{pg_catalog,information_schema}'::pg_catalog.text[]))
SELECT number, kind, schema, name, pg_catalog.pg_get_userbyid(owner), class,
    CASE WHEN grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(grantee) END,
    privilege_type, is_grantable
FROM numbered LEFT JOIN LATERAL pg_catalog.aclexplode(coalesce(acl, CASE WHEN class OPERATOR(pg_catalog.<>) '' THEN
    pg_catalog.acldefault(class::pg_catalog.\"char\", owner) END)) ON true
UNION ALL SELECT 0, 'column', pg_catalog.concat(nspname, '.', relname), attname, '', 'c',
    CASE WHEN grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(grantee) END,
    privilege_type, is_grantable FROM pg_catalog.pg_attribute
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) relnamespace
    CROSS JOIN LATERAL pg_catalog.aclexplode(attacl)
    WHERE nspname OPERATOR(pg_catalog.<>) ALL ('{pg_catalog,information_schema}'::pg_catalog.name[]) AND NOT attisdropped";

/// What everybody and an owner may do with something new, by the class.
const DEFAULTS: &str = "
SELECT class, CASE WHEN grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC' ELSE '' END, privilege_type
    FROM pg_catalog.unnest('{n,l,F,S,L,r,s,T,f}'::pg_catalog.text[])
    AS class, LATERAL pg_catalog.aclexplode(pg_catalog.acldefault(class::pg_catalog.\"char\", 10))";

/// Lists what will be allowed on new things: role, schema, class as in [`DEFAULTS`], and one privilege in each row.
const DEFAULT_ACLS: &str = "
SELECT pg_catalog.pg_get_userbyid(defaclrole), coalesce(nspname, ''),
    CASE WHEN defaclobjtype OPERATOR(pg_catalog.=) 'S' THEN 's' ELSE defaclobjtype END,
    CASE WHEN grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(grantee) END,
    privilege_type, is_grantable FROM pg_catalog.pg_default_acl
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) defaclnamespace
    LEFT JOIN LATERAL pg_catalog.aclexplode(defaclacl) ON true";

/// How `ALTER DEFAULT PRIVILEGES` calls what things are of the classes of [`DEFAULTS`].
const DEFAULT_CLASSES: [(&str, &str); 7] = [
    ("tables", "r"),
    ("sequences", "s"),
    ("functions", "f"),
    ("routines", "f"),
    ("types", "T"),
    ("schemas", "n"),
    ("large objects", "L"),
];

/// Who may do what, and whether they may grant it; an owner whom the backup does not name is the empty name.
type Rights = BTreeMap<(String, String), bool>;

/// The kind, schema and name of something, and, of a column, its relation in the place of the schema.
type Key = (String, String, String);

/// Something as the catalogs have it.
#[derive(Clone, Debug, Default)]
struct Actual {
    owner: String,
    class: String,
    rights: Rights,
}

struct Catalogs {
    objects: BTreeMap<Key, Vec<Actual>>,
    columns: BTreeMap<Key, Rights>,
    defaults: BTreeMap<String, Rights>,
    /// What is allowed on new things, by role, schema and class.
    on_new: BTreeMap<Key, Rights>,
    /// Whether the backup's server does not know `MAINTAIN`, which `ALL` means here.
    ignores_maintain: bool,
}

/// Compares the owner and the privileges of everything that the backup makes, and those that it gives to other things.
///
/// They are compared by what they come to: whoever grants an owner what he has, or takes from somebody what he has not, changes
/// nothing. Who granted a privilege is not compared. With `by_text`, what differs is told by the comparison of the schema of the copy, with
/// both texts, but for schema `public`, of which that has none. Returns what need not be told there.
///
/// # Errors
/// When the connection to the server is lost or it does not answer.
pub fn check(
    restored: &Restored<'_>,
    by_text: bool,
    origin: &Dump,
    report: &mut Report,
) -> Result<BTreeSet<Address>, Error> {
    let mut client = Client::connect(&restored.reader)?;
    let ignores_maintain = origin.versions.server_major().is_none_or(|major| major < 17);
    let catalogs = Catalogs::read(&mut client, ignores_maintain)?;
    let (mut checked, mut compared) = (0, BTreeSet::new());
    let public = |address: &Address| address.kind == Kind::Schema && address.name.bytes() == b"public";
    for object in restored.database.schema.objects.values() {
        // Some parts, such as statistics, have an owner of their own.
        let owned = object.parts.iter().filter(|part| part.role == Role::Owner).map(|part| &part.address);
        let addresses: BTreeSet<&Address> = owned.chain([&object.address]).collect();
        for address in addresses {
            let mut found = Report::default();
            let looked_at = match address.kind {
                Kind::DefaultPrivileges => {
                    catalogs.compare_on_new(address, &object.parts, restored, &mut found)
                }
                _ => catalogs.compare(address, &object.parts, restored, &mut found),
            };
            checked += looked_at;
            let told_by_text = by_text && !public(address) && !found.findings.is_empty();
            if looked_at > 0 && !told_by_text {
                compared.insert(address.clone());
                report.findings.extend(found.findings.take());
            }
        }
    }
    for (address, said) in large_objects(restored) {
        checked += catalogs.compare_said(&address, true, &said, restored, report);
    }
    report.checked.push(("owners and privileges in the catalogs".to_owned(), checked));
    Ok(compared)
}

impl Catalogs {
    fn read(client: &mut Client, ignores_maintain: bool) -> Result<Catalogs, Error> {
        let text = |value: Option<Vec<u8>>| String::from_utf8_lossy(&value.unwrap_or_default()).into_owned();
        let mut objects: BTreeMap<(u64, Key), Actual> = BTreeMap::new();
        let mut columns: BTreeMap<Key, Rights> = BTreeMap::new();
        for row in client.query(RIGHTS.as_bytes())? {
            let mut values = row.into_iter().map(text);
            let mut next = || values.next().unwrap_or_default();
            let number = next().parse().unwrap_or_default();
            let key = (next(), next(), next());
            let (owner, class) = (next(), next());
            let (right, grantable) = ((next(), next()), next() == "t");
            if class == "c" {
                columns.entry(key).or_default().insert(right, grantable);
                continue;
            }
            let actual = objects.entry((number, key)).or_default();
            (actual.owner, actual.class) = (owner, class);
            if !right.1.is_empty() {
                // Several may have granted the same.
                *actual.rights.entry(right).or_default() |= grantable;
            }
        }
        let mut by_key: BTreeMap<Key, Vec<Actual>> = BTreeMap::new();
        for ((_, key), actual) in objects {
            by_key.entry(key).or_default().push(actual);
        }
        let mut defaults: BTreeMap<String, Rights> = BTreeMap::new();
        for row in client.query(DEFAULTS.as_bytes())? {
            let mut values = row.into_iter().map(text);
            let mut next = || values.next().unwrap_or_default();
            defaults.entry(next()).or_default().insert((next(), next()), false);
        }
        let mut on_new: BTreeMap<Key, Rights> = BTreeMap::new();
        for row in client.query(DEFAULT_ACLS.as_bytes())? {
            let mut values = row.into_iter().map(text);
            let mut next = || values.next().unwrap_or_default();
            let rights = on_new.entry((next(), next(), next())).or_default();
            let (right, grantable) = ((next(), next()), next() == "t");
            // One of no rights at all is a row without a privilege.
            if !right.1.is_empty() {
                *rights.entry(right).or_default() |= grantable;
            }
        }
        Ok(Catalogs { objects: by_key, columns, defaults, on_new, ignores_maintain })
    }

    /// Compares one object, and returns how many things were looked at.
    fn compare(
        &self,
        address: &Address,
        parts: &[Part],
        restored: &Restored<'_>,
        report: &mut Report,
    ) -> usize {
        let made = parts
            .iter()
            .any(|part| matches!(part.role, Role::Definition | Role::Shell) && part.address == *address);
        self.compare_said(address, made, &Said::read(address, parts), restored, report)
    }

    fn compare_said(
        &self,
        address: &Address,
        made: bool,
        said: &Said,
        restored: &Restored<'_>,
        report: &mut Report,
    ) -> usize {
        let text = |name: &Name| name.to_string();
        let schema = address.schema.as_ref().map(text).unwrap_or_default();
        let key = (address.kind.to_string(), schema, text(&address.name));
        // What is not there, or could not be made, was told.
        let Some(there) = self.objects.get(&key) else { return 0 };
        // What was undone is told.
        // `ALTER TABLE` speaks of every relation.
        let called = [address.kind, if address.kind.is_relation() { Kind::Table } else { address.kind }];
        let undone = called.into_iter().any(|kind| {
            restored.failed.has_root(kind, &address.name)
                || restored.tried.contains(&Address { kind, ..address.clone() }.to_string())
        });
        if undone {
            return 0;
        }
        if !made && said.owner.is_none() && said.privileges.is_empty() {
            return 0;
        }
        let differences = there.iter().map(|actual| self.differences(made, said, actual));
        // Overloads of a routine share a name: one of them has to be as it is said.
        let best = differences.min_by_key(BTreeSet::len).unwrap_or_default();
        for difference in best {
            report.find(Verdict::Bad, address.to_string(), None, difference);
        }
        let relation = format!("{}.{}", key.1, key.2);
        let of_relation = |key: &&Key| key.1 == relation;
        let names: BTreeSet<&String> =
            self.columns.keys().filter(of_relation).map(|key| &key.2).chain(said.columns.keys()).collect();
        for name in names.into_iter().filter(|_| made && address.kind.is_relation()) {
            let key = ("column".to_owned(), relation.clone(), name.clone());
            let empty = Rights::new();
            let actual = self.columns.get(&key).unwrap_or(&empty);
            let mut expected = Rights::new();
            for grant in said.columns.get(name).into_iter().flatten() {
                grant.apply(&mut expected, &["SELECT", "INSERT", "UPDATE", "REFERENCES"]);
            }
            for difference in different(&expected, actual) {
                report.find(Verdict::Bad, format!("column {name} on {address}"), None, difference);
            }
        }
        1 + said.columns.len()
    }

    /// Compares what will be allowed on things that a role makes, and returns how many classes of things were looked at.
    fn compare_on_new(
        &self,
        address: &Address,
        parts: &[Part],
        restored: &Restored<'_>,
        report: &mut Report,
    ) -> usize {
        if restored.failed.has(address) {
            return 0;
        }
        // Without a role they are those of whoever restores.
        let role = if address.name.is_empty() { RESTORER.to_owned() } else { address.name.to_string() };
        let schema = address.schema.as_ref().map(Name::to_string).unwrap_or_default();
        let empty = Rights::new();
        let mut expected: BTreeMap<&str, Rights> = BTreeMap::new();
        let mut all_understood = true;
        for part in parts.iter().filter(|part| part.role == Role::Privilege) {
            for detail in details(part, &part.text) {
                // alice on tables
                let item = detail.item.as_ref().map(Name::to_string).unwrap_or_default();
                let known = item.rsplit_once(" on ").and_then(|(grantee, things)| {
                    let class = DEFAULT_CLASSES.iter().find(|(name, _)| *name == things)?.1;
                    Some((grantee, class))
                });
                let Some((grantee, class)) = known else {
                    all_understood = false;
                    continue;
                };
                let defaults = self.defaults.get(class).unwrap_or(&empty);
                let all = rights_of_owner(defaults);
                let rights = expected.entry(class).or_insert_with(|| match schema.is_empty() {
                    true => owned_by(defaults, &role),
                    // What is said for a schema comes on top.
                    false => Rights::new(),
                });
                Grant::read(&Name::from(grantee), &String::from_utf8_lossy(&detail.text)).apply(rights, &all);
            }
        }
        if !all_understood || expected.is_empty() {
            let why = "privileges on things of a kind that is not known here were not looked up";
            report.find(Verdict::Unclear, address.to_string(), None, why);
        }
        for (class, expected) in &mut expected {
            let key = (role.clone(), schema.clone(), (*class).to_owned());
            let mut actual = self.on_new.get(&key).cloned().unwrap_or_else(|| match schema.is_empty() {
                true => owned_by(self.defaults.get(*class).unwrap_or(&empty), &role),
                false => Rights::new(),
            });
            if self.ignores_maintain {
                actual.retain(|(_, right), _| right != "MAINTAIN");
                expected.retain(|(_, right), _| right != "MAINTAIN");
            }
            for difference in different(expected, &actual) {
                report.find(Verdict::Bad, address.to_string(), None, difference);
            }
        }
        expected.len()
    }

    fn differences(&self, made: bool, said: &Said, actual: &Actual) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        match &said.owner {
            Some(owner) if *owner != actual.owner => {
                found.insert(format!("owner: expected {owner}; actual {}", actual.owner));
            }
            _ => {}
        }
        let empty = Rights::new();
        let defaults = self.defaults.get(&actual.class).unwrap_or(&empty);
        let all = rights_of_owner(defaults);
        let mut there = actual.rights.clone();
        if self.ignores_maintain {
            there.retain(|(_, right), _| right != "MAINTAIN");
        }
        if !made {
            // What it was before is the server's or an extension's; the last word about each right counts.
            let (mut rights, mut about) = (Rights::new(), BTreeSet::new());
            for grant in &said.privileges {
                about.extend(grant.rights(&all).map(|right| (grant.grantee.clone(), right)));
                grant.apply(&mut rights, &all);
            }
            there.retain(|right, _| about.contains(right));
            found.extend(different(&rights, &there));
            return found;
        }
        let owner = said.owner.as_ref().unwrap_or(&actual.owner);
        let mut expected = owned_by(defaults, owner);
        for grant in &said.privileges {
            grant.apply(&mut expected, &all);
        }
        if self.ignores_maintain {
            expected.retain(|(_, right), _| right != "MAINTAIN");
        }
        // An owner may always grant; one that the backup does not name has the rights of whoever restored.
        for rights in [&mut expected, &mut there] {
            rights.retain(|(grantee, _), _| said.owner.is_some() || grantee != owner);
            rights.iter_mut().filter(|((grantee, _), _)| grantee == owner).for_each(|(_, grantable)| {
                *grantable = false;
            });
        }
        found.extend(different(&expected, &there));
        found
    }
}

/// All privileges that there are on something, which its owner has.
fn rights_of_owner(defaults: &Rights) -> Vec<&str> {
    let of_owner = defaults.keys().filter(|(grantee, _)| grantee.is_empty());
    of_owner.map(|(_, right)| right.as_str()).collect()
}

/// Who may do what with something new of an owner.
fn owned_by(defaults: &Rights, owner: &str) -> Rights {
    let name = |grantee: &str| if grantee.is_empty() { owner.to_owned() } else { grantee.to_owned() };
    defaults.keys().map(|(grantee, right)| ((name(grantee), right.clone()), false)).collect()
}

/// What one has and the other has not, in words.
fn different(expected: &Rights, actual: &Rights) -> Vec<String> {
    let words = |(grantee, right): &(String, String), grantable: bool| {
        format!("{right} for {grantee}{}", if grantable { " with grant option" } else { "" })
    };
    let missing = expected.iter().filter(|(right, grantable)| actual.get(*right) != Some(*grantable));
    let missing =
        missing.map(|(right, grantable)| format!("privilege: expected {}", words(right, *grantable)));
    let more = actual.iter().filter(|(right, grantable)| expected.get(*right) != Some(*grantable));
    let more =
        more.map(|(right, grantable)| format!("privilege: not in the backup: {}", words(right, *grantable)));
    missing.chain(more).collect()
}

/// What a backup says of the rights on something.
#[derive(Debug, Default)]
struct Said {
    owner: Option<String>,
    privileges: Vec<Grant>,
    columns: BTreeMap<String, Vec<Grant>>,
}

/// A `GRANT` or `REVOKE` for one grantee.
#[derive(Debug)]
struct Grant {
    grantee: String,
    revokes: bool,
    /// `WITH GRANT OPTION`, or `REVOKE GRANT OPTION FOR`.
    option: bool,
    privileges: Vec<String>,
}

impl Said {
    fn read(address: &Address, parts: &[Part]) -> Said {
        let mut said = Said::default();
        let mut parts: Vec<&Part> =
            parts.iter().filter(|part| matches!(part.role, Role::Owner | Role::Privilege)).collect();
        // The last word counts, and the order of the dump is not that of canonical text.
        parts.sort_by_key(|part| part.at.byte);
        for part in parts {
            let own = |of: &Address| {
                of == address || of.kind == Kind::Column && of.parent.as_deref() == Some(address)
            };
            for detail in details(part, &part.text).into_iter().filter(|detail| own(&detail.address)) {
                match (detail.attribute, &detail.item) {
                    (Attribute::Owner, _) => said.owner = Some(Name::from_sql(&detail.text).to_string()),
                    (Attribute::Privilege, Some(grantee)) => {
                        let grant = Grant::read(grantee, &String::from_utf8_lossy(&detail.text));
                        match detail.address.kind {
                            Kind::Column => {
                                said.columns.entry(detail.address.name.to_string()).or_default().push(grant);
                            }
                            _ => said.privileges.push(grant),
                        }
                    }
                    _ => {}
                }
            }
        }
        said
    }
}

/// What the backup says of its large objects, whose statements are data and no parts of a schema.
fn large_objects(restored: &Restored<'_>) -> BTreeMap<Address, Said> {
    let mut found: BTreeMap<Address, Said> = BTreeMap::new();
    for step in &restored.plan.steps {
        let (Some(address), Work::Statement(text)) = (&step.subject.address, &step.work) else { continue };
        if address.kind != Kind::LargeObject || address.name.is_empty() {
            continue;
        }
        let mut events = Events::new(Stream(text.as_slice()));
        let Ok(Some(Event::Statement(statement))) = events.next() else { continue };
        let words: Vec<_> =
            statement.tokens.iter().map(|token| String::from_utf8_lossy(statement.bytes(*token))).collect();
        let is = |at: usize, word: &str| words.get(at).is_some_and(|found| found.eq_ignore_ascii_case(word));
        let name = |at: usize| words.get(at).map(|word| Name::from_sql(word.as_bytes()));
        let said = found.entry(address.clone()).or_default();
        // ALTER LARGE OBJECT 1 OWNER TO a; GRANT SELECT ON LARGE OBJECT 1 TO a WITH GRANT OPTION
        let object = (0..words.len()).find(|at| is(*at, "LARGE") && is(at + 1, "OBJECT"));
        let Some(object) = object else { continue };
        if is(0, "ALTER") && is(object + 3, "OWNER") {
            said.owner = name(object + 5).map(|name| name.to_string());
        } else if (is(0, "GRANT") || is(0, "REVOKE"))
            && let Some(grantee) = name(object + 4)
        {
            let grantee = if is(object + 4, "PUBLIC") { Name::from("PUBLIC") } else { grantee };
            let from = usize::from(is(0, "GRANT"));
            let option = if is(object + 5, "WITH") { " WITH GRANT OPTION" } else { "" };
            let text = format!("{}{option}", words[from..object - 1].join(" "));
            said.privileges.push(Grant::read(&grantee, &text));
        }
    }
    found
}

impl Grant {
    /// Reads what [`details`] says: `REVOKE GRANT OPTION FOR SELECT, INSERT`, `SELECT WITH GRANT OPTION`.
    fn read(grantee: &Name, text: &str) -> Grant {
        let (revokes, rest) = text.strip_prefix("REVOKE ").map_or((false, text), |rest| (true, rest));
        let for_option = rest.strip_prefix("GRANT OPTION FOR ");
        let rest = for_option.unwrap_or(rest);
        let with_option = rest.split_once(" WITH GRANT OPTION");
        let rest = with_option.map_or(rest, |(rest, _)| rest);
        let rest = rest.split_once(" GRANTED BY ").map_or(rest, |(rest, _)| rest);
        Grant {
            grantee: match grantee.bytes() {
                b"current_user" | b"current_role" | b"session_user" => RESTORER.to_owned(),
                _ => grantee.to_string(),
            },
            revokes,
            option: for_option.is_some() || with_option.is_some(),
            privileges: rest.split(',').map(|word| word.trim().to_owned()).collect(),
        }
    }

    /// Its privileges, one by one; `all` is what `ALL` means.
    fn rights<'a>(&'a self, all: &'a [&str]) -> impl Iterator<Item = String> + 'a {
        let each = move |word: &'a String| -> Vec<String> {
            match word.as_str() {
                "ALL" | "ALL PRIVILEGES" => all.iter().map(|word| (*word).to_owned()).collect(),
                word => vec![word.to_owned()],
            }
        };
        self.privileges.iter().flat_map(each)
    }

    fn apply(&self, rights: &mut Rights, all: &[&str]) {
        for right in self.rights(all) {
            let key = (self.grantee.clone(), right);
            match (self.revokes, self.option) {
                (true, false) => {
                    rights.remove(&key);
                }
                // Without the privilege there is no option either.
                (true, true) => {
                    rights.entry(key).and_modify(|option| *option = false);
                }
                (false, option) => *rights.entry(key).or_default() |= option,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts() {
        let mut rights = Rights::new();
        let all = ["SELECT", "INSERT"];
        let said = |text: &str, rights: &mut Rights| Grant::read(&Name::from("a"), text).apply(rights, &all);
        said("ALL WITH GRANT OPTION", &mut rights);
        said("REVOKE GRANT OPTION FOR SELECT", &mut rights);
        said("REVOKE INSERT", &mut rights);
        let expected = Rights::from([(("a".to_owned(), "SELECT".to_owned()), false)]);
        assert_eq!(rights, expected);
        said("SELECT WITH GRANT OPTION", &mut rights);
        assert_eq!(different(&rights, &expected).len(), 2);
    }
}
