//! What is done to a commit: the requests for each part of the section, and their order.

use super::api::{Api, Reply};
use super::repository::{Repository, is_dots};
use super::section::{
    GitHubCheckRun, GitHubDeployment, GitHubNotification, GitHubPullRequestComment,
    GitHubRepositoryDispatch, GitHubStatus,
};
use crate::golang::time::{Time, layout};
use crate::service::request::{path_segment, shown_url};
use crate::service::{Class, Notification, PreparedRequest, SendError, Sent};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use url::form_urlencoded;

/// Characters of a description that GitHub takes.
const DESCRIPTION: usize = 140;

/// Characters of a comment that GitHub takes.
const COMMENT: usize = 65_536;

/// What check runs are known by as ours.
const EXTERNAL_ID: &str = "argocd-notifications";

// The permissions that an App needs for each part.
const STATUSES: &str = "Commit statuses: write";
const DEPLOYMENTS: &str = "Deployments: write";
const PULL_REQUESTS: &str = "Pull requests: write";
const CHECKS: &str = "Checks: write";
const CONTENTS: &str = "Contents: write";

/// The calls for one notification.
pub(super) struct Calls<'c> {
    api: &'c Api,
    section: &'c GitHubNotification,
    message: &'c str,
    /// `repos/<owner>/<name>`.
    repository: String,
    /// The revision as it stands in paths.
    revision: String,
}

/// What has been done so far.
#[derive(Default)]
struct Done {
    last: Option<Sent>,
    what: Vec<String>,
}

impl Done {
    /// Notes a call that made something; its link is the best name for it.
    fn note(&mut self, reply: Reply, kind: &str) {
        let id = reply.json["id"].as_u64();
        self.what.push(match (reply.link, id) {
            (link, _) if !link.is_empty() => link,
            (_, Some(id)) => format!("{kind} {id}"),
            (_, None) => kind.to_owned(),
        });
        self.last = Some(reply.sent);
    }
}

impl<'c> Calls<'c> {
    /// The calls for this notification, none of them made.
    pub(super) fn new(api: &'c Api, notification: &'c Notification) -> Result<Self, SendError> {
        let Some(section) = &notification.github else {
            return Err(SendError::permanent(
                "config is empty; give the template a section github",
            ));
        };
        let masker = &api.endpoint.masker;
        let repository = Repository::parse(&section.repo_url).map_err(|why| {
            let shown = shown_url(&section.repo_url, masker);
            SendError::permanent(format!(
                "GitHub.repoURL ({shown}) {why}; set repoURLPath of the template"
            ))
        })?;
        let parts: Vec<&str> = section.revision.split('/').collect();
        if parts.iter().any(|part| is_dots(part)) {
            return Err(SendError::permanent(masker.mask(&format!(
                "the revision {:?} is none; set revisionPath of the template",
                section.revision
            ))));
        }
        let escaped: Vec<String> = parts.into_iter().map(path_segment).collect();
        Ok(Self {
            api,
            section,
            message: &notification.message,
            repository: repository.api_path(),
            revision: escaped.join("/"),
        })
    }

    /// The requests, as far as they can be told before any of them was answered: what depends on
    /// an answer stands in braces.
    pub(super) fn prepare(&self) -> Result<Vec<PreparedRequest>, SendError> {
        let mut calls = Vec::new();
        if let Some(status) = &self.section.status {
            calls.push(self.status(status));
        }
        if let Some(deployment) = &self.section.deployment {
            calls.push(self.api.get(&self.deployments(deployment)));
            calls.push(self.new_deployment(deployment));
            calls.push(self.deployment_status(deployment, "{id}"));
        }
        if let Some(comment) = &self.section.pull_request_comment {
            calls.push(self.api.get(&self.pull_requests()));
            if comment.marker().is_some() {
                calls.push(self.api.get(&self.comments("{number}")));
            }
            calls.push(self.new_comment("{number}", &body(comment)));
        }
        if let Some(run) = &self.section.check_run {
            calls.push(self.check_run(run)?);
        }
        if let Some(dispatch) = &self.section.repository_dispatch {
            calls.push(self.dispatch(dispatch)?);
        }
        let mut requests = Vec::new();
        if !calls.is_empty() && !self.api.app.has_token() {
            requests.push(self.api.app.login(&self.api.endpoint)?);
        }
        for call in calls {
            requests.push(self.api.shown(call)?);
        }
        Ok(requests)
    }

    /// Makes the calls, up to the first that fails. What was done before stays done.
    pub(super) async fn make(&self) -> Result<Sent, SendError> {
        let mut done = Done::default();
        if let Some(status) = &self.section.status {
            let reply = self.api.call(self.status(status), STATUSES).await;
            done.note(
                reply.map_err(|error| self.too_many(error, status))?,
                "status",
            );
        }
        if let Some(deployment) = &self.section.deployment {
            self.deploy(deployment, &mut done).await?;
        }
        if let Some(comment) = &self.section.pull_request_comment {
            self.comment(comment, &mut done).await?;
        }
        if let Some(run) = &self.section.check_run {
            let request = self.check_run(run)?;
            done.note(self.api.call(request, CHECKS).await?, "check run");
        }
        if let Some(dispatch) = &self.section.repository_dispatch {
            let request = self.dispatch(dispatch)?;
            done.note(self.api.call(request, CONTENTS).await?, "dispatch");
        }
        let mut sent = done.last.unwrap_or_default();
        sent.detail = match done.what.as_slice() {
            [] => "nothing to do".to_owned(),
            what => what.join(", "),
        };
        Ok(sent)
    }

    fn path(&self, rest: &str) -> String {
        format!("{}/{rest}", self.repository)
    }

    fn status(&self, status: &GitHubStatus) -> PreparedRequest {
        let body = json!({
            "state": status.state,
            "target_url": status.target_url,
            "description": cut(self.message, DESCRIPTION),
            "context": status.label,
        });
        let path = self.path(&format!("statuses/{}", self.revision));
        self.api.send("POST", &path, &body)
    }

    /// GitHub takes a thousand statuses of a name for a commit and then refuses them. That is no
    /// reason to try again and again, so that it counts as sent, as in the original.
    fn too_many(&self, mut error: SendError, status: &GitHubStatus) -> SendError {
        if error.status == Some(422) {
            error.class = Class::Handled;
            let masker = &self.api.endpoint.masker;
            let (sha, label) = (&self.section.revision, &status.label);
            let begin = format!("too many commit statuses for sha {sha} and context {label}");
            error.message = format!("{}: {}", masker.mask(&begin), error.message);
        }
        error
    }

    fn deployments(&self, deployment: &GitHubDeployment) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("ref", &self.section.revision);
        if !deployment.environment.is_empty() {
            query.append_pair("environment", &deployment.environment);
        }
        self.path(&format!("deployments?{}", query.finish()))
    }

    fn new_deployment(&self, deployment: &GitHubDeployment) -> PreparedRequest {
        let reference = match deployment.reference.as_str() {
            "" => &self.section.revision,
            reference => reference,
        };
        let body = json!({
            "ref": reference,
            "environment": deployment.environment,
            "required_contexts": deployment.required_contexts,
            "auto_merge": deployment.auto_merge,
            "transient_environment": deployment.transient_environment,
        });
        self.api.send("POST", &self.path("deployments"), &body)
    }

    fn deployment_status(&self, deployment: &GitHubDeployment, id: &str) -> PreparedRequest {
        let body = json!({
            "state": deployment.state,
            "log_url": deployment.log_url,
            "description": cut(self.message, DESCRIPTION),
            "environment": deployment.environment,
            "environment_url": deployment.environment_url,
        });
        let path = self.path(&format!("deployments/{id}/statuses"));
        self.api.send("POST", &path, &body)
    }

    async fn deploy(
        &self,
        deployment: &GitHubDeployment,
        done: &mut Done,
    ) -> Result<(), SendError> {
        let list = self.api.get(&self.deployments(deployment));
        let mut reply = self.api.call(list, DEPLOYMENTS).await?;
        let known = match reply.json.take() {
            Value::Array(mut known) if !known.is_empty() => known.swap_remove(0),
            Value::Array(_) => {
                let request = self.new_deployment(deployment);
                reply = self.api.call(request, DEPLOYMENTS).await?;
                reply.json.take()
            }
            _ => return Err(reply.without("a list of deployments")),
        };
        let Some(id) = known["id"].as_u64() else {
            return Err(reply.without("the id of a deployment"));
        };
        let request = self.deployment_status(deployment, &id.to_string());
        let mut reply = self.api.call(request, DEPLOYMENTS).await?;
        // The deployment is worth knowing, its status has no place of its own.
        reply.json = json!({"id": id});
        done.note(reply, "deployment");
        Ok(())
    }

    fn pull_requests(&self) -> String {
        self.path(&format!("commits/{}/pulls", self.revision))
    }

    fn comments(&self, number: &str) -> String {
        self.path(&format!("issues/{number}/comments"))
    }

    fn new_comment(&self, number: &str, body: &str) -> PreparedRequest {
        let path = self.comments(number);
        self.api.send("POST", &path, &json!({"body": body}))
    }

    async fn comment(
        &self,
        comment: &GitHubPullRequestComment,
        done: &mut Done,
    ) -> Result<(), SendError> {
        let numbers = self
            .api
            .pick(&self.pull_requests(), PULL_REQUESTS, false, |pull| {
                pull["number"].as_u64()
            })
            .await?;
        if numbers.is_empty() {
            done.what.push("no pull request has the commit".into());
        }
        let (body, marker) = (body(comment), comment.marker());
        for number in numbers {
            let number = number.to_string();
            let mut earlier = None;
            if let Some(marker) = &marker {
                let path = self.comments(&number);
                let is_it = |comment: &Value| {
                    let text = comment["body"].as_str().unwrap_or_default();
                    text.contains(marker).then(|| comment["id"].as_u64())?
                };
                let found = self.api.pick(&path, PULL_REQUESTS, true, is_it).await?;
                earlier = found.first().copied();
            }
            let request = match earlier {
                Some(id) => {
                    let path = self.path(&format!("issues/comments/{id}"));
                    self.api.send("PATCH", &path, &json!({"body": body}))
                }
                None => self.new_comment(&number, &body),
            };
            done.note(self.api.call(request, PULL_REQUESTS).await?, "comment");
        }
        Ok(())
    }

    fn check_run(&self, run: &GitHubCheckRun) -> Result<PreparedRequest, SendError> {
        let mut status = run.status.as_str();
        if status.is_empty() && !run.conclusion.is_empty() {
            status = "completed";
        }
        let is_over = status == "completed" || !run.completed_at.is_empty();
        if is_over && run.conclusion.is_empty() {
            return Err(SendError::permanent(
                "github checkrun: conclusion is required when status is completed or \
                 completed_at is set; set checkRun.conclusion of the template",
            ));
        }
        for (name, text) in [
            ("started_at", &run.started_at),
            ("completed_at", &run.completed_at),
        ] {
            if !text.is_empty() && Time::parse(layout::RFC3339, text).is_err() {
                let message = format!(
                    "github checkrun: {name} {text:?} is no time; write it as \
                     2024-01-02T03:04:05Z"
                );
                return Err(SendError::permanent(
                    self.api.endpoint.masker.mask(&message),
                ));
            }
        }
        let mut body = json!({
            "name": run.name,
            "head_sha": self.section.revision,
            "external_id": EXTERNAL_ID,
            "details_url": run.details_url,
        });
        for (name, text) in [
            ("status", status),
            ("conclusion", &run.conclusion),
            ("started_at", &run.started_at),
            ("completed_at", &run.completed_at),
        ] {
            if !text.is_empty() {
                body[name] = text.into();
            }
        }
        if let Some(output) = &run.output {
            body["output"] = json!({
                "title": output.title,
                "summary": output.summary,
                "text": output.text,
            });
        }
        Ok(self.api.send("POST", &self.path("check-runs"), &body))
    }

    fn dispatch(&self, dispatch: &GitHubRepositoryDispatch) -> Result<PreparedRequest, SendError> {
        let payload = match dispatch.client_payload.trim() {
            "" => "{}",
            text => text,
        };
        let payload: &RawValue = serde_json::from_str(payload).map_err(|error| {
            let message = format!(
                "github repositoryDispatch: client_payload is no JSON: {error}; correct it in the \
                 template"
            );
            SendError::permanent(self.api.endpoint.masker.mask(&message))
        })?;
        let path = self.path("dispatches");
        let mut request = self.api.send("POST", &path, &Value::Null);
        // As it stands: numbers keep all their digits.
        let event_type = Value::from(dispatch.event_type.as_str());
        request.body =
            format!("{{\"event_type\":{event_type},\"client_payload\":{payload}}}").into_bytes();
        Ok(request)
    }
}

/// The comment as it is sent: cut so that the marker has its place at the end, once.
fn body(comment: &GitHubPullRequestComment) -> String {
    let Some(marker) = comment.marker() else {
        return cut(&comment.content, COMMENT);
    };
    let end = format!("\n{marker}");
    // Rendering has put it there already.
    let text = comment
        .content
        .strip_suffix(&end)
        .unwrap_or(&comment.content);
    let room = COMMENT.saturating_sub(end.chars().count());
    cut(text, room) + &end
}

/// The text with at most this many characters, the last three of them dots when it was longer.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(3)).collect();
    kept + "..."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_characters() {
        assert_eq!(cut(&"ü".repeat(140), 140), "ü".repeat(140));
        assert_eq!(cut(&"ü".repeat(141), 140), "ü".repeat(137) + "...");
    }

    #[test]
    fn a_comment_has_its_marker_once_and_is_not_too_long() {
        let mut comment = GitHubPullRequestComment {
            content: "x".repeat(COMMENT),
            comment_tag: "t".into(),
        };
        let end = "\n<!-- argocd-notifications t -->";
        for _ in 0..2 {
            let text = body(&comment);
            assert_eq!(text.chars().count(), COMMENT);
            assert!(text.ends_with(end), "{}", &text[COMMENT - 40..]);
            assert_eq!(text.matches("argocd-notifications").count(), 1);
            comment.content = text;
        }
        comment = GitHubPullRequestComment {
            content: "hi".into(),
            comment_tag: String::new(),
        };
        assert_eq!(body(&comment), "hi");
    }
}
