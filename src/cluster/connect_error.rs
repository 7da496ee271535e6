//! Why there is no connection to try, and what to do about it.

use std::path::PathBuf;

/// Why there is no connection to try.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No file and no Pod to take the settings from.
    #[error(
        "no kubeconfig found: looked for {}; name one with --kubeconfig, or try `kubechime demo`, \
         which needs none",
        looked.join(", ")
    )]
    NotFound {
        /// The places, in the order in which they were tried.
        looked: Vec<String>,
    },
    /// The file cannot be opened.
    #[error("the kubeconfig {} cannot be read: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// The file is not a kubeconfig.
    #[error("the kubeconfig {}{} is not valid: {problem}", path.display(), place(.position))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line and column, from 1, where known.
        position: Option<(u64, u64)>,
        /// What is wrong; never a piece of the file, which may be a secret.
        problem: String,
    },
    /// The files were read, but there is no context in them.
    #[error(
        "the kubeconfig {} has no contexts; `kubectl config set-context` adds one, or name another \
         file with --kubeconfig",
        files(paths)
    )]
    Blank {
        /// The files.
        paths: Vec<PathBuf>,
    },
    /// No current context.
    #[error("the kubeconfig sets no current context; choose one with --context: {}", known.join(", "))]
    NoCurrentContext {
        /// Those that exist.
        known: Vec<String>,
    },
    /// No context of this name.
    #[error(
        "the kubeconfig has no context {name:?}{}; it has: {}",
        did_you_mean(suggestion),
        known.join(", ")
    )]
    UnknownContext {
        /// The name that was asked for.
        name: String,
        /// Those that exist.
        known: Vec<String>,
        /// The one that was probably meant.
        suggestion: Option<String>,
    },
    /// The context refers to something that is missing or broken.
    #[error("context {context:?} of the kubeconfig cannot be used: {problem}")]
    Incomplete {
        /// The context.
        context: String,
        /// What is missing.
        problem: String,
    },
    /// A flag has an unusable value.
    #[error("--{flag} cannot be used: {problem}")]
    BadFlag {
        /// The flag's name, without dashes.
        flag: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// We run in a Pod, but its service account is not mounted.
    #[error(
        "running in a Pod, but its service account cannot be used: {cause}; check \
         automountServiceAccountToken, or name a file with --kubeconfig"
    )]
    InCluster {
        /// What is missing.
        cause: String,
    },
    /// The credential plugin of the context gives no credentials.
    #[error("{command}: {cause}{}", what_next(hint))]
    Plugin {
        /// The program.
        command: String,
        /// What went wrong.
        cause: String,
        /// What the kubeconfig says about installing it.
        hint: Option<String>,
    },
    /// Certificates or keys cannot be used.
    #[error("the connection of context {context:?} cannot be set up: {cause}")]
    Setup {
        /// The context.
        context: String,
        /// What went wrong.
        cause: String,
    },
}

fn place(position: &Option<(u64, u64)>) -> String {
    position.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"))
}

fn files(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    names.join(", ")
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion
        .as_ref()
        .map_or_else(String::new, |name| format!(" (did you mean {name:?}?)"))
}

fn what_next(hint: &Option<String>) -> String {
    match hint {
        Some(hint) => format!("\n{}", hint.trim()),
        None => "; run kubectl once, to log in".to_owned(),
    }
}
