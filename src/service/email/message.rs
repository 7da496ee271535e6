//! A mail: its addresses, headers and body, as they are written and as they are sent.

use lettre::Address;
use lettre::message::header::{
    ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0,
};
use lettre::message::{Body, Mailbox, Message};

/// Header lines are folded before they are longer.
const LINE: usize = 76;

/// A mail that can be sent.
pub(super) struct Mail {
    from: Correspondent,
    to: Vec<Correspondent>,
    subject: String,
    pub(super) body: String,
    html: bool,
}

/// An address with its name.
struct Correspondent {
    /// As configured, without blanks around it.
    written: String,
    mailbox: Mailbox,
}

impl Mail {
    /// A mail from this address to these, which have commas between.
    ///
    /// # Errors
    /// An address is none; the text says which and what to change.
    pub(super) fn new(
        from: &str,
        to: &str,
        subject: &str,
        body: &str,
        html: bool,
    ) -> Result<Self, String> {
        let from = correspondent(from).map_err(|reason| match from.trim() {
            "" => "from is not set; set from of the service to the sender's address".to_owned(),
            from => format!("from \"{from}\" is not valid: {reason}"),
        })?;
        let to = addresses(to)
            .into_iter()
            .map(|one| {
                correspondent(one).map_err(|reason| match to.trim() {
                    "" => "the recipient is empty; it is an e-mail address, or several with \
                           commas between"
                        .to_owned(),
                    _ => format!("recipient \"{one}\" is not valid: {reason}"),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            from,
            to,
            subject: subject.to_owned(),
            body: body.to_owned(),
            html,
        })
    }

    /// The sender's bare address.
    pub(super) fn sender(&self) -> &Address {
        &self.from.mailbox.email
    }

    /// The bare addresses of the recipients in order, each once.
    pub(super) fn recipients(&self) -> Vec<&Address> {
        let mut addresses: Vec<&Address> = Vec::new();
        for one in &self.to {
            if !addresses.contains(&&one.mailbox.email) {
                addresses.push(&one.mailbox.email);
            }
        }
        addresses
    }

    /// The headers as people will see them.
    pub(super) fn shown_headers(&self) -> Vec<(String, String)> {
        let to: Vec<&str> = self.to.iter().map(|one| one.written.as_str()).collect();
        let kind = if self.html { "html" } else { "plain" };
        [
            ("From", self.from.written.clone()),
            ("To", to.join(", ")),
            ("Subject", self.subject.clone()),
            ("Mime-Version", "1.0".to_owned()),
            ("Content-Type", format!("text/{kind}; charset=UTF-8")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The bytes that go to the server, headers and body encoded.
    ///
    /// # Errors
    /// The library's, in its words; none is known to be possible.
    pub(super) fn encoded(&self) -> Result<Vec<u8>, String> {
        let mut builder = Message::builder()
            .header(MIME_VERSION_1_0)
            .date_now()
            .subject(self.subject.as_str())
            .header(if self.html {
                ContentType::TEXT_HTML
            } else {
                ContentType::TEXT_PLAIN
            });
        builder = match as_written(std::slice::from_ref(&self.from)) {
            Some(text) => builder.raw_header(raw(HeaderName::new_from_ascii_str("From"), text)),
            None => builder.from(self.from.mailbox.clone()),
        };
        builder = match as_written(&self.to) {
            Some(text) => builder.raw_header(raw(HeaderName::new_from_ascii_str("To"), text)),
            None => self
                .to
                .iter()
                .fold(builder, |builder, one| builder.to(one.mailbox.clone())),
        };
        let quoted = ContentTransferEncoding::QuotedPrintable;
        // The end of the message ends its last line.
        let body = self.body.strip_suffix('\n').unwrap_or(&self.body);
        let body = body.strip_suffix('\r').unwrap_or(body).to_owned();
        let body = Body::new_with_encoding(body, quoted)
            .map_err(|_| "the body cannot be encoded".to_owned())?;
        let message = builder.body(body).map_err(|error| error.to_string())?;
        Ok(message.formatted())
    }
}

fn raw(name: HeaderName, text: String) -> HeaderValue {
    let folded = text.replace(",\n", ",\r\n");
    HeaderValue::dangerous_new_pre_encoded(name, text.replace('\n', " "), folded)
}

/// The addresses in one header just as they are written, with a line break where it gets long;
/// `None` when a name must be encoded.
fn as_written(correspondents: &[Correspondent]) -> Option<String> {
    let plain = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let mut text = String::new();
    let mut used = "From: ".len();
    for one in correspondents {
        if !plain(&one.written) {
            return None;
        }
        if !text.is_empty() {
            text.push(',');
            if used + one.written.len() > LINE {
                text.push_str("\n ");
                used = 0;
            } else {
                text.push(' ');
            }
        }
        text.push_str(&one.written);
        used += one.written.len() + 2;
    }
    Some(text)
}

fn correspondent(text: &str) -> Result<Correspondent, String> {
    Ok(Correspondent {
        written: text.trim().to_owned(),
        mailbox: mailbox(text)?,
    })
}

/// Reads an address with or without a name.
///
/// # Errors
/// It is none; the text says why.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("an address is missing".to_owned());
    }
    if text.contains(';') {
        return Err("write commas, not semicolons, between addresses".to_owned());
    }
    let mailbox = text
        .parse::<Mailbox>()
        .map_err(|error| format!("{error}; write name@example.com or Name <name@example.com>"))?;
    Ok(mailbox)
}

/// The parts between commas; commas in a quoted name do not count.
fn addresses(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(to: &str) -> Result<Mail, String> {
        Mail::new("bot@example.com", to, "s", "b", false)
    }

    #[test]
    fn recipients_are_addresses_with_commas_between() {
        for (to, expected) in [
            (" e1@x  , e2@x,e3@x", vec!["e1@x", "e2@x", "e3@x"]),
            ("  a@x.io ", vec!["a@x.io"]),
            ("\"Doe, Jane\" <j@x.io>, b@x.io", vec!["j@x.io", "b@x.io"]),
            ("\"a\\\", b\" <j@x.io>", vec!["j@x.io"]),
            ("Jörg <j@x.io>", vec!["j@x.io"]),
            ("a@x.io,b@x.io,a@x.io", vec!["a@x.io", "b@x.io"]),
        ] {
            let mail = mail(to).unwrap_or_else(|error| panic!("{to}: {error}"));
            let found: Vec<String> = mail.recipients().iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{to}");
        }
        for (to, reason) in [
            ("", "the recipient is empty"),
            ("a@x.io,,b@x.io", "an address is missing"),
            ("a@x.io,", "an address is missing"),
            ("a@", "recipient \"a@\" is not valid"),
            ("a", "write name@example.com"),
            ("a@x.io;b@x.io", "write commas"),
            ("a@x.io\r\nBcc: c@x.io", "is not valid"),
        ] {
            let error = mail(to).map(|_| ()).expect_err(to);
            assert!(error.contains(reason), "{to}: {error}");
        }
    }

    #[test]
    fn headers_cannot_be_smuggled_in() {
        let subject = "one\r\nBcc: evil@x.io\r\n\r\nbody";
        let mail = Mail::new("Bot\r\nX: y <b@x.io>", "a@x.io", subject, "b", false)
            .or_else(|_| Mail::new("b@x.io", "a@x.io", subject, "b", false))
            .expect("is a mail");
        let text = String::from_utf8(mail.encoded().expect("is encoded")).expect("ASCII");
        let (head, _) = text.split_once("\r\n\r\n").expect("a body");
        for line in head.split("\r\n") {
            assert!(
                !line.starts_with("Bcc") && !line.starts_with("X:"),
                "{head}"
            );
        }
    }

    #[test]
    fn many_recipients_are_folded() {
        let to: Vec<String> = (0..40).map(|n| format!("someone{n}@example.com")).collect();
        let mail = mail(&to.join(", ")).expect("is a mail");
        let text = String::from_utf8(mail.encoded().expect("is encoded")).expect("ASCII");
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
        assert!(text.contains("someone39@example.com"));
    }
}
