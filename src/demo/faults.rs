//! What can be made to go wrong while the cluster runs, and who may do what.
//!
//! Rules are looked at for every request, in the order in which they were made. Delays add up;
//! the first rule that answers decides. Denials also speak through SelfSubjectAccessReview.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;

/// Which requests a rule is about. Every part that is not set matches anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matcher {
    verb: Option<String>,
    group: Option<String>,
    resource: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    user: Option<String>,
}

impl Matcher {
    /// Every request.
    pub fn all() -> Self {
        Self::default()
    }

    /// Only this verb of RBAC: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`,
    /// `deletecollection`.
    #[must_use]
    pub fn verb(mut self, verb: &str) -> Self {
        self.verb = Some(verb.to_owned());
        self
    }

    /// Only this resource: `pods`, `deployments.apps`, `pods/status`; `pods/*` is the resource
    /// with all its subresources.
    #[must_use]
    pub fn resource(mut self, resource: &str) -> Self {
        let (name, subresource) = match resource.split_once('/') {
            Some((name, subresource)) => (name, Some(subresource)),
            None => (resource, None),
        };
        let (plural, group) = match name.split_once('.') {
            Some((plural, group)) => (plural, Some(group.to_owned())),
            None => (name, None),
        };
        self.group = group;
        self.resource = Some(match subresource {
            Some(subresource) => format!("{plural}/{subresource}"),
            None => plural.to_owned(),
        });
        self
    }

    /// Only this namespace; requests over all namespaces do not match.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// Only the object of this name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Only requests of this user.
    #[must_use]
    pub fn user(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    pub(super) fn matches(&self, subject: &Subject) -> bool {
        let same = |wanted: &Option<String>, found: &str| {
            wanted
                .as_deref()
                .is_none_or(|wanted| wanted == "*" || wanted == found)
        };
        let resource = self
            .resource
            .as_deref()
            .is_none_or(|wanted| match wanted.split_once('/') {
                Some((plural, "*")) => plural == subject.resource,
                Some((plural, sub)) => plural == subject.resource && sub == subject.subresource,
                None => {
                    wanted == "*" || (wanted == subject.resource && subject.subresource.is_empty())
                }
            });
        resource
            && same(&self.verb, &subject.verb)
            && same(&self.group, &subject.group)
            && same(&self.namespace, &subject.namespace)
            && same(&self.name, &subject.name)
            && same(&self.user, &subject.user)
    }
}

/// Who wants to do what to which object: what matchers look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subject {
    pub verb: String,
    pub group: String,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    pub user: String,
}

/// What happens to a matching request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes that much later.
    Latency(Duration),
    /// The request is refused with this HTTP status and a fitting `Status` object; with
    /// `Retry-After` in seconds, if given. 410 here is the form in which a watch call itself
    /// fails.
    Status {
        /// HTTP status code.
        code: u16,
        /// Seconds of the `Retry-After` header.
        retry_after: Option<u64>,
    },
    /// The connection is closed without an answer, before the request is carried out.
    Disconnect,
    /// The request is carried out, then the connection is closed without an answer.
    LoseAnswer,
    /// A watch is accepted and at once sends the event `ERROR` with code 410.
    WatchExpired,
    /// The pieces of the answer (about 64 KiB of a list, one event of a watch) come with this
    /// pause between them.
    Trickle(Duration),
}

/// How an established watch is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchEnd {
    /// As by a time-out of the server: a complete answer.
    Finished,
    /// The connection breaks in the middle.
    Disconnected,
    /// The event `ERROR` with code 410, then the end.
    Expired,
}

/// Names an injected rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RuleId(u64);

struct Rule {
    id: RuleId,
    matcher: Matcher,
    fault: Fault,
    /// How often it still applies; `None` is for ever.
    left: Option<u64>,
}

#[derive(Default)]
struct Rules {
    next: u64,
    faults: Vec<Rule>,
    denied: Vec<(RuleId, Matcher)>,
    /// Users that may do nothing but this.
    restricted: BTreeMap<String, Vec<Matcher>>,
}

impl Rules {
    fn id(&mut self) -> RuleId {
        self.next = self.next.wrapping_add(1);
        RuleId(self.next)
    }
}

/// An end of watches, told to all of them.
pub(super) type WatchEnding = Arc<(Matcher, WatchEnd)>;

/// The injected faults and denials of one cluster.
pub struct Faults {
    rules: Mutex<Rules>,
    endings: broadcast::Sender<WatchEnding>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            rules: Mutex::default(),
            endings: broadcast::Sender::new(64),
        }
    }
}

impl Faults {
    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, until cleared, this happens to matching requests.
    pub fn inject(&self, matcher: Matcher, fault: Fault) -> RuleId {
        self.insert(matcher, fault, None)
    }

    /// This happens to the next `times` matching requests.
    pub fn inject_times(&self, matcher: Matcher, fault: Fault, times: u64) -> RuleId {
        self.insert(matcher, fault, Some(times))
    }

    fn insert(&self, matcher: Matcher, fault: Fault, left: Option<u64>) -> RuleId {
        let mut rules = self.rules();
        let id = rules.id();
        rules.faults.push(Rule {
            id,
            matcher,
            fault,
            left,
        });
        id
    }

    /// Matching requests are forbidden (403), also in the words of SelfSubjectAccessReview.
    pub fn deny(&self, matcher: Matcher) -> RuleId {
        let mut rules = self.rules();
        let id = rules.id();
        rules.denied.push((id, matcher));
        id
    }

    /// A user may do only what one of these allows. An empty list lifts the restriction.
    pub fn allow_only(&self, user: &str, allowed: Vec<Matcher>) {
        let mut rules = self.rules();
        if allowed.is_empty() {
            rules.restricted.remove(user);
        } else {
            rules.restricted.insert(user.to_owned(), allowed);
        }
    }

    /// Takes one fault or denial away.
    pub fn clear(&self, id: RuleId) {
        let mut rules = self.rules();
        rules.faults.retain(|rule| rule.id != id);
        rules.denied.retain(|(rule, _)| *rule != id);
    }

    /// Takes every fault, denial and restriction away.
    pub fn clear_all(&self) {
        let mut rules = self.rules();
        rules.faults.clear();
        rules.denied.clear();
        rules.restricted.clear();
    }

    /// Ends the established watches that match; new ones are not touched.
    pub fn end_watches(&self, matcher: Matcher, end: WatchEnd) {
        // Nobody listening means that there is no watch to end.
        let _ = self.endings.send(Arc::new((matcher, end)));
    }

    pub(super) fn endings(&self) -> broadcast::Receiver<WatchEnding> {
        self.endings.subscribe()
    }

    /// What is to happen to this request: delays, then at most one deciding fault.
    pub(super) fn strike(&self, subject: &Subject) -> Vec<Fault> {
        let mut rules = self.rules();
        if rules.faults.is_empty() {
            return Vec::new();
        }
        let mut struck = Vec::new();
        for rule in &mut rules.faults {
            if rule.left == Some(0) || !rule.matcher.matches(subject) {
                continue;
            }
            rule.left = rule.left.map(|left| left.saturating_sub(1));
            struck.push(rule.fault.clone());
            if !matches!(rule.fault, Fault::Latency(_) | Fault::Trickle(_)) {
                break;
            }
        }
        rules.faults.retain(|rule| rule.left != Some(0));
        struck
    }

    /// Whether the user may do this.
    pub(super) fn allows(&self, subject: &Subject) -> bool {
        let rules = self.rules();
        let denied = rules
            .denied
            .iter()
            .any(|(_, matcher)| matcher.matches(subject));
        let within = rules
            .restricted
            .get(&subject.user)
            .is_none_or(|allowed| allowed.iter().any(|matcher| matcher.matches(subject)));
        !denied && within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(verb: &str, resource: &str, subresource: &str) -> Subject {
        Subject {
            verb: verb.into(),
            group: "apps".into(),
            resource: resource.into(),
            subresource: subresource.into(),
            namespace: "team-a".into(),
            name: "web".into(),
            user: "ada".into(),
        }
    }

    #[test]
    fn matchers() {
        let web = subject("patch", "deployments", "");
        for (matcher, expected) in [
            (Matcher::all(), true),
            (Matcher::all().verb("patch"), true),
            (Matcher::all().verb("get"), false),
            (Matcher::all().resource("deployments"), true),
            (Matcher::all().resource("deployments.apps"), true),
            (Matcher::all().resource("deployments.extensions"), false),
            (Matcher::all().resource("deployments/status"), false),
            (Matcher::all().resource("deployments/*"), true),
            (
                Matcher::all().namespace("team-a").name("web").user("ada"),
                true,
            ),
            (Matcher::all().namespace("team-b"), false),
            (Matcher::all().user("bob"), false),
        ] {
            assert_eq!(matcher.matches(&web), expected, "{matcher:?}");
        }
        let status = subject("patch", "deployments", "status");
        assert!(!Matcher::all().resource("deployments").matches(&status));
        assert!(
            Matcher::all()
                .resource("deployments/status")
                .matches(&status)
        );
    }

    #[test]
    fn a_counted_fault_runs_out_and_delays_add_up() {
        let faults = Faults::default();
        let delay = Fault::Latency(Duration::from_millis(5));
        let refusal = Fault::Status {
            code: 503,
            retry_after: None,
        };
        faults.inject(Matcher::all(), delay.clone());
        faults.inject_times(Matcher::all(), refusal.clone(), 1);
        faults.inject(Matcher::all(), Fault::Disconnect);
        let web = subject("get", "deployments", "");
        assert_eq!(faults.strike(&web), [delay.clone(), refusal]);
        assert_eq!(faults.strike(&web), [delay, Fault::Disconnect]);
        faults.clear_all();
        assert_eq!(faults.strike(&web), []);
    }

    #[test]
    fn denials_and_restrictions() {
        let faults = Faults::default();
        let web = subject("get", "deployments", "");
        assert!(faults.allows(&web));
        let rule = faults.deny(Matcher::all().verb("get"));
        assert!(!faults.allows(&web));
        faults.clear(rule);
        faults.allow_only("ada", vec![Matcher::all().resource("pods")]);
        assert!(!faults.allows(&web));
        assert!(faults.allows(&Subject {
            user: "bob".into(),
            ..web
        }));
    }
}
