//! GitHub, in the name of an App: commit statuses, deployments, comments on pull requests, check
//! runs, and events for workflows.

mod api;
mod app;
mod calls;
mod repository;
mod section;

pub(super) use section::section;
pub use section::{
    GitHubCheckRun, GitHubCheckRunOutput, GitHubDeployment, GitHubNotification,
    GitHubPullRequestComment, GitHubRepositoryDispatch, GitHubStatus,
};

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::reference::{Reference, optional, required};
use super::registry::{BuildError, BuildWarning};
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::{Destination, Masker};
use crate::yaml::{self, Node};
use api::Api;
use app::App;
use calls::Calls;
use futures::future::BoxFuture;
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;
use url::Url;

/// The type's name.
pub(super) const TYPE: &str = "github";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "GitHub",
    summary: "What happens to a commit, told on GitHub: commit statuses, deployments, comments on \
              pull requests, check runs, and `repository_dispatch` events for workflows. All in \
              the name of a GitHub App.",
    recipient: "Not used; leave it empty. The template says which repository and revision it is.",
    recipient_example: "",
    options: &[
        required("appID", "integer", "The App's id."),
        required(
            "installationID",
            "integer",
            "The id of the App's installation: the number at the end of its settings' URL.",
        ),
        required(
            "privateKey",
            "string",
            "A private key of the App, the whole PEM file: PKCS #1 or PKCS #8.",
        ),
        optional(
            "enterpriseBaseURL",
            "string",
            "The URL of a GitHub Enterprise Server; `/api/v3/` may be left out. Default: \
             `https://api.github.com`.",
        ),
    ],
    transport: true,
    fields: &[
        optional(
            "repoURLPath",
            "template",
            "The repository's URL: `https://…/owner/name.git`, `git@…:owner/name.git` or \
             `owner/name`. Default: that of an Argo CD application, \
             `{{.app.spec.source.repoURL}}`; for other objects it must be set.",
        ),
        optional(
            "revisionPath",
            "template",
            "The commit. Default: the one that an Argo CD application was synced to, \
             `{{.app.status.operationState.syncResult.revision}}`; for other objects it must be \
             set.",
        ),
        optional(
            "status",
            "map",
            "A commit status. The message is its description, cut to 140 characters.",
        ),
        optional(
            "status.state",
            "template",
            "`error`, `failure`, `pending` or `success`.",
        ),
        optional(
            "status.label",
            "template",
            "The status' name; of the same name the last one counts.",
        ),
        optional("status.targetURL", "template", "A link."),
        optional(
            "deployment",
            "map",
            "A deployment of the revision, made unless there is one, and a status of it. The \
             message is the status' description, cut to 140 characters.",
        ),
        optional(
            "deployment.state",
            "template",
            "`success`, `failure`, `error`, `in_progress`, `queued`, `pending` or `inactive`.",
        ),
        optional(
            "deployment.environment",
            "template",
            "Where it is deployed to.",
        ),
        optional("deployment.environmentURL", "template", "A link to it."),
        optional("deployment.logURL", "template", "A link to what happened."),
        optional(
            "deployment.reference",
            "template",
            "What is deployed. Default: the revision.",
        ),
        optional(
            "deployment.requiredContexts",
            "list of strings",
            "Statuses that the commit must have; `[]` for none. Default: all that it has.",
        ),
        optional(
            "deployment.autoMerge",
            "bool",
            "Merge the default branch into the revision first. Default: `true`.",
        ),
        optional(
            "deployment.transientEnvironment",
            "bool",
            "The environment goes away at some time. Default: `false`.",
        ),
        optional(
            "pullRequestComment",
            "map",
            "A comment on every pull request that has the commit, open or closed.",
        ),
        optional(
            "pullRequestComment.content",
            "template",
            "Its text, in Markdown; cut to 65,536 characters.",
        ),
        optional(
            "pullRequestComment.commentTag",
            "string",
            "With a tag there is one comment that is changed each time. No template.",
        ),
        optional("checkRun", "map", "A check run of the commit."),
        optional("checkRun.name", "template", "Its name."),
        optional("checkRun.details_url", "template", "A link."),
        optional(
            "checkRun.status",
            "template",
            "`queued`, `in_progress` or `completed`. Default: `completed` with a conclusion.",
        ),
        optional(
            "checkRun.conclusion",
            "template",
            "`success`, `failure`, `neutral`, `cancelled`, `skipped`, `timed_out` or \
             `action_required`; needed once it is completed.",
        ),
        optional(
            "checkRun.started_at",
            "template",
            "When it began: `2024-01-02T03:04:05Z`.",
        ),
        optional(
            "checkRun.completed_at",
            "template",
            "When it ended: `2024-01-02T03:04:05Z`.",
        ),
        optional("checkRun.output", "map", "What is shown of it."),
        optional("checkRun.output.title", "template", "Its title."),
        optional("checkRun.output.summary", "template", "Markdown."),
        optional("checkRun.output.text", "template", "Markdown."),
        optional(
            "repositoryDispatch",
            "map",
            "An event for workflows with `on: repository_dispatch`.",
        ),
        optional("repositoryDispatch.event_type", "template", "Its name."),
        optional(
            "repositoryDispatch.client_payload",
            "template",
            "A JSON object. Default: `{}`.",
        ),
    ],
    example: r#"data:
  service.github: |
    appID: 1234
    installationID: 56789
    privateKey: $github-private-key
  template.app-deployed: |
    message: Application {{.app.metadata.name}} is deployed
    github:
      status:
        state: success
        label: deployment/{{.app.metadata.name}}
        targetURL: https://argocd.example.com/applications/{{.app.metadata.name}}
      pullRequestComment:
        content: Deployed to {{.app.spec.destination.namespace}}
        commentTag: deployed
"#,
    notes: &[
        "The parts are done in the order in which they stand here; the first that fails ends the \
         delivery, and a repeated delivery does all of them again.",
        "The App needs a permission for each part that is used: Commit statuses, Deployments, \
         Pull requests, Checks, Contents (for `repositoryDispatch`), each with write access.",
        "GitHub takes a thousand statuses of a name for a commit. What it refuses then counts as \
         sent.",
        "When the rate limit is reached, nothing is asked until it is over.",
    ],
};

/// The options of `service.github.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(default, rename = "services.GitHubOptions", rename_all = "camelCase")]
struct Options {
    /// The App's id.
    #[serde(rename = "appID")]
    app_id: i64,
    /// The id of its installation.
    #[serde(rename = "installationID")]
    installation_id: i64,
    /// PEM, PKCS #1 or PKCS #8.
    private_key: String,
    /// Of a GitHub Enterprise Server; `https://api.github.com` when empty.
    #[serde(rename = "enterpriseBaseURL")]
    enterprise_base_url: String,
}

struct GitHub {
    name: String,
    api: Api,
    warnings: Vec<BuildWarning>,
}

/// Makes a GitHub service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let mut warnings = transport_warnings(node)?;
    for (key, id, help) in [
        ("appID", options.app_id, "set appID to the App's id"),
        (
            "installationID",
            options.installation_id,
            "set installationID to the number at the end of the installation's URL",
        ),
    ] {
        if id == 0 {
            warnings.push(missing(node, key, help));
        }
    }
    let app = App::new(
        options.app_id,
        options.installation_id,
        &options.private_key,
    );
    let app = app.map_err(|message| BuildError {
        message,
        position: node.get("privateKey").map(|key| key.position),
        help: Some(
            "set privateKey to the whole PEM file that GitHub made for the App, from \
             -----BEGIN to END-----, with its line breaks"
                .into(),
        ),
    })?;
    let url = base_url(options.enterprise_base_url.trim());
    let endpoint = Endpoint::new(&url, node, [options.private_key.as_str()], context)?;
    if let Err(error) = endpoint.ready(PreparedRequest::new("POST", &url)) {
        warnings.push(BuildWarning {
            message: format!("enterpriseBaseURL: {}", error.message),
            position: node.get("enterpriseBaseURL").map(|url| url.position),
            help: Some("set it to the server's URL, https://…, or leave it out".into()),
        });
    }
    Ok(Arc::new(GitHub {
        name: name.to_owned(),
        api: Api::new(endpoint, app),
        warnings,
    }))
}

/// Where the API is: of a GitHub Enterprise Server below `/api/v3/`, unless the host is one for
/// the API alone. What is no URL stays, and the check of the requests tells of it.
fn base_url(server: &str) -> String {
    if server.is_empty() {
        return "https://api.github.com/".to_owned();
    }
    let Ok(mut url) = Url::parse(server) else {
        return server.to_owned();
    };
    let mut path = url.path().trim_end_matches('/').to_owned() + "/";
    let host = url.host_str().unwrap_or_default();
    let is_api = host.starts_with("api.") || host.contains(".api.");
    if !is_api && !path.ends_with("/api/v3/") {
        path.push_str("api/v3/");
    }
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

impl Service for GitHub {
    fn service_type(&self) -> &'static str {
        TYPE
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn masker(&self) -> &Masker {
        &self.api.endpoint.masker
    }

    fn warnings(&self) -> &[BuildWarning] {
        &self.warnings
    }

    fn prepare(
        &self,
        notification: &Notification,
        _: &Destination,
    ) -> Result<Vec<PreparedRequest>, SendError> {
        Calls::new(&self.api, notification)?.prepare()
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        _: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async { Calls::new(&self.api, notification)?.make().await })
    }
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_of_a_server_is_below_its_url() {
        for (server, url) in [
            ("", "https://api.github.com/"),
            ("https://ghe.example.com", "https://ghe.example.com/api/v3/"),
            (
                "https://ghe.example.com/api/v3",
                "https://ghe.example.com/api/v3/",
            ),
            (
                "https://ghe.example.com/api/v3/",
                "https://ghe.example.com/api/v3/",
            ),
            (
                "https://ghe.example.com/sub/",
                "https://ghe.example.com/sub/api/v3/",
            ),
            ("https://api.acme.ghe.com", "https://api.acme.ghe.com/"),
            ("https://acme.api.ghe.com/x", "https://acme.api.ghe.com/x/"),
            ("ghe", "ghe"),
        ] {
            assert_eq!(base_url(server), url);
        }
    }
}
