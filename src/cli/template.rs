//! `kubechime template`: lists templates, or sends the notification of one, as the original's tool
//! does.

use super::engine::EngineArgs;
use super::loading::{ConfigArgs, Inputs};
use super::output::{Form, json, print, yaml};
use super::subject::Subject;
use super::table::table;
use super::trigger::{broken, catalog, failed, select_child, tell_broken, two};
use crate::catalog::Catalog;
use crate::domain::{Destination, nearest};
use crate::service::{
    self, Console, Notification, Progress, Service, add_destination, send_series,
};
use crate::template::Vars;
use clap::{Args, Subcommand};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

/// Name of the service that prints.
const CONSOLE: &str = "console";

/// Commands about templates.
#[derive(Debug, Args)]
pub(super) struct TemplateArgs {
    #[command(flatten)]
    files: ConfigArgs,
    #[command(subcommand)]
    command: Option<TemplateCommand>,
}

#[derive(Debug, Subcommand)]
enum TemplateCommand {
    /// List the templates with the beginning of their text.
    Get {
        /// Only this template.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Form of the list: wide, name, json, yaml.
        #[arg(short, long, default_value = "wide")]
        output: String,
    },
    /// Render a template for an object and send it.
    #[command(override_usage = "kubechime template notify NAME RESOURCE [OPTIONS]")]
    Notify {
        /// The template's name, and the object: a file, or a name in the cluster.
        #[arg(value_name = "NAME RESOURCE")]
        arguments: Vec<String>,
        /// Where to send it; repeatable. The console prints it.
        #[arg(
            long,
            value_name = "SERVICE:RECIPIENT",
            default_value = "console:stdout"
        )]
        recipient: Vec<String>,
    },
}

/// Does what is asked for.
pub(super) async fn run(args: TemplateArgs, engine: EngineArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Some(TemplateCommand::Get { names, output }) => {
            let form = Form::parse(output)?;
            let mut inputs = Inputs::new(&engine)?;
            match catalog(&mut inputs, &args.files, false).await {
                Ok(catalog) => get(&catalog, names, form),
                Err(error) => Ok(failed(&format!("failed to get api: {error:#}"))),
            }
        }
        Some(TemplateCommand::Notify {
            arguments,
            recipient,
        }) => {
            let (name, resource) = two(arguments)?;
            let destinations: Vec<Destination> = recipient
                .iter()
                .map(|text| Destination::parse(text))
                .collect();
            let with_secret = destinations.iter().any(|to| &*to.service != CONSOLE);
            let mut inputs = Inputs::new(&engine)?;
            let catalog = match catalog(&mut inputs, &args.files, with_secret).await {
                Ok(catalog) => catalog,
                Err(error) => return Ok(failed(&format!("failed to create API: {error:#}"))),
            };
            let subject = match inputs.subject(resource).await {
                Ok(subject) => subject,
                Err(error) => return Ok(failed(&format!("failed to load resource: {error:#}"))),
            };
            for to in &destinations {
                if let Err(error) = notify(&catalog, name, &subject, to).await {
                    let to = format!("{}:{}", to.service, to.recipient);
                    return Ok(failed(&format!("failed to notify '{to}': {error}")));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        None => select_child("template"),
    }
}

fn get(catalog: &Catalog, names: &[String], form: Form) -> anyhow::Result<ExitCode> {
    let wanted = |name: &str| match names {
        [only] => name == only,
        _ => true,
    };
    let templates: BTreeMap<&str, &Notification> = catalog
        .templates
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, template)| (name.as_str(), template.unrendered()))
        .collect();
    print(&match form {
        Form::Name => templates.keys().map(|name| format!("{name}\n")).collect(),
        Form::Json => json(&templates)?,
        Form::Yaml => yaml(&templates)?,
        Form::Wide => {
            let mut rows = vec![["NAME", "PREVIEW"].map(str::to_owned).to_vec()];
            let texts = templates.iter();
            rows.extend(texts.map(|(name, text)| vec![(*name).to_owned(), text.preview()]));
            table(&rows)
        }
    })?;
    Ok(tell_broken(catalog, "template."))
}

/// The name that was probably meant, for the end of a message.
fn meant<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> String {
    nearest(name, names)
        .map(|near| format!(" (did you mean '{near}'?)"))
        .unwrap_or_default()
}

/// Renders and sends; what is sent over the network is told on standard error, secrets masked.
async fn notify(
    catalog: &Catalog,
    name: &str,
    subject: &Subject,
    to: &Destination,
) -> Result<(), String> {
    let service: Arc<dyn Service> = if &*to.service == CONSOLE {
        Arc::new(Console::new(CONSOLE, Box::new(std::io::stdout())))
    } else {
        match catalog.services.get(&*to.service) {
            Some(entry) => Arc::clone(&entry.service),
            None => {
                let of_name = |key: &&String| {
                    let mut parts = key.strip_prefix("service.").unwrap_or_default().split('.');
                    parts.next_back() == Some(&*to.service)
                };
                let key = catalog.keys.keys().find(of_name);
                let why = key.and_then(|key| broken(catalog, key));
                let unknown = || {
                    let names = catalog.services.keys().map(String::as_str);
                    let meant = meant(&to.service, names.chain([CONSOLE]));
                    format!(
                        "notification service '{}' is not supported{meant}",
                        to.service
                    )
                };
                return Err(why.unwrap_or_else(unknown));
            }
        }
    };
    let Some(template) = catalog.templates.get(name) else {
        let why = broken(catalog, &format!("template.{name}"));
        let unknown = || {
            let meant = meant(name, catalog.templates.keys().map(String::as_str));
            format!("template '{name}' is not supported{meant}")
        };
        return Err(why.unwrap_or_else(unknown));
    };
    let mut vars = Vars::of_object(&subject.variable, &subject.object);
    add_destination(&mut vars, to);
    let templates = [Arc::clone(template)];
    let notification = service::render(&templates, &vars, service.service_type(), &to.service)
        .map_err(|error| error.to_string())?;
    if service.service_type() != CONSOLE {
        let requests = service.prepare(&notification, to);
        for request in requests.map_err(|error| error.to_string())? {
            eprintln!("Sending request:\n{}", request.to_text(service.masker()));
        }
    }
    let mut tell = |progress: Progress| {
        if let Progress::Ended(attempt) = progress
            && !attempt.error.is_empty()
        {
            eprintln!("attempt {} failed: {}", attempt.number, attempt.error);
        }
    };
    let sent = send_series(&*service, &notification, to, &mut tell)
        .await
        .map_err(|error| error.to_string())?;
    if let Some(status) = sent.status {
        eprintln!("Received response: {status}\n{}", sent.response);
    }
    Ok(())
}
