//! The drafts of this context: of what, how old, and whether the cluster has changed since.

use crate::tui::clock;
use crate::tui::draft::{Draft, DraftId};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::widgets::cells::{self, Column};
use crate::tui::widgets::frame;
use crate::tui::window::Window;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// State of the screen.
#[derive(Debug, Default)]
pub struct DraftsScreen {
    /// The selected draft.
    pub selected: Option<DraftId>,
    /// What is visible.
    pub window: Window,
}

const COLUMNS: [Column; 5] = [
    Column {
        head: "DRAFT OF",
        width: 24,
        share: 3,
        rank: 0,
        right: false,
    },
    Column {
        head: "CONFIGMAP",
        width: 24,
        share: 2,
        rank: 3,
        right: false,
    },
    Column {
        head: "SIZE",
        width: 8,
        share: 0,
        rank: 4,
        right: true,
    },
    Column {
        head: "AGE",
        width: 5,
        share: 0,
        rank: 1,
        right: true,
    },
    Column {
        head: "BASE",
        width: 30,
        share: 3,
        rank: 2,
        right: false,
    },
];

/// Rows of the list.
pub fn rows(model: &Model) -> usize {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    layout::list_rows(shape, body)
}

impl DraftsScreen {
    /// Moves the selection among these drafts.
    pub fn step(&mut self, rows: i64, drafts: &[DraftId], height: usize) {
        self.settle(drafts, height);
        self.window.step(rows, drafts.len(), height);
        self.selected = drafts.get(self.window.position).cloned();
    }

    /// Keeps the selection on its draft; on its place when the draft is gone.
    pub fn settle(&mut self, drafts: &[DraftId], height: usize) {
        let place = drafts
            .iter()
            .position(|id| Some(id) == self.selected.as_ref());
        match place {
            Some(place) => self.window.moved(place, drafts.len(), height),
            None => self
                .window
                .select(self.window.position, drafts.len(), height),
        }
        self.selected = drafts.get(self.window.position).cloned();
    }
}

/// How a draft stands to the cluster, in words, and whether that needs care.
pub fn standing(model: &Model, draft: &Draft) -> (String, bool) {
    let view = model.session.catalog.as_deref();
    let here =
        view.filter(|view| view.namespace == draft.id.namespace && view.name == draft.id.name);
    let Some(view) = here else {
        return ("of another ConfigMap".to_owned(), true);
    };
    let live = view.found.then_some(view.resource_version.as_str());
    let base = draft.base.as_deref();
    if live == base {
        return (
            base.map_or("new ConfigMap".into(), |base| {
                format!("rv {base}, as in the cluster")
            }),
            false,
        );
    }
    let same_key = match &draft.id.key {
        Some(key) => view.data.get(key) == draft.base_text.as_ref(),
        None => false,
    };
    let base = base.map_or("no ConfigMap".to_owned(), |base| format!("rv {base}"));
    match same_key {
        true => (format!("{base}; other keys have changed since"), false),
        false => (format!("{base}; CONFLICT: changed in the cluster"), true),
    }
}

/// Draws the screen.
pub fn draw(model: &Model, screen: &DraftsScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let theme = &model.look.theme;
    let drafts: Vec<&Draft> = model.drafts.iter().collect();
    let facts = match model.drafts.on_disk {
        true => "kept on disk",
        false => "in memory only",
    };
    let inside = frame::draw(buffer, &model.look, shape, body, "Drafts", facts, true);
    if drafts.is_empty() {
        let text = "no drafts: what you edit is kept here until it is applied or discarded";
        cells::put(buffer, inside.x, inside.y, inside.width, text, theme.dim);
        return;
    }
    let list = Rect::new(
        inside.x + 1,
        inside.y,
        inside.width.saturating_sub(1),
        inside.height,
    );
    let placed = cells::place(&COLUMNS, list.width);
    let mut top = list.y;
    if layout::has_head(inside) {
        cells::heads(buffer, list, &COLUMNS, &placed, theme.dim);
        top += 1;
    }
    let height = usize::from(list.bottom().saturating_sub(top));
    let visible = screen.window.visible(drafts.len(), height);
    for (row, draft) in drafts.get(visible).unwrap_or_default().iter().enumerate() {
        let y = top + u16::try_from(row).unwrap_or(0);
        let (base, care) = standing(model, draft);
        let texts = [
            draft.id.title().to_owned(),
            format!("{}/{}", draft.id.namespace, draft.id.name),
            text::count(draft.text.len() as u64),
            clock::age(draft.edited_ms, model.now_ms),
            base,
        ];
        for place in &placed {
            let (Some(column), Some(text)) = (COLUMNS.get(place.index), texts.get(place.index))
            else {
                continue;
            };
            let x = list.x + place.x;
            let style = if care && place.index == 4 {
                theme.warn
            } else {
                theme.text
            };
            if column.right {
                cells::put_right(buffer, x, y, place.width, text, style);
            } else {
                cells::put(buffer, x, y, place.width, text, style);
            }
        }
        if screen.selected.as_ref() == Some(&draft.id) {
            cells::put(buffer, inside.x, y, 1, ">", theme.strong);
            cells::shade(buffer, inside.x, y, inside.width, theme.selected);
        }
    }
}
