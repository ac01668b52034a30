"""The emoji sample for PyTorch: its spec, its pictures, and the losses that its stages have."""

import io
import json
import os
import re
import tarfile

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

folder = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "samples/emoji")


def read_spec(path):
    """As much of YAML as the spec needs: "a: b" nested by indentation; lists of mappings are passed over."""
    spec = {}
    stack = [(-1, spec)]
    with open(path) as file:
        for line in file:
            match = re.match(r"^( *)(\w+):\s*([^#]*?)\s*(#.*)?$", line)
            if match:
                indent, key, value = len(match[1]), match[2], match[3]
                while stack[-1][0] >= indent:
                    stack.pop()
                stack[-1][1][key] = value if value else {}
                if not value:
                    stack.append((indent, stack[-1][1][key]))
    return spec


SPEC = read_spec(os.path.join(folder, "quick.yaml"))


def setting(section, key, default=None):
    value = SPEC[section].get(key, default)
    return float(value) if "." in str(value) else int(value)


MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)


def config(*path):
    with open(os.path.join(folder, *path, "config.json")) as file:
        return json.load(file)


def read_tar(path):
    """Encoded picture, caption, and what else is known of each."""
    pictures = {}
    with tarfile.open(path) as tar:
        for member in tar:
            key, extension = member.name.split(".", 1)
            pictures.setdefault(key, {})[extension] = tar.extractfile(member).read()
    return [(p["png"], p["txt"].decode(), json.loads(p["json"])) for p in pictures.values()]


def pixels(encoded, size):
    """CLIP's preprocessing, with Pillow."""
    rows = []
    for data in encoded:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        if image.size != (size, size):
            image = image.resize((size, size), Image.BICUBIC)
        rows.append(((np.asarray(image, np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1))
    return torch.from_numpy(np.stack(rows))


def info_nce(a, b, scale):
    logits = scale * a @ b.t()
    target = torch.arange(len(a))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.t(), target)) / 2


def mmd(x, y):
    def kernel(a, b):
        d = torch.cdist(a, b) ** 2
        return sum(torch.exp(d / (-2 * s * s)) for s in (0.35, 0.7))

    n = len(x)
    off = 1 - torch.eye(n)
    return ((kernel(x, x) + kernel(y, y)) * off).sum() / (n * (n - 1)) - 2 * kernel(x, y).mean()


def optimiser(model):
    return torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3, foreach=True)
