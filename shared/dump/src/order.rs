//! The order in which statements can be run, found from what each mentions.
//!
//! pg_dump sorts by kind and name and then moves things as little as dependencies ask (`pg_dump_sort.c`). It reads
//! the dependencies from the catalog; here they come from the texts, in which pg_dump qualifies every name.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use crate::Name;
use crate::lexeme::{Cursor, Lexeme, lexemes_of, literal_value};
use crate::lexer::TokenKind;
use crate::object::{Address, Kind, Role};
use crate::schema::{Part, Schema};

/// The statements of a schema in an order in which they can be run.
#[derive(Debug, Default)]
pub struct Ordered<'a> {
    /// What must be there before rows are loaded.
    pub pre_data: Vec<&'a Part>,
    /// What is better or only made once the rows are there: indexes, constraints, triggers and what needs them.
    pub post_data: Vec<&'a Part>,
    /// Objects in circles that could not be broken; their order is a guess.
    pub circular: Vec<Address>,
}

/// Extensions that need others although their names do not say so.
const EXTENSION_NEEDS: [(&str, &str); 4] = [
    ("earthdistance", "cube"),
    ("pgrouting", "postgis"),
    ("postgis_tiger_geocoder", "fuzzystrmatch"),
    ("vchord", "vector"),
];

/// Returns the schema's statements in an order in which they can be run.
///
/// ```
/// use dump::{NoData, ReadOptions, Stream, order, read};
/// let sql = b"CREATE VIEW a.v AS SELECT t.x FROM a.t;\nCREATE TABLE a.t (x integer);\nCREATE SCHEMA a;\n";
/// let dump = read(Stream(&sql[..]), ReadOptions::default(), &mut NoData)?;
/// let ordered = order(&dump.databases[0].schema);
/// let kinds: Vec<_> = ordered.pre_data.iter().map(|part| part.address.kind.to_string()).collect();
/// assert_eq!(kinds, ["schema", "table", "view"]);
/// # Ok::<(), dump::Error>(())
/// ```
pub fn order(schema: &Schema) -> Ordered<'_> {
    let mut graph = Graph::new(schema);
    graph.connect();
    graph.promote();
    graph.sort()
}

/// Statements that go through the sort together: one that makes something, and those that only describe it.
#[derive(Debug)]
struct Node<'a> {
    part: &'a Part,
    object: &'a Address,
    followers: Vec<&'a Part>,
    rank: u32,
    needs: HashSet<usize>,
    /// Needs that a text suggests and another reading of it denies; the first to go in a circle.
    weak: HashSet<usize>,
    post: bool,
}

#[derive(Debug, Default)]
struct Names {
    /// Everything a schema holds but routines and operators.
    things: HashMap<(Name, Name), Vec<usize>>,
    routines: HashMap<(Name, Name), Vec<usize>>,
    operators: HashMap<(Name, Name), Vec<usize>>,
    globals: HashMap<(Kind, Name), Vec<usize>>,
    /// Shell types and empty views, by the name they stand for.
    shells: HashMap<(Name, Name), usize>,
    /// The primary keys of tables, on which a query that groups by them depends.
    primary_keys: HashMap<(Name, Name), usize>,
}

#[derive(Debug)]
struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    /// The statements that make things, by what they make.
    made: HashMap<&'a Address, usize>,
    names: Names,
    privileges: Vec<&'a Part>,
    /// Statements that are not understood; they keep their order and come last.
    others: Vec<&'a Part>,
}

fn key(address: &Address) -> (Name, Name) {
    (address.schema.clone().unwrap_or_default(), address.name.clone())
}

impl<'a> Graph<'a> {
    fn new(schema: &'a Schema) -> Graph<'a> {
        let mut nodes: Vec<Node<'a>> = Vec::new();
        let mut graph_privileges = Vec::new();
        let mut others = Vec::new();
        let mut followers = Vec::new();
        for object in schema.objects.values() {
            for part in &object.parts {
                if object.address.kind == Kind::Other {
                    others.push(part);
                } else if part.role == Role::Privilege {
                    graph_privileges.push(part);
                } else if matches!(part.role, Role::Owner | Role::Comment | Role::SecurityLabel) {
                    followers.push((&object.address, part));
                } else {
                    nodes.push(Node {
                        part,
                        object: &object.address,
                        followers: Vec::new(),
                        rank: rank(part),
                        needs: HashSet::new(),
                        weak: HashSet::new(),
                        post: is_post_data(part),
                    });
                }
            }
        }
        let mut made: HashMap<&'a Address, usize> = HashMap::new();
        for (at, node) in nodes.iter().enumerate() {
            if node.part.role == Role::Definition {
                made.insert(&node.part.address, at);
            }
        }
        for (object, part) in followers {
            // A column's comment follows its table; what is made elsewhere is described where it stands.
            let index_of_constraint =
                Address { kind: Kind::Constraint, schema: None, ..part.address.clone() };
            let found = made.get(&part.address).or_else(|| made.get(&index_of_constraint));
            let found = found.or_else(|| made.get(object)).copied();
            match found {
                Some(at) => nodes[at].followers.push(part),
                None => nodes.push(Node {
                    part,
                    object,
                    followers: Vec::new(),
                    rank: rank(part),
                    needs: HashSet::new(),
                    weak: HashSet::new(),
                    post: is_post_data(part),
                }),
            }
        }
        let mut names = Names::default();
        for (at, node) in nodes.iter().enumerate() {
            let address = &node.part.address;
            match (node.part.role, address.kind) {
                (Role::Shell, _) => {
                    names.shells.insert(key(address), at);
                }
                (Role::Definition, kind) if kind.is_routine() => {
                    names.routines.entry(key(address)).or_default().push(at);
                }
                (Role::Definition, Kind::Operator) => {
                    names.operators.entry(key(address)).or_default().push(at);
                }
                (Role::Definition, Kind::Constraint) => {
                    // Its index has its name, in the table's schema.
                    if let Some(table) = &address.parent {
                        let schema = table.schema.clone().unwrap_or_default();
                        names.things.entry((schema, address.name.clone())).or_default().push(at);
                        if memchr::memmem::find(&node.part.text, b" PRIMARY KEY ").is_some() {
                            names.primary_keys.insert(key(table), at);
                        }
                    }
                }
                (Role::Definition, _) if address.schema.is_some() => {
                    names.things.entry(key(address)).or_default().push(at);
                }
                (Role::Definition, kind) if address.parent.is_none() => {
                    names.globals.entry((kind, address.name.clone())).or_default().push(at);
                }
                (Role::Identity, _) => {
                    if let Some(sequence) = crate::catalog::identity_sequence(&node.part.text) {
                        let schema = sequence.schema.unwrap_or_default();
                        names.things.entry((schema, sequence.name)).or_default().push(at);
                    }
                }
                _ => {}
            }
        }
        Graph { nodes, made, names, privileges: graph_privileges, others }
    }

    /// Finds what each statement needs.
    fn connect(&mut self) {
        let mut groupings: Vec<(usize, usize)> = Vec::new();
        for at in 0..self.nodes.len() {
            let part = self.nodes[at].part;
            let mut needs = Needs { strong: HashSet::new(), weak: HashSet::new() };
            self.own_needs(at, &mut needs);
            if let Some(lexemes) = lexemes_of(&part.text) {
                let tables = self.mentions(part, &lexemes, &mut needs);
                if lexemes.windows(2).any(|pair| pair[0].is("GROUP") && pair[1].is("BY"))
                    || lexemes.windows(2).any(|pair| pair[0].is("ON") && pair[1].is("CONFLICT"))
                {
                    groupings.extend(
                        tables
                            .iter()
                            .filter_map(|table| self.names.primary_keys.get(table))
                            .map(|pk| (at, *pk)),
                    );
                }
            }
            needs.strong.remove(&at);
            needs.weak.remove(&at);
            needs.weak.retain(|need| !needs.strong.contains(need));
            self.nodes[at].needs = needs.strong;
            self.nodes[at].weak = needs.weak;
        }
        self.redirect_to_shells();
        // A grouped query may lean on a primary key. What tables need must not wait for one.
        let mut early = HashSet::new();
        let mut stack: Vec<usize> = (0..self.nodes.len())
            .filter(|at| {
                let part = self.nodes[*at].part;
                part.role == Role::Definition && matches!(part.address.kind, Kind::Table | Kind::ForeignTable)
            })
            .collect();
        while let Some(at) = stack.pop() {
            if early.insert(at) {
                stack.extend(self.nodes[at].needs.iter().copied());
            }
        }
        for (at, primary_key) in groupings {
            let replaced = self.nodes[at].part.role == Role::Shell;
            if !early.contains(&at) && !replaced && at != primary_key {
                self.nodes[at].needs.insert(primary_key);
            }
        }
        self.spread_post_data();
    }

    /// The statements that need each, in their order.
    fn needed_by(&self) -> Vec<Vec<usize>> {
        let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            for need in &node.needs {
                needed_by[*need].push(at);
            }
        }
        needed_by
    }

    /// What needs something that is made behind the data is made there as well.
    fn spread_post_data(&mut self) {
        let needed_by = self.needed_by();
        let mut stack: Vec<usize> = (0..self.nodes.len()).filter(|at| self.nodes[*at].post).collect();
        while let Some(at) = stack.pop() {
            for other in &needed_by[at] {
                if !self.nodes[*other].post {
                    self.nodes[*other].post = true;
                    stack.push(*other);
                }
            }
        }
    }

    /// What a statement needs because of what it is.
    fn own_needs(&self, at: usize, needs: &mut Needs) {
        let node = &self.nodes[at];
        let part = node.part;
        let makes = |address: &Address| -> Vec<usize> {
            let found = match address.kind {
                kind if kind.is_routine() => self.names.routines.get(&key(address)),
                Kind::Operator => self.names.operators.get(&key(address)),
                _ if address.schema.is_some() => self.names.things.get(&key(address)),
                kind => self.names.globals.get(&(kind, address.name.clone())),
            };
            found.cloned().unwrap_or_default()
        };
        if part.role > Role::Definition || part.address != *node.object {
            let mut address = &part.address;
            if part.role <= Role::Definition
                && let Some(parent) = &address.parent
            {
                address = parent;
            }
            loop {
                let parent_of_part =
                    matches!(address.kind, Kind::Trigger | Kind::Rule | Kind::Policy | Kind::Constraint);
                if parent_of_part {
                    needs.strong.extend(self.made.get(address));
                } else {
                    needs.strong.extend(makes(address));
                }
                match &address.parent {
                    Some(parent) => address = parent,
                    None => break,
                }
            }
        }
        if let Some(schema) = &part.address.schema {
            needs
                .strong
                .extend(self.names.globals.get(&(Kind::Schema, schema.clone())).into_iter().flatten());
        }
        if !part.session.access_method.is_empty() {
            let method = (Kind::AccessMethod, part.session.access_method.clone());
            needs.strong.extend(self.names.globals.get(&method).into_iter().flatten());
        }
        if part.address.kind == Kind::Extension && part.role == Role::Definition {
            self.extension_needs(&part.address.name, needs);
        }
    }

    /// `hstore_plperl` needs `hstore` and `plperl`: the dump does not tell, the name does.
    fn extension_needs(&self, name: &Name, needs: &mut Needs) {
        let mut bases: Vec<Name> = Vec::new();
        for (at, byte) in name.bytes().iter().enumerate() {
            if *byte == b'_' {
                bases.push(Name::from(&name.bytes()[..at]));
                bases.push(Name::from(&name.bytes()[at + 1..]));
            }
        }
        let listed = EXTENSION_NEEDS.iter().filter(|(of, _)| of.as_bytes() == name.bytes());
        bases.extend(listed.map(|(_, base)| Name::from(*base)));
        for base in bases {
            needs.weak.extend(self.names.globals.get(&(Kind::Extension, base)).into_iter().flatten());
        }
    }

    /// Collects what a text names; returns the names of relations among them.
    fn mentions(&self, part: &Part, lexemes: &[Lexeme<'_>], needs: &mut Needs) -> Vec<(Name, Name)> {
        let mut tables = Vec::new();
        let own = key(&part.address);
        let mut own_name_seen = part.role != Role::Definition;
        let mut cursor = Cursor::new(lexemes);
        while let Some(lexeme) = cursor.peek() {
            let before = cursor.at.checked_sub(1).map(|at| &lexemes[at]);
            if lexeme.kind == TokenKind::String {
                let cast = lexemes.get(cursor.at + 1).is_some_and(|next| next.kind == TokenKind::Cast);
                let to_oid = lexemes.get(cursor.at + 2).is_some_and(|ty| ty.text.starts_with(b"reg"));
                if cast && to_oid {
                    self.literal_mention(lexeme, needs);
                }
                cursor.at += 1;
                continue;
            }
            if !lexeme.is_name() || before.is_some_and(|before| before.kind == TokenKind::Dot) {
                cursor.at += 1;
                continue;
            }
            let start = cursor.at;
            let first = Name::from_sql(&lexeme.text);
            cursor.at += 1;
            let qualified = cursor.peek().is_some_and(|next| next.kind == TokenKind::Dot);
            if !qualified {
                self.bare_mention(part, lexemes, start, &first, needs);
                continue;
            }
            let Some(second) = lexemes.get(start + 2) else { break };
            if second.kind == TokenKind::Operator {
                let operator = (first, Name::from(second.text.as_ref()));
                if operator != own {
                    needs.strong.extend(self.names.operators.get(&operator).into_iter().flatten());
                }
                cursor.at = start + 3;
                continue;
            }
            if !second.is_name() {
                continue;
            }
            let name = (first, Name::from_sql(&second.text));
            cursor.at = start + 3;
            if name == own && !own_name_seen {
                own_name_seen = true;
                continue;
            }
            let calls = cursor.peek().is_some_and(|next| next.kind == TokenKind::LeftParen)
                && !before.is_some_and(|b| b.is("REFERENCES") || b.is("INTO") || b.is("ON") || b.is("TABLE"));
            self.name_mention(&name, calls, needs);
            tables.push(name);
        }
        tables
    }

    fn name_mention(&self, name: &(Name, Name), calls: bool, needs: &mut Needs) {
        let things = self.names.things.get(name).map_or(&[][..], Vec::as_slice);
        let routines = self.names.routines.get(name).map_or(&[][..], Vec::as_slice);
        let (likely, unlikely) = if calls { (routines, things) } else { (things, routines) };
        let (likely, unlikely) = if likely.is_empty() { (unlikely, likely) } else { (likely, unlikely) };
        // Which of several routines of a name is meant is not known.
        if likely.len() > 1 && std::ptr::eq(likely, routines) {
            needs.weak.extend(likely);
        } else {
            needs.strong.extend(likely);
        }
        needs.weak.extend(unlikely);
        needs.strong.extend(self.names.shells.get(name));
    }

    /// A name without a schema: of something that no schema holds, or of anything where the search path says so.
    fn bare_mention(&self, part: &Part, lexemes: &[Lexeme<'_>], at: usize, name: &Name, needs: &mut Needs) {
        let before = |back: usize, word: &str| at.checked_sub(back).is_some_and(|at| lexemes[at].is(word));
        let kind = match () {
            () if before(1, "LANGUAGE") => Some(Kind::Language),
            () if before(1, "SERVER") => Some(Kind::Server),
            () if before(1, "WRAPPER") => Some(Kind::ForeignDataWrapper),
            () if before(1, "USING") || before(1, "METHOD") => Some(Kind::AccessMethod),
            () if before(1, "SCHEMA") => Some(Kind::Schema),
            () if before(1, "EXTENSION") => Some(Kind::Extension),
            () => None,
        };
        if let Some(kind) = kind {
            needs.strong.extend(self.names.globals.get(&(kind, name.clone())).into_iter().flatten());
        }
        // `REPLICA IDENTITY USING INDEX x`, `CLUSTER ON x`: an index of the statement's own table.
        if part.role == Role::Setting
            && (before(1, "INDEX") || (before(1, "ON") && before(2, "CLUSTER")))
            && let Some(schema) = &part.address.schema
        {
            self.name_mention(&(schema.clone(), name.clone()), false, needs);
        }
        for schema in &part.session.search_path {
            let name = (schema.clone(), name.clone());
            if name != key(&part.address) {
                needs.weak.extend(self.names.things.get(&name).into_iter().flatten());
                needs.weak.extend(self.names.routines.get(&name).into_iter().flatten());
            }
        }
    }

    /// `'schema.sequence'::regclass`
    fn literal_mention(&self, literal: &Lexeme<'_>, needs: &mut Needs) {
        let Some(value) = literal_value(literal) else { return };
        let Some(lexemes) = lexemes_of(&value) else { return };
        let Some(name) = Cursor::new(&lexemes).qualified() else { return };
        if let Some(schema) = name.schema {
            self.name_mention(&(schema, name.name), false, needs);
        }
    }

    /// A function that a type is made of needs the shell of the type and not the type; a view that stands in for
    /// itself is there early.
    fn redirect_to_shells(&mut self) {
        let shells: Vec<((Name, Name), usize)> =
            self.names.shells.iter().map(|(name, at)| (name.clone(), *at)).collect();
        if shells.is_empty() {
            return;
        }
        let needed_by = self.needed_by();
        for (name, shell) in shells {
            for definition in self.names.things.get(&name).cloned().unwrap_or_default() {
                let is_view = self.nodes[definition].part.address.kind == Kind::View;
                let makers = self.nodes[definition].needs.clone();
                for at in needed_by[definition].iter().copied() {
                    let other = at != definition && at != shell;
                    if other && (is_view || makers.contains(&at)) && self.nodes[at].needs.remove(&definition)
                    {
                        self.nodes[at].needs.insert(shell);
                    }
                }
                self.nodes[shell].needs.remove(&definition);
                self.nodes[shell].weak.remove(&definition);
                self.nodes[definition].needs.insert(shell);
                self.nodes[definition].needs.remove(&definition);
            }
        }
    }

    /// What a cast, an operator or a type needs comes before other things of its kind: many statements use casts and
    /// operators without naming them.
    fn promote(&mut self) {
        let mut by_rank: Vec<usize> = (0..self.nodes.len()).collect();
        by_rank.sort_by_key(|at| self.nodes[*at].rank);
        for start in by_rank {
            let rank = self.nodes[start].rank;
            if rank >= Kind::Sequence as u32 * 10 {
                break;
            }
            let mut stack = vec![start];
            while let Some(at) = stack.pop() {
                let needs: Vec<usize> = self.nodes[at].needs.iter().copied().collect();
                for need in needs {
                    if self.nodes[need].rank > rank {
                        self.nodes[need].rank = rank;
                        stack.push(need);
                    }
                }
            }
        }
    }

    fn sort(mut self) -> Ordered<'a> {
        let mut ordered = Ordered::default();
        let mut sorted: Vec<usize> = (0..self.nodes.len()).collect();
        sorted.sort_by_cached_key(|at| {
            let node = &self.nodes[*at];
            let address = &node.part.address;
            let mut parent = address.parent.as_deref().map(key);
            let mut own = key(address);
            let mut place = 0;
            if address.kind == Kind::Column {
                // By table, then as the parts of each table are sorted already.
                (own, place) = (parent.take().unwrap_or_default(), *at);
            }
            (
                node.post,
                node.rank,
                own,
                place,
                parent,
                address.signature.clone(),
                node.part.role,
                &node.part.text,
            )
        });
        let mut place = vec![0; sorted.len()];
        for (index, at) in sorted.iter().enumerate() {
            place[*at] = index;
        }
        let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        let mut waiting: Vec<usize> = vec![0; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            for need in node.needs.iter().chain(&node.weak) {
                needed_by[*need].push(at);
                waiting[at] += 1;
            }
        }
        let ready = (0..self.nodes.len()).filter(|at| waiting[*at] == 0).map(|at| Reverse(place[at]));
        let mut heap: BinaryHeap<Reverse<usize>> = ready.collect();
        let mut left: BTreeSet<usize> = (0..self.nodes.len()).map(|at| place[at]).collect();
        while !left.is_empty() {
            if heap.is_empty() {
                self.break_circle(
                    &mut left,
                    &mut waiting,
                    &mut needed_by,
                    &sorted,
                    &place,
                    &mut heap,
                    &mut ordered,
                );
                continue;
            }
            let Some(Reverse(index)) = heap.pop() else { break };
            if !left.remove(&index) {
                continue;
            }
            let at = sorted[index];
            let node = &self.nodes[at];
            let list = if node.post { &mut ordered.post_data } else { &mut ordered.pre_data };
            list.push(node.part);
            list.extend(&node.followers);
            for other in std::mem::take(&mut needed_by[at]) {
                waiting[other] -= 1;
                if waiting[other] == 0 {
                    heap.push(Reverse(place[other]));
                }
            }
        }
        // pg_dump writes privileges behind everything, and event triggers behind those, so that neither gets in the
        // way of the restore.
        let last = |part: &&Part| part.address.kind == Kind::EventTrigger;
        let (events, rest): (Vec<_>, Vec<_>) = ordered.post_data.into_iter().partition(last);
        ordered.post_data = rest;
        ordered.post_data.extend(&self.privileges);
        ordered.post_data.extend(events);
        ordered.post_data.extend(&self.others);
        ordered
    }

    /// Nothing is ready: drops the weak needs of what is left, or else lets the first of it go.
    #[expect(clippy::too_many_arguments, reason = "the state of one sort")]
    fn break_circle(
        &mut self,
        left: &mut BTreeSet<usize>,
        waiting: &mut [usize],
        needed_by: &mut [Vec<usize>],
        sorted: &[usize],
        place: &[usize],
        heap: &mut BinaryHeap<Reverse<usize>>,
        ordered: &mut Ordered<'a>,
    ) {
        let mut dropped = false;
        for at in left.iter().map(|index| sorted[*index]) {
            for need in std::mem::take(&mut self.nodes[at].weak) {
                if let Some(edge) = needed_by[need].iter().position(|other| *other == at) {
                    needed_by[need].swap_remove(edge);
                    waiting[at] -= 1;
                    dropped = true;
                }
            }
            if waiting[at] == 0 {
                heap.push(Reverse(place[at]));
            }
        }
        if dropped {
            return;
        }
        if let Some(index) = left.first().copied() {
            let at = sorted[index];
            ordered.circular.push(self.nodes[at].part.address.clone());
            for need in &self.nodes[at].needs {
                needed_by[*need].retain(|other| *other != at);
            }
            waiting[at] = 0;
            heap.push(Reverse(index));
        }
    }
}

struct Needs {
    strong: HashSet<usize>,
    weak: HashSet<usize>,
}

/// The place of a statement among the others before dependencies move it.
fn rank(part: &Part) -> u32 {
    let kind = part.address.kind;
    match (part.role, kind) {
        (Role::Shell, Kind::Type) => Kind::Type as u32 * 10 - 1,
        (Role::Shell, _) => Kind::View as u32 * 10,
        (Role::Definition, Kind::Constraint)
            if memchr::memmem::find(&part.text, b" FOREIGN KEY ").is_some() =>
        {
            Kind::Trigger as u32 * 10 + 1
        }
        (Role::Definition, kind) => kind as u32 * 10,
        // Parents before their partitions' partitions; all behind every relation.
        (Role::Attachment, kind) if kind.is_relation() => Kind::MaterializedView as u32 * 10 + 1,
        (Role::OwnedBy, _) => Kind::MaterializedView as u32 * 10 + 2,
        (Role::Identity, _) => Kind::MaterializedView as u32 * 10 + 3,
        (_, Kind::Column) => Kind::Column as u32 * 10,
        (_, kind) if kind.is_relation() => Kind::Index as u32 * 10 + 5,
        (_, kind) => kind as u32 * 10 + 5,
    }
}

fn is_post_data(part: &Part) -> bool {
    let on_domain = part.address.parent.as_ref().is_some_and(|parent| parent.kind == Kind::Domain);
    match part.address.kind {
        Kind::Constraint => !on_domain,
        Kind::Index | Kind::Statistics | Kind::Rule | Kind::Trigger | Kind::Policy => true,
        Kind::Publication | Kind::Subscription | Kind::DefaultPrivileges | Kind::EventTrigger => true,
        // The view's own text, where an empty one stands in for it.
        Kind::View if part.role == Role::Definition => part.text.starts_with(b"CREATE OR REPLACE"),
        kind if kind.is_relation() => part.role == Role::Setting,
        _ => false,
    }
}
