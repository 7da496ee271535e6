//! The engine: from a change in the cluster to a notification that was sent and recorded.
//!
//! It knows no screen. Commands go in through [`EngineHandle`], everything it has to tell comes out
//! of it in [`Batch`]es. One task, the reconciler, owns what is known (`reconcile`, with `observe`,
//! `look`, `obey`, `record`, `standing` for what it does); around it are the tasks that talk to the
//! network: `watching`, `configure`, `deliver`. What to do about an object is decided in `decide`,
//! which is a pure function.

mod asked;
mod baseline;
mod bus;
mod clearing;
mod clock;
mod command;
mod configure;
mod decide;
mod deliver;
mod dispatch;
mod draft_catalog;
mod effects;
mod ending;
mod event;
mod examine;
mod explain;
mod guard;
mod handle;
mod hold;
mod holding;
mod inferred;
mod inspect;
mod inspection;
mod job;
mod keeping;
mod lane;
mod ledger;
mod limiter;
mod log;
mod look;
mod members;
mod metrics;
mod migrating;
mod notification_text;
mod obey;
mod observe;
mod options;
mod plan;
mod preview;
mod progress;
mod queue;
mod radius;
mod reconcile;
mod record;
mod recovered;
mod rendering;
mod resend;
mod rights;
mod rival;
mod row;
mod self_service;
mod shelf;
mod spawn;
mod standing;
mod store;
mod subscribing;
mod succession;
mod survey;
mod team_configs;
mod tenure;
mod timers;
mod timing;
mod variables;
mod versions;
mod walk;
mod walk_fetch;
mod walk_news;
mod watching;
mod wiped;

pub use bus::Bus;
pub use command::{Cancel, Command, CommandError, Done, Reply, Resend, Ticket};
pub use event::{
    Batch, CatalogView, Counters, EngineStatus, HeldStatus, LaneStatus, LeaseStatus, Notice,
    ResourceRow, RowState, WatchPhase, WatchStatus,
};
pub use examine::{Explained, Tried};
pub use explain::{ConditionTrace, Explanation, explain};
pub use handle::{COMMAND_QUEUE, EngineHandle};
pub use inspection::{
    ConditionResult, ConditionView, Decision, DecisionView, Inspection, SubscriptionView,
    TriggerView,
};
pub use members::{Fares, Member, Members};
pub use metrics::Metrics;
pub use options::{
    DeliveryOptions, Guard, LaneOptions, LeaseUse, Limit, OnStateLost, Options, Watch, Wording,
};
pub use preview::{BlastRadius, Comparison, Effect, EffectKind, Totals};
pub use progress::{Migration, PreviewNews, WorkPhase};
pub use rendering::{RenderOrder, RenderProblem, Rendered, RenderedPart, Rendering};
pub use spawn::spawn;
pub use subscribing::{AnnotationEdit, OwnerTemplate, Subscribable};
pub use succession::{Carried, Succession};
pub use survey::{ConditionSurvey, SubscribedBy, SubscriptionSurvey, Survey};
