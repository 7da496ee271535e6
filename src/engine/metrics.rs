//! The counters that the original exports, under the same names.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct DeliveryLabels {
    trigger: String,
    service: String,
    succeeded: bool,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EvaluationLabels {
    name: String,
    triggered: bool,
}

/// Counts deliveries and evaluations. Cheap to clone; clones count into the same series.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    deliveries: Family<DeliveryLabels, Counter>,
    evaluations: Family<EvaluationLabels, Counter>,
}

impl Metrics {
    /// Counters registered under `<prefix>_notifications_deliveries_total` and
    /// `<prefix>_notifications_trigger_eval_total`; with an empty prefix the names begin with `_`,
    /// as the original's do.
    pub fn register(registry: &mut Registry, prefix: &str) -> Self {
        let metrics = Self::default();
        registry.register(
            format!("{prefix}_notifications_deliveries"),
            "Number of delivered notifications",
            metrics.deliveries.clone(),
        );
        registry.register(
            format!("{prefix}_notifications_trigger_eval"),
            "Number of trigger evaluations",
            metrics.evaluations.clone(),
        );
        metrics
    }

    /// A delivery ended.
    pub fn delivered(&self, trigger: &str, service: &str, succeeded: bool) {
        let labels = DeliveryLabels {
            trigger: trigger.to_owned(),
            service: service.to_owned(),
            succeeded,
        };
        self.deliveries.get_or_create(&labels).inc();
    }

    /// A condition was evaluated.
    pub fn evaluated(&self, trigger: &str, triggered: bool) {
        let labels = EvaluationLabels {
            name: trigger.to_owned(),
            triggered,
        };
        self.evaluations.get_or_create(&labels).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_the_names_of_the_original() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry, "argocd");
        metrics.delivered("on-a", "webhook", true);
        metrics.evaluated("on-a", false);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "argocd_notifications_deliveries_total{trigger=\"on-a\",service=\"webhook\",succeeded=\"true\"} 1",
            "argocd_notifications_trigger_eval_total{name=\"on-a\",triggered=\"false\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
