//! The report of tests in the form of JUnit, which build servers read.

use std::collections::BTreeMap;

use super::{Tested, why};

/// The report.
pub(super) fn report(tested: &[Tested]) -> String {
    let mut suites: BTreeMap<&str, Vec<&Tested>> = BTreeMap::new();
    for one in tested {
        suites.entry(&one.file).or_default().push(one);
    }
    let failures = |tests: &[&Tested]| tests.iter().filter(|one| !one.passed).count();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (file, tests) in suites {
        let (name, count, failed) = (escaped(file), tests.len(), failures(&tests));
        text.push_str(&format!("  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{failed}\">\n"));
        tests.iter().for_each(|one| text.push_str(&case(one)));
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn case(one: &Tested) -> String {
    let (class, name, took) = (escaped(&one.playbook), escaped(&one.name), one.took.as_secs_f64());
    let open = format!("    <testcase classname=\"{class}\" name=\"{name}\" time=\"{took:.6}\"");
    if one.passed {
        return format!("{open}/>\n");
    }
    let why = escaped(anstream::adapter::strip_str(&why(one)).to_string().trim());
    format!("{open}>\n      <failure message=\"not as expected\">{why}</failure>\n    </testcase>\n")
}

/// What XML cannot hold is left out; what means something in it is written otherwise.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_report_counts_and_holds_whatever_a_test_says() {
        let one = |passed, name: &str| Tested {
            file: "a/b.test.yaml".into(),
            playbook: "b".into(),
            name: name.into(),
            passed,
            error: (!passed).then(|| "x < y\u{1b}".into()),
            played: None,
            took: Duration::from_millis(2),
        };
        let text = report(&[one(true, "good"), one(false, "\"bad\" & worse")]);
        assert!(text.contains("<testsuite name=\"a/b.test.yaml\" tests=\"2\" failures=\"1\">"), "{text}");
        assert!(text.contains("name=\"good\" time=\"0.002000\"/>"), "{text}");
        assert!(text.contains("name=\"&quot;bad&quot; &amp; worse\""), "{text}");
        assert!(text.contains("x &lt; y</failure>"), "{text}");
    }
}
