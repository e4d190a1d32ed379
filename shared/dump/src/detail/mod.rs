//! What a statement says, cut into what can change on its own.

mod attachment;
mod clause;
mod constraint;
mod data_type;
mod definition;
mod grant;
mod index;
mod member;
mod operator;
mod privilege;
mod routine;
mod sequence;
mod setting;
mod table;
mod text_span;
mod trigger;
mod view;

pub use grant::Grant;
pub use table::{Column, Constraint, Table};

use crate::attribute::Attribute;
use crate::layout;
use crate::lexeme::{Cursor, Lexeme, lexemes_of, literal_value};
use crate::lexer::TokenKind;
use crate::object::{Address, Kind, Role};
use crate::schema::Part;
use crate::{Name, QualifiedName};

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

/// A detail of something that is known from where it was found.
#[derive(Debug)]
struct Found {
    attribute: Attribute,
    item: Option<Name>,
    text: Vec<u8>,
}

impl Found {
    fn new(attribute: Attribute, text: impl Into<Vec<u8>>) -> Found {
        Found { attribute, item: None, text: text.into() }
    }

    fn item(attribute: Attribute, item: impl Into<Name>, text: impl Into<Vec<u8>>) -> Found {
        Found { attribute, item: Some(item.into()), text: text.into() }
    }

    fn of(self, address: &Address) -> Detail {
        let Found { attribute, item, text } = self;
        Detail { address: address.clone(), attribute, item, text }
    }
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
    let known = lexemes_of(text).and_then(|lexemes| known(address, part.role, text, &lexemes));
    // What says nothing would not be missed either.
    let known = known.filter(|details| !details.is_empty());
    known.unwrap_or_else(|| vec![whole(address, part.role, text)])
}

/// The details of a statement whose syntax is known.
fn known(address: &Address, role: Role, text: &[u8], lexemes: &[Lexeme<'_>]) -> Option<Vec<Detail>> {
    let mut cursor = Cursor::new(lexemes);
    let found = match (role, address.kind) {
        (Role::Definition, Kind::Table | Kind::ForeignTable) => return table::details(address, text),
        (Role::Definition, Kind::Type) => return data_type::type_details(address, cursor),
        (Role::Definition, Kind::Domain) => return data_type::domain_details(address, cursor),
        (Role::Privilege, _) => return privilege::details(address, cursor),
        (Role::Attachment, _) => attachment::found(cursor)?,
        (Role::Member, _) => member::found(address, cursor)?,
        (Role::Identity, _) => sequence::identity(cursor)?,
        (Role::Setting, _) => setting::found(address, cursor)?,
        (Role::SecurityLabel, _) => {
            cursor.expect("SECURITY LABEL")?;
            let provider = if cursor.eat("FOR") { cursor.next() } else { None };
            let provider = provider.map(|name| Name::from_sql(&name.text));
            vec![Found {
                attribute: Attribute::SecurityLabel,
                item: provider,
                text: last_behind(lexemes, "IS")?,
            }]
        }
        (Role::Comment, _) => vec![Found::new(Attribute::Comment, last_behind(lexemes, "IS")?)],
        (Role::Owner, _) => vec![Found::new(Attribute::Owner, last_behind(lexemes, "TO")?)],
        (Role::OwnedBy, _) => {
            alter(&mut cursor)?;
            cursor.expect("OWNED BY")?;
            vec![Found::new(Attribute::OwnedBy, layout::line(cursor.rest()))]
        }
        (Role::Default, _) => {
            alter(&mut cursor)?;
            alter_column(&mut cursor)?;
            cursor.expect("SET DEFAULT")?;
            vec![Found::new(Attribute::Default, layout::line(cursor.rest()))]
        }
        (Role::Shell, _) => return None,
        (Role::Definition, Kind::Constraint) => constraint::found_in_alter(cursor)?,
        (Role::Definition, Kind::Index) => index::index(cursor)?,
        (Role::Definition, Kind::Statistics) => index::statistics(cursor)?,
        (Role::Definition, Kind::Trigger) => trigger::trigger(cursor)?,
        (Role::Definition, Kind::EventTrigger) => trigger::event_trigger(cursor)?,
        (Role::Definition, Kind::Rule) => trigger::rule(text, cursor)?,
        (Role::Definition, Kind::Policy) => trigger::policy(cursor)?,
        (Role::Definition, Kind::Sequence) => sequence::sequence(cursor)?,
        (Role::Definition, Kind::Function | Kind::Procedure) => routine::routine(text, cursor)?,
        (Role::Definition, Kind::Aggregate) => routine::aggregate(cursor)?,
        (Role::Definition, Kind::View | Kind::MaterializedView) => view::found(text, cursor)?,
        (Role::Definition, Kind::Operator) => operator::operator(cursor)?,
        (Role::Definition, Kind::OperatorClass) => operator::class(cursor)?,
        (Role::Definition, kind) => definition::found(kind, cursor)?,
    };
    Some(found.into_iter().map(|found| found.of(address)).collect())
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

/// Returns what an object's definition says of one of its columns, attributes or constraints, in its own words and without
/// the column's name.
pub fn words_of(definition: &Part, address: &Address) -> Option<Vec<u8>> {
    let text = definition.text.trim_ascii_end();
    let text = text.strip_suffix(b";").unwrap_or(text);
    match definition.address.kind {
        Kind::Type | Kind::Domain => data_type::words_of(address, Cursor::new(&lexemes_of(text)?)),
        _ => {
            let table = Table::parse(text)?;
            if address.kind == Kind::Column {
                let column = table.columns.into_iter().find(|column| column.name == address.name)?;
                let words: Vec<Vec<u8>> = column.attributes.into_iter().map(|(_, text)| text).collect();
                return Some(words.join(&b" "[..]));
            }
            let is_it = |constraint: &Constraint| constraint.name.as_ref() == Some(&address.name);
            table.constraints.into_iter().find(is_it).map(|constraint| constraint.text)
        }
    }
}

/// Returns the words of a statement, and of literals their values: those differ in their quotes only, such as `$$` and
/// `$_$`, if these are equal. None if the statement cannot be cut into words.
///
/// ```
/// assert_eq!(dump::without_quotes(b"SELECT $$a$$, 1"), dump::without_quotes(b"SELECT $_$a$_$, 1"));
/// assert_ne!(dump::without_quotes(b"SELECT $$a$$, 1"), dump::without_quotes(b"SELECT $_$b$_$, 1"));
/// assert_ne!(dump::without_quotes(b"SELECT 'a'"), dump::without_quotes(b"SELECT a"));
/// ```
pub fn without_quotes(statement: &[u8]) -> Option<Vec<(bool, Vec<u8>)>> {
    let words = lexemes_of(statement)?.into_iter().map(|lexeme| match literal_value(&lexeme) {
        Some(value) => (true, value),
        None => (false, lexeme.text.to_vec()),
    });
    Some(words.collect())
}

/// The last lexeme, which is a literal or a name, whatever the names in front of it are.
fn last_behind(lexemes: &[Lexeme<'_>], word: &str) -> Option<Vec<u8>> {
    let [.., before, last] = lexemes else { return None };
    before.is(word).then(|| last.text.to_vec())
}

/// Moves behind the words by which something is created, such as `CREATE UNIQUE INDEX`, and returns those between
/// `CREATE` and the kind; `OR REPLACE` says nothing.
fn create(cursor: &mut Cursor<'_, '_>, kind: &str) -> Option<Vec<String>> {
    cursor.expect("CREATE")?;
    cursor.eat("OR REPLACE");
    let mut modifiers = Vec::new();
    while !cursor.eat(kind) {
        let word = cursor.next().filter(|word| word.kind == TokenKind::Word && modifiers.len() < 4)?;
        modifiers.push(String::from_utf8_lossy(&word.text).to_ascii_uppercase());
    }
    cursor.eat("CONCURRENTLY");
    cursor.eat("IF NOT EXISTS");
    Some(modifiers)
}

/// Kinds of more than one word, behind `ALTER`.
const LONG_KINDS: [&str; 13] = [
    "FOREIGN TABLE",
    "FOREIGN DATA WRAPPER",
    "MATERIALIZED VIEW",
    "EVENT TRIGGER",
    "PROCEDURAL LANGUAGE",
    "ACCESS METHOD",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH CONFIGURATION",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "USER MAPPING FOR",
];

/// Moves behind `ALTER`, a kind and a name.
fn alter(cursor: &mut Cursor<'_, '_>) -> Option<()> {
    cursor.expect("ALTER")?;
    let kind = cursor.clone();
    if !LONG_KINDS.iter().any(|words| cursor.eat(words)) {
        cursor.next()?;
    }
    cursor.eat("IF EXISTS");
    // `only` is a name that is quoted.
    cursor.eat("ONLY");
    if kind.sees("OPERATOR CLASS") || kind.sees("OPERATOR FAMILY") {
        cursor.qualified()?;
        cursor.expect("USING")?;
        cursor.name()?;
    } else if kind.sees("OPERATOR") {
        if cursor.name().is_some() && !cursor.eat_kind(TokenKind::Dot) {
            return None;
        }
        cursor.next()?;
        cursor.parentheses()?;
    } else if kind.sees("USER MAPPING") {
        cursor.name()?;
        cursor.expect("SERVER")?;
        cursor.name()?;
    } else {
        cursor.qualified()?;
        if ["FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE"].iter().any(|words| kind.sees(words)) {
            cursor.parentheses()?;
        }
        if ["TRIGGER", "POLICY", "RULE", "CONSTRAINT"].iter().any(|words| kind.sees(words)) {
            cursor.expect("ON")?;
            cursor.qualified()?;
        }
    }
    Some(())
}

/// Moves behind `ALTER COLUMN name`.
fn alter_column(cursor: &mut Cursor<'_, '_>) -> Option<()> {
    cursor.expect("ALTER")?;
    cursor.eat("COLUMN");
    cursor.name().map(drop)
}

/// A name with its schema as the name of an item.
fn item_name(name: &QualifiedName) -> Name {
    Name::from(name.to_sql().as_slice())
}
