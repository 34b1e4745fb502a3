#!/usr/bin/env python3
"""Tokens per second and time to the first token of the engine's generator, beside onnxruntime-genai on the same file.

    cargo build --release -p taproot-bench
    python3 tests/bench/generate.py target/release/bench-generate .cache/models [--threads 2] [--rounds 5]

Needs onnxruntime-genai (pip install onnxruntime-genai), which the product does not. Both get the same chats and the
same greedy settings in one process each, in turns, so that what else the machine does meets both. llama-cpp-python
joins in where it is installed and --gguf names the file that the model was made from.

Shown are medians over the rounds, and the processor time of an answer, which the load of the machine changes least.
Prompts have nothing in common but the first three tokens; the last line of each length says what the engine takes when a
prompt is asked again, whose beginning it still knows.
"""
from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Optional

NAME = "smollm2-135m-instruct"
LENGTHS = (16, 180, 900)  # words of the text in front of the question: about 60, 270 and 1,100 tokens
NEW_TOKENS = 64
WORDS = "the sensor house is opened once a year and its seal is looked at before the meter is put back to work".split()


def chat(length: int, number: int) -> dict[str, Any]:
    """A chat whose first words are its own."""
    text = " ".join(WORDS[(number + at) % len(WORDS)] for at in range(length))
    user = f"{text}\n\nWrite a long story about the text above, with names, places and many details."
    return {"system": f"{number} is your number. You write stories.", "user": user, "new_tokens": NEW_TOKENS}


class Engine:
    """bench-generate, fed line by line."""

    def __init__(self, program: Path, models: Path, threads: int) -> None:
        command = [str(program), str(models), str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.resident_before = json.loads(self._line())["resident_mb"]

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return json.loads(self._line())

    def processor_s(self) -> float:
        """Seconds of processors that it took so far (proc(5): utime and stime, in ticks)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _line(self) -> str:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("bench-generate ended")
        return line


def genai(models: Path, threads: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """onnxruntime-genai over the same files."""
    import onnxruntime_genai as og

    folder = Path(tempfile.mkdtemp(prefix="genai-"))
    for file in (models / NAME).iterdir():
        (folder / file.name).symlink_to(file.resolve())
    options = {"log_id": "genai", "intra_op_num_threads": threads, "session.intra_op.allow_spinning": "0"}
    names = {
        "input_ids": "input_ids",
        "attention_mask": "attention_mask",
        "position_ids": "position_ids",
        "past_key_names": "past_key_values.%d.key",
        "past_value_names": "past_key_values.%d.value",
    }
    kept = {"logits": "logits", "present_key_names": "present.%d.key", "present_value_names": "present.%d.value"}
    decoder = {
        "session_options": {**options, "provider_options": []},
        "filename": "model.onnx",
        "head_size": 64,
        "hidden_size": 576,
        "inputs": names,
        "outputs": kept,
        "num_attention_heads": 9,
        "num_hidden_layers": 30,
        "num_key_value_heads": 3,
    }
    model = {
        "type": "llama",
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 2,
        "vocab_size": 49152,
        "context_length": 8192,
        "decoder": decoder,
    }
    search = {"max_length": 2048, "do_sample": False, "past_present_share_buffer": True}
    (folder / "genai_config.json").write_text(json.dumps({"model": model, "search": search}))
    loaded = og.Model(str(folder))
    tokenizer = og.Tokenizer(loaded)

    def ask(asked: dict[str, Any]) -> dict[str, Any]:
        began = time.perf_counter()
        ids = tokenizer.encode(as_text(asked))
        parameters = og.GeneratorParams(loaded)
        parameters.set_search_options(max_length=len(ids) + asked["new_tokens"], do_sample=False)
        generator = og.Generator(loaded, parameters)
        generator.append_tokens(ids)
        written, first = [], None
        while not generator.is_done():
            generator.generate_next_token()
            written.append(int(generator.get_next_tokens()[0]))
            first = first or time.perf_counter() - began
        total = time.perf_counter() - began
        return result(len(ids), len(written), first, total, tokenizer.decode(written))

    return ask


def llama(gguf: Path, threads: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """llama.cpp over the weights that the ONNX file was made from."""
    from llama_cpp import Llama

    model = Llama(str(gguf), n_ctx=2048, n_threads=threads, n_threads_batch=threads, verbose=False)

    def ask(asked: dict[str, Any]) -> dict[str, Any]:
        model.reset()
        began = time.perf_counter()
        ids = model.tokenize(as_text(asked).encode(), add_bos=False, special=True)
        written, first = [], None
        for token in model.generate(ids, temp=0, reset=True):
            first = first or time.perf_counter() - began
            written.append(token)
            if len(written) == asked["new_tokens"] or token == model.token_eos():
                break
        total = time.perf_counter() - began
        return result(len(ids), len(written), first, total, model.detokenize(written).decode(errors="replace"))

    return ask


def as_text(asked: dict[str, Any]) -> str:
    """The chat in the model's own form."""
    turns = "".join(f"<|im_start|>{role}\n{asked[role]}<|im_end|>\n" for role in ("system", "user"))
    return turns + "<|im_start|>assistant\n"


def result(prompt: int, completion: int, first: float, total: float, text: str) -> dict[str, Any]:
    milliseconds = {"first_token_ms": first * 1e3, "total_ms": total * 1e3}
    return {"prompt_tokens": prompt, "completion_tokens": completion, "text": text, **milliseconds}


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path, help="bench-generate")
    parser.add_argument("models", type=Path, help="the models folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--gguf", type=Path, help="SmolLM2-135M-Instruct.Q4_1.gguf, for llama-cpp-python")
    given = parser.parse_args()
    engine = Engine(given.program, given.models, given.threads)
    askers = {"taproot": engine.ask, "onnxruntime-genai": genai(given.models, given.threads)}
    if given.gguf:
        askers["llama.cpp"] = llama(given.gguf, given.threads)
    for ask in askers.values():
        ask(chat(LENGTHS[0], 999))

    def measured(name: str, asked: dict[str, Any]) -> dict[str, Any]:
        processor_s = engine.processor_s if name == "taproot" else time.process_time
        before = processor_s()
        told = askers[name](asked)
        return {**told, "processor_ms": (processor_s() - before) * 1e3}

    print(f"{given.threads} threads, {given.rounds} rounds, {NEW_TOKENS} new tokens at the most; medians")
    print(f"{'':20} {'prompt':>7} {'first token':>12} {'prompt t/s':>11} {'then t/s':>9} {'processor':>12}")
    for length in LENGTHS:
        answers: dict[str, list[dict[str, Any]]] = {name: [] for name in askers}
        for number in range(given.rounds):
            for name in askers:
                answers[name].append(measured(name, chat(length, 100 + number)))
        same = sum(ours["text"].strip() == theirs["text"].strip() for ours, theirs in zip(*list(answers.values())[:2]))
        for name, told in answers.items():
            show(name, told)
        again = [measured("taproot", chat(length, 100 + given.rounds - 1)) for _ in range(given.rounds)]
        show("taproot, again", again)
        print(f"  the same text from the first two: {same} of {given.rounds}")
    print(f"resident: {engine.resident_before} MB before the generator was asked, {again[-1]['resident_mb']} MB after")


def show(name: str, answers: list[dict[str, Any]]) -> None:
    def median(of: Callable[[dict[str, Any]], Optional[float]]) -> float:
        return statistics.median(value for value in map(of, answers) if value is not None)

    first = median(lambda told: told["first_token_ms"])
    processor = median(lambda told: told["processor_ms"])
    prompt = median(lambda told: told["prompt_tokens"])
    then = median(
        lambda told: (told["completion_tokens"] - 1) / (told["total_ms"] - told["first_token_ms"]) * 1e3
        if told["completion_tokens"] > 1
        else None
    )
    print(f"{name:20} {prompt:7.0f} {first:9.1f} ms {prompt / first * 1e3:11.0f} {then:9.1f} {processor:9.0f} ms", flush=True)


if __name__ == "__main__":
    main()
