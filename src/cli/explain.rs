//! `kubechime explain`: why each notification of one object was, or was not, sent.

use super::engine::{EngineArgs, open_history};
use super::explain_view::{Context, render};
use super::loading::{ConfigArgs, Inputs};
use super::output::print;
use super::subject::Subject;
use super::trigger::catalog;
use crate::catalog::Catalog;
use crate::cluster::LeanObject;
use crate::domain::Delivery;
use crate::engine;
use crate::settings::Paths;
use anyhow::Context as _;
use clap::Args;
use std::process::ExitCode;

/// Deliveries of the object that are shown.
const DELIVERIES: u32 = 20;

/// What to explain.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    files: ConfigArgs,
    /// The object: a file (- for standard input), or name, kind/name or kind/namespace/name in the
    /// cluster.
    #[arg(value_name = "RESOURCE")]
    resource: String,
    /// Only this trigger.
    #[arg(long, value_name = "NAME")]
    trigger: Option<String>,
    /// Show everything in the traces: literals, long values, the way to each member.
    #[arg(long)]
    full: bool,
}

/// Explains.
pub(super) async fn run(args: ExplainArgs, engine: EngineArgs) -> anyhow::Result<ExitCode> {
    let mut inputs = Inputs::new(&engine)?;
    let subject = inputs.subject(&args.resource).await?;
    // What is in the Secret matters only for services that can't be made from it: no reason to ask
    // a cluster when the rest is in files.
    let with_secret = !args.files.has_config_map();
    let catalog = catalog(&mut inputs, &args.files, with_secret)
        .await
        .context("the configuration can't be read")?;
    let object = lean(&subject)?;
    let team = if args.files.has_config_map() {
        None
    } else {
        inputs.team_catalog(&object.key.namespace).await?
    };
    let catalogs: Vec<&Catalog> = team.iter().chain([&catalog]).collect();
    let prefix = &inputs.settings().annotation_prefix;
    let mut explanation = engine::explain(&object, &catalogs, &subject.variable, prefix)?;
    if let Some(wanted) = &args.trigger {
        let subscribed: Vec<String> = explanation
            .inspection
            .triggers
            .iter()
            .map(|trigger| trigger.name.clone())
            .collect();
        let keep = |name: &str| name == wanted;
        let mut kept = explanation
            .inspection
            .triggers
            .iter()
            .map(|trigger| keep(&trigger.name));
        explanation
            .traces
            .retain(|_| kept.next().unwrap_or_default());
        explanation
            .inspection
            .triggers
            .retain(|trigger| keep(&trigger.name));
        anyhow::ensure!(
            !explanation.inspection.triggers.is_empty(),
            "{} is not subscribed to trigger '{wanted}'; it is subscribed to {}",
            object.key.qualified(),
            match subscribed.as_slice() {
                [] => "none".to_owned(),
                names => names.join(", "),
            }
        );
    }
    let (deliveries, history_problem) = deliveries(&inputs, &object.uid);
    let context = Context {
        catalog: &catalog,
        deliveries: &deliveries,
        history_problem,
        full: args.full,
        only: args.trigger.as_deref(),
    };
    print(&render(&explanation, &context))?;
    Ok(ExitCode::SUCCESS)
}

/// The object in the form that the engine takes.
fn lean(subject: &Subject) -> anyhow::Result<LeanObject> {
    let text = subject.object.to_string();
    LeanObject::parse(&subject.kind, &text).context("the object can't be used")
}

/// The newest deliveries of the object, when there is a history; and what is wrong with it.
fn deliveries(inputs: &Inputs, uid: &str) -> (Vec<Delivery>, Option<String>) {
    let paths = Paths::for_context(inputs.settings(), inputs.context());
    // Opening would make one.
    if uid.is_empty() || !paths.history().exists() {
        return (Vec::new(), None);
    }
    let (history, problem) = open_history(inputs.settings(), &paths);
    match history.map(|history| history.of_resource(uid, DELIVERIES)) {
        None => (Vec::new(), problem),
        Some(Ok(deliveries)) => (deliveries, problem),
        Some(Err(error)) => (Vec::new(), Some(error.to_string())),
    }
}
