//! GitHub: what is rendered, and what its options may be.

use super::app_key;
use super::{assert_refused, make, render, try_render};
use kubechime::service::{self, ServiceContext};
use kubechime::yaml;
use serde_json::json;

const SHA: &str = "0123456789";
const MARKER: &str = "<!-- argocd-notifications test-tag -->";

fn section(template: &str) -> kubechime::service::GitHubNotification {
    render("github", template).github.expect("has the section")
}

#[test]
fn repository_and_revision_come_from_the_application_or_as_the_template_says() {
    let status = "status: {state: success, label: 'l/{{.app.metadata.name}}', \
                  targetURL: 'https://e/{{.app.metadata.name}}'}";
    let preset = section(&format!("github: {{{status}}}"));
    assert_eq!(preset.repo_url, "https://github.com/acme/shop.git");
    assert_eq!(preset.revision, SHA);
    let told = preset.status.expect("has a status");
    assert_eq!(
        (told.state.as_str(), &*told.label, &*told.target_url),
        ("success", "l/guestbook", "https://e/guestbook")
    );

    let own = "github: {repoURLPath: '{{.sync.spec.git.repo}}', revisionPath: \
               '{{.sync.status.lastSyncedCommit}}', status: {state: s, label: l}}";
    let vars = json!({"sync": {
        "spec": {"git": {"repo": "https://github.com/o/r"}},
        "status": {"lastSyncedCommit": "abc"},
    }});
    let rendered = try_render("github", own, &vars).expect("renders");
    let own = rendered.github.expect("has the section");
    assert_eq!(own.repo_url_path, "{{.sync.spec.git.repo}}");
    assert_eq!(own.revision_path, "{{.sync.status.lastSyncedCommit}}");
    assert_eq!(
        (own.repo_url.as_str(), &*own.revision),
        ("https://github.com/o/r", "abc")
    );
    assert_eq!(own.status.expect("has a status").target_url, "");
}

#[test]
fn parts_are_rendered_with_their_defaults() {
    let full = section(
        "github: {deployment: {state: success, environment: 'prod-{{.app.metadata.name}}', \
         environmentURL: u, logURL: g, requiredContexts: ['{{x'], autoMerge: false, \
         transientEnvironment: 'true', reference: v0.0.1}}",
    );
    let deployment = full.deployment.expect("has a deployment");
    assert_eq!(deployment.environment, "prod-guestbook");
    assert_eq!(deployment.reference, "v0.0.1");
    assert_eq!(
        deployment.required_contexts,
        Some(vec!["{{x".to_owned()]),
        "no template"
    );
    let flags = (deployment.auto_merge, deployment.transient_environment);
    assert_eq!(flags, (Some(false), Some(true)));
    let least = section("github: {deployment: {state: s}}")
        .deployment
        .expect("has one");
    let flags = (least.auto_merge, least.transient_environment);
    assert_eq!(
        (flags, least.required_contexts),
        ((Some(true), Some(false)), None)
    );

    let comment = |tag: &str| {
        let template = format!("github: {{pullRequestComment: {{content: hi{tag}}}}}");
        section(&template)
            .pull_request_comment
            .expect("has a comment")
            .content
    };
    assert_eq!(comment(""), "hi");
    assert_eq!(comment(", commentTag: test-tag"), format!("hi\n{MARKER}"));

    let run = section(
        "github: {checkRun: {name: 'n {{.app.metadata.name}}', details_url: d, status: completed, \
         conclusion: success, started_at: s, completed_at: c, output: {title: t, summary: \
         '{{.app.metadata.name}}', text: x}}}",
    );
    let run = run.check_run.expect("has a check run");
    assert_eq!(
        (run.name.as_str(), &*run.conclusion),
        ("n guestbook", "success")
    );
    assert_eq!(run.output.expect("has output").summary, "guestbook");
    for path in [
        "repoURLPath",
        "revisionPath",
        "status.targetURL",
        "deployment.logURL",
        "pullRequestComment.content",
        "checkRun.details_url",
        "checkRun.output.text",
        "repositoryDispatch.client_payload",
    ] {
        let mut template = "'{{ .x'".to_owned();
        for key in path.rsplit('.') {
            template = format!("{{{key}: {template}}}");
        }
        assert_refused(&format!("github: {template}"), &format!("github.{path}"));
    }
}

#[test]
fn ids_are_numbers_texts_or_missing() {
    let key = app_key::indented();
    for (ids, warnings) in [
        ("appID: 1234\ninstallationID: 56789", 0),
        ("appID: '1234'\ninstallationID: '56789'", 0),
        ("{}", 2),
    ] {
        let options = format!("{}\nprivateKey: |\n{key}", ids.trim_matches(['{', '}']));
        assert_eq!(make("github", &options).warnings().len(), warnings, "{ids}");
    }
    let short = app_key::SHORT.replace('\n', "\n  ");
    for (options, text) in [
        (
            format!("appID: abc\nprivateKey: |\n{key}"),
            "cannot unmarshal string",
        ),
        ("appID: 1".to_owned(), "could not parse private key: "),
        (
            "privateKey: nonsense".to_owned(),
            "Key must be a PEM encoded PKCS1 or PKCS8 key",
        ),
        (
            format!("privateKey: |\n  {short}"),
            "an RSA key of 2048 bits or more",
        ),
    ] {
        let node = yaml::parse(&options).expect("is YAML");
        let built = service::build("github", "github", &node, &ServiceContext::default());
        let error = built.expect_err("cannot be built");
        assert!(error.message.contains(text), "{error}");
        assert!(!error.message.contains("nonsense"), "{error}");
        assert!(
            error.position.is_some() || options.starts_with("appID: 1"),
            "{options}"
        );
    }
}
