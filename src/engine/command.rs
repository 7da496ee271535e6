//! What may be asked of a running engine, and what it answers.

use super::draft_catalog::Changes;
use super::examine::Explained;
use super::inspection::Inspection;
use super::members::Members;
use super::progress::Migration;
use super::rendering::{RenderOrder, Rendering};
use super::subscribing::{AnnotationEdit, Subscribable};
use super::survey::Survey;
use crate::catalog::SubscriptionChange;
use crate::domain::{DeliveryId, Destination, Mode, ResourceKey, Selection};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Identifies one submitted [`Command`]; its answer carries the same ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What to send again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resend {
    /// Everything of this resource that is true now, narrowed where the fields say so. Conditions
    /// that are not true now are not sent.
    Resource {
        /// The resource.
        key: ResourceKey,
        /// Only this trigger.
        trigger: Option<String>,
        /// Only this destination.
        destination: Option<Destination>,
    },
    /// The notification of this history row: rendered anew from the object as it is now, to the
    /// same destination, whether or not its condition is still true.
    Delivery(DeliveryId),
    /// The same to another destination. An entry of the notified state is written for that one.
    DeliveryTo {
        /// The history row.
        id: DeliveryId,
        /// Where to.
        destination: Destination,
    },
    /// The notification of a row that failed, like [`Delivery`](Self::Delivery), but only if it was
    /// not sent meanwhile and its object is still subscribed.
    FailedRow(DeliveryId),
    /// The notifications of all rows that failed, for which nothing was tried since, and whose
    /// objects are still subscribed. Those that were sent meanwhile, by whomever, are left out.
    Failed(Selection),
}

/// Which deliveries are not to be sent any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// This one.
    Delivery(DeliveryId),
    /// All that wait: for their turn, for a limit, for another try, or in the history.
    Waiting(Selection),
}

/// A request to the engine. Every one is answered by a [`Done`], also when it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Evaluate a resource now and tell every result and reason. Changes nothing.
    Inspect(ResourceKey),
    /// The same with a trace of every condition over the whole object, which is fetched for it.
    Explain(ResourceKey),
    /// Count over all subscribed resources, in small steps beside the other work.
    Survey,
    /// List the resources that are subscribed to a condition, with how it fares for each, in small
    /// steps beside the other work.
    Members {
        /// Name of the trigger, as [`ConditionSurvey`](super::ConditionSurvey) tells it: with that of
        /// the namespace that has configured it for itself.
        trigger: String,
        /// Place of the condition; `None` for a trigger without any in force.
        index: Option<usize>,
    },
    /// Read anew what the templates of this history row see, masked.
    Variables(DeliveryId),
    /// Fetch the whole object, as YAML.
    Object(ResourceKey),
    /// Ask the server whether the ConfigMap may be written. Changes nothing.
    MayWriteConfig,
    /// Send again.
    Resend(Resend),
    /// Do not send (any more) what waits. A try in flight is not cut short, but it is the last. What
    /// was cancelled is begun anew when its object changes, like what failed.
    Cancel(Cancel),
    /// Send what the flood guard holds.
    ReleaseHeld(Selection),
    /// Mark what the flood guard holds as sent, without sending it.
    BaselineHeld(Selection),
    /// Remove entries of the notified state, so that what is true is sent again at the next look.
    Clear {
        /// The resource.
        resource: ResourceKey,
        /// These state keys; `None` for all.
        keys: Option<Vec<String>>,
    },
    /// Mark what is true now and was not sent as sent, without sending it. What is on its way, or
    /// held by the flood guard, is not touched.
    Baseline {
        /// The resource.
        resource: ResourceKey,
        /// These state keys; `None` for all.
        keys: Option<Vec<String>>,
    },
    /// Put entries back that were cleared: what has been sent again meanwhile stays as it is.
    Restore {
        /// The resource.
        resource: ResourceKey,
        /// State keys with the Unix seconds at which they were sent.
        entries: Vec<(String, i64)>,
    },
    /// Write the ConfigMap.
    Apply {
        /// resourceVersion that the edit is based on; `None` creates the ConfigMap.
        base: Option<String>,
        /// Changed keys with their new values; `None` removes a key.
        changes: BTreeMap<String, Option<String>>,
        /// What it is expected to send, in words, for the list of versions; may be empty.
        effect: String,
        /// Let the server check it without writing.
        dry_run: bool,
    },
    /// Tell the subscriptions that an object has in its annotations, and what can be done about
    /// them. Changes nothing.
    Subscriptions(ResourceKey),
    /// Write annotations of objects, each only if they are still what the edit expects.
    Annotate(Vec<AnnotationEdit>),
    /// Add or remove the same subscription on many objects.
    Subscribe {
        /// Which.
        resources: Vec<ResourceKey>,
        /// What.
        change: SubscriptionChange,
    },
    /// Find out what applying a draft would send, stop or break, over all resources. It is told in
    /// [`PreviewNews`](super::PreviewNews) while it goes on; an older preview ends.
    Preview {
        /// Tells its news apart from those of others.
        number: u64,
        /// The draft: changed keys with their new texts; `None` removes a key.
        changes: Changes,
    },
    /// Add to the notified state of every resource the entries that stand under the draft's state
    /// keys for what was sent, so that applying the draft sends nothing again. The entries that
    /// there are stay.
    Migrate {
        /// Tells its news apart from those of others.
        number: u64,
        /// The draft, as in [`Preview`](Self::Preview).
        changes: Changes,
    },
    /// Take away the entries that the last [`Migrate`](Self::Migrate) has added.
    UndoMigration {
        /// Tells its news apart from those of others.
        number: u64,
    },
    /// End the preview or migration with this number. What was written stays.
    StopWork(u64),
    /// Render a template for a resource, for every service, and send nothing.
    Render(Box<RenderOrder>),
    /// Change the mode.
    SetMode(Mode),
    /// Become the engine that sends, in the place of the current holder of the Lease.
    TakeLease,
}

impl Command {
    /// Whether the command writes to the cluster or sends: refused when read-only.
    pub fn writes(&self) -> bool {
        match self {
            Self::Inspect(_)
            | Self::Explain(_)
            | Self::Survey
            | Self::Members { .. }
            | Self::Variables(_)
            | Self::Object(_)
            | Self::MayWriteConfig
            | Self::Subscriptions(_)
            | Self::Preview { .. }
            | Self::StopWork(_)
            | Self::Render(_) => false,
            Self::SetMode(mode) => *mode == Mode::Active,
            Self::Resend(_)
            | Self::Cancel(_)
            | Self::ReleaseHeld(_)
            | Self::BaselineHeld(_)
            | Self::Clear { .. }
            | Self::Baseline { .. }
            | Self::Restore { .. }
            | Self::Apply { .. }
            | Self::Annotate(_)
            | Self::Subscribe { .. }
            | Self::Migrate { .. }
            | Self::UndoMigration { .. }
            | Self::TakeLease => true,
        }
    }
}

/// The answer to a command that was carried out.
#[derive(Clone, Debug)]
pub enum Reply {
    /// To [`Command::Inspect`].
    Inspection(Arc<Inspection>),
    /// To [`Command::Explain`].
    Explained(Arc<Explained>),
    /// To [`Command::Survey`].
    Survey(Arc<Survey>),
    /// To [`Command::Members`].
    Members(Arc<Members>),
    /// To [`Command::Variables`]: YAML text that says above it where it comes from.
    Variables(Arc<str>),
    /// To [`Command::Object`]: YAML text.
    Object(Arc<str>),
    /// To [`Command::MayWriteConfig`]: why not; `None` when it may.
    MayWriteConfig(Option<String>),
    /// To [`Command::Resend`]: so many deliveries were started; their progress comes as rows.
    Resending {
        /// Number of deliveries.
        deliveries: usize,
    },
    /// To [`Command::Cancel`]. Those in flight end with their try.
    Cancelled {
        /// Number of deliveries.
        deliveries: u64,
    },
    /// To [`Command::ReleaseHeld`]: their progress comes as rows.
    Released {
        /// Number of deliveries.
        deliveries: u64,
    },
    /// To [`Command::BaselineHeld`]. Their entries of the notified state are being written.
    Baselined {
        /// Number of notifications.
        deliveries: u64,
    },
    /// To [`Command::Clear`].
    Cleared {
        /// Number of state entries removed.
        entries: usize,
    },
    /// To [`Command::Baseline`]. The entries are being written.
    Marked {
        /// State keys that were marked.
        keys: Vec<String>,
    },
    /// To [`Command::Restore`].
    Restored {
        /// Number of state entries that are back.
        entries: usize,
    },
    /// To [`Command::Apply`].
    Applied {
        /// The ConfigMap's new resourceVersion; for a dry run the one it would build on.
        resource_version: String,
        /// It was only checked.
        dry_run: bool,
    },
    /// To [`Command::Preview`], when it has ended or was stopped; the news have told all of it.
    Previewed,
    /// To [`Command::Migrate`] and [`Command::UndoMigration`], when it has ended or was stopped.
    Migrated(Box<Migration>),
    /// To [`Command::StopWork`].
    Stopped,
    /// To [`Command::Render`].
    Rendered(Arc<Rendering>),
    /// To [`Command::Subscriptions`].
    Subscribable(Arc<Subscribable>),
    /// To [`Command::Annotate`] and [`Command::Subscribe`].
    Annotated {
        /// What takes back what was written.
        undo: Vec<AnnotationEdit>,
        /// Objects that were as wanted already.
        unchanged: usize,
        /// What could not be written, and why.
        failed: Vec<(ResourceKey, String)>,
    },
    /// To [`Command::SetMode`] and [`Command::TakeLease`]: the mode in force, or being acquired.
    Mode(Mode),
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Writes are switched off.
    #[error("read-only: {0} is switched off; start without --read-only to allow it")]
    ReadOnly(&'static str),
    /// Not in this mode.
    #[error("the engine is in mode {mode}: {what} needs mode active")]
    Mode {
        /// The mode in force.
        mode: Mode,
        /// What was asked.
        what: &'static str,
    },
    /// The object, row or key is not there (any more).
    #[error("{0} does not exist (any more)")]
    NotFound(String),
    /// The API server refuses; the text names the right that is missing.
    #[error("{0}")]
    Forbidden(String),
    /// Somebody else changed the ConfigMap meanwhile.
    #[error(
        "the ConfigMap was changed meanwhile (resourceVersion {live}, the edit is based on {base})"
    )]
    Conflict {
        /// What the edit was based on.
        base: String,
        /// What is there now.
        live: String,
    },
    /// Refused by the server as invalid, or failed for another reason; one sentence for people.
    #[error("{0}")]
    Failed(String),
    /// Too many commands wait already.
    #[error("the engine is busy: try again in a moment")]
    Busy,
    /// The engine is stopping.
    #[error("the engine is stopping")]
    Stopped,
}

/// The answer to one command.
#[derive(Clone, Debug)]
pub struct Done {
    /// The command's ticket.
    pub ticket: Ticket,
    /// What came of it.
    pub result: Result<Reply, CommandError>,
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
