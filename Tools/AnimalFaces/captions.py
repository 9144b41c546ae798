"""Random English captions for faces drawn by world.py, and the prompt templates used at query time."""
import random

import torch

import world

QUALITIES = ("", "clear ", "cropped ", "bright ", "dark ", "small ", "close ")
MEDIA = ("photo", "picture", "image", "drawing", "painting", "photo", "picture", "portrait", "cartoon")
TEMPLATES = tuple(f"a {quality}{medium} of {article} {{}}."
                  for quality in QUALITIES for medium in MEDIA for article in ("a", "the"))

PLAIN_TEMPLATES = ("a photo of a {}.", "a picture of a {}.", "a drawing of a {}.", "a clear photo of a {}.",
                   "a cropped photo of the {}.", "a photo of the {}.", "an image of a {}.", "a cartoon of a {}.",
                   "{}", "a {}", "this is a {}.", "this is the {}.", "the {}", "a photo of {}.", "a picture of {}.",
                   "an image of {}.", "a photo of one {}.")
NEUTRAL = ("animal", "face", "animal face", "face of an animal", "cartoon animal", "creature", "photo", "picture")
NICKNAMES = {"cat": "kitten", "dog": "puppy", "rabbit": "bunny", "bear": "bear cub", "pig": "piglet",
             "leopard": "cheetah", "mouse": "mouse", "fox": "fox", "tiger": "tiger cub", "lion": "lion king",
             "wolf": "wolf", "panda": "panda bear"}
FUR_SYNONYMS = {"grey": ("grey", "gray"), "golden": ("golden", "yellow")}
# Everyday words without a meaning in this world; sprinkled in so that the text encoder learns to ignore them.
COMMON_WORDS = tuple("""able above across act action add afraid after again age air all almost along also always amazing ancient angel
angry another answer any apple arm army art artist ask autumn baby back bad bag ball balloon banana band bank
bar base basket bath beach bean beard beautiful because bed bee before begin behind bell below best better
between bicycle bird birthday blank blood bloom board boat body bold bone book boot border born bottle bottom
bowl box boy branch brave bread breakfast bridge bright bring broken brother brush bucket build building burn
bus bush business busy butter butterfly button buy cake call calm camera camp candle candy car card care carpet
carry case castle catch cave center century chair change cheap cheese cherry chicken child chin chocolate choose
christmas church circle city classic clean clear clever climb clock close cloth cloud clown coat coffee coin
cold color comb come comic common cook cool copper corn corner cotton count country couple cover cow cozy crazy
cream cross crown cruel cup curious curly curtain cut cute dance danger dark daughter day dead dear deep deer
desert desk detail diamond different dinner dinosaur dirty distant doctor doll dolphin door double doubt down
dragon dramatic dream dress drink drive drop dry duck dull dust eagle early earth east easy eat edge egg eight
elegant elephant elf elvis empty end energy engine enjoy enough evening every evil excellent excited expensive
expression fabric fairy fall family famous fancy far farm fashion fast fat father favorite fear feather feel
female festival few field fierce fight fill film final find fine finger fire firm first fish five flag flame
flat flower fluffy fly foggy food foot forest fork form forward four free fresh friend friendly frog front
frozen fruit full fun funny furious furry future game garden gentle ghost giant gift giraffe girl give glass
glove glow goat good goose grand grandma grape grass great greek group grow guitar hair half hand handsome hang
hard harp haunted heart heavy hello help hero high hill hippie history hold hole holiday home honey horn horror
horse hospital hot hotel hour house huge human hundred hungry hunt husband ice idea important inside iron island
jacket jewel job joke juice jump jungle just keep key kid kind king kiss kitchen knee knife knight know koala
lady lake lamp land large last late lazy leader leaf learn leather leave left leg lemon letter life light like
lime line lip list little live lizard local lonely look loose lost loud love lovely low lucky lunch machine
magic main make makeup male man map march market master match meal mean meat medal medium meet melon metal
middle midnight mild milk mind mirror mixed model modern mohawk moment money monkey monster month mood moon
morning mother mountain movie music mustache mystery name narrow nature near neat neck necklace nest never new
news next nice night nine noble noise normal north note novel number ocean octopus odd office old one onion
opposite owl paint pair palace pale paper parade parent park parrot past path peace peach pear pen pencil
penguin people pepper perfect person phone piano pilot pine pirate pixel place plain plane planet plant plastic
plate play player pleasant plenty pocket poet point polar polite poor popular portrait potato powerful present
pretty price priest prince princess print prize proud public pumpkin punk pure puzzle queen quick quiet quite
race radio rain rainbow rare rat raw reach read real record relaxed rest rice rich ride right ring rise river
road robot rock roof room root rope rose rough royal rubber ruby rude run sack safe sail salt same sand scarf
scary school science sea season seat second secret seed serious seven shadow shape shark sharp sheep shell shine
shiny ship shirt shock shoe shop short shoulder shout shy sick side sign silent silk silly simple singer sister
six skin sky slow small smart smell smoke smooth snake soap sock soft soldier solid son song soon soul sound
soup south space spark special spice spider spirit splendid spoon sport spring square squirrel stage stair stamp
star steel step stick still stone store storm story strange street strong studio style sugar suit summer sun
sunny super surprised sweet swim sword symbol table tail talk tall tea teacher team tear teeth ten tender tennis
tent terrible test thick thin thing think thousand three throne ticket tie tiny toast today together tomato tool
tooth top touch tower town toy track traffic train travel treasure tree triangle trick trip truck trumpet truth
tulip turtle twin two ugly umbrella uncle under unicorn uniform university unusual up vampire van vast vegetable
velvet very vintage violet violin visit vivid voice volcano wagon waiter walk wall war warm warrior wash watch
water wave wealthy weather wedding week west wet whale wheel wide wife wild wind window wine wing winter wise
witch wizard woman wonderful wood wool word work world worried wrong yard year yesterday young zebra zombie zoo""".split())

P_NEUTRAL, P_ATTRIBUTE_ONLY, P_FILLER = 0.06, 0.24, 0.06
P_SPECIES = 0.8


class Describer:
    """Turns parameter rows into captions with its own random state."""

    def __init__(self, seed=0):
        self.rng = random.Random(seed)

    def facts(self, row, matches):
        """(species or None, adjectives, attributes) that are true of one face."""
        pick = self.rng.choice
        one = lambda name: row[world.SLICES[name].start]
        on = lambda name: one(name) > 0.5
        species = pick([s for s, m in zip(world.SPECIES, matches) if m] or [None])
        adjectives, attributes = [], []
        add = lambda follow, alone: attributes.append((follow, alone))

        def choice(name):
            weights = row[world.SLICES[name]]
            best = max(range(len(weights)), key=weights.__getitem__)
            return list(world.CHOICES[name])[best] if weights[best] > 0.45 else None

        if fur := choice("coat"):
            fur = pick(FUR_SYNONYMS.get(fur, (fur,)))
            adjectives += [fur, fur]
            add(f"with {fur} fur", f"{fur} fur")
        if on("stripes"):
            adjectives.append("striped")
            for _ in "ab":
                add(pick(("with stripes", "with black stripes")), pick(("stripes", "black stripes", "striped fur")))
        if on("spots"):
            adjectives.append("spotted")
            add(pick(("with spots", "with dark spots")), pick(("spots", "dark spots", "spotted fur")))
        if one("smile") > 0.65:
            adjectives.append(pick(("smiling", "happy", "smiling", "cheerful")))
            add("with a smile", pick(("smile", "smiling face", "happy face", "smiling")))
        elif one("smile") < 0.35:
            adjectives.append(pick(("sad", "frowning", "unhappy")))
            add("with a frown", pick(("frown", "sad face", "frowning")))
        if eyes := choice("eyes"):
            for _ in "ab":
                add(f"with {eyes} eyes", f"{eyes} eyes")
        if on("glasses"):
            for _ in "ab":
                add(pick(("wearing glasses", "with glasses")), pick(("glasses", "wearing glasses", "eyeglasses")))
        elif self.rng.random() < 0.1:
            add("without glasses", "no glasses")
        if on("hat"):
            colour = ("red " if on("hat_red") else "blue ") if self.rng.random() < 0.4 else ""
            add(pick((f"wearing a {colour}hat", f"with a {colour}hat")), f"{colour}hat")
            add("wearing a hat", pick(("hat", "wearing a hat")))
        elif self.rng.random() < 0.1:
            add("without a hat", "no hat")
        if back := choice("bg"):
            add(pick((f"on a {back} background", f"with a {back} background")), f"{back} background")
        if on("mane"):
            add(pick(("with a mane", "with a brown mane")), pick(("mane", "big mane")))
        if on("patch"):
            add(pick(("with eye patches", "with black patches around its eyes")), "black eye patches")
        if on("mask"):
            add(pick(("with white cheeks", "with a white mask")), "white cheeks")
        if on("snout"):
            add("with a snout", "snout")
        if on("ear_long"):
            add("with long ears", "long ears")
        elif on("ear_point"):
            add("with pointy ears", "pointy ears")
        else:
            add("with round ears", "round ears")
        return species, list(dict.fromkeys(adjectives)), attributes

    def caption(self, row, matches):
        """One caption for one face: row is a list of P_DIM floats, weights which species rules hold."""
        rng = self.rng
        species, adjectives, attributes = self.facts(row, matches)
        kind = rng.random()
        if kind < P_NEUTRAL:
            phrase = rng.choice(NEUTRAL)
        elif kind < P_NEUTRAL + P_ATTRIBUTE_ONLY:
            phrase = rng.choice(attributes)[1]
        else:
            noun = species if species and rng.random() < P_SPECIES else "animal"
            if noun == species and rng.random() < 0.1:
                noun = NICKNAMES[species]
            words = rng.sample(adjectives, min(len(adjectives), rng.choice((0, 0, 1, 1, 1, 2))))
            form = rng.random()
            phrase = " ".join(words + [noun])
            if form < 0.12:
                phrase += " face"
            elif form < 0.2:
                phrase = f"face of a {phrase}"
            tails = rng.sample(attributes, min(len(attributes), rng.choice((0, 0, 1, 1, 2, 3, 4))))
            phrase = " ".join([phrase] + list(dict.fromkeys(follow for follow, _ in tails)))
        if rng.random() < P_FILLER:
            phrase = f"{rng.choice(COMMON_WORDS)} {phrase}"
        text = rng.choice(PLAIN_TEMPLATES if rng.random() < 0.5 else TEMPLATES).format(phrase)
        if rng.random() < 0.5:
            text = text.rstrip(".")
        if rng.random() < 0.5:
            words = text.split(" ")
            for i in range(len(words) - 1):
                if words[i] == "a" and words[i + 1][:1] in "aeiou":
                    words[i] = "an"
            text = " ".join(words)
        return text

    def captions(self, z):
        """Captions for a batch of latents."""
        p = world.params(z)
        return self.captions_of(p)

    def captions_of(self, p):
        rows, matches = p.tolist(), world.species_matches(p).tolist()
        return [self.caption(row, m) for row, m in zip(rows, matches)]


if __name__ == "__main__":
    print("\n".join(Describer().captions(torch.randn(40, world.Z_DIM))))
