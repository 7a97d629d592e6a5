//! Work that waits for a model: several items at a time, results in order, and word of how it goes.
//!
//! Reading runs keeps the cores busy and is done in batches (`input::in_order`). Answers of a model keep
//! nobody busy, take seconds or hours, and cost money: so one that is slow holds up no other, and what is
//! there is handed over at once, since whoever is tired of waiting ends the program.

use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::output::Output;

/// How many results may wait for one that is slow and comes before them. More would only cost memory.
const AHEAD: usize = 1024;

/// How often it is told how things go.
const TICK: Duration = Duration::from_millis(500);

/// Works on what `items` gives in `threads` threads, and gives the results to `take` in order as soon as
/// each can be. `so_far` says what was spent; `total` is the number of items, where it is known.
///
/// An error of `take` ends the work when the items under way are done.
pub(crate) fn asked_in_order<T: Send, R: Send>(
    items: impl Iterator<Item = T> + Send,
    (threads, total): (usize, Option<usize>),
    output: &mut Output,
    so_far: impl Fn() -> String,
    work: impl Fn(T) -> R + Sync,
    mut take: impl FnMut(&mut Output, R) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let queue = Queue::new(items);
    let (send, receive) = channel();
    let threads = threads.min(total.unwrap_or(threads));
    output.start_asking();
    let done = thread::scope(|scope| {
        for _ in 0..threads {
            let (send, queue, work) = (send.clone(), &queue, &work);
            scope.spawn(move || {
                while let Some((at, item)) = queue.next() {
                    if send.send((at, work(item))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        // However this ends, nothing new is begun then.
        let _stop = Stop(&queue);
        let mut waiting = BTreeMap::new();
        let (mut taken, mut finished) = (0, 0);
        loop {
            match receive.recv_timeout(TICK) {
                Ok((at, result)) => {
                    finished += 1;
                    waiting.insert(at, result);
                    while let Some(result) = waiting.remove(&taken) {
                        take(output, result)?;
                        taken += 1;
                        queue.is_taken(taken);
                    }
                    output.flush()?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            let of = total.map_or_else(String::new, |total| format!(" of {total}"));
            output.tell_asking(&format!("{finished}{of} done, {}", so_far()));
        }
    });
    output.end_progress();
    done
}

/// The items that are left.
struct Queue<I> {
    left: Mutex<Left<I>>,
    moved: Condvar,
}

struct Left<I> {
    /// `None` when no more are wanted.
    items: Option<I>,
    given: usize,
    taken: usize,
}

impl<I: Iterator> Queue<I> {
    fn new(items: I) -> Self {
        Self {
            left: Mutex::new(Left {
                items: Some(items),
                given: 0,
                taken: 0,
            }),
            moved: Condvar::new(),
        }
    }

    /// The next item with its number, once there is room for its result.
    fn next(&self) -> Option<(usize, I::Item)> {
        let far = |left: &mut Left<I>| left.items.is_some() && left.given >= left.taken + AHEAD;
        let mut left = self
            .moved
            .wait_while(self.left(), far)
            .unwrap_or_else(PoisonError::into_inner);
        let item = left.items.as_mut()?.next()?;
        left.given += 1;
        Some((left.given - 1, item))
    }

    fn is_taken(&self, so_many: usize) {
        self.left().taken = so_many;
        self.moved.notify_all();
    }

    fn left(&self) -> MutexGuard<'_, Left<I>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a queue when it goes.
struct Stop<'q, I: Iterator>(&'q Queue<I>);

impl<I: Iterator> Drop for Stop<'_, I> {
    fn drop(&mut self) {
        self.0.left().items = None;
        self.0.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use anyhow::bail;
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    fn output() -> Output {
        Output::new(&Cli::parse_from(["codetracer", "--quiet", "man"]).flags)
    }

    #[test]
    fn a_slow_item_holds_up_no_other_and_the_order_stays() {
        let others = AtomicUsize::new(0);
        let mut got = Vec::new();
        asked_in_order(
            0..100,
            (3, Some(100)),
            &mut output(),
            String::new,
            |item| {
                if item == 0 {
                    while others.load(Ordering::SeqCst) < 99 {
                        thread::yield_now();
                    }
                } else {
                    others.fetch_add(1, Ordering::SeqCst);
                }
                item
            },
            |_, item| {
                got.push(item);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(got, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn no_more_results_wait_than_there_is_room_for() {
        let (begun, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut taken = 0;
        asked_in_order(
            0..3 * AHEAD,
            (8, None),
            &mut output(),
            String::new,
            |item| {
                begun.fetch_add(1, Ordering::SeqCst);
                if item == 0 {
                    thread::sleep(Duration::from_millis(100));
                    most.store(begun.load(Ordering::SeqCst), Ordering::SeqCst);
                }
            },
            |_, ()| {
                taken += 1;
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(taken, 3 * AHEAD);
        assert!(most.load(Ordering::SeqCst) <= AHEAD);
    }

    #[test]
    fn nothing_new_is_begun_after_an_error() {
        let begun = AtomicUsize::new(0);
        let ended = asked_in_order(
            0..,
            (2, None),
            &mut output(),
            String::new,
            |item: u32| {
                begun.fetch_add(1, Ordering::SeqCst);
                item
            },
            |_, item| {
                if item == 3 {
                    bail!("full")
                }
                Ok(())
            },
        );
        assert!(ended.is_err());
        assert!(begun.load(Ordering::SeqCst) < 3 + AHEAD + 2);
    }
}
