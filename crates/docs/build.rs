//! New files in the embedded folders must lead to a new build; the macro that embeds them watches only those it knows.

fn main() {
    for folder in ["../../docs", "../../api/operations"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
