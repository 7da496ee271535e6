//! The condition language: `when` and `oncePer` of triggers.
//!
//! A complete implementation of the expression language of the original engine (version 1.16.9, or
//! 1.17.8 by option) over borrowed JSON. An expression is compiled once, to instructions of a stack
//! machine, and evaluated for many objects; it can also be traced, which tells the value of every
//! sub-expression. Nothing here knows triggers or catalogs; `catalog` compiles, the engine
//! evaluates, the screens and `explain` trace.
//!
//! ```
//! use kubechime::expr::{Env, Options, Program};
//!
//! let program = Program::compile("pod.status.phase in ['Failed']", &Options::default())?;
//! let pod = serde_json::json!({"status": {"phase": "Failed"}});
//! let mut env = Env::new();
//! env.json("pod", &pod);
//! assert_eq!(program.eval(&env)?.as_bool(), Some(true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ast;
mod budget;
mod builtins;
mod checker;
mod code;
mod compiler;
mod error;
mod explain;
mod host;
mod lexer;
mod machine;
mod methods;
mod operators;
mod optimizer;
mod parser;
mod print;
mod program;
mod reads;
mod recorder;
mod text;
mod trace;
mod types;
mod value;

pub use error::{CompileError, EvalError, Span};
pub use host::{Clock, Env, Function, HostCall, argo_host};
pub use program::Program;
pub use text::Text;
pub use trace::{Cause, Outcome, Trace, TraceNode};
pub use value::{Key, List, ListKind, MAX_DEPTH, Map, MapKind, TooDeep, Value};

/// The variable that is true when a condition is evaluated because the object was deleted.
pub const DELETED: &str = "deleted";

/// The names of the functions that every expression of this dialect can call.
pub fn builtin_names(options: &Options) -> impl Iterator<Item = &'static str> {
    builtins::Builtin::names(options.version)
}

/// Which dialect an expression is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// expr 1.16.9, which the original engine pins.
    #[default]
    V1_16,
    /// expr 1.17.8, which newer builds of the original use: more built-ins, `if`, byte literals,
    /// sequences, and a stricter checker.
    V1_17,
}

impl std::str::FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1.16" => Ok(Self::V1_16),
            "1.17" => Ok(Self::V1_17),
            other => Err(format!(
                "unknown expression version '{other}', use 1.16 or 1.17"
            )),
        }
    }
}

/// How expressions are compiled, and what an evaluation may use up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The dialect.
    pub version: Version,
    /// Elements of lists and maps that one evaluation may build. The original's limit is a million.
    pub memory_budget: u64,
    /// Work that one evaluation may do, about one instruction each.
    pub step_budget: u64,
    /// Bytes that one evaluation may build, counted without what it frees again.
    pub byte_budget: u64,
    /// Deepest nesting of parentheses, brackets and operands.
    pub max_nesting: usize,
    /// Deepest tree: long chains of operators nest to the left.
    pub max_depth: u32,
    /// Longest expression, in bytes.
    pub max_source: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Version::default(),
            memory_budget: 1_000_000,
            step_budget: 10_000_000,
            byte_budget: 256 << 20,
            max_nesting: 4_000,
            max_depth: 10_000,
            max_source: 2 << 20,
        }
    }
}
