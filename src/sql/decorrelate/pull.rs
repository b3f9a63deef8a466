//! Lifts what refers to the left side of an apply out of its right side.
//!
//! Invariant: for one left row, the rows of the right side are those of `node` for which all `conditions` hold, with
//! `deferred` columns computed beside them; and where there is none and `on_empty` is given, one row of those values.

use std::collections::{BTreeMap, BTreeSet};

use tailwater_connectors::Value;

use super::super::columns::{Columns, Id};
use super::super::node::{Conjunct, Equality, Node};
use super::super::rename::{free, reads, rewrite};
use super::super::scalars::{columns_of, folded, is_true, replaced};
use crate::engine::plan::{AggregateCall, AggregateFunction, JoinKind};
use crate::engine::scalar::Scalar;

/// The right side without references to the left.
pub(super) struct Pulled {
    pub(super) node: Node,
    pub(super) conditions: Vec<Conjunct>,
    pub(super) deferred: Vec<(Id, Scalar)>,
    pub(super) on_empty: Option<BTreeMap<Id, Scalar>>,
}

/// It cannot be done this way.
pub(super) struct NeedsDomain;

type Result<T> = std::result::Result<T, NeedsDomain>;

impl Pulled {
    fn of(node: Node) -> Self {
        Self { node, conditions: Vec::new(), deferred: Vec::new(), on_empty: None }
    }

    /// An expression with deferred columns written out.
    pub(super) fn written_out(&self, scalar: &Scalar) -> Scalar {
        replaced(scalar, &|id| match self.deferred.iter().find(|(deferred, _)| *deferred == id) {
            Some((_, meaning)) => meaning.clone(),
            None => Scalar::Column(id),
        })
    }

    pub(super) fn conjunct(&self, conjunct: &Conjunct) -> Conjunct {
        conjunct.replaced(&|id| self.written_out(&Scalar::Column(id)))
    }

    /// Refuses to go on when one of these columns is deferred or there is a row on empty.
    fn plain(self, used: impl IntoIterator<Item = Id>) -> Result<Self> {
        let deferred: BTreeSet<Id> = self.deferred.iter().map(|(id, _)| *id).collect();
        if self.on_empty.is_some() || used.into_iter().any(|id| deferred.contains(&id)) {
            Err(NeedsDomain)
        } else {
            Ok(self)
        }
    }

    /// Makes every condition an equality of a column of `node` with an expression over the left side; answers the columns.
    fn keyed(&mut self, puller: &mut Puller<'_>) -> Result<Vec<Id>> {
        let mut computed = Vec::new();
        let mut keys = Vec::new();
        let mut conditions = Vec::new();
        for conjunct in std::mem::take(&mut self.conditions) {
            let (inner, outer, equality) = puller.sides(&conjunct).ok_or(NeedsDomain)?;
            let column = match inner {
                Scalar::Column(column) => column,
                other => {
                    let column = puller.columns.add(equality.sql_type.clone(), true);
                    computed.push((column, other));
                    column
                }
            };
            keys.push(column);
            conditions.push(puller.equality(column, outer, &equality));
        }
        let node = std::mem::replace(&mut self.node, Node::one_row());
        self.node = node.mapped(computed);
        self.conditions = conditions;
        Ok(keys)
    }
}

/// Pulls references to `left` out of nodes.
pub(super) struct Puller<'a> {
    pub(super) columns: &'a mut Columns,
    /// Columns of the left side.
    pub(super) left: &'a BTreeSet<Id>,
}

impl Puller<'_> {
    fn is_outer(&self, scalar: &Scalar) -> bool {
        reads(scalar, self.left)
    }

    /// The sides of an equality between an expression over the right side and one over the left side.
    fn sides(&self, conjunct: &Conjunct) -> Option<(Scalar, Scalar, Equality)> {
        let equality = conjunct.equality.clone()?;
        let pure = |scalar: &Scalar| columns_of(scalar).iter().all(|id| self.left.contains(id));
        let (left, right) = (equality.left.clone(), equality.right.clone());
        if pure(&left) && !self.is_outer(&right) {
            return Some((right, left, equality));
        }
        (pure(&right) && !self.is_outer(&left)).then_some((left, right, equality))
    }

    fn equality(&self, column: Id, outer: Scalar, like: &Equality) -> Conjunct {
        super::apply::equality(column, outer, (like.sql_type.clone(), like.null_safe))
    }

    /// The right side of an apply without its references.
    pub(super) fn pull(&mut self, mut node: Node) -> Result<Pulled> {
        if free(&node).is_disjoint(self.left) {
            return Ok(Pulled::of(node));
        }
        match &mut node {
            Node::Filter { input, conjuncts } => {
                let (input, conjuncts) = (take(input), std::mem::take(conjuncts));
                self.filter(input, conjuncts)
            }
            Node::Map { input, computed } => {
                let (input, computed) = (take(input), std::mem::take(computed));
                self.map(input, computed)
            }
            Node::Join { kind, .. } => match kind {
                JoinKind::Inner => self.inner_join(node),
                _ => self.outer_join(node),
            },
            Node::Aggregate { input, .. } => {
                let input = take(input);
                self.aggregate(node, input)
            }
            Node::Distinct { input, columns } => {
                if columns.iter().any(|id| self.left.contains(id)) {
                    return Err(NeedsDomain);
                }
                let mut pulled = self.pull(take(input))?.plain(columns.iter().copied())?;
                let keys = pulled.keyed(self)?;
                let mut columns = columns.clone();
                columns.extend(keys.into_iter().filter(|key| !columns.contains(key)).collect::<BTreeSet<_>>());
                let inner = std::mem::replace(&mut pulled.node, Node::one_row());
                pulled.node = Node::Distinct { input: Box::new(inner), columns };
                Ok(pulled)
            }
            Node::TopN { input, .. } | Node::Window { input, .. } => {
                let input = take(input);
                self.partitioned(node, input)
            }
            Node::Expand { input, .. } | Node::Flatten { input, .. } => {
                let input = take(input);
                let mut pulled = self.pull(input)?;
                self.refuse_own(&node, &pulled)?;
                pulled = pulled.plain([])?;
                replace_input(&mut node, std::mem::replace(&mut pulled.node, Node::one_row()));
                pulled.node = node;
                Ok(pulled)
            }
            Node::UnionAll { inputs, columns } => {
                let (inputs, columns) = (std::mem::take(inputs), std::mem::take(columns));
                let (inputs, columns, conditions) = self.branches(inputs, columns)?;
                Ok(Pulled { conditions, ..Pulled::of(Node::UnionAll { inputs, columns }) })
            }
            Node::SetOperation { left, right, operator, all, columns } => {
                let empty = || (Node::one_row(), Vec::new());
                let inputs = vec![std::mem::replace(&mut **left, empty()), std::mem::replace(&mut **right, empty())];
                let (mut inputs, columns, conditions) = self.branches(inputs, std::mem::take(columns))?;
                let right = Box::new(inputs.pop().ok_or(NeedsDomain)?);
                let left = Box::new(inputs.pop().ok_or(NeedsDomain)?);
                let node = Node::SetOperation { left, right, operator: *operator, all: *all, columns };
                Ok(Pulled { conditions, ..Pulled::of(node) })
            }
            Node::Scan { .. }
            | Node::Values { .. }
            | Node::Apply { .. }
            | Node::Recursion { .. }
            | Node::Round { .. } => Err(NeedsDomain),
        }
    }

    fn filter(&mut self, input: Node, conjuncts: Vec<Conjunct>) -> Result<Pulled> {
        let mut pulled = self.pull(input)?;
        let mut kept = Vec::new();
        for conjunct in conjuncts {
            let conjunct = pulled.conjunct(&conjunct);
            if let Some(row) = &pulled.on_empty {
                let truth = folded(replaced(&conjunct.condition, &on_empty(row)));
                match truth {
                    truth if is_true(&truth) => {}
                    Scalar::Literal(_) => pulled.on_empty = None,
                    _ => return Err(NeedsDomain),
                }
            }
            if self.is_outer(&conjunct.condition) {
                pulled.conditions.push(conjunct);
            } else {
                kept.push(conjunct);
            }
        }
        let node = std::mem::replace(&mut pulled.node, Node::one_row());
        pulled.node = node.filtered(kept);
        Ok(pulled)
    }

    fn map(&mut self, input: Node, computed: Vec<(Id, Scalar)>) -> Result<Pulled> {
        let mut pulled = self.pull(input)?;
        let mut kept = Vec::new();
        for (id, scalar) in computed {
            let scalar = pulled.written_out(&scalar);
            if let Some(row) = &mut pulled.on_empty {
                let value = folded(replaced(&scalar, &on_empty(row)));
                row.insert(id, value);
            }
            if self.is_outer(&scalar) {
                pulled.deferred.push((id, scalar));
            } else {
                kept.push((id, scalar));
            }
        }
        let node = std::mem::replace(&mut pulled.node, Node::one_row());
        pulled.node = node.mapped(kept);
        Ok(pulled)
    }

    fn inner_join(&mut self, node: Node) -> Result<Pulled> {
        let Node::Join { left, right, on, .. } = node else { return Err(NeedsDomain) };
        let left = self.pull(*left)?.plain([])?;
        let right = self.pull(*right)?.plain([])?;
        let mut both = Pulled::of(Node::one_row());
        both.conditions = left.conditions.into_iter().chain(right.conditions).collect();
        both.deferred = left.deferred.into_iter().chain(right.deferred).collect();
        let (outer, on): (Vec<_>, Vec<_>) =
            on.iter().map(|conjunct| both.conjunct(conjunct)).partition(|conjunct| self.is_outer(&conjunct.condition));
        both.conditions.extend(outer);
        let (left, right) = (Box::new(left.node), Box::new(right.node));
        both.node = Node::Join { left, right, kind: JoinKind::Inner, on, mark: None };
        Ok(both)
    }

    /// Left, semi, anti and mark joins: the left side only.
    fn outer_join(&mut self, node: Node) -> Result<Pulled> {
        let Node::Join { left, right, kind, on, mark } = node else { return Err(NeedsDomain) };
        let own = on.iter().any(|conjunct| self.is_outer(&conjunct.condition));
        if own || !free(&right).is_disjoint(self.left) {
            return Err(NeedsDomain);
        }
        let used: BTreeSet<Id> = on.iter().flat_map(|conjunct| columns_of(&conjunct.condition)).collect();
        let mut pulled = self.pull(*left)?.plain(used)?;
        let left = Box::new(std::mem::replace(&mut pulled.node, Node::one_row()));
        pulled.node = Node::Join { left, right, kind, on, mark };
        Ok(pulled)
    }

    fn aggregate(&mut self, mut node: Node, input: Node) -> Result<Pulled> {
        let mut pulled = self.pull(input)?;
        self.refuse_own(&node, &pulled)?;
        pulled = pulled.plain([])?;
        let keys = pulled.keyed(self)?;
        replace_input(&mut node, std::mem::replace(&mut pulled.node, Node::one_row()));
        if let Node::Aggregate { group, calls, .. } = &mut node {
            if group.is_empty() {
                pulled.on_empty = Some(calls.iter().map(|(id, call)| (*id, empty_value(call))).collect());
            }
            for key in keys {
                if !group.contains(&key) {
                    group.push(key);
                }
            }
        }
        pulled.deferred.clear();
        pulled.node = node;
        Ok(pulled)
    }

    fn partitioned(&mut self, mut node: Node, input: Node) -> Result<Pulled> {
        let mut pulled = self.pull(input)?;
        self.refuse_own(&node, &pulled)?;
        // One row, the one on empty, is first whatever the order.
        if let (Node::TopN { rows, .. }, Some(_)) = (&node, &pulled.on_empty)
            && rows.offset == 0
            && rows.limit != Some(0)
        {
            return Ok(pulled);
        }
        pulled = pulled.plain([])?;
        let keys = pulled.keyed(self)?;
        replace_input(&mut node, std::mem::replace(&mut pulled.node, Node::one_row()));
        if let Node::TopN { partition, .. } | Node::Window { partition, .. } = &mut node {
            for key in keys {
                if !partition.contains(&key) {
                    partition.push(key);
                }
            }
        }
        pulled.node = node;
        Ok(pulled)
    }

    /// Refuses a node whose own expressions refer to the left side or to deferred columns.
    fn refuse_own(&self, node: &Node, pulled: &Pulled) -> Result<()> {
        let found = std::cell::Cell::new(false);
        let mut copy = node.clone();
        rewrite(&mut copy, &|id| {
            let deferred = pulled.deferred.iter().any(|(deferred, _)| *deferred == id);
            found.set(found.get() || deferred || self.left.contains(&id));
            Scalar::Column(id)
        });
        if found.get() { Err(NeedsDomain) } else { Ok(()) }
    }

    /// Branches of a union or set operation: one more column for each expression of the left side that they are compared with.
    #[expect(clippy::type_complexity, reason = "taken apart where it is called")]
    fn branches(
        &mut self,
        inputs: Vec<(Node, Vec<Id>)>,
        mut columns: Vec<Id>,
    ) -> Result<(Vec<(Node, Vec<Id>)>, Vec<Id>, Vec<Conjunct>)> {
        let mut outer: Option<Vec<(Scalar, Equality)>> = None;
        let mut branches = Vec::new();
        for (node, mut ids) in inputs {
            if ids.iter().any(|id| self.left.contains(id)) {
                return Err(NeedsDomain);
            }
            let mut pulled = self.pull(node)?.plain(ids.iter().copied())?;
            let keys = pulled.keyed(self)?;
            let mut own: Vec<(Scalar, Id, Equality)> = Vec::new();
            for (conjunct, key) in pulled.conditions.iter().zip(keys) {
                let (_, side, equality) = self.sides(conjunct).ok_or(NeedsDomain)?;
                own.push((side, key, equality));
            }
            let wanted = outer.get_or_insert_with(|| {
                own.iter().map(|(side, _, equality)| (side.clone(), equality.clone())).collect()
            });
            if wanted.len() != own.len() {
                return Err(NeedsDomain);
            }
            for (side, like) in wanted.iter() {
                let fits =
                    |(own, _, equality): &&(Scalar, Id, Equality)| own == side && equality.sql_type == like.sql_type;
                let (_, key, _) = own.iter().find(fits).ok_or(NeedsDomain)?;
                ids.push(*key);
            }
            branches.push((pulled.node, ids));
        }
        let mut conditions = Vec::new();
        for (side, like) in outer.unwrap_or_default() {
            let column = self.columns.add(like.sql_type.clone(), true);
            columns.push(column);
            conditions.push(self.equality(column, side, &like));
        }
        Ok((branches, columns, conditions))
    }
}

fn on_empty(row: &BTreeMap<Id, Scalar>) -> impl Fn(Id) -> Scalar {
    move |id| row.get(&id).cloned().unwrap_or(Scalar::Column(id))
}

/// What an aggregate is over no rows.
pub(super) fn empty_value(call: &AggregateCall) -> Scalar {
    match call.function {
        AggregateFunction::Count | AggregateFunction::RegrCount => Scalar::Literal(Value::Int(0)),
        _ => Scalar::Literal(Value::Null),
    }
}

pub(super) fn take(node: &mut Node) -> Node {
    std::mem::replace(node, Node::one_row())
}

/// Puts a node below one of one input.
pub(super) fn replace_input(node: &mut Node, input: Node) {
    if let Some(place) = node.inputs_mut().into_iter().next() {
        *place = input;
    }
}
