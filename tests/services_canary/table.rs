//! The configuration of every type, with canaries wherever a secret can stand.

use super::{canary, rsa_key};
use kubechime::service::known_types;
use std::sync::LazyLock;

/// A service of some type.
pub struct Row {
    /// The type, which is its name, too.
    pub service_type: &'static str,
    options: &'static str,
    pub recipient: &'static str,
    /// The section of the template, without the message.
    pub section: &'static str,
}

/// Where a row's placeholders lead to.
pub struct Target {
    /// `http://…`, without a path.
    pub url: String,
    pub smtp: u16,
    pub nats: u16,
}

const fn row(
    service_type: &'static str,
    options: &'static str,
    recipient: &'static str,
    section: &'static str,
) -> Row {
    Row {
        service_type,
        options,
        recipient,
        section,
    }
}

/// `{url}` is the server, `{authority}` its host and port, `{1}` to `{9}` are canaries, `{key}` a
/// private key.
const ROWS: &[Row] = &[
    row(
        "slack",
        "apiURL: {url}/\ntoken: {1}\nsigningSecret: {2}",
        "c",
        "",
    ),
    row(
        "mattermost",
        "apiURL: {scheme}://user:{1}@{authority}\ntoken: {2}",
        "c",
        "",
    ),
    row(
        "rocketchat",
        "serverUrl: {url}\nemail: bot\npassword: {1}",
        "#c",
        "",
    ),
    row(
        "webhook",
        "url: {scheme}://user:{1}@{authority}/hook?api_key={2}\nretryMax: 1\nretryWaitMin: 1ms\n\
         basicAuth: {username: bot, password: '{3}'}\nheaders:\n\
         - {name: X-Api-Key, value: '{4}'}\n- {name: X-Gitlab-Token, value: 'Token {5}'}",
        "",
        "webhook: {webhook: {method: POST, path: /x, body: '{{.recipient}}'}}",
    ),
    row(
        "teams",
        "recipientUrls: {c: '{url}/hook/{1}/IncomingWebhook/{2}', d: '{url}/hook/{3}'}",
        "c",
        "",
    ),
    row(
        "teams-workflows",
        "recipientUrls: {c: '{url}/powerautomate/{1}?sig={2}&code={3}'}",
        "c",
        "",
    ),
    row(
        "googlechat",
        "webhooks: {c: '{url}/v1/spaces/x/messages?key={1}&token={2}'}",
        "c",
        "googlechat: {threadKey: t}",
    ),
    row("telegram", "apiUrl: {url}\ntoken: '{1}'", "-1", ""),
    row("webex", "apiURL: {url}\ntoken: {1}", "c", ""),
    row(
        "pushover",
        "apiUrl: {url}\ntoken: {1}",
        "aaaaaaaaaabbbbbbbbbbcccccccccc",
        "",
    ),
    row(
        "alertmanager",
        "targets: ['{authority}']\nscheme: '{scheme}'\nbasicAuth: {username: bot, password: '{1}'}\n\
         bearerToken: {2}\ntimeout: 1",
        "",
        "alertmanager: {labels: {alertname: a}, generatorURL: 'http://x'}",
    ),
    row("grafana", "apiUrl: {url}/api\napiKey: {1}", "tag", ""),
    row(
        "newrelic",
        "apiURL: {url}\napiKey: {1}",
        "1",
        "newrelic: {revision: r, changelog: c, user: u}",
    ),
    row(
        "opsgenie",
        "apiUrl: {url}\napiKeys: {c: '{1}', d: '{2}'}",
        "c",
        "opsgenie: {description: d}",
    ),
    row(
        "pagerduty",
        "apiUrl: {url}\ntoken: {1}\nfrom: a@example.com",
        "P1",
        "pagerduty: {title: t}",
    ),
    row(
        "pagerdutyv2",
        "apiUrl: {url}\nserviceKeys: {c: '{1}', d: '{2}'}",
        "c",
        "pagerdutyv2: {summary: s, severity: info, source: x}",
    ),
    row(
        "github",
        "enterpriseBaseURL: {url}\nappID: 1\ninstallationID: 2\nprivateKey: |\n  {key}",
        "",
        "github: {repoURLPath: 'https://github.com/a/b', revisionPath: abc, status: {state: success, label: l}}",
    ),
    row(
        "email",
        "host: 127.0.0.1\nport: {smtp}\nusername: bot\npassword: {1}\nfrom: a@example.com",
        "b@example.com",
        "email: {subject: s}",
    ),
    row(
        "nats",
        "url: nats://bot:{1}@127.0.0.1:{nats}\nusername: bot\npassword: {2}\n\
         headers: {X-Token: '{3}'}",
        "subject",
        "",
    ),
    row(
        "awssqs",
        "queue: q\nregion: eu-west-1\nendpointUrl: {url}\nkey: AKIA\nsecret: {1}",
        "",
        "",
    ),
    row("gcppubsub", "project: p\ntopic: t", "", ""),
];

/// The rows of the types that this build has.
///
/// # Panics
/// A type has none.
pub fn rows() -> Vec<&'static Row> {
    known_types()
        .map(|name| {
            let row = ROWS.iter().find(|row| row.service_type == name);
            row.unwrap_or_else(|| panic!("the table has no row for the type {name}"))
        })
        .collect()
}

static KEY: LazyLock<String> = LazyLock::new(rsa_key::pem);

/// A line of the private key.
pub fn key_line() -> String {
    KEY.lines().nth(5).expect("it is long").to_owned()
}

impl Row {
    /// The options with everything put in.
    pub fn options(&self, target: &Target) -> String {
        let (scheme, authority) = target.url.split_once("://").unwrap_or(("http", ""));
        let mut text = self
            .options
            .replace("{url}", &target.url)
            .replace("{scheme}", scheme)
            .replace("{authority}", authority)
            .replace("{smtp}", &target.smtp.to_string())
            .replace("{nats}", &target.nats.to_string())
            .replace("{key}", &KEY.trim_end().replace('\n', "\n  "));
        for number in 1..=9 {
            text = text.replace(&format!("{{{number}}}"), &canary(number));
        }
        let takes = |name: &str| {
            let reference = kubechime::service::reference(self.service_type);
            reference.is_some_and(|one| one.all_options().any(|option| option.name == name))
        };
        for name in ["connectTimeout", "requestTimeout"] {
            if takes(name) {
                text.push_str(&format!("\n{name}: 300ms"));
            }
        }
        text
    }
}
