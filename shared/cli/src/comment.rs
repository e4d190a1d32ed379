//! Text for a comment on a pull request, which must not be too long.

/// The longest comment that GitHub takes, in characters; here in bytes, of which there are never fewer.
const LIMIT: usize = 65_536;

/// Room for what is closed at the end, and for saying what was left out.
const RESERVE: usize = 512;

/// A comment in Markdown of at most 65,536 characters.
///
/// What is worse stands in front: once something has no room, nothing behind it gets some.
#[derive(Debug, Default)]
pub struct Comment {
    text: String,
    left_out: usize,
    full: bool,
}

impl Comment {
    /// Says whether there is room for a piece.
    pub fn fits(&self, piece: &str) -> bool {
        !self.full && self.text.len() + piece.len() + RESERVE <= LIMIT
    }

    /// Adds a piece if there is room, which is said to the caller.
    pub fn push(&mut self, piece: &str) -> bool {
        self.full |= !self.fits(piece);
        if !self.full {
            self.text.push_str(piece);
        }
        !self.full
    }

    /// Adds a line, or counts it as left out.
    pub fn line(&mut self, line: &str) {
        if !self.push(line) {
            self.left_out += 1;
        }
    }

    /// Counts lines that nobody tried to add.
    pub fn leave_out(&mut self, lines: usize) {
        self.left_out += lines;
    }

    /// Closes what was opened, for which there is always room.
    pub fn close(&mut self, piece: &str) {
        self.text.push_str(piece);
    }

    /// Returns the number of lines that had no room.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Returns the comment; `missing` says what is not in it, if something is.
    pub fn finish(mut self, missing: &[String]) -> String {
        if !missing.is_empty() {
            self.text.push_str(&format!("\n> **Cut to fit a comment.** {}.\n", missing.join("; ")));
        }
        self.text
    }
}
