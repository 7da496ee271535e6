//! The built program in a terminal: a pseudo terminal with an emulator behind it.
//!
//! A story presses keys and waits for what must be on the screen. Everything that waits has a
//! deadline and says, when it passes, what was on the screen instead.

// Each test binary compiles this file anew and uses its own part of it.
#![allow(dead_code)]

use portable_pty::{
    Child, CommandBuilder, ExitStatus, MasterPty, PtyPair, PtySize, native_pty_system,
};
use std::ffi::OsStr;
use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long anything may take before a story gives up. Nothing waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A story may also wait for what is not on the screen, of which no output tells.
const RECHECK: Duration = Duration::from_millis(50);

/// Columns and rows.
pub type Size = (u16, u16);

struct State {
    emulator: vt100::Parser,
    /// What has arrived of a frame whose end has not: a terminal shows frames as a whole.
    pending: Vec<u8>,
    /// Everything that was written to the terminal.
    bytes: Vec<u8>,
    /// All programs in the terminal have ended.
    closed: bool,
}

/// The marks around a frame: synchronized update, as terminals know it.
const FRAME_BEGINS: &[u8] = b"\x1b[?2026h";
const FRAME_ENDS: &[u8] = b"\x1b[?2026l";

impl State {
    /// Shows what has arrived, but for a frame that is not whole.
    fn arrived(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        let last = |mark: &[u8]| {
            let mut windows = self.pending.windows(mark.len());
            windows.rposition(|window| window == mark)
        };
        let whole = match (last(FRAME_BEGINS), last(FRAME_ENDS)) {
            (Some(begin), end) if end.is_none_or(|end| end < begin) => begin,
            // The mark itself may have arrived in part.
            _ => (0..FRAME_BEGINS.len())
                .rev()
                .find(|&part| self.pending.ends_with(&FRAME_BEGINS[..part]))
                .map_or(self.pending.len(), |part| self.pending.len() - part),
        };
        let rest = self.pending.split_off(whole);
        self.emulator.process(&self.pending);
        self.pending = rest;
    }

    /// Shows all that has arrived.
    fn show_all(&mut self) {
        self.emulator.process(&std::mem::take(&mut self.pending));
    }
}

#[derive(Default)]
struct Shown {
    state: Mutex<Option<State>>,
    news: Condvar,
}

/// A terminal with a program in it.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    shown: Arc<Shown>,
    /// The line discipline before the program started.
    before: String,
    ended: bool,
}

/// A program that is to be started in a terminal, without anything of the environment that it
/// could be influenced by but the search path.
pub fn program(program: impl AsRef<OsStr>, home: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.env_clear();
    for name in ["PATH", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env("TZ", "UTC");
    for name in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
        command.env(name, home);
    }
    command.cwd(home);
    command
}

impl Terminal {
    /// Starts a program in a terminal of this size.
    pub fn start(command: CommandBuilder, size: Size) -> Self {
        let PtyPair { slave, master } = native_pty_system()
            .openpty(pty_size(size))
            .expect("a pseudo terminal");
        let before = discipline(&*master);
        let child = slave.spawn_command(command).expect("the program starts");
        // The last one to hold this end is the program: reading ends when it does.
        drop(slave);
        let mut reader = master.try_clone_reader().expect("the terminal's output");
        let keyboard = master.take_writer().expect("the terminal's input");
        let shown = Arc::new(Shown::default());
        let (columns, rows) = size;
        *shown.state.lock().unwrap() = Some(State {
            emulator: vt100::Parser::new(positive(rows.max(1)), positive(columns.max(1)), 200),
            pending: Vec::new(),
            bytes: Vec::new(),
            closed: false,
        });
        std::thread::spawn({
            let shown = Arc::clone(&shown);
            move || {
                let mut buffer = [0; 16 * 1024];
                loop {
                    let read = reader.read(&mut buffer).unwrap_or(0);
                    let mut state = shown.state.lock().unwrap();
                    let Some(state) = state.as_mut() else { return };
                    if let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) {
                        state.bytes.extend_from_slice(bytes);
                        state.arrived(bytes);
                    } else {
                        state.show_all();
                        state.closed = true;
                    }
                    shown.news.notify_all();
                    if state.closed {
                        return;
                    }
                }
            }
        });
        Self {
            child,
            master,
            keyboard,
            shown,
            before,
            ended: false,
        }
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.shown.state.lock().unwrap()
    }

    fn wait<T>(&self, what: &str, mut found: impl FnMut(&State) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state();
        loop {
            let known = state.as_ref().expect("the terminal is open");
            if let Some(found) = found(known) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let screen = known.emulator.screen().contents();
                drop(state);
                panic!("{what} is not to be seen; this is:\n{screen}");
            }
            let left = left.min(RECHECK);
            state = self.shown.news.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Everything that was written so far.
    pub fn written(&self) -> String {
        self.wait("", |state| {
            Some(String::from_utf8_lossy(&state.bytes).into_owned())
        })
    }

    /// Waits until what was written is as wanted.
    pub fn wait_until_written(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        self.wait(what, |state| {
            wanted(&String::from_utf8_lossy(&state.bytes)).then_some(())
        });
    }

    /// The cells of the screen, with their colours.
    pub fn screen(&self) -> vt100::Screen {
        self.wait("", |state| Some(state.emulator.screen().clone()))
    }

    /// Waits until the text on the screen is as wanted, and gives it.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.wait(what, |state| {
            let text = state.emulator.screen().contents();
            wanted(&text).then_some(text)
        })
    }

    /// Waits until all of these are on the screen, and gives its text.
    pub fn wait_for(&self, parts: &[&str]) -> String {
        let what = format!("{parts:?}");
        self.wait_until(&what, |text| parts.iter().all(|part| text.contains(part)))
    }

    /// Waits until something is not on the screen any more, and gives its text.
    pub fn wait_for_end_of(&self, part: &str) -> String {
        let what = format!("the end of {part:?}");
        self.wait_until(&what, |text| !text.contains(part))
    }

    /// Waits until this is on the screen, or the program has ended; gives whether it runs.
    pub fn wait_for_or_exit(&self, part: &str) -> bool {
        let what = format!("{part:?} or the end");
        self.wait(&what, |state| {
            let shown = state.emulator.screen().contents().contains(part);
            (shown || state.closed).then_some(!state.closed)
        })
    }

    /// Waits until the alternate screen is shown, or is left.
    pub fn wait_for_dashboard(&self, shown: bool) {
        let what = if shown {
            "the dashboard"
        } else {
            "the shell's screen"
        };
        self.wait(what, |state| {
            (state.emulator.screen().alternate_screen() == shown).then_some(())
        });
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.wait("", |state| Some(state.emulator.screen().contents()))
    }

    /// Presses keys, separated by blanks: characters, or `Enter`, `Esc`, `Tab`, `Down`, `F8`, `C-s`,
    /// `A-c`. `Esc` is unmistakable, as terminals send it that disambiguate keys: the bare byte
    /// together with the next key would be that key with Alt. [`press_bare_escape`] sends that one.
    ///
    /// [`press_bare_escape`]: Self::press_bare_escape
    pub fn press(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            let (control, alt);
            let bytes: &[u8] = match key {
                "Enter" => b"\r",
                "Esc" => b"\x1b[27u",
                "Tab" => b"\t",
                "Space" => b" ",
                "Backspace" => b"\x7f",
                "Up" => b"\x1b[A",
                "Down" => b"\x1b[B",
                "Left" => b"\x1b[D",
                "Home" => b"\x1b[H",
                "End" => b"\x1b[F",
                "F2" => b"\x1bOQ",
                "F4" => b"\x1bOS",
                "F5" => b"\x1b[15~",
                "F6" => b"\x1b[17~",
                "F7" => b"\x1b[18~",
                "F8" => b"\x1b[19~",
                "F9" => b"\x1b[20~",
                "F12" => b"\x1b[24~",
                _ => match key.strip_prefix("C-").and_then(|rest| rest.bytes().next()) {
                    Some(letter) => {
                        control = [letter & 0x1f];
                        &control
                    }
                    None => match key.strip_prefix("A-").and_then(|rest| rest.bytes().next()) {
                        Some(letter) => {
                            alt = [0x1b, letter];
                            &alt
                        }
                        None => key.as_bytes(),
                    },
                },
            };
            self.send(bytes);
        }
    }

    /// Presses Esc, as most terminals send it. Nothing may be pressed before its effect is seen.
    pub fn press_bare_escape(&mut self) {
        self.send(b"\x1b");
    }

    /// Puts a text in, as a terminal does that was asked to say what is pasted.
    pub fn paste(&mut self, text: &str) {
        self.send(format!("\x1b[200~{text}\x1b[201~").as_bytes());
    }

    /// Clicks on a cell: column and row from 0.
    pub fn click(&mut self, (column, row): (u16, u16)) {
        let (column, row) = (column + 1, row + 1);
        self.send(format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m").as_bytes());
    }

    /// Turns the wheel down over a cell by one notch.
    pub fn wheel_down(&mut self, (column, row): (u16, u16)) {
        self.send(format!("\x1b[<65;{};{}M", column + 1, row + 1).as_bytes());
    }

    /// The cell where this begins, column and row from 0, once it is on the screen.
    pub fn place_of(&self, part: &str) -> (u16, u16) {
        let text = self.wait_for(&[part]);
        let found = text.lines().zip(0..).find_map(|(line, row)| {
            let before = line.split(part).next().filter(|before| *before != line)?;
            Some((before.chars().count(), row))
        });
        let (column, row) = found.expect("it is in one line");
        (u16::try_from(column).expect("it is on the screen"), row)
    }

    /// Types a text; the end of a line is the key Enter.
    pub fn type_text(&mut self, text: &str) {
        self.send(text.replace('\n', "\r").as_bytes());
    }

    fn send(&mut self, bytes: &[u8]) {
        let sent = self.keyboard.write_all(bytes);
        sent.and_then(|()| self.keyboard.flush())
            .expect("the terminal takes keys");
    }

    /// Gives the terminal another size, as a window manager does; also none at all.
    pub fn resize(&mut self, size: Size) {
        let (columns, rows) = size;
        if let Some(state) = self.state().as_mut() {
            let screen = state.emulator.screen_mut();
            // What shows it has a cell at least.
            screen.set_size(positive(rows.max(1)), positive(columns.max(1)));
        }
        self.master.resize(pty_size(size)).expect("another size");
    }

    /// Sends the program a signal, by its name without `SIG`.
    pub fn signal(&self, name: &str) {
        let process = self.child.process_id().expect("the program runs");
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(process.to_string())
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits until the program has ended; gives how, and everything that it wrote.
    pub fn wait_for_exit(&mut self) -> (ExitStatus, String) {
        let bytes = self.wait("the end of the program", |state| {
            state.closed.then(|| state.bytes.clone())
        });
        let status = self.child.wait().expect("the program has ended");
        self.ended = true;
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Whether the line discipline is as it was before the program started.
    pub fn is_cooked(&self) -> bool {
        discipline(&*self.master) == self.before
    }

    /// Asserts that nothing of a dashboard is left in the terminal.
    pub fn assert_restored(&self) {
        assert!(self.is_cooked(), "raw mode was not left");
        self.wait("", |state| {
            let text = String::from_utf8_lossy(&state.bytes);
            // Cursor, alternate screen, bracketed paste, mouse, frames: what was said last counts.
            for (mode, on, at_rest) in [
                ("25", 'l', 'h'),
                ("1049", 'h', 'l'),
                ("2004", 'h', 'l'),
                ("1000", 'h', 'l'),
                ("1003", 'h', 'l'),
                ("2026", 'h', 'l'),
            ] {
                let last = |end| text.rfind(&format!("\x1b[?{mode}{end}"));
                assert!(
                    last(on) <= last(at_rest),
                    "mode {mode} was not restored:\n{text:?}"
                );
            }
            let screen = state.emulator.screen();
            assert!(!screen.alternate_screen() && !screen.hide_cursor());
            Some(())
        });
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if !self.ended {
            // Ended already, perhaps.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking()
            && let Ok(state) = self.shown.state.lock()
            && let Some(state) = state.as_ref()
        {
            let screen = state.emulator.screen().contents();
            eprintln!("---- last seen in the terminal\n{screen}");
        }
    }
}

fn pty_size((columns, rows): Size) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn positive(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has columns and rows")
}

/// The line discipline, in a form that can be compared.
fn discipline(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a line discipline"))
}
