"""Writes texts and the tokens that CLIP's published way of tokenising gives them, for the tests of CLIP.

The way: ftfy, references of HTML resolved twice, strip, white space to one space, lower case, the pattern, bytes, and the
plain loop that merges the best pair wherever it stands. Texts that ftfy takes for ones of a wrong encoding are left out:
that is the step of its that the tokenizer does not take. The merges are learned here from nonsense, with products made
in two ways and pairs that overlap, which vocabularies of real words seldom have.

    pip install ftfy==6.3.1 regex
    python make_tokens.py ../../Tests/CLIPTests/Fixtures
"""

import html
import json
import random
import sys

import ftfy
import regex

PATTERN = regex.compile(
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", regex.IGNORECASE
)
printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
others = [b for b in range(256) if b not in printable]
ALPHABET = dict(zip(printable + others, map(chr, printable + [256 + i for i in range(len(others))])))


def merged(symbols, pair):
    out, i = [], 0
    while i < len(symbols):
        if tuple(symbols[i : i + 2]) == pair:
            out.append("".join(pair))
            i += 2
        else:
            out.append(symbols[i])
            i += 1
    return out


def tokens(text, ranks, ids):
    text = html.unescape(html.unescape(ftfy.fix_text(text))).strip()
    text = regex.sub(r"\s+", " ", text).strip().lower()
    result = []
    for word in PATTERN.findall(text):
        if word in ("<|startoftext|>", "<|endoftext|>"):
            result.append(ids[word])
            continue
        symbols = [ALPHABET[b] for b in word.encode()]
        symbols[-1] += "</w>"
        while True:
            pair = min(zip(symbols, symbols[1:]), key=lambda p: ranks.get(p, 1e9), default=None)
            if pair not in ranks:
                break
            symbols = merged(symbols, pair)
        result += [ids[s] for s in symbols]
    return result


rng = random.Random(5)
merges, symbols = [], [[], ["a</w>", "e</w>", "s</w>", "t</w>"]]
symbols[0] = [ALPHABET[b] for b in "abcdet".encode() + "é".encode() + b"!'"]
while len(merges) < 300:
    pair = (rng.choice(symbols[0]), rng.choice(symbols[rng.random() < 0.3]))
    text = "".join(pair)
    if pair in merges or len(text) > 14:
        continue
    merges.append(pair)
    symbols[text.endswith("</w>")].append(text)
vocabulary = [*ALPHABET.values()]
vocabulary += [c + "</w>" for c in vocabulary] + ["".join(m) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
ids = {s: i for i, s in enumerate(vocabulary)}
ranks = {m: i for i, m in enumerate(merges)}

texts = [
    "", " ", "a photo of a tiger", "It's THE cat's, isn't IT? we'll we've I'm they're he'd 'S 'ſ 'LL",
    "&amp;amp; &lt;b&gt; &notit; &noti &copy &copycat &eacute;t&Eacute; &AMP &unknown; &; & &# &#; &#x; &amp",
    "&#65;&#x41&#X61;&#0;&#13;&#128;&#x9f;&#xD800;&#1114112;&#99999999999999999999;&#1;&#xfffe;&#x10ffff;&#64976;",
    "&CounterClockwiseContourIntegral; &NotEqualTilde; &fjlig; &ThickSpace;x &nbsp;y &#32;z &#x1c;",
    "&amp;#97;bc &amp;lt;|endoftext|> <|startoftext|> <|ENDOFTEXT|> .<|endoftext|>. <|endoftext|>",
    "ΟΔΥΣΣΕΥΣ ΣΑΣ Σ ΑΣ. Α.Σ ΑΣ́Β ΣΣ.Σ", "İstanbul IŞIK ẞ Ǆ K Å ﬁ", "१२३ ²³ Ⅻ ½ x2y3", "a\u0301e\u0301 é e\u0301",
    "日本の虎 😀👩‍👩‍👧 \u200b\ufeff\u2060x", "a\x1cb\x1d \x1e", "\x1c\x1fa\x0b\x0c\x85\xa0\u3000b\u2028",
    "!'s !!'!'t 's's ''s", "'", "\u0000\u0001 a\u007fb", "&#x1F600;&hearts;", "&" * 40, "&" + "a" * 40 + ";", "&ampamp;&ltlt",
]
for _ in range(220):
    alphabet = rng.choice(["abcdeté", "abcde", "ab", "aet's! ", "abcdeté'!SATE &;#12\t\u00a0ΣſÀ😀"])
    texts.append("".join(rng.choice(alphabet) for _ in range(rng.choice([3, 8, 20, 60]))))
# What ftfy changes: quotation marks, letters in two parts, ligatures, widths, controls, references and their nesting.
texts += [
    "a dog’s face", "‘a’ ‚b‛ “c” „d‟ aʼb ŉ", "cafe\u0301 Å \u212b q\u0307\u0323", "ﬁerce ﬀ ﬂ ﬃ ﬄ ﬅ ﬆ ĳ ǅ ǆ",
    "ＬＯＵＤ　ＮＯＩＳＥＳ！ ＇ｓ", "ｶﾞｷﾞ ﾊﾟ｡｢｣ ｱ", "ﾡﾢￂ ￃￜ ﾠ", "￠￡￢￣￤￥￦ ￨￩￪￫￬￭￮ ｟｠ \uffef", "a\u0000b\u0007c\u000bd\u001fe\u007ff",
    "\u206aa\u206fb\ufeffc\ufff9d\ufffce", "\u001b[1;31mred\u001b[0m \u001b[x \u001b[1; \u001b\u001b[m", "a\r\nb\rc\u2028d\u2029e",
    "\u0085\u0091a\u0092 \u0093b\u0094 \u0081", "&EACUTE;t&eacute; &SZLIG; &COPYSR; &RSQUO; &rsquo;s &APOS;s", "&amp;amp;amp;lt;b&amp;amp;amp;gt;",
    "&am&#112;;&amp&semi;lt&#59;", "&#59; &amp;#59; &#x26;amp;amp;amp;", "a &rsquo;s\nb < &rsquo;s\nc &rsquo;s", "&lt; &amp;rsquo;s &rsquo;s",
    "&#97", "&#9a7; &#x; &#65279;a&#8203;", "&averyverylongnameofmanyletters; &CounterClockwiseContourIntegral;", "가\u1100\u1161\u11a8 は\u3099",
    "１２３ ａｂｃ", "naïve “café” – it’s…", "\u0958 \u2126 \ufb1d \ufb49", "\u01c4\u030c", "＆amp;amp; ＆ａｍｐ；ｌｔ；",
]
for _ in range(120):
    alphabet = rng.choice(["abcdeté’“ﬁ ", "&;#ampltx2 6", "a\u0301e\u0327\u0323 ＆；ａ", "\u001b[0;1ma b’\u0007\u0092"])
    texts.append("".join(rng.choice(alphabet) for _ in range(rng.choice([5, 12, 40]))))
texts = [t for t in texts if ftfy.fix_text(t) == ftfy.fix_text(t, fix_encoding=False)]
folder = sys.argv[1]
with open(folder + "/merges.txt", "w", encoding="utf-8") as out:
    out.write("#version: 0.2\n" + "".join(" ".join(m) + "\n" for m in merges))
with open(folder + "/tokens.json", "w", encoding="ascii") as out:
    json.dump([{"text": t, "ids": tokens(t, ranks, ids)} for t in texts], out, separators=(",", ":"))
    out.write("\n")
