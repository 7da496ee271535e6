//! Moving within the parts of the screen: selections stay on their lines, entries and deliveries.

use super::{ResourceScreen, Side};

impl ResourceScreen {
    /// After changes: keeps every selection where it belongs.
    pub(super) fn settle_selection(&mut self, heights: [usize; 4]) {
        let [explain, _, dedup, deliveries] = heights;
        if !self.lines.is_empty() {
            let selected = self.selected.as_ref();
            let place = self.lines.iter().position(|l| Some(&l.key) == selected);
            match place {
                Some(place) => self.window.moved(place, self.lines.len(), explain),
                None => self.select_at(self.window.position, explain),
            }
        }
        let entries = self.entries();
        let len = entries.len();
        let place = entries
            .iter()
            .position(|(key, _)| Some(key) == self.entry.as_ref());
        match place {
            Some(place) => self.dedup_window.moved(place, len, dedup),
            None => {
                let position = self.dedup_window.position.min(len.saturating_sub(1));
                self.entry = entries.get(position).map(|(key, _)| key.clone());
                self.dedup_window.select(position, len, dedup);
            }
        }
        let len = self.deliveries.len();
        let selected = self.delivery;
        let place = self
            .deliveries
            .iter()
            .position(|row| Some(row.new.id) == selected);
        match place {
            Some(place) => self.delivery_window.moved(place, len, deliveries),
            None => {
                let position = self.delivery_window.position;
                self.delivery_window.select(position, len, deliveries);
                let row = self.deliveries.get(self.delivery_window.position);
                self.delivery = row.map(|row| row.new.id);
            }
        }
    }

    /// Moves within the part with the focus.
    pub fn step(&mut self, rows: i64, height: usize) {
        match self.side {
            Side::Explain => {
                self.window.step(rows, self.lines.len(), height);
                self.select_at(self.window.position, height);
            }
            Side::Object => self.object.scroll(rows, height),
            Side::Dedup => {
                let len = self.entries().len();
                self.dedup_window.step(rows, len, height);
                let entry = self.entries().get(self.dedup_window.position);
                self.entry = entry.map(|(key, _)| key.clone());
            }
            Side::Deliveries => {
                let len = self.deliveries.len();
                self.delivery_window.step(rows, len, height);
                let row = self.deliveries.get(self.delivery_window.position);
                self.delivery = row.map(|row| row.new.id);
            }
        }
    }

    /// Selects what stands at a place of a part, which gets the focus; whether it was selected
    /// before. The object has no places.
    pub fn click(&mut self, side: Side, place: usize, height: usize) -> bool {
        let had_focus = self.side == side;
        self.side = side;
        let (window, len) = match side {
            Side::Explain => (self.window, self.lines.len()),
            Side::Dedup => (self.dedup_window, self.entries().len()),
            Side::Deliveries => (self.delivery_window, self.deliveries.len()),
            Side::Object => return false,
        };
        let place = window.visible(len, height).start + place;
        if place >= len {
            return false;
        }
        let rows = i64::try_from(place).unwrap_or(0) - i64::try_from(window.position).unwrap_or(0);
        self.step(rows, height);
        had_focus && rows == 0
    }

    /// Selects a line of the explanation by its place.
    pub fn select_at(&mut self, place: usize, height: usize) {
        self.window.select(place, self.lines.len(), height);
        let line = self.lines.get(self.window.position);
        self.selected = line.map(|line| line.key.clone());
    }
}
