//! Rules on source files.

use super::tree::File;

const MOST_LINES: usize = 500;

const SOURCES: [&str; 8] = ["rs", "sql", "ts", "tsx", "js", "py", "sh", "html"];

/// A word that must not stand in Rust code, where it may, and why.
struct Banned {
    words: &'static [&'static str],
    except: &'static [&'static str],
    rule: &'static str,
}

const BANNED: [Banned; 4] = [
    Banned {
        words: &[concat!("#[", "allow("), concat!("#![", "allow(")],
        except: &[],
        rule: "use `#[expect(…, reason = \"…\")]` or follow the lint",
    },
    Banned {
        words: &[concat!("sql", "_query")],
        except: &["crates/store/", "crates/testkit/"],
        rule: "only crates/store writes SQL",
    },
    Banned {
        words: &[concat!("async_", "graphql::")],
        except: &["api/"],
        rule: "only api knows GraphQL",
    },
    Banned {
        words: &[concat!("req", "west::"), concat!("req", "west as ")],
        // The server's one client; the clients of people, simulators and tests are not the server.
        except: &[
            "api/tests/it/apps",
            "crates/connectors/src/http",
            "api/src/commands/client/",
            "sandbox/",
            "sdk-rust/",
        ],
        rule: "send requests through the Http port: its one client knows where they may go",
    },
];

/// Notes to oneself belong in an issue.
const NOTES: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// Checks every source file.
pub fn check(files: &[File]) -> Vec<String> {
    let sources = files
        .iter()
        .filter(|file| SOURCES.iter().any(|extension| file.is(extension)));
    sources.flat_map(check_one).collect()
}

fn check_one(file: &File) -> Vec<String> {
    let mut breaches = Vec::new();
    let lines = file.text.lines().count();
    if lines > MOST_LINES && !generated(file) {
        breaches.push(format!(
            "{}: {lines} lines: part it, {MOST_LINES} are the most",
            file.path
        ));
    }
    for (index, line) in file.text.lines().enumerate() {
        let rules = broken(file, line);
        breaches.extend(rules.map(|rule| format!("{}:{}: {rule}", file.path, index + 1)));
    }
    breaches
}

fn broken<'a>(file: &'a File, line: &'a str) -> impl Iterator<Item = String> + 'a {
    let banned = BANNED.iter().filter(move |banned| {
        file.is("rs")
            && banned.words.iter().any(|word| line.contains(word))
            && !banned
                .except
                .iter()
                .any(|folder| file.path.starts_with(folder))
    });
    let notes = NOTES.iter().filter(move |note| has_word(line, note));
    banned
        .map(|banned| banned.rule.to_owned())
        .chain(notes.map(|note| format!("no {note}: do it now or open an issue")))
}

/// A generated file says so in its first lines.
fn generated(file: &File) -> bool {
    file.text
        .lines()
        .take(5)
        .any(|line| line.contains("@generated"))
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<String> {
        check_one(&File {
            path: path.to_owned(),
            text: text.to_owned(),
        })
    }

    #[test]
    fn allow_is_refused_everywhere() {
        let line = concat!("fn a() {}\n#[", "allow(dead_code)]\n");
        assert_eq!(
            rules("core/src/a.rs", line),
            ["core/src/a.rs:2: use `#[expect(…, reason = \"…\")]` or follow the lint"]
        );
    }

    #[test]
    fn sql_stays_in_the_store() {
        let line = concat!("diesel::sql", "_query(\"SELECT 1\")\n");
        assert_eq!(rules("crates/store/src/a.rs", line), Vec::<String>::new());
        assert_eq!(
            rules("crates/engine/src/a.rs", line),
            ["crates/engine/src/a.rs:1: only crates/store writes SQL"]
        );
    }

    #[test]
    fn only_the_guarded_client_sends_requests() {
        let line = concat!("let http = req", "west::Client::builder();\n");
        assert_eq!(
            rules("crates/connectors/src/http.rs", line),
            Vec::<String>::new()
        );
        assert_eq!(
            rules("crates/connectors/src/x/api.rs", line),
            [
                "crates/connectors/src/x/api.rs:1: send requests through the Http port: its one client knows where they may go"
            ]
        );
    }

    #[test]
    fn notes_are_found_as_words() {
        assert_eq!(rules("a.sql", concat!("-- TO", "DO: later\n")).len(), 1);
        assert_eq!(
            rules("a.rs", concat!("// TO", "DOS and mastodon\n")),
            Vec::<String>::new()
        );
    }

    #[test]
    fn long_files_are_refused_unless_generated() {
        let long = "\n".repeat(501);
        assert_eq!(
            rules("a.rs", &long),
            ["a.rs: 501 lines: part it, 500 are the most"]
        );
        assert_eq!(
            rules("a.rs", &format!("// @generated by diesel\n{long}")),
            Vec::<String>::new()
        );
    }
}
