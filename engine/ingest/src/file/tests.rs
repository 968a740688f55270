//! The whole way from files to deliveries.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

async fn read_all(source: &FileSource) -> Vec<Delivery> {
    let mut all = Vec::new();
    while let Some(batch) = source.fetch(3).await.unwrap() {
        assert!(batch.len() <= 3);
        let receipts: Vec<_> = batch.iter().map(|delivery| delivery.receipt).collect();
        assert_eq!(source.accept(&receipts).counted, batch.len());
        all.extend(batch);
    }
    all
}

#[derive(Default)]
struct Counted(AtomicU64);

impl ReadProgress for Counted {
    fn read(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn everything_in_a_folder_comes_in_order_with_its_place() {
    let folder = folder_with(&[("a.jsonl", "{\"n\":1}\n\n{\"n\":2}\n"), ("b.json", "{\n  \"n\": 3\n}\n")]);
    let progress = Arc::<Counted>::default();
    let settings = FileSettings::new([Input::Path(folder.path().into())]);
    let source = FileSource::start(&settings, Some(progress.clone())).unwrap();
    let all = read_all(&source).await;
    let seen: Vec<_> = all
        .iter()
        .map(|delivery| {
            let Origin::File { path, line, byte } = &delivery.origin else { panic!("{delivery:?}") };
            let name = path.rsplit('/').next().unwrap().to_owned();
            (name, *line, *byte, String::from_utf8(delivery.payload.bytes().to_vec()).unwrap())
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("a.jsonl".into(), 1, 0, "{\"n\":1}".into()),
            ("a.jsonl".into(), 3, 9, "{\"n\":2}".into()),
            ("b.json".into(), 1, 0, "{\n  \"n\": 3\n}".to_owned()),
        ]
    );
    assert_eq!(source.total_bytes(), Some(progress.0.load(Ordering::Relaxed)));
    assert_eq!((source.health().in_flight, source.health().accepted), (0, 3));
}

#[tokio::test]
async fn a_file_that_breaks_off_is_told_with_its_place_and_the_next_one_is_read() {
    use std::io::Write;
    let folder = folder_with(&[("b.json", "{\"n\":9}")]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    for n in 0..20_000 {
        writeln!(encoder, "{{\"n\":{n}}}").unwrap();
    }
    let whole = encoder.finish().unwrap();
    std::fs::write(folder.path().join("a.jsonl.gz"), &whole[..whole.len() / 2]).unwrap();
    let source = FileSource::start(&FileSettings::new([Input::Path(folder.path().into())]), None).unwrap();
    let all = read_all(&source).await;
    let [.., refused, last] = &all[..] else { panic!("{}", all.len()) };
    assert_eq!(last.payload.bytes(), b"{\"n\":9}");
    let Payload::Refused(refusal) = &refused.payload else { panic!("{refused:?}") };
    assert!(refusal.reason.contains("cannot be read on"), "{}", refusal.reason);
    let Origin::File { line, .. } = refused.origin else { panic!("{refused:?}") };
    assert!(line > 1_000, "what could be read was delivered: up to line {line}");
}

#[tokio::test]
async fn reading_rests_while_nothing_is_accepted() {
    let text = "{\"n\":1}\n".repeat(100);
    let folder = folder_with(&[("a.jsonl", &text)]);
    let mut settings = FileSettings::new([Input::Path(folder.path().into())]);
    settings.flow = FlowLimits { high_count: 10, low_count: 2, ..FlowLimits::default() };
    let source = FileSource::start(&settings, None).unwrap();
    let mut held = Vec::new();
    while held.len() < 10 {
        held.extend(source.fetch(100).await.unwrap().unwrap());
    }
    assert_eq!(held.len(), 10);
    assert!(source.health().paused);
    assert!(futures::FutureExt::now_or_never(source.fetch(1)).is_none(), "an eleventh must not come");
    let receipts: Vec<_> = held.iter().map(|delivery| delivery.receipt).collect();
    source.accept(&receipts);
    assert_eq!(read_all(&source).await.len(), 90);
}

#[tokio::test]
async fn closing_ends_it_for_whoever_waits() {
    let text = "{\"n\":1}\n".repeat(100);
    let folder = folder_with(&[("a.jsonl", &text)]);
    let mut settings = FileSettings::new([Input::Path(folder.path().into())]);
    settings.flow = FlowLimits { high_count: 1, low_count: 0, ..FlowLimits::default() };
    let source = FileSource::start(&settings, None).unwrap();
    assert!(source.fetch(1).await.unwrap().is_some());
    source.close(Duration::ZERO).await.unwrap();
    assert!(source.fetch(1).await.unwrap().is_none());
}
