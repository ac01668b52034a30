"""CLIP's two towers (transformers' CLIPModel), with LoRA on the image tower where it is asked for."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class Linear(nn.Linear):
    """A linear layer; with rank > 0 its weight is frozen and a LoRA is trained in its place."""

    def __init__(self, inputs, outputs, bias=True, rank=0):
        super().__init__(inputs, outputs, bias)
        self.rank = rank
        if rank:
            self.weight.requires_grad_(False)
            if bias:
                self.bias.requires_grad_(False)
            self.a = nn.Parameter(torch.randn(rank, inputs) * 0.02)
            self.b = nn.Parameter(torch.randn(outputs, rank) * 0.02)

    def forward(self, x):
        y = F.linear(x, self.weight, self.bias)
        return y + F.linear(F.linear(x, self.a), self.b) * 2 if self.rank else y


class Layer(nn.Module):
    def __init__(self, width, mlp, heads, act, rank):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.k, self.v, self.out = (Linear(width, width, rank=rank) for _ in range(4))
        self.fc1, self.fc2 = Linear(width, mlp, rank=rank), Linear(mlp, width, rank=rank)
        self.act = F.gelu if act == "gelu" else lambda x: x * torch.sigmoid(1.702 * x)

    def forward(self, x, mask):
        b, t, c = x.shape
        h = self.norm1(x)
        q, k, v = (p(h).view(b, t, self.heads, -1).transpose(1, 2).reshape(b * self.heads, t, -1) for p in (self.q, self.k, self.v))
        scale = 1 / math.sqrt(c // self.heads)
        if mask is None:
            scores = torch.bmm(q * scale, k.transpose(1, 2))
        else:
            scores = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=scale)
        mixed = torch.bmm(scores.softmax(-1), v).view(b, self.heads, t, -1).transpose(1, 2).reshape(b, t, c)
        x = x + self.out(mixed)
        return x + self.fc2(self.act(self.fc1(self.norm2(x))))


class Tower(nn.Module):
    def __init__(self, config, rank=0):
        super().__init__()
        self.layers = nn.ModuleList(
            Layer(config["hidden_size"], config["intermediate_size"], config["num_attention_heads"], config.get("hidden_act", "quick_gelu"), rank)
            for _ in range(config["num_hidden_layers"])
        )

    def forward(self, x, mask=None):
        for layer in self.layers:
            x = layer(x, mask)
        return x


class Vision(nn.Module):
    def __init__(self, config, projection, rank=0):
        super().__init__()
        width, patch = config["hidden_size"], config["patch_size"]
        self.patch = nn.Conv2d(3, width, patch, patch, bias=False)
        self.token = nn.Parameter(torch.randn(width) * 0.02)
        self.positions = nn.Parameter(torch.randn((config["image_size"] // patch) ** 2 + 1, width) * 0.02)
        self.pre, self.post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.tower = Tower(config, rank)
        self.projection = nn.Linear(width, projection, bias=False)
        if rank:
            for p in [self.token, self.positions, *self.patch.parameters(), *self.pre.parameters(), *self.post.parameters(), *self.projection.parameters()]:
                p.requires_grad_(False)
            for layer in self.tower.layers:
                for p in [*layer.norm1.parameters(), *layer.norm2.parameters()]:
                    p.requires_grad_(False)

    def forward(self, pixels):
        patches = self.patch(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(pixels), 1, -1), patches], 1) + self.positions
        return self.projection(self.post(self.tower(self.pre(x))[:, 0]))


class Text(nn.Module):
    def __init__(self, config, projection):
        super().__init__()
        width = config["hidden_size"]
        self.tokens = nn.Embedding(config["vocab_size"], width)
        self.positions = nn.Parameter(torch.randn(config["max_position_embeddings"], width) * 0.02)
        self.tower = Tower(config)
        self.norm = nn.LayerNorm(width)
        self.projection = nn.Linear(width, projection, bias=False)
        length = config["max_position_embeddings"]
        self.register_buffer("mask", torch.full((1, length, length), float("-inf")).triu(1))

    def states(self, ids):
        t = ids.shape[1]
        return self.norm(self.tower(self.tokens(ids) + self.positions[:t], self.mask[:, :t, :t]))

    def forward(self, ids, ends):
        return self.projection(self.states(ids)[torch.arange(len(ids)), ends])


class Clip(nn.Module):
    def __init__(self, config, rank=0):
        super().__init__()
        projection = config["projection_dim"]
        self.vision = Vision(config["vision_config"], projection, rank)
        self.text = Text(config["text_config"], projection)

    def forward(self, pixels, ids, ends, scale):
        a, b = F.normalize(self.vision(pixels), dim=-1), F.normalize(self.text(ids, ends), dim=-1)
        return a @ b.t() * scale


def contrastive(logits):
    target = torch.arange(len(logits))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.t(), target)) / 2
