//! Whether something happened that can be seen: only then a frame is drawn.

use crate::engine::Batch;
use crate::tui::message::{JobDone, Msg, SessionId};
use crate::tui::model::{Model, Screen};

/// Whether the message can change what is seen. What a person does counts always.
pub(super) fn is_news(model: &Model, message: &Msg) -> bool {
    match message {
        Msg::Key(_)
        | Msg::Paste(_)
        | Msg::Resumed
        | Msg::Contexts(_)
        | Msg::Edited(..)
        | Msg::Told(_) => true,
        Msg::Mouse(_) => model.overlays.is_empty(),
        Msg::Resize(width, height) => (model.width, model.height) != (*width, *height),
        // What time changes is found out when everything else is settled.
        Msg::Wake | Msg::NotCopied(..) => false,
        Msg::Batch(session, batch, answers) => {
            let awaited = |answer: &_| is_awaited(model, answer);
            *session == model.session.id
                && (holds_news(model, batch) || answers.iter().any(awaited))
        }
        Msg::Continue => model.backlog.is_some(),
        Msg::Refused(answer) => is_awaited(model, answer),
        Msg::Launched(session, _) => *session == model.session.id,
        Msg::Job(session, done) => brings_news(model, *session, done),
    }
}

fn is_awaited(model: &Model, answer: &crate::tui::message::Answer) -> bool {
    model.requests.is_open(answer.request)
}

/// Whether a batch tells anything but what is known.
fn holds_news(model: &Model, batch: &Batch) -> bool {
    let Batch {
        rows,
        gone,
        deliveries,
        deliveries_lost,
        catalog,
        watches,
        status,
        lanes,
        held,
        preview,
        migration,
        notices,
        done: _,
    } = batch;
    let session = &model.session;
    let table = &model.overview.resources.table;
    rows.iter().any(|row| table.get(&row.key) != Some(row))
        || gone.iter().any(|key| table.get(key).is_some())
        || !deliveries.is_empty()
        || *deliveries_lost
        || catalog.is_some()
        || (watches.is_some() && *watches != session.watches)
        || (status.is_some() && *status != session.status)
        || (lanes.is_some() && *lanes != session.lanes)
        || (held.is_some() && *held != session.held)
        || preview.is_some()
        || migration.is_some()
        || !notices.is_empty()
}

/// Whether the result of a job is still wanted, and new.
fn brings_news(model: &Model, session: SessionId, done: &JobDone) -> bool {
    let history = &model.overview.history;
    match done {
        // These are told whatever is shown.
        JobDone::Saved(..) | JobDone::Exported { .. } | JobDone::ConfigExported(..) => true,
        JobDone::Dropped(_, result) => result.is_err(),
        _ if session != model.session.id => false,
        JobDone::Page { number, .. } | JobDone::Marked { number, .. } => *number == history.number,
        JobDone::Count { number, rows } => {
            *number == history.number && rows.as_ref().ok() != history.count.as_ref()
        }
        JobDone::Strip { number, strip } => {
            *number == history.number && history.strip.as_ref() != Some(strip)
        }
        JobDone::Detail(id, _) => {
            matches!(model.screens.last(), Some(Screen::Delivery(screen)) if screen.id == *id)
        }
        JobDone::Rate(counts) => !model.session.spark.counts().eq(counts.iter().copied()),
        // Its rows are compared when they are made anew.
        JobDone::Numbers(_) => false,
        JobDone::Arranged(_)
        | JobDone::Swept(..)
        | JobDone::OfResource(..)
        | JobDone::Tried { .. }
        | JobDone::Drafts(..)
        | JobDone::Versions(_)
        | JobDone::VersionData(..)
        | JobDone::Compared(..)
        | JobDone::Judged(_) => true,
    }
}
