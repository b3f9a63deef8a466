//! How a pattern is read, and why it cannot be.

/// Whose letters: those of databases with `LC_CTYPE` `C`, or of all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::engine::scalar) enum Letters {
    /// Only ASCII has letters.
    Ascii,
    /// All of Unicode has.
    #[default]
    Unicode,
}

/// What flags and the pattern's own prefix say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::engine::scalar) struct Options {
    /// Letters match in both cases.
    pub(in crate::engine::scalar) ignore_case: bool,
    /// `.` and `[^` stop at line ends.
    pub(in crate::engine::scalar) stop_at_newline: bool,
    /// `^` and `$` match at line ends.
    pub(in crate::engine::scalar) line_anchors: bool,
    /// White space and comments in the pattern do not count.
    pub(in crate::engine::scalar) expanded: bool,
    /// The pattern is plain text.
    pub(in crate::engine::scalar) literal: bool,
    /// `b` or `e`: a basic or extended expression, which are not supported.
    pub(in crate::engine::scalar) other_syntax: bool,
    /// Whose letters.
    pub(in crate::engine::scalar) letters: Letters,
}

impl Options {
    /// Takes one option letter, which mean the same as flags and in `(?...)`; whether it is one.
    pub(in crate::engine::scalar) fn set(&mut self, letter: char) -> bool {
        match letter {
            'b' | 'e' => (self.other_syntax, self.literal) = (true, false),
            'c' => self.ignore_case = false,
            'i' => self.ignore_case = true,
            'm' | 'n' => (self.stop_at_newline, self.line_anchors) = (true, true),
            'p' => (self.stop_at_newline, self.line_anchors) = (true, false),
            'w' => (self.stop_at_newline, self.line_anchors) = (false, true),
            's' => (self.stop_at_newline, self.line_anchors) = (false, false),
            'q' => self.literal = true,
            't' => self.expanded = false,
            'x' => self.expanded = true,
            _ => return false,
        }
        true
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine::scalar) enum RegexError {
    /// Not a regular expression to Postgres either.
    Invalid(&'static str),
    /// One that is not supported here.
    Unsupported(&'static str),
    /// The search took too many steps.
    TooManySteps,
}
