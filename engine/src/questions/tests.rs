//! Questions that people ask for the same, and for something else; with the real models, because the bounds are theirs.

use std::path::Path;

use super::near::near;
use super::*;
use crate::models::{Choice, Models};

fn models() -> Models {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").join(".cache/models");
    Models::load(&dir, &Choice::default(), 1).expect("run python3 scripts/setup.py models")
}

const SAME: &[(&str, &str)] = &[
    ("How many days of annual leave do I get?", "How many days of annual leave can I take?"),
    ("How much vacation do we have?", "How many vacation days do employees have?"),
    ("Where can I park my car?", "Where do I park the car?"),
    ("How do I reset my VPN password?", "I forgot my VPN password, how can I reset it?"),
    ("Who approves travel expenses?", "Who has to approve my travel expenses?"),
    ("Can I bring my dog to the office?", "Are dogs allowed in the office?"),
    ("What does error ERR-4012 mean?", "What is ERR-4012?"),
    ("Is there a canteen?", "Do we have a canteen?"),
    ("How do I order a new laptop?", "How can I get a new laptop?"),
    ("When is the salary paid?", "On which day is the salary paid?"),
    ("年假有几天？", "我有几天年假？"),
    ("公司有停车位吗？", "公司的停车位在哪里？"),
    ("怎么重置VPN密码？", "VPN密码忘了，怎么重置？"),
    ("差旅费由谁审批？", "谁审批差旅费？"),
    ("办公室可以带宠物吗？", "可以带宠物来办公室吗？"),
];

const OTHER: &[(&str, &str)] = &[
    ("How many days of annual leave do I get?", "How many days of sick leave do I get?"),
    ("What does error ERR-4012 mean?", "What does error ERR-4013 mean?"),
    ("Who approves travel expenses?", "Who approves parental leave?"),
    ("How do I reset my VPN password?", "How do I reset the pump?"),
    ("Where can I park my car?", "Where can I charge my phone?"),
    ("When is the salary paid?", "When is the office closed?"),
    ("What was the budget of 2024?", "What was the budget of 2025?"),
    ("Is there a canteen?", "Is there a gym?"),
    ("年假有几天？", "病假有几天？"),
    ("差旅费由谁审批？", "产假由谁审批？"),
    ("怎么重置VPN密码？", "怎么申请VPN账号？"),
    ("年假有几天？", "How many days of annual leave do I get?"),
];

#[test]
fn the_same_question_in_other_words_is_one_topic() {
    let models = models();
    let of = |question: &str| wording(&models, question).expect("a wording");
    let wrong = |pairs: &[(&'static str, &'static str)], expected: bool| {
        let pairs = pairs.iter().filter(|(one, other)| near(&of(one), &of(other)).is_some() != expected);
        pairs.copied().collect::<Vec<_>>()
    };
    let (apart, together) = (wrong(SAME, true), wrong(OTHER, false));
    assert!(apart.is_empty() && together.is_empty(), "apart: {apart:?}\ntogether: {together:?}");
}
