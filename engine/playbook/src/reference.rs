//! [`reference`]: the whole language on one page, made of what the checker and the schema know.
//!
//! Nothing in it is written twice: keys and their meaning are those of the schema for editors, names and operators those of
//! the checker, filters those of the renderer, mistakes the pages of their codes.

use std::fmt::Write as _;

use quell_action::Catalogue;
use serde_json::Value;

use crate::check::operators::operators_of;
use crate::names::{self, ENTITY_KINDS, Name};
use crate::template::FILTERS;
use crate::{codes, schema};

/// The language as a page of Markdown, with the actions of this catalogue.
pub fn reference(catalogue: &Catalogue) -> String {
    let schema = schema(catalogue);
    let mut page = String::from(
        "# The language of playbooks\n\nEvery key, name, operator and word. This page is made by `quell reference`; the tutorial is README.md.\n",
    );
    keys(&mut page, "A playbook", "The keys at the top of a file.", &schema, &schema);
    keys(&mut page, "What starts it", "Below `when`.", &schema["properties"]["when"], &schema);
    keys(
        &mut page,
        "For each",
        "Below the kind of entity under `for_each`.",
        &schema["$defs"]["each"],
        &schema,
    );
    keys(
        &mut page,
        "A step",
        "Each step has exactly one verb; the other keys are options.",
        &schema["$defs"]["step"],
        &schema,
    );
    keys(
        &mut page,
        "A way of `choose`",
        "The first whose `if` holds is taken.",
        &schema["$defs"]["way"],
        &schema,
    );
    keys(
        &mut page,
        "An approval",
        "Below `approval`: who is asked where anything needs a person.",
        &schema["$defs"]["approval"],
        &schema,
    );
    conditions(&mut page);
    names_in_scope(&mut page);
    filters(&mut page);
    if catalogue.iter().next().is_some() {
        actions(&mut page, catalogue);
    }
    mistakes(&mut page);
    page
}

fn heading(page: &mut String, title: &str, about: &str) {
    let _ = write!(page, "\n## {title}\n\n{about}\n\n");
}

/// The properties of a map, with what they take and mean.
fn keys(page: &mut String, title: &str, about: &str, map: &Value, root: &Value) {
    let Some(properties) = map["properties"].as_object() else { return };
    heading(page, title, about);
    page.push_str("| key | takes | meaning |\n| --- | --- | --- |\n");
    let required: Vec<&str> =
        map["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, value) in properties {
        let must = if required.contains(&key.as_str()) { " (must be there)" } else { "" };
        let described =
            value["description"].as_str().or_else(|| followed(value, root)["description"].as_str());
        let _ = writeln!(
            page,
            "| `{key}`{must} | {} | {} |",
            cell(&takes(value, 0)),
            cell(described.unwrap_or_default())
        );
    }
}

/// What a value may be, in words.
fn takes(value: &Value, depth: usize) -> String {
    if let Some(name) = value["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return match name {
            "duration" => "a span of time: `8h`".to_owned(),
            "steps" => "a list of steps".to_owned(),
            other => other.replace('_', " "),
        };
    }
    if let Some(words) = value["enum"].as_array() {
        return words.iter().map(|word| format!("`{}`", plain(word))).collect::<Vec<_>>().join(", ");
    }
    if !value["const"].is_null() {
        return format!("`{}`", plain(&value["const"]));
    }
    for alternatives in ["anyOf", "oneOf"] {
        if let Some(parts) = value[alternatives].as_array().filter(|_| value["type"].is_null() && depth < 2) {
            let mut words: Vec<String> = parts.iter().map(|part| takes(part, depth + 1)).collect();
            words.dedup();
            return words.join(" or ");
        }
    }
    match value["type"].as_str() {
        Some("string") => "text".to_owned(),
        Some("integer") => match (value["minimum"].as_i64(), value["maximum"].as_i64()) {
            (Some(least), Some(most)) => format!("{least} to {most}"),
            _ => "a whole number".to_owned(),
        },
        Some("number") => "a number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        Some("array") => format!("a list: {}", takes(&value["items"], depth + 1)),
        Some("object") => match value["properties"].as_object() {
            Some(members) if depth < 2 && !members.is_empty() => {
                let keys: Vec<String> = members.keys().map(|key| format!("`{key}`")).collect();
                format!("a map: {}", keys.join(", "))
            }
            _ => "a map".to_owned(),
        },
        _ => "any of several forms".to_owned(),
    }
}

fn followed<'a>(value: &'a Value, root: &'a Value) -> &'a Value {
    match value["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        Some(name) => &root["$defs"][name],
        None => value,
    }
}

fn conditions(page: &mut String) {
    heading(
        page,
        "Conditions",
        "`all`, `any` and `none` hold lists of conditions, which may be groups again. A condition is a name or a path and one operator. A value that is missing makes it unknown, and unknown never acts.",
    );
    page.push_str("| a name that is | can be asked |\n| --- | --- |\n");
    let mut seen: Vec<&str> = Vec::new();
    for name in names::names() {
        let word = name.kind.word();
        if seen.contains(&word) {
            continue;
        }
        seen.push(word);
        let operators: Vec<String> =
            operators_of(name.kind).iter().map(|operator| format!("`{operator}`")).collect();
        let _ = writeln!(page, "| {word}, as `{}` | {} |", name.name, operators.join(", "));
    }
    page.push_str("\nA path begins with `$`. Beside its operator stand `as` (`text`, `integer`, `number`, `boolean`, `time`) and, where it may find several values, `some: true` or `every: true`. `exactly: true` beside an operator on text makes case count.\n");
}

fn names_in_scope(page: &mut String) {
    heading(
        page,
        "Names",
        "What conditions, templates and `from` can name. A step's results are named by its `id`: `id.failed`, `id.skipped`, `id.error.kind`, and what it gives.",
    );
    let roots = ["alert"].into_iter().chain(ENTITY_KINDS.map(names::root_of)).chain(["lane", "run"]);
    for root in roots {
        let of_root: Vec<&Name> =
            names::names().iter().filter(|name| name.name.split('.').next() == Some(root)).collect();
        if of_root.is_empty() {
            continue;
        }
        let _ = write!(page, "### `{root}`\n\n| name | is | |\n| --- | --- | --- |\n");
        for name in of_root {
            let _ = writeln!(page, "| `{}` | {} | {} |", name.name, name.kind.word(), cell(name.summary));
        }
        if root == "alert" {
            let _ = writeln!(
                page,
                "| `alert.kept.NAME` | text | what a step has kept for the alert with `keep` |"
            );
        }
        page.push('\n');
    }
    page.push_str(
        "### `inputs`\n\n| name | is | |\n| --- | --- | --- |\n| `inputs.NAME` | of the kind that `inputs` declares | what the playbook was given by whoever started or called it |\n",
    );
}

fn filters(page: &mut String) {
    heading(page, "Filters", "In a text, `{{ name | filter }}` puts a value in.");
    page.push_str("| filter | gives |\n| --- | --- |\n");
    for filter in FILTERS {
        let _ = writeln!(page, "| `{}` | {} |", filter.name, cell(filter.summary));
    }
}

fn actions(page: &mut String, catalogue: &Catalogue) {
    heading(page, "Actions", "What `do` can name. `quell actions NAME` tells all of one.");
    page.push_str("| action | at | does | taken back by |\n| --- | --- | --- | --- |\n");
    for info in catalogue.iter() {
        let spec = &info.spec;
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            spec.name,
            spec.provider,
            cell(spec.summary),
            spec.undo.map(|undo| format!("`{undo}`")).unwrap_or_default()
        );
    }
}

fn mistakes(page: &mut String) {
    heading(page, "Mistakes", "`quell explain-code PB0404` says what, why, and how to mend it.");
    page.push_str("| code | |\n| --- | --- |\n");
    for code in codes::ALL {
        let title = code.page.lines().next().unwrap_or_default();
        let title = title.split_once(": ").map_or(title, |(_, title)| title);
        let _ = writeln!(page, "| {code} | {} |", cell(title));
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Text in a cell of a table: one line, and no bar.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}
