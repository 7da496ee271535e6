//! Receivers that break off in the middle of their answer.

use super::{configure_as, ready};
use crate::scene::on_every_cluster;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Answers each request with the next of these texts, and closes the connection.
async fn broken_off(answers: &'static [&'static str]) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.windows(4).any(|part| part == b"\r\n\r\n") {
                match stream.read(&mut buffer).await {
                    Ok(read) if read > 0 => request.extend_from_slice(&buffer[..read]),
                    _ => break,
                }
            }
            let number = count.fetch_add(1, Ordering::SeqCst);
            let answer = answers.get(number).copied().unwrap_or_default();
            // The client may have gone.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, asked)
}

/// The answer "accepted" counts, however its body ends; an answer without a status does not.
#[test]
fn half_an_answer() {
    on_every_cluster(async |scene| {
        let (port, asked) = broken_off(&[
            "HTTP/1.1 50",
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 100\r\n\r\nnot now",
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthank",
        ])
        .await;
        configure_as(
            &scene,
            &format!("url: http://127.0.0.1:{port}\nretryMax: -1\n"),
        )
        .await;
        let engine = scene.engine(&[]);
        ready(&scene, "web-1").await;
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        engine.stop();
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    });
}
