//! Rendering a delivery: from what was decided to the requests that are to be made.

use super::outcome::GiveUp;
use super::{Deliverer, Sender};
use crate::cluster::get_object;
use crate::engine::job::Job;
use crate::service::{self, Notification, NotificationTemplate, Service, add_destination};
use crate::template::Vars;
use std::sync::Arc;

impl Deliverer {
    /// The service with the rendered notification, or why there is none. Nothing of it is sent.
    pub(super) async fn prepare(&self, job: &Job) -> Result<Sender, GiveUp> {
        let (service, notification) = self
            .render(job)
            .await
            .map_err(|error| GiveUp::because(job.catalog.masker.mask(&error)))?;
        let masker = service.masker().clone();
        let requests = service
            .prepare(&notification, &job.delivery.new.destination)
            .map_err(|error| GiveUp::of(&error, &masker))?;
        let texts: Vec<String> = requests.iter().map(|r| r.to_text(&masker)).collect();
        Ok(Sender {
            service,
            notification,
            masker,
            request: texts.join("\n\n"),
        })
    }

    /// The same with the configuration that is in force now, if it is another one; `None` when it is
    /// not, or when nothing can be sent with it: then what was prepared before is sent.
    pub(super) async fn renew(&self, job: &mut Job) -> Option<Sender> {
        let newest = self.catalogs.borrow().clone()?;
        let same_source = newest.namespace == job.delivery.new.config_namespace;
        if !same_source || Arc::ptr_eq(&newest.catalog, &job.catalog) {
            return None;
        }
        let newest = Arc::clone(&newest.catalog);
        let before = std::mem::replace(&mut job.catalog, newest);
        let renewed = self.prepare(job).await;
        if renewed.is_err() {
            job.catalog = before;
        }
        renewed.ok()
    }

    async fn render(&self, job: &Job) -> Result<(Arc<dyn Service>, Notification), String> {
        let new = &job.delivery.new;
        let service = job
            .catalog
            .services
            .get(&*new.destination.service)
            .map(|entry| Arc::clone(&entry.service))
            .ok_or_else(|| {
                let name = &new.destination.service;
                format!("notification service '{name}' is not supported")
            })?;
        let mut templates: Vec<Arc<NotificationTemplate>> = Vec::new();
        for name in &new.templates {
            let template = job.catalog.templates.get(name.as_str());
            let missing = || format!("template '{name}' is not supported");
            templates.push(template.cloned().ok_or_else(missing)?);
        }
        let object = self.object(job).await?;
        let mut vars = Vars::of_object(&job.variable, &object);
        add_destination(&mut vars, &new.destination);
        let notification = service::render(
            &templates,
            &vars,
            service.service_type(),
            &new.destination.service,
        )
        .map_err(|error| error.to_string())?;
        Ok((service, notification))
    }

    async fn object(&self, job: &Job) -> Result<serde_json::Value, String> {
        if let Some(raw) = &job.object {
            return serde_json::from_str(raw)
                .map_err(|error| format!("the object is not valid JSON: {error}"));
        }
        let object = get_object(&self.cluster, &job.key)
            .await
            .map_err(|error| format!("the object can't be read to render it: {error}"))?;
        let wanted = &job.delivery.new.uid;
        if !wanted.is_empty() && object.uid != *wanted {
            return Err("the object is gone: another one has its name now".into());
        }
        object
            .value()
            .map_err(|error| format!("the object is not valid JSON: {error}"))
    }
}
