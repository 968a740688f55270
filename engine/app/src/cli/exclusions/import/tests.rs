use quell_action::exclusion::form::EntryForm;

use super::*;

/// The mistakes of a table, each as `line:column field message`.
fn mistakes(table: &str) -> Vec<String> {
    let (_, mut mistakes) = read(table);
    mistakes.sort_by_key(|mistake| mistake.place);
    let told = |mistake: Mistake| {
        let Place { line, column } = mistake.place;
        let field = mistake.column.map(Column::name).unwrap_or("-");
        format!("{line}:{column} {field} {}", mistake.message)
    };
    mistakes.into_iter().map(told).collect()
}

#[test]
fn every_kind_is_one_that_an_entry_has() {
    for kind in KINDS {
        let (rows, mistakes) = read(&format!("kind,name,because\n{kind},something,They are needed\n"));
        assert_eq!(mistakes, []);
        let form: Result<EntryForm, _> = serde_json::from_value(rows[0].entry.clone());
        assert!(form.is_ok(), "{kind}: {form:?}");
    }
}

#[test]
fn a_row_is_the_entry_that_the_file_would_have() {
    let table = "Reason;Identifier;Kind;Expiry;Owner;Actions;Only\n\
                 On a plane;ceo@contoso.example;UPN;2026-12-31;Olivia;account.disable device.isolate;okta\n\
                 Tier 0;10.0.0.0/8;address;;;;\n";
    let (rows, mistakes) = read(table);
    assert_eq!(mistakes, []);
    assert_eq!(
        rows[0].entry,
        json!({
            "account": { "upn": "ceo@contoso.example" }, "because": "On a plane", "until": "2026-12-31",
            "owner": "Olivia", "actions": ["account.disable", "device.isolate"], "only": ["okta"],
        })
    );
    assert_eq!(rows[1].entry, json!({ "address": "10.0.0.0/8", "because": "Tier 0" }));
}

#[test]
fn every_mistake_is_told_at_its_cell() {
    let told =
        mistakes("kind,name,because\nupn,,x\nmail order,a@b,x\nsid,S-1-5-18,x,y\nupn,\"a\"b,x\n,a,b\n");
    let begins: Vec<&str> = told.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        begins,
        [
            "2:1 name is missing",
            "3:1 kind \"mail order\" is none",
            "4:16 - the row has 4 cells and the table 3 columns; a cell with a comma stands in \"quotes\"",
            "5:8 - after a closing quote comes the next cell; a quote inside of quotes is written twice",
            "6:1 kind is missing",
        ]
    );
}

#[test]
fn a_table_without_its_columns_is_refused_as_a_whole() {
    assert_eq!(mistakes("")[0], "1:1 - the file has no first line: kind,name,because");
    assert_eq!(mistakes("kind,name\nupn,a@b\n"), ["1:1 - the column because is missing"]);
    assert_eq!(mistakes("kind,name,identifier,because\n"), ["1:11 - there is a column name already"]);
    assert_eq!(
        mistakes("kind,name,because,colour\n"),
        ["1:19 - there is no column \"colour\": they are kind, name, because, until, owner, actions, only"]
    );
}

#[test]
fn what_the_engine_refuses_is_told_at_its_cell() {
    let (rows, _) = read("because,kind,name,until\nx,upn,a@b,tomorrow\n");
    let at = |place: &str| rows[0].mistake(place, String::new()).place.column;
    assert_eq!((at("account.upn"), at("until"), at("because"), at("")), (7, 11, 1, 7));
    assert_eq!(at("owner"), 1, "a column that is not there: the beginning of the row");
}
