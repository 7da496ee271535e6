//! Who is to be told about an object.

use super::annotation;
use super::contents::Catalog;
use crate::domain::{Destination, Diagnostic};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

/// A destination with what tied it to the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Where to.
    pub destination: Destination,
    /// Who asked for it.
    pub origin: Origin,
}

/// Who asked for a subscription. Its text form is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An annotation of the object.
    Annotation {
        /// Its key without the prefix, for example `subscribe.on-oom.slack`.
        key: Arc<str>,
        /// It names no trigger: the default triggers of its service apply.
        default_triggers: bool,
    },
    /// An entry of the ConfigMap key `subscriptions`.
    Default {
        /// Its position, from 1.
        number: usize,
        /// Its selector; empty for every object.
        selector: Arc<str>,
        /// It names no trigger: the default triggers apply.
        default_triggers: bool,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_default = match self {
            Self::Annotation {
                key,
                default_triggers,
            } => {
                write!(f, "annotation {key}")?;
                default_triggers
            }
            Self::Default {
                number,
                selector,
                default_triggers,
            } => {
                write!(f, "default subscription #{number}")?;
                if !selector.is_empty() {
                    write!(f, " ({selector})")?;
                }
                default_triggers
            }
        };
        if *by_default {
            f.write_str(", default triggers")?;
        }
        Ok(())
    }
}

impl Catalog {
    /// The destinations of an object by trigger: first those of the ConfigMap's `subscriptions`,
    /// then those of its annotations, each destination once per trigger. Triggers and services
    /// need not exist. What is wrong with the annotations is told in `notes`.
    pub fn destinations(
        &self,
        labels: &BTreeMap<String, String>,
        annotations: &BTreeMap<String, String>,
        notes: &mut Vec<Diagnostic>,
    ) -> BTreeMap<String, Vec<Subscription>> {
        let mut found: BTreeMap<String, Vec<Subscription>> = BTreeMap::new();
        self.add_default_subscriptions(labels, &mut found);
        self.add_annotations(annotations, &mut found, notes);
        for subscriptions in found.values_mut() {
            if subscriptions.len() > 1 {
                let mut seen = HashSet::new();
                subscriptions.retain(|subscription| seen.insert(subscription.destination.clone()));
            }
        }
        found
    }

    fn add_default_subscriptions(
        &self,
        labels: &BTreeMap<String, String>,
        found: &mut BTreeMap<String, Vec<Subscription>>,
    ) {
        for entry in &self.subscriptions {
            if entry.recipients.is_empty() || !entry.selector.matches(labels) {
                continue;
            }
            let default_triggers = entry.triggers.is_empty();
            let triggers = if default_triggers {
                &self.default_triggers
            } else {
                &entry.triggers
            };
            let origin = Origin::Default {
                number: entry.number,
                selector: entry.selector.as_str().into(),
                default_triggers,
            };
            for trigger in triggers {
                let subscriptions = entry.recipients.iter().map(|destination| Subscription {
                    destination: destination.clone(),
                    origin: origin.clone(),
                });
                found
                    .entry(trigger.clone())
                    .or_default()
                    .extend(subscriptions);
            }
        }
    }

    fn add_annotations(
        &self,
        annotations: &BTreeMap<String, String>,
        found: &mut BTreeMap<String, Vec<Subscription>>,
        notes: &mut Vec<Diagnostic>,
    ) {
        let mut without_triggers: Option<&str> = None;
        for wish in annotation::read(annotations, &self.prefix, notes) {
            let default_triggers = wish.trigger.is_none();
            let triggers = match &wish.trigger {
                Some(trigger) => std::slice::from_ref(trigger),
                None => self.default_triggers_of(&wish.destination.service),
            };
            if triggers.is_empty() && without_triggers != Some(wish.key) {
                without_triggers = Some(wish.key);
                let annotation = format!("{}/{}", self.prefix, wish.key);
                let message = format!(
                    "no trigger is named, and no default triggers are configured for '{}': it \
                     subscribes to nothing",
                    wish.destination.service
                );
                notes.push(Diagnostic::warning(
                    "no-default-triggers",
                    &annotation,
                    message,
                ));
            }
            for trigger in triggers {
                found
                    .entry(trigger.clone())
                    .or_default()
                    .push(Subscription {
                        destination: wish.destination.clone(),
                        origin: Origin::Annotation {
                            key: wish.key.into(),
                            default_triggers,
                        },
                    });
            }
        }
    }

    /// The triggers of an annotation that names none.
    fn default_triggers_of(&self, service: &str) -> &[String] {
        self.service_default_triggers
            .get(service)
            .unwrap_or(&self.default_triggers)
    }

    /// Whether [`Catalog::destinations`] could find anything for an object with these labels and
    /// annotations; cheap, and never wrong when it says no. Any annotation that looks like a
    /// subscription counts.
    pub fn can_reach(
        &self,
        labels: &BTreeMap<String, String>,
        annotations: &BTreeMap<String, String>,
    ) -> bool {
        let annotated = annotations
            .keys()
            .any(|key| annotation::is_subscription(key, &self.prefix));
        let selected = |entry: &super::DefaultSubscription| {
            !entry.recipients.is_empty() && entry.selector.matches(labels)
        };
        annotated || self.subscriptions.iter().any(selected)
    }
}
