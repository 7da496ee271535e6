//! A compiled expression and what can be done with it.

use super::ast::{Ast, NodeId};
use super::checker::{Types, check};
use super::code::Code;
use super::compiler::compile;
use super::error::{CompileError, EvalError, Span};
use super::host::Env;
use super::lexer::{Token, lex};
use super::machine::{Fault, run};
use super::optimizer::optimize;
use super::parser::{Tree, parse};
use super::reads::{Reads, reads};
use super::recorder::Recorder;
use super::trace::Trace;
use super::value::Value;
use super::{Options, explain};
use crate::domain::PathTrie;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Expressions of more tokens than this are compiled on a stack of their own: the compiler recurses
/// over the tree, and a long expression can be a deep one.
const SHALLOW_TOKENS: usize = 200;

/// Enough for the deepest tree that the default limits allow, in a debug build. Only what is used is
/// ever backed by memory.
const DEEP_STACK: usize = 512 << 20;

/// An expression, compiled. Cheap to clone, and shared between threads.
#[derive(Clone, Debug)]
pub struct Program(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    source: String,
    options: Options,
    ast: Ast,
    root: NodeId,
    types: Types,
    code: Code,
    /// Code that tells its sub-expressions, made when a trace is first asked for.
    traced: OnceLock<Result<Code, CompileError>>,
    reads: Reads,
}

impl Program {
    /// Compiles an expression.
    ///
    /// # Errors
    /// When the original would refuse it, with its message; and when it is too large or nests too
    /// deeply.
    pub fn compile(source: &str, options: &Options) -> Result<Self, CompileError> {
        if source.len() > options.max_source {
            return Err(CompileError::new(
                "",
                0,
                Span::default(),
                format!("the expression is longer than {} bytes", options.max_source),
            ));
        }
        let tokens = lex(source, options.version).map_err(|error| {
            CompileError::new(source, error.span.start, error.span, error.message)
        })?;
        let compiled = if tokens.len() <= SHALLOW_TOKENS {
            Compiled::new(source, tokens, options)
        } else {
            on_deep_stack(source, || Compiled::new(source, tokens, options))
        };
        compiled.map(|compiled| Self(Arc::new(compiled)))
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The options it was compiled with.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// Evaluates it. Nothing of the environment is copied that is not part of the result.
    ///
    /// # Errors
    /// When the original would fail, with its message; and when a budget is used up.
    pub fn eval<'v>(&self, env: &Env<'v>) -> Result<Value<'v>, EvalError> {
        let compiled = &*self.0;
        run(&compiled.code, env, &compiled.options, None).map_err(|fault| self.error(env, &fault))
    }

    #[cold]
    fn error<'v>(&self, env: &Env<'v>, fault: &Fault<'v>) -> EvalError {
        let node = self.0.ast.get(fault.node);
        let help = explain::advice(&self.0.ast, fault, env, self.0.options.version);
        EvalError::new(&self.0.source, node.at, node.span, fault.message.clone()).with_help(help)
    }

    /// Evaluates it and tells the value of every sub-expression, what was not evaluated, and the
    /// first cause of a nil or an error.
    pub fn trace<'v>(&self, env: &Env<'v>) -> Trace {
        let compiled = &*self.0;
        let code = compiled.traced.get_or_init(|| {
            let make = || {
                compile(
                    &compiled.source,
                    &compiled.ast,
                    compiled.root,
                    &compiled.types,
                    true,
                )
            };
            if compiled.ast.len() <= SHALLOW_TOKENS {
                make()
            } else {
                on_deep_stack(&compiled.source, make)
            }
        });
        let code = match code {
            Ok(code) => code,
            // The same tree was compiled before; tracing it makes it larger, perhaps too large.
            Err(error) => return Trace::unavailable(&compiled.source, error.message()),
        };
        let mut recorder = Recorder::default();
        let result = run(code, env, &compiled.options, Some(&mut recorder))
            .map_err(|fault| self.error(env, &fault));
        Trace::new(
            &compiled.source,
            &compiled.ast,
            compiled.root,
            recorder,
            result,
            env,
        )
    }

    /// What it can look at: for each variable the paths below it. A path stands for everything at
    /// and below it; of lists the whole is taken, and so is what a computed member is taken from.
    /// Members on the way to a path are told apart only as far as they are there, null, or something
    /// without members. The variable `$env` stands for all variables.
    pub fn reads(&self) -> &BTreeMap<String, PathTrie> {
        &self.0.reads.paths
    }

    /// Whether the result can change although the environment does not: it asks for the present
    /// moment.
    pub fn uses_clock(&self) -> bool {
        self.0.reads.clock
    }
}

impl Compiled {
    fn new(source: &str, tokens: Vec<Token>, options: &Options) -> Result<Self, CompileError> {
        let Tree { mut ast, root } = parse(source, tokens, options)?;
        let reads = reads(&ast, root);
        let mut types = check(source, &ast, root, options.version)?;
        optimize(source, &mut ast, root, &mut types, options.version)?;
        let code = compile(source, &ast, root, &types, false)?;
        Ok(Self {
            source: source.to_owned(),
            options: options.clone(),
            ast,
            root,
            types,
            code,
            traced: OnceLock::new(),
            reads,
        })
    }
}

/// Runs something that may recurse deeply.
fn on_deep_stack<T: Send>(
    source: &str,
    work: impl FnOnce() -> Result<T, CompileError> + Send,
) -> Result<T, CompileError> {
    let failed = || {
        Err(CompileError::new(
            source,
            0,
            Span::default(),
            "the expression is too large to be compiled here",
        ))
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("expression".to_owned())
            .stack_size(DEEP_STACK)
            .spawn_scoped(scope, work);
        match thread {
            Ok(thread) => thread.join().unwrap_or_else(|_| failed()),
            Err(_) => failed(),
        }
    })
}
