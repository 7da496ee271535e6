//! `kubechime hold`: what the flood guard holds, and what is to become of it.

use super::engine::{EngineArgs, open_history};
use super::loading::Inputs;
use super::output::{Form, json, print, span, visible, yaml};
use super::table::table;
use crate::domain::{DeliveryId, Selection};
use crate::history::{HeldCount, History, Verb};
use crate::settings::Paths;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long an engine has to take a request; it looks every second.
const TAKEN_WITHIN: Duration = Duration::from_secs(5);

/// How long an engine that has taken it has to answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// How often it is looked for the answer.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Decide about notifications that the flood guard holds.
///
/// When a start or a new configuration would send more notifications within a minute than the
/// setting floodGuard allows, and no change of an object caused them, they are held: nothing is sent
/// until somebody releases them, or marks them as sent.
///
/// This works on the history in the state directory, the one of the engine that holds them: for an
/// engine in a Pod, run it there (kubectl exec deploy/kubechime -- kubechime hold list). A running
/// engine is asked through the history and carries the decision out at once. When none answers
/// within five seconds, the decision is written down, and the next engine to start on this history
/// carries it out.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct HoldArgs {
    #[command(subcommand)]
    command: HoldCommand,
}

#[derive(Debug, Subcommand)]
enum HoldCommand {
    /// List what is held, by destination and trigger.
    List {
        /// Form of the list: wide, json, yaml.
        #[arg(short, long, default_value = "wide")]
        output: String,
    },
    /// Send what is held.
    Release(Decision),
    /// Mark what is held as sent, without sending it.
    Baseline(Decision),
}

/// What is decided about.
#[derive(Clone, Debug, Args)]
struct Decision {
    #[command(flatten)]
    which: Which,
    /// Form of the answer: text, json, yaml.
    #[arg(short, long, default_value = "text")]
    output: String,
}

/// Which of what is held.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = true)]
struct Which {
    /// All of it.
    #[arg(long, conflicts_with_all = ["service", "recipient", "trigger"])]
    all: bool,
    /// What goes through this service.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// What goes to this recipient.
    #[arg(long, value_name = "RECIPIENT")]
    recipient: Option<String>,
    /// What this trigger sends.
    #[arg(long, value_name = "NAME")]
    trigger: Option<String>,
}

/// Does what is asked for.
pub(super) async fn run(args: HoldArgs, engine: EngineArgs) -> anyhow::Result<ExitCode> {
    let inputs = Inputs::new(&engine)?;
    let paths = Paths::for_context(inputs.settings(), inputs.context());
    // Opening would make one.
    let history = if paths.history().exists() {
        let (history, problem) = open_history(inputs.settings(), &paths);
        let problem = problem.unwrap_or_else(|| "the history can't be used".into());
        Some(history.context(problem)?)
    } else {
        None
    };
    let counts = match &history {
        Some(history) => history.held_counts()?,
        None => Vec::new(),
    };
    match args.command {
        HoldCommand::List { output } => list(&counts, Form::parse(&output)?)?,
        HoldCommand::Release(decision) => {
            decide(history, Verb::Release, decision, &counts).await?;
        }
        HoldCommand::Baseline(decision) => {
            decide(history, Verb::Baseline, decision, &counts).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A line of the list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'c> {
    service: &'c str,
    recipient: &'c str,
    trigger: &'c str,
    count: u64,
    oldest: String,
}

fn list(counts: &[HeldCount], form: Form) -> anyhow::Result<()> {
    let lines: Vec<Line<'_>> = counts
        .iter()
        .map(|group| Line {
            service: &group.destination.service,
            recipient: &group.destination.recipient,
            trigger: &group.trigger,
            count: group.count,
            oldest: jiff::Timestamp::from_millisecond(group.oldest_ms)
                .map(|time| time.to_string())
                .unwrap_or_default(),
        })
        .collect();
    let text = match form {
        Form::Json => json(&lines)?,
        Form::Yaml => yaml(&lines)?,
        Form::Wide | Form::Name if lines.is_empty() => "nothing is held\n".to_owned(),
        Form::Wide | Form::Name => {
            let heading = ["COUNT", "SERVICE", "RECIPIENT", "TRIGGER", "OLDEST"];
            let mut rows = vec![heading.map(str::to_owned).to_vec()];
            let now = now_ms();
            rows.extend(counts.iter().map(|group| {
                vec![
                    group.count.to_string(),
                    visible(&group.destination.service).into_owned(),
                    visible(&group.destination.recipient).into_owned(),
                    visible(&group.trigger).into_owned(),
                    span(now.saturating_sub(group.oldest_ms).div_euclid(1_000)),
                ]
            }));
            table(&rows)
        }
    };
    print(&text)?;
    Ok(())
}

/// What has come of a decision.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decided {
    /// Notifications that it is about.
    held: u64,
    /// An engine carries it out; otherwise the next one to start does.
    engine: bool,
    /// The same in words.
    message: String,
}

async fn decide(
    history: Option<History>,
    verb: Verb,
    decision: Decision,
    counts: &[HeldCount],
) -> anyhow::Result<()> {
    let form = match decision.output.as_str() {
        "text" | "" => None,
        other => Some(Form::parse(other)?),
    };
    let which = decision.which;
    let selection = Selection {
        service: which.service,
        recipient: which.recipient,
        trigger: which.trigger,
    };
    let meant = |group: &&HeldCount| {
        let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
        same(&selection.service, &group.destination.service)
            && same(&selection.recipient, &group.destination.recipient)
            && same(&selection.trigger, &group.trigger)
    };
    let held: u64 = counts.iter().filter(meant).map(|group| group.count).sum();
    let (engine, message) = match history.filter(|_| held > 0) {
        None => (false, format!("nothing is held ({selection})")),
        Some(history) => carry_out(&history, verb, selection).await?,
    };
    let decided = Decided {
        held,
        engine,
        message,
    };
    print(&match form {
        None | Some(Form::Wide | Form::Name) => format!("{}\n", decided.message),
        Some(Form::Json) => json(&decided)?,
        Some(Form::Yaml) => yaml(&decided)?,
    })?;
    Ok(())
}

/// Has a decision carried out by the engine, or writes it down for the next one.
async fn carry_out(
    history: &History,
    verb: Verb,
    selection: Selection,
) -> anyhow::Result<(bool, String)> {
    let id = history.ask(verb, &selection, &actor(), now_ms()).await?;
    if let Some(answer) = wait_for_answer(history, id, TAKEN_WITHIN).await? {
        return Ok((true, accepted(answer)?));
    }
    let done = history.do_untaken(id, verb, selection, now_ms()).await?;
    let Some(done) = done else {
        return Ok((true, late_answer(history, id).await?));
    };
    let then = match verb {
        Verb::Baseline => "they are marked as sent",
        _ => "they are sent",
    };
    let text = format!("{done} decided; no engine runs on this history: {then} when one starts");
    Ok((false, text))
}

/// What has become of a request about single notifications.
pub(super) enum Asked {
    /// An engine has answered.
    Answered(String),
    /// None has taken it, and none will.
    Nobody,
}

/// Asks the engine that works on a history about single notifications.
pub(super) async fn ask_and_wait(
    history: &History,
    verb: Verb,
    ids: &[DeliveryId],
) -> anyhow::Result<Asked> {
    let id = history.ask_about(verb, ids, &actor(), now_ms()).await?;
    if let Some(answer) = wait_for_answer(history, id, TAKEN_WITHIN).await? {
        return Ok(Asked::Answered(accepted(answer)?));
    }
    if history.take_back(id).await? {
        return Ok(Asked::Nobody);
    }
    Ok(Asked::Answered(late_answer(history, id).await?))
}

fn actor() -> String {
    std::env::var("USER").unwrap_or_default()
}

/// The answer of an engine that has taken a request already.
async fn late_answer(history: &History, id: i64) -> anyhow::Result<String> {
    let answer = wait_for_answer(history, id, ANSWERED_WITHIN).await?;
    accepted(answer.context("the engine has taken the request and does not answer")?)
}

fn accepted(answer: String) -> anyhow::Result<String> {
    match answer.strip_prefix("refused: ") {
        Some(why) => anyhow::bail!("the engine refuses: {why}"),
        None => Ok(answer),
    }
}

async fn wait_for_answer(
    history: &History,
    id: i64,
    patience: Duration,
) -> anyhow::Result<Option<String>> {
    let deadline = tokio::time::Instant::now() + patience;
    while tokio::time::Instant::now() < deadline {
        if let Some(answer) = history.answer_to(id)? {
            return Ok(Some(answer));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(None)
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
