//! The foreign keys of a table, and the tables it stands under.

use crate::lexeme::{Cursor, Lexeme, lexemes_of, split_commas};
use crate::object::{Address, Kind, Role};
use crate::schema::{Object, Part};
use crate::{Name, Table};

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its name within the table.
    pub name: Name,
    /// The columns it is over.
    pub columns: Vec<Name>,
    /// The table it references.
    pub table: Address,
    /// The columns there; empty where the statement leaves them to the primary key.
    pub referenced: Vec<Name>,
}

impl ForeignKey {
    /// Reads a foreign key from the text of a constraint; `None` if it is another one.
    ///
    /// ```
    /// use dump::{ForeignKey, Name};
    /// let sql = b"ALTER TABLE ONLY a.t ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES a.u(id);";
    /// let key = ForeignKey::parse(sql).unwrap();
    /// assert_eq!(key.columns, [Name::from("x")]);
    /// assert_eq!(key.table.to_string(), "table a.u");
    /// assert_eq!(key.referenced, [Name::from("id")]);
    /// ```
    pub fn parse(text: &[u8]) -> Option<ForeignKey> {
        memchr::memmem::find(text, b"FOREIGN KEY")?;
        let lexemes = lexemes_of(text)?;
        let mut cursor = Cursor::new(&lexemes);
        if !cursor.sees("CONSTRAINT") {
            cursor.skip_behind("ADD")?;
        }
        cursor.expect("CONSTRAINT")?;
        let name = cursor.name()?;
        cursor.expect("FOREIGN KEY")?;
        let columns = names(cursor.parentheses()?);
        cursor.expect("REFERENCES")?;
        let table = Address::in_schema(Kind::Table, cursor.qualified()?);
        let referenced = cursor.parentheses().map(names).unwrap_or_default();
        Some(ForeignKey { name, columns, table, referenced })
    }
}

/// The names in a list; the last word of each, since one of them may be behind `PERIOD`.
fn names(list: &[Lexeme<'_>]) -> Vec<Name> {
    let last = |item: &[Lexeme<'_>]| Some(Name::from_sql(&item.last().filter(|word| word.is_name())?.text));
    split_commas(list).into_iter().filter_map(last).collect()
}

impl Object {
    /// Returns the foreign keys of a table, in the order of its statements.
    pub fn foreign_keys(&self) -> Vec<ForeignKey> {
        let constraints = self.parts.iter().filter(|part| part.address.kind == Kind::Constraint);
        let own = constraints.filter_map(|part| ForeignKey::parse(&part.text));
        let mentions = |part: &&Part| memchr::memmem::find(&part.text, b"FOREIGN KEY").is_some();
        let definition = self.parts.iter().find(|part| part.address == self.address && mentions(part));
        let table = definition.and_then(|part| Table::parse(&part.text));
        let inline = table.map(|table| table.constraints).unwrap_or_default();
        own.chain(inline.iter().filter_map(|constraint| ForeignKey::parse(&constraint.text))).collect()
    }

    /// Returns the tables that a table inherits from or is a partition of.
    pub fn parents(&self) -> Vec<Address> {
        let table = |cursor: &mut Cursor<'_, '_>| Some(Address::in_schema(Kind::Table, cursor.qualified()?));
        let mut parents: Vec<Address> = self.partition_of().into_iter().collect();
        for part in self.parts.iter().filter(|part| part.address == self.address) {
            let word: &[u8] = match part.role {
                Role::Definition => b"INHERITS (",
                Role::Attachment => b" INHERIT ",
                _ => continue,
            };
            if memchr::memmem::find(&part.text, word).is_none() {
                continue;
            }
            let Some(lexemes) = lexemes_of(&part.text) else { continue };
            let mut cursor = Cursor::new(&lexemes);
            if part.role == Role::Attachment {
                parents.extend(cursor.skip_behind("INHERIT").and_then(|()| table(&mut cursor)));
            } else if cursor.skip_behind("INHERITS").is_some() {
                let list = split_commas(cursor.parentheses().unwrap_or_default());
                parents.extend(list.into_iter().filter_map(|item| table(&mut Cursor::new(item))));
            }
        }
        parents
    }
}
