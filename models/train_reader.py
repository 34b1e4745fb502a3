#!/usr/bin/env python3
"""Fine-tunes the MiniLM encoder as an extractive reader with a no-answer score. Needs torch (CPU), transformers,
tokenizers, safetensors.

In : --base, a folder with config.json and model.safetensors of all-MiniLM-L6-v2; --tokenizer, its tokenizer.json;
     --data, examples as reader_data.py describes them.
Out: --out, a folder with config.json and model.safetensors that build_reader.py turns into ONNX.

Each token gets a start and an end score. Position 0, [CLS], stands for "the passage does not answer". The loss is
-log of the probability given to what is right: a span's two ends, any token of the answer's sentence, or position 0.
"""
from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import BertModel

from reader_data import Batch, encode, make_batches, order_examples

HIDDEN_SIZE = 384
EXAMPLE_ORDER_SEED = 1
HEAD_RATE_FACTOR = 5  # the head starts from nothing and may learn faster than the encoder
WEIGHT_DECAY = 0.01
WARM_UP_STEPS = 100
LOWEST_RATE_SHARE = 0.02
MAX_GRADIENT_NORM = 1.0
STEPS_PER_REPORT = 50
STEPS_PER_CHECKPOINT = 400
MASKED = -1e4


class Reader(torch.nn.Module):
    """The encoder and one linear layer: int64 [batch, sequence] inputs -> start and end scores [batch, sequence, 2]."""

    def __init__(self, base: Path) -> None:
        super().__init__()
        self.bert = BertModel.from_pretrained(str(base), add_pooling_layer=False, attn_implementation="sdpa")
        self.span = torch.nn.Linear(HIDDEN_SIZE, 2)
        torch.nn.init.normal_(self.span.weight, std=0.02)
        torch.nn.init.zeros_(self.span.bias)

    def forward(self, ids: torch.Tensor, token_types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        encoded = self.bert(input_ids=ids, token_type_ids=token_types, attention_mask=mask)
        return self.span(encoded.last_hidden_state)


def collate(batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """ids, token types and attention mask, int64 [batch, longest], padded with 0."""
    longest = max(len(feature.ids) for feature in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    token_types = ids.clone()
    mask = ids.clone()
    for row, feature in enumerate(batch):
        length = len(feature.ids)
        ids[row, :length] = torch.tensor(feature.ids)
        token_types[row, :length] = torch.tensor(feature.token_types)
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
    """AdamW in three groups: matrices of the encoder (decayed), its vectors, the head. `factor` multiplies the rate."""
    encoder = list(model.bert.parameters())
    groups = [
        {"params": [weight for weight in encoder if weight.dim() > 1], "weight_decay": WEIGHT_DECAY, "factor": 1},
        {"params": [weight for weight in encoder if weight.dim() <= 1], "weight_decay": 0, "factor": 1},
        {"params": list(model.span.parameters()), "weight_decay": 0, "factor": HEAD_RATE_FACTOR},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)


def train(model: Reader, batches: list[Batch], arguments: argparse.Namespace) -> None:
    """One pass, or until the minutes are used up. The rate falls to 0 towards whichever ends first."""
    optimizer = make_optimizer(model, arguments.rate)
    started = time.process_time()
    losses = []
    for step, batch in enumerate(batches):
        minutes = (time.process_time() - started) / 60
        progress = max(step / len(batches), minutes / arguments.minutes)
        if progress >= 1:
            break
        share = min(1, (step + 1) / WARM_UP_STEPS) * max(LOWEST_RATE_SHARE, 1 - progress)
        for group in optimizer.param_groups:
            group["lr"] = arguments.rate * share * group["factor"]
        losses.append(train_step(model, optimizer, batch, arguments.fp32))
        if (step + 1) % STEPS_PER_REPORT == 0:
            recent = sum(losses[-STEPS_PER_REPORT:]) / STEPS_PER_REPORT
            print(f"step {step + 1}/{len(batches)} loss {recent:.3f} {minutes:.1f} min", flush=True)
        if (step + 1) % STEPS_PER_CHECKPOINT == 0:
            save(model, arguments)


def train_step(model: Reader, optimizer: torch.optim.AdamW, batch: Batch, fp32: bool) -> float:
    """One update of the weights; returns the loss."""
    ids, token_types, mask = collate(batch)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not fp32):
        logits = model(ids, token_types, mask)
    loss = span_loss(logits, token_types, mask, batch)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
    optimizer.step()
    return loss.item()


def save(model: Reader, arguments: argparse.Namespace) -> None:
    """Writes the folder that build_reader.py reads."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(arguments.base / "config.json", arguments.out / "config.json")
    weights = {name: weight.contiguous() for name, weight in model.state_dict().items()}
    save_file(weights, str(arguments.out / "model.safetensors"))


def main() -> None:
    """Trains and saves."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    rng = random.Random(EXAMPLE_ORDER_SEED)
    tokenizer = Tokenizer.from_file(str(arguments.tokenizer))
    tokenizer.no_padding()
    tokenizer.enable_truncation(arguments.max_tokens, strategy="only_second")
    examples = order_examples(json.loads(arguments.data.read_text(encoding="utf-8")), rng)
    features = [feature for feature in (encode(example, tokenizer) for example in examples) if feature]
    batches = make_batches(features, arguments.batch_size, rng)
    print(f"{len(features)} examples, {len(batches)} batches", flush=True)
    model = Reader(arguments.base)
    model.train()
    train(model, batches, arguments)
    save(model, arguments)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="fine-tunes MiniLM as an extractive reader")
    parser.add_argument("--base", type=Path, required=True, help="folder with config.json and model.safetensors")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json")
    parser.add_argument("--data", type=Path, required=True, help="the examples, see reader_data.py")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--minutes", type=float, default=40, help="CPU time to spend (default: 40)")
    parser.add_argument("--batch-size", type=int, default=16, help="examples a step (default: 16)")
    parser.add_argument("--rate", type=float, default=1.2e-4, help="highest learning rate (default: 1.2e-4)")
    parser.add_argument("--max-tokens", type=int, default=224, help="longest input in tokens (default: 224)")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")
    parser.add_argument("--fp32", action="store_true", help="compute in fp32 instead of bfloat16")
    return parser.parse_args()


if __name__ == "__main__":
    main()
