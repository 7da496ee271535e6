//! The configuration in force: ConfigMap and Secret, read into a [`Catalog`].
//!
//! [`Catalog::build`] never fails. Every key stands alone: one that can't be read is reported with
//! its place, and its last good version stays in force while everything else is as written. The
//! catalog also answers who is to be told about an object ([`Catalog::destinations`]) and which
//! parts of objects the conditions read. It evaluates nothing, sends nothing and watches nothing:
//! the engine does, and `check`, `preview` and the editor read the same catalog.

mod annotation;
mod build;
mod contents;
mod defaults;
mod destinations;
mod diff;
mod edit;
mod key;
mod lint;
mod ownership;
mod selector;
mod service;
mod source;
mod status;
mod subscription_list;
mod summary;
mod template;
mod text;
mod trigger;
mod without_secrets;

pub use contents::Catalog;
pub use defaults::DefaultSubscription;
pub use destinations::{Origin, Subscription};
pub use diff::{Change, ConditionChange, Difference, diff};
pub use edit::{
    AnnotatedSubscription, SubscriptionChange, has, subscribe, subscriptions_of, unsubscribe,
};
pub use key::KeyKind;
pub use ownership::{ConfigMeta, ConfigWriter, Keeper};
pub use selector::{Selector, SelectorError};
pub use service::ServiceEntry;
pub use source::{BuildOptions, ConfigSource};
pub use status::{KeyState, KeyStatus};
pub use summary::{Effect, Statement, describe};
pub use trigger::{Clause, Condition, Trigger};
