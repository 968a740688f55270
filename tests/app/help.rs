//! Every command explains itself, with an example, and completes itself in every shell.

use crate::place::Place;

/// Every command, as its words.
fn commands(place: &Place, words: &[String]) -> Vec<Vec<String>> {
    let help = help(place, words);
    let mut all = vec![words.to_vec()];
    for name in listed(&help) {
        all.extend(commands(place, &[words, &[name]].concat()));
    }
    all
}

fn help(place: &Place, words: &[String]) -> String {
    let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
    args.push("--help");
    place.quell(&args).well().out
}

/// The names under `Commands:`.
fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_command_has_an_example_of_itself() {
    let place = Place::new();
    let all = commands(&place, &[]);
    assert!(all.len() > 25, "{all:?}");
    let without: Vec<String> = all
        .iter()
        .filter(|words| !words.is_empty())
        .filter(|words| {
            let help = help(&place, words);
            let examples = help.split_once("Example").map(|(_, examples)| examples).unwrap_or_default();
            !examples.contains(&format!("quell {}", words.join(" ")))
        })
        .map(|words| words.join(" "))
        .collect();
    assert!(without.is_empty(), "without an example: {without:#?}");
}

#[test]
fn help_fits_a_narrow_terminal() {
    let place = Place::new();
    for words in commands(&place, &[]) {
        for line in help(&place, &words).lines() {
            assert!(line.chars().count() <= 120, "quell {}: {line}", words.join(" "));
        }
    }
}

#[test]
fn every_shell_gets_completions_with_every_command() {
    let place = Place::new();
    let all = commands(&place, &[]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = place.quell(&["completions", shell]).well().out;
        for word in all.iter().flatten() {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_scripts_are_accepted_by_the_shells_that_are_here() {
    let place = Place::new();
    place.shell("quell completions bash > quell.bash && bash -n quell.bash").well();
    place.shell("quell completions zsh > _quell && { ! command -v zsh || zsh -n _quell; }").well();
    place.shell("quell completions fish > quell.fish && { ! command -v fish || fish -n quell.fish; }").well();
}
