//! Work on threads: sorting, reading the history, looking for mistakes in drafts, drafts on disk.
//!
//! A job that is asked for again while it runs is cancelled and its result dropped. Writes of
//! drafts are never cancelled and keep their order.

use super::draft;
use super::message::{Job, JobDone, Msg, PageKind, SessionId};
use crate::domain::DeliveryId;
use crate::history::{Anchor, History};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Rows of one page of the history.
pub const PAGE: usize = 500;

/// Minutes of the sparkline.
const MINUTES: u32 = 30;

const MINUTE_MS: i64 = 60_000;

/// Which jobs replace one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Slot {
    Arrange,
    Page,
    Count,
    Detail,
    Rate,
    LoadDrafts,
    Judge,
}

fn slot(job: &Job) -> Option<Slot> {
    match job {
        Job::Arrange(_) => Some(Slot::Arrange),
        Job::Page { .. } => Some(Slot::Page),
        Job::Count { .. } => Some(Slot::Count),
        Job::Detail(_) => Some(Slot::Detail),
        Job::Rate { .. } => Some(Slot::Rate),
        Job::LoadDrafts { .. } => Some(Slot::LoadDrafts),
        Job::Judge(..) => Some(Slot::Judge),
        Job::SaveDraft(_) | Job::DropDraft(_) => None,
    }
}

/// Runs jobs and sends what comes of them to the loop.
pub struct Jobs {
    running: HashMap<Slot, CancellationToken>,
    results: mpsc::Sender<Msg>,
    state_dir: Option<PathBuf>,
    disk: mpsc::UnboundedSender<(SessionId, Job)>,
    disk_task: JoinHandle<()>,
}

impl Jobs {
    /// Nothing runs yet. Must be called within a runtime.
    pub fn new(results: mpsc::Sender<Msg>, state_dir: Option<PathBuf>) -> Self {
        // Unbounded, but fed by one keyboard.
        let (disk, mut queue) = mpsc::unbounded_channel::<(SessionId, Job)>();
        let disk_task = tokio::spawn({
            let (results, state_dir) = (results.clone(), state_dir.clone());
            async move {
                while let Some((session, job)) = queue.recv().await {
                    let directory = state_dir.clone();
                    let done = tokio::task::spawn_blocking(move || {
                        work(job, None, directory.as_deref(), &CancellationToken::new())
                    });
                    if let Ok(Some(done)) = done.await {
                        // At the end of the program nobody listens any more.
                        let _ = results.send(Msg::Job(session, done)).await;
                    }
                }
            }
        });
        Self {
            running: HashMap::new(),
            results,
            state_dir,
            disk,
            disk_task,
        }
    }

    /// Starts a job; an older one of its kind is cancelled.
    pub fn start(&mut self, session: SessionId, job: Job, history: Option<History>) {
        let Some(slot) = slot(&job) else {
            // The task ends only with this sender.
            let _ = self.disk.send((session, job));
            return;
        };
        let cancel = CancellationToken::new();
        if let Some(older) = self.running.insert(slot, cancel.clone()) {
            older.cancel();
        }
        let (results, directory) = (self.results.clone(), self.state_dir.clone());
        tokio::task::spawn_blocking(move || {
            if let Some(done) = work(job, history.as_ref(), directory.as_deref(), &cancel)
                && !cancel.is_cancelled()
            {
                // The loop may have ended meanwhile.
                let _ = results.blocking_send(Msg::Job(session, done));
            }
        });
    }

    /// Cancels everything that reads, and waits until drafts are on disk.
    pub async fn finish(self) {
        for cancel in self.running.values() {
            cancel.cancel();
        }
        drop((self.disk, self.results));
        // A panic of the task was reported by the panic hook.
        let _ = self.disk_task.await;
    }
}

/// Does a job on the calling thread; `None` when it was cancelled.
pub fn work(
    job: Job,
    history: Option<&History>,
    state_dir: Option<&Path>,
    cancel: &CancellationToken,
) -> Option<JobDone> {
    let missing = || "the history is not open".to_owned();
    Some(match job {
        Job::Arrange(work) => JobDone::Arranged(work.run(cancel)?),
        Job::Page {
            number,
            kind,
            from,
            query,
        } => {
            let rows = match history {
                Some(history) => page(history, kind, from, &query, cancel)?,
                None => Err(missing()),
            };
            JobDone::Page { number, kind, rows }
        }
        Job::Count { number, query } => {
            let rows = history.ok_or_else(missing).and_then(|history| {
                history
                    .count(&query.narrowed())
                    .map_err(|error| error.to_string())
            });
            JobDone::Count { number, rows }
        }
        Job::Detail(id) => {
            let detail = history
                .ok_or_else(missing)
                .and_then(|history| history.get(id).map_err(|error| error.to_string()));
            JobDone::Detail(id, Box::new(detail))
        }
        Job::Rate { until_ms } => {
            let buckets = history?.rate(until_ms, MINUTE_MS, MINUTES).ok()?;
            JobDone::Rate(buckets.iter().map(|bucket| bucket.sent).collect())
        }
        Job::LoadDrafts { context } => {
            let (drafts, problems) = draft::load(state_dir?, &context);
            JobDone::Drafts(drafts, problems)
        }
        Job::SaveDraft(draft) => {
            let result = draft::save(state_dir?, &draft);
            JobDone::Saved(draft.id, result)
        }
        Job::DropDraft(id) => {
            let result = draft::discard(state_dir?, &id);
            JobDone::Dropped(id, result)
        }
        Job::Judge(id, draft) => JobDone::Judged(id, draft.judge()),
    })
}

type Page = (Vec<Arc<crate::domain::Delivery>>, bool);

/// Reads until a page is full or the history ends, because the store narrows only roughly.
fn page(
    history: &History,
    kind: PageKind,
    mut from: Anchor,
    query: &super::history_query::HistoryQuery,
    cancel: &CancellationToken,
) -> Option<Result<Page, String>> {
    let newer = matches!(kind, PageKind::Newer | PageKind::Oldest);
    let narrowed = query.narrowed();
    let mut rows: Vec<Arc<crate::domain::Delivery>> = Vec::new();
    loop {
        if cancel.is_cancelled() {
            return None;
        }
        let limit = u32::try_from(PAGE).unwrap_or(u32::MAX);
        let read = match history.page(&narrowed, from, limit) {
            Ok(read) => read,
            Err(error) => return Some(Err(error.to_string())),
        };
        let full = read.len() >= PAGE;
        let ends: Option<(DeliveryId, DeliveryId)> = read
            .first()
            .zip(read.last())
            .map(|(first, last)| (first.new.id, last.new.id));
        let passing = read
            .into_iter()
            .filter(|row| query.matches(row))
            .map(Arc::new);
        if newer {
            rows.splice(0..0, passing);
        } else {
            rows.extend(passing);
        }
        let Some((first, last)) = ends else {
            return Some(Ok((rows, false)));
        };
        if !full || rows.len() >= PAGE / 2 {
            return Some(Ok((rows, full)));
        }
        from = if newer {
            Anchor::After(first)
        } else {
            Anchor::Before(last)
        };
    }
}
