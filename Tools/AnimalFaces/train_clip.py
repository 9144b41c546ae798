"""Train the embedded CLIP on captions of drawn and generated faces: python train_clip.py OUT MINUTES [START].

OUT holds the generator (train_generator.py) and merges.txt. Half of the pictures are the renderer's, half the
generator's, of those again half with their style channels moved: CLIP then sees what a sweep and an edit show it.

Besides the contrastive loss, one linear probe shared by both modalities reads the drawing parameters off image and
text embeddings, and another reads them off the patch tokens. Both are dropped after training. MINUTES are those of
budget.py; resumable from OUT/clip_state.pt; START is a folder with a CLIP to continue from at a third of the rate.
"""
import copy
import json
import math
import multiprocessing
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import budget
import captions
import clip_model
import generator as generator_module
import world
from tokenizer import Tokenizer
from train_generator import Votes, ideal_of

BATCH = int(os.environ.get("BATCH", 768 if torch.cuda.is_available() else 512))
FACES = int(os.environ.get("FACES", 600_000))
PEAK_RATE, FINAL_RATE, WARMUP_STEPS = 1.5e-3, 1e-5, 300
WEIGHT_DECAY = 0.1
PROBE_WEIGHT, DETAIL_WEIGHT, NUISANCE_WEIGHT = 1.0, 3.0, 0.2
DETAILS = ("smile", "eyes", "stripes", "spots")
NUISANCES = (*world.SHAPES, "hat_red")
START_LOGIT_SCALE, MAX_LOGIT_SCALE = 25.0, 50.0
EMA = 0.998
CAPTIONS_A_FACE = 3


def captioned(job):
    """Token ids of some captions of each face: (faces, captions, context) int16. Runs in worker processes."""
    seed, p, merges = job
    torch.set_num_threads(1)
    describer, tokenizer = captions.Describer(seed), Tokenizer(merges)
    return torch.stack([tokenizer(describer.captions_of(p)).short() for _ in range(CAPTIONS_A_FACE)], 1).numpy()


def faces_and_tokens(merges):
    """Parameters of faces (half of them mixed) and their captions' tokens, made on all processors."""
    torch.manual_seed(1)
    p = world.params(torch.randn(FACES, world.Z_DIM))
    p = torch.cat([p[:FACES // 2], world.mix(p[FACES // 2:])])
    jobs = [(seed, part, merges) for seed, part in enumerate(p.split(5000))]
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        tokens = [torch.from_numpy(t) for t in pool.map(captioned, jobs)]
    return p, torch.cat(tokens)


def augment(x):
    """Mild photometric and geometric changes, so that embeddings survive generator artefacts."""
    n = len(x)
    scale = lambda spread: (torch.rand(n, 1, 1, 1) * 2 - 1) * spread
    x = x * (1 + scale(0.12)) + scale(0.08) + (torch.rand(n, 3, 1, 1) - 0.5) * 0.06
    x = torch.lerp(x, F.avg_pool2d(F.pad(x, (1, 1, 1, 1), "replicate"), 3, 1), torch.rand(n, 1, 1, 1).square() * 0.7)
    x = torch.roll(x, tuple(torch.randint(-2, 3, (2,), device="cpu").tolist()), (2, 3))
    return (x + torch.randn_like(x) * torch.rand(n, 1, 1, 1).square() * 0.1).clamp(-1, 1)


def class_embeddings(model, tokenizer, names, templates=captions.TEMPLATES):
    """One unit text embedding per name: the normalised mean over prompt templates."""
    device = model.positional_embedding.device
    rows = []
    for name in names:
        texts = [t.format(name) for t in templates]
        unit = F.normalize(model.encode_text(tokenizer(texts).to(device)), dim=-1)
        rows.append(F.normalize(unit.mean(0), dim=0))
    return torch.stack(rows)


def embed_images(model, images):
    """Unit embeddings of images in [-1, 1]."""
    chunks = [model.encode_image(clip_model.preprocess(c)) for c in images.clamp(-1, 1).split(500)]
    return F.normalize(torch.cat(chunks), dim=-1)


BINARY_TESTS = {
    "glasses": ("animal wearing glasses", "animal without glasses"),
    "hat": ("animal wearing a hat", "animal without a hat"),
    "smile": ("smiling animal", "sad animal"), "stripes": ("animal with stripes", "animal"),
    "spots": ("animal with spots", "animal"), "mane": ("animal with a mane", "animal"),
}


@torch.no_grad()
def evaluate(model, tokenizer, p, images):
    """Zero-shot accuracies."""
    unit = embed_images(model, images)
    result = {}

    def choose(key, names, labels, keep):
        guess = (unit @ class_embeddings(model, tokenizer, names).T).argmax(1)
        result[key] = round((guess == labels)[keep].float().mean().item(), 3)

    matches = world.species_matches(p)
    choose("species", world.SPECIES, matches.float().argmax(1), matches.sum(1) == 1)
    for name, noun in (("eyes", "animal with {} eyes"), ("bg", "animal on a {} background"), ("coat", "{} animal")):
        f = world.field(p, name)
        choose(name, [noun.format(k) for k in world.CHOICES[name]], f.argmax(1), f.max(1).values > .7)
    for key, names in BINARY_TESTS.items():
        f = world.field(p, key)[:, 0]
        choose(key, names, (f < .5).long(), (f > .8) | (f < .2))
    return result


def save(model, config, out):
    save_file({k: v.half().contiguous() for k, v in model.state_dict().items()}, f"{out}/clip.safetensors")
    json.dump(config, open(f"{out}/clip.json", "w"), indent=1)


def train(out, minutes, start=None):
    p_all, tokens_all = faces_and_tokens(f"{out}/merges.txt")
    print(f"{len(p_all)} faces captioned", flush=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    world.use(device)
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.set_float32_matmul_precision("high")
    p_all, tokens_all = p_all.to(device), tokens_all.to(device)
    tokenizer = Tokenizer(f"{out}/merges.txt")
    generator = generator_module.load(out).to(device)
    p_mean, p_std = world.moments()
    ideal, votes = ideal_of(p_mean, p_std), Votes(generator.synthesis, p_mean, p_std)
    slopes = votes.slopes()

    @torch.no_grad()
    def pictures(p, z=None):
        """Half drawn, a quarter generated, a quarter generated from other styles that the votes bring here."""
        half = len(p) // 2
        drawn = world.render(p[:half])
        w = ideal(p[half:])
        shift, gains, _ = votes.propose(w)
        shift = shift * (torch.arange(len(w)) % 2 == 0).float()[:, None]
        w[:, :world.P_DIM] -= votes.mean_vote(gains) * shift
        with torch.autocast(device, torch.bfloat16):
            styles = generator.synthesis.styles(w)
            made = generator.synthesis.render(votes.moved(styles, gains * shift[:, votes.all] * slopes))
        return torch.cat([drawn, made.float().clamp(-1, 1)])

    config = dict(clip_model.CONFIG, vocab_size=len(tokenizer), vision_layers=3, transformer_layers=2)
    model = clip_model.CLIP(**config)
    model.logit_scale.data.fill_(math.log(START_LOGIT_SCALE))
    if start:
        model.load_state_dict(clip_model.load(start).state_dict())
    probe = torch.nn.Linear(config["embed_dim"], world.P_DIM)
    patches = (config["image_resolution"] // config["vision_patch_size"]) ** 2
    patch_probe = torch.nn.Linear(patches * config["vision_width"], world.P_DIM)
    weights = torch.ones(world.P_DIM)
    for names, weight in ((DETAILS, DETAIL_WEIGHT), (NUISANCES, NUISANCE_WEIGHT)):
        for name in names:
            weights[world.SLICES[name]] = weight
    weights /= weights.mean()
    trainable = [*model.parameters(), *probe.parameters(), *patch_probe.parameters()]
    groups = [dict(params=[q for q in trainable if q.ndim >= 2], weight_decay=WEIGHT_DECAY),
              dict(params=[q for q in trainable if q.ndim < 2], weight_decay=0.0)]
    optimiser = torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.98), eps=1e-6)
    averaged = copy.deepcopy(model).requires_grad_(False)
    spent_before, step = 0.0, 0
    state_path = f"{out}/clip_state.pt"
    if os.path.exists(state_path):
        state = torch.load(state_path, map_location=device)
        for part, value in zip((model, averaged, probe, patch_probe, optimiser), state["parts"]):
            part.load_state_dict(value)
        spent_before, step = state["spent"], state["step"]

    random = torch.Generator(device="cpu").manual_seed(999)
    val_z = torch.randn(2000, world.Z_DIM, generator=random, device="cpu").to(device)
    val_p = world.params(val_z)
    with torch.no_grad():
        drawn = torch.cat([world.render(c) for c in val_p.split(250)])
        made = torch.cat([generator(c) for c in val_z.split(250)]).clamp(-1, 1)

    def save_all():
        save(averaged, config, out)
        parts = [part.state_dict() for part in (model, averaged, probe, patch_probe, optimiser)]
        budget.save(dict(parts=parts, spent=time.spent, step=step), state_path)

    time = budget.Budget(minutes, device, spent_before)
    while (progress := time.progress) < 1:
        rate = FINAL_RATE + (PEAK_RATE - FINAL_RATE) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in optimiser.param_groups:
            group["lr"] = rate * (0.3 if start else 1) * min(1.0, (step + 1) / WARMUP_STEPS)
        chosen = torch.randint(len(p_all), (BATCH,))
        p = p_all[chosen]
        tokens = tokens_all[chosen, torch.randint(CAPTIONS_A_FACE, (BATCH,))].long()
        batch = clip_model.preprocess(augment(pictures(p)))
        with torch.autocast(device, torch.bfloat16):
            tokens_out = model.visual.tokens(batch)
            image_units = F.normalize((tokens_out[:, 0] @ model.visual.proj).float(), dim=-1)
            from_patches = patch_probe(tokens_out[:, 1:].flatten(1) / patches ** 0.5)
            text_units = F.normalize(model.encode_text(tokens).float(), dim=-1)
        logits = model.logit_scale.exp() * image_units @ text_units.T
        # Captions that are the same words are right for each other's faces.
        same = (tokens[:, None] == tokens[None]).all(-1).float()
        same = same / same.sum(1, keepdim=True)
        contrastive = (F.cross_entropy(logits, same) + F.cross_entropy(logits.T, same)) / 2
        target = (p - p_mean) / p_std
        reads = [probe(units * config["embed_dim"] ** 0.5) for units in (image_units, text_units)]
        regressions = [((read.float() - target).clamp(-4, 4).square() * weights).mean()
                       for read in (*reads, from_patches)]
        optimiser.zero_grad(set_to_none=True)
        (contrastive + PROBE_WEIGHT * sum(regressions)).backward()
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)
        optimiser.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(MAX_LOGIT_SCALE))
            torch._foreach_lerp_(list(averaged.parameters()), list(model.parameters()),
                                 1 - min(EMA, (step + 1) / (step + 10)))
        step += 1
        if time.is_time_to_save():
            save_all()
        if time.is_time_to_report(120):
            losses = " ".join(f"{r.item():.3f}" for r in regressions)
            print(f"step {step} {time.spent:.0f}s contrastive {contrastive.item():.3f} probes {losses} "
                  f"{evaluate(averaged, tokenizer, val_p, drawn)}", flush=True)
    save_all()
    print("final, drawn:", evaluate(averaged, tokenizer, val_p, drawn))
    print("final, generated:", evaluate(averaged, tokenizer, val_p, made), flush=True)


if __name__ == "__main__":
    train(sys.argv[1], float(sys.argv[2]), *sys.argv[3:4])
