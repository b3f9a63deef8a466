//! A desk whose answers a test writes.

use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;

use super::apply::{ApplyDesk, ApplyRefusal, Plan, Wish};

/// A desk that gives these answers, one after the other, then is closed; and what it was asked.
pub(crate) fn answering(answers: Vec<Result<Plan, ApplyRefusal>>) -> (ApplyDesk, Arc<Mutex<Vec<&'static str>>>) {
    let (desk, mut wishes) = ApplyDesk::new();
    let asked = Arc::<Mutex<Vec<&str>>>::default();
    let heard = Arc::clone(&asked);
    thread::spawn(move || {
        for answer in answers {
            let Some(wish) = wishes.blocking_recv() else { return };
            heard.lock().push(if wish.wish == Wish::Plan { "plan" } else { "apply" });
            // All else of the wish goes before the answer, so that whoever has it may ask again.
            let sender = { wish }.answer;
            let _ = sender.send(answer);
        }
    });
    (desk, asked)
}
