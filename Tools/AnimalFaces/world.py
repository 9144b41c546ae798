"""Cartoon animal faces built from additive traits on one common head.

``params(z)`` maps a latent to drawing parameters in [0, 1] (trait gates and colour weights) plus a few
mild shape parameters; ``render(p)`` clamps them and draws; species are rules over traits.
"""
import math

import torch

Z_DIM, SIZE = 64, 64
COATS = {"grey": (.55, .57, .62), "orange": (1., .52, .06), "golden": (.98, .82, .34), "black": (.17, .17, .2),
         "white": (.97, .97, .96), "brown": (.50, .30, .14), "pink": (1., .68, .76)}
EYES = {"brown": (.42, .24, .08), "green": (.15, .72, .25), "blue": (.15, .5, .98), "yellow": (.98, .8, .1)}
BACKGROUNDS = {"blue": (.45, .68, .95), "green": (.5, .82, .5), "pink": (.98, .68, .8),
               "yellow": (.98, .9, .45), "purple": (.66, .5, .86), "white": (.96, .96, .96)}
CHOICES = {"coat": COATS, "eyes": EYES, "bg": BACKGROUNDS}
TRAITS = {"stripes": .9, "spots": .9, "mane": .9, "patch": .9, "mask": .7, "ear_long": .9, "ear_point": .1,
          "snout": .9, "glasses": .7, "hat": .7, "smile": 0., "hat_red": 0.}     # name -> threshold of its logit
SHAPES = {"head_w": (.60, .02), "head_h": (.54, .02), "ear_w": (.2, .012), "eye_size": (.14, .009),
          "muzzle_w": (.27, .015), "shade": (0., .04)}                           # name -> (mean, spread)
SPECIES_MARKS = ("stripes", "spots", "mane", "patch", "mask", "ear_long", "ear_point", "snout")
# species -> (wanted marks, allowed coats, marks that must be absent); unmentioned marks are only made rarer
MARKS = ("stripes", "spots", "mane", "patch", "mask", "snout")
RULES = {
    "cat": (("ear_point",), ("grey", "black", "white", "orange", "brown"), (*MARKS, "ear_long")),
    "fox": (("mask", "ear_point"), ("orange",), ("ear_long",)),
    "tiger": (("stripes",), ("orange",), ("ear_point", "ear_long")),
    "lion": (("mane",), ("golden",), ()),
    "wolf": (("mask", "ear_point"), ("grey",), ("ear_long",)),
    "bear": ((), ("brown",), (*MARKS, "ear_long", "ear_point")),
    "panda": (("patch",), ("white",), ("ear_point", "ear_long")),
    "rabbit": (("ear_long",), ("white", "brown", "grey"), ()),
    "leopard": (("spots",), ("golden",), ("ear_point", "ear_long")),
    "pig": (("snout",), ("pink",), ()),
}
SPECIES = tuple(RULES)
BLEND_SHARPNESS, CHOICE_SHARPNESS, GATE_SHARPNESS = 5.0, 3.5, 4.0
SPECIES_OFFSET = 0.25     # share of species-consistent samples: P(normal > -0.25) = 0.6
PUSH = 2.6
WEIGHT_LIMIT = 1.6        # colour weights are clamped to [0, 1.6] and cubed, so that the largest wins

SLICES, _n = {}, 0
for _name, _width in ([(k, len(t)) for k, t in CHOICES.items()] + [(k, 1) for k in TRAITS] + [(k, 1) for k in SHAPES]):
    SLICES[_name] = slice(_n, _n + _width)
    _n += _width
P_DIM = _n
TABLES = {k: torch.tensor(list(t.values())) for k, t in CHOICES.items()}
GATED = torch.zeros(P_DIM, dtype=torch.bool)
for _name in (*CHOICES, *TRAITS):
    GATED[SLICES[_name]] = True

MARK_PUSH = torch.zeros(len(SPECIES), len(TRAITS))
COAT_PUSH = torch.zeros(len(SPECIES), len(COATS))
for _i, (_wanted, _coats, _absent) in enumerate(RULES.values()):
    for _j, _t in enumerate(TRAITS):
        if _t in SPECIES_MARKS:
            MARK_PUSH[_i, _j] = PUSH if _t in _wanted else -PUSH if _t in _absent else -1.2
    for _j, _c in enumerate(COATS):
        COAT_PUSH[_i, _j] = PUSH if _c in _coats else 0.0



def use(device):
    """Moves the world's tables to a device and makes it the default."""
    global MARK_PUSH, COAT_PUSH, GATED, TABLES
    torch.set_default_device(device)
    MARK_PUSH, COAT_PUSH, GATED = MARK_PUSH.to(device), COAT_PUSH.to(device), GATED.to(device)
    TABLES = {name: table.to(device) for name, table in TABLES.items()}


DARK = (0.10, 0.08, 0.09)
WHITE = (1.0, 1.0, 1.0)
EAR_PINK = (0.98, 0.70, 0.72)
PIXEL = 2.0 / SIZE
SOFTNESS = 1.4 * PIXEL
OUTLINE = 1.1 * PIXEL
ZOOM = 0.88
HEAD_Y = 0.15
EAR_ROOT = 0.12
SPOTS = ((0., -.40, .075), (.22, -.37, .07), (.42, -.25, .07), (.51, -.02, .075), (.46, .20, .075), (.33, .40, .07),
         (0., -.19, .065))


def field(p, name):
    """The columns of a parameter batch that hold one named field."""
    return p[:, SLICES[name]]


def params(z):
    """Latents (B, 64) -> drawing parameters (B, P_DIM); smooth and deterministic."""
    z = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
    n = len(SPECIES)
    weights = torch.softmax(BLEND_SHARPNESS * z[:, :n], 1) * torch.sigmoid(6 * (z[:, n:n + 1] + SPECIES_OFFSET))
    at, out = n + 1, []
    for name, table in CHOICES.items():
        logits = z[:, at:at + len(table)]
        if name == "coat":
            logits = logits + weights @ COAT_PUSH
        out.append(torch.softmax(CHOICE_SHARPNESS * logits, 1))
        at += len(table)
    logits = z[:, at:at + len(TRAITS)] - torch.tensor(list(TRAITS.values())) + weights @ MARK_PUSH
    out.append(torch.sigmoid(GATE_SHARPNESS * logits))
    at += len(TRAITS)
    for i, (mean, spread) in enumerate(SHAPES.values()):
        out.append(mean + spread * z[:, at + i:at + i + 1].clamp(-2, 2))
    return torch.cat(out, 1)


def moments(samples=200_000):
    """Mean and standard deviation of the drawing parameters of random faces: two (P_DIM,)."""
    random = torch.Generator(device="cpu").manual_seed(5)
    p = params(torch.randn(samples, Z_DIM, generator=random, device="cpu").to(GATED.device))
    return p.mean(0), p.std(0) + 1e-3


def clamp(p):
    """The nearest drawable parameters."""
    p = p.clone()
    for name in CHOICES:
        p[:, SLICES[name]] = field(p, name).clamp(0, WEIGHT_LIMIT)
    for name in TRAITS:
        p[:, SLICES[name]] = field(p, name).clamp(0, 1)
    for name, (mean, spread) in SHAPES.items():
        p[:, SLICES[name]] = field(p, name).clamp(mean - 2.5 * spread, mean + 2.5 * spread)
    return p


def colour(p, name):
    """A colour field's RGB: the mean of its table under cubed weights."""
    weight = field(p, name).clamp(0, WEIGHT_LIMIT) ** 3 + 1e-3
    return (weight / weight.sum(1, keepdim=True)) @ TABLES[name]


def species_matches(p):
    """(B, species) bool: which rules hold."""
    on = {t: field(p, t)[:, 0] > 0.5 for t in SPECIES_MARKS}
    coat = field(p, "coat").argmax(1)
    clear = field(p, "coat").max(1).values > 0.45
    rows = []
    for wanted, coats, absent in RULES.values():
        ok = clear & sum(coat == list(COATS).index(c) for c in coats).bool()
        for t in wanted:
            ok = ok & on[t]
        for t in absent:
            ok = ok & ~on[t]
        rows.append(ok)
    return torch.stack(rows, 1)


def _cover(distance):
    """Signed distance -> opacity with a soft edge."""
    return (0.5 - distance / SOFTNESS).clamp(0, 1)


def _ellipse(x, y, rx, ry):
    k = ((x / rx).square() + (y / ry).square() + 1e-6).sqrt()
    g = ((x / rx.square()).square() + (y / ry.square()).square() + 1e-6).sqrt()
    return k * (k - 1) / g


def _segment(x, y, ax, ay, bx, by, radius):
    dx, dy = bx - ax, by - ay
    t = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamp(0, 1)
    return ((x - ax - t * dx).square() + (y - ay - t * dy).square() + 1e-6).sqrt() - radius


def render(p):
    """Drawing parameters (B, P_DIM), clamped -> images (B, 3, SIZE, SIZE) in [-1, 1]."""
    p = clamp(p)
    v = {name: field(p, name)[:, :, None] for name in (*TRAITS, *SHAPES)}
    rgb = {name: colour(p, name)[:, :, None, None] for name in CHOICES}
    const = lambda c: torch.tensor(c).view(1, 3, 1, 1)
    fur = (rgb["coat"] + v["shade"].unsqueeze(1)).clamp(0, 1)
    zero = torch.zeros_like(v["shade"])

    axis = (torch.arange(SIZE) + 0.5) * PIXEL - 1
    gx, gy = axis.view(1, 1, SIZE), axis.view(1, SIZE, 1)
    glow = (1.06 - 0.22 * (gx.square() + gy.square())).unsqueeze(1)
    x, y = gx * ZOOM, gy * ZOOM - HEAD_Y
    ax = (x.square() + 1e-6).sqrt()
    image = rgb["bg"] * glow

    def paint(alpha, colour):
        nonlocal image
        image = torch.lerp(image, colour, alpha.unsqueeze(1))

    shade = fur * 0.38 + const(DARK) * 0.25
    hw, hh = v["head_w"], v["head_h"]
    angle = torch.atan2(x, -y)
    ruffle = 1 + 0.05 * torch.cos(12 * angle)
    mane = ((x / (hw + 0.1)).square() + ((y + 0.03) / (hh + 0.12)).square() + 1e-6).sqrt() / ruffle - 1.16
    paint(_cover(mane * 0.5 - OUTLINE) * v["mane"], const((.3, .14, .03)))
    paint(_cover(mane * 0.5) * v["mane"], const((.60, .28, .06)))

    head = _ellipse(x, y, hw, hh)
    long = v["ear_long"]
    ear_x, ear_len, ear_w = 0.42 - 0.17 * long, 0.33 + 0.42 * long, v["ear_w"] - 0.02 * long
    ear_angle, point = 0.5 - 0.35 * long, v["ear_point"]
    ear_len = ear_len + 0.14 * point * (1 - long)
    ear_y = -hh * (1 - (ear_x / (hw + 0.08)).square()).clamp(min=0.02).sqrt() * 0.82
    ca, sa = torch.cos(ear_angle), torch.sin(ear_angle)
    ex, ey = ax - ear_x, y - ear_y
    along, across = ex * sa - ey * ca, (ex * ca + ey * sa).abs()

    def ear(length, width):
        t = (along / length).clamp(-1, 1.5)
        mid = (2 * t - 0.7).clamp(-1, 1.2)
        roundness = (1 - mid.square() / 1.69).clamp(min=0).sqrt()
        profile = torch.lerp(roundness, 1 - t.clamp(min=-0.2), point)
        return torch.maximum((across - width * profile) * 0.8, torch.maximum(along - length, -along - EAR_ROOT))

    outer = ear(ear_len, ear_w)
    ear_rgb = torch.lerp(fur, const(DARK).expand_as(fur), v["patch"].unsqueeze(1))
    paint(_cover(outer - OUTLINE), ear_rgb * 0.38 + const(DARK) * 0.25)
    paint(_cover(outer), ear_rgb)
    paint(_cover(ear(ear_len * 0.74, ear_w * 0.55)), 0.6 * ear_rgb + 0.38 * const(EAR_PINK))

    inside = _cover(head)
    paint(_cover(head - OUTLINE), shade)
    paint(inside, fur)
    cheeks = _ellipse(ax - 0.34, y - 0.26, hw * 0.62, hh * 0.56)
    paint(_cover(cheeks) * inside * v["mask"], const(WHITE))

    bar = 0.062 + zero
    stripes = torch.minimum(_segment(x, y, zero, -hh, zero, zero - 0.26, bar),
                            _segment(ax, y, hw * 0.42, -hh, zero + 0.2, zero - 0.30, bar))
    for top, inner in ((0.0, 0.74), (0.24, 0.66)):
        stripes = torch.minimum(stripes, _segment(ax, y, hw * 1.05, top + zero, hw * inner, top + 0.05 + zero, bar))
    paint(_cover(stripes) * inside * v["stripes"], const(DARK))

    dots = None
    for sx, sy, radius in SPOTS:
        d = ((ax - sx).square() + (y - sy).square() + 1e-6).sqrt() - radius
        dots = d if dots is None else torch.minimum(dots, d)
    paint(_cover(dots) * inside * v["spots"], const((.22, .11, .04)))

    eye_x, eye_y, size = ax - 0.26, y + 0.07, v["eye_size"]
    patch = _ellipse(eye_x * 0.86 + eye_y * 0.5 - 0.02, eye_y * 0.86 - eye_x * 0.5, size + 0.06, size + 0.11)
    paint(_cover(patch) * v["patch"], const(DARK))

    my = y - 0.25
    muzzle_h = 0.2
    paint(_cover(_ellipse(x, my, v["muzzle_w"], zero + muzzle_h)), const((.97, .95, .92)))
    width = 0.2
    bend = (2 * v["smile"] - 1) * 0.15 * (0.4 - (x / width).square())
    lips = torch.maximum((my - 0.09 - bend).abs() - 0.032, ax - width)
    paint(_cover(lips), const((.35, .05, .08)))

    snout = _ellipse(x, my + 0.06, 0.21 + zero, 0.14 + zero)
    paint(_cover(snout - OUTLINE) * v["snout"], const((.6, .28, .35)))
    paint(_cover(snout) * v["snout"], const((.93, .48, .56)))
    nostril = _ellipse(ax - 0.08, my + 0.06, 0.035 + zero, 0.06 + zero)
    paint(_cover(nostril) * v["snout"], const((.3, .12, .15)))
    ny = my + 0.11
    nose = _ellipse(x * (1 + 0.25 * (ny / 0.08).clamp(-1, 1)), ny, 0.085 + zero, 0.062 + zero)
    paint(_cover(nose) * (1 - v["snout"]), const((.18, .12, .13)))

    white = _ellipse(eye_x, eye_y, size, size)
    paint(_cover(white - 0.9 * OUTLINE), const(DARK))
    opened = _cover(white)
    paint(opened, const(WHITE))
    paint(_cover(_ellipse(eye_x, eye_y, size * 0.84, size * 0.84)) * opened, rgb["eyes"])
    paint(_cover(_ellipse(eye_x, eye_y, size * 0.38, size * 0.38)) * opened, const(DARK))
    paint(_cover(_ellipse(eye_x + 0.3 * size, eye_y + 0.32 * size, size * 0.2, size * 0.2)) * opened, const(WHITE))

    ring = _ellipse(eye_x, eye_y, size + 0.07, size + 0.07).abs() - 0.028
    bridge = torch.maximum((eye_y + 0.03).abs() - 0.028, ax - 0.26 + size + 0.06)
    paint(_cover(torch.minimum(ring, bridge)) * v["glasses"], const((.05, .05, .35)))

    hy = y + hh * 0.84
    crown = torch.maximum((hy + 0.17).abs() - 0.17, ax - 0.26)
    hat = torch.minimum(crown, torch.maximum(hy.abs() - 0.045, ax - 0.44))
    red = v["hat_red"].unsqueeze(1)
    hat_rgb = red * const((.85, .12, .12)) + (1 - red) * const((.12, .22, .85))
    paint(_cover(hat - OUTLINE) * v["hat"], hat_rgb * 0.4)
    paint(_cover(hat) * v["hat"], hat_rgb)
    paint(_cover(torch.maximum((hy + 0.09).abs() - 0.035, ax - 0.26)) * v["hat"], const((.95, .85, .3)))
    return image.clamp(0, 1) * 2 - 1


def contact_sheet(images, columns):
    """Images (N, 3, H, W) in [-1, 1] -> one PIL image, row by row."""
    from PIL import Image
    images = images.float().cpu()
    n, c, h, w = images.shape
    rows = math.ceil(n / columns)
    images = torch.cat([images, torch.ones(rows * columns - n, c, h, w, device="cpu")])
    grid = images.view(rows, columns, c, h, w).permute(0, 3, 1, 4, 2).reshape(rows * h, columns * w, c)
    return Image.fromarray(((grid + 1) * 127.5).clamp(0, 255).round().to(torch.uint8).numpy())


def mix(p, share=0.6):
    """Fields exchanged between faces, some traits snapped to 0 or 1, colour weights pushed out of the simplex."""
    mixed = p.clone()
    share = torch.rand(len(p), 1) * share
    for name, columns in SLICES.items():
        swap = torch.rand(len(p), 1) < share
        donor = torch.randperm(len(p))
        mixed[:, columns] = torch.where(swap, p[donor][:, columns], p[:, columns])
        if name in TRAITS:
            flip = torch.rand(len(p), 1) < 0.15
            mixed[:, columns] = torch.where(flip, torch.rand(len(p), 1).round(), mixed[:, columns])
        if name in CHOICES:
            n, rows = columns.stop - columns.start, torch.arange(len(p))
            pushed = -torch.rand(len(p), n)
            pushed[rows, torch.randint(n, (len(p),))] = torch.rand(len(p))
            pushed[rows, torch.randint(n, (len(p),))] = 0.4 + 1.4 * torch.rand(len(p))
            push = torch.rand(len(p), 1) < 0.4
            mixed[:, columns] = torch.where(push, pushed, mixed[:, columns])
    return mixed
