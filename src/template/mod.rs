//! Templates: Go's `text/template` with the Sprig functions, and Handlebars, behind one type.
//!
//! A [`Template`] is parsed once and rendered with [`Vars`], which borrow the JSON that they show:
//! rendering copies no object. It never panics and never hangs: parsing and rendering keep to
//! [`Limits`]. Everything here is our own implementation of the Go language (`parse`, `exec`,
//! [`print`], [`value`]) and its [`functions`]; Handlebars is the crate of that name. Which
//! templates make up a notification is not decided here. Called by the catalog, which parses, and
//! by whoever renders: engine, commands, editor.

mod error;
mod exec;
pub mod functions;
mod handlebars;
mod host;
mod limits;
mod parse;
pub mod print;
mod session;
pub mod value;
mod vars;

pub use error::{ErrorKind, Failure, TemplateError};
pub use functions::{HostFunction, Signature};
pub use host::argo_host;
pub use limits::Limits;
pub use session::Session;
pub use value::types;
pub use vars::Vars;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The language of a template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Go's `text/template` with the Sprig functions: what the original engine has.
    #[default]
    Gotemplate,
    /// Handlebars, for templates that say `engine: handlebars`.
    Handlebars,
}

impl Language {
    /// The name in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Language::Gotemplate => "gotemplate",
            Language::Handlebars => "handlebars",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "gotemplate" => Ok(Language::Gotemplate),
            "handlebars" => Ok(Language::Handlebars),
            other => Err(format!(
                "unknown template engine {other:?}; expected gotemplate or handlebars"
            )),
        }
    }
}

/// A parsed template. Cloning is cheap.
#[derive(Clone)]
pub struct Template(Arc<Parsed>);

struct Parsed {
    language: Language,
    name: String,
    source: String,
    program: Program,
}

enum Program {
    Go(parse::Trees),
    Handlebars(Box<handlebars::Program>),
}

impl Template {
    /// Parses a template. The name is for messages, and what a Go template can call itself by.
    ///
    /// # Errors
    /// When the source is not a template of this language.
    pub fn parse(language: Language, name: &str, source: &str) -> Result<Template, TemplateError> {
        let program = match language {
            Language::Gotemplate => Program::Go(parse::parse(name, source)?),
            Language::Handlebars => Program::Handlebars(Box::new(handlebars::parse(name, source)?)),
        };
        Ok(Template(Arc::new(Parsed {
            language,
            name: name.to_owned(),
            source: source.to_owned(),
            program,
        })))
    }

    /// The source it was parsed from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The name it was parsed under.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its language.
    pub fn language(&self) -> Language {
        self.0.language
    }

    /// Whether it always renders to its source: nothing in it is an action.
    pub fn is_constant(&self) -> bool {
        !self.source().contains("{{")
    }

    /// The variables and the paths below them that the text visibly reads, in order of appearance.
    /// For Handlebars nothing is known.
    pub fn reads(&self) -> Vec<Read> {
        let Program::Go(trees) = &self.0.program else {
            return Vec::new();
        };
        parse::reads::reads(trees, self.name())
            .into_iter()
            .map(|read| {
                let (line, column) = parse::line_and_column(self.source(), read.position);
                Read {
                    path: read.path.into_iter().map(str::to_owned).collect(),
                    line,
                    column,
                }
            })
            .collect()
    }

    /// Renders with the default [`Limits`]. Bytes that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// When the rendering fails for these variables or reaches a limit; there is no partial output.
    pub fn render(&self, vars: &Vars<'_>) -> Result<String, TemplateError> {
        self.render_with(vars, &Limits::default())
    }

    /// Renders within these limits.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_with(&self, vars: &Vars<'_>, limits: &Limits) -> Result<String, TemplateError> {
        let bytes = self.render_bytes(vars, limits)?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// Renders within these limits, without touching bytes that are not UTF-8.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_bytes(&self, vars: &Vars<'_>, limits: &Limits) -> Result<Vec<u8>, TemplateError> {
        let Parsed {
            name,
            source,
            program,
            ..
        } = self.0.as_ref();
        match program {
            Program::Go(trees) => {
                let session = Session::new(limits.clone(), vars.clock());
                let root = vars.root().map_err(|failure| TemplateError {
                    kind: ErrorKind::Limit,
                    message: format!("template: {name}: {}", failure.message),
                    line: 0,
                    column: 0,
                    help: None,
                })?;
                exec::execute(trees, name, source, root, &session)
            }
            Program::Handlebars(program) => program.render(name, vars, limits),
        }
    }
}

/// A path that a template reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The variable's name and the fields below it.
    pub path: Vec<String>,
    /// The line in the source, from 1.
    pub line: usize,
    /// The column in that line, in characters, from 1.
    pub column: usize,
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("language", &self.0.language)
            .field("name", &self.0.name)
            .finish_non_exhaustive()
    }
}
