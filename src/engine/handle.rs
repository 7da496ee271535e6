//! The outside of a running engine.

use super::bus::Bus;
use super::command::{Command, CommandError, Ticket};
use super::event::Batch;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Commands that may wait for the engine; beyond it a command is refused as busy.
pub const COMMAND_QUEUE: usize = 256;

/// A running engine, seen from outside: commands in, batches of changes out. Cheap to clone.
#[derive(Clone)]
pub struct EngineHandle {
    commands: mpsc::Sender<(Ticket, Command)>,
    bus: Arc<Bus>,
    tickets: Arc<AtomicU64>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl EngineHandle {
    /// A handle over the ends that an engine (or a test) holds.
    pub fn new(
        commands: mpsc::Sender<(Ticket, Command)>,
        bus: Arc<Bus>,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            commands,
            bus,
            tickets: Arc::default(),
            stop,
            tasks,
        }
    }

    /// Asks for something; never waits. The answer comes in a later batch with the same ticket.
    ///
    /// # Errors
    /// [`CommandError::Busy`] when too many commands wait, [`CommandError::Stopped`] when the
    /// engine is gone.
    pub fn submit(&self, command: Command) -> Result<Ticket, CommandError> {
        let ticket = Ticket(self.tickets.fetch_add(1, Ordering::Relaxed) + 1);
        match self.commands.try_send((ticket, command)) {
            Ok(()) => Ok(ticket),
            Err(mpsc::error::TrySendError::Full(_)) => Err(CommandError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(CommandError::Stopped),
        }
    }

    /// Waits for changes and takes them; never an empty batch.
    pub async fn next_batch(&self) -> Batch {
        self.bus.next().await
    }

    /// Takes what has changed without waiting; may be empty.
    pub fn take_batch(&self) -> Batch {
        self.bus.take()
    }

    /// Stops the engine: deliveries in flight are finished within a few seconds or left for the
    /// next start, the Lease is given back, the history is written. Returns when all is done.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
