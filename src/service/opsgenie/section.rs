//! What a template says for Opsgenie, and how it is rendered.

use super::TYPE;
use crate::service::parts::{TextList, TextMap};
use crate::service::template::{Compiler, Rendering, Section};
use crate::service::{Notification, RenderError};
use crate::template::Template;
use crate::yaml::Node;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The section `opsgenie` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    rename = "services.OpsgenieNotification",
    rename_all = "camelCase"
)]
pub struct OpsgenieNotification {
    /// The alert's long text.
    pub description: String,
    /// `P1` to `P5`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub priority: String,
    /// Alerts with the same alias are one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alias: String,
    /// A note that is added to the alert.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Names of actions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// Tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Further properties.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
    /// What the alert is about.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub entity: String,
    /// Who sees the alert, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub visible_to: Vec<OpsgenieResponder>,
    /// In whose name the alert is made.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
}

/// A team or user, known by one of its names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename = "alert.Responder")]
pub struct OpsgenieResponder {
    /// `team` or `user`.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Its id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The team's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The user's e-mail address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
}

/// A text of a record: its key in the YAML, and its place.
type Field<T> = (&'static str, fn(&mut T) -> &mut String);

/// The texts of the section, in the order of rendering.
const TEXTS: [Field<OpsgenieNotification>; 6] = [
    ("description", |section| &mut section.description),
    ("priority", |section| &mut section.priority),
    ("alias", |section| &mut section.alias),
    ("note", |section| &mut section.note),
    ("entity", |section| &mut section.entity),
    ("user", |section| &mut section.user),
];

/// The texts of a responder.
const RESPONDER: [Field<OpsgenieResponder>; 4] = [
    ("type", |responder| &mut responder.kind),
    ("id", |responder| &mut responder.id),
    ("name", |responder| &mut responder.name),
    ("username", |responder| &mut responder.username),
];

struct OpsgenieSection {
    texts: Vec<(Field<OpsgenieNotification>, Template)>,
    actions: TextList,
    tags: TextList,
    details: TextMap,
    visible_to: Vec<Vec<(Field<OpsgenieResponder>, Template)>>,
}

impl fmt::Debug for OpsgenieSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpsgenieSection")
    }
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
    let mut source: OpsgenieNotification = compiler.decode(TYPE, node)?;
    let mut texts = Vec::new();
    for field in TEXTS {
        let (name, place) = field;
        let path = format!("{TYPE}.{name}");
        let template = compiler.text(&path, place(&mut source), node.get(name));
        texts.extend(template.map(|template| (field, template)));
    }
    let path = |name: &str| format!("{TYPE}.{name}");
    let actions = TextList::compile(
        path("actions"),
        &source.actions,
        node.get("actions"),
        compiler,
    );
    let tags = TextList::compile(path("tags"), &source.tags, node.get("tags"), compiler);
    let details = TextMap::compile(
        path("details"),
        &source.details,
        node.get("details"),
        compiler,
    );
    let responders = node.get("visibleTo").and_then(Node::as_sequence);
    let mut visible_to = Vec::new();
    for (index, responder) in source.visible_to.iter_mut().enumerate() {
        let place_of = responders.and_then(|list| list.get(index));
        let mut texts = Vec::new();
        for field in RESPONDER {
            let (name, place) = field;
            let path = responder_path(index, name);
            let node = place_of.and_then(|responder| responder.get(name));
            let template = compiler.text(&path, place(responder), node);
            texts.extend(template.map(|template| (field, template)));
        }
        visible_to.push(texts);
    }
    unrendered.opsgenie = Some(source);
    Some(Box::new(OpsgenieSection {
        texts,
        actions,
        tags,
        details,
        visible_to,
    }))
}

fn responder_path(index: usize, name: &str) -> String {
    format!("{TYPE}.visibleTo[{index}].{name}")
}

impl Section for OpsgenieSection {
    fn service_type(&self) -> &'static str {
        TYPE
    }

    /// Texts override those of an earlier template, also when they are empty; lists and maps do
    /// when there are any.
    fn render(
        &self,
        rendering: &Rendering<'_>,
        into: &mut Notification,
    ) -> Result<(), RenderError> {
        let target = into.opsgenie.get_or_insert_default();
        for ((name, place), template) in &self.texts {
            *place(target) = rendering.text(&format!("{TYPE}.{name}"), template)?;
        }
        if !self.actions.is_empty() {
            target.actions = self.actions.render(rendering)?;
        }
        if !self.tags.is_empty() {
            target.tags = self.tags.render(rendering)?;
        }
        if !self.details.is_empty() {
            target.details = self.details.render(rendering)?;
        }
        if !self.visible_to.is_empty() {
            let mut responders = Vec::with_capacity(self.visible_to.len());
            for (index, texts) in self.visible_to.iter().enumerate() {
                let mut responder = OpsgenieResponder::default();
                for ((name, place), template) in texts {
                    let path = responder_path(index, name);
                    *place(&mut responder) = rendering.text(&path, template)?;
                }
                responders.push(responder);
            }
            target.visible_to = responders;
        }
        Ok(())
    }
}
