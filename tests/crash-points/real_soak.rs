//! Random deaths, for as long as is wanted: `tests/run --soak MINUTES`.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use quell_tests::environment::setting;

use crate::lives::End;
use crate::real_points::undisturbed;
use crate::stage::{Form, Stage};
use crate::story::tell;

/// How many histories are told side by side.
const AT_ONCE: u64 = 6;

/// How many histories there are where nobody says how long.
const HISTORIES: u64 = 6;

/// The seed where nobody names one.
const SEED: u64 = 20_261_121;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_again_and_again_it_comes_to_the_same() {
    let number = |name: &str| setting(name).map(|text| text.parse::<u64>().expect("a number"));
    let (minutes, seed) = (number("QUELL_SOAK_MINUTES"), number("QUELL_SEED"));
    let end = minutes.map(|minutes| Instant::now() + Duration::from_secs(minutes * 60));
    let mut expected = Vec::new();
    for form in Form::ALL {
        expected.push((form, undisturbed(form).await));
    }
    // One seed by itself repeats one history; with a time it is the first of many.
    let first = seed.unwrap_or(SEED);
    let count = match (end, seed) {
        (None, None) => HISTORIES,
        (None, Some(_)) => 1,
        (Some(_), _) => u64::MAX,
    };
    let goes_on = |told: &u64| end.is_none_or(|end| *told == 0 || Instant::now() < end);
    let seeds = (0..count).take_while(goes_on).map(|told| first.wrapping_add(told));
    futures::stream::iter(seeds)
        .for_each_concurrent(usize::try_from(AT_ONCE).unwrap(), async |seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            let (form, (expected, passes)) = &expected[random.usize(..expected.len())];
            let ends = ends(&mut random, passes);
            println!("seed {seed}: {form:?}, {ends:?}");
            let stage = Stage::new(*form).await;
            let (outcome, deaths) = tell(&stage, ends.clone()).await;
            assert_eq!(
                &outcome,
                expected,
                "seed {seed} ({form:?}, {ends:?}, {deaths} deaths): repeat it with tests/run --soak 0 --seed {seed}\n{}",
                stage.log()
            );
        })
        .await;
}

/// One to four deaths, each at a point or at a moment.
fn ends(random: &mut fastrand::Rng, passes: &std::collections::BTreeMap<String, u64>) -> Vec<End> {
    let points: Vec<(&String, &u64)> = passes.iter().collect();
    let one = |random: &mut fastrand::Rng| match random.u8(..3) {
        0 => End::After(Duration::from_millis(random.u64(50..9_000))),
        _ => {
            let (name, times) = points[random.usize(..points.len())];
            End::At(name.clone(), random.u64(1..=*times))
        }
    };
    (0..random.usize(1..=4)).map(|_| one(random)).collect()
}
