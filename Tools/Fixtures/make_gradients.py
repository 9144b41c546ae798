"""Writes what PyTorch's autograd says of whole networks, z → w+ → s → picture → unit CLIP embedding, in float64.

For each pair of models: three gradients of the embedding, drawn from NumPy's RandomState as the picture's z before them,
and what they make of s, of w+ and of z. The networks are the benchmark's plain ones.

    python make_gradients.py name=generator.safetensors,clip.safetensors … gradients.safetensors
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Benchmarks"))
import baseline

GRADIENTS = 3


def gradients(generator, clip):
    generator = baseline.Generator(generator, torch.float64)
    encoder = baseline.ImageEncoder(clip, torch.float64)
    depth = generator.weights["mapping.fc0.weight"].shape[1]
    dimension = encoder.weights["visual.proj"].shape[1]
    random = np.random.RandomState(17)
    z = torch.from_numpy(random.randn(1, depth).astype(np.float32)).double().requires_grad_()
    cotangents = torch.from_numpy(random.randn(GRADIENTS, dimension).astype(np.float32)).double()

    latents = generator.latents(z)
    latents.retain_grad()
    styles = generator.styles(latents)
    inputs = [styles[name] for name in generator.names]
    embedding = encoder.embeddings(generator.synthesis(styles))[0]
    rows = {"s": [], "w+": [], "z": []}
    for cotangent in cotangents:
        ofAll = torch.autograd.grad(embedding, inputs + [latents, z], cotangent, retain_graph=True)
        rows["s"].append(torch.cat([part[0] for part in ofAll[:-2]]))
        rows["w+"].append(ofAll[-2])
        rows["z"].append(ofAll[-1][0])
    return {name: torch.stack(values).float() for name, values in rows.items()} | {"embedding": embedding.detach().float()}


*models, output = sys.argv[1:]
tensors = {}
for argument in models:
    name, paths = argument.split("=")
    for key, value in gradients(*paths.split(",")).items():
        tensors[f"{name}.{key}"] = value.contiguous()
save_file(tensors, output)
