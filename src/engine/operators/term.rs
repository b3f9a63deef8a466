//! How a change of one join input finds the rest of the joined rows: the static plan of each term.
//!
//! The change of a join is the sum over its inputs i of J(new of inputs before i; change of i; old of inputs after i). Term
//! i starts from the join key of a changed row, finds the rows of the inputs before it by walking equalities backwards
//! (`before`, read new), and joins forward through the inputs after it (`after`, read old).
//!
//! Before i the order is free for inputs that are joined inner, and for left inputs that must have matched because an
//! equality of an inner input, or of i itself, needs a value of theirs (null equals nothing). Other left inputs wait
//! until everything before them is known.

use tailwater_connectors::SqlType;

use super::input::Access;
use crate::engine::plan::{JoinKey, JoinKind};
use crate::engine::scalar::Scalar;

/// What of a join the terms depend on.
pub(in crate::engine) struct Shape {
    /// First column of each input in the concatenation; one more at the end for the whole width.
    pub(in crate::engine) offsets: Vec<usize>,
    pub(in crate::engine) kinds: Vec<JoinKind>,
    /// Per input.
    pub(in crate::engine) keys: Vec<Vec<JoinKey>>,
    pub(in crate::engine) residuals: Vec<Option<Scalar>>,
    pub(in crate::engine) types: Vec<SqlType>,
}

/// Finds rows of one input by values of a row that is being put together.
#[derive(Debug)]
pub(in crate::engine) struct Lookup {
    pub(in crate::engine) input: usize,
    pub(in crate::engine) access: Access,
    /// Columns of the concatenation whose values, encoded in this order, are the key to look up.
    pub(in crate::engine) from: Vec<usize>,
    /// Equalities that the access does not assure: `(column of the concatenation, column of the input)`.
    pub(in crate::engine) verify: Vec<(usize, usize)>,
}

/// One step of a term.
#[derive(Debug)]
pub(in crate::engine) struct Operation {
    pub(in crate::engine) lookup: Lookup,
    /// Keep a row without a match, with nulls.
    pub(in crate::engine) left: bool,
    /// Of a left step: what else makes a match.
    pub(in crate::engine) matching: Option<Scalar>,
    /// Conditions on the joined row that can be decided after this step.
    pub(in crate::engine) conditions: Vec<Scalar>,
}

/// Static plan of one term.
#[derive(Debug)]
pub(in crate::engine) struct Term {
    pub(in crate::engine) before: Vec<Operation>,
    /// Finds rows of the term's own input by its key; used by left joins to see whether a row had or has a match.
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
            own: (shape.kinds[index] == JoinKind::Left).then(|| shape.lookup(accesses, index, &shape.pairs(index))),
            after: (index + 1..shape.kinds.len()).map(|input| shape.forward(accesses, input)).collect(),
        })
        .collect()
}

impl Shape {
    fn input_of(&self, column: usize) -> usize {
        self.offsets.partition_point(|&offset| offset <= column) - 1
    }

    /// The equalities of an input as `(column of the concatenation, column of the input)`.
    fn pairs(&self, input: usize) -> Vec<(usize, usize)> {
        self.keys[input].iter().map(|key| (key.before, key.own)).collect()
    }

    fn lookup(&self, accesses: &mut dyn PlanAccess, input: usize, by: &[(usize, usize)]) -> Lookup {
        let mut columns: Vec<usize> = by.iter().map(|(_, own)| *own).collect();
        columns.sort_unstable();
        columns.dedup();
        let (access, order) = accesses.access(input, &columns);
        let mut verify = by.to_vec();
        let mut take = |own: &usize| {
            let place = verify.iter().position(|(_, column)| column == own).expect("access uses given columns only");
            verify.remove(place).0
        };
        let from = order.iter().map(&mut take).collect();
        Lookup { input, access, from, verify }
    }

    fn forward(&self, accesses: &mut dyn PlanAccess, input: usize) -> Operation {
        let left = self.kinds[input] == JoinKind::Left;
        let residual = self.residuals[input].clone();
        let (matching, condition) = if left { (residual, None) } else { (None, residual) };
        let lookup = self.lookup(accesses, input, &self.pairs(input));
        Operation { lookup, left, matching, conditions: condition.into_iter().collect() }
    }

    /// Which inputs before `term` surely have a row in every joined row that the term's change can touch.
    fn matched_before(&self, term: usize) -> Vec<bool> {
        let mut matched: Vec<bool> = self.kinds[..term].iter().map(|kind| *kind == JoinKind::Inner).collect();
        let mut open: Vec<usize> = (0..term).filter(|&input| matched[input]).collect();
        open.push(term);
        while let Some(input) = open.pop() {
            for key in &self.keys[input] {
                let source = self.input_of(key.before);
                if !std::mem::replace(&mut matched[source], true) {
                    open.push(source);
                }
            }
        }
        matched
    }

    /// Equalities that hold in those rows, both sides as columns of the concatenation.
    fn equalities(&self, term: usize, matched: &[bool]) -> Vec<(usize, usize)> {
        let holds = |input: &usize| *input == term || matched[*input];
        (0..=term)
            .filter(holds)
            .flat_map(|input| self.keys[input].iter().map(move |key| (key.before, self.offsets[input] + key.own)))
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
        let (input, by) =
            next_input(shape, accesses, &Known { known: &known, matched: &matched, equalities: &equalities });
        known[input] = true;
        let (decided, later) = undecided.into_iter().partition(|&input| known[..=input].iter().all(|known| *known));
        undecided = later;
        let decided: Vec<usize> = decided;
        operations.push(Operation {
            lookup: shape.lookup(accesses, input, &by),
            left: !matched[input],
            matching: shape.residuals[input].clone().filter(|_| !matched[input]),
            conditions: decided.into_iter().filter_map(|input| shape.residuals[input].clone()).collect(),
        });
    }
    operations
}

struct Known<'a> {
    known: &'a [bool],
    matched: &'a [bool],
    equalities: &'a [(usize, usize)],
}

/// The next input before the term, with the equalities that find its rows: by key if possible, then by any equality, then
/// the first that is missing.
fn next_input(shape: &Shape, accesses: &dyn PlanAccess, state: &Known<'_>) -> (usize, Vec<(usize, usize)>) {
    let by = |input: usize| -> Vec<(usize, usize)> {
        let own = |column: usize| shape.input_of(column) == input;
        let known = |column: usize| state.known[shape.input_of(column)];
        (state.equalities.iter())
            .flat_map(|&(a, b)| [(a, b), (b, a)])
            .filter(|&(from, to)| own(to) && !own(from) && known(from))
            .map(|(from, to)| (from, to - shape.offsets[input]))
            .collect()
    };
    let term = state.matched.len();
    let candidates = (0..term).filter(|&input| !state.known[input] && state.matched[input]);
    let connected: Vec<_> = candidates.map(|input| (input, by(input))).filter(|(_, by)| !by.is_empty()).collect();
    let unique = |(input, by): &(usize, Vec<(usize, usize)>)| {
        accesses.is_unique(*input, &by.iter().map(|(_, own)| *own).collect::<Vec<_>>())
    };
    if let Some(place) = connected.iter().position(unique) {
        return connected[place].clone();
    }
    if let Some(first) = connected.into_iter().next() {
        return first;
    }
    let input = (0..term).find(|&input| !state.known[input]).expect("an input is missing");
    let by = if state.matched[input] { Vec::new() } else { shape.pairs(input) };
    (input, by)
}
