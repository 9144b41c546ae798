"""StyleGAN2 generator with stylegan2-ada-pytorch's parameter names, written for fast training.

Modulation is applied to activations instead of weights (mathematically the same), so that one shared
convolution serves the whole batch.  Noise is constant and its strength stays zero.
"""
import json
import math

import torch
import torch.nn.functional as F
from torch import nn

CONFIG = dict(z_dim=64, w_dim=128, mapping_layers=6, img_resolution=64, channel_base=3072, channel_max=96)
MAPPING_LR_MULTIPLIER = 0.01
LRELU_SLOPE, LRELU_GAIN = 0.2, math.sqrt(2)
FIR = (1.0, 3.0, 3.0, 1.0)


def fir_kernel():
    taps = torch.tensor(FIR)
    return torch.outer(taps, taps) / taps.sum() ** 2


class FullyConnected(nn.Module):
    """Equalised learning rate linear layer."""

    def __init__(self, in_features, out_features, bias_init=0.0, lr_multiplier=1.0, activate=False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) / lr_multiplier)
        self.bias = nn.Parameter(torch.full([out_features], float(bias_init)))
        self.weight_gain, self.bias_gain = lr_multiplier / math.sqrt(in_features), lr_multiplier
        self.activate = activate

    def forward(self, x):
        x = F.linear(x, self.weight * self.weight_gain, self.bias * self.bias_gain)
        return F.leaky_relu(x, LRELU_SLOPE) * LRELU_GAIN if self.activate else x


class Mapping(nn.Module):
    def __init__(self, z_dim, w_dim, layers):
        super().__init__()
        self.layers = layers
        for i in range(layers):
            setattr(self, f"fc{i}", FullyConnected(z_dim if i == 0 else w_dim, w_dim,
                                                   lr_multiplier=MAPPING_LR_MULTIPLIER, activate=True))
        self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(self, z, truncation=1.0):
        x = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for i in range(self.layers):
            x = getattr(self, f"fc{i}")(x)
        return self.w_avg.lerp(x, truncation) if truncation != 1 else x


class ConvLayer(nn.Module):
    """Modulated 3x3 convolution with demodulation, optional 2x upsampling, bias and leaky ReLU."""

    def __init__(self, in_channels, out_channels, w_dim, resolution, up):
        super().__init__()
        self.up = up
        self.affine = FullyConnected(w_dim, in_channels, bias_init=1)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros([]), requires_grad=False)
        self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.register_buffer("resample_filter", fir_kernel())

    def forward(self, x, style):
        demodulation = (style.square() @ self.weight.square().sum((2, 3)).T + 1e-8).rsqrt()
        x = x * style.to(x.dtype)[:, :, None, None]
        if self.up:
            # The transposed convolution and its [1, 3, 3, 1] filter in one: a 6 × 6 kernel.
            blur = (self.resample_filter * 4)[None, None]
            flat = F.pad(self.weight.flatten(0, 1)[:, None], (3, 3, 3, 3))
            kernel = F.conv2d(flat, blur).view(*self.weight.shape[:2], 6, 6)
            x = F.conv_transpose2d(x, kernel.transpose(0, 1), stride=2, padding=2)
        else:
            x = F.conv2d(x, self.weight, padding=1)
        offset = self.bias[:, None, None]
        if self.noise_strength != 0:
            offset = offset + self.noise_const * self.noise_strength
        scale = (demodulation * LRELU_GAIN).to(x.dtype)[:, :, None, None]
        return F.leaky_relu(torch.addcmul((offset * LRELU_GAIN).to(x.dtype), x, scale), LRELU_SLOPE)


class ToRGB(nn.Module):
    def __init__(self, in_channels, w_dim):
        super().__init__()
        self.affine = FullyConnected(w_dim, in_channels, bias_init=1)
        self.weight = nn.Parameter(torch.randn(3, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self.weight_gain = 1 / math.sqrt(in_channels)

    def forward(self, x, style):
        scale = (style * self.weight_gain).to(x.dtype)[:, :, None, None]
        return F.conv2d(x * scale, self.weight, self.bias)


class Block(nn.Module):
    def __init__(self, in_channels, out_channels, w_dim, resolution):
        super().__init__()
        if in_channels == 0:
            self.const = nn.Parameter(torch.randn(out_channels, resolution, resolution))
        else:
            self.conv0 = ConvLayer(in_channels, out_channels, w_dim, resolution, up=True)
        self.conv1 = ConvLayer(out_channels, out_channels, w_dim, resolution, up=False)
        self.torgb = ToRGB(out_channels, w_dim)
        self.register_buffer("resample_filter", fir_kernel())


class Synthesis(nn.Module):
    def __init__(self, w_dim, img_resolution, channel_base, channel_max):
        super().__init__()
        self.resolutions = [2 ** i for i in range(2, int(math.log2(img_resolution)) + 1)]
        width = {r: min(channel_base // r, channel_max) for r in self.resolutions}
        for r in self.resolutions:
            setattr(self, f"b{r}", Block(width[r // 2] if r > 4 else 0, width[r], w_dim, r))

    def layers(self):
        """(name, layer) for each modulated layer in order of evaluation, toRGB layers included."""
        for r in self.resolutions:
            block = getattr(self, f"b{r}")
            for kind in ("conv0", "conv1", "torgb"):
                if hasattr(block, kind):
                    yield f"b{r}.{kind}", getattr(block, kind)

    def styles(self, w):
        """The style vector of each modulated layer."""
        return {name: layer.affine(w) for name, layer in self.layers()}

    def render(self, styles, resolution=None):
        """Images in about [-1, 1] from style vectors, optionally stopping at a lower resolution."""
        image = None
        for r in self.resolutions:
            block = getattr(self, f"b{r}")
            if r == 4:
                batch = len(styles["b4.conv1"])
                x = block.const.expand(batch, -1, -1, -1).contiguous(memory_format=torch.channels_last)
            else:
                x = block.conv0(x, styles[f"b{r}.conv0"])
            x = block.conv1(x, styles[f"b{r}.conv1"])
            rgb = block.torgb(x, styles[f"b{r}.torgb"]).float()
            if image is not None:
                kernel = (block.resample_filter * 4).expand(3, 1, 4, 4)
                rgb = rgb + F.conv_transpose2d(image, kernel, stride=2, padding=1, groups=3)
            image = rgb
            if r == resolution:
                break
        return image

    def forward(self, w, resolution=None):
        return self.render(self.styles(w), resolution)


class Generator(nn.Module):
    def __init__(self, z_dim, w_dim, mapping_layers, img_resolution, channel_base, channel_max):
        super().__init__()
        self.mapping = Mapping(z_dim, w_dim, mapping_layers)
        self.synthesis = Synthesis(w_dim, img_resolution, channel_base, channel_max)

    def forward(self, z, truncation=1.0):
        return self.synthesis(self.mapping(z, truncation))


def load(folder):
    """The trained generator from `folder`/generator.json and generator.safetensors, in float32."""
    from safetensors.torch import load_file
    model = Generator(**json.load(open(f"{folder}/generator.json")))
    model.load_state_dict({k: v.float() for k, v in load_file(f"{folder}/generator.safetensors").items()})
    return model.eval().requires_grad_(False)
