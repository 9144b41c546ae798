"""Times CLIP's encode_text as OpenAI wrote it, at the padded length: encode_text.py CLIP.safetensors TEXTS THREADS.

Prints one line of JSON: the seconds of the fastest of three runs, and PyTorch's version. The token numbers are random,
which a transformer's time does not depend on.
"""
import json
import sys
import time

import torch
from safetensors.torch import load_file

path, texts, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
weights = load_file(path)
embedding, positions = weights["token_embedding.weight"], weights["positional_embedding"]
vocabulary, width = embedding.shape
context, heads = positions.shape[0], width // 64
layers = 1 + max(int(n.split(".")[2]) for n in weights if n.startswith("transformer.resblocks."))
mask = torch.full((context, context), float("-inf")).triu(1)


def linear(x, name):
    return torch.nn.functional.linear(x, weights[name + ".weight"], weights[name + ".bias"])


def norm(x, name):
    return torch.nn.functional.layer_norm(x, (width,), weights[name + ".weight"], weights[name + ".bias"])


def encode_text(tokens):
    x = embedding[tokens] + positions  # [n, context, width]
    n = x.shape[0]
    for layer in range(layers):
        block = f"transformer.resblocks.{layer}."
        y = norm(x, block + "ln_1")
        qkv = torch.nn.functional.linear(
            y, weights[block + "attn.in_proj_weight"], weights[block + "attn.in_proj_bias"])
        q, k, v = (t.view(n, context, heads, 64).transpose(1, 2) for t in qkv.chunk(3, -1))
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + linear(y.transpose(1, 2).reshape(n, context, width), block + "attn.out_proj")
        y = linear(norm(x, block + "ln_2"), block + "mlp.c_fc")
        x = x + linear(y * torch.sigmoid(1.702 * y), block + "mlp.c_proj")
    x = norm(x, "ln_final")
    return x[torch.arange(n), tokens.argmax(-1)] @ weights["text_projection"]


with torch.no_grad():
    tokens = torch.randint(1, vocabulary - 2, (texts, context))
    tokens[:, -1] = vocabulary - 1
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        encode_text(tokens)
        seconds.append(time.perf_counter() - began)
print(json.dumps({"seconds": min(seconds), "torch": torch.__version__}))
