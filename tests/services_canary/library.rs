//! What a service shows of itself, of its requests, of answers and of errors.

use super::parrot::{Mood, Parrot};
use super::recorder::{Recorder, Rule};
use super::table::{Row, Target, rows};
use super::{Leaks, canary};
use kubechime::domain::Destination;
use kubechime::service::{
    self, Environment, NotificationTemplate, Service, ServiceContext, Timeouts,
};
use kubechime::template::Vars;
use kubechime::yaml;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// All that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn context(target: &Target) -> ServiceContext {
    let host = target.url.split("//").last().unwrap_or_default().to_owned();
    let limit = Duration::from_millis(300);
    ServiceContext {
        timeouts: Timeouts {
            connect: limit,
            attempt: limit,
        },
        environment: Environment::fixed([("PUBSUB_EMULATOR_HOST".to_owned(), host)]),
        ..ServiceContext::default()
    }
}

fn make(row: &Row, target: &Target) -> Result<Arc<dyn Service>, String> {
    let node = yaml::parse(&row.options(target)).expect("is YAML");
    let name = row.service_type;
    service::build(name, name, &node, &context(target)).map_err(|error| format!("{error:?}"))
}

/// The secrets that the options of a row have.
pub fn words(row: &Row) -> Vec<String> {
    let somewhere = Target {
        url: "http://h".into(),
        smtp: 1,
        nats: 1,
    };
    let options = row.options(&somewhere);
    let all = (1..=9).map(canary);
    all.filter(|word| options.contains(word.as_str())).collect()
}

/// Everything that a delivery shows.
async fn shown(row: &Row, target: &Target) -> String {
    let service = match make(row, target) {
        Ok(service) => service,
        Err(error) => return error,
    };
    let to = Destination::new(row.service_type, row.recipient);
    // A message can have secrets, too, such as when a template prints an environment.
    let text = format!("message: told {}\n{}", words(row).join(" "), row.section);
    let node = yaml::parse(&text).expect("is YAML");
    let (template, _) = NotificationTemplate::compile("t", &node).expect("compiles");
    let mut vars = Vars::new();
    service::add_destination(&mut vars, &to);
    let templates = [Arc::new(template)];
    let notification =
        service::render(&templates, &vars, row.service_type, row.service_type).expect("renders");
    let mut shown = format!("{service:?} {:?}", service.warnings());
    match service.prepare(&notification, &to) {
        Ok(requests) => {
            for request in requests {
                shown += &request.to_text(service.masker());
                shown += &request.to_curl(service.masker());
                shown += &format!("{request:?}");
            }
        }
        Err(error) => shown += &format!("{error:?}"),
    }
    // Long series of tries have been covered when there were two.
    if service.retry().attempts > 2 {
        return format!("{shown} {:?}", service.send(&notification, &to).await);
    }
    let mut progress = Vec::new();
    let result = service::send_series(&*service, &notification, &to, &mut |step| {
        progress.push(step);
    })
    .await;
    format!("{shown} {result:?} {progress:?}")
}

#[tokio::test]
async fn no_secret_is_shown_whatever_the_server_does() {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_env_filter("warn,async_nats=off,kubechime=trace")
        .with_ansi(false)
        .with_writer(log.clone())
        .init();
    let parrot = Parrot::start(&canary(9));
    let [http, smtp, nats] = parrot.ports();
    let target = |url: &str| Target {
        url: url.to_owned(),
        smtp,
        nats,
    };
    let mut leaks = Leaks::default();
    let there = target(&format!("http://127.0.0.1:{http}"));
    for mood in [
        Mood::Text,
        Mood::Json,
        Mood::JsonObject,
        Mood::Page,
        Mood::Garbage,
        Mood::Success,
        Mood::Close,
        Mood::Silence,
    ] {
        parrot.set(mood);
        for row in rows() {
            // Secrets of other services are none of this one.
            parrot.say(&words(row).join(" "));
            let text = shown(row, &there).await;
            leaks.look(&format!("{} and {mood:?}", row.service_type), &text);
        }
    }
    let distrusted = Recorder::start(vec![Rule::status(200)]);
    for url in [
        distrusted.tls_url(),
        "http://127.0.0.1:1".to_owned(),
        format!("http://user:{}@ bad/", canary(7)),
    ] {
        for row in rows() {
            let text = shown(row, &target(&url)).await;
            leaks.look(&format!("{} at {url}", row.service_type), &text);
        }
    }
    leaks.look("the log", &log.text());
    leaks.end();
}
