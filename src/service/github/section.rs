//! What a template says for GitHub, and how it is rendered.

use super::TYPE;
use crate::service::template::{Compiler, Rendering, Section};
use crate::service::{Notification, RenderError};
use crate::template::Template;
use crate::yaml::Node;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where the repository's URL is when the section does not say.
const REPO_URL: &str = "{{.app.spec.source.repoURL}}";

/// Where the revision is when the section does not say.
const REVISION: &str = "{{.app.status.operationState.syncResult.revision}}";

/// The section `github` of a template: what is done to a commit. Each part is one thing that is
/// done; those that are absent are not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    rename = "services.GitHubNotification",
    rename_all = "camelCase"
)]
pub struct GitHubNotification {
    /// The repository's URL, rendered.
    #[serde(skip)]
    pub repo_url: String,
    /// The commit, branch or tag, rendered.
    #[serde(skip)]
    pub revision: String,
    /// A commit status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<GitHubStatus>,
    /// A deployment and its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<GitHubDeployment>,
    /// A comment on the commit's pull requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_request_comment: Option<GitHubPullRequestComment>,
    /// A check run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_run: Option<GitHubCheckRun>,
    /// An event for workflows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_dispatch: Option<GitHubRepositoryDispatch>,
    /// The template of the repository's URL.
    #[serde(rename = "repoURLPath", skip_serializing_if = "String::is_empty")]
    pub repo_url_path: String,
    /// The template of the revision.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub revision_path: String,
}

/// A commit status; the message is its description.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename = "services.GitHubStatus", rename_all = "camelCase")]
pub struct GitHubStatus {
    /// `error`, `failure`, `pending` or `success`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// The status' name; of the same name the last one counts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// A link.
    #[serde(rename = "targetURL", skip_serializing_if = "String::is_empty")]
    pub target_url: String,
}

/// A deployment, made unless there is one, and its status; the message is the status' description.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    rename = "services.GitHubDeployment",
    rename_all = "camelCase"
)]
pub struct GitHubDeployment {
    /// `success`, `failure`, `in_progress`, ….
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// Where it was deployed to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// A link to it.
    #[serde(rename = "environmentURL", skip_serializing_if = "String::is_empty")]
    pub environment_url: String,
    /// A link to what happened.
    #[serde(rename = "logURL", skip_serializing_if = "String::is_empty")]
    pub log_url: String,
    /// Statuses that must be there; `None` for all, empty for none.
    pub required_contexts: Option<Vec<String>>,
    /// Merge the default branch first; default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_merge: Option<bool>,
    /// The environment goes away at some time; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transient_environment: Option<bool>,
    /// What is deployed, instead of the revision.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
}

/// A comment on every pull request that has the commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    rename = "services.GitHubPullRequestComment",
    rename_all = "camelCase"
)]
pub struct GitHubPullRequestComment {
    /// Its text; once rendered, with the marker of the tag at its end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// A later comment with the same tag replaces it. No template.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment_tag: String,
}

impl GitHubPullRequestComment {
    /// What stands in a comment so that it is known again; `None` without a tag.
    pub(super) fn marker(&self) -> Option<String> {
        let tag = &self.comment_tag;
        (!tag.is_empty()).then(|| format!("<!-- argocd-notifications {tag} -->"))
    }
}

/// A check run of the commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename = "services.GitHubCheckRun")]
pub struct GitHubCheckRun {
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// A link.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub details_url: String,
    /// `queued`, `in_progress` or `completed`; the latter when there is a conclusion.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// `success`, `failure`, `neutral`, …: needed once it is completed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub conclusion: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub started_at: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub completed_at: String,
    /// What is shown of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<GitHubCheckRunOutput>,
}

/// What is shown of a check run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename = "services.GitHubCheckRunOutput")]
pub struct GitHubCheckRunOutput {
    /// Its title.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Markdown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Markdown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// An event that workflows with `on: repository_dispatch` wait for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename = "services.GitHubRepositoryDispatch")]
pub struct GitHubRepositoryDispatch {
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub event_type: String,
    /// A JSON object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_payload: String,
}

/// A text of a part: its key in the YAML, and its place.
type Text = (&'static str, fn(&mut GitHubNotification) -> &mut String);

/// A part of the section, with the texts in it.
struct Part {
    /// From the section on.
    path: &'static str,
    is_in: fn(&GitHubNotification) -> bool,
    texts: &'static [Text],
}

/// All parts, in the order of rendering.
const PARTS: [Part; 6] = [
    Part {
        path: "status",
        is_in: |section| section.status.is_some(),
        texts: &[
            ("state", |s| &mut s.status.get_or_insert_default().state),
            ("label", |s| &mut s.status.get_or_insert_default().label),
            ("targetURL", |s| {
                &mut s.status.get_or_insert_default().target_url
            }),
        ],
    },
    Part {
        path: "deployment",
        is_in: |section| section.deployment.is_some(),
        texts: &[
            ("state", |s| &mut deployment(s).state),
            ("environment", |s| &mut deployment(s).environment),
            ("environmentURL", |s| &mut deployment(s).environment_url),
            ("logURL", |s| &mut deployment(s).log_url),
            ("reference", |s| &mut deployment(s).reference),
        ],
    },
    Part {
        path: "pullRequestComment",
        is_in: |section| section.pull_request_comment.is_some(),
        texts: &[("content", |s| {
            &mut s.pull_request_comment.get_or_insert_default().content
        })],
    },
    Part {
        path: "checkRun",
        is_in: |section| section.check_run.is_some(),
        texts: &[
            ("name", |s| &mut check_run(s).name),
            ("details_url", |s| &mut check_run(s).details_url),
            ("status", |s| &mut check_run(s).status),
            ("conclusion", |s| &mut check_run(s).conclusion),
            ("started_at", |s| &mut check_run(s).started_at),
            ("completed_at", |s| &mut check_run(s).completed_at),
        ],
    },
    Part {
        path: "checkRun.output",
        is_in: |section| {
            let run = section.check_run.as_ref();
            run.is_some_and(|run| run.output.is_some())
        },
        texts: &[
            ("title", |s| &mut output(s).title),
            ("summary", |s| &mut output(s).summary),
            ("text", |s| &mut output(s).text),
        ],
    },
    Part {
        path: "repositoryDispatch",
        is_in: |section| section.repository_dispatch.is_some(),
        texts: &[
            ("event_type", |s| &mut dispatch(s).event_type),
            ("client_payload", |s| &mut dispatch(s).client_payload),
        ],
    },
];

fn deployment(section: &mut GitHubNotification) -> &mut GitHubDeployment {
    section.deployment.get_or_insert_default()
}

fn check_run(section: &mut GitHubNotification) -> &mut GitHubCheckRun {
    section.check_run.get_or_insert_default()
}

fn output(section: &mut GitHubNotification) -> &mut GitHubCheckRunOutput {
    check_run(section).output.get_or_insert_default()
}

fn dispatch(section: &mut GitHubNotification) -> &mut GitHubRepositoryDispatch {
    section.repository_dispatch.get_or_insert_default()
}

struct GitHubSection {
    source: GitHubNotification,
    repo_url: Option<Template>,
    revision: Option<Template>,
    /// With their paths.
    texts: Vec<(String, Text, Template)>,
}

impl fmt::Debug for GitHubSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GitHubSection").field(&self.source).finish()
    }
}

/// Compiles the section; one that is null is none.
pub(in crate::service) fn section(
    node: &Node,
    compiler: &mut Compiler<'_>,
    unrendered: &mut Notification,
) -> Option<Box<dyn Section>> {
    if node.is_null() {
        return None;
    }
    let mut source: GitHubNotification = compiler.decode(TYPE, node)?;
    let mut path_of = |key: &str, text: &str, preset: &str| {
        let path = format!("{TYPE}.{key}");
        if text.is_empty() {
            compiler.preset(&path, preset)
        } else {
            compiler.text(&path, text, node.get(key))
        }
    };
    let repo_url = path_of("repoURLPath", &source.repo_url_path, REPO_URL);
    let revision = path_of("revisionPath", &source.revision_path, REVISION);
    let mut texts = Vec::new();
    for part in &PARTS {
        if !(part.is_in)(&source) {
            continue;
        }
        let mut names = part.path.split('.');
        let place = names.try_fold(node, |node, name| node.get(name));
        for text in part.texts {
            let (key, target) = *text;
            let path = format!("{TYPE}.{}.{key}", part.path);
            let node = place.and_then(|place| place.get(key));
            let template = compiler.text(&path, target(&mut source), node);
            texts.extend(template.map(|template| (path, *text, template)));
        }
    }
    unrendered.github = Some(source.clone());
    Some(Box::new(GitHubSection {
        source,
        repo_url,
        revision,
        texts,
    }))
}

impl Section for GitHubSection {
    fn service_type(&self) -> &'static str {
        TYPE
    }

    /// Of each part that the template has, all texts override those of an earlier template.
    fn render(
        &self,
        rendering: &Rendering<'_>,
        into: &mut Notification,
    ) -> Result<(), RenderError> {
        let target = into.github.get_or_insert_default();
        let text = |key: &str, template: &Option<Template>| match template {
            Some(template) => rendering.text(&format!("{TYPE}.{key}"), template),
            None => Ok(String::new()),
        };
        target.repo_url = text("repoURLPath", &self.repo_url)?;
        target.revision = text("revisionPath", &self.revision)?;
        target.repo_url_path.clone_from(&self.source.repo_url_path);
        target.revision_path.clone_from(&self.source.revision_path);
        for (path, (_, place), template) in &self.texts {
            *place(target) = rendering.text(path, template)?;
        }
        if let Some(source) = &self.source.deployment {
            let deployment = deployment(target);
            deployment
                .required_contexts
                .clone_from(&source.required_contexts);
            deployment.auto_merge = Some(source.auto_merge.unwrap_or(true));
            deployment.transient_environment = Some(source.transient_environment.unwrap_or(false));
        }
        if let Some(source) = &self.source.pull_request_comment {
            let comment = target.pull_request_comment.get_or_insert_default();
            comment.comment_tag.clone_from(&source.comment_tag);
            if let Some(marker) = comment.marker() {
                comment.content.push('\n');
                comment.content.push_str(&marker);
            }
        }
        Ok(())
    }
}
