//! [`Client`]: the calls to Defender for Endpoint that actions and look-ups share.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use quell_action::{ActionError, ConnectError, Failure, Target};
use quell_alert::Provider;
use quell_kit::microsoft::{code_of, failure_of, literal, pages, refused, success, with_query};
use quell_kit::oauth::Tokens;
use quell_kit::{Answer, Api, Ask, Call, Deadline, Http, Method, RateLimit, Url};
use serde::Deserialize;
use serde_json::Value;

use crate::machine::Machine;
use crate::order::{Order, Status, newest_first};
use crate::settings::Settings;

/// So many orders are asked for at once.
const MOST_ORDERS: usize = 1000;
/// How long looking at something may take.
const LOOK: Duration = Duration::from_secs(25);
/// What is left for saying what came of it, when an order is followed.
const SPARE: Duration = Duration::from_millis(500);

/// Defender for Endpoint of one tenant.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) api: Api,
    pub(crate) realm: String,
    pub(crate) tokens: Arc<Tokens>,
    host: String,
    follow: Duration,
}

/// The orders that a device was given, newest first, and when they were read by the clock over there.
pub(crate) struct Orders {
    pub(crate) all: Vec<Order>,
    pub(crate) read_at: Option<DateTime<Utc>>,
}

/// What came of giving an order.
pub(crate) enum Given {
    /// It was taken.
    Taken(Order),
    /// One is under way already.
    AlreadyUnderWay,
}

impl Client {
    /// Reads the credential; reaches nothing.
    pub(crate) fn new(settings: &Settings) -> Result<Self, ConnectError> {
        let http = Http::new(&settings.http)?;
        let sign_in = settings.sign_in();
        let scope = settings
            .cloud
            .defender_endpoint_scope()
            .ok_or_else(|| ConnectError("cloud: Defender for Endpoint is not offered there".into()))?;
        let tokens = sign_in.tokens(&http, scope)?;
        let base = Url::parse(&format!("{}/api", settings.api()))
            .map_err(|_| ConnectError("api_url is not an URL".into()))?;
        let pace = |calls: u32, period, burst: u32| {
            let number = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
            RateLimit::new(number(calls), Duration::from_secs(period), number(burst))
        };
        let calls = settings.calls_per_minute;
        let limits = vec![pace(calls, 60, calls / 2), pace(calls * 15, 3600, calls * 5)];
        Ok(Self {
            host: quell_kit::host_of(&base),
            api: Api::new(http, base, Arc::clone(&tokens), limits, "x-ms-client-request-id"),
            realm: sign_in.realm()?,
            tokens,
            follow: Duration::from_secs(settings.follow_secs),
        })
    }

    /// The time in which something must be looked at.
    pub(crate) fn look(&self) -> Deadline {
        Deadline::after(LOOK)
    }

    /// Where it is.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The device that a target is, as it is now.
    pub(crate) async fn machine(&self, target: &Target, deadline: Deadline) -> Result<Machine, ActionError> {
        match target {
            Target::Device(key)
                if key.provider.as_str() == Provider::DEFENDER_ENDPOINT && key.realm == self.realm =>
            {
                self.machine_by_id(&key.id, deadline).await
            }
            _ => Err(ActionError::rejected(format!("{target} is not a device of the tenant {}", self.realm))),
        }
    }

    /// The device with this machine id.
    pub(crate) async fn machine_by_id(&self, id: &str, deadline: Deadline) -> Result<Machine, ActionError> {
        let url = self.api.url(["machines", id]);
        let machine: Machine = self.read(Ask::get(url), "the device", deadline).await?.json()?;
        // The same address takes names as well: what comes back must be what was asked for.
        match machine.id.eq_ignore_ascii_case(id) {
            true => Ok(machine),
            false => Err(ActionError::unavailable("the answer is about another device than was asked for")),
        }
    }

    /// The devices for which this filter holds.
    pub(crate) async fn machines_where(
        &self,
        filter: &str,
        deadline: Deadline,
    ) -> Result<Vec<Machine>, ActionError> {
        let url = with_query(self.api.url(["machines"]), &[("$filter", filter)]);
        match pages(&self.api, Ask::get(url), deadline).await {
            // This is how it answers where no device was seen lately.
            Err(error) if error.failure == Failure::NotFound => Ok(Vec::new()),
            found => found,
        }
    }

    /// The devices that had this address at this time, by what they report themselves.
    pub(crate) async fn machines_with(
        &self,
        address: IpAddr,
        time: &str,
        deadline: Deadline,
    ) -> Result<Vec<Machine>, ActionError> {
        let question = format!("findbyip(ip='{address}',timestamp={time})");
        match pages(&self.api, Ask::get(self.api.url(["machines", &question])), deadline).await {
            Err(error) if error.failure == Failure::NotFound => Ok(Vec::new()),
            found => found.map_err(|error| about(error, "searching the device of an address")),
        }
    }

    /// Every order that a device was given: where a switch stands is told by the newest, so a part of them tells nothing.
    pub(crate) async fn orders(&self, machine: &Machine, deadline: Deadline) -> Result<Orders, ActionError> {
        let filter = format!("machineId eq {}", literal(&machine.id));
        let query = [("$filter", filter.as_str()), ("$top", &MOST_ORDERS.to_string())];
        let url = with_query(self.api.url(["machineactions"]), &query);
        let answer = success(self.api.ask(Ask::get(url), deadline).await?)?;
        let List { value, next } = answer.json()?;
        let mut all: Vec<Order> = value;
        match next.filter(|link| !link.is_empty()) {
            Some(next) => {
                all.extend(pages::<Order>(&self.api, Ask::get(self.api.next_page(&next)?), deadline).await?);
            }
            None if all.len() >= MOST_ORDERS => {
                let why =
                    format!("{} has more orders than it tells; they are not read in part", machine.display());
                return Err(ActionError::rejected(why));
            }
            None => {}
        }
        // A question that got lost on the way is answered with the orders of all devices.
        all.retain(|order| order.is_of(&machine.id));
        let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
        let read_at = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        Ok(Orders { all: newest_first(all), read_at: read_at.map(|date| date.to_utc()) })
    }

    /// Gives a device an order.
    pub(crate) async fn give(
        &self,
        machine: &Machine,
        (order, body): (&str, Value),
        right: &str,
        call: Call,
        deadline: Deadline,
    ) -> Result<Given, ActionError> {
        let url = self.api.url(["machines", &machine.id, order]);
        let ask = Ask::write(Method::POST, url).json(body).meaning(call);
        let what = format!("{order} {}", machine.display());
        let answer = self.api.ask(ask, deadline).await.map_err(|error| about(error, &what))?;
        if answer.status() == 400 && says_under_way(&answer) {
            return Ok(Given::AlreadyUnderWay);
        }
        let answer = self.accept(answer, &what, right)?;
        match answer.json::<Order>()? {
            order if order.is_of(&machine.id) => Ok(Given::Taken(order)),
            _ => Err(answer.unreadable("it is about another device")),
        }
    }

    /// Follows an order to its end, or until there is no more time for it.
    pub(crate) async fn follow(&self, order: Order, deadline: Deadline) -> Order {
        let patience = Deadline::after(self.follow.min(deadline.left().saturating_sub(SPARE)));
        let mut wait = Duration::from_millis(500);
        let mut order = order;
        while !order.status.is_final() && !patience.left().is_zero() {
            tokio::time::sleep(wait.min(patience.left())).await;
            wait = (wait * 2).min(Duration::from_secs(10));
            // It was taken: that looking at it fails for a moment changes nothing.
            if let Ok(now) = self.order(&order.id, deadline).await {
                order = now;
            }
        }
        order
    }

    /// Takes back an order that was not carried out yet.
    pub(crate) async fn cancel(
        &self,
        order: &Order,
        comment: &str,
        right: &str,
        deadline: Deadline,
    ) -> Result<Status, ActionError> {
        let url = self.api.url(["machineactions", &order.id, "cancel"]);
        let ask = Ask::write(Method::POST, url).json(serde_json::json!({ "Comment": comment }));
        let answer = self.write(ask, "cancelling an order that waits", right, deadline).await?;
        match answer.json::<Order>()? {
            now if now.id == order.id => Ok(now.status),
            _ => Err(answer.unreadable("it is about another order")),
        }
    }

    /// Reads something; `what` says what, for the error.
    pub(crate) async fn read(&self, ask: Ask, what: &str, deadline: Deadline) -> Result<Answer, ActionError> {
        success(self.api.ask(ask, deadline).await?).map_err(|error| about(error, what))
    }

    /// Writes something. `what` says what, `right` is what to grant where it was denied.
    pub(crate) async fn write(
        &self,
        ask: Ask,
        what: &str,
        right: &str,
        deadline: Deadline,
    ) -> Result<Answer, ActionError> {
        let answer = self.api.ask(ask, deadline).await.map_err(|error| about(error, what))?;
        self.accept(answer, what, right)
    }

    async fn order(&self, id: &str, deadline: Deadline) -> Result<Order, ActionError> {
        let url = self.api.url(["machineactions", id]);
        let order: Order = self.read(Ask::get(url), "the order", deadline).await?.json()?;
        match order.id == id {
            true => Ok(order),
            false => Err(ActionError::unavailable("the answer is about another order than was asked for")),
        }
    }

    fn accept(&self, answer: Answer, what: &str, right: &str) -> Result<Answer, ActionError> {
        let Some(failure) = failure_of(&answer) else { return Ok(answer) };
        let code = code_of(&answer).unwrap_or_default();
        // A refusal about the device comes as one about the right: no right would help.
        let failure = match (failure, code.as_str()) {
            (Failure::Forbidden, "DisabledFeature" | "DisallowedOperation") => Failure::Rejected,
            (failure, _) => failure,
        };
        let mut error = about(refused(&answer, failure), what);
        match code.as_str() {
            "OsPlatformNotSupported" => error.message.push_str("; this platform cannot do it"),
            "ClientVersionNotSupported" => {
                error.message.push_str("; its protection is too old for it: update it")
            }
            "DisabledFeature" => error.message.push_str("; the feature is switched off in the tenant"),
            _ if failure == Failure::Forbidden => error.message.push_str(&format!("; grant {right}")),
            _ => {}
        }
        Err(error)
    }
}

/// Either way in which it says that the same order is under way.
fn says_under_way(answer: &Answer) -> bool {
    let text = String::from_utf8_lossy(answer.body()).to_lowercase();
    code_of(answer).as_deref() == Some("ActiveRequestAlreadyExists") || text.contains("already in progress")
}

fn about(mut error: ActionError, what: &str) -> ActionError {
    error.message = format!("{what}: {}", error.message);
    error
}

#[derive(Deserialize)]
struct List {
    value: Vec<Order>,
    #[serde(rename = "@odata.nextLink", alias = "nextLink", default)]
    next: Option<String>,
}
