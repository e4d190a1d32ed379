//! Other names for things, in every statement of a schema that speaks of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::lexeme::Lexeme;
use crate::lexer::{Lexer, Token, TokenKind};
use crate::object::{Address, Kind};
use crate::schema::{Object, Schema};
use crate::{Name, QualifiedName};

impl Schema {
    /// Gives an object or a part of one another name, as `ALTER … RENAME` and `SET SCHEMA` do; what refers to it follows.
    ///
    /// `new` is the same address but for name, schema, and, for parts, the parent's own. References are found by their
    /// tokens: names with their schema everywhere, columns within their table and the foreign keys to it; with a schema
    /// goes what it holds. Bodies of functions and their search paths are text and stay as they are, as they do in the
    /// server; queries of views keep the names of renamed columns.
    ///
    /// ```
    /// use dump::{NoData, QualifiedName, ReadOptions, Stream, read};
    /// let sql = b"CREATE TABLE a.t (x integer); CREATE VIEW a.v AS SELECT t.x FROM a.t;";
    /// let mut schema = read(Stream(&sql[..]), ReadOptions::default(), &mut NoData)?.databases.remove(0).schema;
    /// let old = schema.objects.keys().find(|address| address.to_string() == "table a.t").unwrap().clone();
    /// let mut new = old.clone();
    /// new.name = dump::Name::from("u");
    /// schema.rename(&old, &new);
    /// let view = schema.objects.values().find(|object| object.address.to_string() == "view a.v").unwrap();
    /// assert_eq!(view.parts[0].text, b"CREATE VIEW a.v AS\nSELECT u.x\nFROM a.u;\n");
    /// # Ok::<(), dump::Error>(())
    /// ```
    pub fn rename(&mut self, old: &Address, new: &Address) {
        match &old.parent {
            None if old.kind == Kind::Schema => self.rename_schema(&old.name, &new.name),
            None if old.kind == Kind::Database => self.rename_database(old, new),
            None => self.rename_object(old, new),
            Some(table) if old.kind == Kind::Column => {
                let table = (**table).clone();
                for (address, object) in &mut self.objects {
                    if *address == table {
                        object.rename_column(old, new);
                    } else {
                        object.rename_referenced(&table.qualified_name(), &old.name, &new.name);
                    }
                }
            }
            Some(table) => {
                let Some(object) = self.objects.get_mut(&**table) else { return };
                for part in &mut object.parts {
                    let own = part.address == *old;
                    // The table's definition names its constraints.
                    let inside = old.kind == Kind::Constraint && part.address == object.address;
                    if own || inside {
                        part.text = renamed(&part.text, |near| {
                            let named = own || near.is_at(-1, &Name::from("constraint"));
                            (near.is(&old.name) && named).then(|| new.name.to_sql())
                        });
                    }
                    if own {
                        part.address = new.clone();
                    }
                }
            }
        }
    }

    /// Gives a label of an enum another name; defaults that are the label follow.
    pub fn rename_label(&mut self, of: &Address, old: &Name, new: &Name) {
        let literal = |label: &Name| -> Vec<u8> {
            let text: Vec<u8> = label
                .bytes()
                .iter()
                .flat_map(|byte| if *byte == b'\'' { vec![39, 39] } else { vec![*byte] })
                .collect();
            [b"'", text.as_slice(), b"'"].concat()
        };
        let (old, new, name) = (literal(old), literal(new), of.qualified_name());
        for (address, object) in &mut self.objects {
            let own = address == of;
            for part in &mut object.parts {
                part.text = renamed(&part.text, |near| {
                    let is_label = near.kind() == TokenKind::String && near.text() == old.as_slice();
                    // `'label'::schema.type`
                    let cast = near.follows(1, b"::") && near.names_at(2, &name);
                    (is_label && (own || cast)).then(|| new.clone())
                });
            }
        }
    }

    /// Renames a schema, with everything in it.
    fn rename_schema(&mut self, old: &Name, new: &Name) {
        let inside = self.objects.keys().filter(|address| address.schema.as_ref() == Some(old));
        let held: BTreeSet<Name> = inside.map(|address| address.name.clone()).collect();
        for (mut address, mut object) in std::mem::take(&mut self.objects) {
            rehome(&mut address, old, new);
            rehome(&mut object.address, old, new);
            object.home.iter_mut().for_each(|home| rehome(home, old, new));
            for part in &mut object.parts {
                rehome(&mut part.address, old, new);
                part.text = with_schema(&part.text, old, new, Some(&held));
                if part.session.search_path.contains(old) {
                    let path = &mut Arc::make_mut(&mut part.session).search_path;
                    path.iter_mut().filter(|name| *name == old).for_each(|name| *name = new.clone());
                }
            }
            self.objects.insert(address, object);
        }
    }

    /// Renames a database in what is said of it.
    fn rename_database(&mut self, old: &Address, new: &Address) {
        let Some(mut object) = self.objects.remove(old) else { return };
        object.address = new.clone();
        for part in &mut object.parts {
            readdress(&mut part.address, old, new);
            part.text = renamed(&part.text, |near| {
                (near.is(&old.name) && near.is_word_at(-1, "DATABASE")).then(|| new.name.to_sql())
            });
        }
        self.objects.insert(new.clone(), object);
    }

    fn rename_object(&mut self, old: &Address, new: &Address) {
        let (before, after) = (old.qualified_name(), new.qualified_name());
        let objects = std::mem::take(&mut self.objects);
        for (mut address, mut object) in objects {
            // A view calls the columns of a table by the table's own name.
            let qualifies = matches!(address.kind, Kind::View | Kind::MaterializedView);
            for part in &mut object.parts {
                readdress(&mut part.address, old, new);
                if memchr::memmem::find(&part.text, before.name.bytes()).is_none() {
                    continue;
                }
                part.text = renamed(&part.text, |near| {
                    if near.names(&before) {
                        return Some(after.name.to_sql());
                    }
                    let schema = before.schema.as_ref().filter(|schema| near.is(schema));
                    if schema.is_some() && near.names_at(0, &before) {
                        return after.schema.as_ref().map(Name::to_sql);
                    }
                    // `'schema.name'::regclass`
                    let literal = |name: &QualifiedName| {
                        let text = String::from_utf8_lossy(&name.to_sql()).replace('\'', "''");
                        format!("'{text}'").into_bytes()
                    };
                    if near.kind() == TokenKind::String
                        && near.follows(1, b"::")
                        && near.text() == literal(&before)
                    {
                        return Some(literal(&after));
                    }
                    let bare = near.is(&before.name) && !near.follows_back(b".");
                    let alone = before.schema.is_none() || (qualifies && near.follows(1, b"."));
                    (bare && alone).then(|| after.name.to_sql())
                });
            }
            readdress(&mut address, old, new);
            readdress(&mut object.address, old, new);
            if let Some(home) = &mut object.home {
                readdress(home, old, new);
            }
            self.objects.insert(address, object);
        }
    }
}

/// What a schema holds goes with it.
fn rehome(address: &mut Address, old: &Name, new: &Name) {
    if address.schema.as_ref() == Some(old) {
        address.schema = Some(new.clone());
    }
    if address.kind == Kind::Schema && address.name == *old {
        address.name = new.clone();
    }
    address.signature = with_schema(&address.signature, old, new, None);
    // The text by which a cast is told from others.
    if matches!(address.kind, Kind::Cast | Kind::Transform) {
        address.name = Name::from(with_schema(address.name.bytes(), old, new, None).as_slice());
    }
    if let Some(parent) = &mut address.parent {
        rehome(parent, old, new);
    }
}

/// A text with a schema's other name. `held` are the names of what it holds, if only in front of those it is meant: what
/// stands alone as well may be a table's or a column's.
fn with_schema(text: &[u8], old: &Name, new: &Name, held: Option<&BTreeSet<Name>>) -> Vec<u8> {
    if memchr::memmem::find(text, old.bytes()).is_none() {
        return text.to_vec();
    }
    let is_alone = |near: &Near<'_>| {
        let qualifies = near.follows(1, b".") || near.follows_back(b".");
        near.is(old) && !qualifies && !near.is_word_at(-1, "SCHEMA")
    };
    let alone = held.is_some() && any(text, is_alone);
    renamed(text, |near| {
        if near.kind() == TokenKind::String {
            let inside = near.text().strip_prefix(b"'")?.strip_suffix(b"'")?;
            // `'schema.name'::regclass`
            if near.is_cast_to_name() {
                return Some([b"'", with_schema(inside, old, new, None).as_slice(), b"'"].concat());
            }
            return None;
        }
        if !near.is(old) || near.follows_back(b".") {
            return None;
        }
        let holds = |held: &BTreeSet<Name>| !alone || held.iter().any(|name| near.is_at(2, name));
        let qualifies = near.follows(1, b".") && held.is_none_or(holds);
        (qualifies || near.is_word_at(-1, "SCHEMA")).then(|| new.to_sql())
    })
}

/// Says whether some token of a text is such a one.
fn any(text: &[u8], is_it: impl Fn(&Near<'_>) -> bool) -> bool {
    let Ok(mut tokens) = Lexer::default().tokens(text) else { return false };
    tokens.retain(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment));
    (0..tokens.len()).any(|at| is_it(&Near { text, tokens: &tokens, at }))
}

fn readdress(address: &mut Address, old: &Address, new: &Address) {
    if address == old {
        *address = new.clone();
    } else if let Some(parent) = &mut address.parent {
        readdress(parent, old, new);
    }
}

impl Object {
    fn rename_column(&mut self, old: &Address, new: &Address) {
        for part in &mut self.parts {
            if part.address == *old {
                part.address = new.clone();
            }
            // What follows another table's name is not ours.
            part.text = renamed(&part.text, |near| {
                let ours = !near.follows_back(b".") || near.is_qualified_by(&self.address.name);
                (near.is(&old.name) && ours).then(|| new.name.to_sql())
            });
        }
    }

    /// Renames a column in foreign keys to the table.
    fn rename_referenced(&mut self, table: &QualifiedName, old: &Name, new: &Name) {
        for part in &mut self.parts {
            if memchr::memmem::find(&part.text, b"REFERENCES").is_none() {
                continue;
            }
            let mut inside = false;
            part.text = renamed(&part.text, |near| {
                if near.names(table) {
                    inside = near.follows(1, b"(");
                } else if near.kind() == TokenKind::RightParen {
                    inside = false;
                }
                (inside && near.is(old) && !near.names(table)).then(|| new.to_sql())
            });
        }
    }
}

/// Returns a statement's text with a placeholder for each mention of a name, alone or behind its schema: the same for
/// things that differ in nothing but their names.
///
/// ```
/// use dump::{Address, Kind, Name, QualifiedName, without_name};
/// let name = QualifiedName { schema: Some(Name::from("a")), name: Name::from("t") };
/// let table = Address::in_schema(Kind::Table, name);
/// assert_eq!(without_name(b"CREATE TABLE a.t (t integer)", &table), b"CREATE TABLE ?.? (? integer)");
/// ```
pub fn without_name(text: &[u8], address: &Address) -> Vec<u8> {
    let name = address.qualified_name();
    renamed(text, |near| {
        let schema = name.schema.is_some() && near.names_at(0, &name);
        (schema || near.is(&name.name)).then(|| b"?".to_vec())
    })
}

/// A token with its neighbours.
struct Near<'n> {
    text: &'n [u8],
    tokens: &'n [Token],
    at: usize,
}

impl Near<'_> {
    fn token(&self, offset: isize) -> Option<(TokenKind, &[u8])> {
        let token = self.tokens.get(self.at.checked_add_signed(offset)?)?;
        Some((token.kind, &self.text[token.start..token.end]))
    }

    fn kind(&self) -> TokenKind {
        self.tokens[self.at].kind
    }

    fn text(&self) -> &[u8] {
        self.token(0).map_or(b"", |(_, text)| text)
    }

    fn is_at(&self, offset: isize, name: &Name) -> bool {
        self.token(offset)
            .is_some_and(|(kind, text)| Lexeme::new(kind, text).is_name() && Name::from_sql(text) == *name)
    }

    fn is(&self, name: &Name) -> bool {
        self.is_at(0, name)
    }

    fn follows(&self, offset: isize, text: &[u8]) -> bool {
        self.token(offset).is_some_and(|(_, found)| found == text)
    }

    fn is_word_at(&self, offset: isize, word: &str) -> bool {
        self.token(offset).is_some_and(|(kind, text)| Lexeme::new(kind, text).is(word))
    }

    /// Says whether a literal is the name of something: `'app.users'::regclass`.
    fn is_cast_to_name(&self) -> bool {
        let names_kind = |(_, text): (TokenKind, &[u8])| text.to_ascii_lowercase().starts_with(b"reg");
        self.follows(1, b"::") && self.token(2).is_some_and(names_kind)
    }

    fn follows_back(&self, text: &[u8]) -> bool {
        self.follows(-1, text)
    }

    fn is_qualified_by(&self, table: &Name) -> bool {
        self.is_at(-2, table) || self.is_at(-2, &Name::from("new")) || self.is_at(-2, &Name::from("old"))
    }

    /// Says whether `schema.name` begins at a token.
    fn names_at(&self, offset: isize, name: &QualifiedName) -> bool {
        match &name.schema {
            Some(schema) => {
                self.is_at(offset, schema)
                    && self.follows(offset + 1, b".")
                    && self.is_at(offset + 2, &name.name)
                    && !self.follows(offset - 1, b".")
            }
            None => self.is_at(offset, &name.name) && !self.follows(offset - 1, b"."),
        }
    }

    /// Says whether this token is the name behind its schema.
    fn names(&self, name: &QualifiedName) -> bool {
        name.schema.is_some() && self.names_at(-2, name)
    }
}

/// The text with those tokens replaced that the function gives another spelling.
fn renamed(text: &[u8], mut spell: impl FnMut(&Near<'_>) -> Option<Vec<u8>>) -> Vec<u8> {
    let Ok(mut tokens) = Lexer::default().tokens(text) else { return text.to_vec() };
    tokens.retain(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment));
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    for (at, token) in tokens.iter().enumerate() {
        if let Some(spelling) = spell(&Near { text, tokens: &tokens, at }) {
            out.extend_from_slice(&text[done..token.start]);
            out.extend(spelling);
            done = token.end;
        }
    }
    out.extend_from_slice(&text[done..]);
    out
}
