use chrono::NaiveDate;

use super::{
    members::read,
    rules::{Severity, compare},
};

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2027, 6, 1).unwrap()
}

/// The changes between two schemas as `SEVERITY path: text`.
fn changes(old: &str, new: &str) -> Vec<String> {
    compare(&read(old).unwrap(), &read(new).unwrap(), today())
        .into_iter()
        .map(|change| {
            format!(
                "{} {}: {}",
                change.severity.as_str(),
                change.path,
                change.text
            )
        })
        .collect()
}

/// The one change, if any, when a line of a schema is replaced.
fn one(old: &str, new: &str) -> String {
    changes(old, new).join(" + ")
}

#[test]
fn the_same_schema_in_other_words_is_no_change() {
    let old = "\"One.\" type A { x: Int, y(a: Int = 1): [Int!]! }";
    let new = "type A { \"Two.\" y(\"Three.\" a: Int = 1): [Int!]! x: Int }";
    assert_eq!(one(old, new), "");
}

#[test]
fn what_is_removed_breaks_and_is_told_once() {
    for (old, new, told) in [
        (
            "type A { x: Int } type B { y(a: Int): Int }",
            "type A { x: Int }",
            "B",
        ),
        (
            "type A { x: Int y(a: Int): Int }",
            "type A { x: Int }",
            "A.y",
        ),
        ("type A { x(a: Int): Int }", "type A { x: Int }", "A.x(a)"),
        ("input A { x: Int y: Int }", "input A { x: Int }", "A.y"),
        ("enum A { X Y }", "enum A { X }", "A.Y"),
        (
            "type A { x: Int } type B { x: Int } union C = A | B",
            "type A { x: Int } type B { x: Int } union C = A",
            "C = B",
        ),
        (
            "interface A { x: Int } type B implements A { x: Int }",
            "interface A { x: Int } type B { x: Int }",
            "B implements A",
        ),
        ("directive @a(b: Int) on FIELD", "scalar X", "@a"),
        (
            "directive @a(b: Int) on FIELD",
            "directive @a on FIELD",
            "@a(b)",
        ),
        (
            "directive @a on FIELD | QUERY",
            "directive @a on FIELD",
            "@a on Query",
        ),
        (
            "schema { query: A mutation: A } type A { x: Int }",
            "schema { query: A } type A { x: Int }",
            "schema.mutation",
        ),
    ] {
        let told = format!("BREAKING {told}: removed without having been deprecated");
        let found = changes(old, new);
        assert!(found.contains(&told), "{found:?} lacks {told}");
        let breaking = found.iter().filter(|change| change.starts_with("BREAKING"));
        assert_eq!(breaking.count(), 1, "{found:?}");
    }
}

#[test]
fn what_is_added_is_safe_unless_requests_must_give_it() {
    for (old, new, told) in [
        (
            "scalar X",
            "scalar X type A { x(a: Int!): Int }",
            "SAFE A: added",
        ),
        (
            "type A { x: Int }",
            "type A { x: Int y(a: Int!): Int! }",
            "SAFE A.y: added",
        ),
        ("enum A { X }", "enum A { X Y }", "SAFE A.Y: added"),
        (
            "type A { x: Int }",
            "type A { x(a: Int): Int }",
            "SAFE A.x(a): added",
        ),
        (
            "type A { x: Int }",
            "type A { x(a: Int! = 1): Int }",
            "SAFE A.x(a): added",
        ),
        (
            "type A { x: Int }",
            "type A { x(a: Int!): Int }",
            "BREAKING A.x(a): added, and requests must give it",
        ),
        (
            "input A { x: Int }",
            "input A { x: Int y: Int }",
            "SAFE A.y: added",
        ),
        (
            "input A { x: Int }",
            "input A { x: Int y: Boolean! = false }",
            "SAFE A.y: added",
        ),
        (
            "input A { x: Int }",
            "input A { x: Int y: Int! }",
            "BREAKING A.y: added, and requests must give it",
        ),
    ] {
        assert_eq!(one(old, new), told);
    }
}

#[test]
fn types_of_answers_may_only_become_narrower() {
    let told = |from: &str, to: &str| {
        one(
            &format!("type A {{ x: {from} }}"),
            &format!("type A {{ x: {to} }}"),
        )
    };
    assert_eq!(told("Int", "Int!"), "SAFE A.x: was Int, is Int!");
    assert_eq!(told("[Int]", "[Int!]!"), "SAFE A.x: was [Int], is [Int!]!");
    for (from, to) in [
        ("Int!", "Int"),
        ("Int", "String"),
        ("Int", "[Int]"),
        ("[Int!]!", "[Int]!"),
    ] {
        assert_eq!(told(from, to), format!("BREAKING A.x: was {from}, is {to}"));
    }
}

#[test]
fn types_of_inputs_may_only_become_wider() {
    let told = |from: &str, to: &str| {
        one(
            &format!("input A {{ x: {from} }}"),
            &format!("input A {{ x: {to} }}"),
        )
    };
    assert_eq!(told("Int!", "Int"), "SAFE A.x: was Int!, is Int");
    assert_eq!(told("[Int!]!", "[Int]"), "SAFE A.x: was [Int!]!, is [Int]");
    assert_eq!(told("Int", "Int! = 3"), "SAFE A.x: was Int, is Int!");
    for (from, to) in [
        ("Int", "Int!"),
        ("Int!", "String!"),
        ("[Int]", "[Int!]"),
        ("Int", "[Int]"),
    ] {
        assert_eq!(told(from, to), format!("BREAKING A.x: was {from}, is {to}"));
    }
    assert_eq!(
        told("Int = 1", "Int = 2"),
        "RISKY A.x: the default was 1, is 2"
    );
    assert_eq!(
        told("Int = 1", "Int"),
        "RISKY A.x: the default was 1, is nothing"
    );
    assert_eq!(
        told("Int! = 1", "Int!"),
        "BREAKING A.x: lost its default, so requests must give it"
    );
}

#[test]
fn a_type_keeps_its_kind_and_a_root_its_type() {
    assert_eq!(
        one("type A { x: Int }", "interface A { x: Int }"),
        "BREAKING A: was a type, is a interface"
    );
    assert_eq!(
        one("scalar A", "enum A { X }"),
        "BREAKING A: was a scalar, is a enum + SAFE A.X: added"
    );
    assert_eq!(
        one(
            "schema { query: A } type A { x: Int } type B { x: Int }",
            "schema { query: B } type A { x: Int } type B { x: Int }"
        ),
        "BREAKING schema.query: was A, is B"
    );
}

fn deprecated(reason: &str) -> String {
    format!("type A {{ x: Int y: Int @deprecated(reason: \"{reason}\") }}")
}

#[test]
fn what_was_deprecated_goes_on_its_day_and_not_before() {
    let gone = "type A { x: Int }";
    let told = |reason: &str| one(&deprecated(reason), gone);
    assert_eq!(
        told("use x; removed 2027-06-01"),
        "SAFE A.y: removed after its deprecation"
    );
    assert_eq!(
        told("use x; removed 2027-06-02"),
        "BREAKING A.y: removed before 2027-06-02"
    );
    assert_eq!(
        told("old"),
        "BREAKING A.y: removed, and its deprecation named no day"
    );
    let values = "enum A { X Y @deprecated(reason: \"use X; removed 2027-01-01\") }";
    assert_eq!(
        one(values, "enum A { X }"),
        "SAFE A.Y: removed after its deprecation"
    );
    let arguments =
        "type A { x(a: Int @deprecated(reason: \"use b; removed 2027-01-01\"), b: Int): Int }";
    assert_eq!(
        one(arguments, "type A { x(b: Int): Int }"),
        "SAFE A.x(a): removed after its deprecation"
    );
}

#[test]
fn types_go_with_the_last_field_that_named_them() {
    let old = |day: &str| {
        format!(
            "type A {{ x: Int y: B @deprecated(reason: \"use x; removed {day}\") }} type B {{ c: C }} type C {{ z: Int }}"
        )
    };
    assert_eq!(
        changes(&old("2027-01-01"), "type A { x: Int }"),
        [
            "SAFE A.y: removed after its deprecation",
            "SAFE B: removed after its deprecation",
            "SAFE C: removed after its deprecation"
        ]
    );
    let early = changes(&old("2028-01-01"), "type A { x: Int }");
    assert!(
        early.iter().all(|change| change.starts_with("BREAKING")),
        "{early:?}"
    );
}

#[test]
fn a_deprecation_gives_twelve_months_and_is_never_brought_forward() {
    let fresh = "type A { x: Int y: Int }";
    assert_eq!(
        one(fresh, &deprecated("use x; removed 2028-06-01")),
        "SAFE A.y: deprecated: use x; removed 2028-06-01"
    );
    assert_eq!(
        one(fresh, &deprecated("use x; removed 2028-05-31")),
        "BREAKING A.y: deprecated until 2028-05-31; it must stay until 2028-06-01 at least"
    );
    assert_eq!(
        one(
            "type A { x: Int }",
            &deprecated("use x; removed 2027-07-01")
        ),
        "BREAKING A.y: deprecated until 2027-07-01; it must stay until 2028-06-01 at least + SAFE A.y: added"
    );
    assert_eq!(
        one(fresh, &deprecated("do not use")),
        "BREAKING A.y: its deprecation says 'do not use' instead of 'use X; removed YYYY-MM-DD'"
    );
    let running = deprecated("use x; removed 2027-12-01");
    assert_eq!(one(&running, &running), "");
    assert_eq!(
        one(&running, &deprecated("use x; removed 2027-11-30")),
        "BREAKING A.y: deprecated until 2027-11-30; it must stay until 2027-12-01 at least"
    );
    assert_eq!(
        one(&running, &deprecated("use z; removed 2027-12-02")),
        "SAFE A.y: deprecated: use z; removed 2027-12-02"
    );
    assert_eq!(one(&running, fresh), "SAFE A.y: no longer deprecated");
}

#[test]
fn the_product_s_own_schema_can_be_read() {
    let sdl = include_str!("../../../schema.graphql");
    let members = read(sdl).unwrap();
    assert!(members.len() > 500 && members.contains_key("Query.posts(first)"));
    assert!(compare(&members, &members, today()).is_empty());
    let without = sdl.replacen("\tdueAt: DateTime\n", "\tdueOn: DateTime\n", 1);
    let found = compare(&members, &read(&without).unwrap(), today());
    assert_eq!(
        found.first().map(|change| change.severity),
        Some(Severity::Breaking)
    );
}
