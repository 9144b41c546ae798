#!/usr/bin/env python3
"""Makes the fixture of CLIP's ResNet: a small one of random weights, and what OpenAI's code makes of two images.

    python Tools/Fixtures/make_resnet.py CLIP Tests/CLIPTests/Fixtures

The first argument is a checkout of openai/CLIP. Needs PyTorch and safetensors; only weights and results are written.
"""
import importlib
import sys
import types
from pathlib import Path

import torch
from safetensors.torch import save_file

source, folder = map(Path, sys.argv[1:])
# The package's `__init__` wants torchvision for its preprocessing; the network does not.
package = types.ModuleType("clip")
package.__path__ = [str(source / "clip")]
sys.modules["clip"] = package
module = importlib.import_module("clip.model")

torch.manual_seed(3)
torch.set_grad_enabled(False)
# Width 4, stages of 2, 1, 1 and 1 blocks, 64 × 64 pixels; a text tower as small as can be.
model = module.CLIP(6, 64, (2, 1, 1, 1), 4, None, 12, 516, 8, 1, 1).eval()
for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
    if not tensor.is_floating_point():
        continue
    if name.endswith("running_var"):
        tensor.mul_(torch.rand_like(tensor) + 0.5)
    elif "bn" in name or "bias" in name or "downsample.1" in name or "ln_" in name:
        tensor.add_(torch.randn_like(tensor) * 0.2)
model.load_state_dict({k: v.half().float() if v.is_floating_point() else v for k, v in model.state_dict().items()})

images = torch.rand(2, 3, 64, 64) * 2 - 1
mean = torch.tensor([0.48145466, 0.4578275, 0.40821073])[:, None, None]
deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711])[:, None, None]
embeddings = model.encode_image(((images + 1) / 2 - mean) / deviation)
weights = {k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}
save_file({k: v.contiguous() for k, v in weights.items()}, folder / "resnet.safetensors")
save_file({"images": images, "embeddings": embeddings.contiguous()}, folder / "resnet-expected.safetensors")
