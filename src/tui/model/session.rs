//! The engine that is shown: how its start went, and what it tells about itself.

use super::super::clock;
use super::super::message::SessionId;
use crate::engine::{CatalogView, EngineStatus, HeldStatus, LaneStatus, WatchPhase, WatchStatus};
use std::collections::VecDeque;
use std::sync::Arc;

/// How far the start is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// An engine is being started.
    Starting,
    /// It could not be: one or more sentences.
    Failed(String),
    /// It runs.
    Running,
}

/// Minutes of the sparkline.
const MINUTES: usize = 30;

/// Sent deliveries per minute.
#[derive(Debug, Default)]
pub struct Spark {
    /// Counts, the current minute last.
    minutes: VecDeque<u64>,
    /// The minute of the last count, from 1970.
    last: i64,
}

impl Spark {
    /// Starts with what the history tells: counts up to the minute of `now_ms`, oldest first.
    pub fn seed(&mut self, counts: &[u64], now_ms: i64) {
        self.minutes = counts.iter().rev().take(MINUTES).rev().copied().collect();
        self.last = clock::minute_of(now_ms);
    }

    /// Moves on to the minute of `now_ms`; goes on from there when the clock was set back.
    pub fn advance(&mut self, now_ms: i64) {
        let minute = clock::minute_of(now_ms);
        if self.minutes.is_empty() {
            self.minutes.push_back(0);
            self.last = minute;
        }
        let steps = minute.saturating_sub(self.last).min(MINUTES as i64);
        if steps <= 0 {
            self.last = minute;
            return;
        }
        for _ in 0..steps {
            self.minutes.push_back(0);
        }
        while self.minutes.len() > MINUTES {
            self.minutes.pop_front();
        }
        self.last = minute;
    }

    /// The same, once there is something to go on from.
    pub fn go_on(&mut self, now_ms: i64) {
        if !self.minutes.is_empty() {
            self.advance(now_ms);
        }
    }

    /// Counts deliveries of now.
    pub fn add(&mut self, sent: u64, now_ms: i64) {
        self.advance(now_ms);
        if let Some(last) = self.minutes.back_mut() {
            *last = last.saturating_add(sent);
        }
    }

    /// The counts, oldest first.
    pub fn counts(&self) -> impl DoubleEndedIterator<Item = u64> + '_ {
        self.minutes.iter().copied()
    }

    /// The larger of this minute's and the last full minute's count.
    pub fn rate(&self) -> u64 {
        self.minutes
            .iter()
            .rev()
            .take(2)
            .copied()
            .max()
            .unwrap_or(0)
    }
}

/// The engine that is shown.
#[derive(Debug)]
pub struct Session {
    /// Why the ConfigMap can't be written; `None` when it can, or when that is not known.
    pub no_config_write: Option<String>,
    /// Which launch.
    pub id: SessionId,
    /// How far it is.
    pub phase: Phase,
    /// Context; empty while only the kubeconfig knows it.
    pub context: String,
    /// The context that was asked for; `None` for the current one.
    pub wanted: Option<String>,
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
    /// Its condition.
    pub status: Option<Arc<EngineStatus>>,
    /// Its watches.
    pub watches: Option<Arc<[WatchStatus]>>,
    /// How deliveries through the services are doing.
    pub lanes: Option<Arc<[LaneStatus]>>,
    /// What the flood guard holds.
    pub held: Option<Arc<HeldStatus>>,
    /// The configuration.
    pub catalog: Option<Arc<CatalogView>>,
    /// Sent per minute.
    pub spark: Spark,
}

impl Session {
    /// A session whose launch is still to be asked for.
    pub fn new(wanted: Option<String>) -> Self {
        Self {
            no_config_write: None,
            id: SessionId(0),
            phase: Phase::Starting,
            context: wanted.clone().unwrap_or_default(),
            wanted,
            namespace: String::new(),
            server: String::new(),
            read_only: false,
            protected: false,
            history: false,
            status: None,
            watches: None,
            lanes: None,
            held: None,
            catalog: None,
            spark: Spark::default(),
        }
    }

    /// Watches that are up to date, and all watches.
    pub fn live_watches(&self) -> (usize, usize) {
        let watches = self.watches.as_deref().unwrap_or_default();
        let live = watches
            .iter()
            .filter(|watch| watch.phase == WatchPhase::Live);
        (live.count(), watches.len())
    }

    /// Whether the API server can't be reached.
    pub fn is_unreachable(&self) -> bool {
        self.status.as_ref().is_some_and(|status| !status.connected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn minutes_without_deliveries_are_there() {
        let mut spark = Spark::default();
        spark.add(2, 10 * MINUTE);
        spark.add(1, 10 * MINUTE + 5);
        spark.add(4, 13 * MINUTE);
        assert_eq!(spark.counts().collect::<Vec<_>>(), [3, 0, 0, 4]);
        // A clock that goes backwards counts into the newest minute.
        spark.add(1, 2 * MINUTE);
        assert_eq!(spark.counts().next_back(), Some(5));
        // From there on minutes pass again.
        spark.add(7, 3 * MINUTE);
        assert_eq!(spark.counts().collect::<Vec<_>>(), [3, 0, 0, 5, 7]);
        spark.advance(i64::MAX);
        assert_eq!(spark.counts().count(), MINUTES);
        assert_eq!(spark.rate(), 0);
    }
}
