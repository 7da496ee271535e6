//! What a case says about the NATS server, and what is expected to arrive there.

use super::super::Difference;
use super::nats_server::{NatsBehaviour, NatsConnection, NatsMessage};
use serde_json::{Value, json};

/// The credentials among the members of CONNECT.
const CREDENTIALS: [&str; 5] = ["user", "pass", "auth_token", "nkey", "sig"];

/// The server's behaviour of a case.
pub fn behaviour(case: &Value) -> NatsBehaviour {
    let mut behaviour = NatsBehaviour {
        auth_required: case["auth_required"] == true,
        nonce: case["nonce"] == true,
        headers: case["no_headers"] != true,
        ..NatsBehaviour::default()
    };
    if let Some(bytes) = case["max_payload"].as_u64() {
        behaviour.max_payload = bytes;
    }
    behaviour
}

/// Compares message by message: whether two of them share a connection does not matter, nor
/// connections without any.
pub fn compare(expected: &[Value], arrived: Vec<NatsConnection>) -> Result<(), Difference> {
    let wanted: Vec<(Value, Value)> = expected
        .iter()
        .flat_map(|connection| {
            let connect = credentials(&connection["connect"]);
            let messages = connection["messages"].as_array().into_iter().flatten();
            messages.map(move |message| (connect.clone(), normal(message)))
        })
        .collect();
    let got: Vec<(Value, Value)> = arrived
        .iter()
        .flat_map(|connection| {
            let connect = credentials(&connection.connect);
            let messages = connection.messages.iter();
            messages.map(move |message| (connect.clone(), shown(message)))
        })
        .collect();
    let agree = wanted.len() == got.len()
        && wanted.iter().zip(&got).all(|(wanted, got)| {
            super::matching::matches(&wanted.0, &got.0)
                && super::matching::matches(&wanted.1, &got.1)
        });
    if agree {
        return Ok(());
    }
    Err(Difference::of(
        "nats",
        format!("wanted {wanted:?}\n    got {got:?}"),
    ))
}

fn credentials(connect: &Value) -> Value {
    let present = CREDENTIALS.iter().filter_map(|name| {
        let value = connect.get(name)?;
        let empty = value.is_null() || *value == "";
        (!empty).then(|| ((*name).to_owned(), value.clone()))
    });
    present.collect()
}

/// The expectation with its headers in order.
fn normal(message: &Value) -> Value {
    let mut message = message.clone();
    if let Some(headers) = message["headers"].as_array_mut() {
        headers.sort_by_key(ToString::to_string);
    }
    message
}

fn shown(message: &NatsMessage) -> Value {
    let mut shown = json!({
        "op": message.op,
        "subject": message.subject,
        "payload": String::from_utf8_lossy(&message.payload),
    });
    if let Some(reply) = &message.reply {
        shown["reply"] = reply.as_str().into();
    }
    if let Some(version) = &message.header_version {
        shown["header_version"] = version.as_str().into();
        shown["headers"] = json!(message.headers);
    }
    normal(&shown)
}
