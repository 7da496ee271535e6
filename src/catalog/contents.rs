//! The catalog itself, and the questions that it answers about its own contents.

use super::defaults::DefaultSubscription;
use super::service::ServiceEntry;
use super::source::BuildOptions;
use super::status::KeyStatus;
use super::trigger::{Condition, Trigger};
use crate::domain::{Masker, PathTrie};
use crate::expr::{self, Program};
use crate::service::{NotificationTemplate, ServiceContext};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that a ConfigMap and its Secret configure.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// resourceVersion of the ConfigMap; empty when it does not exist.
    pub revision: String,
    /// Namespace of the ConfigMap.
    pub namespace: String,
    /// Name of the ConfigMap.
    pub name: String,
    /// Services by name.
    pub services: BTreeMap<String, ServiceEntry>,
    /// Triggers by name.
    pub triggers: BTreeMap<String, Arc<Trigger>>,
    /// Templates by name.
    pub templates: BTreeMap<String, Arc<NotificationTemplate>>,
    /// Subscriptions that apply without an annotation.
    pub subscriptions: Vec<DefaultSubscription>,
    /// Triggers of subscriptions that name none.
    pub default_triggers: Vec<String>,
    /// Triggers of annotations that name none, by service: they take the place of
    /// `default_triggers`, even when the list is empty.
    pub service_default_triggers: BTreeMap<String, Vec<String>>,
    /// Every key of the ConfigMap, with how it fares.
    pub keys: BTreeMap<String, KeyStatus>,
    /// The text of each key as it is in force: the last good one where the present one is broken.
    pub texts: BTreeMap<String, Arc<str>>,
    /// Knows every text of the Secret.
    pub masker: Masker,
    /// Dialect of the condition language.
    pub(super) expr: expr::Options,
    /// Annotation prefix, without the slash.
    pub(super) prefix: String,
    pub(super) state_key_namespace: Option<String>,
    pub(super) uses_clock: bool,
}

impl Catalog {
    /// How it was built, for looking at another version of the same ConfigMap. The services of that
    /// version share nothing with those in force.
    pub fn options(&self) -> BuildOptions {
        BuildOptions {
            expr: self.expr.clone(),
            prefix: self.prefix.clone(),
            ..BuildOptions::new(ServiceContext::default(), self.namespace.clone())
        }
    }

    /// The namespace that state keys begin with: that of a self-service ConfigMap.
    pub fn state_key_namespace(&self) -> Option<&str> {
        self.state_key_namespace.as_deref()
    }

    /// Whether some condition can change its value without the object changing.
    pub fn uses_clock(&self) -> bool {
        self.uses_clock
    }

    /// Whether some condition asks whether the object was deleted.
    pub fn uses_deleted(&self) -> bool {
        let mut triggers = self.triggers.values();
        triggers.any(|trigger| trigger.conditions.iter().any(Condition::uses_deleted))
    }

    /// Everything that any condition or oncePer can read of this variable.
    pub fn reads(&self, variable: &str) -> PathTrie {
        reads_of(self.programs(), variable)
    }

    /// All compiled expressions.
    pub(super) fn programs(&self) -> impl Iterator<Item = &Program> {
        self.triggers
            .values()
            .flat_map(|trigger| trigger.programs())
    }
}

/// Everything that any of these expressions can read of a variable.
pub(super) fn reads_of<'p>(
    programs: impl Iterator<Item = &'p Program>,
    variable: &str,
) -> PathTrie {
    let mut paths = PathTrie::default();
    for program in programs {
        if let Some(read) = program.reads().get(variable) {
            paths.merge(read);
        }
        // `$env` names the variables as a whole: any of them may be read.
        if program.reads().contains_key("$env") {
            paths.merge(&PathTrie::everything());
        }
    }
    paths
}
