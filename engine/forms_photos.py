"""Does a photo protocol, as it is written at an item, make sense?"""

from collections.abc import Mapping, Sequence

from engine.diagnostics import Problems, listed, nearest
from engine.photos import Quality, Shot
from engine.reading import Node
from engine.texts import read_texts, require_languages

NOT_OF_PHOTOS = ("fills", "prefill")


def read_shots(node: Node, languages: tuple[str, ...], problems: Problems) -> tuple[Shot, ...]:
    """The shots of an item; texts that lack a language are reported."""
    found = []
    for part in node.get("shots") or ():
        for key in ("text", "help"):
            require_languages(part.get(key), languages, problems)
        shot = Shot(
            id=part.text("id"),
            text=read_texts(part["text"]),
            help=read_texts(part.get("help")),
            scale=part.flag("scale"),
            optional=part.flag("optional"),
            sites=part.texts("sites"),
        )
        found.append(shot)
    return tuple(found)


def read_quality(node: Node, problems: Problems) -> Quality | None:
    """The thresholds of an item, the usual ones where none are written; light that no photo has is reported."""
    written = node.get("quality")
    if written is None:
        return Quality() if node.text("type") == "photo" else None
    told = {name: number for name in Quality.__slots__ if (number := written.integer(name)) is not None}
    quality = Quality(**told)
    if quality.dark >= quality.bright:
        problems.report("FORM044", written.at, dark=quality.dark, bright=quality.bright)
    return quality


def report_protocols(nodes: Sequence[Node], problems: Problems) -> None:
    """Report protocols whose sites are of no question above them, and sites that no shot shows.

    `nodes` are the form's items in order.
    """
    above: dict[str, Node] = {}
    for node in nodes:
        if node.text("type") == "photo":
            _report_protocol(node, above, problems)
        above[node.text("id")] = node


def _report_protocol(node: Node, above: Mapping[str, Node], problems: Problems) -> None:
    if "by" not in node:
        for shot in node.get("shots") or ():
            if "sites" in shot:
                problems.report("FORM042", shot.entries["sites"].key_at, shot=shot.text("id"))
        _report_nothing_due(node, problems)
        return
    asked = above.get(node.text("by"))
    if asked is None or asked.text("type") != "choice":
        choices = [name for name, one in above.items() if one.text("type") == "choice"]
        hint, allowed = nearest(node.text("by"), choices), listed(choices) or "none"
        problems.report("FORM041", node["by"].at, by=node.text("by"), hint=hint, allowed=allowed)
        return
    _report_sites(node, tuple(one.text("id") for one in asked.get("choices") or ()), problems)


def _report_sites(node: Node, sites: tuple[str, ...], problems: Problems) -> None:
    shown: set[str] = set()
    for shot in node.get("shots") or ():
        written = shot.get("sites")
        for part in written or ():
            if part.raw not in sites:
                hint, allowed = nearest(part.raw, sites), listed(sites)
                problems.report("FORM014", part.at, choice=part.raw, hint=hint, allowed=allowed)
        if not shot.flag("optional"):
            shown |= set(shot.texts("sites") if written is not None else sites)
    for site in sites:
        if site not in shown:
            problems.report("FORM043", node["shots"].at, site=site)


def _report_nothing_due(node: Node, problems: Problems) -> None:
    shots = tuple(node.get("shots") or ())
    if shots and all(shot.flag("optional") for shot in shots):
        problems.report("FORM043", node["shots"].at, site="*")
