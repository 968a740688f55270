//! A message of a hundred megabytes: it costs neither its neighbours nor the machine's memory, and is not lost.

use quell_tests::broker::unique;
use quell_tests::directory::audit;
use quell_tests::directory::people::Admin;
use quell_tests::waiting::until;

use crate::alert::{by_sid, dcsync};
use crate::site::{Site, assert_disabled, assert_untouched};

/// As large as a message may be that the producer sends.
const BYTES: usize = 99_000_000;

/// So much memory may be taken for it: its bytes, what is understood of them, and what keeps them on disk.
const MOST: u64 = 2_000_000_000;

#[tokio::test]
async fn a_message_of_a_hundred_megabytes_is_set_aside_and_the_next_one_is_handled() {
    let mut admin = Admin::new().await;
    let (large, small) = (admin.person("q-l-large").await, admin.person("q-l-small").await);
    let topic = unique("alerts");
    let site = Site::with(|form| form.topic.clone_from(&topic)).await;
    site.broker.create(&topic, 1, &[("max.message.bytes", "110000000")]).await;
    let engine = site.engine().await;

    let mut too_large = dcsync(by_sid(&large.sid));
    too_large.describe(&"x".repeat(BYTES - 10_000));
    site.produce(&too_large).await;
    let next = dcsync(by_sid(&small.sid));
    site.produce(&next).await;

    site.finished(&next).await;
    assert_disabled(&mut admin, &small).await;
    site.until_committed(2).await;
    // Nobody is touched over what could not be put on disk; it lies where large letters lie.
    assert_untouched(&large).await;
    assert!(site.runs_of(&too_large).await.is_empty());
    let letters = until("the letter is there", async || {
        let file = std::fs::metadata(site.form.state.join("dead-letters.jsonl")).ok()?;
        (file.len() > BYTES as u64 / 2).then_some(file.len())
    })
    .await;
    println!("a letter of {letters} bytes, at most {} bytes of memory", engine.most_memory());
    assert!(engine.most_memory() < MOST, "{} bytes", engine.most_memory());
    assert_eq!(audit::changes(&small, "userAccountControl"), 1);
    engine.stop().await;
}
