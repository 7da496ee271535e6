//! Starting the log.

use super::format::Logrus;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Form of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// `key=value` pairs.
    Text,
    /// A JSON object.
    Json,
}

/// Where the lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// Standard error, as the original does.
    Stderr,
    /// A file, which is made if needed and appended to: the terminal belongs to the dashboard.
    File(PathBuf),
}

/// A log file larger than this is renamed to `….1` at the start.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Starts the log of the process; to be called once. `level` is a level, or directives for single
/// modules; libraries are only heard from `warn` on unless they are named.
///
/// # Errors
/// The level is not valid, or the file can't be opened.
pub fn init_log(form: LogForm, level: &str, target: &LogTarget) -> anyhow::Result<()> {
    let directives = if level.contains([',', '=']) {
        level.to_owned()
    } else {
        // This library repeats what servers say at login, which may be a secret that it was told;
        // failures to connect are told by the service.
        // The other one tells every 5xx of the API server, as those do who meet it.
        format!("warn,async_nats=off,kube_client=off,kubechime={level}")
    };
    let filter = EnvFilter::try_new(&directives)
        .map_err(|error| anyhow::anyhow!("log level '{level}' is not valid: {error}"))?;
    let writer = match target {
        LogTarget::Stderr => BoxMakeWriter::new(std::io::stderr),
        LogTarget::File(path) => BoxMakeWriter::new(Arc::new(open(path)?)),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .event_format(Logrus {
            json: form == LogForm::Json,
        });
    tracing_subscriber::registry()
        .with(filter)
        .with(layer)
        .init();
    Ok(())
}

fn open(path: &Path) -> anyhow::Result<std::fs::File> {
    use anyhow::Context as _;
    if std::fs::metadata(path).is_ok_and(|file| file.len() > LARGEST) {
        let mut old = path.as_os_str().to_owned();
        old.push(".1");
        std::fs::rename(path, &old)
            .with_context(|| format!("the log {} can't be set aside", path.display()))?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("the log {} can't be opened", path.display()))
}
