//! The texts of a ConfigMap as they may be kept outside the cluster.
//!
//! Secrets belong into the Secret, but nothing keeps people from writing them into a service's
//! options. What is recorded of a ConfigMap goes through here first.

use super::{Catalog, KeyState};
use crate::domain::MASK;
use std::collections::BTreeMap;

impl Catalog {
    /// The texts with the secrets of service options masked: those that the configured service
    /// knows. Of a service that could not be made from its text nothing is known, so that all of its
    /// text is masked. The texts are those that this catalog was built from, or another version of
    /// them.
    pub fn without_secrets(&self, data: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        data.iter()
            .map(|(key, text)| (key.clone(), self.masked(key, text)))
            .collect()
    }

    fn masked(&self, key: &str, text: &str) -> String {
        if !key.starts_with("service.") {
            return text.to_owned();
        }
        let sound = self
            .keys
            .get(key)
            .is_some_and(|status| matches!(status.state, KeyState::Ok | KeyState::Warning));
        let entry = self.services.values().find(|entry| entry.key == key);
        match entry.filter(|_| sound) {
            Some(entry) => entry.service.masker().mask(text).into_owned(),
            None => format!("{MASK}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ConfigSource;

    #[test]
    fn only_what_may_be_seen_is_left() {
        let data = BTreeMap::from(
            [
                ("service.telegram", "token: 'literal-secret'\n"),
                ("service.webhook.broken", "url: ['other-secret'\n"),
                ("template.a", "message: literal-secret\n"),
            ]
            .map(|(key, text)| (key.to_owned(), text.to_owned())),
        );
        let source = ConfigSource {
            data: data.clone(),
            ..ConfigSource::default()
        };
        let catalog = Catalog::build(&source, None, &Catalog::default().options());
        let kept = catalog.without_secrets(&data);
        assert_eq!(kept["service.telegram"], "token: '********'\n");
        assert_eq!(kept["service.webhook.broken"], "********\n");
        // Not an option of a service: it was never said to be secret.
        assert_eq!(kept["template.a"], data["template.a"]);
    }
}
