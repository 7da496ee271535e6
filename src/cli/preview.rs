//! `kubechime preview`: what applying a ConfigMap would do to the objects in the cluster.

use super::engine::{EngineArgs, watches};
use super::loading::{ConfigArgs, Inputs};
use super::output::print;
use super::preview_view::{Report, View};
use crate::catalog::{self, Catalog, ConfigSource};
use crate::cluster::{Cluster, FailureClass, LeanObject, ListQuery, RequestError, list_page};
use crate::domain::Severity;
use crate::engine::{BlastRadius, Comparison, Watch};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

/// Objects that are asked for at a time.
const PAGE: u32 = 500;

/// Exit code when applying would send, stop or break something.
const EFFECTS: u8 = 2;

/// What to preview.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code: 0 when applying would change nothing that is sent, 2 when it \
                        would send, stop or break something, 1 when that can't be told or the \
                        file has broken keys. Nothing is sent or written."
)]
pub(super) struct PreviewArgs {
    /// File with the ConfigMap as it is to be applied; - for standard input.
    #[arg(value_name = "FILE")]
    file: String,
    /// File with the Secret, - for standard input, or :empty, instead of the one in the cluster.
    #[arg(long, value_name = "FILE")]
    secret: Option<String>,
    /// Form of the answer.
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
    /// List every effect, not only the first fifty.
    #[arg(long)]
    all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// For programs: every effect.
    Json,
}

/// Two versions of the configuration.
pub(super) struct Versions {
    /// `namespace/name` of the ConfigMap.
    pub(super) name: String,
    /// It is in the cluster.
    pub(super) exists: bool,
    /// The one in force.
    pub(super) live: Arc<Catalog>,
    /// The one in the file.
    pub(super) draft: Arc<Catalog>,
    /// What is wrong with keys of the file that can't be read.
    pub(super) broken: Vec<String>,
}

impl Versions {
    /// Reads both: the ConfigMap in `file`, and that in `from` or else in the cluster. The Secret is
    /// that of the cluster for both, unless the file has one, or it is named.
    pub(super) async fn read(
        inputs: &mut Inputs,
        file: String,
        secret: Option<String>,
        from: Option<String>,
    ) -> anyhow::Result<Self> {
        let mut live_source = live(inputs).await?;
        if let Some(from) = from {
            let files = ConfigArgs::of_files(from, Some(":empty".into()));
            let old = inputs.source(&files, false).await?;
            live_source.data = old.data;
            live_source.found = true;
        }
        let files = ConfigArgs::of_files(file, secret);
        let mut draft_source = inputs.source(&files, false).await?;
        if !files.has_secret() && draft_source.secret.is_empty() {
            draft_source.secret.clone_from(&live_source.secret);
            draft_source.secret_found = live_source.secret_found;
        }
        let live = Arc::new(inputs.build(&live_source)?);
        // Keys that can't be read keep their last good version, as in the engine.
        let draft = Catalog::build(&draft_source, Some(&live), &inputs.build_options()?);
        Ok(Self {
            name: format!("{}/{}", live_source.namespace, live_source.name),
            exists: live_source.found,
            broken: broken_keys(&draft),
            live,
            draft: Arc::new(draft),
        })
    }
}

/// Previews.
pub(super) async fn run(args: PreviewArgs, engine: EngineArgs) -> anyhow::Result<ExitCode> {
    let mut inputs = Inputs::new(&engine)?;
    // The connection decides which context's settings hold.
    let cluster = inputs.cluster().await?;
    let versions = Versions::read(&mut inputs, args.file, args.secret, None).await?;
    let (live, draft) = (Arc::clone(&versions.live), Arc::clone(&versions.draft));
    let mut comparison = Comparison::new(live, draft);
    let prefix = inputs.settings().annotation_prefix.clone();
    for watch in watches(&cluster, inputs.settings()).await? {
        for_each_object(&cluster, &watch, |object| {
            comparison
                .object(object, &watch.variable, &prefix)
                .with_context(|| object.key.qualified())?;
            progress(comparison.radius().objects);
            Ok(())
        })
        .await?;
    }
    let radius = comparison.finish();
    let report = Report {
        name: versions.name,
        exists: versions.exists,
        differences: catalog::diff(&versions.live, &versions.draft),
        broken: &versions.broken,
        radius: &radius,
    };
    let text = match args.output {
        Output::Text => report.text(if args.all { View::All } else { View::First }),
        Output::Json => report.json()?,
    };
    print(&text)?;
    Ok(exit_code(&radius, &versions.broken))
}

fn exit_code(radius: &BlastRadius, broken: &[String]) -> ExitCode {
    if !broken.is_empty() {
        ExitCode::FAILURE
    } else if radius.totals.is_harmless() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EFFECTS)
    }
}

/// The configuration in the cluster; one that does not exist is empty.
async fn live(inputs: &mut Inputs) -> anyhow::Result<ConfigSource> {
    let mut source = ConfigSource {
        name: inputs.settings().config_map.clone(),
        namespace: inputs.namespace().to_owned(),
        ..ConfigSource::default()
    };
    if let Err(error) = inputs.live_config_map(&mut source).await {
        let class = error
            .downcast_ref::<RequestError>()
            .map(RequestError::class);
        if class != Some(FailureClass::NotFound) {
            return Err(error.context("the ConfigMap in the cluster can't be read"));
        }
    }
    inputs
        .live_secret(&mut source)
        .await
        .context("the Secret in the cluster can't be read")?;
    Ok(source)
}

fn broken_keys(draft: &Catalog) -> Vec<String> {
    let findings = draft.keys.values().flat_map(|status| &status.diagnostics);
    findings
        .filter(|finding| finding.severity == Severity::Error)
        .map(ToString::to_string)
        .collect()
}

/// Looks at every object of a watch, page by page.
pub(super) async fn for_each_object(
    cluster: &Cluster,
    watch: &Watch,
    mut look: impl FnMut(&LeanObject) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let everywhere = [None];
    let namespaces: Vec<Option<String>> = if watch.namespaces.is_empty() {
        everywhere.into()
    } else {
        watch.namespaces.iter().cloned().map(Some).collect()
    };
    let plural = &watch.kind.plural;
    for namespace in namespaces {
        let query = ListQuery {
            namespace,
            label_selector: (!watch.selector.is_empty()).then(|| watch.selector.clone()),
            ..ListQuery::default()
        };
        let mut token: Option<String> = None;
        loop {
            let page = list_page(cluster, &watch.kind, &query, PAGE, token.as_deref())
                .await
                .with_context(|| format!("the {plural} can't be listed"))?;
            page.objects.iter().try_for_each(&mut look)?;
            token = page.continue_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// How far it is, for who waits at a terminal.
fn progress(objects: u64) {
    let mut err = std::io::stderr();
    if objects.is_multiple_of(u64::from(PAGE)) && err.is_terminal() {
        // That it can't be shown is no reason to stop.
        let _ = write!(err, "\r{objects} objects looked at\u{1b}[K\r");
        let _ = err.flush();
    }
}
