"""The reader as a torch module: BERT encoder and one linear layer. Needs torch, safetensors.

In : a folder with config.json and model.safetensors, of all-MiniLM-L6-v2 or of a reader that was trained before.
Out: start and end scores of each token; a checkpoint that build_reader.py turns into ONNX. Parameters have the names
     that such checkpoints use, the encoder's below `bert.`, the head's below `span.`.

Word embeddings are not trained: most words of the vocabulary never occur in so little data, and a step gets cheaper.
Attention is written out: on a CPU in bfloat16 its backward pass takes a fifth of the time of
`scaled_dot_product_attention`'s for heads this small.
"""
from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

SCORES_PER_TOKEN = 2  # start, end
HEAD_DEVIATION = 0.02
MASKED = -1e4
NOT_PARAMETERS = ("position_ids", "pooler.")


class SelfAttention(torch.nn.Module):
    """Queries, keys and values of all heads."""

    def __init__(self, config: dict) -> None:
        super().__init__()
        size = config["hidden_size"]
        self.heads = config["num_attention_heads"]
        self.query = torch.nn.Linear(size, size)
        self.key = torch.nn.Linear(size, size)
        self.value = torch.nn.Linear(size, size)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        batch, length, size = hidden.shape
        head_size = size // self.heads
        weight = torch.cat([self.query.weight, self.key.weight, self.value.weight])
        bias = torch.cat([self.query.bias, self.key.bias, self.value.bias])
        parts = functional.linear(hidden, weight, bias).view(batch, length, 3, self.heads, head_size)
        parts = parts.permute(2, 0, 3, 1, 4).reshape(3, batch * self.heads, length, head_size)
        query, key, value = parts.unbind(0)
        scores = torch.bmm(query * head_size**-0.5, key.transpose(1, 2)).view(batch, self.heads, length, length)
        shares = torch.softmax((scores + mask).to(value.dtype), -1, dtype=value.dtype)
        attended = torch.bmm(shares.view(batch * self.heads, length, length), value)
        return attended.view(batch, self.heads, length, head_size).transpose(1, 2).reshape(batch, length, size)


class Residual(torch.nn.Module):
    """LayerNorm(dropout(linear(value)) + residual)."""

    def __init__(self, config: dict, width: int, dropout: float) -> None:
        super().__init__()
        size = config["hidden_size"]
        self.dense = torch.nn.Linear(width, size)
        self.LayerNorm = torch.nn.LayerNorm(size, eps=config["layer_norm_eps"])
        self.dropout = torch.nn.Dropout(dropout)

    def forward(self, value: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        return self.LayerNorm(self.dropout(self.dense(value)) + residual)


class Layer(torch.nn.Module):
    """One layer of the encoder: hidden [batch, sequence, size] -> the same shape."""

    def __init__(self, config: dict, dropout: float) -> None:
        super().__init__()
        size, wide = config["hidden_size"], config["intermediate_size"]
        self.attention = torch.nn.ModuleDict(
            {"self": SelfAttention(config), "output": Residual(config, size, dropout)}
        )
        self.intermediate = torch.nn.ModuleDict({"dense": torch.nn.Linear(size, wide)})
        self.output = Residual(config, wide, dropout)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        hidden = self.attention["output"](self.attention["self"](hidden, mask), hidden)
        return self.output(functional.gelu(self.intermediate["dense"](hidden)), hidden)


class Embeddings(torch.nn.Module):
    """Word, position and type of each token: int64 [batch, sequence] twice -> [batch, sequence, size]."""

    def __init__(self, config: dict, dropout: float) -> None:
        super().__init__()
        size = config["hidden_size"]
        self.word_embeddings = torch.nn.Embedding(config["vocab_size"], size)
        self.position_embeddings = torch.nn.Embedding(config["max_position_embeddings"], size)
        self.token_type_embeddings = torch.nn.Embedding(config["type_vocab_size"], size)
        self.LayerNorm = torch.nn.LayerNorm(size, eps=config["layer_norm_eps"])
        self.dropout = torch.nn.Dropout(dropout)
        self.word_embeddings.weight.requires_grad_(False)

    def forward(self, ids: torch.Tensor, token_types: torch.Tensor) -> torch.Tensor:
        hidden = self.word_embeddings(ids) + self.token_type_embeddings(token_types)
        return self.dropout(self.LayerNorm(hidden + self.position_embeddings.weight[: ids.shape[1]]))


class Bert(torch.nn.Module):
    """The encoder, its pooler left out."""

    def __init__(self, config: dict, dropout: float) -> None:
        super().__init__()
        self.embeddings = Embeddings(config, dropout)
        layers = [Layer(config, dropout) for _ in range(config["num_hidden_layers"])]
        self.encoder = torch.nn.ModuleDict({"layer": torch.nn.ModuleList(layers)})

    def forward(self, ids: torch.Tensor, token_types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        hidden = self.embeddings(ids, token_types)
        hidden_positions = torch.zeros(mask.shape, dtype=torch.bfloat16).masked_fill(mask == 0, MASKED)
        hidden_positions = hidden_positions[:, None, None, :]  # [batch, heads, to, from]
        for layer in self.encoder["layer"]:
            hidden = layer(hidden, hidden_positions)
        return hidden


class Reader(torch.nn.Module):
    """int64 [batch, sequence] inputs -> start and end scores [batch, sequence, 2]."""

    def __init__(self, folder: Path, dropout: float) -> None:
        super().__init__()
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.bert = Bert(config, dropout)
        self.span = torch.nn.Linear(config["hidden_size"], SCORES_PER_TOKEN)
        torch.nn.init.normal_(self.span.weight, std=HEAD_DEVIATION)
        torch.nn.init.zeros_(self.span.bias)
        weights = load_file(str(folder / "model.safetensors"))
        if "span.weight" in weights:
            self.load_state_dict(weights)
        else:
            encoder = {name: weight for name, weight in weights.items() if not is_extra(name)}
            self.bert.load_state_dict(encoder)

    def forward(self, ids: torch.Tensor, token_types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.span(self.bert(ids, token_types, mask))


def is_extra(name: str) -> bool:
    """A tensor of the published checkpoint that the reader does not use."""
    return any(part in name for part in NOT_PARAMETERS)


def save_reader(weights: dict[str, torch.Tensor], config_folder: Path, out: Path) -> None:
    """Writes the folder that build_reader.py reads; config.json is that of `config_folder`."""
    out.mkdir(parents=True, exist_ok=True)
    if config_folder.resolve() != out.resolve():
        shutil.copyfile(config_folder / "config.json", out / "config.json")
    save_file({name: weight.contiguous() for name, weight in weights.items()}, str(out / "model.safetensors"))
