//! What reaches the model, and what it asks for in return.

use super::compare::{Compare, Comparison};
use super::draft::{Draft, DraftId};
use super::editor::Difference;
use super::export::Export;
use super::key::Key;
use super::launch::ContextChoice;
use super::manifest::{ConfigExport, ExportProblem};
use super::screens::views::Numbers;
use super::sweep::{Found, Sweep};
use super::table::{Arrange, Arranged};
use super::theme::ThemeName;
use crate::check;
use crate::domain::{Delivery, DeliveryId, ResourceKey};
use crate::engine::{Batch, Command, CommandError, Explained, Reply, ResourceRow, Tried};
use crate::history::{Anchor, Bucket, ConfigPlace, ConfigVersion, DeliveryDetail};
use crate::query::HistoryQuery;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Identifies something that the model asked for; the answer carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Counts launches, so that late answers of an engine that was left are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// A mouse event that means something here; cells count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseInput {
    /// The left button went down.
    Click {
        /// Column.
        x: u16,
        /// Row.
        y: u16,
    },
    /// The wheel, in rows; down is positive.
    Wheel {
        /// Column.
        x: u16,
        /// Row.
        y: u16,
        /// Rows.
        rows: i64,
    },
}

/// What a launched engine is told apart by on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Kubeconfig context.
    pub context: String,
    /// Namespace of the configuration.
    pub namespace: String,
    /// Address of the API server.
    pub server: String,
    /// Writes are switched off.
    pub read_only: bool,
    /// Whatever writes or sends is confirmed by typing the name of the context.
    pub protected: bool,
    /// The history can be read.
    pub history: bool,
    /// The theme for this context; `None` keeps the present one.
    pub theme: Option<ThemeName>,
}

/// An answer of the engine.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What it answers.
    pub request: RequestId,
    /// What came of it.
    pub result: Result<Reply, CommandError>,
}

/// Everything that can happen to the dashboard.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The mouse.
    Mouse(MouseInput),
    /// The terminal has this size now: columns, rows.
    Resize(u16, u16),
    /// The time that [`next_wake`](super::update::next_wake) named has come.
    Wake,
    /// The program is in the foreground again.
    Resumed,
    /// What changed in the engine.
    Batch(SessionId, Box<Batch>, Vec<Answer>),
    /// Go on with a batch that was too large for one step.
    Continue,
    /// The engine did not take a command.
    Refused(Answer),
    /// An engine was launched, or could not be.
    Launched(SessionId, Result<Started, String>),
    /// The contexts of the kubeconfig.
    Contexts(Result<Vec<ContextChoice>, String>),
    /// The user's own editor has ended, with what it has saved.
    Edited(DraftId, Result<String, String>),
    /// A job is done.
    Job(SessionId, JobDone),
    /// A program of the desktop did not copy this text, and why.
    NotCopied(String, String),
    /// Something to tell: done (`Ok`) or failed (`Err`), in one sentence.
    Told(Result<String, String>),
}

/// What the loop is to do. The model never does anything itself.
#[derive(Debug)]
pub enum Effect {
    /// Give a command to the engine.
    Submit(RequestId, Command),
    /// Stop the engine, if one runs, and launch one for this context (`None`: the current one).
    Launch(SessionId, Option<String>),
    /// Read the contexts.
    Contexts,
    /// Work for a thread.
    Job(SessionId, Job),
    /// Put text on the clipboard.
    Copy(String),
    /// The same through the terminal, and tell why.
    CopyThroughTerminal(String, String),
    /// Hand a text to the user's own editor.
    External(DraftId, String),
    /// Take (`true`) or release the mouse.
    Mouse(bool),
    /// Go to the background.
    Suspend,
    /// Draw every cell anew.
    Redraw,
    /// Leave.
    Quit,
}

/// Which part of the history a page brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// The newest rows: replaces what is shown.
    Newest,
    /// Rows older than the last one shown.
    Older,
    /// Rows newer than the first one shown.
    Newer,
    /// The oldest rows: replaces what is shown.
    Oldest,
}

/// Work that would take too long for a frame. A newer job of a kind cancels the older one.
#[derive(Debug)]
pub enum Job {
    /// Sort and filter the resources.
    Arrange(Arrange<ResourceRow>),
    /// Read a page of the history.
    Page {
        /// Number of the query, to tell late answers apart.
        number: u64,
        /// Which part.
        kind: PageKind,
        /// From where.
        from: Anchor,
        /// What is let through.
        query: HistoryQuery,
    },
    /// Count what a query lets through.
    Count {
        /// Number of the query.
        number: u64,
        /// What is let through.
        query: HistoryQuery,
    },
    /// Read one delivery in full.
    Detail(DeliveryId),
    /// Read what a query lets through, to mark it.
    MarkAll {
        /// Number of the query.
        number: u64,
        /// What is let through.
        query: HistoryQuery,
    },
    /// Look for everything of a kind that a query lets through.
    Sweep {
        /// What.
        sweep: Sweep,
        /// What is let through.
        query: HistoryQuery,
    },
    /// Read how the services fare, and the program's own numbers.
    Numbers {
        /// Now, in milliseconds since 1970.
        now_ms: i64,
    },
    /// Write what a query lets through to a file.
    Export(Export),
    /// Count over time what a query lets through.
    Strip {
        /// Number of the query.
        number: u64,
        /// What is let through.
        query: HistoryQuery,
        /// Now, in milliseconds since 1970.
        now_ms: i64,
    },
    /// Read the newest deliveries of one object.
    OfResource {
        /// Which.
        key: ResourceKey,
        /// Its UID.
        uid: String,
    },
    /// Evaluate another condition on an object.
    Try {
        /// The object's name, to tell late results apart.
        key: ResourceKey,
        /// The number of the trial.
        number: u64,
        /// The condition.
        source: String,
        /// The object.
        on: Arc<Explained>,
    },
    /// Deliveries per minute of the last half hour.
    Rate {
        /// End of the last minute, in milliseconds since 1970.
        until_ms: i64,
    },
    /// Read the drafts of a context from disk.
    LoadDrafts {
        /// The context.
        context: String,
    },
    /// Write a draft to disk.
    SaveDraft(Draft),
    /// List the recorded versions of the ConfigMap.
    Versions(ConfigPlace),
    /// Read the texts of a recorded version.
    VersionData(i64),
    /// Compare two versions.
    Compare(Box<Compare>),
    /// Write the ConfigMap to a file.
    ExportConfig(ConfigExport),
    /// Remove a draft from disk.
    DropDraft(DraftId),
    /// Look for mistakes in a draft.
    Judge(Box<JudgeOrder>),
}

/// A text to look at.
#[derive(Debug)]
pub struct JudgeOrder {
    /// Of which draft.
    pub id: DraftId,
    /// The revision of the text.
    pub revision: u64,
    /// What to compare it with, when that takes too long for the screen's thread.
    pub compare: Option<Option<String>>,
    /// The text, with what it is judged by.
    pub edited: check::Edited,
}

/// What a look at a text has shown.
#[derive(Debug)]
pub struct Judged {
    /// Of which draft.
    pub id: DraftId,
    /// The revision of the text.
    pub revision: u64,
    /// What is wrong with it.
    pub verdict: check::Verdict,
    /// How it differs from what it is based on, where that was asked.
    pub difference: Option<Difference>,
}

/// Deliveries over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strip {
    /// Where it begins, in milliseconds since 1970.
    pub from_ms: i64,
    /// Where it ends.
    pub until_ms: i64,
    /// The counts, oldest first.
    pub buckets: Vec<Bucket>,
}

/// The result of a [`Job`].
#[derive(Debug)]
pub enum JobDone {
    /// Of [`Job::Arrange`].
    Arranged(Arranged),
    /// Of [`Job::Page`], newest first.
    Page {
        /// Number of the query.
        number: u64,
        /// Which part.
        kind: PageKind,
        /// The rows, and whether there are more in that direction.
        rows: Result<(Vec<Arc<Delivery>>, bool), String>,
    },
    /// Of [`Job::Count`].
    Count {
        /// Number of the query.
        number: u64,
        /// Rows.
        rows: Result<u64, String>,
    },
    /// Of [`Job::Detail`].
    Detail(DeliveryId, Box<Result<Option<DeliveryDetail>, String>>),
    /// Of [`Job::Numbers`].
    Numbers(Numbers),
    /// Of [`Job::MarkAll`].
    Marked {
        /// Number of the query.
        number: u64,
        /// The rows, as many as can be marked.
        rows: Result<Vec<Arc<Delivery>>, String>,
    },
    /// Of [`Job::Sweep`].
    Swept(Sweep, Result<Found, String>),
    /// Of [`Job::Export`].
    Exported {
        /// The file.
        path: String,
        /// Rows that were written.
        rows: Result<u64, String>,
    },
    /// Of [`Job::Strip`].
    Strip {
        /// Number of the query.
        number: u64,
        /// The counts.
        strip: Strip,
    },
    /// Of [`Job::OfResource`], newest first.
    OfResource(ResourceKey, Result<Vec<Arc<Delivery>>, String>),
    /// Of [`Job::Try`].
    Tried {
        /// The object.
        key: ResourceKey,
        /// The number of the trial.
        number: u64,
        /// What came of it, or what the compiler says.
        result: Result<Box<Tried>, String>,
    },
    /// Of [`Job::Rate`]: sent deliveries per minute, oldest first.
    Rate(Vec<u64>),
    /// Of [`Job::LoadDrafts`], with what could not be read.
    Drafts(Vec<Draft>, Vec<String>),
    /// Of [`Job::SaveDraft`].
    Saved(DraftId, Result<(), String>),
    /// Of [`Job::DropDraft`].
    Dropped(DraftId, Result<(), String>),
    /// Of [`Job::Versions`], newest first.
    Versions(Result<Vec<ConfigVersion>, String>),
    /// Of [`Job::VersionData`].
    VersionData(i64, Result<BTreeMap<String, String>, String>),
    /// Of [`Job::Compare`], with the number of the request.
    Compared(u64, Result<Box<Comparison>, String>),
    /// Of [`Job::ExportConfig`].
    ConfigExported(Box<ConfigExport>, Result<(), ExportProblem>),
    /// Of [`Job::Judge`].
    Judged(Box<Judged>),
}
