//! The catalog of a draft: the ConfigMap in force with some keys changed, and the Secret as it is
//! in the cluster. The engine keeps no values of the Secret, so they are read for it.

use super::command::CommandError;
use super::event::CatalogView;
use crate::catalog::{Catalog, ConfigSource};
use crate::cluster::{Cluster, FailureClass, get_object};
use crate::domain::{Kind, ResourceKey, Severity};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Changed keys with their new texts; `None` for one that goes.
pub type Changes = BTreeMap<String, Option<String>>;

/// Builds the catalog of a draft; keys that can't be read keep their last good version, as in the
/// engine.
///
/// # Errors
/// The Secret can't be read, for another reason than that it does not exist or may not be read.
pub(super) async fn draft_catalog(
    cluster: &Cluster,
    view: &CatalogView,
    secret: &str,
    changes: Changes,
) -> Result<Arc<Catalog>, CommandError> {
    let mut data = (*view.data).clone();
    for (key, text) in changes {
        match text {
            Some(text) => drop(data.insert(key, text)),
            None => drop(data.remove(&key)),
        }
    }
    let values = secret_values(cluster, &view.namespace, secret).await?;
    let live = Arc::clone(&view.catalog);
    let source = ConfigSource {
        namespace: view.namespace.clone(),
        name: view.name.clone(),
        resource_version: view.resource_version.clone(),
        data,
        found: true,
        secret_found: values.is_some(),
        secret: values.unwrap_or_default(),
    };
    // Building compiles every expression and template: not for a thread that serves the network.
    let build = move || Catalog::build(&source, Some(&live), &live.options());
    let built = tokio::task::spawn_blocking(build).await;
    let cut_short = |_| CommandError::Failed("reading the draft was cut short".into());
    built.map(Arc::new).map_err(cut_short)
}

/// What is wrong with keys of a draft.
pub(super) fn broken_keys(draft: &Catalog) -> Vec<String> {
    let findings = draft.keys.values().flat_map(|status| &status.diagnostics);
    findings
        .filter(|finding| finding.severity == Severity::Error)
        .map(ToString::to_string)
        .collect()
}

/// The values of the Secret; `None` when there is none, or it may not be read.
async fn secret_values(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Option<BTreeMap<String, Vec<u8>>>, CommandError> {
    let kind = Kind {
        group: String::new(),
        version: "v1".into(),
        kind: "Secret".into(),
        plural: "secrets".into(),
        namespaced: true,
    };
    let key = ResourceKey::new(Arc::new(kind), namespace, name);
    let object = match get_object(cluster, &key).await {
        Ok(object) => object,
        Err(error) => {
            return match error.class() {
                FailureClass::NotFound | FailureClass::Forbidden => Ok(None),
                _ => Err(CommandError::Failed(error.to_string())),
            };
        }
    };
    let unreadable = |_| CommandError::Failed(format!("the Secret {key} is not valid JSON"));
    let value = object.value().map_err(unreadable)?;
    let data = value["data"].as_object();
    let values = data.into_iter().flatten().filter_map(|(name, value)| {
        let bytes = STANDARD.decode(value.as_str()?).ok()?;
        Some((name.clone(), bytes))
    });
    Ok(Some(values.collect()))
}
