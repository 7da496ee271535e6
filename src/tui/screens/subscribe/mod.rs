//! A form that subscribes one resource, or all marked ones, to a trigger, and lists what one resource
//! is subscribed to by its annotations.

mod view;

pub use view::draw;

use crate::catalog::{AnnotatedSubscription, SubscriptionChange, subscriptions_of};
use crate::domain::ResourceKey;
use crate::engine::{CatalogView, Subscribable};
use crate::tui::input_line::InputLine;
use crate::tui::message::RequestId;
use crate::tui::model::Model;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Names that are offered at once.
pub const OFFERED: usize = 8;

/// Rows of the history that recipients are looked for in.
const LOOKED_THROUGH: usize = 500;

/// What is being filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The trigger; empty for the default triggers.
    Trigger,
    /// The service.
    Service,
    /// The recipients, separated by semicolons.
    Recipients,
    /// The list of what is subscribed already.
    List,
}

impl Field {
    /// Those of a form, in their order.
    pub const ALL: [Self; 4] = [Self::Trigger, Self::Service, Self::Recipients, Self::List];
}

/// State of the screen.
#[derive(Clone, Debug)]
pub struct SubscribeScreen {
    /// What is subscribed; more than one when they were marked.
    pub resources: Vec<ResourceKey>,
    /// What is known of a single resource; `None` while it is asked for.
    pub found: Option<Result<Arc<Subscribable>, String>>,
    /// The request that will bring it.
    pub awaited: Option<RequestId>,
    /// What is being filled in.
    pub field: Field,
    /// The trigger.
    pub trigger: InputLine,
    /// The service.
    pub service: InputLine,
    /// The recipients.
    pub recipients: InputLine,
    /// Write to the owner's template, not to the object.
    pub template: bool,
    /// Place of the selected name among those that are offered; `None` while none is.
    pub offer: Option<usize>,
    /// Place of the selected subscription in the list.
    pub selected: usize,
}

impl SubscribeScreen {
    /// An empty form.
    pub fn new(resources: Vec<ResourceKey>, trigger: &str) -> Self {
        Self {
            resources,
            found: None,
            awaited: None,
            field: if trigger.is_empty() {
                Field::Trigger
            } else {
                Field::Service
            },
            trigger: InputLine::new(trigger),
            service: InputLine::new(""),
            recipients: InputLine::new(""),
            template: false,
            offer: None,
            selected: 0,
        }
    }

    /// What is known of a single resource.
    pub fn subscribable(&self) -> Option<&Arc<Subscribable>> {
        self.found.as_ref()?.as_ref().ok()
    }

    /// What it is subscribed to, on the side that is written to.
    pub fn list(&self) -> Vec<AnnotatedSubscription> {
        let Some(found) = self.subscribable() else {
            return Vec::new();
        };
        let annotations = match (&found.owner, self.template) {
            (Some(owner), true) => &owner.annotations,
            _ => &found.annotations,
        };
        subscriptions_of(&found.prefix, annotations)
    }

    /// The line that is being typed.
    pub fn line(&mut self) -> Option<&mut InputLine> {
        match self.field {
            Field::Trigger => Some(&mut self.trigger),
            Field::Service => Some(&mut self.service),
            Field::Recipients => Some(&mut self.recipients),
            Field::List => None,
        }
    }

    /// Goes to the next (or previous) field.
    pub fn switch(&mut self, forward: bool) {
        let fields = &Field::ALL;
        let place = fields
            .iter()
            .position(|field| *field == self.field)
            .unwrap_or(0);
        let step = if forward { 1 } else { fields.len() - 1 };
        self.field = fields[(place + step) % fields.len()];
        if self.field == Field::List && self.list().is_empty() {
            self.field = if forward {
                Field::Trigger
            } else {
                Field::Recipients
            };
        }
        self.offer = None;
    }

    /// The change that the form describes.
    pub fn change(&self) -> SubscriptionChange {
        let recipients = self.recipients.text().split(';').map(str::trim);
        SubscriptionChange {
            add: true,
            trigger: self.trigger.text().trim().to_owned(),
            service: self.service.text().trim().to_owned(),
            recipients: recipients
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// What is wrong with the form.
    pub fn problem(&self, view: &CatalogView) -> Option<String> {
        let change = self.change();
        let catalog = &view.catalog;
        if change.service.is_empty() {
            return Some("choose a service".to_owned());
        }
        if !catalog.services.contains_key(&change.service) {
            return Some(format!("no service '{}' is configured", change.service));
        }
        if !change.trigger.is_empty() && !catalog.triggers.contains_key(&change.trigger) {
            return Some(format!("no trigger '{}' is configured", change.trigger));
        }
        let own = catalog.service_default_triggers.get(&change.service);
        let none = own.unwrap_or(&catalog.default_triggers).is_empty();
        if change.trigger.is_empty() && none {
            return Some("choose a trigger: there are no default triggers".to_owned());
        }
        // A dot would end the name of the trigger or service in the annotation.
        let dotted = [&change.trigger, &change.service]
            .into_iter()
            .find(|name| name.contains('.'));
        dotted.map(|name| format!("'{name}' has a dot: an annotation can't name it"))
    }

    /// The names that fit what is typed.
    pub fn offered(&self, model: &Model) -> Vec<String> {
        let Some(view) = &model.session.catalog else {
            return Vec::new();
        };
        let (typed, names): (&str, BTreeSet<String>) = match self.field {
            Field::Trigger => (
                self.trigger.text(),
                view.catalog.triggers.keys().cloned().collect(),
            ),
            Field::Service => (
                self.service.text(),
                view.catalog.services.keys().cloned().collect(),
            ),
            Field::Recipients => {
                let typed = self.recipients.text();
                let last = typed.rsplit(';').next().unwrap_or(typed);
                (last.trim(), self.known_recipients(model, view))
            }
            Field::List => return Vec::new(),
        };
        let typed = typed.trim().to_lowercase();
        let fits = |name: &String| name.to_lowercase().contains(&typed) && *name != typed;
        names.into_iter().filter(fits).take(OFFERED).collect()
    }

    fn known_recipients(&self, model: &Model, view: &CatalogView) -> BTreeSet<String> {
        let service = self.service.text().trim();
        let defaults = view.catalog.subscriptions.iter();
        let defaults = defaults.flat_map(|entry| entry.recipients.iter().cloned());
        let listed = self.list().into_iter().map(|entry| entry.destination);
        let history = &model.overview.history;
        let rows = (0..history.len().min(LOOKED_THROUGH)).filter_map(|place| history.row(place));
        let sent = rows.map(|row| row.new.destination.clone());
        let all = defaults.chain(listed).chain(sent);
        let here = all.filter(|to| *to.service == *service && !to.recipient.is_empty());
        here.map(|to| to.recipient.to_string()).collect()
    }

    /// Takes an offered name into the field.
    pub fn take(&mut self, name: &str) {
        match self.field {
            Field::Trigger => self.trigger = InputLine::new(name),
            Field::Service => self.service = InputLine::new(name),
            Field::Recipients => {
                let typed = self.recipients.text();
                let before = typed.rfind(';').map_or("", |end| &typed[..=end]);
                self.recipients = InputLine::new(format!("{before}{name}"));
            }
            Field::List => {}
        }
        self.offer = None;
    }

    /// Why it may not be written, on the side that is chosen.
    pub fn refused(&self) -> Option<String> {
        let found = self.subscribable()?;
        match (&found.owner, self.template) {
            (Some(owner), true) => owner.refused.clone(),
            _ => found.refused.clone(),
        }
    }

    /// Its title.
    pub fn title(&self) -> String {
        match self.resources.as_slice() {
            [key] => format!("Subscriptions of {} {key}", key.kind.variable()),
            many => format!("Subscribe {} resources", many.len()),
        }
    }
}
