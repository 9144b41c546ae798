#!/usr/bin/env python3
"""Makes the fixtures of the checkpoint readers: the same tensors as each kind of file holds them.

    python Tools/Fixtures/make_checkpoints.py Tests/CheckpointsTests/Fixtures

Needs PyTorch and NumPy. The NVIDIA pickle is made by stand-ins for `torch_utils.persistence` and `dnnlib`, which
write what those write: the wrapper's call, the class's source as text, the layers' attributes as state.
"""
import io
import pickle
import sys
import types
import zipfile
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path

import numpy
import torch

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)

TYPES = "float32 float64 float16 bfloat16 int8 int16 int32 int64 uint8 uint16 bool".split()
grid = torch.arange(24).reshape(2, 3, 4)


def tensors():
    shared = torch.arange(12.0)
    found = {name: grid.to(getattr(torch, name)) for name in TYPES}
    found["turned"] = torch.arange(6.0).reshape(2, 3).t()
    found["every_other"] = shared[1::2]
    found["head"] = shared[:4].reshape(2, 2)
    found["expanded"] = torch.tensor([[1.0], [2.0]]).expand(2, 3)
    found["scalar"] = torch.tensor(3.5)
    found["empty"] = torch.zeros(0, 5)
    found["parameter"] = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    return found


state = {"g_ema": OrderedDict(tensors()), "step": 7, "args": Namespace(size=64, name="toy"),
         "list": [torch.ones(2), {"inner": torch.zeros(1)}]}
layer = torch.nn.Linear(2, 1)
with torch.no_grad():
    layer.weight.copy_(torch.tensor([[3.0, 4.0]]))
    layer.bias.copy_(torch.tensor([5.0]))
state["d"] = layer.state_dict()

torch.save(state, folder / "state.pt")
torch.save(state, folder / "legacy.pt", _use_new_zipfile_serialization=False)
torch.save(state, folder / "legacy-4.pt", _use_new_zipfile_serialization=False, pickle_protocol=4)

# The same archive, packed: PyTorch reads it, though it never writes one.
with zipfile.ZipFile(folder / "state.pt") as stored, zipfile.ZipFile(
        folder / "deflated.pt", "w", zipfile.ZIP_DEFLATED) as packed:
    for name in stored.namelist():
        packed.writestr(name, stored.read(name))


class Scripted(torch.nn.Module):
    sizes: list[int]

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
        self.layer.load_state_dict(layer.state_dict())
        self.register_buffer("mean", torch.tensor([0.5]).half())
        self.sizes = [1, 2]

    def forward(self, x):
        return self.layer(x) + torch.ones(1)


whole = io.BytesIO()
torch.jit.save(torch.jit.script(Scripted()), whole)
with zipfile.ZipFile(whole) as stored, zipfile.ZipFile(folder / "script.pt", "w") as kept:
    for name in stored.namelist():
        # Debug records name the folder in which this script stood.
        if not name.endswith(".debug_pkl"):
            kept.writestr(name, stored.read(name))

# NVIDIA's modules, as far as pickling sees them.
persistence = types.ModuleType("torch_utils.persistence")
dnnlib_util = types.ModuleType("dnnlib.util")
for name, module in {"torch_utils": types.ModuleType("torch_utils"), "torch_utils.persistence": persistence,
                     "dnnlib": types.ModuleType("dnnlib"), "dnnlib.util": dnnlib_util}.items():
    sys.modules[name] = module


class EasyDict(dict):
    pass


EasyDict.__module__, EasyDict.__qualname__ = "dnnlib.util", "EasyDict"
dnnlib_util.EasyDict = EasyDict


def _reconstruct_persistent_obj(meta):
    raise NotImplementedError


_reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
persistence._reconstruct_persistent_obj = _reconstruct_persistent_obj


class Persistent(torch.nn.Module):
    def __reduce__(self):
        meta = dict(type="class", version=6, module_src="raise SystemExit('never run')\n",
                    class_name=type(self).__name__, state=dict(self.__dict__))
        return _reconstruct_persistent_obj, (meta,), None


class FullyConnectedLayer(Persistent):
    def __init__(self, value):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full([2, 3], value))
        self.register_buffer("w_avg", torch.tensor([value, 1]))
        self.register_buffer("scratch", torch.zeros(1), persistent=False)


class Generator(Persistent):
    def __init__(self, value):
        super().__init__()
        self.z_dim = 3
        self._init_kwargs = EasyDict(z_dim=3, mapping_kwargs=EasyDict(num_layers=2))
        self.mapping = FullyConnectedLayer(value)
        self.synthesis = FullyConnectedLayer(value + 1)


networks = dict(G=Generator(1.0), D=FullyConnectedLayer(2.0), G_ema=Generator(3.0), training_set_kwargs=EasyDict(a=1))
for protocol in (2, 3, 4, 5):
    (folder / f"nvidia-{protocol}.pkl").write_bytes(pickle.dumps(networks, protocol=protocol))

arrays = {"rows": grid.numpy(), "columns": numpy.asfortranarray(grid.numpy()).astype(">f4"), "one": numpy.float64(0.5),
          "list": [numpy.ones(2, numpy.float32)]}
for protocol in (2, 4, 5):
    (folder / f"arrays-{protocol}.pkl").write_bytes(pickle.dumps(arrays, protocol=protocol))
numpy.save(folder / "fortran.npy", numpy.asfortranarray(grid.numpy()))
numpy.savez_compressed(folder / "deflated.npz", rows=grid.numpy(), big=grid.numpy().astype(">i2"), name="Löwe")

# Zip64, with every size and offset in its long form, as archives over 4 GiB have them.
zipfile.ZIP64_LIMIT = 0
with zipfile.ZipFile(folder / "state.pt") as stored, zipfile.ZipFile(
        folder / "deflated-zip64.pt", "w", zipfile.ZIP_DEFLATED) as packed:
    for name in stored.namelist():
        with packed.open(name, "w", force_zip64=True) as record:
            record.write(stored.read(name))
with zipfile.ZipFile(folder / "zip64.npz", "w") as archive:
    array = io.BytesIO()
    numpy.save(array, numpy.arange(4.0))
    with archive.open("rows.npy", "w", force_zip64=True) as record:
        record.write(array.getvalue())
