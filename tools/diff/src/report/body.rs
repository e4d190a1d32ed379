//! Long texts, compared line by line and within lines word by word.

use std::time::{Duration, Instant};

use compare::Change;
use dump::Attribute;
use similar::udiff::UnifiedHunkHeader;
use similar::{Algorithm, ChangeTag, TextDiff};

/// After this, a text is taken as replaced from where the comparison has come to.
const PATIENCE: Duration = Duration::from_millis(500);

/// Lines that are the same, around those that are not.
const CONTEXT: usize = 3;

/// Lines that stand together.
pub(super) struct Hunk {
    /// Such as `@@ -1,4 +1,4 @@`.
    pub header: String,
    pub lines: Vec<Line>,
}

/// A line of a hunk.
pub(super) struct Line {
    /// `+`, `-` or a blank.
    pub sign: char,
    /// Its text without the line break: pieces, and whether each is what differs.
    pub pieces: Vec<(bool, String)>,
    /// Its number in the old text; the first is 1.
    pub old: Option<usize>,
    /// Its number in the new text.
    pub new: Option<usize>,
}

impl Line {
    /// Returns its text.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(_, piece)| piece.as_str()).collect()
    }
}

/// Returns where the texts of a change differ.
pub(super) fn of(change: &Change) -> Vec<Hunk> {
    let text = |side: &Option<String>| {
        let text = side.as_deref().unwrap_or_default();
        // Of what stands in another order, each has a line.
        if change.attribute == Attribute::Order { text.replace(", ", "\n") } else { text.to_owned() }
    };
    hunks(&text(&change.old), &text(&change.new))
}

/// Returns where two texts differ.
pub(super) fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let deadline = Instant::now() + PATIENCE;
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).deadline(deadline).diff_lines(old, new);
    let mut hunks = Vec::new();
    for ops in diff.grouped_ops(CONTEXT) {
        let header = UnifiedHunkHeader::new(&ops).to_string();
        let mut lines = Vec::new();
        for op in &ops {
            for change in diff.iter_inline_changes_deadline(op, Some(deadline)) {
                let sign = match change.tag() {
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                    ChangeTag::Equal => ' ',
                };
                let mut pieces: Vec<(bool, String)> = Vec::new();
                for (differs, piece) in change.iter_strings_lossy() {
                    // A line feed is no part of the line; a carriage return is, and is shown.
                    let piece = piece.trim_end_matches('\n');
                    match pieces.last_mut().filter(|last| last.0 == differs) {
                        Some(last) => last.1.push_str(piece),
                        None if piece.is_empty() => {}
                        None => pieces.push((differs, piece.to_owned())),
                    }
                }
                // What is another from end to end needs no highlight.
                if let [(differs, _)] = pieces.as_mut_slice() {
                    *differs = false;
                }
                let number = |index: Option<usize>| index.map(|index| index + 1);
                lines.push(Line {
                    sign,
                    pieces,
                    old: number(change.old_index()),
                    new: number(change.new_index()),
                });
            }
        }
        hunks.push(Hunk { header, lines });
    }
    hunks
}
