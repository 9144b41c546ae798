"""Writes what torch.optim.Adam and autograd make of latent optimisation, in float64, w+ and S: losses and the last codes.

For each pair of models 20 steps of L(x) = 1 − E_i(G(x))·E_t + λ |x − x_s|², with the published schedule of the learning
rate, from the latent and towards the direction of a text that NumPy's RandomState gives. The networks are the
benchmark's plain ones.

    python make_optimisation.py name=generator.safetensors,clip.safetensors … optimisation.safetensors
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Benchmarks"))
import baseline

STEPS = 20


def optimise(*arguments):
    """Losses before the first step and after each, and the tensors after the last."""
    walk = list(baseline.optimise(*arguments, steps=STEPS))
    return torch.tensor([loss for loss, _ in walk], dtype=torch.float64), walk[-1][1]


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
