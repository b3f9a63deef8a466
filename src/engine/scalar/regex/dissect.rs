//! Where the parts of a match are: every part takes its text as it prefers, the left ones first.

use super::options::RegexError;
use super::program::Program;
use super::search::{Captures, View};
use super::tree::{Flags, Node, Shape};

type Range = (usize, usize);

/// A node with its machine.
pub(super) struct Part {
    shape: PartShape,
    /// Prefers short text.
    shorter: bool,
    capture: Option<usize>,
    /// Captures of it and below.
    captures: Vec<usize>,
    pub(super) program: Program,
}

enum PartShape {
    Plain,
    Concat(Box<[Part; 2]>),
    Either(Vec<Part>),
    Iterate { inner: Box<Part>, min: usize, max: Option<usize> },
    Wrap(Box<Part>),
    Backref { number: usize, min: usize, max: Option<usize> },
}

fn wide(count: Option<u16>) -> Option<usize> {
    count.map(usize::from)
}

impl Part {
    pub(super) fn new(node: Node) -> Result<Self, RegexError> {
        let program = Program::new(&node.re)?;
        let boxed = |node: Box<Node>| Self::new(*node).map(Box::new);
        let shape = match node.shape {
            Shape::Plain => PartShape::Plain,
            Shape::Concat(both) => {
                let [left, right] = *both;
                PartShape::Concat(Box::new([Self::new(left)?, Self::new(right)?]))
            }
            Shape::Either(nodes) => PartShape::Either(nodes.into_iter().map(Self::new).collect::<Result<_, _>>()?),
            Shape::Iterate { inner, min, max } => {
                PartShape::Iterate { inner: boxed(inner)?, min: usize::from(min), max: wide(max) }
            }
            Shape::Wrap(inner) => PartShape::Wrap(boxed(inner)?),
            Shape::Backref { number, min, max } => PartShape::Backref { number, min: usize::from(min), max: wide(max) },
        };
        let mut captures: Vec<usize> = node.capture.into_iter().collect();
        captures.extend(shape.parts().iter().flat_map(|part| part.captures.iter().copied()));
        Ok(Self { shape, shorter: node.flags.has(Flags::SHORTER), capture: node.capture, captures, program })
    }

    fn takes(&self, view: &View<'_>, range: Range) -> bool {
        self.program.longest(view.text, range.0, range.1) == Some(range.1)
    }

    /// The first end to try, or the next after one that failed.
    fn end(&self, view: &View<'_>, range: Range, failed: Option<usize>) -> Option<usize> {
        let (begin, end) = range;
        if self.shorter {
            let least = failed.map_or(begin, |failed| failed + 1);
            (least <= end).then(|| self.program.shortest(view.text, begin, (least, end))).flatten()
        } else {
            let most = match failed {
                None => end,
                Some(failed) => failed.checked_sub(1).filter(|most| *most >= begin)?,
            };
            self.program.longest(view.text, begin, most)
        }
    }

    fn forget(&self, captures: &mut Captures) {
        for capture in &self.captures {
            captures[*capture] = None;
        }
    }

    /// Whether the text there can be cut up; captures say how.
    pub(super) fn dissect(&self, view: &View<'_>, range: Range, captures: &mut Captures) -> bool {
        if !view.text.work(1) {
            return false;
        }
        let found = match &self.shape {
            PartShape::Plain => true,
            PartShape::Concat(both) => concat(both, view, range, captures),
            PartShape::Either(parts) => {
                parts.iter().any(|part| part.takes(view, range) && part.dissect(view, range, captures))
            }
            PartShape::Wrap(inner) => inner.dissect(view, range, captures),
            PartShape::Backref { number, min, max } => {
                captures[*number].is_some_and(|known| repeats(view, known, range, (*min, *max)))
            }
            PartShape::Iterate { inner, min, max } => {
                Iteration::new(inner, range, (*min, *max)).run(view, *min, captures)
            }
        };
        if let Some(capture) = self.capture.filter(|_| found) {
            captures[capture] = Some(range);
        }
        found
    }
}

impl PartShape {
    fn parts(&self) -> &[Part] {
        match self {
            Self::Plain | Self::Backref { .. } => &[],
            Self::Concat(both) => &both[..],
            Self::Either(parts) => parts,
            Self::Iterate { inner, .. } | Self::Wrap(inner) => std::slice::from_ref(inner),
        }
    }
}

fn concat([left, right]: &[Part; 2], view: &View<'_>, range: Range, captures: &mut Captures) -> bool {
    let (begin, end) = range;
    let mut middle = left.end(view, range, None);
    while let Some(at) = middle {
        if right.takes(view, (at, end)) && left.dissect(view, (begin, at), captures) {
            if right.dissect(view, (at, end), captures) {
                return true;
            }
            left.forget(captures);
            right.forget(captures);
        }
        middle = left.end(view, range, Some(at));
    }
    false
}

/// Whether the text is the known one, an allowed number of times.
fn repeats(view: &View<'_>, known: Range, (begin, end): Range, (min, max): (usize, Option<usize>)) -> bool {
    let (length, whole) = (known.1 - known.0, end - begin);
    if length == 0 {
        return whole == 0;
    }
    if whole == 0 {
        return min == 0;
    }
    let count = whole / length;
    whole.is_multiple_of(length)
        && count >= min
        && max.is_none_or(|max| count <= max)
        && (0..count).all(|turn| view.equal(known, (begin + turn * length, begin + (turn + 1) * length)))
}

/// The search for the ends of all rounds of a repeated part.
struct Iteration<'a> {
    inner: &'a Part,
    end: usize,
    /// End of every round; the first is where they begin.
    ends: Vec<usize>,
    least: usize,
    most: usize,
    /// Where the next end is looked for: not above it when text is preferred long, not below it when short.
    limit: usize,
    verified: usize,
}

impl<'a> Iteration<'a> {
    fn new(inner: &'a Part, (begin, end): Range, (min, max): (usize, Option<usize>)) -> Self {
        let least = min.max(1);
        let most = max.map_or(end - begin, |max| max.min(end - begin)).max(least);
        let limit = if inner.shorter { begin } else { end };
        Self { inner, end, ends: vec![begin], least, most, limit, verified: 0 }
    }

    /// Round `turn` may be empty only if there are not enough characters for the rounds that must be.
    fn may_be_empty(&self, turn: usize, at: usize) -> bool {
        turn < self.least && self.least - turn >= self.end - at
    }

    fn run(mut self, view: &View<'_>, min: usize, captures: &mut Captures) -> bool {
        let empty = self.ends[0] == self.end;
        if self.inner.shorter && min == 0 && empty {
            return true;
        }
        let mut turn = 1;
        while turn > 0 && view.text.work(1) {
            turn = match self.round(view, turn) {
                Round::Further => turn + 1,
                Round::Back(turn) => self.back(turn),
                Round::Complete => match self.verify(view, turn, captures) {
                    None => return true,
                    Some(failed) => self.back(failed),
                },
            };
        }
        // No round at all is the last choice.
        self.inner.forget(captures);
        min == 0 && empty
    }

    /// Finds an end for one round.
    fn round(&mut self, view: &View<'_>, turn: usize) -> Round {
        let before = self.ends[turn - 1];
        let found = if self.inner.shorter {
            if self.limit == before && self.limit != self.end && !self.may_be_empty(turn, self.limit) {
                self.limit += 1;
            }
            if turn >= self.most {
                self.limit = self.end;
            }
            self.inner.program.shortest(view.text, before, (self.limit, self.end))
        } else {
            self.inner.program.longest(view.text, before, self.limit)
        };
        self.ends.truncate(turn);
        let Some(found) = found else { return Round::Back(turn - 1) };
        self.ends.push(found);
        self.verified = self.verified.min(turn - 1);
        if found == self.end {
            return if turn < self.least { Round::Back(turn) } else { Round::Complete };
        }
        if turn >= self.most {
            return Round::Back(turn - 1);
        }
        if !self.inner.shorter && found == before && !self.may_be_empty(turn, found) {
            return Round::Back(turn);
        }
        self.limit = if self.inner.shorter { found } else { self.end };
        Round::Further
    }

    /// The round that cannot be cut up, if any.
    fn verify(&mut self, view: &View<'_>, turns: usize, captures: &mut Captures) -> Option<usize> {
        for turn in self.verified + 1..=turns {
            self.inner.forget(captures);
            if !self.inner.dissect(view, (self.ends[turn - 1], self.ends[turn]), captures) {
                return Some(turn);
            }
            self.verified = turn;
        }
        None
    }

    /// The round whose end is to be moved, from `turn` backwards; 0 when there is none.
    fn back(&mut self, mut turn: usize) -> usize {
        while turn > 0 {
            let (before, here) = (self.ends[turn - 1], self.ends[turn]);
            if self.inner.shorter {
                if here < self.end {
                    self.limit = here + 1;
                    return turn;
                }
            } else if here > before {
                self.limit = here - 1;
                if self.limit > before || self.may_be_empty(turn, before) {
                    return turn;
                }
            }
            turn -= 1;
        }
        0
    }
}

enum Round {
    /// The next one is to be found.
    Further,
    /// The end of this one is to be moved.
    Back(usize),
    /// This one reaches the end.
    Complete,
}
