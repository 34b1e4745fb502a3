//! Conversations in a real database: whose they are, how long they are there, what is left of them.

use std::path::Path;

use serde_json::json;

use super::*;

const SECRET: &str = "heliotrope-merger-canary";

fn turn(question: &str) -> StoredTurn {
    let answer = json!({
        "id": "a", "conversation_id": "c", "question": question, "standalone_question": question, "status": "abstained",
        "answer": "", "short_answer": null, "sentences": [], "citations": [], "confidence": 0.0, "mode": "extractive",
        "usage": {"chunks_searched": 0, "passages_read": 0}, "timings_ms": {"search": 0.0, "read": 0.0, "total": 0.0},
    });
    let answer = serde_json::from_value(answer).expect("an answer");
    StoredTurn { number: 0, asked_ms: now_ms(), carried: Vec::new(), sure: false, answer }
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
    kept.keep(&ann, "c1", true, &turn("of ann")).await.expect("kept");
    kept.keep(&Asker::Anonymous, "c2", true, &turn("of nobody")).await.expect("kept");
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
        kept.keep(asker, id, false, &turn("slipped in")).await.expect("nothing happens");
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
    kept.keep(&ann, "c1", true, &turn(&format!("{SECRET} {}", "x".repeat(20_000)))).await.expect("kept");
    kept.keep(&ann, "c2", true, &turn("stays")).await.expect("kept");
    assert!(stands_in_files(folder.path(), SECRET));
    kept.delete(&ann, "c1").await.expect("deleted");
    assert!(!stands_in_files(folder.path(), SECRET), "deleted text is overwritten, in the log too");
    assert!(stands_in_files(folder.path(), "stays"));
    // A turn that was under way when its conversation was deleted does not bring it back.
    kept.keep(&ann, "c1", false, &turn(SECRET)).await.expect("nothing happens");
    assert!(matches!(kept.get(&ann, "c1").await, Err(Error::ConversationNotFound)));
}

#[tokio::test]
async fn what_is_too_old_goes_and_what_is_asked_in_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Conversations::open(folder.path(), 7).await.expect("open");
    let ann = Asker::Known("ann".into());
    for id in ["old", "young", "revived"] {
        kept.keep(&ann, id, true, &turn(SECRET)).await.expect("kept");
    }
    aged(&kept, "old", DAY * 8).await;
    aged(&kept, "young", DAY * 6).await;
    aged(&kept, "revived", DAY * 8).await;
    kept.keep(&ann, "revived", false, &turn("again")).await.expect("kept");
    assert_eq!(kept.sweep().await.expect("swept"), 1);
    let ids: Vec<String> =
        kept.list(&ann, 10, None).await.expect("a list").conversations.into_iter().map(|c| c.id).collect();
    assert_eq!(ids, ["revived", "young"]);
    kept.close().await;

    // Over a start with nothing to be kept, everything goes.
    let unkept = Conversations::open(folder.path(), 0).await.expect("open");
    assert!(unkept.list(&ann, 10, None).await.expect("a list").conversations.is_empty());
    unkept.keep(&ann, "c", true, &turn(SECRET)).await.expect("kept for an hour");
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
    kept.keep(&ann, "long", true, &turn("first")).await.expect("kept");
    for number in 1..MAX_TURNS + 3 {
        kept.keep(&ann, "long", false, &turn(&format!("question {number}"))).await.expect("kept");
    }
    let turns = kept.turns(&ann, "long", usize::MAX >> 1).await.expect("there");
    assert_eq!((turns.len(), turns[0].number), (MAX_TURNS as usize, 4), "the oldest went, numbers stay");

    for number in 0..MAX_CONVERSATIONS + 2 {
        kept.keep(&ann, &format!("c{number:05}"), true, &turn("?")).await.expect("kept");
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
