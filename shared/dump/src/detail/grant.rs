//! What one `GRANT` or `REVOKE` does, to be applied to what was granted before.

use crate::Name;
use crate::lexeme::{Cursor, Lexeme, lexemes_of, split_commas};
use crate::lexer::TokenKind;
use crate::object::Role;
use crate::schema::Part;

/// One `GRANT` or `REVOKE`, with all that it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whether it takes away.
    pub revokes: bool,
    /// Whether it is about the grant option: `WITH GRANT OPTION`, `GRANT OPTION FOR`.
    pub option: bool,
    /// The privileges in upper case, such as `SELECT` or `ALL`, each with the columns that it is for; none is the whole object.
    pub privileges: Vec<(String, Vec<Name>)>,
    /// What default privileges are for, in upper case: `TABLES`, `FUNCTIONS`; empty for others.
    pub class: String,
    /// Who gets or loses them; none is `PUBLIC`.
    pub grantees: Vec<Option<Name>>,
    /// Who grants, where that is not the owner.
    pub grantor: Option<Name>,
}

impl Grant {
    /// Reads a statement; none if it is something else, or says more than is understood.
    ///
    /// ```
    /// use dump::{Grant, NoData, ReadOptions, Stream, read};
    /// let sql = b"CREATE TABLE a.t (x integer); GRANT SELECT, UPDATE(x) ON TABLE a.t TO PUBLIC;";
    /// let dump = read(Stream(&sql[..]), ReadOptions::default(), &mut NoData)?;
    /// let parts = &dump.databases[0].schema.objects.values().next().unwrap().parts;
    /// let grant = Grant::read(&parts[1]).unwrap();
    /// assert_eq!(grant.privileges[1], ("UPDATE".to_owned(), vec![dump::Name::from("x")]));
    /// assert_eq!((grant.revokes, grant.grantees), (false, vec![None]));
    /// assert_eq!(Grant::read(&parts[0]), None);
    /// # Ok::<(), dump::Error>(())
    /// ```
    pub fn read(part: &Part) -> Option<Grant> {
        if part.role != Role::Privilege {
            return None;
        }
        let lexemes = lexemes_of(&part.text)?;
        let mut cursor = Cursor::new(&lexemes);
        let defaults = cursor.eat("ALTER DEFAULT PRIVILEGES");
        if defaults {
            if cursor.eat("FOR ROLE") || cursor.eat("FOR USER") {
                cursor.name()?;
            }
            if cursor.eat("IN SCHEMA") {
                cursor.name()?;
            }
        }
        let revokes = cursor.next()?.is("REVOKE");
        let mut option = revokes && cursor.eat("GRANT OPTION FOR");
        let privileges = privileges(between(&mut cursor, "ON")?)?;
        let target = between(&mut cursor, if revokes { "FROM" } else { "TO" })?;
        let class = match defaults {
            true => words(target)?,
            // Objects of a list, or all of a schema, are none that one address names.
            false if target.first()?.is("ALL") || split_commas(target).len() > 1 => return None,
            false => String::new(),
        };
        let mut grantees = vec![grantee(&mut cursor)?];
        while cursor.eat_kind(TokenKind::Comma) {
            grantees.push(grantee(&mut cursor)?);
        }
        option |= !revokes && cursor.eat("WITH GRANT OPTION");
        let mut grantor = part.session.authorization.clone();
        if cursor.eat("GRANTED BY") {
            grantor = Some(cursor.name()?);
        }
        let _ = revokes && (cursor.eat("CASCADE") || cursor.eat("RESTRICT"));
        cursor.eat_kind(TokenKind::Semicolon);
        cursor.at_end().then_some(Grant { revokes, option, privileges, class, grantees, grantor })
    }
}

/// What stands in front of a key word, behind which the cursor moves.
fn between<'t, 'a>(cursor: &mut Cursor<'t, 'a>, word: &str) -> Option<&'t [Lexeme<'a>]> {
    let (rest, start) = (cursor.rest(), cursor.at);
    cursor.skip_behind(word)?;
    rest.get(..cursor.at - start - 1)
}

fn words(lexemes: &[Lexeme<'_>]) -> Option<String> {
    let words: Option<Vec<String>> = lexemes
        .iter()
        .map(|lexeme| {
            (lexeme.kind == TokenKind::Word)
                .then(|| String::from_utf8_lossy(&lexeme.text).to_ascii_uppercase())
        })
        .collect();
    words.filter(|words| !words.is_empty()).map(|words| words.join(" "))
}

fn privileges(lexemes: &[Lexeme<'_>]) -> Option<Vec<(String, Vec<Name>)>> {
    let one = |item: &[Lexeme<'_>]| {
        let list = item.iter().position(|lexeme| lexeme.kind == TokenKind::LeftParen);
        let (privilege, columns) = item.split_at(list.unwrap_or(item.len()));
        let privilege = match words(privilege)?.as_str() {
            "ALL PRIVILEGES" => "ALL".to_owned(),
            "TEMP" => "TEMPORARY".to_owned(),
            word => word.to_owned(),
        };
        let name = |column: &[Lexeme<'_>]| match column {
            [name] if name.is_name() => Some(Name::from_sql(&name.text)),
            _ => None,
        };
        let columns = match list {
            Some(_) => {
                let mut cursor = Cursor::new(columns);
                let inside = cursor.parentheses().filter(|_| cursor.at_end())?;
                split_commas(inside).into_iter().map(name).collect::<Option<Vec<_>>>()?
            }
            None => Vec::new(),
        };
        (list.is_some() != columns.is_empty()).then_some((privilege, columns))
    };
    let found: Option<Vec<_>> = split_commas(lexemes).into_iter().map(one).collect();
    found.filter(|found| !found.is_empty())
}

/// A role, or `PUBLIC` in any case of letters; a role of that name would be quoted.
fn grantee(cursor: &mut Cursor<'_, '_>) -> Option<Option<Name>> {
    cursor.eat("GROUP");
    let lexeme = cursor.next().filter(|lexeme| lexeme.is_name())?;
    Some((!lexeme.is("PUBLIC")).then(|| Name::from_sql(&lexeme.text)))
}
