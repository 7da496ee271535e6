//! The task that owns what the engine knows: objects, configuration, mode.
//!
//! Everything reaches it as a message and nothing it does waits for the network: deliveries,
//! patches and other requests are tasks that report back. One place decides, so no lock and no
//! order of events can make it decide twice.

use super::asked::Asked;
use super::bus::Bus;
use super::clock::now_ms;
use super::command::{Command, Done, Ticket};
use super::configure::ConfigInput;
use super::deliver::Deliverer;
use super::event::{CatalogView, Counters, LeaseStatus};
use super::job::Report;
use super::ledger::Mark;
use super::log::Log;
use super::members::MembersRun;
use super::metrics::Metrics;
use super::migrating::Migrated;
use super::observe::{Watching, is_news};
use super::options::Options;
use super::queue::Queues;
use super::record::{self, Patching};
use super::recovered::{Recovered, Recovery};
use super::rival::Rivals;
use super::self_service::Teams;
use super::shelf::Shelved;
use super::store::Store;
use super::survey::SurveyRun;
use super::team_configs::TeamInput;
use super::tenure::{LeaseOf, Tenure};
use super::timers::Timers;
use super::walk::{Walk, WalkInput};
use super::watching::WatchInput;
use crate::cluster::{Cluster, FailureClass, LeaseHandle, LeaseState};
use crate::domain::{Cause, Delivery, Destination, IdSource, Mode, ResourceKey, Severity};
use crate::history::{Condition, History, Standing};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Objects looked at in a row before anything else gets a turn.
pub(super) const SLICE: usize = 128;

/// The engine's condition is told at most this often.
const STATUS_EVERY: Duration = Duration::from_millis(200);

/// How long the writing of notified state may take when the engine stops, beyond the grace time of
/// deliveries.
const DRAIN: Duration = Duration::from_secs(3);

/// Conditions that read the clock are looked at this often.
const CLOCK_EVERY: Duration = Duration::from_secs(60);

/// Messages to the reconciler, besides those of the watches.
pub enum Input {
    /// Of the configuration task.
    Config(ConfigInput),
    /// Of a state patch.
    Patched(record::PatchReport),
    /// Of a Lease.
    Lease(LeaseOf, LeaseState),
    /// What earlier processes left unfinished was taken over.
    Recovered(Box<Recovered>),
    /// Of the task that puts deliveries aside and takes them back.
    Shelved(Shelved),
    /// A row of the history that is to be sent again, perhaps to another destination.
    Resend(Ticket, Option<Box<Delivery>>, Option<Destination>),
    /// Of the task that watches the configurations of other namespaces.
    Team(TeamInput),
    /// The answer to a command that another process has asked for.
    Asked(Done),
    /// How the history fares.
    History(Condition),
    /// Something that a walk over all objects waited for.
    Walk(Box<WalkInput>),
    /// A survey that goes on.
    Survey(Box<SurveyRun>),
    /// A list of the resources of a condition that goes on.
    Members(Box<MembersRun>),
    /// A command that a task of its own carried out.
    Done(Done),
}

/// Where the inputs come from.
pub struct Inputs {
    /// Commands of a person.
    pub commands: mpsc::Receiver<(Ticket, Command)>,
    /// Everything that is not a watch.
    pub inputs: mpsc::Receiver<Input>,
    /// Deliveries.
    pub reports: mpsc::Receiver<Report>,
    /// Watches.
    pub watches: mpsc::Receiver<WatchInput>,
}

/// The state of the engine.
pub struct Reconciler {
    pub(super) cluster: Cluster,
    pub(super) history: Option<History>,
    pub(super) bus: Arc<Bus>,
    pub(super) options: Arc<Options>,
    pub(super) log: Log,
    pub(super) metrics: Metrics,
    pub(super) ids: IdSource,
    pub(super) store: Store,
    pub(super) view: Option<Arc<CatalogView>>,
    /// Versions of the ConfigMap that were applied from here and have not come back yet.
    pub(super) applying: Vec<super::versions::Applying>,
    /// The task that records the last version of the ConfigMap.
    pub(super) recording_version: Option<tokio::task::JoinHandle<()>>,
    /// Grows with each catalog.
    pub(super) serial: u64,
    /// The configurations of other namespaces.
    pub(super) teams: Teams,
    /// Grows with each of theirs.
    pub(super) serial_of_teams: u64,
    /// Stamp of what is kept of objects; grows when more is to be kept in some namespace.
    pub(super) stamp: u64,
    /// When objects are to be looked at although nothing about them has changed.
    pub(super) timers: Timers,
    pub(super) wanted: Mode,
    pub(super) mode: Mode,
    pub(super) counters: Counters,
    pub(super) deliverer: Deliverer,
    pub(super) queues: Queues,
    pub(super) patching: Patching,
    pub(super) lease: Option<LeaseHandle>,
    /// That of all shards together.
    pub(super) common_lease: Option<LeaseHandle>,
    /// All shards together have it.
    pub(super) common_held: bool,
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) tasks: TaskTracker,
    /// Fires when deliveries must end: at the stop, and when the right to send is lost.
    pub(super) sending: CancellationToken,
    /// Deliveries of earlier processes that are under way or sent, by UID; they become known to the
    /// object when it is first seen.
    pub(super) inherited: HashMap<String, Vec<(String, Mark)>>,
    pub(super) lease_status: LeaseStatus,
    pub(super) reason: String,
    pub(super) stop: CancellationToken,
    pub(super) watch_sender: mpsc::Sender<WatchInput>,
    pub(super) watching: Vec<Watching>,
    /// Objects to look at when there is time.
    pub(super) low: VecDeque<ResourceKey>,
    pub(super) queued: HashSet<ResourceKey>,
    pub(super) low_cause: Cause,
    /// Patches to try again.
    pub(super) again: BTreeMap<Instant, ResourceKey>,
    pub(super) used_by: BTreeMap<String, u64>,
    pub(super) used_by_dirty: bool,
    /// What other processes ask for.
    pub(super) asked: Asked,
    pub(super) history_problem: String,
    /// Writing into it fails.
    pub(super) history_fails: bool,
    /// How often the history was begun anew, as far as that was told.
    pub(super) history_renewals: u64,
    pub(super) status_dirty: bool,
    pub(super) status_at: Instant,
    pub(super) watches_dirty: bool,
    pub(super) next_clock: Instant,
    pub(super) told_forbidden_patch: bool,
    pub(super) recovery: Recovery,
    /// Other engines without a Lease.
    pub(super) rivals: Rivals,
    /// What of the configuration can't be read, and has been told.
    pub(super) config_failing: HashMap<String, FailureClass>,
    /// The API server can't be reached to read it.
    pub(super) config_cut_off: bool,
    pub(super) lease_forbidden: bool,
    /// The operator decided to go on without a Lease.
    pub(super) without_lease: bool,
    /// Deliveries of earlier processes that wait for a configuration, with the last state of an
    /// object that is gone.
    pub(super) waiting_recovered: Vec<(Delivery, Option<Arc<str>>)>,
    /// What should stand in the notified state of objects that were not looked at yet.
    pub(super) standing: Option<Standing>,
    /// This time of sending, and what is not known of the one before.
    pub(super) tenure: Tenure,
    /// Clear commands that wait for their patch.
    pub(super) clearing: Vec<(ResourceKey, Ticket)>,
    /// A draft is being compared, or keys are being migrated.
    pub(super) walk: Option<Box<Walk>>,
    /// The last migration of keys.
    pub(super) migrated: Option<Migrated>,
}

impl Reconciler {
    /// A reconciler that has seen nothing yet.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one end of the engine's wiring"
    )]
    pub fn new(
        cluster: Cluster,
        history: Option<History>,
        bus: Arc<Bus>,
        options: Arc<Options>,
        metrics: Metrics,
        deliverer: Deliverer,
        queues: Queues,
        inputs: mpsc::Sender<Input>,
        watch_sender: mpsc::Sender<WatchInput>,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let watching: Vec<Watching> = options.watches.iter().map(Watching::new).collect();
        Self {
            log: Log::new(options.wording, &options.config_namespace),
            ids: IdSource::after(history.as_ref().and_then(History::last_id)),
            patching: Patching::new(cluster.clone(), history.clone(), inputs.clone()),
            store: Store::default(),
            view: None,
            applying: Vec::new(),
            recording_version: None,
            serial: 0,
            teams: Teams::new(options.self_service),
            serial_of_teams: 0,
            stamp: 0,
            timers: Timers::default(),
            wanted: if options.read_only {
                options.mode.min(Mode::DryRun)
            } else {
                options.mode
            },
            mode: Mode::Observe,
            counters: Counters::default(),
            sending: stop.child_token(),
            inherited: HashMap::new(),
            lease_status: LeaseStatus::Off,
            reason: String::new(),
            watching,
            low: VecDeque::new(),
            queued: HashSet::new(),
            low_cause: Cause::Catalog,
            again: BTreeMap::new(),
            used_by: BTreeMap::new(),
            used_by_dirty: false,
            history_problem: options.history_problem.clone(),
            asked: Asked::default(),
            history_fails: false,
            history_renewals: 0,
            status_dirty: true,
            status_at: Instant::now(),
            watches_dirty: true,
            next_clock: Instant::now() + CLOCK_EVERY,
            told_forbidden_patch: false,
            recovery: Recovery::Due,
            rivals: Rivals::default(),
            config_failing: HashMap::new(),
            config_cut_off: false,
            lease_forbidden: false,
            without_lease: false,
            waiting_recovered: Vec::new(),
            standing: None,
            tenure: Tenure::default(),
            clearing: Vec::new(),
            walk: None,
            migrated: None,
            cluster,
            history,
            bus,
            options,
            metrics,
            deliverer,
            queues,
            lease: None,
            common_lease: None,
            common_held: false,
            inputs,
            watch_sender,
            tasks,
            stop,
        }
    }

    /// Works until the engine is stopped.
    pub async fn run(mut self, mut ends: Inputs) {
        self.log.running();
        if !self.history_problem.is_empty() {
            let problem = self.history_problem.clone();
            let help = "until that is mended, what is sent is only remembered in memory".to_owned();
            self.notice(Severity::Error, problem, help, None);
        }
        self.settle_mode();
        loop {
            let timer = self.next_timer();
            let ready = !self.queues.is_congested();
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                Some((ticket, command)) = ends.commands.recv() => self.obey(ticket, command),
                Some(report) = ends.reports.recv() => self.on_report(report),
                Some(input) = ends.inputs.recv() => self.on_input(input),
                Some(input) = ends.watches.recv(), if ready => self.on_watch(input),
                () = std::future::ready(()), if ready && !self.low.is_empty() => self.look_at_some(),
                () = std::future::ready(()), if self.can_walk() => self.walk_some(),
                () = tokio::time::sleep_until(timer) => {}
            }
            self.on_time();
        }
        self.drain(ends).await;
        // Only now: whoever gets it next must not send what was just being sent.
        if let Some(lease) = self.lease.take() {
            lease.release().await;
        }
        self.log.stopped();
    }

    /// Lets deliveries in flight end and what was sent be written down, for as long as the grace
    /// time allows. What is left then is taken over by the next start.
    async fn drain(&mut self, mut ends: Inputs) {
        self.sending.cancel();
        self.queues.flush(Instant::now());
        let patience = tokio::time::sleep(self.options.delivery.grace + DRAIN);
        tokio::pin!(patience);
        while self.queues.live() > 0 || self.store.is_patching() {
            tokio::select! {
                biased;
                Some(report) = ends.reports.recv() => self.on_report(report),
                Some(input) = ends.inputs.recv() => {
                    if let Input::Patched(report) = input {
                        self.on_patched(report);
                    }
                }
                () = &mut patience => break,
            }
        }
        let over = self.queues.live() == 0 && !self.store.is_patching();
        self.tenure.end(over && self.again.is_empty());
    }

    fn next_timer(&self) -> Instant {
        let mut timer = self.next_clock;
        if self.status_dirty || self.watches_dirty {
            timer = timer.min(self.status_at);
        }
        if let Some((due, _)) = self.again.first_key_value() {
            timer = timer.min(*due);
        }
        if let Some(due_ms) = self.timers.next_ms() {
            let wait = u64::try_from(due_ms.saturating_sub(now_ms())).unwrap_or_default();
            // The wall clock may be set meanwhile.
            timer = timer.min(Instant::now() + Duration::from_millis(wait).min(CLOCK_EVERY));
        }
        if let Some(due) = self.queues.timer() {
            timer = timer.min(due);
        }
        timer
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        self.tend_queues(now);
        if (self.status_dirty || self.watches_dirty) && now >= self.status_at {
            self.status_at = now + STATUS_EVERY;
            self.tell_status();
        }
        while let Some(entry) = self.again.first_entry() {
            if *entry.key() > now {
                break;
            }
            let key = entry.remove();
            self.write_state(&key);
        }
        self.tell_settled();
        self.look_at_due();
        self.walk_at_least();
        if now >= self.next_clock {
            self.next_clock = now + CLOCK_EVERY;
            if self.any_reads_clock() {
                self.look_at_all(Cause::Change);
            }
        }
    }

    fn on_input(&mut self, input: Input) {
        match input {
            Input::Config(ConfigInput::Built(built)) => self.on_catalog(*built),
            Input::Config(ConfigInput::Failed { what, failure }) => {
                self.config_cut_off = failure.class == FailureClass::Unreachable;
                self.status_dirty = true;
                let before = self.config_failing.insert(what.clone(), failure.class);
                if is_news(before, failure.class) {
                    let help = failure.hint.clone().unwrap_or_default();
                    let text = format!("{what} can't be read: {}", failure.message);
                    self.notice(Severity::Error, text, help, None);
                }
            }
            Input::Config(ConfigInput::Recovered { what }) => {
                self.config_cut_off = false;
                self.status_dirty = true;
                if self.config_failing.remove(&what).is_some() {
                    let text = format!("{what} can be read again");
                    self.notice(Severity::Info, text, String::new(), None);
                }
            }
            Input::Patched(report) => self.on_patched(report),
            Input::Team(input) => self.on_team(input),
            Input::Lease(of, state) => self.on_lease(of, &state),
            Input::Recovered(found) => self.on_recovered(*found),
            Input::Shelved(shelved) => self.on_shelved(shelved),
            Input::Resend(ticket, row, to) => self.on_resend_row(ticket, row, to),
            Input::Asked(done) => self.on_asked(done),
            Input::History(condition) => self.on_history(condition),
            Input::Walk(input) => self.on_walk(*input),
            Input::Survey(run) => self.on_survey(run),
            Input::Members(run) => self.on_members(run),
            Input::Done(done) => self.on_done(done),
        }
    }
}
