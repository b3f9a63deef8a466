//! Running a path: heads, steps, and what both do with their items.

use super::item::Item;
use super::path::{Chain, Head, Path, Step};
use crate::engine::scalar::expression::RowError;

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::scalar) enum Outcome {
    Found,
    NotFound,
    /// By an error of the data that is not told.
    Failed,
}

pub(super) type Ran = Result<Outcome, RowError>;

/// Where items go; without a list only their presence counts.
pub(super) struct Sink(Option<Vec<Item>>);

impl Sink {
    pub(super) fn list() -> Self {
        Self(Some(Vec::new()))
    }

    pub(super) fn presence() -> Self {
        Self(None)
    }

    pub(super) fn wants_items(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn push(&mut self, item: Item) {
        if let Some(items) = &mut self.0 {
            items.push(item);
        }
    }

    pub(super) fn items(self) -> Vec<Item> {
        self.0.unwrap_or_default()
    }

    /// Whether a search can end here.
    pub(super) fn is_done(&self, outcome: Outcome) -> bool {
        outcome == Outcome::Failed || outcome == Outcome::Found && !self.wants_items()
    }
}

/// What a path is asked.
pub(in crate::engine::scalar) struct Call {
    /// The document.
    pub(in crate::engine::scalar) document: Item,
    /// An object of values by name; without it every variable is null.
    pub(in crate::engine::scalar) variables: Option<Item>,
    /// Whether errors of the data are not told.
    pub(in crate::engine::scalar) silent: bool,
    /// Whether moments may be compared across the zone of the session, which is UTC.
    pub(in crate::engine::scalar) zoned: bool,
}

/// All items up to the first error.
pub(in crate::engine::scalar) fn items(path: &Path, call: Call) -> Result<Vec<Item>, RowError> {
    let mut sink = Sink::list();
    Run::new(path, call)?.chain(&path.chain, &mut sink)?;
    Ok(sink.items())
}

/// Whether there are items. In strict mode all are looked at, since any may be an error.
pub(in crate::engine::scalar) fn presence(path: &Path, call: Call) -> Ran {
    let mut run = Run::new(path, call)?;
    let mut sink = if path.strict { Sink::list() } else { Sink::presence() };
    let outcome = run.chain(&path.chain, &mut sink)?;
    Ok(match (outcome, path.strict) {
        (Outcome::Failed, _) | (_, false) => outcome,
        _ if sink.items().is_empty() => Outcome::NotFound,
        _ => Outcome::Found,
    })
}

/// The container that the ids of `.keyvalue()` count from.
#[derive(Clone)]
pub(super) struct Base {
    pub(super) container: Item,
    pub(super) id: i64,
}

/// A path on its way.
pub(super) struct Run {
    pub(super) lax: bool,
    /// Whether a missing part is no error.
    pub(super) forgiving: bool,
    pub(super) throws: bool,
    pub(super) zoned: bool,
    root: Item,
    pub(super) current: Item,
    variables: Option<Item>,
    pub(super) base: Base,
    /// The id of the next container that is made.
    pub(super) next_id: i64,
    /// Elements of the array whose subscripts are evaluated.
    pub(super) size: usize,
}

impl Run {
    fn new(path: &Path, call: Call) -> Result<Self, RowError> {
        let Call { document, variables, silent, zoned } = call;
        if variables.as_ref().is_some_and(|variables| !matches!(variables, Item::Object(_))) {
            return Err(RowError::invalid_parameter("\"vars\" argument is not an object"));
        }
        Ok(Self {
            lax: !path.strict,
            forgiving: !path.strict,
            throws: !silent,
            zoned,
            current: document.clone(),
            base: Base { container: document.clone(), id: 0 },
            root: document,
            next_id: if variables.is_some() { 2 } else { 1 },
            variables,
            size: 0,
        })
    }

    /// An error of the data.
    pub(super) fn fail(&self, code: &'static str, message: impl Into<String>) -> Ran {
        if self.throws { Err(RowError::new(code, message)) } else { Ok(Outcome::Failed) }
    }

    /// An error of the document's structure, which is none where the path is lax.
    pub(super) fn missing(&self, code: &'static str, message: impl Into<String>) -> Ran {
        if self.forgiving { Ok(Outcome::NotFound) } else { self.fail(code, message) }
    }

    /// A head and all its steps.
    pub(super) fn chain(&mut self, chain: &Chain, sink: &mut Sink) -> Ran {
        let steps = &chain.steps[..];
        let item = match &chain.head {
            Head::Current => self.current.clone(),
            Head::Root => {
                let base = Base { container: self.root.clone(), id: 0 };
                return self.based(base, (steps, self.root.clone()), sink);
            }
            Head::Arithmetic(operator, sides) => return self.arithmetic((*operator, sides), steps, sink),
            Head::Sign { negative, operand } => return self.sign((*negative, operand), steps, sink),
            Head::Condition(condition) => {
                let truth = self.condition(condition)?;
                if steps.is_empty() && !sink.wants_items() {
                    return Ok(Outcome::Found);
                }
                truth.map_or(Item::Null, Item::Bool)
            }
            Head::Null => Item::Null,
            Head::Bool(truth) => Item::Bool(*truth),
            Head::Number(number) => Item::Number(number.clone()),
            Head::Text(text) => Item::Text(text.as_str().into()),
            Head::Last => Item::Number((self.size as i64 - 1).into()),
            Head::Variable(name) => {
                let Some(variables) = self.variables.clone() else { return self.next(steps, Item::Null, sink) };
                let unknown = || RowError::new("42704", format!("could not find jsonpath variable \"{name}\""));
                let value = variables.field(name).cloned().ok_or_else(unknown)?;
                return self.based(Base { container: variables, id: 1 }, (steps, value), sink);
            }
        };
        self.next(steps, item, sink)
    }

    /// Goes on with ids that count from another container.
    pub(super) fn based(&mut self, base: Base, (steps, item): (&[Step], Item), sink: &mut Sink) -> Ran {
        let before = std::mem::replace(&mut self.base, base);
        let ran = self.next(steps, item, sink);
        self.base = before;
        ran
    }

    /// An item goes through the steps that are left.
    pub(super) fn next(&mut self, steps: &[Step], item: Item, sink: &mut Sink) -> Ran {
        if steps.is_empty() {
            sink.push(item);
            return Ok(Outcome::Found);
        }
        self.step(steps, (&item, self.lax), sink)
    }

    /// The first of these steps; `unwraps`: whether an array stands for its elements where the step wants something else.
    pub(super) fn step(&mut self, steps: &[Step], (item, unwraps): (&Item, bool), sink: &mut Sink) -> Ran {
        let [step, rest @ ..] = steps else { return self.next(steps, item.clone(), sink) };
        let takes_arrays = match step {
            Step::AnyElement | Step::Elements(_) | Step::AnyLevel { .. } => true,
            Step::Method(method) => method.takes_arrays(),
            _ => false,
        };
        if unwraps && !takes_arrays && matches!(item, Item::Array(_)) {
            return self.elements(steps, (item, false), sink);
        }
        match step {
            Step::Key(key) => self.key(key, (rest, item), sink),
            Step::AnyKey => self.any_key((rest, item), sink),
            Step::AnyElement => self.any_element((rest, item), sink),
            Step::Elements(ranges) => self.subscripts(ranges, (rest, item), sink),
            Step::AnyLevel { first, last } => self.any_level((*first, *last), (rest, item), sink),
            Step::Filter(condition) => {
                let outer = std::mem::replace(&mut self.current, item.clone());
                let holds = self.condition(condition);
                self.current = outer;
                if holds? == Some(true) { self.next(rest, item.clone(), sink) } else { Ok(Outcome::NotFound) }
            }
            Step::Method(method) => self.method(*method, (rest, item), sink),
            Step::Datetime(template) => self.datetime(template.as_deref(), (rest, item), sink),
        }
    }

    /// Every element of an array goes through the steps.
    pub(super) fn elements(&mut self, steps: &[Step], (array, unwraps): (&Item, bool), sink: &mut Sink) -> Ran {
        self.levels(steps, (array, unwraps), (1, 1, 1), sink)
    }

    /// All items of a chain, arrays among them written out where the path is lax.
    pub(super) fn unwrapped(&mut self, chain: &Chain) -> Result<Option<Vec<Item>>, RowError> {
        let mut sink = Sink::list();
        if self.chain(chain, &mut sink)? == Outcome::Failed {
            return Ok(None);
        }
        let items = sink.items();
        if !self.lax {
            return Ok(Some(items));
        }
        let unwrapped = items.into_iter().flat_map(|item| match item {
            Item::Array(elements) => elements.to_vec(),
            other => vec![other],
        });
        Ok(Some(unwrapped.collect()))
    }
}
