//! `kubechime migrate`: carries the notified state over to the state keys of another version of the
//! ConfigMap, so that applying it sends nothing again.

use super::engine::{EngineArgs, watches};
use super::loading::Inputs;
use super::output::{counted, print, visible};
use super::preview::{Versions, for_each_object};
use crate::cluster::{
    AnnotationChange, Cluster, KnownAnnotation, LeanObject, PatchError, patch_annotation,
};
use crate::domain::{MAX_BYTES, MAX_ENTRIES, NotifiedState, ResourceKey, notified_annotation};
use crate::engine::{Comparison, Watch};
use anyhow::Context as _;
use clap::Args;
use futures::StreamExt as _;
use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

/// Patches at a time.
const AT_A_TIME: usize = 16;

/// Failures that are told one by one.
const FAILURES: usize = 20;

/// What to migrate.
#[derive(Debug, Args)]
#[command(
    after_help = "Run it before the ConfigMap is applied. It only adds entries, and only those that \
                  are missing: after a failure or an interruption, run it again. Exit code: 0 when \
                  all entries are there, 1 when some are not or something went wrong. Nothing is \
                  sent."
)]
pub(super) struct MigrateArgs {
    /// File with the ConfigMap as it is to be applied; - for standard input.
    #[arg(value_name = "FILE")]
    file: String,
    /// File with the Secret, - for standard input, or :empty, instead of the one in the cluster.
    #[arg(long, value_name = "FILE")]
    secret: Option<String>,
    /// File with the ConfigMap that the entries were written under, when the other one is applied
    /// already; by default the ConfigMap in the cluster.
    #[arg(long, value_name = "FILE")]
    from: Option<String>,
    /// Only tell what would be written.
    #[arg(long)]
    dry_run: bool,
    /// Take the entries away that an earlier run has added.
    #[arg(long)]
    undo: bool,
}

/// What is to be written for one object.
struct Change {
    key: ResourceKey,
    uid: String,
    known: KnownAnnotation,
    add: Vec<(String, i64)>,
    remove: Vec<String>,
}

/// Migrates.
pub(super) async fn run(args: MigrateArgs, engine: EngineArgs) -> anyhow::Result<ExitCode> {
    let mut inputs = Inputs::new(&engine)?;
    let cluster = inputs.cluster().await?;
    anyhow::ensure!(
        args.dry_run || !inputs.settings().read_only,
        "read-only: migrating keys is switched off; use --dry-run, or start without --read-only"
    );
    let versions = Versions::read(&mut inputs, args.file, args.secret, args.from).await?;
    anyhow::ensure!(
        versions.broken.is_empty(),
        "the file has broken keys: {}",
        versions.broken.join("; ")
    );
    let mut comparison = Comparison::new(versions.live, versions.draft);
    let prefix = inputs.settings().annotation_prefix.clone();
    let annotation = notified_annotation(&prefix);
    let mut changes = Vec::new();
    for watch in watches(&cluster, inputs.settings()).await? {
        collect(
            &cluster,
            &watch,
            &prefix,
            args.undo,
            &mut comparison,
            &mut changes,
        )
        .await?;
    }
    let mut text = format!("ConfigMap {}\n", versions.name);
    for succession in comparison.changed_keys() {
        text.push_str(&format!(
            "  trigger {}: {} -> {}{}\n",
            succession.trigger,
            succession.before,
            succession.after,
            if succession.once_per {
                ", another oncePer: only what is true now is carried over"
            } else {
                ""
            }
        ));
    }
    let entries = changes.iter().map(|c| c.add.len() + c.remove.len()).sum();
    let objects = changes.len();
    let verb = if args.undo { "taken away" } else { "added" };
    if args.dry_run || changes.is_empty() {
        text.push_str(&format!(
            "{} on {} would be {verb}\n",
            entries_of(entries),
            counted(objects, "object")
        ));
        print(&visible(&text))?;
        return Ok(ExitCode::SUCCESS);
    }
    let failures = write(&cluster, &annotation, changes).await;
    let written = objects - failures.len();
    text.push_str(&format!(
        "{} of {} written: {verb}\n",
        written,
        counted(objects, "object")
    ));
    for (key, error) in failures.iter().take(FAILURES) {
        text.push_str(&format!("  failed: {}: {error}\n", key.qualified()));
    }
    if failures.len() > FAILURES {
        text.push_str(&format!("  and {} more\n", failures.len() - FAILURES));
    }
    print(&visible(&text))?;
    Ok(if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn entries_of(number: usize) -> String {
    match number {
        1 => "1 entry".into(),
        many => format!("{many} entries"),
    }
}

/// What is to be written for the objects of a watch.
async fn collect(
    cluster: &Cluster,
    watch: &Watch,
    prefix: &str,
    undo: bool,
    comparison: &mut Comparison,
    changes: &mut Vec<Change>,
) -> anyhow::Result<()> {
    let annotation = notified_annotation(prefix);
    for_each_object(cluster, watch, |object| {
        let about = || object.key.qualified();
        let (mut add, mut remove) = (Vec::new(), Vec::new());
        if undo {
            remove = comparison
                .added(object, &watch.variable, prefix)
                .with_context(about)?;
        } else {
            let carried = comparison.carried(object, &watch.variable, prefix);
            let carried = carried.with_context(about)?.into_iter();
            add.extend(carried.map(|carried| (carried.after, carried.at)));
        }
        if !add.is_empty() || !remove.is_empty() {
            changes.push(change(object, &annotation, add, remove));
        }
        Ok(())
    })
    .await
}

fn change(
    object: &LeanObject,
    annotation: &str,
    add: Vec<(String, i64)>,
    remove: Vec<String>,
) -> Change {
    Change {
        key: object.key.clone(),
        uid: object.uid.clone(),
        known: KnownAnnotation {
            resource_version: object.resource_version.clone(),
            value: object.annotations.get(annotation).cloned(),
        },
        add,
        remove,
    }
}

/// Writes all changes, and gives those that failed. An object that is gone needs none.
async fn write(
    cluster: &Cluster,
    annotation: &str,
    changes: Vec<Change>,
) -> Vec<(ResourceKey, PatchError)> {
    let all = changes.len();
    let annotation: Arc<str> = annotation.into();
    let mut writing = futures::stream::iter(changes.into_iter().map(|change| {
        let (cluster, annotation) = (cluster.clone(), Arc::clone(&annotation));
        async move {
            let update = |current: Option<&str>| updated(current, &change);
            let (key, known) = (&change.key, Some(change.known.clone()));
            let result =
                patch_annotation(&cluster, key, &change.uid, &annotation, known, update).await;
            (change.key.clone(), result)
        }
    }))
    .buffer_unordered(AT_A_TIME);
    let mut failures = Vec::new();
    let mut done = 0_usize;
    let mut err = std::io::stderr();
    while let Some((key, result)) = writing.next().await {
        done += 1;
        match result {
            Ok(_) | Err(PatchError::Gone { .. }) => {}
            Err(error) => failures.push((key, error)),
        }
        if err.is_terminal() {
            // That it can't be shown is no reason to stop.
            let _ = write!(err, "\r{done} of {all} objects written\u{1b}[K\r");
            let _ = err.flush();
        }
    }
    failures
}

/// The annotation with the change, whatever has become of it meanwhile.
fn updated(current: Option<&str>, change: &Change) -> AnnotationChange {
    let (mut state, _) = NotifiedState::parse(current.unwrap_or_default());
    let mut changed = false;
    for (key, at) in &change.add {
        changed |= state.mark(key, *at);
    }
    for key in &change.remove {
        changed |= state.clear(key);
    }
    if !changed {
        return AnnotationChange::Keep;
    }
    // Only the engine knows which entries about timing are of use.
    let timing = state.timing().map(|(key, _)| key.to_owned());
    let added = change.add.iter().map(|(key, _)| key.clone());
    let kept: BTreeSet<String> = timing.chain(added).collect();
    state.trim(MAX_ENTRIES, MAX_BYTES, &kept);
    if state.is_empty() {
        AnnotationChange::Remove
    } else {
        AnnotationChange::Set(state.to_json())
    }
}
