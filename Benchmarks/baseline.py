#!/usr/bin/env python3
"""The released method's own procedure, in plain PyTorch: what the sweep is compared with.

One picture at a time, as the published builder renders: weights modulated and demodulated per sample, stride-2
transposed convolution followed by the [1, 3, 3, 1] filter as a depthwise convolution, float32; then CLIP's image
encoder in batches of 16. Written from the papers and from the tensors' names, for whatever sizes the weights have.

    baseline.py --generator generator.safetensors --clip clip.safetensors --threads 2 --images 160

prints one line of JSON: pictures a second of each half and of both, which is two a pair. `--optimise 300` times steps
of the published latent optimisation instead, `--mapper FILE` those of a latent mapper's training.
"""

import argparse
import json
import math
import time

import numpy
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file


class Generator:
    """StyleGAN2 with NVIDIA's names, one sample at a time."""

    def __init__(self, path, dtype=torch.float32):
        self.weights = {name: value.to(dtype) for name, value in load_file(path).items()}
        self.resolutions = sorted(int(name.split(".")[1][1:]) for name in self.weights if name.endswith("torgb.weight"))
        # The layers' names, in the order in which the network meets them.
        self.names = []
        for resolution in self.resolutions:
            block = f"synthesis.b{resolution}"
            self.names += [block + ".conv0"] * (resolution > 4) + [block + ".conv1", block + ".torgb"]
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=dtype)
        self.filter = torch.outer(taps, taps) / taps.sum() ** 2

    def mapping(self, z):
        x = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        layer = 0
        while f"mapping.fc{layer}.weight" in self.weights:
            weight, bias = self.weights[f"mapping.fc{layer}.weight"], self.weights[f"mapping.fc{layer}.bias"]
            x = F.linear(x, weight * (0.01 / math.sqrt(weight.shape[1])), bias * 0.01)
            x = F.leaky_relu(x, 0.2) * math.sqrt(2)
            layer += 1
        return x

    def latents(self, z, psi=0.7, cutoff=8):
        """z [1, z_dim] → truncated w+ [L, w_dim]."""
        count = sum(not name.endswith("torgb") for name in self.names) + 1
        mean, w = self.weights["mapping.w_avg"], self.mapping(z)
        return torch.cat([mean + psi * (w - mean) if i < cutoff else w for i in range(count)])

    def styles(self, latents):
        """w+ [L, w_dim] → the style of every layer; a block's first convolution reads the w of the picture before it."""
        styles, index = {}, 0
        for name in self.names:
            styles[name] = self.affine(name, latents[index][None])
            if not name.endswith("torgb"):
                index += 1
        return styles

    def code(self, row):
        """The styles of a row of C_total numbers, by layer."""
        counts = [len(self.weights[name + ".affine.bias"]) for name in self.names]
        return dict(zip(self.names, row[None].split(counts, dim=1)))

    def affine(self, name, w):
        """The style of a layer: from a w, or out of a style code."""
        if isinstance(w, dict):
            return w[name]
        weight, bias = self.weights[name + ".affine.weight"], self.weights[name + ".affine.bias"]
        return F.linear(w, weight / math.sqrt(weight.shape[1]), bias)

    def filtered(self, x, gain, padding):
        """The FIR filter as a depthwise convolution."""
        channels = x.shape[1]
        kernel = (self.filter * gain)[None, None].repeat(channels, 1, 1, 1)
        return F.conv2d(F.pad(x, padding), kernel, groups=channels)

    def convolution(self, name, x, w, up):
        weight, style = self.weights[name + ".weight"], self.affine(name, w)
        modulated = weight[None] * style[:, None, :, None, None]
        modulated = modulated * (modulated.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        if up:
            x = F.conv_transpose2d(x, modulated[0].transpose(0, 1), stride=2)
            x = self.filtered(x, 4, (1, 1, 1, 1))
        else:
            x = F.conv2d(x, modulated[0], padding=1)
        x = x + self.weights[name + ".noise_const"] * self.weights[name + ".noise_strength"]
        x = x + self.weights[name + ".bias"][None, :, None, None]
        return F.leaky_relu(x, 0.2) * math.sqrt(2)

    def picture(self, name, x, w):
        weight = self.weights[name + ".weight"]
        style = self.affine(name, w) / math.sqrt(weight.shape[1])
        x = F.conv2d(x, (weight[None] * style[:, None, :, None, None])[0])
        return x + self.weights[name + ".bias"][None, :, None, None]

    def synthesis(self, w):
        rgb = None
        for resolution in self.resolutions:
            block = f"synthesis.b{resolution}"
            if resolution == 4:
                x = self.weights[block + ".const"][None]
            else:
                x = self.convolution(block + ".conv0", x, w, up=True)
                rgb = F.pad(rgb[:, :, :, None, :, None], (0, 1, 0, 0, 0, 1)).reshape(1, 3, resolution, resolution)
                rgb = self.filtered(rgb, 4, (2, 1, 2, 1))
            x = self.convolution(block + ".conv1", x, w, up=False)
            new = self.picture(block + ".torgb", x, w)
            rgb = new if rgb is None else rgb + new
        return rgb


class ImageEncoder:
    """CLIP's vision transformer with OpenAI's names."""

    def __init__(self, path, dtype=torch.float32):
        self.weights = {n: v.to(dtype) for n, v in load_file(path).items() if n.startswith("visual.")}
        self.patch = self.weights["visual.conv1.weight"].shape[-1]
        self.width = self.weights["visual.conv1.weight"].shape[0]
        self.side = math.isqrt(self.weights["visual.positional_embedding"].shape[0] - 1) * self.patch
        self.depth = len({n.split(".")[3] for n in self.weights if ".resblocks." in n})
        self.heads = max(1, self.width // 64)

    def norm(self, name, x):
        return F.layer_norm(x, x.shape[-1:], self.weights[name + ".weight"], self.weights[name + ".bias"])

    def embeddings(self, pictures):
        x = ((pictures + 1) / 2).clamp(0, 1)
        if x.shape[-1] != self.side:
            x = F.interpolate(x, (self.side, self.side), mode="bicubic", antialias=True).clamp(0, 1)
        mean = torch.tensor([0.48145466, 0.4578275, 0.40821073])[None, :, None, None]
        deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711])[None, :, None, None]
        x = F.conv2d((x - mean) / deviation, self.weights["visual.conv1.weight"], stride=self.patch)
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([self.weights["visual.class_embedding"].expand(len(x), 1, -1), x], 1)
        x = self.norm("visual.ln_pre", x + self.weights["visual.positional_embedding"])
        for layer in range(self.depth):
            name = f"visual.transformer.resblocks.{layer}"
            q, k, v = (
                part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
                for part in F.linear(
                    self.norm(name + ".ln_1", x), self.weights[name + ".attn.in_proj_weight"],
                    self.weights[name + ".attn.in_proj_bias"],
                ).chunk(3, -1)
            )
            attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
            x = x + F.linear(
                attended, self.weights[name + ".attn.out_proj.weight"], self.weights[name + ".attn.out_proj.bias"])
            hidden = F.linear(
                self.norm(name + ".ln_2", x), self.weights[name + ".mlp.c_fc.weight"],
                self.weights[name + ".mlp.c_fc.bias"])
            x = x + F.linear(
                hidden * torch.sigmoid(1.702 * hidden), self.weights[name + ".mlp.c_proj.weight"],
                self.weights[name + ".mlp.c_proj.bias"])
        x = self.norm("visual.ln_post", x[:, 0]) @ self.weights["visual.proj"]
        return F.normalize(x, dim=-1)


def learning_rate(t, rate=0.1, rampdown=0.25, rampup=0.05):
    """Of the published latent optimisation, at a time from 0 to 1."""
    falling = 0.5 - 0.5 * math.cos(math.pi * min(1, (1 - t) / rampdown))
    return rate * falling * min(1, t / rampup)


def optimise(starts, trained, embedding, text, steps, weight=0.008):
    """Latent optimisation: the loss before the first step and after each, with the tensors; those not trained stay.

    1 − E_i(G(x))·E_t + λ |x − x_s|², by Adam, where x are tensors that begin as `starts`.
    """
    tensors = [start.clone().requires_grad_(train) for start, train in zip(starts, trained)]
    adam = torch.optim.Adam([tensor for tensor in tensors if tensor.requires_grad])
    for step in range(steps + 1):
        distance = sum((tensor - start).square().sum() for tensor, start in zip(tensors, starts))
        loss = 1 - embedding(tensors) @ text + weight * distance
        yield loss.item(), [tensor.detach() for tensor in tensors]
        if step < steps:
            adam.param_groups[0]["lr"] = learning_rate(step / steps)
            adam.zero_grad()
            loss.backward()
            adam.step()


def time_optimisation(options, generator, encoder, z):
    """Prints the seconds of a step of one face in w+; the pass before the first step is there to warm."""
    text = torch.from_numpy(numpy.random.RandomState(1).randn(encoder.weights["visual.proj"].shape[1])).float()
    walk = optimise(
        [generator.latents(z)], [True],
        lambda tensors: encoder.embeddings(generator.synthesis(generator.styles(tensors[0])))[0],
        F.normalize(text, dim=0), options.optimise)
    next(walk)
    began = time.perf_counter()
    for _ in walk:
        pass
    seconds = (time.perf_counter() - began) / options.optimise
    print(json.dumps({"seconds_a_step": seconds, "torch": torch.__version__}))


def embed_codes(options, generator, encoder):
    """Draws and embeds given style codes, in the same batches."""
    codes = [generator.code(row) for row in load_file(options.codes)["codes"]]
    with torch.inference_mode():
        encoder.embeddings(torch.cat([generator.synthesis(codes[0])] * 16))  # warm
        rounds, seconds = 0, 0.0
        while seconds < 5:
            began = time.perf_counter()
            embeddings = [
                encoder.embeddings(torch.cat([generator.synthesis(code) for code in codes[first : first + 16]]))
                for first in range(0, len(codes), 16)
            ]
            rounds, seconds = rounds + 1, seconds + time.perf_counter() - began
    save_file({"embeddings": torch.cat(embeddings)}, options.embeddings)
    print(json.dumps({"pictures_per_second": rounds * len(codes) / seconds, "torch": torch.__version__}))


def train_mapper(options, generator, encoder):
    """Steps of a latent mapper's training, as StyleCLIP has them: a batch's faces, their loss, its gradient, RAdam."""
    weights = {name: value for name, value in load_file(options.mapper).items() if name.startswith("mapper.")}
    parameters = {name: torch.nn.Parameter(value) for name, value in weights.items()}
    optimiser = torch.optim.RAdam(parameters.values(), lr=0.5)
    target = load_file(options.target)["target"]
    random = numpy.random.RandomState(0)
    depth = generator.weights["mapping.fc0.weight"].shape[1]

    def step_of(w):
        parts = []
        for level, first, last in [("course", 0, 4), ("medium", 4, 8), ("fine", 8, w.shape[1])]:
            x = w[:, first:last]
            x = x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()
            for layer in range(1, 5):
                name = f"mapper.{level}_mapping.mapping.{layer}"
                weight = parameters[name + ".weight"] * (0.01 / math.sqrt(x.shape[2]))
                x = F.leaky_relu(F.linear(x, weight, 0.01 * parameters[name + ".bias"]), 0.2) * math.sqrt(2)
            parts.append(x)
        return 0.1 * torch.cat(parts, 1)

    def train():
        with torch.no_grad():
            z = [torch.from_numpy(random.randn(1, depth)).float() for _ in range(options.batch)]
            w = torch.stack([generator.latents(row) for row in z])
        step = step_of(w)
        pictures = torch.cat([generator.synthesis(generator.styles(code)) for code in w + step])
        loss = 1 - (encoder.embeddings(pictures) @ target).mean() + 0.8 * step.square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    first = train()  # warm
    began = time.perf_counter()
    for _ in range(options.steps):
        train()
    seconds = (time.perf_counter() - began) / options.steps
    print(json.dumps({"seconds": seconds, "loss": first, "torch": torch.__version__}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", required=True)
    parser.add_argument("--clip", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", type=int, default=160, help="pictures to time, rounded up to batches of 16")
    parser.add_argument("--optimise", type=int, help="steps of latent optimisation to time instead")
    parser.add_argument("--codes", help="style codes to draw instead, [n, C_total] under 'codes' of a safetensors file")
    parser.add_argument("--embeddings", help="where their embeddings go, [n, d]")
    parser.add_argument("--mapper", help="train this mapper instead, a safetensors file's as it is before the first step")
    parser.add_argument("--target", help="the phrase's embedding, [d] under 'target' of a safetensors file")
    parser.add_argument("--steps", type=int, default=10, help="steps to time")
    parser.add_argument("--batch", type=int, default=2, help="faces a step")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    generator, encoder = Generator(options.generator), ImageEncoder(options.clip)
    if options.codes:
        return embed_codes(options, generator, encoder)
    if options.mapper:
        return train_mapper(options, generator, encoder)
    z = numpy.random.RandomState(0).randn(1, generator.weights["mapping.fc0.weight"].shape[1])
    z = torch.from_numpy(z).float()
    if options.optimise:
        return time_optimisation(options, generator, encoder, z)
    with torch.inference_mode():
        w = generator.mapping(z)
        encoder.embeddings(torch.cat([generator.synthesis(w)] * 16))  # warm
        rendering = embedding = 0.0
        rounds = max(1, math.ceil(options.images / 16))
        for _ in range(rounds):
            began = time.perf_counter()
            pictures = torch.cat([generator.synthesis(w) for _ in range(16)])
            rendered = time.perf_counter()
            encoder.embeddings(pictures)
            embedding += time.perf_counter() - rendered
            rendering += rendered - began
    count = rounds * 16
    print(json.dumps({
        "pictures_per_second": round(count / (rendering + embedding), 3),
        "synthesis_per_second": round(count / rendering, 3),
        "embeddings_per_second": round(count / embedding, 3),
        "torch": torch.__version__,
        "threads": options.threads,
    }))


if __name__ == "__main__":
    main()
