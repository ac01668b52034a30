"""GPT-2 (transformers' GPT2LMHeadModel) with a cache of keys and values, and CLIPCap's mapping network in front."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc, self.proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, mask, cache, past):
        b, t, c = x.shape
        q, k, v = self.qkv(self.ln_1(x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        if cache is not None:
            keys, values = cache
            keys[:, :, past : past + t], values[:, :, past : past + t] = k, v
            k, v = keys[:, :, : past + t], values[:, :, : past + t]
        scores = torch.matmul(q / math.sqrt(c // self.heads), k.transpose(-1, -2))
        if mask is not None:
            scores = scores + mask
        x = x + self.out(torch.matmul(scores.softmax(-1), v).transpose(1, 2).reshape(b, t, c))
        return x + self.proj(gelu_new(self.fc(self.ln_2(x))))


def gelu_new(x):
    return F.gelu(x, approximate="tanh")


class Gpt2(nn.Module):
    def __init__(self, config):
        super().__init__()
        width = config.get("n_embd", 768)
        self.heads, self.width = config.get("n_head", 12), width
        self.wte = nn.Parameter(torch.randn(config.get("vocab_size", 50257), width) * 0.02)
        self.wpe = nn.Parameter(torch.randn(config.get("n_positions", 1024), width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, self.heads) for _ in range(config.get("n_layer", 12)))
        self.norm = nn.LayerNorm(width)

    def hidden(self, embeddings, cache=None, past=0):
        t = embeddings.shape[1]
        mask = torch.full((t, t), float("-inf")).triu(1) if t > 1 else None
        x = embeddings + self.wpe[past : past + t]
        for i, block in enumerate(self.blocks):
            x = block(x, mask, cache and cache[i], past)
        return self.norm(x)

    def new_cache(self, rows, capacity):
        shape = (rows, self.heads, capacity, self.width // self.heads)
        return [(torch.empty(shape), torch.empty(shape)) for _ in self.blocks]

    @torch.inference_mode()
    def greedy(self, prefix, tokens):
        rows, length, _ = prefix.shape
        cache = self.new_cache(rows, length + tokens)
        x, past, out = prefix, 0, []
        for _ in range(tokens):
            last = self.hidden(x, cache, past)[:, -1]
            past += x.shape[1]
            ids = F.linear(last, self.wte).argmax(-1)
            out.append(ids)
            x = self.wte[ids][:, None]
        return torch.stack(out, 1)


class ClipCap(nn.Module):
    def __init__(self, config, prefix_size, prefix_length):
        super().__init__()
        self.gpt2 = Gpt2(config)
        width = self.gpt2.width
        self.length = prefix_length
        self.mapper = nn.Sequential(
            nn.Linear(prefix_size, width * prefix_length // 2), nn.Tanh(), nn.Linear(width * prefix_length // 2, width * prefix_length)
        )

    def prefix(self, embeddings):
        return self.mapper(embeddings).view(len(embeddings), self.length, -1)

    def loss(self, embeddings, ids, labels):
        """Labels are ids, -100 where nothing counts."""
        x = torch.cat([self.prefix(embeddings), self.gpt2.wte[ids]], 1)
        hidden = self.gpt2.hidden(x)[:, self.length - 1 : -1]
        return F.cross_entropy(F.linear(hidden, self.gpt2.wte).flatten(0, 1), labels.flatten(), ignore_index=-100)
