//! Streams of every shape, whole and broken.

use std::io::BufReader;

use proptest::prelude::*;

use super::*;

fn cut_with(text: &[u8], largest: usize, buffer: usize) -> Vec<Record> {
    let mut records = Records::new(BufReader::with_capacity(buffer, text), largest);
    let mut all = Vec::new();
    while let Some(record) = records.next().unwrap() {
        let at = record.byte as usize;
        let line = 1 + text[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(record.line, line, "the line of byte {at}");
        assert!(text[at..].starts_with(record.payload.bytes()), "the bytes are those of the file, untouched");
        all.push(record);
    }
    all
}

fn texts(text: &str) -> Vec<String> {
    let whole: Vec<_> = cut_with(text.as_bytes(), 1 << 20, 8192);
    for buffer in 1..9 {
        assert_eq!(cut_with(text.as_bytes(), 1 << 20, buffer), whole, "with a buffer of {buffer}");
    }
    whole.iter().map(|record| String::from_utf8(record.payload.bytes().to_vec()).unwrap()).collect()
}

#[test]
fn json_lines_are_a_record_each() {
    assert_eq!(
        texts("{\"a\":1}\n{\"b\":\"}\\\"{\"}\r\n\n  [3]\n{\"c\":4}"),
        ["{\"a\":1}", "{\"b\":\"}\\\"{\"}", "[3]", "{\"c\":4}"]
    );
}

#[test]
fn a_pretty_document_is_one_record_and_so_is_each_of_several() {
    let one = "{\n  \"a\": [\n    1,\n    {}\n  ]\n}";
    let two = "[\n{\"x\": 1},\n{\"x\": 2}\n]";
    assert_eq!(texts(one), [one]);
    assert_eq!(texts(two), [two]);
    assert_eq!(texts(&format!("\n{one}\n{two}\n{one}{two} {one}\n")), [one, two, one, two, one]);
    assert_eq!(texts(&format!("{one},\n{one}\n")), [one, one], "commas between documents are passed over");
}

#[test]
fn other_lines_are_records_by_themselves() {
    let cef = "02-21-2018 16:20:06 Auth.Warning 10.0.0.1 CEF:0|Microsoft|ATA|1.9|X|Y|5|msg={a} [b]";
    assert_eq!(texts(&format!("{cef}\r\n\n{cef}\nnull\n{{\"a\":1}}\n")), [cef, cef, "null", "{\"a\":1}"]);
}

#[test]
fn nothing_gives_nothing() {
    for text in ["", "\n", " \r\n\t\n"] {
        assert!(texts(text).is_empty());
    }
}

#[test]
fn a_truncated_line_does_not_swallow_its_neighbours_wherever_it_was_cut() {
    let good = "{\"a\":{\"b\":[1,{\"c\":\"d\"}],\"e\":null},\"f\":\"{\"}";
    for cut in 1..good.len() {
        let broken = &good[..cut];
        let records = texts(&format!("{good}\n{broken}\n{good}\n{good}\n"));
        assert_eq!(records, [good, broken, good, good], "cut after {cut}");
    }
}

#[test]
fn garbage_after_a_document_spoils_that_line_and_no_other() {
    assert_eq!(texts("{\"a\":1}}\n{\"b\":2} x\n{\"c\":3}\n"), ["{\"a\":1}}", "{\"b\":2} x", "{\"c\":3}"]);
}

#[test]
fn a_broken_pretty_document_stays_in_one_piece() {
    let broken = "{\n  \"a\": [\n    {\n      Type: \"x\"\n    },\n    {\n      \"b\": 1,\n    }\n  ]\n}";
    let good = "{\n  \"a\": 1\n}";
    assert_eq!(texts(&format!("{broken}\n{good}\n{broken}\nCEF:0|x\n")), [broken, good, broken, "CEF:0|x"]);
}

#[test]
fn the_elements_of_a_broken_list_of_lines_are_saved() {
    let text = "[\n{\"a\":1},\n{\"b\":2},\n{\"c\":oops\n{\"d\":4}\n]\n";
    assert_eq!(texts(text), ["[", "{\"a\":1}", "{\"b\":2}", "{\"c\":oops", "{\"d\":4}", "]"]);
}

#[test]
fn a_document_without_its_end_is_given_as_it_is() {
    assert_eq!(texts("{\n  \"a\": [1,\n"), ["{\n  \"a\": [1,"]);
}

#[test]
fn a_record_over_the_limit_is_refused_with_its_size_and_its_neighbours_are_not() {
    let large = format!("{{\"x\":\"{}\"}}", "y".repeat(200_000));
    let pretty = format!("{{\n \"x\": \"{}\"\n}}", "y".repeat(200_000));
    let line = "z".repeat(200_000);
    for large in [large, pretty, line] {
        let text = format!("{{\"a\":1}}\n{large}\n{{\"b\":2}}\n");
        let records = cut_with(text.as_bytes(), 1000, 8192);
        assert_eq!(records.len(), 3);
        assert_eq!(records[2].payload, Payload::Bytes(b"{\"b\":2}".to_vec()));
        let Payload::Refused(refusal) = &records[1].payload else { panic!("{:?}", records[1]) };
        assert!(refusal.size.is_some_and(|size| size.abs_diff(large.len() as u64) <= 1));
        assert!(refusal.beginning.len() <= BEGINNING && refusal.reason.contains("limit of 1000"));
    }
}

#[test]
fn a_list_of_lines_over_the_limit_is_read_line_by_line() {
    let element = "{\"a\":\"0123456789\"}";
    let text = format!("[\n{}\n]\n", vec![element; 1000].join(",\n"));
    let records = cut_with(text.as_bytes(), 1000, 8192);
    let elements = records.iter().filter(|record| record.payload.bytes() == element.as_bytes()).count();
    assert_eq!((elements, records.len()), (1000, 1002), "all elements, and the two brackets");
}

fn document() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(serde_json::json!({})),
        Just(serde_json::json!({ "a": [1, { "b": "}\n{" }], "c": { "d": "\"[" } })),
        Just(serde_json::json!([{ "x": null }, []])),
        any::<String>().prop_map(|text| serde_json::json!({ text: { "k": 1.5 } })),
    ];
    (value, any::<bool>()).prop_map(|(value, pretty)| {
        if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap()
    })
}

proptest! {
    #[test]
    fn good_documents_in_any_arrangement_come_back_one_by_one(
        documents in prop::collection::vec((document(), prop::sample::select(vec!["\n", "\r\n", " ", "", "\n\n", ",\n"])), 0..12),
        buffer in 1..64usize,
    ) {
        let text: String = documents.iter().flat_map(|(document, gap)| [document.as_str(), gap]).collect();
        let records = cut_with(text.as_bytes(), 1 << 20, buffer);
        let found: Vec<_> = records.iter().map(|r| String::from_utf8(r.payload.bytes().to_vec()).unwrap()).collect();
        let expected: Vec<_> = documents.into_iter().map(|(document, _)| document).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_bytes_are_cut_without_loss(text in "[\\[\\]{}\",:a1 \n\\\\]{0,200}", buffer in 1..32usize, largest in 1..60usize) {
        let records = cut_with(text.as_bytes(), largest, buffer);
        let kept = |bytes: &[u8]| bytes.iter().filter(|b| !b.is_ascii_whitespace() && **b != b',').count();
        let whole: usize = records.iter().map(|record| match &record.payload {
            Payload::Bytes(bytes) => bytes.len(),
            Payload::Refused(refusal) => refusal.size.unwrap() as usize,
        }).sum();
        prop_assert!(whole <= text.len());
        if records.iter().all(|record| matches!(record.payload, Payload::Bytes(_))) {
            let sum: usize = records.iter().map(|record| kept(record.payload.bytes())).sum();
            prop_assert_eq!(sum, kept(text.as_bytes()));
        }
    }
}
