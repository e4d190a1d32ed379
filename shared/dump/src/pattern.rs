//! Patterns of names, by pg_dump's and psql's rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::bytes::Regex;

use crate::lexeme::{Cursor, lexemes_of};
use crate::{Address, Database, Kind, Name, Object, Role, Schema};

/// A pattern such as `app.*` or `"Users"`.
///
/// The rules are those of `patternToSQLRegex` (string_utils.c): letters are folded to lower case, `*` stands for any
/// characters and `?` for one, a dot separates schema and name, double quotes take all of that away, and other
/// characters of regular expressions keep their meaning. A dump has no search path, so a pattern without a schema
/// matches in every schema.
///
/// ```
/// use dump::{Name, Pattern};
/// let pattern: Pattern = "app.user*".parse().unwrap();
/// assert!(pattern.matches(Some(&Name::from("app")), &Name::from("users")));
/// assert!(!pattern.matches(Some(&Name::from("public")), &Name::from("users")));
/// assert!(r#"a.b.c.d"#.parse::<Pattern>().is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    schema: Option<Regex>,
    name: Regex,
}

/// Says why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// More than a schema and a name.
    #[error("too many dotted names in pattern: `{0}`")]
    TooManyDots(String),
    /// A `"` without its partner.
    #[error("unterminated quote in pattern: `{0}`")]
    Quote(String),
    /// The regular expression in it is none.
    #[error("no valid regular expression in pattern: `{0}`")]
    Expression(String),
}

impl std::str::FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Pattern, BadPattern> {
        let mut pieces = vec![String::new()];
        let mut quoted = false;
        let mut chars = text.chars().peekable();
        while let Some(character) = chars.next() {
            let last = pieces.len() - 1;
            let piece = &mut pieces[last];
            match character {
                '"' if quoted && chars.peek() == Some(&'"') => {
                    chars.next();
                    piece.push('"');
                }
                '"' => quoted = !quoted,
                '.' if !quoted => pieces.push(String::new()),
                '*' if !quoted => piece.push_str(".*"),
                '?' if !quoted => piece.push('.'),
                // `[]` is far more often an array type than a character class.
                '[' if !quoted && chars.peek() == Some(&']') => {
                    chars.next();
                    piece.push_str(r"\[\]");
                }
                '$' => piece.push_str(r"\$"),
                _ if quoted => piece.push_str(&regex::escape(&character.to_string())),
                _ => piece.extend(character.to_lowercase()),
            }
        }
        if quoted {
            return Err(BadPattern::Quote(text.to_owned()));
        }
        if pieces.len() > 2 {
            return Err(BadPattern::TooManyDots(text.to_owned()));
        }
        let compile = |piece: &String| {
            Regex::new(&format!("(?s)^({piece})$")).map_err(|_| BadPattern::Expression(text.to_owned()))
        };
        let name = compile(&pieces[pieces.len() - 1])?;
        let schema = if pieces.len() == 2 { Some(compile(&pieces[0])?) } else { None };
        Ok(Pattern { text: text.to_owned(), schema, name })
    }
}

impl Pattern {
    /// Says whether a name in a schema is meant.
    pub fn matches(&self, schema: Option<&Name>, name: &Name) -> bool {
        let schema_matches = match (&self.schema, schema) {
            (Some(pattern), Some(schema)) => is_match(pattern, schema.bytes()),
            (Some(_), None) => false,
            (None, _) => true,
        };
        schema_matches && is_match(&self.name, name.bytes())
    }

    /// Says whether it names a schema.
    pub fn is_qualified(&self) -> bool {
        self.schema.is_some()
    }

    /// Returns the pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Says whether a name is meant. One that is no UTF-8 is of a dump in another encoding: each of its bytes is taken for a
/// character, and for the one that it is in LATIN1.
fn is_match(pattern: &Regex, name: &[u8]) -> bool {
    if std::str::from_utf8(name).is_ok() {
        return pattern.is_match(name);
    }
    let name: String = name.iter().copied().map(char::from).collect();
    pattern.is_match(name.as_bytes())
}

/// Which objects are wanted: pg_dump's `-n`, `-N`, `-t` and `-T`.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Schemas to take; empty takes all.
    pub schemas: Vec<Pattern>,
    /// Schemas to leave out.
    pub exclude_schemas: Vec<Pattern>,
    /// Relations to take; where there are any, nothing else is taken and schemas are not looked at.
    pub tables: Vec<Pattern>,
    /// Relations to leave out.
    pub exclude_tables: Vec<Pattern>,
}

impl Selection {
    /// Says whether anything is left out at all.
    pub fn takes_all(&self) -> bool {
        [&self.schemas, &self.exclude_schemas, &self.tables, &self.exclude_tables]
            .iter()
            .all(|list| list.is_empty())
    }

    /// Says whether an object is wanted, by the rules of `selectDumpableObject` and its like (pg_dump.c).
    pub fn takes(&self, object: &Object) -> bool {
        let relation = object.home.as_ref().unwrap_or(&object.address);
        if !self.takes_address(relation) {
            return false;
        }
        let own = &object.address;
        own == relation || !any(&self.exclude_tables, own.schema.as_ref(), &own.name)
    }

    fn takes_address(&self, address: &Address) -> bool {
        let in_schema = match address.kind {
            Kind::Schema => Some(&address.name),
            _ => address.schema.as_ref(),
        };
        if address.kind.is_relation() && any(&self.exclude_tables, in_schema, &address.name) {
            return false;
        }
        if !self.tables.is_empty() {
            return address.kind.is_relation() && any(&self.tables, in_schema, &address.name);
        }
        match in_schema {
            Some(schema) => {
                (self.schemas.is_empty() || any(&self.schemas, None, schema))
                    && !any(&self.exclude_schemas, None, schema)
            }
            None => self.schemas.is_empty(),
        }
    }

    /// Removes what is not wanted of a database, with the data of tables that are not, and returns the patterns for
    /// inclusion that nothing matched.
    pub fn apply_to(&self, database: &mut Database) -> Vec<String> {
        if self.takes_all() {
            return Vec::new();
        }
        let owners = database.owners_of_sequences();
        let before: BTreeSet<Address> = database.schema.objects.keys().cloned().collect();
        let unmatched = self.apply(&mut database.schema);
        let Database { schema, data, .. } = database;
        data.retain(|address| {
            let relation = match owners.get(address) {
                Some(table) if !before.contains(address) => table,
                _ => address,
            };
            // A dump of data alone does not say what there is.
            if before.contains(relation) {
                schema.objects.contains_key(relation)
            } else {
                self.takes_address(relation)
            }
        });
        unmatched
    }

    /// Says whether what a statement adds to a publication is wanted (`selectDumpablePublicationObject` in pg_dump.c).
    fn takes_member(&self, statement: &[u8]) -> bool {
        let Some(lexemes) = lexemes_of(statement) else { return true };
        let mut cursor = Cursor::new(&lexemes);
        if !cursor.eat("ALTER PUBLICATION") || cursor.name().is_none() || !cursor.eat("ADD") {
            return true;
        }
        let member = if cursor.eat("TABLES IN SCHEMA") {
            cursor.name().map(|name| Address::global(Kind::Schema, name))
        } else {
            let _ = cursor.eat("TABLE") && cursor.eat("ONLY");
            cursor.qualified().map(|name| Address::in_schema(Kind::Table, name))
        };
        member.is_none_or(|member| self.takes_address(&member))
    }

    /// Removes what is not wanted, and returns the patterns for inclusion that nothing matched.
    pub fn apply(&self, schema: &mut Schema) -> Vec<String> {
        let mut unmatched = Vec::new();
        for pattern in &self.tables {
            let matches = |address: &Address| {
                address.kind.is_relation() && pattern.matches(address.schema.as_ref(), &address.name)
            };
            if !schema.objects.keys().any(matches) {
                unmatched.push(pattern.text().to_owned());
            }
        }
        for pattern in &self.schemas {
            let matches = |address: &Address| {
                let name =
                    if address.kind == Kind::Schema { Some(&address.name) } else { address.schema.as_ref() };
                name.is_some_and(|name| pattern.matches(None, name))
            };
            if !schema.objects.keys().any(matches) {
                unmatched.push(pattern.text().to_owned());
            }
        }
        schema.objects.retain(|_, object| self.takes(object));
        if !self.takes_all() {
            schema.retain_parts(|object, part| {
                object.address.kind != Kind::Publication || self.takes_member(&part.text)
            });
        }
        if !self.tables.is_empty() {
            schema.trailer.clear();
        }
        unmatched
    }
}

fn any(patterns: &[Pattern], schema: Option<&Name>, name: &Name) -> bool {
    patterns.iter().any(|pattern| pattern.matches(schema, name))
}

/// Which parts of objects are not wanted: pg_dump's `--no-…` options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Omissions {
    /// `-O`, `--no-owner`
    pub owners: bool,
    /// `-x`, `--no-privileges`
    pub privileges: bool,
    /// `--no-comments`
    pub comments: bool,
    /// `--no-security-labels`
    pub security_labels: bool,
    /// `--no-tablespaces`
    pub tablespaces: bool,
}

impl Omissions {
    /// Removes what is not wanted.
    pub fn apply(&self, schema: &mut Schema) {
        schema.retain_parts(|_, part| match part.role {
            Role::Owner => !self.owners,
            Role::Privilege => !self.privileges,
            Role::Comment => !self.comments,
            Role::SecurityLabel => !self.security_labels,
            _ => true,
        });
        if self.tablespaces {
            for part in schema.objects.values_mut().flat_map(|object| &mut object.parts) {
                if !part.session.tablespace.is_empty() {
                    Arc::make_mut(&mut part.session).tablespace = Name::default();
                }
            }
        }
    }
}
