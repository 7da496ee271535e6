//! How things look: the marks of states, and the styles of a theme.
//!
//! A state always has a glyph and a word; the style only repeats them, so that `mono` loses
//! nothing. The default theme uses the terminal's own 16 colours, which its owner has made
//! readable on his background.

mod file;

pub use file::{Themes, UserTheme};

use super::widgets::text_view::Tone;
use crate::domain::{DeliveryState, Severity};
use crate::engine::RowState;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

/// What a state means, whatever it is a state of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// Nothing to do.
    Idle,
    /// Sent before.
    Already,
    /// Cleared by hand.
    Cleared,
    /// Only rendered.
    DryRun,
    /// Sent.
    Sent,
    /// Under way.
    Waiting,
    /// Could not be evaluated, or leads nowhere.
    Error,
    /// Given up.
    Failed,
    /// May or may not have arrived.
    Unknown,
    /// The configuration was written.
    Applied,
}

impl Mark {
    /// All marks with their glyphs and words, for the help.
    pub const ALL: [Self; 10] = [
        Self::Sent,
        Self::Already,
        Self::Failed,
        Self::Error,
        Self::Waiting,
        Self::Idle,
        Self::DryRun,
        Self::Cleared,
        Self::Unknown,
        Self::Applied,
    ];

    /// The one character of lists.
    pub fn glyph(self) -> &'static str {
        match self {
            Self::Idle => ".",
            Self::Already => "=",
            Self::Cleared => "c",
            Self::DryRun => "d",
            Self::Sent => "+",
            Self::Waiting => "~",
            Self::Error => "!",
            Self::Failed => "x",
            Self::Unknown => "?",
            Self::Applied => "a",
        }
    }

    /// The word, as filters use it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Already => "already-sent",
            Self::Cleared => "cleared",
            Self::DryRun => "dry-run",
            Self::Sent => "sent",
            Self::Waiting => "waiting",
            Self::Error => "error",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Applied => "applied",
        }
    }
}

impl From<RowState> for Mark {
    fn from(state: RowState) -> Self {
        match state {
            RowState::Idle => Self::Idle,
            RowState::AlreadySent => Self::Already,
            RowState::Cleared => Self::Cleared,
            RowState::DryRun => Self::DryRun,
            RowState::Sent => Self::Sent,
            RowState::Waiting => Self::Waiting,
            RowState::Error => Self::Error,
            RowState::Failed => Self::Failed,
        }
    }
}

impl From<DeliveryState> for Mark {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending | DeliveryState::Held => Self::Waiting,
            DeliveryState::Sent => Self::Sent,
            DeliveryState::Failed => Self::Failed,
            DeliveryState::Unknown => Self::Unknown,
            DeliveryState::AlreadySent | DeliveryState::Baseline => Self::Already,
            DeliveryState::DryRun => Self::DryRun,
            DeliveryState::Cleared | DeliveryState::Withdrawn => Self::Cleared,
            DeliveryState::Applied => Self::Applied,
        }
    }
}

/// Which styles to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// The terminal's 16 colours.
    #[default]
    Ansi,
    /// True colours on a dark background.
    Dark,
    /// True colours on a light background.
    Light,
    /// No colour: bold, dim, underline and reverse only.
    Mono,
    /// The user's own with this place in [`Themes`].
    User(usize),
}

impl ThemeName {
    /// All built-in themes.
    pub const ALL: [Self; 4] = [Self::Ansi, Self::Dark, Self::Light, Self::Mono];

    /// Its name in settings and commands; that of a user's own theme is known to [`Themes`].
    pub fn word(self) -> &'static str {
        match self {
            Self::Ansi => "ansi",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Mono => "mono",
            Self::User(_) => "own",
        }
    }

    /// The theme with this [word](Self::word).
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.word() == word)
    }
}

/// Red, green, blue.
type Rgb = (u8, u8, u8);

/// The colours that a true-colour theme is made of.
struct Palette {
    text: Rgb,
    dim: Rgb,
    line: Rgb,
    focus: Rgb,
    row: Rgb,
    mark: Rgb,
    good: Rgb,
    warn: Rgb,
    bad: Rgb,
    hit: Rgb,
    hit_text: Rgb,
}

/// The styles of a theme.
#[derive(Clone, Debug)]
pub struct Theme {
    /// Ordinary text.
    pub text: Style,
    /// Text of less weight: column heads, hints.
    pub dim: Style,
    /// Text of more weight.
    pub strong: Style,
    /// Borders of panes without focus.
    pub border: Style,
    /// Border and title of the pane with focus.
    pub focus: Style,
    /// The selected row of the pane with focus.
    pub selected: Style,
    /// The selected row of other panes.
    pub marked: Style,
    /// Good.
    pub good: Style,
    /// Worth a look.
    pub warn: Style,
    /// Bad.
    pub bad: Style,
    /// Key names in hints.
    pub key: Style,
    /// Text that was searched for.
    pub hit: Style,
    /// Removed lines of a difference.
    pub removed: Style,
    /// Added lines of a difference.
    pub added: Style,
}

impl Theme {
    /// The built-in theme of this name; the default one for a user's own, which [`Themes`] knows.
    pub fn named(name: ThemeName) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let reversed = plain.add_modifier(Modifier::REVERSED);
        match name {
            ThemeName::Ansi | ThemeName::User(_) => Self {
                text: plain,
                dim: plain.fg(Color::DarkGray),
                strong: bold,
                border: plain.fg(Color::DarkGray),
                focus: bold.fg(Color::Cyan),
                selected: reversed,
                marked: bold,
                good: plain.fg(Color::Green),
                warn: plain.fg(Color::Yellow),
                bad: plain.fg(Color::Red),
                key: plain.fg(Color::Cyan),
                hit: plain.fg(Color::Black).bg(Color::Yellow),
                removed: plain.fg(Color::Red),
                added: plain.fg(Color::Green),
            },
            ThemeName::Dark => Self::coloured(&Palette {
                text: (0xd8, 0xde, 0xe9),
                dim: (0x8a, 0x93, 0xa6),
                line: (0x4c, 0x56, 0x6a),
                focus: (0x88, 0xc0, 0xd0),
                row: (0x2e, 0x3a, 0x52),
                mark: (0x26, 0x2f, 0x42),
                good: (0xa3, 0xbe, 0x8c),
                warn: (0xeb, 0xcb, 0x8b),
                bad: (0xf0, 0x71, 0x78),
                hit: (0xeb, 0xcb, 0x8b),
                hit_text: (0x20, 0x24, 0x2e),
            }),
            ThemeName::Light => Self::coloured(&Palette {
                text: (0x24, 0x29, 0x2f),
                dim: (0x5f, 0x68, 0x74),
                line: (0xb0, 0xb8, 0xc2),
                focus: (0x05, 0x50, 0xae),
                row: (0xcf, 0xe3, 0xff),
                mark: (0xe6, 0xee, 0xf8),
                good: (0x1a, 0x7f, 0x37),
                warn: (0x8a, 0x57, 0x00),
                bad: (0xb3, 0x1d, 0x28),
                hit: (0xff, 0xd3, 0x3d),
                hit_text: (0x24, 0x29, 0x2f),
            }),
            ThemeName::Mono => Self {
                text: plain,
                dim: plain.add_modifier(Modifier::DIM),
                strong: bold,
                border: plain.add_modifier(Modifier::DIM),
                focus: bold,
                selected: reversed,
                marked: bold,
                good: plain,
                warn: plain.add_modifier(Modifier::UNDERLINED),
                bad: bold,
                key: bold,
                hit: reversed,
                removed: plain,
                added: bold,
            },
        }
    }

    /// Text colours only, no background but that of rows: the terminal's own shines through.
    fn coloured(palette: &Palette) -> Self {
        let colour = |(red, green, blue): Rgb| Color::Rgb(red, green, blue);
        let fg = |rgb: Rgb| Style::new().fg(colour(rgb));
        let bold = |style: Style| style.add_modifier(Modifier::BOLD);
        Self {
            text: fg(palette.text),
            dim: fg(palette.dim),
            strong: bold(fg(palette.text)),
            border: fg(palette.line),
            focus: bold(fg(palette.focus)),
            selected: bold(Style::new().bg(colour(palette.row))),
            marked: Style::new().bg(colour(palette.mark)),
            good: fg(palette.good),
            warn: fg(palette.warn),
            bad: fg(palette.bad),
            key: fg(palette.focus),
            hit: fg(palette.hit_text).bg(colour(palette.hit)),
            removed: fg(palette.bad),
            added: fg(palette.good),
        }
    }

    /// The style that repeats a mark.
    pub fn mark(&self, mark: Mark) -> Style {
        match mark {
            Mark::Idle | Mark::Already => self.dim,
            Mark::Cleared | Mark::DryRun | Mark::Applied => self.text,
            Mark::Sent => self.good,
            Mark::Waiting | Mark::Error | Mark::Unknown => self.warn,
            Mark::Failed => self.bad,
        }
    }

    /// The style of a tone.
    pub fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => self.text,
            Tone::Strong => self.strong,
            Tone::Dim => self.dim,
            Tone::Good => self.good,
            Tone::Warn => self.warn,
            Tone::Bad => self.bad,
        }
    }

    /// The style that repeats a severity.
    pub fn severity(&self, severity: Severity) -> Style {
        match severity {
            Severity::Info => self.text,
            Severity::Warning => self.warn,
            Severity::Error => self.bad,
        }
    }
}

/// Theme and characters together.
#[derive(Clone, Debug)]
pub struct Look {
    /// Styles.
    pub theme: Theme,
    /// Only ASCII is drawn for lines and bars (text from the cluster stays as it is).
    pub ascii: bool,
}

impl Look {
    /// A look.
    pub fn new(name: ThemeName, ascii: bool) -> Self {
        Self {
            theme: Theme::named(name),
            ascii,
        }
    }

    /// The characters of borders.
    pub fn border(&self) -> border::Set<'static> {
        if self.ascii {
            border::Set {
                top_left: "+",
                top_right: "+",
                bottom_left: "+",
                bottom_right: "+",
                vertical_left: "|",
                vertical_right: "|",
                horizontal_top: "-",
                horizontal_bottom: "-",
            }
        } else {
            border::PLAIN
        }
    }

    /// What stands between the parts of a header line.
    pub fn separator(&self) -> &'static str {
        if self.ascii { " | " } else { " │ " }
    }

    /// The eight heights of a sparkline, lowest first.
    pub fn bars(&self) -> [&'static str; 8] {
        if self.ascii {
            [".", ":", "-", "=", "+", "*", "#", "@"]
        } else {
            ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn marks_are_told_apart_without_colour() {
        let glyphs: HashSet<_> = Mark::ALL.iter().map(|mark| mark.glyph()).collect();
        let words: HashSet<_> = Mark::ALL.iter().map(|mark| mark.word()).collect();
        assert_eq!(glyphs.len(), Mark::ALL.len());
        assert_eq!(words.len(), Mark::ALL.len());
    }

    /// The contrast of two colours, as WCAG counts it.
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let light = |(red, green, blue): Rgb| {
            let part = |value: u8| {
                let value = f64::from(value) / 255.0;
                if value <= 0.04045 {
                    value / 12.92
                } else {
                    ((value + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
        };
        let (a, b) = (light(a) + 0.05, light(b) + 0.05);
        if a > b { a / b } else { b / a }
    }

    #[test]
    fn true_colours_can_be_read_on_their_background_and_on_selected_rows() {
        for (name, background) in [
            (ThemeName::Dark, (0x16, 0x18, 0x20)),
            (ThemeName::Light, (0xff, 0xff, 0xff)),
        ] {
            let theme = Theme::named(name);
            let Some(Color::Rgb(red, green, blue)) = theme.selected.bg else {
                panic!("{name:?} has a colour for the selected row");
            };
            for style in [
                theme.text, theme.dim, theme.good, theme.warn, theme.bad, theme.key,
            ] {
                let Some(Color::Rgb(r, g, b)) = style.fg else {
                    panic!("{name:?} has true colours");
                };
                for behind in [background, (red, green, blue)] {
                    let ratio = contrast((r, g, b), behind);
                    assert!(ratio >= 3.5, "{name:?} {style:?} on {behind:?}: {ratio:.1}");
                }
            }
        }
    }

    #[test]
    fn mono_has_no_colour() {
        let theme = Theme::named(ThemeName::Mono);
        for style in [
            theme.text,
            theme.dim,
            theme.focus,
            theme.selected,
            theme.good,
            theme.warn,
            theme.bad,
            theme.key,
            theme.hit,
            theme.removed,
            theme.added,
        ] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }
}
