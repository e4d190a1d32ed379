//! Statements of a dump that take away what it made before.

use std::collections::HashMap;

use dump::{Address, Class, DataForm, Kind, Name, Noise, Role};

use crate::plan::{DatabasePlan, Plan, Step};

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
