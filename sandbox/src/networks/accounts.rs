//! The people, pages and profiles that exist on the simulated networks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kinds::Network;

/// The one person who owns every account.
pub const PERSON_ID: &str = "10220000000000001";
/// Her name.
pub const PERSON_NAME: &str = "Ada Kovač";

/// A page, profile or user that posts can be made to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Where it lives.
    pub network: Network,
    /// The network's id.
    pub id: String,
    /// Handle, without `@`.
    pub username: String,
    /// Display name.
    pub name: String,
    /// Facebook page of an Instagram account, Instagram account of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<String>,
    /// Pinterest boards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boards: Vec<Board>,
}

/// A Pinterest board.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Board {
    /// The network's id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// An account as posts and grants name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRef {
    /// The network's id.
    pub id: String,
    /// Handle.
    pub username: String,
    /// Display name.
    pub name: String,
}

impl Account {
    /// The short form.
    pub fn reference(&self) -> AccountRef {
        AccountRef {
            id: self.id.clone(),
            username: self.username.clone(),
            name: self.name.clone(),
        }
    }
}

/// All accounts, by network and id; ids grow, so this is also the order of creation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Accounts(BTreeMap<Network, BTreeMap<String, Account>>);

impl Accounts {
    /// The two seeded accounts of each network.
    pub fn seeded() -> Self {
        let mut accounts = Self(BTreeMap::new());
        for network in Network::ALL {
            let [recipes, counter] = ["Recipes", "Behind the counter"];
            accounts.add(
                network,
                1,
                "harborstreet",
                "Harbor Street Bakery",
                [recipes, counter],
            );
            accounts.add(
                network,
                2,
                "northwind",
                "Northwind Journal",
                ["Essays", "Reading list"],
            );
        }
        accounts
    }

    /// Adds `count` numbered accounts; an Instagram account brings the page it is linked to.
    pub fn add_numbered(&mut self, network: Network, count: usize) -> Vec<Account> {
        (0..count)
            .map(|_| {
                let number = self.of(network).count() as u64 + 1;
                let boards = ["Board A", "Board B"];
                if network == Network::Instagram
                    && self
                        .get(Network::Facebook, &account_id(Network::Facebook, number))
                        .is_none()
                {
                    self.add_named(Network::Facebook, number, boards);
                }
                self.add_named(network, number, boards)
            })
            .collect()
    }

    /// One account.
    pub fn get(&self, network: Network, id: &str) -> Option<&Account> {
        self.0.get(&network)?.get(id)
    }

    /// One account, to change it.
    pub fn get_mut(&mut self, network: Network, id: &str) -> Option<&mut Account> {
        self.0.get_mut(&network)?.get_mut(id)
    }

    /// The accounts of a network, oldest first.
    pub fn of(&self, network: Network) -> impl Iterator<Item = &Account> {
        self.0.get(&network).into_iter().flat_map(BTreeMap::values)
    }

    fn add_named(&mut self, network: Network, number: u64, boards: [&str; 2]) -> Account {
        let username = format!("account{number}");
        self.add(
            network,
            number,
            &username,
            &format!("Account {number}"),
            boards,
        )
    }

    fn add(
        &mut self,
        network: Network,
        number: u64,
        username: &str,
        name: &str,
        boards: [&str; 2],
    ) -> Account {
        let account = Account {
            network,
            id: account_id(network, number),
            username: username.into(),
            name: name.into(),
            linked: self.link(network, number),
            boards: if network == Network::Pinterest {
                (0..2)
                    .map(|k| Board {
                        id: (549_755_885_175_100_000 + number * 10 + k).to_string(),
                        name: boards[k as usize].into(),
                    })
                    .collect()
            } else {
                Vec::new()
            },
        };
        self.0
            .entry(network)
            .or_default()
            .insert(account.id.clone(), account.clone());
        account
    }

    /// The account of the same number on the sister network, linked in both directions.
    fn link(&mut self, network: Network, number: u64) -> Option<String> {
        if network != Network::Instagram {
            return None;
        }
        let page = self.get_mut(Network::Facebook, &account_id(Network::Facebook, number))?;
        page.linked = Some(account_id(network, number));
        Some(page.id.clone())
    }
}

fn account_id(network: Network, number: u64) -> String {
    let base = match network {
        Network::Facebook => 104_857_601_000_000,
        Network::Instagram => 17_841_400_000_000_000,
        Network::Pinterest => 549_755_885_175_000_000,
        Network::X => 1_800_000_000_000_000_000_u64,
    };
    (base + number).to_string()
}
