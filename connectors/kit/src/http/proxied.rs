//! What goes through a proxy of the system, and what does not. The environment names the proxy, so whoever asks is a process
//! of its own.

use std::process::Stdio;

use super::*;
use crate::scripted::{Reply, ScriptedServer, refusing_url};

const CHILD: &str = "QUELL_TEST_PROXIED";

/// Asks for an address where the system names this proxy. Says what came of it, and what the proxy was asked for.
async fn asked(client: &str, url: &str, proxy: fn(String) -> String) -> (String, Vec<String>) {
    let server = ScriptedServer::start(|_| Reply::status(204)).await.unwrap();
    let name = "http::proxied::child";
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{client} {url}"))
        .env("http_proxy", proxy(server.url()))
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .stderr(Stdio::null())
        .output();
    let said = String::from_utf8(child.await.unwrap().stdout).unwrap();
    let told = said.lines().find_map(|line| line.split_once("told: ")).unwrap_or_else(|| panic!("{said}"));
    (told.1.to_owned(), server.seen().into_iter().map(|seen| seen.path).collect())
}

/// The child. As a test on its own it does nothing.
#[tokio::test]
async fn child() {
    let Some(told) = std::env::var_os(CHILD) else { return };
    let told = told.into_string().unwrap();
    let (client, url) = told.split_once(' ').unwrap();
    let settings = HttpSettings::default();
    let http = match client {
        "any" => Http::new(&settings),
        "public" => Http::public_only(&settings),
        _ => Http::beside(),
    };
    let http = http.unwrap();
    let request = http.request(Method::GET, Url::parse(url).unwrap());
    match http.send(request, Call::Reads, Duration::from_secs(5)).await {
        Ok(answer) => println!("told: {}", answer.status()),
        Err(error) => println!("told: {}", error.message),
    }
}

/// Where a name leads, the proxy finds out. The documentation says so, and whom to leave it to.
#[tokio::test]
async fn what_is_elsewhere_is_asked_through_the_proxy_of_the_system() {
    for client in ["any", "public"] {
        let (told, seen) = asked(client, "http://vendor.example/x", |proxy| proxy).await;
        assert_eq!((told.as_str(), seen), ("204", vec!["http://vendor.example/x".to_owned()]), "{client}");
    }
}

#[tokio::test]
async fn what_is_beside_us_is_asked_without_a_proxy() {
    let nobody = refusing_url().await.unwrap();
    let (told, seen) = asked("beside", &nobody, |proxy| proxy).await;
    assert_eq!(seen, [""; 0], "{told}");
    assert!(told.contains("refused"), "{told}");
}

#[tokio::test]
async fn a_proxy_whose_name_leads_into_our_own_network_is_none_for_what_is_public() {
    let named = |proxy: String| proxy.replace("127.0.0.1", "localhost");
    let (told, seen) = asked("public", "http://vendor.example/x", named).await;
    assert_eq!(seen, [""; 0], "{told}");
    assert!(told.contains("not public"), "{told}");
    let (told, seen) = asked("any", "http://vendor.example/x", named).await;
    assert_eq!((told.as_str(), seen.len()), ("204", 1));
}
