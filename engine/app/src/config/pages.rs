//! The section about the pages that links in messages lead to.

use quell_kit::SecretRef;
use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;

/// The pages that links in messages lead to: where people answer who are asked through a connection (`through`), where they
/// see a run (`run.link`) and take it back (`lane.undo_link`). Without this section there are no such links.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageSettings {
    /// The address by which people reach the pages: `https://quell.corp.example`. What stands there, a reverse proxy for
    /// one, passes on what begins with `/answer/` or `/run/` to the interface of the engine, and nothing else.
    pub(crate) public_url: String,
    /// Where the secret lies with which links are sealed: 32 characters or more. Another one makes all links worthless
    /// that are on their way.
    pub(crate) secret: SecretRef,
    /// How many seconds links to runs lead there, counted from the beginning of the run. When left out: 604800 (7 days).
    #[serde(default = "week")]
    pub(crate) links_last_secs: u32,
}

fn week() -> u32 {
    7 * 24 * 60 * 60
}

impl PageSettings {
    /// The address, without a slash at its end, where it is fit.
    pub(crate) fn address(&self) -> Result<Url, &'static str> {
        let url = Url::parse(&self.public_url).map_err(|_| "is no address: https://quell.corp.example")?;
        let host = url.host_str().unwrap_or_default();
        let here = host == "localhost"
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback());
        if host.is_empty() || !url.username().is_empty() || url.password().is_some() {
            return Err("must be an address with a host, and without a name or a password");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err("must end with the host: the pages are found below /answer/ and /run/");
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if here => Ok(url),
            _ => Err("must begin with https://: whoever sees a link on its way can use it"),
        }
    }

    /// What is wrong with it, at its place.
    pub(super) fn complaints(&self) -> Vec<(String, String)> {
        let wrong = self.address().err();
        wrong.map(|why| ("pages.public_url".to_owned(), why.to_owned())).into_iter().collect()
    }
}
