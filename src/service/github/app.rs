//! How a GitHub App proves who it is: with a token that it signs by itself it gets one for its
//! installation, which is good for an hour.

use crate::service::endpoint::Endpoint;
use crate::service::{PreparedRequest, SendError};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use tokio::sync::Mutex;

/// How much earlier than now a token says that it was made: clocks differ.
const BACKDATED: i64 = 30;

/// How long a signed token is good, in seconds.
const LIFETIME: i64 = 120;

/// Seconds that an installation's token must still be good for.
const REST: i64 = 60;

/// An App, installed somewhere.
pub(super) struct App {
    id: i64,
    installation: i64,
    key: EncodingKey,
    /// Locked while a new one is asked for, so that several deliveries do not all ask.
    token: Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    text: String,
    expires: Timestamp,
}

impl Token {
    fn is_good(&self) -> bool {
        self.expires
            .as_second()
            .saturating_sub(Timestamp::now().as_second())
            >= REST
    }
}

#[derive(Serialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: String,
}

impl App {
    /// The App with this private key in PEM form, PKCS #1 or PKCS #8.
    ///
    /// # Errors
    /// Why the key cannot be used.
    pub(super) fn new(id: i64, installation: i64, key: &str) -> Result<Self, String> {
        let bad = |why: &str| format!("could not parse private key: invalid key: {why}");
        let key = EncodingKey::from_rsa_pem(key.trim().as_bytes())
            .map_err(|_| bad("Key must be a PEM encoded PKCS1 or PKCS8 key"))?;
        let app = Self {
            id,
            installation,
            key,
            token: Mutex::default(),
        };
        // Only now the key is looked at: it may be too short.
        match app.signed() {
            Ok(_) => Ok(app),
            Err(_) => Err(bad("it must be an RSA key of 2048 bits or more")),
        }
    }

    /// A token that says who the App is.
    fn signed(&self) -> Result<String, jsonwebtoken::errors::Error> {
        let iat = Timestamp::now().as_second() - BACKDATED;
        let claims = Claims {
            iat,
            exp: iat + LIFETIME,
            iss: self.id.to_string(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key)
    }

    /// The request for an installation's token.
    pub(super) fn login(&self, endpoint: &Endpoint) -> Result<PreparedRequest, SendError> {
        let signed = self.signed().map_err(|error| {
            SendError::permanent(format!("the private key cannot sign: {error}"))
        })?;
        let url = format!(
            "{}app/installations/{}/access_tokens",
            endpoint.url, self.installation
        );
        let mut request = PreparedRequest::new("POST", url);
        request.set_header("Accept", super::api::ACCEPT);
        request.set_header("X-GitHub-Api-Version", super::api::VERSION);
        request.set_header("Authorization", format!("Bearer {signed}"));
        endpoint.ready(request)
    }

    /// Whether there is a token that is still good. While one is asked for there is none.
    pub(super) fn has_token(&self) -> bool {
        let known = self.token.try_lock();
        known.is_ok_and(|known| known.as_ref().is_some_and(Token::is_good))
    }

    /// The installation's token, and whether it is new.
    pub(super) async fn token(&self, endpoint: &Endpoint) -> Result<(String, bool), SendError> {
        let mut known = self.token.lock().await;
        if let Some(token) = known.as_ref().filter(|token| token.is_good()) {
            return Ok((token.text.clone(), false));
        }
        let request = self.login(endpoint)?;
        let answer = endpoint.execute(&request).await?;
        let reply = answer.json().unwrap_or_default();
        let token = reply["token"].as_str().unwrap_or_default();
        if !(200..300).contains(&answer.status) || token.is_empty() {
            let status = answer.status;
            let said = match reply["message"].as_str() {
                Some(said) => said.to_owned(),
                None if answer.status < 300 => "an answer without a token".to_owned(),
                None => answer.quoted(&endpoint.masker),
            };
            let message = format!(
                "could not refresh installation id {}'s token: received {}response status \
                 \"{}\" when fetching {}: {said}{}",
                self.installation,
                if status < 300 { "" } else { "non 2xx " },
                answer.status_text(),
                request
                    .subject(&endpoint.masker)
                    .trim_start_matches("POST "),
                advice(status, &said)
            );
            return Err(answer.refused(&message, &request, &endpoint.masker));
        }
        // Without a time it is good for the calls of this delivery.
        let expires = reply["expires_at"].as_str().and_then(|at| at.parse().ok());
        *known = Some(Token {
            text: token.to_owned(),
            expires: expires.unwrap_or(Timestamp::UNIX_EPOCH),
        });
        Ok((token.to_owned(), true))
    }

    /// Forgets a token that was refused, unless there is a newer one.
    pub(super) async fn forget(&self, token: &str) {
        let mut known = self.token.lock().await;
        if known.as_ref().is_some_and(|known| known.text == token) {
            *known = None;
        }
    }
}

/// What to do when no token is given out.
fn advice(status: u16, said: &str) -> &'static str {
    let said = said.to_ascii_lowercase();
    match status {
        401 if said.contains("claim") => "; set the clock of this machine right",
        401 => {
            "; the App does not know the key (any more): put a current one under privateKey, \
             and the App's id under appID"
        }
        403 => "; see whether the installation was suspended",
        404 => "; correct installationID and appID: the App has no such installation",
        _ => "",
    }
}

/// What stands for the token in a request that is only shown.
pub(super) const FROM_LOGIN: &str = "(from the login)";
