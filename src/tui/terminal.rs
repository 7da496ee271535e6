//! The terminal: taken over in one place, and given back whatever happens.
//!
//! [`Guard`] restores the screen when it is dropped; the panic hook restores it before the message
//! is printed. A panic on another thread does not touch the screen: it is logged, and shown.

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};
use std::cell::Cell;
use std::future::Future;
use std::io::{self, BufWriter, Stdout, Write as _};
use std::panic;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// What is drawn to.
pub type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// Bytes of a frame that are written at once.
const FRAME: usize = 64 * 1024;

/// The terminal is ours. Process-wide, because the panic hook is.
static TAKEN: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The dashboard is being run on this thread right now.
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Draws a frame that a terminal which knows synchronized updates shows as a whole: no half of it is
/// seen, however slowly it arrives.
///
/// # Errors
/// What the terminal reports.
pub fn draw(screen: &mut Screen, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
    queue!(screen.backend_mut(), BeginSynchronizedUpdate)?;
    screen.draw(view)?;
    execute!(screen.backend_mut(), EndSynchronizedUpdate)
}

/// Takes the terminal and gives it back.
pub struct Guard {
    mouse: bool,
}

impl Guard {
    /// Raw mode, alternate screen, bracketed paste, and the mouse if asked for.
    ///
    /// # Errors
    /// What the terminal reports; everything is given back then.
    pub fn take(mouse: bool) -> io::Result<Self> {
        let guard = Self { mouse };
        TAKEN.store(true, Ordering::SeqCst);
        enter(mouse).inspect_err(|_| restore())?;
        Ok(guard)
    }

    /// A screen to draw to.
    ///
    /// # Errors
    /// What the terminal reports.
    pub fn screen(&self) -> io::Result<Screen> {
        let out = BufWriter::with_capacity(FRAME, io::stdout());
        Terminal::new(CrosstermBackend::new(out))
    }

    /// Takes or releases the mouse.
    ///
    /// # Errors
    /// What the terminal reports.
    pub fn mouse(&mut self, taken: bool) -> io::Result<()> {
        self.mouse = taken;
        if taken {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Gives the terminal back for a while.
    pub fn leave(&self) {
        restore();
    }

    /// Takes it again.
    ///
    /// # Errors
    /// What the terminal reports.
    pub fn enter_again(&self) -> io::Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        enter(self.mouse)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    let mut out = io::stdout();
    queue!(out, EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse {
        queue!(out, EnableMouseCapture)?;
    }
    out.flush()
}

/// Gives the terminal back; does nothing the second time. Errors have nobody to be told to.
fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(
            io::stdout(),
            EndSynchronizedUpdate,
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            Show
        );
        let _ = disable_raw_mode();
    }
}

/// Marks the thread that runs a future as the dashboard's, so that the panic hook knows whose panic
/// it is.
pub struct OnDashboard<F>(pub Pin<Box<F>>);

impl<F: Future> Future for OnDashboard<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        struct Reset(bool);
        impl Drop for Reset {
            fn drop(&mut self) {
                RUNNING.set(self.0);
            }
        }
        let _reset = Reset(RUNNING.replace(true));
        self.0.as_mut().poll(context)
    }
}

/// Installs the panic hook, once per process: a panic of the dashboard gives the terminal back and
/// names the log file; one of another thread is reported to `others` while the dashboard runs.
pub fn install_panic_hook(log_file: Option<PathBuf>, others: mpsc::Sender<String>) {
    static ONCE: Once = Once::new();
    ONCE.call_once(move || {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let log = log_file.as_ref().map_or_else(String::new, |file| {
                format!("; the log file is {}", file.display())
            });
            tracing::error!("internal error: {info}");
            if RUNNING.get() || !TAKEN.load(Ordering::SeqCst) {
                restore();
                before(info);
                // Not `eprintln!`: where the terminal is gone it would panic within the hook.
                let _ = writeln!(io::stderr(), "kubechime ended by an internal error{log}");
            } else {
                // A full queue means that such a report is on its way already.
                let _ = others.try_send(format!("internal error: {info}{log}"));
            }
        }));
    });
}

/// Sends the whole process group to the background, as the shell's job control does, and returns
/// when it is in the foreground again.
///
/// # Errors
/// One sentence when the system's shell can't be run.
pub fn suspend() -> Result<(), String> {
    // Raising a signal needs either unsafe code or another process: the shell is always there
    // where job control is. Signal 0 as process id addresses our whole group.
    let status = std::process::Command::new("sh")
        .args(["-c", "kill -TSTP 0"])
        .status();
    status
        .map(drop)
        .map_err(|error| format!("can't suspend: {error}"))
}
