//! Asking whether the configuration may be written, before somebody writes a draft in vain.

use super::command::{Done, Reply, Ticket};
use super::reconcile::{Input, Reconciler};
use crate::cluster::{AccessReviews, Permission};
use crate::domain::{Kind, ResourceKey};
use std::sync::Arc;

impl Reconciler {
    /// Asks the server for the right to change the ConfigMap, or to create it.
    pub(super) fn may_write_config(&self, ticket: Ticket) {
        let reviews = AccessReviews::new(self.cluster.clone());
        let (options, inputs) = (Arc::clone(&self.options), self.inputs.clone());
        let verb = match self.current_view() {
            Ok(view) if !view.found => "create",
            _ => "patch",
        };
        self.tasks.spawn(async move {
            let kind = Arc::new(Kind {
                kind: "ConfigMap".to_owned(),
                plural: "configmaps".to_owned(),
                ..Kind::pod()
            });
            let namespace = options.config_namespace.as_str();
            let permission = match verb {
                "create" => Permission::on_kind(verb, &kind, Some(namespace)),
                _ => {
                    let key = ResourceKey::new(kind, namespace, options.config_map.as_str());
                    Permission::on_object(verb, &key)
                }
            };
            // Whoever may not even ask finds out when he writes.
            let allowed = reviews.can(&permission).await.unwrap_or(true);
            let reason = (!allowed).then(|| {
                format!(
                    "you may not write the ConfigMap {namespace}/{}: {}",
                    options.config_map,
                    permission.hint()
                )
            });
            let result = Ok(Reply::MayWriteConfig(reason));
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Done(Done { ticket, result })).await;
        });
    }
}
