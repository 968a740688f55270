use quell_action::AccountKey;
use quell_alert::Timestamp;

use super::*;

fn account(provider: &str, names: &[&str]) -> AccountFacts {
    AccountFacts {
        key: AccountKey { provider: provider.into(), realm: "contoso".into(), id: "x".into() },
        display: provider.to_owned(),
        identifiers: names.iter().map(|name| name.parse().unwrap()).collect(),
        groups: None,
        privileged: None,
        enabled: None,
        protected: None,
        read_at: Timestamp::UNIX_EPOCH,
    }
}

/// Ids that each directory copied from another account say more than a common login name.
#[test]
fn lasting_ids_that_disagree_keep_two_accounts_apart() {
    let guid = "ad_guid:265a9d10-0394-4447-a726-a5c6f62b4aa5";
    let own = account("active_directory", &[guid, "sid:S-1-5-21-1-2-3-1104"]);
    for (names, two) in [
        // The same GUID in other clothes, and one in which a single letter has another case.
        (vec!["immutable_id:EJ1aJpQDR0SnJqXG9itKpQ=="], false),
        (vec!["immutable_id:ej1aJpQDR0SnJqXG9itKpQ=="], true),
        (vec!["ad_guid:265a9d10-0394-4447-a726-a5c6f62b4aa6"], true),
        (vec!["sid:S-1-5-21-1-2-3-1105"], true),
        (vec!["sid:S-1-5-21-1-2-3-1104"], false),
        // A SID that Entra ID made is no SID of the domain.
        (vec!["sid:S-1-12-1-1943430372-1249052806-2496021943-3034400218"], false),
        // An anchor of the site's own choosing: an employee number.
        (vec!["immutable_id:12345"], false),
        (vec!["okta_id:00ub0oNGTSWTBKOLGLNR", "login:alice@contoso.example"], false),
        (vec![], false),
    ] {
        let other = account("okta", &names);
        assert_eq!(are_two(&own, &other), two, "{names:?}");
        assert_eq!(are_two(&other, &own), two, "{names:?}");
    }
}
