//! Programs pass the suite that every connector passes: one that does as it is told, and misbehaves as told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use async_trait::async_trait;
use quell_action::{Connection, Connector, Target};
use quell_kit::conformance::{Bench, Case, Vendor, check, not_played};
use quell_script::{ScriptConnector, ScriptSettings};
use serde_json::json;

const SECRET: &str = "planted-secret-that-nobody-may-see";
/// Reads its input to the end, then behaves as the file beside it says; each time that it takes effect is a line.
const PROGRAM: &str = r#"#!/bin/sh
input=$(cat)
here=$(dirname "$0")
case "$(cat "$here/behaviour")" in
  forbids) echo '{"error":"forbidden","message":"no right"}'; exit 1;;
  credentials) echo '{"error":"credentials"}'; exit 1;;
  hinted) echo '{"error":"throttled","retry_after_secs":7}'; exit 1;;
  throttles) echo '{"error":"throttled"}'; exit 1;;
  down) echo "it is down, $input" >&2; exit 75;;
esac
echo done >> "$here/done"
case "$(cat "$here/behaviour")" in
  hangs) sleep 30;;
  cuts) printf '{"half":'; kill -9 $$;;
  trickles) while true; do printf ' '; done;;
  nonsense) echo "$input and no JSON";;
esac
echo "log: $input" >&2
echo "{\"seen\":$input}"
"#;

struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program.sh");
        std::fs::write(&program, PROGRAM).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        Self { folder }
    }
}

#[async_trait]
impl Bench for Site {
    fn cases(&self) -> Vec<Case> {
        let params = json!({ "program": "tell", "arguments": ["a b; c"], "input": { "who": "alice" } });
        vec![Case { action: "script.run", provider: "script", target: Target::None, params }]
    }

    async fn connect(&self, vendor: Vendor) -> Connection {
        let behaviour = match vendor {
            Vendor::Forbids => "forbids",
            Vendor::RefusesCredentials => "credentials",
            Vendor::Throttles(Some(_)) => "hinted",
            Vendor::Throttles(None) => "throttles",
            Vendor::IsDown => "down",
            Vendor::HangsAfter => "hangs",
            Vendor::Cuts => "cuts",
            Vendor::Trickles => "trickles",
            Vendor::TalksNonsense => "nonsense",
            _ => "answers",
        };
        std::fs::write(self.folder.path().join("behaviour"), behaviour).unwrap();
        let settings: ScriptSettings = serde_json::from_value(json!({ "programs": { "tell": {
            "run": self.folder.path().join("program.sh"),
            "takes_arguments": true,
            "secrets": { "key": { "file": self.folder.path().join("secret") } },
        }}}))
        .unwrap();
        assert_eq!(ScriptConnector::check(&settings), []);
        ScriptConnector::connect("script", settings).await.unwrap()
    }

    async fn arrange(&self, _: &Case, _: bool) -> bool {
        let _ = std::fs::remove_file(self.folder.path().join("done"));
        true
    }

    async fn changes(&self, _: &Case) -> usize {
        std::fs::read_to_string(self.folder.path().join("done")).unwrap_or_default().lines().count()
    }

    fn can(&self, vendor: Vendor) -> bool {
        // A program that hangs before it has done anything looks like one that hangs afterwards.
        vendor != Vendor::HangsBefore
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned()]
    }

    fn time_limit(&self) -> Duration {
        Duration::from_millis(1500)
    }
}

#[tokio::test]
async fn programs_conform() {
    let report = check(&Site::new()).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(not_played::<ScriptConnector>([&report]), [""; 0]);
    assert_eq!(report.left_out, ["script.run at script: connecting hangs"]);
}
