//! The program: reads the command line and does what it says.
#![forbid(unsafe_code)]

use clap::Parser as _;
use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The one provider that every library here supports; without a choice TLS would panic.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match kubechime::cli::run(kubechime::cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            // The terminal may be the very thing that is gone.
            let _ = writeln!(std::io::stderr(), "kubechime: {error:#}");
            ExitCode::FAILURE
        }
    }
}
