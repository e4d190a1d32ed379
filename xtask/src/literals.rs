//! The string literals of a Rust source.

/// A literal.
#[derive(Debug, PartialEq, Eq)]
pub struct Literal {
    /// The line on which it begins.
    pub line: usize,
    /// What it stands for.
    pub text: String,
}

/// Returns the string literals of a source, byte strings and raw ones included, up to its unit tests; comments, those of
/// documentation among them, are none.
pub fn literals(source: &str) -> Vec<Literal> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let len = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => {
                let (text, len) = quoted(rest);
                found.push(Literal { line, text });
                len
            }
            'r' if raw_hashes(rest).is_some() => {
                let hashes = raw_hashes(rest).unwrap_or_default();
                let body = &rest[hashes + 2..];
                let end = format!("\"{}", "#".repeat(hashes));
                let len = body.find(&end).unwrap_or(body.len());
                found.push(Literal { line, text: body[..len].to_owned() });
                (hashes + 2 + len + end.len()).min(rest.len())
            }
            '\'' => character(rest),
            // A word, so that an `r` in its midst is no prefix.
            _ if first.is_alphanumeric() || first == '_' => word(rest),
            _ => first.len_utf8(),
        };
        line += rest[..len].matches('\n').count();
        rest = &rest[len..];
    }
    found
}

/// The length of a word, without the `b` of a byte string and the `br` of a raw one.
fn word(rest: &str) -> usize {
    if rest.starts_with("br\"") || rest.starts_with("br#") || rest.starts_with("b'") {
        return 1;
    }
    rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len())
}

/// The number of `#` of a raw string that begins here.
fn raw_hashes(rest: &str) -> Option<usize> {
    let hashes = rest[1..].chars().take_while(|char| *char == '#').count();
    rest[1 + hashes..].starts_with('"').then_some(hashes)
}

/// The length of a character such as `'"'`, or of the mark of a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(rest.len(), |end| end + 4),
        Some((at, char)) if rest[at + char.len_utf8()..].starts_with('\'') => at + char.len_utf8() + 1,
        _ => 1,
    }
}

/// The text of a literal in quotes, and its length.
fn quoted(rest: &str) -> (String, usize) {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return (text, at + 1),
            '\\' => match chars.next().map(|(_, escaped)| escaped) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                // The line goes on, without its indentation.
                Some('\n') => while chars.next_if(|(_, char)| char.is_whitespace()).is_some() {},
                Some(escaped) => text.push(escaped),
                None => {}
            },
            char => text.push(char),
        }
    }
    (text, rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_literal_is_found() {
        let source = r##"
/// "no"
let a = "one \"two\" \
         three"; // "no"
let b = (b"four", r"fi\ve", br#"s"ix"#, '"', '\'', b'"', &'static "seven");
/* "no" */ let bar = for_r("eight");
#[cfg(test)]
mod tests { const X: &str = "no"; }
"##;
        let found: Vec<(usize, String)> =
            literals(source).into_iter().map(|literal| (literal.line, literal.text)).collect();
        let expected =
            [(3, "one \"two\" three"), (5, "four"), (5, "fi\\ve"), (5, "s\"ix"), (5, "seven"), (6, "eight")];
        let expected: Vec<(usize, String)> =
            expected.into_iter().map(|(line, text)| (line, text.to_owned())).collect();
        assert_eq!(found, expected);
    }
}
