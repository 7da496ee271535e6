//! Answers: what is sent at once, and what is streamed.

use super::status::ApiError;
use bytes::{Bytes, BytesMut};
use futures::{Stream, stream};
use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::{Body, Frame, SizeHint};
use serde_json::Value;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Pieces below this size are sent together.
const JOINED: usize = 64 * 1024;

/// The body of an answer.
pub(super) enum Answer {
    /// Pieces that exist already; lists share them with the store.
    Pieces { pieces: VecDeque<Bytes>, left: u64 },
    /// Pieces that are made as time goes on: a watch. An error breaks the connection.
    Stream(Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>),
}

impl Answer {
    pub fn pieces(pieces: impl Into<VecDeque<Bytes>>) -> Self {
        let pieces = pieces.into();
        let left = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self::Pieces { pieces, left }
    }

    /// The same pieces, joined to about 64 KiB, with a pause before each.
    pub fn slowed(self, pause: Duration) -> Self {
        match self {
            Self::Stream(_) => self,
            Self::Pieces { mut pieces, .. } => Self::stream(stream::unfold(
                pieces_joined(&mut pieces),
                move |mut rest| async move {
                    let next = rest.pop_front()?;
                    tokio::time::sleep(pause).await;
                    Some((Ok(next), rest))
                },
            )),
        }
    }

    pub fn stream(stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self::Stream(Box::pin(stream))
    }
}

/// The next pieces as one, up to about 64 KiB.
fn next_joined(pieces: &mut VecDeque<Bytes>) -> Option<Bytes> {
    let first = pieces.pop_front()?;
    if first.len() >= JOINED || pieces.is_empty() {
        return Some(first);
    }
    let mut joined = BytesMut::with_capacity(JOINED);
    joined.extend_from_slice(&first);
    while let Some(next) = pieces.front() {
        if joined.len() + next.len() > JOINED {
            break;
        }
        joined.extend_from_slice(next);
        pieces.pop_front();
    }
    Some(joined.freeze())
}

fn pieces_joined(pieces: &mut VecDeque<Bytes>) -> VecDeque<Bytes> {
    std::iter::from_fn(|| next_joined(pieces)).collect()
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Pieces { pieces, left } => {
                let Some(data) = next_joined(pieces) else {
                    return Poll::Ready(None);
                };
                *left = left.saturating_sub(data.len() as u64);
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Self::Stream(stream) => stream
                .as_mut()
                .poll_next(context)
                .map(|next| next.map(|r| r.map(Frame::data))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Pieces { left, .. } => SizeHint::with_exact(*left),
            Self::Stream(_) => SizeHint::default(),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Pieces { pieces, .. } if pieces.is_empty())
    }
}

/// An answer with a body and a media type.
pub(super) fn answer(code: u16, media_type: &'static str, body: Answer) -> Response<Answer> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, private"),
    );
    response
}

/// A JSON text as an answer.
pub(super) fn json(code: u16, text: Bytes) -> Response<Answer> {
    answer(code, "application/json", Answer::pieces([text]))
}

/// A JSON tree as an answer.
pub(super) fn value(code: u16, tree: &Value) -> Response<Answer> {
    json(code, Bytes::from(tree.to_string()))
}

/// A refusal as an answer.
pub(super) fn error(error: &ApiError) -> Response<Answer> {
    let mut response = value(error.code(), &error.to_status());
    if let Some(seconds) = error.retry_after_seconds() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
