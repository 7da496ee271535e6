//! What the engine tells.

use super::{
    applying, blast, bulk, drafts, editing, flash, preview, resource, subscribe, versions, views,
    writes,
};
use crate::domain::Severity;
use crate::engine::{Batch, CommandError, Reply};
use crate::tui::action::{self, ActionId};
use crate::tui::message::{Answer, Effect, Job, RequestId};
use crate::tui::model::{Model, Purpose, Screen};
use crate::tui::screens::text::TextOf;
use std::sync::Arc;

/// Rows that one step takes over, so that keys are answered while a large batch comes in.
const STEP: usize = 2_000;

pub(super) fn arrived(
    model: &mut Model,
    batch: Batch,
    answers: Vec<Answer>,
    effects: &mut Vec<Effect>,
) {
    // The loop asks for no further batch while there is a backlog.
    model.backlog = Some(Box::new(batch));
    go_on(model, effects);
    for answer in answers {
        answered(model, answer, effects);
    }
}

/// Takes over the next part of the backlog.
pub(super) fn go_on(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(mut batch) = model.backlog.take() else {
        return;
    };
    let rows = batch.rows.split_off(batch.rows.len().saturating_sub(STEP));
    let gone = if batch.rows.is_empty() {
        // Only with the last part: a resource that is gone must not come back by an older row.
        std::mem::take(&mut batch.gone)
    } else {
        Vec::new()
    };
    let now = model.now_ms;
    for screen in &mut model.screens {
        if let Screen::Resource(screen) = screen
            && rows.iter().any(|row| row.key == screen.key)
        {
            screen.renew(now);
        }
    }
    blast::changed(model, rows.len() + gone.len());
    if let Some(news) = batch.preview.take() {
        blast::news(model, *news);
    }
    if let Some(news) = batch.migration.take() {
        blast::migration(model, news);
    }
    if model.overview.resources.apply(rows, gone) {
        model.overview.triggers.renew(now);
    }
    deliveries(model, &mut batch, effects);
    if let Some(status) = batch.status.take() {
        let before = model
            .session
            .status
            .as_ref()
            .map(|status| status.counters.sent);
        if let Some(before) = before {
            let sent = status.counters.sent.saturating_sub(before);
            if sent > 0 {
                model.session.spark.add(sent, model.now_ms);
            }
        }
        model.session.status = Some(status);
    }
    if let Some(watches) = batch.watches.take() {
        model.session.watches = Some(watches);
    }
    if let Some(lanes) = batch.lanes.take() {
        model.session.lanes = Some(lanes);
    }
    if let Some(held) = batch.held.take() {
        model.session.held = Some(held);
    }
    if let Some(catalog) = batch.catalog.take() {
        model.session.catalog = Some(catalog);
        model.overview.triggers.renew(model.now_ms);
        resource::renew_all(model);
        drafts::rebuild_keys(model);
        versions::catalog_arrived(model, effects);
    }
    for notice in batch.notices.drain(..) {
        if notice.severity != Severity::Info {
            flash(model, notice.severity, notice.text.clone());
        }
        model.notices.push(notice);
    }
    if matches!(model.screens.last(), Some(Screen::Events(_))) {
        model.notices.seen();
    }
    if !batch.rows.is_empty() {
        model.backlog = Some(batch);
    }
}

fn deliveries(model: &mut Model, batch: &mut Batch, effects: &mut Vec<Effect>) {
    let (now, zone) = (model.now_ms, model.zone.clone());
    let target = model.overview.triggers.target().cloned();
    for delivery in batch.deliveries.drain(..) {
        model.overview.history.live(&delivery);
        let about_target = target.as_ref().is_some_and(|key| {
            *key.name == *delivery.new.name && *key.namespace == *delivery.new.namespace
        });
        if about_target {
            model.overview.triggers.renew(now);
        }
        for screen in &mut model.screens {
            if let Screen::Resource(screen) = screen {
                screen.live(&delivery);
            }
        }
        if let Some(Screen::Delivery(screen)) = model.screens.last_mut()
            && screen.id == delivery.new.id
        {
            screen.changed(&delivery, now, &zone);
            if model.session.history {
                let job = Job::Detail(delivery.new.id);
                effects.push(Effect::Job(model.session.id, job));
            }
        }
    }
    if std::mem::take(&mut batch.deliveries_lost) && model.session.history {
        model.overview.history.missed();
    }
}

/// An answer to something that was asked.
pub(super) fn answered(model: &mut Model, answer: Answer, effects: &mut Vec<Effect>) {
    let Some(purpose) = model.requests.close(answer.request) else {
        return;
    };
    match (purpose, answer.result) {
        (Purpose::Inspect(_), Err(CommandError::Busy)) => {
            model.overview.triggers.refused(model.now_ms);
        }
        (Purpose::Inspect(key), result) => {
            let result = match result {
                Ok(Reply::Inspection(inspection)) => Ok(inspection),
                Ok(_) => Err("the engine gave an unexpected answer".to_owned()),
                Err(error) => Err(error.to_string()),
            };
            let (now, zone) = (model.now_ms, model.zone.clone());
            model.overview.triggers.answered(&key, result, now, &zone);
            writes::inspected(model, effects);
        }
        (Purpose::Explain(key), result) => resource::answered(model, &key, result, effects),
        (Purpose::Object(key), result) => {
            let result = match result {
                Ok(Reply::Object(yaml)) => Ok(yaml),
                Ok(_) => Err("the engine gave an unexpected answer".to_owned()),
                Err(error) => Err(error.to_string()),
            };
            text_came(model, &TextOf::Object(key), answer.request, &result);
        }
        (Purpose::Check(id), result) => applying::checked(model, &id, result, effects),
        (Purpose::Apply(id), result) => applying::applied(model, &id, result, effects),
        (Purpose::Subscriptions(key), result) => subscribe::looked(model, &key, result),
        (Purpose::Annotate(what), result) => subscribe::written(model, &what, result, effects),
        (Purpose::Rollback, result) => applying::rolled_back(model, result),
        (Purpose::Resend(what), Ok(Reply::Resending { deliveries })) => {
            let count = crate::tui::text::plural(deliveries as u64, "delivery", "deliveries");
            flash(model, Severity::Info, format!("resending {what}: {count}"));
        }
        (Purpose::Cancel(what), Ok(Reply::Cancelled { deliveries })) => {
            let text = if deliveries == 0 {
                format!("{what}: nothing was under way any more")
            } else {
                format!("given up: {what}")
            };
            flash(model, Severity::Info, text);
        }
        (Purpose::Held(_), Ok(Reply::Released { deliveries })) => {
            let count = crate::tui::text::plural(deliveries, "delivery", "deliveries");
            flash(model, Severity::Info, format!("released: {count}"));
        }
        (Purpose::Held(_), Ok(Reply::Baselined { deliveries })) => {
            let count = crate::tui::text::plural(deliveries, "delivery", "deliveries");
            flash(model, Severity::Info, format!("marked as sent: {count}"));
        }
        (Purpose::Survey, result) => views::surveyed(model, result),
        (Purpose::Sample(id), result) => editing::sample_came(model, &id, result),
        (Purpose::MayWriteConfig, result) => editing::right_came(model, result),
        (Purpose::Preview(number), result) => blast::answered(model, number, result),
        (Purpose::Migrate(number), result) => blast::migrated(model, number, result, effects),
        (Purpose::StopWork, Ok(_)) => {}
        (Purpose::Render, result) => preview::answered(model, answer.request, result),
        (Purpose::Members(of), result) => views::members_came(model, &of, result),
        (Purpose::Variables(id), result) => {
            let result = match result {
                Ok(Reply::Variables(yaml)) => Ok(yaml),
                Ok(_) => Err("the engine gave an unexpected answer".to_owned()),
                Err(error) => Err(error.to_string()),
            };
            text_came(model, &TextOf::Variables(id), answer.request, &result);
        }
        (Purpose::BulkLook { number, place }, result) => {
            bulk::looked(model, number, place, result);
        }
        (Purpose::BulkDo { number, place }, result) => bulk::acted(model, number, place, result),
        (Purpose::Clear(cleared), Ok(Reply::Cleared { entries })) => {
            let count = crate::tui::text::plural(entries as u64, "entry", "entries");
            let key = action::describe(ActionId::UndoClear)
                .map_or_else(String::new, |action| model.keymap.label(action));
            let text = format!("cleared {}: {count}; {key} puts back", cleared.0);
            flash(model, Severity::Info, text);
            model.cleared = vec![cleared];
            model.marked.clear();
            model.overview.triggers.renew(model.now_ms);
            resource::renew_all(model);
        }
        (Purpose::Baseline(resource), Ok(Reply::Marked { keys })) => {
            let count =
                crate::tui::text::plural(keys.len() as u64, "notification", "notifications");
            let key = action::describe(ActionId::UndoClear)
                .map_or_else(String::new, |action| model.keymap.label(action));
            let text = format!("marked as sent {resource}: {count}; {key} takes back");
            flash(model, Severity::Info, text);
            let entries = keys.into_iter().map(|key| (key, 0)).collect();
            model.marked = vec![(resource, entries)];
            model.cleared.clear();
            model.overview.triggers.renew(model.now_ms);
            resource::renew_all(model);
        }
        (Purpose::Mode, Ok(Reply::Mode(mode))) => {
            flash(model, Severity::Info, format!("mode {mode}"));
        }
        (Purpose::TakeLease, Ok(_)) => {
            flash(model, Severity::Info, "taking over the Lease");
        }
        (purpose, Ok(_)) => {
            let what = label(&purpose);
            flash(model, Severity::Info, format!("{what}: done"));
        }
        (purpose, Err(error)) => refused(model, &purpose, &error),
    }
}

/// A text that a screen waits for has come, or not.
fn text_came(
    model: &mut Model,
    of: &TextOf,
    request: RequestId,
    result: &Result<Arc<str>, String>,
) {
    for screen in &mut model.screens {
        if let Screen::Text(text) = screen
            && text.of == *of
            && text.awaited == Some(request)
        {
            text.arrived(result.clone());
        }
    }
}

fn label(purpose: &Purpose) -> String {
    match purpose {
        Purpose::Inspect(_) => "evaluation".to_owned(),
        Purpose::Explain(_) => "explanation".to_owned(),
        Purpose::Object(_) => "object".to_owned(),
        Purpose::Resend(what) => format!("resend {what}"),
        Purpose::Clear((key, _)) => format!("clear {key}"),
        Purpose::Baseline(key) => format!("mark {key} as sent"),
        Purpose::Cancel(what) => format!("cancel {what}"),
        Purpose::Held(what) => (*what).to_owned(),
        Purpose::Survey => "count".to_owned(),
        Purpose::Preview(_) => "blast radius".to_owned(),
        Purpose::Migrate(_) => "migrate keys".to_owned(),
        Purpose::StopWork => "stop".to_owned(),
        Purpose::Render => "preview".to_owned(),
        Purpose::Members((trigger, _)) => format!("resources of {trigger}"),
        Purpose::Variables(_) => "template variables".to_owned(),
        Purpose::BulkLook { .. } | Purpose::BulkDo { .. } => "one of many".to_owned(),
        Purpose::Sample(_) => "object".to_owned(),
        Purpose::MayWriteConfig => "rights".to_owned(),
        Purpose::Check(id) => format!("check of {}", id.title()),
        Purpose::Apply(id) => format!("apply of {}", id.title()),
        Purpose::Rollback => "roll back".to_owned(),
        Purpose::Subscriptions(key) => format!("subscriptions of {key}"),
        Purpose::Annotate(what) => what.clone(),
        Purpose::Mode => "mode".to_owned(),
        Purpose::TakeLease => "take over".to_owned(),
    }
}

fn refused(model: &mut Model, purpose: &Purpose, error: &CommandError) {
    let what = label(purpose);
    flash(model, Severity::Error, format!("{what}: {error}"));
}
