//! What `quell check` says of a site with a mistake in it: every kind of mistake, each at its place.

use crate::place::Place;

/// A file, what is replaced in it by what, where the mistake is then found, and words of what is said.
type Mistake = (&'static str, &'static str, &'static str, (u64, u64), &'static str);

const SITE: &str = "quell.yaml";
const EXCLUSIONS: &str = "exclusions.yaml";
const PLAYBOOK: &str = "playbooks/disable-on-dcsync.yaml";

/// The site file, so short that places can be counted.
const SHORT: &str = "\
language: 1
source:
  files: [alerts]
connectors:
  lab:
    folder: lab
engine:
  calls_at_once: 64
api:
  listen: \"127.0.0.1:0\"
";

const MISTAKES: &[Mistake] = &[
    // YAML.
    (SITE, "  files: [alerts]", "\tfiles: [alerts]", (3, 1), "tab"),
    (SITE, "[alerts]", "[alerts", (3, 10), ""),
    (SITE, "language: 1", "language: 1\nlanguage: 1", (2, 1), "language"),
    (SITE, "folder: lab", "folder: no", (6, 13), "no"),
    (SITE, "folder: lab", "folder: &here lab", (6, 13), ""),
    (SITE, "language: 1", "language: 1\n---\nlanguage: 1", (2, 1), ""),
    // Names.
    (SITE, "source:", "sourec:", (2, 1), "there is no setting `sourec`"),
    (SITE, "files:", "flies:", (3, 3), "there is no setting `flies`"),
    (SITE, "calls_at_once", "callsatonce", (8, 3), "there is no setting `callsatonce`"),
    (SITE, "folder: lab", "foldr: lab", (6, 5), "there is no setting `foldr`"),
    (SITE, "language: 1\n", "", (1, 1), "missing field `language`"),
    // Kinds and bounds.
    (SITE, "64", "many", (8, 3), "engine.calls_at_once"),
    (SITE, "64", "0", (8, 3), "at least 1"),
    (SITE, "64", "-1", (8, 3), "engine.calls_at_once"),
    (SITE, "64", "1.5", (8, 3), "engine.calls_at_once"),
    (SITE, "64", "99999999999999999999", (8, 18), "quotes"),
    (SITE, "[alerts]", "alerts", (3, 3), "source.files"),
    (SITE, "127.0.0.1:0", "localhost", (10, 3), "api.listen"),
    (SITE, "127.0.0.1:0", "0.0.0.0:7878", (10, 3), "loopback"),
    (SITE, "127.0.0.1:0", "[::]:7878", (10, 3), "loopback"),
    (SITE, "language: 1", "language: 2", (1, 1), "language 1"),
    (SITE, "language: 1", "language: one", (1, 1), "language"),
    (SITE, "engine:", "store: { engine: rocks }\nengine:", (7, 10), "store.engine"),
    (SITE, "engine:", "store: { retention: { days: -4 } }\nengine:", (7, 23), "store.retention.days"),
    (SITE, "engine:", "logs: { level: \"info,=,=\" }\nengine:", (7, 9), "logs.level"),
    (SITE, "engine:", "logs: { format: xml }\nengine:", (7, 9), "logs.format"),
    (SITE, "engine:", "telemetry: { otlp_endpoint: collector }\nengine:", (7, 14), "telemetry.otlp_endpoint"),
    // What does not go together.
    (SITE, "[alerts]", "[alerts]\n  kafka: { topics: [a] }", (2, 1), "not both"),
    (SITE, "engine:", "dead_letters: { topic: dead }\nengine:", (7, 17), "source.kafka"),
    (SITE, "engine:", "dead_letters: { topic: dead, file: dead }\nengine:", (7, 1), "not both"),
    // Connectors.
    (SITE, "  lab:", "  labb:", (5, 3), "there is no connector labb"),
    (SITE, "    folder: lab", "    kind: 7", (5, 3), "`kind` must be text"),
    (SITE, "    folder: lab", "    kind: entra", (5, 3), "there is no connector entra"),
    (SITE, "    folder: lab", "    faults: []", (5, 3), "missing field `folder`"),
    (SITE, "folder: lab", "folder: [lab]", (6, 5), "folder"),
    (SITE, "folder: lab", "folder: lab\n    faults: [{ fault: gremlins }]", (7, 16), "gremlins"),
    // Files that are not there.
    (SITE, "source:", "exclusions: nowhere.yaml\nsource:", (2, 1), "nowhere.yaml"),
    (SITE, "source:", "playbooks: nowhere\nsource:", (2, 1), "nowhere"),
    // The exclusion file.
    (EXCLUSIONS, "because: Break", "becuase: Break", (6, 5), "there is no setting `becuase`"),
    (EXCLUSIONS, "    because: Domain controller\n", "", (10, 5), "because"),
    (EXCLUSIONS, "upn: break-glass-1@contoso.example", "upn: nobody", (5, 0), "upn"),
    (EXCLUSIONS, "account.disable,", "account.disble,", (9, 0), "account.disble"),
    (EXCLUSIONS, "device_tag: do-not-isolate", "tag: do-not-isolate", (12, 5), "there is no setting `tag`"),
    (EXCLUSIONS, "language: 1", "language: 3", (3, 1), "language"),
    // Playbooks.
    (PLAYBOOK, "any_of", "anyof", (12, 29), "there is no operator `anyof`"),
    (PLAYBOOK, "account.disable", "account.disble", (17, 9), "account.disble"),
];

fn place_with(file: &str, from: &str, to: &str) -> Place {
    let place = Place::with_site();
    place.write(SITE, SHORT);
    place.quell(&["check"]).well();
    place.change(file, from, to);
    place
}

#[test]
fn every_kind_of_mistake_is_found_at_its_place() {
    let mut wrong = Vec::new();
    for (file, from, to, (line, column), words) in MISTAKES {
        let place = place_with(file, from, to);
        let said = place.quell(&["check", "--json"]);
        let found = serde_json::from_str::<serde_json::Value>(&said.out).unwrap_or_default();
        let found = &found["diagnostics"][0];
        let at = &found["place"];
        let is_right = said.code == 1
            && at["file"].as_str().is_some_and(|name| name.ends_with(file))
            && at["line"] == *line
            && (at["column"] == *column || *column == 0)
            && found.to_string().contains(words);
        if !is_right {
            wrong.push(format!(
                "{file}: {to:?} should be found at {line}:{column}, saying {words:?}\n{said:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_line_is_shown_and_underlined() {
    let place = place_with(SITE, "calls_at_once", "callsatonce");
    let said = place.quell(&["check"]).with_code(1);
    for piece in [
        "--> quell.yaml:8:3",
        "8 |   callsatonce: 64",
        "^^^^^^^^^^^",
        "did you mean: `calls_at_once`",
        "1 error",
    ] {
        assert!(said.err.contains(piece), "{piece:?} is missing:\n{}", said.err);
    }
}

#[test]
fn no_command_works_on_a_site_with_a_mistake() {
    let place = place_with(SITE, "calls_at_once", "callsatonce");
    for args in
        [&["run"][..], &["runs", "list"], &["replay", "alerts"], &["store", "stats"], &["exclusions", "list"]]
    {
        let said = place.quell(args).with_code(3);
        assert!(said.err.contains("quell.yaml:8:3"), "{args:?}: {}", said.err);
    }
    assert!(!place.path("state").exists());
}

#[test]
fn a_secret_that_is_written_out_is_refused_and_never_shown() {
    let kafka = "files: [alerts]\n";
    for (section, line) in [
        (
            "kafka:\n    connection:\n      brokers: [b:9092]\n      security:\n        sasl: { mechanism: PLAIN, username: u, password: hunter2-hunter2 }\n    topics: [a]\n    group: g\n",
            7,
        ),
        (
            "kafka:\n    connection:\n      brokers: [b:9092]\n      security:\n        tls: { key_password: hunter2-hunter2 }\n    topics: [a]\n    group: g\n",
            7,
        ),
    ] {
        let place = place_with(SITE, kafka, section);
        let said = place.quell(&["check"]).with_code(1);
        assert!(said.err.contains("a secret never stands here"), "{}", said.err);
        assert!(said.err.contains(&format!("quell.yaml:{line}:")), "{}", said.err);
    }
    let directory = "active-directory:\n    servers: [\"ldaps://dc1.corp.example\"]\n    account: svc@corp.example\n    password: hunter2-hunter2\n  lab:";
    let place = place_with(SITE, "lab:", directory);
    let said = place.quell(&["check", "--json"]).with_code(1);
    assert!(said.out.contains("password"), "{}", said.out);
    assert!(!said.out.contains("hunter2"), "{}", said.out);
}

#[test]
fn mistakes_of_all_files_are_told_at_once() {
    let place = place_with(SITE, "folder: lab", "folder: lab");
    place.change(EXCLUSIONS, "because: Break", "becuase: Break");
    place.change(PLAYBOOK, "any_of", "anyof");
    let said = place.quell(&["check"]).with_code(1);
    assert!(
        said.err.contains("becuase") && said.err.contains("anyof") && said.err.contains("2 errors"),
        "{}",
        said.err
    );
}

#[test]
fn the_site_is_found_by_name_by_variable_and_by_folder() {
    let place = Place::new();
    place.quell(&["init", "site"]).well();
    place.quell(&["check"]).with_code(3);
    place.quell(&["check", "-c", "site/quell.yaml"]).well();
    place.shell("QUELL_CONFIG=site/quell.yaml quell check").well();
    place.shell("cd site && quell check").well();
    // What is named goes before what the environment says.
    place.shell("QUELL_CONFIG=nowhere.yaml quell check -c site/quell.yaml").well();
    place.shell("cd site && QUELL_CONFIG=nowhere.yaml quell check").with_code(3);
}
