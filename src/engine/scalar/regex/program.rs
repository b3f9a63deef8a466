//! State machines: which ends a text can have that begins at a place.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::charset::{CharSet, Class};
use super::lexer::Anchor;
use super::options::{Letters, RegexError};
use super::tree::Re;

/// States of one machine; counts are written out.
const STATES_MAX: usize = 50_000;
/// Steps of one search, of any of its machines.
const STEPS_MAX: u64 = 2_000_000_000;

/// What is searched, and how long that may take.
pub(super) struct Text<'a> {
    pub(super) characters: &'a [char],
    pub(super) letters: Letters,
    pub(super) steps: Cell<u64>,
}

impl<'a> Text<'a> {
    pub(super) fn new(characters: &'a [char], letters: Letters) -> Self {
        Self { characters, letters, steps: Cell::new(0) }
    }

    /// Counts work; false once it is too much.
    pub(super) fn work(&self, steps: usize) -> bool {
        self.steps.set(self.steps.get() + steps as u64);
        self.steps.get() <= STEPS_MAX
    }

    pub(super) fn exhausted(&self) -> Result<(), RegexError> {
        if self.steps.get() > STEPS_MAX { Err(RegexError::TooManySteps) } else { Ok(()) }
    }

    fn at(&self, place: usize) -> Option<char> {
        self.characters.get(place).copied()
    }

    fn before(&self, place: usize) -> Option<char> {
        place.checked_sub(1).and_then(|place| self.at(place))
    }

    fn holds(&self, anchor: Anchor, place: usize) -> bool {
        let word = |c: Option<char>| c.is_some_and(|c| Class::Word.contains(c, self.letters));
        let (behind, ahead) = (self.before(place), self.at(place));
        match anchor {
            Anchor::TextStart => place == 0,
            Anchor::TextEnd => place == self.characters.len(),
            Anchor::LineStart => behind.is_none_or(|c| c == '\n'),
            Anchor::LineEnd => ahead.is_none_or(|c| c == '\n'),
            Anchor::WordStart => !word(behind) && word(ahead),
            Anchor::WordEnd => word(behind) && !word(ahead),
            Anchor::WordBoundary => word(behind) != word(ahead),
            Anchor::NoWordBoundary => word(behind) == word(ahead),
        }
    }
}

#[derive(Debug)]
enum State {
    Set(Rc<CharSet>, usize),
    Split(usize, usize),
    Go(usize),
    Anchor(Anchor, usize),
    Look { behind: bool, negated: bool, program: Rc<Program>, next: usize },
    End,
}

/// States that are reached at one place.
#[derive(Debug, Default)]
struct Reached {
    states: Vec<usize>,
    marks: Vec<u32>,
    round: u32,
}

impl Reached {
    fn clear(&mut self, count: usize) {
        self.states.clear();
        self.marks.resize(count, 0);
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.marks.fill(0);
            self.round = 1;
        }
    }

    fn mark(&mut self, state: usize) -> bool {
        std::mem::replace(&mut self.marks[state], self.round) != self.round
    }
}

/// A machine.
#[derive(Debug)]
pub(super) struct Program {
    states: Vec<State>,
    start: usize,
    /// Sets of which one has the first character; None where no character may be needed.
    first: Option<Vec<Rc<CharSet>>>,
    scratch: RefCell<(Reached, Reached, Vec<usize>)>,
}

/// What of all ends is wanted.
#[derive(Clone, Copy)]
enum Wanted {
    Longest,
    /// Not before this place.
    Shortest(usize),
}

impl Program {
    pub(super) fn new(re: &Re) -> Result<Self, RegexError> {
        let mut states = vec![State::End];
        let start = add(&mut states, re, 0)?;
        let mut program = Self { states, start, first: None, scratch: RefCell::default() };
        program.first = program.first_sets();
        Ok(program)
    }

    fn first_sets(&self) -> Option<Vec<Rc<CharSet>>> {
        let (mut seen, mut stack, mut sets) = (vec![false; self.states.len()], vec![self.start], Vec::new());
        while let Some(state) = stack.pop() {
            if std::mem::replace(&mut seen[state], true) {
                continue;
            }
            match &self.states[state] {
                State::Set(set, _) => sets.push(set.clone()),
                State::Split(one, other) => stack.extend([*one, *other]),
                State::Go(next) | State::Anchor(_, next) | State::Look { next, .. } => stack.push(*next),
                State::End => return None,
            }
        }
        Some(sets)
    }

    /// Whether a match may begin here.
    pub(super) fn may_begin(&self, text: &Text<'_>, place: usize) -> bool {
        match (&self.first, text.at(place)) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(sets), Some(c)) => sets.iter().any(|set| set.contains(c)),
        }
    }

    /// Adds a state and what it leads to without a character; whether the end is among them.
    fn reach(
        &self,
        text: &Text<'_>,
        place: usize,
        (from, reached, stack): (usize, &mut Reached, &mut Vec<usize>),
    ) -> bool {
        let mut ends = false;
        stack.push(from);
        while let Some(state) = stack.pop() {
            if !reached.mark(state) {
                continue;
            }
            match &self.states[state] {
                State::Set(..) => reached.states.push(state),
                State::Split(one, other) => stack.extend([*one, *other]),
                State::Go(next) => stack.push(*next),
                State::Anchor(anchor, next) if text.holds(*anchor, place) => stack.push(*next),
                State::Anchor(..) => {}
                State::Look { behind, negated, program, next } => {
                    let found = if *behind { program.ends_at(text, place) } else { program.begins_at(text, place) };
                    if found != *negated {
                        stack.push(*next);
                    }
                }
                State::End => ends = true,
            }
        }
        ends
    }

    /// Some text that begins here.
    fn begins_at(&self, text: &Text<'_>, place: usize) -> bool {
        self.shortest(text, place, (place, text.characters.len())).is_some()
    }

    /// Some text that ends here.
    fn ends_at(&self, text: &Text<'_>, place: usize) -> bool {
        self.run(text, (0, place), (Wanted::Shortest(place), true)).is_some()
    }

    /// The last end of text that begins at `begin`, up to `limit`.
    pub(super) fn longest(&self, text: &Text<'_>, begin: usize, limit: usize) -> Option<usize> {
        self.run(text, (begin, limit), (Wanted::Longest, false))
    }

    /// The first end between both of `ends`.
    pub(super) fn shortest(&self, text: &Text<'_>, begin: usize, ends: (usize, usize)) -> Option<usize> {
        self.run(text, (begin, ends.1), (Wanted::Shortest(ends.0), false))
    }

    /// The first end of any text that begins at `from` or later.
    pub(super) fn first_end(&self, text: &Text<'_>, from: usize) -> Option<usize> {
        self.run(text, (from, text.characters.len()), (Wanted::Shortest(from), true))
    }

    fn run(
        &self,
        text: &Text<'_>,
        (begin, limit): (usize, usize),
        (wanted, anywhere): (Wanted, bool),
    ) -> Option<usize> {
        let mut scratch = self.scratch.borrow_mut();
        let (now, next, stack) = &mut *scratch;
        let (mut place, mut found) = (begin, None);
        now.clear(self.states.len());
        let mut ends = self.reach(text, place, (self.start, now, stack));
        loop {
            match wanted {
                Wanted::Longest if ends => found = Some(place),
                Wanted::Shortest(least) if ends && place >= least => return Some(place),
                _ => {}
            }
            if place >= limit || (!anywhere && now.states.is_empty()) || !text.work(now.states.len() + 1) {
                return found;
            }
            let c = text.characters[place];
            place += 1;
            next.clear(self.states.len());
            ends = false;
            for state in &now.states {
                if let State::Set(set, after) = &self.states[*state]
                    && set.contains(c)
                {
                    ends |= self.reach(text, place, (*after, next, stack));
                }
            }
            if anywhere && self.may_begin(text, place) {
                ends |= self.reach(text, place, (self.start, next, stack));
            }
            std::mem::swap(now, next);
        }
    }
}

fn push(states: &mut Vec<State>, state: State) -> Result<usize, RegexError> {
    if states.len() >= STATES_MAX {
        return Err(RegexError::Invalid("regular expression is too complex"));
    }
    states.push(state);
    Ok(states.len() - 1)
}

/// Adds what leads through `re` to `next`.
fn add(states: &mut Vec<State>, re: &Re, next: usize) -> Result<usize, RegexError> {
    match re {
        Re::Empty => Ok(next),
        Re::Set(set) => push(states, State::Set(set.clone(), next)),
        Re::Anchor(anchor) => push(states, State::Anchor(*anchor, next)),
        Re::Look { behind, negated, inner } => {
            let program = Rc::new(Program::new(inner)?);
            push(states, State::Look { behind: *behind, negated: *negated, program, next })
        }
        Re::Concat(parts) => parts.iter().rev().try_fold(next, |next, part| add(states, part, next)),
        Re::Either(parts) => {
            let mut starts = parts.iter().map(|part| add(states, part, next)).collect::<Result<Vec<_>, _>>()?;
            let mut start = starts.pop().unwrap_or(next);
            while let Some(other) = starts.pop() {
                start = push(states, State::Split(other, start))?;
            }
            Ok(start)
        }
        Re::Repeat { inner, min, max } => {
            let mut start = match max {
                None => {
                    let again = push(states, State::Go(next))?;
                    let body = add(states, inner, again)?;
                    states[again] = State::Split(body, next);
                    again
                }
                Some(max) => {
                    let mut start = next;
                    for _ in *min..*max {
                        let body = add(states, inner, start)?;
                        start = push(states, State::Split(body, next))?;
                    }
                    start
                }
            };
            for _ in 0..*min {
                start = add(states, inner, start)?;
            }
            Ok(start)
        }
    }
}
