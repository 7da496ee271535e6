//! `kubechime trigger`: lists triggers, or runs one on an object, as the original's tool does.

use super::engine::EngineArgs;
use super::loading::{ConfigArgs, Inputs};
use super::output::{Form, json, print, yaml};
use super::table::table;
use crate::catalog::{Catalog, Condition};
use crate::domain::Severity;
use crate::expr::Env;
use clap::{Args, CommandFactory as _, Subcommand};
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Commands about triggers.
#[derive(Debug, Args)]
pub(super) struct TriggerArgs {
    #[command(flatten)]
    files: ConfigArgs,
    #[command(subcommand)]
    command: Option<TriggerCommand>,
}

#[derive(Debug, Subcommand)]
enum TriggerCommand {
    /// List the triggers with their templates and conditions.
    Get {
        /// Only this trigger.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Form of the list: wide, name, json, yaml.
        #[arg(short, long, default_value = "wide")]
        output: String,
    },
    /// Evaluate the conditions of a trigger for an object, which is a file or a name.
    #[command(override_usage = "kubechime trigger run NAME RESOURCE [OPTIONS]")]
    Run {
        /// The trigger's name, and the object: a file, or a name in the cluster.
        #[arg(value_name = "NAME RESOURCE")]
        arguments: Vec<String>,
    },
}

/// Does what is asked for.
pub(super) async fn run(args: TriggerArgs, engine: EngineArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Some(TriggerCommand::Get { names, output }) => {
            let form = Form::parse(output)?;
            let mut inputs = Inputs::new(&engine)?;
            match catalog(&mut inputs, &args.files, false).await {
                Ok(catalog) => get(&catalog, names, form),
                Err(error) => Ok(failed(&format!("failed to get api: {error:#}"))),
            }
        }
        Some(TriggerCommand::Run { arguments }) => {
            let (name, resource) = two(arguments)?;
            let mut inputs = Inputs::new(&engine)?;
            let catalog = match catalog(&mut inputs, &args.files, false).await {
                Ok(catalog) => catalog,
                Err(error) => return Ok(failed(&format!("failed to get api: {error:#}"))),
            };
            run_one(&mut inputs, &catalog, name, resource).await
        }
        None => select_child("trigger"),
    }
}

/// Builds the catalog from where it is.
pub(super) async fn catalog(
    inputs: &mut Inputs,
    files: &ConfigArgs,
    with_secret: bool,
) -> anyhow::Result<Catalog> {
    let source = inputs.source(files, with_secret).await?;
    inputs.build(&source)
}

/// Tells what went wrong.
pub(super) fn failed(text: &str) -> ExitCode {
    eprintln!("{text}");
    ExitCode::FAILURE
}

/// The two arguments that a command takes.
pub(super) fn two(arguments: &[String]) -> anyhow::Result<(&str, &str)> {
    match arguments {
        [name, resource] => Ok((name, resource)),
        // The original ignores what follows.
        [name, resource, ..] => Ok((name, resource)),
        _ => anyhow::bail!("expected two arguments, got {}", arguments.len()),
    }
}

/// A group of commands without one of them.
pub(super) fn select_child(group: &str) -> anyhow::Result<ExitCode> {
    let mut command = super::Cli::command();
    command.build();
    if let Some(group) = command.find_subcommand_mut(group) {
        print(&group.render_help().to_string())?;
    }
    anyhow::bail!("select child command")
}

/// Keys of one kind that can't be read are told, since a listing lacks them. The exit code says so.
pub(super) fn tell_broken(catalog: &Catalog, start: &str) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (key, status) in &catalog.keys {
        let errors = status.diagnostics.iter();
        let mut errors = errors.filter(|finding| finding.severity == Severity::Error);
        if let Some(error) = errors.next().filter(|_| key.starts_with(start)) {
            code = failed(&error.to_string());
        }
    }
    code
}

/// What is wrong with a key, if it can't be read.
pub(super) fn broken(catalog: &Catalog, key: &str) -> Option<String> {
    let findings = &catalog.keys.get(key)?.diagnostics;
    let error = findings
        .iter()
        .find(|finding| finding.severity == Severity::Error)?;
    Some(error.to_string())
}

/// A condition as it is listed; fields in the original's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'c> {
    #[serde(skip_serializing_if = "str::is_empty")]
    once_per: &'c str,
    #[serde(skip_serializing_if = "str::is_empty")]
    when: &'c str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'c str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    send: &'c [String],
}

impl<'c> Listed<'c> {
    fn of(condition: &'c Condition) -> Self {
        Self {
            once_per: condition.once_per.as_ref().map_or("", |(text, _)| text),
            when: &condition.when,
            description: &condition.description,
            send: &condition.send,
        }
    }
}

fn get(catalog: &Catalog, names: &[String], form: Form) -> anyhow::Result<ExitCode> {
    let wanted = |name: &str| match names {
        [only] => name == only,
        _ => true,
    };
    let triggers: BTreeMap<&str, &[Condition]> = catalog
        .triggers
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, trigger)| (name.as_str(), trigger.conditions.as_slice()))
        .collect();
    let listed = || -> BTreeMap<&str, Option<Vec<Listed<'_>>>> {
        let listed = triggers.iter();
        listed
            .map(|(name, conditions)| (*name, list(conditions)))
            .collect()
    };
    print(&match form {
        Form::Name => triggers.keys().map(|name| format!("{name}\n")).collect(),
        Form::Json => json(&listed())?,
        Form::Yaml => yaml(&listed())?,
        Form::Wide => wide(&triggers),
    })?;
    Ok(tell_broken(catalog, "trigger."))
}

/// The conditions as they are listed; without any it is null, as in the original.
fn list(conditions: &[Condition]) -> Option<Vec<Listed<'_>>> {
    (!conditions.is_empty()).then(|| conditions.iter().map(Listed::of).collect())
}

fn wide(triggers: &BTreeMap<&str, &[Condition]>) -> String {
    let mut rows = vec![
        ["NAME", "TEMPLATE", "CONDITION"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (name, conditions) in triggers {
        for (index, condition) in conditions.iter().enumerate() {
            let shown = if index == 0 { *name } else { "" };
            rows.push(vec![
                shown.to_owned(),
                condition.send.join(", "),
                condition.when.clone(),
            ]);
        }
    }
    table(&rows)
}

async fn run_one(
    inputs: &mut Inputs,
    catalog: &Catalog,
    name: &str,
    resource: &str,
) -> anyhow::Result<ExitCode> {
    let Some(trigger) = catalog.triggers.get(name) else {
        if let Some(error) = broken(catalog, &format!("trigger.{name}")) {
            return Ok(failed(&format!(
                "failed to execute trigger {name}: {error}"
            )));
        }
        let names: Vec<&str> = catalog.triggers.keys().map(String::as_str).collect();
        return Ok(failed(&format!(
            "trigger with name '{name}' does not exist (found {})",
            names.join(", ")
        )));
    };
    let subject = match inputs.subject(resource).await {
        Ok(subject) => subject,
        Err(error) => return Ok(failed(&format!("failed to load resource: {error:#}"))),
    };
    let env = Env::of_object(&subject.variable, &subject.object);
    let mut rows = vec![["CONDITION", "RESULT"].map(str::to_owned).to_vec()];
    for condition in &trigger.conditions {
        let result = match condition.when_program.eval(&env) {
            Ok(value) => value.as_bool() == Some(true),
            Err(error) => {
                eprintln!("failed to execute when condition: {}", error.original());
                if let Some(help) = error.help() {
                    eprintln!("help: {help}");
                }
                false
            }
        };
        rows.push(vec![condition.when.clone(), result.to_string()]);
    }
    print(&table(&rows))?;
    Ok(ExitCode::SUCCESS)
}
