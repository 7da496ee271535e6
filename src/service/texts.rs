//! Template sections that are records of texts, which most are: how they are compiled, rendered and
//! merged. The services' files say which texts there are; sections of another shape (maps, nested
//! records) have their own code there.

use super::template::{Compiler, Rendering, Section};
use super::{Notification, RenderError};
use crate::template::Template;
use crate::yaml::Node;
use serde::de::DeserializeOwned;
use std::fmt::{self, Debug};

/// What a later template of the same delivery does to the texts of an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// Its text counts, also when it is empty.
    Always,
    /// Its text counts unless it is empty.
    NonEmpty,
}

/// A text of a section: its key in the YAML, and its place.
pub(super) type Field<T> = (&'static str, fn(&mut T) -> &mut String);

/// What stands in for a text that the section leaves out: its key, a Go template, and what to do
/// when that cannot be rendered.
pub(super) type Preset = (&'static str, &'static str, &'static str);

/// A section that is a record of texts.
pub(super) trait Texts:
    Clone + Debug + Default + DeserializeOwned + Send + Sync + 'static
{
    /// The service type, which is the section's key.
    const TYPE: &'static str;

    /// How the texts of several templates merge.
    const MERGE: Merge;

    /// The texts, in the order of rendering.
    const FIELDS: &'static [Field<Self>];

    /// Go templates that stand in for texts that are empty.
    const PRESETS: &'static [Preset] = &[];

    /// The section's place in a notification.
    fn of(notification: &mut Notification) -> &mut Option<Self>;

    /// Takes over what is not a template.
    fn copy_fixed(&self, _into: &mut Self) {}
}

struct TextSection<T: Texts> {
    source: T,
    templates: Vec<(Field<T>, Template)>,
}

impl<T: Texts> Debug for TextSection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TextSection").field(&self.source).finish()
    }
}

/// Compiles a section of this type; one that is null is none.
pub(super) fn section<T: Texts>(
    node: &Node,
    compiler: &mut Compiler<'_>,
    unrendered: &mut Notification,
) -> Option<Box<dyn Section>> {
    if node.is_null() {
        return None;
    }
    let mut source: T = compiler.decode(T::TYPE, node)?;
    let mut templates = Vec::new();
    for field in T::FIELDS {
        let (name, place) = *field;
        let path = format!("{}.{name}", T::TYPE);
        let text = place(&mut source);
        let preset = T::PRESETS.iter().find(|(key, _, _)| *key == name);
        let template = match preset {
            Some((_, preset, _)) if text.is_empty() => compiler.preset(&path, preset),
            _ => compiler.text(&path, text, node.get(name)),
        };
        templates.extend(template.map(|template| (*field, template)));
    }
    *T::of(unrendered) = Some(source.clone());
    Some(Box::new(TextSection { source, templates }))
}

impl<T: Texts> Section for TextSection<T> {
    fn service_type(&self) -> &'static str {
        T::TYPE
    }

    fn render(
        &self,
        rendering: &Rendering<'_>,
        into: &mut Notification,
    ) -> Result<(), RenderError> {
        let target = T::of(into).get_or_insert_default();
        for ((name, place), template) in &self.templates {
            let path = format!("{}.{name}", T::TYPE);
            let text = rendering.text(&path, template).map_err(|mut error| {
                let preset = T::PRESETS.iter().find(|(key, _, _)| key == name);
                if let Some((_, _, help)) = preset.filter(|(_, text, _)| *text == template.source())
                {
                    error.help = Some((*help).to_owned());
                }
                error
            })?;
            if T::MERGE == Merge::Always || !text.is_empty() {
                *place(target) = text;
            }
        }
        self.source.copy_fixed(target);
        Ok(())
    }
}
