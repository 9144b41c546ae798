#!/usr/bin/env python3
"""Makes the fixtures of the generator layouts: small networks of random weights, and what the public code draws.

    python Tools/Fixtures/make_generators.py ROSINALITY NVIDIA STYLEGAN_HUMAN Tests/StyleGANTests/Fixtures

The first three arguments are checkouts of rosinality/stylegan2-pytorch, NVlabs/stylegan2-ada-pytorch and
stylegan-human/StyleGAN-Human. Needs PyTorch and safetensors. Only weights and results are written: none of the
public code. Where its sizes are fixed, they are made small in memory.
"""
import os
import pickle
import re
import sys
import types
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

rosinality, nvidia, human, folder = map(Path, sys.argv[1:])
folder.mkdir(parents=True, exist_ok=True)


def z_of(width, count=2):
    return torch.from_numpy(numpy.random.RandomState(1).randn(count, width)).float()


def randomise(network, seed):
    """Biases, noise and constants are zero at the start; a wrong one would not show."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "bias" in name or "noise" in name:
                parameter.add_(torch.randn_like(parameter) * (20 if "mapping" in name or "style." in name else 0.3))


def upfirdn2d_plain(x, kernel, up=1, down=1, pad=(0, 0)):
    """rosinality's operator by its own fallback's definition: zeros between, border, correlation with the flipped."""
    n, c, h, w = x.shape
    y = torch.zeros(n, c, h * up, w * up)
    y[:, :, ::up, ::up] = x
    y = F.pad(y, (pad[0], pad[1], pad[0], pad[1]))
    weight = kernel.flip([0, 1])[None, None].repeat(c, 1, 1, 1)
    return F.conv2d(y, weight, groups=c)[:, :, ::down, ::down]


class FusedLeakyReLU(torch.nn.Module):
    def __init__(self, channel, bias=True, negative_slope=0.2, scale=2 ** 0.5):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.zeros(channel))

    def forward(self, x):
        return fused_leaky_relu(x, self.bias)


def fused_leaky_relu(x, bias, negative_slope=0.2, scale=2 ** 0.5):
    return F.leaky_relu(x + bias.view(1, -1, *[1] * (x.ndim - 2)), negative_slope) * scale


def rosinality_generator():
    # The package `op` compiles CUDA code when it is imported; these are its plain equivalents.
    op = types.ModuleType("op")
    op.FusedLeakyReLU, op.fused_leaky_relu, op.upfirdn2d = FusedLeakyReLU, fused_leaky_relu, upfirdn2d_plain
    op.conv2d_gradfix = types.SimpleNamespace(conv2d=F.conv2d, conv_transpose2d=F.conv_transpose2d)
    sys.modules["op"] = op
    source = (rosinality / "model.py").read_text()
    # 512 channels everywhere would be no fixture: 20, then 12 and 8 by the channel multiplier.
    source = re.sub(r"(\b(?:4|8)): 512,", r"\1: 20,", source)
    source = source.replace("16: 512,", "16: 6 * channel_multiplier,").replace("32: 512,", "32: 4 * channel_multiplier,")
    module = types.ModuleType("rosinality_model")
    exec(compile(source, "model.py", "exec"), module.__dict__)
    torch.manual_seed(5)
    network = module.Generator(32, 24, 3, channel_multiplier=2).eval()
    randomise(network, 6)
    return network


with torch.no_grad():
    network = rosinality_generator()
    average = network.style(torch.randn(64, 24)).mean(0)
    z = z_of(24)
    image, latents = network([z], return_latents=True, truncation=0.7, truncation_latent=average,
                             randomize_noise=False)
    state = network.state_dict()
    torch.save({"g_ema": state, "latent_avg": average}, folder / "rosinality.pt")
    save_file({"z": z, "latents": latents.contiguous(), "image": image.contiguous()},
              folder / "rosinality-expected.safetensors")


def nvidia_generator(roots, conditional, conv_clamp=None, **arguments):
    for name in [name for name in sys.modules if name.split(".")[0] in ("torch_utils", "dnnlib", "training")]:
        del sys.modules[name]
    sys.modules.setdefault("requests", types.ModuleType("requests"))  # for downloads, of which there are none
    kept = list(sys.path)
    sys.path[:0] = map(str, roots)
    try:
        from training.networks import Generator
        torch.manual_seed(7)
        network = Generator(
            z_dim=20, c_dim=3 if conditional else 0, w_dim=24, img_channels=3, mapping_kwargs={"num_layers": 2},
            synthesis_kwargs={"channel_base": 192, "channel_max": 20, "num_fp16_res": 0, "conv_clamp": conv_clamp},
            **arguments).eval()
    finally:
        sys.path[:] = kept
    randomise(network, 8)
    with torch.no_grad():
        network.mapping.w_avg.copy_(torch.randn(24) / 4)
    return network


def save(network, name, label=None):
    z = z_of(20)
    c = None if label is None else F.one_hot(torch.full([2], label), 3).float()
    with torch.no_grad():
        latents = network.mapping(z, c, truncation_psi=0.7, truncation_cutoff=4)
        image = network.synthesis(latents, noise_mode="const", force_fp32=True)
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()},
              folder / f"{name}.safetensors")
    save_file({"z": z, "latents": latents.contiguous(), "image": image.contiguous()},
              folder / f"{name}-expected.safetensors")


def save_clamped(network, limit):
    """A pickle as training writes it, without the source that it carries; what is drawn, and autograd's gradients of s.

    Every layer keeps `conv_clamp` as an attribute: a state_dict would not tell.
    """
    z = z_of(20)
    styles, held = {}, []

    def keep(name):
        def hook(module, inputs, output):
            styles[name] = output
            output.retain_grad()
        return hook

    for name, module in network.synthesis.named_modules():
        if hasattr(module, "affine"):
            module.affine.register_forward_hook(keep(name))
            module.register_forward_hook(lambda m, i, y: held.append((y.abs() >= limit).float().mean().item()))
    network.requires_grad_(True)
    latents = network.mapping(z, None, truncation_psi=0.7, truncation_cutoff=4)
    image = network.synthesis(latents, noise_mode="const", force_fp32=True)
    # Of one direction a picture, given beside the gradients.
    torch.manual_seed(9)
    along = torch.randn_like(image)
    (image * along).sum().backward()
    print("held at the limit, layer by layer:", [f"{share:.0%}" for share in held])
    expected = {"z": z, "latents": latents, "image": image, "along": along}
    expected |= {f"styles.{name}": style for name, style in styles.items()}
    expected |= {f"gradient.{name}": style.grad for name, style in styles.items()}
    save_file({name: tensor.detach().contiguous() for name, tensor in expected.items()},
              folder / "clamped-expected.safetensors")
    network.requires_grad_(False)
    for module in network.modules():
        module._forward_hooks.clear()
        if hasattr(module, "_orig_module_src"):
            type(module)._orig_module_src = ""
    (folder / "clamped.pkl").write_bytes(pickle.dumps({"G_ema": network}))


save(nvidia_generator([nvidia], True, img_resolution=16), "conditional", label=2)
save_clamped(nvidia_generator([nvidia], False, img_resolution=16, conv_clamp=0.75), 0.75)
# Its network stands apart from what it imports.
save(nvidia_generator([human / "training_scripts/sg2", human], False, img_resolution=32, square=False), "tall")
