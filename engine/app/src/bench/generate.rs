//! Alerts and playbooks to measure with: from one seed, so that two runs have the same bytes.

use fastrand::Rng;
use quell_playbook::SourceFile;
use serde_json::{Value, json};

/// How many types of alerts there are. How often each comes follows Zipf's law.
const TYPES: usize = 400;

/// How large alerts are, with how many of a hundred being so large: the quartiles of published samples.
const SIZES: [(usize, usize); 5] = [(5, 1_500), (20, 2_700), (50, 3_700), (20, 4_200), (5, 7_500)];

/// Who finds things.
const PROVIDERS: [&str; 8] = [
    "Azure Advanced Threat Protection",
    "Azure Active Directory Identity Protection",
    "Microsoft Defender Advanced Threat Protection",
    "Microsoft Cloud App Security",
    "Office 365 Advanced Threat Protection",
    "Azure Sentinel",
    "Azure Security Center",
    "Microsoft 365 Defender",
];

const SEVERITIES: [(usize, &str); 4] = [(10, "Informational"), (30, "Low"), (40, "Medium"), (20, "High")];

const TACTICS: [&str; 6] =
    ["InitialAccess", "Persistence", "CredentialAccess", "LateralMovement", "Discovery", "Exfiltration"];

const WORDS: [&str; 12] = [
    "suspected",
    "unusual",
    "identity",
    "replication",
    "ticket",
    "anonymous",
    "travel",
    "mailbox",
    "brute",
    "honeytoken",
    "reconnaissance",
    "impersonation",
];

/// What is generated from a seed.
pub(super) struct Generator {
    rng: Rng,
    /// Up to which of a thousand each type comes.
    heap: Vec<f64>,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        let mut sum = 0.0;
        let heap = (1..=TYPES)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        Self { rng: Rng::with_seed(seed), heap }
    }

    /// Alerts as Log Analytics has them, each a message by itself.
    pub(super) fn alerts(&mut self, count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|number| self.alert(number).to_string().into_bytes()).collect()
    }

    /// Files of playbooks: nine in ten pin the type of the alert, one in ten looks for words of the title.
    pub(super) fn playbooks(&mut self, count: usize) -> Vec<SourceFile> {
        (0..count)
            .map(|number| SourceFile {
                name: format!("bench-{number}.yaml"),
                bytes: self.playbook(number).into_bytes(),
            })
            .collect()
    }

    fn alert(&mut self, number: usize) -> Value {
        let kind = self.kind();
        let provider = PROVIDERS[kind % PROVIDERS.len()];
        let severity = self.weighted(&SEVERITIES);
        let size = self.weighted(&SIZES);
        let title = self.title(kind);
        let mut entities = vec![
            self.account(1),
            self.device(2),
            json!({
                "$id": "3", "Type": "ip", "Address": format!("10.{}.{}.7", self.rng.u8(..), self.rng.u8(..)),
            }),
        ];
        let mut properties = json!({ "ExternalId": kind.to_string(), "ProcessedBySentinel": "True" });
        let mut left = size.saturating_sub(1_900);
        // Filled with what alerts are full of, not with blanks.
        while left > 250 {
            let id = entities.len() + 1;
            entities.push(if self.rng.bool() { self.account(id) } else { self.device(id) });
            properties[format!("Property {id}")] = self.rng.u64(..).to_string().into();
            left -= 250;
        }
        json!({
            "TenantId": "e0000000-0000-4000-8000-000000000001",
            "TimeGenerated": "2026-03-02T08:14:11.1830000Z",
            "DisplayName": title, "AlertName": title, "AlertSeverity": severity,
            "Description": "Generated in order to measure how long it takes to understand and to decide.",
            "ProviderName": provider, "VendorName": "Microsoft", "ProductName": provider,
            "VendorOriginalId": format!("vendor-{number}"),
            "SystemAlertId": format!("{number:08x}-5a5a-4b4b-8c8c-{:012x}", kind),
            "AlertType": format!("BenchType{kind}"), "IsIncident": false,
            "StartTime": "2026-03-02T08:14:11Z", "EndTime": "2026-03-02T08:14:11Z",
            "ProcessingEndTime": "2026-03-02T08:14:12.1830000Z", "Status": "New",
            "Tactics": TACTICS[kind % TACTICS.len()], "Techniques": "[\"T1003\"]",
            "Entities": Value::from(entities).to_string(),
            "ExtendedProperties": properties.to_string(),
            "AlertLink": format!("https://security.example/alerts/{number}"),
            "CompromisedEntity": "wks-1", "Type": "SecurityAlert",
        })
    }

    fn account(&mut self, id: usize) -> Value {
        let person = self.rng.u32(..1_000_000);
        let mut account =
            json!({ "$id": id.to_string(), "Type": "account", "Name": format!("user{person}") });
        // At least one of the names under which a person is known.
        let first = self.rng.usize(..3);
        for (number, (key, value)) in [
            ("UPNSuffix", "contoso.example".to_owned()),
            ("Sid", format!("S-1-5-21-1004336348-1177238915-682003330-{}", person + 1_100)),
            ("AadUserId", format!("a0000000-0000-4000-8000-{person:012}")),
        ]
        .into_iter()
        .enumerate()
        {
            if number == first || self.rng.bool() {
                account[key] = value.into();
            }
        }
        account
    }

    fn device(&mut self, id: usize) -> Value {
        let device = self.rng.u32(..100_000);
        json!({
            "$id": id.to_string(), "Type": "host", "HostName": format!("wks-{device}"),
            "DnsDomain": "contoso.example", "OSFamily": "Windows", "IsDomainJoined": true,
        })
    }

    fn playbook(&mut self, number: usize) -> String {
        let kind = self.kind();
        let mut conditions = if self.rng.usize(..10) < 9 {
            format!("      - alert.type: {{ is: BenchType{kind} }}\n")
        } else {
            format!("      - alert.title: {{ contains: {} }}\n", WORDS[self.rng.usize(..WORDS.len())])
        };
        if self.rng.usize(..4) < 3 {
            conditions +=
                &format!("      - alert.provider: {{ is: {} }}\n", PROVIDERS[kind % PROVIDERS.len()]);
        }
        if self.rng.bool() {
            conditions +=
                &format!("      - alert.tactics: {{ any_of: [{}] }}\n", TACTICS[kind % TACTICS.len()]);
        }
        let floor = ["low", "medium", "high"][self.rng.usize(..3)];
        format!(
            "language: 1\nplaybook: bench-{number}\ntitle: Playbook {number}\nwhen:\n  alert:\n    all:\n{conditions}\
             \x20     - alert.severity: {{ at_least: {floor} }}\n      - alert.accounts: {{ count: {{ at_least: 1 }} }}\n\
             for_each: account\nsteps:\n  - do: account.disable\n"
        )
    }

    fn title(&mut self, kind: usize) -> String {
        let word = WORDS[kind % WORDS.len()];
        format!("{word} activity of type {kind} on host {}", self.rng.u16(..))
    }

    fn kind(&mut self) -> usize {
        let most = self.heap.last().copied().unwrap_or(1.0);
        let at = self.rng.f64() * most;
        self.heap.partition_point(|up_to| *up_to < at).min(TYPES - 1)
    }

    fn weighted<T: Copy>(&mut self, choices: &[(usize, T)]) -> T {
        let mut at = self.rng.usize(..choices.iter().map(|(weight, _)| *weight).sum::<usize>());
        for (weight, choice) in choices {
            if at < *weight {
                return *choice;
            }
            at -= weight;
        }
        choices[0].1
    }
}
