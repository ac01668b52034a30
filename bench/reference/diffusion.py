"""Stable Diffusion's denoiser and decoder (diffusers' UNet2DConditionModel and AutoencoderKL), and DPM-Solver++ 2M."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class Resnet(nn.Module):
    def __init__(self, inputs, outputs, time, groups, eps):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(groups, inputs, eps), nn.GroupNorm(groups, outputs, eps)
        self.conv1, self.conv2 = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.time = nn.Linear(time, outputs) if time else None
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x, time=None):
        h = self.conv1(F.silu(self.norm1(x), inplace=not torch.is_grad_enabled()))
        if self.time is not None:
            h = h + self.time(time)[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h), inplace=not torch.is_grad_enabled()))
        return h + (x if self.shortcut is None else self.shortcut(x))


class Attention(nn.Module):
    def __init__(self, width, text, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v = nn.Linear(width, width, bias=False), nn.Linear(text, width, bias=False), nn.Linear(text, width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, x, text):
        b, n, c = x.shape

        def split(y):
            return y.view(b, y.shape[1], self.heads, -1).transpose(1, 2).reshape(b * self.heads, y.shape[1], -1)

        q, k, v = split(self.q(x)), split(self.k(text)), split(self.v(text))
        empty = torch.empty(q.shape[0], n, k.shape[1])
        scores = torch.baddbmm(empty, q, k.transpose(1, 2), beta=0, alpha=1 / math.sqrt(c // self.heads)).softmax(-1)
        return self.out(torch.bmm(scores, v).view(b, self.heads, n, -1).transpose(1, 2).reshape(b, n, c))


class Transformer(nn.Module):
    def __init__(self, width, text, heads, groups, linear):
        super().__init__()
        self.linear = linear
        self.norm = nn.GroupNorm(groups, width, 1e-6)
        self.proj_in = nn.Linear(width, width) if linear else nn.Conv2d(width, width, 1)
        self.proj_out = nn.Linear(width, width) if linear else nn.Conv2d(width, width, 1)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn1, self.attn2 = Attention(width, width, heads), Attention(width, text, heads)
        self.gate, self.out = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)

    def forward(self, x, text):
        b, c, h, w = x.shape
        y = self.norm(x)
        y = self.proj_in(y.permute(0, 2, 3, 1).reshape(b, h * w, c)) if self.linear else self.proj_in(y).permute(0, 2, 3, 1).reshape(b, h * w, c)
        z = self.norm1(y)
        y = y + self.attn1(z, z)
        y = y + self.attn2(self.norm2(y), text)
        value, gate = self.gate(self.norm3(y)).chunk(2, -1)
        y = y + self.out(value * F.gelu(gate))
        if self.linear:
            return x + self.proj_out(y).view(b, h, w, c).permute(0, 3, 1, 2)
        return x + self.proj_out(y.view(b, h, w, c).permute(0, 3, 1, 2))


class UNet(nn.Module):
    def __init__(self, config):
        super().__init__()
        channels, groups, eps = config["block_out_channels"], config["norm_num_groups"], config["norm_eps"]
        count, text = len(channels), config["cross_attention_dim"]
        layers = config["layers_per_block"]
        heads = config["attention_head_dim"]  # diffusers' misnomer: heads, not their width
        heads = heads if isinstance(heads, list) else [heads] * count
        linear = config.get("use_linear_projection", False)
        self.width, time = channels[0], channels[0] * 4
        self.time = nn.Sequential(nn.Linear(self.width, time), nn.SiLU(), nn.Linear(time, time))
        self.conv_in = nn.Conv2d(config["in_channels"], channels[0], 3, padding=1)

        def attention(i):
            return Transformer(channels[i], text, heads[i], groups, linear)

        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        skips = [channels[0]]
        width = channels[0]
        for i in range(count):
            attends = config["down_block_types"][i].startswith("Cross")
            block = nn.ModuleDict({"resnets": nn.ModuleList(), "attentions": nn.ModuleList()})
            for _ in range(layers):
                block["resnets"].append(Resnet(width, channels[i], time, groups, eps))
                width = channels[i]
                if attends:
                    block["attentions"].append(attention(i))
                skips.append(width)
            if i < count - 1:
                block["sampler"] = nn.Conv2d(width, width, 3, stride=2, padding=1)
                skips.append(width)
            self.down.append(block)
        self.mid1, self.mid, self.mid2 = Resnet(width, width, time, groups, eps), attention(count - 1), Resnet(width, width, time, groups, eps)
        for j in range(count):
            i = count - 1 - j
            attends = config["up_block_types"][j].startswith("Cross")
            block = nn.ModuleDict({"resnets": nn.ModuleList(), "attentions": nn.ModuleList()})
            for _ in range(layers + 1):
                block["resnets"].append(Resnet(width + skips.pop(), channels[i], time, groups, eps))
                width = channels[i]
                if attends:
                    block["attentions"].append(attention(i))
            if i > 0:
                block["sampler"] = nn.Conv2d(width, width, 3, padding=1)
            self.up.append(block)
        self.norm_out, self.conv_out = nn.GroupNorm(groups, width, eps), nn.Conv2d(width, config["out_channels"], 3, padding=1)

    def forward(self, x, t, text):
        half = self.width // 2
        angles = t.float()[:, None] * torch.exp(torch.arange(half) * (-math.log(10000) / half))[None]
        time = F.silu(self.time(torch.cat([angles.cos(), angles.sin()], -1)))
        x = self.conv_in(x)
        skips = [x]
        for block in self.down:
            for i, resnet in enumerate(block["resnets"]):
                x = resnet(x, time)
                if len(block["attentions"]):
                    x = block["attentions"][i](x, text)
                skips.append(x)
            if "sampler" in block:
                x = block["sampler"](x)
                skips.append(x)
        x = self.mid2(self.mid(self.mid1(x, time), text), time)
        for block in self.up:
            for i, resnet in enumerate(block["resnets"]):
                x = resnet(torch.cat([x, skips.pop()], 1), time)
                if len(block["attentions"]):
                    x = block["attentions"][i](x, text)
            if "sampler" in block:
                x = block["sampler"](F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.conv_out(F.silu(self.norm_out(x), inplace=not torch.is_grad_enabled()))


class Decoder(nn.Module):
    """From latents to pixels; without attention in its middle, as emoji-sd's is."""

    def __init__(self, config):
        super().__init__()
        channels, groups = list(reversed(config["block_out_channels"])), config["norm_num_groups"]
        latent = config["latent_channels"]
        if config.get("mid_block_add_attention", True):
            raise ValueError("attention in the middle is not part of this reference")
        self.post_quant = nn.Conv2d(latent, latent, 1)
        self.conv_in = nn.Conv2d(latent, channels[0], 3, padding=1)
        width = channels[0]
        self.blocks = nn.ModuleList([Resnet(width, width, 0, groups, 1e-6), Resnet(width, width, 0, groups, 1e-6)])
        self.samplers = nn.ModuleList([nn.Identity(), nn.Identity()])
        for i, out in enumerate(channels):
            for n in range(config["layers_per_block"] + 1):
                self.blocks.append(Resnet(width, out, 0, groups, 1e-6))
                width = out
                last = n == config["layers_per_block"] and i < len(channels) - 1
                self.samplers.append(nn.Conv2d(width, width, 3, padding=1) if last else nn.Identity())
        self.norm_out, self.conv_out = nn.GroupNorm(groups, width, 1e-6), nn.Conv2d(width, config["out_channels"], 3, padding=1)

    def forward(self, z):
        x = self.conv_in(self.post_quant(z))
        for block, sampler in zip(self.blocks, self.samplers):
            x = block(x)
            if isinstance(sampler, nn.Conv2d):
                x = sampler(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.conv_out(F.silu(self.norm_out(x), inplace=not torch.is_grad_enabled()))


def sample(unet, decoder, text, negative, latents, steps, guidance, scaling):
    """Guided sampling with DPM-Solver++ 2M and v-prediction: both halves of the guidance in one batch, as diffusers does it."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    alphas = (1 - betas).cumprod(0)
    times = torch.linspace(999, 0, steps + 1).round().long()[:-1]
    both = torch.cat([negative.expand_as(text), text])
    x, previous, previous_lambda = latents, None, None

    def levels(t):
        a = alphas[t].item() if t >= 0 else 1.0
        return math.sqrt(a), math.sqrt(1 - a)

    for i, t in enumerate(times.tolist()):
        low, high = unet(torch.cat([x, x]), torch.full((2 * len(x),), t), both).chunk(2)
        v = low + guidance * (high - low)
        alpha, sigma = levels(t)
        x0 = alpha * x - sigma * v
        lam = math.log(alpha / sigma)
        if i == steps - 1:
            x = x0
            break
        next_alpha, next_sigma = levels(times[i + 1].item())
        next_lambda = math.log(next_alpha / next_sigma)
        h = next_lambda - lam
        d = x0 if previous is None else x0 + (x0 - previous) * (h / (2 * (lam - previous_lambda)))
        x = (next_sigma / sigma) * x - next_alpha * math.expm1(-h) * d
        previous, previous_lambda = x0, lam
    return (decoder(x / scaling) / 2 + 0.5).clamp(0, 1)
