"""What is the one canonical form of some content, and its digest?

Canonical form is JSON with sorted keys, no spaces and no escapes beyond what JSON needs, in UTF-8; comments, order of
keys and layout of a YAML file do not change it. A digest is `sha256:` and the hash of that form.
"""

import hashlib
import json
from collections.abc import Mapping

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(content: object) -> bytes:
    """The canonical bytes of plain data (mappings, lists, text, numbers, flags, None)."""
    return _CANONICAL.encode(content).encode()


def written(content: object) -> str:
    """The content with its keys in the order they came; what it says has the same digest."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(content: object) -> str:
    """The name of some content."""
    return digest_of_canonical(canonical(content))


def digest_of_canonical(form: bytes) -> str:
    """The name of some content by its canonical form."""
    return f"sha256:{hashlib.sha256(form).hexdigest()}"


def canonical_list(*forms: bytes) -> bytes:
    """The canonical form of a list, from those of its parts."""
    return b"[" + b",".join(forms) + b"]"


def canonical_mapping(forms: Mapping[str, bytes]) -> bytes:
    """The canonical form of a mapping, from those of its values."""
    return b"{" + b",".join(canonical(key) + b":" + forms[key] for key in sorted(forms)) + b"}"


def digest_of_digests(parts: Mapping[str, str | None]) -> str:
    """The name of something made of named parts; an absent part counts too."""
    return digest(dict(parts))
