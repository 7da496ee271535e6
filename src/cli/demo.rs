//! The dashboard on the simulated cluster.

use super::demo_dir::DemoDir;
use super::engine::{EngineArgs, start};
use super::serve::Stage;
use super::tui::prepare;
use crate::cluster::{Cluster, ConnectOptions};
use crate::engine::{Bus, Metrics};
use crate::settings::{Layers, Paths};
use crate::tui::{self, ContextChoice, Launcher, Running};
use anyhow::Context as _;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Name of the context.
const CONTEXT: &str = "demo";

/// Opens the dashboard on the stage's cluster. History and drafts are in a directory of their own,
/// which is removed in the end: nothing of a demo is worth keeping, and nothing real is touched.
pub(super) async fn run(stage: &Stage, args: EngineArgs) -> anyhow::Result<ExitCode> {
    let mut layers = args.layers()?;
    let given = layers.for_context(CONTEXT)?.state_dir;
    let dir = if given.as_os_str().is_empty() {
        let place = std::env::temp_dir();
        let made = DemoDir::make(&place);
        let dir =
            made.with_context(|| format!("no directory can be made in {}", place.display()))?;
        layers.flag(&["stateDir"], dir.path().to_string_lossy().as_ref());
        Some(dir)
    } else {
        None
    };
    // What the scenario sets up, whatever the user's own settings say.
    layers.flag(&["namespace"], "default");
    layers.flag(&["configMap"], "pod-notifications-cm");
    layers.flag(&["secret"], "pod-notifications-secret");
    let options = prepare(&layers, CONTEXT)?;
    let kubeconfig = Paths::for_context(&layers.for_context(CONTEXT)?, CONTEXT)
        .state
        .join("kubeconfig");
    super::serve::write_private(&kubeconfig, &stage.cluster.kubeconfig())
        .context("the kubeconfig can't be written")?;
    let launcher = DemoLauncher { layers, kubeconfig };
    let result = tui::run(Arc::new(launcher), options).await;
    // Only now, when nothing writes there any more.
    drop(dir);
    result?;
    Ok(ExitCode::SUCCESS)
}

struct DemoLauncher {
    layers: Layers,
    kubeconfig: PathBuf,
}

impl DemoLauncher {
    async fn start(&self) -> anyhow::Result<Running> {
        let connect = ConnectOptions {
            kubeconfig: Some(self.kubeconfig.clone()),
            ..ConnectOptions::default()
        };
        let cluster = Cluster::connect(&connect).await?;
        let settings = self.layers.for_context(CONTEXT)?;
        let paths = Paths::for_context(&settings, CONTEXT);
        let server = cluster.url();
        let started = start(
            cluster,
            &settings,
            &paths,
            false,
            Metrics::default(),
            Bus::new(),
        )
        .await?;
        Ok(Running {
            engine: started.engine,
            history: started.history,
            context: CONTEXT.into(),
            namespace: started.namespace,
            server,
            read_only: settings.read_only,
            protected: settings.protected,
            theme: None,
        })
    }
}

impl Launcher for DemoLauncher {
    fn contexts(&self) -> BoxFuture<'_, Result<Vec<ContextChoice>, String>> {
        let choice = ContextChoice {
            name: CONTEXT.into(),
            current: true,
            cluster: CONTEXT.into(),
            namespace: "default".into(),
        };
        async move { Ok(vec![choice]) }.boxed()
    }

    fn launch(&self, _: Option<String>) -> BoxFuture<'_, Result<Running, String>> {
        async move { self.start().await.map_err(|error| format!("{error:#}")) }.boxed()
    }
}
