"""Distil the face renderer into a StyleGAN2 generator: python train_generator.py OUT MINUTES [START].

The leading entries of w are, by training, the standardised drawing parameters, and every style channel of a
convolution reads one of them (its affine row has one entry that is not zero). What the generator learns beyond
the faces of z is that channels vote: channels that read one parameter may be moved by different amounts, and the
picture is the renderer's for the weighted mean of what they say. That is what an edit of some style channels does.
As in generators of photographs, shapes are spoken of by coarse layers and colours by fine ones, and a few channels
are much louder than the rest: one of them alone, moved as a sweep moves it, shows what it stands for.

MINUTES are those of budget.py. Resumable: OUT/generator_state.pt holds everything, and the same command goes on from
it. START is a folder with a generator whose channels speak equally loud, to continue from at a third of the rate.
"""
import copy
import json
import math
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import budget
import generator as generator_module
import world

BATCH = int(os.environ.get("BATCH", 256 if torch.cuda.is_available() else 64))
MAPPING_STEPS, MAPPING_BATCH, MAPPING_RATE = int(os.environ.get("MAPPING_STEPS", 10000)), 2048, 3.0
SYNTHESIS_RATE, WARMUP_STEPS = 1.2e-2, 200
JOINT_SHARE, JOINT_MAPPING_RATE = 0.2, 0.1          # of the time, at the end: the mapping network learns along
VOTED_SHARE, MIXED_SHARE = 0.5, 0.5
SINGLE_SHARE, SINGLE_REACH = 0.5, 5.0               # of the voted faces: one channel is moved, by up to 5σ
EXTRAPOLATED_SHARE, EXTRAPOLATION = 0.4, 1.2
W_NOISE, STYLE_NOISE = 0.03, 0.4
EMA = 0.998
MARKS = ("stripes", "spots", "mane", "patch", "mask")
RESOLUTIONS = {"coat": (4, 32, 64), "eyes": (32, 64), "bg": (32, 64), **dict.fromkeys(MARKS, (4, 8, 16, 32)),
               **dict.fromkeys(("glasses", "hat", "smile", "hat_red"), (8, 16, 32)),
               **dict.fromkeys(("ear_long", "ear_point", "snout", *world.SHAPES), (4, 8, 16))}
# Loud channels of a parameter (a colour shows only once it outweighs the others), and how loud its other ones are.
LOUD_COLOURS, LOUD_TRAITS, QUIET, OUTSIDE = 2, 4, 0.1, 0.02
SHAPE_COLUMNS = [world.SLICES[name].start for name in world.SHAPES]


def edges(x):
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def image_loss(fake, real):
    loss = F.l1_loss(fake, real) + 2 * F.mse_loss(fake, real)
    loss = loss + sum(F.l1_loss(a, b) for a, b in zip(edges(fake), edges(real)))
    for factor in (2, 4):
        loss = loss + 0.5 * F.l1_loss(F.avg_pool2d(fake, factor), F.avg_pool2d(real, factor))
    return loss


class Votes:
    """Which parameter every convolution style channel reads, and pictures moved through the channels."""

    def __init__(self, synthesis, mean, std):
        self.synthesis, self.mean, self.std = synthesis, mean, std
        self.names = [name for name, _ in synthesis.layers() if "torgb" not in name]
        layers = dict(synthesis.layers())
        order, at = [], 0
        random = torch.Generator(device="cpu").manual_seed(3)
        gated = [i for i in range(world.P_DIM) if i not in SHAPE_COLUMNS]
        self.columns = []
        for name in self.names:
            reads = []
            for _ in range(layers[name].weight.shape[1]):
                if at == len(order):
                    # Shapes move little and get half as many channels.
                    pool = gated * 2 + SHAPE_COLUMNS
                    order, at = [pool[i] for i in torch.randperm(len(pool), generator=random, device="cpu")], 0
                reads.append(order[at])
                at += 1
            self.columns.append(torch.tensor(reads))
        self.all = torch.cat(self.columns)
        self.widths = [len(c) for c in self.columns]
        resolutions = torch.cat([torch.full((n,), int(name[1:name.index(".")]))
                                 for name, n in zip(self.names, self.widths)])
        random = torch.Generator(device="cpu").manual_seed(11)
        loudness = torch.full((len(self.all),), OUTSIDE)
        for name, columns in world.SLICES.items():
            in_place = sum(resolutions == resolution for resolution in RESOLUTIONS[name]) > 0
            for column in range(columns.start, columns.stop):
                channels = ((self.all == column) & in_place).nonzero()[:, 0]
                channels = channels[torch.randperm(len(channels), generator=random, device="cpu").to(channels.device)]
                loudness[channels] = QUIET
                loudness[channels[:LOUD_COLOURS if name in world.CHOICES else LOUD_TRAITS]] = 1.0
        total = torch.zeros(world.P_DIM).index_add_(0, self.all, loudness)
        counts = torch.bincount(self.all, minlength=world.P_DIM).float()
        # Each channel's share of the vote on the parameter that it reads, and how many times the mean share that is.
        self.shares = loudness / total[self.all]
        self.loudness = self.shares * counts[self.all]
        self.masks = []
        for name, columns in zip(self.names, self.columns):
            weight = layers[name].affine.weight
            self.masks.append(F.one_hot(columns, weight.shape[1]).to(weight))

    @torch.no_grad()
    def initialise(self):
        layers = dict(self.synthesis.layers())
        for name, mask in zip(self.names, self.masks):
            weight = layers[name].affine.weight
            weight.copy_(mask * torch.randn_like(weight) * 0.7 * math.sqrt(weight.shape[1]))
        self.amplify()

    @torch.no_grad()
    def amplify(self):
        """Makes channels that spoke equally loud move as much as their votes count."""
        layers = dict(self.synthesis.layers())
        for name, loudness in zip(self.names, self.loudness.split(self.widths)):
            layers[name].affine.weight.mul_(loudness[:, None])

    @torch.no_grad()
    def restrain(self):
        """Keeps every channel to the one parameter that it reads."""
        layers = dict(self.synthesis.layers())
        for name, mask in zip(self.names, self.masks):
            layers[name].affine.weight.mul_(mask)

    def slopes(self):
        """How far each channel moves with the parameter it reads: (channels,)."""
        layers = dict(self.synthesis.layers())
        return torch.cat([(layers[n].affine.weight * layers[n].affine.weight_gain * m).sum(1)
                          for n, m in zip(self.names, self.masks)])

    def propose(self, w):
        """Random moves: what each parameter is asked to shift by (B, P), and each channel's gain (B, channels)."""
        n = len(w)
        low, high = -self.mean / self.std, (1 - self.mean) / self.std
        goal = torch.where(torch.rand(n, world.P_DIM) < 0.5, low, high)
        chosen = torch.rand(n, world.P_DIM) < torch.rand(n, 1) * 0.25
        # A third of the faces are asked to become a species: its marks and coat together.
        species = torch.randint(len(world.SPECIES), (n,))
        is_species = torch.rand(n, 1) < 0.35
        coat, marks = world.COAT_PUSH[species], world.MARK_PUSH[species]
        wanted = torch.zeros(n, world.P_DIM)
        pick = torch.multinomial((coat > 0).float() + 1e-6, 1)
        wanted[:, world.SLICES["coat"]] = F.one_hot(pick[:, 0], coat.shape[1]) * 2.0 - 1.0
        for i, name in enumerate(world.TRAITS):
            wanted[:, world.SLICES[name]] = torch.sign(marks[:, i:i + 1])
        goal = torch.where(is_species, torch.where(wanted > 0, high, low), goal)
        chosen = torch.where(is_species, (wanted != 0) & (torch.rand(n, world.P_DIM) < 0.8), chosen)
        shift = (goal - w[:, :world.P_DIM]) * (0.4 + 2.2 * torch.rand(n, world.P_DIM)) * chosen
        shift = shift.clamp(-8, 8)
        keep = 0.15 + 0.85 * torch.rand(n, 1)
        gains = torch.rand(n, len(self.all)) * 2 * (torch.rand(n, len(self.all)) < keep) / keep
        # Some faces have one channel moved alone, as a sweep does.
        is_single = torch.rand(n, 1) < SINGLE_SHARE
        channel = torch.randint(len(self.all), (n,))
        shift = torch.where(is_single, SINGLE_REACH * (2 * torch.rand(n, 1) - 1), shift)
        gains = torch.where(is_single, F.one_hot(channel, len(self.all)).float(), gains)
        return shift, gains, is_single.float()

    def mean_vote(self, gains):
        """(B, channels) -> (B, P): the weighted mean gain of the channels that read each parameter."""
        return torch.zeros(len(gains), world.P_DIM).index_add_(1, self.all, gains * self.shares)

    def moved(self, styles, offset):
        """Styles with (B, channels) added to the convolutions' ones."""
        return styles | {n: styles[n] + o for n, o in zip(self.names, offset.split(self.widths, 1))}


def extrapolate(p):
    """Push saturated traits and colour weights further out; the drawing stays the same."""
    row = (torch.rand(len(p), 1) < EXTRAPOLATED_SHARE) * torch.rand(len(p), 1) * EXTRAPOLATION
    push = row * torch.rand_like(p)
    moved = torch.where(p > 0.95, p + push, torch.where(p < 0.05, p - push, p))
    return torch.where(world.GATED, moved, p)


def ideal_of(mean, std):
    width = generator_module.CONFIG["w_dim"] - world.P_DIM
    return lambda p: F.pad((p - mean) / std, (0, width))


def pretrain_mapping(mapping, ideal):
    optimiser = torch.optim.Adam(mapping.parameters(), betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, MAPPING_RATE, MAPPING_STEPS, pct_start=0.1)
    for step in range(MAPPING_STEPS):
        z = torch.randn(MAPPING_BATCH, world.Z_DIM)
        loss = F.mse_loss(mapping(z), ideal(world.params(z)))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        if (step + 1) % 1000 == 0:
            share = loss.item() * generator_module.CONFIG["w_dim"] / world.P_DIM
            print(f"mapping {step + 1} unexplained variance {share:.4f}", flush=True)


@torch.no_grad()
def evaluate(model, ideal):
    random = torch.Generator(device="cpu").manual_seed(999)
    z = torch.randn(1000, world.Z_DIM, generator=random, device="cpu").to(model.mapping.w_avg.device)
    p = world.params(z)
    real = torch.cat([world.render(c) for c in p.split(250)])
    report = []
    for name, w in (("z", model.mapping(z)), ("ideal w", ideal(p))):
        fake = torch.cat([model.synthesis(c) for c in w.split(250)]).clamp(-1, 1)
        mse = ((fake - real) / 2).square().mean((1, 2, 3))
        report.append(f"PSNR from {name} {(-10 * mse.log10()).mean().item():.2f} dB")
    return ", ".join(report)


@torch.no_grad()
def save(model, out):
    model.mapping.w_avg.copy_(model.mapping(torch.randn(10000, world.Z_DIM)).mean(0))
    state = {k: v.half().contiguous() for k, v in model.state_dict().items()}
    save_file(state, f"{out}/generator.safetensors")
    json.dump(generator_module.CONFIG, open(f"{out}/generator.json", "w"), indent=1)
    z = torch.randn(32, world.Z_DIM)
    pairs = torch.stack([world.render(world.params(z)), model(z)], 1)
    world.contact_sheet(pairs.flatten(0, 1), 16).save(f"{out}/generator_preview.png")


def train(out, minutes, start=None):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    world.use(device)
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    model = generator_module.Generator(**generator_module.CONFIG)
    model.synthesis.to(memory_format=torch.channels_last)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not ("noise_strength" in name or "torgb.affine" in name))
        if "torgb.affine.weight" in name:
            parameter.data.zero_()
    mean, std = world.moments()
    ideal = ideal_of(mean, std)
    votes = Votes(model.synthesis, mean, std)
    votes.initialise()
    optimiser = torch.optim.Adam(
        [dict(params=[q for q in model.synthesis.parameters() if q.requires_grad], lr=0.0),
         dict(params=list(model.mapping.parameters()), lr=0.0)], betas=(0.9, 0.99))
    averaged = copy.deepcopy(model).requires_grad_(False)
    spent_before, step = 0.0, 0
    state_path = f"{out}/generator_state.pt"
    if os.path.exists(state_path):
        state = torch.load(state_path, map_location=device)
        model.load_state_dict(state["model"])
        averaged.load_state_dict(state["averaged"])
        optimiser.load_state_dict(state["optimiser"])
        spent_before, step = state["spent"], state["step"]
    elif start:
        model.load_state_dict(generator_module.load(start).state_dict())
        votes.amplify()
        averaged.load_state_dict(model.state_dict())
    else:
        pretrain_mapping(model.mapping, ideal)
        averaged.load_state_dict(model.state_dict())

    live = [q for q in model.parameters() if q.requires_grad]
    slow = [a for a, q in zip(averaged.parameters(), model.parameters()) if q.requires_grad]

    def save_all():
        save(averaged, out)
        budget.save(dict(model=model.state_dict(), averaged=averaged.state_dict(), optimiser=optimiser.state_dict(),
                         spent=time.spent, step=step), state_path)

    time = budget.Budget(minutes, device, spent_before)
    while (progress := time.progress) < 1:
        joint = progress > (0.3 if start else 1 - JOINT_SHARE)
        decay = 0.5 * (1 + math.cos(math.pi * progress)) * min(1.0, (step + 1) / WARMUP_STEPS) + 0.003
        optimiser.param_groups[0]["lr"] = SYNTHESIS_RATE * (0.3 if start else 1) * decay
        optimiser.param_groups[1]["lr"] = JOINT_MAPPING_RATE * decay if joint else 0.0
        with torch.no_grad():
            z = torch.randn(BATCH, world.Z_DIM)
            p = world.params(z)
            mixed = round(BATCH * MIXED_SHARE)
            p = torch.cat([world.mix(p[:mixed]), p[mixed:]])
            w = ideal(extrapolate(p))
            voted = round(BATCH * VOTED_SHARE)
            shift, gains, is_single = votes.propose(w)
            # Faces take turns: the first half of the mixed and of the natural ones are moved.
            is_voted = (torch.arange(BATCH) % 2 == 0).float()[:, None] if voted else torch.zeros(BATCH, 1)
            shift = shift * is_voted
            target_w = w.clone()
            target_w[:, :world.P_DIM] += votes.mean_vote(gains) * shift
            real = world.render(target_w[:, :world.P_DIM] * std + mean).contiguous(memory_format=torch.channels_last)
            noise = torch.randn_like(gains) * STYLE_NOISE * torch.rand(BATCH, 1) * (1 - is_single * is_voted)
            # Noise that does not add up to a vote.
            noise = noise - votes.mean_vote(noise)[:, votes.all]
            offset = gains * shift[:, votes.all] + noise
        w_in = w + W_NOISE * torch.randn_like(w)
        if joint:
            # Natural faces that are not moved come through the mapping network.
            through = ((torch.arange(BATCH) >= mixed) & (is_voted[:, 0] == 0))[:, None]
            w_in = torch.where(through, model.mapping(z), w_in)
        with torch.autocast(device, torch.bfloat16):
            styles = model.synthesis.styles(w_in)
            styles = votes.moved(styles, offset * votes.slopes())
            fake = model.synthesis.render(styles)
        loss = image_loss(fake.float(), real)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        votes.restrain()
        with torch.no_grad():
            torch._foreach_lerp_(slow, live, 1 - min(EMA, (step + 1) / (step + 10)))
        step += 1
        if time.is_time_to_save():
            save_all()
        if time.is_time_to_report(120):
            print(f"step {step} {time.spent:.0f}s loss {loss.item():.4f} {evaluate(averaged, ideal)}", flush=True)
    save_all()
    print("final", step, evaluate(averaged, ideal), flush=True)


if __name__ == "__main__":
    train(sys.argv[1], float(sys.argv[2]), *sys.argv[3:4])
