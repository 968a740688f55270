//! The conformance suite notices every defect that was put into the toy, and nothing where there is none.

use quell_kit::conformance::check;

use crate::toy::{Defect, ToyBench};

async fn verdict(defect: Defect) -> String {
    check(&ToyBench::with(defect)).await.verdict()
}

#[tokio::test]
async fn a_connector_without_defects_conforms() {
    let report = check(&ToyBench::with(Defect::None)).await;
    assert_eq!(report.verdict(), "");
    assert_eq!(report.left_out, [] as [String; 0]);
}

#[tokio::test(start_paused = true)]
async fn every_defect_is_noticed() {
    for (defect, word) in [
        (Defect::SaysUnchanged, "says Unchanged"),
        (Defect::SaysChanged, "nothing was to be changed"),
        (Defect::WritesAgain, "the second call changed something again"),
        (Defect::WrongBefore, "its `before` is not what observe saw"),
        (Defect::WrongAfter, "its `after` is not what observe sees"),
        (Defect::BlindUndo, "the undo changed what"),
        (Defect::UndoesTwice, "the second undo does not say unchanged"),
        (Defect::UndoForgets, "undone, it is"),
        (Defect::CertainAfterLoss, "it may have happened, and the error says Unavailable"),
        (Defect::ClaimsSuccessAfterLoss, "0 changes took effect, and it says Changed"),
        (Defect::TouchesWhenLooking, "changes took effect where none should"),
        (Defect::LooksWrongly, "observe says that it is done before"),
        (Defect::LeaksInError, "shows a secret"),
        (Defect::LeaksInLog, "a secret stands in the logs"),
        (Defect::MixesUpRefusals, "the target is unknown"),
        (Defect::ForgetsTheHint, "throttled with a hint"),
        (Defect::TakesAnyTarget, "a target of another kind succeeded"),
        (Defect::NeverComesBack, "did not come back in time"),
    ] {
        let verdict = verdict(defect).await;
        assert!(verdict.contains(word), "{defect:?} was not noticed:\n{verdict}");
    }
}
