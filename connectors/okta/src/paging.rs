//! Lists that come in pages: where the next page is, as Okta says it.

use quell_kit::Url;
use quell_kit::header::{HeaderMap, LINK};

/// The URL of the next page, where there is one. It is followed as it was given.
///
/// # Errors
/// When it leads elsewhere: with it would go the credential. The list is then not whole, and must not pass for it.
pub(crate) fn next(headers: &HeaderMap, here: &Url) -> Result<Option<Url>, &'static str> {
    let links = headers.get_all(LINK).iter().filter_map(|link| link.to_str().ok());
    let next = links.flat_map(|link| link.split(',')).find_map(|link| {
        let (url, attributes) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = attributes.split(';').any(|attribute| attribute.trim() == r#"rel="next""#);
        is_next.then(|| Url::parse(url))
    });
    match next {
        None => Ok(None),
        Some(Ok(next)) if next.origin() == here.origin() => Ok(Some(next)),
        Some(_) => Err("its next page is said to be at another address"),
    }
}

#[cfg(test)]
mod tests {
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
}
