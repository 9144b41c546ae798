#!/usr/bin/env python3
"""Compares full-size models with the public code that made them.

    python Tools/Parity/parity.py --nvidia DIR --rosinality DIR --clip DIR --program .build/release/parity --work DIR

The directories are checkouts of NVlabs/stylegan2-ada-pytorch, rosinality/stylegan2-pytorch and openai/CLIP. Each writes
a model of random weights by its own code and in its own format; both sides then draw, or embed, the same inputs.
Needs PyTorch, NumPy, and what openai/CLIP's tokenizer needs (ftfy, regex). Nothing of the public code is kept here.
"""
import argparse
import importlib
import json
import pickle
import subprocess
import sys
import time
import types
from pathlib import Path

import numpy
import torch
from torch.nn import functional as F

parser = argparse.ArgumentParser()
for name in ["nvidia", "rosinality", "clip", "program", "work"]:
    parser.add_argument("--" + name, type=Path, required=True)
parser.add_argument("--only", nargs="*", default=["nvidia", "rosinality", "vit", "resnet"])
options = parser.parse_args()
options.work.mkdir(parents=True, exist_ok=True)
torch.set_grad_enabled(False)
TEXTS = ["a photo of a tiger", "a face with curly hair", "naïve café crème", "3.14159 and 42nd street"]


def path(name):
    return str(options.work / name)


def randomise(network, seed):
    torch.manual_seed(seed)
    for name, parameter in network.named_parameters():
        if "bias" in name or "noise" in name:
            scale = 20 if "mapping" in name or name.startswith("style.") else 0.1
            parameter.add_(torch.randn_like(parameter) * scale)


def run(*arguments):
    result = subprocess.run([str(options.program), *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout)


def report(name, error, limit, facts):
    verdict = "within" if error <= limit else "BEYOND"
    print(f"{name}: {error:.1e}, {verdict} {limit:.0e}; " + ", ".join(f"{k} {v}" for k, v in facts.items()), flush=True)
    return error <= limit


def compare_pictures(name, found, expected, facts):
    # Random weights draw pictures of any scale: the limit is for unit scale.
    scale = float(numpy.sqrt((expected ** 2).mean()))
    return report(name, float(abs(found - expected).max()) / scale, 2e-3, facts)


def compare_rows(name, found, expected, facts):
    error = numpy.linalg.norm(found - expected, axis=1) / numpy.linalg.norm(expected, axis=1)
    return report(name, float(error.max()), 1e-3, facts)


def nvidia():
    """A 1024 × 1024 generator of the published size, pickled as training pickles it."""
    sys.modules.setdefault("requests", types.ModuleType("requests"))
    sys.path.insert(0, str(options.nvidia))
    from training.networks import Generator
    torch.manual_seed(1)
    network = Generator(
        z_dim=512, c_dim=0, w_dim=512, img_resolution=1024, img_channels=3,
        synthesis_kwargs=dict(channel_base=32768, channel_max=512, num_fp16_res=4, conv_clamp=2)).eval()
    randomise(network, 2)
    network.mapping.w_avg.copy_(torch.randn(512) / 4)
    with open(path("nvidia-1024.pkl"), "wb") as file:
        pickle.dump(dict(G=None, D=None, G_ema=network.requires_grad_(False), training_set_kwargs={}), file)
    z = torch.from_numpy(numpy.random.RandomState(1).randn(1, 512)).float()
    held = []
    hooks = [m.register_forward_hook(lambda m, i, y: held.append((y.abs() >= 2).float().mean().item()))
             for m in network.synthesis.modules() if hasattr(m, "conv_clamp")]
    network.synthesis(network.mapping(z, None, truncation_psi=0.7, truncation_cutoff=8), noise_mode="const",
                      force_fp32=True)
    [hook.remove() for hook in hooks]
    print(f"of what layers give, {min(held):.1%} to {max(held):.1%} is held at conv_clamp")
    start = time.monotonic()
    w = network.mapping(z, None, truncation_psi=0.7, truncation_cutoff=8)
    image = network.synthesis(w, noise_mode="const", force_fp32=True).numpy()
    seconds = time.monotonic() - start
    numpy.save(path("z.npy"), z.numpy())
    facts = run("generator", path("nvidia-1024.pkl"), path("z.npy"), path("image.npy"))
    return compare_pictures("1024² pictures, NVIDIA's pickle", numpy.load(path("image.npy")), image,
                            facts | {"PyTorch seconds": round(seconds, 2)})


def rosinality():
    """A 256 × 256 generator as rosinality's training saves it, beside one that is not averaged."""
    def upfirdn2d(x, kernel, up=1, down=1, pad=(0, 0)):
        n, c, h, w = x.shape
        y = torch.zeros(n, c, h * up, w * up)
        y[:, :, ::up, ::up] = x
        weight = kernel.flip([0, 1])[None, None].repeat(c, 1, 1, 1)
        return F.conv2d(F.pad(y, (pad[0], pad[1]) * 2), weight, groups=c)[:, :, ::down, ::down]

    def fused_leaky_relu(x, bias, negative_slope=0.2, scale=2 ** 0.5):
        return F.leaky_relu(x + bias.view(1, -1, *[1] * (x.ndim - 2)), negative_slope) * scale

    class FusedLeakyReLU(torch.nn.Module):
        def __init__(self, channel, bias=True, negative_slope=0.2, scale=2 ** 0.5):
            super().__init__()
            self.bias = torch.nn.Parameter(torch.zeros(channel))

        def forward(self, x):
            return fused_leaky_relu(x, self.bias)

    # The package `op` compiles CUDA code when it is imported; these are its plain equivalents.
    op = types.ModuleType("op")
    op.FusedLeakyReLU, op.fused_leaky_relu, op.upfirdn2d = FusedLeakyReLU, fused_leaky_relu, upfirdn2d
    op.conv2d_gradfix = types.SimpleNamespace(conv2d=F.conv2d, conv_transpose2d=F.conv_transpose2d)
    sys.modules["op"] = op
    sys.path.insert(0, str(options.rosinality))
    from model import Generator
    torch.manual_seed(3)
    network = Generator(256, 512, 8).eval()
    randomise(network, 4)
    average = network.mean_latent(4096)[0]
    state = network.state_dict()
    torch.save({"g": {k: v + 1 for k, v in state.items()}, "g_ema": state, "latent_avg": average,
                "args": argparse.Namespace(size=256)}, path("rosinality-256.pt"))
    z = torch.from_numpy(numpy.random.RandomState(1).randn(1, 512)).float()
    start = time.monotonic()
    # Truncation of the first 8 w's, as the other side has it: the latents are given.
    latent = network.style(z)[:, None].repeat(1, network.n_latent, 1)
    latent[:, :8] = average + 0.7 * (latent[:, :8] - average)
    image = network([latent], input_is_latent=True, randomize_noise=False)[0].numpy()
    seconds = time.monotonic() - start
    numpy.save(path("z.npy"), z.numpy())
    facts = run("generator", path("rosinality-256.pt"), path("z.npy"), path("image.npy"))
    return compare_pictures("256² pictures, rosinality's checkpoint", numpy.load(path("image.npy")), image,
                            facts | {"PyTorch seconds": round(seconds, 2)})


def compare_clip(name, model, file, resolution, source):
    images = torch.rand(2, 3, resolution, resolution, generator=torch.Generator().manual_seed(5)) * 2 - 1
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073])[:, None, None]
    deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711])[:, None, None]
    clip = importlib.import_module("clip.simple_tokenizer")
    tokenizer = clip.SimpleTokenizer()
    tokens = torch.zeros(len(TEXTS), 77, dtype=torch.long)
    for row, text in enumerate(TEXTS):
        ids = [tokenizer.encoder["<|startoftext|>"], *tokenizer.encode(text), tokenizer.encoder["<|endoftext|>"]]
        tokens[row, :len(ids)] = torch.tensor(ids)
    image_features = model.encode_image(((images + 1) / 2 - mean) / deviation).numpy()
    text_features = model.encode_text(tokens).numpy()
    # Of unit length, as both are used.
    image_features, text_features = (x / numpy.linalg.norm(x, axis=1, keepdims=True)
                                     for x in (image_features, text_features))
    numpy.save(path("images.npy"), images.numpy())
    Path(path("texts.txt")).write_text("\n".join(TEXTS) + "\n")
    facts = run("clip", file, path("images.npy"), path("texts.txt"), path("image-features.npy"),
                path("text-features.npy"), "--merges", str(options.clip / "clip/bpe_simple_vocab_16e6.txt.gz"))
    found = numpy.load(path("text-features.npy"))
    found /= numpy.linalg.norm(found, axis=1, keepdims=True)
    return (compare_rows(f"{name} images, {source}", numpy.load(path("image-features.npy")), image_features, facts)
            & compare_rows(f"{name} texts, {source}", found, text_features, {}))


def clip_model(seed, *sizes):
    sys.path.insert(0, str(options.clip))
    # `clip/__init__` wants torchvision for its preprocessing; the network and the tokenizer do not.
    package = types.ModuleType("clip")
    package.__path__ = [str(options.clip / "clip")]
    sys.modules["clip"] = package
    module = importlib.import_module("clip.model")
    torch.manual_seed(seed)
    model = module.CLIP(*sizes).eval()
    for name, parameter in model.named_parameters():
        if "bias" in name or "ln_" in name or "bn" in name:
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return module, model


def tell_activation(name):
    """The configuration beside weights that do not say themselves which GELU they have: OpenAI's."""
    Path(path(name + ".json")).write_text(json.dumps({"model_cfg": {"quick_gelu": True}}))


def archive(module, model, file, resolution):
    """A TorchScript archive in half precision, as OpenAI publishes; returns what a CPU computes with its weights."""
    module.convert_weights(model)
    for name, value in [("input_resolution", resolution), ("context_length", 77), ("vocab_size", 49408)]:
        model.register_buffer(name, torch.tensor(value)) if not hasattr(model, name) else None
    image = torch.zeros(1, 3, resolution, resolution)
    tokens = torch.zeros(1, 77, dtype=torch.long)
    torch.jit.save(torch.jit.trace(model, (image.half(), tokens), check_trace=False), file)
    tell_activation(Path(file).stem)
    return model.float()


def vit():
    """A ViT-B/32: its float32 weights, and a TorchScript archive in half precision."""
    module, model = clip_model(6, 512, 224, 12, 768, 32, 77, 49408, 512, 8, 12)
    torch.save(model.state_dict(), path("ViT-B-32-float32.pt"))
    tell_activation("ViT-B-32-float32")
    good = compare_clip("ViT-B/32", model, path("ViT-B-32-float32.pt"), 224, "float32 state")
    model = archive(module, model, path("ViT-B-32.pt"), 224)
    return good & compare_clip("ViT-B/32", model, path("ViT-B-32.pt"), 224, "half-precision TorchScript archive")


def resnet():
    """An RN50 as a TorchScript archive in half precision."""
    module, model = clip_model(7, 1024, 224, (3, 4, 6, 3), 64, None, 77, 49408, 512, 8, 12)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.add_(torch.randn_like(buffer) * 0.1)
        elif name.endswith("running_var"):
            buffer.mul_(torch.rand_like(buffer) + 0.5)
    model = archive(module, model, path("RN50.pt"), 224)
    return compare_clip("RN50", model, path("RN50.pt"), 224, "half-precision TorchScript archive")


good = True
for name in options.only:
    good &= {"nvidia": nvidia, "rosinality": rosinality, "vit": vit, "resnet": resnet}[name]()
sys.exit(not good)
