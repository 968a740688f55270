//! `quell new`: a first version of a playbook and of its test, which pass `quell check` and `quell test`.

mod draft;

use std::fs;
use std::io::{BufRead, IsTerminal, stdin};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use quell_action::Catalogue;
use quell_playbook::{SourceFile, Surroundings, load, nearest};
use quell_run::rehearsal;

use super::Context;
use super::init::write;
use crate::config::Mistakes;
use crate::show::{FAINT, GOOD, HEAD, Show, styled};
use draft::{Draft, Each};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What is left out is asked for on a terminal. Nothing that is there already is written over, and nothing is
written that does not pass `quell check` and `quell test`. The new playbook only observes, unless told otherwise.

Examples:
  quell new
  quell new stolen-ticket --technique T1550.003 --each account --do account.disable
  quell new ransomware --title \"Isolate what encrypts\" --technique T1486 --each device --do device.isolate --act"
)]
pub(crate) struct Args {
    /// Its name: small letters, digits and dashes.
    name: Option<String>,
    /// What it does, in a line.
    #[arg(long)]
    title: Option<String>,
    /// For alerts with this ATT&CK technique; may be repeated.
    #[arg(long = "technique", value_name = "ID")]
    techniques: Vec<String>,
    /// For alerts at least this bad: informational, low, medium, high.
    #[arg(long, default_value = "medium", value_name = "SEVERITY")]
    severity: String,
    /// Through what it goes: account, device, or nothing.
    #[arg(long, value_enum, value_name = "KIND")]
    each: Option<Each>,
    /// What it does; may be repeated. `quell actions` lists what there is.
    #[arg(long = "do", value_name = "ACTION")]
    actions: Vec<String>,
    /// It acts, and does not only observe.
    #[arg(long)]
    act: bool,
    /// The folder of the playbooks.
    #[arg(long, default_value = "playbooks", value_name = "FOLDER")]
    folder: PathBuf,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let catalogue = quell_connectors::catalogue();
    let draft = drafted(args, &catalogue, context.show)?;
    let path = |end: &str| args.folder.join(format!("{}{end}", draft.name));
    let (playbook, test) = (path(".yaml"), path(".test.yaml"));
    if let Some(there) = [&playbook, &test].into_iter().find(|path| path.exists()) {
        bail!("nothing was written, for {} is there already", there.display());
    }
    let texts = (draft.playbook(&catalogue), draft.test(&catalogue));
    must_pass(&draft.name, (&texts.0, &texts.1), &catalogue)?;
    write(&playbook, &texts.0)?;
    write(&test, &texts.1)?;
    if context.show.json {
        context.show.json(&serde_json::json!({ "written": [playbook, test] }))?;
        return Ok(super::YES);
    }
    for path in [&playbook, &test] {
        context.show.aside(format_args!("{} {}", styled(GOOD, "wrote"), path.display()));
    }
    let folder = fs::canonicalize(&args.folder).unwrap_or_else(|_| args.folder.clone());
    context.show.aside(format_args!("\n{}", styled(HEAD, "Next:")));
    for (command, what) in [
        (format!("quell check {}", playbook.display()), "after every change"),
        (format!("quell test {}", folder.display()), "what it does, without touching anything"),
        (
            format!("quell explain ALERT.json --playbook {}", playbook.display()),
            "whether an alert of yours starts it",
        ),
    ] {
        context.show.aside(format_args!("  {command}   {}", styled(FAINT, what)));
    }
    Ok(super::YES)
}

/// What the flags say, and what a person answers to the rest.
fn drafted(args: &Args, catalogue: &Catalogue, show: Show) -> anyhow::Result<Draft> {
    let mut person = Person { is_there: stdin().is_terminal(), show };
    let name = match &args.name {
        Some(name) => name.clone(),
        None => person.answer("What is it called? (small letters and dashes)", None, "NAME")?,
    };
    let techniques = match args.techniques.as_slice() {
        [] => person
            .answer("For which ATT&CK techniques? (T1003.006, T1550)", Some(""), "--technique")?
            .split([',', ' '])
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect(),
        given => given.to_vec(),
    };
    let each = match args.each {
        Some(each) => each,
        None => person.answer("For each: account, device, nothing?", Some("account"), "--each")?.parse()?,
    };
    let actions = match args.actions.as_slice() {
        [] => {
            let offered: Vec<&str> = draft::fitting(catalogue, each);
            if person.is_there {
                show.aside(styled(FAINT, format_args!("There are: {}", offered.join(", "))));
            }
            let answer = person.answer("What does it do? (several with commas)", None, "--do")?;
            answer.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
        }
        given => given.to_vec(),
    };
    known(&actions, catalogue, each)?;
    let usual = format!("{} when an alert asks for it", actions.join(", "));
    let title = match &args.title {
        Some(title) => title.clone(),
        None => person.answer("What does it do, in a line?", Some(&usual), "--title")?,
    };
    let severity = args.severity.clone();
    Ok(Draft { name, title, techniques, severity, each, actions, acts: args.act })
}

/// The actions exist, and there is something for them to act on.
fn known(actions: &[String], catalogue: &Catalogue, each: Each) -> anyhow::Result<()> {
    for name in actions {
        let Some(info) = catalogue.named(name).next() else {
            let near = nearest::one(name, catalogue.iter().map(|info| info.spec.name));
            let hint = near.map(|near| format!("; the nearest is {near}")).unwrap_or_default();
            bail!("there is no action {name}{hint}: `quell actions` lists what there is");
        };
        if !each.has(info.spec.target) {
            bail!("{name} needs another kind of target: choose it with --each");
        }
    }
    if actions.is_empty() {
        bail!("a playbook does something: name an action with --do");
    }
    Ok(())
}

/// Nothing is written that its own test does not pass.
fn must_pass(name: &str, texts: (&str, &str), catalogue: &Catalogue) -> anyhow::Result<()> {
    // A name with dots is none; as that of a file it could stand for something else.
    let file =
        SourceFile { name: format!("{}.yaml", name.replace('.', "-")), bytes: texts.0.as_bytes().to_vec() };
    let loaded = load(&[file], catalogue, &Surroundings::default());
    let [playbook] = loaded.playbooks.as_slice() else {
        bail!(Mistakes { diagnostics: loaded.diagnostics, sources: loaded.sources });
    };
    if !loaded.is_usable() {
        bail!(Mistakes { diagnostics: loaded.diagnostics, sources: loaded.sources });
    }
    let tests = format!("{name}.test.yaml");
    let read = rehearsal::read(&tests, texts.1.as_bytes(), catalogue).map_err(|wrong| Mistakes {
        diagnostics: wrong.diagnostics,
        sources: [(tests.clone(), wrong.source.to_string())].into(),
    })?;
    for test in read {
        let no_file = |name: &str| Err(format!("there is no file {name}"));
        let alert = test.alert(no_file).map_err(anyhow::Error::msg)?;
        let played = test.play(alert.map(Arc::new), playbook, &[], catalogue).map_err(anyhow::Error::msg)?;
        if let Some(difference) = played.differences.first() {
            bail!(
                "the test {:?} does not pass ({}: expected {:?}, got {:?}); this is a defect of `quell new`",
                test.name,
                difference.what,
                difference.expected,
                difference.got
            );
        }
    }
    Ok(())
}

/// Whoever sits at the terminal, if anybody does.
struct Person {
    is_there: bool,
    show: Show,
}

impl Person {
    fn answer(&mut self, question: &str, usual: Option<&str>, flag: &str) -> anyhow::Result<String> {
        if !self.is_there {
            return match usual {
                Some(usual) => Ok(usual.to_owned()),
                None => bail!("there is nobody to ask: say it with {flag}"),
            };
        }
        let hint =
            usual.filter(|usual| !usual.is_empty()).map(|usual| format!(" [{usual}]")).unwrap_or_default();
        self.show.aside(format_args!("{}{}", styled(HEAD, question), styled(FAINT, hint)));
        let mut typed = String::new();
        stdin().lock().read_line(&mut typed)?;
        match (typed.trim(), usual) {
            ("", Some(usual)) => Ok(usual.to_owned()),
            ("", None) => bail!("nothing was written"),
            (answer, _) => Ok(answer.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_of_any_action_passes_its_own_test() {
        let catalogue = quell_connectors::catalogue();
        for (each, acts) in [(Each::Account, true), (Each::Device, true), (Each::Nothing, false)] {
            for action in draft::fitting(&catalogue, each) {
                let draft = Draft {
                    name: "draft".into(),
                    title: "A draft".into(),
                    techniques: vec!["T1550".into()],
                    severity: "medium".into(),
                    each,
                    actions: vec![action.to_owned()],
                    acts,
                };
                let texts = (draft.playbook(&catalogue), draft.test(&catalogue));
                let passed = must_pass("draft", (&texts.0, &texts.1), &catalogue);
                passed.unwrap_or_else(|error| panic!("{action}: {error:#}\n{}\n{}", texts.0, texts.1));
            }
        }
    }
}
