//! The text files of the checkout.

use std::{fs, path::Path};

use anyhow::Context;

const SKIPPED: [&str; 5] = ["target", "node_modules", "dist", "build", "fixtures"];

/// A text file, its path from the root with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// From the checkout's root.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl File {
    /// Whether the name ends in `.<extension>`.
    pub fn is(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|end| end == extension)
    }
}

/// Every text file outside hidden, built and recorded folders, in the order of their paths.
pub fn files(root: &Path) -> anyhow::Result<Vec<File>> {
    let mut found = Vec::new();
    walk(root, "", &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<File>) -> anyhow::Result<()> {
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || SKIPPED.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{path}/"), found)?;
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            found.push(File { path, text });
        }
    }
    Ok(())
}
