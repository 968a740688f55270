//! [`Channels`]: the workflows that post to channels.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use quell_action::{ActionError, ConnectError};
use quell_kit::{Answer, Call, Http, Method, RateLimit, Url, chosen, host_of};
use secrecy::ExposeSecret;

use crate::settings::TeamsSettings;

/// The retired kind of webhook.
const RETIRED: &str = ".webhook.office.com";

/// The channels of one connection, by name.
#[derive(Debug)]
pub struct Channels {
    http: Http,
    channels: BTreeMap<String, Channel>,
}

/// One channel.
pub(crate) struct Channel {
    address: Url,
    rate: RateLimit,
}

/// The address is a secret.
impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Channel({})", host_of(&self.address))
    }
}

impl Channels {
    /// Reads the addresses; reaches nobody.
    ///
    /// # Errors
    /// When one is missing or unfit.
    pub(crate) fn new(settings: &TeamsSettings) -> Result<Self, ConnectError> {
        let channel = |(name, reference): (&String, &quell_kit::SecretRef)| {
            let refused = |why: &str| ConnectError(format!("channels.{name}: {reference} {why}"));
            let text =
                reference.resolve().map_err(|error| ConnectError(format!("channels.{name}: {error}")))?;
            let address = Url::parse(text.expose_secret().trim()).map_err(|_| refused("holds no address"))?;
            is_fit(&address).map_err(refused)?;
            let rate =
                RateLimit::new(NonZeroU32::MIN, Duration::from_secs(1), NonZeroU32::MIN.saturating_add(2));
            Ok((name.clone(), Channel { address, rate }))
        };
        let channels = settings.channels.iter().map(channel).collect::<Result<_, ConnectError>>()?;
        Ok(Self { http: Http::new(&settings.http)?, channels })
    }

    /// The channel of this name; without a name, the only one there is.
    ///
    /// # Errors
    /// When there is none of this name, or several to choose from.
    pub(crate) fn named(&self, name: Option<&str>) -> Result<&Channel, ActionError> {
        chosen(&self.channels, name, "Teams channel").map(|(_, one)| one)
    }

    /// The name of the channel that [`Channels::named`] gives.
    pub(crate) fn name_of(&self, name: Option<&str>) -> Option<&str> {
        chosen(&self.channels, name, "Teams channel").ok().map(|(name, _)| name)
    }

    /// Hands a card to the workflow. That it was taken does not say that it was posted.
    ///
    /// # Errors
    /// When it was not taken, or when that is not known.
    pub(crate) async fn post(
        &self,
        channel: &Channel,
        card: Vec<u8>,
        time_limit: Duration,
    ) -> Result<Answer, ActionError> {
        let left = channel.rate.turn(time_limit).await?;
        let request = self.http.request(Method::POST, channel.address.clone());
        let request = request.header("content-type", "application/json").body(card);
        let answer = self.http.send(request, Call::Writes, left).await?;
        match answer.status() {
            404 | 410 => Err(answer.refusal(quell_action::Failure::NotFound)).map_err(|mut error| {
                error.message.push_str(": the workflow was deleted or switched off");
                error
            }),
            _ => answer.success(),
        }
    }

    /// Asks whether the hosts are there. What a workflow does with a card, only a card could tell.
    pub(crate) async fn reach(&self) -> Vec<Result<String, String>> {
        let mut found = Vec::new();
        for (name, channel) in &self.channels {
            let mut root = channel.address.clone();
            root.set_path("/");
            root.set_query(None);
            let request = self.http.request(Method::HEAD, root);
            let answer = self.http.send(request, Call::Reads, Duration::from_secs(10)).await;
            found.push(match answer {
                Ok(_) => Ok(format!("{name} at {}", host_of(&channel.address))),
                Err(error) => Err(format!("{name}: {error}")),
            });
        }
        found
    }
}

fn is_fit(address: &Url) -> Result<(), &'static str> {
    let host = address.host_str().unwrap_or_default();
    let here =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if host.ends_with(RETIRED) || host == "outlook.office.com" {
        return Err(
            "holds the address of an Office 365 connector, which Microsoft has retired: make a workflow \
                    \"When a Teams webhook request is received\" instead",
        );
    }
    match address.scheme() {
        "https" => Ok(()),
        "http" if here => Ok(()),
        _ => Err("must hold an address that begins with https://"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_not_shown_where_its_channel_is() {
        let address = Url::parse("https://prod-01.logic.azure.com/workflows/x?sig=planted").unwrap();
        let rate = RateLimit::new(NonZeroU32::MIN, Duration::from_secs(1), NonZeroU32::MIN);
        let shown = format!("{:?}", Channel { address, rate });
        assert_eq!(shown, "Channel(prod-01.logic.azure.com)");
    }

    #[test]
    fn retired_and_unencrypted_addresses_are_refused() {
        let fit = |text: &str| is_fit(&Url::parse(text).unwrap());
        assert!(fit("https://prod-01.westeurope.logic.azure.com/workflows/x?sig=y").is_ok());
        assert!(fit("https://x.environment.api.powerplatform.com/powerautomate/x").is_ok());
        assert!(fit("https://corp.webhook.office.com/webhookb2/x").unwrap_err().contains("retired"));
        assert!(fit("https://outlook.office.com/webhook/x").unwrap_err().contains("retired"));
        assert!(fit("http://prod-01.westeurope.logic.azure.com/x").is_err());
    }
}
