//! What two dumps cannot be compared in, since one of them was made without it.

use std::fmt;

use dump::{Address, Dump, Kind, Name, Object, Omissions, Role, Schema};

/// Something that was left out of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// The owners: one dump names none.
    Owners(Which),
    /// The privileges: the dump that names no owners names none of them either.
    Privileges(Which),
    /// The names of the databases.
    Names(Name, Name),
    /// What follows the end of a dump: a database has no such thing.
    Trailer(Which),
}

/// One of the two dumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The dump as it was.
    Old,
    /// The dump as it is.
    New,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Which::Old => "the old dump",
            Which::New => "the new dump",
        })
    }
}

/// Says what it is, and why it was left out.
impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeftOut::Owners(which) => write!(f, "owners: {which} names none at all, as `--no-owner` has it"),
            LeftOut::Privileges(which) => {
                write!(f, "privileges: {which} names none at all, nor any owner, as `--no-privileges` has it")
            }
            LeftOut::Names(old, new) => {
                let [old, new] = [old, new].map(Name::to_sql);
                let (old, new) = (String::from_utf8_lossy(&old), String::from_utf8_lossy(&new));
                write!(f, "names of the databases: {old}, {new}")
            }
            LeftOut::Trailer(which) => {
                write!(f, "what follows the end of {which}: a database has no such thing")
            }
        }
    }
}

/// Takes out of both dumps what only one of them can say, and tells what that was.
///
/// pg_dump names the owner of everything that has one: a dump that names no owner at all was made with `--no-owner`. No
/// privileges at all may be all there are, so they are left out only where the owners are missing as well.
pub fn leave_out(old: &mut Dump, new: &mut Dump) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    for which in [Which::Old, Which::New] {
        let (bare, other) = match which {
            Which::Old => (&mut *old, &mut *new),
            Which::New => (&mut *new, &mut *old),
        };
        if !is_without_owners(bare) || !says(other, Role::Owner, bare) {
            continue;
        }
        let privileges = !has(bare, Role::Privilege) && says(other, Role::Privilege, bare);
        left_out.push(LeftOut::Owners(which));
        left_out.extend(privileges.then_some(LeftOut::Privileges(which)));
        let omissions = Omissions { owners: true, privileges, ..Omissions::default() };
        omissions.apply(&mut other.cluster);
        other.databases.iter_mut().for_each(|database| omissions.apply(&mut database.schema));
    }
    left_out.extend(other_name(old, new));
    left_out
}

fn schemas(dump: &Dump) -> impl Iterator<Item = &Schema> {
    dump.databases.iter().map(|database| &database.schema)
}

fn has(dump: &Dump, role: Role) -> bool {
    schemas(dump).any(|schema| schema.parts_of(role).next().is_some())
}

/// Says whether a dump makes what has an owner, and tells the owner of nothing.
fn is_without_owners(dump: &Dump) -> bool {
    let makes = |object: &Object| {
        object.address.kind.is_ownable()
            && object.parts.iter().any(|part| part.role == Role::Definition && part.address == object.address)
    };
    schemas(dump).any(|schema| schema.objects.values().any(makes)) && !has(dump, Role::Owner)
}

/// Says whether a dump says something in such a role of what another one has as well, or of what none makes.
fn says(dump: &Dump, role: Role, other: &Dump) -> bool {
    let known = |address: &Address| {
        address.kind == Kind::DefaultPrivileges
            || schemas(other).any(|schema| schema.objects.contains_key(address))
    };
    schemas(dump).any(|schema| schema.parts_of(role).any(|(object, _)| known(&object.address)))
}

/// Gives the old database the name of the new one where each dump describes just one.
fn other_name(old: &mut Dump, new: &Dump) -> Option<LeftOut> {
    let ([before], [after]) = (old.databases.as_mut_slice(), new.databases.as_slice()) else { return None };
    let described =
        |schema: &Schema| schema.objects.keys().find(|address| address.kind == Kind::Database).cloned();
    let (one, other) = (described(&before.schema)?, described(&after.schema)?);
    if one == other {
        return None;
    }
    before.schema.rename(&one, &other);
    before.name.clone_from(&after.name);
    Some(LeftOut::Names(one.name, other.name))
}
