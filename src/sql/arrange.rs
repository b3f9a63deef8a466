//! A cluster becomes one n-way join: each condition goes to the input or the join where it can be decided first,
//! equalities become keys, and inputs are ordered so that lookups go by key.
//!
//! Left joins keep their place only as far as they must: an input is joined after the inputs that its ON condition
//! reads. Rows without a match survive every such order, because conditions of WHERE over a left-joined input are
//! applied after it, never as its ON.

use std::collections::BTreeSet;

use tailwater_connectors::SqlType;

use super::cluster::{Cluster, Input};
use super::keys::{Relations, identity};
use super::order::{Candidate, Link, order};
use super::relation::Conjunct;
use super::scalars::{columns_of, conjunction, filtered, is_true, moved};
use crate::engine::plan::{JoinInput, JoinKey, JoinKind, Plan};
use crate::engine::scalar::Scalar;

/// A cluster's rows, and where each column of its inputs is in them.
pub(super) struct Arranged {
    pub(super) plan: Plan,
    pub(super) places: Vec<usize>,
}

/// Arranges a cluster.
pub(super) fn arranged(mut cluster: Cluster, relations: &Relations) -> Arranged {
    let conjuncts = std::mem::take(&mut cluster.conjuncts);
    let mut pool = push_down(&mut cluster, conjuncts);
    if cluster.inputs.len() == 1 {
        let input = cluster.inputs.pop().expect("a cluster has an input");
        let places = (0..input.end()).collect();
        return Arranged { plan: filtered(input.plan, conditions(pool)), places };
    }
    let order = join_order(&cluster, &pool, relations);
    let mut placer = Placer { extras: vec![Vec::new(); cluster.inputs.len()], cluster: &cluster, placed: Vec::new() };
    let steps: Vec<Step> = order.iter().map(|&input| placer.place(input, &mut pool)).collect();
    let Placer { extras, .. } = placer;
    assemble(cluster, extras, steps, pool)
}

fn conditions(pool: Vec<Conjunct>) -> Vec<Scalar> {
    pool.into_iter().map(|conjunct| conjunct.condition).collect()
}

/// Conditions over one input become its filter; the others come back.
fn push_down(cluster: &mut Cluster, conjuncts: Vec<Conjunct>) -> Vec<Conjunct> {
    let mut pool = Vec::new();
    let mut filters: Vec<Vec<Scalar>> = cluster.inputs.iter().map(|_| Vec::new()).collect();
    for conjunct in conjuncts.into_iter().filter(|conjunct| !is_true(&conjunct.condition)) {
        match single_input(cluster, &conjunct.condition) {
            Some(input) if cluster.inputs[input].kind == JoinKind::Inner => filters[input].push(conjunct.condition),
            _ => pool.push(conjunct),
        }
    }
    for (input, filters) in filters.iter_mut().enumerate() {
        for conjunct in std::mem::take(&mut cluster.inputs[input].on) {
            if is_true(&conjunct.condition) {
                continue;
            }
            if single_input(cluster, &conjunct.condition) == Some(input) {
                filters.push(conjunct.condition);
            } else {
                cluster.inputs[input].on.push(conjunct);
            }
        }
    }
    for (input, filters) in cluster.inputs.iter_mut().zip(filters) {
        let first = input.first;
        let local = filters.iter().map(|filter| moved(filter, &|column| column - first)).collect();
        let plan = std::mem::replace(&mut input.plan, Plan::UnionAll { inputs: Vec::new() });
        input.plan = filtered(plan, local);
    }
    pool
}

fn inputs_of(cluster: &Cluster, scalar: &Scalar) -> BTreeSet<usize> {
    columns_of(scalar).into_iter().map(|column| cluster.owner(column)).collect()
}

fn single_input(cluster: &Cluster, scalar: &Scalar) -> Option<usize> {
    let inputs = inputs_of(cluster, scalar);
    let only = inputs.first().copied()?;
    (inputs.len() == 1).then_some(only)
}

fn join_order(cluster: &Cluster, pool: &[Conjunct], relations: &Relations) -> Vec<usize> {
    let candidates: Vec<Candidate> = cluster
        .inputs
        .iter()
        .enumerate()
        .map(|(position, input)| Candidate {
            kind: input.kind,
            needs: needs(cluster, position, input),
            identity: identity(&input.plan, relations),
        })
        .collect();
    let mut links = Vec::new();
    for conjunct in pool {
        for to in inputs_of(cluster, &conjunct.condition) {
            // A WHERE condition over a left-joined input does not help to find that input.
            if cluster.inputs[to].kind == JoinKind::Inner {
                links.extend(link(cluster, conjunct, to));
            }
        }
    }
    for (to, input) in cluster.inputs.iter().enumerate() {
        links.extend(input.on.iter().filter_map(|conjunct| link(cluster, conjunct, to)));
    }
    order(&candidates, &links)
}

fn needs(cluster: &Cluster, position: usize, input: &Input) -> BTreeSet<usize> {
    let read = input.on.iter().flat_map(|conjunct| inputs_of(cluster, &conjunct.condition));
    read.filter(|&other| other != position).collect()
}

fn link(cluster: &Cluster, conjunct: &Conjunct, to: usize) -> Option<Link> {
    let Sides { before, own } = sides(cluster, conjunct, to)?;
    let from = single_input(cluster, before)?;
    let column = match own {
        Scalar::Column(column) => Some(column - cluster.inputs[to].first),
        _ => None,
    };
    Some(Link { from, to, column })
}

/// The sides of an equality: over one input before, and over the input at hand.
struct Sides<'a> {
    before: &'a Scalar,
    own: &'a Scalar,
}

fn sides<'a>(cluster: &Cluster, conjunct: &'a Conjunct, to: usize) -> Option<Sides<'a>> {
    let equality = conjunct.equality.as_ref()?;
    let (left, right) = (&equality.left, &equality.right);
    let (before, own) = match (single_input(cluster, left)?, single_input(cluster, right)?) {
        (before, own) if own == to && before != to => (left, right),
        (own, before) if own == to && before != to => (right, left),
        _ => return None,
    };
    let from = single_input(cluster, before)?;
    // Computed in a left-joined input before it has no match, only what stays null there may be a key.
    let usable = cluster.inputs[from].kind == JoinKind::Inner || keeps_null(before);
    usable.then_some(Sides { before, own })
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
    Own(usize),
    Extra(usize),
}

/// One input in join order.
struct Step {
    input: usize,
    /// The input before and its column, and the column of this input.
    keys: Vec<((usize, KeyColumn), KeyColumn)>,
    residual: Vec<Scalar>,
}

struct Placer<'a> {
    cluster: &'a Cluster,
    placed: Vec<usize>,
    /// Columns computed for keys, by input, over the input's own columns.
    extras: Vec<Vec<(Scalar, SqlType)>>,
}

impl Placer<'_> {
    fn place(&mut self, input: usize, pool: &mut Vec<Conjunct>) -> Step {
        self.placed.push(input);
        let conjuncts = match self.cluster.inputs[input].kind {
            JoinKind::Left => self.cluster.inputs[input].on.clone(),
            JoinKind::Inner => self.decided(input, pool),
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
    fn decided(&self, input: usize, pool: &mut Vec<Conjunct>) -> Vec<Conjunct> {
        let (now, later) = std::mem::take(pool).into_iter().partition(|conjunct| {
            let inputs = inputs_of(self.cluster, &conjunct.condition);
            inputs.contains(&input) && inputs.iter().all(|input| self.placed.contains(input))
        });
        *pool = later;
        now
    }

    fn key(&mut self, conjunct: &Conjunct, input: usize) -> Option<((usize, KeyColumn), KeyColumn)> {
        let Sides { before, own } = sides(self.cluster, conjunct, input)?;
        let from = single_input(self.cluster, before)?;
        let sql_type = &conjunct.equality.as_ref()?.sql_type;
        Some(((from, self.key_column(from, before, sql_type)), self.key_column(input, own, sql_type)))
    }

    fn key_column(&mut self, input: usize, scalar: &Scalar, sql_type: &SqlType) -> KeyColumn {
        let first = self.cluster.inputs[input].first;
        if let Scalar::Column(column) = scalar {
            return KeyColumn::Own(column - first);
        }
        let computed = (moved(scalar, &|column| column - first), sql_type.clone());
        let extras = &mut self.extras[input];
        let known = extras.iter().position(|known| *known == computed);
        KeyColumn::Extra(known.unwrap_or_else(|| {
            extras.push(computed);
            extras.len() - 1
        }))
    }
}

fn assemble(cluster: Cluster, extras: Vec<Vec<(Scalar, SqlType)>>, steps: Vec<Step>, pool: Vec<Conjunct>) -> Arranged {
    let widths: Vec<usize> = cluster.inputs.iter().map(|input| input.types.len()).collect();
    let mut offsets = vec![0; widths.len()];
    let mut end = 0;
    for step in &steps {
        offsets[step.input] = end;
        end += widths[step.input] + extras[step.input].len();
    }
    let places: Vec<usize> = (0..cluster.inputs.last().map_or(0, Input::end))
        .map(|column| {
            let owner = cluster.owner(column);
            offsets[owner] + column - cluster.inputs[owner].first
        })
        .collect();
    let local = |input: usize, column: KeyColumn| match column {
        KeyColumn::Own(column) => column,
        KeyColumn::Extra(extra) => widths[input] + extra,
    };
    let kinds: Vec<JoinKind> = cluster.inputs.iter().map(|input| input.kind).collect();
    let mut plans: Vec<Option<Plan>> =
        cluster.inputs.into_iter().zip(extras).map(|(input, extras)| Some(with_extras(input, extras))).collect();
    let inputs = steps
        .into_iter()
        .map(|step| JoinInput {
            plan: plans[step.input].take().expect("each input is placed once"),
            kind: kinds[step.input],
            keys: step
                .keys
                .iter()
                .map(|&((from, before), own)| JoinKey {
                    before: offsets[from] + local(from, before),
                    own: local(step.input, own),
                    null_safe: false,
                })
                .collect(),
            residual: conjunction(step.residual.iter().map(|scalar| moved(scalar, &|column| places[column])).collect()),
        })
        .collect();
    let last = conditions(pool).iter().map(|scalar| moved(scalar, &|column| places[column])).collect();
    Arranged { plan: filtered(Plan::Join { inputs }, last), places }
}

fn with_extras(input: Input, extras: Vec<(Scalar, SqlType)>) -> Plan {
    if extras.is_empty() {
        return input.plan;
    }
    let (computed, computed_types): (Vec<_>, Vec<_>) = extras.into_iter().unzip();
    let expressions = (0..input.types.len()).map(Scalar::Column).chain(computed).collect();
    let types = input.types.into_iter().chain(computed_types).collect();
    Plan::Project { input: Box::new(input.plan), expressions, types }
}
