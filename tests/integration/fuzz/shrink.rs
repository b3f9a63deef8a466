//! A failing case made small: without views, transactions, statements and rows that the failure does without, then with
//! simpler SQL. Each smaller case is run anew; what still fails is kept.

use super::case::Case;
use super::run::Tester;

/// Makes `case` smaller within so many trials; answers with the failure of the smallest.
pub(super) fn shrunk(tester: &Tester, case: &Case, (failure, trials): (String, usize)) -> (Case, String) {
    let mut shrinking = Shrinking { tester, case: case.clone(), failure, trials };
    shrinking.keep_one_view();
    loop {
        let before = shrinking.size();
        shrinking.without(|case| &mut case.views);
        shrinking.without(|case| &mut case.changes);
        shrinking.without_statements();
        shrinking.simpler_sql();
        shrinking.without_rows();
        shrinking.without(|case| &mut case.tables);
        if shrinking.trials == 0 || shrinking.size() == before {
            return (shrinking.case, shrinking.failure);
        }
    }
}

/// What kind of failure it is: modes do not matter, but one that shows no rows is another than one that does, and two
/// errors are one kind only if they say the same of other names and numbers.
fn sort(failure: &str) -> String {
    match failure.strip_prefix("(recording): ") {
        Some(reason) => {
            let quoted = reason.split('"').step_by(2).collect::<String>();
            quoted.split_whitespace().filter(|word| !word.contains(|c: char| c.is_ascii_digit())).collect()
        }
        None => if failure.contains("panic") { "panic" } else { "replay" }.into(),
    }
}

struct Shrinking<'t> {
    tester: &'t Tester,
    case: Case,
    failure: String,
    trials: usize,
}

impl Shrinking<'_> {
    fn size(&self) -> usize {
        self.case.file().text("").len()
    }

    /// Takes `smaller` if it fails in the same way.
    fn try_it(&mut self, smaller: Case) -> bool {
        if self.trials == 0 {
            return false;
        }
        self.trials -= 1;
        let found = self.tester.run(&smaller).failure.filter(|failure| sort(failure) == sort(&self.failure));
        let fails = found.is_some();
        if let Some(failure) = found {
            (self.case, self.failure) = (smaller, failure);
        }
        fails
    }

    /// The view that the failure names, alone.
    fn keep_one_view(&mut self) {
        let Some((_, rest)) = self.failure.split_once("view ") else { return };
        let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        let mut smaller = self.case.clone();
        smaller.views.retain(|view| view.name == name);
        if !smaller.views.is_empty() {
            self.try_it(smaller);
        }
    }

    /// Leaves out halves, quarters, … single ones of a list.
    fn without<T: Clone>(&mut self, list: impl Fn(&mut Case) -> &mut Vec<T>) {
        let mut chunk = list(&mut self.case).len().div_ceil(2);
        while chunk > 0 {
            let mut end = list(&mut self.case).len();
            while end > 0 {
                let start = end.saturating_sub(chunk);
                let mut smaller = self.case.clone();
                list(&mut smaller).drain(start..end);
                if !list(&mut smaller).is_empty() {
                    self.try_it(smaller);
                }
                end = start;
            }
            chunk /= 2;
        }
    }

    fn without_statements(&mut self) {
        for number in 0..self.case.changes.len() {
            self.without(move |case| &mut case.changes[number].statements);
        }
    }

    fn without_rows(&mut self) {
        for number in 0..self.case.tables.len() {
            let mut smaller = self.case.clone();
            if !std::mem::take(&mut smaller.tables[number].rows).is_empty() && !self.try_it(smaller) {
                self.without(move |case| &mut case.tables[number].rows);
            }
        }
    }

    fn simpler_sql(&mut self) {
        for view in 0..self.case.views.len() {
            let mut number = 0;
            while let Some(part) = self.case.views.get(view).and_then(|view| view.part.replaced(number)) {
                let mut smaller = self.case.clone();
                smaller.views[view].part = part;
                if self.trials == 0 {
                    return;
                }
                if !self.try_it(smaller) {
                    number += 1;
                }
            }
        }
    }
}

#[test]
fn errors_are_one_kind_if_they_differ_in_names_and_numbers_only() {
    let divided = sort("(recording): transaction 3: ERROR: division by zero");
    assert_eq!(divided, sort("(recording): transaction 12: ERROR: division by zero"));
    assert_ne!(divided, sort("(recording): transaction 2: ERROR: relation \"t1\" does not exist"));
    assert_eq!(sort("(straight): view v1: rows"), sort("(restart): view v3: rows"));
    assert_ne!(sort("(straight): view v1: rows"), sort("(straight): a panic: x"));
}
