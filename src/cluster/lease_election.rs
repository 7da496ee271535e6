//! The task behind a [`LeaseHandle`](super::LeaseHandle): contending for a Lease and renewing it.

use super::client::Cluster;
use super::lease::{LeaseOptions, LeaseState, Predecessor};
use super::lease_record::{LeaseRecord, lease_kind};
use super::lease_term::Until;
use super::paths::{collection_path, object_path, with_query};
use super::permission::Permission;
use super::request::Call;
use super::request_error::{FailureClass, RequestError};
use crate::domain::ResourceKey;
use std::time::{Duration, SystemTime};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// While leading, the clocks are compared this often: a machine that slept does not know that it
/// has lost the Lease.
const CLOCK_CHECK: Duration = Duration::from_secs(1);

/// What a handle asks for.
#[derive(Debug)]
pub(super) enum Command {
    /// Get the Lease from its present holder.
    TakeOver,
    /// Let go of it and end.
    Release(oneshot::Sender<()>),
}

/// Our claim, while we have one.
struct Claim {
    lease: LeaseRecord,
    /// When the last successful renewal was *begun*: others saw it later, never earlier.
    renewed: Instant,
    renewed_by_wall: SystemTime,
    since: jiff::Timestamp,
    /// Until then a holder that was overruled may not have noticed: the claim is not used yet.
    usable_at: Instant,
    predecessor: Predecessor,
}

/// The claim of another, and since when we have seen it unchanged.
struct Rival {
    lease: LeaseRecord,
    unchanged_since: Instant,
    seen_since: jiff::Timestamp,
}

pub(super) struct Election {
    cluster: Cluster,
    options: LeaseOptions,
    key: ResourceKey,
    state: watch::Sender<LeaseState>,
    term: watch::Sender<Option<Until>>,
    commands: mpsc::Receiver<Command>,
    claim: Option<Claim>,
    rival: Option<Rival>,
    /// Since when we want to have it from its holder.
    takeover: Option<Instant>,
    trouble_since: Option<jiff::Timestamp>,
}

impl Drop for Election {
    /// Whatever ends this task, nobody may go on believing that we lead.
    fn drop(&mut self) {
        self.term.send_replace(None);
        self.state.send_replace(LeaseState::Released);
    }
}

impl Election {
    pub(super) fn new(
        cluster: Cluster,
        options: LeaseOptions,
        state: watch::Sender<LeaseState>,
        term: watch::Sender<Option<Until>>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        let key = ResourceKey::new(
            lease_kind(),
            options.namespace.as_str(),
            options.name.as_str(),
        );
        Self {
            cluster,
            options,
            key,
            state,
            term,
            commands,
            claim: None,
            rival: None,
            takeover: None,
            trouble_since: None,
        }
    }

    /// Runs until released. Between two steps it listens for commands.
    pub(super) async fn run(mut self) {
        loop {
            let pause = match self.claim.take() {
                Some(claim) => self.lead(claim).await,
                None => self.contend().await,
            };
            match self.wait(Instant::now() + pause).await {
                None => {}
                Some(Command::TakeOver) if self.claim.is_none() => {
                    self.takeover.get_or_insert_with(Instant::now);
                }
                Some(Command::TakeOver) => {}
                Some(Command::Release(done)) => {
                    self.release().await;
                    let _ = done.send(());
                    return;
                }
            }
        }
    }

    /// Waits, or until there is a command. A claim that runs out meanwhile is given up at that very
    /// moment.
    async fn wait(&mut self, until: Instant) -> Option<Command> {
        loop {
            let now = Instant::now();
            if let Some(claim) = &self.claim {
                if self.has_run_out(claim, now) {
                    self.step_down("the Lease could not be renewed in time");
                    return None;
                }
                if now >= claim.usable_at {
                    let leader = LeaseState::Leader {
                        since: claim.since,
                        transitions: claim.lease.transitions(),
                        predecessor: claim.predecessor,
                    };
                    let until = Until {
                        monotonic: claim.renewed + self.options.deadline,
                        wall: claim.renewed_by_wall + self.options.deadline,
                    };
                    // The right first: whoever hears of it uses it.
                    self.term
                        .send_if_modified(|told| told.replace(until) != Some(until));
                    self.tell(leader);
                }
            }
            if now >= until {
                return None;
            }
            let mut wake = until;
            if let Some(claim) = &self.claim {
                wake = wake
                    .min(now + CLOCK_CHECK)
                    .min(claim.renewed + self.options.deadline);
                if claim.usable_at > now {
                    wake = wake.min(claim.usable_at);
                }
            }
            tokio::select! {
                biased;
                command = self.commands.recv() => return match command {
                    Some(command) => Some(command),
                    // The handle is gone, and this task is about to be aborted.
                    None => std::future::pending().await,
                },
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    /// Whether others may believe soon that we are gone. The wall clock counts as well, for it runs
    /// on while the machine sleeps; when somebody sets it forward, we step down for nothing.
    fn has_run_out(&self, claim: &Claim, now: Instant) -> bool {
        let by_wall = claim.renewed_by_wall.elapsed().unwrap_or_default();
        now >= claim.renewed + self.options.deadline || by_wall >= self.options.deadline
    }

    /// One renewal. Gives the pause until the next step.
    async fn lead(&mut self, claim: Claim) -> Duration {
        if self.has_run_out(&claim, Instant::now()) {
            self.step_down("the Lease could not be renewed in time");
            return Duration::ZERO;
        }
        let deadline = claim.renewed + self.options.deadline;
        let begun = (Instant::now(), SystemTime::now());
        let next = claim.lease.held_by(
            &self.options.identity,
            self.options.duration,
            &self.now_text(),
        );
        let (lease, pause) = match self.write(&next, self.limit_until(deadline)).await {
            Ok(lease) => {
                self.claim = Some(Claim {
                    lease,
                    renewed: begun.0,
                    renewed_by_wall: begun.1,
                    ..claim
                });
                return self.options.renew.mul_f64(rand::random_range(0.9..=1.0));
            }
            Err(error) if error.class() == FailureClass::NotFound => {
                self.tell(LeaseState::Acquiring);
                return Duration::ZERO;
            }
            Err(error) if error.class() == FailureClass::Conflict => {
                match self.read(self.limit_until(deadline)).await {
                    Ok(Some(lease)) => (lease, Duration::ZERO),
                    Ok(None) => {
                        self.tell(LeaseState::Acquiring);
                        return Duration::ZERO;
                    }
                    Err(_) => (claim.lease, self.retry_pause()),
                }
            }
            Err(error) => {
                tracing::debug!(%error, "the Lease was not renewed");
                (claim.lease, self.retry_pause())
            }
        };
        if lease.holder() != self.options.identity {
            self.observe(lease);
            return self.retry_pause();
        }
        if self.options.yields && !lease.wanted_by().is_empty() {
            return self.hand_over(lease).await;
        }
        self.claim = Some(Claim { lease, ..claim });
        pause
    }

    /// Gives the Lease to who has asked for it: first we stop, then it is free.
    async fn hand_over(&mut self, lease: LeaseRecord) -> Duration {
        self.tell(LeaseState::Follower {
            holder: lease.wanted_by().to_owned(),
            since: jiff::Timestamp::now(),
        });
        let settled = match &self.options.settled {
            Some(_) => self.settle().await,
            None => {
                tokio::time::sleep(self.options.handover).await;
                true
            }
        };
        let free = lease.released(settled, &self.now_text());
        match self.write(&free, self.request_limit()).await {
            Ok(lease) => self.observe(lease),
            // It runs out by itself.
            Err(error) => tracing::debug!(%error, "the Lease was not handed over"),
        }
        self.retry_pause()
    }

    /// One look at a Lease that is not ours, and the try to get it where that is allowed.
    async fn contend(&mut self) -> Duration {
        match self.read(self.request_limit()).await {
            Ok(None) => {
                let lease = LeaseRecord::new(&self.options.namespace, &self.options.name);
                self.take(lease, Instant::now()).await
            }
            Ok(Some(lease)) => self.consider(lease).await,
            Err(error) => self.trouble(&error, false),
        }
    }

    async fn consider(&mut self, lease: LeaseRecord) -> Duration {
        self.trouble_since = None;
        let unchanged_since = self.note(&lease);
        let us = self.options.identity.as_str();
        let patience = if lease.holder().is_empty() {
            // Given back, and kept for somebody who asked for it.
            self.options.duration
        } else {
            lease.duration(self.options.duration)
        };
        let expired = unchanged_since.elapsed() >= patience;
        let reserved = !matches!(lease.wanted_by(), wanted if wanted.is_empty() || wanted == us);
        let free = lease.holder().is_empty() && !reserved;
        if free || expired || lease.holder() == us {
            return self.take(lease, Instant::now()).await;
        }
        if let Some(since) = self.takeover {
            if lease.wanted_by() != us {
                let wish = lease.asked_for_by(us);
                match self.write(&wish, self.request_limit()).await {
                    Ok(lease) => {
                        self.takeover = Some(Instant::now());
                        self.observe(lease);
                    }
                    Err(error) if error.class() == FailureClass::Conflict => {}
                    Err(error) => return self.trouble(&error, false),
                }
                return self.retry_pause();
            }
            if since.elapsed() >= patience {
                // Whoever holds it does not listen. From its next renewal on it knows, at the
                // latest when its time is up.
                return self.take(lease, Instant::now() + patience).await;
            }
        }
        self.observe(lease);
        self.retry_pause()
    }

    /// Tries to make the Lease ours, for use from `usable_at` on.
    async fn take(&mut self, lease: LeaseRecord, usable_at: Instant) -> Duration {
        let begun = (Instant::now(), SystemTime::now());
        let us = self.options.identity.as_str();
        let next = lease.held_by(us, self.options.duration, &self.now_text());
        let silent = !matches!(lease.holder(), holder if holder.is_empty() || holder == us);
        let predecessor = if silent || lease.is_unsettled() {
            Predecessor::Unsettled
        } else {
            Predecessor::Settled
        };
        match self.write(&next, self.request_limit()).await {
            Ok(lease) => {
                self.takeover = None;
                self.rival = None;
                self.trouble_since = None;
                if usable_at > begun.0 {
                    self.tell(LeaseState::Acquiring);
                }
                self.claim = Some(Claim {
                    lease,
                    renewed: begun.0,
                    renewed_by_wall: begun.1,
                    since: jiff::Timestamp::now(),
                    usable_at,
                    predecessor,
                });
                self.options.renew.mul_f64(rand::random_range(0.9..=1.0))
            }
            // Somebody else was faster.
            Err(error) if error.class() == FailureClass::Conflict => {
                self.retry_pause().mul_f64(rand::random_range(0.05..=0.3))
            }
            Err(error) => self.trouble(&error, !lease.exists()),
        }
    }

    /// Lets go for good.
    async fn release(&mut self) {
        self.term.send_replace(None);
        self.state.send_replace(LeaseState::Released);
        let Some(claim) = self.claim.take() else {
            return;
        };
        let settled = self.settle().await;
        let mut lease = claim.lease;
        // Somebody may have written a wish since we read it last.
        for _ in 0..2 {
            let free = lease.released(settled, &self.now_text());
            match self.write(&free, self.request_limit()).await {
                Err(error) if error.class() == FailureClass::Conflict => {
                    match self.read(self.request_limit()).await {
                        Ok(Some(newest)) if newest.holder() == self.options.identity => {
                            lease = newest;
                        }
                        _ => return,
                    }
                }
                _ => return,
            }
        }
    }

    /// Waits until what was begun is over, no longer than the time for that; whether it is.
    async fn settle(&self) -> bool {
        let Some(settled) = &self.options.settled else {
            return true;
        };
        let mut settled = settled.clone();
        let over = settled.wait_for(Option::is_some);
        let over = tokio::time::timeout(self.options.handover, over).await;
        matches!(over, Ok(Ok(settled)) if *settled == Some(true))
    }

    /// Notes what was seen of another's claim; gives since when it has not changed.
    fn note(&mut self, lease: &LeaseRecord) -> Instant {
        let now = Instant::now();
        match &mut self.rival {
            Some(rival) if rival.lease.is_same_claim(lease) => rival.unchanged_since,
            rival => {
                let same_holder = rival
                    .as_ref()
                    .filter(|rival| rival.lease.holder() == lease.holder())
                    .map(|rival| rival.seen_since);
                *rival = Some(Rival {
                    lease: lease.clone(),
                    unchanged_since: now,
                    seen_since: same_holder.unwrap_or_else(jiff::Timestamp::now),
                });
                now
            }
        }
    }

    /// Notes another's claim and tells about it.
    fn observe(&mut self, lease: LeaseRecord) {
        self.note(&lease);
        let since = self.rival.as_ref().map(|rival| rival.seen_since);
        self.tell(LeaseState::Follower {
            holder: lease.holder().to_owned(),
            since: since.unwrap_or_else(jiff::Timestamp::now),
        });
    }

    fn step_down(&mut self, why: &str) {
        self.claim = None;
        let since = *self.trouble_since.get_or_insert_with(jiff::Timestamp::now);
        self.tell(LeaseState::Unreachable {
            message: why.to_owned(),
            since,
        });
    }

    /// Tells why we cannot contend; gives the pause until the next try. `creating`: "not found" is
    /// about the namespace or the whole kind.
    fn trouble(&mut self, error: &RequestError, creating: bool) -> Duration {
        let since = *self.trouble_since.get_or_insert_with(jiff::Timestamp::now);
        let (state, hopeless) = match error.class() {
            FailureClass::Forbidden => {
                let hint = error.permission.hint();
                (LeaseState::Forbidden { hint }, true)
            }
            FailureClass::NotFound if creating => {
                let message = error.to_string();
                (LeaseState::Unsupported { message }, true)
            }
            _ => {
                let message = error.to_string();
                (LeaseState::Unreachable { message, since }, false)
            }
        };
        self.tell(state);
        if hopeless {
            // Somebody has to change something first.
            self.options.duration
        } else {
            self.retry_pause()
        }
    }

    fn tell(&self, state: LeaseState) {
        if !state.is_leader() {
            self.term.send_replace(None);
        }
        self.state.send_if_modified(|told| {
            let changed = *told != state;
            *told = state;
            changed
        });
    }

    /// The time as `MicroTime` is written. For people: nobody decides by it.
    fn now_text(&self) -> String {
        let now = jiff::Timestamp::now();
        let told = now.checked_add(self.options.clock_skew).unwrap_or(now);
        format!("{told:.6}")
    }

    /// A little less than the retry time, so that contenders do not meet.
    fn retry_pause(&self) -> Duration {
        self.options.retry.mul_f64(rand::random_range(0.75..=1.0))
    }

    /// For one request: a connection that hangs must leave time for another try.
    fn request_limit(&self) -> Duration {
        self.options.deadline / 2
    }

    fn limit_until(&self, deadline: Instant) -> Duration {
        self.request_limit()
            .min(deadline.saturating_duration_since(Instant::now()))
    }

    /// The Lease as it is; `None` when it does not exist.
    async fn read(&self, limit: Duration) -> Result<Option<LeaseRecord>, RequestError> {
        let call = Call::get(
            Permission::on_object("get", &self.key),
            object_path(&self.key),
        );
        match self.cluster.call(&call, limit).await {
            Ok(answer) => LeaseRecord::parse(&answer)
                .map(Some)
                .map_err(|problem| RequestError::unreadable(&call.permission, problem)),
            Err(error) if error.class() == FailureClass::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates or replaces the Lease, if nobody else has since it was read.
    async fn write(
        &self,
        lease: &LeaseRecord,
        limit: Duration,
    ) -> Result<LeaseRecord, RequestError> {
        let query = [("fieldManager", super::client::FIELD_MANAGER)];
        let (verb, method, path) = if lease.exists() {
            ("update", http::Method::PUT, object_path(&self.key))
        } else {
            let path = collection_path(&self.key.kind, Some(&self.key.namespace));
            ("create", http::Method::POST, path)
        };
        let permission = Permission::on_object(verb, &self.key);
        let target = with_query(&path, &query);
        let call = Call::send(permission, method, target, lease.to_json());
        let answer = self.cluster.call(&call, limit).await?;
        LeaseRecord::parse(&answer)
            .map_err(|problem| RequestError::unreadable(&call.permission, problem))
    }
}
