//! Asking the network.

use super::Function;
use super::row::{fixed, mismatch};
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};
use rand::seq::IndexedRandom;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[fixed(
    "getHostByName",
    &[Type::String],
    Type::String,
    get_host_by_name,
)];

/// How many lookups may be under way, also of renderings that did not wait for theirs.
const MAX_LOOKUPS: usize = 16;

/// One of the addresses of a name.
fn get_host_by_name<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(name)] = args else {
        return Err(mismatch());
    };
    if !session.limits().allow_dns {
        return Err(Failure::switched_off("getHostByName is"));
    }
    let name = name.to_str().into_owned();
    let addresses = session.slowly(|time_left| addresses(&name, time_left))?;
    match addresses.choose(&mut rand::rng()) {
        Some(address) => Ok(address.to_string().into()),
        None => Err(Failure::new(format!("no address is known for {name:?}"))),
    }
}

/// The addresses of a name; none if the lookup fails. The system's resolver cannot be interrupted:
/// it goes on in a thread of its own when the time is over.
fn addresses(name: &str, time_left: Duration) -> Result<Vec<IpAddr>, Failure> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    let ticket = Ticket::take().ok_or_else(|| {
        Failure::limit(format!(
            "more than {MAX_LOOKUPS} lookups of names are under way"
        ))
    })?;
    let (answer, answers) = mpsc::channel();
    let owned = name.to_owned();
    let lookup = move || {
        let found = (owned.as_str(), 0).to_socket_addrs();
        let mut addresses: Vec<IpAddr> = found
            .into_iter()
            .flatten()
            .map(|address| address.ip())
            .collect();
        addresses.dedup();
        drop(ticket);
        // Nobody listens any more when the time was over.
        let _ = answer.send(addresses);
    };
    thread::Builder::new()
        .name("template-dns".into())
        .spawn(lookup)
        .map_err(|error| Failure::new(format!("the name {name:?} cannot be looked up: {error}")))?;
    answers.recv_timeout(time_left).map_err(|_| {
        Failure::limit(format!(
            "no answer for the name {name:?} within {time_left:.1?}"
        ))
    })
}

/// The right to one lookup.
struct Ticket;

static TAKEN: AtomicUsize = AtomicUsize::new(0);

impl Ticket {
    fn take() -> Option<Self> {
        TAKEN
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < MAX_LOOKUPS).then_some(taken + 1)
            })
            .ok()
            .map(|_| Ticket)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        TAKEN.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Limits;

    #[test]
    fn addresses_need_no_lookup_and_the_switch_is_obeyed() {
        let session = Session::new(Limits::default(), None);
        let found = get_host_by_name(&session, &["::1".into()]);
        assert!(matches!(found, Ok(Value::Text(text)) if *text == *b"::1"));
        let limits = Limits {
            allow_dns: false,
            ..Limits::default()
        };
        let refused = get_host_by_name(&Session::new(limits, None), &["::1".into()]);
        assert!(refused.is_err_and(|failure| failure.limit));
    }

    #[test]
    fn local_names_resolve() {
        let session = Session::new(Limits::default(), None);
        let found = get_host_by_name(&session, &["localhost".into()]);
        assert!(
            matches!(found, Ok(Value::Text(text)) if *text == *b"127.0.0.1" || *text == *b"::1")
        );
    }
}
