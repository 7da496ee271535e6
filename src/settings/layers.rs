//! Merging the layers of settings.

use super::schema::{ContextSettings, Settings};
use regex::Regex;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Prefix of the environment variables.
const ENVIRONMENT: &str = "KUBECHIME_";

/// Why settings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file can't be read.
    #[error("the settings file {path} can't be read: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The file is not valid.
    #[error("the settings file {path} is not valid: {cause}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        cause: String,
    },
    /// An environment variable or a flag is not valid.
    #[error("{origin}: {cause}")]
    Value {
        /// Where the value comes from.
        origin: String,
        /// What is wrong.
        cause: String,
    },
    /// A pattern in `contexts` is not a regular expression.
    #[error("contexts: '{pattern}' is not a regular expression: {cause}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        cause: String,
    },
}

/// The layers that do not depend on the context.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    file: Map<String, Value>,
    contexts: Vec<(Regex, Map<String, Value>)>,
    environment: Map<String, Value>,
    flags: Map<String, Value>,
}

impl Layers {
    /// Reads the file (none is an empty one) and the environment.
    ///
    /// # Errors
    /// The file or a variable is not valid. Unknown settings are errors too: a misspelt one would
    /// silently not be in force.
    pub fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut layers = Self::default();
        if let Some(path) = file {
            layers.read_file(path)?;
        }
        let mut known = Vec::new();
        list_names(&defaults(), &mut Vec::new(), &mut known);
        for (name, text) in environment {
            let Some(rest) = name.strip_prefix(ENVIRONMENT) else {
                continue;
            };
            if let Some((_, path)) = known.iter().find(|(known, _)| known == rest) {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                put(&mut layers.environment, &path, scalar(&text));
            }
        }
        layers.check("an environment variable", &layers.environment)?;
        Ok(layers)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|cause| SettingsError::Unreadable {
            path: path.to_owned(),
            cause,
        })?;
        let invalid = |cause: String| SettingsError::Invalid {
            path: path.to_owned(),
            cause,
        };
        // Read once into the schema, for errors that name line and column, …
        let text = if text.trim().is_empty() { "{}" } else { &text };
        serde_yaml::from_str::<Settings>(text).map_err(|error| invalid(error.to_string()))?;
        // … and once as a tree, to be merged.
        let tree: Value = serde_yaml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        let Value::Object(mut tree) = tree else {
            return if tree.is_null() {
                Ok(())
            } else {
                Err(invalid("not a mapping".into()))
            };
        };
        if let Some(contexts) = tree.remove("contexts") {
            let contexts: Vec<ContextSettings> =
                serde_json::from_value(contexts).map_err(|error| invalid(error.to_string()))?;
            for context in contexts {
                let whole = format!("^(?:{})$", context.pattern);
                let pattern = Regex::new(&whole).map_err(|error| SettingsError::Pattern {
                    pattern: context.pattern.clone(),
                    cause: error.to_string(),
                })?;
                self.check(&format!("contexts, {}", context.pattern), &context.settings)?;
                self.contexts.push((pattern, context.settings));
            }
        }
        self.file = tree;
        Ok(())
    }

    /// Adds a flag: the setting at this path, in camelCase.
    pub fn flag(&mut self, path: &[&str], value: impl Into<Value>) {
        put(&mut self.flags, path, value.into());
    }

    /// The settings for a context.
    ///
    /// # Errors
    /// A value does not fit its setting.
    pub fn for_context(&self, context: &str) -> Result<Settings, SettingsError> {
        let mut tree = defaults();
        merge(&mut tree, &self.file);
        for (pattern, settings) in &self.contexts {
            if pattern.is_match(context) {
                merge(&mut tree, settings);
            }
        }
        merge(&mut tree, &self.environment);
        merge(&mut tree, &self.flags);
        serde_json::from_value(Value::Object(tree)).map_err(|error| SettingsError::Value {
            origin: "settings".into(),
            cause: error.to_string(),
        })
    }

    fn check(&self, origin: &str, layer: &Map<String, Value>) -> Result<(), SettingsError> {
        let mut tree = defaults();
        merge(&mut tree, layer);
        match serde_json::from_value::<Settings>(Value::Object(tree)) {
            Ok(_) => Ok(()),
            Err(error) => Err(SettingsError::Value {
                origin: origin.to_owned(),
                cause: error.to_string(),
            }),
        }
    }
}

fn defaults() -> Map<String, Value> {
    match serde_json::to_value(Settings::default()) {
        Ok(Value::Object(tree)) => tree,
        _ => Map::new(),
    }
}

/// Lays one tree over another: mappings are merged, everything else is replaced. Where a text is
/// meant, a number is taken as one.
fn merge(under: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (name, value) in over {
        match (under.get_mut(name), value) {
            (Some(Value::Object(under)), Value::Object(over)) => merge(under, over),
            // A text that reads as a number, such as a version, or a namespace of digits.
            (Some(Value::String(text)), Value::Number(number)) => *text = number.to_string(),
            _ => {
                under.insert(name.clone(), value.clone());
            }
        }
    }
}

fn put(tree: &mut Map<String, Value>, path: &[&str], value: Value) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        tree.insert((*name).to_owned(), value);
        return;
    }
    let below = tree
        .entry(*name)
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(below) = below {
        put(below, rest, value);
    }
}

/// Names of environment variables (without prefix) with the settings they stand for:
/// `delivery.firstWait` is `DELIVERY_FIRST_WAIT`.
fn list_names(
    tree: &Map<String, Value>,
    path: &mut Vec<String>,
    names: &mut Vec<(String, Vec<String>)>,
) {
    for (name, value) in tree {
        path.push(name.clone());
        match value {
            Value::Object(below) => list_names(below, path, names),
            _ => {
                let parts: Vec<String> = path.iter().map(|part| upper_snake(part)).collect();
                names.push((parts.join("_"), path.clone()));
            }
        }
        path.pop();
    }
}

fn upper_snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

/// A value from text: what YAML would read, where that is a boolean, a number or a list; a text
/// otherwise.
fn scalar(text: &str) -> Value {
    match serde_yaml::from_str::<Value>(text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            value
        }
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Mode;
    use crate::settings::{FloodGuard, Rate};
    use std::io::Write as _;
    use std::time::Duration;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn environment(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
        let pairs: Vec<(String, String)> = pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        pairs.into_iter()
    }

    #[test]
    fn flag_over_environment_over_context_over_file_over_default() {
        let file = file(
            "configMap: from-file\nsecret: from-file\nmode: dry-run\n\
             delivery: {rounds: 3, firstWait: 2s}\n\
             contexts:\n- match: prod-.*\n  readOnly: true\n  protected: true\n  secret: from-context\n  configMap: from-context\n",
        );
        let mut layers = Layers::read(
            Some(file.path()),
            environment(&[
                ("KUBECHIME_CONFIG_MAP", "from-environment"),
                ("KUBECHIME_DELIVERY_LONGEST_WAIT", "9m"),
                ("KUBECHIME_LEASE_ENABLED", "false"),
                ("KUBECHIME_FLOOD_GUARD", "20"),
                ("KUBECHIME_DELIVERY_RECIPIENT_RATE", "60/m"),
                ("OTHER", "x"),
            ]),
        )
        .unwrap();
        layers.flag(&["mode"], "observe");
        let prod = layers.for_context("prod-eu").unwrap();
        assert_eq!(prod.config_map, "from-environment");
        assert_eq!(prod.secret, "from-context");
        assert_eq!(prod.mode, Mode::Observe);
        assert!(prod.read_only && prod.protected);
        assert!(!prod.lease.enabled);
        assert_eq!(prod.flood_guard, FloodGuard::Above(20));
        assert_eq!(prod.delivery.recipient_rate.0, Rate::parse("60/m").ok());
        assert_eq!(prod.delivery.rounds, 3);
        assert_eq!(prod.delivery.first_wait, Duration::from_secs(2));
        assert_eq!(prod.delivery.longest_wait, Duration::from_secs(540));
        assert_eq!(prod.delivery.concurrency, 16);
        let other = layers.for_context("my-prod-eu").unwrap();
        assert!(!other.read_only, "the pattern is over the whole name");
        assert!(!other.protected);
        assert_eq!(other.secret, "from-file");
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let cases = [
            ("readonly: true\n", "readonly"),
            ("delivery:\n  rounds: many\n", "line 2"),
            ("delivery: {firstWait: 3 parsecs}\n", "duration"),
            ("contexts: [{match: '('}]\n", "regular expression"),
            ("contexts: [{match: a, readOnli: true}]\n", "readOnli"),
        ];
        for (text, part) in cases {
            let file = file(text);
            let error = Layers::read(Some(file.path()), environment(&[]))
                .unwrap_err()
                .to_string();
            assert!(error.contains(part), "{text} -> {error}");
        }
    }

    #[test]
    fn an_empty_file_is_no_settings() {
        for text in ["", "# only a comment\n", "{}\n"] {
            let file = file(text);
            let layers = Layers::read(Some(file.path()), environment(&[])).unwrap();
            assert_eq!(
                layers.for_context("x").unwrap(),
                Settings::default(),
                "{text:?}"
            );
        }
    }

    /// The sample shows every setting at its default: nothing is missing, nothing has another value.
    #[test]
    fn the_example_is_the_default() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let shown: Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(shown, Value::Object(defaults()));
        Layers::read(Some(&path), environment(&[])).unwrap();
    }
}
