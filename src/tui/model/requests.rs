//! What was asked of the engine and not yet answered.

use super::super::draft::DraftId;
use super::super::message::RequestId;
use super::super::screens::views::ConditionId;
use super::Cleared;
use crate::domain::{DeliveryId, ResourceKey};
use std::collections::BTreeMap;

/// Why something was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The evaluation of a resource, for pane 2.
    Inspect(ResourceKey),
    /// The explanation of a resource.
    Explain(ResourceKey),
    /// An object, to read.
    Object(ResourceKey),
    /// A resend; the text names what.
    Resend(String),
    /// A clearing; what is removed can be put back.
    Clear(Cleared),
    /// Marking what is true of a resource as sent.
    Baseline(ResourceKey),
    /// The count of everything.
    Survey,
    /// The blast radius with this number.
    Preview(u64),
    /// The migration of keys with this number.
    Migrate(u64),
    /// The end of work over all resources.
    StopWork,
    /// A rendered template.
    Render,
    /// The resources of a condition.
    Members(ConditionId),
    /// What the templates of a delivery see.
    Variables(DeliveryId),
    /// A delivery that is given up; the text names it.
    Cancel(String),
    /// What becomes of what the flood guard holds; the text names it.
    Held(&'static str),
    /// A look at one of many.
    BulkLook {
        /// Which screen.
        number: u64,
        /// Place of the item.
        place: usize,
    },
    /// Doing something to one of many.
    BulkDo {
        /// Which screen.
        number: u64,
        /// Place of the item.
        place: usize,
    },
    /// The server's check of a draft.
    Check(DraftId),
    /// The writing of a draft.
    Apply(DraftId),
    /// What a resource is subscribed to.
    Subscriptions(ResourceKey),
    /// The writing of annotations; the text names what.
    Annotate(String),
    /// The writing of the version before.
    Rollback,
    /// The object that an editor tries its text on.
    Sample(DraftId),
    /// Whether the ConfigMap may be written.
    MayWriteConfig,
    /// Another mode.
    Mode,
    /// The Lease.
    TakeLease,
}

impl Purpose {
    /// Whether leaving would lose sight of something that writes or sends.
    pub fn matters(&self) -> bool {
        !matches!(
            self,
            Self::Survey
                | Self::Preview(_)
                | Self::StopWork
                | Self::Render
                | Self::Members(_)
                | Self::Variables(_)
                | Self::BulkLook { .. }
                | Self::Inspect(_)
                | Self::Explain(_)
                | Self::Object(_)
                | Self::Subscriptions(_)
                | Self::Check(_)
                | Self::Sample(_)
                | Self::MayWriteConfig
        )
    }
}

/// The open requests.
#[derive(Debug, Default)]
pub struct Requests {
    last: u64,
    open: BTreeMap<RequestId, Purpose>,
}

impl Requests {
    /// Notes a request.
    pub fn open(&mut self, purpose: Purpose) -> RequestId {
        self.last += 1;
        let id = RequestId(self.last);
        self.open.insert(id, purpose);
        id
    }

    /// Whether an answer is waited for.
    pub fn is_open(&self, id: RequestId) -> bool {
        self.open.contains_key(&id)
    }

    /// Takes the purpose of an answered request; `None` for one that nobody waits for any more.
    pub fn close(&mut self, id: RequestId) -> Option<Purpose> {
        self.open.remove(&id)
    }

    /// Forgets all: their engine is gone.
    pub fn clear(&mut self) {
        self.open.clear();
    }

    /// The purposes of all open requests.
    pub fn iter(&self) -> impl Iterator<Item = &Purpose> {
        self.open.values()
    }
}
