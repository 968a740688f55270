//! What Windows answers and Samba does not: stale values, its own words, referrals; and connections that break.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quell_action::{
    ActionError, AnyAction, Connection, Effect, Failure, LookUp, Outcome, Request, RequestKey, TargetKind,
};
use quell_alert::Identifier;
use quell_kit::conformance::clear;
use serde_json::{Value, json};

use crate::controller::domain::{Domain, stale};
use crate::controller::message::Verdict;
use crate::controller::objects::{guid_of, user};
use crate::controller::{Controller, Mood, Script, connect, target};

const DISABLE: usize = 0;
const ENABLE: usize = 1;
const FORCE: usize = 2;

/// A cleared request for an account of the small domain.
pub fn request(action: &dyn AnyAction, name: &str, params: Value) -> Request<Value> {
    let cleared = clear(&target(name), &action.info().spec).unwrap();
    Request::new(cleared, RequestKey("test".into()), Duration::from_secs(5), params)
}

/// What an action cannot do without.
pub fn params_of(action: &dyn AnyAction) -> Value {
    match action.info().spec.name.ends_with("_group") {
        true => json!({"group": "Quarantine"}),
        false => json!({}),
    }
}

/// The actions that change something of an account that is nobody's machine.
pub fn on_accounts(connection: &Connection) -> impl Iterator<Item = &Arc<dyn AnyAction>> {
    connection.actions.iter().filter(|action| {
        let spec = action.info().spec;
        spec.target == TargetKind::Account && !spec.only_looks()
    })
}

async fn call(connection: &Connection, at: usize, params: Value) -> Result<Outcome<Value>, ActionError> {
    let action = &connection.actions[at];
    action.execute(request(action.as_ref(), "Alice", params)).await
}

fn script(answer: Option<Verdict>, meanwhile: impl FnOnce(&mut Domain) + Send + 'static) -> Script {
    Script { answer, meanwhile: Box::new(meanwhile) }
}

fn scripted(scripts: Vec<Script>) -> Mood {
    Mood::Scripted(Arc::new(Mutex::new(scripts)))
}

fn control(controller: &Controller) -> String {
    controller.domain.lock().object("Alice").text("useraccountcontrol")
}

#[tokio::test]
async fn flags_that_somebody_else_sets_meanwhile_are_kept() {
    // Between our reading and our writing an administrator lets the password never expire.
    let mood =
        scripted(vec![script(None, |domain| domain.object("Alice").set("useraccountcontrol", "66048"))]);
    let controller = Controller::start(mood).await;
    let outcome = call(&controller.connect().await, DISABLE, json!({})).await.unwrap();
    assert_eq!(control(&controller), (0x1_0000 | 0x202).to_string());
    let Effect::Changed { before, .. } = outcome.effect else { panic!("{outcome:?}") };
    assert_eq!(before.0["user_account_control"], 66048);
}

#[tokio::test]
async fn whom_somebody_else_disables_meanwhile_we_did_not_disable() {
    let mood = scripted(vec![script(None, |domain| domain.object("Alice").set("useraccountcontrol", "514"))]);
    let controller = Controller::start(mood).await;
    let outcome = call(&controller.connect().await, DISABLE, json!({})).await.unwrap();
    assert_eq!(outcome.effect, Effect::Unchanged);
    assert_eq!(controller.domain.lock().changes, 0);
}

#[tokio::test]
async fn a_change_that_never_wins_gives_up_and_has_done_nothing() {
    let always = || script(Some(stale()), |_| {});
    let controller = Controller::start(scripted((0..9).map(|_| always()).collect())).await;
    let error = call(&controller.connect().await, DISABLE, json!({})).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Unavailable { .. }), "{error:?}");
    assert_eq!(control(&controller), "512");
}

#[tokio::test]
async fn an_answer_that_says_done_and_is_not_is_not_believed() {
    // Samba does this with a stale value: success, and nothing has changed.
    let mood = scripted(vec![script(Some(Verdict::good()), |_| {})]);
    let controller = Controller::start(mood).await;
    let outcome = call(&controller.connect().await, DISABLE, json!({})).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }));
    assert_eq!(control(&controller), "514");
    assert_eq!(controller.domain.lock().changes, 1);
}

#[tokio::test]
async fn what_was_taken_and_does_not_show_is_not_said_to_be_done() {
    for (name, failure) in [
        ("account.unlock", Failure::Unavailable { retry_after: None }),
        ("account.reset_password", Failure::Uncertain),
        ("account.add_to_group", Failure::Unavailable { retry_after: None }),
    ] {
        let controller = Controller::start(scripted(vec![script(Some(Verdict::good()), |_| {})])).await;
        controller.domain.lock().object("Alice").set("lockouttime", "134396935215665440");
        let connection = controller.connect().await;
        let action = connection.actions.iter().find(|one| one.info().spec.name == name).unwrap().as_ref();
        let error = action.execute(request(action, "Alice", params_of(action))).await.unwrap_err();
        assert_eq!(error.failure, failure, "{name}: {error}");
        assert_eq!(controller.domain.lock().changes, 0);
    }
}

#[tokio::test]
async fn whom_somebody_else_adds_meanwhile_we_did_not_add() {
    let already =
        Verdict::new(68, "00000562: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0\n\0");
    let quarantine = "CN=Quarantine,OU=Groups,DC=corp,DC=example";
    let mood =
        scripted(vec![script(Some(already), |domain| domain.object("Alice").set("memberof", quarantine))]);
    let controller = Controller::start(mood).await;
    let connection = controller.connect().await;
    let add = connection.actions.iter().find(|one| one.info().spec.name == "account.add_to_group").unwrap();
    let outcome =
        add.execute(request(add.as_ref(), "Alice", json!({ "group": "Quarantine" }))).await.unwrap();
    assert_eq!(outcome.effect, Effect::Unchanged);
}

#[tokio::test]
async fn refusals_of_windows_get_their_kind_and_advice() {
    let referral = Verdict {
        referral: Some("ldap://dc2.corp.example/".into()),
        ..Verdict::new(10, "0000202B: RefErr: DSID-03100781, data 0, 1 access points\n\0")
    };
    let policy = "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n\0";
    let busy = "0000200E: SvcErr: DSID-02070534, problem 5001 (BUSY), data 0\n\0";
    for (verdict, failure, word) in [
        (Verdict::new(53, policy), Failure::Rejected, "policy"),
        (referral, Failure::Rejected, "dc2.corp.example"),
        (crate::controller::domain::denied(), Failure::Forbidden, "Write userAccountControl"),
        (Verdict::new(51, busy), Failure::Unavailable { retry_after: None }, "BUSY"),
        (Verdict::new(32, "00000525: NameErr: DSID-0"), Failure::NotFound, "result code 32"),
    ] {
        let code = verdict.code;
        let controller = Controller::start(scripted(vec![script(Some(verdict), |_| {})])).await;
        controller.domain.lock().object("Alice").set("useraccountcontrol", "514");
        let error = call(&controller.connect().await, ENABLE, json!({})).await.unwrap_err();
        assert_eq!(error.failure, failure, "{error}");
        assert!(error.message.contains(word), "{error}");
        assert!(!error.message.contains(char::is_control), "{error}");
        assert_eq!(error.vendor.unwrap().status, Some(i64::from(code)));
        assert_eq!(controller.domain.lock().changes, 0);
    }
}

#[tokio::test]
async fn a_password_that_never_expires_is_cleared_and_changed_in_one_request() {
    let controller = Controller::start(Mood::Answers).await;
    controller.domain.lock().object("Alice").set("useraccountcontrol", "66048");
    let connection = controller.connect().await;
    let plain = call(&connection, FORCE, json!({})).await.unwrap();
    let Effect::Ineffective { why, .. } = &plain.effect else { panic!("{plain:?}") };
    assert!(why.contains("clear_password_never_expires"), "{why}");
    controller.domain.lock().changes = 0;
    let cleared = call(&connection, FORCE, json!({"clear_password_never_expires": true})).await.unwrap();
    assert!(matches!(cleared.effect, Effect::Changed { .. }), "{cleared:?}");
    assert_eq!(control(&controller), "512");
    assert_eq!(controller.domain.lock().changes, 1);
}

#[tokio::test]
async fn a_read_is_repeated_when_the_connection_breaks() {
    let done = Arc::new(Mutex::new(false));
    let controller = Controller::start(Mood::CutsOnce(Arc::clone(&done))).await;
    let outcome = call(&controller.connect().await, DISABLE, json!({})).await.unwrap();
    assert!(matches!(outcome.effect, Effect::Changed { .. }));
    assert!(*done.lock());
    assert_eq!(controller.sign_ins(), 2);
    assert_eq!(controller.domain.lock().changes, 1);
}

#[tokio::test]
async fn the_next_controller_is_asked_when_one_is_gone_or_hangs() {
    let domain = Arc::new(Mutex::new(Domain::new()));
    let gone = Controller::start(Mood::Answers).await.url.clone();
    for mood in [Mood::Silent, Mood::SilentOnSearch, Mood::Answers] {
        let (first, second) = (
            Controller::over(Arc::clone(&domain), mood).await,
            Controller::over(Arc::clone(&domain), Mood::Answers).await,
        );
        let connection = connect(&[&gone, &first.url, &second.url]).await;
        connection.actions[DISABLE].observe(&target("Alice"), &json!({})).await.unwrap();
    }
}

#[tokio::test]
async fn a_lost_change_is_never_sent_to_the_next_controller() {
    let domain = Arc::new(Mutex::new(Domain::new()));
    let first = Controller::over(Arc::clone(&domain), Mood::CutsAfterChange).await;
    let second = Controller::over(Arc::clone(&domain), Mood::Answers).await;
    let connection = connect(&[&first.url, &second.url]).await;
    let error = call(&connection, FORCE, json!({})).await.unwrap_err();
    assert_eq!(error.failure, Failure::Uncertain, "{error}");
    assert_eq!(domain.lock().changes, 1);
}

#[tokio::test]
async fn a_read_only_controller_is_passed_over() {
    let controller = Controller::start(Mood::Answers).await;
    controller.domain.lock().read_only = true;
    let connection = controller.connect().await;
    let error = call(&connection, DISABLE, json!({})).await.unwrap_err();
    assert!(error.message.contains("read-only"), "{error}");
    let names = [Identifier::upn("alice@corp.example").unwrap()];
    assert!(matches!(connection.directories[0].account(&names).await, Ok(LookUp::Found(_))));
}

#[tokio::test]
async fn controllers_and_built_in_accounts_are_refused_even_when_asked_for() {
    let controller = Controller::start(Mood::Answers).await;
    {
        let mut domain = controller.domain.lock();
        for (name, rid) in [("Administrator", 500), ("Guest", 501), ("krbtgt", 502), ("DC1$", 1500)] {
            domain.objects.push(user(name, guid_of(name), rid));
        }
        domain.object("DC1$").set("useraccountcontrol", "532480");
    }
    let connection = controller.connect().await;
    for name in ["Administrator", "Guest", "krbtgt", "DC1$"] {
        for action in on_accounts(&connection) {
            let request = request(action.as_ref(), name, params_of(action.as_ref()));
            let error = action.execute(request).await.unwrap_err();
            assert_eq!(error.failure, Failure::Forbidden, "{name}: {error}");
        }
    }
    assert_eq!(controller.domain.lock().changes, 0);
}

#[tokio::test]
async fn nobody_is_found_by_a_name_with_a_star() {
    let controller = Controller::start(Mood::Answers).await;
    let directory = controller.connect().await.directories[0].clone();
    for name in ["al*", "*", "alice)(objectClass=*"] {
        let names = [Identifier::sam("corp", name).unwrap()];
        assert_eq!(directory.account(&names).await.unwrap(), LookUp::NotFound, "{name}");
    }
}

#[tokio::test]
async fn groups_have_bounds() {
    let controller = Controller::start(Mood::Answers).await;
    let connection = controller.connect().await;
    let add = connection.actions.iter().find(|one| one.info().spec.name == "account.add_to_group").unwrap();
    let remove =
        connection.actions.iter().find(|one| one.info().spec.name == "account.remove_from_group").unwrap();
    controller.domain.lock().object("Alice").set("primarygroupid", "513");
    for (action, group, failure, word) in [
        (add, "Domain Admins", Failure::Forbidden, "administrative"),
        (add, "S-1-5-32-544", Failure::Forbidden, "administrative"),
        (add, "Nowhere", Failure::NotFound, "no group"),
        (add, "VI*", Failure::NotFound, "no group"),
        (add, "quell", Failure::NotFound, "no group"),
        (add, "EMEA\\VIP", Failure::Rejected, "another domain"),
        (add, "OTHER\\VIP", Failure::Rejected, "another domain"),
        (add, "alice@corp.example", Failure::Rejected, "names no group"),
        (add, "", Failure::Rejected, "names no group"),
        (remove, "Domain Users", Failure::Rejected, "primary group"),
    ] {
        let error =
            action.execute(request(action.as_ref(), "Alice", json!({"group": group}))).await.unwrap_err();
        assert_eq!(error.failure, failure, "{group}: {error}");
        assert!(error.message.contains(word), "{group}: {error}");
    }
    assert_eq!(controller.domain.lock().changes, 0);
}

#[tokio::test]
async fn accounts_under_which_services_run_keep_their_password() {
    let controller = Controller::start(Mood::Answers).await;
    controller.domain.lock().object("Alice").set("serviceprincipalname", "http/web1");
    let connection = controller.connect().await;
    let reset =
        connection.actions.iter().find(|one| one.info().spec.name == "account.reset_password").unwrap();
    let error = reset.execute(request(reset.as_ref(), "Alice", json!({}))).await.unwrap_err();
    assert_eq!(error.failure, Failure::Rejected);
    assert_eq!(controller.domain.lock().changes, 0);
    let meant = json!({"even_with_services": true});
    reset.execute(request(reset.as_ref(), "Alice", meant)).await.unwrap();
    assert_eq!(controller.domain.lock().changes, 1);
}

#[tokio::test]
async fn many_callers_do_not_wait_for_a_silent_controller_one_after_the_other() {
    let controller = Controller::start(Mood::Silent).await;
    let connection = controller.connect().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let action = connection.actions[DISABLE].clone();
        calls.spawn(async move { action.observe(&target("Alice"), &json!({})).await });
    }
    let all = async {
        while let Some(result) = calls.join_next().await {
            assert!(matches!(result.unwrap().unwrap_err().failure, Failure::Unavailable { .. }));
        }
    };
    // Connecting takes a second; fifty of them in a row would take fifty.
    tokio::time::timeout(Duration::from_secs(5), all).await.unwrap();
}
