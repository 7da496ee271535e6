//! From text to tree, within budgets.

use super::error::Error;
use super::node::{Content, Entry, Node, Scalar};
use super::scalar::{ScalarValue, resolve, resolve_tagged};
use crate::domain::Position;
use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};
use std::collections::HashMap;

/// Longest text that is read, in bytes. A ConfigMap ends at 1 MiB.
pub const MAX_SIZE: usize = 8 << 20;

/// Deepest nesting that is read; readers of the tree recurse.
pub const MAX_DEPTH: usize = 128;

/// Most nodes of one document.
pub const MAX_NODES: usize = 500_000;

/// Nodes that anchors and aliases may copy on top of four per byte of source.
const COPIED_NODES: usize = 1_000;

/// Bytes of text that anchors and aliases may copy on top of four per byte of source.
const COPIED_TEXT: usize = 4 << 20;

/// What `!!` stands for.
const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// The first document of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its value; null when there is none.
    pub root: Node,
    /// Where a second document begins, if there is one: it is not read.
    pub second: Option<Position>,
}

/// Reads the first document; what follows it is ignored, as the original does. An empty text is
/// null.
///
/// # Errors
/// The text is not YAML, or it exceeds a budget ([`MAX_SIZE`], [`MAX_DEPTH`], [`MAX_NODES`], or
/// aliases that multiply it).
pub fn parse(text: &str) -> Result<Node, Error> {
    parse_document(text).map(|document| document.root)
}

/// Like [`parse`], and says whether there is a second document.
///
/// # Errors
/// As [`parse`].
pub fn parse_document(text: &str) -> Result<Document, Error> {
    let mut reader = Reader::new(text)?;
    let Some(root) = reader.document()? else {
        return Ok(Document {
            root: Node::null(START),
            second: None,
        });
    };
    // A broken second document is not an error: it is not read.
    let second = reader.next_start().ok().flatten();
    Ok(Document { root, second })
}

/// Reads all documents of a text, for files with several of them.
///
/// # Errors
/// As [`parse`], for any of the documents.
pub fn parse_all(text: &str) -> Result<Vec<Node>, Error> {
    let mut reader = Reader::new(text)?;
    let mut documents = Vec::new();
    while let Some(root) = reader.document()? {
        documents.push(root);
    }
    Ok(documents)
}

const START: Position = Position { line: 1, column: 1 };

fn position(marker: Marker) -> Position {
    let count = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position {
        line: count(marker.line()).max(1),
        column: count(marker.col()).saturating_add(1),
    }
}

fn failed(what: &str, at: Position) -> Error {
    Error::parse(format!("yaml: line {}: {what}", at.line), at)
}

fn scan_failed(error: &ScanError) -> Error {
    failed(&error.kind().to_string(), position(*error.marker()))
}

/// A collection that is being read.
struct Open {
    content: Content,
    /// The key that waits for its value.
    key: Option<Node>,
    anchor: usize,
    position: Position,
    start: usize,
    /// Counters as they were before it, to weigh it when it is complete.
    nodes_before: usize,
    text_before: usize,
}

/// What an alias stands for.
struct Anchored {
    node: Node,
    nodes: usize,
    text: usize,
    depth: usize,
}

struct Reader<'t> {
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    length: usize,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    text: usize,
    copied_nodes: usize,
    copied_text: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Result<Self, Error> {
        if text.len() > MAX_SIZE {
            let what = format!(
                "the text is {} bytes long, more than {MAX_SIZE}",
                text.len()
            );
            return Err(failed(&what, START));
        }
        let mut options = granit_parser::options! {
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        options.set_emit_comments(false);
        Ok(Self {
            parser: Parser::new_from_str_with_options(text, options),
            length: text.len(),
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            text: 0,
            copied_nodes: 0,
            copied_text: 0,
        })
    }

    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, Error> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(Some(event)),
            Some(Err(error)) => Err(scan_failed(&error)),
            None => Ok(None),
        }
    }

    /// Where the next document begins, if there is one.
    fn next_start(&mut self) -> Result<Option<Position>, Error> {
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentStart(..) => return Ok(Some(position(span.start))),
                Event::StreamEnd => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The next document's root, if there is one.
    fn document(&mut self) -> Result<Option<Node>, Error> {
        let mut root = None;
        self.anchors.clear();
        while let Some((event, span)) = self.next()? {
            let complete = match event {
                Event::StreamStart | Event::DocumentStart(..) => None,
                Event::StreamEnd | Event::DocumentEnd => break,
                Event::Scalar(text, style, anchor, tag) => {
                    Some((self.scalar(&text, style, tag.as_deref(), span)?, anchor))
                }
                Event::SequenceStart(_, anchor, _) => {
                    self.start(Content::Sequence(Vec::new()), anchor, span)?;
                    None
                }
                Event::MappingStart(_, anchor, _) => {
                    self.start(Content::Mapping(Vec::new()), anchor, span)?;
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(span)?,
                Event::Alias(anchor) => Some((self.alias(anchor, position(span.start))?, 0)),
                other => {
                    let what = format!("unsupported content ({other:?})");
                    return Err(failed(&what, position(span.start)));
                }
            };
            if let Some((node, anchor)) = complete {
                if anchor != 0 && node.as_scalar().is_some() {
                    let weight = text_length(&node);
                    self.anchor(anchor, &node, 1, weight)?;
                }
                match self.open.last_mut() {
                    None => root = Some(node),
                    Some(open) => attach(open, node)?,
                }
            }
        }
        Ok(root)
    }

    fn count(&mut self, text: usize, at: Position) -> Result<(), Error> {
        self.nodes += 1;
        self.text += text;
        if self.nodes > MAX_NODES {
            return Err(failed(&format!("more than {MAX_NODES} values"), at));
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<Node, Error> {
        let at = position(span.start);
        let plain = matches!(style, ScalarStyle::Plain);
        // An absent value comes as a `~` without extent.
        let text = if plain && span.is_empty() { "" } else { text };
        self.count(text.len(), at)?;
        let core = tag.map(|tag| tag.suffix_in_namespace(YAML_TAGS));
        let replaceable = core
            .as_ref()
            .is_none_or(|tag| tag.as_deref() == Some("str"));
        let (value, changed) = match core {
            None if plain => (resolve(text), None),
            None | Some(None) => (ScalarValue::Text, None),
            Some(Some(tag)) => resolve_tagged(&tag, text).map_err(|what| Error::parse(what, at))?,
        };
        let range = span.byte_range().unwrap_or(0..0);
        Ok(Node {
            position: at,
            content: Content::Scalar(Scalar {
                text: changed.as_deref().unwrap_or(text).into(),
                value,
                style,
                replaceable: value == ScalarValue::Text && replaceable,
            }),
            span: (range.start, range.end),
        })
    }

    fn start(&mut self, content: Content, anchor: usize, span: Span) -> Result<(), Error> {
        let at = position(span.start);
        if self.open.len() >= MAX_DEPTH {
            return Err(failed(
                &format!("nested deeper than {MAX_DEPTH} levels"),
                at,
            ));
        }
        let (nodes_before, text_before) = (self.nodes, self.text);
        self.count(0, at)?;
        self.open.push(Open {
            content,
            key: None,
            anchor,
            position: at,
            start: span.start.byte_offset().unwrap_or(0),
            nodes_before,
            text_before,
        });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<Option<(Node, usize)>, Error> {
        let Some(open) = self.open.pop() else {
            return Err(failed(
                "a collection ends that never began",
                position(span.end),
            ));
        };
        let end = span.end.byte_offset().unwrap_or(open.start);
        let node = Node {
            position: open.position,
            content: open.content,
            span: (open.start, end.max(open.start)),
        };
        if open.anchor != 0 {
            let nodes = self.nodes - open.nodes_before;
            let text = self.text - open.text_before;
            self.anchor(open.anchor, &node, nodes, text)?;
        }
        Ok(Some((node, open.anchor)))
    }

    /// Remembers an anchored node. The copy counts, because anchors nest.
    fn anchor(&mut self, id: usize, node: &Node, nodes: usize, text: usize) -> Result<(), Error> {
        self.copy(nodes, text, node.position)?;
        let anchored = Anchored {
            node: node.clone(),
            nodes,
            text,
            depth: depth(node),
        };
        self.anchors.insert(id, anchored);
        Ok(())
    }

    fn alias(&mut self, id: usize, at: Position) -> Result<Node, Error> {
        let Some(anchored) = self.anchors.get(&id) else {
            return Err(failed("an alias inside the value that it stands for", at));
        };
        let (nodes, text) = (anchored.nodes, anchored.text);
        if self.open.len() + anchored.depth > MAX_DEPTH {
            return Err(failed(
                &format!("nested deeper than {MAX_DEPTH} levels"),
                at,
            ));
        }
        let node = anchored.node.clone();
        self.copy(nodes, text, at)?;
        self.nodes += nodes.saturating_sub(1);
        self.count(text, at)?;
        Ok(node)
    }

    fn copy(&mut self, nodes: usize, text: usize, at: Position) -> Result<(), Error> {
        self.copied_nodes += nodes;
        self.copied_text += text;
        let allowed = self.length.saturating_mul(4);
        if self.copied_nodes > allowed.saturating_add(COPIED_NODES)
            || self.copied_text > allowed.saturating_add(COPIED_TEXT)
        {
            return Err(failed("document contains excessive aliasing", at));
        }
        Ok(())
    }
}

/// Puts a complete node into the collection around it.
fn attach(open: &mut Open, node: Node) -> Result<(), Error> {
    match &mut open.content {
        Content::Sequence(items) => items.push(node),
        Content::Mapping(entries) => match open.key.take() {
            None => open.key = Some(checked_key(node)?),
            Some(key) if is_merge(&key) => merge(entries, node)?,
            Some(key) => entries.push(Entry {
                key,
                value: node,
                merged: false,
            }),
        },
        Content::Scalar(_) => {}
    }
    Ok(())
}

/// Keys of maps are scalars, and not null; anything else has no place in JSON.
fn checked_key(node: Node) -> Result<Node, Error> {
    let found = match &node.content {
        Content::Scalar(_) if node.is_null() => "null",
        Content::Scalar(_) => return Ok(node),
        Content::Sequence(_) => "a list",
        Content::Mapping(_) => "a map",
    };
    let what = format!(
        "invalid map key: {found} can't be a key (text that begins with {{ or [ needs quotes)"
    );
    Err(failed(&what, node.position))
}

/// A plain `<<`.
fn is_merge(key: &Node) -> bool {
    matches!(key.as_scalar(), Some(scalar) if scalar.style == ScalarStyle::Plain && &*scalar.text == "<<")
}

/// Adds the entries of the merged map. They override what stands before the `<<` and are
/// overridden by what stands after it, as go-yaml v2 does; of several maps the first one wins.
fn merge(entries: &mut Vec<Entry>, value: Node) -> Result<(), Error> {
    let at = value.position;
    let wrong = || {
        let what = "map merge requires map or sequence of maps as the value";
        failed(what, at)
    };
    let maps = match value.content {
        Content::Mapping(_) => vec![value],
        Content::Sequence(items) => items.into_iter().rev().collect(),
        Content::Scalar(_) => return Err(wrong()),
    };
    for map in maps {
        let Content::Mapping(merged) = map.content else {
            return Err(wrong());
        };
        entries.extend(merged.into_iter().map(|entry| Entry {
            merged: true,
            ..entry
        }));
    }
    Ok(())
}

fn text_length(node: &Node) -> usize {
    node.as_scalar().map_or(0, |scalar| scalar.text.len())
}

/// Levels of nesting, 1 for a scalar. Recursion is bounded by [`MAX_DEPTH`].
fn depth(node: &Node) -> usize {
    let below = match &node.content {
        Content::Scalar(_) => None,
        Content::Sequence(items) => items.iter().map(depth).max(),
        Content::Mapping(entries) => entries.iter().map(|entry| depth(&entry.value)).max(),
    };
    1 + below.unwrap_or(0)
}
