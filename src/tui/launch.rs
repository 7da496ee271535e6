//! What the dashboard needs from whoever starts engines for it.

use super::keymap::Keymap;
use super::theme::{ThemeName, Themes};
use crate::engine::EngineHandle;
use crate::history::History;
use futures::future::BoxFuture;
use std::path::PathBuf;
use std::sync::Arc;

/// An engine that runs, with what the dashboard reads beside it.
pub struct Running {
    /// The engine.
    pub engine: EngineHandle,
    /// Its history; `None` when it could not be opened.
    pub history: Option<History>,
    /// Name of the kubeconfig context, `in-cluster`, or `demo`.
    pub context: String,
    /// Namespace of the ConfigMap.
    pub namespace: String,
    /// Address of the API server.
    pub server: String,
    /// Writes are switched off.
    pub read_only: bool,
    /// Whatever writes or sends is confirmed by typing the name of the context.
    pub protected: bool,
    /// The theme for this context; `None` keeps the present one.
    pub theme: Option<ThemeName>,
}

/// One context of the kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextChoice {
    /// Its name.
    pub name: String,
    /// It is the kubeconfig's current one.
    pub current: bool,
    /// Name of its cluster.
    pub cluster: String,
    /// Its default namespace; empty when it names none.
    pub namespace: String,
}

/// Starts engines; implemented by the program, or by a test.
pub trait Launcher: Send + Sync {
    /// The contexts that can be chosen.
    ///
    /// The error is one sentence that says what is wrong with the kubeconfig.
    fn contexts(&self) -> BoxFuture<'_, Result<Vec<ContextChoice>, String>>;

    /// Starts an engine on a context (`None`: the current one). Does not wait for the server: that
    /// it can't be reached is told by the engine.
    ///
    /// The error is one or more sentences: what failed, and what to do.
    fn launch(&self, context: Option<String>) -> BoxFuture<'_, Result<Running, String>>;
}

/// How the dashboard looks and where it keeps things.
#[derive(Clone, Debug)]
pub struct Options {
    /// The theme.
    pub theme: ThemeName,
    /// The user's own themes.
    pub themes: Arc<Themes>,
    /// What is wrong with them, to be told at the start.
    pub theme_problems: Vec<String>,
    /// Keys.
    pub keymap: Keymap,
    /// What is wrong with the keys, to be told at the start.
    pub key_problems: Vec<String>,
    /// Draw lines and bars in ASCII.
    pub ascii: bool,
    /// Refuse every write in the screens, whatever the context (the engine refuses on its own, and
    /// tells each context's setting).
    pub read_only: bool,
    /// Take the mouse at the start.
    pub mouse: bool,
    /// Vim's modes in the editor.
    pub vim: bool,
    /// Where drafts are kept (`drafts/` within); `None` keeps them in memory only.
    pub state_dir: Option<PathBuf>,
    /// The log file, named when something goes wrong.
    pub log_file: Option<PathBuf>,
    /// The context to start with; `None` for the current one.
    pub context: Option<String>,
}

impl Options {
    /// Options as the environment asks for: no colour under `NO_COLOR` (set and not empty) or
    /// `TERM=dumb`, ASCII under `TERM=dumb` or a locale that is not UTF-8.
    pub fn from_environment() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let narrow = locale.is_some_and(|locale| matches!(locale.as_str(), "C" | "POSIX"));
        Self {
            theme: if dumb || set("NO_COLOR").is_some() {
                ThemeName::Mono
            } else {
                ThemeName::Ansi
            },
            themes: Arc::default(),
            theme_problems: Vec::new(),
            keymap: Keymap::default(),
            key_problems: Vec::new(),
            ascii: dumb || narrow,
            read_only: false,
            mouse: true,
            vim: false,
            state_dir: None,
            log_file: None,
            context: None,
        }
    }
}
