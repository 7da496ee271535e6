//! What the HTTP services have in common: the client and the masker that belong to a URL, and what
//! is usual in their answers.

use super::http::{Answer, HttpClient, TransportOptions};
use super::registry::{BuildError, BuildWarning};
use super::request::url_secrets;
use super::{PreparedRequest, SendError, Sent, ServiceContext};
use crate::domain::Masker;
use crate::yaml::{self, Node};
use serde_json::Value;
use std::sync::Arc;

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

    /// The same for answers that are longer than usual: reads as many bytes of the body.
    pub(super) async fn execute_up_to(
        &self,
        most: usize,
        request: &PreparedRequest,
    ) -> Result<Answer, SendError> {
        self.client.execute_up_to(most, request, &self.masker).await
    }

    /// The JSON object of an answer, which is all that counts for some services, whatever the
    /// status.
    pub(super) fn reply(
        &self,
        answer: Answer,
        request: &PreparedRequest,
    ) -> Result<(Answer, Value), SendError> {
        match answer.json().filter(Value::is_object) {
            Some(reply) => Ok((answer, reply)),
            None => Err(self.no_json(answer, request)),
        }
    }

    /// The result of a request that went well: what the service calls the message, if it does.
    pub(super) fn sent(&self, answer: Answer, detail: Option<String>) -> Sent {
        let mut sent = answer.into_sent(&self.masker);
        if let Some(detail) = detail {
            sent.detail = self.masker.mask(&detail).into_owned();
        }
        sent
    }

    /// The error of an answer that makes no sense: it should have been JSON.
    pub(super) fn no_json(&self, answer: Answer, request: &PreparedRequest) -> SendError {
        no_json(answer, request, &self.masker)
    }
}

/// The error of an answer that should have been JSON; the masker may know more than the endpoint's.
pub(super) fn no_json(answer: Answer, request: &PreparedRequest, masker: &Masker) -> SendError {
    let message = format!(
        "{} answered {} without JSON: {}",
        request.subject(masker),
        answer.status_text(),
        answer.quoted(masker)
    );
    answer.refused(&message, request, masker)
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
