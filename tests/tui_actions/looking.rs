//! Filters, searches and the mouse on the screens about a draft: blast radius, preview, difference.

use crate::applying::editing;
use crate::blast::{asked, effect, listed, news, over, select, tell};
use crate::fixture::{answer, key, keys, send, type_text};
use crate::{only, standard};
use kubechime::domain::Destination;
use kubechime::engine::{EffectKind, Rendered, RenderedPart, Rendering, Reply, Totals, WorkPhase};
use kubechime::tui::message::{MouseInput, Msg};
use kubechime::tui::model::{Model, Overlay, Screen};
use kubechime::tui::screens::blast::{Side, Sort};
use kubechime::tui::screens::preview::Side as PreviewSide;
use std::sync::Arc;

fn typed(model: &mut Model, filter: &str) {
    keys(model, "/");
    type_text(model, filter);
}

#[test]
fn effects_are_filtered_as_it_is_typed_and_the_selection_stays() {
    let (mut model, _, number) = asked();
    over(&mut model, number);
    keys(&mut model, "Tab j j");
    let selected = |model: &Model| {
        let effect = model.blast.as_ref().unwrap().selected();
        effect.map(|effect| effect.resource.name.to_string())
    };
    assert_eq!(selected(&model).as_deref(), Some("web-3"));
    typed(&mut model, "to:webhook");
    assert_eq!(listed(&model), ["web-2", "web-3"]);
    assert_eq!(selected(&model).as_deref(), Some("web-3"));
    // What is found later passes it, or not.
    let more = vec![
        effect("web-4", "slack:a", EffectKind::Sent),
        effect("web-5", "webhook:b", EffectKind::Stopped),
    ];
    tell(&mut model, news(number, WorkPhase::Over, more));
    assert_eq!(listed(&model), ["web-2", "web-3", "web-5"]);
    keys(&mut model, "Enter");
    for (filter, expected) in [
        ("web-2", vec!["web-2"]),
        ("!effect:stopped to:webhook", vec!["web-2", "web-3"]),
        ("ns:team-b", vec![]),
        ("because:not*", vec!["web-5"]),
        ("trigger:on-oom name:*-1", vec!["web-1"]),
    ] {
        keys(&mut model, "/ C-u");
        type_text(&mut model, filter);
        assert_eq!(listed(&model), expected, "{filter}");
        keys(&mut model, "Enter");
    }
    keys(&mut model, "/ C-u");
    type_text(&mut model, "label:x");
    assert!(
        matches!(model.overlays.last(), Some(Overlay::Prompt(prompt)) if prompt.problem.is_some())
    );
    keys(&mut model, "Esc");
    assert_eq!(listed(&model).len(), 5);
}

fn click(model: &mut Model, x: u16, y: u16) {
    send(model, Msg::Mouse(MouseInput::Click { x, y }));
}

/// Where a text stands on the screen.
fn find(model: &Model, text: &str) -> (u16, u16) {
    let area = ratatui::layout::Rect::new(0, 0, model.width, model.height);
    let mut buffer = ratatui::buffer::Buffer::empty(area);
    kubechime::tui::draw(model, &mut buffer);
    let found = (0..area.height).find_map(|y| {
        let line: Vec<&str> = (0..area.width).map(|x| buffer[(x, y)].symbol()).collect();
        let wanted: Vec<String> = text.chars().map(|c| c.to_string()).collect();
        let x = line.windows(wanted.len()).position(|part| part == wanted)?;
        Some((u16::try_from(x).unwrap(), y))
    });
    found.unwrap_or_else(|| panic!("no {text} on the screen"))
}

#[test]
fn the_mouse_selects_lists_sorts_and_opens() {
    let (mut model, _, number) = asked();
    over(&mut model, number);
    // The list of destinations: all, webhook:b, slack:a.
    let (x, y) = find(&model, "│> all ");
    click(&mut model, x + 1, y + 2);
    assert_eq!(listed(&model), ["web-1"]);
    keys(&mut model, "g");
    let (x, y) = find(&model, "new again");
    click(&mut model, x, y);
    assert_eq!(model.blast.as_ref().unwrap().sort, Sort::New);
    assert_eq!(listed(&model), ["web-3"]);
    let (x, y) = find(&model, "all [new]");
    click(&mut model, x, y);
    assert_eq!(listed(&model).len(), 3);
    let (x, y) = find(&model, "team-a/web-2");
    click(&mut model, x, y);
    let blast = model.blast.as_ref().unwrap();
    assert_eq!(blast.side, Side::Effects);
    assert_eq!(&*blast.selected().unwrap().resource.name, "web-2");
    click(&mut model, x, y);
    assert!(matches!(model.screens.last(), Some(Screen::Resource(_))));
    // Beside the rows nothing is selected, and nothing breaks.
    keys(&mut model, "Esc");
    for y in 0..model.height {
        for x in (0..model.width).step_by(7) {
            click(&mut model, x, y);
            if !matches!(model.screens.last(), Some(Screen::Blast)) {
                keys(&mut model, "Esc");
            }
        }
    }
    assert!(matches!(model.screens.last(), Some(Screen::Blast)));
}

#[test]
fn the_wheel_scrolls_the_list_below_it() {
    let (mut model, _, number) = asked();
    let many = (0..200).map(|n| effect(&format!("web-{n}"), "slack:a", EffectKind::Sent));
    let mut told = news(number, WorkPhase::Over, many.collect());
    let to = |n: usize| {
        (
            Destination::parse(&format!("slack:{n:03}")),
            Totals::default(),
        )
    };
    told.radius.by_destination = (0..100).map(to).collect();
    tell(&mut model, told);
    let top = |model: &Model| {
        let blast = model.blast.as_ref().unwrap();
        (blast.destinations_window.top, blast.effects_window.top)
    };
    let wheel = |model: &mut Model, x: u16, rows: i64| {
        send(model, Msg::Mouse(MouseInput::Wheel { x, y: 20, rows }));
    };
    wheel(&mut model, 100, 3);
    assert_eq!(top(&model), (0, 3));
    wheel(&mut model, 5, 6);
    assert_eq!(top(&model).0, 6);
    wheel(&mut model, 5, -99);
    assert_eq!(top(&model).0, 0);
    // The focus stays where it is.
    assert_eq!(model.blast.as_ref().unwrap().side, Side::Destinations);
}

#[test]
fn the_texts_of_a_preview_are_searched_scrolled_and_chosen() {
    let mut model = standard();
    select(&mut model, "template.pod-oom");
    let (request, _) = only(keys(&mut model, "F3"));
    let part = |to: &str| RenderedPart {
        destination: Destination::parse(to),
        service_type: "webhook".into(),
        subscribed: true,
        result: Ok(rendered()),
    };
    let rendering = Rendering {
        template: "pod-oom".into(),
        templates: vec!["pod-oom".into()],
        resource: key("Pod", "team-a", "web"),
        resource_version: "7".into(),
        findings: vec![],
        parts: vec![part("webhook"), part("slack:a")],
    };
    answer(
        &mut model,
        request,
        Ok(Reply::Rendered(Arc::new(rendering))),
    );
    let preview = |model: &Model| match model.screens.last() {
        Some(Screen::Preview(screen)) => (
            screen.side,
            screen.part().map(|(place, _)| place),
            screen.view().hits(),
        ),
        _ => panic!("no preview"),
    };
    keys(&mut model, "/");
    type_text(&mut model, "LINE 7");
    keys(&mut model, "Enter n");
    // Lines 7 and 70 to 79.
    assert_eq!(preview(&model).2, (2, 11));
    keys(&mut model, "N");
    assert_eq!(preview(&model).2, (1, 11));
    let top = |model: &Model| find(model, "line 1");
    let before = top(&model);
    let at = |rows| Msg::Mouse(MouseInput::Wheel { x: 3, y: 12, rows });
    send(&mut model, at(1));
    assert_ne!(top(&model), before);
    send(&mut model, at(-1));
    assert_eq!(top(&model), before);
    click(&mut model, 100, 12);
    assert_eq!(preview(&model).0, PreviewSide::Request);
    click(&mut model, 5, 12);
    assert_eq!(preview(&model).0, PreviewSide::Notification);
    let (x, y) = find(&model, "1/2");
    click(&mut model, x, y);
    assert_eq!(preview(&model).1, Some(1));
}

fn rendered() -> Rendered {
    let text: String = (0..100).map(|n| format!("line {n}\n")).collect();
    Rendered {
        notification: text.clone(),
        request: text,
    }
}

#[test]
fn a_difference_is_searched_at_every_width() {
    let text: String = (0..60).map(|n| format!("# line {n}\n")).collect();
    for width in [80, 120, 180] {
        let mut model = editing("");
        send(&mut model, Msg::Paste(text.clone()));
        send(&mut model, Msg::Resize(width, 36));
        keys(&mut model, "F7");
        let top = |model: &Model| match model.screens.last() {
            Some(Screen::Diff(screen)) => screen.top,
            _ => panic!("no difference"),
        };
        typed(&mut model, "LINE 5");
        let place = |model: &Model, text: &str| find(model, text);
        place(&model, "/line 5 1 of 11");
        keys(&mut model, "Enter");
        assert_eq!(top(&model), 0, "line 5 is in sight");
        keys(&mut model, "n");
        place(&model, "/line 5 2 of 11");
        assert!(top(&model) > 0, "{width}");
        place(&model, "line 50");
        keys(&mut model, "N N");
        place(&model, "/line 5 11 of 11");
        place(&model, "line 59");
        // Esc in the line ends the search.
        keys(&mut model, "/ Esc");
        typed(&mut model, "nowhere");
        place(&model, "0 of 0");
        keys(&mut model, "Esc n");
        assert!(matches!(model.screens.last(), Some(Screen::Diff(_))));
    }
}
