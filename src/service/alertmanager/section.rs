//! What a template says for Alertmanager, and the alert that becomes of it.

use super::TYPE;
use crate::golang::time::Time;
use crate::service::parts::TextMap;
use crate::service::template::{Compiler, Rendering, Section};
use crate::service::{Notification, RenderError};
use crate::template::Template;
use crate::yaml::Node;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use url::{ParseError, Url};

/// An alert, as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertmanagerNotification {
    /// They make the alert's identity.
    pub labels: BTreeMap<String, String>,
    /// `None` when there are none.
    pub annotations: Option<BTreeMap<String, String>>,
    /// The link to what caused it; may be empty.
    #[serde(rename = "generatorURL")]
    pub generator_url: String,
    /// When it was rendered: RFC 3339 with the local offset.
    pub starts_at: String,
}

impl Default for AlertmanagerNotification {
    fn default() -> Self {
        Self {
            labels: BTreeMap::new(),
            annotations: None,
            generator_url: String::new(),
            starts_at: Time::zero().rfc3339_nano(),
        }
    }
}

/// The section's texts before rendering.
#[derive(Default, Deserialize)]
#[serde(
    default,
    rename = "services.AlertmanagerNotification",
    rename_all = "camelCase"
)]
struct Source {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    #[serde(rename = "generatorURL")]
    generator_url: String,
}

#[derive(Debug)]
struct AlertmanagerSection {
    labels: TextMap,
    annotations: TextMap,
    generator_url: Option<Template>,
    /// The section does not say: objects that have no repository have no URL.
    generator_url_is_preset: bool,
}

/// Compiles the section; one that is null is none.
pub(in crate::service) fn section(
    node: &Node,
    compiler: &mut Compiler<'_>,
    unrendered: &mut Notification,
) -> Option<Box<dyn Section>> {
    if node.is_null() {
        return None;
    }
    let source: Source = compiler.decode(TYPE, node)?;
    let mut map = |key: &str, texts: &BTreeMap<String, String>| {
        TextMap::compile(format!("{TYPE}.{key}"), texts, node.get(key), compiler)
    };
    let (labels, annotations) = (
        map("labels", &source.labels),
        map("annotations", &source.annotations),
    );
    let path = "alertmanager.generatorURL";
    let preset = source.generator_url.is_empty();
    let generator_url = if preset {
        compiler.preset(path, "{{.app.spec.source.repoURL}}")
    } else {
        compiler.text(path, &source.generator_url, node.get("generatorURL"))
    };
    unrendered.alertmanager = Some(AlertmanagerNotification {
        labels: source.labels,
        annotations: Some(source.annotations).filter(|map| !map.is_empty()),
        generator_url: source.generator_url,
        ..AlertmanagerNotification::default()
    });
    Some(Box::new(AlertmanagerSection {
        labels,
        annotations,
        generator_url,
        generator_url_is_preset: preset,
    }))
}

impl AlertmanagerSection {
    fn generator_url(&self, rendering: &Rendering<'_>) -> Result<String, RenderError> {
        let path = "alertmanager.generatorURL";
        let Some(template) = &self.generator_url else {
            return Ok(String::new());
        };
        let rendered = match rendering.text(path, template) {
            Ok(text) if self.generator_url_is_preset && text == "<no value>" => String::new(),
            Err(_) if self.generator_url_is_preset => String::new(),
            result => result?,
        };
        let url = match rendered.strip_prefix("git@") {
            Some(rest) => format!("https://{}", rest.replacen(':', "/", 1)),
            None => rendered,
        };
        match flaw(&url) {
            None => Ok(url),
            Some(why) => {
                let message = format!("generatorURL {url:?} is no URL: {why}");
                Err(rendering.refuse(path, message, "write https://…, or leave it out"))
            }
        }
    }
}

/// Why a text cannot be a URL, a relative one included; `None` when it can.
fn flaw(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return Some("it has a control character".into());
    }
    match Url::parse(text) {
        Ok(_) => None,
        Err(ParseError::RelativeUrlWithoutBase) => {
            let first = text.split('/').next().unwrap_or_default();
            first
                .contains(':')
                .then(|| "what stands before the colon is no scheme".into())
        }
        Err(error) => Some(error.to_string()),
    }
}

impl Section for AlertmanagerSection {
    fn service_type(&self) -> &'static str {
        TYPE
    }

    /// Labels and annotations replace those of an earlier template as a whole.
    fn render(
        &self,
        rendering: &Rendering<'_>,
        into: &mut Notification,
    ) -> Result<(), RenderError> {
        if self.labels.is_empty() {
            return Err(rendering.refuse(
                "alertmanager.labels",
                "at least one label pair required".into(),
                "give the section alertmanager labels, such as severity: critical",
            ));
        }
        let mut labels = self.labels.render(rendering)?;
        labels
            .entry("alertname".into())
            .or_insert_with(|| rendering.template_name().to_owned());
        let annotations = self.annotations.render(rendering)?;
        let generator_url = self.generator_url(rendering)?;
        let alert = into.alertmanager.get_or_insert_default();
        alert.labels = labels;
        if !annotations.is_empty() {
            alert.annotations = Some(annotations);
        }
        if !generator_url.is_empty() {
            alert.generator_url = generator_url;
        }
        alert.starts_at = Time::now().rfc3339_nano();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_may_be_relative_but_not_broken() {
        for text in [
            "",
            "https://e/x",
            "https://e/a b",
            "<no value>",
            "a/b:c",
            "x",
        ] {
            assert_eq!(flaw(text), None, "{text}");
        }
        for text in ["https://e:port/", "https://[", "1x:y", "https://e/\n"] {
            assert!(flaw(text).is_some(), "{text}");
        }
    }
}
