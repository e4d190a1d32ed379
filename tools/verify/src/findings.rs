//! A list of findings that a report can hold, however many there are.

use std::ops::{Deref, DerefMut};

use crate::verdict::{Difference, Finding, Verdict};

/// Of each verdict so many findings are listed; more than anybody reads.
const LISTED: usize = 10_000;
/// Bytes of text that the listed findings of a verdict have together.
const TOGETHER: usize = 16 << 20;
/// Bytes of one text: what a dump's own code says may be endless.
const TEXT: usize = 8 << 10;

/// Findings; all are counted, and as many listed as a report can hold.
#[derive(Debug, Default)]
pub struct Findings {
    listed: Vec<Finding>,
    /// How many there are of each verdict, in the order of [`Verdict::ALL`], …
    counts: [usize; Verdict::ALL.len()],
    /// … how many of them are listed, and with how much text.
    known: [(usize, usize); Verdict::ALL.len()],
}

impl Findings {
    /// Adds one.
    pub fn push(&mut self, mut finding: Finding) {
        let at = finding.verdict as usize;
        self.counts[at] += 1;
        let (listed, text) = &mut self.known[at];
        if *listed >= LISTED || *text >= TOGETHER {
            return;
        }
        *listed += 1;
        for part in texts(&mut finding) {
            cut(part);
            *text += part.len();
        }
        self.listed.push(finding);
    }

    /// Takes those that are listed.
    pub fn take(self) -> Vec<Finding> {
        self.listed
    }

    /// Returns how many there are of a verdict, listed or not.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.counts[verdict as usize]
    }

    /// Returns how many there are and are not listed.
    pub fn left_out(&self) -> usize {
        self.counts.iter().sum::<usize>() - self.listed.len()
    }

    /// Returns the worst verdict of those that are not listed.
    pub fn worst_left_out(&self) -> Option<Verdict> {
        let left_out = |verdict: &Verdict| self.count(*verdict) > self.known[*verdict as usize].0;
        Verdict::ALL.into_iter().rev().find(left_out)
    }

    /// Forgets all but the first `len` of those that are listed, and all that are not: what was found when there were
    /// `len`, and nothing was left out yet or will be missed.
    pub fn truncate(&mut self, len: usize) {
        let listed = std::mem::take(&mut self.listed);
        (self.counts, self.known) = Default::default();
        listed.into_iter().take(len).for_each(|finding| self.push(finding));
    }
}

impl Extend<Finding> for Findings {
    fn extend<I: IntoIterator<Item = Finding>>(&mut self, findings: I) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }
}

impl Deref for Findings {
    type Target = [Finding];

    fn deref(&self) -> &[Finding] {
        &self.listed
    }
}

impl DerefMut for Findings {
    fn deref_mut(&mut self) -> &mut [Finding] {
        &mut self.listed
    }
}

fn texts(finding: &mut Finding) -> impl Iterator<Item = &mut String> {
    let Finding { what, place, why, difference, .. } = finding;
    let difference = difference.iter_mut().flat_map(|Difference { attribute, old, new }| {
        [Some(attribute), old.as_mut(), new.as_mut()].into_iter().flatten()
    });
    [what, why].into_iter().chain(place).chain(difference)
}

/// Cuts a text to what a report shows of one.
pub fn cut(text: &mut String) {
    if text.len() > TEXT {
        let end = (0..=TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
        text.shrink_to_fit();
    }
}

/// Cuts a list of texts, and says at its end how many more there would be.
pub fn cut_all(texts: &mut Vec<String>, what: &str) {
    let (mut together, mut listed) = (0, 0);
    for text in texts.iter_mut().take(LISTED) {
        cut(text);
        if together >= TOGETHER {
            break;
        }
        (together, listed) = (together + text.len(), listed + 1);
    }
    let more = texts.len() - listed;
    texts.truncate(listed);
    if more > 0 {
        texts.push(format!("and {more} more {what}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(verdict: Verdict, why: &str) -> Finding {
        Finding { verdict, what: "x".to_owned(), place: None, why: why.to_owned(), difference: None }
    }

    #[test]
    fn all_are_counted_and_some_listed() {
        let mut findings = Findings::default();
        findings.push(finding(Verdict::Bad, &"ä".repeat(TEXT)));
        assert!(findings[0].why.len() <= TEXT + 3 && findings[0].why.ends_with("ä…"));
        for _ in 0..LISTED + 5 {
            findings.push(finding(Verdict::Unclear, "why"));
        }
        findings.push(finding(Verdict::Bad, "why"));
        assert_eq!((findings.len(), findings.left_out()), (LISTED + 2, 5));
        assert_eq!((findings.count(Verdict::Unclear), findings.count(Verdict::Bad)), (LISTED + 5, 2));
        assert_eq!(findings.worst_left_out(), Some(Verdict::Unclear));
        findings.truncate(1);
        assert_eq!((findings.len(), findings.left_out(), findings.count(Verdict::Bad)), (1, 0, 1));
        for _ in 0..LISTED {
            findings.push(finding(Verdict::Bad, &"x".repeat(TEXT)));
        }
        assert!(findings.len() * TEXT < TOGETHER + 2 * TEXT && findings.left_out() > 0);
    }

    #[test]
    fn a_list_says_how_many_more_there_are() {
        let mut notes = vec!["note".to_owned(); LISTED + 3];
        cut_all(&mut notes, "notes");
        assert_eq!((notes.len(), notes[LISTED].as_str()), (LISTED + 1, "and 3 more notes"));
        let mut notes = vec!["x".repeat(TEXT); LISTED];
        cut_all(&mut notes, "notes");
        assert!(notes.len() < LISTED && notes[notes.len() - 1].starts_with("and "));
        let mut notes = vec!["note".to_owned()];
        cut_all(&mut notes, "notes");
        assert_eq!(notes, ["note"]);
    }
}
