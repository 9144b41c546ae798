"""A small CNN that reads traits and colours off faces: python regressor.py OUT SECONDS.

An independent judge of edits: it never sees captions.
"""
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

import world

COLOURS = len(world.CHOICES) * 3


def network():
    layers, c = [], 3
    for width in (24, 48, 64, 96):
        layers += [nn.Conv2d(c, width, 3, 2, 1), nn.BatchNorm2d(width), nn.ReLU()]
        c = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(96 * 16, 128), nn.ReLU(),
                         nn.Linear(128, COLOURS + len(world.TRAITS)))


def targets(p):
    p = world.clamp(p)
    return torch.cat([world.colour(p, n) for n in world.CHOICES] + [world.field(p, t) for t in world.TRAITS], 1)


def to_params(y):
    """Network outputs -> a parameter batch with one-hot nearest colours."""
    p = torch.zeros(len(y), world.P_DIM)
    for i, name in enumerate(world.CHOICES):
        d = torch.cdist(y[:, 3 * i:3 * i + 3], world.TABLES[name])
        p[:, world.SLICES[name]] = F.one_hot(d.argmin(1), d.shape[1]).float()
    for j, t in enumerate(world.TRAITS):
        p[:, world.SLICES[t]] = y[:, COLOURS + j:COLOURS + j + 1]
    return p


def train(out, seconds):
    """On renders made as they are needed, half of them mixed."""
    from safetensors.torch import save_file
    world.use("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    net, started, step = network(), time.time(), 0
    optimiser = torch.optim.Adam(net.parameters())
    while (progress := (time.time() - started) / seconds) < 1:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * (1 - progress) + 1e-5
        p = world.params(torch.randn(64, world.Z_DIM))
        p = torch.cat([world.mix(p[:32]), p[32:]])
        image = world.render(p)
        blurred = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), "replicate"), 3, 1)
        image = torch.lerp(image, blurred, torch.rand(64, 1, 1, 1) * 0.8)
        image = image + torch.randn_like(image) * torch.rand(64, 1, 1, 1) * 0.1
        loss = F.mse_loss(net(image), targets(p))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        if step % 500 == 0:
            print(step, round(loss.item(), 4), flush=True)
    net.eval()
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, f"{out}/regressor.safetensors")
    with torch.no_grad():
        p = world.params(torch.randn(2000, world.Z_DIM))
        read = to_params(net(world.render(p)))
        for t in world.TRAITS:
            f = world.field(p, t)
            keep = (f - .5).abs() > .3
            print(t, ((world.field(read, t) > .5) == (f > .5))[keep].float().mean().item())


if __name__ == "__main__":
    train(sys.argv[1], float(sys.argv[2]))
