use std::collections::BTreeMap;

/// The samples of an OpenMetrics text by name and labels as they are written. Fails the test where the text is
/// none: a sample without a type, one that comes twice, no end.
pub fn samples(text: &str) -> BTreeMap<String, f64> {
    let body = text.strip_suffix("# EOF\n").expect("the end mark");
    let mut samples = BTreeMap::new();
    let mut family = String::new();
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            rest.split_once(' ')
                .expect("a type")
                .0
                .clone_into(&mut family);
        } else if !line.starts_with("# HELP ") && !line.starts_with("# UNIT ") {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            assert!(
                name.starts_with(&family) && !family.is_empty(),
                "{line} is of no family"
            );
            let value = value.parse().expect("a number");
            assert_eq!(
                samples.insert(name.to_owned(), value),
                None,
                "{name} comes twice"
            );
        }
    }
    samples
}
