//! A desk whose answers a test writes.

use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;

use super::apply::{ApplyDesk, ApplyRefusal, Asked, Plan, Wish};

/// A desk that gives these answers, one after the other, then is closed; and what it was asked.
pub(crate) fn answering(answers: Vec<Result<Plan, ApplyRefusal>>) -> (ApplyDesk, Arc<Mutex<Vec<String>>>) {
    let (desk, mut wishes) = ApplyDesk::new();
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let heard = Arc::clone(&asked);
    thread::spawn(move || {
        for answer in answers {
            let Some(Asked { wish, reply }) = wishes.blocking_recv() else { return };
            heard.lock().push(match wish {
                Wish::Plan => "plan".into(),
                Wish::Rebuild(what) => format!("{what:?}"),
                _ => "apply".into(),
            });
            reply.done(answer);
        }
    });
    (desk, asked)
}
