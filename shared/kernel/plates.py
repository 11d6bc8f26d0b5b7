"""One spelling of a number plate for all services: the registry keeps it, the gate finds it (R2.3)."""

import re
import unicodedata

_NOISE = re.compile(r"[\s\-_.·•・∙]+")


def spell_plate(written: str) -> str:
    """A plate without what does not matter: full width, blanks, dots, dashes and small letters; maybe nothing is left.

    Spelled twice, it stays the same: folding may bring about another letter to be raised, and raising another to be
    folded, so both are done until nothing changes.
    """
    text, before = written, None
    while text != before:
        before = text
        text = _NOISE.sub("", unicodedata.normalize("NFKC", text)).upper()
    return text
