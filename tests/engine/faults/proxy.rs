//! A loopback proxy between the engine and the API server, whose connections can be broken.

use crate::scene::Scene;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Default)]
struct State {
    /// Grows when all connections are to break.
    cuts: watch::Sender<u64>,
    /// Connections with a lower number swallow every byte.
    silent_below: AtomicU64,
    /// New connections are closed at once.
    refusing: AtomicBool,
    next: AtomicU64,
    open: AtomicUsize,
}

/// Listens on a port of its own and hands every byte on, until it is told otherwise.
pub struct Proxy {
    state: Arc<State>,
    port: u16,
    server: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// In front of the scene's API server.
    pub async fn start(scene: &Scene) -> Self {
        let text = std::fs::read_to_string(&scene.kubeconfig).unwrap();
        let server = port_in(&text);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<State>::default();
        let task = tokio::spawn({
            let state = Arc::clone(&state);
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    if state.refusing.load(Ordering::SeqCst) {
                        continue;
                    }
                    tokio::spawn(serve(Arc::clone(&state), client, server));
                }
            }
        });
        Self {
            state,
            port,
            server,
            task,
        }
    }

    /// A kubeconfig like another one, by way of this proxy.
    pub fn kubeconfig(&self, scene: &Scene, like: &std::path::Path) -> PathBuf {
        let text = std::fs::read_to_string(like).unwrap();
        let text = text.replace(
            &format!("127.0.0.1:{}", self.server),
            &format!("127.0.0.1:{}", self.port),
        );
        let path = scene.state().join("by-proxy.kubeconfig");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Breaks all connections.
    pub fn cut(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// From now on nothing more is heard from the connections there are; they stay open.
    pub fn silence(&self) {
        let next = self.state.next.load(Ordering::SeqCst);
        self.state.silent_below.store(next, Ordering::SeqCst);
    }

    /// Whether new connections are closed at once.
    pub fn refuse(&self, refusing: bool) {
        self.state.refusing.store(refusing, Ordering::SeqCst);
        if refusing {
            self.cut();
        }
    }

    /// How many connections there are.
    pub fn open(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

fn port_in(kubeconfig: &str) -> u16 {
    let (_, rest) = kubeconfig.split_once("127.0.0.1:").unwrap();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

async fn serve(state: Arc<State>, client: TcpStream, server: u16) {
    let number = state.next.fetch_add(1, Ordering::SeqCst);
    let mut cuts = state.cuts.subscribe();
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    state.open.fetch_add(1, Ordering::SeqCst);
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    tokio::select! {
        _ = cuts.changed() => {}
        () = both(
            hand_on(&state, number, client_read, server_write),
            hand_on(&state, number, server_read, client_write),
        ) => {}
    }
    state.open.fetch_sub(1, Ordering::SeqCst);
}

async fn both(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    tokio::join!(one, other);
}

async fn hand_on(state: &State, number: u64, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        let silent = number < state.silent_below.load(Ordering::SeqCst);
        if silent && read > 0 {
            continue;
        }
        if silent {
            // Not even the end is told.
            std::future::pending::<()>().await;
        }
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            // The other side is told when its half is dropped.
            let _ = to.shutdown().await;
            return;
        }
    }
}
