//! The variables that a delivery's templates see, read anew. Called by `obey`.

use super::command::{CommandError, Done, Reply, Ticket};
use super::reconcile::{Input, Reconciler};
use crate::cluster::get_object;
use crate::domain::{Delivery, DeliveryId};
use crate::service::add_destination;
use crate::template::Vars;
use serde_json::{Map, Value};

impl Reconciler {
    /// Reads the delivery from the history and its object from the API server, and tells what its
    /// templates would see now, masked.
    pub(super) fn variables(&self, ticket: Ticket, id: DeliveryId) {
        let Some(history) = self.history.clone() else {
            let error = "there is no history to read the delivery from";
            return self.answer(ticket, Err(CommandError::Failed(error.into())));
        };
        let watches: Vec<_> = self.options.watches.clone();
        let view = match self.current_view() {
            Ok(view) => view,
            Err(error) => return self.answer(ticket, Err(error)),
        };
        let (cluster, inputs) = (self.cluster.clone(), self.inputs.clone());
        self.tasks.spawn(async move {
            let read = async {
                let row = tokio::task::spawn_blocking(move || history.get(id)).await;
                let row = row.map_err(|_| CommandError::Stopped)?;
                let row = row.map_err(|error| CommandError::Failed(error.to_string()))?;
                let gone = || CommandError::NotFound("that row of the history".into());
                let row = row.ok_or_else(gone)?.delivery;
                let watch = watches
                    .iter()
                    .find(|watch| {
                        watch.kind.group == row.new.group && watch.kind.kind == row.new.kind
                    })
                    .ok_or_else(|| {
                        CommandError::Failed(format!("{} is not watched any more", row.new.kind))
                    })?;
                let key = crate::domain::ResourceKey::new(
                    watch.kind.clone(),
                    row.new.namespace.as_str(),
                    row.new.name.as_str(),
                );
                let object = get_object(&cluster, &key)
                    .await
                    .map_err(|error| CommandError::Failed(error.to_string()))?;
                if object.uid != row.new.uid {
                    let text = format!("{key} of that delivery is gone: another one has its name");
                    return Err(CommandError::NotFound(text));
                }
                let value = object
                    .value()
                    .map_err(|error| CommandError::Failed(format!("{key}: {error}")))?;
                let text = shown(&row, &watch.variable, &value, &object.resource_version);
                Ok(view.catalog.masker.mask(&text).into_owned())
            };
            let result = read.await.map(|text| Reply::Variables(text.into()));
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Done(Done { ticket, result })).await;
        });
    }
}

/// The variables as YAML, with what they are said above them.
fn shown(row: &Delivery, variable: &str, object: &Value, resource_version: &str) -> String {
    let new = &row.new;
    let mut vars = Vars::of_object(variable, object);
    add_destination(&mut vars, &new.destination);
    let mut data = Map::new();
    let texts = [
        ("serviceType", &*new.destination.service),
        ("recipient", &*new.destination.recipient),
    ];
    for (name, text) in texts {
        data.insert(name.to_owned(), text.into());
    }
    data.insert(variable.to_owned(), object.clone());
    let groups: Vec<&str> = vars
        .names()
        .filter(|name| !data.contains_key(*name))
        .collect();
    let same = if new.resource_version == resource_version {
        "the object is still the one that was decided about"
    } else {
        "the object has changed since"
    };
    let mut text = format!(
        "# read anew from the cluster, at resourceVersion {resource_version}; it was decided at {}:\n\
         # {same}\n# templates: {}\n",
        new.resource_version,
        new.templates.join(", "),
    );
    if !groups.is_empty() {
        text.push_str(&format!("# groups of functions: {}\n", groups.join(", ")));
    }
    text.push_str(&crate::yaml::emit(&Value::Object(data)));
    text
}
