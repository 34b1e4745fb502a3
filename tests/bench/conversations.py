#!/usr/bin/env python3
"""How well follow-up questions are understood: what a search finds for them as typed, as resolved, and as a person wrote
them out; and how near the resolved question comes to the person's.

  conversations.py --taproot BIN --bench BIN --models DIR --data DIR [--cast FILE] [--show]

--bench is `bench-conversations`. --data is a folder with `multiturn/` (MTRAG-UN with its passages) and `conv-rewrite/`
(TREC CAsT 2019, without documents: only the wording is compared). --cast is `2021_manual_evaluation_topics_v1.0.json` of
TREC CAsT 2021: the passage that answers each turn becomes a document, and is what has to be found.

CAsT's rewritings are by its authors. MTRAG-UN has none: those of multiturn-rewrites.jsonl were written for this bench, from
the history and the question alone; questions that are not in it stand for themselves.

Each set is cut in two by a hash of its conversations. The rules were tuned on one half ("tune").
"""
import argparse, collections, json, math, pathlib, re, subprocess, sys, tempfile, unicodedata, zlib

HERE = pathlib.Path(__file__).parent
# An answer that says that there is none; in use, such a turn has no answer.
NO_ANSWER = re.compile(r"do(es)? not (have|know|include|provide)|don['’]t (have|know)|sorry|apolog|unable|cannot|can not"
                       r"|any other question|more questions|welcome", re.I)
NO_ANSWER_CHARS = 220


def lines(path):
    return [json.loads(line) for line in open(path, encoding="utf-8") if line.strip()]


def half(kind, topic):
    return "tune" if zlib.crc32(f"{kind}{topic}".encode()) % 2 == 0 else "test"


def multiturn(folder):
    """Conversations, and {uri: text}."""
    human = {row["id"]: row["human"] for row in lines(HERE / "multiturn-rewrites.jsonl")}
    documents = {f"multiturn/{path.relative_to(folder / 'documents')}": path.read_text(encoding="utf-8")
                 for path in (folder / "documents").rglob("*.md")}
    conversations = []
    rows = [row for row in lines(folder / "conversations.jsonl") if row["support"] and row["answerable"] and row["history"]]
    for number, row in enumerate(rows):
        turns, history = [], row["history"]
        for at, message in enumerate(history):
            if message["role"] == "user":
                answer = history[at + 1]["text"] if at + 1 < len(history) else None
                if answer and len(answer) < NO_ANSWER_CHARS and NO_ANSWER.search(answer):
                    answer = None
                turns.append({"question": message["text"], "answer": answer})
        gold = [f"multiturn/{path.removeprefix('documents/')}" for path in row["support"]]
        turns.append({"question": row["question"], "human": human.get(row["id"], row["question"]), "gold": gold})
        conversations.append({"set": "multiturn", "half": half("mt", f"mt-{number}"), "turns": turns})
    return conversations, documents


def cast_2021(path):
    conversations, documents = [], {}
    for topic in json.load(open(path, encoding="utf-8")):
        turns = []
        for turn in topic["turn"]:
            uri = f"cast/{turn['canonical_result_id']}-{turn['passage_id']}.txt"
            documents[uri] = turn["passage"]
            turns.append({"question": turn["raw_utterance"], "answer": turn["passage"],
                          "human": turn["manual_rewritten_utterance"], "gold": [uri]})
        number = topic["number"]
        conversations.append({"set": "cast-2021", "half": half("c21", f"c21-{number}"), "turns": turns})
    return conversations, documents


def cast_2019(folder):
    topics = collections.defaultdict(list)
    for row in lines(folder / "turns.jsonl"):
        topics[row["id"].rsplit("_", 1)[0]].append({"question": row["question"], "human": row["answers"][0]})
    return [{"set": "conv-rewrite", "half": half("cast2019", topic), "turns": turns} for topic, turns in topics.items()]


def ndcg(found, gold, k=10):
    gain = sum(1 / math.log2(at + 2) for at, uri in enumerate(found[:k]) if uri in gold)
    return gain / sum(1 / math.log2(at + 2) for at in range(min(k, len(gold))))


def recall(found, gold, k=10):
    return len(set(found[:k]) & set(gold)) / len(gold)


def tokens(text):
    text = unicodedata.normalize("NFKC", text).lower()
    text = "".join(" " if unicodedata.category(c)[0] in "ZC" else c for c in text if unicodedata.category(c)[0] not in "PS")
    return [word for word in text.split() if word not in ("a", "an", "the")]


def f1(text, gold):
    text, gold = tokens(text), tokens(gold)
    same = sum((collections.Counter(text) & collections.Counter(gold)).values())
    return 2 * same / (len(text) + len(gold)) if text and gold else float(text == gold)


def report(rows):
    for name in dict.fromkeys(row["set"] for row in rows):
        for part in ("tune", "test", "all"):
            some = [row for row in rows if row["set"] == name and part in (row["half"], "all")]
            mean = lambda measure: sum(map(measure, some)) / len(some)
            out = {"set": name, "half": part, "turns": len(some), "follow_ups": round(mean(lambda r: r["is_follow_up"]), 3),
                   "f1_raw": round(mean(lambda r: f1(r["question"], r["human"])), 3),
                   "f1_resolved": round(mean(lambda r: f1(r["resolved"], r["human"])), 3)}
            if some[0]["gold"]:
                for label, measure in (("ndcg@10", ndcg), ("recall@10", recall)):
                    raw, resolved, human = (mean(lambda r: measure(r["found"][way], r["gold"])) for way in ("raw", "resolved", "human"))
                    out[label] = {"raw": round(raw, 3), "resolved": round(resolved, 3), "human": round(human, 3),
                                  "share": round((resolved - raw) / (human - raw), 2) if human != raw else None}
            print(json.dumps(out))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("taproot", "bench", "models", "data"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path)
    parser.add_argument("--cast", type=pathlib.Path)
    parser.add_argument("--show", action="store_true", help="print each question with its resolution to standard error")
    given = parser.parse_args()
    conversations, documents = multiturn(given.data / "multiturn")
    if given.cast:
        more, others = cast_2021(given.cast)
        conversations += more
        documents |= others
    conversations += cast_2019(given.data / "conv-rewrite")
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for uri, text in documents.items():
            path = scratch / "documents" / uri
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        subprocess.run([given.taproot, "--data", scratch / "data", "ingest", scratch / "documents"], check=True,
                       stdout=sys.stderr, env={"TAPROOT_MODELS_DIR": str(given.models.resolve()), "PATH": "/usr/bin:/bin"})
        asked = "".join(json.dumps({"id": str(at), "turns": conversation["turns"]}) + "\n"
                        for at, conversation in enumerate(conversations))
        said = subprocess.run([given.bench, scratch / "data", given.models], input=asked, check=True,
                              stdout=subprocess.PIPE, text=True).stdout
    rows = []
    for line in said.splitlines():
        row = json.loads(line)
        conversation = conversations[int(row["id"])]
        turn = conversation["turns"][row["turn"]]
        rows.append({**row, "set": conversation["set"], "half": conversation["half"], "gold": turn.get("gold")})
        if given.show:
            print(f"{row['question']} | {row['resolved']} | {row['human']}", file=sys.stderr)
    report(rows)


if __name__ == "__main__":
    main()
