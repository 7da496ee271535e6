//! The calls to SQS, by the SDK: region, credentials, GetQueueUrl, SendMessage, and what their
//! failures mean.

use super::md5;
use crate::domain::{Masker, SecretText};
use crate::service::http::{broken_connection, innermost};
use crate::service::request::shown_url;
use crate::service::{Environment, SendError, Sent};
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::default_provider::region::DefaultRegionChain;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::MessageAttributeValue;
use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;
use tokio::sync::OnceCell;
use url::Url;

/// Codes of failures that pass, whatever their status.
const THROTTLED: [&str; 6] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
];

/// What calls are made with.
pub(super) struct Settings {
    /// As far as options and environment know it.
    pub(super) region: Option<String>,
    /// Empty for Amazon's.
    pub(super) endpoint: String,
    /// The id and the secret of the options' access key.
    pub(super) keys: Option<(String, SecretText)>,
    pub(super) environment: Environment,
    pub(super) connect_timeout: Duration,
    /// For both calls together, repetitions included.
    pub(super) timeout: Duration,
    pub(super) masker: Masker,
}

/// A message, and the queue that it is for.
pub(super) struct Message {
    pub(super) queue: String,
    /// Empty for the account of the credentials.
    pub(super) account: String,
    pub(super) body: String,
    /// Seconds.
    pub(super) delay: Option<i32>,
    /// Empty for none.
    pub(super) group: String,
    pub(super) attributes: Vec<(String, String)>,
}

/// SQS, with the client once it is made.
pub(super) struct Sqs {
    settings: Settings,
    client: OnceCell<Client>,
}

impl Sqs {
    /// SQS; nothing is looked up yet.
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            client: OnceCell::new(),
        }
    }

    /// Where calls go to, as far as it is known without looking anything up.
    ///
    /// # Errors
    /// There is no region, nor any place to look it up.
    pub(super) fn url(&self) -> Result<String, SendError> {
        let Settings {
            endpoint, region, ..
        } = &self.settings;
        match (endpoint.as_str(), region) {
            ("", Some(region)) if region.starts_with("cn-") => {
                Ok(format!("https://sqs.{region}.amazonaws.com.cn/"))
            }
            ("", Some(region)) => Ok(format!("https://sqs.{region}.amazonaws.com/")),
            ("", None) if self.settings.environment.is_process() => {
                Ok("https://sqs.amazonaws.com/".to_owned())
            }
            ("", None) => Err(no_region()),
            (endpoint, _) => Ok(endpoint.to_owned()),
        }
    }

    /// Finds the queue and sends the message.
    pub(super) async fn send(&self, message: &Message) -> Result<Sent, SendError> {
        let url = self.url().unwrap_or_default();
        let subject = format!("POST {}", shown_url(&url, &self.settings.masker));
        let limit = self.settings.timeout;
        let ended = tokio::time::timeout(limit, self.calls(message)).await;
        let result = ended.unwrap_or_else(|_| {
            let text = format!("no answer from {} in time ({limit:?} at most)", host(&url));
            Err(SendError::transient(text))
        });
        result.map_err(|error| error.about(subject))
    }

    async fn calls(&self, message: &Message) -> Result<Sent, SendError> {
        let client = self.client.get_or_try_init(|| self.connect()).await?;
        let account = (!message.account.is_empty()).then(|| message.account.clone());
        let found = client
            .get_queue_url()
            .queue_name(&message.queue)
            .set_queue_owner_aws_account_id(account)
            .send()
            .await
            .map_err(|error| self.failed("GetQueueUrl", &error, message))?;
        let Some(queue_url) = found.queue_url() else {
            return Err(SendError::permanent(
                "GetQueueUrl answered without QueueUrl",
            ));
        };
        let mut call = client
            .send_message()
            .queue_url(queue_url)
            .message_body(&message.body)
            .set_delay_seconds(message.delay)
            .set_message_group_id((!message.group.is_empty()).then(|| message.group.clone()));
        for (name, value) in &message.attributes {
            let attribute = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build()
                .map_err(|error| SendError::permanent(error.to_string()))?;
            call = call.message_attributes(name, attribute);
        }
        let sent = call
            .send()
            .await
            .map_err(|error| self.failed("SendMessage", &error, message))?;
        if sent
            .md5_of_message_body()
            .is_some_and(|hash| hash != md5::hex(message.body.as_bytes()))
        {
            return Err(SendError::transient(
                "SendMessage: the message arrived with another text than it was sent with (MD5)",
            ));
        }
        match sent.message_id() {
            Some(id) => Ok(Sent {
                status: Some(200),
                detail: self
                    .settings
                    .masker
                    .mask(&format!("message {id}"))
                    .into_owned(),
                response: String::new(),
            }),
            None => Err(SendError::permanent(
                "SendMessage answered without MessageId",
            )),
        }
    }

    async fn connect(&self) -> Result<Client, SendError> {
        // The program installs it at its start; a library user may not have.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Somebody else may have been faster.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let Settings {
            environment,
            endpoint,
            ..
        } = &self.settings;
        let region = match &self.settings.region {
            Some(region) => Region::new(region.clone()),
            None if environment.is_process() => {
                let chain = DefaultRegionChain::builder().build();
                chain.region().await.ok_or_else(no_region)?
            }
            None => return Err(no_region()),
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.settings.connect_timeout)
            .operation_attempt_timeout(self.settings.timeout)
            .build();
        let mut config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .retry_config(RetryConfig::standard())
            .timeout_config(timeouts);
        if !endpoint.is_empty() {
            config = config.endpoint_url(endpoint);
        }
        config = match self.credentials() {
            Some(credentials) => config.credentials_provider(credentials),
            None if environment.is_process() => {
                let chain = DefaultCredentialsChain::builder().region(region);
                config.credentials_provider(chain.build().await)
            }
            None => return Err(no_credentials("the environment has none")),
        };
        Ok(Client::from_conf(config.build()))
    }

    /// The access key of the options, or of the environment.
    fn credentials(&self) -> Option<Credentials> {
        let Settings {
            keys, environment, ..
        } = &self.settings;
        if let Some((key, secret)) = keys {
            let secret = secret.expose();
            return Some(Credentials::new(key, secret, None, None, "options"));
        }
        let key = environment.get("AWS_ACCESS_KEY_ID")?;
        let secret = environment.get("AWS_SECRET_ACCESS_KEY")?;
        let token = environment.get("AWS_SESSION_TOKEN");
        Some(Credentials::new(key, secret, token, None, "environment"))
    }

    /// What the failure of a call means.
    fn failed<E>(&self, call: &str, error: &SdkError<E>, message: &Message) -> SendError
    where
        E: ProvideErrorMetadata + Error + Debug + Send + Sync + 'static,
    {
        let masker = &self.settings.masker;
        let target = host(&self.url().unwrap_or_default());
        let status = error.raw_response().map(|raw| raw.status().as_u16());
        let mut failure = match error {
            SdkError::ServiceError(refused) => {
                let code = refused.err().code().unwrap_or_default();
                let text = refused.err().message().unwrap_or_default();
                let status = status.unwrap_or_default();
                let passes =
                    matches!(status, 408 | 425 | 429 | 500 | 502..) || THROTTLED.contains(&code);
                let mut said = format!("{call}: {status} {code}: {text}");
                if let Some(advice) = advice(code, message) {
                    said.push_str("; ");
                    said.push_str(&advice);
                } else if code.is_empty() {
                    said = format!("{call}: {target} answered {status}, but not as SQS does");
                    if !passes {
                        said.push_str("; check endpointUrl of the service");
                    }
                }
                let said = masker.mask(&said);
                if passes {
                    SendError::transient(said)
                } else {
                    SendError::permanent(said)
                }
            }
            SdkError::TimeoutError(_) => SendError::transient(format!(
                "no answer from {target} in time ({:?} at most)",
                self.settings.timeout
            )),
            SdkError::ResponseError(_) => SendError::permanent(masker.mask(&format!(
                "{call}: {target} does not answer as SQS does; check endpointUrl of the service"
            ))),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(connector) => broken_connection(connector, &target, &target, masker),
                None => broken_connection(error, &target, &target, masker),
            },
            _ => {
                let text = innermost(error);
                let lower = text.to_ascii_lowercase();
                if lower.contains("credential") {
                    no_credentials(&masker.mask(&text))
                } else {
                    SendError::permanent(masker.mask(&format!("{call}: {text}")))
                }
            }
        };
        failure.status = status;
        failure
    }
}

fn host(url: &str) -> String {
    let Ok(url) = Url::parse(url) else {
        return "SQS".to_owned();
    };
    url[url::Position::BeforeHost..url::Position::AfterPort].to_owned()
}

fn no_region() -> SendError {
    SendError::permanent(
        "the region is not known; set region of the service, or the variable AWS_DEFAULT_REGION",
    )
}

fn no_credentials(reason: &str) -> SendError {
    SendError::permanent(format!(
        "there are no credentials for AWS: {reason}; set key and secret of the service, or give \
         the program a role"
    ))
}

fn advice(code: &str, message: &Message) -> Option<String> {
    let has = |part: &str| code.contains(part);
    if message.queue.is_empty() {
        return Some("set queue of the service, or name a queue as the recipient".to_owned());
    }
    if has("NonExistentQueue") || has("QueueDoesNotExist") {
        let queue = &message.queue;
        let text = format!("there is no queue {queue} in this region and account");
        return Some(format!("{text}; correct the recipient, region or account"));
    }
    let text = if has("InvalidClientTokenId") || has("UnrecognizedClient") {
        "correct key of the service"
    } else if has("SignatureDoesNotMatch") {
        "correct secret of the service"
    } else if has("ExpiredToken") {
        "renew the credentials"
    } else if has("AccessDenied") {
        "allow sqs:GetQueueUrl and sqs:SendMessage to the credentials"
    } else if has("MissingParameter") && message.queue.ends_with(".fifo") {
        "set messageGroupId in the section awssqs of the template"
    } else if message.body.is_empty() {
        "set message of the template, it is empty"
    } else {
        return None;
    };
    Some(text.to_owned())
}
