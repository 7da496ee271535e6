//! Themes of the user's own: files that change the styles of a built-in theme, role by role.

use super::{Theme, ThemeName};
use ratatui::style::{Color, Modifier, Style};
use serde::de::{Deserialize, Deserializer, Visitor};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A theme of the user's own.
#[derive(Clone, Debug)]
pub struct UserTheme {
    /// Its name: that of its file without the ending.
    pub name: String,
    /// Its styles.
    pub theme: Theme,
}

/// The user's own themes, by name.
#[derive(Clone, Debug, Default)]
pub struct Themes(Vec<UserTheme>);

impl Themes {
    /// Reads all files `NAME.yaml` (or `.yml`) of a directory, with what is wrong with them, one
    /// sentence each. A directory that is not there has none.
    pub fn read(directory: &Path) -> (Self, Vec<String>) {
        let (mut themes, mut problems) = (Vec::new(), Vec::new());
        let mut paths: Vec<_> = std::fs::read_dir(directory)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        paths.sort();
        for path in paths {
            let ending = path.extension().and_then(|ending| ending.to_str());
            let name = path.file_stem().and_then(|name| name.to_str());
            let (Some("yaml" | "yml"), Some(name)) = (ending, name) else {
                continue;
            };
            let shown = path.display();
            if ThemeName::from_word(name).is_some() || name == "auto" {
                problems.push(format!("{shown}: '{name}' is the name of a built-in theme"));
                continue;
            }
            let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
            match text.and_then(|text| parse(&text)) {
                Ok(theme) => themes.push(UserTheme {
                    name: name.to_owned(),
                    theme,
                }),
                Err(problem) => problems.push(format!("theme {shown}: {problem}")),
            }
        }
        (Self(themes), problems)
    }

    /// The theme of this name, built in or the user's; `None` when there is none.
    pub fn find(&self, word: &str) -> Option<ThemeName> {
        let own = || self.0.iter().position(|theme| theme.name == word);
        ThemeName::from_word(word).or_else(|| own().map(ThemeName::User))
    }

    /// The name of a theme.
    pub fn word(&self, name: ThemeName) -> &str {
        match name {
            ThemeName::User(place) => self.0.get(place).map_or("", |theme| &theme.name),
            built_in => built_in.word(),
        }
    }

    /// Built-in ones, then the user's.
    pub fn all(&self) -> impl Iterator<Item = ThemeName> {
        let own = (0..self.0.len()).map(ThemeName::User);
        ThemeName::ALL.into_iter().chain(own)
    }

    /// The styles of a theme.
    pub fn styles(&self, name: ThemeName) -> Theme {
        match name {
            ThemeName::User(place) => match self.0.get(place) {
                Some(own) => own.theme.clone(),
                None => Theme::named(ThemeName::default()),
            },
            built_in => Theme::named(built_in),
        }
    }
}

/// A theme's file.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    base: Base,
    styles: Roles,
}

/// The built-in theme that a file changes.
#[derive(Debug, Default)]
struct Base(ThemeName);

impl<'de> Deserialize<'de> for Base {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(|word| {
            let names = ThemeName::ALL.map(ThemeName::word).join(", ");
            let named = ThemeName::from_word(word).map(Self);
            named.ok_or_else(|| format!("no built-in theme '{word}': {names}"))
        }))
    }
}

/// Reads a scalar; what is wrong with it is told by the reader with its place.
struct Text<T>(fn(&str) -> Result<T, String>);

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

/// A style as it is written: `bold #88c0d0 on black`.
#[derive(Debug)]
struct Written(Style);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(|text| style(text).map(Self)))
    }
}

macro_rules! roles {
    ($($role:ident),* $(,)?) => {
        /// The roles that a file may give another style.
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        struct Roles {
            $($role: Option<Written>,)*
        }

        impl Roles {
            fn change(self, theme: &mut Theme) {
                $(if let Some(Written(style)) = self.$role {
                    theme.$role = style;
                })*
            }
        }

        /// Names of the roles, for the tests.
        #[cfg(test)]
        const ROLES: &[&str] = &[$(stringify!($role)),*];
    };
}

roles!(
    text, dim, strong, border, focus, selected, marked, good, warn, bad, key, hit, removed, added,
);

/// Reads a file: what is wrong with it is said with line and column.
fn parse(text: &str) -> Result<Theme, String> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let file: File = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    let mut theme = Theme::named(file.base.0);
    file.styles.change(&mut theme);
    Ok(theme)
}

/// Reads a style: attributes, a colour, and `on` a colour, separated by blanks.
fn style(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut words = text.split_whitespace();
    let mut colour_given = false;
    while let Some(word) = words.next() {
        let attribute = match word {
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underlined" => Modifier::UNDERLINED,
            "reversed" => Modifier::REVERSED,
            "on" => {
                let word = words
                    .next()
                    .ok_or("a colour must follow 'on'; what has a # needs quotes")?;
                style = style.bg(colour(word)?);
                continue;
            }
            "plain" => continue,
            _ if colour_given => return Err(format!("'{word}': one colour is enough")),
            _ => {
                colour_given = true;
                style = style.fg(colour(word)?);
                continue;
            }
        };
        style = style.add_modifier(attribute);
    }
    Ok(style)
}

fn colour(word: &str) -> Result<Color, String> {
    if word == "default" {
        return Ok(Color::Reset);
    }
    // Names of the 16 colours, 0 to 255, and #rrggbb.
    Color::from_str(word).map_err(|_| {
        format!(
            "'{word}' is no colour: write #rrggbb, 0 to 255, default, or a name such as red or \
             light-blue; or one of bold, dim, italic, underlined, reversed"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_roles_of_its_base_and_nothing_else() {
        let text =
            "base: dark\nstyles:\n  text: \"#010203\"\n  selected: bold on 17\n  bad: light-red\n";
        let theme = parse(text).unwrap();
        let dark = Theme::named(ThemeName::Dark);
        assert_eq!(theme.text, Style::new().fg(Color::Rgb(1, 2, 3)));
        let selected = Style::new().bg(Color::Indexed(17));
        assert_eq!(theme.selected, selected.add_modifier(Modifier::BOLD));
        assert_eq!(theme.bad.fg, Some(Color::LightRed));
        assert_eq!((theme.good, theme.dim), (dark.good, dark.dim));
        assert_eq!(parse("").unwrap().text, Theme::named(ThemeName::Ansi).text);
    }

    #[test]
    fn every_role_can_be_changed() {
        for role in ROLES {
            let theme = parse(&format!("styles: {{{role}: underlined 99}}")).unwrap();
            let debug = format!("{theme:?}");
            assert!(debug.contains("Indexed(99)"), "{role}: {debug}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, parts) in [
            ("base: night\n", ["'night'", "line 1"]),
            ("base: dark\nstyles:\n  txt: red\n", ["txt", "line 3"]),
            ("styles:\n  dim: red\n  bad: rde\n", ["'rde'", "line 3"]),
            ("styles:\n  bad: red green\n", ["'green'", "line 2"]),
            ("styles:\n  bad: on\n", ["follow 'on'", "line 2"]),
            ("styles: [\n", ["line 1", "column"]),
        ] {
            let error = parse(text).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "{text}: {error}");
            }
        }
    }

    #[test]
    fn a_directory_is_read_and_its_bad_files_are_told() {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("b.yaml", "base: light\n"),
            ("a.yml", "styles: {good: 2}\n"),
            ("mono.yaml", ""),
            ("broken.yaml", "base: [\n"),
            ("notes.txt", "base: ["),
        ] {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let (themes, problems) = Themes::read(directory.path());
        let names: Vec<&str> = themes.all().map(|name| themes.word(name)).collect();
        assert_eq!(names, ["ansi", "dark", "light", "mono", "a", "b"]);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("broken.yaml") && problems[0].contains("line"));
        assert!(problems[1].contains("mono.yaml"), "{problems:?}");
        let light = themes.styles(themes.find("b").unwrap());
        assert_eq!(light.text, Theme::named(ThemeName::Light).text);
        assert_eq!(themes.find("c"), None);
        assert!(Themes::read(&directory.path().join("absent")).1.is_empty());
    }
}
