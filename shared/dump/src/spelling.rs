//! Words that people write otherwise than pg_dump does: capitals that no quotes keep, other names of types.
//!
//! pg_dump writes key words in capitals and names as the catalogs have them; types as `format_type` (format_type.c) does.
//! A statement is spelled so before anything is read from it, since what tells routines of one name apart are their types.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use crate::identify::type_len;
use crate::identify::types::{is_catalog_type, type_places};
use crate::lexeme::{Lexeme, group_len};
use crate::lexer::TokenKind;

/// The key words of servers up to 19 (`pg_get_keywords()`), and the words besides that pg_dump writes in capitals.
const KEY_WORDS: &str = "\
    ABORT ABSENT ABSOLUTE ACCESS ACTION ADD ADMIN AFTER AGGREGATE ALIGNMENT ALL ALLOW_CONNECTIONS ALSO \
    ALTER ALWAYS ANALYSE ANALYZE AND ANY ARRAY AS ASC ASENSITIVE ASSERTION ASSIGNMENT ASYMMETRIC AT \
    ATOMIC ATTACH ATTRIBUTE AUTHORIZATION BACKWARD BEFORE BEGIN BETWEEN BIGINT BINARY BIT BOOLEAN BOTH \
    BREADTH BUILTIN_LOCALE BY BYPASSRLS CACHE CALL CALLED CANONICAL CASCADE CASCADED CASE CAST CATALOG \
    CATEGORY CHAIN CHAR CHARACTER CHARACTERISTICS CHECK CHECKPOINT CHECKPOINTER CLASS CLOSE CLUSTER \
    COALESCE COLLATABLE COLLATE COLLATION COLLATION_VERSION COLUMN COLUMNS COMBINEFUNC COMMENT COMMENTS \
    COMMIT COMMITTED COMMUTATOR COMPRESSION CONCURRENTLY CONDITIONAL CONFIGURATION CONFLICT CONNECT \
    CONNECTION CONSTRAINT CONSTRAINTS CONTENT CONTINUE CONVERSION COPY COST CREATE CREATEDB CREATEROLE \
    CROSS CSV CUBE CURRENT CURRENT_CATALOG CURRENT_DATE CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME \
    CURRENT_TIMESTAMP CURRENT_USER CURSOR CYCLE DATA DATABASE DAY DEALLOCATE DEC DECIMAL DECLARE DEFAULT \
    DEFAULTS DEFERRABLE DEFERRED DEFINER DELETE DELIMITER DELIMITERS DEPENDS DEPTH DESC DESERIALFUNC \
    DESTINATION DETACH DICTIONARY DISABLE DISCARD DISTINCT DO DOCUMENT DOMAIN DOUBLE DROP EACH EDGE \
    ELEMENT ELSE EMPTY ENABLE ENCODING ENCRYPTED END ENFORCED ENUM ERROR ESCAPE EVENT EXCEPT EXCLUDE \
    EXCLUDING EXCLUSIVE EXECUTE EXISTS EXPLAIN EXPRESSION EXTENDED EXTENSION EXTERNAL EXTRACT FALSE \
    FAMILY FETCH FILTER FINALFUNC FINALFUNC_EXTRA FINALFUNC_MODIFY FINALIZE FIRST FLOAT FOLLOWING FOR \
    FORCE FOREIGN FORMAT FORWARD FREEZE FROM FULL FUNCTION FUNCTIONS GENERATED GETTOKEN GLOBAL GRANT \
    GRANTED GRAPH GREATEST GROUP GROUPING GROUPS GTCMP HANDLER HASH HASHES HAVING HEADER HEADLINE HOLD \
    HOUR HYPOTHETICAL ICU_LOCALE ICU_RULES IDENTITY IF IGNORE ILIKE IMMEDIATE IMMUTABLE IMPLICIT IMPORT \
    IN INCLUDE INCLUDING INCREMENT INDENT INDEX INDEXES INHERIT INHERITS INIT INITCOND INITIALLY INLINE \
    INNER INOUT INPUT INSENSITIVE INSERT INSTEAD INT INTEGER INTERNALLENGTH INTERSECT INTERVAL INTO \
    INVOKER IS ISNULL ISOLATION IS_TEMPLATE JOIN JSON JSON_ARRAY JSON_ARRAYAGG JSON_EXISTS JSON_OBJECT \
    JSON_OBJECTAGG JSON_QUERY JSON_SCALAR JSON_SERIALIZE JSON_TABLE JSON_VALUE KEY KEYS LABEL LANGUAGE \
    LARGE LAST LATERAL LC_COLLATE LC_CTYPE LEADING LEAKPROOF LEAST LEFT LEFTARG LEVEL LEXIZE LEXTYPES \
    LIKE LIMIT LIST LISTEN LOAD LOCAL LOCALE LOCALE_PROVIDER LOCALTIME LOCALTIMESTAMP LOCATION LOCK \
    LOCKED LOGGED LOGIN LOOP LSN LTCMP MAIN MAINTAIN MAPPING MATCH MATCHED MATERIALIZED MAXVALUE MERGE \
    MERGES MERGE_ACTION METHOD MFINALFUNC MFINALFUNC_EXTRA MFINALFUNC_MODIFY MINITCOND MINUTE MINVALUE \
    MINVFUNC MODE MODULUS MONTH MOVE MSFUNC MSSPACE MSTYPE MULTIRANGE_TYPE_NAME NAME NAMES NATIONAL \
    NATURAL NCHAR NEGATOR NESTED NEW NEXT NFC NFD NFKC NFKD NO NOBYPASSRLS NOCREATEDB NOCREATEROLE NODE \
    NOINHERIT NOLOGIN NONE NOREPLICATION NORMALIZE NORMALIZED NOSUPERUSER NOT NOTHING NOTIFY NOTNULL \
    NOWAIT NULL NULLIF NULLS NUMERIC OBJECT OBJECTS OF OFF OFFSET OIDS OLD OMIT ON ONLY OPERATOR OPTION \
    OPTIONS OR ORDER ORDINALITY OTHERS OUT OUTER OUTPUT OVER OVERLAPS OVERLAY OVERRIDING OWNED OWNER \
    PARALLEL PARAMETER PARSER PARTIAL PARTITION PASSEDBYVALUE PASSING PASSWORD PATH PERIOD PERMISSIVE \
    PLACING PLAIN PLAN PLANS POLICY POSITION PRECEDING PRECISION PREFERRED PREPARE PREPARED PRESERVE \
    PRIMARY PRIOR PRIVILEGES PROCEDURAL PROCEDURE PROCEDURES PROGRAM PROPERTIES PROPERTY PUBLIC \
    PUBLICATION QUOTE QUOTES RANGE READ READ_ONLY READ_WRITE REAL REASSIGN RECEIVE RECHECK RECURSIVE REF \
    REFERENCES REFERENCING REFRESH REINDEX RELATIONSHIP RELATIVE RELEASE REMAINDER RENAME REPEATABLE \
    REPLACE REPLICA REPLICATION RESET RESPECT RESTART RESTRICT RESTRICTED RESTRICTIVE RETURN RETURNING \
    RETURNS REVOKE RIGHT RIGHTARG ROLE ROLLBACK ROLLUP ROUTINE ROUTINES ROW ROWS RULE SAFE SAVEPOINT \
    SCALAR SCHEMA SCHEMAS SCROLL SEARCH SECOND SECURITY SECURITY_BARRIER SELECT SEND SEQUENCE SEQUENCES \
    SERIALFUNC SERIALIZABLE SERVER SESSION SESSION_USER SET SETOF SETS SFUNC SHARE SHAREABLE SHOW \
    SIMILAR SIMPLE SKIP SMALLINT SNAPSHOT SOME SORT1 SORT2 SORTOP SOURCE SQL SSPACE STABLE STANDALONE \
    START STATEMENT STATISTICS STDIN STDOUT STORAGE STORED STRATEGY STRICT STRING STRIP STYPE SUBSCRIPT \
    SUBSCRIPTION SUBSTRING SUBTYPE SUBTYPE_DIFF SUBTYPE_OPCLASS SUPERUSER SUPPORT SYMMETRIC SYSID SYSTEM \
    SYSTEM_USER TABLE TABLES TABLESAMPLE TABLESPACE TAG TARGET TEMP TEMPLATE TEMPORARY TEXT THEN TIES \
    TIME TIMESTAMP TO TRAILING TRANSACTION TRANSFORM TREAT TRIGGER TRIM TRUE TRUNCATE TRUSTED TYPE TYPES \
    TYPMOD_IN TYPMOD_OUT UESCAPE UNBOUNDED UNCOMMITTED UNCONDITIONAL UNENCRYPTED UNION UNIQUE UNKNOWN \
    UNLISTEN UNLOGGED UNNEST UNSAFE UNTIL UPDATE USAGE USER USING VACUUM VALID VALIDATE VALIDATOR VALUE \
    VALUES VARCHAR VARIABLE VARIADIC VARYING VERBOSE VERSION VERTEX VIEW VIEWS VIRTUAL VOLATILE WAIT \
    WHEN WHERE WHITESPACE WINDOW WITH WITHIN WITHOUT WORK WRAPPER WRITE XML XMLATTRIBUTES XMLCONCAT \
    XMLELEMENT XMLEXISTS XMLFOREST XMLNAMESPACES XMLPARSE XMLPI XMLROOT XMLSERIALIZE XMLTABLE YEAR YES \
    ZONE ";

static CAPITALS: LazyLock<HashSet<&[u8]>> =
    LazyLock::new(|| KEY_WORDS.split_whitespace().map(str::as_bytes).collect());

/// Key words that are no name without quotes, and that pg_dump writes in capitals but in the names of types.
const RESERVED: &str = "\
    all and any array as asc both case cast check collate constraint create default deferrable desc distinct do else \
    end except for foreign from grant group having in initially intersect into lateral leading limit not null offset \
    on only or order placing primary references returning select some symmetric table then to trailing union unique \
    using variadic when where window with";

static LOWER: LazyLock<HashSet<&[u8]>> =
    LazyLock::new(|| RESERVED.split_whitespace().map(str::as_bytes).collect());

/// Spells the words of a statement as pg_dump does.
pub(crate) fn spell(lexemes: &mut Vec<Lexeme<'_>>) {
    let mut other_types = false;
    // Behind `ADD MAPPING FOR`, `WITH` is the only word that is no name.
    let mapping = lexemes
        .get(2)
        .filter(|word| word.is("SEARCH"))
        .and_then(|_| lexemes.windows(2).position(|pair| pair[0].is("MAPPING") && pair[1].is("FOR")));
    for lexeme in lexemes.iter_mut().skip(mapping.map_or(usize::MAX, |at| at + 2)) {
        if lexeme.kind == TokenKind::Word && !lexeme.is("WITH") {
            lexeme.text = Cow::Owned(lexeme.text.to_ascii_lowercase());
        }
    }
    // Whoever writes one of them so writes others so.
    let small = lexemes.iter().any(|lexeme| {
        matches!(lexeme.text.as_ref(), b"not" | b"default" | b"create" | b"primary" | b"select")
    });
    for at in 0..lexemes.len() {
        let lexeme = &lexemes[at];
        match lexeme.kind {
            TokenKind::Word if small && is_small_key_word(lexemes, at) => {
                lexemes[at].text = Cow::Owned(lexeme.text.to_ascii_uppercase());
            }
            TokenKind::Word => {
                let capitals = lexeme.text.iter().any(u8::is_ascii_uppercase);
                if capitals && is_name(lexemes, at) {
                    lexemes[at].text = Cow::Owned(lexeme.text.to_ascii_lowercase());
                }
                other_types |= is_other_type(lexemes, at);
            }
            TokenKind::LeftBracket => {
                other_types |= lexemes.get(at + 1).is_some_and(|next| next.kind == TokenKind::Number);
            }
            _ => {}
        }
    }
    if other_types {
        spell_types(lexemes);
    }
}

fn is_small_key_word(lexemes: &[Lexeme<'_>], at: usize) -> bool {
    let word = &lexemes[at];
    let near = |at: Option<usize>, words: &[&str]| {
        at.and_then(|at| lexemes.get(at)).is_some_and(|near| words.iter().any(|word| near.is(word)))
    };
    let (before, next) = (at.checked_sub(1), Some(at + 1));
    let named = [before, next]
        .into_iter()
        .flatten()
        .any(|at| lexemes.get(at).is_some_and(|near| near.kind == TokenKind::Dot));
    // `with time zone`, `day to second`, `fastupdate = on`, `AS order`
    let of_type = word.is("with") && near(next, &["time"])
        || word.is("to") && near(before, &["year", "day", "hour", "minute"]);
    let value = word.is("on") && before.is_some_and(|before| lexemes[before].text.as_ref() == b"=");
    let query = ["select", "with", "any", "array", "not", "case"].iter().any(|first| word.is(first));
    let label = near(before, &["AS"]) && !query;
    LOWER.contains(word.text.as_ref()) && !(named || of_type || value || label)
}

/// Says whether a word with capitals is a name, which no quotes protect from being folded.
fn is_name(lexemes: &[Lexeme<'_>], at: usize) -> bool {
    let dot = |at: Option<usize>| {
        at.and_then(|at| lexemes.get(at)).is_some_and(|lexeme| lexeme.kind == TokenKind::Dot)
    };
    dot(at.checked_sub(1))
        || dot(at.checked_add(1))
        || !CAPITALS.contains(lexemes[at].text.to_ascii_uppercase().as_slice())
}

/// Says whether a word may be a type in another spelling than `format_type` has.
fn is_other_type(lexemes: &[Lexeme<'_>], at: usize) -> bool {
    let text = lexemes[at].text.as_ref();
    let Some(first) = text.first().filter(|_| (3..=11).contains(&text.len())) else { return false };
    if first.is_ascii_uppercase() {
        return is_catalog_type(&text.to_ascii_lowercase());
    }
    let next = lexemes.get(at + 1);
    let follows = |word: &str| next.is_some_and(|next| next.is(word));
    match text {
        b"int" | b"int2" | b"int4" | b"int8" | b"bool" | b"float" | b"float4" | b"float8" | b"dec" => true,
        b"decimal" | b"varchar" | b"varbit" | b"timestamptz" | b"timetz" | b"nchar" | b"national"
        | b"char" => true,
        b"timestamp" | b"time" => !follows("with") && !follows("without"),
        b"character" | b"bit" => {
            !follows("varying") && next.is_none_or(|next| next.kind != TokenKind::LeftParen)
        }
        b"numeric" => lexemes.get(at + 3).is_some_and(|close| close.kind == TokenKind::RightParen),
        b"integer" | b"bigint" | b"text" | b"smallint" => follows("ARRAY"),
        _ => false,
    }
}

fn spell_types(lexemes: &mut Vec<Lexeme<'_>>) {
    let keeps = |at: usize| {
        lexemes.first().is_some_and(|verb| verb.is("CREATE") || verb.is("ALTER"))
            && lexemes.iter().take(6).any(|kind| kind.is("TABLE") || kind.is("TYPE") || kind.is("DOMAIN"))
            || at > 0 && lexemes[at - 1].kind == TokenKind::Cast
    };
    let mut spelled = Vec::new();
    for at in type_places(lexemes) {
        let len = type_len(&lexemes[at..]);
        if let Some(words) = spell_type(&lexemes[at..at + len], keeps(at)) {
            spelled.push((at, len, words));
        }
    }
    for (at, len, words) in spelled.into_iter().rev() {
        lexemes.splice(at..at + len, words);
    }
}

/// Returns the words of a type as `format_type` writes it; `None` for one that is not the catalog's. `modified` says that
/// a modifier is kept, and one that is not written is `(1)`.
fn spell_type<'a>(ty: &[Lexeme<'a>], modified: bool) -> Option<Vec<Lexeme<'a>>> {
    if ty.first()?.is("SETOF") {
        let mut words = spell_type(&ty[1..], modified)?;
        words.insert(0, Lexeme::word("SETOF"));
        return Some(words);
    }
    let first = ty.first().filter(|first| first.kind == TokenKind::Word)?;
    if ty.get(1).is_some_and(|next| next.kind == TokenKind::Dot) {
        return None;
    }
    let array = ty.iter().position(|word| word.kind == TokenKind::LeftBracket || word.is("ARRAY"));
    let (ty, is_array) = (&ty[..array.unwrap_or(ty.len())], array.is_some());
    let open = ty.iter().position(|word| word.kind == TokenKind::LeftParen);
    let modifier = open.and_then(|open| Some(&ty[open..open + group_len(&ty[open..])?])).unwrap_or_default();
    let has = |word: &str| ty.iter().any(|lexeme| lexeme.is(word));
    let lower = first.text.to_ascii_lowercase();
    let (names, tail): (&[&str], &[&str]) = match lower.as_slice() {
        b"int" | b"int4" | b"integer" => (&["integer"], &[]),
        b"int8" | b"bigint" => (&["bigint"], &[]),
        b"int2" | b"smallint" => (&["smallint"], &[]),
        b"float4" | b"real" => (&["real"], &[]),
        b"float8" | b"double" => (&["double", "precision"], &[]),
        b"float" => {
            let digits =
                modifier.get(1).and_then(|digits| std::str::from_utf8(&digits.text).ok()?.parse().ok());
            let real = digits.is_some_and(|digits: u32| digits < 25);
            return Some(written(
                if real { &["real"] } else { &["double", "precision"] },
                &[],
                &[],
                is_array,
            ));
        }
        b"bool" | b"boolean" => (&["boolean"], &[]),
        b"decimal" | b"dec" | b"numeric" => (&["numeric"], &[]),
        b"varchar" => (&["character", "varying"], &[]),
        b"char" | b"character" | b"nchar" | b"national" if has("varying") => (&["character", "varying"], &[]),
        b"char" | b"character" | b"nchar" | b"national" => (&["character"], &[]),
        b"varbit" => (&["bit", "varying"], &[]),
        b"bit" if has("varying") => (&["bit", "varying"], &[]),
        b"bit" => (&["bit"], &[]),
        b"timestamptz" => (&["timestamp"], &["with", "time", "zone"]),
        b"timetz" => (&["time"], &["with", "time", "zone"]),
        b"timestamp" | b"time" => {
            let name: &[&str] = if lower == b"time" { &["time"] } else { &["timestamp"] };
            (name, if has("with") { &["with", "time", "zone"] } else { &["without", "time", "zone"] })
        }
        _ if is_catalog_type(&lower) => {
            // `interval day`, `text`
            let mut words = ty.to_vec();
            for word in words.iter_mut().filter(|word| word.kind == TokenKind::Word) {
                word.text = Cow::Owned(word.text.to_ascii_lowercase());
            }
            brackets(is_array).for_each(|bracket| words.push(bracket));
            return Some(words);
        }
        _ => return None,
    };
    let one = [
        Lexeme::new(TokenKind::LeftParen, &b"("[..]),
        Lexeme::new(TokenKind::Number, &b"1"[..]),
        Lexeme::new(TokenKind::RightParen, &b")"[..]),
    ];
    let modifier = match (names, modifier) {
        (["character" | "bit"], []) if modified => &one[..],
        (["numeric"], [open, digits, close]) => {
            let comma = Lexeme::new(TokenKind::Comma, &b","[..]);
            let zero = Lexeme::new(TokenKind::Number, &b"0"[..]);
            let both = [open.clone(), digits.clone(), comma, zero, close.clone()];
            return Some(written(names, &both, tail, is_array));
        }
        (_, modifier) => modifier,
    };
    Some(written(names, modifier, tail, is_array))
}

fn brackets(is_array: bool) -> impl Iterator<Item = Lexeme<'static>> {
    let both =
        [Lexeme::new(TokenKind::LeftBracket, &b"["[..]), Lexeme::new(TokenKind::RightBracket, &b"]"[..])];
    both.into_iter().filter(move |_| is_array)
}

fn written<'a>(
    names: &[&'static str],
    modifier: &[Lexeme<'a>],
    tail: &[&'static str],
    is_array: bool,
) -> Vec<Lexeme<'a>> {
    let mut words: Vec<Lexeme<'a>> = names.iter().map(|name| Lexeme::word(name)).collect();
    words.extend_from_slice(modifier);
    words.extend(tail.iter().map(|word| Lexeme::word(word)));
    brackets(is_array).for_each(|bracket| words.push(bracket));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout;
    use crate::lexeme::lexemes_of;

    #[test]
    fn words_are_spelled_as_pg_dump_spells_them() {
        for (written, canonical) in [
            (
                "CREATE TABLE A.SN_Remesa (ID INT, b VARCHAR(20), c TIMESTAMP, d DECIMAL(10), e CHAR, f timestamptz(3) NOT NULL)",
                "CREATE TABLE a.sn_remesa(id integer, b character varying(20), c timestamp without time zone, d numeric(10,0), \
                 e character(1), f timestamp(3) with time zone NOT NULL)",
            ),
            (
                "CREATE TABLE t (a int[3][], b bool ARRAY, c float(10), d float8, e \"char\", f bit)",
                "CREATE TABLE t(a integer[], b boolean[], c real, d double precision, e \"char\", f bit(1))",
            ),
            (
                "CREATE FUNCTION F(a int4, b CHAR, OUT C varchar(3)) RETURNS SETOF int8 LANGUAGE SQL AS 'x'",
                "CREATE FUNCTION f(a integer, b character, OUT c character varying(3)) RETURNS SETOF bigint LANGUAGE SQL AS 'x'",
            ),
            (
                "ALTER TEXT SEARCH CONFIGURATION s.c ADD MAPPING FOR NUMWORD WITH SIMPLE",
                "ALTER TEXT SEARCH CONFIGURATION s.c ADD MAPPING FOR numword WITH simple",
            ),
            ("CREATE VIEW v AS SELECT X.ID::INT FROM X", "CREATE VIEW v AS SELECT x.id::integer FROM x"),
        ] {
            let mut lexemes = lexemes_of(written.as_bytes()).unwrap();
            spell(&mut lexemes);
            assert_eq!(String::from_utf8(layout::line(&lexemes)).unwrap(), canonical);
        }
    }
}
