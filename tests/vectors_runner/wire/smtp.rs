//! What a case says about the mail server, and what is expected to arrive there.

use super::super::Difference;
use super::matching::matches;
use super::smtp_server::{SmtpBehaviour, SmtpSession};
use serde_json::{Value, json};

/// The server's behaviour of a case.
pub fn behaviour(case: &Value) -> SmtpBehaviour {
    let texts = |name: &str| -> Vec<String> {
        let items = case[name].as_array().into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let answer = |name: &str, text: &str| (case[name] == true).then(|| text.to_owned());
    SmtpBehaviour {
        starttls: case["starttls"] == true,
        auth: texts("auth"),
        auth_fail: case["auth_fail"] == true,
        reject_rcpt: texts("reject_rcpt"),
        mail_answer: answer("reject_mail", "550 5.1.0 sender rejected"),
        data_answer: answer("reject_data", "554 5.6.0 message rejected"),
        ..SmtpBehaviour::default()
    }
}

/// Compares session by session. Those in which neither credentials nor a sender were given and TLS
/// was not tried do not matter: mistakes that can be seen before are told without a connection.
pub fn compare(expected: &[Value], arrived: Vec<SmtpSession>) -> Result<(), Difference> {
    let told = |session: &&Value| {
        session.get("auth").is_some()
            || session.get("mail_from").is_some()
            || session["tls"] != "none"
    };
    let got: Vec<Value> = arrived.iter().map(shown).collect();
    let wanted: Vec<&Value> = expected.iter().filter(told).collect();
    let got: Vec<&Value> = got.iter().filter(told).collect();
    if wanted.len() != got.len() {
        let text = format!("wanted the sessions {wanted:?}\n    got {got:?}");
        return Err(Difference::of("smtp", text));
    }
    let mut differences = Difference::default();
    for (wanted, got) in wanted.iter().zip(&got) {
        for part in ["tls", "auth", "mail_from", "rcpt_to"] {
            let (wanted, got) = (&wanted[part], &got[part]);
            if !matches(wanted, got) {
                let text = format!("smtp {part}: wanted {wanted}, got {got}");
                differences.add(Difference::of(&format!("smtp:{part}"), text));
            }
        }
        compare_message(&wanted["message"], &got["message"], &mut differences);
    }
    differences.into_result()
}

fn compare_message(wanted: &Value, got: &Value, differences: &mut Difference) {
    if wanted.is_null() != got.is_null() {
        let text = format!("message: wanted {wanted}, got {got}");
        return differences.add(Difference::of("smtp:message", text));
    }
    for header in ["from", "to", "subject"] {
        let (wanted, got) = (&wanted["headers"][header], &got["headers"][header]);
        let unfolded = |value: &Value| Value::from(value.as_str().unwrap_or_default().trim_end());
        if !wanted.is_null() && !matches(wanted, got) && unfolded(wanted) != unfolded(got) {
            let text = format!("{header}: wanted {wanted}, got {got}");
            differences.add(Difference::of(&format!("smtp:{header}"), text));
        }
    }
    let kind = |message: &Value| {
        let text = message["headers"]["content-type"]
            .as_str()
            .unwrap_or_default();
        text.to_ascii_lowercase().replace(' ', "")
    };
    if kind(wanted) != kind(got) {
        let text = format!("content-type: wanted {}, got {}", kind(wanted), kind(got));
        differences.add(Difference::of("smtp:content-type", text));
    }
    let body = |message: &Value| {
        let text = message["body"]
            .as_str()
            .unwrap_or_default()
            .replace("\r\n", "\n");
        text.strip_suffix('\n').map_or(text.clone(), str::to_owned)
    };
    let of_matcher = wanted["body"].is_object();
    let agree = match of_matcher {
        true => matches(&wanted["body"], &body(got).into()),
        false => body(wanted) == body(got),
    };
    if !agree {
        let text = format!("body: wanted {}, got {}", wanted["body"], got["body"]);
        differences.add(Difference::of("smtp:body", text));
    }
}

fn shown(session: &SmtpSession) -> Value {
    let mut shown = json!({"tls": session.tls, "ehlo": session.ehlo, "quit": session.quit});
    if let Some(auth) = &session.auth {
        shown["auth"] = json!({
            "mechanism": auth.mechanism,
            "username": auth.username,
            "password": auth.password,
        });
    }
    if let Some(from) = &session.mail_from {
        shown["mail_from"] = from.as_str().into();
    }
    if !session.rcpt_to.is_empty() {
        shown["rcpt_to"] = json!(session.rcpt_to);
    }
    if let Some(mail) = session.mail() {
        let headers: serde_json::Map<String, Value> = mail
            .headers
            .into_iter()
            .map(|(name, text)| (name, text.into()))
            .collect();
        shown["message"] = json!({"headers": headers, "body": mail.body});
    }
    shown
}
