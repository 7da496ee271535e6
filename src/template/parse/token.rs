//! What the scanner hands to the parser.

use std::ops::Range;

/// A piece of the source.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    /// Where it is in the source, in bytes.
    pub span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// The source breaks a lexical rule; always the last token.
    Error(String),
    Eof,
    Text,
    LeftDelim,
    RightDelim,
    Space,
    LeftParen,
    RightParen,
    Pipe,
    /// `=`
    Assign,
    /// `:=`
    Declare,
    /// A character without a meaning of its own, such as a comma.
    Char,
    Bool,
    CharConstant,
    Complex,
    Number,
    /// In double quotes.
    String,
    /// In backquotes.
    RawString,
    /// A name with its dot.
    Field,
    Identifier,
    /// `$`, or a name with its `$`.
    Variable,
    Dot,
    Nil,
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

impl TokenKind {
    pub(super) fn is_keyword(&self) -> bool {
        use TokenKind as K;
        matches!(
            self,
            K::Dot
                | K::Nil
                | K::Block
                | K::Break
                | K::Continue
                | K::Define
                | K::Else
                | K::End
                | K::If
                | K::Range
                | K::Template
                | K::With
        )
    }
}
