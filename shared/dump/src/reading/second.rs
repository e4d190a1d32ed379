//! Two dumps of one database in one file, as of a `>>` that should have been a `>`.

use std::collections::BTreeSet;

use crate::Position;
use crate::database::Section;
use crate::object::{Address, Role};
use crate::schema::Part;

/// Another dump behind the end of the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Second {
    /// Where it begins.
    pub at: Position,
    /// What it makes and the first had made, if it drops nothing before.
    pub repeats: Option<Address>,
}

/// What was seen of dumps behind the first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Another {
    /// Where the first of them begins …
    first: Option<Position>,
    /// … and the last, while it may turn out to be of another database.
    last: Option<Position>,
}

impl Another {
    /// Takes the comment by which one begins.
    pub fn begins(&mut self, at: Position) {
        self.first = self.first.or(self.last);
        self.last = Some(at);
    }

    /// Takes a `\connect`, which is not far behind the beginning.
    pub fn is_of_another_database(&mut self) {
        self.last = None;
    }

    /// Says what there is; `removes` says that something was taken away of which it is not known what.
    pub fn finish(self, sections: &[Section], removes: bool) -> Option<Second> {
        let at = self.first.or(self.last)?;
        let definitions = sections.iter().flat_map(|section| &section.parts);
        // A view that was empty at first is made again, and so may a function be.
        let makes =
            |part: &&Part| part.role == Role::Definition && !part.text.starts_with(b"CREATE OR REPLACE ");
        let definitions = definitions.filter(|part| !removes && makes(part));
        let mut known = BTreeSet::new();
        let mut repeats = None;
        for part in definitions {
            let is_behind = part.at.byte > at.byte;
            if !is_behind {
                known.insert(&part.address);
            } else if known.contains(&part.address) {
                repeats = Some(part.address.clone());
                break;
            }
        }
        Some(Second { at, repeats })
    }
}
