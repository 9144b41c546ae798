#!/usr/bin/env python3
"""Makes the fixtures of the latent mapper: what StyleCLIP's own code says of mappers with random weights.

    python Tools/Fixtures/make_mapper.py STYLECLIP Tests/EditingTests/Fixtures

The first argument is a checkout of orpatashnik/StyleCLIP. Needs PyTorch and safetensors. Only weights and results are
written: none of the public code.

    mapper.safetensors      a LevelsMapper's weights, w+, the step 0.1 M(w) and, by autograd in float64, the weights' gradients
                            of its product with a cotangent
    ranger.safetensors      two parameters, their gradients step by step, and what Ranger makes of them
    published.pt            a checkpoint as its training writes them, without a fine level, beside a generator's tensor
    single.pt               one with a SingleMapper
"""
import sys
import types
from argparse import Namespace
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file

styleclip, folder = Path(sys.argv[1]), Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
sys.path.insert(0, str(styleclip))
# The operators that are compiled for a GPU: only the plain one of the two is used here.
torch.Tensor.cuda = lambda tensor: tensor
operators = types.ModuleType("models.stylegan2.op")
operators.__file__ = str(styleclip)
exec((styleclip / "models/stylegan2/op/fused_act.py").read_text(), operators.__dict__)
operators.upfirdn2d = None
sys.modules["models.stylegan2.op"] = operators

from mapper.latent_mappers import LevelsMapper, Mapper, SingleMapper
from mapper.training.ranger import Ranger

random = numpy.random.RandomState(3)
WIDTH, LATENTS, SAMPLES = 37, 10, 3


def gaussians(*shape):
    return torch.from_numpy(random.randn(*shape).astype(numpy.float32))


def narrow(width, levels):
    """A LevelsMapper of another width than the fixed 512, with biases that are not zero."""
    options = Namespace(**{f"no_{name}_mapper": True for name in ["coarse", "medium", "fine"]})
    mapper = LevelsMapper(options)
    for level in levels:
        setattr(options, f"no_{level}_mapper", False)
        setattr(mapper, ("course" if level == "coarse" else level) + "_mapping", filled(Mapper(options, width)))
    return mapper, options


def filled(network):
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(100 * gaussians(*parameter.shape) * (0.3 if name.endswith("bias") else 1))
    return network


def named(module):
    return {f"mapper.{name}": value.detach().float().contiguous() for name, value in module.named_parameters()}


mapper, _ = narrow(WIDTH, ["coarse", "medium", "fine"])
tensors = named(mapper)
mapper.double()
w, cotangent = gaussians(SAMPLES, LATENTS, WIDTH), gaussians(SAMPLES, LATENTS, WIDTH)
step = 0.1 * mapper(w.double())
step.backward(cotangent.double())
tensors |= {"w": w, "step": step.detach().float(), "cotangent": cotangent}
tensors |= {f"gradient.mapper.{name}": value.grad.float() for name, value in mapper.named_parameters()}
save_file(tensors, folder / "mapper.safetensors")

parameters = [torch.nn.Parameter(100 * gaussians(5, 7)), torch.nn.Parameter(gaussians(7))]
optimiser = Ranger(parameters, lr=0.5)
tensors = {f"first.{i}": value.detach().clone() for i, value in enumerate(parameters)}
for step in range(25):
    for i, parameter in enumerate(parameters):
        parameter.grad = gaussians(*parameter.shape) * 0.01 + 0.003
        tensors[f"gradient.{step}.{i}"] = parameter.grad.clone()
    optimiser.step()
    for i, parameter in enumerate(parameters):
        tensors[f"after.{step}.{i}"] = parameter.detach().clone()
save_file(tensors, folder / "ranger.safetensors")


def save(mapper, options, name):
    """As `checkpoint_me` of the public trainer: the network with its generator, and its options as a dictionary."""
    state = named(mapper) | {"decoder.input.input": gaussians(1, 4, 4, 4)}
    options = vars(options) | {
        "mapper_type": type(mapper).__name__, "description": "surprised", "stylegan_size": 64, "learning_rate": 0.5,
        "work_in_stylespace": False, "checkpoint_path": None, "device": "cuda:0", "latents_train_path": "train_faces.pt",
    }
    torch.save({"state_dict": state, "opts": options}, folder / name)


save(*narrow(9, ["coarse", "medium"]), "published.pt")
options = Namespace(no_coarse_mapper=False, no_medium_mapper=False, no_fine_mapper=False)
single = SingleMapper(options)
single.mapping = filled(Mapper(options, 9))
save(single, options, "single.pt")
