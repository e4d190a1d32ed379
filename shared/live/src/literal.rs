//! Text in a statement.

/// Text as a literal of SQL, in a session of ours, where `standard_conforming_strings` is on. A backslash is nothing but one
/// there; doubled, as in `E'…'`, it could be the end of a character in some client encodings.
///
/// ```
/// assert_eq!(live::literal(br"it's \"), br" 'it''s \'");
/// ```
pub fn literal(text: &[u8]) -> Vec<u8> {
    let mut sql = b" '".to_vec();
    for byte in text {
        if *byte == b'\'' {
            sql.push(*byte);
        }
        sql.push(*byte);
    }
    sql.push(b'\'');
    sql
}
