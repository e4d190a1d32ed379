//! Text in a statement.

/// Text as a literal of SQL, whatever `standard_conforming_strings` says.
///
/// ```
/// assert_eq!(live::literal(br"it's \"), br" E'it''s \\'");
/// ```
pub fn literal(text: &[u8]) -> Vec<u8> {
    let mut sql = b" E'".to_vec();
    for byte in text {
        if matches!(byte, b'\'' | b'\\') {
            sql.push(*byte);
        }
        sql.push(*byte);
    }
    sql.push(b'\'');
    sql
}
