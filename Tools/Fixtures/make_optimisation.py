"""Writes what torch.optim.Adam and autograd make of latent optimisation, in float64, w+ and S: losses and the last codes.

For each pair of models 20 steps of L(x) = 1 − E_i(G(x))·E_t + λ |x − x_s|², with the published schedule of the learning
rate, from the latent and towards the direction of a text that NumPy's RandomState gives. The networks are the
benchmark's plain ones.

    python make_optimisation.py name=generator.safetensors,clip.safetensors … optimisation.safetensors
"""

import math
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Benchmarks"))
import baseline

STEPS, RATE, WEIGHT = 20, 0.1, 0.008


def learning_rate(t):
    falling = 0.5 - 0.5 * math.cos(math.pi * min(1, (1 - t) / 0.25))
    return RATE * falling * min(1, t / 0.05)


def optimise(starts, trained, embedding, text):
    """Losses before the first step and after each, and the tensors after the last; those not trained stay."""
    tensors = [start.clone().requires_grad_(train) for start, train in zip(starts, trained)]
    adam = torch.optim.Adam([tensor for tensor in tensors if tensor.requires_grad], lr=RATE)

    def loss():
        distance = sum((tensor - start).square().sum() for tensor, start in zip(tensors, starts))
        return 1 - embedding(tensors) @ text + WEIGHT * distance

    losses = []
    for step in range(STEPS):
        adam.param_groups[0]["lr"] = learning_rate(step / STEPS)
        value = loss()
        losses.append(value.item())
        adam.zero_grad()
        value.backward()
        adam.step()
    losses.append(loss().item())
    return torch.tensor(losses, dtype=torch.float64), [tensor.detach() for tensor in tensors]


def trajectories(generator, clip):
    generator = baseline.Generator(generator, torch.float64)
    encoder = baseline.ImageEncoder(clip, torch.float64)
    random = np.random.RandomState(23)
    z = random.randn(1, generator.weights["mapping.fc0.weight"].shape[1]).astype(np.float32)
    text = random.randn(encoder.weights["visual.proj"].shape[1]).astype(np.float32)
    text = torch.from_numpy(text / np.linalg.norm(text)).double()
    latents = generator.latents(torch.from_numpy(z).double())
    styles = list(generator.styles(latents).values())

    def embedding(styles):
        return encoder.embeddings(generator.synthesis(dict(zip(generator.names, styles))))[0]

    losses, last = optimise(
        [latents], [True], lambda tensors: embedding(generator.styles(tensors[0]).values()), text)
    styleLosses, lastStyles = optimise(
        styles, [not name.endswith("torgb") for name in generator.names], embedding, text)
    return {
        "text": text, "w+.start": latents[None], "w+.losses": losses, "w+.last": last[0][None],
        "s.start": torch.cat(styles, 1), "s.losses": styleLosses, "s.last": torch.cat(lastStyles, 1),
    }


*models, output = sys.argv[1:]
tensors = {}
for argument in models:
    name, paths = argument.split("=")
    for key, value in trajectories(*paths.split(",")).items():
        tensors[f"{name}.{key}"] = value.float().contiguous()
save_file(tensors, output)
