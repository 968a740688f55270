//! `quell connectors probe`, where nobody is there: each connector says so, and claims nothing.

use std::net::TcpListener;

use crate::place::Place;

const CONNECTORS: &str = r#"
  active-directory: { servers: ["ldaps://localhost:PORT"], account: quell@corp.example, password: { file: s }, connect_timeout_secs: 1 }
  defender-endpoint: { tenant: TENANT, application: TENANT, credential: { secret: { file: s } }, login_url: "HERE" }
  defender-xdr: { tenant: TENANT, application: TENANT, credential: { secret: { file: s } }, login_url: "HERE" }
  entra-id: { tenant: TENANT, application: TENANT, credential: { secret: { file: s } }, login_url: "HERE" }
  http: { hosts: { there: { url: "HERE", allow_private: true } } }
  jira: { site: "HERE", login: { bearer: { file: s } }, project: SEC }
  okta: { organisation: "HERE", token: { file: s } }
  pagerduty: { services: { soc: { file: k } }, events: "HERE/v2/enqueue" }
  sentinel: { tenant: TENANT, application: TENANT, credential: { secret: { file: s } }, login_url: "HERE", subscription: TENANT, resource_group: soc, workspace: soc-eu }
  servicenow: { instance: "HERE", login: { bearer: { file: s } } }
  slack: { token: { file: s }, channels: { app: C0123456789 }, api: "HERE/api/" }
  smtp: { host: localhost, port: PORT, from: q@corp.example, recipients: { soc: [a@corp.example] }, connect_timeout_secs: 1, timeout_secs: 2 }
  teams: { channels: { soc: { file: u } } }
  thehive: { url: "HERE", key: { file: s } }
  webhook: { endpoints: { desk: { url: "HERE", secret: { file: w } } } }
"#;

#[test]
fn nobody_who_is_not_there_is_said_to_have_been_signed_in_to() {
    let place = Place::with_site();
    // Nobody listens there any more.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let here = format!("http://127.0.0.1:{port}");
    place.write("s", "planted-secret-0123456789abcdef");
    place.write("k", "planted0pagerduty0key00000000000");
    place.write("u", format!("{here}/planted"));
    place.write("w", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    place.shell("chmod 600 s k u w").well();
    let tenant = "11111111-2222-3333-4444-555555555555";
    let own = CONNECTORS.replace("HERE", &here).replace("TENANT", tenant).replace("PORT", &port.to_string());
    let (before, after) = place.read("quell.yaml").split_once("connectors:").map(both).unwrap();
    let rest = after.split_once("\n\n").map_or(String::new(), |(_, rest)| rest.to_owned());
    place.write("quell.yaml", format!("{before}connectors:{own}\n{rest}"));
    place.quell(&["connectors", "check"]).well();
    let report = place.quell(&["connectors", "probe", "--json"]).with_code(1).json();
    let reports = report.as_array().unwrap();
    assert_eq!(reports.len(), 15, "{report}");
    for report in reports {
        let (name, report) = (&report[0], &report[1]);
        assert!(report["system"].is_null(), "{name}: {report}");
        let problem = report["problems"][0].as_str().unwrap();
        assert!(problem.contains("refused"), "{name}: {problem}");
        for grant in report["grants"].as_array().unwrap() {
            assert_ne!(grant["allowed"], true, "{name}: {grant}");
            let note = grant["note"].as_str().unwrap_or_default();
            assert!(!note.contains("it was signed in"), "{name}: {note}");
        }
    }
    assert!(!report.to_string().contains("planted"));
}

fn both((before, after): (&str, &str)) -> (String, String) {
    (before.to_owned(), after.to_owned())
}
