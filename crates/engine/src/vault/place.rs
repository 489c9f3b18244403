//! The places of sealed values. A row is written as its typed id, as values sealed before data keys have it.

use posthaste_core::{
    ids::{ConnectionId, GrantId, WebhookEndpointId, WorkspaceId},
    ports::Place,
};
use posthaste_store::{
    idempotency::Scope,
    sealed::{Column, RowKey},
};

/// The place of an account's tokens, also once it is removed and they are still to be given back.
pub(crate) fn tokens(workspace: WorkspaceId, id: ConnectionId) -> Place {
    place(Column::ConnectionTokens, workspace, id.to_string())
}

pub(crate) fn verifier(workspace: WorkspaceId, id: GrantId) -> Place {
    place(Column::GrantVerifier, workspace, id.to_string())
}

pub(crate) fn accounts(workspace: WorkspaceId, id: GrantId) -> Place {
    place(Column::GrantAccounts, workspace, id.to_string())
}

/// The place of both secrets of an endpoint: the present one becomes the previous one as it is.
pub(crate) fn webhook_secret(workspace: WorkspaceId, id: WebhookEndpointId) -> Place {
    place(Column::WebhookSecret, workspace, id.to_string())
}

pub(crate) fn answer(scope: &Scope) -> Place {
    let row = format!("{} {} {}", scope.workspace, scope.credential, scope.key);
    place(Column::IdempotencyAnswer, scope.workspace, row)
}

/// The place of whatever a column holds in a row.
pub(super) fn of(column: Column, workspace: WorkspaceId, key: &RowKey) -> Place {
    match column {
        Column::ConnectionTokens | Column::RevocationTokens => tokens(workspace, key.id.into()),
        Column::GrantVerifier => verifier(workspace, key.id.into()),
        Column::GrantAccounts => accounts(workspace, key.id.into()),
        Column::WebhookSecret | Column::WebhookPreviousSecret => {
            webhook_secret(workspace, key.id.into())
        }
        Column::IdempotencyAnswer => answer(&Scope {
            workspace,
            credential: key.id,
            key: key.word.clone(),
        }),
    }
}

fn place(column: Column, workspace: WorkspaceId, row: String) -> Place {
    Place {
        table: column.table(),
        column: column.name(),
        workspace,
        row,
    }
}
