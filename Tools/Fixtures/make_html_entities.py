"""Writes the named character references of HTML 5 as Swift source, from Python's table of them.

    python make_html_entities.py > ../../Sources/CLIP/Tokens/HTMLEntityTable.swift
"""

import html.entities
import textwrap

entries = []
for name in sorted(html.entities.html5):
    if not name.endswith(";"):
        continue
    text = html.entities.html5[name]
    # "~" where HTML also takes the name without a semicolon, "=" where it does not.
    mark = "~" if name[:-1] in html.entities.html5 else "="
    entries.append(name[:-1] + mark + "+".join(f"{ord(c):x}" for c in text))
lines = textwrap.wrap(" ".join(entries), 104, break_long_words=False, break_on_hyphens=False)
print("/// The named character references of HTML 5 (https://html.spec.whatwg.org/entities.json), packed.")
print("///")
print("/// Written by `Tools/Fixtures/make_html_entities.py`: `name=code` with code points in hexadecimal, joined by `+`;")
print("/// `name~code` where the name also stands without a semicolon.")
print("enum HTMLEntityTable {")
print('    static let packed = """')
for line in lines:
    print("        " + line)
print('        """')
print("}")
