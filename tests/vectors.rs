//! Runs the test vectors: what the original engine answers, case by case.
//!
//! The folder is `tests/vectors`, or the one that `KUBECHIME_VECTORS` names; files may be missing.
//! Cases that are known to differ, each with its reason, are in `known-differences.txt`.

mod vectors_runner;

use kubechime::expr::Version;
use vectors_runner::{expr, gotemplate, wire};

#[test]
fn expressions() {
    expr::run("expr.jsonl", Version::V1_16);
}

#[test]
fn expressions_of_the_newer_dialect() {
    expr::run("expr.jsonl", Version::V1_17);
}

#[test]
fn expressions_of_upstream() {
    expr::run("expr-upstream.jsonl", Version::V1_16);
}

#[test]
fn templates() {
    gotemplate::run();
}

#[test]
fn services_on_the_wire() {
    wire::run();
}
