//! `GRANT` and `REVOKE`.

use super::signature::routine_signature;
use super::{Meaning, Reader};
use crate::Name;
use crate::lexer::TokenKind;
use crate::object::{Address, Kind, Role};

impl Reader<'_, '_> {
    pub(super) fn privilege(&mut self) -> Option<Meaning> {
        let grants = self.cursor.next()?.is("GRANT");
        let start = self.cursor.at;
        let address = match self.cursor.skip_behind("ON") {
            Some(()) => {
                let address = self.privilege_object()?;
                // What else stands there is a part of what it is a kind of, and unknown.
                let ends = self.cursor.peek()?;
                if ends.kind != TokenKind::Comma && !ends.is(if grants { "TO" } else { "FROM" }) {
                    return None;
                }
                address
            }
            None => {
                self.cursor.at = start;
                return self.membership(grants);
            }
        };
        self.cursor.skip_behind(if grants { "TO" } else { "FROM" })?;
        Some(Meaning::Part { address, role: Role::Privilege })
    }

    fn privilege_object(&mut self) -> Option<Address> {
        if self.cursor.sees("LARGE OBJECT") {
            return self.reference();
        }
        for (words, kind) in
            [("FUNCTION", Kind::Function), ("PROCEDURE", Kind::Procedure), ("ROUTINE", Kind::Function)]
        {
            if self.cursor.eat(words) {
                let name = self.schema_name()?;
                let arguments = self.cursor.parentheses()?;
                return Some(
                    Address::in_schema(kind, name).with_signature(routine_signature(kind, arguments)),
                );
            }
        }
        if self.cursor.eat("PARAMETER") {
            let names = self.cursor.dotted()?;
            let name: Vec<&[u8]> = names.iter().map(Name::bytes).collect();
            return Some(Address::global(Kind::Parameter, Name::from(name.join(&b"."[..]).as_slice())));
        }
        let before = self.cursor.clone();
        // `TABLE` may be left out; a name alone is then no reference.
        self.reference().or_else(|| {
            self.cursor = before;
            self.in_schema(Kind::Table)
        })
    }

    /// Reads `role TO member`: it belongs to the member.
    fn membership(&mut self, grants: bool) -> Option<Meaning> {
        self.cursor.name()?;
        self.cursor.expect(if grants { "TO" } else { "FROM" })?;
        let address = self.global(Kind::Role)?;
        Some(Meaning::Part { address, role: Role::Member })
    }
}
