//! What the selected line is about, for what can be done with it.

use super::{LineKey, OutlineLine, ResourceScreen, Side};
use crate::tui::screens::overview::LineId;

impl ResourceScreen {
    /// The line of pane 2 that corresponds to what is selected: what resend and clear are about.
    pub fn subject(&self) -> Option<LineId> {
        match self.side {
            Side::Dedup => self.entry.clone().map(LineId::Entry),
            Side::Explain if self.trial.is_none() => match self.selected.as_ref()? {
                LineKey::Trigger(trigger) => Some(LineId::Trigger(trigger.clone())),
                LineKey::Target {
                    trigger,
                    index,
                    destination,
                } => Some(LineId::Target {
                    trigger: trigger.clone(),
                    index: *index,
                    destination: destination.clone(),
                }),
                key => {
                    let (trigger, index) = key.condition()?;
                    Some(LineId::Condition {
                        trigger: trigger.to_owned(),
                        index,
                    })
                }
            },
            _ => None,
        }
    }

    /// The trigger of the selected line.
    pub fn trigger(&self) -> Option<&str> {
        match self.selected.as_ref()? {
            LineKey::Trigger(trigger) => Some(trigger.as_str()),
            key => key.condition().map(|(trigger, _)| trigger),
        }
        .filter(|trigger| !trigger.is_empty())
    }

    /// The first template of the selected condition, or of the first one that sends any.
    pub fn template(&self) -> Option<&str> {
        let inspection = &self.explained.as_ref()?.explanation.inspection;
        let trigger = self.trigger();
        let wanted = self.selected.as_ref().and_then(LineKey::condition);
        let mut first = None;
        for of in &inspection.triggers {
            for condition in &of.conditions {
                let Some(template) = condition.templates.first() else {
                    continue;
                };
                if wanted == Some((&of.name, condition.key.index))
                    || (wanted.is_none() && trigger == Some(&of.name))
                {
                    return Some(template);
                }
                first = first.or(Some(template.as_str()));
            }
        }
        first
    }

    /// The `when` text of the selected condition, or of the first one.
    pub fn when(&self) -> Option<&str> {
        if let Some(trial) = &self.trial {
            return Some(&trial.source);
        }
        let inspection = &self.explained.as_ref()?.explanation.inspection;
        let wanted = self.selected.as_ref().and_then(LineKey::condition);
        let mut conditions = inspection.triggers.iter().flat_map(|trigger| {
            trigger
                .conditions
                .iter()
                .map(move |condition| (trigger.name.as_str(), condition))
        });
        let first = conditions.clone().next();
        let found = conditions
            .find(|(name, condition)| wanted == Some((name, condition.key.index)))
            .or(first)?;
        Some(&found.1.when)
    }

    /// The selected line of the explanation.
    pub fn selected_line(&self) -> Option<&OutlineLine> {
        let selected = self.selected.as_ref()?;
        self.lines.iter().find(|line| line.key == *selected)
    }

    /// What the selected line tells, when that is likely cut off on it.
    pub fn long_value(&self) -> Option<&str> {
        let line = self
            .selected_line()
            .filter(|_| self.side == Side::Explain)?;
        let long = crate::tui::text::width(&line.value) > self.width * 2 / 5;
        long.then_some(line.value.as_str())
    }

    /// What copying takes.
    pub fn copied(&self) -> Option<String> {
        match self.side {
            Side::Explain => self.selected_line().map(|line| {
                if line.value.is_empty() {
                    line.head.clone()
                } else {
                    line.value.clone()
                }
            }),
            Side::Object => Some(self.object.text().to_string()),
            Side::Dedup => self.entry.clone(),
            Side::Deliveries => self
                .selected_delivery()
                .map(|row| crate::tui::screens::delivery::summary(row)),
        }
    }
}
