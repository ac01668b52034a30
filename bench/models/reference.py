#!/usr/bin/env python3
"""The cases of cases.json in PyTorch. Prints name, unit and rate, tab-separated. Weights are random: only the time counts."""

import argparse
import json
import os
import sys
import time

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(root, "bench"))

import torch  # noqa: E402
from reference.clip import Clip, contrastive  # noqa: E402
from reference.diffusion import UNet  # noqa: E402
from reference.gpt2 import ClipCap, Gpt2  # noqa: E402
from reference.timing import rate  # noqa: E402


def optimiser(model):
    # foreach: the multi-tensor form, the fastest that 1.13 has on a CPU.
    return torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4, foreach=True)


def clip_inputs(config, batch):
    vision, text = config["vision_config"], config["text_config"]
    size, length = vision["image_size"], text["max_position_embeddings"]
    ids = torch.randint(text["vocab_size"], (batch, length))
    return torch.randn(batch, 3, size, size), ids, torch.full((batch,), length - 1)


def clip_forward(case, config):
    model, inputs = Clip(config), clip_inputs(config, case["batch"])

    @torch.inference_mode()
    def step():
        model(*inputs, 14.0)

    return "pairs", case["batch"], step


def clip_train(case, config):
    model, inputs = Clip(config), clip_inputs(config, case["batch"])
    adamw = optimiser(model)

    def step():
        adamw.zero_grad(set_to_none=True)
        contrastive(model(*inputs, 14.0)).backward()
        adamw.step()

    return "pairs", case["batch"], step


def unet_step(case, config):
    model, size = UNet(config), config["sample_size"]
    x, text = torch.randn(case["batch"], config["in_channels"], size, size), torch.randn(case["batch"], case["tokens"], config["cross_attention_dim"])
    if case.get("channels_last"):
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    t = torch.full((case["batch"],), 500)

    @torch.inference_mode()
    def step():
        model(x, t, text)

    return "latents", case["batch"], step


def gpt2_decode(case, config):
    model = Gpt2(config)
    prefix = torch.randn(case["batch"], case["prefix"], model.width) * 0.02
    return "tokens", case["batch"] * case["tokens"], lambda: model.greedy(prefix, case["tokens"])


def clipcap_train(case, config):
    model = ClipCap(config, 128, case["prefix"])
    adamw = optimiser(model)
    images = torch.randn(case["batch"], 128)
    ids = torch.randint(model.gpt2.wte.shape[0], (case["batch"], case["tokens"]))

    def step():
        adamw.zero_grad(set_to_none=True)
        model.loss(images, ids, ids).backward()
        adamw.step()

    return "captions", case["batch"], step


def adamw_step(case, config):
    model = Gpt2(config)
    for p in model.parameters():
        p.grad = torch.randn_like(p) * 1e-3
    return "steps", 1, optimiser(model).step


KINDS = {
    "clip-forward": clip_forward,
    "clip-train": clip_train,
    "unet-step": unet_step,
    "gpt2-decode": gpt2_decode,
    "clipcap-train": clipcap_train,
    "adamw": adamw_step,
}

if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--only", default="", help="cases whose name or kind contains this")
    options.add_argument("--channels-last", action="store_true", help="UNet weights and maps channels-last")
    options.add_argument("--cpu-time", action="store_true", help="count the process's time on the cores, not the clock on the wall")
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    with open(os.path.join(root, "bench/models/cases.json")) as file:
        cases = json.load(file)
    for case in cases:
        if given.only not in case["name"] and given.only not in case["kind"]:
            continue
        with open(os.path.join(root, case["config"], "config.json")) as file:
            config = json.load(file)
        case["channels_last"] = given.channels_last
        unit, items, step = KINDS[case["kind"]](case, config)
        print(case["name"], unit, rate(step, items, case["seconds"], time.process_time if given.cpu_time else time.perf_counter), sep="\t", flush=True)
