//! Statements that make or change things which only a superuser may make or change.

use dump::lexer::TokenKind;
use dump::{Name, QualifiedName};

use super::phrase::Phrase;
use super::{EventTrigger, Extension, Refusal, Ruling, is_system, run, try_out};

/// Handlers of access methods that are the server's own.
const ACCESS_METHODS: [&[u8]; 7] = [
    b"bthandler",
    b"hashhandler",
    b"gisthandler",
    b"ginhandler",
    b"spghandler",
    b"brinhandler",
    b"heap_tableam_handler",
];

/// The server's own parser, function by function: in any other mix one would take what another made for something else.
const PARSER: [(&str, &[u8]); 5] = [
    ("START", b"prsd_start"),
    ("GETTOKEN", b"prsd_nexttoken"),
    ("END", b"prsd_end"),
    ("HEADLINE", b"prsd_headline"),
    ("LEXTYPES", b"prsd_lextype"),
];

/// The server's own templates of dictionaries, likewise.
const TEMPLATES: [[&[u8]; 2]; 4] = [
    [b"dsimple_init", b"dsimple_lexize"],
    [b"dsynonym_init", b"dsynonym_lexize"],
    [b"dispell_init", b"dispell_lexize"],
    [b"thesaurus_init", b"thesaurus_lexize"],
];

const HANDLERS: &str = "a foreign data wrapper's handler or validator";
const METHOD: &str = "an access method's handler";
const LANGUAGE: &str = "a language's handler";
const CAST: &str = "a cast that takes the bytes of one type for another's";
const IMPLICIT: &str = "a cast that others run without asking for it";
const SYSTEM_CAST: &str = "a cast's function between types of the server's own";
const TRANSFORM: &str = "a transform's functions";
const CLASS: &str = "the functions of an operator class";
const SEARCH: &str = "the functions of text search";
const FUNCTION: &str = "a function in C, of the server's own, or in a language that is not trusted";
const TYPE: &str = "a base type's functions";

/// Says what a superuser may do with a statement that is no `GRANT`, `REVOKE`, `COMMENT` or `ALTER … OWNER TO`.
pub(super) fn ruling(mut phrase: Phrase<'_>) -> Ruling {
    let read = match () {
        () if phrase.eat("CREATE") => create(&mut phrase),
        () if phrase.eat("ALTER") => alter(&mut phrase),
        () => Some(Permit::Refused(Refusal::Kind)),
    };
    match read {
        None => Ruling::Refuse(Refusal::Form),
        Some(Permit::Refused(refusal)) => Ruling::Refuse(refusal),
        Some(Permit::Run) => run(phrase),
        Some(Permit::Try) => try_out(phrase),
        Some(Permit::Disabled(name)) => match phrase.end() {
            Some(sql) => {
                let disable = [b"ALTER EVENT TRIGGER ", &*name.to_sql(), b" DISABLE"].concat();
                Ruling::Disabled(EventTrigger { sql, disable })
            }
            None => Ruling::Refuse(Refusal::Form),
        },
        Some(Permit::Extend { name, schema }) => match phrase.end() {
            Some(sql) => Ruling::Extend(Extension { sql, name, schema }),
            None => Ruling::Refuse(Refusal::Form),
        },
    }
}

enum Permit {
    Run,
    Disabled(Name),
    Extend { name: Name, schema: Option<Name> },
    Try,
    Refused(Refusal),
}

fn code(what: &'static str) -> Option<Permit> {
    Some(Permit::Refused(Refusal::Code(what)))
}

fn create(phrase: &mut Phrase<'_>) -> Option<Permit> {
    let replaces = phrase.eat("OR REPLACE");
    if phrase.sees("FUNCTION") || phrase.sees("PROCEDURE") || phrase.sees("AGGREGATE") {
        return code(FUNCTION);
    }
    let trusted = phrase.eat("TRUSTED");
    let procedural = phrase.eat("PROCEDURAL");
    if phrase.eat("LANGUAGE") {
        phrase.name()?;
        return if phrase.at_end() { Some(Permit::Run) } else { code(LANGUAGE) };
    }
    if replaces || trusted || procedural {
        return Some(Permit::Refused(Refusal::Form));
    }
    match () {
        () if phrase.eat("EXTENSION") => extension(phrase),
        () if phrase.eat("EVENT TRIGGER") => event_trigger(phrase),
        () if phrase.eat("FOREIGN DATA WRAPPER") => foreign_data_wrapper(phrase),
        () if phrase.eat("SERVER") => server(phrase),
        () if phrase.eat("USER MAPPING") => user_mapping(phrase),
        () if phrase.eat("OPERATOR CLASS") => operator_class(phrase),
        () if phrase.eat("OPERATOR FAMILY") => {
            own(phrase)?;
            phrase.expect("USING")?;
            phrase.name()?;
            Some(Permit::Run)
        }
        () if phrase.eat("ACCESS METHOD") => access_method(phrase),
        () if phrase.eat("CAST") => cast(phrase),
        () if phrase.eat("TRANSFORM FOR") => transform(phrase),
        () if phrase.eat("TEXT SEARCH PARSER") => parser(phrase),
        () if phrase.eat("TEXT SEARCH TEMPLATE") => template(phrase),
        () if phrase.eat("PUBLICATION") => publication(phrase),
        () if phrase.eat("SUBSCRIPTION") => subscription(phrase),
        () if phrase.eat("TYPE") => {
            own(phrase)?;
            // A name without functions, by which base types are announced.
            if phrase.at_end() { Some(Permit::Run) } else { code(TYPE) }
        }
        () => Some(Permit::Refused(Refusal::Kind)),
    }
}

fn alter(phrase: &mut Phrase<'_>) -> Option<Permit> {
    match () {
        () if phrase.eat("EVENT TRIGGER") => {
            phrase.name()?;
            // It would fire in the superuser's sessions as well. No event trigger fires for what is said of one.
            if phrase.eat("ENABLE") {
                let _ = phrase.any_of(&["REPLICA", "ALWAYS"]);
                return Some(Permit::Try);
            }
            phrase.expect("DISABLE")?;
            Some(Permit::Run)
        }
        () if phrase.eat("TABLE") => triggers(phrase),
        () if phrase.eat("PUBLICATION") => {
            phrase.name()?;
            phrase.expect("ADD")?;
            published(phrase)?;
            Some(Permit::Run)
        }
        () if phrase.eat("OPERATOR FAMILY") => code(CLASS),
        () if phrase.eat("FOREIGN DATA WRAPPER") => code(HANDLERS),
        () if phrase.eat("SERVER") => {
            phrase.name()?;
            changed_options(phrase)?;
            Some(Permit::Try)
        }
        () if phrase.eat("USER MAPPING") => user_mapping(phrase),
        () => Some(Permit::Refused(Refusal::Kind)),
    }
}

/// Reads the name of something of the dump's own.
fn own(phrase: &mut Phrase<'_>) -> Option<QualifiedName> {
    phrase.qualified().filter(|name| !is_system(name.schema.as_ref()))
}

/// Reads `[IF NOT EXISTS] name [WITH] [SCHEMA schema] [VERSION version]`: no `CASCADE`, which would make others.
fn extension(phrase: &mut Phrase<'_>) -> Option<Permit> {
    phrase.eat("IF NOT EXISTS");
    let name = phrase.name()?;
    phrase.eat("WITH");
    let schema = match phrase.eat("SCHEMA") {
        true => Some(phrase.name()?),
        false => None,
    };
    if phrase.eat("VERSION") {
        phrase.attempt(|phrase| phrase.literal().map(drop)).or_else(|| phrase.name().map(drop))?;
    }
    Some(Permit::Extend { name, schema })
}

/// Reads `name ON event [WHEN TAG IN ('…') [AND …]] EXECUTE FUNCTION f()`.
fn event_trigger(phrase: &mut Phrase<'_>) -> Option<Permit> {
    let trigger = phrase.name()?;
    phrase.expect("ON")?;
    phrase.name_of(&["ddl_command_start", "ddl_command_end", "sql_drop", "table_rewrite", "login"])?;
    if phrase.eat("WHEN") {
        loop {
            phrase.name()?;
            phrase.expect("IN")?;
            phrase.in_parentheses(Phrase::literal)?;
            if !phrase.eat("AND") {
                break;
            }
        }
    }
    phrase.expect("EXECUTE")?;
    phrase.any_of(&["FUNCTION", "PROCEDURE"])?;
    own(phrase)?;
    phrase.sign(TokenKind::LeftParen)?;
    phrase.sign(TokenKind::RightParen)?;
    Some(Permit::Disabled(trigger))
}

/// Reads `name [HANDLER f] [VALIDATOR f] [OPTIONS (…)]`: the validator is run at once, by a superuser, and the handler is code
/// in C. The server's own are let through.
fn foreign_data_wrapper(phrase: &mut Phrase<'_>) -> Option<Permit> {
    phrase.name()?;
    loop {
        if phrase.any_of(&["NO HANDLER", "NO VALIDATOR"]).is_some() {
            continue;
        }
        let handler = phrase.eat("HANDLER");
        if !handler && !phrase.eat("VALIDATOR") {
            break;
        }
        let own = phrase.attempt(Phrase::own_name);
        if handler || own.is_none_or(|name| name.bytes() != b"postgresql_fdw_validator") {
            return code(HANDLERS);
        }
    }
    options(phrase)?;
    Some(Permit::Run)
}

/// Reads `name [TYPE '…'] [VERSION '…'] FOREIGN DATA WRAPPER w [OPTIONS (…)]`. Where it leads is written before it is asked for
/// here, see [`outside`](crate::outside).
fn server(phrase: &mut Phrase<'_>) -> Option<Permit> {
    server_without_options(phrase)?;
    options(phrase)?;
    Some(Permit::Run)
}

/// Returns the wrapper.
fn server_without_options(phrase: &mut Phrase<'_>) -> Option<Name> {
    phrase.eat("IF NOT EXISTS");
    phrase.name()?;
    if phrase.eat("TYPE") {
        phrase.literal()?;
    }
    if phrase.eat("VERSION") {
        phrase.literal()?;
    }
    phrase.expect("FOREIGN DATA WRAPPER")?;
    phrase.name()
}

/// A `CREATE SERVER`.
#[derive(Debug)]
pub(crate) struct ForeignServer {
    /// The statement without its options.
    pub sql: Vec<u8>,
    /// The wrapper.
    pub wrapper: Name,
    /// The options.
    pub options: Vec<(Name, Vec<u8>)>,
}

/// Reads a `CREATE SERVER`.
pub(super) fn foreign_server(mut phrase: Phrase<'_>) -> Option<ForeignServer> {
    phrase.expect("CREATE SERVER")?;
    let wrapper = server_without_options(&mut phrase)?;
    let mut options = Vec::new();
    if phrase.skip("OPTIONS") {
        let mut rest = phrase.split();
        options = rest.in_parentheses(|phrase| Some((phrase.name()?, phrase.literal()?)))?;
        rest.end()?;
    }
    Some(ForeignServer { sql: phrase.written(), wrapper, options })
}

/// Reads `FOR role SERVER server [OPTIONS (…)]`. A mapping that a superuser makes could do without a password, and lead back to
/// this server.
fn user_mapping(phrase: &mut Phrase<'_>) -> Option<Permit> {
    phrase.eat("IF NOT EXISTS");
    phrase.expect("FOR")?;
    phrase.name()?;
    phrase.expect("SERVER")?;
    phrase.name()?;
    changed_options(phrase)?;
    Some(Permit::Try)
}

/// Reads `OPTIONS (name 'value', …)`, if it comes next.
fn options(phrase: &mut Phrase<'_>) -> Option<()> {
    if !phrase.eat("OPTIONS") {
        return Some(());
    }
    let one = |phrase: &mut Phrase<'_>| {
        phrase.name()?;
        phrase.literal().map(drop)
    };
    phrase.in_parentheses(one).map(drop)
}

/// The same, each perhaps with what is to be done with it in front.
fn changed_options(phrase: &mut Phrase<'_>) -> Option<()> {
    if !phrase.eat("OPTIONS") {
        return Some(());
    }
    let one = |phrase: &mut Phrase<'_>| {
        let _ = phrase.any_of(&["ADD", "SET"]);
        phrase.name()?;
        phrase.literal().map(drop)
    };
    phrase.in_parentheses(one).map(drop)
}

/// Reads `name [DEFAULT] FOR TYPE t USING method [FAMILY f] AS item, …`.
///
/// The server believes what is said here: a function that takes one type is called with values of another. Let through are
/// classes for `btree` and `hash` on a type of the dump's own, all of whose operators and functions are the dump's own and take just
/// that type; they run as whoever compares its values.
fn operator_class(phrase: &mut Phrase<'_>) -> Option<Permit> {
    own(phrase)?;
    phrase.eat("DEFAULT");
    phrase.expect("FOR TYPE")?;
    let of = phrase.type_name()?;
    phrase.expect("USING")?;
    if phrase.attempt(|phrase| phrase.name_of(&["btree", "hash"])).is_none() {
        return code(CLASS);
    }
    if of.schema.is_none() || is_system(of.schema.as_ref()) {
        return code(CLASS);
    }
    if phrase.eat("FAMILY") {
        own(phrase)?;
    }
    phrase.expect("AS")?;
    let is_of = |name: QualifiedName| (name == of).then_some(());
    let of_class = |phrase: &mut Phrase<'_>| {
        let function = phrase.any_of(&["FUNCTION", "OPERATOR"])? == "FUNCTION";
        phrase.digits()?;
        if function {
            // btree's are for two types, hash's for one.
            phrase.in_parentheses(|phrase| phrase.type_name().and_then(is_of))?;
            own(phrase)?;
        } else {
            phrase.operator().filter(|name| !is_system(name.schema.as_ref()))?;
        }
        let types = phrase.in_parentheses(|phrase| phrase.type_name().and_then(is_of))?;
        ((1..=2).contains(&types.len())).then_some(())
    };
    match phrase.attempt(|phrase| phrase.list(of_class)) {
        Some(_) if phrase.at_end() => Some(Permit::Run),
        _ => code(CLASS),
    }
}

fn access_method(phrase: &mut Phrase<'_>) -> Option<Permit> {
    phrase.name()?;
    phrase.expect("TYPE")?;
    phrase.any_of(&["INDEX", "TABLE"])?;
    phrase.expect("HANDLER")?;
    let handler = phrase.attempt(Phrase::own_name);
    match handler.is_some_and(|name| ACCESS_METHODS.contains(&name.bytes())) {
        true => Some(Permit::Run),
        false => code(METHOD),
    }
}

/// Reads `(type AS type) WITH FUNCTION f(…)` or `WITH INOUT`, to be asked for each time. With a function, one of the types has to
/// be the dump's own: queries over the catalogs cast the server's.
fn cast(phrase: &mut Phrase<'_>) -> Option<Permit> {
    phrase.sign(TokenKind::LeftParen)?;
    let from = phrase.type_name()?;
    phrase.expect("AS")?;
    let to = phrase.type_name()?;
    phrase.sign(TokenKind::RightParen)?;
    if phrase.sees("WITHOUT FUNCTION") {
        return code(CAST);
    }
    if !phrase.eat("WITH INOUT") {
        let is_own = |name: &QualifiedName| name.schema.is_some() && !is_system(name.schema.as_ref());
        if !is_own(&from) && !is_own(&to) {
            return code(SYSTEM_CAST);
        }
        phrase.expect("WITH FUNCTION")?;
        own(phrase)?;
        phrase.in_parentheses(Phrase::type_name)?;
    }
    if phrase.at_end() { Some(Permit::Run) } else { code(IMPLICIT) }
}

/// Reads `type LANGUAGE sql (FROM SQL WITH FUNCTION f(internal), …)`: functions in SQL never use a transform, other languages
/// call what is named here with values of their own making.
fn transform(phrase: &mut Phrase<'_>) -> Option<Permit> {
    let of = phrase.type_name()?;
    let function = |phrase: &mut Phrase<'_>| {
        phrase.any_of(&["FROM", "TO"])?;
        phrase.expect("SQL WITH FUNCTION")?;
        phrase.own_name()?;
        phrase.in_parentheses(Phrase::type_name).map(drop)
    };
    let unused = |phrase: &mut Phrase<'_>| {
        phrase.expect("LANGUAGE")?;
        phrase.name_of(&["sql"])?;
        phrase.in_parentheses(function)?;
        phrase.at_end().then_some(())
    };
    match of.schema.is_some() && phrase.attempt(unused).is_some() {
        true => Some(Permit::Run),
        false => code(TRANSFORM),
    }
}

fn parser(phrase: &mut Phrase<'_>) -> Option<Permit> {
    own(phrase)?;
    match functions(phrase, &PARSER.map(|(part, _)| part)) {
        Some(found) if found.iter().all(|(part, name)| PARSER.contains(&(*part, name.bytes()))) => {
            Some(Permit::Run)
        }
        _ => code(SEARCH),
    }
}

fn template(phrase: &mut Phrase<'_>) -> Option<Permit> {
    own(phrase)?;
    let found = functions(phrase, &["INIT", "LEXIZE"])?;
    let of = |part| found.iter().find(|(known, _)| *known == part).map(|(_, name)| name.bytes());
    let pair = [of("INIT"), of("LEXIZE")];
    match found.len() == 2 && TEMPLATES.iter().any(|known| pair == known.map(Some)) {
        true => Some(Permit::Run),
        false => code(SEARCH),
    }
}

/// Reads `(PART = function, …)`; none where one is not the server's own.
fn functions<'w>(phrase: &mut Phrase<'_>, parts: &[&'w str]) -> Option<Vec<(&'w str, Name)>> {
    phrase.in_parentheses(|phrase| {
        let part = phrase.any_of(parts)?;
        phrase.eat_operator("=").then_some(())?;
        Some((part, phrase.own_name()?))
    })
}

/// Reads `name [FOR …] [WITH (name = 'value', …)]`.
fn publication(phrase: &mut Phrase<'_>) -> Option<Permit> {
    phrase.name()?;
    if phrase.eat("FOR") && phrase.any_of(&["ALL TABLES", "ALL SEQUENCES"]).is_none() {
        published(phrase)?;
    }
    settings(phrase, |_, _| Some(()))?;
    Some(Permit::Run)
}

/// Reads what is published: `TABLE [ONLY] s.t [(columns)], …` or `TABLES IN SCHEMA s, …`. Conditions on rows are not read.
fn published(phrase: &mut Phrase<'_>) -> Option<()> {
    if phrase.eat("TABLES IN SCHEMA") {
        return phrase.list(Phrase::name).map(drop);
    }
    phrase.expect("TABLE")?;
    let table = |phrase: &mut Phrase<'_>| {
        phrase.eat("ONLY");
        own(phrase)?;
        let _ = phrase.attempt(|phrase| phrase.in_parentheses(Phrase::name));
        Some(())
    };
    phrase.list(table).map(drop)
}

/// Reads `name CONNECTION '…' PUBLICATION p, … WITH (connect = false, …)`: nothing is subscribed to, as pg_dump writes it, and
/// anything else would reach out.
fn subscription(phrase: &mut Phrase<'_>) -> Option<Permit> {
    const OFF: [&[u8]; 4] = [b"connect", b"enabled", b"create_slot", b"copy_data"];
    phrase.name()?;
    phrase.expect("CONNECTION")?;
    phrase.literal()?;
    phrase.expect("PUBLICATION")?;
    phrase.list(Phrase::name)?;
    let mut connects = true;
    settings(phrase, |name, value| {
        let off = matches!(value, b"false" | b"off" | b"0");
        connects &= name != b"connect";
        (off || !OFF.contains(&name)).then_some(())
    })?;
    (!connects).then_some(Permit::Run)
}

/// Reads `WITH (name = value, …)`, if it comes next; `check` is given each name and value, and may refuse it.
fn settings(phrase: &mut Phrase<'_>, mut check: impl FnMut(&[u8], &[u8]) -> Option<()>) -> Option<()> {
    if !phrase.eat("WITH") {
        return Some(());
    }
    let mut known: Vec<Name> = Vec::new();
    let one = |phrase: &mut Phrase<'_>| {
        let name = phrase.name()?;
        phrase.eat_operator("=").then_some(())?;
        let value = match phrase.attempt(Phrase::literal) {
            Some(value) => value,
            None => phrase.word_as_literal()?,
        };
        check(name.bytes(), &value)?;
        // Which of two of a name counts is for the server to say.
        (!known.contains(&name)).then(|| known.push(name))
    };
    phrase.in_parentheses(one).map(drop)
}

/// Reads `[ONLY] s.t ENABLE|DISABLE TRIGGER ALL|USER|name`: triggers of foreign keys are meant as well.
fn triggers(phrase: &mut Phrase<'_>) -> Option<Permit> {
    phrase.eat("ONLY");
    own(phrase)?;
    let Some(_) = phrase.any_of(&["ENABLE TRIGGER", "DISABLE TRIGGER"]) else {
        return Some(Permit::Refused(Refusal::Kind));
    };
    if phrase.any_of(&["ALL", "USER"]).is_none() {
        phrase.name()?;
    }
    Some(Permit::Run)
}
