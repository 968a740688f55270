//! [`Pages`]: the pages of the site that links in messages lead to, and how those links are sealed.

use anyhow::Context as _;
use chrono::TimeDelta;
use quell_api::{LinkKey, RunLink};
use quell_run::{LinkTo, Links, Plan};
use reqwest::Url;

use crate::config::Config;

/// The pages that links in messages lead to.
pub(crate) struct Pages {
    /// The key with which links are sealed.
    pub(crate) key: LinkKey,
    /// Where the pages are.
    pub(crate) address: Url,
    /// How long links to runs lead there, from the beginning of the run.
    links_last: TimeDelta,
}

impl Pages {
    /// Those of a site, where it has any.
    ///
    /// # Errors
    /// When the key cannot be read, or is none.
    pub(crate) fn of(site: &Config) -> anyhow::Result<Option<Self>> {
        let Some(settings) = &site.pages else { return Ok(None) };
        let address = settings.address().map_err(|why| anyhow::anyhow!("pages.public_url {why}"))?;
        let secret = settings.secret.resolve().context("pages.secret")?;
        let key = LinkKey::new(&secret).with_context(|| format!("pages.secret: {}", settings.secret))?;
        let links_last = TimeDelta::seconds(settings.links_last_secs.into());
        Ok(Some(Self { key, address, links_last }))
    }

    /// The host, with its port where there is one, by which people reach them.
    pub(crate) fn host(&self) -> String {
        let host = self.address.host_str().unwrap_or_default();
        self.address.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

impl Links for Pages {
    fn address(&self, plan: &Plan, to: LinkTo) -> Option<String> {
        // Counted from the run's beginning: an attempt that is made again says the same.
        let expires = plan.created + self.links_last;
        let undo = match to {
            LinkTo::Run => None,
            LinkTo::Undo(lane) => Some(lane),
        };
        let link = RunLink { run: plan.run.clone(), undo, expires: expires.timestamp() };
        Some(format!("{}run/{}", self.address, self.key.seal(&link)))
    }
}
