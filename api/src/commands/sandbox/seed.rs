//! What `posthaste-sandbox seed` prints: whom and what the sample workspace holds.

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The sample workspace.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seed {
    /// Its id.
    pub workspace_id: String,
    /// An API key for each role.
    pub keys: Map<String, Value>,
    /// Who may sign in, with passwords.
    pub people: Vec<Map<String, Value>>,
    /// The accounts on the simulated networks.
    #[serde(default)]
    pub connections: Vec<Value>,
    /// A second workspace, to see that nothing of it is reachable from the first.
    #[serde(default)]
    pub other: Value,
}

impl Seed {
    /// Reads the last line that is an object: a seeder may print progress before.
    pub fn read(output: &str) -> anyhow::Result<Self> {
        let start = output.rfind("\n{").map_or(0, |at| at + 1);
        serde_json::from_str(output[start..].trim())
            .with_context(|| format!("the seeder printed something unexpected: {output}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_read_also_after_other_lines() {
        let text = "seeding\n{\n \"workspaceId\": \"ws_1\",\n \"keys\": {\"owner\": \"k\"},\n \"people\": [{\"email\": \"a@b\"}]\n}\n";
        let seed = Seed::read(text).unwrap();
        assert_eq!(seed.workspace_id, "ws_1");
        assert_eq!(seed.keys["owner"], "k");
        assert_eq!(seed.people[0]["email"], "a@b");
        assert!(Seed::read("nothing").is_err());
    }
}
