#!/usr/bin/env python3
"""Makes the fixture of the ResNet's gradients: what PyTorch's autograd says of OpenAI's code, in float64.

    python Tools/Fixtures/make_resnet_gradients.py CLIP Tests/CLIPTests/Fixtures

The first argument is a checkout of openai/CLIP; the folder has what make_resnet.py wrote. Of the first of its two images:
the gradients of the image from two gradients of its unit embedding, which NumPy's RandomState(18) draws.
"""
import importlib
import sys
import types
from pathlib import Path

import numpy
import torch
from safetensors.torch import load_file, save_file

source, folder = map(Path, sys.argv[1:])
package = types.ModuleType("clip")
package.__path__ = [str(source / "clip")]
sys.modules["clip"] = package
module = importlib.import_module("clip.model")

model = module.CLIP(6, 64, (2, 1, 1, 1), 4, None, 12, 516, 8, 1, 1).eval()
model.load_state_dict(load_file(folder / "resnet.safetensors"))
encoder = model.visual.double()
expected = load_file(folder / "resnet-expected.safetensors")
images = expected["images"].double().requires_grad_()
mean = torch.tensor([0.48145466, 0.4578275, 0.40821073], dtype=torch.float64)[:, None, None]
deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711], dtype=torch.float64)[:, None, None]
embeddings = encoder(((images + 1) / 2 - mean) / deviation)
assert (embeddings - expected["embeddings"]).norm() / embeddings.norm() < 1e-4
unit = torch.nn.functional.normalize(embeddings, dim=-1)[0]
cotangents = torch.from_numpy(numpy.random.RandomState(18).randn(2, len(unit)).astype(numpy.float32)).double()
rows = [torch.autograd.grad(unit, images, cotangent, retain_graph=True)[0][0] for cotangent in cotangents]
save_file({"gradients": torch.stack(rows).float().contiguous()}, folder / "resnet-gradients.safetensors")
