//! How a change of one join input finds the rest of the joined rows: the static plan of each term.
//!
//! The change of a join is the sum over its inputs i of J(new of inputs before i; change of i; old of inputs after i). Term
//! i starts from the join key of a changed row, finds the rows of the inputs before it by walking equalities backwards
//! (`before`, read new), and joins forward through the inputs after it (`after`, read old).
//!
//! Before i the order is free for inputs that are joined inner, and for left inputs that must have matched because an
//! equality of an inner input, or of i itself, needs a value of theirs (null equals nothing; an equality that is null-safe
//! needs none). All other inputs wait until everything before them is known.
//!
//! Columns are those of the wide row: every input has its columns there, also those of which the join's output shows nothing
//! (semi, anti: always null), and a mark input has its mark behind them.

use std::ops::Range;

use tailwater_connectors::SqlType;

use super::input::Access;
use crate::engine::plan::{JoinKey, JoinKind};
use crate::engine::scalar::Scalar;

/// What of a join the terms depend on, over the columns of the wide row.
pub(in crate::engine) struct Shape {
    /// First column of each input in the wide row; one more at the end for the whole width.
    pub(in crate::engine) offsets: Vec<usize>,
    pub(in crate::engine) kinds: Vec<JoinKind>,
    /// Per input.
    pub(in crate::engine) keys: Vec<Vec<JoinKey>>,
    pub(in crate::engine) residuals: Vec<Option<Scalar>>,
    /// Each input's condition as text, over the columns of the plan.
    pub(in crate::engine) conditions: Vec<String>,
    pub(in crate::engine) types: Vec<SqlType>,
    /// Columns of the wide row that the output shows.
    pub(in crate::engine) output: Vec<usize>,
}

/// An equality that finds rows of an input.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Pair {
    /// Column of the wide row.
    pub(in crate::engine) column: usize,
    /// Column of the input.
    pub(in crate::engine) own: usize,
    /// Null equals null.
    pub(in crate::engine) null_safe: bool,
}

/// An equality of two columns of the wide row.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Equality {
    pub(in crate::engine) columns: (usize, usize),
    pub(in crate::engine) null_safe: bool,
}

/// Finds rows of one input by values of a row that is being put together.
#[derive(Debug)]
pub(in crate::engine) struct Lookup {
    pub(in crate::engine) input: usize,
    pub(in crate::engine) access: Access,
    /// Columns whose values, encoded in this order, are the key to look up.
    pub(in crate::engine) from: Vec<Pair>,
    /// Equalities that the access does not assure.
    pub(in crate::engine) verify: Vec<Pair>,
}

/// One step of a term.
#[derive(Debug)]
pub(in crate::engine) struct Operation {
    pub(in crate::engine) lookup: Lookup,
    /// What becomes of a row by its matches.
    pub(in crate::engine) kind: JoinKind,
    /// What makes a match beside the equalities.
    pub(in crate::engine) matching: Option<Scalar>,
    /// Conditions on the joined row that can be decided after this step.
    pub(in crate::engine) conditions: Vec<Scalar>,
    /// Equalities on the joined row that can be decided after this step.
    pub(in crate::engine) equalities: Vec<Equality>,
}

/// Static plan of one term.
#[derive(Debug)]
pub(in crate::engine) struct Term {
    pub(in crate::engine) before: Vec<Operation>,
    /// Finds rows of the term's own input by the values of its own key columns; what is not joined inner sees by it whether a
    /// row had or has a match.
    pub(in crate::engine) own: Option<Lookup>,
    pub(in crate::engine) after: Vec<Operation>,
}

/// Decides where an input's rows are found by some of its columns; makes the index or arrangement when there is none.
/// Answers the access and the columns of the input in the order in which they are encoded; a column may be missing.
pub(in crate::engine) trait PlanAccess {
    fn access(&mut self, input: usize, columns: &[usize]) -> (Access, Vec<usize>);
    /// Whether these columns hold a key of the input, so that at most one row has given values.
    fn is_unique(&self, input: usize, columns: &[usize]) -> bool;
}

/// Plans all terms of a join.
pub(in crate::engine) fn plan_terms(shape: &Shape, accesses: &mut dyn PlanAccess) -> Vec<Term> {
    (0..shape.kinds.len())
        .map(|index| Term {
            before: plan_before(shape, accesses, index),
            own: (shape.kinds[index] != JoinKind::Inner)
                .then(|| shape.lookup(accesses, index, &shape.own_pairs(index))),
            after: (index + 1..shape.kinds.len()).map(|input| shape.forward(accesses, input)).collect(),
        })
        .collect()
}

impl Default for Shape {
    /// Without inputs.
    fn default() -> Self {
        Self {
            offsets: vec![0],
            kinds: Vec::new(),
            keys: Vec::new(),
            residuals: Vec::new(),
            conditions: Vec::new(),
            types: Vec::new(),
            output: Vec::new(),
        }
    }
}

impl Shape {
    /// Columns of an input's rows.
    pub(super) fn columns(&self, input: usize) -> Range<usize> {
        self.offsets[input]..self.offsets[input + 1] - usize::from(self.kinds[input] == JoinKind::Mark)
    }

    /// Column of a mark input's mark.
    pub(super) fn mark(&self, input: usize) -> usize {
        self.offsets[input + 1] - 1
    }

    fn input_of(&self, column: usize) -> usize {
        self.offsets.partition_point(|&offset| offset <= column) - 1
    }

    /// The equalities of an input.
    fn pairs(&self, input: usize) -> Vec<Pair> {
        let pair = |key: &JoinKey| Pair { column: key.before, own: key.own, null_safe: key.null_safe };
        self.keys[input].iter().map(pair).collect()
    }

    /// Equality with the input's own key columns.
    fn own_pairs(&self, input: usize) -> Vec<Pair> {
        let mut columns: Vec<usize> = self.keys[input].iter().map(|key| key.own).collect();
        columns.sort_unstable();
        columns.dedup();
        columns.iter().map(|&own| Pair { column: self.offsets[input] + own, own, null_safe: true }).collect()
    }

    fn lookup(&self, accesses: &mut dyn PlanAccess, input: usize, by: &[Pair]) -> Lookup {
        let mut columns: Vec<usize> = by.iter().map(|pair| pair.own).collect();
        columns.sort_unstable();
        columns.dedup();
        let (access, order) = accesses.access(input, &columns);
        let mut verify = by.to_vec();
        let mut take = |own: &usize| {
            let place = verify.iter().position(|pair| pair.own == *own).expect("access uses given columns only");
            verify.remove(place)
        };
        let from = order.iter().map(&mut take).collect();
        Lookup { input, access, from, verify }
    }

    fn forward(&self, accesses: &mut dyn PlanAccess, input: usize) -> Operation {
        Operation {
            lookup: self.lookup(accesses, input, &self.pairs(input)),
            kind: self.kinds[input],
            matching: self.residuals[input].clone(),
            conditions: Vec::new(),
            equalities: Vec::new(),
        }
    }

    /// Which inputs before `term` surely have a row in every joined row that the term's change can touch.
    fn matched_before(&self, term: usize) -> Vec<bool> {
        let mut matched: Vec<bool> = self.kinds[..term].iter().map(|kind| *kind == JoinKind::Inner).collect();
        let mut open: Vec<usize> = (0..term).filter(|&input| matched[input]).collect();
        open.push(term);
        while let Some(input) = open.pop() {
            for key in self.keys[input].iter().filter(|key| !key.null_safe) {
                let source = self.input_of(key.before);
                let joins_rows = matches!(self.kinds[source], JoinKind::Inner | JoinKind::Left);
                if joins_rows && !std::mem::replace(&mut matched[source], true) {
                    open.push(source);
                }
            }
        }
        matched
    }

    /// Equalities that hold in those rows.
    fn equalities(&self, term: usize, matched: &[bool]) -> Vec<Equality> {
        let equality = |input: usize, key: &JoinKey| Equality {
            columns: (key.before, self.offsets[input] + key.own),
            null_safe: key.null_safe,
        };
        (0..=term)
            .filter(|&input| input == term || matched[input])
            .flat_map(|input| self.keys[input].iter().map(move |key| equality(input, key)))
            .collect()
    }
}

fn plan_before(shape: &Shape, accesses: &mut dyn PlanAccess, term: usize) -> Vec<Operation> {
    let matched = shape.matched_before(term);
    let equalities = shape.equalities(term, &matched);
    let mut known = vec![false; term + 1];
    known[term] = true;
    let mut undecided: Vec<usize> =
        (1..term).filter(|&input| matched[input] && shape.residuals[input].is_some()).collect();
    let mut operations = Vec::with_capacity(term);
    while known[..term].contains(&false) {
        let state = Known { shape, known: &known, matched: &matched, equalities: &equalities };
        let (input, by) = state.next_input(accesses);
        // What finds the rows of a matched input are all its equalities with what is known; others are found by their own keys.
        let left_over = if matched[input] { Vec::new() } else { state.touching(input) };
        known[input] = true;
        let (decided, later) = undecided.into_iter().partition(|&input| known[..=input].iter().all(|known| *known));
        undecided = later;
        let decided: Vec<usize> = decided;
        operations.push(Operation {
            lookup: shape.lookup(accesses, input, &by),
            kind: if matched[input] { JoinKind::Inner } else { shape.kinds[input] },
            matching: shape.residuals[input].clone().filter(|_| !matched[input]),
            conditions: decided.into_iter().filter_map(|input| shape.residuals[input].clone()).collect(),
            equalities: left_over,
        });
    }
    operations
}

/// What is known while the inputs before a term are put in order.
struct Known<'a> {
    shape: &'a Shape,
    known: &'a [bool],
    matched: &'a [bool],
    equalities: &'a [Equality],
}

impl Known<'_> {
    /// Equalities between an input and what is known.
    fn touching(&self, input: usize) -> Vec<Equality> {
        let own = |column: usize| self.shape.input_of(column) == input;
        let known = |column: usize| self.known[self.shape.input_of(column)];
        let between = |a: usize, b: usize| own(a) && !own(b) && known(b);
        let touches = |equality: &&Equality| {
            let (a, b) = equality.columns;
            between(a, b) || between(b, a)
        };
        self.equalities.iter().filter(touches).copied().collect()
    }

    fn by(&self, input: usize) -> Vec<Pair> {
        let pair = |equality: Equality| {
            let (a, b) = equality.columns;
            let (column, own) = if self.shape.input_of(a) == input { (b, a) } else { (a, b) };
            Pair { column, own: own - self.shape.offsets[input], null_safe: equality.null_safe }
        };
        self.touching(input).into_iter().map(pair).collect()
    }

    /// The next input before the term, with the equalities that find its rows: by key if possible, then by any equality, then
    /// the first that is missing.
    fn next_input(&self, accesses: &dyn PlanAccess) -> (usize, Vec<Pair>) {
        let term = self.matched.len();
        let candidates = (0..term).filter(|&input| !self.known[input] && self.matched[input]);
        let connected: Vec<_> =
            candidates.map(|input| (input, self.by(input))).filter(|(_, by)| !by.is_empty()).collect();
        let unique = |(input, by): &(usize, Vec<Pair>)| {
            accesses.is_unique(*input, &by.iter().map(|pair| pair.own).collect::<Vec<_>>())
        };
        if let Some(place) = connected.iter().position(unique) {
            return connected[place].clone();
        }
        if let Some(first) = connected.into_iter().next() {
            return first;
        }
        let input = (0..term).find(|&input| !self.known[input]).expect("an input is missing");
        let by = if self.matched[input] { Vec::new() } else { self.shape.pairs(input) };
        (input, by)
    }
}
