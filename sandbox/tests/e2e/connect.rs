//! Connecting accounts as a person does: the consent page in a browser, then the choice of accounts.

use std::collections::HashMap;

use posthaste_core::Network;
use posthaste_sandbox::networks::accounts::Account;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

const AUTHORIZE: &str = "mutation($input: ConnectionAuthorizeInput!) {
    connectionAuthorize(input: $input) { authorizeUrl grant { id } errors { code message } }
}";

const CREATE: &str = "mutation($input: ConnectionCreateInput!) {
    connectionCreate(input: $input) { connections { id remoteId } errors { code message } }
}";

impl Sandbox {
    /// Makes sure that a network has `count` accounts, connects them all and returns the connections.
    pub async fn connect(&self, network: Network, count: usize) -> Vec<String> {
        let missing = count - self.control.accounts(network).await.unwrap().len();
        if missing > 0 {
            self.control.add_accounts(network, missing).await.unwrap();
        }
        let accounts = self.control.accounts(network).await.unwrap();
        // Meta's pages take all accounts in one consent, the others one account each.
        let at_once = match network {
            Network::Facebook | Network::Instagram => accounts.len(),
            Network::Pinterest | Network::X => 1,
        };
        let mut connected = Vec::new();
        for accounts in accounts.chunks(at_once) {
            connected.extend(self.consent(network, accounts).await);
        }
        connected
    }

    async fn consent(&self, network: Network, accounts: &[Account]) -> Vec<String> {
        let asked = self
            .mutate(AUTHORIZE, json!({ "network": network.as_str() }))
            .await;
        self.allow(asked["authorizeUrl"].as_str().unwrap(), &accounts[0].id)
            .await;
        let ids: Vec<_> = accounts.iter().map(|account| &account.id).collect();
        let board = accounts[0]
            .boards
            .first()
            .filter(|_| network == Network::Pinterest)
            .map(|board| &board.id);
        let input =
            json!({ "grantId": asked["grant"]["id"], "accountIds": ids, "defaultBoardId": board });
        let made = self.mutate(CREATE, input).await;
        let by_account: HashMap<&str, &str> = made["connections"]
            .as_array()
            .unwrap()
            .iter()
            .map(ids_of)
            .collect();
        accounts
            .iter()
            .map(|account| by_account[account.id.as_str()].to_owned())
            .collect()
    }

    /// Opens the consent page, keeps every choice that may be kept, else chooses `account`, and allows.
    /// The network sends the browser back to Posthaste.
    async fn allow(&self, page: &str, account: &str) {
        let html = self
            .http
            .get(page)
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap()
            .text()
            .await
            .unwrap();
        let choices = html
            .split("name=\"account\" value=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        let many = html.contains("type=\"checkbox\"");
        let chosen = choices
            .filter(|choice| many || *choice == account)
            .map(|choice| ("account", choice));
        let form: Vec<_> = chosen.chain([("decision", "allow")]).collect();
        let back = self.http.post(page).form(&form).send().await.unwrap();
        let (status, address) = (back.status(), back.url().to_string());
        assert_eq!(
            status.as_u16(),
            200,
            "{address}: {}",
            back.text().await.unwrap()
        );
        assert!(address.starts_with(self.fact("/apiUrl")), "{address}");
    }
}

fn ids_of(connection: &Value) -> (&str, &str) {
    let text = |field| Value::as_str(&connection[field]).unwrap();
    (text("remoteId"), text("id"))
}
