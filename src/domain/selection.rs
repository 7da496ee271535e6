//! Which of many deliveries are meant: those through a service, to a recipient, of a trigger.

use super::NewDelivery;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which deliveries are meant; the default means all. What is set must be equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Name of the service.
    pub service: Option<String>,
    /// The recipient, as it stands in the destination.
    pub recipient: Option<String>,
    /// Name of the trigger.
    pub trigger: Option<String>,
}

impl Selection {
    /// Whether a delivery is meant.
    pub fn matches(&self, new: &NewDelivery) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
        same(&self.service, &new.destination.service)
            && same(&self.recipient, &new.destination.recipient)
            && same(&self.trigger, &new.trigger)
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = [
            ("service", &self.service),
            ("recipient", &self.recipient),
            ("trigger", &self.trigger),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {value}")))
        .collect();
        if parts.is_empty() {
            f.write_str("all")
        } else {
            f.write_str(&parts.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_says_what_it_means() {
        assert_eq!(Selection::default().to_string(), "all");
        let selection = Selection {
            service: Some("slack".into()),
            trigger: Some("on-ready".into()),
            ..Selection::default()
        };
        assert_eq!(selection.to_string(), "service slack, trigger on-ready");
    }
}
