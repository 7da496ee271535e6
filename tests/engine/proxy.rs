//! A loopback TCP proxy between an engine and its API server, that can lose everything: then no byte
//! goes through in either direction, and no connection is closed, as when a network is cut.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The proxy; it ends when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    lossy: watch::Sender<bool>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// A proxy to this address.
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (lossy, watched) = watch::channel(false);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let Ok((client, _)) = listener.accept().await else {
                    return;
                };
                connections.spawn(connection(client, server, watched.clone()));
            }
        });
        Self {
            address,
            lossy,
            accepting,
        }
    }

    /// Loses everything from now on.
    pub fn cut(&self) {
        self.lossy.send_replace(true);
    }

    /// Lets new connections through; those of before are closed, for bytes of them are lost.
    pub fn mend(&self) {
        self.lossy.send_replace(false);
    }

    /// A copy of a kubeconfig that leads through a proxy, and the proxy.
    pub async fn before(kubeconfig: &Path, dir: &Path) -> (PathBuf, Self) {
        let text = std::fs::read_to_string(kubeconfig).unwrap();
        let (_, rest) = text.split_once("://").expect("the server's address");
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
        let server = &rest[..end.unwrap_or(rest.len())];
        let proxy = Self::start(server.parse().unwrap()).await;
        let path = dir.join("kubeconfig-through-proxy");
        let text = text.replacen(server, &proxy.address.to_string(), 1);
        std::fs::write(&path, text).unwrap();
        (path, proxy)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn connection(client: TcpStream, server: SocketAddr, mut lossy: watch::Receiver<bool>) {
    if *lossy.borrow() {
        // Accepted by the kernel, and nobody answers.
        become_lossy(&mut lossy, false).await;
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut cut = lossy.clone();
    tokio::select! {
        () = carry(&mut from_client, &mut to_server) => {}
        () = carry(&mut from_server, &mut to_client) => {}
        // Nothing is read any more: what comes is lost, and nobody is told.
        () = become_lossy(&mut cut, true) => become_lossy(&mut lossy, false).await,
    }
}

async fn become_lossy(lossy: &mut watch::Receiver<bool>, wanted: bool) {
    // The sender is gone with the proxy, which has ended this task by then.
    let _ = lossy.wait_for(|lossy| *lossy == wanted).await;
}

async fn carry(
    from: &mut (impl tokio::io::AsyncRead + Unpin),
    to: &mut (impl tokio::io::AsyncWrite + Unpin),
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
