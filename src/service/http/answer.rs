//! What a server answered.

use crate::domain::Masker;
use crate::service::{Class, PreparedRequest, SendError, Sent};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use std::time::Duration;

/// Bytes of an answer that are read; services answer with a few hundred.
pub(super) const READ: usize = 256 * 1024;

/// Bytes of an answer that are kept for the history.
const KEPT: usize = 4 * 1024;

/// Bytes of an answer that are part of an error message.
const QUOTED: usize = 512;

/// An answer, whatever its status.
#[derive(Debug)]
pub(in crate::service) struct Answer {
    /// HTTP status code.
    pub(in crate::service) status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// Reads the answer, and of its body not more than `most` bytes, nor later than `until`. Its status
    /// says what has become of the request: that the body breaks off, or does not end, is no reason to
    /// send it again.
    pub(super) async fn read(
        mut response: reqwest::Response,
        most: usize,
        until: tokio::time::Instant,
    ) -> Self {
        let mut body = Vec::new();
        while let Ok(Ok(Some(chunk))) = tokio::time::timeout_at(until, response.chunk()).await {
            let room = most.saturating_sub(body.len());
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() >= room {
                break;
            }
        }
        Self {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body,
        }
    }

    /// The result of a request that went well.
    pub(in crate::service) fn into_sent(self, masker: &Masker) -> Sent {
        Sent {
            status: Some(self.status),
            detail: self.status_text(),
            response: self.text(masker, KEPT),
        }
    }

    /// The error of a status that is no success: 408, 425, 429 and 5xx except 501 may pass.
    pub(in crate::service) fn into_error(
        self,
        request: &PreparedRequest,
        masker: &Masker,
    ) -> SendError {
        let message = format!(
            "request to {} has failed with error code {} : {}",
            request.subject(masker),
            self.status,
            self.quoted(masker)
        );
        self.refused(&message, request, masker)
    }

    /// The error of an answer that is no success for the service, in these words; the status tells
    /// whether it may pass.
    pub(in crate::service) fn refused(
        self,
        message: &str,
        request: &PreparedRequest,
        masker: &Masker,
    ) -> SendError {
        let class = match self.status {
            408 | 425 | 429 | 500 | 502.. => Class::Transient {
                retry_after: self.retry_after(Timestamp::now()),
            },
            _ => Class::Permanent,
        };
        SendError {
            class,
            message: masker.mask(message).into_owned(),
            status: Some(self.status),
            response: self.text(masker, KEPT),
            subject: request.subject(masker),
        }
    }

    /// The first header of this name; `None` also when it is no text.
    pub(in crate::service) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, as much of it as was read.
    pub(in crate::service) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON; `None` when it is none.
    pub(in crate::service) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What an error message says of the body: its beginning, or a page's title; masked.
    pub(in crate::service) fn quoted(&self, masker: &Masker) -> String {
        if self.is_html() {
            html_summary(&self.text(masker, READ))
        } else {
            self.text(masker, QUOTED)
        }
    }

    /// Status code and its name: `404 Not Found`.
    pub(in crate::service) fn status_text(&self) -> String {
        let reason = StatusCode::from_u16(self.status)
            .ok()
            .and_then(|s| s.canonical_reason());
        match reason {
            Some(reason) => format!("{} {reason}", self.status),
            None => self.status.to_string(),
        }
    }

    /// The body as text, masked and then cut.
    fn text(&self, masker: &Masker, limit: usize) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let mut text = masker.mask(&text).into_owned();
        if text.len() > limit {
            let mut kept = limit;
            while !text.is_char_boundary(kept) {
                kept -= 1;
            }
            text.truncate(kept);
            text.push('…');
        }
        text
    }

    fn is_html(&self) -> bool {
        let declared = self.headers.get(http::header::CONTENT_TYPE);
        let start: Vec<u8> = self
            .body
            .iter()
            .take(15)
            .map(u8::to_ascii_lowercase)
            .collect();
        declared.is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
            || start.starts_with(b"<!doctype html")
            || start.starts_with(b"<html")
    }

    /// The wait that a 429 or 503 asks for: whole seconds or an HTTP date, which must be that of a
    /// clock not far from ours.
    fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        if !matches!(self.status, 429 | 503) {
            return None;
        }
        let text = self
            .headers
            .get(http::header::RETRY_AFTER)?
            .to_str()
            .ok()?
            .trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
    }
}

/// An HTML page says nothing in a log line: its title does.
fn html_summary(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|open| {
        let from = open + lower.get(open..)?.find('>')? + 1;
        let to = from + lower.get(from..)?.find("</title")?;
        page.get(from..to)
    });
    let words: Vec<&str> = title.unwrap_or_default().split_whitespace().collect();
    if words.is_empty() {
        return "an HTML page".to_owned();
    }
    let title: String = words.join(" ").chars().take(120).collect();
    format!("an HTML page titled \"{title}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a header value"));
        }
        Answer {
            status,
            headers: map,
            body: body.as_bytes().to_vec(),
        }
    }

    fn error(answer: Answer) -> SendError {
        answer.into_error(
            &PreparedRequest::new("GET", "http://u:hush@h/"),
            &Masker::default(),
        )
    }

    #[test]
    fn statuses_are_transient_or_permanent() {
        for (status, transient) in [
            (304, false),
            (400, false),
            (401, false),
            (404, false),
            (408, true),
            (425, true),
            (429, true),
            (500, true),
            (501, false),
            (502, true),
            (503, true),
            (599, true),
        ] {
            assert_eq!(
                error(answer(status, &[], "")).is_transient(),
                transient,
                "{status}"
            );
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().expect("a time");
        for (status, text, expected) in [
            (429, "30", Some(30)),
            (503, " 0 ", Some(0)),
            (429, "Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            (429, "Sun, 06 Nov 1994 08:48:37 GMT", Some(0)),
            (429, "soon", None),
            (429, "-1", None),
            (500, "30", None),
        ] {
            let wait = answer(status, &[("retry-after", text)], "").retry_after(now);
            assert_eq!(wait, expected.map(Duration::from_secs), "{status} {text}");
        }
    }

    #[test]
    fn the_message_names_the_request_and_quotes_a_little() {
        let text = error(answer(404, &[], "no such hook")).message;
        assert_eq!(
            text,
            "request to GET http://u:********@h/ has failed with error code 404 : no such hook"
        );
        let long = error(answer(404, &[], &"é".repeat(5_000)));
        assert!(long.message.len() < 700);
        assert!(long.response.len() <= 4_100);
    }

    #[test]
    fn of_a_page_the_title_is_quoted() {
        let page = "<!DOCTYPE html><html><head><TITLE lang=en>\n 502  Bad\nGateway</title>…";
        assert!(
            error(answer(502, &[], page))
                .message
                .ends_with(" : an HTML page titled \"502 Bad Gateway\"")
        );
        let untitled = answer(
            500,
            &[("content-type", "text/html; charset=x")],
            "<p>oh</p>",
        );
        assert!(error(untitled).message.ends_with(" : an HTML page"));
    }
}
