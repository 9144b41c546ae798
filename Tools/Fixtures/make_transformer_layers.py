"""Writes what PyTorch and Pillow compute for the transformer's layers that the tests of NeuralLayers repeat.

Inputs and weights come from NumPy's RandomState, whose stream the tests have too, so that only results are kept: every
`every`-th value of the output. PyTorch's are in float64, Pillow's in float32 (mode F).

    python make_transformer_layers.py > ../../Tests/NeuralLayersTests/Fixtures/transformer_layers.json
"""

import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

ACTIVATIONS = {"identity": lambda x: x, "gelu": F.gelu, "quickGELU": lambda x: x * torch.sigmoid(1.702 * x)}
cases = []


def keep(kind, sizes, seed, output, **more):
    values = np.asarray(output, np.float64).flatten()
    every = max(1, len(values) // 150) | 1
    cases.append(
        {"kind": kind, "sizes": sizes, "seed": seed, "every": every, **more,
         "values": [float(f"{v:.9g}") for v in values[::every]]}
    )


def stream(seed):
    random = np.random.RandomState(seed)
    return lambda *shape: torch.from_numpy(random.randn(*shape).astype(np.float32).astype(np.float64))


LINEAR = [(1, 3, 5), (7, 33, 17), (65, 48, 96), (260, 64, 40), (3, 130, 1)]
for seed, (rows, inputs, outputs) in enumerate(LINEAR):
    for activation, function in ACTIVATIONS.items():
        random = stream(seed)
        x, w, b = random(rows, inputs), random(outputs, inputs), random(outputs)
        keep("linear", [rows, inputs, outputs], seed, function(x @ w.T + b), activation=activation)

for seed, (rows, width) in enumerate([(1, 3), (5, 17), (13, 64), (260, 130)]):
    random = stream(seed)
    x, gain, bias = random(rows, width), random(width), random(width)
    keep("norm", [rows, width], seed, F.layer_norm(x * 3 + 5, (width,), gain, bias))

for seed, (n, queries, keys, heads, width) in enumerate(
    [(1, 1, 1, 1, 3), (3, 5, 5, 2, 7), (4, 65, 65, 2, 64), (6, 1, 50, 3, 16), (2, 17, 17, 1, 33)]
):
    random = stream(seed)
    split = lambda x, rows: x.reshape(n, rows, heads, width).transpose(1, 2)
    q, kv = random(n, queries, heads * width), random(n, keys, 2 * heads * width)
    k, v = split(kv[..., : heads * width], keys), split(kv[..., heads * width :], keys)
    y = F.scaled_dot_product_attention(split(q, queries), k, v)
    keep("attention", [n, queries, keys, heads, width], seed, y.transpose(1, 2))

for seed, (rows, heads, width) in enumerate([(1, 1, 3), (9, 2, 7), (40, 3, 64)]):
    random = stream(seed)
    split = lambda x: x.reshape(rows, heads, width).transpose(0, 1)
    q, kv = random(rows, heads * width), random(rows, 2 * heads * width)
    k, v = split(kv[:, : heads * width]), split(kv[:, heads * width :])
    y = F.scaled_dot_product_attention(split(q)[None], k[None], v[None], is_causal=True)[0]
    keep("causal", [rows, heads, width], seed, y.transpose(0, 1))

for seed, (height, width, newHeight, newWidth) in enumerate(
    [(11, 11, 4, 4), (97, 131, 64, 86), (20, 30, 33, 41), (7, 9, 7, 9), (64, 64, 1, 3), (5, 3, 12, 1)]
):
    x = stream(seed)(height, width).numpy().astype(np.float32)
    y = Image.fromarray(x, mode="F").resize((newWidth, newHeight), Image.BICUBIC)
    keep("bicubic", [height, width, newHeight, newWidth], seed, np.asarray(y))

json.dump({"cases": cases}, sys.stdout, separators=(",", ":"))
print()
