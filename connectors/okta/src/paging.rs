//! Lists that come in pages: where the next page is, as Okta says it.

use quell_kit::Url;
use quell_kit::header::{HeaderMap, LINK};

/// The URL of the next page, where there is one. It is followed as it was given.
///
/// # Errors
/// When it leads elsewhere, for with it would go the credential, or cannot be read. The list is then not whole, and must
/// not pass for it.
pub(crate) fn next(headers: &HeaderMap, here: &Url) -> Result<Option<Url>, &'static str> {
    for links in headers.get_all(LINK) {
        let links = links.to_str().map_err(|_| "its links to other pages cannot be read")?;
        // Addresses may hold commas: what parts two links is the bracket that opens the second.
        for link in links.split('<').skip(1) {
            let (url, attributes) = link.split_once('>').ok_or("its links to other pages cannot be read")?;
            if attributes.split([';', ',']).any(is_next) {
                let next = Url::parse(url).ok().filter(|next| next.origin() == here.origin());
                return next.map(Some).ok_or("its next page is said to be at another address");
            }
        }
    }
    Ok(None)
}

fn is_next(attribute: &str) -> bool {
    let Some((name, value)) = attribute.split_once('=') else { return false };
    name.trim().eq_ignore_ascii_case("rel")
        && value.trim().trim_matches('"').split_whitespace().any(|word| word.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use quell_kit::header::HeaderValue;

    use super::*;

    #[test]
    fn the_next_page_is_followed_within_the_organisation_only() {
        let here = Url::parse("https://corp.okta.com/api/v1/users").unwrap();
        let of = |links: &[&str]| {
            let mut headers = HeaderMap::new();
            links.iter().for_each(|link| {
                headers.append(LINK, link.parse().unwrap());
            });
            next(&headers, &here).map(|url| url.map(|url| url.to_string()))
        };
        let (own, other) = (
            r#"<https://corp.okta.com/api/v1/users?limit=200>; rel="self""#,
            r#"<https://corp.okta.com/api/v1/users?after=00u1&limit=200>; rel="next""#,
        );
        let found = Ok(Some("https://corp.okta.com/api/v1/users?after=00u1&limit=200".to_owned()));
        assert_eq!(of(&[own, other]), found);
        assert_eq!(of(&[&format!("{own}, {other}")]), found);
        assert_eq!(of(&[own]), Ok(None));
        assert_eq!(of(&[]), Ok(None));
        assert!(of(&[r#"<https://evil.example/api/v1/users?after=1>; rel="next""#]).is_err());
        assert_eq!(of(&["rel=next"]), Ok(None));
    }

    #[test]
    fn a_next_page_is_never_overlooked_for_how_it_is_written() {
        let here = Url::parse("https://corp.okta.com/api/v1/users").unwrap();
        let of = |link: HeaderValue| next(&HeaderMap::from_iter([(LINK, link)]), &here);
        let url = "https://corp.okta.com/api/v1/users?search=a,b&after=1";
        let own = r#"<https://corp.okta.com/api/v1/users?search=a,b>; rel="self""#;
        for attributes in ["rel=next", r#"rel="next""#, r#"REL = "Next""#, r#"title="a, b"; rel="prev next""#]
        {
            let link = format!("{own}, <{url}>; {attributes}").parse().unwrap();
            assert_eq!(of(link).unwrap().unwrap().as_str(), url, "{attributes}");
        }
        for attributes in [r#"rel="nextdoor""#, "rev=next", "next"] {
            assert_eq!(of(format!("<{url}>; {attributes}").parse().unwrap()), Ok(None), "{attributes}");
        }
        assert!(of("<https://corp.okta.com/cut".parse().unwrap()).is_err());
        assert!(of("<no address>; rel=next".parse().unwrap()).is_err());
        assert!(of(HeaderValue::from_bytes(b"<https://corp.okta.com/\xff>; rel=next").unwrap()).is_err());
    }
}
