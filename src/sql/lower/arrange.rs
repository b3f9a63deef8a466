//! A cluster becomes one n-way join: each condition goes to the input or the join where it can be decided first,
//! equalities become keys, and inputs are ordered so that lookups go by key.
//!
//! Joins that are not inner keep their place only as far as they must: an input is joined after the inputs that its ON condition
//! reads. Rows without a match survive every such order, because conditions of WHERE over a left-joined input are
//! applied after it, never as its ON.

use std::collections::{BTreeMap, BTreeSet};

use tailwater_connectors::SqlType;

use super::super::columns::Id;
use super::super::keys::identity;
use super::super::node::{Conjunct, Equality};
use super::super::scalars::{columns_of, conjunction, filtered, is_true, moved};
use super::cluster::{Cluster, Input};
use super::nodes::{Lowered, Lowering, place};
use super::order::{Candidate, Link, order};
use crate::engine::plan::{JoinInput, JoinKey, JoinKind, Plan};
use crate::engine::scalar::Scalar;

/// Arranges a cluster.
pub(super) fn arranged(mut cluster: Cluster, lowering: &Lowering<'_>) -> Lowered {
    let owners = cluster.owners();
    let conjuncts = std::mem::take(&mut cluster.conjuncts);
    let pool = push_down(&mut cluster, &owners, conjuncts);
    if cluster.inputs.len() == 1 {
        let Input { lowered, .. } = cluster.inputs.pop().expect("a cluster has an input");
        let places = lowered.places();
        let conditions = pool.iter().map(|one| moved(&one.condition, &|id| place(&places, id))).collect();
        return Lowered { plan: filtered(lowered.plan, conditions), columns: lowered.columns };
    }
    let order = join_order(&cluster, &owners, (&pool, lowering));
    let extras = vec![Vec::new(); cluster.inputs.len()];
    let mut placer = Placer { cluster: &cluster, owners: &owners, placed: Vec::new(), extras, pool };
    let steps: Vec<Step> = order.iter().map(|&input| placer.place(input)).collect();
    let Placer { extras, pool, .. } = placer;
    assemble(cluster, steps, (extras, pool), &|ids| lowering.columns.types(ids))
}

/// Conditions over one input become its filter; the others come back.
fn push_down(cluster: &mut Cluster, owners: &BTreeMap<Id, usize>, conjuncts: Vec<Conjunct>) -> Vec<Conjunct> {
    let mut pool = Vec::new();
    let mut filters: Vec<Vec<Scalar>> = cluster.inputs.iter().map(|_| Vec::new()).collect();
    for conjunct in conjuncts.into_iter().filter(|conjunct| !is_true(&conjunct.condition)) {
        match single_input(owners, &conjunct.condition) {
            Some(input) if cluster.inputs[input].kind == JoinKind::Inner => filters[input].push(conjunct.condition),
            _ => pool.push(conjunct),
        }
    }
    for (place, input) in cluster.inputs.iter_mut().enumerate() {
        for conjunct in std::mem::take(&mut input.on) {
            if is_true(&conjunct.condition) {
                continue;
            }
            if single_input(owners, &conjunct.condition) == Some(place) {
                filters[place].push(conjunct.condition);
            } else {
                input.on.push(conjunct);
            }
        }
    }
    for (input, filters) in cluster.inputs.iter_mut().zip(filters) {
        let places = input.lowered.places();
        let local = filters.iter().map(|filter| moved(filter, &|id| place(&places, id))).collect();
        let plan = std::mem::replace(&mut input.lowered.plan, Plan::UnionAll { inputs: Vec::new() });
        input.lowered.plan = filtered(plan, local);
    }
    pool
}

fn inputs_of(owners: &BTreeMap<Id, usize>, scalar: &Scalar) -> BTreeSet<usize> {
    columns_of(scalar).into_iter().map(|id| *owners.get(&id).expect("conditions read columns of inputs")).collect()
}

fn single_input(owners: &BTreeMap<Id, usize>, scalar: &Scalar) -> Option<usize> {
    let inputs = inputs_of(owners, scalar);
    let only = inputs.first().copied()?;
    (inputs.len() == 1).then_some(only)
}

fn join_order(
    cluster: &Cluster,
    owners: &BTreeMap<Id, usize>,
    (pool, lowering): (&[Conjunct], &Lowering<'_>),
) -> Vec<usize> {
    let candidates: Vec<Candidate> = (cluster.inputs.iter().enumerate())
        .map(|(position, input)| Candidate {
            kind: input.kind,
            needs: needs(owners, position, input),
            identity: identity(&input.lowered.plan, lowering.relations),
        })
        .collect();
    let mut links = Vec::new();
    for conjunct in pool {
        for to in inputs_of(owners, &conjunct.condition) {
            // A WHERE condition over an input that is not inner does not help to find that input.
            if cluster.inputs[to].kind == JoinKind::Inner {
                links.extend(link(cluster, owners, (conjunct, to)));
            }
        }
    }
    for (to, input) in cluster.inputs.iter().enumerate() {
        links.extend(input.on.iter().filter_map(|conjunct| link(cluster, owners, (conjunct, to))));
    }
    order(&candidates, &links)
}

fn needs(owners: &BTreeMap<Id, usize>, position: usize, input: &Input) -> BTreeSet<usize> {
    let read = input.on.iter().flat_map(|conjunct| inputs_of(owners, &conjunct.condition));
    read.filter(|&other| other != position).collect()
}

fn link(cluster: &Cluster, owners: &BTreeMap<Id, usize>, (conjunct, to): (&Conjunct, usize)) -> Option<Link> {
    let Sides { before, own, .. } = sides(cluster, owners, (conjunct, to))?;
    let from = single_input(owners, before)?;
    let column = match own {
        Scalar::Column(id) => cluster.inputs[to].lowered.columns.iter().position(|column| column == id),
        _ => None,
    };
    Some(Link { from, to, column })
}

/// The sides of an equality: over one input before, and over the input at hand.
struct Sides<'a> {
    before: &'a Scalar,
    own: &'a Scalar,
    equality: &'a Equality,
}

fn sides<'a>(
    cluster: &Cluster,
    owners: &BTreeMap<Id, usize>,
    (conjunct, to): (&'a Conjunct, usize),
) -> Option<Sides<'a>> {
    let equality = conjunct.equality.as_ref()?;
    let (left, right) = (&equality.left, &equality.right);
    let (before, own) = match (single_input(owners, left)?, single_input(owners, right)?) {
        (before, own) if own == to && before != to => (left, right),
        (own, before) if own == to && before != to => (right, left),
        _ => return None,
    };
    let from = single_input(owners, before)?;
    // Computed in a left-joined input before it has no match, only what stays null there may be a key; and the mark is no
    // column of its input.
    let source = &cluster.inputs[from];
    let is_mark = |scalar: &Scalar| source.mark.is_some_and(|mark| columns_of(scalar).contains(&mark));
    let usable = match source.kind {
        JoinKind::Inner => true,
        JoinKind::Mark => matches!(before, Scalar::Column(_)),
        _ => keeps_null(before) && !is_mark(before),
    };
    usable.then_some(Sides { before, own, equality })
}

fn keeps_null(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Column(_) => true,
        Scalar::Cast { input, .. } => keeps_null(input),
        _ => false,
    }
}

/// A column of an input: its own, or one that is computed for a key.
#[derive(Clone, Copy)]
enum KeyColumn {
    Own(Id),
    Extra(usize),
}

/// The input before and its column, the column of this input, and whether nulls match.
struct StepKey {
    before: (usize, KeyColumn),
    own: KeyColumn,
    null_safe: bool,
}

/// One input in join order.
struct Step {
    input: usize,
    keys: Vec<StepKey>,
    residual: Vec<Scalar>,
}

/// An input with the columns computed for its keys.
type Placed = (Input, Vec<(Scalar, SqlType)>);

/// Columns computed for keys, by input.
type Extras = Vec<Vec<(Scalar, SqlType)>>;

struct Placer<'a> {
    cluster: &'a Cluster,
    owners: &'a BTreeMap<Id, usize>,
    placed: Vec<usize>,
    extras: Extras,
    pool: Vec<Conjunct>,
}

impl Placer<'_> {
    fn place(&mut self, input: usize) -> Step {
        self.placed.push(input);
        let conjuncts = match self.cluster.inputs[input].kind {
            JoinKind::Inner => self.decided(input),
            _ => self.cluster.inputs[input].on.clone(),
        };
        let mut step = Step { input, keys: Vec::new(), residual: Vec::new() };
        for conjunct in conjuncts {
            match self.key(&conjunct, input) {
                Some(key) => step.keys.push(key),
                None => step.residual.push(conjunct.condition),
            }
        }
        step
    }

    /// Conditions of WHERE that can be decided once `input` is there, and not before.
    fn decided(&mut self, input: usize) -> Vec<Conjunct> {
        let (now, later) = std::mem::take(&mut self.pool).into_iter().partition(|conjunct| {
            let inputs = inputs_of(self.owners, &conjunct.condition);
            inputs.contains(&input) && inputs.iter().all(|input| self.placed.contains(input))
        });
        self.pool = later;
        now
    }

    fn key(&mut self, conjunct: &Conjunct, input: usize) -> Option<StepKey> {
        let Sides { before, own, equality } = sides(self.cluster, self.owners, (conjunct, input))?;
        let from = single_input(self.owners, before)?;
        Some(StepKey {
            before: (from, self.key_column(from, before, &equality.sql_type)),
            own: self.key_column(input, own, &equality.sql_type),
            null_safe: equality.null_safe,
        })
    }

    fn key_column(&mut self, input: usize, scalar: &Scalar, sql_type: &SqlType) -> KeyColumn {
        if let Scalar::Column(id) = scalar {
            return KeyColumn::Own(*id);
        }
        let places = self.cluster.inputs[input].lowered.places();
        let computed = (moved(scalar, &|id| place(&places, id)), sql_type.clone());
        let extras = &mut self.extras[input];
        let known = extras.iter().position(|known| *known == computed);
        KeyColumn::Extra(known.unwrap_or_else(|| {
            extras.push(computed);
            extras.len() - 1
        }))
    }
}

/// A number for a column that is computed for a key: beyond all others.
fn extra(input: usize, number: usize) -> Id {
    usize::MAX - (input << 16) - number
}

fn assemble(
    cluster: Cluster,
    steps: Vec<Step>,
    (extras, pool): (Extras, Vec<Conjunct>),
    types: &dyn Fn(&[Id]) -> Vec<SqlType>,
) -> Lowered {
    let mut inputs: Vec<Option<Placed>> = cluster.inputs.into_iter().zip(extras).map(Some).collect();
    let mut columns: Vec<Id> = Vec::new();
    let mut joined = Vec::new();
    for step in steps {
        let (input, computed) = inputs[step.input].take().expect("each input is placed once");
        let Input { lowered, kind, mark, .. } = input;
        let own: Vec<Id> = lowered
            .columns
            .iter()
            .copied()
            .chain((0..computed.len()).map(|number| extra(step.input, number)))
            .collect();
        let find = |columns: &[Id], input: usize, column: KeyColumn| {
            let id = match column {
                KeyColumn::Own(id) => id,
                KeyColumn::Extra(number) => extra(input, number),
            };
            columns.iter().position(|column| *column == id).expect("a key column is in its input")
        };
        let keys = step.keys.iter().map(|key| JoinKey {
            before: find(&columns, key.before.0, key.before.1),
            own: find(&own, step.input, key.own),
            null_safe: key.null_safe,
        });
        let keys = keys.collect();
        let all: Vec<Id> = columns.iter().chain(&own).copied().collect();
        let at = |id: Id| all.iter().position(|column| *column == id).expect("a residual reads what is there");
        let residual = conjunction(step.residual.iter().map(|scalar| moved(scalar, &at)).collect());
        joined.push(JoinInput {
            plan: with_extras(lowered.plan, types(&lowered.columns), computed),
            kind,
            keys,
            residual,
        });
        match kind {
            JoinKind::Inner | JoinKind::Left => columns.extend(own),
            JoinKind::Semi | JoinKind::Anti => {}
            JoinKind::Mark => columns.extend(mark),
        }
    }
    let at = |id: Id| columns.iter().position(|column| *column == id).expect("a condition reads what is there");
    let last = pool.iter().map(|conjunct| moved(&conjunct.condition, &at)).collect();
    let plan = filtered(Plan::Join { inputs: joined }, last);
    Lowered { plan, columns }
}

/// The plan of an input with columns computed for keys.
fn with_extras(plan: Plan, types: Vec<SqlType>, extras: Vec<(Scalar, SqlType)>) -> Plan {
    if extras.is_empty() {
        return plan;
    }
    let (computed, computed_types): (Vec<_>, Vec<_>) = extras.into_iter().unzip();
    let expressions = (0..types.len()).map(Scalar::Column).chain(computed).collect();
    let types = types.into_iter().chain(computed_types).collect();
    Plan::Project { input: Box::new(plan), expressions, types }
}
