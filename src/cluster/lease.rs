//! One engine at a time: holding a Lease, and knowing for sure when we do not.
//!
//! The rules that keep two from believing that they hold it:
//! - writes carry the version that was read, so of several contenders one wins;
//! - a holder counts as gone when its claim has not changed for its duration *by our own monotonic
//!   clock*; the times in the Lease are for people, and wrong clocks do no harm;
//! - a holder that cannot renew steps down by itself well before others may take over.

use super::client::Cluster;
use super::lease_election::{Command, Election};
use super::lease_term::LeaseTerm;
use jiff::SignedDuration;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

/// A release that does not get through is given up after this, beyond what is waited for; the Lease
/// then runs out by itself.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// Which Lease, as whom, how fast.
#[derive(Clone, Debug)]
pub struct LeaseOptions {
    /// The Lease's namespace.
    pub namespace: String,
    /// The Lease's name.
    pub name: String,
    /// Who we are; see [`Cluster::identity`].
    pub identity: String,
    /// Others wait this long for a holder that is silent.
    pub duration: Duration,
    /// A holder that could not renew for this long steps down. What it has begun must be over
    /// `duration` minus this later.
    pub deadline: Duration,
    /// The time between two renewals.
    pub renew: Duration,
    /// The time between two tries to get or to renew it.
    pub retry: Duration,
    /// Between stepping down and giving the Lease away, at most: for what is in flight. It ends as
    /// soon as `settled` says that all is over; without that it always takes this long for somebody
    /// who wants the Lease, and no time for a release.
    pub handover: Duration,
    /// `None` while something that the holder has begun is under way, then whether all of it is
    /// written down. What is given away before it is, is marked so that the next holder knows
    /// ([`Predecessor::Unsettled`]).
    pub settled: Option<watch::Receiver<Option<bool>>>,
    /// Whether the Lease is given to somebody who asks for it. One that several processes hold
    /// together is not.
    pub yields: bool,
    /// Shifts the times that are written into the Lease, to prove that nobody relies on them.
    pub clock_skew: SignedDuration,
}

impl LeaseOptions {
    /// The usual times: taken over within 20 s of a crash, and within 2 s of a release.
    pub fn new(namespace: &str, name: &str, identity: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            identity: identity.to_owned(),
            duration: Duration::from_secs(15),
            deadline: Duration::from_secs(10),
            renew: Duration::from_secs(5),
            retry: Duration::from_millis(1500),
            handover: Duration::from_secs(6),
            settled: None,
            yields: true,
            clock_skew: SignedDuration::ZERO,
        }
    }

    /// What a holder that could not renew has begun must be over this long after it stepped down.
    pub fn margin(&self) -> Duration {
        self.duration.saturating_sub(self.deadline)
    }
}

/// How whoever held the Lease before us left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predecessor {
    /// Nobody held it, we did ourselves, or it was given back when all that was begun was over.
    Settled,
    /// It fell silent, did not listen, or gave it back too early: what was sent last may not be
    /// written down.
    Unsettled,
}

/// Where we stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// Not known yet, or about to be ours.
    Acquiring,
    /// It is ours.
    Leader {
        /// Since when.
        since: jiff::Timestamp,
        /// How often the Lease has changed hands: larger than for every holder before us.
        transitions: u64,
        /// How it was left to us.
        predecessor: Predecessor,
    },
    /// Somebody else has it.
    Follower {
        /// Who; empty when nobody has it, but somebody else is about to.
        holder: String,
        /// Since when we have seen them have it.
        since: jiff::Timestamp,
    },
    /// We may not use Leases.
    Forbidden {
        /// The RBAC rule that is missing.
        hint: String,
    },
    /// The server has no Leases, or not this namespace.
    Unsupported {
        /// The server's words.
        message: String,
    },
    /// The server does not answer, so nobody knows who has it.
    Unreachable {
        /// What is wrong.
        message: String,
        /// Since when.
        since: jiff::Timestamp,
    },
    /// We have let go of it for good.
    Released,
}

impl LeaseState {
    /// Whether we may act.
    pub fn is_leader(&self) -> bool {
        matches!(self, Self::Leader { .. })
    }
}

/// Our hand on the Lease. Dropping it stops renewing without a release: others get the Lease when
/// it has run out.
#[derive(Debug)]
pub struct LeaseHandle {
    state: watch::Receiver<LeaseState>,
    term: LeaseTerm,
    handover: Duration,
    commands: mpsc::Sender<Command>,
    election: AbortOnDropHandle<()>,
}

impl LeaseHandle {
    /// Where we stand, now and from now on.
    pub fn state(&self) -> watch::Receiver<LeaseState> {
        self.state.clone()
    }

    /// The right to act that the Lease gives, to be asked at the very moment of acting.
    pub fn term(&self) -> LeaseTerm {
        self.term.clone()
    }

    /// Asks the present holder to give the Lease to us. One that does not react within the Lease's
    /// duration is overruled: it steps down when it notices, and we begin only after it must have.
    /// Without effect when the Lease is ours.
    pub fn request_takeover(&self) {
        // A full queue means that the wish is known already.
        let _ = self.commands.try_send(Command::TakeOver);
    }

    /// Steps down at once and gives the Lease back when what was begun is over, so that others need
    /// not wait for it to run out. Takes 2 s longer than the time for handing over at most.
    pub async fn release(self) {
        let (done, released) = oneshot::channel();
        let releasing = async {
            if self.commands.send(Command::Release(done)).await.is_ok() {
                let _ = released.await;
            }
        };
        let patience = self.handover.saturating_add(RELEASE_TIMEOUT);
        let _ = tokio::time::timeout(patience, releasing).await;
        self.election.abort();
    }
}

/// Tries to get the Lease and to keep it, in a task on the current runtime, until the handle is
/// released or dropped.
pub fn hold(cluster: &Cluster, options: LeaseOptions) -> LeaseHandle {
    let (sender, state) = watch::channel(LeaseState::Acquiring);
    let (commands, orders) = mpsc::channel(4);
    let (terms, term) = watch::channel(None);
    let (margin, handover) = (options.margin(), options.handover);
    let election = Election::new(cluster.clone(), options, sender, terms, orders);
    LeaseHandle {
        state,
        term: LeaseTerm::new(term, margin),
        handover,
        commands,
        election: AbortOnDropHandle::new(tokio::spawn(election.run())),
    }
}
