"""Does a form's file make a form, and which one?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.conditions import CONNECTIVES, Condition, Reference, Scope, Test, parse, paths, rewrite
from engine.conditions_closures import compile_condition
from engine.diagnostics import Problems, listed, nearest
from engine.facts import may_be_filled
from engine.forms import (
    BAND_SUFFIX,
    ITEM_TYPES,
    TYPED_KEYS,
    Choice,
    Fill,
    Form,
    IntakeRule,
    Item,
    RedFlag,
    Stratum,
    form_name,
)
from engine.forms_answerable import report_same_words, report_unanswerable
from engine.forms_cases import report_cases
from engine.forms_dead import report_dead
from engine.forms_instruments import read_instrument, report_same_codes
from engine.forms_paths import report_unreachable
from engine.forms_photos import read_quality, read_shots, report_protocols
from engine.forms_prefill import read_prefill, report_prefilled
from engine.forms_rules import intake_rules, last_stratum
from engine.forms_schema import FORM
from engine.forms_scores import compile_scores, read_codes, report_twice, score_types
from engine.packs import digest, written
from engine.programs import Program, compile_program
from engine.reading import Node
from engine.texts import read_texts, require_languages
from engine.units import check_unit
from engine.values import BadValue, FactType, Kind

_TEXT_KEYS = ("text", "help", "least_text", "most_text", "advice")


def compile_form(document: Node, form_id: str, vocabulary: Scope, problems: Problems) -> Form | None:
    """The form of a file that lies at `forms/<form_id>.yaml`; everything wrong is reported, None where it is broken.

    `vocabulary` holds the shared facts that items may fill. Inside a form's conditions an item goes by its own id or
    by its whole path `form.<name>.<id>`.
    """
    mine = Problems()
    FORM.check(document, mine)
    if not mine.errors:
        form = _Compiler(document, form_id, vocabulary, mine).form()
        if form is not None:
            report_unreachable(form, _places(document), mine)
            report_dead(form, _places(document), mine)
            report_cases(form, document, mine)
            problems.found.extend(mine.found)
            return None if mine.errors else form
    problems.found.extend(mine.found)
    return None


def _places(document: Node) -> Mapping[str, Node]:
    """The node of each item and flag, by `item:<id>` and `flag:<id>`, for messages about them."""
    items = {f"item:{node.text('id')}": node for node in document["items"]}
    return items | {f"flag:{node.text('id')}": node for node in document.get("flags") or ()}


@dataclass(frozen=True, slots=True)
class FormScope:
    """The facts that conditions of a form may name: its items, by own id or whole path."""

    name: str
    types: Mapping[str, FactType]

    def type_of(self, path: str) -> FactType | None:
        return self.types.get(path.removeprefix(f"form.{self.name}."))

    def paths(self) -> Iterable[str]:
        return (*self.types, *(self.path(item) for item in self.types))

    def path(self, item_id: str) -> str:
        return f"form.{self.name}.{item_id}"

    def whole(self, condition: Condition) -> Condition:
        """The condition with every item under its whole path."""

        def change(part: Condition) -> Condition:
            if not isinstance(part, Test):
                return part
            operand = part.operand
            if isinstance(operand, Reference):
                operand = replace(operand, path=self._whole(operand.path))
            return replace(part, path=self._whole(part.path), operand=operand)

        return rewrite(condition, change)

    def _whole(self, path: str) -> str:
        return path if path.startswith("form.") else self.path(path)


class _Compiler:
    """Compiles one document whose shape is right."""

    def __init__(self, document: Node, form_id: str, vocabulary: Scope, problems: Problems) -> None:
        self._document = document
        self._id = form_id
        self._vocabulary = vocabulary
        self._problems = problems
        self._languages = document.texts("languages")
        self._bare = [self._item(node) for node in document["items"]]
        prefix = f"form.{form_name(form_id)}."
        self._scores = compile_scores(document, prefix, tuple(self._bare), problems)
        types = {item.id: item.fact_type for item in self._bare}
        told = {name: kind for name, kind in types.items() if kind is not None}
        self._scope = FormScope(form_name(form_id), told | score_types(self._scores))

    def form(self) -> Form | None:
        document = self._document
        if document.text("form") != self._id:
            self._problems.report("FORM012", document["form"].at, found=document.text("form"), expected=self._id)
        self._unique((*document["items"], *(document.get("scores") or ())), BAND_SUFFIX)
        report_protocols(tuple(document["items"]), self._problems)
        for key in ("title", "intro"):
            require_languages(document.get(key), self._languages, self._problems)
        items = [self._linked(item, node) for item, node in zip(self._bare, document["items"], strict=True)]
        self._check_order(items)
        self._check_reason()
        if self._problems.errors:
            return None
        placed = _placed_in_strata(items)
        flags = tuple(self._flag(node, placed) for node in document.get("flags") or ())
        self._unique(tuple(document.get("flags") or ()))
        report_prefilled(placed, flags, self._scores, tuple(document["items"]), self._problems)
        rules = intake_rules(self._id, placed, flags)
        source = {key: value.plain() for key, value in document.items() if key != "cases"}
        return Form(
            id=self._id,
            version=document.integer("version") or 1,
            title=read_texts(document["title"]),
            intro=read_texts(document.get("intro")),
            languages=self._languages,
            items=placed,
            flags=flags,
            scores=self._scores,
            codes=read_codes(document),
            reason=document.texts("reason"),
            instrument=read_instrument(document, self._languages, self._problems),
            digest=digest(source),
            source=written(source),
            rules=rules,
            strata=self._strata(placed, rules),
            flag_program=self._program(rules, last_stratum(placed)),
        )

    def _check_reason(self) -> None:
        ids = [item.id for item in self._bare if item.type != "info"]
        for node in self._document.get("reason") or ():
            if node.raw not in ids:
                hint = nearest(node.raw, ids)
                self._problems.report("FORM045", node.at, item=node.raw, hint=hint, allowed=listed(ids, 30))

    def _strata(self, items: tuple[Item, ...], rules: tuple[IntakeRule, ...]) -> tuple[Stratum, ...]:
        return tuple(
            Stratum(
                items=tuple(item for item in items if item.stratum == level),
                conditional=tuple(item for item in items if item.stratum == level and item.show_when is not None),
                program=self._program(rules, level),
            )
            for level in range(last_stratum(items))
        )

    def _program(self, rules: tuple[IntakeRule, ...], stratum: int) -> Program | None:
        conditions = [rule.when for rule in rules if rule.stratum == stratum]
        return compile_program(conditions, self._scope) if conditions else None

    def _unique(self, nodes: Sequence[Node], suffix: str = "") -> None:
        """No id twice; a node with bands takes the name with the suffix too."""
        named = [(node.text("id"), node["id"]) for node in nodes]
        banded = [(node.text("id") + suffix, node["id"]) for node in nodes if "bands" in node]
        report_twice([*named, *banded], self._problems)

    def _item(self, node: Node) -> Item:
        """An item with everything but its conditions."""
        kind = node.text("type")
        self._check_item(node, kind)
        choices = tuple(
            Choice(
                id=choice.text("id"),
                text=read_texts(choice["text"]),
                help=read_texts(choice.get("help")),
                weight=choice.integer("weight"),
                codes=read_codes(choice),
            )
            for choice in node.get("choices") or ()
        )
        item = Item(
            id=node.text("id"),
            type=kind,
            path=f"form.{form_name(self._id)}.{node.text('id')}",
            text=read_texts(node["text"]),
            help=read_texts(node.get("help")),
            choices=choices,
            optional=node.flag("optional") or "required_when" in node,
            seconds=node.integer("seconds") or ITEM_TYPES[kind].seconds,
            codes=read_codes(node),
            by=node.text("by") if "by" in node else "",
            shots=read_shots(node, self._languages, self._problems),
            quality=read_quality(node, self._problems),
            **_typed(node),
        )
        self._check_choices(item, node)
        self._unique(tuple(node.get("shots") or ()))
        item = replace(item, fills=self._fill(item, node["fills"])) if "fills" in node else item
        begun = read_prefill(item, node, self._vocabulary, self._problems) if "prefill" in node else ""
        return replace(item, prefill=begun)

    def _check_item(self, node: Node, kind: str) -> None:
        for key in _TEXT_KEYS:
            require_languages(node.get(key), self._languages, self._problems)
        if node.text("id") in CONNECTIVES:
            self._problems.report("FORM002", node["id"].at, id=node.text("id"))
        if "unit" in node:
            check_unit(node["unit"], self._problems)
        entry = ITEM_TYPES[kind]
        for key in TYPED_KEYS - entry.may - entry.must:
            if key in node:
                self._problems.report("FORM007", node.entries[key].key_at, key=key, type=kind)
        for key in sorted(entry.must):
            if key not in node:
                self._problems.report("FORM008", node.at, key=key, type=kind)
        report_unanswerable(node, kind, self._problems)

    def _check_choices(self, item: Item, node: Node) -> None:
        choices = tuple(node.get("choices") or ())
        self._unique(choices)
        report_same_codes(choices, self._problems)
        report_same_words(choices, self._languages, self._problems)
        for choice in choices:
            for key in ("text", "help"):
                require_languages(choice.get(key), self._languages, self._problems)
        if item.alone and item.alone not in item.choice_ids:
            self._unknown_choice(item, node["alone"])

    def _unknown_choice(self, item: Item, node: Node) -> None:
        hint, allowed = nearest(node.raw, item.choice_ids), listed(item.choice_ids)
        self._problems.report("FORM014", node.at, choice=node.raw, hint=hint, allowed=allowed)

    def _fill(self, item: Item, node: Node) -> Fill | None:
        path = node.text("path")
        target = self._vocabulary.type_of(path)
        if target is not None and not may_be_filled(path):
            self._problems.report("FORM010", node["path"].at, path=path, reason="a patient's answer may not decide it")
        if target is None:
            hint = nearest(path, self._vocabulary.paths())
            self._problems.report("FORM009", node["path"].at, path=path, hint=hint)
            return None
        values = node.get("values")
        for choice, value in values.items() if values is not None else ():
            if choice not in item.choice_ids:
                at = node["values"].entries[choice].key_at
                hint, allowed = nearest(choice, item.choice_ids), listed(item.choice_ids)
                self._problems.report("FORM014", at, choice=choice, hint=hint, allowed=allowed)
            elif value.plain() is None and item.type == "multi_choice" and choice != item.alone:
                self._problems.report("FORM040", value.at, choice=choice, path=path)
            self._check_fit(target, path, value.plain(), value)
        fill = Fill(path=path, values=values.plain() if values is not None else {})  # type: ignore[arg-type]
        self._check_unmapped(item, fill, target, node)
        return fill

    def _check_unmapped(self, item: Item, fill: Fill, target: FactType, node: Node) -> None:
        """Answers that go over as they are must be values of the fact."""
        if item.choices:
            plain = [c for c in item.choice_ids if c not in fill.values and c != item.alone]
            for choice in plain:
                self._check_fit(target, fill.path, [choice] if item.type == "multi_choice" else choice, node)
        elif item.fact_type is None or item.fact_type.kind is not target.kind or item.fact_type.unit != target.unit:
            self._problems.report("FORM010", node.at, path=fill.path, reason=f"it is {target}")

    def _check_fit(self, target: FactType, path: str, value: object, node: Node) -> None:
        if value is None:
            return  # a choice mapped to nothing leaves the fact untold
        try:
            target.read([value] if target.kind is Kind.CHOICES and not isinstance(value, list) else value)
        except BadValue as error:
            self._problems.report("FORM010", node.at, path=path, reason=error)

    def _linked(self, item: Item, node: Node) -> Item:
        show, required = self._condition(node, "show_when"), self._condition(node, "required_when")
        return replace(
            item,
            show_when=show,
            required_when=required,
            needs=self._needs(show),
            shows=compile_condition(show) if show else None,
            requires=compile_condition(required) if required else None,
        )

    def _condition(self, node: Node, key: str) -> Condition | None:
        written = node.get(key)
        return self._scope.whole(parse(written, self._scope, self._problems)) if written is not None else None

    def _needs(self, condition: Condition | None) -> tuple[str, ...]:
        prefix = self._scope.path("")
        named = {path.removeprefix(prefix) for path in paths(condition)} if condition else set()
        for score in self._scores:
            if {score.id, score.id + BAND_SUFFIX} & named:
                named.update(score.items)
        return tuple(item.id for item in self._bare if item.id in named)

    def _check_order(self, items: list[Item]) -> None:
        """No item waits for one further down; those that wait for each other are named together."""
        order = {item.id: index for index, item in enumerate(items)}
        needs = {item.id: (*item.needs, *self._needs(item.required_when)) for item in items}
        nodes = {f"{node.text('id')}": node for node in self._document["items"]}
        circle = _circle(needs)
        if circle:
            self._problems.report("FORM004", nodes[circle[0]].at, items=", ".join(f"`{name}`" for name in circle))
        for item in items:
            for other in needs[item.id]:
                if order[other] >= order[item.id] and not {item.id, other} <= set(circle):
                    key = "show_when" if other in item.needs else "required_when"
                    self._problems.report("FORM003", nodes[item.id].entries[key].key_at, item=item.id, other=other)

    def _flag(self, node: Node, items: tuple[Item, ...]) -> RedFlag:
        for key in ("text", "advice"):
            require_languages(node.get(key), self._languages, self._problems)
        if node.text("severity") == "emergency" and "call" not in node:
            self._problems.report("FORM036", node["severity"].at, flag=node.text("id"))
        when = self._scope.whole(parse(node["when"], self._scope, self._problems))
        needs = self._needs(when)
        for item in items:
            if item.id in needs and item.optional:
                self._problems.report("FORM011", node["when"].at, flag=node.text("id"), item=item.id)
        return RedFlag(
            id=node.text("id"),
            severity=node.text("severity"),
            call=node.get("call").raw if "call" in node else "",  # type: ignore[union-attr]
            when=when,
            needs=needs,
            text=read_texts(node["text"]),
            advice=read_texts(node["advice"]),
            holds=compile_condition(when),
        )


def _typed(node: Node) -> dict[str, Any]:
    """The keys that only some types have, as fields of an item."""
    found: dict[str, Any] = {key: node[key].raw for key in ("unit", "earliest", "latest", "alone") if key in node}
    found |= {key: node.integer(key) for key in ("places", "max_length") if key in node}
    found |= {key: node[key].scalar for key in ("least", "most") if key in node}
    found |= {key: read_texts(node[key]) for key in ("least_text", "most_text") if key in node}
    if node.text("type") == "decimal":
        found.setdefault("places", 1)
    return found


def _placed_in_strata(items: list[Item]) -> tuple[Item, ...]:
    level: dict[str, int] = {}
    for item in items:
        level[item.id] = 1 + max((level[need] for need in item.needs), default=-1)
    return tuple(replace(item, stratum=level[item.id]) for item in items)


def _circle(needs: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The items that wait for each other; what merely waits for them, or they for it, is not among them."""
    left = set(needs)
    while True:
        waited_for = {other for name in left for other in needs[name]}
        ends = {name for name in left if name not in waited_for or not left & set(needs[name])}
        if not ends:
            return tuple(name for name in needs if name in left)
        left -= ends
