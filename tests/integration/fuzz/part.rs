//! A piece of SQL that knows what may stand in its place: what a failing query is shrunk along.

/// Text with parts inside, and smaller parts of the same type that may replace it.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pieces: Vec<Piece>,
    instead: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Part(Part),
}

impl Part {
    /// Text alone.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Text(text.into())], instead: Vec::new() }
    }

    /// A template: each `{}` takes the next part.
    pub(super) fn of(template: &str, parts: impl IntoIterator<Item = Part>) -> Self {
        let mut parts = parts.into_iter();
        let mut pieces = Vec::new();
        let mut texts = template.split("{}").peekable();
        while let Some(text) = texts.next() {
            pieces.push(Piece::Text(text.into()));
            if texts.peek().is_some() {
                pieces.push(Piece::Part(parts.next().unwrap_or_else(|| panic!("too few parts for {template}"))));
            }
        }
        assert!(parts.next().is_none(), "too many parts for {template}");
        Self { pieces, instead: Vec::new() }
    }

    /// Parts with text between them.
    pub(super) fn joined(parts: impl IntoIterator<Item = Part>, between: &str) -> Self {
        let mut pieces = Vec::new();
        for part in parts {
            if !pieces.is_empty() {
                pieces.push(Piece::Text(between.into()));
            }
            pieces.push(Piece::Part(part));
        }
        Self { pieces, instead: Vec::new() }
    }

    /// A clause that may be left out.
    pub(super) fn optional(self) -> Self {
        self.or([Part::text("")])
    }

    /// The same with replacements, the smallest first.
    pub(super) fn or(mut self, instead: impl IntoIterator<Item = Part>) -> Self {
        self.instead.extend(instead);
        self
    }

    /// The same without the text that it begins with.
    pub(super) fn without_head(mut self, head: &str) -> Self {
        if let Some(Piece::Text(text)) = self.pieces.first_mut() {
            *text = text.strip_prefix(head).unwrap_or_else(|| panic!("{text} does not begin with {head}")).into();
        }
        self
    }

    /// The SQL.
    pub(super) fn sql(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Part(part) => part.write(text),
            }
        }
    }

    /// How many replacements there are, here and below.
    pub(super) fn replacements(&self) -> usize {
        let below = self.pieces.iter().map(|piece| match piece {
            Piece::Text(_) => 0,
            Piece::Part(part) => part.replacements(),
        });
        self.instead.len() + below.sum::<usize>()
    }

    /// The same with one replacement made; they are counted from the outside in.
    pub(super) fn replaced(&self, mut number: usize) -> Option<Self> {
        if let Some(part) = self.instead.get(number) {
            return Some(part.clone());
        }
        number -= self.instead.len().min(number);
        for (place, piece) in self.pieces.iter().enumerate() {
            let Piece::Part(part) = piece else { continue };
            if number < part.replacements() {
                let mut copy = self.clone();
                copy.pieces[place] = Piece::Part(part.replaced(number)?);
                return Some(copy);
            }
            number -= part.replacements();
        }
        None
    }
}

#[test]
fn a_part_is_replaced_from_the_outside_in() {
    let inner = Part::of("f({})", [Part::text("x").or([Part::text("0")])]).or([Part::text("1")]);
    let part = Part::of("select {}{}", [inner, Part::text(" limit 1").optional()]);
    assert_eq!(part.sql(), "select f(x) limit 1");
    let all: Vec<String> = (0..part.replacements()).map(|number| part.replaced(number).unwrap().sql()).collect();
    assert_eq!(all, ["select 1 limit 1", "select f(0) limit 1", "select f(x)"]);
}
