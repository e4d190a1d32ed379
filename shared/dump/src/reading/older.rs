//! What pg_dump before 8.0 wrote, and no later one does.

use crate::session::Change;

/// What tells the age of a dump that has no closing comment: pg_dump wrote one from 8.0 on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Older {
    /// Something that only older ones wrote.
    old: bool,
    /// It sets `check_function_bodies`, as from 7.4 on, …
    checks_bodies: bool,
    /// … and something that came with 8.0 or later.
    new: bool,
}

impl Older {
    /// Looks at a comment.
    pub fn comment(&mut self, line: &[u8]) {
        // 8.0 and later write a class besides the OID, and both only when they are verbose.
        let entry = [
            &b"-- TOC entry "[..],
            b"-- Data for TOC entry ",
            b"-- TOC Entry ID ",
            b"-- Data for TOC Entry ID ",
        ];
        let number = entry.iter().find_map(|begin| line.strip_prefix(*begin));
        let oid = number.and_then(|rest| rest.splitn(2, |byte| *byte == b' ').nth(1));
        self.old |= oid.is_some_and(|oid| oid.starts_with(b"(OID "));
    }

    /// Looks at a setting.
    pub fn change(&mut self, change: &Change) {
        match change {
            Change::Tablespace(_) | Change::AccessMethod(_) | Change::WithOids(_) => self.new = true,
            Change::StandardConformingStrings(_) => self.new = true,
            Change::Harmless(name) => match name.bytes() {
                b"check_function_bodies" => self.checks_bodies = true,
                b"client_min_messages" | b"statement_timeout" | b"escape_string_warning" => self.new = true,
                _ => {}
            },
            // 8.0 has `ALTER … OWNER TO`, unless it was asked not to.
            Change::ActsAsOwner(_) => self.old |= self.checks_bodies && !self.new,
            _ => {}
        }
    }

    /// Takes a `\connect` to another role.
    pub fn connects(&mut self) {
        self.old = true;
    }

    /// Says whether the dump is that old.
    pub fn is_proven(self) -> bool {
        self.old && !self.new
    }
}
