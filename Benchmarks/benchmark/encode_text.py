"""Times OpenAI's encode_text as its package runs it, at the padded length, beside what it gives for the same tokens.

    encode_text.py CLIP.safetensors TOKENS.json THREADS

TOKENS.json holds prompt ensembles: a list for each phrase of a list of token numbers for each text, marks included.
Prints one line of JSON: the seconds of the fastest run of an ensemble; the seconds of the way that PyTorch had when
CLIP was published, with attention's weights written out; each ensemble's unit embedding; and PyTorch's version.
"""
import collections
import json
import sys
import time

import torch
from safetensors.torch import load_file
from torch import nn

path, tokens_path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.set_num_threads(threads)
weights = {name: tensor for name, tensor in load_file(path).items() if not name.startswith("visual.")}
vocabulary, width = weights["token_embedding.weight"].shape
context = weights["positional_embedding"].shape[0]
layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("transformer.resblocks."))
written_out = False


class QuickGELU(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    """The layers of openai/CLIP's ResidualAttentionBlock, called as it calls them."""

    def __init__(self):
        super().__init__()
        self.attn = nn.MultiheadAttention(width, width // 64)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(collections.OrderedDict(
            c_fc=nn.Linear(width, 4 * width), gelu=QuickGELU(), c_proj=nn.Linear(4 * width, width)))
        self.ln_2 = nn.LayerNorm(width)
        self.mask = torch.full((context, context), float("-inf")).triu(1)

    def forward(self, x):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=written_out, attn_mask=self.mask)[0]
        return x + self.mlp(self.ln_2(x))


class TextTower(nn.Module):
    def __init__(self):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.empty(context, width))
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.Sequential(*(Block() for _ in range(layers)))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, weights["text_projection"].shape[1]))

    def encode_text(self, tokens):
        x = self.token_embedding(tokens) + self.positional_embedding  # [n, context, width]
        x = self.transformer.resblocks(x.permute(1, 0, 2)).permute(1, 0, 2)
        x = self.ln_final(x)
        return x[torch.arange(len(x)), tokens.argmax(dim=-1)] @ self.text_projection


tower = TextTower().eval()
weights.pop("logit_scale")
tower.load_state_dict(weights)
with open(tokens_path) as file:
    ensembles = [torch.tensor([text + [0] * (context - len(text)) for text in texts]) for texts in json.load(file)]


def run(tokens):
    began = time.perf_counter()
    embeddings = tower.encode_text(tokens)
    return time.perf_counter() - began, embeddings


with torch.no_grad():
    runs = [run(tokens) for tokens in ensembles]
    means = [nn.functional.normalize(embeddings, dim=-1).mean(0) for _, embeddings in runs]
    written_out = True
    slow = min(run(tokens)[0] for tokens in ensembles[:2])
print(json.dumps({
    "seconds": min(seconds for seconds, _ in runs), "secondsWrittenOut": slow,
    "embeddings": [nn.functional.normalize(mean, dim=0).tolist() for mean in means], "torch": torch.__version__}))
