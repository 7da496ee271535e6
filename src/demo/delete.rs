//! Deletions: preconditions, grace and finalizers, what an object takes with it.

use super::admission;
use super::collect;
use super::object::{meta, meta_mut, now};
use super::read::read_body;
use super::status::{ApiError, deleted};
use super::store::{Expect, Key, Stored};
use super::write::{ATTEMPTS, Write, Written, done};
use serde_json::{Value, json};

impl Write<'_> {
    pub fn delete(&self) -> Result<Written, ApiError> {
        self.delete_named(&self.delete_options()?)
    }

    fn delete_options(&self) -> Result<Value, ApiError> {
        if self.body.is_empty() {
            return Ok(json!({}));
        }
        read_body(self.content_type, self.body)
    }

    pub(super) fn delete_named(&self, options: &Value) -> Result<Written, ApiError> {
        let key = self.key(&self.target.name);
        self.delete_key(&key, &self.target.name, options)
    }

    fn delete_key(&self, key: &Key, name: &str, options: &Value) -> Result<Written, ApiError> {
        let resource = self.resource();
        for _ in 0..ATTEMPTS {
            let Some(found) = self.collection.get(key) else {
                return Err(ApiError::not_found(&self.presenter.asked, name));
            };
            let before = found.value();
            for field in ["uid", "resourceVersion"] {
                let wanted = options["preconditions"][field].as_str();
                if wanted.is_some_and(|wanted| wanted != meta(&before, field)) {
                    let why = format!(
                        "Precondition failed: {field} in precondition: {}, in object meta: {}",
                        wanted.unwrap_or_default(),
                        meta(&before, field)
                    );
                    return Err(ApiError::conflict(resource, name, &why));
                }
            }
            let propagation = match self.query.get("propagationPolicy") {
                "" => options["propagationPolicy"]
                    .as_str()
                    .unwrap_or("Background"),
                given => given,
            };
            let grace = (self.query.get("gracePeriodSeconds").parse::<u64>().ok())
                .or(options["gracePeriodSeconds"].as_u64());
            let dry = self.query.dry_run() || options["dryRun"][0] == "All";
            let uid = meta(&before, "uid").to_owned();
            let Some(grace) = admission::must_linger(resource, &before, grace) else {
                if dry {
                    return Ok(Written::Document(deleted(resource, name, &uid)));
                }
                match self
                    .cluster
                    .remove(&self.collection, key, Expect::Version(found.rv))
                {
                    Some(last) => {
                        collect::dependents(self.cluster, resource, &last.value(), propagation);
                        if resource.plural == "pods" {
                            return Ok(done(200, Ok(last)));
                        }
                        return Ok(Written::Document(deleted(resource, name, &uid)));
                    }
                    None => continue,
                }
            };
            if !before["metadata"]["deletionTimestamp"].is_null() {
                return Ok(done(200, Ok(found)));
            }
            let mut object = before;
            let metadata = meta_mut(&mut object);
            metadata.insert("deletionTimestamp".to_owned(), now().into());
            metadata.insert("deletionGracePeriodSeconds".to_owned(), grace.into());
            if dry {
                return Ok(done(200, Err(object)));
            }
            match self
                .collection
                .commit(key, Expect::Version(found.rv), &mut object)
            {
                Ok(stored) => {
                    self.cluster.linger(&self.collection, key, &object);
                    return Ok(done(200, Ok(stored)));
                }
                Err(_) => continue,
            }
        }
        Err(ApiError::modified(resource, name))
    }

    /// Deletes the given objects; the answer is a list of them.
    pub fn delete_collection(&self, entries: &[(Key, Stored)]) -> Result<Written, ApiError> {
        let options = self.delete_options()?;
        for (key, _) in entries {
            let name = key
                .split_once('/')
                .map(|(_, name)| name)
                .unwrap_or_default();
            match self.delete_key(key, name, &options) {
                Err(error) if error.code() != 404 => return Err(error),
                _ => {}
            }
        }
        let items: Vec<Value> = entries
            .iter()
            .map(|(_, stored)| self.presenter.value(stored))
            .collect();
        Ok(Written::Document(json!({
            "kind": format!("{}List", self.presenter.asked.kind),
            "apiVersion": self.api_version(),
            "metadata": {"resourceVersion": self.collection.version().to_string()},
            "items": items,
        })))
    }
}
