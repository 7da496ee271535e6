//! Who may know whom: the arrows between modules run down only.
//!
//! Read from the `crate::…` paths in the sources. A new module is given its place here first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each module with those it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("golang", &[]),
    ("domain", &["golang"]),
    ("yaml", &["domain", "golang"]),
    ("expr", &["domain", "golang"]),
    ("template", &["domain", "golang"]),
    ("history", &["domain"]),
    ("query", &["history", "domain"]),
    ("settings", &["domain", "golang"]),
    ("telemetry", &["golang"]),
    ("service", &["template", "yaml", "domain", "golang"]),
    (
        "catalog",
        &["service", "template", "expr", "yaml", "domain", "golang"],
    ),
    (
        "check",
        &[
            "catalog", "service", "template", "expr", "yaml", "domain", "golang",
        ],
    ),
    ("cluster", &["domain", "golang"]),
    (
        "engine",
        &[
            "catalog", "cluster", "service", "template", "expr", "history", "yaml", "domain",
            "golang",
        ],
    ),
    ("demo", &["domain"]),
    (
        "tui",
        &[
            "engine", "query", "history", "check", "catalog", "template", "expr", "yaml", "domain",
        ],
    ),
    (
        "cli",
        &[
            "tui",
            "demo",
            "engine",
            "check",
            "catalog",
            "cluster",
            "service",
            "template",
            "expr",
            "query",
            "history",
            "settings",
            "telemetry",
            "yaml",
            "domain",
            "golang",
        ],
    ),
];

#[test]
fn arrows_run_down() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> = MAY_USE
        .iter()
        .map(|(module, others)| (*module, others.iter().copied().collect()))
        .collect();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let relative = file.strip_prefix(&source).unwrap();
        let module = relative.iter().next().unwrap().to_str().unwrap();
        if module.ends_with(".rs") {
            continue;
        }
        let Some(allowed) = allowed.get(module) else {
            wrong.push(format!("{module} has no place in this test"));
            continue;
        };
        for used in modules_used(&std::fs::read_to_string(&file).unwrap()) {
            if used != module && !allowed.contains(used.as_str()) {
                wrong.push(format!("{} uses {used}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// No module can be reached from itself.
#[test]
fn there_are_no_circles() {
    let graph: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for (module, _) in MAY_USE {
        let mut open: Vec<&str> = graph[module].to_vec();
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            assert_ne!(next, *module, "a circle through {module}");
            if seen.insert(next) {
                open.extend(graph[next]);
            }
        }
    }
}

/// The first segments of all `crate::…` paths outside of comments.
fn modules_used(text: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        for (position, _) in line.match_indices("crate::") {
            let rest = &line[position + "crate::".len()..];
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            if !name.is_empty() {
                used.insert(name);
            }
        }
    }
    used
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
