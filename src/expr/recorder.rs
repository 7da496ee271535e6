//! What a traced evaluation leaves behind, in the order of events.

use super::ast::NodeId;
use super::value::Value;

/// Records that a trace keeps at most: a loop over a long list would make millions.
const MAX_RECORDS: usize = 20_000;

/// Elements of one loop that are recorded.
const MAX_ELEMENTS: i64 = 200;

/// One evaluation of one sub-expression.
#[derive(Debug)]
pub(super) struct Record<'v> {
    pub node: NodeId,
    pub children: Vec<usize>,
    /// Index of the element that the innermost loop was at.
    pub element: Option<i64>,
    /// The value, if it got one.
    pub value: Option<Value<'v>>,
    /// The message, if it failed here and not in a part of it.
    pub error: Option<String>,
    /// Whether it failed, here or in a part of it.
    pub failed: bool,
}

/// Collects records.
#[derive(Debug, Default)]
pub(super) struct Recorder<'v> {
    pub records: Vec<Record<'v>>,
    open: Vec<usize>,
    /// Sub-expressions that began after the limit and have not ended.
    skipped: Vec<NodeId>,
    /// Whether something was left out.
    pub truncated: bool,
}

impl<'v> Recorder<'v> {
    pub fn enter(&mut self, node: NodeId, element: Option<i64>) {
        let late = element.is_some_and(|index| index >= MAX_ELEMENTS);
        if !self.skipped.is_empty() || late || self.records.len() >= MAX_RECORDS {
            self.skipped.push(node);
            self.truncated = true;
            return;
        }
        let record = self.records.len();
        self.records.push(Record {
            node,
            children: Vec::new(),
            element,
            value: None,
            error: None,
            failed: false,
        });
        if let Some(parent) = self.open.last() {
            self.records[*parent].children.push(record);
        }
        self.open.push(record);
    }

    pub fn exit(&mut self, node: NodeId, value: Value<'v>) {
        // A jump out of a `?.` chain leaves its inner members open.
        while let Some(skipped) = self.skipped.pop() {
            if skipped == node {
                return;
            }
        }
        while let Some(record) = self.open.pop() {
            if self.records[record].node == node {
                self.records[record].value = Some(value);
                return;
            }
        }
    }

    pub fn fail(&mut self, node: NodeId, message: &str) {
        let innermost = self.open.last().copied();
        let blamed = self
            .open
            .iter()
            .rev()
            .find(|record| self.records[**record].node == node)
            .copied()
            .or(innermost);
        for record in &self.open {
            self.records[*record].failed = true;
        }
        if let Some(record) = blamed {
            self.records[record].error = Some(message.to_owned());
        }
    }
}
