//! The history can't be written, is removed or damaged, or comes from a clock that was ahead.

use super::{configure, each_once, ready, ready_and_told, told};
use crate::process::{Engine, PATIENCE};
use crate::scene::{NOTIFIED, Scene, on_every_cluster, until};
use kubechime::domain::DeliveryState;
use kubechime::history::{Anchor, Filter, History, Options};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Where the engine keeps its history, once it has made it.
fn history_file(scene: &Scene) -> Option<PathBuf> {
    let mut folders = vec![scene.state().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "history.db") {
                return Some(path);
            }
        }
    }
    None
}

fn sent_names(path: &std::path::Path) -> Vec<String> {
    let history = History::open(path, &Options::default()).unwrap();
    let filter = Filter {
        states: vec![DeliveryState::Sent],
        ..Filter::default()
    };
    let page = history.page(&filter, Anchor::Oldest, 1_000).unwrap();
    let mut names: Vec<String> = page.into_iter().map(|row| row.new.name).collect();
    names.sort();
    names
}

/// Tells about web-2 and so on, one after the other, until something has happened; gives the names
/// of all Pods, with web-1.
async fn told_until(scene: &Scene, happened: impl Fn() -> bool) -> Vec<String> {
    let mut names = vec!["web-1".to_owned()];
    let deadline = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < deadline, "nothing happens");
        let name = format!("web-{}", names.len() + 1);
        ready_and_told(scene, &name).await;
        names.push(name);
    }
    names
}

/// An engine whose files may not grow beyond `kilobytes` each: a write beyond it fails as on a disk
/// that is full. (The signal that comes with it is ignored, as programs do that handle the error.)
fn engine_with_quota(scene: &Scene, kilobytes: u32) -> Engine {
    let settings = scene.state().join("quota.yaml");
    let text = format!(
        "watches:\n- resource: pods\n  namespaces: [{}]\n",
        scene.namespace
    );
    std::fs::write(&settings, text).unwrap();
    let mut program = Command::new("bash");
    let script = format!("trap '' XFSZ; ulimit -S -f {kilobytes}; exec \"$@\"");
    program.args(["-c", &script, "quota", env!("CARGO_BIN_EXE_kubechime")]);
    let settings = settings.to_string_lossy();
    Engine::start_by(
        program,
        &scene.kubeconfig,
        &scene.namespace,
        scene.state(),
        &["--config", &settings],
    )
}

/// The engine goes on with what it remembers, says so once, and records again when there is room.
#[test]
fn the_history_may_not_grow() {
    on_every_cluster(async |scene| {
        configure(&scene).await;
        // Enough for its tables, not for what is recorded.
        let engine = engine_with_quota(&scene, 256);
        let names: Vec<String> = (0..60).map(|number| format!("web-{number}")).collect();
        for name in &names {
            ready(&scene, name).await;
        }
        for name in &names {
            told(&scene, name).await;
        }
        let failed = engine.wait_for_line(&["level=error", "the history can't be written"], 0);
        let raised = Command::new("prlimit")
            .args(["--pid", &engine.pid().to_string(), "--fsize=unlimited:"])
            .status();
        assert!(raised.unwrap().success());
        ready_and_told(&scene, "later").await;
        engine.wait_for_line(&["level=info", "the history can be written again"], failed);
        let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
        all.push("later");
        let lines = each_once(&scene, engine, &all).await;
        let said = lines.iter().filter(|line| line.contains("level=error"));
        assert_eq!(said.count(), 1, "said once:\n{}", lines.join("\n"));
        let path = history_file(&scene).unwrap();
        assert!(sent_names(&path).contains(&"later".to_owned()));

        // The next start repeats nothing of what could not be recorded.
        let engine = scene.engine(&[]);
        ready_and_told(&scene, "last").await;
        all.push("last");
        each_once(&scene, engine, &all).await;
    });
}

/// The disk is full. Where no small one can be mounted, the story above stands for it.
#[test]
fn the_disk_of_the_history_is_full() {
    on_every_cluster(async |scene| {
        let folder = scene.state().join("small");
        std::fs::create_dir(&folder).unwrap();
        let script = "mount -t tmpfs -o size=400k none \"$0\" && exec \"$@\"";
        let inside = |program: &[&str]| {
            let mut command = Command::new("unshare");
            // Root in a namespace of its own may mount where nobody else can see it.
            command.args(["--map-root-user", "--mount", "sh", "-c", script]);
            command.arg(&folder).args(program);
            command
        };
        if !inside(&["true"])
            .status()
            .is_ok_and(|status| status.success())
        {
            eprintln!("nothing can be mounted here");
            return;
        }
        configure(&scene).await;
        let settings = scene.state().join("small.yaml");
        let text = format!(
            "watches:\n- resource: pods\n  namespaces: [{}]\n",
            scene.namespace
        );
        std::fs::write(&settings, text).unwrap();
        let engine = Engine::start_by(
            inside(&[env!("CARGO_BIN_EXE_kubechime")]),
            &scene.kubeconfig,
            &scene.namespace,
            scene.state(),
            &[
                "--config",
                &settings.to_string_lossy(),
                "--state-dir",
                &folder.to_string_lossy(),
            ],
        );
        ready_and_told(&scene, "web-0").await;
        // The folder as the engine sees it.
        let seen = PathBuf::from(format!("/proc/{}/root", engine.pid()));
        let filler = seen.join(folder.strip_prefix("/").unwrap()).join("filler");
        // Not to its end: that is what it is for.
        let _ = std::fs::write(&filler, vec![0; 1 << 20]);
        assert!(filler.exists(), "{} is seen", filler.display());
        let names: Vec<String> = (1..40).map(|number| format!("web-{number}")).collect();
        for name in &names {
            ready(&scene, name).await;
        }
        let full = &[
            "level=error",
            "the history can't be written",
            "the disk is full",
        ];
        let failed = engine.wait_for_line(full, 0);
        for name in &names {
            told(&scene, name).await;
        }
        std::fs::remove_file(&filler).unwrap();
        ready_and_told(&scene, "later").await;
        engine.wait_for_line(&["level=info", "the history can be written again"], failed);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        each_once(&scene, engine, &names).await;
    });
}

/// The file is removed under the running engine: it begins a new one, and what is under way goes on.
#[test]
fn the_history_is_removed() {
    on_every_cluster(async |scene| {
        configure(&scene).await;
        let engine = scene.engine(&[]);
        ready_and_told(&scene, "web-1").await;
        let path = history_file(&scene).unwrap();
        std::fs::remove_file(&path).unwrap();
        // It is looked at every second, before something is written.
        let told = told_until(&scene, || path.exists()).await;
        engine.wait_for_line(&["level=error", "the history file was removed"], 0);
        ready_and_told(&scene, "later").await;
        let all: Vec<&str> = told.iter().map(String::as_str).chain(["later"]).collect();
        each_once(&scene, engine, &all).await;
        assert!(sent_names(&path).contains(&"later".to_owned()));

        // All that was sent stands on the objects: nothing is repeated without the old file.
        let engine = scene.engine(&[]);
        ready_and_told(&scene, "last").await;
        each_once(&scene, engine, &all).await;
    });
}

/// The file is overwritten: it is kept aside and begun anew, without a restart.
#[test]
fn the_history_is_damaged() {
    on_every_cluster(async |scene| {
        configure(&scene).await;
        let engine = scene.engine(&[]);
        ready_and_told(&scene, "web-1").await;
        let path = history_file(&scene).unwrap();
        let noise = b"no database ".repeat(300);
        // In place, as a broken disk would.
        let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        std::io::Write::write_all(&mut file, &noise).unwrap();
        let said = || engine.has_line_within(&["the history was damaged"], Duration::ZERO);
        let told = told_until(&scene, said).await;
        ready_and_told(&scene, "later").await;
        let all: Vec<&str> = told.iter().map(String::as_str).chain(["later"]).collect();
        each_once(&scene, engine, &all).await;
        assert!(sent_names(&path).contains(&"later".to_owned()));
    });
}

/// The clock was an hour ahead and was set right: what was recorded and written then counts, what
/// comes now is recorded behind it, and nothing waits for the time to come again.
#[test]
fn the_clock_goes_backwards() {
    on_every_cluster(async |scene| {
        configure(&scene).await;
        let engine = scene.engine(&[]);
        ready(&scene, "web-1").await;
        ready(&scene, "web-2").await;
        told(&scene, "web-1").await;
        told(&scene, "web-2").await;
        engine.stop();
        // As if all of it had been written an hour ahead.
        const HOUR_MS: i64 = 3_600_000;
        let path = history_file(&scene).unwrap();
        let database = rusqlite::Connection::open(&path).unwrap();
        let shift = format!(
            "UPDATE deliveries SET id = id + {HOUR_MS} * 1024, created_ms = created_ms + {HOUR_MS}, \
             updated_ms = updated_ms + {HOUR_MS}, finished_ms = finished_ms + {HOUR_MS}, \
             patched_ms = NULL WHERE name = 'web-1'; \
             UPDATE deliveries SET id = id + {HOUR_MS} * 1024, created_ms = created_ms + {HOUR_MS} \
             WHERE name = 'web-2';"
        );
        database.execute_batch(&shift).unwrap();
        drop(database);
        let state = scene.notified("web-2").await.unwrap();
        let (key, at) = state.rsplit_once(':').unwrap();
        let at: i64 = at.trim_end_matches('}').parse().unwrap();
        let ahead = format!("{key}:{}}}", at + HOUR_MS / 1_000);
        scene.annotate_as("test", "web-2", NOTIFIED, &ahead).await;

        let engine = scene.engine(&[]);
        ready_and_told(&scene, "web-3").await;
        let rows = || sent_names(&path);
        until("the row", || rows().contains(&"web-3".to_owned())).await;
        each_once(&scene, engine, &["web-1", "web-2", "web-3"]).await;
        let history = History::open(&path, &Options::default()).unwrap();
        let sent = Filter {
            states: vec![DeliveryState::Sent],
            ..Filter::default()
        };
        let newest = history.page(&sent, Anchor::Newest, 1).unwrap();
        assert_eq!(newest[0].new.name, "web-3", "the newest stands first");
    });
}
