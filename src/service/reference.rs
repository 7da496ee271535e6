//! What each service type takes, in words: its options, the fields of its template section, its
//! recipients, an example. Each service's file has its own; the documentation, the findings of
//! `check` and the editor's completion are made from them. What a service does with the values is
//! not here, and a test holds the names against those that are decoded.

use super::{console, registry};
use crate::domain::{Position, nearest};
use crate::yaml::{Content, Node};

/// All there is to know about a service type for somebody who configures it.
#[derive(Debug)]
pub struct Reference {
    /// The product's name: `Slack`.
    pub title: &'static str,
    /// What it is and what is sent, in one or two sentences.
    pub summary: &'static str,
    /// What a recipient is, with its forms.
    pub recipient: &'static str,
    /// A recipient that could be one.
    pub recipient_example: &'static str,
    /// Its own options.
    pub options: &'static [Field],
    /// Whether it takes the [`TRANSPORT`] options, too.
    pub transport: bool,
    /// Fields of the template's section; empty when only the message is sent.
    pub fields: &'static [Field],
    /// The part of a ConfigMap that has a service of this type and a template for it, from the line
    /// `data:` on. Secrets stand in it as `$name`.
    pub example: &'static str,
    /// What else is good to know, a sentence or two each.
    pub notes: &'static [&'static str],
}

/// An option, or a field of a template section.
///
/// The name is a path where it is within another: `basicAuth.password`, `headers[].name` in the
/// items of a list, `<name>.body` in a map with keys of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// As in the YAML.
    pub name: &'static str,
    /// What kind of value: `string`, `bool`, `integer`, `duration`, `list of strings`,
    /// `map of strings`, …; `template` and `map of templates` for texts that are rendered.
    pub shape: &'static str,
    /// Nothing can be sent without it.
    pub required: bool,
    /// What it means, its default, and what to write.
    pub text: &'static str,
}

/// A [`Field`] that may be left out.
pub(super) const fn optional(name: &'static str, shape: &'static str, text: &'static str) -> Field {
    Field {
        name,
        shape,
        required: false,
        text,
    }
}

/// A [`Field`] without which nothing can be sent.
pub(super) const fn required(name: &'static str, shape: &'static str, text: &'static str) -> Field {
    Field {
        name,
        shape,
        required: true,
        text,
    }
}

/// The options that all HTTP services take beside their own.
pub const TRANSPORT: &[Field] = &[
    optional(
        "insecureSkipVerify",
        "bool",
        "Do not verify the server's certificate. Wins over `caCertificates`. Default: `false`.",
    ),
    optional(
        "caCertificates",
        "string",
        "PEM certificates that are the only trusted roots for this service. Default: those of the \
         system.",
    ),
    optional(
        "connectTimeout",
        "duration",
        "Until the connection stands, TLS included. Default: `10s`.",
    ),
    optional(
        "requestTimeout",
        "duration",
        "Until the answer has been read. Default: `30s`.",
    ),
    optional(
        "idleConnTimeout",
        "duration",
        "How long an idle connection is kept. Default: `90s`.",
    ),
    optional(
        "maxIdleConnsPerHost",
        "integer",
        "Idle connections that are kept per host. Default: `0`, as many as there were.",
    ),
    optional(
        "maxConnsPerHost",
        "integer",
        "Connections per host at a time; further deliveries wait. Default: `0`, no limit.",
    ),
    optional(
        "maxIdleConns",
        "integer",
        "Accepted for compatibility; has no effect, as a service has one host, as a rule.",
    ),
];

impl Reference {
    /// The service's own options and those of the transport, in the order of the documentation.
    pub fn all_options(&self) -> impl Iterator<Item = &'static Field> + use<> {
        let transport: &[Field] = if self.transport { TRANSPORT } else { &[] };
        self.options.iter().chain(transport)
    }

    /// The keys in these options that are none: they are left out silently when the service is
    /// made.
    pub fn unknown_options(&self, options: &Node) -> Vec<UnknownKey> {
        let known: Vec<&'static Field> = self.all_options().collect();
        unknown(&known, options)
    }

    /// The keys in this section of a template that are no fields of it.
    pub fn unknown_fields(&self, section: &Node) -> Vec<UnknownKey> {
        let known: Vec<&'static Field> = self.fields.iter().collect();
        unknown(&known, section)
    }

    /// The options without which nothing can be sent and that are not there, or empty.
    pub fn missing_options(&self, options: &Node) -> impl Iterator<Item = &'static Field> {
        missing(self.options, options)
    }

    /// The fields without which nothing can be sent and that are not in this section, or empty.
    pub fn missing_fields(&self, section: &Node) -> impl Iterator<Item = &'static Field> {
        missing(self.fields, section)
    }
}

/// A key in options or in a section of a template that the service does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// Where it stands, by the names above it: `basicAuth.user`.
    pub path: String,
    /// Its place in the YAML text.
    pub position: Position,
    /// The known name that was probably meant.
    pub near: Option<&'static str>,
    /// The names that are known in its place.
    pub known: Vec<&'static str>,
}

/// Looks for unknown keys at all levels that the fields describe.
fn unknown(fields: &[&'static Field], node: &Node) -> Vec<UnknownKey> {
    let mut found = Vec::new();
    walk(fields, node, "", "", &mut found);
    found
}

/// `prefix` is the part of the fields' names that leads here, `path` the same with the keys that
/// stand in the text.
fn walk(
    fields: &[&'static Field],
    node: &Node,
    prefix: &str,
    path: &str,
    found: &mut Vec<UnknownKey>,
) {
    match &node.content {
        Content::Scalar(_) => {}
        Content::Sequence(items) => {
            // The list's own prefix ends in a dot, that of its items in `[].`.
            let items_prefix = format!("{}[].", prefix.trim_end_matches('.'));
            for item in items {
                walk(fields, item, &items_prefix, path, found);
            }
        }
        Content::Mapping(entries) => {
            let mut known: Vec<&'static str> = Vec::new();
            for field in fields {
                let Some(rest) = field.name.strip_prefix(prefix) else {
                    continue;
                };
                let name = rest.split(['.', '[']).next().unwrap_or(rest);
                if !name.is_empty() && !known.contains(&name) {
                    known.push(name);
                }
            }
            if known.is_empty() {
                return;
            }
            let any = known.iter().find(|name| name.starts_with('<'));
            for entry in entries {
                let key = entry.key.to_text().unwrap_or_default();
                let same = known.iter().find(|name| name.eq_ignore_ascii_case(&key));
                match same.or(any) {
                    Some(name) => {
                        let (prefix, path) = (format!("{prefix}{name}."), format!("{path}{key}."));
                        walk(fields, &entry.value, &prefix, &path, found);
                    }
                    None => found.push(UnknownKey {
                        path: format!("{path}{key}"),
                        position: entry.key.position,
                        near: nearest(&key, known.iter().copied()),
                        known: known.clone(),
                    }),
                }
            }
        }
    }
}

/// The required fields of the first level, and those deeper whose record is there.
fn missing<'n>(
    fields: &'static [Field],
    node: &'n Node,
) -> impl Iterator<Item = &'static Field> + use<'n> {
    let lacks = move |field: &&'static Field| {
        let mut parts = field.name.split('.').peekable();
        let mut at = node;
        while let Some(part) = parts.next() {
            // Lists and maps with keys of one's own have as many of it as there are items.
            if part.ends_with("[]") || part.starts_with('<') {
                return false;
            }
            match at.get(part) {
                Some(member) if parts.peek().is_some() => at = member,
                Some(member) => return is_empty(member),
                None => return parts.peek().is_none(),
            }
        }
        false
    };
    fields.iter().filter(|field| field.required).filter(lacks)
}

fn is_empty(node: &Node) -> bool {
    match &node.content {
        Content::Scalar(_) => node.to_text().is_none_or(|text| text.trim().is_empty()),
        Content::Sequence(items) => items.is_empty(),
        Content::Mapping(entries) => entries.is_empty(),
    }
}

/// The reference of a service type; `None` for a type that does not exist or was left out of this
/// build. The console has one, too, although it cannot be configured.
pub fn reference(service_type: &str) -> Option<&'static Reference> {
    if service_type == console::TYPE {
        return Some(&console::REFERENCE);
    }
    let known = registry::TYPES
        .iter()
        .find(|known| known.name == service_type);
    known.map(|known| known.reference)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{NotificationTemplate, ServiceContext, build};
    use crate::yaml::{self, record};
    use std::collections::BTreeSet;

    /// A value of this shape.
    fn sample(shape: &str) -> String {
        let has = |word: &str| shape.contains(word);
        if shape.starts_with("list") {
            "[x]".into()
        } else if shape.starts_with("map") {
            "{k: x}".into()
        } else if has("bool") {
            "true".into()
        } else if has("integer") || has("number") {
            "1".into()
        } else if has("duration") {
            "1s".into()
        } else {
            "x".into()
        }
    }

    /// A mapping with all the fields that lead on from `prefix`, in flow style.
    fn samples(fields: &[&'static Field], prefix: &str) -> String {
        let mut members: Vec<(String, String)> = Vec::new();
        for field in fields {
            let Some(rest) = field.name.strip_prefix(prefix) else {
                continue;
            };
            let name = rest.split(['.', '[']).next().unwrap_or(rest);
            if name.is_empty() || members.iter().any(|(known, _)| known == name) {
                continue;
            }
            let leads_to = |mark: &str| {
                let deeper = format!("{prefix}{name}{mark}");
                let leads = fields.iter().any(|field| field.name.starts_with(&deeper));
                leads.then_some(deeper)
            };
            let value = if let Some(deeper) = leads_to("[].") {
                format!("[{}]", samples(fields, &deeper))
            } else if let Some(deeper) = leads_to(".") {
                samples(fields, &deeper)
            } else {
                sample(field.shape)
            };
            members.push((name.to_owned(), value));
        }
        let members: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("\"{name}\": {value}"))
            .collect();
        format!("{{{}}}", members.join(", "))
    }

    /// The decoder leaves list items and keys of one's own out of its paths.
    fn plain(name: &str) -> String {
        let parts = name.split('.').map(|part| part.trim_end_matches("[]"));
        let named: Vec<&str> = parts.filter(|part| !part.starts_with('<')).collect();
        named.join(".")
    }

    fn names(fields: &[&'static Field]) -> BTreeSet<String> {
        let names = fields.iter().map(|field| plain(field.name));
        names.filter(|name| !name.is_empty()).collect()
    }

    /// What was decoded, as names of fields, without the structs of these names.
    fn asked(decoded: &[record::Decoded], without: &[&str]) -> BTreeSet<String> {
        let ours = decoded
            .iter()
            .filter(|one| !without.contains(&one.structure));
        ours.flat_map(|one| {
            one.fields.iter().map(|field| match one.path.as_str() {
                "" => (*field).to_owned(),
                path => format!("{path}.{field}"),
            })
        })
        .collect()
    }

    const TRANSPORT_OPTIONS: &str = "http.TransportOptions";

    #[test]
    fn options_are_those_that_are_decoded() {
        for known in registry::TYPES {
            let reference = known.reference;
            let fields: Vec<&'static Field> = reference.all_options().collect();
            let text = samples(&fields, "");
            let node = yaml::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let mut result = None;
            let decoded = record::decoded(|| {
                result = Some(build(known.name, "t", &node, &ServiceContext::default()));
            });
            let own: Vec<&'static Field> = reference.options.iter().collect();
            let what = format!("{}: {text}: {result:?}", known.name);
            assert_eq!(names(&own), asked(&decoded, &[TRANSPORT_OPTIONS]), "{what}");
            let transport: Vec<_> = decoded
                .into_iter()
                .filter(|one| one.structure == TRANSPORT_OPTIONS)
                .collect();
            if reference.transport {
                let expected = names(&TRANSPORT.iter().collect::<Vec<_>>());
                assert_eq!(expected, asked(&transport, &[]), "{what}");
            } else {
                assert_eq!(transport, [], "{what}");
            }
        }
    }

    #[test]
    fn fields_are_those_that_are_decoded() {
        for known in registry::TYPES {
            let fields: Vec<&'static Field> = known.reference.fields.iter().collect();
            let text = format!("{}: {}", known.name, samples(&fields, ""));
            let node = yaml::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let mut result = None;
            let decoded = record::decoded(|| {
                result = Some(NotificationTemplate::compile("t", &node).map(|_| ()));
            });
            let found = asked(&decoded, &["services.Notification"]);
            assert_eq!(names(&fields), found, "{text}: {result:?}");
        }
    }

    #[test]
    fn unknown_keys_are_found_at_every_level() {
        let reference = reference("webhook").expect("is known");
        let node = yaml::parse(
            "URL: x\nhedders: []\nheaders: [{name: a, valu: b}]\nbasicAuth: {user: a}\n",
        );
        let found = reference.unknown_options(&node.expect("is YAML"));
        let shown: Vec<_> = found
            .iter()
            .map(|key| (key.path.as_str(), key.position.line, key.near))
            .collect();
        assert_eq!(
            shown,
            [
                ("hedders", 2, Some("headers")),
                ("headers.valu", 3, Some("value")),
                ("basicAuth.user", 4, None),
            ]
        );
        assert_eq!(found[2].known, ["username", "password"]);
        let node = yaml::parse("ci: {method: GET, boddy: x}\nother: {}");
        let found = reference.unknown_fields(&node.expect("is YAML"));
        assert_eq!(found.len(), 1);
        assert_eq!((&*found[0].path, found[0].near), ("ci.boddy", Some("body")));
    }

    #[test]
    fn what_is_required_is_missed() {
        let reference = reference("mattermost").expect("is known");
        for (text, missed) in [
            ("{}", vec!["apiURL", "token"]),
            ("apiurl: x\ntoken: ' '", vec!["token"]),
            ("apiURL: x\ntoken: $t", vec![]),
        ] {
            let node = yaml::parse(text).expect("is YAML");
            let names: Vec<_> = reference
                .missing_options(&node)
                .map(|field| field.name)
                .collect();
            assert_eq!(names, missed, "{text}");
        }
    }
}
