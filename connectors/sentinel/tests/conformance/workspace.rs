//! [`World`]: the incidents of a workspace, and what was done to them.

use std::collections::BTreeMap;

use quell_kit::scripted::{Reply, Seen};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "planted-client-secret";
pub(crate) const INCIDENT: &str = "73e01a99-5cd7-4139-a149-9f2736ff2ab5";
pub(crate) const OTHER: &str = "9b7c4d51-0a3e-4f6a-8a9f-6f0e2d1c3b4a";
pub(crate) const ALERT: &str = "b1c2d3e4-1111-2222-3333-444455556666";
pub(crate) const OF_PRODUCT: &str = "da637551227677560813_-961444813";
pub(crate) const RIGHTS: [&str; 3] = ["*/read", "Microsoft.SecurityInsights/incidents/*", "x"];

/// What is over there.
pub(crate) struct World {
    pub(crate) incidents: Vec<Value>,
    /// The alerts of each incident, as pairs of ids.
    pub(crate) alerts: BTreeMap<String, Vec<(String, String)>>,
    /// Comments and tasks, by kind and id.
    pub(crate) added: BTreeMap<(String, String), Value>,
    /// So often somebody else writes just before we do.
    pub(crate) overtakes: usize,
    /// The incident is deleted just before we write.
    pub(crate) gone: bool,
    /// Writes are taken and change nothing.
    pub(crate) deaf: bool,
    pub(crate) full: bool,
    /// Whatever has this in its path and only reads is refused with this status.
    pub(crate) refused: Option<(&'static str, u16)>,
    pub(crate) asked_for_alerts: usize,
    /// Lists come in pages of so many.
    pub(crate) page: Option<usize>,
    pub(crate) changes: usize,
    versions: u32,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self {
            incidents: Vec::new(),
            alerts: BTreeMap::new(),
            added: BTreeMap::new(),
            overtakes: 0,
            gone: false,
            deaf: false,
            full: false,
            refused: None,
            asked_for_alerts: 0,
            page: None,
            changes: 0,
            versions: 0,
        };
        world.incident(INCIDENT, 3177, &[(ALERT, OF_PRODUCT)]);
        world.incident(OTHER, 3178, &[("b1c2d3e4-1111-2222-3333-444455556667", "da0_1")]);
        world
    }

    pub(crate) fn incident(&mut self, name: &str, number: u32, alerts: &[(&str, &str)]) {
        self.versions += 1;
        self.incidents.push(json!({
            "id": format!("/subscriptions/x/incidents/{name}"), "name": name, "etag": format!("\"{}\"", self.versions),
            "type": "Microsoft.SecurityInsights/incidents",
            "properties": {
                "title": "Sample incident", "description": "as it was", "severity": "Medium", "status": "New",
                "owner": { "objectId": null, "email": null, "assignedTo": null, "userPrincipalName": null },
                "labels": [{ "labelName": "vip", "labelType": "User" }], "incidentNumber": number,
                "firstActivityTimeUtc": "2026-01-01T00:00:00Z", "lastActivityTimeUtc": "2026-01-01T00:05:00Z",
                "createdTimeUtc": "2026-01-01T00:06:00Z", "lastModifiedTimeUtc": "2026-01-01T00:06:00Z",
                "additionalData": { "alertsCount": alerts.len(), "commentsCount": 0, "bookmarksCount": 0 },
                "providerName": "Azure Sentinel", "providerIncidentId": number.to_string(),
                "incidentUrl": format!("https://portal.azure.com/#asset/{name}"), "relatedAnalyticRuleIds": [],
            },
        }));
        let own = |(system, product): &(&str, &str)| ((*system).to_owned(), (*product).to_owned());
        self.alerts.insert(name.to_owned(), alerts.iter().map(own).collect());
    }

    pub(crate) fn properties(&mut self, name: &str) -> &mut Value {
        let found = self.incidents.iter_mut().find(|incident| incident["name"] == name).unwrap();
        &mut found["properties"]
    }

    /// Somebody else changes something.
    pub(crate) fn touch(&mut self, name: &str) {
        self.versions += 1;
        let etag = json!(format!("\"{}\"", self.versions));
        let found = self.incidents.iter_mut().find(|incident| incident["name"] == name).unwrap();
        found["etag"] = etag;
    }

    pub(crate) fn answer(&mut self, seen: &Seen) -> Reply {
        let url = format!("http://x.invalid{}", seen.path).parse::<quell_kit::Url>().unwrap();
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let path: Vec<&str> = url.path().split('/').skip(11).collect();
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        if let Some((part, status)) = self.refused
            && seen.method == "GET"
            && url.path().contains(part)
        {
            return refuse(status);
        }
        if url.path().contains("/Microsoft.Authorization/") {
            let role = json!({ "actions": RIGHTS, "notActions": ["Microsoft.SecurityInsights/incidents/tasks/write"] });
            return Reply::json(200, &json!({ "value": [role] }));
        }
        match (seen.method.as_str(), path.as_slice()) {
            ("GET", ["incidents"]) => self.list(seen, &query),
            ("GET", ["incidents", name]) => self.get(name),
            ("PUT", ["incidents", name]) => self.replace(name, &body),
            ("DELETE", ["incidents", name]) => {
                self.incidents.retain(|incident| incident["name"] != *name);
                Reply::status(200)
            }
            ("POST", ["incidents", name, "alerts"]) => self.held(name),
            ("GET", ["incidents", _, kind, id]) => {
                let found = self.added.get(&((*kind).to_owned(), (*id).to_owned()));
                found.map_or_else(|| refuse(404), |added| Reply::json(200, added))
            }
            ("PUT", ["incidents", _, "comments", _]) if self.full => refuse(400),
            ("PUT", ["incidents", _, kind, id]) => {
                let known = ((*kind).to_owned(), (*id).to_owned());
                let added = json!({ "name": id, "properties": body["properties"] });
                let status = if self.added.insert(known, added.clone()).is_none() { 201 } else { 200 };
                self.changes += usize::from(status == 201);
                Reply::json(status, &added)
            }
            _ => refuse(404),
        }
    }

    fn list(&self, seen: &Seen, query: &BTreeMap<String, String>) -> Reply {
        let filter = query.get("$filter").map_or("", String::as_str);
        let number = filter.strip_prefix("properties/incidentNumber eq ");
        // The real one is not always so exact.
        let fits = |one: &&Value| {
            let known = one["properties"]["incidentNumber"].to_string();
            number.is_none_or(|number| known.starts_with(&number[..number.len() - 1]))
        };
        let found: Vec<&Value> = self.incidents.iter().filter(fits).collect();
        let Some(page) = self.page else { return Reply::json(200, &json!({ "value": found })) };
        let (bare, at) = seen.path.split_once("&%24skipToken=").unwrap_or((&seen.path, "0"));
        let (at, host) = (at.parse::<usize>().unwrap(), &seen.headers["host"]);
        let is_last = at + page >= found.len();
        let shown: Vec<&Value> = found.into_iter().skip(at).take(page).collect();
        let mut told = json!({ "value": shown });
        if !is_last {
            told["nextLink"] = json!(format!("http://{host}{bare}&%24skipToken={}", at + page));
        }
        Reply::json(200, &told)
    }

    fn get(&self, name: &str) -> Reply {
        // What has a GUID for its title is told in the place of the one that has it for its name.
        let is_meant = |one: &&Value| one["name"] == name || one["properties"]["title"] == name;
        let found = self.incidents.iter().find(is_meant);
        found.map_or_else(|| refuse(404), |incident| Reply::json(200, incident))
    }

    fn held(&mut self, name: &str) -> Reply {
        self.asked_for_alerts += 1;
        let Some(alerts) = self.alerts.get(name) else { return refuse(404) };
        let alert = |(system, product): &(String, String)| {
            json!({
                "kind": "SecurityAlert", "name": system,
                "properties": { "systemAlertId": system, "providerAlertId": product },
            })
        };
        let found: Vec<Value> = alerts.iter().map(alert).collect();
        Reply::json(200, &json!({ "value": found }))
    }

    fn replace(&mut self, name: &str, body: &Value) -> Reply {
        if self.overtakes > 0 {
            self.overtakes -= 1;
            self.touch(name);
        }
        self.versions += 1;
        let (versions, deaf) = (self.versions, self.deaf);
        let Some(incident) = self.incidents.iter_mut().find(|one| one["name"] == name && !self.gone) else {
            let made = json!({ "name": name, "etag": "\"new\"", "properties": body["properties"] });
            self.gone = false;
            return Reply::json(201, &made);
        };
        if body["etag"] != incident["etag"] {
            return refuse(if versions % 2 == 0 { 412 } else { 409 });
        }
        if !deaf {
            let own =
                ["incidentNumber", "additionalData", "providerName", "providerIncidentId", "incidentUrl"];
            let mut written = body["properties"].clone();
            for name in own {
                written[name] = incident["properties"][name].clone();
            }
            incident["properties"] = written;
            self.changes += 1;
        }
        incident["etag"] = json!(format!("\"{versions}\""));
        Reply::json(200, incident)
    }
}

pub(crate) fn refuse(status: u16) -> Reply {
    let code = match status {
        401 => "ExpiredAuthenticationToken",
        403 => "AuthorizationFailed",
        404 => "NotFound",
        412 => "PreconditionFailed",
        _ => "BadRequest",
    };
    let body = json!({ "error": { "code": code, "message": SECRET } });
    Reply::json(status, &body).with_header("x-ms-request-id", "r-1")
}
