//! Fetching objects for a walk: those that the engine keeps too little of, and those that only the
//! draft reaches. In pages, each only when the one before was looked at.

use super::options::Watch;
use super::progress::WorkPhase;
use super::reconcile::{Input, Reconciler};
use super::store::{Interest, Observed};
use super::walk::WalkInput;
use crate::catalog::{Catalog, DefaultSubscription};
use crate::cluster::{Cluster, LeanObject, ListQuery, RequestError, get_object, list_page};
use crate::domain::{ResourceKey, notified_annotation};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Objects in one page.
const PAGE: u32 = 500;

/// Up to so many objects are fetched one by one; more are found by listing all.
const SINGLE: usize = 200;

impl Reconciler {
    /// All that is kept was looked at: the rest is fetched, if there is a rest.
    pub(super) fn begin_fetch(&mut self) {
        let objects = (0..self.watching.len()).map(|number| self.store.objects(number));
        let objects: u64 = objects.sum();
        let Some(walk) = self.walk.as_deref_mut() else {
            return;
        };
        let Some(comparison) = &mut walk.comparison else {
            return;
        };
        comparison.looked_at(objects);
        let draft = comparison.draft();
        let reach = reaches_more(comparison.live(), draft).then(|| Arc::clone(draft));
        if reach.is_none() && walk.deferred.is_empty() {
            walk.fetch_over = true;
            return;
        }
        let wanted = |watch: &&Watch| {
            reach.is_some() || walk.deferred.iter().any(|key| key.kind == watch.kind)
        };
        let prefix = &self.options.prefix;
        let interest = |watch: &Watch| Interest {
            annotations: format!("{prefix}/"),
            notified: notified_annotation(prefix),
            paths: comparison.paths_read(&watch.variable),
            stamp: 0,
        };
        let watches = self.options.watches.iter().filter(wanted);
        let watches = watches.map(|watch| (watch.clone(), interest(watch)));
        let (sender, more) = mpsc::channel(1);
        let fetch = Fetch {
            cluster: self.cluster.clone(),
            walk: walk.number,
            watches: watches.collect(),
            wanted: walk.deferred.clone(),
            reach,
            inputs: self.inputs.clone(),
            more,
            cancel: walk.cancel.clone(),
        };
        walk.more = Some(sender);
        *walk.phase() = WorkPhase::Fetching;
        self.tasks.spawn(fetch.run());
    }
}

/// Whether a draft's default subscriptions may reach objects that those in force do not reach.
fn reaches_more(live: &Catalog, draft: &Catalog) -> bool {
    let mut entries = draft.subscriptions.iter();
    entries.any(|entry| {
        let known = |old: &DefaultSubscription| {
            old.selector == entry.selector && !old.recipients.is_empty()
        };
        !entry.recipients.is_empty() && !live.subscriptions.iter().any(known)
    })
}

/// What is to be fetched.
struct Fetch {
    cluster: Cluster,
    /// Number of the walk.
    walk: u64,
    /// The watches to look through, with what is read of their objects.
    watches: Vec<(Watch, Interest)>,
    /// Objects of which too little is kept.
    wanted: HashSet<ResourceKey>,
    /// The draft, when it reaches objects that nothing reaches now.
    reach: Option<Arc<Catalog>>,
    inputs: mpsc::Sender<Input>,
    /// Says that a page was looked at.
    more: mpsc::Receiver<()>,
    cancel: CancellationToken,
}

impl Fetch {
    /// Fetches, page by page, until all is there or nobody wants it any more.
    async fn run(mut self) {
        let cancel = self.cancel.clone();
        let problem = tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            result = self.fetch() => result.err().map(|error| error.to_string()),
        };
        let end = WalkInput::Fetched {
            walk: self.walk,
            problem,
        };
        // Nobody listens any more when the engine has ended.
        let _ = self.inputs.send(Input::Walk(Box::new(end))).await;
    }

    async fn fetch(&mut self) -> Result<(), RequestError> {
        if self.reach.is_none() && self.wanted.len() <= SINGLE {
            return self.one_by_one().await;
        }
        for (watch, interest) in std::mem::take(&mut self.watches) {
            let namespaces = if watch.namespaces.is_empty() {
                vec![None]
            } else {
                watch.namespaces.iter().cloned().map(Some).collect()
            };
            for namespace in namespaces {
                self.list(&watch, &interest, namespace).await?;
            }
        }
        Ok(())
    }

    async fn list(
        &mut self,
        watch: &Watch,
        interest: &Interest,
        namespace: Option<String>,
    ) -> Result<(), RequestError> {
        let query = ListQuery {
            namespace,
            label_selector: (!watch.selector.is_empty()).then(|| watch.selector.clone()),
            ..ListQuery::default()
        };
        let mut token: Option<String> = None;
        loop {
            let page =
                list_page(&self.cluster, &watch.kind, &query, PAGE, token.as_deref()).await?;
            let objects = page.objects.iter().filter(|object| self.wants(object));
            let cut = objects.filter_map(|object| cut_down(object, interest));
            if !self.hand_over(cut.collect()).await {
                return Ok(());
            }
            token = page.continue_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(());
            }
        }
    }

    async fn one_by_one(&mut self) -> Result<(), RequestError> {
        let mut problem = None;
        for key in std::mem::take(&mut self.wanted) {
            let mut watches = self.watches.iter();
            let Some((_, interest)) = watches.find(|(watch, _)| watch.kind == key.kind) else {
                continue;
            };
            match get_object(&self.cluster, &key).await {
                Ok(object) => {
                    let cut = cut_down(&object, interest).into_iter().collect();
                    if !self.hand_over(cut).await {
                        return Ok(());
                    }
                }
                // It was deleted meanwhile.
                Err(error) if error.class() == crate::cluster::FailureClass::NotFound => {}
                Err(error) => problem = Some(error),
            }
        }
        problem.map_or(Ok(()), Err)
    }

    fn wants(&self, object: &LeanObject) -> bool {
        let reached = |draft: &Arc<Catalog>| draft.can_reach(&object.labels, &object.annotations);
        self.wanted.contains(&object.key) || self.reach.as_ref().is_some_and(reached)
    }

    /// Gives objects to the walk, and waits until it has looked at those before; false when nobody
    /// wants more.
    async fn hand_over(&mut self, objects: Vec<(ResourceKey, Observed)>) -> bool {
        if objects.is_empty() {
            return true;
        }
        let page = WalkInput::Page {
            walk: self.walk,
            objects,
        };
        let sent = self.inputs.send(Input::Walk(Box::new(page))).await;
        sent.is_ok() && self.more.recv().await.is_some()
    }
}

fn cut_down(object: &LeanObject, interest: &Interest) -> Option<(ResourceKey, Observed)> {
    match Observed::of(object, interest) {
        Ok(observed) => Some((object.key.clone(), observed)),
        Err(error) => {
            tracing::error!(resource = %object.key, "the object could not be read: {error}");
            None
        }
    }
}
