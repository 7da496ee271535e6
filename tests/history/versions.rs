//! The versions of a ConfigMap: recorded once, listed newest first, forgotten at their limits.

use crate::in_memory;
use kubechime::history::{ConfigPlace, NewVersion, VersionOrigin};
use std::collections::BTreeMap;
use std::sync::Arc;

fn place(name: &str) -> ConfigPlace {
    ConfigPlace {
        server: "https://10.0.0.1:6443".into(),
        namespace: "default".into(),
        name: name.into(),
    }
}

fn version(name: &str, at_ms: i64, data: &[(&str, &str)]) -> NewVersion {
    let data = data
        .iter()
        .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
    NewVersion {
        place: place(name),
        at_ms,
        resource_version: at_ms.to_string(),
        origin: VersionOrigin::Applied,
        actor: "alice".into(),
        manager: "kubechime".into(),
        summary: "~ a".into(),
        effect: String::new(),
        data: Arc::new(data.collect::<BTreeMap<_, _>>()),
    }
}

#[tokio::test]
async fn the_same_texts_are_recorded_once_and_changes_are_named() {
    let history = in_memory();
    let record = |version| history.record_version(version);
    assert!(
        record(version("cm", 1, &[("a", "1"), ("b", "1")]))
            .await
            .unwrap()
    );
    assert!(
        !record(version("cm", 2, &[("a", "1"), ("b", "1")]))
            .await
            .unwrap()
    );
    assert!(
        record(version("cm", 3, &[("a", "2"), ("c", "1")]))
            .await
            .unwrap()
    );
    // Back again is a version, and another ConfigMap has its own.
    assert!(
        record(version("cm", 4, &[("a", "1"), ("b", "1")]))
            .await
            .unwrap()
    );
    assert!(
        record(version("other", 5, &[("a", "1"), ("b", "1")]))
            .await
            .unwrap()
    );
    let found = history.versions(&place("cm")).unwrap();
    let times: Vec<i64> = found.iter().map(|version| version.at_ms).collect();
    assert_eq!(times, [4, 3, 1]);
    assert_eq!(found[1].changed, ["~a", "-b", "+c"]);
    assert_eq!(found[1].origin, VersionOrigin::Applied);
    let data = history.version_data(found[1].number).unwrap().unwrap();
    assert_eq!(data["c"], "1");
    assert_eq!(history.version_data(999).unwrap(), None);
    assert_eq!(history.versions(&place("other")).unwrap().len(), 1);
}

#[tokio::test]
async fn old_versions_are_forgotten_by_number_and_by_size() {
    let history = in_memory();
    for number in 0..205 {
        let text = number.to_string();
        history
            .record_version(version("many", number, &[("a", &text)]))
            .await
            .unwrap();
    }
    let found = history.versions(&place("many")).unwrap();
    assert_eq!(found.len(), 200);
    assert_eq!((found[0].at_ms, found[199].at_ms), (204, 5));
    // Numbers are never used again.
    assert!(found.windows(2).all(|pair| pair[0].number > pair[1].number));

    let large = "x".repeat(20 * 1024 * 1024);
    for number in 0..3 {
        let text = format!("{number}{large}");
        history
            .record_version(version("large", number, &[("a", &text)]))
            .await
            .unwrap();
    }
    let found = history.versions(&place("large")).unwrap();
    let times: Vec<i64> = found.iter().map(|version| version.at_ms).collect();
    assert_eq!(
        times,
        [2],
        "the newest one stays, two are too large together"
    );
    assert_eq!(history.versions(&place("many")).unwrap().len(), 200);
}
