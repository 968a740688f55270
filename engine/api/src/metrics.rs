//! `/metrics`: counters for Prometheus. Labels are names of playbooks and actions, never of people.

use axum::extract::State;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::router::Doors;

/// The program's counters.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

/// The bounds of the time histograms, in seconds: from one flush to one slow vendor.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0];

impl Metrics {
    /// Makes the recorder and installs it for the whole program.
    ///
    /// # Errors
    /// When one is installed already.
    pub fn install() -> Result<Self, BuildError> {
        let builder =
            PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(BuildError::FailedToSetGlobalRecorder)?;
        Ok(Self(handle))
    }

    /// Drops what is no longer needed of old samples; to be called every few seconds.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }

    fn render(&self) -> String {
        self.0.render()
    }
}

/// All counters, as text.
pub(crate) async fn metrics(State(doors): State<Doors>) -> String {
    doors.metrics.map(|metrics| metrics.render()).unwrap_or_default()
}
