"""Byte-level BPE as GPT-2 and CLIP have it, enough for plain captions: what counts here is how many tokens a caption has."""

import functools
import json
import os
import re


def _alphabet():
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in kept]
    return {**{b: chr(b) for b in kept}, **{b: chr(256 + i) for i, b in enumerate(rest)}}


class Bpe:
    def __init__(self, folder, clip):
        self.clip = clip
        with open(os.path.join(folder, "vocab.json"), encoding="utf-8") as file:
            self.vocab = json.load(file)
        with open(os.path.join(folder, "merges.txt"), encoding="utf-8") as file:
            lines = [line.split() for line in file.read().split("\n") if line and not line.startswith("#version")]
        self.ranks = {tuple(pair): i for i, pair in enumerate(lines)}
        self.bytes = _alphabet()
        self.pattern = re.compile(
            r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+|_+" if clip else r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?[^\s\w]+|\s+", re.I if clip else 0
        )

    def encode(self, text):
        text = " ".join(text.lower().split()) if self.clip else text
        return [i for piece in self.pattern.findall(text) for i in self._piece(piece)]

    @functools.lru_cache(None)
    def _piece(self, piece):
        parts = [self.bytes[b] for b in piece.encode()]
        if self.clip:
            parts[-1] += "</w>"
        while len(parts) > 1:
            best = min(range(len(parts) - 1), key=lambda i: self.ranks.get((parts[i], parts[i + 1]), 1 << 30))
            if (parts[best], parts[best + 1]) not in self.ranks:
                break
            parts[best : best + 2] = [parts[best] + parts[best + 1]]
        return [self.vocab.get(part, 0) for part in parts]
