//! Faults.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};

use super::Refused;
use crate::networks::{
    Networks,
    faults::{Fault, FaultRule},
};

pub async fn list(State(networks): State<Networks>) -> Json<Vec<Fault>> {
    Json(networks.state().faults.active().to_vec())
}

pub async fn add(
    State(networks): State<Networks>,
    Json(rule): Json<FaultRule>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    if rule.probability.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
        return Err(Refused::bad("probability is a number from 0 to 1"));
    }
    let id = networks.state().faults.add(rule);
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

pub async fn remove(
    State(networks): State<Networks>,
    Path(id): Path<u64>,
) -> Result<StatusCode, Refused> {
    if networks.state().faults.remove(id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refused::missing(format!(
            "fault {id} is not in force: it ran out or was removed"
        )))
    }
}

pub async fn clear(State(networks): State<Networks>) -> StatusCode {
    networks.state().faults.clear();
    StatusCode::NO_CONTENT
}
