//! The program as a process: what `service list` and `service test` print, and what the engine
//! logs and keeps.

use super::Leaks;
use super::library::words;
use super::parrot::Parrot;
use super::table::{Target, rows};
use kubechime::demo::{ClusterOptions, SimCluster};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long the engine may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

fn program(home: &Path, parrot: &Parrot) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubechime"));
    let [http, ..] = parrot.ports();
    command
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .env("KUBECONFIG", home.join("kubeconfig"))
        .env("PUBSUB_EMULATOR_HOST", format!("127.0.0.1:{http}"))
        .stdin(Stdio::null());
    command
}

fn target(parrot: &Parrot) -> Target {
    let [http, smtp, nats] = parrot.ports();
    Target {
        url: format!("http://127.0.0.1:{http}"),
        smtp,
        nats,
    }
}

/// A ConfigMap with all services, and one notification for each of them.
fn config(target: &Target) -> Value {
    let mut data = serde_json::Map::new();
    let mut template = "message: hi\n".to_owned();
    for row in rows() {
        let key = format!("service.{}", row.service_type);
        data.insert(key, row.options(target).into());
        if !row.section.is_empty() {
            template.push_str(row.section);
            template.push('\n');
        }
    }
    data.insert("template.t".into(), template.into());
    data.insert("trigger.t".into(), "- when: 'true'\n  send: [t]".into());
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "pod-notifications-cm", "namespace": "default"},
        "data": data,
    })
}

fn printed(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn commands_print_no_secret() {
    let home = TempDir::new().expect("a directory");
    let parrot = Parrot::start("unused-token");
    let all: Vec<String> = rows().into_iter().flat_map(words).collect();
    parrot.say(&all.join(" "));
    let config = config(&target(&parrot)).to_string();
    std::fs::write(home.path().join("cm.yaml"), config).expect("is written");
    let run = |arguments: &[&str]| {
        let mut command = program(home.path(), &parrot);
        command.args(["service", "--config-map", "cm.yaml", "--secret", ":empty"]);
        command.args(arguments).output().expect("the program runs")
    };
    let mut leaks = Leaks::default();
    for form in ["wide", "json", "yaml"] {
        let listed = printed(&run(&["list", "-o", form]));
        assert!(rows().iter().all(|row| listed.contains(row.service_type)));
        leaks.look(&format!("service list -o {form}"), &listed);
    }
    for row in rows() {
        // The server repeats what this service knows; it could not know of others' secrets.
        parrot.say(&words(row).join(" "));
        let name = row.service_type;
        let mut tested = |more: &[&str]| {
            let recipient = ["test", name, "--recipient", row.recipient];
            let output = run(&[&recipient, more].concat());
            let text = printed(&output);
            leaks.look(&format!("service test {name} {more:?}"), &text);
            (output.status.success(), text)
        };
        let (shown, text) = tested(&["--dry-run"]);
        // Github's test is refused: it would write to a repository.
        assert_eq!(shown, name != "github", "{name}: {text}");
        let (sent, text) = tested(&[]);
        assert!(!sent, "{name}: {text}");
    }
    leaks.end();
}

struct Engine(Child);

impl Drop for Engine {
    fn drop(&mut self) {
        // Has ended already, as a rule.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_engine_logs_and_keeps_no_secret() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let home = TempDir::new().expect("a directory");
    let parrot = Parrot::start("unused-token");
    // All services are asked at once: only what they tell is repeated.
    parrot.say("");
    let cluster = runtime.block_on(async {
        let cluster = SimCluster::start(ClusterOptions {
            empty: true,
            ..ClusterOptions::default()
        })
        .await
        .expect("the cluster starts");
        let subscriptions: serde_json::Map<String, Value> = rows()
            .iter()
            .map(|row| {
                let name = row.service_type;
                let key = format!("notifications.argoproj.io/subscribe.t.{name}");
                (key, row.recipient.into())
            })
            .collect();
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "namespace": "default", "annotations": subscriptions},
            "spec": {"containers": [{"name": "a", "image": "b"}]},
        });
        let namespace = "/api/v1/namespaces/default";
        let config = config(&target(&parrot));
        create(&cluster, &format!("{namespace}/configmaps"), &config).await;
        create(&cluster, &format!("{namespace}/pods"), &pod).await;
        cluster
    });
    std::fs::write(home.path().join("kubeconfig"), cluster.kubeconfig()).expect("is written");
    let log = home.path().join("log");
    let state = home.path().join("state");
    let child = program(home.path(), &parrot)
        .args([
            "run",
            "--metrics-listen",
            "",
            "--log-level",
            "trace",
            "--no-lease",
        ])
        .args(["--mode", "active"])
        .arg("--state-dir")
        .arg(&state)
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).expect("is made"))
        .spawn()
        .expect("the program starts");
    let mut engine = Engine(child);
    let deadline = Instant::now() + PATIENCE;
    let read_log = || String::from_utf8_lossy(&std::fs::read(&log).expect("a log")).into_owned();
    let wanted = i64::try_from(rows().len()).expect("a few");
    while tried(&state) < wanted {
        assert!(
            Instant::now() < deadline,
            "{} of {}\n{}",
            tried(&state),
            wanted,
            read_log()
        );
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let stopped = Command::new("kill").arg(engine.0.id().to_string()).status();
    assert!(stopped.expect("kill runs").success());
    engine.0.wait().expect("the program ends");
    let log = read_log();
    for row in rows() {
        assert!(
            log.contains(row.service_type),
            "{}\n{log}",
            row.service_type
        );
    }
    let mut leaks = Leaks::default();
    leaks.look("the log of the engine", &log);
    let files = files(&state);
    assert!(!files.is_empty());
    for file in files {
        let bytes = std::fs::read(&file).expect("is read");
        leaks.look(
            &file.display().to_string(),
            &String::from_utf8_lossy(&bytes),
        );
    }
    leaks.end();
    cluster.shutdown();
}

/// Deliveries that the history has an error for.
fn tried(state: &Path) -> i64 {
    let files = files(state);
    let Some(database) = files.iter().find(|file| file.ends_with("history.db")) else {
        return 0;
    };
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    // It may not be ready, or busy.
    rusqlite::Connection::open_with_flags(database, flags)
        .and_then(|history| {
            let query = "SELECT count(*) FROM deliveries WHERE error <> ''";
            history.query_row(query, [], |row| row.get::<_, i64>(0))
        })
        .unwrap_or(0)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

async fn create(cluster: &SimCluster, path: &str, object: &Value) {
    let kubeconfig = kube::config::Kubeconfig::from_yaml(&cluster.kubeconfig()).expect("is one");
    let options = kube::config::KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
    let client = kube::Client::try_from(config.await.expect("is valid")).expect("a client");
    let request = http::Request::post(path)
        .header("Content-Type", "application/json")
        .body(object.to_string().into_bytes())
        .expect("a request");
    client.request::<Value>(request).await.expect("is created");
}

/// Secrets are looked for in vain only if the search can find them.
#[test]
#[should_panic(expected = "secrets got out")]
fn a_secret_would_be_found() {
    let parrot = Parrot::start("unused-token");
    let mut leaks = Leaks::default();
    leaks.look("options", &rows()[0].options(&target(&parrot)));
    leaks.end();
}
