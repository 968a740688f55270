//! How much is read of what is in force on somebody.

use super::*;

/// What is told of somebody costs as much as is told, and not as many alerts as there were about them.
#[tokio::test(flavor = "multi_thread")]
async fn of_much_that_is_in_force_what_began_it_and_the_newest_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (app, local) = site(&folder).await;
    let mut runs = Vec::new();
    for ticket in ["0", "1", "2", "3", "4"] {
        let both = json!({ "one": "alice@contoso.example", "other": "bob@contoso.example" });
        runs.push(start(&local, "two", both, ticket).await.summary.id.0);
    }
    let mut alice = exclusion::identify(&app, "alice@contoso.example").await.unwrap();
    let Some(quell_action::Subject::Identity(alice)) = alice.subjects.pop() else { panic!("{alice:?}") };
    let told = async |most| {
        let (told, more) = identity::in_force(&app, &alice, most).await?;
        let told: Vec<(String, bool)> = told.into_iter().map(|one| (one.run, one.changed)).collect();
        Ok::<_, Refusal>((told, more))
    };
    let all: Vec<_> = runs.iter().enumerate().map(|(number, run)| (run.clone(), number == 0)).collect();
    assert_eq!(told(5).await.unwrap(), (all.clone(), 0));

    // Those that are not told are not read: nobody sees that their journals are damaged.
    let found = app.store.scan(&Scan::prefix("run/line/")).unwrap().pairs;
    let of_the_second =
        |(key, _): &(Vec<u8>, Vec<u8>)| key.windows(32).any(|part| part == runs[1].as_bytes());
    let damaged = found.into_iter().filter(of_the_second).map(|(key, _)| (key, Some(b"damaged".to_vec())));
    app.store.write(damaged.collect()).await.unwrap();
    assert!(told(5).await.is_err());
    let oldest_and_newest = vec![all[0].clone(), all[3].clone(), all[4].clone()];
    assert_eq!(told(3).await.unwrap(), (oldest_and_newest, 2));
    assert_eq!(told(0).await.unwrap(), (vec![all[0].clone()], 4), "who began it is always told");

    // Of whom nobody knows when they began, they are neither the oldest nor the newest.
    let found = app.store.scan(&Scan::prefix("run/summary/")).unwrap().pairs;
    let of_the_last = |(key, _): &(Vec<u8>, Vec<u8>)| key.windows(32).any(|part| part == runs[4].as_bytes());
    let (key, _) = found.into_iter().find(of_the_last).unwrap();
    app.store.write(vec![(key, None)]).await.unwrap();
    assert_eq!(told(3).await.unwrap(), (vec![all[0].clone(), all[2].clone(), all[3].clone()], 2));
    app.store.close();
}
