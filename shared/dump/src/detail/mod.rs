//! What a statement says, cut into what can change on its own.

mod relation;
mod setting;
mod table;

pub use table::{Column, Constraint, Table};

use crate::attribute::Attribute;
use crate::lexeme::{Cursor, lexemes_of};
use crate::object::{Address, Kind, Role};
use crate::schema::Part;
use crate::{Name, layout};

/// One thing that a statement says of an object or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// What it is said of: the object, or a part of it such as a column or a constraint.
    pub address: Address,
    /// What is said of it.
    pub attribute: Attribute,
    /// Which one, where there can be several: an option, a label, a grantee, a parameter.
    pub item: Option<Name>,
    /// How it is, as canonical text.
    pub text: Vec<u8>,
}

/// Returns what a statement says, in the order in which it is said.
///
/// Two statements with one address and role that differ in their text differ in some detail, unless the difference is
/// not understood; then a detail with [`Attribute::Definition`] or the caller's own comparison of the texts tells.
/// `text` is the part's text, or the same with placeholders for its secrets. A statement that is not known in detail
/// gives its whole text as one detail.
///
/// ```
/// use dump::{Attribute, NoData, ReadOptions, Stream, details, read};
/// let dump = read(Stream(&b"CREATE TABLE a.t (x integer DEFAULT 1);"[..]), ReadOptions::default(), &mut NoData)?;
/// let part = &dump.databases[0].schema.objects.values().next().unwrap().parts[0];
/// let default = details(part, &part.text).into_iter().find(|detail| detail.attribute == Attribute::Default).unwrap();
/// assert_eq!(default.address.to_string(), "column x on table a.t");
/// assert_eq!(default.text, b"1");
/// # Ok::<(), dump::Error>(())
/// ```
pub fn details(part: &Part, text: &[u8]) -> Vec<Detail> {
    let text = text.trim_ascii_end();
    let text = text.strip_suffix(b";").unwrap_or(text);
    let address = &part.address;
    let known = match (part.role, address.kind) {
        (Role::Definition, Kind::Table | Kind::ForeignTable) => table::details(address, text),
        (Role::Setting, _) => setting::details(address, text),
        (Role::Default | Role::Owner | Role::Comment | Role::OwnedBy, _) => value(address, part.role, text),
        _ => None,
    };
    known.unwrap_or_else(|| vec![whole(address, part.role, text)])
}

/// The statement as one detail.
fn whole(address: &Address, role: Role, text: &[u8]) -> Detail {
    let attribute = match role {
        Role::Shell => Attribute::Shell,
        Role::Definition => Attribute::Definition,
        Role::Attachment => Attribute::Parent,
        Role::Member => Attribute::Member,
        Role::OwnedBy => Attribute::OwnedBy,
        Role::Default => Attribute::Default,
        Role::Identity => Attribute::Identity,
        Role::Setting => Attribute::Setting,
        Role::Owner => Attribute::Owner,
        Role::Comment => Attribute::Comment,
        Role::SecurityLabel => Attribute::SecurityLabel,
        Role::Privilege => Attribute::Privilege,
    };
    Detail { address: address.clone(), attribute, item: None, text: text.to_vec() }
}

/// What stands behind the words that set one value: an owner, a comment, a default.
fn value(address: &Address, role: Role, text: &[u8]) -> Option<Vec<Detail>> {
    let lexemes = lexemes_of(text)?;
    let last = match role {
        Role::Default => ["SET", "DEFAULT"],
        Role::Owner => ["OWNER", "TO"],
        Role::OwnedBy => ["OWNED", "BY"],
        _ => {
            // The literal is the last lexeme, whatever the name in front of it holds.
            let literal = lexemes.len().checked_sub(1).filter(|at| *at > 0 && lexemes[at - 1].is("IS"))?;
            let text = layout::line(&lexemes[literal..]);
            return Some(vec![Detail { text, ..whole(address, role, b"") }]);
        }
    };
    let mut cursor = Cursor::new(&lexemes);
    cursor.skip_behind(last[0])?;
    cursor.expect(last[1])?;
    Some(vec![Detail { text: layout::line(cursor.rest()), ..whole(address, role, b"") }])
}
