"""Writes what PyTorch computes for the convolutions that the tests of NeuralLayers repeat.

Inputs and weights come from NumPy's RandomState, whose stream the tests have too, so that only results are kept:
every `every`-th value of the output, in float64 arithmetic.

    python make_convolutions.py > ../../Tests/NeuralLayersTests/Fixtures/convolutions.json
"""

import json
import sys

import numpy as np
import torch
import torch.nn.functional as F

CASES = [
    # kind, batch, inputs, outputs, height, width, kernel
    ("same", 2, 3, 5, 7, 11, 3),
    ("same", 3, 5, 20, 9, 6, 3),
    ("same", 2, 20, 48, 13, 10, 3),
    ("same", 1, 48, 64, 17, 19, 3),
    ("same", 3, 48, 20, 4, 4, 3),
    ("same", 2, 20, 3, 9, 7, 1),
    ("same", 2, 48, 5, 5, 8, 1),
    ("up", 2, 3, 5, 7, 11, 3),
    ("up", 3, 5, 20, 4, 4, 3),
    ("up", 2, 20, 48, 13, 10, 3),
    ("up", 3, 48, 20, 9, 5, 3),
    ("up", 4, 20, 16, 67, 70, 3),
    ("picture", 2, 3, 3, 5, 7, 1),
    ("picture", 1, 3, 3, 1, 1, 1),
    ("picture", 3, 3, 3, 4, 9, 1),
]

FILTER = torch.outer(*[torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64)] * 2) / 64


def upfirdn(x, up, padding, gain):
    """Zeros between the pixels, padding (left, right, top, bottom), the filter: its definition, in plain steps."""
    n, c, h, w = x.shape
    spread = torch.zeros(n, c, h * up, w * up, dtype=x.dtype)
    spread[:, :, ::up, ::up] = x
    spread = F.pad(spread, padding)
    kernel = (FILTER * gain).flip([0, 1])[None, None].repeat(c, 1, 1, 1)
    return F.conv2d(spread, kernel, groups=c)


def result(kind, x, w, kernel):
    if kind == "same":
        return F.conv2d(x, w, padding=kernel // 2)
    if kind == "up":
        return upfirdn(F.conv_transpose2d(x, w.transpose(0, 1), stride=2), 1, [1, 1, 1, 1], 4)
    return upfirdn(x, 2, [2, 1, 2, 1], 4)


cases = []
for seed, (kind, n, i, o, h, w, k) in enumerate(CASES):
    random = np.random.RandomState(seed)
    gaussians = lambda *shape: torch.from_numpy(random.randn(*shape).astype(np.float32).astype(np.float64))
    x = gaussians(n, i, h, w)
    # Weights of this size keep the outputs' size near 1.
    weights = gaussians(o, i, k, k) / 16
    y = result(kind, x, weights, k).flatten().numpy()
    every = max(1, len(y) // 150) | 1
    cases.append(
        {
            "kind": kind, "batch": n, "inputs": i, "outputs": o, "height": h, "width": w, "kernel": k,
            "seed": seed, "every": every, "values": [float(f"{v:.9g}") for v in y[::every]],
        }
    )
json.dump({"cases": cases}, sys.stdout, indent=None, separators=(",", ":"))
print()
