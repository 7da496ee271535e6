//! `kubechime receiver`: receives webhooks and prints them.

use super::EndSignals;
use crate::demo::Receiver;
use clap::Args;
use std::net::SocketAddr;
use std::process::ExitCode;

/// Flags of the receiver.
#[derive(Debug, Args)]
pub(super) struct ReceiverArgs {
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
}

/// Receives until a signal asks it to stop.
pub(super) async fn run(args: ReceiverArgs) -> anyhow::Result<ExitCode> {
    let mut signals = EndSignals::listen()?;
    let receiver = Receiver::listen(args.listen).await?;
    println!("receiving webhooks on {}", receiver.url());
    let mut printed = 0;
    let print = async {
        loop {
            receiver
                .wait_for(printed + 1, std::time::Duration::from_secs(3600))
                .await;
            for request in receiver.received() {
                if request.number <= printed {
                    continue;
                }
                printed = request.number;
                let query = if request.query.is_empty() { "" } else { "?" };
                println!(
                    "{} {} {}{query}{}\n{}",
                    request.at,
                    request.method,
                    request.path,
                    request.query,
                    request.text()
                );
            }
        }
    };
    tokio::select! {
        () = print => {}
        () = signals.received() => {}
    }
    Ok(ExitCode::SUCCESS)
}
