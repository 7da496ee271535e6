//! The instructions that an expression is compiled to.

use super::ast::NodeId;
use super::builtins::Builtin;
use super::value::Value;
use crate::golang::regex::Pattern;
use std::collections::BTreeSet;
use std::sync::Arc;

/// An instruction of the stack machine. Indices go into the tables of [`Code`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// Puts a constant.
    Push(u32),
    Pop,
    /// Takes the top into a variable of the expression.
    Store(u32),
    Load(u32),
    /// Puts a variable of the environment.
    Variable(u32),
    /// Puts the environment as a map.
    Environment,
    /// Puts a member of a member … of a variable.
    Path(u32),
    /// Puts a member of a member … of the present element.
    ItemPath(u32),
    /// Takes key and value, puts the element or member.
    Fetch,
    /// Replaces the top by its member of that name.
    FetchName(u32),
    Negate,
    Not,
    Equal,
    /// Compares the top with a constant.
    EqualConstant(u32),
    /// `==` of what the checker holds for `int`.
    EqualInt,
    /// `==` of what the checker holds for strings.
    EqualText,
    Jump(u32),
    JumpIfTrue(u32),
    JumpIfFalse(u32),
    JumpIfNil(u32),
    JumpIfNotNil(u32),
    /// Jumps when the loop is through.
    JumpIfEnd(u32),
    /// Jumps when a backward loop is through.
    JumpIfStart(u32),
    /// Jumps when the count reached a constant.
    JumpIfCount(u32, u32),
    /// The end of a loop's body.
    JumpBack(u32),
    In,
    InTexts(u32),
    InInts(u32),
    Less,
    More,
    LessOrEqual,
    MoreOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Range,
    Matches,
    MatchesConstant(u32),
    Contains,
    StartsWith,
    EndsWith,
    /// Puts the length of the top, which stays.
    Len,
    /// Takes from, to and a value, puts the part.
    Slice,
    /// Takes a function and so many arguments.
    Call(u32),
    CallBuiltin(Builtin, u32),
    /// Collects so many values.
    Array(u32),
    /// Collects as many values as were counted, and leaves the loop.
    CollectCounted,
    /// Collects as many values as the loop has elements, and leaves it.
    CollectAll,
    /// Collects so many keys and values.
    Map(u32),
    /// Takes a list and begins a loop over it.
    Begin,
    /// Ends the loop.
    End,
    NextIndex,
    PreviousIndex,
    /// Starts a backward loop at the last element.
    LastIndex,
    IncrementCount,
    Item,
    Index,
    Count,
    Accumulator,
    SetAccumulator,
    /// Takes the order of a sort.
    BeginSort,
    /// Takes the key of the present element.
    SortKey,
    /// Puts the sorted list.
    Sort,
    BeginGroups,
    /// Takes the group of the present element.
    GroupKey,
    /// Puts the groups.
    Groups,
    /// Fails because nothing was found.
    NotFound,
    /// A sub-expression begins; only in traced code.
    Enter,
    /// A sub-expression has its value; only in traced code.
    Exit,
}

/// A variable or element and the members on the way down.
#[derive(Debug)]
pub(super) struct Path {
    /// Unused in paths that start at the present element.
    pub variable: Arc<str>,
    /// Names, and the nodes to blame.
    pub members: Vec<(Arc<str>, NodeId)>,
}

/// A compiled expression.
#[derive(Debug, Default)]
pub(super) struct Code {
    pub ops: Vec<Op>,
    /// The node that each instruction belongs to.
    pub nodes: Vec<NodeId>,
    pub constants: Vec<Value<'static>>,
    pub names: Vec<Arc<str>>,
    pub paths: Vec<Path>,
    pub texts: Vec<Arc<BTreeSet<Arc<str>>>>,
    pub ints: Vec<Arc<BTreeSet<i64>>>,
    pub patterns: Vec<Pattern>,
    /// Number of variables of the expression.
    pub variables: usize,
}
