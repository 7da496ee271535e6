//! `kubechime history`: what was sent, what failed and why; sending again and cancelling.

use super::engine::{EngineArgs, open_history};
use super::history_view::{self, Form};
use super::hold::{Asked, ask_and_wait, now_ms};
use super::loading::Inputs;
use super::output::{counted, print};
use crate::domain::{Delivery, DeliveryId, DeliveryState, Selection};
use crate::history::{Anchor, History, Verb};
use crate::query::HistoryQuery;
use crate::settings::{Paths, Settings};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Rows that are read at a time.
const PAGE: u32 = 2_000;

/// Notifications that one request may be about.
const MOST: usize = 10_000;

/// Look into the history of deliveries; send again; cancel.
///
/// A filter is written as in the dashboard: words that must occur, column:value, and ! before either
/// for what must not. `*` stands for any text. Columns: state, ns, name, trigger, service, to, error,
/// detail, kind, type, template, cause, by, id, uid, code (429, >=500, 4xx), tries, took (>1s),
/// since and until (2h, 14:30, 2026-09-21). For example:
///
///   kubechime history state:failed service:slack since:2h
///   kubechime history -o csv --limit 0 ns:shop !state:already-sent
///
/// This works on the history in the state directory, the one of the engine: for an engine in a Pod,
/// run it there (kubectl exec deploy/kubechime -- kubechime history).
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true)]
pub(super) struct HistoryArgs {
    #[command(subcommand)]
    command: Option<HistoryCommand>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Subcommand)]
enum HistoryCommand {
    /// List deliveries, newest first (the default).
    List(ListArgs),
    /// Show one delivery with its tries, its request and the answer.
    Show {
        /// Its id, as the list shows it.
        id: String,
        /// Form: table, json.
        #[arg(short, long, default_value = "table")]
        output: String,
        #[command(flatten)]
        places: Places,
    },
    /// Send notifications again, through the engine that runs on this history.
    Resend {
        /// Ids, as the list shows them.
        #[arg(required_unless_present = "failed", conflicts_with = "failed")]
        ids: Vec<String>,
        /// All that failed and that nothing followed.
        #[arg(long)]
        failed: bool,
        /// Of these only those that this lets through.
        #[arg(long, requires = "failed", default_value = "")]
        filter: String,
    },
    /// Cancel notifications that wait. Without an engine they are withdrawn at once.
    Cancel {
        /// Ids, as the list shows them.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<String>,
        /// All that wait.
        #[arg(long)]
        all: bool,
        /// Of these only those that this lets through.
        #[arg(long, requires = "all", default_value = "")]
        filter: String,
    },
    /// Write the histories of several state directories into one.
    ///
    /// What is in both is taken once. Deliveries that wait come along, and the next engine on that
    /// history takes them over: how to change the number of shards.
    Merge {
        /// State directories, or history files.
        #[arg(required = true)]
        from: Vec<PathBuf>,
        /// The state directory (or file) that gets them; made if it is not there.
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
    },
}

/// What is listed, and how.
#[derive(Debug, Args)]
struct ListArgs {
    /// The filter.
    filter: Vec<String>,
    /// Form: table, wide, json, csv.
    #[arg(short, long, default_value = "table")]
    output: String,
    /// Deliveries that are listed at most; 0 for all.
    #[arg(short = 'l', long, default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    places: Places,
}

/// Further histories.
#[derive(Debug, Args)]
struct Places {
    /// Look into this state directory, too (of another shard); repeatable.
    #[arg(long = "also", value_name = "DIR")]
    also: Vec<PathBuf>,
}

/// Does what is asked for.
pub(super) async fn run(args: HistoryArgs, engine: EngineArgs) -> anyhow::Result<ExitCode> {
    let inputs = Inputs::new(&engine)?;
    let own = Paths::for_context(inputs.settings(), inputs.context());
    let command = args.command.unwrap_or(HistoryCommand::List(args.list));
    match command {
        HistoryCommand::List(list) => {
            let form = Form::parse(&list.output)?;
            let query = query(&list.filter.join(" "))?;
            let histories = open_all(inputs.settings(), &own, &list.places.also)?;
            let rows = newest(&histories, &query, list.limit)?;
            print(&history_view::list(&rows, form, now_ms())?)?;
        }
        HistoryCommand::Show { id, output, places } => {
            let form = Form::parse(&output)?;
            let id = parse_id(&id)?;
            let mut found = None;
            for history in open_all(inputs.settings(), &own, &places.also)? {
                found = found.or(history.get(id)?);
            }
            let detail = found.with_context(|| format!("delivery {id} is not in the history"))?;
            print(&history_view::detail(&detail, form)?)?;
        }
        HistoryCommand::Resend {
            ids,
            failed,
            filter,
        } => {
            let history = open(inputs.settings(), &own)?;
            let ids = if failed {
                failed_ids(&history, &query(&filter)?)?
            } else {
                known(&history, &ids)?
            };
            resend(&history, &ids).await?;
        }
        HistoryCommand::Cancel { ids, all, filter } => {
            let history = open(inputs.settings(), &own)?;
            let ids = if all {
                waiting(&history, &query(&filter)?)?
            } else {
                known(&history, &ids)?
            };
            cancel(&history, &ids).await?;
        }
        HistoryCommand::Merge { from, into } => merge(inputs.settings(), &from, &into).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn query(filter: &str) -> anyhow::Result<HistoryQuery> {
    let parsed = HistoryQuery::parse(filter, &[], now_ms(), &TimeZone::system());
    parsed.map_err(|problem| anyhow::anyhow!("the filter: {problem}"))
}

/// An id as it is listed, or as JSON has it.
fn parse_id(text: &str) -> anyhow::Result<DeliveryId> {
    let decimal = text.len() > 13 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if decimal {
        text.parse().ok()
    } else {
        i64::from_str_radix(text, 16).ok()
    };
    number
        .map(DeliveryId)
        .with_context(|| format!("'{text}' is no id: take one from `kubechime history -o wide`"))
}

/// The history of a state directory that is there.
fn open(settings: &Settings, paths: &Paths) -> anyhow::Result<History> {
    // Opening would make one.
    anyhow::ensure!(
        paths.history().exists(),
        "there is no history in {}: no engine has run with this state directory; choose another with \
         --state-dir",
        paths.state.display()
    );
    let (history, problem) = open_history(settings, paths);
    history.with_context(|| problem.unwrap_or_else(|| "the history can't be used".into()))
}

fn open_all(settings: &Settings, own: &Paths, also: &[PathBuf]) -> anyhow::Result<Vec<History>> {
    let others = also.iter().map(|state| Paths {
        state: state.clone(),
    });
    let all = std::iter::once(own.clone()).chain(others);
    all.map(|paths| open(settings, &paths)).collect()
}

/// The newest rows of all of them that pass.
fn newest(
    histories: &[History],
    query: &HistoryQuery,
    limit: usize,
) -> anyhow::Result<Vec<Delivery>> {
    let limit = if limit == 0 { usize::MAX } else { limit };
    let mut rows = Vec::new();
    for history in histories {
        rows.extend(passing(history, query, limit)?);
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.new.id));
    rows.truncate(limit);
    Ok(rows)
}

fn passing(history: &History, query: &HistoryQuery, limit: usize) -> anyhow::Result<Vec<Delivery>> {
    let narrowed = query.narrowed();
    let mut rows = Vec::new();
    let mut from = Anchor::Newest;
    loop {
        let page = history.page(&narrowed, from, PAGE)?;
        let last = page.last().map(|row| row.new.id);
        let full = page.len() >= PAGE as usize;
        rows.extend(page.into_iter().filter(|row| query.matches(row)));
        match last {
            Some(last) if full && rows.len() < limit => from = Anchor::Before(last),
            _ => break,
        }
    }
    rows.truncate(limit);
    Ok(rows)
}

/// What failed and was not tried again since, as far as it passes.
fn failed_ids(history: &History, query: &HistoryQuery) -> anyhow::Result<Vec<DeliveryId>> {
    let mut ids = Vec::new();
    let mut after = DeliveryId(i64::MIN);
    loop {
        let page = history.failed(&Selection::default(), after, PAGE)?;
        let Some(last) = page.last().map(|row| row.new.id) else {
            return Ok(ids);
        };
        after = last;
        let meant = page.iter().filter(|row| query.matches(row));
        ids.extend(meant.map(|row| row.new.id));
    }
}

/// What waits to be sent, as far as it passes.
fn waiting(history: &History, query: &HistoryQuery) -> anyhow::Result<Vec<DeliveryId>> {
    let rows = passing(history, query, usize::MAX)?;
    let waiting = rows
        .iter()
        .filter(|row| row.state == DeliveryState::Pending);
    Ok(waiting.map(|row| row.new.id).collect())
}

/// Those that were named; each must be there.
fn known(history: &History, ids: &[String]) -> anyhow::Result<Vec<DeliveryId>> {
    let mut known = BTreeSet::new();
    for text in ids {
        let id = parse_id(text)?;
        let found = history.get(id)?;
        anyhow::ensure!(found.is_some(), "delivery {id} is not in the history");
        known.insert(id);
    }
    Ok(known.into_iter().collect())
}

fn check_number(ids: &[DeliveryId]) -> anyhow::Result<()> {
    anyhow::ensure!(
        ids.len() <= MOST,
        "{} are too many at once: narrow them with --filter to {MOST} at most",
        ids.len()
    );
    Ok(())
}

async fn resend(history: &History, ids: &[DeliveryId]) -> anyhow::Result<()> {
    check_number(ids)?;
    if ids.is_empty() {
        print("nothing that failed is left to be sent again\n")?;
        return Ok(());
    }
    match ask_and_wait(history, Verb::Resend, ids).await? {
        Asked::Answered(text) => print(&format!("{text}\n"))?,
        Asked::Nobody => anyhow::bail!(
            "{} not sent: no active engine answers on this history; start one (kubechime run), or \
             run this where it is, with its --state-dir",
            counted(ids.len(), "notification")
        ),
    }
    Ok(())
}

async fn cancel(history: &History, ids: &[DeliveryId]) -> anyhow::Result<()> {
    check_number(ids)?;
    if ids.is_empty() {
        print("nothing waits\n")?;
        return Ok(());
    }
    match ask_and_wait(history, Verb::Cancel, ids).await? {
        Asked::Answered(text) => print(&format!("{text}\n"))?,
        Asked::Nobody => {
            let who = std::env::var("USER").unwrap_or_else(|_| "operator".into());
            let why = format!("cancelled by {who}");
            let gone = history.withdraw(ids.to_vec(), true, why, now_ms()).await?;
            print(&format!(
                "{} cancelled; no engine runs on this history\n",
                gone.len()
            ))?;
        }
    }
    Ok(())
}

async fn merge(settings: &Settings, from: &[PathBuf], into: &Path) -> anyhow::Result<()> {
    let target = place(into);
    let (history, problem) = open_history(settings, &target);
    let history =
        history.with_context(|| problem.unwrap_or_else(|| "the history can't be used".into()))?;
    let same = |path: &Path| path.canonicalize().ok();
    for one in from {
        let path = place(one).history();
        anyhow::ensure!(path.exists(), "there is no history in {}", one.display());
        anyhow::ensure!(
            same(&path) != same(&target.history()),
            "{} is the one that the others are written into",
            one.display()
        );
        let added = history.absorb(&path).await?;
        print(&format!("{added} deliveries of {}\n", one.display()))?;
    }
    Ok(())
}

/// The state directory; of a file, the one that it is in.
fn place(path: &Path) -> Paths {
    let file = path.file_name().is_some_and(|name| name == "history.db");
    let folder = path.parent().filter(|_| file).unwrap_or(path);
    Paths {
        state: folder.to_owned(),
    }
}
