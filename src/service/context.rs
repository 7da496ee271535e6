//! What services are made with, beside their options.

use super::http::ClientPool;
use super::slack::ThreadMemory;
use crate::domain::Masker;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Asks the host application for root certificates (PEM) for a `host[:port]`. When it answers any,
/// they are the only ones that are trusted there.
pub type CertificateResolver = Arc<dyn Fn(&str) -> Vec<String> + Send + Sync>;

/// How long one attempt may take, where the service's options do not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timeouts {
    /// Until the connection stands, TLS included. Default: 10 s.
    pub connect: Duration,
    /// Until the answer has been read. Default: 30 s.
    pub attempt: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            attempt: Duration::from_secs(30),
        }
    }
}

/// The environment variables that cloud services read: regions, credentials, emulators.
#[derive(Clone, Default)]
pub struct Environment {
    /// `None` for those of the process.
    fixed: Option<Arc<BTreeMap<String, String>>>,
}

impl Environment {
    /// Exactly these variables. Credentials then come only from them and from the options: files
    /// of the user and the machine's metadata are not looked for.
    pub fn fixed(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            fixed: Some(Arc::new(variables.into_iter().collect())),
        }
    }

    /// Whether these are the variables of the process, as is the default.
    pub fn is_process(&self) -> bool {
        self.fixed.is_none()
    }

    /// A variable; empty ones are none.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match &self.fixed {
            Some(variables) => variables.get(name).cloned(),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.is_empty())
    }
}

/// What services are made with. Clones share the client pool and the threads; keep one over all
/// reloads of the configuration, so that connections and threads survive them.
#[derive(Clone)]
pub struct ServiceContext {
    /// Knows the values of the Secret.
    pub masker: Masker,
    /// The header `User-Agent`, unless a service's headers have one.
    pub user_agent: String,
    /// Time limits.
    pub timeouts: Timeouts,
    /// Root certificates by host, where the host application has some.
    pub certificates: Option<CertificateResolver>,
    /// HTTP clients by their options.
    pub clients: ClientPool,
    /// The threads that Slack services have begun.
    pub threads: ThreadMemory,
    /// The environment variables.
    pub environment: Environment,
}

impl Default for ServiceContext {
    fn default() -> Self {
        Self {
            masker: Masker::default(),
            user_agent: concat!("kubechime/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeouts: Timeouts::default(),
            certificates: None,
            clients: ClientPool::default(),
            threads: ThreadMemory::default(),
            environment: Environment::default(),
        }
    }
}

impl fmt::Debug for ServiceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceContext")
            .field("masker", &self.masker)
            .field("user_agent", &self.user_agent)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}
