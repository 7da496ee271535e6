//! Tokens for Google Cloud: from a key file of any kind, or from what Google's own tools find.

use crate::domain::Masker;
use crate::service::{Environment, SendError};
use google_cloud_auth::credentials::service_account::AccessSpecifier;
use google_cloud_auth::credentials::{
    self, AccessTokenCredentials, external_account, impersonated, service_account, user_account,
};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::Mutex;

/// What the token may be used for.
const SCOPE: &str = "https://www.googleapis.com/auth/pubsub";

/// Where tokens come from.
pub(super) struct KeySource {
    /// A key file; `None` for what Google's own tools find.
    file: Option<String>,
    environment: Environment,
    /// The credentials, with the text of the file that they were made of.
    made: Mutex<Option<(String, AccessTokenCredentials)>>,
}

impl KeySource {
    /// The credentials of this key file, or those that Google's own tools find; nothing is read yet.
    pub(super) fn new(file: Option<String>, environment: Environment) -> Self {
        Self {
            file,
            environment,
            made: Mutex::default(),
        }
    }

    /// A token that is good now. The library renews it in good time.
    pub(super) async fn token(
        &self,
        limit: Duration,
        masker: &Masker,
    ) -> Result<String, SendError> {
        let getting = async {
            let credentials = self.credentials(masker).await?;
            credentials.access_token().await.map_err(|error| {
                let text = format!("no token for Google Cloud: {error}");
                let text = masker.mask(&text);
                if error.is_transient() {
                    SendError::transient(text)
                } else {
                    SendError::permanent(text)
                }
            })
        };
        match tokio::time::timeout(limit, getting).await {
            Ok(token) => token.map(|token| token.token),
            Err(_) => Err(SendError::transient(format!(
                "no token for Google Cloud within {limit:?}"
            ))),
        }
    }

    async fn credentials(&self, masker: &Masker) -> Result<AccessTokenCredentials, SendError> {
        // The library's TLS needs it, too; a library user may not have installed one.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Somebody else may have been faster.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let text = match &self.file {
            Some(path) => tokio::fs::read_to_string(path).await.map_err(|error| {
                let text = format!("the key file {path} cannot be read: {error}");
                SendError::permanent(masker.mask(&text))
            })?,
            None => String::new(),
        };
        let mut made = self.made.lock().await;
        if let Some((_, known)) = made.as_ref().filter(|(source, _)| *source == text) {
            return Ok(known.clone());
        }
        let fresh = match &self.file {
            Some(path) => of_file(path, &text)?,
            None if self.environment.is_process() => credentials::Builder::default()
                .with_scopes([SCOPE])
                .build_access_token_credentials()
                .map_err(|error| none(&masker.mask(&error.to_string())))?,
            None => return Err(none("the environment has none")),
        };
        *made = Some((text, fresh.clone()));
        Ok(fresh)
    }
}

fn none(reason: &str) -> SendError {
    SendError::permanent(format!(
        "there are no credentials for Google Cloud: {reason}; set keyFile of the service, or run \
         with a workload identity"
    ))
}

/// The credentials of a key file, whatever kind it has. Nothing of its text is in the errors.
fn of_file(path: &str, text: &str) -> Result<AccessTokenCredentials, SendError> {
    let bad = |reason: &str| {
        SendError::permanent(format!(
            "the key file {path} is not usable: {reason}; download the JSON key of the service \
             account again"
        ))
    };
    let key: Value = serde_json::from_str(text).map_err(|_| bad("it is not JSON"))?;
    let kind = key["type"].as_str().unwrap_or_default().to_owned();
    let made = match kind.as_str() {
        "service_account" => service_account::Builder::new(key)
            .with_access_specifier(AccessSpecifier::from_scopes([SCOPE]))
            .build_access_token_credentials(),
        "authorized_user" => user_account::Builder::new(key)
            .with_scopes([SCOPE])
            .build_access_token_credentials(),
        "external_account" => external_account::Builder::new(key)
            .with_scopes([SCOPE])
            .build_access_token_credentials(),
        "impersonated_service_account" => impersonated::Builder::new(key)
            .with_scopes([SCOPE])
            .build_access_token_credentials(),
        "" => return Err(bad("it has no type")),
        _ => return Err(bad("its type is not known")),
    };
    made.map_err(|_| bad("a part of it is missing, or not valid"))
}
