//! The block helper `each`: as the crate's, and every pass is counted.

use super::budget;
use handlebars::{
    BlockContext, BlockParams, Context, Handlebars, Helper, HelperDef, HelperResult, Output,
    PathAndJson, RenderContext, RenderError, RenderErrorReason, Renderable,
};
use serde_json::Value as Json;

/// `{{#each list}}…{{else}}…{{/each}}`, with `@index`, `@key`, `@first`, `@last` and
/// `as |value key|`.
pub(super) struct Each;

impl HelperDef for Each {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let items = helper
            .param(0)
            .ok_or(RenderErrorReason::ParamNotFoundForIndex("each", 0))?;
        let Some(body) = helper.template() else {
            return Ok(());
        };
        let passes: Vec<(Json, &Json)> = match items.value() {
            Json::Array(list) => list
                .iter()
                .enumerate()
                .map(|(index, item)| (Json::from(index), item))
                .collect(),
            Json::Object(members) => members
                .iter()
                .map(|(key, member)| (Json::from(key.as_str()), member))
                .collect(),
            _ => Vec::new(),
        };
        if passes.is_empty() {
            return match helper.inverse() {
                Some(otherwise) => otherwise.render(registry, context, render, out),
                None if items.is_value_missing() => {
                    Err(RenderError::strict_error(items.relative_path()))
                }
                None => Ok(()),
            };
        }
        render.push_block(BlockContext::new());
        let last = passes.len() - 1;
        for (index, (key, item)) in passes.into_iter().enumerate() {
            budget::within(|_| Ok(()))
                .map_err(|failure| RenderErrorReason::Other(failure.message))?;
            if let Some(block) = render.block_mut() {
                block.set_local_var("index", index.into());
                block.set_local_var("first", (index == 0).into());
                block.set_local_var("last", (index == last).into());
                if key.is_string() {
                    block.set_local_var("key", key.clone());
                }
                enter(block, helper, items, key, item)?;
            }
            body.render(registry, context, render, out)?;
        }
        render.pop_block();
        Ok(())
    }
}

/// Makes the item the block's `this`: by its path where it has one, else as a copy.
fn enter<'rc>(
    block: &mut BlockContext<'rc>,
    helper: &Helper<'rc>,
    items: &PathAndJson<'rc>,
    key: Json,
    item: &Json,
) -> Result<(), RenderError> {
    let path = items.context_path();
    match path {
        Some(path) => {
            let mut path = path.clone();
            path.push(key.as_str().map_or_else(|| key.to_string(), str::to_owned));
            *block.base_path_mut() = path;
        }
        None => block.set_base_value(item.clone()),
    }
    let (value_name, key_name) = match (helper.block_param(), helper.block_param_pair()) {
        (Some(value), _) => (value, None),
        (None, Some((value, key))) => (value, Some(key)),
        (None, None) => return Ok(()),
    };
    let mut params = BlockParams::new();
    if path.is_some() {
        params.add_path(value_name, Vec::new())?;
    } else {
        params.add_value(value_name, item.clone())?;
    }
    if let Some(name) = key_name {
        params.add_value(name, key)?;
    }
    block.set_block_params(params);
    Ok(())
}
