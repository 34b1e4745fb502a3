//! Conversations in a real database: kept, listed, bounded, gone.

use std::path::Path;

use serde_json::json;
use sqlx::Row;
use taproot_schemas::feedback::{FeedbackReason, FeedbackRequest, Rating};
use taproot_schemas::question::TopicState;

use super::*;
use crate::AccessScope;

const SECRET: &str = "heliotrope-merger-canary";

fn turn(question: &str) -> StoredTurn {
    let answer = json!({
        "id": question, "conversation_id": "c", "question": question, "standalone_question": question, "status": "abstained",
        "answer": "", "short_answer": null, "sentences": [], "citations": [], "confidence": 0.0, "mode": "extractive",
        "usage": {"chunks_searched": 0, "passages_read": 0}, "timings_ms": {"search": 0.0, "read": 0.0, "total": 0.0},
    });
    let answer = serde_json::from_value(answer).expect("an answer");
    StoredTurn {
        number: 0,
        asked_ms: now_ms(),
        carried: Vec::new(),
        sure: false,
        answer,
        feedback: None,
        handed_on_ms: None,
    }
}

fn everything() -> Reach {
    Reach::of(&AccessScope::owner())
}

async fn aged(conversations: &Conversations, id: &str, by: Duration) {
    sqlx::query("UPDATE conversations SET updated_ms = updated_ms - $2 WHERE id = $1")
        .bind(id)
        .bind(i64::try_from(by.as_millis()).expect("a time"))
        .execute(&conversations.pool)
        .await
        .expect("updated");
}

/// Whether any file of the database has these bytes.
fn stands_in_files(folder: &Path, text: &str) -> bool {
    FILES.iter().any(|name| {
        let bytes = std::fs::read(folder.join(name)).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn another_s_conversation_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Conversations::open(folder.path(), 90).await.expect("open");
    let (ann, ben) = (Asker::Known("ann".into()), Asker::Known("ben".into()));
    kept.keep(&ann, &everything(), "c1", true, &turn("of ann")).await.expect("kept");
    kept.keep(&Asker::Anonymous, &everything(), "c2", true, &turn("of nobody")).await.expect("kept");
    for (asker, id) in [(&ben, "c1"), (&Asker::Anonymous, "c1"), (&ann, "c2"), (&ann, "c3")] {
        let gone = [
            kept.get(asker, id).await.map(drop),
            kept.turns(asker, id, 10).await.map(drop),
            kept.rename(asker, id, "mine").await,
            kept.delete(asker, id).await,
        ];
        for outcome in gone {
            assert!(matches!(outcome, Err(Error::ConversationNotFound)), "{asker:?} {id} {outcome:?}");
        }
        kept.keep(asker, &everything(), id, false, &turn("slipped in")).await.expect("nothing happens");
    }
    assert_eq!(kept.turns(&ann, "c1", 10).await.expect("there").len(), 1, "nobody else added a turn");
    assert!(kept.list(&ben, 10, None).await.expect("a list").conversations.is_empty());
}

#[tokio::test]
async fn what_is_deleted_is_gone_from_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Conversations::open(folder.path(), 90).await.expect("open");
    let ann = Asker::Known("ann".into());
    // Longer than a page, so that it overflows.
    kept.keep(&ann, &everything(), "c1", true, &turn(&format!("{SECRET} {}", "x".repeat(20_000)))).await.expect("kept");
    kept.keep(&ann, &everything(), "c2", true, &turn("stays")).await.expect("kept");
    assert!(stands_in_files(folder.path(), SECRET));
    kept.delete(&ann, "c1").await.expect("deleted");
    assert!(!stands_in_files(folder.path(), SECRET), "deleted text is overwritten, in the log too");
    assert!(stands_in_files(folder.path(), "stays"));
    // A turn that was under way when its conversation was deleted does not bring it back.
    kept.keep(&ann, &everything(), "c1", false, &turn(SECRET)).await.expect("nothing happens");
    assert!(matches!(kept.get(&ann, "c1").await, Err(Error::ConversationNotFound)));
}

#[tokio::test]
async fn what_is_too_old_goes_and_what_is_asked_in_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Conversations::open(folder.path(), 7).await.expect("open");
    let ann = Asker::Known("ann".into());
    for id in ["old", "young", "revived"] {
        kept.keep(&ann, &everything(), id, true, &turn(SECRET)).await.expect("kept");
    }
    aged(&kept, "old", DAY * 8).await;
    aged(&kept, "young", DAY * 6).await;
    aged(&kept, "revived", DAY * 8).await;
    kept.keep(&ann, &everything(), "revived", false, &turn("again")).await.expect("kept");
    assert_eq!(kept.sweep().await.expect("swept"), 1);
    let ids: Vec<String> =
        kept.list(&ann, 10, None).await.expect("a list").conversations.into_iter().map(|c| c.id).collect();
    assert_eq!(ids, ["revived", "young"]);
    kept.close().await;

    // Over a start with nothing to be kept, everything goes.
    let unkept = Conversations::open(folder.path(), 0).await.expect("open");
    assert!(unkept.list(&ann, 10, None).await.expect("a list").conversations.is_empty());
    unkept.keep(&ann, &everything(), "c", true, &turn(SECRET)).await.expect("kept for an hour");
    assert_eq!(unkept.turns(&ann, "c", 10).await.expect("there").len(), 1);
    assert!(std::fs::read_dir(folder.path()).expect("a folder").next().is_none(), "nothing is written");
    aged(&unkept, "c", UNKEPT + Duration::from_secs(1)).await;
    assert_eq!(unkept.sweep().await.expect("swept"), 1);
}

#[tokio::test]
async fn conversations_are_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    // What is counted is the same in memory.
    let memory = Conversations::open(folder.path(), 0).await.expect("open");
    let kept = Conversations { in_memory: false, kept: DAY, ..memory };
    let ann = Asker::Known("ann".into());
    kept.keep(&ann, &everything(), "long", true, &turn("first")).await.expect("kept");
    for number in 1..MAX_TURNS + 3 {
        kept.keep(&ann, &everything(), "long", false, &turn(&format!("question {number}"))).await.expect("kept");
    }
    let turns = kept.turns(&ann, "long", usize::MAX >> 1).await.expect("there");
    assert_eq!((turns.len(), turns[0].number), (MAX_TURNS as usize, 4), "the oldest went, numbers stay");

    for number in 0..MAX_CONVERSATIONS + 2 {
        kept.keep(&ann, &everything(), &format!("c{number:05}"), true, &turn("?")).await.expect("kept");
    }
    let mut ids = Vec::new();
    let mut cursor = None;
    loop {
        let page = kept.list(&ann, 300, cursor.as_deref()).await.expect("a page");
        ids.extend(page.conversations.into_iter().map(|conversation| conversation.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(ids.len(), MAX_CONVERSATIONS as usize);
    assert!(!ids.contains(&"long".to_owned()), "the one that rested longest went");
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "no page repeats another");
    assert!(kept.list(&ann, 10, Some("nonsense")).await.is_err());
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Conversations::open(folder.path(), 90).await.expect("open");
    sqlx::query("UPDATE meta SET value = '9'").execute(&kept.pool).await.expect("updated");
    kept.close().await;
    let refused = Conversations::open(folder.path(), 90).await.map(drop);
    assert!(matches!(refused, Err(Error::Incompatible { .. })), "{refused:?}");
}

async fn counted(kept: &Conversations, table: &'static str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    sqlx::query(sql).fetch_one(&kept.pool).await.expect("a count").try_get(0).expect("a number")
}

/// Files everything under one topic.
async fn filed(kept: &Conversations, topic: &str) {
    let unfiled = kept.unfiled(10_000).await.expect("questions").into_iter();
    let filed: Vec<Filed> = unfiled
        .map(|question| Filed {
            conversation: question.conversation,
            number: question.number,
            topic: question.topic.unwrap_or_else(|| topic.to_owned()),
            realm: question.realm,
            wording: Wording { terms: vec![question.standalone], vector: Some(vec![-127, 1]) },
        })
        .collect();
    kept.file(&filed).await.expect("filed");
}

#[tokio::test]
async fn what_is_said_of_an_answer_goes_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Conversations::open(folder.path(), 90).await.expect("open");
    let (ann, ben) = (Asker::Known("ann".into()), Asker::Known("ben".into()));
    kept.keep(&ann, &everything(), "c1", true, &turn("of ann")).await.expect("kept");
    let rating = |rating, comment: &str| FeedbackRequest {
        answer_id: "of ann".into(),
        rating,
        reason: Some(FeedbackReason::Outdated),
        comment: Some(comment.into()),
    };
    for asker in [&ben, &Asker::Anonymous] {
        let gone = [
            kept.rate(asker, &everything(), &rating(Rating::Up, "mine")).await.map(drop),
            kept.unrate(asker, "of ann").await,
            kept.hand_on(asker, &everything(), "of ann", None).await.map(drop),
        ];
        assert!(gone.iter().all(|outcome| matches!(outcome, Err(Error::AnswerNotFound))), "{gone:?}");
    }
    kept.rate(&ann, &everything(), &rating(Rating::Down, SECRET)).await.expect("rated");
    kept.rate(&ann, &everything(), &rating(Rating::Up, "better")).await.expect("rated again");
    assert!(!stands_in_files(folder.path(), SECRET), "the first comment is overwritten");
    kept.hand_on(&ann, &everything(), "of ann", Some(SECRET.into())).await.expect("passed on");
    filed(&kept, "t1").await;
    let turns = kept.turns(&ann, "c1", 10).await.expect("there");
    assert_eq!(turns[0].feedback.as_ref().and_then(|feedback| feedback.comment.as_deref()), Some("better"));
    assert!(turns[0].handed_on_ms.is_some());
    assert_eq!(kept.questions(&AccessScope::owner(), "t1").await.expect("questions")[0].notes, [SECRET]);

    kept.delete(&ann, "c1").await.expect("deleted");
    assert_eq!((counted(&kept, "feedback").await, counted(&kept, "asked").await), (0, 0));
    assert!(!stands_in_files(folder.path(), SECRET) && !stands_in_files(folder.path(), "of ann"));
    let (topics, _) =
        kept.topics(&AccessScope::owner(), &ListTopics { limit: 10, ..ListTopics::default() }).await.expect("a list");
    assert!(topics.is_empty(), "nothing is left to show of it: {topics:?}");
    assert!(matches!(kept.topic(&AccessScope::owner(), "t1").await, Err(Error::TopicNotFound { .. })));
    let decided = kept.decide("t1", TopicState::Answered, None, None).await;
    assert!(matches!(decided, Err(Error::TopicNotFound { .. })), "{decided:?}");
}

#[tokio::test]
async fn topics_count_and_open_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Conversations::open(folder.path(), 90).await.expect("open");
    let (ann, ben) = (Asker::Known("ann".into()), Asker::Known("ben".into()));
    for (asker, id) in [(&ann, "c1"), (&ann, "c2"), (&ben, "c3"), (&Asker::Anonymous, "c4"), (&Asker::Anonymous, "c5")]
    {
        kept.keep(asker, &everything(), id, true, &turn("Where is the pool?")).await.expect("kept");
    }
    filed(&kept, "t1").await;
    let told = async || {
        let topic = kept.topic(&AccessScope::owner(), "t1").await.expect("there");
        (topic.state, topic.count, topic.unanswered, topic.down, topic.askers)
    };
    assert_eq!(told().await, (TopicState::Open, 5, 5, 0, 4), "ann is one, each of nobody's conversations is one");
    let vector = kept.wordings().await.expect("wordings").swap_remove(0).wording.vector;
    assert_eq!(vector, Some(vec![-127, 1]));

    // Numbers outlive what was deleted; texts do not.
    kept.delete(&ben, "c3").await.expect("deleted");
    assert_eq!(told().await, (TopicState::Open, 5, 5, 0, 4));
    assert_eq!(kept.questions(&AccessScope::owner(), "t1").await.expect("questions").len(), 4);

    // What was asked before somebody decided does not open it again; what is asked after does.
    kept.decide("t1", TopicState::Answered, Some("d1"), Some("see there")).await.expect("decided");
    filed(&kept, "t1").await;
    assert_eq!(told().await.0, TopicState::Answered);
    let mut later = turn("Where is the pool?");
    later.asked_ms += 60_000;
    kept.keep(&ben, &everything(), "c6", true, &later).await.expect("kept");
    filed(&kept, "t2").await;
    assert_eq!(told().await, (TopicState::Open, 6, 6, 0, 4));
    let topic = kept.topic(&AccessScope::owner(), "t1").await.expect("there");
    assert_eq!((topic.document_id.as_deref(), topic.last_ms), (Some("d1"), later.asked_ms));
    kept.decide("t1", TopicState::Dismissed, None, None).await.expect("decided");
    later.asked_ms += 60_000;
    kept.keep(&ben, &everything(), "c7", true, &later).await.expect("kept");
    filed(&kept, "t3").await;
    assert_eq!(told().await.0, TopicState::Dismissed, "it stays so");
}

#[tokio::test]
async fn a_rating_that_is_taken_back_counts_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Conversations::open(folder.path(), 90).await.expect("open");
    let ann = Asker::Known("ann".into());
    let mut answered = turn("Where is the pool?");
    answered.answer.status = taproot_schemas::answer::Status::Answered;
    kept.keep(&ann, &everything(), "c1", true, &answered).await.expect("kept");
    assert!(kept.unfiled(10).await.expect("questions").is_empty(), "it was answered");
    let down =
        FeedbackRequest { answer_id: "Where is the pool?".into(), rating: Rating::Down, reason: None, comment: None };
    kept.rate(&ann, &everything(), &down).await.expect("rated");
    filed(&kept, "t1").await;
    kept.keep(&ann, &everything(), "c2", true, &turn("Where is the pool?!")).await.expect("kept");
    filed(&kept, "t2").await;
    let topic = kept.topic(&AccessScope::owner(), "t1").await.expect("there");
    assert_eq!((topic.count, topic.unanswered, topic.down), (2, 1, 1), "the same text but for a sign");
    kept.unrate(&ann, "Where is the pool?").await.expect("taken back");
    kept.unrate(&ann, "Where is the pool?").await.expect("as before");
    let topic = kept.topic(&AccessScope::owner(), "t1").await.expect("there");
    assert_eq!((topic.count, topic.unanswered, topic.down), (1, 1, 0));
}

#[tokio::test]
async fn topics_are_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    // What is counted is the same in memory.
    let memory = Conversations::open(folder.path(), 0).await.expect("open");
    let kept = Conversations { in_memory: false, kept: DAY, ..memory };
    let ann = Asker::Known("ann".into());
    for number in 0..203 {
        let mut asked = turn(&format!("question {number}"));
        asked.asked_ms += number;
        kept.keep(&ann, &everything(), "c1", number == 0, &asked).await.expect("kept");
        if number == 150 {
            // The first of them are filed before they go, with the oldest turns of the conversation.
            filed(&kept, "t1").await;
        }
    }
    kept.keep(&ann, &everything(), "c2", true, &turn("one more")).await.expect("kept");
    filed(&kept, "t1").await;
    let topic = kept.topic(&AccessScope::owner(), "t1").await.expect("there");
    assert_eq!(topic.count, 204, "what went is counted");
    assert_eq!(kept.questions(&AccessScope::owner(), "t1").await.expect("questions").len(), 200);
}

/// As the program before this one wrote it.
const SCHEMA_1: &str = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE conversations (id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, created_ms BIGINT NOT NULL,
        updated_ms BIGINT NOT NULL);
    CREATE TABLE turns (conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        number BIGINT NOT NULL, asked_ms BIGINT NOT NULL, carried TEXT NOT NULL, sure BIGINT NOT NULL, answer TEXT NOT NULL,
        PRIMARY KEY (conversation_id, number));
    INSERT INTO meta VALUES ('schema', '1');";

#[tokio::test]
async fn a_file_of_before_is_brought_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let pool = on_disk(&folder.path().join(FILE)).await.expect("open");
    sqlx::raw_sql(SCHEMA_1).execute(&pool).await.expect("made");
    sqlx::query("INSERT INTO conversations VALUES ('c1', 'ann', 'a title', $1, $1)")
        .bind(now_ms())
        .execute(&pool)
        .await
        .expect("inserted");
    for number in 1..=450_i64 {
        let mut old = turn(&format!("question {number}"));
        if number % 2 == 0 {
            old.answer.status = taproot_schemas::answer::Status::Answered;
        }
        sqlx::query("INSERT INTO turns VALUES ('c1', $1, $2, '[]', 0, $3)")
            .bind(number)
            .bind(now_ms())
            .bind(serde_json::to_string(&old.answer).expect("JSON"))
            .execute(&pool)
            .await
            .expect("inserted");
    }
    pool.close().await;

    for _again in 0..2 {
        let kept = Conversations::open(folder.path(), 90).await.expect("open");
        let ann = Asker::Known("ann".into());
        assert_eq!(kept.turns(&ann, "c1", 1_000).await.expect("there").len(), 450);
        assert_eq!(kept.unfiled(1_000).await.expect("questions").len(), 225, "refused questions of before are noted");
        let up = FeedbackRequest { answer_id: "question 450".into(), rating: Rating::Up, reason: None, comment: None };
        kept.rate(&ann, &everything(), &up).await.expect("old answers can be rated");
        kept.close().await;
    }
}

#[tokio::test]
async fn questions_are_shown_to_whoever_sees_as_much() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Conversations::open(folder.path(), 90).await.expect("open");
    let of = |groups: &[&str], collections: &[&str]| {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        AccessScope::groups(list(groups)).within((!collections.is_empty()).then(|| list(collections)))
    };
    let asked = [("c1", of(&["hr"], &["a"])), ("c2", of(&["it"], &["a"])), ("c3", of(&["hr"], &["b"]))];
    for (number, (id, scope)) in asked.iter().enumerate() {
        let asker = Asker::Known(format!("asker {number}"));
        kept.keep(&asker, &Reach::of(scope), id, true, &turn("Where is the pool?")).await.expect("kept");
        // The same text, and not the same topic where the collections are others.
        filed(&kept, &format!("t{number}")).await;
    }
    let shown = async |scope: AccessScope| {
        let list = ListTopics { limit: 10, ..ListTopics::default() };
        let (topics, _) = kept.topics(&scope, &list).await.expect("a list");
        let mut shown = Vec::new();
        for topic in topics {
            shown.push((topic.id.clone(), kept.questions(&scope, &topic.id).await.expect("questions").len()));
        }
        shown.sort();
        shown
    };
    let told = |pairs: &[(&str, usize)]| pairs.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect::<Vec<_>>();
    assert_eq!(shown(AccessScope::owner()).await, told(&[("t0", 2), ("t2", 1)]));
    assert_eq!(shown(of(&["hr"], &["a"])).await, told(&[("t0", 1)]));
    assert_eq!(shown(of(&["hr", "it"], &["a", "b"])).await, told(&[("t0", 2), ("t2", 1)]));
    assert_eq!(shown(of(&["staff"], &["a"])).await, told(&[]));
    assert!(matches!(kept.topic(&of(&["hr"], &["b"]), "t0").await, Err(Error::TopicNotFound { .. })));
}
