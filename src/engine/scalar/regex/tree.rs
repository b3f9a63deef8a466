//! The tree of parts by which a match is cut up, with the preference of every part.
//!
//! Only parts that matter are nodes: captures, back references, and neighbours of which one prefers long and the other
//! short text. The rest of a branch stays one plain node. The flags and the order of steps are those of Postgres'
//! compiler, because its preferences are defined by them.

use std::rc::Rc;

use super::charset::CharSet;
use super::lexer::{Anchor, Quantifier};

/// What text an expression takes.
#[derive(Clone, Debug)]
pub(super) enum Re {
    Empty,
    Set(Rc<CharSet>),
    Anchor(Anchor),
    Look { behind: bool, negated: bool, inner: Rc<Re> },
    Concat(Vec<Re>),
    Either(Vec<Re>),
    Repeat { inner: Rc<Re>, min: u16, max: Option<u16> },
}

impl Re {
    /// The same text anywhere: what a back reference may be equal to.
    pub(super) fn without_constraints(&self) -> Self {
        let all = |parts: &[Self]| parts.iter().map(Self::without_constraints).collect();
        match self {
            Self::Anchor(_) | Self::Look { .. } | Self::Empty => Self::Empty,
            Self::Set(set) => Self::Set(set.clone()),
            Self::Concat(parts) => Self::Concat(all(parts)),
            Self::Either(parts) => Self::Either(all(parts)),
            Self::Repeat { inner, min, max } => {
                Self::Repeat { inner: Rc::new(inner.without_constraints()), min: *min, max: *max }
            }
        }
    }

    fn repeated(self, min: u16, max: Option<u16>) -> Self {
        if (min, max) == (1, Some(1)) { self } else { Self::Repeat { inner: Rc::new(self), min, max } }
    }
}

/// Preferences of a node and what stands below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags(u8);

impl Flags {
    pub(super) const NONE: Self = Self(0);
    pub(super) const LONGER: Self = Self(1);
    pub(super) const SHORTER: Self = Self(2);
    const MIXED: Self = Self(4);
    pub(super) const CAPTURE: Self = Self(8);
    pub(super) const BACKREF: Self = Self(16);

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn preference(self) -> Self {
        Self(self.0 & 3)
    }

    /// What a parent takes over: no own preference, but that there were two.
    pub(super) fn up(self) -> Self {
        let both = self.preference() == Self(3);
        Self(self.0 & !3).or(if both { Self::MIXED } else { Self::NONE })
    }

    /// The first that has a preference decides.
    fn combined(self, other: Self) -> Self {
        let preference = if self.preference() == Self::NONE { other.preference() } else { self.preference() };
        self.or(other).up().or(preference)
    }

    pub(super) fn is_messy(self) -> bool {
        self.has(Self(4 | 8 | 16))
    }
}

/// How a node's text is cut up.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// It is not.
    Plain,
    /// One after the other.
    Concat(Box<[Node; 2]>),
    /// The first that takes all of it.
    Either(Vec<Node>),
    /// Over and over.
    Iterate { inner: Box<Node>, min: u16, max: Option<u16> },
    /// A capture of a capture.
    Wrap(Box<Node>),
    /// Equal to a capture, so many times.
    Backref { number: usize, min: u16, max: Option<u16> },
}

/// A part.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) shape: Shape,
    pub(super) flags: Flags,
    /// Number of the capture that it is, from 1.
    pub(super) capture: Option<usize>,
    pub(super) re: Re,
}

impl Node {
    pub(super) fn new(shape: Shape, flags: Flags, re: Re) -> Self {
        Self { shape, flags, capture: None, re }
    }

    fn plain(flags: Flags, re: Re) -> Self {
        Self::new(Shape::Plain, flags, re)
    }

    fn concat(flags: Flags, left: Self, right: Self) -> Self {
        let re = Re::Concat(vec![left.re.clone(), right.re.clone()]);
        Self::new(Shape::Concat(Box::new([left, right])), flags, re)
    }

    pub(super) fn captured(mut self, number: usize) -> Self {
        if self.capture.is_some() {
            let (flags, re) = (self.flags, self.re.clone());
            self = Self::new(Shape::Wrap(Box::new(self)), flags, re);
        }
        self.flags = self.flags.or(Flags::CAPTURE);
        self.capture = Some(number);
        self
    }
}

/// One thing of a branch.
#[derive(Clone, Debug)]
pub(super) enum Atom {
    /// Takes no text.
    Constraint(Re),
    /// One character.
    Set(Re),
    /// In parentheses.
    Group(Node),
    /// The number, and what the capture takes.
    Backref(usize, Re),
}

/// An atom and how often it stands.
pub(super) type Item = (Atom, Quantifier);

fn preference(quantifier: Quantifier) -> Flags {
    match quantifier.greedy {
        None => Flags::NONE,
        Some(true) => Flags::LONGER,
        Some(false) => Flags::SHORTER,
    }
}

/// Alternatives as one node: always greedy.
pub(super) fn alternatives(mut branches: Vec<Node>) -> Node {
    if branches.len() == 1 {
        return branches.remove(0);
    }
    let flags = branches.iter().fold(Flags::LONGER, |flags, branch| flags.or(flags.or(branch.flags).up()));
    let re = Re::Either(branches.iter().map(|branch| branch.re.clone()).collect());
    Node::new(if flags.is_messy() { Shape::Either(branches) } else { Shape::Plain }, flags, re)
}

/// A branch as one node.
pub(super) fn branch(items: &[Item]) -> Node {
    let (mut flags, mut parts) = (Flags::NONE, Vec::new());
    for (place, (atom, quantifier)) in items.iter().enumerate() {
        let Quantifier { min, max, .. } = *quantifier;
        let (own, re, is_set) = match atom {
            Atom::Constraint(re) => {
                parts.push(re.clone());
                continue;
            }
            _ if (min, max) == (0, Some(0)) => continue,
            Atom::Set(re) => (Flags::NONE, re, true),
            Atom::Group(node) => (node.flags, &node.re, false),
            Atom::Backref(_, re) => (Flags::BACKREF, re, false),
        };
        let together = flags.or(preference(*quantifier)).or(own);
        if is_set && !together.up().is_messy() {
            parts.push(re.clone().repeated(min, max));
            flags = together;
            continue;
        }
        let prefix = (!parts.is_empty()).then(|| Node::plain(flags, Re::Concat(parts)));
        let rest = &items[place + 1..];
        return joined(prefix, (quantified(atom, *quantifier), *quantifier, own), rest);
    }
    Node::plain(flags, if parts.is_empty() { Re::Empty } else { Re::Concat(parts) })
}

/// Prefix, a part with structure, and the rest of the branch.
fn joined(prefix: Option<Node>, (part, quantifier, own): (Node, Quantifier, Flags), rest: &[Item]) -> Node {
    let top = prefix.as_ref().map_or(Flags::NONE, |prefix| prefix.flags);
    if rest.is_empty() {
        return match prefix {
            None => part,
            Some(prefix) => Node::concat(top.or(top.combined(part.flags)), prefix, part),
        };
    }
    let rest = branch(rest);
    let tail = preference(quantifier).combined(own);
    let tail = tail.or(tail.combined(rest.flags));
    let top = top.or(top.combined(tail));
    let Some(prefix) = prefix else { return Node::concat(top, part, rest) };
    let plain = matches!((&part.shape, &rest.shape), (Shape::Plain, Shape::Plain));
    let plain = plain && part.capture.is_none() && rest.capture.is_none();
    let right = if plain && !part.flags.or(rest.flags).up().is_messy() {
        Node::plain(part.flags.combined(rest.flags), Re::Concat(vec![part.re, rest.re]))
    } else {
        Node::concat(tail, part, rest)
    };
    Node::concat(top, prefix, right)
}

fn quantified(atom: &Atom, quantifier: Quantifier) -> Node {
    let Quantifier { min, max, .. } = quantifier;
    let wanted = preference(quantifier);
    let node = match atom {
        Atom::Backref(number, re) => {
            let flags = Flags::BACKREF.or(wanted.combined(Flags::BACKREF));
            let shape = Shape::Backref { number: *number, min, max };
            return Node::new(shape, flags, re.clone().repeated(min, max));
        }
        Atom::Group(node) => node.clone(),
        Atom::Set(re) | Atom::Constraint(re) => Node::plain(Flags::NONE, re.clone()),
    };
    let preferences = Flags(node.flags.0 & 7);
    let agree = wanted == Flags::NONE || preferences == Flags::NONE || wanted == preferences;
    let flags = wanted.combined(node.flags);
    if (min, max) == (1, Some(1)) && agree {
        node
    } else if !node.flags.has(Flags(8 | 16)) {
        Node::plain(flags, node.re.repeated(min, max))
    } else if min > 0 && !node.flags.has(Flags::BACKREF) {
        // Captures are those of the last round, so all before it need no structure.
        let before = node.re.clone().repeated(min - 1, max.map(|max| max - 1));
        Node::concat(flags, Node::plain(flags.preference(), before), node)
    } else {
        let re = node.re.clone().repeated(min, max);
        Node::new(Shape::Iterate { inner: Box::new(node), min, max }, flags, re)
    }
}
