//! Settings of deliveries, for all services and for single ones.

use super::rate::RateSetting;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How deliveries are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DeliverySettings {
    /// Deliveries at a time through one service.
    pub concurrency: usize,
    /// How often a delivery is begun anew after an error that may pass, such as no answer, 429 or
    /// 5xx. Each round is the service's own series of tries.
    pub rounds: u32,
    /// Wait before the second round; doubles with each one, shortened by up to a third at random.
    #[serde(with = "super::duration")]
    pub first_wait: Duration,
    /// Longest wait between rounds. A longer Retry-After of the service is honoured.
    #[serde(with = "super::duration")]
    pub longest_wait: Duration,
    /// Given up when it is older than this.
    #[serde(with = "super::duration")]
    pub max_age: Duration,
    /// How long deliveries in flight may go on when the engine stops.
    #[serde(with = "super::duration")]
    pub grace: Duration,
    /// Deliveries of one service that are kept in memory; more of them wait in the history.
    pub queue: usize,
    /// Deliveries through one service in a span of time.
    pub rate: RateSetting,
    /// How many of them may go at once after a pause.
    pub burst: u32,
    /// Deliveries to one recipient of a service in a span of time.
    pub recipient_rate: RateSetting,
    /// How many of them may go at once after a pause.
    pub recipient_burst: u32,
    /// What is different for single services, by name.
    pub services: BTreeMap<String, ServiceDeliverySettings>,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            concurrency: 16,
            rounds: 12,
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(300),
            max_age: Duration::from_secs(3600),
            grace: Duration::from_secs(5),
            queue: 2_000,
            rate: RateSetting(None),
            burst: 1,
            recipient_rate: RateSetting(None),
            recipient_burst: 1,
            services: BTreeMap::new(),
        }
    }
}

impl DeliverySettings {
    /// The settings that hold for a service: what it does not say itself is as for all.
    pub fn of_service(&self, name: &str) -> Self {
        let all = Self {
            services: BTreeMap::new(),
            ..self.clone()
        };
        let Some(own) = self.services.get(name) else {
            return all;
        };
        Self {
            concurrency: own.concurrency.unwrap_or(all.concurrency),
            rounds: own.rounds.unwrap_or(all.rounds),
            first_wait: own.first_wait.unwrap_or(all.first_wait),
            longest_wait: own.longest_wait.unwrap_or(all.longest_wait),
            max_age: own.max_age.unwrap_or(all.max_age),
            queue: own.queue.unwrap_or(all.queue),
            rate: own.rate.unwrap_or(all.rate),
            burst: own.burst.unwrap_or(all.burst),
            recipient_rate: own.recipient_rate.unwrap_or(all.recipient_rate),
            recipient_burst: own.recipient_burst.unwrap_or(all.recipient_burst),
            ..all
        }
    }
}

/// What is different for one service; what is left out is as for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ServiceDeliverySettings {
    /// See [`DeliverySettings::concurrency`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// See [`DeliverySettings::rounds`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds: Option<u32>,
    /// See [`DeliverySettings::first_wait`].
    #[serde(
        with = "super::duration::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub first_wait: Option<Duration>,
    /// See [`DeliverySettings::longest_wait`].
    #[serde(
        with = "super::duration::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub longest_wait: Option<Duration>,
    /// See [`DeliverySettings::max_age`].
    #[serde(
        with = "super::duration::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub max_age: Option<Duration>,
    /// See [`DeliverySettings::queue`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<usize>,
    /// See [`DeliverySettings::rate`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<RateSetting>,
    /// See [`DeliverySettings::burst`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// See [`DeliverySettings::recipient_rate`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_rate: Option<RateSetting>,
    /// See [`DeliverySettings::recipient_burst`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_burst: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Rate;

    #[test]
    fn a_service_says_only_what_is_different() {
        let text = "rounds: 3\nrate: 10/s\nservices:\n  slack: {rate: 1/s, maxAge: 24h}\n  \
                    pager: {rate: \"\", firstWait: 1s}\n";
        let settings: DeliverySettings = serde_yaml::from_str(text).unwrap();
        let slack = settings.of_service("slack");
        assert_eq!(slack.rate.0, Some(Rate::parse("1/s").unwrap()));
        assert_eq!(slack.max_age, Duration::from_secs(24 * 3600));
        assert_eq!((slack.rounds, slack.concurrency), (3, 16));
        let pager = settings.of_service("pager");
        assert_eq!(pager.rate.0, None, "the limit of all is switched off");
        assert_eq!(pager.first_wait, Duration::from_secs(1));
        let other = settings.of_service("other");
        assert_eq!(other.rate.0, Some(Rate::parse("10/s").unwrap()));

        let again = serde_yaml::to_string(&settings).unwrap();
        let again: DeliverySettings = serde_yaml::from_str(&again).unwrap();
        assert_eq!(again, settings);
    }
}
