//! Catalogs from a few lines of text.

// Each test binary compiles this file anew and uses its own part of it.
#![allow(dead_code)]

use kubechime::catalog::{BuildOptions, Catalog, ConfigSource, KeyState, KeyStatus};
use kubechime::service::ServiceContext;
use std::collections::BTreeMap;

/// The namespace of the ConfigMap.
pub const NAMESPACE: &str = "notifications";

/// A service that every catalog may use: `web`.
pub const WEB: (&str, &str) = ("service.webhook.web", "url: http://127.0.0.1:1/");

/// A source with these keys, and a Secret with these.
pub fn source(data: &[(&str, &str)], secret: &[(&str, &[u8])]) -> ConfigSource {
    ConfigSource {
        namespace: NAMESPACE.into(),
        name: "pod-notifications-cm".into(),
        resource_version: "1".into(),
        data: map(data),
        found: true,
        secret: secret
            .iter()
            .map(|(name, value)| ((*name).into(), value.to_vec()))
            .collect(),
        secret_found: true,
    }
}

/// The options of an engine that is at home in [`NAMESPACE`].
pub fn options() -> BuildOptions {
    BuildOptions::new(ServiceContext::default(), NAMESPACE)
}

/// The catalog of these keys, without a Secret's data.
pub fn catalog(data: &[(&str, &str)]) -> Catalog {
    Catalog::build(&source(data, &[]), None, &options())
}

/// Owned.
pub fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into()));
    owned.collect()
}

/// The findings about a key, one line each.
pub fn findings(catalog: &Catalog, key: &str) -> Vec<String> {
    let diagnostics = &catalog.keys[key].diagnostics;
    diagnostics.iter().map(ToString::to_string).collect()
}

/// Keys that are not as written, with their state.
pub fn troubled(catalog: &Catalog) -> Vec<(&str, &KeyState)> {
    let troubled = |status: &&KeyStatus| status.state != KeyState::Ok;
    let keys = catalog.keys.values().filter(troubled);
    keys.map(|status| (status.key.as_str(), &status.state))
        .collect()
}
