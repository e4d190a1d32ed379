//! A drawing of the tables that changed, and of the foreign keys between them and their neighbours.

use std::collections::{BTreeMap, BTreeSet};

use compare::Kind;
use dump::lexer::{Lexer, TokenKind};
use dump::{Address, Dump, Kind as ObjectKind, Name, Part, QualifiedName, Role};
use maud::{Markup, html};

use super::{ObjectGroup, Report, SchemaGroup, anchor, line};

/// More changed tables make no drawing that anybody reads.
const TOUCHED_MAX: usize = 40;
/// Neighbours come only as far as this.
const NODES_MAX: usize = 60;
/// The longest name in a box, in characters.
const LABEL_MAX: usize = 30;

const CHARACTER: f64 = 7.3;
const HEIGHT: f64 = 40.0;
const GAP: f64 = 16.0;
const BETWEEN: f64 = 72.0;
const MARGIN: f64 = 18.0;
/// The room for a line between boxes.
const LANE: f64 = 8.0;
const WIDTH: f64 = 960.0;

/// A table of a database; the database is left out where there is one.
type Table<'r> = (Option<&'r Name>, Address);

/// A foreign key: from the table that has it to the one it references.
type Edge<'r> = (Table<'r>, Table<'r>);

/// One box.
struct Node<'r> {
    table: Table<'r>,
    /// The changes of it, by the number of their anchor; none for a neighbour.
    changed: Option<(usize, Kind)>,
    layer: usize,
    x: f64,
    y: f64,
    width: f64,
}

/// Draws the diagram; `None` where no table changed.
pub(super) fn draw<'r>(report: &'r Report<'r>, groups: &'r [SchemaGroup<'r>]) -> Option<Markup> {
    let several = report.old.dump.databases.len() > 1 || report.new.dump.databases.len() > 1;
    let of_database = |name: Option<&'r Name>| name.filter(|_| several);
    let objects = groups.iter().flat_map(|group| &group.objects);
    let mut touched: Vec<&ObjectGroup<'_>> = objects.filter(|object| is_table(object.object.kind)).collect();
    let all = touched.len();
    // The worst ones are worth drawing most.
    touched.sort_by_key(|object| std::cmp::Reverse(object.severity()));
    touched.truncate(TOUCHED_MAX);
    touched.sort_by_key(|object| object.number);
    if touched.is_empty() {
        return None;
    }
    let edges = [report.old.dump, report.new.dump].map(|dump| foreign_keys(dump, several));
    let changed: BTreeMap<Table<'_>, (usize, Kind)> = touched
        .into_iter()
        .map(|object| ((of_database(object.database), plain(object.object)), (object.number, object.kind())))
        .collect();
    let mut tables: BTreeSet<Table<'_>> = changed.keys().cloned().collect();
    for (from, to) in edges.iter().flatten() {
        if tables.len() < NODES_MAX && (changed.contains_key(from) || changed.contains_key(to)) {
            tables.extend([from.clone(), to.clone()]);
        }
    }
    let shown: Vec<(&Edge<'_>, Kind)> = edges[0]
        .union(&edges[1])
        .filter(|(from, to)| tables.contains(from) && tables.contains(to))
        .map(|edge| {
            let kind = match (edges[0].contains(edge), edges[1].contains(edge)) {
                (true, true) => Kind::Changed,
                (false, _) => Kind::Added,
                (true, false) => Kind::Dropped,
            };
            (edge, kind)
        })
        .collect();
    let places: BTreeMap<&Table<'_>, usize> =
        tables.iter().enumerate().map(|(place, table)| (table, place)).collect();
    let lines: Vec<(usize, usize, Kind)> =
        shown.iter().map(|((from, to), kind)| (places[from], places[to], *kind)).collect();
    let mut nodes: Vec<Node<'_>> = tables
        .iter()
        .map(|table| Node {
            table: table.clone(),
            changed: changed.get(table).copied(),
            layer: 0,
            x: 0.0,
            y: 0.0,
            width: (label(&table.1).chars().count() + 2).max(10) as f64 * CHARACTER + 20.0,
        })
        .collect();
    let (ways, width, height) = arrange(&mut nodes, &lines);
    let left_out = all - changed.len();
    Some(html! {
        details.diagram open {
            summary { h2 { "Changed tables and their foreign keys" } }
            div.scroll tabindex="0" { (svg(&nodes, &lines, &ways, [width, height])) }
            @if left_out > 0 { p.note { "Not drawn: " (left_out) " more changed tables." } }
        }
    })
}

fn is_table(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Table | ObjectKind::ForeignTable)
}

/// A table as foreign keys name it, whatever kind of table it is.
fn plain(address: &Address) -> Address {
    Address::in_schema(ObjectKind::Table, address.qualified_name())
}

fn label(table: &Address) -> String {
    let name = line(&table.name.to_string());
    match name.char_indices().nth(LABEL_MAX) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name,
    }
}

/// The foreign keys of a dump, those of tables to themselves included.
fn foreign_keys(dump: &Dump, several: bool) -> BTreeSet<Edge<'_>> {
    let mut edges = BTreeSet::new();
    for database in &dump.databases {
        let name = database.name.as_ref().filter(|_| several);
        let tables = database.schema.objects.values().filter(|object| is_table(object.address.kind));
        for object in tables {
            for part in &object.parts {
                if let Some(target) = referenced(part) {
                    let target = Address::in_schema(ObjectKind::Table, target);
                    edges.insert(((name, plain(&object.address)), (name, target)));
                }
            }
        }
    }
    edges
}

/// The table that a foreign key references.
fn referenced(part: &Part) -> Option<QualifiedName> {
    if part.address.kind != ObjectKind::Constraint || part.role != Role::Definition {
        return None;
    }
    let tokens = Lexer::default().tokens(&part.text).ok()?;
    let mut words = tokens
        .iter()
        .filter(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment))
        .map(|token| (token.kind, &part.text[token.start..token.end]));
    words.find(|(kind, text)| *kind == TokenKind::Word && text.eq_ignore_ascii_case(b"REFERENCES"))?;
    let first = Name::from_sql(words.next()?.1);
    match words.next() {
        Some((TokenKind::Dot, _)) => {
            Some(QualifiedName { schema: Some(first), name: Name::from_sql(words.next()?.1) })
        }
        _ => Some(QualifiedName { schema: None, name: first }),
    }
}

/// What stands in a column: a box, or a line on its way between boxes of other columns.
enum Slot {
    Box(usize),
    Way(usize),
}

/// Where lines pass columns: from right to left, each by the column's edges and the height.
type Ways = Vec<Vec<(f64, f64, f64)>>;

/// Places the boxes: what is referenced to the left of what references it, what has no foreign keys below; returns where
/// lines pass between them, and the size of the whole.
fn arrange(nodes: &mut [Node<'_>], lines: &[(usize, usize, Kind)]) -> (Ways, f64, f64) {
    let mut targets: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut linked = vec![false; nodes.len()];
    for (from, to, _) in lines {
        if from != to {
            targets[*from].push(*to);
        }
        (linked[*from], linked[*to]) = (true, true);
    }
    let mut layers: Vec<Option<usize>> = vec![None; nodes.len()];
    for node in 0..nodes.len() {
        layer_of(node, &targets, &mut layers, &mut Vec::new());
    }
    for (node, layer) in nodes.iter_mut().zip(&layers) {
        node.layer = layer.unwrap_or_default();
    }
    let last = layers.iter().flatten().max().copied().unwrap_or_default();
    let mut ways: Ways = vec![Vec::new(); lines.len()];
    let (mut x, mut bottom, mut right) = (MARGIN, MARGIN, 0.0_f64);
    for layer in 0..=last {
        // Each beside the middle of what it leads to.
        let height = |node: usize| nodes[node].y + HEIGHT / 2.0;
        let mut column: Vec<(f64, Slot)> = Vec::new();
        for node in (0..nodes.len()).filter(|node| linked[*node] && nodes[*node].layer == layer) {
            let to = targets[node].iter().filter(|to| nodes[**to].layer < layer);
            let heights: Vec<f64> = to.map(|to| height(*to)).collect();
            let middle = heights.iter().sum::<f64>() / heights.len().max(1) as f64;
            column.push((if heights.is_empty() { f64::MAX } else { middle }, Slot::Box(node)));
        }
        for (at, (from, to, _)) in lines.iter().enumerate() {
            if nodes[*to].layer < layer && layer < nodes[*from].layer {
                let before = ways[at].last().map_or(height(*to), |(.., y)| *y);
                column.push((before, Slot::Way(at)));
            }
        }
        column.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let width = |slot: &Slot| if let Slot::Box(node) = slot { nodes[*node].width } else { 0.0 };
        let width = column.iter().map(|(_, slot)| width(slot)).fold(0.0, f64::max);
        let mut y = MARGIN;
        for (_, slot) in column {
            match slot {
                Slot::Box(node) => {
                    (nodes[node].x, nodes[node].y, nodes[node].width) = (x, y, width);
                    y += HEIGHT + GAP;
                }
                Slot::Way(line) => {
                    ways[line].push((x, x + width, y));
                    y += LANE + GAP;
                }
            }
            bottom = bottom.max(y);
            right = right.max(x + width);
        }
        if width > 0.0 {
            x += width + BETWEEN;
        }
    }
    ways.iter_mut().for_each(|way| way.reverse());
    let (mut x, mut y) = (MARGIN, bottom);
    let row_end = right.max(WIDTH);
    for node in (0..nodes.len()).filter(|node| !linked[*node]) {
        let width = nodes[node].width;
        if x > MARGIN && x + width > row_end {
            (x, y) = (MARGIN, y + HEIGHT + GAP);
        }
        (nodes[node].x, nodes[node].y) = (x, y);
        x += width + GAP;
        right = right.max(x - GAP);
        bottom = y + HEIGHT + GAP;
    }
    (ways, right + MARGIN, bottom + MARGIN - GAP)
}

/// The number of foreign keys on the longest way from a table; one that leads back does not count.
fn layer_of(
    node: usize,
    targets: &[Vec<usize>],
    layers: &mut [Option<usize>],
    on_way: &mut Vec<usize>,
) -> usize {
    if let Some(layer) = layers[node] {
        return layer;
    }
    on_way.push(node);
    let mut layer = 0;
    for to in &targets[node] {
        if !on_way.contains(to) {
            layer = layer.max(layer_of(*to, targets, layers, on_way) + 1);
        }
    }
    on_way.pop();
    layers[node] = Some(layer);
    layer
}

fn svg(nodes: &[Node<'_>], lines: &[(usize, usize, Kind)], ways: &Ways, [width, height]: [f64; 2]) -> Markup {
    let word = |kind: Kind| if kind == Kind::Changed { "same" } else { kind.word() };
    html! {
        svg viewBox={ "0 0 " (number(width)) " " (number(height)) } width=(number(width)) height=(number(height)) role="img"
            aria-label="Tables as boxes, foreign keys as arrows to the tables they reference" {
            defs {
                @for kind in [Kind::Added, Kind::Changed, Kind::Dropped] {
                    marker id={ "arrow-" (word(kind)) } class=(word(kind)) viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"
                        markerHeight="7" orient="auto" { path d="M0 0L8 4L0 8z" {} }
                }
            }
            @for ((from, to, kind), way) in lines.iter().zip(ways) {
                path class={ "edge " (word(*kind)) } d=(curve(&nodes[*from], way, &nodes[*to])) marker-end={ "url(#arrow-" (word(*kind)) ")" } {
                    title { (full(&nodes[*from])) " references " (full(&nodes[*to])) }
                }
            }
            @for node in nodes {
                @if let Some((number, kind)) = node.changed {
                    a href={ "#" (anchor(number)) } { (boxed(node, kind.word(), &kind.sign().to_string())) }
                } @else {
                    (boxed(node, "neighbour", ""))
                }
            }
        }
    }
}

fn boxed(node: &Node<'_>, class: &str, sign: &str) -> Markup {
    let schema = node.table.1.schema.as_ref().map(|schema| line(&schema.to_string())).unwrap_or_default();
    let above = match node.table.0 {
        Some(database) => format!("{}: {schema}", line(&database.to_string())),
        None => schema,
    };
    let blank = if sign.is_empty() { "" } else { " " };
    html! {
        g class={ "table " (class) } {
            title { (full(node)) }
            rect x=(number(node.x)) y=(number(node.y)) width=(number(node.width)) height=(number(HEIGHT)) rx="6" {}
            text.qualifier x=(number(node.x + 10.0)) y=(number(node.y + 15.0)) { (above) }
            text x=(number(node.x + 10.0)) y=(number(node.y + 31.0)) { (sign) (blank) (label(&node.table.1)) }
        }
    }
}

fn full(node: &Node<'_>) -> String {
    line(&node.table.1.qualified_name().to_string())
}

/// From the left of one box, past others, to the right of another; or in a loop.
fn curve(from: &Node<'_>, way: &[(f64, f64, f64)], to: &Node<'_>) -> String {
    let n = number;
    if std::ptr::eq(from, to) {
        let (x, y) = (from.x + from.width, from.y);
        let up = n(y - 17.0);
        return format!(
            "M{} {}C{} {up} {} {up} {} {}",
            n(x - 34.0),
            n(y),
            n(x - 40.0),
            n(x - 6.0),
            n(x - 14.0),
            n(y)
        );
    }
    let middle = HEIGHT / 2.0;
    let (mut x, mut y) = (from.x, from.y + middle);
    let mut path = format!("M{} {}", n(x), n(y));
    let mut bend_to = |to_x: f64, to_y: f64, then_x: f64| {
        let bend = ((x - to_x).abs() / 2.0).max(36.0);
        path.push_str(&format!(
            "C{} {} {} {} {} {}",
            n(x - bend),
            n(y),
            n(to_x + bend),
            n(to_y),
            n(to_x),
            n(to_y)
        ));
        if then_x < to_x {
            path.push_str(&format!("H{}", n(then_x)));
        }
        (x, y) = (then_x, to_y);
    };
    for (left, right, height) in way {
        bend_to(*right, *height, *left);
    }
    let end = to.x + to.width + 1.0;
    bend_to(end, to.y + middle, end);
    path
}

/// A length, as short as it is exact enough.
fn number(length: f64) -> String {
    format!("{length:.0}")
}
