//! From the settings of deliveries to the options of the engine.

use crate::engine::{DeliveryOptions, Guard, LaneOptions, Limit};
use crate::settings::{DeliverySettings, FloodGuard, RateSetting, Settings, USUAL_GUARD};

/// The options. `attended` says that somebody can be asked what to do: a dashboard.
pub(super) fn delivery_options(settings: &Settings, attended: bool) -> DeliveryOptions {
    let delivery = &settings.delivery;
    let own = |name: &String| (name.clone(), lane(&delivery.of_service(name)));
    DeliveryOptions {
        usual: lane(delivery),
        services: delivery.services.keys().map(own).collect(),
        grace: delivery.grace,
        guard: match settings.flood_guard {
            FloodGuard::Off => Guard::Off,
            FloodGuard::Auto if attended => Guard::Hold(USUAL_GUARD),
            FloodGuard::Auto => Guard::Warn(USUAL_GUARD),
            FloodGuard::Above(number) => Guard::Hold(number),
        },
        baseline: settings.baseline,
    }
}

fn lane(settings: &DeliverySettings) -> LaneOptions {
    LaneOptions {
        concurrency: settings.concurrency,
        queue: settings.queue,
        rounds: settings.rounds,
        first_wait: settings.first_wait,
        longest_wait: settings.longest_wait,
        max_age: settings.max_age,
        limit: limit(settings.rate, settings.burst),
        recipient_limit: limit(settings.recipient_rate, settings.recipient_burst),
    }
}

fn limit(rate: RateSetting, burst: u32) -> Option<Limit> {
    rate.0.map(|rate| Limit {
        interval: rate.interval(),
        burst: burst.max(1),
    })
}
