//! Services that are configured with one secret URL per recipient, which is a webhook of a chat
//! product: options, warnings and sending. Their files have the section of the template, the body,
//! and what the answer means.

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::http::Answer;
use super::registry::{BuildError, BuildWarning};
use super::request::url_secrets;
use super::template;
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::{Destination, Masker};
use crate::yaml::Node;
use futures::future::BoxFuture;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use url::Url;

/// Recipients whose URLs are warned of. What is wrong with so many is wrong with the rest.
const MOST_WARNINGS: usize = 20;

/// What tells one of these types from another.
pub(super) trait Channel: Send + Sync + 'static {
    /// The type's name.
    const TYPE: &'static str;

    /// The option that has the URLs.
    const KEY: &'static str;

    /// How the error begins when a recipient has no URL; the recipient follows.
    const UNKNOWN: &'static str;

    /// Whether this can be a URL of the product; the sentence says why not.
    fn check_url(_url: &str) -> Result<(), String> {
        Ok(())
    }

    /// The body, and the URL that it goes to where that depends on the notification.
    ///
    /// # Errors
    /// Why no body can be made; it may quote the template, and is masked later.
    fn message(notification: &Notification, url: &str) -> Result<Outgoing, String>;

    /// What the answer means.
    fn understand(
        endpoint: &Endpoint,
        answer: Answer,
        request: &PreparedRequest,
    ) -> Result<Sent, SendError>;
}

/// A message on its way to a webhook.
pub(super) struct Outgoing {
    /// The recipient's URL, or that with something added.
    pub(super) url: String,
    /// JSON.
    pub(super) body: Vec<u8>,
}

/// A service with one URL per recipient.
struct PerRecipient<C> {
    name: String,
    recipients: RecipientUrls,
    channel: PhantomData<C>,
}

/// Makes a service of this type from the URLs that stand in its options.
pub(super) fn per_recipient<C: Channel>(
    name: &str,
    urls: &BTreeMap<String, String>,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let mut recipients = RecipientUrls::new(urls, C::KEY, node, context)?;
    for (recipient, url) in urls {
        if let Err(why) = C::check_url(url.trim()) {
            recipients.warn(node, C::KEY, recipient, &why);
        }
    }
    Ok(Arc::new(PerRecipient::<C> {
        name: name.to_owned(),
        recipients,
        channel: PhantomData,
    }))
}

impl<C: Channel> PerRecipient<C> {
    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<(&Endpoint, PreparedRequest), SendError> {
        let recipient = &to.recipient;
        let Some(endpoint) = self.recipients.get(recipient) else {
            return Err(SendError::permanent(format!(
                "{} {recipient}; {} has: {}",
                C::UNKNOWN,
                C::KEY,
                self.recipients.names()
            )));
        };
        let refused = |why: String| SendError::permanent(endpoint.masker.mask(&why));
        C::check_url(&endpoint.url).map_err(|why| {
            refused(format!(
                "invalid webhook URL for recipient {recipient}: {why}"
            ))
        })?;
        let message = C::message(notification, &endpoint.url).map_err(refused)?;
        let mut request = PreparedRequest::post_json(message.url, &Value::Null);
        request.body = message.body;
        Ok((endpoint, endpoint.ready(request)?))
    }
}

impl<C: Channel> Service for PerRecipient<C> {
    fn service_type(&self) -> &'static str {
        C::TYPE
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn masker(&self) -> &Masker {
        &self.recipients.masker
    }

    fn warnings(&self) -> &[BuildWarning] {
        &self.recipients.warnings
    }

    fn prepare(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<Vec<PreparedRequest>, SendError> {
        Ok(vec![self.request(notification, to)?.1])
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        to: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async {
            let (endpoint, request) = self.request(notification, to)?;
            let answer = endpoint.execute(&request).await?;
            C::understand(endpoint, answer, &request)
        })
    }
}

impl<C: Channel> fmt::Debug for PerRecipient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(C::TYPE)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Endpoints by recipient: services that are configured with one secret URL per channel.
struct RecipientUrls {
    endpoints: BTreeMap<String, Endpoint>,
    /// Masks the secrets of all of them.
    masker: Masker,
    /// What is doubtful about the options.
    warnings: Vec<BuildWarning>,
}

impl RecipientUrls {
    /// The endpoints of this map, which stands under `key` in the options.
    fn new(
        urls: &BTreeMap<String, String>,
        key: &str,
        node: &Node,
        context: &ServiceContext,
    ) -> Result<Self, BuildError> {
        let mut warnings = transport_warnings(node)?;
        if urls.is_empty() {
            warnings.push(missing(
                node,
                key,
                "map each recipient to the URL of its webhook",
            ));
        }
        let secrets: Vec<String> = urls.values().flat_map(|url| url_parts(url)).collect();
        let masker = context.masker.and(secrets.iter().map(String::as_str));
        let mut recipients = Self {
            endpoints: BTreeMap::new(),
            masker,
            warnings,
        };
        for (recipient, url) in urls {
            let mut endpoint = Endpoint::new(url.trim(), node, [], context)?;
            endpoint.masker = recipients.masker.clone();
            let probe = PreparedRequest::new("POST", &endpoint.url);
            if let Err(error) = endpoint.ready(probe) {
                recipients.warn(node, key, recipient, &error.message);
            }
            recipients.endpoints.insert(recipient.clone(), endpoint);
        }
        Ok(recipients)
    }

    /// Warns of the URL of a recipient, once.
    fn warn(&mut self, node: &Node, key: &str, recipient: &str, why: &str) {
        if self.warnings.len() >= MOST_WARNINGS {
            return;
        }
        let places = node.get(key).map(template::entries).unwrap_or_default();
        let place = places.get(recipient);
        let position = place.map_or(node.position, |place| place.position);
        let begin = format!("{key}.{recipient}: ");
        if self
            .warnings
            .iter()
            .any(|known| known.message.starts_with(&begin))
        {
            return;
        }
        let message = format!("{begin}{why}");
        self.warnings.push(BuildWarning {
            message: self.masker.mask(&message).into_owned(),
            position: Some(position),
            help: Some("copy the whole URL of the webhook, https://…".into()),
        });
    }

    /// The endpoint of a recipient; `None` when there is none of this name.
    fn get(&self, recipient: &str) -> Option<&Endpoint> {
        self.endpoints.get(recipient)
    }

    /// The recipients that there are, for error messages.
    fn names(&self) -> String {
        let names: Vec<&str> = self.endpoints.keys().map(String::as_str).collect();
        names.join(", ")
    }
}

/// Such a URL is a secret as a whole: who has it can post. Only its host may be seen.
fn url_parts(url: &str) -> Vec<String> {
    let Ok(parsed) = Url::parse(url.trim()) else {
        return vec![url.to_owned()];
    };
    let path = parsed.path().trim_start_matches('/');
    let mut secrets = url_secrets(url);
    // Short words may well be some that messages need; a token is long.
    let telling = |part: &&str| part.len() >= 16;
    secrets.extend(path.split('/').filter(telling).map(str::to_owned));
    let values = parsed.query_pairs().map(|(_, value)| value.into_owned());
    secrets.extend(values.filter(|value| telling(&value.as_str())));
    if path.contains('/') {
        secrets.push(path.to_owned());
    }
    secrets.extend(parsed.query().map(str::to_owned));
    secrets
}
