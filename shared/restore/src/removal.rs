//! Statements of a dump that take away what it made before.

use std::collections::{HashMap, HashSet};

use dump::lexer::{Lexer, TokenKind};
use dump::{Address, Class, DataForm, Kind, Name, Noise, Role};

use crate::plan::{DatabasePlan, Plan, Step, Work};

impl DatabasePlan {
    /// Returns the indexes of the steps that take away what the dump made before and does not make again behind; where it
    /// is not understood what they take away, those too.
    ///
    /// A dump written over another one in the same file begins by removing all that the first one made, and makes it anew.
    pub fn removals(&self) -> Vec<usize> {
        lasting(&self.steps)
    }
}

impl Plan {
    /// Returns the same of the statements on roles and on databases themselves.
    pub fn removals(&self) -> impl Iterator<Item = &Step> {
        lasting(&self.cluster).into_iter().map(|at| &self.cluster[at])
    }
}

/// Says whether a step takes something away.
pub(crate) fn removes(step: &Step) -> bool {
    step.subject.class == Class::Noise(Noise::Clean)
}

fn lasting(steps: &[Step]) -> Vec<usize> {
    let mut lasting = objects_gone(steps);
    lasting.extend(switched_off(steps));
    lasting.sort_unstable();
    lasting
}

/// What is there or is not, without being an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Switch {
    RowSecurity,
    ForcedRowSecurity,
    Comment,
}

/// Returns what a step switches, and whether it switches it on.
fn switch(step: &Step) -> Option<(Switch, bool)> {
    let Class::Part(role @ (Role::Comment | Role::Setting)) = step.subject.class else { return None };
    let Work::Statement(text) = &step.work else { return None };
    let tokens = Lexer::default().tokens(text).ok()?;
    let skipped = [TokenKind::Space, TokenKind::Comment, TokenKind::Semicolon];
    let mut words = tokens.iter().rev().filter(|token| !skipped.contains(&token.kind));
    let mut ends = |word: &str| {
        words.next().is_some_and(|token| {
            token.kind == TokenKind::Word
                && text[token.start..token.end].eq_ignore_ascii_case(word.as_bytes())
        })
    };
    if role == Role::Comment {
        return Some((Switch::Comment, !ends("NULL")));
    }
    if !(ends("SECURITY") && ends("LEVEL") && ends("ROW")) {
        return None;
    }
    let word = words.next().map(|token| text[token.start..token.end].to_ascii_uppercase())?;
    let before = words.next().map(|token| text[token.start..token.end].to_ascii_uppercase());
    match word.as_slice() {
        b"ENABLE" => Some((Switch::RowSecurity, true)),
        b"DISABLE" => Some((Switch::RowSecurity, false)),
        b"FORCE" => Some((Switch::ForcedRowSecurity, before.as_deref() != Some(b"NO"))),
        _ => None,
    }
}

/// Returns the steps that switch off what was switched on before and is not on again behind.
fn switched_off(steps: &[Step]) -> Vec<usize> {
    let mut on: HashSet<(&Address, Switch)> = HashSet::new();
    let mut off: HashMap<(&Address, Switch), usize> = HashMap::new();
    for (at, step) in steps.iter().enumerate() {
        let Some(address) = &step.subject.address else { continue };
        match switch(step) {
            Some((switch, true)) => {
                on.insert((address, switch));
                off.remove(&(address, switch));
            }
            Some((switch, false)) if on.remove(&(address, switch)) => {
                off.insert((address, switch), at);
            }
            _ => {}
        }
    }
    off.into_values().collect()
}

/// Returns the steps that remove objects which are not made again.
fn objects_gone(steps: &[Step]) -> Vec<usize> {
    if !steps.iter().any(removes) {
        return Vec::new();
    }
    let made = Made::of(steps);
    let removals = steps.iter().enumerate().filter(|(_, step)| removes(step));
    let lasting = removals.filter(|(at, step)| {
        let removed = &step.subject.removed;
        removed.is_empty() || removed.iter().any(|address| made.is_gone(address, *at))
    });
    lasting.map(|(at, _)| at).collect()
}

/// What a dump makes, with the indexes of the steps.
struct Made<'s> {
    by_name: HashMap<&'s Name, Vec<(usize, &'s Address)>>,
    by_schema: HashMap<&'s Name, Vec<(usize, &'s Address)>>,
}

impl<'s> Made<'s> {
    fn of(steps: &'s [Step]) -> Made<'s> {
        let mut made = Made { by_name: HashMap::new(), by_schema: HashMap::new() };
        for (at, step) in steps.iter().enumerate() {
            let makes = matches!(
                step.subject.class,
                Class::Part(
                    Role::Definition | Role::Shell | Role::Attachment | Role::Default | Role::Identity
                ) | Class::Data(DataForm::LargeObject)
            );
            let Some(address) = step.subject.address.as_ref().filter(|_| makes) else { continue };
            made.by_name.entry(&address.name).or_default().push((at, address));
            if let Some(schema) = address.home() {
                made.by_schema.entry(schema).or_default().push((at, address));
            }
        }
        made
    }

    /// Says whether something that was made before a step is not made again behind it.
    fn is_gone(&self, removed: &Address, at: usize) -> bool {
        let named = |name: &Name| self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        let of_schema = match removed.kind {
            Kind::Schema => self.by_schema.get(&removed.name).map(Vec::as_slice).unwrap_or_default(),
            _ => &[],
        };
        // A column, or its default, is mostly made with its table.
        let whole =
            removed.parent.as_deref().into_iter().flat_map(|parent| {
                named(&parent.name).iter().filter(move |(_, made)| made.is_meant_by(parent))
            });
        let itself = named(&removed.name).iter().filter(|(_, made)| made.is_meant_by(removed));
        let mut before = itself.chain(whole).chain(of_schema).filter(|(made, _)| *made < at);
        before.any(|(_, made)| {
            !named(&made.name).iter().any(|(again, other)| *again > at && other.is_meant_by(made))
        })
    }
}
