#!/usr/bin/env python3
"""The stages of samples/emoji/quick.yaml in PyTorch. Prints stage, unit, items and seconds, tab-separated.

The same pictures, captions, sizes, batches and steps as the spec has; weights are random in the shapes of the same config.json
files, since only the time counts. What a trained model decides (where a caption ends) is taken from the true captions.
"""

import argparse
import io
import json
import os
import sys
import time

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
emoji = os.path.join(root, "samples/emoji")
sys.path.insert(0, os.path.join(root, "bench"))

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from PIL import Image  # noqa: E402
from reference.bpe import Bpe  # noqa: E402
from reference.clip import Clip, Text  # noqa: E402
from reference.diffusion import Decoder, UNet, sample  # noqa: E402
from reference.emoji import SPEC, config, info_nce, mmd, optimiser, pixels, read_tar, setting  # noqa: E402
from reference.gpt2 import ClipCap  # noqa: E402

PROMPTS = int(SPEC["data"]["prompts"]["limit"]) * setting("generate", "images_per_caption")
STEPS, GUIDANCE, GENERATION_BATCH = setting("generate", "steps"), setting("generate", "guidance_scale"), setting("generate", "batch_size")
ALIGN_STEPS, ALIGN_BATCH, RANK = setting("align", "steps"), setting("align", "batch_size"), int(SPEC["align"].get("lora", {}).get("rank", 4))
CAPTION_STEPS, CAPTION_BATCH, PREFIX = setting("caption", "steps"), setting("caption", "batch_size"), setting("caption", "prefix_length", 4)
RETRIEVE_STEPS, RETRIEVE_BATCH = setting("retrieve", "steps"), setting("retrieve", "batch_size")
LONG_STEPS, LONG_BATCH = setting("long", "steps"), setting("long", "batch_size")
KEPT, STRETCH = setting("long", "kept_positions", 20), setting("long", "stretch", 4)
ARMS, TEMPLATES = SPEC["arms"].count(",") + 1, SPEC["evaluate"]["zero_shot"]["templates"].count('", "') + 1
FEATURE_BATCH, TEXT_BATCH = 64, 128


class Stage:
    """Times what happens within, and prints it."""

    def __init__(self, name, unit, items):
        self.name, self.unit, self.items = name, unit, items

    def __enter__(self):
        self.start = time.perf_counter()

    def __exit__(self, *_):
        print(self.name, self.unit, self.items, time.perf_counter() - self.start, sep="\t", flush=True)


def chunks(items, size):
    return [items[i : i + size] for i in range(0, len(items), size)]


class Texts:
    """Captions as CLIP's text tower takes them, cut to the longest of a batch."""

    def __init__(self, bpe, text_config):
        self.bpe, self.bos, self.eos = bpe, text_config["bos_token_id"], text_config["eos_token_id"]
        self.limit = text_config["max_position_embeddings"]

    def rows(self, captions, pad=None):
        rows = [[self.bos, *self.bpe.encode(c)[: self.limit - 2], self.eos] for c in captions]
        width = pad or max(map(len, rows))
        return torch.tensor([r + [self.eos] * (width - len(r)) for r in rows]), torch.tensor([len(r) - 1 for r in rows])


@torch.inference_mode()
def embed_pictures(vision, encoded, size):
    return torch.cat([vision(pixels(batch, size)) for batch in chunks(encoded, FEATURE_BATCH)])


@torch.inference_mode()
def embed_captions(text, texts, captions):
    return torch.cat([text(*texts.rows(batch)) for batch in chunks(captions, TEXT_BATCH)])


@torch.inference_mode()
def generate(parts, texts, prompts):
    unet, decoder, encoder, vae = parts
    made = []
    empty = encoder.states(texts.rows([""], texts.limit)[0])
    for batch in chunks(prompts, GENERATION_BATCH):
        states = encoder.states(texts.rows(batch, texts.limit)[0])
        images = sample(unet, decoder, states, empty, torch.randn(len(batch), 4, 16, 16), STEPS, GUIDANCE, vae["scaling_factor"])
        for image in (images * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy():
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, "PNG")
            made.append(buffer.getvalue())
    return made


def align(vision, generated, real, text, size):
    adamw = optimiser(vision)
    for _ in range(ALIGN_STEPS):
        rows = torch.randint(len(generated), (ALIGN_BATCH,)).tolist()
        z = F.normalize(vision(pixels([generated[i] for i in rows], size)), dim=-1)
        r, t = real[rows], text[rows]
        loss = info_nce(z, r, 1 / 0.07) + (1 - (z * r).sum(-1)).mean() + 0.5 * info_nce(z, t, 14.0) + 50 * mmd(z, r)
        adamw.zero_grad(set_to_none=True)
        loss.backward()
        adamw.step()


def caption(model, features, ids):
    adamw = optimiser(model)
    for _ in range(CAPTION_STEPS):
        rows = torch.randint(len(features), (CAPTION_BATCH,)).tolist()
        width = max(len(ids[i]) for i in rows)
        tokens = torch.tensor([ids[i] + [0] * (width - len(ids[i])) for i in rows])
        labels = torch.tensor([ids[i] + [-100] * (width - len(ids[i])) for i in rows])
        loss = model.loss(features[rows], tokens, labels)
        adamw.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()


def retrieve(tower, texts, features, captions, steps, batch):
    adamw = optimiser(tower)
    for _ in range(steps):
        rows = torch.randint(len(features), (batch,)).tolist()
        z = F.normalize(tower(*texts.rows([captions[i] for i in rows])), dim=-1)
        loss = info_nce(z, features[rows], 14.0)
        adamw.zero_grad(set_to_none=True)
        loss.backward()
        adamw.step()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(options.parse_args().threads)
    torch.manual_seed(0)

    clip_config, gpt2_config, vae = config("emoji-clip"), config("emoji-gpt2"), config("emoji-sd", "vae")
    size, width = clip_config["vision_config"]["image_size"], clip_config["projection_dim"]
    with Stage("import", "pictures", 2221):
        sets = {name: read_tar(os.path.join(emoji, "noto", name + ".tar")) for name in ("train", "test-novel", "test-compositional")}
    train, tests = sets["train"], sets["test-novel"] + sets["test-compositional"]
    texts = Texts(Bpe(os.path.join(emoji, "emoji-clip"), clip=True), clip_config["text_config"])
    bpe = Bpe(os.path.join(emoji, "emoji-gpt2"), clip=False)
    with open(os.path.join(emoji, "captions.jsonl"), encoding="utf-8") as file:
        prompts = [row["caption"] for row in map(json.loads, file) if row["split"] in ("train", "test-novel")][:PROMPTS]

    clip, plain = Clip(clip_config, RANK), Clip(clip_config)
    real = [p for p, _, _ in train] + [p for p, _, _ in tests]
    with Stage("generate", "images", len(prompts)):
        parts = UNet(config("emoji-sd", "unet")), Decoder(vae), Text(config("emoji-sd", "text_encoder"), width), vae
        generated = generate(parts, texts, prompts)
    with Stage("images through CLIP", "images", len(real) + len(generated)):
        features = F.normalize(embed_pictures(plain.vision, real + generated, size), dim=-1).clone()
    with Stage("captions through CLIP", "captions", len(train)):
        embed_captions(plain.text, texts, [c for _, c, _ in train])
    with Stage("align", "steps", ALIGN_STEPS):
        text = F.normalize(torch.randn(len(generated), width), dim=-1)
        align(clip.vision, generated, features[: len(generated)], text, size)
    with Stage("images through Gen-CLIP", "images", len(generated)):
        embed_pictures(clip.vision, generated, size)

    train_captions, test_captions = [c for _, c, _ in train], [c for _, c, _ in tests]
    ids = [[*bpe.encode(c)[:23], gpt2_config["eos_token_id"]] for c in train_captions]
    with Stage("caption", "steps", ARMS * CAPTION_STEPS):
        for _ in range(ARMS):
            captioner = ClipCap(gpt2_config, width, PREFIX)
            caption(captioner, features[: len(train)], ids)
    with Stage("evaluate caption", "pictures", ARMS * len(tests)):
        for _ in range(ARMS):
            for start in range(0, len(tests), FEATURE_BATCH):
                rows = features[len(train) + start : len(train) + min(start + FEATURE_BATCH, len(tests))]
                longest = max(len(bpe.encode(c)) + 1 for c in test_captions[start : start + FEATURE_BATCH])
                with torch.inference_mode():
                    captioner.gpt2.greedy(captioner.prefix(rows), min(longest, 24))
    with Stage("retrieve", "steps", ARMS * RETRIEVE_STEPS):
        for _ in range(ARMS):
            tower = Text(clip_config["text_config"], width)
            retrieve(tower, texts, features[: len(train)], train_captions, RETRIEVE_STEPS, RETRIEVE_BATCH)
    with Stage("evaluate retrieve", "pictures", ARMS * len(tests)):
        names = sorted({c for _, c, about in sets["test-novel"] if about["tone"] == 0})
        for _ in range(ARMS):
            z = F.normalize(embed_captions(tower, texts, test_captions), dim=-1)
            (features[len(train) : len(train) + len(tests)] @ z.t()).topk(10)
            embed_captions(tower, texts, [name for name in names for _ in range(TEMPLATES)])

    limit = clip_config["text_config"]["max_position_embeddings"]
    stretched = {**clip_config["text_config"], "max_position_embeddings": KEPT + (limit - KEPT) * STRETCH}
    longer = Texts(texts.bpe, stretched)
    with Stage("long", "steps", ARMS * LONG_STEPS):
        for _ in range(ARMS):
            tower = Text(stretched, width)
            retrieve(tower, longer, features[: len(train)], [about["long_caption"] for _, _, about in train], LONG_STEPS, LONG_BATCH)
    with Stage("evaluate long", "pictures", ARMS * len(tests)):
        for _ in range(ARMS):
            z = F.normalize(embed_captions(tower, longer, [about["long_caption"] for _, _, about in tests]), dim=-1)
            (features[len(train) : len(train) + len(tests)] @ z.t()).topk(10)


if __name__ == "__main__":
    main()
