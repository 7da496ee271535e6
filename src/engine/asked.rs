//! What other processes ask for about single rows of the history: each row is a command like any
//! other, and when all of them are answered, so is the request.

use super::command::{Cancel, Command, CommandError, Done, Reply, Resend, Ticket};
use super::reconcile::{Input, Reconciler};
use super::shelf::Chore;
use crate::history::{Request, Verb};
use std::collections::HashMap;

/// Tickets from here on are of requests, not of whoever holds the engine.
const FIRST: u64 = 1 << 63;

/// Requests that are being carried out.
#[derive(Default)]
pub struct Asked {
    next: u64,
    of: HashMap<Ticket, i64>,
    open: HashMap<i64, Tally>,
}

/// What has come of a request so far.
struct Tally {
    verb: Verb,
    left: usize,
    done: u64,
    refused: u64,
    /// Why the first of them was refused.
    why: String,
}

impl Asked {
    fn ticket(&mut self, request: i64) -> Ticket {
        let ticket = Ticket(FIRST.saturating_add(self.next));
        self.next = self.next.wrapping_add(1) % FIRST;
        self.of.insert(ticket, request);
        ticket
    }
}

/// Whether a ticket is of a request.
pub fn is_asked(ticket: Ticket) -> bool {
    ticket.0 >= FIRST
}

impl Reconciler {
    /// Carries out a request about single rows.
    pub(super) fn carry_out_request(&mut self, request: Request) {
        let tally = Tally {
            verb: request.verb,
            left: request.ids.len(),
            done: 0,
            refused: 0,
            why: String::new(),
        };
        self.asked.open.insert(request.id, tally);
        for id in request.ids {
            let ticket = self.asked.ticket(request.id);
            let command = match request.verb {
                Verb::Cancel => Command::Cancel(Cancel::Delivery(id)),
                _ => Command::Resend(Resend::Delivery(id)),
            };
            self.obey(ticket, command);
        }
        self.answer_if_done(request.id);
    }

    /// A command of a request was answered: the count is kept where messages are handled.
    pub(super) fn pass_on(&self, done: Done) {
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Asked(done)).await;
        });
    }

    /// One row of a request is settled.
    pub(super) fn on_asked(&mut self, done: Done) {
        let Some(request) = self.asked.of.remove(&done.ticket) else {
            return;
        };
        if let Some(tally) = self.asked.open.get_mut(&request) {
            tally.left = tally.left.saturating_sub(1);
            match done.result {
                Ok(Reply::Resending { deliveries }) => tally.done += deliveries as u64,
                Ok(Reply::Cancelled { deliveries }) => tally.done += deliveries,
                Ok(_) => {}
                Err(error) => tally.refuse(&error),
            }
        }
        self.answer_if_done(request);
    }

    fn answer_if_done(&mut self, request: i64) {
        if self.asked.open.get(&request).is_none_or(|t| t.left > 0) {
            return;
        }
        if let Some(tally) = self.asked.open.remove(&request) {
            self.queues.ask(Chore::Answer(request, tally.text()));
        }
    }
}

impl Tally {
    fn refuse(&mut self, error: &CommandError) {
        self.refused += 1;
        if self.why.is_empty() {
            self.why = error.to_string();
        }
    }

    fn text(&self) -> String {
        if self.done == 0 && self.refused > 0 {
            return format!("refused: {}", self.why);
        }
        let what = match self.verb {
            Verb::Cancel => "cancelled",
            _ => "being sent",
        };
        let mut text = format!("{} {what}", self.done);
        if self.refused > 0 {
            text.push_str(&format!(", {} not: {}", self.refused, self.why));
        }
        text
    }
}
