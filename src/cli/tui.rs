//! `kubechime tui`: the dashboard, on any context of the kubeconfig.

use super::engine::{EngineArgs, start};
use crate::cluster::{Cluster, ConnectOptions, contexts};
use crate::engine::{Bus, Metrics};
use crate::settings::{EditorKeys, Layers, Paths, Settings};
use crate::telemetry::{LogForm, LogTarget, init_log};
use crate::tui::keymap::Keymap;
use crate::tui::{self, ContextChoice, Launcher, Options, Running, Themes};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use std::process::ExitCode;
use std::sync::Arc;

/// Opens the dashboard.
pub(super) async fn run(args: EngineArgs) -> anyhow::Result<ExitCode> {
    let layers = args.layers()?;
    let connect = args.connection.options(true);
    // The first context's name is not known before the kubeconfig is read; that it can't be read is
    // for the screen to say.
    let context = connect.context.clone().or_else(|| {
        let contexts = contexts(&connect).ok()?;
        contexts
            .into_iter()
            .find(|context| context.current)
            .map(|context| context.name)
    });
    let options = prepare(&layers, context.as_deref().unwrap_or_default())?;
    let launcher = KubeconfigLauncher {
        layers,
        connect,
        themes: Arc::clone(&options.themes),
        namespace: args.connection.namespace.clone(),
    };
    tui::run(Arc::new(launcher), options).await?;
    Ok(ExitCode::SUCCESS)
}

/// Starts the log of a dashboard, which can't write to the terminal, and makes its options.
pub(super) fn prepare(layers: &Layers, context: &str) -> anyhow::Result<Options> {
    let settings = layers.for_context(context)?;
    let paths = Paths::for_context(&settings, context);
    let log_file = match paths.create() {
        Ok(()) => {
            init_log(
                LogForm::Text,
                &settings.log.level,
                &LogTarget::File(paths.log()),
            )?;
            Some(paths.log())
        }
        Err(_) => None,
    };
    let environment = Options::from_environment();
    let (keymap, key_problems) = keys(&settings);
    let (themes, mut theme_problems) = themes();
    if settings.ui.theme != "auto" && themes.find(&settings.ui.theme).is_none() {
        let names: Vec<&str> = themes.all().map(|name| themes.word(name)).collect();
        let (wanted, names) = (&settings.ui.theme, names.join(", "));
        theme_problems.push(format!("no theme '{wanted}': auto, {names}"));
    }
    Ok(Options {
        theme: themes.find(&settings.ui.theme).unwrap_or(environment.theme),
        themes: Arc::new(themes),
        theme_problems,
        keymap,
        key_problems,
        ascii: settings.ui.ascii || environment.ascii,
        mouse: settings.ui.mouse,
        vim: settings.editor.keys == EditorKeys::Vim,
        state_dir: Some(paths.state),
        log_file,
        ..environment
    })
}

/// The user's own themes, with what is wrong with them.
fn themes() -> (Themes, Vec<String>) {
    match Paths::settings_file() {
        Some(path) => Themes::read(&path.with_file_name("themes")),
        None => Default::default(),
    }
}

/// The keys of the settings, with what is wrong with them.
fn keys(settings: &Settings) -> (Keymap, Vec<String>) {
    let named = Some(settings.ui.keys.clone()).filter(|path| !path.as_os_str().is_empty());
    let usual = || {
        let path = Paths::settings_file()?.with_file_name("keys");
        path.exists().then_some(path)
    };
    let Some(path) = named.or_else(usual) else {
        return Keymap::load(&settings.ui.keymap, "keys", "");
    };
    let name = path.display().to_string();
    match std::fs::read_to_string(&path) {
        Ok(text) => Keymap::load(&settings.ui.keymap, &name, &text),
        Err(error) => {
            let (keymap, mut problems) = Keymap::load(&settings.ui.keymap, &name, "");
            problems.push(format!("the keys can't be read from {name}: {error}"));
            (keymap, problems)
        }
    }
}

struct KubeconfigLauncher {
    layers: Layers,
    connect: ConnectOptions,
    themes: Arc<Themes>,
    namespace: Option<String>,
}

impl KubeconfigLauncher {
    async fn start(&self, context: Option<String>) -> anyhow::Result<Running> {
        let connect = ConnectOptions {
            context: context.or_else(|| self.connect.context.clone()),
            // The terminal is the dashboard's: no credential plugin may ask there.
            interactive: false,
            ..self.connect.clone()
        };
        let cluster = Cluster::connect(&connect).await?;
        let mut settings = self.layers.for_context(cluster.context())?;
        if let Some(namespace) = &self.namespace {
            settings.namespace.clone_from(namespace);
        }
        let paths = Paths::for_context(&settings, cluster.context());
        let (context, server) = (cluster.context().to_owned(), cluster.url());
        let (read_only, protected) = (settings.read_only, settings.protected);
        let named = self.themes.find(&settings.ui.theme);
        let theme = Some(named.unwrap_or(Options::from_environment().theme));
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
            context,
            namespace: started.namespace,
            server,
            read_only,
            protected,
            theme,
        })
    }
}

impl Launcher for KubeconfigLauncher {
    fn contexts(&self) -> BoxFuture<'_, Result<Vec<ContextChoice>, String>> {
        let connect = self.connect.clone();
        async move {
            let read = tokio::task::spawn_blocking(move || contexts(&connect)).await;
            let contexts = match read {
                Ok(contexts) => contexts.map_err(|error| error.to_string())?,
                Err(_) => return Err("reading the kubeconfig failed".into()),
            };
            let choice = |context: crate::cluster::ContextInfo| ContextChoice {
                name: context.name,
                current: context.current,
                cluster: context.cluster,
                namespace: context.namespace,
            };
            Ok(contexts.into_iter().map(choice).collect())
        }
        .boxed()
    }

    fn launch(&self, context: Option<String>) -> BoxFuture<'_, Result<Running, String>> {
        async move {
            self.start(context)
                .await
                .map_err(|error| format!("{error:#}"))
        }
        .boxed()
    }
}
