//! Which variables a Go template reads, as far as its text says.

use super::Trees;
use super::node::{Branches, Node, Pipe, Position, ROOT_VARIABLE, Word, WordKind};

/// A path that is read, from the variables down, and where.
pub(in crate::template) struct PathRead<'t> {
    pub path: Vec<&'t str>,
    pub position: Position,
}

/// All reads whose path is visible: through `.` where dot is known, and through `$`. Elements of
/// lists and maps, values of other variables, and dot within `define`d parts are not followed.
pub(in crate::template) fn reads<'t>(trees: &'t Trees, name: &str) -> Vec<PathRead<'t>> {
    let mut reader = Reader { found: Vec::new() };
    for tree in trees.by_name.values() {
        // Only the template itself is sure to be called with the variables.
        let known = tree.name == name;
        let root = known.then(Vec::new);
        reader.nodes(&tree.body, root.as_ref(), known);
    }
    reader.found.sort_by_key(|read| read.position);
    reader.found
}

struct Reader<'t> {
    found: Vec<PathRead<'t>>,
}

/// The path that dot stands for, where that is known.
type Dot<'d, 't> = Option<&'d Vec<&'t str>>;

impl<'t> Reader<'t> {
    fn nodes(&mut self, nodes: &'t [Node], dot: Dot<'_, 't>, root: bool) {
        for node in nodes {
            match node {
                Node::Action(_, pipe) => self.pipe(pipe, dot, root),
                Node::If(branches) => self.branches(branches, dot, root, false),
                Node::With(branches) => self.branches(branches, dot, root, true),
                Node::Range {
                    pipe,
                    body,
                    otherwise,
                    ..
                } => {
                    self.pipe(pipe, dot, root);
                    self.nodes(body, None, root);
                    self.nodes(otherwise.as_deref().unwrap_or_default(), dot, root);
                }
                Node::Template {
                    pipe: Some(pipe), ..
                } => self.pipe(pipe, dot, root),
                _ => {}
            }
        }
    }

    fn branches(&mut self, branches: &'t Branches, dot: Dot<'_, 't>, root: bool, with: bool) {
        for branch in &branches.branches {
            self.pipe(&branch.pipe, dot, root);
            if with {
                let inner = path_of(&branch.pipe, dot, root);
                self.nodes(&branch.body, inner.as_ref(), root);
            } else {
                self.nodes(&branch.body, dot, root);
            }
        }
        self.nodes(branches.otherwise.as_deref().unwrap_or_default(), dot, root);
    }

    fn pipe(&mut self, pipe: &'t Pipe, dot: Dot<'_, 't>, root: bool) {
        for word in pipe.commands.iter().flat_map(|command| &command.words) {
            self.word(word, dot, root);
        }
    }

    fn word(&mut self, word: &'t Word, dot: Dot<'_, 't>, root: bool) {
        match &word.kind {
            WordKind::Pipe(pipe) => self.pipe(pipe, dot, root),
            WordKind::Chain(of, _) => self.word(of, dot, root),
            _ => {
                if let Some(path) = path_of_word(word, dot, root).filter(|path| !path.is_empty()) {
                    self.found.push(PathRead {
                        path,
                        position: word.position,
                    });
                }
            }
        }
    }
}

/// The path that the value of the pipeline has, when it is nothing but a path.
fn path_of<'t>(pipe: &'t Pipe, dot: Dot<'_, 't>, root: bool) -> Option<Vec<&'t str>> {
    match pipe.commands.as_slice() {
        [command] => match command.words.as_slice() {
            [word] => path_of_word(word, dot, root),
            _ => None,
        },
        _ => None,
    }
}

fn path_of_word<'t>(word: &'t Word, dot: Dot<'_, 't>, root: bool) -> Option<Vec<&'t str>> {
    let (start, fields): (_, &'t [String]) = match &word.kind {
        WordKind::Dot => (dot?.clone(), &[]),
        WordKind::Field(fields) => (dot?.clone(), fields),
        WordKind::Variable { id, fields, .. } if *id == ROOT_VARIABLE && root => {
            (Vec::new(), fields)
        }
        _ => return None,
    };
    let mut path = start;
    path.extend(fields.iter().map(String::as_str));
    Some(path)
}
