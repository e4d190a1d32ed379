//! Names go to SQL and come back.

use dump::lexer::{Lexer, TokenKind};
use dump::{Name, QualifiedName};
use proptest::prelude::*;

/// Bytes that meet the rules of quoting more often than random ones.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-z_0-9$]{1,4}".prop_map(String::into_bytes),
        2 => "[A-Z\"'. \\\\&+U]{1,4}".prop_map(String::into_bytes),
        1 => Just("select".into()),
        1 => Just("naïve_таблица\u{202e}".into()),
        1 => prop::collection::vec(1_u8..=255, 1..4),
    ];
    // A server keeps no more of a name.
    prop::collection::vec(piece, 0..5).prop_map(|pieces| {
        let mut bytes = pieces.concat();
        bytes.truncate(63);
        bytes
    })
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn a_name_survives_its_sql(bytes in bytes()) {
        let name = Name::from(bytes.as_slice());
        let sql = name.to_sql();
        prop_assert_eq!(&Name::from_sql(&sql), &name);
        let tokens = Lexer::default().tokens(&sql).unwrap();
        prop_assert_eq!(tokens.len(), 1, "one token: {}", String::from_utf8_lossy(&sql));
        prop_assert!(matches!(tokens[0].kind, TokenKind::Word | TokenKind::Identifier));
    }

    #[test]
    fn a_qualified_name_is_three_tokens(schema in bytes(), name in bytes()) {
        let [schema, name] = [schema, name].map(|bytes| Name::from(bytes.as_slice()));
        let qualified = QualifiedName { schema: Some(schema), name };
        let sql = qualified.to_sql();
        let tokens = Lexer::default().tokens(&sql).unwrap();
        prop_assert_eq!(tokens.len(), 3);
        let back = |at: usize| Name::from_sql(&sql[tokens[at].start..tokens[at].end]);
        prop_assert_eq!(QualifiedName { schema: Some(back(0)), name: back(2) }, qualified);
    }
}

#[test]
fn unicode_escapes_of_a_name_are_resolved() {
    let cases = [
        (r#"U&"d\0061t\+000061""#, "data"),
        (r#"u&"a\\b""#, r"a\b"),
        (r#"U&"\D83D\DE00""#, "😀"),
        (r#"U&"a""b""#, "a\"b"),
        (r#"U&"Caf\00E9""#, "Café"),
    ];
    for (sql, name) in cases {
        assert_eq!(Name::from_sql(sql.as_bytes()), Name::from(name), "{sql}");
    }
}
