//! The loop: takes what happens, lets `update` decide, performs effects, draws when it must.
//!
//! It never waits for the network or the disk, draws at most sixty times a second, and sleeps when
//! nothing changes.

use super::clipboard;
use super::draft::DraftId;
use super::external;
use super::input;
use super::jobs::Jobs;
use super::launch::{Launcher, Options, Running};
use super::message::{Answer, Effect, Msg, RequestId, SessionId, Started};
use super::model::Model;
use super::pace::Pace;
use super::terminal::{self, Guard, OnDashboard, Screen};
use super::update;
use super::view;
use crate::engine::{Batch, EngineHandle, Ticket};
use crate::history::History;
use anyhow::Context as _;
use crossterm::event::EventStream;
use futures::StreamExt as _;
use futures::future::poll_immediate;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::io::Write as _;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

/// Results of jobs that may wait for the loop.
const RESULTS: usize = 64;

/// How long the engine may take to stop when the program ends.
const STOPPING: Duration = Duration::from_secs(15);

/// The engine that is shown, with what belongs to it.
struct Shown {
    session: SessionId,
    engine: EngineHandle,
    history: Option<History>,
    tickets: HashMap<Ticket, RequestId>,
}

/// A launch that is under way, or done.
type Launched = (SessionId, Result<Running, String>);

struct Dashboard {
    model: Model,
    launcher: Arc<dyn Launcher>,
    jobs: Jobs,
    messages: mpsc::Sender<Msg>,
    launches: mpsc::Sender<Launched>,
    shown: Option<Shown>,
    guard: Guard,
    /// Never dropped: it would print that a terminal that is gone has no cursor to show, and panic
    /// because it can't. The guard restores the cursor.
    screen: ManuallyDrop<Screen>,
    keys: Option<EventStream>,
    done: bool,
    /// Where files for the user's own editor are put.
    state_dir: Option<PathBuf>,
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// Runs the dashboard until it is left; the terminal is as before then.
///
/// # Errors
/// The terminal can't be taken, drawn to or read.
pub async fn run(launcher: Arc<dyn Launcher>, options: Options) -> anyhow::Result<()> {
    OnDashboard(Box::pin(run_inner(launcher, options))).await
}

async fn run_inner(launcher: Arc<dyn Launcher>, options: Options) -> anyhow::Result<()> {
    let (messages, mut inbox) = mpsc::channel(RESULTS);
    let (launches, mut launched) = mpsc::channel(4);
    let (panics, mut panicked) = mpsc::channel(4);
    terminal::install_panic_hook(options.log_file.clone(), panics);
    let guard = Guard::take(options.mouse).context("the terminal can't be used")?;
    let screen = guard.screen().context("the terminal can't be used")?;
    let size = screen.size().context("the terminal's size is unknown")?;
    let zone = TimeZone::system();
    let model = Model::new(&options, size.width, size.height, now_ms(), zone);
    let jobs = Jobs::new(messages.clone(), options.state_dir.clone());
    let mut dashboard = Dashboard {
        model,
        launcher,
        jobs,
        messages,
        launches,
        shown: None,
        guard,
        screen: ManuallyDrop::new(screen),
        keys: Some(EventStream::new()),
        done: false,
        state_dir: options.state_dir.clone(),
    };
    let first = update::start(&mut dashboard.model);
    dashboard.perform(first)?;
    let mut signals = Signals::new()?;
    let result = async {
        let mut pace = Pace::default();
        while !dashboard.done {
            let now = Instant::now();
            if pace.is_due(dashboard.model.dirty, now) {
                dashboard.draw()?;
                pace.drew(Instant::now());
            }
            let wait_ms = update::next_wake(&dashboard.model)
                .saturating_sub(now_ms())
                .max(0);
            let wake = now + Duration::from_millis(wait_ms.unsigned_abs().min(3_600_000));
            let backlog = dashboard.model.backlog.is_some();
            let dirty = dashboard.model.dirty;
            tokio::select! {
                biased;
                signal = signals.next() => match signal {
                    Signal::End => dashboard.done = true,
                    Signal::Continued => dashboard.come_back()?,
                    #[cfg(unix)]
                    Signal::Resized => dashboard.model.dirty = true,
                },
                event = next_event(&mut dashboard.keys) => dashboard.terminal_event(event).await?,
                Some(message) = inbox.recv() => dashboard.update(message)?,
                Some(launch) = launched.recv() => dashboard.launched(launch)?,
                Some(panic) = panicked.recv() => dashboard.update(Msg::Told(Err(panic)))?,
                () = sleep_until(pace.may_draw(now)), if dirty => {}
                () = std::future::ready(()), if backlog => dashboard.update(Msg::Continue)?,
                batch = next_batch(dashboard.shown.as_ref()), if !backlog => {
                    dashboard.batch(batch)?;
                }
                () = sleep_until(wake) => dashboard.update(Msg::Wake)?,
            }
        }
        anyhow::Ok(())
    }
    .await;
    // Also when the terminal can't be drawn to any more: what runs is still to be stopped.
    dashboard.end(&mut signals).await;
    result
}

async fn next_event(
    keys: &mut Option<EventStream>,
) -> Option<std::io::Result<crossterm::event::Event>> {
    match keys {
        Some(keys) => keys.next().await,
        None => std::future::pending().await,
    }
}

async fn next_batch(shown: Option<&Shown>) -> Batch {
    match shown {
        Some(shown) => shown.engine.next_batch().await,
        None => std::future::pending().await,
    }
}

impl Dashboard {
    fn update(&mut self, message: Msg) -> anyhow::Result<()> {
        self.model.now_ms = now_ms();
        let effects = update::update(&mut self.model, message);
        self.perform(effects)
    }

    fn draw(&mut self) -> anyhow::Result<()> {
        // The event of a new size may get lost, before anybody listens and among keys: a frame is made
        // for the size that there is.
        let size = self
            .screen
            .size()
            .context("the terminal's size is unknown")?;
        if (size.width, size.height) != (self.model.width, self.model.height) {
            self.update(Msg::Resize(size.width, size.height))?;
        }
        self.model.dirty = false;
        let model = &self.model;
        terminal::draw(&mut self.screen, |frame| view::view(model, frame))
            .context("the terminal can't be drawn to")
    }

    /// Forgets what is on the screen, so that the next frame writes every cell. Does not ask the
    /// terminal for its cursor, as `clear` would: the answer would get lost among the keys.
    fn redraw(&mut self) -> anyhow::Result<()> {
        let size = self
            .screen
            .size()
            .context("the terminal's size is unknown")?;
        let area = ratatui::layout::Rect::new(0, 0, size.width, size.height);
        self.screen
            .resize(area)
            .context("the terminal can't be drawn to")
    }

    /// Takes everything that was typed since, so that a burst costs one frame.
    async fn terminal_event(
        &mut self,
        first: Option<std::io::Result<crossterm::event::Event>>,
    ) -> anyhow::Result<()> {
        let mut next = first;
        for _ in 0..256 {
            match next {
                Some(Ok(event)) => {
                    #[cfg(debug_assertions)]
                    super::test_panic::at(&event);
                    if let Some(message) = input::message(event) {
                        self.update(message)?;
                    }
                }
                Some(Err(error)) => return Err(error).context("the terminal can't be read"),
                None => {
                    // The terminal is gone.
                    self.done = true;
                    return Ok(());
                }
            }
            let Some(keys) = &mut self.keys else { break };
            // Polled with the loop's own waker: the stream remembers the one it sees first.
            match poll_immediate(keys.next()).await {
                Some(event) => next = event,
                None => break,
            }
        }
        Ok(())
    }

    fn batch(&mut self, mut batch: Batch) -> anyhow::Result<()> {
        let Some(shown) = &mut self.shown else {
            return Ok(());
        };
        let mut answers = Vec::new();
        for done in batch.done.drain(..) {
            if let Some(request) = shown.tickets.remove(&done.ticket) {
                answers.push(Answer {
                    request,
                    result: done.result,
                });
            }
        }
        let session = shown.session;
        self.update(Msg::Batch(session, Box::new(batch), answers))
    }

    fn launched(&mut self, (session, result): Launched) -> anyhow::Result<()> {
        let current = session == self.model.session.id;
        match result {
            Ok(running) if current => {
                let started = Started {
                    context: running.context,
                    namespace: running.namespace,
                    server: running.server,
                    read_only: running.read_only,
                    protected: running.protected,
                    history: running.history.is_some(),
                    theme: running.theme,
                };
                self.shown = Some(Shown {
                    session,
                    engine: running.engine,
                    history: running.history,
                    tickets: HashMap::new(),
                });
                self.update(Msg::Launched(session, Ok(started)))
            }
            Ok(running) => {
                // Another context was chosen meanwhile.
                tokio::spawn(async move { running.engine.shutdown().await });
                Ok(())
            }
            Err(problem) => self.update(Msg::Launched(session, Err(problem))),
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) -> anyhow::Result<()> {
        for effect in effects {
            match effect {
                Effect::Submit(request, command) => self.submit(request, command)?,
                Effect::Launch(session, context) => self.launch(session, context),
                Effect::Contexts => self.contexts(),
                Effect::Job(session, job) => {
                    let history = self.shown.as_ref().and_then(|shown| shown.history.clone());
                    self.jobs.start(session, job, history);
                }
                Effect::Copy(text) => self.copy(text)?,
                Effect::CopyThroughTerminal(text, why) => {
                    let told = clipboard::through_terminal(&text);
                    let told = told.map(|told| format!("{told}: {why}"));
                    self.update(Msg::Told(told))?;
                }
                Effect::External(id, text) => self.external(id, &text)?,
                Effect::Mouse(taken) => self.guard.mouse(taken).context("the mouse")?,
                Effect::Suspend => self.suspend()?,
                Effect::Redraw => self.redraw()?,
                Effect::Quit => self.done = true,
            }
        }
        Ok(())
    }

    fn submit(
        &mut self,
        request: RequestId,
        command: crate::engine::Command,
    ) -> anyhow::Result<()> {
        let submitted = match &self.shown {
            Some(shown) => shown.engine.submit(command),
            None => Err(crate::engine::CommandError::Stopped),
        };
        match submitted {
            Ok(ticket) => {
                if let Some(shown) = &mut self.shown {
                    shown.tickets.insert(ticket, request);
                }
                Ok(())
            }
            Err(error) => self.update(Msg::Refused(Answer {
                request,
                result: Err(error),
            })),
        }
    }

    fn launch(&mut self, session: SessionId, context: Option<String>) {
        let (launcher, launches) = (Arc::clone(&self.launcher), self.launches.clone());
        let old = self.shown.take();
        tokio::spawn(async move {
            // The Lease is given back before the next engine may ask for one.
            if let Some(old) = old {
                old.engine.shutdown().await;
            }
            let result = launcher.launch(context).await;
            // The loop may have ended meanwhile: then the engine is stopped by dropping nothing
            // but its handle, so stop it here.
            if let Err(refused) = launches.send((session, result)).await
                && let (_, Ok(running)) = refused.0
            {
                running.engine.shutdown().await;
            }
        });
    }

    /// Copies by a program of the desktop, without waiting for it, or else through the terminal.
    fn copy(&mut self, text: String) -> anyhow::Result<()> {
        let Some(program) = clipboard::Program::find() else {
            return self.update(Msg::Told(clipboard::through_terminal(&text)));
        };
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let message = match program.copy(&text).await {
                Ok(told) => Msg::Told(Ok(told)),
                Err(why) => Msg::NotCopied(text, why),
            };
            // The loop may have ended meanwhile.
            let _ = messages.send(message).await;
        });
        Ok(())
    }

    fn contexts(&self) {
        let (launcher, messages) = (Arc::clone(&self.launcher), self.messages.clone());
        tokio::spawn(async move {
            let contexts = launcher.contexts().await;
            // The loop may have ended meanwhile.
            let _ = messages.send(Msg::Contexts(contexts)).await;
        });
    }

    /// To the shell and back. The reader of keys goes first, so that it takes nothing from the
    /// shell.
    fn suspend(&mut self) -> anyhow::Result<()> {
        self.keys = None;
        self.guard.leave();
        let result = terminal::suspend();
        self.come_back()?;
        match result {
            Ok(()) => Ok(()),
            Err(problem) => self.update(Msg::Told(Err(problem))),
        }
    }

    /// Gives the terminal to the user's own editor, and takes it back when that ends.
    fn external(&mut self, id: DraftId, text: &str) -> anyhow::Result<()> {
        let directory = self.state_dir.clone().unwrap_or_else(std::env::temp_dir);
        self.keys = None;
        self.guard.leave();
        let result = external::edit(text, &directory);
        self.come_back()?;
        self.update(Msg::Edited(id, result))
    }

    /// Takes the terminal again after the process was stopped.
    fn come_back(&mut self) -> anyhow::Result<()> {
        self.guard
            .enter_again()
            .context("the terminal can't be used")?;
        if self.keys.is_none() {
            self.keys = Some(EventStream::new());
        }
        let size = self
            .screen
            .size()
            .context("the terminal's size is unknown")?;
        self.update(Msg::Resize(size.width, size.height))?;
        self.update(Msg::Resumed)
    }

    /// Gives the terminal back, then stops the engine; a second signal ends at once.
    async fn end(mut self, signals: &mut Signals) {
        self.keys = None;
        drop(self.guard);
        let stop = async {
            self.jobs.finish().await;
            if let Some(shown) = self.shown
                && timeout(STOPPING, shown.engine.shutdown()).await.is_err()
            {
                tracing::warn!("the engine did not stop in time");
                // The terminal may be gone.
                let _ = writeln!(
                    std::io::stderr(),
                    "kubechime: the engine did not stop in time"
                );
            }
        };
        tokio::select! {
            () = stop => {}
            Signal::End = signals.next() => {}
        }
    }
}

enum Signal {
    End,
    Continued,
    #[cfg(unix)]
    Resized,
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    continued: tokio::signal::unix::Signal,
    resized: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // The number of SIGCONT differs between systems.
        let continued = if cfg!(target_os = "linux") { 18 } else { 19 };
        let listen = |kind| signal(kind).context("signals can't be listened to");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
            continued: listen(SignalKind::from_raw(continued))?,
            resized: listen(SignalKind::window_change())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::End,
            _ = self.terminate.recv() => Signal::End,
            _ = self.hang_up.recv() => Signal::End,
            _ = self.continued.recv() => Signal::Continued,
            _ = self.resized.recv() => Signal::Resized,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> anyhow::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::End,
            Err(_) => std::future::pending().await,
        }
    }
}
