//! What a view's plan does and keeps, for people: operators as a tree, the state of each, and how it grows.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::assembly::{Assembly, EngineCatalog};
use super::dataflow::{Node, NodeKind};
use super::driver::Engine;
use super::error::EngineError;
use super::operators::{Access, Aggregate, Input, Join, Lookup, Method, Store};
use super::plan::{JoinKind, RelationName, ViewPlan};
use super::registry::Registry;
use super::view::View;

/// One operator of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainLine {
    /// Depth in the tree; the view itself stands at 0.
    pub depth: usize,
    /// What the operator does.
    pub text: String,
    /// What it keeps and how that grows; empty when it keeps nothing.
    pub state: Vec<String>,
}

/// Explains a view over the tables and views of the catalog.
pub fn explain(view: &ViewPlan, catalog: &EngineCatalog) -> Result<Vec<ExplainLine>, EngineError> {
    let mut catalog = catalog.clone();
    match catalog.views.iter().position(|known| known.name == view.name) {
        Some(place) => {
            catalog.views.truncate(place);
            catalog.views.push(view.clone());
        }
        None => catalog.views.push(view.clone()),
    }
    let assembly = Assembly::new(&catalog, &Registry::default())?;
    let mut lines = Vec::new();
    if let Some(view) = assembly.views.last() {
        let mut explainer = Explainer { assembly: &assembly, lines: &mut lines, nodes: Vec::new() };
        explainer.view(view);
        explainer.node(&view.root, 1);
    }
    Ok(lines)
}

impl Engine {
    /// The operators of each view by their numbers, as [`explain`] names them.
    pub fn operators(&self) -> BTreeMap<SmolStr, Vec<String>> {
        let operators = |view: &View| (view.schema.name.clone(), operators(&self.assembly, view));
        self.assembly.views.iter().map(operators).collect()
    }
}

fn operators(assembly: &Assembly, view: &View) -> Vec<String> {
    let mut lines = Vec::new();
    let mut explainer = Explainer { assembly, lines: &mut lines, nodes: Vec::new() };
    explainer.node(&view.root, 0);
    let nodes = explainer.nodes;
    let mut texts = vec![String::new(); nodes.iter().map(|(id, _)| id + 1).max().unwrap_or(0)];
    nodes.into_iter().for_each(|(id, line)| texts[id].clone_from(&lines[line].text));
    texts
}

struct Explainer<'a> {
    assembly: &'a Assembly,
    lines: &'a mut Vec<ExplainLine>,
    /// Numbers of the nodes, with their lines.
    nodes: Vec<(usize, usize)>,
}

impl Explainer<'_> {
    fn push(&mut self, depth: usize, text: String, state: Vec<String>) {
        self.lines.push(ExplainLine { depth, text, state });
    }

    fn view(&mut self, view: &View) {
        let name = |column: &usize| view.schema.columns[*column].name.as_str();
        let key = view.schema.key.iter().map(name).collect::<Vec<_>>().join(", ");
        let mut state = vec![match key.as_str() {
            "" => "rows: at most one".to_owned(),
            key => format!("rows by ({key}): one entry per row of the view"),
        }];
        if view.has_changelog {
            state.push("changelog: every change, until all sinks have it".into());
        }
        self.push(0, format!("view {}", view.schema.name), state);
    }

    fn node(&mut self, node: &Node, depth: usize) {
        self.nodes.push((node.id, self.lines.len()));
        match &node.kind {
            NodeKind::Scan { relation, columns } => {
                let text = format!("scan {}{}", self.relation(*relation), self.narrowed(*relation, columns.as_deref()));
                self.push(depth, text, Vec::new());
            }
            NodeKind::Values(rows) => self.push(depth, format!("values: {} constant rows", rows.len()), Vec::new()),
            NodeKind::Project { input, expressions } => {
                let list = expressions.iter().map(|part| part.to_string()).collect::<Vec<_>>().join(", ");
                self.push(depth, format!("project {list}"), Vec::new());
                self.node(input, depth + 1);
            }
            NodeKind::Filter { input, predicate } => {
                self.push(depth, format!("filter {predicate}"), Vec::new());
                self.node(input, depth + 1);
            }
            NodeKind::Join(join) => self.join(join, depth),
            NodeKind::Aggregate(aggregate) => self.aggregate(aggregate, depth),
            NodeKind::Distinct(distinct) => {
                self.push(depth, "distinct".into(), vec!["counts: one entry per distinct row".into()]);
                self.node(&distinct.input, depth + 1);
            }
            NodeKind::UnionAll(inputs) => {
                self.push(depth, "union all".into(), Vec::new());
                inputs.iter().for_each(|input| self.node(input, depth + 1));
            }
            NodeKind::Expand { input, projections } => {
                self.push(depth, format!("expand: each row {} times", projections.len()), Vec::new());
                self.node(input, depth + 1);
            }
            NodeKind::Flatten(flatten) => self.operator(node, depth, flatten.explained()),
            NodeKind::SetOperation(operation) => self.operator(node, depth, operation.explained()),
            NodeKind::TopN(top) => self.operator(node, depth, top.explained()),
            NodeKind::Window(window) => self.operator(node, depth, window.explained()),
            NodeKind::Recursion(recursion) => self.operator(node, depth, recursion.explained()),
            NodeKind::Round { .. } => self.push(depth, "rows of the round before".into(), Vec::new()),
        }
    }

    fn operator(&mut self, node: &Node, depth: usize, (text, state): (String, Vec<String>)) {
        self.push(depth, text, state);
        node.inputs().into_iter().for_each(|input| self.node(input, depth + 1));
    }

    fn join(&mut self, join: &Join, depth: usize) {
        let text = format!("join of {} inputs, without intermediate results", join.inputs.len());
        self.push(depth, text, Vec::new());
        for (place, input) in join.inputs.iter().enumerate() {
            let kind = match (place, join.shape.kinds[place]) {
                (0, _) => "first input",
                (_, JoinKind::Inner) => "inner join",
                (_, JoinKind::Left) => "left join",
                (_, JoinKind::Semi) => "semi join",
                (_, JoinKind::Anti) => "anti join",
                (_, JoinKind::Mark) => "mark join",
            };
            let on = match join.shape.conditions[place].as_str() {
                "" => String::new(),
                condition => format!(" on {condition}"),
            };
            self.push(depth + 1, format!("{kind}{on}"), self.input_state(join, place, input));
            self.node(&input.node, depth + 2);
        }
    }

    /// How an input is found by the terms of the join, each way once.
    fn input_state(&self, join: &Join, place: usize, input: &Input) -> Vec<String> {
        let lookups = join.terms.iter().flat_map(|term| {
            let steps = term.before.iter().chain(&term.after).map(|operation| &operation.lookup);
            steps.chain(&term.own)
        });
        let mut state: Vec<String> = Vec::new();
        for Lookup { access, .. } in lookups.filter(|lookup| lookup.input == place) {
            let text = match (&input.store, access) {
                (Store::Relation { relation, .. }, Access::Primary) => {
                    format!("reads {} by its key: nothing of its own", self.relation(*relation))
                }
                (Store::Relation { .. }, Access::Index(index)) => {
                    let index = &self.assembly.indexes[*index];
                    let columns = self.column_names(index.relation, &index.columns);
                    format!(
                        "index on {}({columns}): one entry per row, shared by all views",
                        self.relation(index.relation)
                    )
                }
                (Store::Relation { relation, .. }, _) => {
                    format!("reads all rows of {} for every change of the other side", self.relation(*relation))
                }
                (Store::Private { arrangements }, Access::Arrangement(table)) => {
                    let found = arrangements.iter().find(|arrangement| arrangement.table == *table);
                    let columns = found.map_or(&[][..], |arrangement| &arrangement.columns);
                    let columns = columns.iter().map(|column| format!("#{column}")).collect::<Vec<_>>().join(", ");
                    format!("own arrangement by ({columns}): one entry per distinct row of this input")
                }
                (Store::Private { .. }, _) => continue,
            };
            if !state.contains(&text) {
                state.push(text);
            }
        }
        state
    }

    fn aggregate(&mut self, aggregate: &Aggregate, depth: usize) {
        let mut state = vec![match aggregate.is_global() {
            true => "groups: one".to_owned(),
            false => "groups: one entry per group".to_owned(),
        }];
        let mut calls = Vec::new();
        for call in &aggregate.calls {
            let distinct = if call.call.distinct { "distinct " } else { "" };
            let arguments = call.call.arguments.iter().map(|argument| argument.to_string()).collect::<Vec<_>>();
            let argument = if arguments.is_empty() { "*".to_owned() } else { arguments.join(", ") };
            let filter =
                call.call.filter.as_ref().map_or_else(String::new, |filter| format!(" filter (where {filter})"));
            let text = format!("{:?}({distinct}{argument}){filter}", call.call.function).to_lowercase();
            if call.values.is_some() {
                let effort = match Method::of(&call.call) {
                    Method::Ordered => "; all of a group are read when it changes",
                    Method::Accumulated | Method::Extreme => "",
                };
                state.push(format!("values of {text}: one entry per group and distinct value{effort}"));
            }
            calls.push(text);
        }
        let group = aggregate.group.iter().map(|part| part.to_string()).collect::<Vec<_>>().join(", ");
        let by = if group.is_empty() { String::new() } else { format!(" by {group}") };
        self.push(depth, format!("aggregate {}{by}", calls.join(", ")), state);
        self.node(&aggregate.input, depth + 1);
    }

    fn relation(&self, relation: usize) -> String {
        match &self.assembly.relations[relation].name {
            RelationName::Table(name) => name.to_string(),
            RelationName::View(name) => format!("view {name}"),
        }
    }

    fn narrowed(&self, relation: usize, columns: Option<&[usize]>) -> String {
        columns.map_or_else(String::new, |columns| format!(" ({})", self.column_names(relation, columns)))
    }

    fn column_names(&self, relation: usize, columns: &[usize]) -> String {
        let names = columns.iter().map(|column| self.assembly.column_name(relation, *column));
        names.collect::<Vec<_>>().join(", ")
    }
}
