//! Our own settings: what they are, where they come from, where files are kept.
//!
//! A setting comes from, in this order of precedence: a flag, an environment variable
//! (`KUBECHIME_…`), the entry for the kubeconfig context in the settings file, the settings file, the
//! default. All layers are trees of the same shape, merged before they are read, so every setting
//! can come from every layer.

mod delivery;
mod duration;
mod flood;
mod layers;
mod paths;
mod rate;
mod schema;

pub use delivery::{DeliverySettings, ServiceDeliverySettings};
pub use flood::{FloodGuard, USUAL_GUARD};
pub use layers::{Layers, SettingsError};
pub use paths::Paths;
pub use rate::{Rate, RateSetting};
pub use schema::{
    ContextSettings, EditorKeys, EditorSettings, HistorySettings, LeaseSettings, LogSettings,
    LogStyle, MetricsSettings, OnStateLost, Settings, UiSettings, WatchSettings,
};
