//! Rules on Cargo.toml: who may depend on whom, and the shared lints.

use toml::Table;

use super::tree::File;

/// Which crates of ours a crate may use: `core <- {store, connectors, media, plugins} <- engine <- {sandbox, api}`.
const LAYERS: [(&str, &[&str]); 13] = [
    ("core", &[]),
    ("postgres", &[]),
    ("sdk", &[]),
    ("store", &["core"]),
    ("connectors", &["core"]),
    ("docs", &["core"]),
    ("media", &["core"]),
    ("plugins", &["core"]),
    (
        "engine",
        &["core", "store", "connectors", "media", "plugins"],
    ),
    (
        "testkit",
        &["core", "store", "connectors", "media", "engine", "postgres"],
    ),
    (
        "sandbox",
        &[
            "core",
            "docs",
            "store",
            "connectors",
            "media",
            "engine",
            "postgres",
        ],
    ),
    (
        "api",
        &[
            "core",
            "docs",
            "store",
            "connectors",
            "media",
            "plugins",
            "engine",
            "postgres",
            "sdk",
        ],
    ),
    ("xtask", &["postgres"]),
];

/// Crates from outside that only some of ours may use.
const RESERVED: [(&str, &[&str]); 4] = [
    ("async-graphql", &["api"]),
    ("async-graphql-axum", &["api"]),
    ("axum", &["api", "sandbox"]),
    ("reqwest", &["connectors", "api", "sandbox", "sdk"]),
];

/// What would end the purity of the domain.
const NOT_IN_CORE: [&str; 5] = ["tokio", "axum", "diesel", "async-graphql", "reqwest"];

/// Checks every member's manifest.
pub fn check(files: &[File]) -> Vec<String> {
    let manifests = files
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"));
    manifests
        .flat_map(|file| check_one(&file.path, &file.text))
        .collect()
}

fn check_one(path: &str, text: &str) -> Vec<String> {
    let Ok(manifest) = text.parse::<Table>() else {
        return vec![format!("{path}: not valid TOML")];
    };
    let Some(name) = manifest
        .get("package")
        .and_then(|p| p.get("name"))
        .and_then(|n| n.as_str())
    else {
        return Vec::new();
    };
    let name = short(name);
    let mut breaches = Vec::new();
    if manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"))
        .and_then(toml::Value::as_bool)
        != Some(true)
    {
        breaches
            .push("add `[lints] workspace = true`: the lints are the same everywhere".to_owned());
    }
    breaches.extend(names(&manifest, "dependencies").filter_map(|used| forbidden(name, used)));
    // Tests may build their data with the layers above; only the domain's own tests stay inside.
    if name == "core" {
        let ours =
            names(&manifest, "dev-dependencies").filter(|used| used.starts_with("posthaste-"));
        breaches.extend(ours.map(|used| format!("core must not use {used}, not even in tests")));
    }
    breaches
        .into_iter()
        .map(|breach| format!("{path}: {breach}"))
        .collect()
}

fn names<'a>(manifest: &'a Table, section: &str) -> impl Iterator<Item = &'a str> {
    manifest
        .get(section)
        .and_then(|table| table.as_table())
        .into_iter()
        .flat_map(|table| table.keys().map(String::as_str))
}

fn short(package: &str) -> &str {
    package.strip_prefix("posthaste-").unwrap_or(package)
}

/// Why `name` must not depend on `used`.
fn forbidden(name: &str, used: &str) -> Option<String> {
    if let Some(ours) = used.strip_prefix("posthaste-") {
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            return Some(format!(
                "{name} has no place in the layers: add it to xtask/src/tidy/manifests.rs"
            ));
        };
        return (!allowed.contains(&ours))
            .then(|| format!("{name} must not depend on {ours} (see docs/architecture.md)"));
    }
    if name == "core" && NOT_IN_CORE.contains(&used) {
        return Some(format!("core is pure and must not depend on {used}"));
    }
    let (_, owners) = RESERVED.iter().find(|(reserved, _)| *reserved == used)?;
    (!owners.contains(&name)).then(|| format!("only {} may depend on {used}", owners.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, rest: &str) -> Vec<String> {
        check_one(
            "x/Cargo.toml",
            &format!("[package]\nname = \"posthaste-{name}\"\n[lints]\nworkspace = true\n{rest}"),
        )
    }

    #[test]
    fn layers_point_down_only() {
        assert_eq!(
            manifest(
                "engine",
                "[dependencies]\nposthaste-store.workspace = true\n"
            ),
            Vec::<String>::new()
        );
        assert_eq!(
            manifest(
                "store",
                "[dependencies]\nposthaste-connectors.workspace = true\n"
            ),
            ["x/Cargo.toml: store must not depend on connectors (see docs/architecture.md)"]
        );
        assert_eq!(
            manifest(
                "store",
                "[dev-dependencies]\nposthaste-testkit.workspace = true\n"
            ),
            Vec::<String>::new()
        );
    }

    #[test]
    fn the_domain_is_pure() {
        assert_eq!(
            manifest(
                "core",
                "[dependencies]\ntokio = \"1\"\n[dev-dependencies]\nposthaste-testkit.workspace = true\n"
            ),
            [
                "x/Cargo.toml: core is pure and must not depend on tokio",
                "x/Cargo.toml: core must not use posthaste-testkit, not even in tests"
            ]
        );
    }

    #[test]
    fn graphql_and_http_have_their_homes() {
        assert_eq!(
            manifest(
                "engine",
                "[dependencies]\nasync-graphql = \"7\"\nreqwest = \"0.13\"\n"
            ),
            [
                "x/Cargo.toml: only api may depend on async-graphql",
                "x/Cargo.toml: only connectors, api, sandbox, sdk may depend on reqwest"
            ]
        );
    }

    #[test]
    fn lints_are_shared() {
        assert_eq!(
            check_one("x/Cargo.toml", "[package]\nname = \"posthaste-core\"\n"),
            ["x/Cargo.toml: add `[lints] workspace = true`: the lints are the same everywhere"]
        );
    }
}
