use posthaste_core::{
    Network,
    connector::{AppCredentials, Hosts},
    secret::Secret,
};
use posthaste_engine::NetworkApps;
use serde::Deserialize;

/// Where the networks are, and the app registrations.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Networks {
    base_url: String,
    facebook: Registration,
    instagram: Registration,
    pinterest: Registration,
    x: Registration,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    client_id: String,
    client_secret: Secret,
}

impl Networks {
    /// Where the networks' hosts are.
    pub fn hosts(&self) -> Hosts {
        let base = self.base_url.trim_end_matches('/');
        Hosts {
            base: (!base.is_empty()).then(|| base.to_owned()),
        }
    }

    /// The app registrations that are set completely.
    pub fn apps(&self) -> NetworkApps {
        Network::ALL
            .into_iter()
            .filter_map(|network| {
                let app = self.registration(network);
                let complete = !app.client_id.is_empty() && !app.client_secret.is_empty();
                complete.then(|| {
                    (
                        network,
                        AppCredentials {
                            id: app.client_id.clone(),
                            secret: app.client_secret.clone(),
                        },
                    )
                })
            })
            .collect()
    }

    fn registration(&self, network: Network) -> &Registration {
        match network {
            Network::Facebook => &self.facebook,
            Network::Instagram => &self.instagram,
            Network::Pinterest => &self.pinterest,
            Network::X => &self.x,
        }
    }

    /// In the sandbox every network has a registration.
    pub(super) fn complete(&mut self, sandbox: bool) {
        if !sandbox {
            return;
        }
        for (name, app) in [
            ("facebook", &mut self.facebook),
            ("instagram", &mut self.instagram),
            ("pinterest", &mut self.pinterest),
            ("x", &mut self.x),
        ] {
            if app.client_id.is_empty() {
                app.client_id = format!("sandbox-{name}");
            }
            if app.client_secret.is_empty() {
                app.client_secret = Secret::new(format!("sandbox-{name}-secret"));
            }
        }
    }
}
