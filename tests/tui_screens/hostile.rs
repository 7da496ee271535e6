//! What a cluster, a clock or a terminal may do to the screens: nothing breaks the layout, nothing
//! acts on the terminal, nothing hangs.

use super::fixture::*;
use super::foreign::Foreign;
use super::opening::{SCREENS, answer_all, opened, play};
use super::{buffer, screen};
use kubechime::engine::{Batch, Command, Reply};
use kubechime::tui::message::{Effect, MouseInput, Msg};
use kubechime::tui::model::{Model, Screen};
use kubechime::tui::text::width;
use kubechime::tui::update::next_wake;
use ratatui::buffer::Buffer;
use std::sync::Arc;

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (40, 10)];

/// Whether a character in a cell could act on the terminal or on the order of what is read.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
                | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Asserts that nothing in the cells acts, that every row is as wide as the screen, that nothing
/// stands on half of a wide character, and that what stands in one cell is short.
fn harmless(buffer: &Buffer, what: &str) {
    let area = buffer.area;
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            let symbol = buffer[(x, y)].symbol();
            assert!(!symbol.chars().any(acts), "{what}: {symbol:?} at {x},{y}");
            assert!(symbol.len() <= 64, "{what}: {} B at {x},{y}", symbol.len());
            let cells = u16::try_from(width(symbol)).unwrap().max(1);
            for covered in x + 1..(x + cells).min(area.width) {
                let over = buffer[(covered, y)].symbol();
                assert_eq!(over, " ", "{what}: over {symbol:?} at {x},{y}");
            }
            x += cells;
        }
        assert_eq!(x, area.width, "{what}: the width of row {y}");
    }
}

/// The boxes whose upper left corner is seen and that are whole, and those that are not.
fn boxes(buffer: &Buffer) -> (usize, Vec<String>) {
    let area = buffer.area;
    let at = |x: u16, y: u16| buffer[(x, y)].symbol();
    let (mut whole, mut broken) = (0, Vec::new());
    for y in 0..area.height {
        for x in 0..area.width {
            if at(x, y) != "┌" {
                continue;
            }
            let right = (x + 1..area.width).find(|right| at(*right, y) == "┐");
            let bottom = (y + 1..area.height).find(|below| at(x, *below) != "│");
            let closed = match (right, bottom) {
                (Some(right), Some(bottom)) => {
                    at(x, bottom) == "└"
                        && at(right, bottom) == "┘"
                        && (x + 1..right).all(|column| at(column, bottom) == "─")
                        && (y + 1..bottom).all(|row| at(right, row) == "│")
                }
                _ => false,
            };
            if closed {
                whole += 1;
            } else {
                broken.push(format!("{x},{y}"));
            }
        }
    }
    (whole, broken)
}

/// Asserts that the screen is harmless and its boxes are whole; an overlay covers parts of them.
fn sound(model: &Model, what: &str) {
    let buffer = buffer(model);
    harmless(&buffer, what);
    let (whole, broken) = boxes(&buffer);
    let covered = !model.overlays.is_empty();
    assert!(
        broken.is_empty() || (covered && whole > 0),
        "{what}: boxes at {broken:?}\n{}",
        screen(model)
    );
}

/// Every screen over this content at every size, also moved about in.
fn every_screen_is_sound(foreign: &Foreign, what: &str) {
    for size in SIZES {
        for (name, script) in SCREENS {
            let what = format!("{what}: {name} at {size:?}");
            let mut model = opened(foreign, &options(), size, script);
            sound(&model, &what);
            for moved in ["PgDn Down", "Right End", "Tab PgUp"] {
                play(foreign, &mut model, moved);
                sound(&model, &format!("{what}, {moved}"));
            }
        }
    }
}

#[test]
fn control_and_direction_characters_reach_no_cell() {
    every_screen_is_sound(&Foreign::hostile(), "hostile");
}

#[test]
fn names_of_253_characters_stay_in_their_columns() {
    every_screen_is_sound(&Foreign::long(), "long");
}

#[test]
fn wide_characters_keep_every_column() {
    every_screen_is_sound(&Foreign::wide(), "wide");
}

#[test]
fn a_pile_of_marks_is_one_short_cell() {
    every_screen_is_sound(&Foreign::piled(), "piled");
}

/// A terminal may have any size, and lose it.
#[test]
fn every_screen_at_every_size() {
    let foreign = Foreign::wide();
    for (name, script) in SCREENS {
        let mut model = opened(&foreign, &options(), (80, 24), script);
        // Every width at a height of each shape, and every height at a width of each.
        let wide = [5, 16, 30].map(|height| (0..=130).map(move |width| (width, height)));
        let high = [20, 110].map(|width| (0..=40).map(move |height| (width, height)));
        for (width, height) in wide.into_iter().flatten().chain(high.into_iter().flatten()) {
            send(&mut model, Msg::Resize(width, height));
            let drawn = buffer(&model);
            if width % 10 == 0 {
                harmless(&drawn, &format!("{name} at {width}x{height}"));
            }
        }
        for (width, height) in [(0, 0), (1, 1), (0, 24), (80, 0), (19, 4), (u16::MAX, 1)] {
            send(&mut model, Msg::Resize(width, height));
            buffer(&model);
            play(&foreign, &mut model, "Down PgDn PgUp End Home Right Left");
            buffer(&model);
        }
        send(&mut model, Msg::Resize(120, 36));
        sound(&model, name);
    }
}

/// An object around this value, on the screen of the resource and as YAML.
fn with_object(change: impl Fn(&mut serde_json::Value), then: impl Fn(&mut Model, &str)) {
    let foreign = Foreign::wide();
    for (name, script) in [("resource", "x Tab"), ("yaml", "y")] {
        for size in SIZES {
            let mut model = opened(&foreign, &options(), size, "1");
            let mut left = Vec::new();
            for word in script.split(' ') {
                for effect in keys(&mut model, word) {
                    let Effect::Submit(request, command) = effect else {
                        continue;
                    };
                    let reply = match command {
                        Command::Explain(key) => {
                            let mut value = object(&key);
                            change(&mut value);
                            Reply::Explained(Arc::new(explained_of(inspection(key), &value)))
                        }
                        Command::Object(key) => {
                            let mut value = object(&key);
                            change(&mut value);
                            Reply::Object(kubechime::yaml::emit(&value).into())
                        }
                        _ => continue,
                    };
                    left.extend(answer(&mut model, request, Ok(reply)));
                }
            }
            answer_all(&foreign, &mut model, left);
            let what = format!("{name} at {size:?}");
            sound(&model, &what);
            then(&mut model, &what);
        }
    }
}

/// The text that the front screen shows.
fn shown(model: &Model) -> &kubechime::tui::widgets::text_view::TextView {
    match model.screens.last() {
        Some(Screen::Resource(screen)) => screen.object(),
        Some(Screen::Text(screen)) => &screen.view,
        _ => panic!("a text is shown"),
    }
}

#[test]
fn a_value_of_a_megabyte_is_scrolled_and_searched() {
    let value = format!(
        "begin {} needle",
        "日本語 \u{202e}evil\u{1b}[2J ".repeat(60_000)
    );
    assert!(value.len() > 1_000_000);
    with_object(
        |object| object["metadata"]["annotations"]["large"] = value.as_str().into(),
        |model, what| {
            assert!(shown(model).text().len() > 1_000_000, "{what}");
            keys(model, "/");
            type_text(model, "needle");
            keys(model, "Enter n N");
            assert_eq!(shown(model).hits(), (1, 1), "{what}");
            sound(model, what);
            for moved in ["Right Right Right", "G", "g", "PgDn", "Left"] {
                keys(model, moved);
                sound(model, what);
            }
        },
    );
}

#[test]
fn twenty_thousand_fields_are_scrolled_and_searched() {
    with_object(
        |object| {
            for number in 0..20_000 {
                object["data"][format!("field{number:05}")] = "x".into();
            }
        },
        |model, what| {
            keys(model, "G");
            sound(model, what);
            assert!(screen(model).contains("phase: Running"), "{what}");
            keys(model, "g /");
            type_text(model, "field19999");
            keys(model, "Enter");
            assert_eq!(shown(model).hits(), (1, 1), "{what}");
            assert!(screen(model).contains("field19999"), "{what}");
            sound(model, what);
        },
    );
}

#[test]
fn an_object_that_is_nested_a_hundred_deep_is_shown_to_its_end() {
    with_object(
        |object| {
            let mut nested = serde_json::json!("core");
            for _ in 0..100 {
                nested = serde_json::json!({ "in": [nested] });
            }
            object["nested"] = nested;
        },
        |model, what| {
            keys(model, "/");
            type_text(model, "core");
            keys(model, "Enter");
            assert_eq!(shown(model).hits(), (1, 1), "{what}");
            // Two levels each, of four and two cells at most, and the value is far to the right.
            for _ in 0..60 {
                keys(model, "Right");
            }
            sound(model, what);
        },
    );
}

/// A dashboard on this ConfigMap.
fn configured(data: impl IntoIterator<Item = (String, String)>, size: (u16, u16)) -> Model {
    let foreign = Foreign::wide();
    let mut model = opened(&foreign, &options(), size, "4");
    configure(&mut model, foreign.catalog_of(data));
    model
}

/// The names of the keys that are on the screen, from the first one on.
fn keys_on_screen(model: &Model, prefix: &str) -> usize {
    screen(model)
        .lines()
        .filter(|line| line.contains(prefix))
        .count()
}

#[test]
fn two_thousand_keys_and_ten_thousand_triggers_are_listed() {
    let trigger = "- when: pod.status.phase == 'Failed'\n  send: [none]\n";
    for (prefix, text, count) in [
        ("template.t", "message: hi\n", 2_000),
        ("trigger.on-", trigger, 10_000),
    ] {
        let data = || (0..count).map(|n| (format!("{prefix}{n:05}"), text.to_owned()));
        for size in SIZES {
            let mut model = configured(data(), size);
            sound(&model, prefix);
            assert_eq!(model.overview.keys.entries().len(), count, "{prefix}");
            assert!(keys_on_screen(&model, prefix) <= usize::from(size.1));
            for moved in ["j j", "PgDn", "G", "PgUp", "g"] {
                keys(&mut model, moved);
                sound(&model, prefix);
            }
            keys(&mut model, "G");
            let last = format!("{prefix}{:05}", count - 1);
            assert_eq!(model.overview.keys.selected.as_deref(), Some(&*last));
            assert!(screen(&model).contains(&last), "{}", screen(&model));
            keys(&mut model, "/");
            type_text(&mut model, "01234");
            keys(&mut model, "Enter");
            assert_eq!(model.overview.keys.entries().len(), 1);
            sound(&model, prefix);
        }
    }
}

#[test]
fn two_thousand_keys_are_edited_as_a_whole() {
    let data = (0..2_000).map(|n| (format!("template.t{n:04}"), "message: hi\n".to_owned()));
    let mut model = configured(data, (120, 36));
    keys(&mut model, "E");
    type_text(&mut model, "# x\n");
    sound(&model, "whole");
    keys(&mut model, "C-End PgUp PgUp Enter Up");
    sound(&model, "whole, at the end");
    let Some(Screen::Editor(editor)) = model.screens.last() else {
        panic!("an editor is open");
    };
    assert!(editor.buffer.lines().len() > 4_000);
}

#[test]
fn a_key_of_a_megabyte_is_edited() {
    let long = format!(
        "- when: \"{}\"\n  send: []\n",
        "日本x\u{202e} ".repeat(90_000)
    );
    for size in SIZES {
        let mut model = configured([("trigger.on-long".to_owned(), long.clone())], size);
        play(&Foreign::wide(), &mut model, "Enter");
        sound(&model, "key");
        play(&Foreign::wide(), &mut model, "Esc e End");
        sound(&model, "editor at the end of the line");
        type_text(&mut model, "xyz");
        play(&Foreign::wide(), &mut model, "@pause Home Down End @pause");
        sound(&model, "editor");
    }
}

#[test]
fn ten_thousand_conditions_are_counted_and_listed() {
    let foreign = Foreign::hostile();
    let mut model = opened(&foreign, &options(), (120, 36), "1");
    for effect in keys(&mut model, "5") {
        if let Effect::Submit(request, Command::Survey) = effect {
            let survey = Arc::new(foreign.survey(10_000));
            answer(&mut model, request, Ok(Reply::Survey(survey)));
        }
    }
    for moved in ["j j", "PgDn PgDn", "G", "s", "S", "g", "/"] {
        keys(&mut model, moved);
        sound(&model, moved);
    }
    type_text(&mut model, "on-09999");
    keys(&mut model, "Enter");
    let Some(Screen::Views(views)) = model.screens.last() else {
        panic!("the conditions are shown");
    };
    assert_eq!(views.rows().len(), 1);
    sound(&model, "filtered");
}

const HOUR: i64 = 3_600_000;
const YEAR: i64 = 365 * 24 * HOUR;

#[test]
fn a_clock_that_jumps_breaks_no_screen() {
    let foreign = Foreign::hostile();
    let earliest = jiff::Timestamp::MIN.as_millisecond();
    let latest = jiff::Timestamp::MAX.as_millisecond();
    for (name, script) in SCREENS {
        let mut model = opened(&foreign, &options(), (120, 36), script);
        let times = [
            NOW - HOUR,
            NOW - 3 * YEAR,
            0,
            earliest,
            NOW,
            NOW + HOUR,
            NOW + 50 * YEAR,
            latest,
            i64::MAX,
            i64::MIN,
            NOW,
        ];
        for now in times {
            model.now_ms = now;
            let mut effects = send(&mut model, Msg::Wake);
            effects.extend(batch(&mut model, foreign.batch()));
            effects.extend(keys(&mut model, "Down Up"));
            answer_all(&foreign, &mut model, effects);
            sound(&model, &format!("{name} at {now}"));
            let wake = next_wake(&model);
            assert!(wake >= now, "{name}: {wake} is before {now}");
        }
    }
}

#[test]
fn a_clock_that_was_set_back_stops_nothing() {
    // An evaluation is asked for soon after a change, not when the clock is back where it was.
    let mut model = full(&options(), 120, 36);
    let changed = || Batch {
        rows: rows(),
        ..Batch::default()
    };
    let asked = |effects: &[Effect], explain: bool| {
        effects.iter().any(|effect| match effect {
            Effect::Submit(_, Command::Inspect(_)) => !explain,
            Effect::Submit(_, Command::Explain(_)) => explain,
            _ => false,
        })
    };
    batch(&mut model, changed());
    model.now_ms = NOW - HOUR;
    let mut effects = batch(&mut model, changed());
    model.now_ms += 2_000;
    effects.extend(send(&mut model, Msg::Wake));
    assert!(asked(&effects, false), "{effects:?}");
    // The same on the screen of a resource.
    let mut model = full(&options(), 120, 36);
    let effects = keys(&mut model, "x");
    answer_inspections(&mut model, effects);
    batch(&mut model, changed());
    model.now_ms = NOW - HOUR;
    let mut effects = batch(&mut model, changed());
    model.now_ms += 3_000;
    effects.extend(send(&mut model, Msg::Wake));
    assert!(asked(&effects, true), "{effects:?}");
    // A view counts again.
    let foreign = Foreign::wide();
    let mut model = opened(&foreign, &options(), (120, 36), "5");
    model.now_ms = NOW - HOUR;
    let mut effects = send(&mut model, Msg::Wake);
    model.now_ms += 10_000;
    effects.extend(send(&mut model, Msg::Wake));
    let survey = |effect: &Effect| matches!(effect, Effect::Submit(_, Command::Survey));
    assert!(effects.iter().any(survey), "{effects:?}");
    // A message that is no error goes.
    let mut model = full(&options(), 120, 36);
    send(&mut model, Msg::Told(Ok("copied 3 bytes".into())));
    model.now_ms = NOW - HOUR;
    send(&mut model, Msg::Wake);
    model.now_ms += 20_000;
    send(&mut model, Msg::Wake);
    assert_eq!(model.flash, None);
    // A draft is written to disk.
    let mut model = full(&options(), 120, 36);
    model.drafts.on_disk = true;
    keys(&mut model, "4 e");
    type_text(&mut model, "# x");
    model.now_ms = NOW - HOUR;
    send(&mut model, Msg::Wake);
    assert_eq!(model.drafts.len(), 1);
    // Deliveries are counted by the minute again.
    let mut model = full(&options(), 120, 36);
    model.now_ms = NOW - HOUR;
    let told = |sent: u64| {
        let mut status = status(kubechime::domain::Mode::Active);
        status.counters.sent = sent;
        Batch {
            status: Some(Arc::new(status)),
            ..Batch::default()
        }
    };
    batch(&mut model, told(2_000));
    model.now_ms += 60_000;
    batch(&mut model, told(2_003));
    model.now_ms += 60_000;
    batch(&mut model, told(2_003));
    let counts: Vec<u64> = model.session.spark.counts().collect();
    assert!(counts.ends_with(&[3, 0]), "{counts:?}");
}

/// What is pasted is text, and a click or the wheel anywhere, also where the terminal ended a moment
/// ago, selects at most.
#[test]
fn pastes_and_clicks_do_no_harm() {
    let foreign = Foreign::hostile();
    let at = [
        (0, 0),
        (79, 23),
        (40, 12),
        (3, 3),
        (500, 500),
        (u16::MAX, 0),
    ];
    for (name, script) in SCREENS {
        let mut model = opened(&foreign, &options(), (80, 24), script);
        let effects = send(&mut model, Msg::Paste(foreign.text.clone()));
        answer_all(&foreign, &mut model, effects);
        sound(&model, &format!("{name}, pasted"));
        for (x, y) in at {
            for rows in [-3, 3] {
                send(&mut model, Msg::Mouse(MouseInput::Wheel { x, y, rows }));
            }
            for _ in 0..2 {
                let effects = send(&mut model, Msg::Mouse(MouseInput::Click { x, y }));
                answer_all(&foreign, &mut model, effects);
            }
            sound(&model, &format!("{name}, clicked at {x},{y}"));
        }
    }
    // In every line that is typed, too.
    for script in [
        "/", ": ", "4 e C-f", "4 n", "x t", "3 a", "?", "A", "4 e C-r",
    ] {
        let mut model = opened(&foreign, &options(), (80, 24), script);
        send(&mut model, Msg::Paste(foreign.text.clone()));
        sound(&model, script);
        play(&foreign, &mut model, "Left Left Backspace Home End");
        sound(&model, script);
    }
}
