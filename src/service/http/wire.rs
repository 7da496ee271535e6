//! From a prepared request to the parts of an HTTP request.

use crate::domain::Masker;
use crate::service::request::shown_url;
use crate::service::{PreparedRequest, SendError};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

/// A request whose parts are all valid.
pub(super) struct Wire {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
}

impl Wire {
    pub(super) fn of(request: &PreparedRequest, masker: &Masker) -> Result<Self, SendError> {
        let refused =
            |text: String| SendError::permanent(masker.mask(&text)).about(request.subject(masker));
        let url = Url::parse(&request.url).map_err(|error| {
            let shown = shown_url(&request.url, masker);
            refused(format!("the URL \"{shown}\" is not valid: {error}"))
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            let scheme = url.scheme();
            return Err(refused(format!(
                "the URL's scheme '{scheme}' is neither http nor https"
            )));
        }
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| refused(format!("\"{}\" is no HTTP method", request.method)))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let valid = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| refused(format!("\"{name}\" is no valid header name")))?;
            // Its text stays out of the message: it may be a secret with a line break.
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
                refused(format!(
                    "the value of the header {name} has a line break or control code"
                ))
            })?;
            headers.insert(valid, value);
        }
        Ok(Self {
            method,
            url,
            headers,
        })
    }
}

impl PreparedRequest {
    /// Whether it can go out as an HTTP request.
    ///
    /// # Errors
    /// Permanent: the URL, method or a header is not valid.
    pub(in crate::service) fn check(&self, masker: &Masker) -> Result<(), SendError> {
        Wire::of(self, masker).map(|_| ())
    }
}
