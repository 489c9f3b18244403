use std::time::Duration;

use posthaste_core::{ErrorCode, request::RequestKind};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use super::Histograms;

/// An answered HTTP request.
#[derive(Clone, Copy, Debug)]
pub struct HttpAnswer<'a> {
    /// The method.
    pub method: &'a str,
    /// The path without ids; none where there is no route.
    pub route: Option<&'a str>,
    /// The status.
    pub status: u16,
    /// Until its head was sent.
    pub took: Duration,
}

/// An answered GraphQL operation.
#[derive(Clone, Copy, Debug)]
pub struct OperationAnswer<'a> {
    /// Its name.
    pub name: &'a str,
    /// Query, mutation or subscription.
    pub kind: RequestKind,
    /// Its first error.
    pub error: Option<ErrorCode>,
    /// Until its answer; of a subscription until its end.
    pub took: Duration,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
#[expect(
    clippy::struct_field_names,
    reason = "the labels of OpenTelemetry's conventions"
)]
struct HttpLabels {
    http_request_method: &'static str,
    http_route: String,
    http_response_status_code: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OperationLabels {
    operation: String,
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ErrorLabels {
    operation: String,
    kind: &'static str,
    code: &'static str,
}

/// Rate, errors and duration of what is asked.
pub(super) struct Requests {
    http: Histograms<HttpLabels>,
    operations: Histograms<OperationLabels>,
    errors: Family<ErrorLabels, Counter>,
}

fn seconds() -> Histogram {
    Histogram::new([
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    ])
}

impl Requests {
    pub fn new(registry: &mut Registry) -> Self {
        let new = Self {
            http: Family::new_with_constructor(seconds),
            operations: Family::new_with_constructor(seconds),
            errors: Family::default(),
        };
        registry.register(
            "http_server_request_duration_seconds",
            "HTTP requests, until the head of the answer",
            new.http.clone(),
        );
        registry.register(
            "graphql_operation_duration_seconds",
            "Queries and mutations by the names of the registered operations",
            new.operations.clone(),
        );
        registry.register(
            "graphql_operation_errors",
            "Operations whose answer held a GraphQL error, by the code of the first",
            new.errors.clone(),
        );
        new
    }

    pub fn http(&self, answer: &HttpAnswer<'_>) {
        let labels = HttpLabels {
            http_request_method: method(answer.method),
            http_route: answer.route.unwrap_or("none").to_owned(),
            http_response_status_code: answer.status,
        };
        let took = answer.took.as_secs_f64();
        self.http.get_or_create(&labels).observe(took);
    }

    pub fn operation(&self, name: &str, answer: &OperationAnswer<'_>) {
        let kind = answer.kind.as_str();
        // How long somebody listens says nothing about the server.
        if answer.kind != RequestKind::Subscription {
            let labels = OperationLabels {
                operation: name.to_owned(),
                kind,
            };
            let took = answer.took.as_secs_f64();
            self.operations.get_or_create(&labels).observe(took);
        }
        if let Some(code) = answer.error {
            let labels = ErrorLabels {
                operation: name.to_owned(),
                kind,
                code: code.as_str(),
            };
            self.errors.get_or_create(&labels).inc();
        }
    }
}

/// Clients may invent methods; there must be an end to them.
fn method(name: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "HEAD", "OPTIONS", "PATCH", "DELETE", "PUT"];
    KNOWN
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or("_OTHER")
}
