//! The gate between two threads: what passes, what waits, and that nobody waits for ever.

use std::convert::Infallible;
use std::sync::mpsc;
use std::thread;

use tailwater_connectors::Lsn;

use super::*;

/// Longer than any test: a hold that ends by itself is a failure then.
const LONG: Duration = Duration::from_secs(60);

fn at(position: u64) -> Position {
    Position::Lsn(Lsn(position))
}

fn transactions(positions: &[u64]) -> Vec<Transaction> {
    let transaction = |position: &u64| Transaction { position: at(*position), committed_at: 0, changes: Vec::new() };
    positions.iter().map(transaction).collect()
}

fn main_source() -> SmolStr {
    "main".into()
}

/// A stepper's thread: passes the batches in order and sends the positions of each step.
fn stepper(gate: &Arc<Gate>, batches: &[&[u64]]) -> (mpsc::Receiver<Vec<u64>>, thread::JoinHandle<()>) {
    let (sender, steps) = mpsc::channel();
    let (gate, batches) = (Arc::clone(gate), batches.iter().map(|batch| transactions(batch)).collect::<Vec<_>>());
    let running = thread::spawn(move || {
        for batch in batches {
            let passed = gate.pass(&main_source(), &batch, |part| {
                let position = |transaction: &Transaction| transaction.position.lsn().map_or(0, |lsn| lsn.0);
                sender.send(part.iter().map(position).collect()).unwrap();
                Ok::<(), Infallible>(())
            });
            passed.unwrap();
        }
    });
    (steps, running)
}

fn reached(hold: &Hold) -> bool {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(hold.reached())
}

#[test]
fn an_open_gate_cuts_nothing() {
    let gate = Arc::new(Gate::new(LONG));
    let (steps, running) = stepper(&gate, &[&[1, 2, 3], &[], &[4]]);
    running.join().unwrap();
    assert_eq!(steps.iter().collect::<Vec<_>>(), [vec![1, 2, 3], vec![4]]);
}

#[test]
fn transactions_up_to_the_cut_pass_and_those_after_it_wait_until_the_state_is_pinned() {
    for (batches, before, after) in [
        (&[&[10_u64, 20][..], &[30, 40, 50]][..], vec![vec![10, 20], vec![30, 40]], vec![vec![50]]),
        (&[&[10, 40]], vec![vec![10, 40]], vec![]),
        (&[&[41, 42]], vec![], vec![vec![41, 42]]),
        (&[&[10], &[41]], vec![vec![10]], vec![vec![41]]),
        (&[&[39, 40], &[41]], vec![vec![39, 40]], vec![vec![41]]),
    ] {
        let gate = Arc::new(Gate::new(LONG));
        let hold = gate.close(&main_source());
        let (steps, running) = stepper(&gate, batches);
        assert!(hold.cut(&main_source(), &at(40)));
        assert!(reached(&hold));
        assert_eq!(steps.try_iter().collect::<Vec<_>>(), before, "{batches:?}");
        assert!(hold.still_reached());
        drop(hold);
        running.join().unwrap();
        assert_eq!(steps.iter().collect::<Vec<_>>(), after, "{batches:?}");
    }
}

#[test]
fn nothing_passes_before_the_cut_is_known() {
    let gate = Arc::new(Gate::new(LONG));
    let hold = gate.close(&main_source());
    let (steps, running) = stepper(&gate, &[&[1, 2], &[3]]);
    while !waiting_at(&gate) {
        thread::yield_now();
    }
    assert!(steps.try_recv().is_err());
    assert!(hold.cut(&main_source(), &at(2)));
    assert!(reached(&hold));
    assert_eq!(steps.try_iter().collect::<Vec<_>>(), [vec![1, 2]]);
    drop(hold);
    running.join().unwrap();
}

/// Whether a thread waits at the gate: notifying one wakes one.
fn waiting_at(gate: &Gate) -> bool {
    gate.moved.notify_one()
}

#[test]
fn progress_beyond_the_cut_reaches_it_and_progress_before_it_does_not() {
    let gate = Arc::new(Gate::new(LONG));
    let hold = gate.close(&main_source());
    assert!(hold.cut(&main_source(), &at(40)));
    gate.pass_progress(&main_source(), &at(39));
    assert!(!hold.still_reached());
    let passing = Arc::clone(&gate);
    let running = thread::spawn(move || passing.pass_progress(&main_source(), &at(40)));
    assert!(reached(&hold));
    drop(hold);
    running.join().unwrap();
}

#[test]
fn other_sources_pass_a_gate_that_is_closed_for_one() {
    let gate = Arc::new(Gate::new(LONG));
    let _hold = gate.close(&"other".into());
    let (steps, running) = stepper(&gate, &[&[1, 2]]);
    running.join().unwrap();
    assert_eq!(steps.iter().collect::<Vec<_>>(), [vec![1, 2]]);
}

#[test]
fn a_dropped_handle_and_a_slow_verifier_let_the_stepper_go() {
    let gate = Arc::new(Gate::new(LONG));
    let hold = gate.close(&main_source());
    let (steps, running) = stepper(&gate, &[&[1]]);
    drop(hold);
    running.join().unwrap();
    assert_eq!(steps.iter().collect::<Vec<_>>(), [vec![1]]);

    let gate = Arc::new(Gate::new(Duration::from_millis(20)));
    let hold = gate.close(&main_source());
    let (steps, running) = stepper(&gate, &[&[1]]);
    running.join().unwrap();
    assert_eq!(steps.iter().collect::<Vec<_>>(), [vec![1]]);
    assert!(!hold.cut(&main_source(), &at(5)), "what passed may be beyond the cut");
    assert!(!reached(&hold));

    // The state was not pinned in time: whoever pinned it late must not believe it.
    let hold = gate.close(&main_source());
    assert!(hold.cut(&main_source(), &at(5)));
    let (_steps, running) = stepper(&gate, &[&[2, 6]]);
    running.join().unwrap();
    assert!(!hold.still_reached());
}

#[test]
fn a_late_handle_does_not_open_the_gate_of_another_hold() {
    let gate = Arc::new(Gate::new(LONG));
    let first = gate.close(&main_source());
    let second = gate.close(&main_source());
    drop(first);
    let (steps, running) = stepper(&gate, &[&[1, 9]]);
    assert!(second.cut(&main_source(), &at(1)));
    assert!(reached(&second));
    assert_eq!(steps.try_iter().collect::<Vec<_>>(), [vec![1]]);
    drop(second);
    running.join().unwrap();
}
