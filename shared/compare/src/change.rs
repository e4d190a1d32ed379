//! One change.

use std::fmt::Write;

use dump::{Address, Attribute, Kind as Object, Name, Position};

/// One difference between two schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The database it is in; none for what belongs to the cluster, or where dumps do not name theirs.
    pub database: Option<Name>,
    /// The object it is on.
    pub object: Address,
    /// What it is of: the object, or a part of it such as a column or an index.
    pub address: Address,
    /// What of that; [`Attribute::Whole`] for the thing itself.
    pub attribute: Attribute,
    /// Which one, where there can be several: an option, a label, a grantee.
    pub item: Option<Name>,
    /// Whether it came, went or is another.
    pub kind: Kind,
    /// What it was, as canonical text; none if it was not there.
    pub old: Option<String>,
    /// What it is now; none if it is gone.
    pub new: Option<String>,
    /// Where the statement stands in the old dump that says what it was.
    pub old_at: Option<Position>,
    /// Where the statement stands in the new dump that says what it is.
    pub new_at: Option<Position>,
}

impl Change {
    /// Returns what of the object changed, such as `column id: type`; empty for the object itself.
    pub fn aspect(&self) -> String {
        let mut aspect = String::new();
        if self.address != self.object {
            let kind = match (self.object.kind, self.address.kind) {
                (Object::Type, Object::Column) => Some("attribute"),
                _ => None,
            };
            // An index has the schema of its table.
            let schema = self.address.schema.clone().filter(|_| self.address.parent.is_none());
            let address = Address { parent: None, schema, ..self.address.clone() };
            let _ = match kind {
                Some(kind) => {
                    write!(aspect, "{kind} {}", String::from_utf8_lossy(&self.address.name.to_sql()))
                }
                None => write!(aspect, "{address}"),
            };
        }
        if self.attribute == Attribute::Whole {
            return aspect;
        }
        aspect.push_str(if aspect.is_empty() { "" } else { ": " });
        if self.is_of_identity() && self.attribute != Attribute::Identity {
            aspect.push_str("identity: ");
        }
        match (&self.item, self.attribute) {
            // Which form of type it is.
            (Some(item), Attribute::Clause) if self.object.kind == Object::Type && item.bytes() == b"as" => {
                aspect.push_str("form");
            }
            (Some(item), Attribute::Clause) => {
                let _ = write!(aspect, "{item}");
            }
            // Others are SQL already, or no names.
            (Some(role), Attribute::Privilege) if self.is_role(role) => {
                let _ = write!(aspect, "{} {}", self.attribute, String::from_utf8_lossy(&role.to_sql()));
            }
            (Some(item), attribute) => {
                let _ = write!(aspect, "{attribute} {item}");
            }
            (None, attribute) => {
                let _ = write!(aspect, "{attribute}");
            }
        }
        aspect
    }

    /// Says whether it is of the sequence of an identity column.
    pub(crate) fn is_of_identity(&self) -> bool {
        use Attribute::{Cache, Clause, Cycle, Identity, Increment, Maximum, Minimum, Persistence, Start};
        self.address.kind == Object::Column
            && self.object.kind != Object::Type
            && matches!(
                self.attribute,
                Identity | Start | Increment | Minimum | Maximum | Cache | Cycle | Persistence | Clause
            )
    }

    /// Says whether a grantee is a role's name alone.
    fn is_role(&self, grantee: &Name) -> bool {
        grantee.bytes() != b"PUBLIC" && self.address.kind != Object::DefaultPrivileges
    }

    /// Takes the texts out, which are secret.
    pub(crate) fn hide(&mut self) {
        (self.old, self.new) = (None, None);
    }

    /// Says whether the object itself came or went.
    pub fn is_whole_object(&self) -> bool {
        self.attribute == Attribute::Whole && self.address == self.object
    }
}

/// The way something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It is new.
    Added,
    /// It is another than before.
    Changed,
    /// It is gone.
    Dropped,
}

impl Kind {
    /// Returns the sign in front of a line: `+`, `~` or `-`.
    pub fn sign(self) -> char {
        match self {
            Kind::Added => '+',
            Kind::Changed => '~',
            Kind::Dropped => '-',
        }
    }

    /// Returns the word for machines.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Added => "added",
            Kind::Changed => "changed",
            Kind::Dropped => "dropped",
        }
    }

    /// The kind of a change from one text to another.
    pub(crate) fn of<T>(old: Option<&T>, new: Option<&T>) -> Kind {
        match (old, new) {
            (None, _) => Kind::Added,
            (_, None) => Kind::Dropped,
            _ => Kind::Changed,
        }
    }
}
