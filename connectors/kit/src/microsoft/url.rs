//! How queries are written: every value percent-encoded, texts in filters quoted.

use std::fmt::Write;

use reqwest::Url;

/// A text inside a filter: quoted, with its quotes doubled.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The address with this query. Everything that is not plain is percent-encoded, spaces too: not every interface takes
/// a plus for one.
pub fn with_query(mut url: Url, query: &[(&str, &str)]) -> Url {
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    url.set_query((!pairs.is_empty()).then(|| pairs.join("&")).as_deref());
    url
}

fn encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' => {
                text.push(char::from(byte));
            }
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_gets_out_of_it() {
        let url = Url::parse("https://graph.example/v1.0/users").unwrap();
        let filter = format!("name eq {}", literal("o'brien' or 'a' eq 'a&$top=1#x"));
        let url = with_query(url, &[("$filter", &filter), ("$select", "id,name")]);
        assert_eq!(url.fragment(), None);
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        assert_eq!(pairs.len(), 2);
        assert_eq!(pairs[0].1, "name eq 'o''brien'' or ''a'' eq ''a&$top=1#x'");
        assert!(url.as_str().contains("name%20eq%20%27o%27%27brien"), "{url}");
        assert!(url.as_str().ends_with("&$select=id,name"), "{url}");
    }
}
