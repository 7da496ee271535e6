//! Parts of template sections that are maps or lists of texts: how they are compiled and rendered.
//! Their keys are fixed, their values are templates. How several templates merge is the section's
//! own business.

use super::RenderError;
use super::template::{self, Compiler, Rendering};
use crate::template::Template;
use crate::yaml::Node;
use std::collections::BTreeMap;

/// A map from fixed keys to texts.
#[derive(Debug, Default)]
pub(super) struct TextMap {
    path: String,
    entries: Vec<(String, Template)>,
}

impl TextMap {
    /// Compiles the map that stands under `path` in the template; `node` is where. Mistakes are
    /// left with the compiler.
    pub(super) fn compile(
        path: impl Into<String>,
        texts: &BTreeMap<String, String>,
        node: Option<&Node>,
        compiler: &mut Compiler<'_>,
    ) -> Self {
        let path = path.into();
        let mut entries = Vec::with_capacity(texts.len());
        let places = node.map(template::entries).unwrap_or_default();
        for (key, text) in texts {
            let place = places.get(key.as_str()).copied();
            let template = compiler.text(&format!("{path}.{key}"), text, place);
            entries.extend(template.map(|template| (key.clone(), template)));
        }
        Self { path, entries }
    }

    /// Whether the template has no entry.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The map with its values rendered; a value that renders to nothing is empty.
    pub(super) fn render(
        &self,
        rendering: &Rendering<'_>,
    ) -> Result<BTreeMap<String, String>, RenderError> {
        let entries = self.entries.iter().map(|(key, template)| {
            let text = rendering.text(&format!("{}.{key}", self.path), template)?;
            Ok((key.clone(), text))
        });
        entries.collect()
    }
}

/// A list of texts.
#[derive(Debug, Default)]
pub(super) struct TextList {
    path: String,
    items: Vec<Template>,
}

impl TextList {
    /// Compiles the list that stands under `path` in the template; `node` is where. Mistakes are
    /// left with the compiler.
    pub(super) fn compile(
        path: impl Into<String>,
        texts: &[String],
        node: Option<&Node>,
        compiler: &mut Compiler<'_>,
    ) -> Self {
        let path = path.into();
        let nodes = node.and_then(Node::as_sequence).unwrap_or_default();
        let mut items = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            items.extend(compiler.text(&format!("{path}[{index}]"), text, nodes.get(index)));
        }
        Self { path, items }
    }

    /// Whether the template has no item.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The list with its items rendered, those that render to nothing included.
    pub(super) fn render(&self, rendering: &Rendering<'_>) -> Result<Vec<String>, RenderError> {
        let items = self.items.iter().enumerate();
        items
            .map(|(index, template)| rendering.text(&format!("{}[{index}]", self.path), template))
            .collect()
    }
}
