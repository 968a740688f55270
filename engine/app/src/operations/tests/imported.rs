//! Many entries at once: all of them or none, each of them once, in force when it is said.

use super::*;

fn form(name: &str) -> Value {
    json!({ "account": { "upn": format!("{name}@contoso.example") }, "because": name })
}

fn order(entries: Vec<Value>) -> ImportExclusions {
    serde_json::from_value(json!({ "entries": entries, "by": "ann", "partial": false, "dry": false }))
        .unwrap()
}

#[tokio::test]
async fn entries_are_imported_all_or_none_and_each_of_them_once() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&folder).await;
    let local = Local::new(Arc::clone(&app));
    let nothing = [""; 0];

    let dry = ImportExclusions { dry: true, ..order(vec![form("alice")]) };
    let would = local.import_exclusions(&dry).await.unwrap();
    assert_eq!((would.added.len(), would.stored), (1, false));
    assert_eq!(in_force(&app), nothing);

    let mut over = form("carol");
    over["until"] = json!("2020-01-01T00:00:00Z");
    let in_part = order(vec![form("bob"), over, json!({ "because": "of nobody" })]);
    let refused = local.import_exclusions(&in_part).await.unwrap();
    let wrong: Vec<usize> = refused.wrong.iter().map(|wrong| wrong.row).collect();
    assert_eq!((wrong, refused.stored), (vec![1, 2], false));
    assert_eq!(in_force(&app), nothing, "one mistake keeps all of them out");
    let stored = local.import_exclusions(&ImportExclusions { partial: true, ..in_part }).await.unwrap();
    assert!(stored.stored);
    assert_eq!(in_force(&app), ["bob"], "in force when it is said to be");

    // Who and why count; another reason is another entry.
    let mut again = form("bob");
    again["because"] = json!("alice");
    let order = order(vec![form("bob"), form("alice"), form("alice"), again]);
    let stored = local.import_exclusions(&order).await.unwrap();
    assert_eq!((stored.added.len(), stored.repeated), (2, 2));
    let mut all = in_force(&app);
    all.sort();
    assert_eq!(all, ["alice", "alice", "bob"]);
    let ids: std::collections::BTreeSet<_> =
        app.exclusions.now().entries().iter().map(|one| one.id.clone()).collect();
    assert_eq!(ids.len(), 3);
    app.store.close();
}

/// All that is wrong with an entry is said at once.
#[tokio::test]
async fn everything_that_is_wrong_with_an_entry_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(&folder).await;
    let mut bad = entry("alice");
    bad.entry = json!({ "account": { "upn": "no address" }, "because": "", "actions": ["account.disabel"] });
    let refused = Local::new(Arc::clone(&app)).exclude(&bad).await.unwrap_err();
    assert_eq!(refused.kind, RefusalKind::Invalid);
    assert!(refused.message.matches("; ").count() >= 1, "{refused}");
    app.store.close();
}
