//! What the HTTP services have in common: the client and the masker that belong to a URL, and the
//! map from recipients to secret URLs that some services are configured with.

use super::http::{Answer, HttpClient, TransportOptions};
use super::registry::{BuildError, BuildWarning};
use super::request::url_secrets;
use super::template::entry;
use super::{PreparedRequest, SendError, ServiceContext};
use crate::domain::Masker;
use crate::yaml::{self, Node};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// A URL that requests go to, with its client.
pub(super) struct Endpoint {
    /// As configured, or the service's own.
    pub(super) url: String,
    /// Masks the secrets of the service.
    pub(super) masker: Masker,
    client: Arc<HttpClient>,
    user_agent: String,
}

impl Endpoint {
    /// The endpoint of this URL with the transport options that stand in `node`. `secrets` are
    /// masked beside those of the context.
    pub(super) fn new<'s>(
        url: &str,
        node: &Node,
        secrets: impl IntoIterator<Item = &'s str>,
        context: &ServiceContext,
    ) -> Result<Self, BuildError> {
        let transport: TransportOptions = yaml::decode(node)?;
        let in_url = url_secrets(url);
        let in_options = context.masker.and(secrets);
        Ok(Self {
            client: HttpClient::shared(&transport, url, context)?,
            url: url.to_owned(),
            masker: in_options.and(in_url.iter().map(String::as_str)),
            user_agent: context.user_agent.clone(),
        })
    }

    /// A request that is ready to be sent: checked, and with what all requests have.
    pub(super) fn ready(&self, mut request: PreparedRequest) -> Result<PreparedRequest, SendError> {
        request.insecure = self.client.is_insecure();
        request.set_header("User-Agent", self.user_agent.as_str());
        request.check(&self.masker)?;
        Ok(request)
    }

    /// Sends a request and reads the answer, whatever its status.
    pub(super) async fn execute(&self, request: &PreparedRequest) -> Result<Answer, SendError> {
        self.client.execute(request, &self.masker).await
    }

    /// The error of an answer that makes no sense: it should have been JSON.
    pub(super) fn no_json(&self, answer: Answer, request: &PreparedRequest) -> SendError {
        let message = format!(
            "{} answered {} without JSON: {}",
            request.subject(&self.masker),
            answer.status_text(),
            answer.quoted(&self.masker)
        );
        answer.refused(&message, request, &self.masker)
    }
}

/// Endpoints by recipient: services that are configured with one secret URL per channel.
pub(super) struct RecipientUrls {
    endpoints: BTreeMap<String, Endpoint>,
    /// Masks the secrets of all of them.
    pub(super) masker: Masker,
    /// What is doubtful about the options.
    pub(super) warnings: Vec<BuildWarning>,
}

impl RecipientUrls {
    /// The endpoints of this map, which stands under `key` in the options.
    pub(super) fn new(
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
    pub(super) fn warn(&mut self, node: &Node, key: &str, recipient: &str, why: &str) {
        let place = node.get(key).and_then(|map| entry(map, recipient));
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
    pub(super) fn get(&self, recipient: &str) -> Option<&Endpoint> {
        self.endpoints.get(recipient)
    }

    /// The recipients that there are, for error messages.
    pub(super) fn names(&self) -> String {
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
    if path.contains('/') {
        secrets.push(path.to_owned());
    }
    secrets.extend(parsed.query().map(str::to_owned));
    secrets
}

/// What is doubtful about the transport options.
pub(super) fn transport_warnings(node: &Node) -> Result<Vec<BuildWarning>, BuildError> {
    let transport: TransportOptions = yaml::decode(node)?;
    Ok(transport.warnings(node))
}

/// The warning that an option is empty without which nothing can be sent.
pub(super) fn missing(node: &Node, key: &str, help: &str) -> BuildWarning {
    BuildWarning {
        message: format!("{key} is not set: every delivery will fail"),
        position: node
            .get(key)
            .map_or(Some(node.position), |value| Some(value.position)),
        help: Some(help.to_owned()),
    }
}
