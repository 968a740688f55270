use super::*;

const GUID: &str = "7d1f0d4e-1234-5678-9abc-def012345678";

fn account(identifiers: &[&str]) -> Account {
    Account {
        kind: AccountKind::Person,
        identifiers: identifiers.iter().map(|text| text.parse().unwrap()).collect(),
        name: None,
        display_name: None,
        entra_tenant: None,
        host: None,
        roles: Vec::new(),
        place: identifiers.join("+"),
    }
}

/// The merged accounts, each as its identifiers, and how many oddities there were.
fn merged(mentions: &[&[&str]]) -> (Vec<String>, usize) {
    let mut oddities = Vec::new();
    let accounts = merge(mentions.iter().map(|ids| account(ids)).collect(), &mut oddities);
    let shown =
        |account: &Account| account.identifiers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    (accounts.iter().map(shown).collect(), oddities.len())
}

/// All orders of the mentions.
fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.len() < 2 {
        return vec![items.to_vec()];
    }
    let mut all = Vec::new();
    for index in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(index);
        for mut order in orders(&rest) {
            order.insert(0, first.clone());
            all.push(order);
        }
    }
    all
}

#[test]
fn one_person_under_several_names_is_one_account_in_every_order() {
    let sid = "sid:S-1-5-21-1-2-3-1104";
    let entra = format!("entra_id:{GUID}");
    let mentions: [&[&str]; 4] = [
        &[sid, "sam:corp\\alice"],
        &[&entra, "upn:alice@x.example"],
        &["sam:corp\\alice", "upn:alice@x.example"],
        &[sid],
    ];
    for order in orders(&mentions) {
        let (accounts, oddities) = merged(&order);
        assert_eq!(accounts, [format!("{sid} {entra} upn:alice@x.example sam:corp\\alice")], "{order:?}");
        assert_eq!(oddities, 0);
    }
}

#[test]
fn lasting_ids_that_differ_keep_accounts_apart_in_every_order() {
    let mentions: [&[&str]; 4] = [
        &["sid:S-1-5-21-1-2-3-1104", "upn:alice@x.example"],
        &["sid:S-1-5-21-1-2-3-1105", "upn:alice@x.example"],
        &["upn:alice@x.example"],
        &["upn:alice@x.example"],
    ];
    for order in orders(&mentions) {
        let (accounts, oddities) = merged(&order);
        assert_eq!(accounts.len(), 3, "the bare name joins neither: {order:?} gave {accounts:?}");
        assert!(oddities >= 2);
        assert!(accounts.iter().all(|ids| ids.matches("sid:").count() <= 1));
    }
}

#[test]
fn weak_names_never_join() {
    let (accounts, _) =
        merged(&[&["name:alice"], &["sid:S-1-5-21-1-2-3-1104", "name:alice"], &["mail:a@x.example"]]);
    assert_eq!(accounts.len(), 3);
    let (accounts, _) = merged(&[&["name:alice"], &["name:alice"]]);
    assert_eq!(accounts, ["name:alice"], "the same weak name twice is said once");
}

#[test]
fn the_kind_that_allows_less_counts() {
    let mut oddities = Vec::new();
    let system = Account { kind: AccountKind::System, ..account(&["upn:a@x.example"]) };
    let accounts = merge(vec![account(&["upn:a@x.example"]), system], &mut oddities);
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].kind, AccountKind::System);
}

#[test]
fn many_contradictions_take_no_time() {
    let mentions: Vec<Account> = (0..3000)
        .map(|rid| account(&[&format!("sid:S-1-5-21-1-2-3-{}", rid + 1000), "upn:a@x.example"]))
        .collect();
    let mut oddities = Vec::new();
    assert_eq!(merge(mentions, &mut oddities).len(), 3000);
}
