//! `taproot eval`: its figures are those of the sets' own script, it leaves the data directory alone, it tells a
//! difference from chance, and its page is a page.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use taproot_schemas::answer::{Answer, Status};
use taproot_schemas::eval::{Evaluation, FailureKind, FollowUpRow, FoundScores, Group, Verdict};

use crate::support::examples::examples;
use crate::support::taproot::{Taproot, told};
use crate::support::{evaldata, repository};

const FACTS: [(&str, &str, &str); 8] = [
    ("heron.md", "The grey heron waits at the weir. It catches eleven eels on a good day.", "en"),
    ("curlew.md", "The curlew calls at dusk. Its bill is fifteen centimetres long.", "en"),
    ("shuttle.md", "The shuttle bus leaves the main gate at 18:20. It runs on working days only.", "en"),
    ("probe.md", "Error ERR-4012 means that the probe is dry. Fill the tank and press reset.", "en"),
    ("试用期.md", "新员工的试用期为三个月。试用期满后由主管评估。", "zh"),
    ("年假.md", "员工每年享有十五天带薪年假。年假须在次年三月底前用完。", "zh"),
    ("报销.md", "差旅报销须在二十个工作日内提交。发票由财务部保管。", "zh"),
    ("班车.md", "班车傍晚六点二十分从公司门口开出。周末没有班车。", "zh"),
];

/// A set of rankings: graded judgments, two languages, a document that nothing finds.
fn ranking_set(folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    let corpus = FACTS.iter().map(|(id, text, _)| json!({"_id": id, "title": "", "text": text}));
    write_lines(&folder.join("corpus.jsonl"), corpus);
    let queries =
        [("q1", "ERR-4012"), ("q2", "试用期多久"), ("q3", "bus at the gate"), ("q4", "年假 报销"), ("q5", "unjudged")];
    write_lines(&folder.join("queries.jsonl"), queries.iter().map(|(id, text)| json!({"_id": id, "text": text})));
    let qrels = "query-id\tcorpus-id\tscore\nq1\tprobe.md\t1\nq1\theron.md\t2\nq2\t试用期.md\t1\nq3\tshuttle.md\t2\nq3\t班车.md\t1\nq4\t年假.md\t1\nq4\t报销.md\t1\nq4\tnowhere.md\t1\nq5\theron.md\t0\n";
    std::fs::write(folder.join("qrels.tsv"), qrels).expect("qrels");
}

/// A set of questions: with an answer and without, in two languages, with sources named in each way.
fn question_set(folder: &Path) {
    for (name, text, _) in FACTS {
        let path = folder.join("documents").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, format!("{text}\n")).expect("a document");
    }
    let questions = [
        json!({"id": "1", "lang": "en", "question": "How many eels does the grey heron catch on a good day?", "answers": ["eleven", "eleven eels"], "answerable": true, "doc": "documents/heron.md"}),
        json!({"id": "2", "lang": "en", "question": "What does ERR-4012 mean?", "answers": ["the tank is full"], "answerable": true, "doc": "documents/curlew.md", "doc_alternatives": ["documents/heron.md"]}),
        json!({"id": "3", "lang": "zh", "question": "新员工的试用期为多久？", "answers": ["三个月"], "answerable": true, "doc": "documents/试用期.md", "support": [{"doc": "documents/年假.md", "paragraph_index": 0}]}),
        json!({"id": "4", "lang": "zh", "question": "班车傍晚几点从公司门口开出？", "answers": ["6 点 20 分"], "answerable": true, "doc": "documents/班车.md"}),
        json!({"id": "5", "lang": "en", "question": "Who painted the ceiling of the opera house in Manaus?", "answers": [], "answerable": false, "doc": null}),
        json!({"id": "6", "lang": "en", "question": "When does the shuttle bus leave the main gate?", "answers": [], "answerable": false, "doc": null}),
        json!({"id": "7", "lang": "zh", "doc_lang": "en", "question": "ERR-4012 是什么意思？", "answers": ["the probe is dry"], "answers_other_lang": ["探头干了"], "answerable": true, "doc": "documents/probe.md"}),
    ];
    write_lines(&folder.join("questions.jsonl"), questions.into_iter());
}

fn write_lines(path: &Path, lines: impl Iterator<Item = Value>) {
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    std::fs::write(path, text).expect("a file");
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// What the sets' own script says.
#[track_caller]
fn metrics_py(arguments: &[&str]) -> Value {
    let script = evaldata::folder().join("metrics.py");
    let output = Command::new("python3").arg("-B").arg(&script).args(arguments).output().expect("python3 starts");
    assert!(output.status.success(), "{}", told(&output));
    serde_json::from_slice(&output.stdout).expect("metrics.py prints JSON")
}

/// The value of a metric over all questions; 0 where nothing says anything of it, as metrics.py has it.
#[track_caller]
fn value(group: &Group, name: &str) -> f64 {
    let metric = group.metrics.iter().find(|metric| metric.name == name);
    metric.unwrap_or_else(|| panic!("no {name}: {group:#?}")).estimate.map_or(0.0, |estimate| estimate.value)
}

#[track_caller]
fn agree(group: &Group, expected: &Value, names: &[(&str, &str)]) {
    for (ours, theirs) in names {
        let expected =
            expected.pointer(theirs).and_then(Value::as_f64).unwrap_or_else(|| panic!("{theirs}: {expected}"));
        let value = value(group, ours);
        assert!((value - expected).abs() <= 0.000_05 + 1e-9, "{ours} is {value}, metrics.py says {expected}");
    }
}

const RANKING: [(&str, &str); 4] =
    [("ndcg@10", "/ndcg@10"), ("mrr@10", "/mrr@10"), ("recall@10", "/recall@10"), ("recall@100", "/recall@100")];
const ANSWERS: [(&str, &str); 10] = [
    ("contains", "/contains"),
    ("em", "/em"),
    ("f1", "/f1"),
    ("squad2_em", "/squad2_em"),
    ("squad2_f1", "/squad2_f1"),
    ("citation_hit", "/citation_hit"),
    ("citation_recall", "/support_recall"),
    ("abstention_precision", "/abstention/precision"),
    ("abstention_recall", "/abstention/recall"),
    ("abstention_f1", "/abstention/f1"),
];

/// What `taproot ask --batch` answers, as metrics.py reads it.
#[track_caller]
fn predictions(taproot: &Taproot, questions: &Path) -> (PathBuf, PathBuf) {
    let output = taproot.run(&["ask", "--batch", &path(questions)]);
    assert!(output.status.success(), "{}", told(&output));
    let text = String::from_utf8(output.stdout).expect("answers are UTF-8");
    let answers: Vec<Answer> = text.lines().map(|line| serde_json::from_str(line).expect("an answer")).collect();
    let write = |name: &str, of: &dyn Fn(&Answer, String) -> String| {
        let file = taproot.root().join(name);
        let lines = answers.iter().map(|answer| {
            let sentences: Vec<&str> = answer.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
            let cited: Vec<String> =
                answer.citations.iter().map(|citation| format!("documents/{}", citation.uri)).collect();
            json!({
                "id": answer.question_id,
                "answer": of(answer, sentences.join(" ")),
                "abstained": answer.status == Status::Abstained,
                "citations": cited,
            })
        });
        write_lines(&file, lines);
        file
    };
    let whole = write("whole.jsonl", &|_, sentences| sentences);
    (whole, write("short.jsonl", &|answer, sentences| answer.short_answer.clone().unwrap_or(sentences)))
}

#[track_caller]
fn answers_agree(taproot: &Taproot, group: &Group, questions: &Path) {
    let (whole, short) = predictions(taproot, questions);
    let gold = path(questions);
    let expected = metrics_py(&["qa", "--pred", &path(&whole), "--gold", &gold]);
    agree(group, &expected, &ANSWERS);
    let rate = |of: &str, over: f64| expected["abstention"][of].as_f64().expect("a count") / over.max(1.0);
    let unanswerable = expected["abstention"]["unanswerable"].as_f64().expect("a count");
    let answerable = expected["answerable"].as_f64().expect("a count");
    let of = |name| value(group, name);
    for (name, over) in
        [("answered_although_unanswerable", unanswerable), ("abstained_although_answerable", answerable)]
    {
        let (ours, theirs) = (of(name), rate(name, over));
        assert!((ours - theirs).abs() <= 1e-9, "{name} is {ours}, metrics.py says {theirs}");
    }
    let expected = metrics_py(&["qa", "--pred", &path(&short), "--gold", &gold]);
    agree(group, &expected, &[("short_em", "/em"), ("short_f1", "/f1")]);
}

#[test]
fn rankings_agree_with_metrics_py() {
    let taproot = Taproot::new();
    let set = taproot.root().join("set");
    ranking_set(&set);
    let evaluation: Evaluation = taproot.json(&["eval", &path(&set)]);
    assert!(!taproot.data().exists(), "a set with a corpus of its own does not touch the data directory");
    assert_eq!((evaluation.set.questions, evaluation.set.documents), (4, Some(8)), "one query has nothing relevant");

    taproot.json::<Value>(&["ingest", &path(&set.join("corpus.jsonl"))]);
    let run = path(&taproot.root().join("run.trec"));
    let output = taproot.run(&["search", "--batch", &path(&set.join("queries.jsonl")), "--run", &run]);
    assert!(output.status.success(), "{}", told(&output));
    let ranking = evaluation.ranking.expect("a ranking");
    agree(
        &ranking.groups[0],
        &metrics_py(&["retrieval", "--run", &run, "--qrels", &path(&set.join("qrels.tsv"))]),
        &RANKING,
    );
    assert!(evaluation.answers.is_none());
    let languages: Vec<_> = ranking.groups.iter().map(|group| (group.language.as_deref(), group.questions)).collect();
    assert_eq!(languages, [(None, 4), (Some("en"), 2), (Some("zh"), 2)]);
    assert_eq!(value(&ranking.groups[2], "meaning_alone_ndcg@10"), 0.0, "the default embedder knows no Chinese");
}

#[test]
fn answers_agree_with_metrics_py() {
    let taproot = Taproot::new();
    let set = taproot.root().join("set");
    question_set(&set);
    let evaluation: Evaluation = taproot.json(&["eval", &path(&set)]);
    assert!(!taproot.data().exists());
    taproot.json::<Value>(&["ingest", &path(&set.join("documents"))]);
    let answers = evaluation.answers.expect("answers");
    answers_agree(&taproot, &answers.groups[0], &set.join("questions.jsonl"));
    let group = &answers.groups[0];
    assert!(value(group, "contains") > 0.0 && value(group, "contains") < 1.0, "the set has both: {group:#?}");
    assert!(value(group, "answered_although_unanswerable") > 0.0, "{group:#?}");
    assert_eq!(answers.failures[0].kind.max(FailureKind::Wrong), FailureKind::Wrong, "what misleads comes first");
    assert!(evaluation.ranking.is_some_and(|ranking| ranking.rows.len() == 5), "questions that name a document");

    // The file alone is asked of the data directory, and changes nothing there.
    let before = taproot.documents();
    let alone: Evaluation = taproot.json(&["eval", &path(&set.join("questions.jsonl")), "--kind", "questions"]);
    assert_eq!(taproot.documents(), before);
    assert!(alone.ranking.is_none());
    let settings = taproot.root().join("one.toml");
    std::fs::write(&settings, "[answer]\nmax_sentences = 1\n").expect("settings");
    let questions = path(&set.join("questions.jsonl"));
    let compared: Evaluation =
        taproot.json(&["eval", &questions, "--against", &path(&settings), "--kind", "questions"]);
    assert!(compared.comparison.is_some_and(|comparison| comparison.answers.is_some() && comparison.ranking.is_none()));
    assert_eq!(taproot.documents(), before, "with either settings");
    let metrics = |group: &Group| ANSWERS.map(|(name, _)| value(group, name));
    assert_eq!(metrics(&alone.answers.expect("answers").groups[0]), metrics(group));
}

/// Some documents of a public set, and the first questions on them.
fn slice(set: &str, documents: usize, questions: usize, to: &Path) -> Vec<Value> {
    let folder = evaldata::folder().join(set);
    let listed = std::fs::read_dir(folder.join("documents")).expect("documents");
    let mut files: Vec<PathBuf> = listed.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files.truncate(documents);
    std::fs::create_dir_all(to.join("documents")).expect("a folder");
    let mut names = Vec::new();
    for file in &files {
        let name = file.file_name().expect("a name");
        std::fs::copy(file, to.join("documents").join(name)).expect("a document");
        names.push(format!("documents/{}", name.to_string_lossy()));
    }
    let lines = std::fs::read_to_string(folder.join("questions.jsonl")).expect("questions");
    let all = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("a question"));
    let is_on_them = |question: &Value| question["doc"].as_str().is_none_or(|doc| names.iter().any(|name| name == doc));
    all.filter(is_on_them).take(questions).collect()
}

#[test]
fn public_sets_agree_with_metrics_py() {
    let taproot = Taproot::new();
    let set = taproot.root().join("set");
    let questions = [slice("qa-en", 1, 20, &set), slice("qa-zh", 30, 20, &set)].concat();
    assert!(questions.len() >= 30, "{}", questions.len());
    let gold = set.join("questions.jsonl");
    write_lines(&gold, questions.iter().cloned());
    let evaluation: Evaluation = taproot.json(&["eval", &path(&set)]);
    taproot.json::<Value>(&["ingest", &path(&set.join("documents"))]);
    let answers = evaluation.answers.expect("answers");
    answers_agree(&taproot, &answers.groups[0], &gold);
    assert_eq!(answers.groups.len(), 3, "all, English, Chinese");
    assert!(answers.groups.iter().all(|group| value(group, "contains") > 0.0), "{:#?}", answers.groups);

    // The sources of answerable questions are judgments.
    let answerable: Vec<&Value> = questions.iter().filter(|question| question["answerable"] == true).collect();
    let (queries, qrels) = (taproot.root().join("queries.jsonl"), taproot.root().join("qrels.tsv"));
    write_lines(&queries, answerable.iter().map(|line| json!({"_id": line["id"], "text": line["question"]})));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    // metrics.py cuts at every white space, so ids are written as runs write them.
    let id = |doc: &Value| text(doc).replace("documents/", "").replace(' ', "%20");
    let judged = answerable.iter().map(|line| format!("{}\t{}\t1\n", text(&line["id"]), id(&line["doc"])));
    std::fs::write(&qrels, judged.collect::<String>()).expect("qrels");
    let run = path(&taproot.root().join("run.trec"));
    let output = taproot.run(&["search", "--batch", &path(&queries), "--run", &run]);
    assert!(output.status.success(), "{}", told(&output));
    let ranking = evaluation.ranking.expect("a ranking");
    assert_eq!(ranking.rows.len(), answerable.len());
    agree(&ranking.groups[0], &metrics_py(&["retrieval", "--run", &run, "--qrels", &path(&qrels)]), &RANKING);
}

/// Some conversations of a public set, with the documents that answer them and some others.
fn conversations_slice(count: usize, others: usize, to: &Path) -> Vec<Value> {
    let folder = evaldata::folder().join("multiturn");
    let lines = std::fs::read_to_string(folder.join("conversations.jsonl")).expect("conversations");
    let all = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("a conversation"));
    let goes_on = |row: &Value| {
        let has = |field: &str| row[field].as_array().is_some_and(|list| !list.is_empty());
        // A short question is one that the conversation has something to say about.
        let is_short = row["question"].as_str().is_some_and(|question| question.len() < 50);
        row["answerable"] == true && has("history") && has("support") && is_short
    };
    let rows: Vec<Value> = all.filter(goes_on).take(count).collect();
    let support = rows.iter().flat_map(|row| row["support"].as_array().expect("a list"));
    let mut names: Vec<String> = support.map(|name| name.as_str().expect("a path").to_owned()).collect();
    for part in ["clapnq", "govt", "ibmcloud"] {
        let listed = std::fs::read_dir(folder.join("documents").join(part)).expect("documents");
        let mut files: Vec<String> =
            listed.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned()).collect();
        files.sort();
        names.extend(files.into_iter().take(others).map(|file| format!("documents/{part}/{file}")));
    }
    for name in names {
        let path = to.join(&name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::copy(folder.join(&name), path).expect("a document");
    }
    rows
}

#[test]
fn follow_ups_agree_with_metrics_py() {
    let taproot = Taproot::new();
    let set = taproot.root().join("set");
    let rows = conversations_slice(12, 30, &set);
    assert_eq!(rows.len(), 12);
    // Lines that say nothing of follow-ups are left out; a person wrote the last question out.
    let mut lines = rows.clone();
    lines[0]["written_out"] = rows[0]["question"].clone();
    lines.push(json!({"id": "first", "history": [], "question": "What is a heron?", "support": ["documents/x.md"]}));
    write_lines(&set.join("conversations.jsonl"), lines.into_iter());
    let evaluation: Evaluation = taproot.json(&["eval", &path(&set)]);
    assert!(evaluation.ranking.is_none() && evaluation.answers.is_none() && !taproot.data().exists());
    let follow_ups = evaluation.follow_ups.expect("follow-ups");
    assert_eq!(follow_ups.rows.len(), 12);
    assert_eq!(follow_ups.rows.iter().filter(|row| row.written_out.is_some()).count(), 1);
    assert!(follow_ups.rows.iter().any(|row| row.standalone.ends_with(')')), "{:?}", follow_ups.rows);

    let ids = follow_ups.rows.iter().map(|row| row.id.as_str());
    assert!(ids.eq(rows.iter().map(|row| row["id"].as_str().expect("an id"))), "in the order of the file");
    let qrels = taproot.root().join("qrels.tsv");
    let judged = rows.iter().flat_map(|row| {
        let support = row["support"].as_array().expect("a list").iter();
        support.map(|name| {
            let name = name.as_str().expect("a path").trim_start_matches("documents/");
            format!("{}\t{name}\t1\n", row["id"].as_str().expect("an id"))
        })
    });
    std::fs::write(&qrels, format!("query-id\tcorpus-id\tscore\n{}", judged.collect::<String>())).expect("qrels");
    type Scores = fn(&FollowUpRow) -> &FoundScores;
    let of: [(&str, Scores); 2] = [("typed", |row| &row.typed), ("resolved", |row| &row.resolved)];
    for (name, scores) in of {
        let run = taproot.root().join(format!("{name}.trec"));
        let hits = follow_ups.rows.iter().flat_map(|row| {
            let found = scores(row).found.iter().enumerate();
            found.map(|(at, document)| format!("{} Q0 {document} {} {} x\n", row.id, at + 1, 100 - at))
        });
        std::fs::write(&run, hits.collect::<String>()).expect("a run");
        let expected = metrics_py(&["retrieval", "--run", &path(&run), "--qrels", &path(&qrels)]);
        let [ndcg, recall] = [format!("{name}_ndcg@10"), format!("{name}_recall@10")];
        agree(&follow_ups.groups[0], &expected, &[(&ndcg, "/ndcg@10"), (&recall, "/recall@10")]);
    }
    let all = &follow_ups.groups[0];
    assert!(value(all, "resolved_ndcg@10") > value(all, "typed_ndcg@10"), "the conversation helps: {all:#?}");

    // Beside questions both are measured, and shown.
    let question = json!({"id": "1", "question": "Who painted the opera house in Manaus?", "answerable": false});
    write_lines(&set.join("questions.jsonl"), [question].into_iter());
    let out = path(&taproot.root().join("out.json"));
    let shown = taproot.run(&["eval", &path(&set), "--limit", "3", "--out", &out]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("resolved_ndcg@10") && shown.contains("abstention_recall"), "{shown}");
    let compared = taproot.run(&["eval", &path(&set), "--limit", "3", "--kind", "retrieval", "--against", &out]);
    let compared = String::from_utf8_lossy(&compared.stdout).into_owned();
    assert!(compared.contains("follow-ups: no difference: resolved_ndcg@10"), "{compared}");
}

#[test]
fn a_result_is_compared_and_shown() {
    let taproot = Taproot::new();
    let set = taproot.root().join("set");
    question_set(&set);
    let (out, page) = (taproot.root().join("out.json"), taproot.root().join("page.html"));
    let output = taproot.run(&["eval", &path(&set), "--out", &path(&out), "--html", &path(&page), "--seed", "7"]);
    assert!(output.status.success(), "{}", told(&output));
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("ndcg@10") && shown.contains("abstention_auc") && shown.contains("zh (3)"), "{shown}");
    let html = std::fs::read_to_string(&page).expect("the page");
    assert!(
        html.starts_with("<!doctype html>") && html.contains("ERR-4012") && html.contains("新员工的试用期"),
        "{html}"
    );

    // Against itself there is no difference; nothing is asked of a question that the other does not know.
    let compared = taproot.run(&["eval", &path(&set), "--against", &path(&out), "--seed", "7"]);
    assert!(compared.status.success(), "{}", told(&compared));
    let shown = String::from_utf8_lossy(&compared.stdout).into_owned();
    assert!(shown.contains("answers: no difference: right "), "{shown}");
    let other = taproot.root().join("other");
    ranking_set(&other);
    let message = taproot.fails(&["eval", &path(&other), "--against", &path(&out)]);
    assert!(message.contains("no question in common") && message.contains("hint: "), "{message}");

    // One sentence an answer, of one passage, is another configuration.
    let settings = taproot.root().join("one.toml");
    std::fs::write(&settings, "[answer]\npassages = 1\nmax_sentences = 1\n").expect("settings");
    let evaluation: Evaluation = taproot.json(&["eval", &path(&set), "--against", &path(&settings)]);
    let comparison = evaluation.comparison.expect("a comparison");
    let answers = comparison.answers.expect("answers");
    assert!(comparison.against.label.ends_with("one.toml"));
    assert_eq!((answers.compared, answers.left_out, answers.verdict), (7, 0, Verdict::Unclear), "seven prove nothing");
}

/// While a server runs on the data directory, the questions go to it; its settings are its own.
#[test]
fn a_running_server_is_asked() {
    let taproot = &examples().taproot;
    let questions = path(&repository().join("examples/questions.jsonl"));
    let evaluation: Evaluation = taproot.json(&["eval", &questions, "--limit", "6"]);
    assert_eq!(evaluation.configuration.label, "the running server");
    assert!(evaluation.set.unknown_documents.is_empty(), "{:?}", evaluation.set.unknown_documents);
    assert!(evaluation.ranking.is_some_and(|ranking| value(&ranking.groups[0], "recall@100") > 0.5));
    assert_eq!(evaluation.answers.map(|answers| answers.rows.len()), Some(6));

    let folder = tempfile::tempdir().expect("a folder");
    let settings = folder.path().join("other.toml");
    std::fs::write(&settings, "[answer]\npassages = 1\n").expect("settings");
    let message = taproot.fails(&["eval", &questions, "--limit", "6", "--against", &path(&settings)]);
    assert!(
        message.contains("a server runs on the data directory") && message.contains("hint: stop the server"),
        "{message}"
    );
}

#[test]
fn what_is_wrong_with_a_set_is_told() {
    let taproot = Taproot::new();
    let set = taproot.root().join("set");
    question_set(&set);
    let questions = set.join("questions.jsonl");
    let good = std::fs::read_to_string(&questions).expect("questions");
    std::fs::write(&questions, format!("{good}{{\"id\":\"8\",\"question\":\"没有答案\"}}\n")).expect("questions");
    let message = taproot.fails(&["eval", &path(&set)]);
    assert!(message.contains("line 8 of ") && message.contains("neither an answer nor a document"), "{message}");
    assert!(message.contains("hint: add \"answers\" or \"doc\""), "{message}");

    std::fs::write(&questions, good.replace("documents/heron.md", "documents/crane.md")).expect("questions");
    let output = taproot.run(&["eval", &path(&set)]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("warning: questions name documents that are not there: crane.md"), "{shown}");

    std::fs::write(&questions, json!({"id": "long", "question": "年".repeat(9_000), "answers": ["x"]}).to_string())
        .expect("questions");
    let message = taproot.fails(&["eval", &path(&set)]);
    assert!(message.contains("while asking the question \"long\"") && message.contains("hint: shorten"), "{message}");

    assert!(taproot.fails(&["eval", &path(taproot.root())]).contains("give one of the sets in it: set"));
    assert_eq!(taproot.run(&["eval", &path(&set), "-k", "0"]).status.code(), Some(2));
    let nowhere = taproot.root().join("no/where.json");
    assert!(taproot.fails(&["eval", &path(&set), "--out", &path(&nowhere)]).contains("cannot write"));
}
