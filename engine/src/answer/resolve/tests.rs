//! Follow-ups in both languages: what they carry over, and when they stand alone.

use super::{Past, Resolved, resolve};
use crate::Result;

fn past(question: &str, carried: &[&str], answer: &str) -> Past {
    Past {
        question: question.to_owned(),
        carried: carried.iter().map(|text| (*text).to_owned()).collect(),
        sure: true,
        answer: (!answer.is_empty()).then(|| answer.to_owned()),
    }
}

/// Words are as rare as they are long: enough for a test, and no store is needed.
fn rarity(terms: &[String]) -> Result<Vec<f32>> {
    Ok(terms.iter().map(|term| term.chars().count().min(8) as f32).collect())
}

fn resolved(history: &[Past], question: &str) -> Resolved {
    resolve(history, question, &rarity).expect("rules do not fail")
}

/// The questions one after the other, none of them answered; how the last one was understood.
fn after(questions: &[&str]) -> Resolved {
    let mut history = Vec::new();
    let mut last = None;
    for question in questions {
        let Resolved { carried, sure, .. } = last.insert(resolved(&history, question)).clone();
        history.push(Past { question: (*question).to_owned(), carried, sure, answer: None });
    }
    last.expect("a question")
}

#[track_caller]
fn check(questions: &[&str], expected: &str) {
    assert_eq!(after(questions).standalone, expected, "{questions:?}");
}

#[test]
fn a_pronoun_is_replaced_by_what_it_stands_for() {
    check(&["What is throat cancer?", "Is it treatable?"], "Is throat cancer treatable?");
    check(
        &["What is throat cancer?", "Is it treatable?", "Tell me about lung cancer.", "What are its symptoms?"],
        "What are lung cancer's symptoms? (throat cancer)",
    );
    check(&["Which contractors do we employ?", "How are they paid?"], "How are contractors paid?");
    check(&["年假有多少天？", "它可以结转吗？"], "年假可以结转吗？");
}

#[test]
fn what_was_left_out_is_added() {
    check(&["How is annual leave carried over?", "And for contractors?"], "And for contractors? (annual leave)");
    check(&["How is annual leave carried over?", "Why?"], "Why? (annual leave)");
    check(&["年假最晚可以用到什么时候？", "那试用期呢？"], "那试用期呢？（年假）");
    check(&["差旅费怎么报销？", "需要哪些材料？"], "需要哪些材料？（差旅费）");
    check(&["年假有多少天？", "And for contractors?"], "And for contractors? (年假)");
}

#[test]
fn it_holds_over_several_turns() {
    check(
        &["How is annual leave carried over?", "And for contractors?", "And for interns?"],
        "And for interns? (annual leave)",
    );
}

#[test]
fn a_question_that_stands_alone_is_left_alone() {
    for questions in [
        &["How is annual leave carried over?"] as &[&str],
        &["How is annual leave carried over?", "What is the travel policy?"],
        &["How is annual leave carried over?", "How many days of annual leave do I have?"],
        &["年假有多少天？", "年假可以结转吗？"],
        // Another language, and no word that points back.
        &["年假最晚可以用到什么时候？", "How many zibblewocks are there on Neptune?"],
        &["How is annual leave carried over?", "差旅费怎么报销？"],
    ] {
        let found = after(questions);
        assert_eq!(found.standalone, *questions.last().expect("one"), "{questions:?}");
        assert!(found.carried.is_empty() && !found.sure, "{found:?}");
    }
}

#[test]
fn words_that_only_look_like_pointing_are_left() {
    let history = [past("How is annual leave carried over?", &[], "")];
    for question in [
        "Is it possible to open an account for annual leave?",
        "How long does it take to approve annual leave?",
        "Are there types of annual leave that are unpaid?",
    ] {
        assert_eq!(resolved(&history, question).standalone, question);
    }
    // The wolf is named in the question itself.
    let history = [past("Tell me about bears.", &[], "")];
    assert!(!resolved(&history, "When a wolf is tired, where does it sleep?").standalone.contains("does bears"));
    let history = [past("Tell me about the printer.", &[], "")];
    assert_eq!(resolved(&history, "Got it. Where is it?").standalone, "Got it. Where is printer?");
}

#[test]
fn an_answer_shows_what_the_conversation_is_about() {
    let answer = "The Great Wall was built over centuries. The Great Wall is maintained by the provinces.";
    let history =
        [past("Tell me about Jurassic Park.", &[], ""), past("Which wonder is oldest?", &["Jurassic Park"], answer)];
    let found = resolved(&history, "How long is it?");
    assert!(found.carried.contains(&"Great Wall".to_owned()), "{found:?}");
    assert!(found.sure);
}

#[test]
fn any_text_goes_in() {
    let history = [
        past("", &[""], ""),
        past("？！", &["…"], "\u{300}"),
        past(&"年假 it ".repeat(2_000), &[], &"x9 ".repeat(9_000)),
    ];
    for question in ["", "it", "它", "那", "’s", "what about", "呢", "\u{300}", &"them 它们 ".repeat(1_000)] {
        let found = resolved(&history, question);
        assert!(found.carried.len() <= 2, "{found:?}");
    }
}
