//! A loopback TCP proxy between an engine and its API server, for what networks do: connections that
//! break, that are refused, that fall silent, and a network that is cut in two.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What becomes of the connections.
#[derive(Default)]
struct Road {
    /// Number of the next connection.
    next: u64,
    /// Connections that there are.
    open: usize,
    /// Connections with a lower number are closed.
    closed_below: u64,
    /// Of connections with a lower number every byte is lost, and not even their end is told.
    silent_below: u64,
    /// New connections are closed at once.
    refusing: bool,
}

/// Listens on a port of its own and hands every byte on, until it is told otherwise. It ends when it
/// is dropped.
pub struct Proxy {
    address: SocketAddr,
    road: watch::Sender<Road>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A copy of a kubeconfig in `dir` that leads through a proxy, and the proxy.
    pub async fn before(kubeconfig: &Path, dir: &Path) -> (PathBuf, Self) {
        let text = std::fs::read_to_string(kubeconfig).unwrap();
        let (_, rest) = text.split_once("://").expect("the server's address");
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
        let server = &rest[..end.unwrap_or(rest.len())];
        let proxy = Self::start(server.parse().unwrap()).await;
        let path = dir.join("kubeconfig-through-proxy");
        let text = text.replace(server, &proxy.address.to_string());
        std::fs::write(&path, text).unwrap();
        (path, proxy)
    }

    async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (road, _) = watch::channel(Road::default());
        let accepting = tokio::spawn({
            let road = road.clone();
            async move {
                let mut connections = JoinSet::new();
                while let Ok((client, _)) = listener.accept().await {
                    if !road.borrow().refusing {
                        connections.spawn(serve(road.clone(), client, server));
                    }
                }
            }
        });
        Self {
            address,
            road,
            accepting,
        }
    }

    /// Breaks all connections.
    pub fn disconnect(&self) {
        self.road.send_modify(|road| road.closed_below = road.next);
    }

    /// Whether all connections break, and new ones are closed at once.
    pub fn refuse(&self, refusing: bool) {
        self.road.send_modify(|road| road.refusing = refusing);
        if refusing {
            self.disconnect();
        }
    }

    /// From now on nothing more is heard from the connections there are; they stay open.
    pub fn silence(&self) {
        self.road.send_modify(|road| road.silent_below = road.next);
    }

    /// Loses everything from now on, of new connections too, and closes none, as when a network is
    /// cut.
    pub fn partition(&self) {
        self.road.send_modify(|road| road.silent_below = u64::MAX);
    }

    /// Lets new connections through; those of before are closed, for bytes of them are lost.
    pub fn heal(&self) {
        self.road.send_modify(|road| {
            road.silent_below = road.next;
            road.closed_below = road.next;
        });
    }

    /// How many connections there are.
    pub fn open(&self) -> usize {
        self.road.borrow().open
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Carries one connection to its end.
async fn serve(road: watch::Sender<Road>, client: TcpStream, server: SocketAddr) {
    let mut number = 0;
    road.send_modify(|road| {
        number = road.next;
        road.next += 1;
    });
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    road.send_modify(|road| road.open += 1);
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let mut watched = road.subscribe();
    tokio::select! {
        _ = watched.wait_for(|road| number < road.closed_below) => {}
        _ = async {
            tokio::join!(
                hand_on(&road, number, client_read, server_write),
                hand_on(&road, number, server_read, client_write),
            )
        } => {}
    }
    road.send_modify(|road| road.open -= 1);
}

async fn hand_on(
    road: &watch::Sender<Road>,
    number: u64,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        let silent = number < road.borrow().silent_below;
        if silent && read > 0 {
            continue;
        }
        if silent {
            std::future::pending::<()>().await;
        }
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            // The other side is told when its half is dropped.
            let _ = to.shutdown().await;
            return;
        }
    }
}
