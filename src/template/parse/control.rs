//! Text, actions and control structures.

use super::node::{self, Branch, Branches, Node, Tree};
use super::token::TokenKind;
use super::{Parsed, Parser};
use crate::golang::quote;

/// What ended a list of nodes.
enum Terminator {
    End,
    Else,
}

enum Item {
    Node(Node),
    Terminator(Terminator),
}

impl Parser<'_> {
    /// The whole source, with its definitions.
    pub(super) fn template(&mut self) -> Parsed<Vec<Node>> {
        let mut body = Vec::new();
        while *self.peek() != TokenKind::Eof {
            let start = self.position;
            if self.eat(&TokenKind::LeftDelim) {
                self.skip_space();
                if self.eat(&TokenKind::Define) {
                    self.definition()?;
                    continue;
                }
                self.position = start;
            }
            match self.text_or_action()? {
                Item::Node(node) => body.push(node),
                Item::Terminator(Terminator::End) => return self.error("unexpected {{end}}"),
                Item::Terminator(Terminator::Else) => return self.error("unexpected {{else}}"),
            }
        }
        Ok(body)
    }

    pub(super) fn add(&mut self, name: String, body: Vec<Node>) -> Parsed<()> {
        match self.trees.get(&name) {
            Some(old) if !node::is_empty(&old.body) => {
                if !node::is_empty(&body) {
                    let name = quote::quote(name.as_bytes());
                    return self.error(format_args!(
                        "template: multiple definition of template {name}"
                    ));
                }
            }
            _ => {
                self.trees.insert(name.clone(), Tree { name, body });
            }
        }
        Ok(())
    }

    fn definition(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "define clause";
        self.skip_space();
        let name = self.template_name(CONTEXT)?;
        self.expect(&TokenKind::RightDelim, CONTEXT)?;
        self.part(name, CONTEXT)
    }

    /// The body of a `define` or a `block`: a scope of its own.
    fn part(&mut self, name: String, context: &str) -> Parsed<()> {
        let scope = std::mem::replace(&mut self.scope, vec![node::ROOT_VARIABLE]);
        let loops = std::mem::take(&mut self.loops);
        let (body, terminator) = self.list()?;
        if matches!(terminator, Terminator::Else) {
            return self.error(format_args!("unexpected {{{{else}}}} in {context}"));
        }
        self.scope = scope;
        self.loops = loops;
        self.add(name, body)
    }

    fn template_name(&mut self, context: &str) -> Parsed<String> {
        self.skip_space();
        if !matches!(self.peek(), TokenKind::String | TokenKind::RawString) {
            return self.unexpected(context);
        }
        match quote::unquote(self.text()) {
            Ok(name) => {
                self.advance();
                Ok(String::from_utf8_lossy(&name).into_owned())
            }
            Err(message) => self.error(message),
        }
    }

    /// Nodes up to `{{end}}` or `{{else}}`.
    fn list(&mut self) -> Parsed<(Vec<Node>, Terminator)> {
        self.descend()?;
        let mut nodes = Vec::new();
        loop {
            self.skip_space();
            if *self.peek() == TokenKind::Eof {
                return self.error("unexpected EOF");
            }
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                Item::Terminator(terminator) => {
                    self.ascend();
                    return Ok((nodes, terminator));
                }
            }
        }
    }

    fn text_or_action(&mut self) -> Parsed<Item> {
        self.skip_space();
        match self.peek() {
            TokenKind::Text => {
                let text = self.text().to_owned();
                self.advance();
                Ok(Item::Node(Node::Text(text)))
            }
            TokenKind::LeftDelim => {
                self.action = Some(self.span().start);
                self.advance();
                let item = self.action_item();
                if item.is_ok() {
                    self.action = None;
                }
                item
            }
            _ => self.unexpected("input"),
        }
    }

    fn action_item(&mut self) -> Parsed<Item> {
        self.skip_space();
        let position = self.span().start;
        let kind = self.peek().clone();
        if !matches!(
            kind,
            TokenKind::Block
                | TokenKind::Break
                | TokenKind::Continue
                | TokenKind::Else
                | TokenKind::End
                | TokenKind::If
                | TokenKind::Range
                | TokenKind::Template
                | TokenKind::With
        ) {
            // Variables persist until the enclosing control structure ends.
            let pipe = self.pipeline("command", &TokenKind::RightDelim)?;
            return Ok(Item::Node(Node::Action(position, pipe)));
        }
        self.advance();
        match kind {
            TokenKind::Block => self.block().map(Item::Node),
            TokenKind::Break => self.loop_control("break", Node::Break).map(Item::Node),
            TokenKind::Continue => self
                .loop_control("continue", Node::Continue)
                .map(Item::Node),
            TokenKind::Else => self.else_control(),
            TokenKind::End => {
                self.expect(&TokenKind::RightDelim, "end")?;
                Ok(Item::Terminator(Terminator::End))
            }
            TokenKind::If => Ok(Item::Node(Node::If(self.branches(&kind)?))),
            TokenKind::With => Ok(Item::Node(Node::With(self.branches(&kind)?))),
            TokenKind::Range => self.range(position).map(Item::Node),
            _ => self.template_control().map(Item::Node),
        }
    }

    fn else_control(&mut self) -> Parsed<Item> {
        self.skip_space();
        // `{{else if …` and `{{else with …` leave their keyword for whoever reads the branches.
        if !matches!(self.peek(), TokenKind::If | TokenKind::With) {
            self.expect(&TokenKind::RightDelim, "else")?;
        }
        Ok(Item::Terminator(Terminator::Else))
    }

    /// `if` or `with`, whose keyword was read, with all their `else` parts.
    fn branches(&mut self, keyword: &TokenKind) -> Parsed<Branches> {
        let scope = self.scope.len();
        let context = if *keyword == TokenKind::If {
            "if"
        } else {
            "with"
        };
        let mut branches = Vec::new();
        let mut otherwise = None;
        loop {
            let pipe = self.pipeline(context, &TokenKind::RightDelim)?;
            let (body, terminator) = self.list()?;
            branches.push(Branch { pipe, body });
            match terminator {
                Terminator::End => break,
                Terminator::Else if self.peek() == keyword => self.advance(),
                Terminator::Else => {
                    otherwise = Some(self.else_list()?);
                    break;
                }
            }
        }
        self.scope.truncate(scope);
        Ok(Branches {
            branches,
            otherwise,
        })
    }

    fn else_list(&mut self) -> Parsed<Vec<Node>> {
        let (body, terminator) = self.list()?;
        match terminator {
            Terminator::End => Ok(body),
            Terminator::Else => self.error("expected end; found {{else}}"),
        }
    }

    fn range(&mut self, position: usize) -> Parsed<Node> {
        let scope = self.scope.len();
        let pipe = self.pipeline("range", &TokenKind::RightDelim)?;
        self.loops += 1;
        let (body, terminator) = self.list()?;
        self.loops -= 1;
        let otherwise = match terminator {
            Terminator::End => None,
            Terminator::Else => Some(self.else_list()?),
        };
        self.scope.truncate(scope);
        Ok(Node::Range {
            position,
            pipe,
            body,
            otherwise,
        })
    }

    fn loop_control(&mut self, word: &str, node: Node) -> Parsed<Node> {
        self.skip_space();
        if *self.peek() != TokenKind::RightDelim {
            return self.unexpected(&format!("{{{{{word}}}}}"));
        }
        if self.loops == 0 {
            return self.error(format_args!("{{{{{word}}}}} outside {{{{range}}}}"));
        }
        self.advance();
        Ok(node)
    }

    fn block(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "block clause";
        self.skip_space();
        let position = self.span().start;
        let name = self.template_name(CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, &TokenKind::RightDelim)?;
        self.part(name.clone(), CONTEXT)?;
        Ok(Node::Template {
            position,
            name,
            pipe: Some(pipe),
        })
    }

    fn template_control(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "template clause";
        self.skip_space();
        let position = self.span().start;
        let name = self.template_name(CONTEXT)?;
        self.skip_space();
        let pipe = if self.eat(&TokenKind::RightDelim) {
            None
        } else {
            Some(self.pipeline(CONTEXT, &TokenKind::RightDelim)?)
        };
        Ok(Node::Template {
            position,
            name,
            pipe,
        })
    }
}
