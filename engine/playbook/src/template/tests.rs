//! What templates take, what they refuse, and what they make.

use std::collections::BTreeMap;

use quell_alert::Timestamp;

use super::*;
use crate::condition::Seen;

struct Words(BTreeMap<&'static str, Value>);

impl Scope for Words {
    fn seen<'a>(&'a self, reference: &Reference) -> Seen<'a> {
        let value = self.0.get(reference.0.as_str());
        value.map_or(Seen::Missing, |value| Seen::of_json(std::borrow::Cow::Borrowed(value)))
    }

    fn document(&self) -> &Value {
        &Value::Null
    }

    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

fn words() -> Words {
    Words(BTreeMap::from([
        ("alert.title", "A <b>bold</b> \"title\" {{ alert.id }}".into()),
        ("alert.techniques", vec!["T1003", "T1558"].into()),
        ("alert.start", "2026-11-21T03:04:05Z".into()),
        ("who.error.kind", "unavailable".into()),
    ]))
}

fn fill(source: &str, format: TextFormat) -> Result<String, MissingValue> {
    Template::parse(source, format).unwrap().fill(&words())
}

#[test]
fn values_are_inserted_and_never_read_as_templates() {
    let filled = fill("{{ alert.title }}: {{alert.techniques}}", TextFormat::Plain).unwrap();
    assert_eq!(filled, "A <b>bold</b> \"title\" {{ alert.id }}: T1003, T1558");
    assert_eq!(fill("{{ who.error.kind }}", TextFormat::Plain).unwrap(), "unavailable");
    assert_eq!(fill("no names, one { brace", TextFormat::Plain).unwrap(), "no names, one { brace");
}

#[test]
fn values_are_escaped_for_their_destination() {
    assert!(fill("{{ alert.title }}", TextFormat::Html).unwrap().starts_with("A &lt;b&gt;bold"));
    assert!(fill("{{ alert.title }}", TextFormat::Json).unwrap().contains("\\\"title\\\""));
    assert!(fill("**{{ alert.title }}**", TextFormat::Markdown).unwrap().starts_with("**A &lt;b&gt;"));
}

#[test]
fn filters_do_what_they_say() {
    let filled = |source: &str| fill(source, TextFormat::Plain).unwrap();
    assert_eq!(filled("{{ alert.techniques | join(' + ') }}"), "T1003 + T1558");
    assert_eq!(filled("{{ alert.techniques | json }}"), "[\"T1003\",\"T1558\"]");
    assert_eq!(filled("{{ alert.title | truncate(5) }}"), "A <b…");
    assert_eq!(filled("{{ alert.title | truncate(4) | upper }}"), "A <…");
    assert_eq!(filled("{{ alert.start | time('%H:%M') }}"), "03:04");
    assert_eq!(filled("{{ alert.start | time }}"), "2026-11-21 03:04:05 UTC");
    assert_eq!(filled("{{ alert.link | default('no link') }}"), "no link");
    assert_eq!(filled("{{ cut_off.error.kind | default('none') }}"), "none");
    assert_eq!(filled("{{ lane.outcome | default(\"}}\") | lower }}"), "}}");
}

#[test]
fn a_missing_value_is_an_error_that_names_it() {
    let missing = fill("{{ alert.title }} {{ alert.link }}", TextFormat::Plain).unwrap_err();
    assert!(missing.to_string().contains("alert.link"), "{missing}");
}

#[test]
fn everything_else_is_refused() {
    for source in [
        "{{ alert.title",
        "{{ }}",
        "{{ 1 + 1 }}",
        "{{ alert.title + 'x' }}",
        "{{ alert['title'] }}",
        "{{ alert.title() }}",
        "{{ alert.title | nope }}",
        "{{ alert.title | truncate }}",
        "{{ alert.title | truncate('5') }}",
        "{{ alert.title | upper(1) }}",
        "{{ alert.title | default(alert.id) }}",
        "{% if alert.title %}x{% endif %}",
        "{# comment #}",
        "{{- alert.title -}}",
        "{{ alert..title }}",
        "{{ .title }}",
        "{{ [1] * 100000000 }}",
        "{{ alert.title | }}",
    ] {
        let error = Template::parse(source, TextFormat::Plain).expect_err(source);
        assert!(error.offset <= source.len(), "{source}");
    }
}
