//! Work on threads: sorting, reading the history, looking for mistakes in drafts, drafts on disk.
//!
//! A job that is asked for again while it runs is cancelled and its result dropped. Writes of
//! drafts are never cancelled and keep their order.

use super::draft;
use super::editor::Difference;
use super::export;
use super::manifest;
use super::message::{Job, JobDone, JudgeOrder, Judged, Msg, PageKind, SessionId, Strip};
use super::screens::resource::DELIVERIES;
use super::screens::views::{Numbers, SERVICES_MS};
use super::sweep;
use super::update::MARKS;
use crate::check::EditedText;
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

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Spans of the sparkline over the history.
const BUCKETS: u32 = 48;

/// Which jobs replace one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Slot {
    Arrange,
    Page,
    Count,
    Detail,
    MarkAll,
    Sweep,
    Numbers,
    Export,
    Strip,
    OfResource,
    Try,
    Rate,
    LoadDrafts,
    Judge,
    Versions,
    VersionData,
    Compare,
    ExportConfig,
}

fn slot(job: &Job) -> Option<Slot> {
    match job {
        Job::Arrange(_) => Some(Slot::Arrange),
        Job::Page { .. } => Some(Slot::Page),
        Job::Count { .. } => Some(Slot::Count),
        Job::Detail(_) => Some(Slot::Detail),
        Job::MarkAll { .. } => Some(Slot::MarkAll),
        Job::Sweep { .. } => Some(Slot::Sweep),
        Job::Numbers { .. } => Some(Slot::Numbers),
        Job::Export(_) => Some(Slot::Export),
        Job::Strip { .. } => Some(Slot::Strip),
        Job::OfResource { .. } => Some(Slot::OfResource),
        Job::Try { .. } => Some(Slot::Try),
        Job::Rate { .. } => Some(Slot::Rate),
        Job::LoadDrafts { .. } => Some(Slot::LoadDrafts),
        Job::Judge(..) => Some(Slot::Judge),
        Job::Versions(_) => Some(Slot::Versions),
        Job::VersionData(_) => Some(Slot::VersionData),
        Job::Compare(_) => Some(Slot::Compare),
        Job::ExportConfig(_) => Some(Slot::ExportConfig),
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
        Job::MarkAll { number, query } => {
            let rows = match history {
                Some(history) => all(history, &query, cancel)?,
                None => Err(missing()),
            };
            JobDone::Marked { number, rows }
        }
        Job::Sweep { sweep, query } => {
            let found = match history {
                Some(history) => sweep::look(history, sweep, &query, MARKS, cancel)?,
                None => Err(missing()),
            };
            JobDone::Swept(sweep, found)
        }
        Job::Numbers { now_ms } => {
            let since = now_ms.saturating_sub(SERVICES_MS);
            let services = history.and_then(|history| history.services(since, now_ms).ok());
            JobDone::Numbers(Numbers {
                services: services.unwrap_or_default(),
                history_rows: history.and_then(|h| h.count(&Default::default()).ok()),
                memory: memory(),
            })
        }
        Job::Export(export) => JobDone::Exported {
            path: export.path.display().to_string(),
            rows: history
                .ok_or_else(missing)
                .and_then(|history| export::run(&export, history)),
        },
        Job::Strip {
            number,
            query,
            now_ms,
        } => {
            let (since, until) = query.span();
            let until_ms = until.unwrap_or(now_ms).min(now_ms);
            let history = history?;
            // A history that is younger than a day fills the whole width.
            let oldest = history.page(&Default::default(), Anchor::Oldest, 1).ok()?;
            let oldest = oldest.first().map_or(until_ms, |row| row.new.created_ms);
            let from_ms = since.unwrap_or(until_ms.saturating_sub(DAY_MS).max(oldest));
            let from_ms = from_ms.min(until_ms);
            let width_ms = until_ms.saturating_sub(from_ms) / i64::from(BUCKETS) + 1;
            let buckets = history
                .rate_of(&query.narrowed(), until_ms, width_ms, BUCKETS)
                .ok()?;
            let strip = Strip {
                from_ms,
                until_ms,
                buckets,
            };
            JobDone::Strip { number, strip }
        }
        Job::OfResource { key, uid } => {
            let limit = u32::try_from(DELIVERIES).unwrap_or(u32::MAX);
            let rows = history.ok_or_else(missing).and_then(|history| {
                let rows = history.of_resource(&uid, limit);
                rows.map_err(|error| error.to_string())
            });
            let rows = rows.map(|rows| rows.into_iter().map(Arc::new).collect());
            JobDone::OfResource(key, rows)
        }
        Job::Try {
            key,
            number,
            source,
            on,
        } => {
            let result = on.attempt(&source).map(Box::new);
            JobDone::Tried {
                key,
                number,
                result,
            }
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
        Job::Versions(place) => JobDone::Versions(
            history
                .ok_or_else(missing)
                .and_then(|history| history.versions(&place).map_err(|error| error.to_string())),
        ),
        Job::VersionData(number) => {
            let data = history.ok_or_else(missing).and_then(|history| {
                let data = history
                    .version_data(number)
                    .map_err(|error| error.to_string());
                data?.ok_or_else(|| format!("version {number} is forgotten"))
            });
            JobDone::VersionData(number, data)
        }
        Job::Compare(compare) => {
            JobDone::Compared(compare.number, compare.run(history).map(Box::new))
        }
        Job::ExportConfig(export) => {
            let result = manifest::write(&export);
            JobDone::ConfigExported(Box::new(export), result)
        }
        Job::Judge(order) => JobDone::Judged(Box::new(judge(*order))),
    })
}

fn judge(order: JudgeOrder) -> Judged {
    let text = match &order.edited.text {
        EditedText::Key { text, .. } | EditedText::ConfigMap { text, .. } => text,
    };
    let compare = order.compare.as_ref();
    let difference = compare.map(|base| Difference::of(base.as_deref(), text));
    Judged {
        difference,
        id: order.id,
        revision: order.revision,
        verdict: order.edited.judge(),
    }
}

/// Memory in use, where the system tells it as Linux does.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kibibytes.checked_mul(1_024)
}

/// Everything that a query lets through, as much as can be marked.
fn all(
    history: &History,
    query: &crate::query::HistoryQuery,
    cancel: &CancellationToken,
) -> Option<Result<Vec<Arc<crate::domain::Delivery>>, String>> {
    let narrowed = query.narrowed();
    let mut from = Anchor::Newest;
    let mut rows = Vec::new();
    while rows.len() < MARKS {
        if cancel.is_cancelled() {
            return None;
        }
        let limit = u32::try_from(PAGE).unwrap_or(u32::MAX);
        let page = match history.page(&narrowed, from, limit) {
            Ok(page) => page,
            Err(error) => return Some(Err(error.to_string())),
        };
        let full = page.len() >= PAGE;
        let Some(last) = page.last().map(|row| row.new.id) else {
            break;
        };
        rows.extend(
            page.into_iter()
                .filter(|row| query.matches(row))
                .map(Arc::new),
        );
        if !full {
            break;
        }
        from = Anchor::Before(last);
    }
    rows.truncate(MARKS);
    Some(Ok(rows))
}

type Page = (Vec<Arc<crate::domain::Delivery>>, bool);

/// Reads until a page is full or the history ends, because the store narrows only roughly.
fn page(
    history: &History,
    kind: PageKind,
    mut from: Anchor,
    query: &crate::query::HistoryQuery,
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
