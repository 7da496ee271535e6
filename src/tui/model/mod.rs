//! The dashboard's state. One owner (the loop); changed by `update` only, read by `view`.

mod applied;
mod drafts;
mod flash;
mod requests;
mod session;

pub use applied::{Applied, Stage, Texts};
pub use drafts::Drafts;
pub use flash::{Flash, Notices};
pub use requests::{Purpose, Requests};
pub use session::{Phase, Session, Spark};

use super::action::Scope;
use super::export::Export;
use super::input_line::InputLine;
use super::key::Key;
use super::keymap::Keymap;
use super::launch::{ContextChoice, Options};
use super::screens::blast::Blast;
use super::screens::bulk::BulkScreen;
use super::screens::delivery::DeliveryScreen;
use super::screens::diff::DiffScreen;
use super::screens::drafts::DraftsScreen;
use super::screens::editor::{Editor, EditorPrompt, Focus, Step};
use super::screens::events::EventsScreen;
use super::screens::merge::MergeScreen;
use super::screens::overview::{Overview, Pane};
use super::screens::preview::PreviewScreen;
use super::screens::resource::{ResourceScreen, Side};
use super::screens::subscribe::SubscribeScreen;
use super::screens::text::TextScreen;
use super::screens::versions::VersionsScreen;
use super::screens::views::ViewsScreen;
use super::sweep::Sweep;
use super::text;
use super::theme::{Look, Themes};
use super::widgets::confirm::{self, Confirm};
use super::widgets::help::Help;
use super::widgets::palette::Palette;
use crate::domain::ResourceKey;
use crate::engine::{AnnotationEdit, Batch};
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

/// A resource with the entries of its notified state that were removed: keys and Unix seconds.
pub type Cleared = (ResourceKey, Vec<(String, i64)>);

/// A screen above the overview.
pub enum Screen {
    /// One thing done to many.
    Bulk(Box<BulkScreen>),
    /// What a draft would do to all resources; its state is [`Model::blast`].
    Blast,
    /// A template rendered for one resource.
    Preview(Box<PreviewScreen>),
    /// What is known of the whole.
    Views(Box<ViewsScreen>),
    /// One resource.
    Resource(Box<ResourceScreen>),
    /// One delivery.
    Delivery(Box<DeliveryScreen>),
    /// An object or a key, to read.
    Text(TextScreen),
    /// The notices.
    Events(EventsScreen),
    /// A draft.
    Editor(Box<Editor>),
    /// The difference of two versions.
    Diff(Box<DiffScreen>),
    /// The versions of the ConfigMap.
    Versions(Box<VersionsScreen>),
    /// A draft and the version in the cluster, put together.
    Merge(Box<MergeScreen>),
    /// A form for subscriptions.
    Subscribe(Box<SubscribeScreen>),
    /// The drafts.
    Drafts(DraftsScreen),
}

/// What a typed line is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptFor {
    /// Filter of a pane.
    Filter(Pane),
    /// Filter of the views.
    ViewsFilter,
    /// Filter of the notices.
    EventsFilter,
    /// Filter of the effects of a draft.
    BlastFilter,
    /// Search within a text.
    Search,
    /// Name of a new key.
    NewKey,
    /// A condition to try.
    Try,
    /// Another destination for a delivery.
    Destination,
    /// The resource that a template is rendered for.
    PickResource,
    /// The template that is rendered.
    PickTemplate,
    /// The file that the history is written to.
    Export,
    /// The file that the ConfigMap is written to.
    ExportConfig,
    /// Something for the editor.
    Editor(EditorPrompt),
}

/// A line being typed.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What for.
    pub purpose: PromptFor,
    /// The text.
    pub line: InputLine,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// What it was before.
    pub before: String,
    /// What was typed before it was completed.
    pub stem: Option<String>,
}

/// Something in front of the screens, which takes the keys.
pub enum Overlay {
    /// A question.
    Confirm(Box<Confirm>),
    /// The palette.
    Palette(Palette),
    /// The help.
    Help(Help),
    /// A line being typed.
    Prompt(Prompt),
}

/// The state of the dashboard.
pub struct Model {
    /// Columns of the terminal.
    pub width: u16,
    /// Rows of the terminal.
    pub height: u16,
    /// Now, in milliseconds since 1970; set by the loop before every update.
    pub now_ms: i64,
    /// Time zone of the clock.
    pub zone: TimeZone,
    /// Styles and characters.
    pub look: Look,
    /// The user's own themes.
    pub themes: Arc<Themes>,
    /// Keys.
    pub keymap: Keymap,
    /// What is wrong with the keys, until it is told.
    pub key_problems: Vec<String>,
    /// What is wrong with the user's own themes, until it is told.
    pub theme_problems: Vec<String>,
    /// Keys of a chord that is begun.
    pub chord: Vec<Key>,
    /// Writes are refused here too.
    pub read_only: bool,
    /// The editor has vim's modes.
    pub vim: bool,
    /// The mouse is ours.
    pub mouse: bool,
    /// The engine that is shown.
    pub session: Session,
    /// The main screen.
    pub overview: Overview,
    /// Screens above it, the front one last.
    pub screens: Vec<Screen>,
    /// What is in front of the screens, the front one last.
    pub overlays: Vec<Overlay>,
    /// The status line.
    pub flash: Option<Flash>,
    /// What is told when the error in the status line has been read.
    pub later: Option<Flash>,
    /// What the engine reported.
    pub notices: Notices,
    /// What was asked and not yet answered.
    pub requests: Requests,
    /// Edited texts.
    pub drafts: Drafts,
    /// What was applied last from here.
    pub applied: Option<Applied>,
    /// What was applied before that, while the server is at work.
    pub applied_before: Option<Applied>,
    /// The last versions of the ConfigMap by resourceVersion: bases of drafts.
    pub recent: VecDeque<(String, Arc<BTreeMap<String, String>>)>,
    /// What takes back the subscriptions that were written last.
    pub subscribed: Vec<AnnotationEdit>,
    /// How often versions were compared.
    pub comparisons: u64,
    /// Known contexts, or why they can't be read; `None` until asked for.
    pub contexts: Option<Result<Vec<ContextChoice>, String>>,
    /// What was run in the palette, newest last.
    pub palette_history: Vec<String>,
    /// How often something was done to many.
    pub bulks: u64,
    /// What was cleared last from here, to be put back.
    pub cleared: Vec<Cleared>,
    /// What was marked as sent last from here, in the place of [`cleared`](Self::cleared): the
    /// entries, without times.
    pub marked: Vec<Cleared>,
    /// What of the history is being looked for, to do something to all of it.
    pub sweeping: Option<Sweep>,
    /// The history is being written to a file.
    pub export: Option<Export>,
    /// What the last draft that was looked at would do to all resources.
    pub blast: Option<Box<Blast>>,
    /// How often the engine was asked for work over all resources.
    pub works: u64,
    /// Rest of a batch that was too large for one step.
    pub backlog: Option<Box<Batch>>,
    /// Something to be seen has changed since the last frame.
    pub dirty: bool,
    /// While the time is within this, in milliseconds since 1970, it changes nothing to be seen.
    pub unchanged: Range<i64>,
}

impl Model {
    /// The state before anything is known, for a terminal of this size.
    pub fn new(options: &Options, width: u16, height: u16, now_ms: i64, zone: TimeZone) -> Self {
        Self {
            width,
            height,
            now_ms,
            zone,
            look: Look {
                theme: options.themes.styles(options.theme),
                ascii: options.ascii,
            },
            themes: Arc::clone(&options.themes),
            keymap: options.keymap.clone(),
            key_problems: options.key_problems.clone(),
            theme_problems: options.theme_problems.clone(),
            chord: Vec::new(),
            read_only: options.read_only,
            vim: options.vim,
            mouse: options.mouse,
            session: Session::new(options.context.clone()),
            overview: Overview::new(),
            screens: Vec::new(),
            overlays: Vec::new(),
            flash: None,
            later: None,
            notices: Notices::default(),
            requests: Requests::default(),
            drafts: Drafts::new(options.state_dir.is_some()),
            applied: None,
            applied_before: None,
            recent: VecDeque::new(),
            comparisons: 0,
            subscribed: Vec::new(),
            contexts: None,
            palette_history: Vec::new(),
            bulks: 0,
            cleared: Vec::new(),
            marked: Vec::new(),
            sweeping: None,
            export: None,
            blast: None,
            works: 0,
            backlog: None,
            dirty: true,
            unchanged: now_ms..now_ms,
        }
    }

    /// Whether writes are refused, by whom ever.
    pub fn is_read_only(&self) -> bool {
        self.read_only
            || self.session.read_only
            || self
                .session
                .status
                .as_ref()
                .is_some_and(|status| status.read_only)
    }

    /// The name of the context as it is shown, and typed in questions; `-` while it is not known.
    pub fn context_name(&self) -> Cow<'_, str> {
        match self.session.context.trim() {
            "" => Cow::Borrowed("-"),
            name => text::clean(name),
        }
    }

    /// The scopes that a key is looked up in, innermost first.
    pub fn scopes(&self) -> Vec<Scope> {
        let mut scopes = Vec::with_capacity(4);
        if let Some(overlay) = self.overlays.last() {
            scopes.push(match overlay {
                Overlay::Confirm(question) if confirm::name_to_type(self, question).is_some() => {
                    Scope::Name
                }
                Overlay::Confirm(_) => Scope::Confirm,
                Overlay::Palette(_) => Scope::Palette,
                Overlay::Help(_) => Scope::Help,
                Overlay::Prompt(_) => Scope::Prompt,
            });
        } else {
            scopes.extend(self.screen_scopes());
        }
        scopes.push(Scope::Always);
        scopes
    }

    /// The scopes of the front screen, whatever is in front of it.
    pub fn screen_scopes(&self) -> Vec<Scope> {
        match self.screens.last() {
            Some(Screen::Views(_)) => vec![Scope::Views, Scope::Global],
            Some(Screen::Bulk(_)) => vec![Scope::Bulk, Scope::Global],
            Some(Screen::Blast) => vec![Scope::Blast, Scope::Global],
            Some(Screen::Preview(_)) => vec![Scope::Preview, Scope::Text, Scope::Global],
            Some(Screen::Resource(screen)) if screen.side == Side::Object => {
                vec![Scope::Text, Scope::Object, Scope::Global]
            }
            Some(Screen::Resource(_)) => vec![Scope::Object, Scope::Global],
            Some(Screen::Delivery(_)) => vec![Scope::Delivery, Scope::Global],
            Some(Screen::Text(_)) => vec![Scope::Text, Scope::Global],
            Some(Screen::Events(_)) => vec![Scope::Events, Scope::Global],
            Some(Screen::Diff(_)) => vec![Scope::Diff, Scope::Global],
            Some(Screen::Versions(_)) => vec![Scope::Versions, Scope::Global],
            Some(Screen::Merge(_)) => vec![Scope::Merge, Scope::Global],
            Some(Screen::Subscribe(_)) => vec![Scope::Subscribe],
            Some(Screen::Editor(editor)) if editor.replacing.is_some() => vec![Scope::Replacing],
            Some(Screen::Editor(editor)) if editor.popup.is_some() => {
                vec![Scope::Completion, Scope::Editor]
            }
            Some(Screen::Editor(editor)) if matches!(editor.step, Step::Weighing(_)) => {
                vec![Scope::Weighing, Scope::Editor]
            }
            Some(Screen::Editor(editor)) if editor.focus == Focus::Checks => {
                vec![Scope::Findings, Scope::Editor]
            }
            Some(Screen::Editor(_)) => vec![Scope::Editor],
            Some(Screen::Drafts(_)) => vec![Scope::Drafts, Scope::Global],
            None if self.session.phase == Phase::Starting => vec![Scope::Global],
            None if matches!(self.session.phase, Phase::Failed(_)) => {
                vec![Scope::Failed, Scope::Global]
            }
            None => {
                let pane = match self.overview.pane {
                    Pane::Resources => Scope::Resources,
                    Pane::Triggers => Scope::Triggers,
                    Pane::History => Scope::History,
                    Pane::Keys => Scope::Keys,
                };
                vec![pane, Scope::Overview, Scope::Global]
            }
        }
    }

    /// Whether a text is being typed, so that characters are text.
    pub fn is_typing(&self) -> bool {
        match self.overlays.last() {
            Some(Overlay::Confirm(question)) => confirm::name_to_type(self, question).is_some(),
            Some(_) => true,
            None => matches!(
                self.screens.last(),
                Some(Screen::Editor(_) | Screen::Subscribe(_))
            ),
        }
    }
}
