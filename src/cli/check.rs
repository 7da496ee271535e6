//! `kubechime check`: the lint of ConfigMaps, for people and for CI.

use super::check_files::{ManifestMap, Manifests};
use super::engine::EngineArgs;
use super::loading::Inputs;
use super::output::{counted, json, print};
use super::place::{Finding, STDIN};
use super::sarif::sarif;
use crate::catalog::{ConfigSource, KeyKind, KeyStatus};
use crate::check::{LintOptions, Subject, lint};
use crate::domain::Severity;
use clap::{Args, ValueEnum};
use std::process::ExitCode;
use std::time::Duration;

/// Exit code when nothing could be checked.
const NOT_CHECKED: u8 = 2;

/// Longest time for rendering the templates of one ConfigMap.
const LONGEST: Duration = Duration::from_secs(20);

/// What to check.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code: 0 without errors, 1 with errors (with --strict also warnings), 2 \
                        when something could not be read."
)]
pub(super) struct CheckArgs {
    /// Files with ConfigMaps, Secrets and anything else, in YAML or JSON; - for standard input.
    #[arg(value_name = "FILE", required_unless_present = "live")]
    files: Vec<String>,
    /// Check the ConfigMap and the Secret in the cluster.
    #[arg(long)]
    live: bool,
    /// Form of the findings.
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    output: Form,
    /// Warnings make the exit code 1 too.
    #[arg(long)]
    strict: bool,
    /// Try conditions and templates on this object: a file, or a name in the cluster.
    #[arg(long, value_name = "FILE|NAME")]
    object: Option<String>,
}

/// Form of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// A list, for programs.
    Json,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
}

/// Checks.
pub(super) async fn run(args: CheckArgs, engine: EngineArgs) -> anyhow::Result<ExitCode> {
    match check(&args, &engine).await {
        Ok(code) => Ok(code),
        Err(error) => {
            eprintln!("kubechime: {error:#}");
            Ok(ExitCode::from(NOT_CHECKED))
        }
    }
}

async fn check(args: &CheckArgs, engine: &EngineArgs) -> anyhow::Result<ExitCode> {
    let mut inputs = Inputs::new(engine)?;
    let mut manifests = Manifests::default();
    for file in &args.files {
        let text = inputs.read(file)?;
        let name = if file == "-" { STDIN } else { file };
        manifests.add(name, &text);
    }
    let given = match &args.object {
        Some(object) => Some(inputs.subject(object).await?),
        None => None,
    };
    let variables = inputs.variables();
    let subject = given.as_ref().map(|given| Subject {
        variable: &given.variable,
        object: &given.object,
    });
    let mut findings = std::mem::take(&mut manifests.findings);
    let mut checked = 0;
    let mut pairs = Vec::new();
    for map in std::mem::take(&mut manifests.maps) {
        let secret = manifests.secret_of(&map, &inputs.settings().secret);
        let source = map.source(secret);
        pairs.push((map, source));
    }
    if args.live {
        let mut source = ConfigSource {
            name: inputs.settings().config_map.clone(),
            namespace: inputs.namespace().to_owned(),
            ..ConfigSource::default()
        };
        inputs.live_config_map(&mut source).await?;
        inputs.live_secret(&mut source).await?;
        pairs.push((ManifestMap::live(&source), source));
    }
    for (map, source) in pairs {
        let catalog = inputs.build(&source)?;
        // Files of manifests have other ConfigMaps too.
        let ours = |status: &KeyStatus| status.kind != KeyKind::Ignored;
        if map.name != inputs.settings().config_map && !catalog.keys.values().any(ours) {
            continue;
        }
        checked += 1;
        let options = LintOptions {
            variables: &variables,
            secret_known: source.secret_found,
            subject,
            longest: LONGEST,
        };
        for diagnostic in lint(&catalog, &options) {
            findings.push(match &args.object {
                // About the object's annotations, not about the ConfigMap.
                Some(object) if diagnostic.key.is_empty() => Finding {
                    in_file: std::path::Path::new(object).is_file(),
                    ..Finding::at(diagnostic, object, None, "")
                },
                _ => map.finding(diagnostic),
            });
        }
    }
    findings.sort_by(|one, other| {
        let place = |finding: &Finding| (finding.line, finding.column);
        one.file
            .cmp(&other.file)
            .then(place(one).cmp(&place(other)))
    });
    anyhow::ensure!(
        checked > 0 || !findings.is_empty(),
        "there is no ConfigMap with notifications in {}",
        args.files.join(", ")
    );
    print(&report(args.output, &findings, checked)?)?;
    let count = |severity| count(&findings, severity);
    let failed = count(Severity::Error) > 0 || (args.strict && count(Severity::Warning) > 0);
    Ok(ExitCode::from(u8::from(failed)))
}

fn count(findings: &[Finding], severity: Severity) -> usize {
    let same = |finding: &&Finding| finding.severity == severity;
    findings.iter().filter(same).count()
}

fn report(form: Form, findings: &[Finding], checked: usize) -> anyhow::Result<String> {
    let (errors, warnings) = (
        count(findings, Severity::Error),
        count(findings, Severity::Warning),
    );
    Ok(match form {
        Form::Text => {
            let mut text = String::new();
            for finding in findings {
                text.push_str(&finding.render());
                text.push('\n');
            }
            text.push_str(&format!(
                "{}, {} in {}\n",
                counted(errors, "error"),
                counted(warnings, "warning"),
                counted(checked, "ConfigMap")
            ));
            text
        }
        Form::Json => json(&serde_json::json!({
            "findings": findings,
            "configMaps": checked,
            "errors": errors,
            "warnings": warnings,
        }))?,
        Form::Sarif => json(&sarif(findings))?,
    })
}
