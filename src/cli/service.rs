//! `kubechime service`: lists the configured services with what is wrong with them, or tries one.

use super::engine::EngineArgs;
use super::loading::{ConfigArgs, Inputs};
use super::output::{Form, json, print, visible, yaml};
use super::table::table;
use super::trigger::{broken, catalog, failed, select_child};
use crate::catalog::{Catalog, KeyKind, KeyState};
use crate::check::{LintOptions, lint};
use crate::domain::{Destination, Diagnostic, Severity, nearest};
use crate::service::{Class, Progress, SendError, Sent, Service, reference, send_series, trial};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Longest time for what the check of a configuration does beside looking at services.
const LONGEST: Duration = Duration::from_secs(1);

/// Commands about services.
#[derive(Debug, Args)]
pub(super) struct ServiceArgs {
    #[command(flatten)]
    files: ConfigArgs,
    #[command(subcommand)]
    command: Option<ServiceCommand>,
}

#[derive(Debug, Subcommand)]
enum ServiceCommand {
    /// List the services: type, state, key of the ConfigMap, and what is wrong.
    List {
        /// Only this service.
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// Form of the list: wide, name, json, yaml.
        #[arg(short, long, default_value = "wide")]
        output: String,
    },
    /// Send a test message through a service, and say what became of it.
    Test {
        /// The service's name.
        #[arg(value_name = "NAME")]
        name: String,
        /// To whom: a channel, an address, whatever the type takes.
        #[arg(long, value_name = "RECIPIENT", allow_hyphen_values = true)]
        recipient: Option<String>,
        /// Print the exact requests, secrets masked, and send nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Does what is asked for.
pub(super) async fn run(args: ServiceArgs, engine: EngineArgs) -> anyhow::Result<ExitCode> {
    let unread = |error: anyhow::Error| {
        Ok(failed(&format!(
            "failed to read the configuration: {error:#}"
        )))
    };
    match &args.command {
        Some(ServiceCommand::List { name, output }) => {
            let form = Form::parse(output)?;
            let mut inputs = Inputs::new(&engine)?;
            // A file alone is looked at without a cluster, which might have its Secret.
            let with_secret = !args.files.has_config_map();
            let source = match inputs.source(&args.files, with_secret).await {
                Ok(source) => source,
                Err(error) => return unread(error),
            };
            let catalog = inputs.build(&source)?;
            let variables = inputs.variables();
            let options = LintOptions {
                variables: &variables,
                secret_known: with_secret || args.files.has_secret() || !source.secret.is_empty(),
                subject: None,
                longest: LONGEST,
            };
            list(&catalog, name.as_deref(), form, &options)
        }
        Some(ServiceCommand::Test {
            name,
            recipient,
            dry_run,
        }) => {
            let mut inputs = Inputs::new(&engine)?;
            let catalog = match catalog(&mut inputs, &args.files, true).await {
                Ok(catalog) => catalog,
                Err(error) => return unread(error),
            };
            let tested = async {
                let service = find(&catalog, name)?;
                let to = destination(service, recipient.as_deref())?;
                test(service, &to, *dry_run).await
            };
            match tested.await {
                Ok(text) => {
                    print(&text)?;
                    Ok(ExitCode::SUCCESS)
                }
                Err(why) => Ok(failed(&why)),
            }
        }
        None => select_child("service"),
    }
}

/// How a service fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// Nothing is wrong.
    Ok,
    /// Something is doubtful.
    Warning,
    /// It is there, but deliveries will fail.
    Error,
    /// It could not be made: destinations that name it fail.
    Broken,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Broken => "broken",
        })
    }
}

/// A service as it is listed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'c> {
    name: &'c str,
    #[serde(rename = "type")]
    service_type: &'c str,
    state: State,
    key: &'c str,
    /// Keys of the Secret that it takes something from.
    secret_keys: &'c [String],
    problems: Vec<Diagnostic>,
}

fn list(
    catalog: &Catalog,
    only: Option<&str>,
    form: Form,
    options: &LintOptions<'_>,
) -> anyhow::Result<ExitCode> {
    let problems = lint(catalog, options);
    let listed: Vec<Listed<'_>> = catalog
        .keys
        .values()
        .filter(|status| status.kind == KeyKind::Service)
        .map(|status| {
            let (service_type, name) = parts(&status.key);
            let entry = catalog.services.get(name);
            let entry = entry.filter(|entry| entry.key == status.key);
            let problems: Vec<Diagnostic> = problems
                .iter()
                .filter(|problem| problem.key == status.key)
                .cloned()
                .collect();
            let worst = problems.iter().map(|problem| problem.severity).max();
            Listed {
                name,
                service_type,
                state: match (&status.state, worst) {
                    (KeyState::Broken, _) => State::Broken,
                    (_, Some(Severity::Error)) => State::Error,
                    (_, Some(Severity::Warning)) => State::Warning,
                    _ => State::Ok,
                },
                key: &status.key,
                secret_keys: entry.map_or(&[], |entry| entry.secret_names.as_slice()),
                problems,
            }
        })
        .filter(|listed| only.is_none_or(|only| only == listed.name))
        .collect();
    if let (Some(only), []) = (only, listed.as_slice()) {
        return Ok(failed(&unknown(catalog, only)));
    }
    print(&match form {
        Form::Name => listed.iter().map(|one| format!("{}\n", one.name)).collect(),
        Form::Json => json(&listed)?,
        Form::Yaml => yaml(&listed)?,
        Form::Wide => wide(&listed),
    })?;
    let bad = |one: &Listed<'_>| matches!(one.state, State::Error | State::Broken);
    Ok(match listed.iter().any(bad) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// Type and name that a key gives.
fn parts(key: &str) -> (&str, &str) {
    let rest = key.strip_prefix("service.").unwrap_or(key);
    rest.split_once('.').unwrap_or((rest, rest))
}

fn wide(listed: &[Listed<'_>]) -> String {
    let titles = ["NAME", "TYPE", "STATE", "KEY", "PROBLEM"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    for one in listed {
        let mut head = [
            one.name.to_owned(),
            one.service_type.to_owned(),
            one.state.to_string(),
            one.key.to_owned(),
        ]
        .to_vec();
        if one.problems.is_empty() {
            rows.push(head);
            continue;
        }
        for problem in &one.problems {
            let mut text = match problem.position {
                Some(position) => format!("line {}: {}", position.line, problem.message),
                None => problem.message.clone(),
            };
            if let Some(help) = &problem.help {
                text.push_str(&format!(" ({help})"));
            }
            head.push(visible(&text.replace('\n', " ")).into_owned());
            rows.push(head);
            head = vec![String::new(); titles.len() - 1];
        }
    }
    table(&rows)
}

/// The service of this name.
fn find<'c>(catalog: &'c Catalog, name: &str) -> Result<&'c dyn Service, String> {
    match catalog.services.get(name) {
        Some(entry) => Ok(&*entry.service),
        None => Err(broken_service(catalog, name).unwrap_or_else(|| unknown(catalog, name))),
    }
}

/// What is wrong with the key of a service of this name, if there is one that could not be made.
pub(super) fn broken_service(catalog: &Catalog, name: &str) -> Option<String> {
    let keys = catalog.keys.values();
    let mut services = keys.filter(|status| status.kind == KeyKind::Service);
    let key = services.find(|status| parts(&status.key).1 == name)?;
    broken(catalog, &key.key)
}

fn unknown(catalog: &Catalog, name: &str) -> String {
    let names: Vec<&str> = catalog.services.keys().map(String::as_str).collect();
    let near = nearest(name, names.iter().copied());
    let advice = match (near, names.as_slice()) {
        (Some(near), _) => format!("did you mean '{near}'?"),
        (None, []) => "the ConfigMap has no key 'service.<type>.<name>'".into(),
        (None, names) => format!("there are: {}", names.join(", ")),
    };
    format!("service '{name}' is not configured; {advice}")
}

/// Where the test goes to.
fn destination(service: &dyn Service, recipient: Option<&str>) -> Result<Destination, String> {
    let service_type = service.service_type();
    match (recipient, reference(service_type)) {
        (None, Some(reference)) if !reference.recipient_example.is_empty() => Err(format!(
            "service '{}' of the type {service_type} needs --recipient, for example {}: {}",
            service.name(),
            reference.recipient_example,
            reference.recipient
        )),
        (recipient, _) => Ok(Destination::new(
            service.name(),
            recipient.unwrap_or_default(),
        )),
    }
}

/// Sends the test, or shows what would be sent; the text is for standard output.
async fn test(service: &dyn Service, to: &Destination, dry_run: bool) -> Result<String, String> {
    let what = format!("service '{}' ({})", service.name(), service.service_type());
    let masked = |text: &str| visible(&service.masker().mask(text)).into_owned();
    for warning in service.warnings() {
        eprintln!("warning: {}", masked(&warning.message));
    }
    let notification = trial(service, to)?;
    let requests = service
        .prepare(&notification, to)
        .map_err(|error| format!("not sent through {what}: {}", masked(&error.message)))?;
    if dry_run {
        let texts = requests.iter().map(|one| one.to_text(service.masker()));
        let texts: Vec<String> = texts.map(|text| format!("{}\n", text.trim_end())).collect();
        return Ok(visible(&texts.join("\n")).into_owned());
    }
    let mut tell = |progress: Progress| {
        if let Progress::Ended(attempt) = progress
            && let Some(next) = attempt.next_ms
        {
            let ended = attempt.started_ms.saturating_add(attempt.took_ms);
            let wait = u64::try_from(next.saturating_sub(ended)).unwrap_or_default();
            eprintln!(
                "attempt {} failed, the next is in {:?}: {}",
                attempt.number,
                Duration::from_millis(wait),
                masked(&attempt.error)
            );
        }
    };
    let began = Instant::now();
    let result = send_series(service, &notification, to, &mut tell).await;
    let took = began.elapsed().as_millis();
    match result {
        Ok(Sent { detail, .. }) => {
            let detail = match masked(&detail) {
                detail if detail.is_empty() => detail,
                detail => format!(": {detail}"),
            };
            Ok(format!("sent through {what} in {took} ms{detail}\n"))
        }
        Err(error) => {
            let text = format!("not sent through {what} after {took} ms: ");
            Err(text + &masked(&error.message) + ending(&error))
        }
    }
}

/// What is to be expected of another try.
fn ending(error: &SendError) -> &'static str {
    match error.class {
        Class::Transient { .. } => "\nThis may pass: the engine would try again.",
        Class::Permanent => "\nThis does not pass by itself: something must be changed.",
        Class::Handled => "\nThe engine would not try again.",
    }
}
