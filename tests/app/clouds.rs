//! Where the connectors to Microsoft's clouds really go, seen from outside: by a proxy that lets nobody through.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::place::Place;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

/// A server that answers every request in the same way and remembers their first lines and bodies.
struct Door {
    url: String,
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Door {
    fn open(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let remembered = Arc::clone(&remembered);
                thread::spawn(move || serve(stream, answer, &remembered));
            }
        });
        Self { url, seen }
    }

    /// A proxy through which nobody comes.
    fn shut() -> Self {
        Self::open("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    }

    /// A sign-in, and the identity service of a machine: both give out a token.
    fn gives_tokens() -> Self {
        Self::open(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 66\r\nconnection: close\r\n\r\n\
             {\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"planted\"}",
        )
    }

    fn seen(&self) -> Vec<(String, String)> {
        self.seen.lock().unwrap().clone()
    }

    /// To where somebody wanted to be connected.
    fn connected_to(&self) -> BTreeSet<String> {
        let lines = self.seen().into_iter();
        lines
            .filter_map(|(line, _)| Some(line.strip_prefix("CONNECT ")?.split(':').next()?.to_owned()))
            .collect()
    }
}

fn serve(mut stream: TcpStream, answer: &str, seen: &Mutex<Vec<(String, String)>>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let (mut first, mut length) = (String::new(), 0);
    lines.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    seen.lock().unwrap().push((first.trim().to_owned(), String::from_utf8(body).ok()?));
    stream.write_all(answer.as_bytes()).ok()
}

fn settings(kind: &str, more: &str) -> String {
    let own = match kind {
        "sentinel" => format!("    subscription: {TENANT}\n    resource_group: soc\n    workspace: soc-eu\n"),
        _ => String::new(),
    };
    format!("connectors:\n  {kind}:\n    tenant: {TENANT}\n{own}{more}")
}

/// Probes this connector with these settings, where everything encrypted goes through the proxy, and the rest too if
/// that is wished for.
fn probe(place: &Place, kind: &str, more: &str, proxy: &Door, variables: &[&str]) {
    let site = place.read("first.yaml");
    let (before, after) = site.split_once("connectors:").unwrap();
    let rest = after.split_once("\n\n").map_or("", |(_, rest)| rest);
    place.write("quell.yaml", format!("{before}{}\n{rest}", settings(kind, more)));
    let mut command = place.program(&["connectors", "probe", kind]);
    for name in variables {
        command.env(name, &proxy.url);
    }
    let output = command.output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("cannot be reached"), "{kind} {more}: {said}");
    assert!(!said.contains("planted"), "{said}");
}

fn site() -> Place {
    let place = Place::with_site();
    place.write("first.yaml", place.read("quell.yaml"));
    place.write("secret", "planted-secret");
    place
}

#[test]
fn every_cloud_is_reached_at_its_own_addresses() {
    let place = site();
    let login = |cloud: &str| match cloud {
        "china" => "login.partner.microsoftonline.cn",
        "gcc_high" | "dod" => "login.microsoftonline.us",
        _ => "login.microsoftonline.com",
    };
    for (kind, cloud, host, scope) in [
        ("entra-id", "global", "graph.microsoft.com", "graph.microsoft.com"),
        ("entra-id", "gcc", "graph.microsoft.com", "graph.microsoft.com"),
        ("entra-id", "gcc_high", "graph.microsoft.us", "graph.microsoft.us"),
        ("entra-id", "dod", "dod-graph.microsoft.us", "dod-graph.microsoft.us"),
        ("entra-id", "china", "microsoftgraph.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn"),
        ("defender-identity", "global", "graph.microsoft.com", "graph.microsoft.com"),
        ("defender-xdr", "gcc_high", "graph.microsoft.us", "graph.microsoft.us"),
        ("defender-xdr", "dod", "dod-graph.microsoft.us", "dod-graph.microsoft.us"),
        ("defender-endpoint", "global", "api.security.microsoft.com", "api.securitycenter.microsoft.com"),
        (
            "defender-endpoint",
            "gcc",
            "api-gcc.securitycenter.microsoft.us",
            "api-gcc.securitycenter.microsoft.us",
        ),
        (
            "defender-endpoint",
            "gcc_high",
            "api-gov.securitycenter.microsoft.us",
            "api-gov.securitycenter.microsoft.us",
        ),
        (
            "defender-endpoint",
            "dod",
            "api-gov.securitycenter.microsoft.us",
            "api-gov.securitycenter.microsoft.us",
        ),
        ("sentinel", "global", "management.azure.com", "management.azure.com"),
        ("sentinel", "gcc_high", "management.usgovcloudapi.net", "management.usgovcloudapi.net"),
        ("sentinel", "china", "management.chinacloudapi.cn", "management.chinacloudapi.cn"),
    ] {
        let more = format!(
            "    application: {TENANT}\n    credential: {{ secret: {{ file: secret }} }}\n    cloud: {cloud}\n"
        );
        let proxy = Door::shut();
        probe(&place, kind, &more, &proxy, &["https_proxy"]);
        assert_eq!(
            proxy.connected_to(),
            BTreeSet::from([login(cloud).to_owned()]),
            "{kind} {cloud} signs in"
        );
        let (proxy, desk) = (Door::shut(), Door::gives_tokens());
        probe(&place, kind, &format!("{more}    login_url: {}\n", desk.url), &proxy, &["https_proxy"]);
        assert_eq!(proxy.connected_to(), BTreeSet::from([host.to_owned()]), "{kind} {cloud}");
        let (line, form) = desk.seen().remove(0);
        assert_eq!(line, format!("POST /{TENANT}/oauth2/v2.0/token HTTP/1.1"));
        let asked = format!("scope=https%3A%2F%2F{scope}%2F.default&");
        assert!(form.contains(&asked), "{kind} {cloud}: {form}");
    }
}

/// A proxy would hand out the identity of its own computer, or be shown ours.
#[test]
fn the_identity_of_a_machine_is_never_asked_for_through_a_proxy() {
    let place = site();
    let (proxy, machine) = (Door::shut(), Door::gives_tokens());
    place.write("endpoint", format!("{}/identity", machine.url));
    let more = "    credential: { managed_identity: { endpoint: { file: endpoint } } }\n";
    probe(&place, "entra-id", more, &proxy, &["http_proxy", "https_proxy", "all_proxy"]);
    assert_eq!(proxy.connected_to(), BTreeSet::from(["graph.microsoft.com".to_owned()]));
    assert!(proxy.seen().iter().all(|(line, _)| line.starts_with("CONNECT ")), "{:?}", proxy.seen());
    let asked = "GET /identity?api-version=2018-02-01&resource=https%3A%2F%2Fgraph.microsoft.com HTTP/1.1";
    assert_eq!(machine.seen()[0].0, asked);
}
