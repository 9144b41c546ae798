"""Global directions in plain PyTorch on the trained models: python evaluate.py OUT [IMAGES].

Sweeps every convolution style channel by ±5σ, asks CLIP, and prints for species and attributes the share of 64
faces that reach the phrase, judged by the regressor, at the best α. A second opinion on what the product prints.
"""
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import clip_model
import generator as generator_module
import regressor
import world
from tokenizer import Tokenizer
from train_clip import class_embeddings, embed_images

STATISTIC_SAMPLES, PERTURBATION, BETA = 100_000, 5.0, 0.12
FACES, ALPHAS = 64, (1, 2, 3, 4, 5, 6, 8, 10)
NEUTRAL = "animal face"
TRAITS = {"animal wearing glasses": "glasses", "animal wearing a hat": "hat", "animal with stripes": "stripes",
          "animal with spots": "spots", "animal with a mane": "mane", "animal with long ears": "ear_long",
          "animal with a snout": "snout", "smiling animal": "smile"}
COLOURS = {"animal with blue eyes": ("eyes", "blue"), "animal with green eyes": ("eyes", "green"),
           "orange animal": ("coat", "orange"), "black animal": ("coat", "black"),
           "white animal": ("coat", "white"), "animal on a purple background": ("bg", "purple")}


def holds(phrase, p):
    if phrase in world.SPECIES:
        return world.species_matches(p)[:, world.SPECIES.index(phrase)]
    if phrase in TRAITS:
        return world.field(p, TRAITS[phrase])[:, 0] > 0.5
    name, value = COLOURS[phrase]
    return world.field(p, name).argmax(1) == list(world.CHOICES[name]).index(value)


@torch.no_grad()
def main(out, images=100):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    world.use(device)
    clip, tokenizer = clip_model.load(out).to(device), Tokenizer(f"{out}/merges.txt")
    generator = generator_module.load(out).to(device)
    judge = regressor.network().to(device)
    judge.load_state_dict({k: v.to(device) for k, v in load_file(f"{out}/regressor.safetensors").items()})
    judge.eval()
    names = [name for name, _ in generator.synthesis.layers()]
    swept = [name for name in names if "torgb" not in name]

    def styles_of(count, seed):
        z = torch.randn(count, world.Z_DIM, generator=torch.Generator(device="cpu").manual_seed(seed), device="cpu")
        return generator.synthesis.styles(generator.mapping(z.to(device), 0.7))

    def render(styles):
        n = len(styles["b4.conv1"])
        return torch.cat([generator.synthesis.render({k: v[i:i + 500] for k, v in styles.items()})
                          for i in range(0, n, 500)]).clamp(-1, 1)

    deviation = {k: v.std(0, unbiased=False) for k, v in styles_of(STATISTIC_SAMPLES, 0).items()}
    base = styles_of(images, 1)
    rows = {}
    for name in swept:
        layer = []
        for channel in range(base[name].shape[1]):
            sides = []
            for sign in (1, -1):
                moved = dict(base)
                moved[name] = base[name].clone()
                moved[name][:, channel] += sign * PERTURBATION * deviation[name][channel]
                sides.append(embed_images(clip, render(moved)))
            layer.append(F.normalize(F.normalize(sides[0] - sides[1], dim=1, eps=1e-12).mean(0), dim=0))
        rows[name] = torch.stack(layer)
    table = torch.cat([rows[name] for name in swept])
    faces = styles_of(FACES, 77)
    read = lambda x: regressor.to_params(judge(x))
    before = read(render(faces))
    neutral = class_embeddings(clip, tokenizer, [NEUTRAL])[0]
    groups = {"species": [], "attributes": []}
    sheet = []
    for phrase in (*world.SPECIES, *TRAITS, *COLOURS):
        direction = F.normalize(class_embeddings(clip, tokenizer, [phrase])[0] - neutral, dim=0)
        relevance = table @ direction
        kept = torch.where(relevance.abs() >= BETA, relevance, torch.zeros_like(relevance)) / relevance.abs().max()
        shift = dict(zip(swept, kept.split([base[n].shape[1] for n in swept])))
        already, best = holds(phrase, before), (0.0, 0)
        rates = []
        for alpha in ALPHAS:
            moved = {n: s + alpha * shift[n] * deviation[n] if n in shift else s for n, s in faces.items()}
            picture = render(moved)
            rate = holds(phrase, read(picture))[~already].float().mean().item()
            rates.append(rate)
            if phrase in ("tiger", "leopard") and alpha in (2, 4, 6, 8):
                sheet.append(picture[:12])
        best = max(range(len(ALPHAS)), key=lambda i: rates[i])
        groups["species" if phrase in world.SPECIES else "attributes"].append(rates[best])
        print(f"{phrase}: max|R| {relevance.abs().max():.2f} kept {(kept != 0).sum().item()} of {len(kept)}; "
              + " ".join(f"{a}:{r:.0%}" for a, r in zip(ALPHAS, rates)), flush=True)
    for name, rates in groups.items():
        print(f"{name} mean {sum(rates) / len(rates):.1%}")
    world.contact_sheet(torch.cat([render({k: v[:12] for k, v in faces.items()}), *sheet]), 12).save(f"{out}/sheet.png")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]))
