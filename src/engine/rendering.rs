//! What a template makes of an object, for every service, without sending it: the notification and
//! the exact request, secrets masked. Called by `obey`.

use super::command::{CommandError, Done, Reply, Ticket};
use super::draft_catalog::{Changes, draft_catalog};
use super::notification_text::readable;
use super::reconcile::{Input, Reconciler};
use crate::catalog::Catalog;
use crate::cluster::{LeanObject, get_object};
use crate::domain::{Destination, Diagnostic, Position, ResourceKey, Severity};
use crate::service::{self, Service, add_destination};
use crate::template::Vars;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Destinations that are rendered for; further ones are left out.
const MOST: usize = 200;

/// The recipient that stands for one that nobody has named.
const EXAMPLE: &str = "example";

/// What is to be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderOrder {
    /// Name of the template.
    pub template: String,
    /// For which resource.
    pub resource: ResourceKey,
    /// Keys of the ConfigMap that are taken in another version than that in force.
    pub changes: Changes,
}

/// A template, rendered for one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendering {
    /// The template.
    pub template: String,
    /// All templates there are.
    pub templates: Vec<String>,
    /// The resource.
    pub resource: ResourceKey,
    /// The version of it that was rendered.
    pub resource_version: String,
    /// What is wrong with the template's text. Where it can't be read, the last good version was
    /// rendered, if there is one.
    pub findings: Vec<Diagnostic>,
    /// One for each destination: first those that are subscribed, then the other services.
    pub parts: Vec<RenderedPart>,
}

/// What one destination would get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedPart {
    /// Where to; for a service that nobody has subscribed with the recipient `example`.
    pub destination: Destination,
    /// Type of the service.
    pub service_type: String,
    /// The resource is subscribed to it.
    pub subscribed: bool,
    /// What it would get.
    pub result: Result<Rendered, RenderProblem>,
}

/// A rendered notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The notification, laid out for people.
    pub notification: String,
    /// The requests that would be made, masked.
    pub request: String,
}

/// Why nothing can be made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderProblem {
    /// What is wrong.
    pub message: String,
    /// The part of the template, such as `webhook.ci.body`; empty when it is about none.
    pub path: String,
    /// The place in that part's text.
    pub position: Option<Position>,
    /// What to do; empty when there is nothing to say.
    pub help: String,
}

impl Reconciler {
    /// Carries out [`Command::Render`](super::Command::Render).
    pub(super) fn render(&self, ticket: Ticket, order: RenderOrder) {
        let view = match self.current_view() {
            Ok(view) => view,
            Err(error) => {
                self.answer(ticket, Err(error));
                return;
            }
        };
        let watch = self.watch_of(&order.resource);
        let variable = watch.and_then(|number| self.options.watches.get(number));
        let variable = variable.map_or_else(
            || order.resource.kind.variable(),
            |watch| watch.variable.clone(),
        );
        let (cluster, inputs) = (self.cluster.clone(), self.inputs.clone());
        let options = Arc::clone(&self.options);
        self.tasks.spawn(async move {
            let RenderOrder {
                template,
                resource,
                changes,
            } = order;
            let rendering = async {
                let catalog = if changes.is_empty() {
                    Arc::clone(&view.catalog)
                } else {
                    draft_catalog(&cluster, &view, &options.secret, changes).await?
                };
                let object = get_object(&cluster, &resource)
                    .await
                    .map_err(|error| CommandError::Failed(error.to_string()))?;
                let render = move || render(&catalog, &object, &variable, &template);
                let rendered = tokio::task::spawn_blocking(render).await;
                rendered.map_err(|_| CommandError::Failed("the rendering was cut short".into()))?
            };
            let result = rendering
                .await
                .map(|rendering| Reply::Rendered(Arc::new(rendering)));
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Done(Done { ticket, result })).await;
        });
    }
}

fn render(
    catalog: &Catalog,
    object: &LeanObject,
    variable: &str,
    template: &str,
) -> Result<Rendering, CommandError> {
    let value = object
        .value()
        .map_err(|error| CommandError::Failed(format!("{}: {error}", object.key)))?;
    let status = catalog.keys.get(&format!("template.{template}"));
    let findings = status.map_or(&[][..], |status| status.diagnostics.as_slice());
    if !catalog.templates.contains_key(template) {
        let mut errors = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error);
        return Err(match errors.next() {
            Some(error) => CommandError::Failed(format!("template {error}")),
            None => CommandError::NotFound(format!("template '{template}'")),
        });
    }
    let mut parts = Vec::new();
    let mut served = BTreeSet::new();
    for destination in subscribed(catalog, object, template) {
        served.insert(destination.service.to_string());
        parts.push((destination, true));
    }
    let others = catalog
        .services
        .keys()
        .filter(|name| !served.contains(*name));
    parts.extend(others.map(|name| (Destination::new(name.as_str(), EXAMPLE), false)));
    parts.truncate(MOST);
    let parts = parts.into_iter().map(|(destination, subscribed)| {
        let entry = catalog.services.get(&*destination.service);
        let service = entry.map(|entry| Arc::clone(&entry.service));
        let service_type = service.as_ref().map(|service| service.service_type());
        RenderedPart {
            service_type: service_type.unwrap_or_default().to_owned(),
            result: part(catalog, service, template, variable, &value, &destination),
            destination,
            subscribed,
        }
    });
    Ok(Rendering {
        template: template.to_owned(),
        templates: catalog.templates.keys().cloned().collect(),
        resource: object.key.clone(),
        resource_version: object.resource_version.clone(),
        findings: findings.to_vec(),
        parts: parts.collect(),
    })
}

/// Where the object's subscriptions would send this template to.
fn subscribed(catalog: &Catalog, object: &LeanObject, template: &str) -> Vec<Destination> {
    let triggers = catalog.destinations(&object.labels, &object.annotations, &mut Vec::new());
    let mut found = Vec::new();
    for (name, subscriptions) in &triggers {
        let sends = catalog.triggers.get(name).is_some_and(|trigger| {
            let mut conditions = trigger.conditions.iter();
            conditions.any(|condition| condition.templates().any(|sent| sent == template))
        });
        for subscription in subscriptions.iter().filter(|_| sends) {
            if !found.contains(&subscription.destination) {
                found.push(subscription.destination.clone());
            }
        }
    }
    found
}

fn part(
    catalog: &Catalog,
    service: Option<Arc<dyn Service>>,
    template: &str,
    variable: &str,
    object: &serde_json::Value,
    to: &Destination,
) -> Result<Rendered, RenderProblem> {
    let plain = |message: String| RenderProblem {
        message,
        path: String::new(),
        position: None,
        help: String::new(),
    };
    let Some(service) = service else {
        let text = format!("notification service '{}' is not supported", to.service);
        return Err(plain(text));
    };
    let templates: Vec<_> = catalog
        .templates
        .get(template)
        .cloned()
        .into_iter()
        .collect();
    let mut vars = Vars::of_object(variable, object);
    add_destination(&mut vars, to);
    let masker = service.masker();
    let place = |line: usize, column: usize| {
        let number = |number: usize| u32::try_from(number).ok().filter(|number| *number > 0);
        Some(Position {
            line: number(line)?,
            column: number(column)?,
        })
    };
    let notification = service::render(&templates, &vars, service.service_type(), &to.service)
        .map_err(|error| RenderProblem {
            message: catalog.masker.mask(&error.message).into_owned(),
            position: place(error.line, error.column),
            path: error.path,
            help: error.help.unwrap_or_default(),
        })?;
    let text = readable(&notification, service.service_type(), to);
    let requests = service
        .prepare(&notification, to)
        .map_err(|error| plain(masker.mask(&error.message).into_owned()))?;
    let requests: Vec<String> = requests.iter().map(|r| r.to_text(masker)).collect();
    Ok(Rendered {
        notification: masker.mask(&text).into_owned(),
        request: requests.join("\n\n"),
    })
}
