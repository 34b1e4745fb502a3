//! `taproot search`: what has to be found is found, and a run is what `trec_eval` reads.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use taproot_schemas::search::{Hit, SearchResponse};

use crate::support::examples::examples;
use crate::support::http::{Http, ok};
use crate::support::server::Server;
use crate::support::slice;
use crate::support::taproot::{Taproot, told};

fn library() -> Taproot {
    let taproot = Taproot::new();
    taproot.write("codes.md", "# Codes\n\nERR-4012 means that the probe is dry.\n\nERR-4013 means that it is cold.\n");
    taproot.write("release.md", "# Releases\n\nVersion v2.3.1 mends the alarm mails. Version v2.4.0 brings maps.\n");
    taproot.write("meeting.txt", "The committee reviewed three applications for the vacant position.\n");
    taproot.write("leave.txt", "员工在试用期内不享有带薪年假，转正之后按比例补给。\n");
    taproot.write("shuttle.txt", "下班的班车傍晚六点二十分从公司门口开出。\n");
    taproot.write("folder/parts.jsonl", "{\"_id\":\"P 1\",\"text\":\"Sealing ring VS-12 for the probe.\"}\n{\"_id\":\"P-2\",\"text\":\"Cable VX-20.\"}\n");
    assert!(taproot.ingest().failed.is_empty());
    taproot
}

#[test]
fn identifiers_words_and_stems_are_found() {
    let taproot = library();
    for (query, uri) in [
        ("ERR-4012", "codes.md"),
        ("err4012", "codes.md"),
        ("ERR 4012", "codes.md"),
        ("ＥＲＲ－４０１２", "codes.md"),
        ("what does ERR-4012 mean?", "codes.md"),
        ("v2.3.1", "release.md"),
        ("2.3.1", "release.md"),
        ("VS-12", "folder/parts.jsonl#P 1"),
        ("applicant reviewing a vacancy application", "meeting.txt"),
        ("试用期", "leave.txt"),
        ("試用期的年假", "leave.txt"),
        ("班车几点开", "shuttle.txt"),
    ] {
        let hits = taproot.search(query);
        assert_eq!(hits.first().map(|hit| hit.uri.as_str()), Some(uri), "{query}: {hits:#?}");
        assert!(hits[0].scores.lexical.is_some(), "{query} is found by its words: {:?}", hits[0].scores);
    }
}

/// Each thing is written in one way in the documents and looked for in another.
#[test]
fn what_is_written_in_several_ways_is_found_by_each() {
    let taproot = Taproot::new();
    for (name, text) in [
        ("lease.md", "The lease of the café in Zürich ends on 31 January 2026."),
        ("server.md", "Each server has 15GB of memory and must stay below 30℃."),
        ("code.md", "Call getUserById of the HashMap; it is written in C++ and .NET."),
        ("mail.md", "Send an e-mail to the R&D department."),
        ("walk.txt", "从车站到工厂步行5公里，沿途有路牌。"),
        ("taxi.txt", "員工搭乘計程車的費用可以報銷，軟體開發部門除外。"),
        ("name.txt", "本季度预算由李晓明确认之后生效。"),
        ("urlaub.md", "Die Verträge der Beschäftigten regeln, wie viele Urlaubstage ihnen in jedem Jahr zustehen."),
        ("conges.md", "Les congés des salariés sont fixés par les contrats et par la convention de la société."),
        ("otpusk.md", "Сотрудникам полагается ежегодный оплачиваемый отпуск продолжительностью двадцать восемь дней."),
        ("kyuka.md", "社員には年次有給休暇が与えられます。"),
        ("hyuga.md", "직원은 연차 휴가를 신청할 수 있습니다."),
        ("laa.md", "พนักงานมีสิทธิ์ลาพักร้อนได้ปีละสิบวัน"),
    ] {
        taproot.write(name, text);
    }
    assert!(taproot.ingest().failed.is_empty());
    let _server = Server::start(&taproot);
    for (query, uri) in [
        ("2026-01-31", "lease.md"),
        ("2026年1月31日", "lease.md"),
        ("cafe zurich", "lease.md"),
        ("15 GB", "server.md"),
        ("30 °C", "server.md"),
        ("30摄氏度", "server.md"),
        ("get user by id", "code.md"),
        ("hash_map", "code.md"),
        ("email", "mail.md"),
        ("Ｒ＆Ｄ", "mail.md"),
        ("5km", "walk.txt"),
        ("出租车", "taxi.txt"),
        ("计程车报销", "taxi.txt"),
        ("软件", "taxi.txt"),
        ("李晓明", "name.txt"),
        ("Vertrag", "urlaub.md"),
        ("Wie regelt mein Vertrag den Urlaubstag?", "urlaub.md"),
        ("le congé du salarié", "conges.md"),
        ("отпуска сотрудников", "otpusk.md"),
        ("有給休暇", "kyuka.md"),
        ("휴가는", "hyuga.md"),
        ("ลาพักร้อน", "laa.md"),
    ] {
        let hits = taproot.search(query);
        assert_eq!(hits.first().map(|hit| hit.uri.as_str()), Some(uri), "{query}: {hits:#?}");
        assert!(hits[0].scores.lexical.is_some(), "{query} is found by its words: {:?}", hits[0].scores);
    }
}

/// Product names do not make a Chinese question English, and no vector of it is asked for.
#[test]
fn a_mixed_question_is_told_by_what_most_of_it_is() {
    let taproot = Taproot::new();
    taproot.write("zh.txt", "DolphinScheduler 支持 Zookeeper 与 MySQL 作为注册中心。");
    taproot.write("en.txt", "DolphinScheduler supports Zookeeper and MySQL as its registry.");
    assert!(taproot.ingest().failed.is_empty());
    let _server = Server::start(&taproot);
    for (query, first, by_meaning) in [
        ("DolphinScheduler 支持哪些注册中心？", "zh.txt", false),
        ("MySQL注册中心", "zh.txt", false),
        ("which registry does DolphinScheduler support", "en.txt", true),
        ("the DolphinScheduler registry 注册", "en.txt", true),
    ] {
        let hits = taproot.search(query);
        assert_eq!(hits[0].uri, first, "{query}");
        assert_eq!(hits.iter().any(|hit| hit.scores.vector.is_some()), by_meaning, "{query}");
    }
}

#[test]
fn stems_are_the_same_in_question_and_text() {
    let taproot = library();
    let lexical =
        |query: &str| taproot.search(query).iter().any(|hit| hit.uri == "meeting.txt" && hit.scores.lexical.is_some());
    assert!(lexical("reviewing") && lexical("application") && lexical("COMMITTEES"));
    assert!(!lexical("heron"), "no word of it");
}

/// The default embedder does not declare Chinese.
#[test]
fn a_chinese_question_is_not_answered_by_the_vectors() {
    let hits = library().search("试用期");
    assert!(!hits.is_empty() && hits.iter().all(|hit| hit.scores.lexical.is_some()), "{hits:#?}");
}

#[test]
fn the_number_of_hits_is_kept() {
    let taproot = &examples().taproot;
    for k in [1, 3, 20] {
        let response: SearchResponse = taproot.json(&["search", "-k", &k.to_string(), "the probe and the controller"]);
        assert_eq!(response.hits.len(), k);
        assert!(response.hits.is_sorted_by(|a, b| a.score >= b.score), "best first");
    }
    assert_eq!(taproot.search("the probe and the controller").len(), 10);
    assert_eq!(taproot.run(&["search", "-k", "0", "x"]).status.code(), Some(2));
    assert!(taproot.fails(&["search", "  "]).contains("empty"));
}

#[test]
fn a_run_ranks_documents_by_their_ids() {
    let taproot = library();
    let queries = taproot.root().join("queries.jsonl");
    let lines = [
        "{\"_id\":\"q1\",\"text\":\"sealing ring of the probe\"}",
        "{\"_id\":\"q2\",\"text\":\"班车\",\"metadata\":{}}",
    ];
    std::fs::write(&queries, lines.join("\n")).expect("queries");
    let run = |name: &str, options: &[&str]| {
        let out = taproot.root().join(name);
        let (queries, out) = (queries.to_string_lossy(), out.to_string_lossy());
        let output = taproot.run(&[&["search", "--batch", &queries, "--run", &out], options].concat());
        assert!(output.status.success(), "{}", told(&output));
        parse_run(&std::fs::read_to_string(&*out).expect("a run"))
    };
    let documents = run("documents.trec", &["-k", "4"]);
    let of = |run: &[Line], query: &str| run.iter().filter(|line| line.query == query).cloned().collect::<Vec<_>>();
    let first = of(&documents, "q1");
    assert_eq!(first[0].id, "P%201", "the bare id of a line, without white space: {documents:?}");
    assert_eq!(of(&documents, "q2")[0].id, "shuttle.txt");
    assert!(first.len() <= 4 && first.iter().map(|line| &line.id).collect::<HashSet<_>>().len() == first.len());
    let known: HashSet<&str> =
        HashSet::from(["P%201", "P-2", "codes.md", "leave.txt", "meeting.txt", "release.md", "shuttle.txt"]);
    assert!(documents.iter().all(|line| known.contains(line.id.as_str())), "{documents:?}");

    let chunks = run("chunks.trec", &["--chunks"]);
    let response: SearchResponse = taproot.json(&["search", "-k", "100", "sealing ring of the probe"]);
    let expected: Vec<&str> = response.hits.iter().map(|hit: &Hit| hit.chunk_id.as_str()).collect();
    assert_eq!(of(&chunks, "q1").iter().map(|line| line.id.as_str()).collect::<Vec<_>>(), expected);
}

#[derive(Debug, Clone)]
struct Line {
    query: String,
    id: String,
    score: f32,
}

/// Reads a run, and checks its form: six columns, ranks from 1, scores that never rise.
fn parse_run(run: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut rank = 0;
    for text in run.lines() {
        let columns: Vec<&str> = text.split(' ').collect();
        let [query, q0, id, place, score, tag] = columns[..] else { panic!("not six columns: {text:?}") };
        let same = lines.last().is_some_and(|last| last.query == query);
        rank = if same { rank + 1 } else { 1 };
        let score: f32 = score.parse().expect("a score");
        assert_eq!((q0, place), ("Q0", rank.to_string().as_str()), "{text}");
        assert!(!same || lines.last().is_some_and(|last| last.score >= score), "{run}");
        assert!(!tag.is_empty() && score.is_finite(), "{text}");
        lines.push(Line { query: query.to_owned(), id: id.to_owned(), score });
    }
    lines
}

/// Whatever is typed: no query breaks the server, and the text of a hit stands in its document at its offsets.
#[test]
fn any_query_gives_hits_that_stand_in_their_documents() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let http = Http::to(&examples().server);
    let words = prop::sample::select(vec![
        "ERR-4012", "年假", "\"", "probe:", "AND", "*", "(", "🙂", "v2.3.1", "ﬁ", "\u{0}", "days", "~", "什么",
    ]);
    let queries = prop_oneof![prop::collection::vec(words, 1..6).prop_map(|words| words.join(" ")), "\\PC{1,40}"];
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&queries, |query| {
        prop_assume!(!query.trim().is_empty());
        runtime.block_on(async {
            let body = serde_json::json!({"query": query, "k": 3});
            let response: SearchResponse = ok(http.post("/v1/search", &body)).await;
            for hit in response.hits {
                let text = http.text(&hit.document_id).await.text;
                prop_assert_eq!(slice(&text, hit.start, hit.end), hit.text);
            }
            Ok(())
        })
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
