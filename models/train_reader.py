#!/usr/bin/env python3
"""Trains the MiniLM encoder as an extractive reader with a no-answer score. Needs torch (CPU), tokenizers, safetensors.

In : --base, a folder with config.json and model.safetensors, of all-MiniLM-L6-v2 or of a reader; --tokenizer, its
     tokenizer.json; --data, examples as reader_data.py describes them; --stage, the mix of examples.
Out: --out, a folder with config.json and model.safetensors that build_reader.py turns into ONNX.

Each token gets a start and an end score. Position 0, [CLS], stands for "the passage does not answer". The loss is
-log of the probability given to what is right: a span's two ends, any token of the answer's sentence, or position 0.

Several processes of one thread update the same weights without locks (Hogwild, Niu et al. 2011), each with its own
optimizer: on a machine that others use, too, no process waits for another. So two runs never give the same bytes.
"""
from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from typing import Iterator

import torch
import torch.multiprocessing as processes
from tokenizers import Tokenizer

from reader_data import Batch, Encoder, MIXES, draw, load_sources, make_batches, split
from reader_model import MASKED, Reader, save_reader

SEED = 1
DROPOUT = 0.1
HEAD_RATE_FACTOR = 5  # the head starts from nothing and may learn faster than the encoder
LAYER_RATE_FACTOR = 0.9  # of each layer to the one above it
WEIGHT_DECAY = 0.01
WARM_UP_SHARE = 0.04
MAX_GRADIENT_NORM = 1.0
STEPS_PER_REPORT = 25
STEPS_PER_CHECKPOINT = 100


def collate(batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """ids, token types and attention mask, int64 [batch, longest], padded with 0."""
    longest = max(len(feature.ids) for feature in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    token_types = ids.clone()
    mask = ids.clone()
    for row, feature in enumerate(batch):
        length = len(feature.ids)
        ids[row, :length] = torch.tensor(feature.ids)
        token_types[row, feature.question_tokens : length] = 1
        mask[row, :length] = 1
    return ids, token_types, mask


def span_loss(logits: torch.Tensor, token_types: torch.Tensor, mask: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean loss of a batch; logits [batch, sequence, 2]. Only the passage and position 0 can be chosen."""
    eligible = (token_types == 1) & (mask == 1)
    eligible[:, 0] = True
    log_probabilities = torch.log_softmax(logits.float().masked_fill(~eligible[..., None], MASKED), 1)
    right = torch.zeros_like(log_probabilities, dtype=torch.bool)
    for row, feature in enumerate(batch):
        if feature.kind == "no_answer":
            right[row, 0] = True
        elif feature.kind == "span":
            right[row, feature.first, 0] = True
            right[row, feature.last, 1] = True
        else:
            right[row, feature.first : feature.last + 1] = True
    return -torch.logsumexp(log_probabilities.masked_fill(~right, MASKED), 1).mean()


def make_optimizer(model: Reader, rate: float) -> torch.optim.AdamW:
    """AdamW with groups by layer, matrices decayed and vectors not; `factor` multiplies the rate."""
    layers = len(model.bert.encoder["layer"])
    groups = [{"params": list(model.span.parameters()), "weight_decay": 0, "factor": HEAD_RATE_FACTOR}]
    parts = [model.bert.embeddings, *model.bert.encoder["layer"]]
    for depth, part in enumerate(parts):
        factor = LAYER_RATE_FACTOR ** (layers - depth)
        trained = [weight for weight in part.parameters() if weight.requires_grad]
        matrices = [weight for weight in trained if weight.dim() > 1]
        vectors = [weight for weight in trained if weight.dim() <= 1]
        groups.append({"params": matrices, "weight_decay": WEIGHT_DECAY, "factor": factor})
        groups.append({"params": vectors, "weight_decay": 0, "factor": factor})
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)


def train(worker: int, model: Reader, steps_done: torch.Tensor, arguments: argparse.Namespace) -> None:
    """One process: trains until all together did --steps, or the minutes are used up, while the rate falls to 0."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED + worker)
    batches = worker_batches(worker, arguments)
    optimizer = make_optimizer(model, arguments.rate)
    started = time.monotonic()
    losses = []
    for batch in batches:
        minutes = (time.monotonic() - started) / 60
        progress = max(steps_done.item() / arguments.steps, minutes / arguments.minutes)
        if progress >= 1:
            break
        share = min(progress / WARM_UP_SHARE, (1 - progress) / (1 - WARM_UP_SHARE))
        for group in optimizer.param_groups:
            group["lr"] = arguments.rate * share * group["factor"]
        losses.append(train_step(model, optimizer, batch))
        steps_done += 1
        if len(losses) % STEPS_PER_REPORT == 0:
            recent = sum(losses[-STEPS_PER_REPORT:]) / STEPS_PER_REPORT
            print(f"worker {worker}: {steps_done.item()} steps, loss {recent:.3f}, {minutes:.1f} min", flush=True)
        if worker == 0 and len(losses) % STEPS_PER_CHECKPOINT == 0:
            save_reader(model.state_dict(), arguments.base, arguments.out)


def worker_batches(worker: int, arguments: argparse.Namespace) -> Iterator[Batch]:
    """The endless batches of one process, in an order of its own."""
    rng = random.Random(SEED + worker)
    tokenizer = Tokenizer.from_file(str(arguments.tokenizer))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    usable, _ = split(load_sources(arguments.data))
    encoder = Encoder(tokenizer, arguments.max_tokens, rng)
    return make_batches(draw(usable, arguments.stage, rng), encoder, arguments.batch_size, rng)


def train_step(model: Reader, optimizer: torch.optim.AdamW, batch: Batch) -> float:
    """One update of the weights; returns the loss."""
    ids, token_types, mask = collate(batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(ids, token_types, mask)
    loss = span_loss(logits, token_types, mask, batch)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
    optimizer.step()
    return loss.item()


def main() -> None:
    """Trains and saves."""
    arguments = parse_arguments()
    torch.manual_seed(SEED)
    model = Reader(arguments.base, DROPOUT)
    model.train()
    model.share_memory()
    steps_done = torch.zeros(1, dtype=torch.long).share_memory_()
    processes.spawn(train, (model, steps_done, arguments), nprocs=arguments.processes)
    save_reader(model.state_dict(), arguments.base, arguments.out)
    print(f"{steps_done.item()} steps of {arguments.batch_size} examples")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="trains MiniLM as an extractive reader")
    parser.add_argument("--base", type=Path, required=True, help="folder with config.json and model.safetensors")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json")
    parser.add_argument("--data", type=Path, required=True, nargs="+", help="the examples, see reader_data.py")
    parser.add_argument("--stage", choices=MIXES, required=True, help="which mix of examples, see reader_data.py")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--steps", type=int, default=2000, help="updates, of all processes together (default: 2000)")
    parser.add_argument("--minutes", type=float, default=60, help="longest time on the clock (default: 60)")
    parser.add_argument("--batch-size", type=int, default=16, help="examples a step (default: 16)")
    parser.add_argument("--rate", type=float, default=1e-4, help="highest learning rate (default: 1e-4)")
    parser.add_argument("--max-tokens", type=int, default=136, help="longest input in tokens (default: 136)")
    parser.add_argument("--processes", type=int, default=2, help="processes of one thread each (default: 2)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
