//! Text out of a dump or a name of a file, made safe for where it is shown: one function for each form.

use std::fmt::Write as _;

/// Makes text from a dump or a file name safe for a terminal: control and bidirectional formatting characters are
/// written as escapes.
///
/// ```
/// assert_eq!(cli::escape("a\u{1b}[31mb\u{202e}c"), "a\\u{1b}[31mb\\u{202e}c");
/// assert_eq!(cli::escape("naïve"), "naïve");
/// ```
pub fn escape(text: &str) -> String {
    let dangerous = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if dangerous(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Makes text of several lines safe to show as [`escape`] does, with tabs and line breaks as they are.
///
/// ```
/// assert_eq!(cli::escape_lines("a\n\tb\r"), "a\n\tb\\u{d}");
/// ```
pub fn escape_lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\n', '\t']) {
        shown.push_str(&escape(&rest[..at]));
        shown.push_str(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    shown.push_str(&escape(rest));
    shown
}

/// Escapes for an element and an attribute of XML; what XML 1.0 does not allow at all comes as a visible escape.
///
/// ```
/// assert_eq!(cli::escape_xml("a<b>&\"\u{1}\u{ffff}\t"), "a&lt;b&gt;&amp;&quot;\\u{1}\\u{ffff}&#9;");
/// ```
pub fn escape_xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in escape_lines(text).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' => safe.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => safe.extend(character.escape_unicode()),
            other => safe.push(other),
        }
    }
    safe
}

/// Writes text as code in a line of Markdown: neither Markdown nor HTML in it takes effect, since every sign that these
/// know becomes a character reference, and GitHub makes no mention and no reference of what is code.
///
/// ```
/// assert_eq!(
///     cli::markdown_code("`|<b>@x #1 http://a\n"),
///     "<code>&#96;&#124;&#60;b&#62;&#64;x &#35;1 http&#58;//a&#92;u&#123;a&#125;</code>"
/// );
/// ```
pub fn markdown_code(text: &str) -> String {
    let text = escape(text);
    let mut safe = String::from("<code>");
    for (at, character) in text.char_indices() {
        let plain = match character {
            // What would begin a link.
            ':' => !text[at..].starts_with("://"),
            '.' => !text[..at].to_ascii_lowercase().ends_with("www"),
            _ => !character.is_ascii_punctuation() || " ,-/=()+%?'".contains(character),
        };
        if plain {
            safe.push(character);
        } else {
            let _ = write!(safe, "&#{};", u32::from(character));
        }
    }
    safe.push_str("</code>");
    safe
}
