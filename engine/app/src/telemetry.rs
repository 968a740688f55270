//! Logs and traces. Logs go to standard error: text on a terminal, JSON otherwise.

use std::io::{IsTerminal, stderr};

use anyhow::Context as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogFormat, Logs, Telemetry};

/// Keeps the export of traces going; dropped last.
pub(crate) struct Exporting(Option<SdkTracerProvider>);

impl Exporting {
    /// Sends what is still waiting. Blocks, for some seconds where the collector is away.
    pub(crate) async fn finish(self) {
        let Some(provider) = self.0 else { return };
        let _ = tokio::task::spawn_blocking(move || provider.shutdown()).await;
    }
}

/// Begins to log, and to export traces where an endpoint is set.
pub(crate) fn begin(logs: &Logs, telemetry: &Telemetry) -> anyhow::Result<Exporting> {
    let filter =
        EnvFilter::try_new(logs.level.as_deref().unwrap_or("info")).context("logs.level is not a filter")?;
    let text = match logs.format {
        Some(format) => format == LogFormat::Text,
        None => stderr().is_terminal(),
    };
    let lines = if text {
        tracing_subscriber::fmt::layer()
            .with_writer(stderr)
            .with_ansi(stderr().is_terminal())
            .with_target(false)
            .boxed()
    } else {
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(stderr).boxed()
    };
    let provider = telemetry.otlp_endpoint.as_deref().map(exporter).transpose()?;
    let spans = provider
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("quell")));
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(spans.map(|spans| spans.with_filter(EnvFilter::new("info"))))
        .try_init()
        .context("logging has begun already")?;
    Ok(Exporting(provider))
}

fn exporter(endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .build()
        .context("telemetry.otlp_endpoint cannot be used")?;
    let resource = opentelemetry_sdk::Resource::builder().with_service_name("quell").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
