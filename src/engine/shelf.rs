//! The task that moves deliveries between the engine and the history: those that are spilled or
//! held, and what is asked about them from outside.
//!
//! It does one chore after the other, in the order in which they are asked for, so that what was put
//! aside is there when it is taken back. The reconciler never waits for it: results come as messages.

use super::clock::now_ms;
use super::command::Ticket;
use super::reconcile::Input;
use crate::domain::{Delivery, DeliveryId, Selection};
use crate::history::{Closing, HeldCount, History, HistoryError, Request, ServiceOf};
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// Rows that one step takes at most.
const PAGE: u32 = 500;

/// Who asked for something, and gets the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A command.
    Ticket(Ticket),
    /// A request of another process.
    Request(i64),
    /// Nobody waits for an answer.
    Nobody,
}

/// Something to do.
#[derive(Debug)]
pub enum Chore {
    /// Put these aside.
    Spill(Vec<Delivery>),
    /// Take back the oldest of a service.
    Take {
        /// Which.
        of: ServiceOf,
        /// At most so many.
        limit: usize,
    },
    /// End spilled ones.
    Close {
        /// Which, and how.
        closing: Closing,
        /// Deliveries that were ended elsewhere, for the answer.
        others: u64,
        /// Who asked.
        asker: Asker,
    },
    /// Record these as held.
    Hold(Vec<Delivery>),
    /// Let held ones go.
    Release(Selection, Asker),
    /// Mark held ones as sent.
    Baseline(Selection, Asker),
    /// Withdraw these, if they are still held (or pending).
    Withdraw {
        /// Which.
        ids: Vec<DeliveryId>,
        /// They are pending, not held.
        pending: bool,
        /// Why.
        why: &'static str,
    },
    /// Record these as marked as sent.
    Record(Vec<Delivery>),
    /// Note that these conditions (trigger, condition key) were looked at on all objects.
    NoteConditions(Vec<(String, String)>),
    /// Look for what failed, to send it again.
    Failed {
        /// What is meant.
        selection: Selection,
        /// Those that fail again meanwhile have this id or a later one, and are not meant. An id and
        /// no time: after the clock was set back, ids go on where they were.
        before: DeliveryId,
        /// Who asked.
        ticket: Ticket,
    },
    /// Look whether another process asks for something.
    Poll,
    /// Answer a request.
    Answer(i64, String),
    /// Count what is held.
    Count,
}

/// What came of a chore.
#[derive(Debug)]
pub enum Shelved {
    /// Of [`Chore::Spill`]: by service how many are put aside; or what could not be.
    Spilled(Result<BTreeMap<ServiceOf, u64>, Vec<Delivery>>),
    /// Of [`Chore::Take`]; `None` when it failed and is to be tried again.
    Taken {
        /// The service.
        of: ServiceOf,
        /// What was taken, oldest first.
        deliveries: Option<Vec<Delivery>>,
    },
    /// Of [`Chore::Close`], page by page.
    Closed {
        /// What was ended.
        deliveries: Vec<Delivery>,
        /// After the last page: the number of all, or what went wrong, for whoever asked.
        end: Option<(Asker, Result<u64, HistoryError>)>,
    },
    /// Of [`Chore::Hold`]: what could not be recorded.
    Held(Option<Vec<Delivery>>),
    /// Of [`Chore::Release`]: by service how many are put aside now, to be taken back.
    Released(Asker, Result<BTreeMap<ServiceOf, u64>, HistoryError>),
    /// Of [`Chore::Baseline`], page by page; as [`Shelved::Closed`].
    Baselined {
        /// What was marked.
        deliveries: Vec<Delivery>,
        /// After the last page: the number of all, or what went wrong, for whoever asked.
        end: Option<(Asker, Result<u64, HistoryError>)>,
    },
    /// Of [`Chore::Withdraw`]: those that were asked for, and those that were withdrawn.
    Withdrawn {
        /// Asked for.
        ids: Vec<DeliveryId>,
        /// Withdrawn.
        deliveries: Vec<Delivery>,
    },
    /// Of [`Chore::Failed`], page by page.
    Failed {
        /// Rows to be sent again.
        deliveries: Vec<Delivery>,
        /// Who asked.
        ticket: Ticket,
        /// It was the last page; the error, if there was one.
        end: Option<Option<HistoryError>>,
    },
    /// Of [`Chore::Poll`].
    Polled(Option<Request>),
    /// What is held now.
    Counts(Vec<HeldCount>),
}

/// Does chores until nobody can ask for one any more.
pub async fn run(
    history: History,
    mut chores: mpsc::UnboundedReceiver<Chore>,
    inputs: mpsc::Sender<Input>,
) {
    let mut shelf = Shelf {
        history,
        inputs,
        recount: false,
    };
    while let Some(chore) = chores.recv().await {
        shelf.work(chore).await;
        if shelf.recount && chores.is_empty() {
            shelf.count().await;
        }
    }
}

struct Shelf {
    history: History,
    inputs: mpsc::Sender<Input>,
    /// What is held has changed since it was counted.
    recount: bool,
}

impl Shelf {
    async fn work(&mut self, chore: Chore) {
        match chore {
            Chore::Spill(deliveries) => self.spill(deliveries).await,
            Chore::Take { of, limit } => {
                let taken = self.history.take_spilled(&of, limit).await;
                let deliveries = noted(taken, "what waits in the history can't be taken back");
                self.tell(Shelved::Taken { of, deliveries }).await;
            }
            Chore::Close {
                closing,
                others,
                asker,
            } => self.close(closing, others, asker).await,
            Chore::Hold(deliveries) => {
                self.recount = true;
                let result = self.history.record_all(deliveries.clone()).await;
                let lost = noted(result, "held notifications were not recorded").is_none();
                self.tell(Shelved::Held(lost.then_some(deliveries))).await;
            }
            Chore::Release(selection, asker) => {
                self.recount = true;
                let result = self.history.release_held(selection, now_ms()).await;
                self.tell(Shelved::Released(asker, result)).await;
            }
            Chore::Baseline(selection, asker) => self.baseline(selection, asker).await,
            Chore::Withdraw { ids, pending, why } => {
                self.recount = true;
                let result = self
                    .history
                    .withdraw(ids.clone(), pending, why.to_owned(), now_ms())
                    .await;
                let deliveries = noted(result, "a notification can't be withdrawn");
                self.tell(Shelved::Withdrawn {
                    ids,
                    deliveries: deliveries.unwrap_or_default(),
                })
                .await;
            }
            Chore::Record(deliveries) => {
                let result = self.history.record_all(deliveries).await;
                noted(result, "what was marked as sent was not recorded");
            }
            Chore::NoteConditions(conditions) => {
                let result = self.history.note_conditions(conditions, now_ms()).await;
                noted(result, "what was looked at was not recorded");
            }
            Chore::Failed {
                selection,
                before,
                ticket,
            } => self.failed(selection, before, ticket).await,
            Chore::Poll => self.poll().await,
            Chore::Answer(id, text) => {
                let result = self.history.answer(id, text).await;
                noted(result, "a request was not answered");
            }
            Chore::Count => self.recount = true,
        }
    }

    async fn spill(&mut self, deliveries: Vec<Delivery>) {
        let result = self.history.spill(deliveries.clone()).await;
        let result = match noted(result, "deliveries can't wait in the history") {
            None => Err(deliveries),
            Some(()) => {
                let mut counts = BTreeMap::new();
                for delivery in &deliveries {
                    let of = ServiceOf::delivery(&delivery.new);
                    *counts.entry(of).or_default() += 1;
                }
                Ok(counts)
            }
        };
        self.tell(Shelved::Spilled(result)).await;
    }

    async fn close(&mut self, closing: Closing, others: u64, asker: Asker) {
        let mut all = others;
        loop {
            let page = self
                .history
                .close_spilled(closing.clone(), PAGE as usize)
                .await;
            let (deliveries, end) = match page {
                Ok(page) => {
                    all = all.saturating_add(page.len() as u64);
                    let last = page.len() < PAGE as usize;
                    (page, last.then_some(Ok(all)))
                }
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            let over = end.is_some();
            let end = end.map(|end| (asker.clone(), end));
            self.tell(Shelved::Closed { deliveries, end }).await;
            if over {
                return;
            }
        }
    }

    async fn baseline(&mut self, selection: Selection, asker: Asker) {
        self.recount = true;
        let mut all: u64 = 0;
        loop {
            let page = self
                .history
                .baseline_held(selection.clone(), now_ms(), PAGE as usize)
                .await;
            let (deliveries, end) = match page {
                Ok(page) => {
                    all = all.saturating_add(page.len() as u64);
                    let last = page.len() < PAGE as usize;
                    (page, last.then_some(Ok(all)))
                }
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            let over = end.is_some();
            let end = end.map(|end| (asker.clone(), end));
            self.tell(Shelved::Baselined { deliveries, end }).await;
            if over {
                return;
            }
        }
    }

    async fn failed(&mut self, selection: Selection, before: DeliveryId, ticket: Ticket) {
        let mut after = DeliveryId(i64::MIN);
        loop {
            let wanted = selection.clone();
            let page = self
                .read(move |history| history.failed(&wanted, after, PAGE))
                .await;
            let (mut page, error) = match page {
                Ok(page) => (page, None),
                Err(error) => (Vec::new(), Some(error)),
            };
            let more = page.len() >= PAGE as usize;
            page.retain(|delivery| delivery.new.id < before);
            let more = more && !page.is_empty();
            if let Some(last) = page.last() {
                after = last.new.id;
            }
            self.tell(Shelved::Failed {
                deliveries: page,
                ticket,
                end: (!more).then_some(error),
            })
            .await;
            if !more {
                return;
            }
        }
    }

    async fn poll(&mut self) {
        let request = match self.read(|history| history.is_asked()).await {
            Ok(true) => noted(
                self.history.take_request().await,
                "a request can't be taken",
            )
            .flatten(),
            Ok(false) | Err(_) => None,
        };
        self.tell(Shelved::Polled(request)).await;
    }

    async fn count(&mut self) {
        self.recount = false;
        let counts = self.read(|history| history.held_counts()).await;
        if let Some(counts) = noted(counts, "what is held can't be counted") {
            self.tell(Shelved::Counts(counts)).await;
        }
    }

    /// Reads in a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&History) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let history = self.history.clone();
        tokio::task::spawn_blocking(move || read(&history))
            .await
            .unwrap_or(Err(HistoryError::Closed))
    }

    async fn tell(&self, shelved: Shelved) {
        // Nobody listens any more when the engine has ended; the history has it.
        let _ = self.inputs.send(Input::Shelved(shelved)).await;
    }
}

/// Logs a failure. That the history fails is told by `keeping`, once for all.
fn noted<T>(result: Result<T, HistoryError>, what: &str) -> Option<T> {
    result
        .inspect_err(|error| tracing::debug!("{what}: {error}"))
        .ok()
}
