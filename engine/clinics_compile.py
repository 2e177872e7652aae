"""Does a clinic's file make a clinic?"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.brand import TEXT_CONTRAST, WHITE, Brand, brand_of, contrast, too_pale
from engine.clinic_recordings import read_recording_rules
from engine.clinic_terms import read_terms
from engine.clinics import (
    ClinicFile,
    Contact,
    DateRule,
    People,
    Pharmacy,
    SeedChild,
    SeedDea,
    SeedHelper,
    SeedLicense,
    SeedPatient,
    SeedProvider,
    SeedStaff,
)
from engine.clinics_lint import lint_clinic
from engine.clinics_schema import CLINIC, WEEKDAYS
from engine.conditions import Scope
from engine.diagnostics import Problems, listed, nearest
from engine.logo import KINDS, MOST_BYTES, Logo, NoPicture, ratio_of
from engine.overlays import OwnLaw
from engine.packs import digest
from engine.prices import Price, read_price
from engine.reading import Node
from engine.sign_in_rules import read_sign_in
from engine.slots import Opening, WeekHours
from engine.texts import read_texts, require_languages
from engine.values import BadValue
from engine.visits import Specialty
from engine.zones import ZipPlace, zip_place

_OFFICER = "compliance"
_OPENING = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)\Z")
_DAY_RULE = re.compile(r"(?:(\d{4}-\d{2}-\d{2})|today(?:([+-]\d{1,5})d)?)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """What clinics may refer to: compiled specialties, the vocabulary, and the look-up of ZIP codes.

    `broken` names the specialties that are there but did not compile: their own problems are told, none about them.
    `carried` are the states whose law is carried; empty where nobody looked. `beside` is the folder of the clinic's
    file, where its logo lies; none where nobody looks for pictures.
    """

    specialties: Mapping[str, Specialty]
    vocabulary: Scope
    broken: frozenset[str] = frozenset()
    carried: frozenset[str] = frozenset()
    find_zip: Callable[[str], ZipPlace | None] = zip_place
    beside: Path | None = None


def compile_clinic(document: Node, slug: str, offering: Offering, problems: Problems) -> ClinicFile | None:
    """The clinic of a file named `<slug>.yaml`; everything wrong is reported, None where it is broken."""
    mine = Problems()
    CLINIC.check(document, mine)
    found = None if mine.errors else _Compiler(document, slug, offering, mine).clinic()
    if found is not None and not mine.errors:
        lint_clinic(document, found, offering.specialties, offering.carried, mine)
    problems.found.extend(mine.found)
    return None if mine.errors else found


def _is_discreet(mail: Node | None) -> bool:
    found = mail.get("discreet") if mail is not None else None
    return found is not None and bool(found.plain())


class _Compiler:
    """Compiles one document whose shape is right."""

    def __init__(self, document: Node, slug: str, offering: Offering, problems: Problems) -> None:
        self._document = document
        self._slug = slug
        self._offering = offering
        self._problems = problems
        self._languages = document.texts("languages")
        self._states = tuple(self._word(node, "patient.location.state") for node in document["states"])

    def clinic(self) -> ClinicFile:
        node = self._document
        if node.text("clinic") != self._slug:
            self._problems.report("FORM012", node["clinic"].at, found=node.text("clinic"), expected=self._slug)
        terms = read_terms(node, self._problems)
        hours = self._hours(node["hours"])
        hours = replace(hours, closed=hours.closed | terms.holidays.keys())
        for part in (node["emergency"], *(text for _, text in _entries(node, "texts")), *_holiday_names(node)):
            require_languages(part, self._languages, self._problems)
        people = self._people(hours)
        pack = {key: value.plain() for key, value in node.items() if key != "people"}
        return ClinicFile(
            slug=self._slug,
            name=node.text("name"),
            brand=self._brand(node["brand"]),
            languages=self._languages,
            states=self._states,
            time_zone=self._zone(node["time_zone"]),
            specialties=self._specialties(),
            hours=hours,
            hours_words=_hours_words(hours),
            prices=self._prices(),
            contact=_contact(node["contact"]),
            emergency=read_texts(node["emergency"]),
            texts={name: read_texts(part) for name, part in _entries(node, "texts")},
            pharmacies=tuple(self._pharmacy(part) for part in node.get("pharmacies") or ()),
            people=people,
            own_law=self._own_law(),
            sign_in=read_sign_in(node.get("sign_in")),
            discreet_mail=_is_discreet(node.get("mail")),
            terms=terms,
            recordings=read_recording_rules(node.get("recordings")),
            digest=digest(pack),
        )

    def _own_law(self) -> OwnLaw:
        own = self._document.get
        people = self._document.get("people")
        staff = people.get("staff") if people is not None else None
        officers = {part.text("id") for part in staff or () if part.text("role") == _OFFICER}
        return OwnLaw(
            policy=own("policy"),
            guidance=own("guidance"),
            attestations=own("attestations"),
            facts=own("facts"),
            states=frozenset(self._states),
            officers=frozenset(officers),
        )

    def _word(self, node: Node, path: str) -> str:
        """A word that the vocabulary allows at a path."""
        return self._allowed(node, path, self._choices(path))

    def _choices(self, path: str, field: str = "") -> tuple[str, ...]:
        kind = self._offering.vocabulary.type_of(path)
        kind = kind.fields.get(field) if kind and field else kind
        return kind.choices if kind else ()

    def _allowed(self, node: Node, path: str, allowed: tuple[str, ...]) -> str:
        if node.raw not in allowed:
            hint = nearest(node.raw, allowed)
            self._problems.report("SHAPE004", node.at, value=node.raw, hint=hint, allowed=listed(allowed, 20))
        return node.raw

    def _zone(self, node: Node) -> str:
        try:
            ZoneInfo(node.raw)
        except (KeyError, ValueError, OSError):
            self._problems.report("CLINIC005", node.at, zone=node.raw)
        return node.raw

    def _brand(self, node: Node) -> Brand:
        written = node.text("colour").lower()
        brand = brand_of(written, node.text("logo_text"), self._logo(node))
        ratio = contrast(written, WHITE)
        if ratio < TEXT_CONTRAST and not too_pale(written):  # which is refused, and never repaired
            at, shown = node["colour"].at, f"{ratio:.1f}"
            self._problems.report("CLINIC006", at, colour=written, ratio=shown, repaired=brand.accent)
        return brand

    def _logo(self, brand: Node) -> Logo | None:
        """The picture that the file names, where it can be shown; what is wrong with it is reported."""
        node = brand.get("logo")
        if node is None or self._offering.beside is None:
            return None
        file, at = self._offering.beside / node.text("file"), node["file"].at
        try:
            content = file.read_bytes()
        except OSError:
            self._problems.report("CLINIC019", at, file=file.name)
            return None
        if len(content) > MOST_BYTES:
            self._problems.report("CLINIC020", at, size=len(content), most=MOST_BYTES)
            return None
        media_type = KINDS[file.suffix]
        try:
            ratio = ratio_of(content, media_type)
        except NoPicture as why:
            self._problems.report("CLINIC021", at, file=file.name, why=str(why))
            return None
        words = node.get("alt")
        return Logo(
            media_type=media_type,
            content=content,
            ratio=ratio,
            alt=words.raw if words is not None else brand.text("logo_text"),
            has_name=node.get("has_name") is not None and bool(node["has_name"].plain()),
            digest=hashlib.sha256(content).hexdigest(),
        )

    # --- what it offers ---

    def _specialties(self) -> tuple[str, ...]:
        known = self._offering.specialties
        for node in self._document["specialties"]:
            if node.raw in self._offering.broken:
                continue
            if node.raw not in known:
                hint, allowed = nearest(node.raw, known), listed(known)
                self._problems.report("CLINIC001", node.at, id=node.raw, hint=hint, allowed=allowed)
                continue
            for language in self._languages:
                if language not in known[node.raw].languages:
                    self._problems.report("CLINIC011", node.at, language=language, what=f"`{node.raw}`")
        return self._document.texts("specialties")

    def _visit_types(self) -> dict[str, Price | None]:
        """Everything the clinic offers, each with its usual price."""
        offered = (self._offering.specialties.get(name) for name in self._document.texts("specialties"))
        return {kind.id: kind.price for specialty in offered if specialty for kind in specialty.visit_types.values()}

    def _of_broken(self, visit_type: str) -> bool:
        """Whether a visit type is one of a specialty that did not compile."""
        return visit_type.partition("/")[0] in self._offering.broken

    def _prices(self) -> dict[str, Price]:
        node, offered = self._document["prices"], self._visit_types()
        for name in offered:
            if name not in node and offered[name] is None:
                self._problems.report("CLINIC002", node.at, id=name)
        for name, entry in node.entries.items():
            if name not in offered and not self._of_broken(name):
                hint, allowed = nearest(name, offered), listed(offered)
                self._problems.report("CLINIC003", entry.key_at, id=name, hint=hint, allowed=allowed)
        usual = {name: price for name, price in offered.items() if price is not None}
        return {**usual, **{name: read_price(part) for name, part in node.items()}}

    def _pharmacy(self, node: Node) -> Pharmacy:
        names = ("id", "name", "address", "city", "state", "postal_code", "phone")
        place = self._offering.find_zip(node.text("postal_code"))
        if place is None or place.state != node.text("state"):
            zip_node, state = node["postal_code"], node.text("state")
            self._problems.report("CLINIC010", zip_node.at, zip=zip_node.raw, state=state)
        return Pharmacy(**{name: node.text(name) for name in names})

    # --- hours ---

    def _hours(self, node: Node) -> WeekHours:
        every_day = self._openings(node.get("every_day"))
        by_weekday = {
            number: self._openings(node[day]) if day in node else every_day for number, day in enumerate(WEEKDAYS)
        }
        closed = frozenset(self._day(part) for part in node.get("closed") or ())
        return WeekHours({number: openings for number, openings in by_weekday.items() if openings}, closed)

    def _openings(self, node: Node | None) -> tuple[Opening, ...]:
        parts = () if node is None else node.parts or ((node,) if node.raw else ())
        found = [self._opening(part) for part in parts]
        return tuple(sorted((opening for opening in found if opening), key=lambda opening: opening.since))

    def _opening(self, node: Node) -> Opening | None:
        match = _OPENING.match(node.raw)
        since = time(int(match[1]), int(match[2])) if match else time()
        until = time(int(match[3]), int(match[4])) if match and match[3] else None
        if match is None or (until is not None and until <= since):
            self._problems.report("CLINIC004", node.at, value=node.raw)
            return None
        return Opening(since, until)

    # --- people ---

    def _people(self, hours: WeekHours) -> People:
        node = self._document.get("people")
        if node is None:
            return People()
        providers = tuple(self._provider(part, hours) for part in node.get("providers") or ())
        patients = tuple(self._patient(part) for part in node.get("patients") or ())
        self._unique(part for group in node.entries.values() for part in group.value)
        for state in self._document["states"]:
            if not any(licence.state == state.raw for provider in providers for licence in provider.licenses):
                self._problems.report("CLINIC008", state.at, state=state.raw)
        return People(
            providers=providers,
            staff=tuple(map(_staff, node.get("staff") or ())),
            patients=patients,
            children=tuple(self._child(part, [one.id for one in patients]) for part in node.get("children") or ()),
        )

    def _unique(self, nodes: Iterable[Node]) -> None:
        seen: set[str] = set()
        for node in nodes:
            if node.text("id") in seen:
                self._problems.report("CLINIC007", node["id"].at, id=node.text("id"))
            seen.add(node.text("id"))

    def _provider(self, node: Node, hours: WeekHours) -> SeedProvider:
        profession = self._word(node["profession"], "provider.profession")
        home = self._word(node["home_state"], "provider.home_state")
        return SeedProvider(
            id=node.text("id"),
            given=node.text("given"),
            family=node.text("family"),
            email=node.text("email"),
            profession=profession,
            credentials=node.text("credentials", profession),
            npi=node.text("npi"),
            home_state=home,
            location_state=self._word(node.get("location_state") or node["home_state"], "provider.location.state"),
            licenses=tuple(one for part in node["licenses"] for one in self._licenses(part, profession)),
            dea=tuple(one for part in node.get("dea") or () for one in self._dea(part)),
            languages=node.texts("languages") or self._languages[:1],
            visit_types=self._practised(node),
            hours=self._hours(node["hours"]) if "hours" in node else hours,
            facts=self._facts(node),
        )

    def _practised(self, node: Node) -> tuple[str, ...]:
        offered = self._visit_types()
        parts = [part for part in node.get("visit_types") or () if not self._of_broken(part.raw)]
        return tuple(self._allowed(part, "", tuple(offered)) for part in parts)

    def _facts(self, node: Node) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, part in _entries(node, "facts"):
            kind = self._offering.vocabulary.type_of(f"provider.{name}")
            at = node["facts"].entries[name].key_at
            if kind is None:
                known = [path.removeprefix("provider.") for path in self._offering.vocabulary.paths()]
                self._problems.report("VOC001", at, path=f"provider.{name}", hint=nearest(name, known))
                continue
            try:
                kind.read(part.plain())
            except BadValue as error:
                self._problems.report("VOC002", part.at, path=f"provider.{name}", reason=error, fix=f"write {kind}")
            found[name] = part.plain()
        return found

    def _licenses(self, node: Node, profession: str) -> Iterable[SeedLicense]:
        """The licences that one entry writes: alike in each state of its list."""
        path = "provider.licenses"
        own = self._allowed(node["profession"], path, self._choices(path, "profession")) if "profession" in node else ""
        kind = self._allowed(node["kind"], path, self._choices(path, "kind"))
        status = self._allowed(node["status"], path, self._choices(path, "status"))
        for state in self._counts_in(node, path):
            yield SeedLicense(
                state=state,
                profession=own or profession,
                kind=kind,
                status=status,
                issued=self._day_rule(node.get("issued")),
                expires=self._day_rule(node.get("expires")),
                number=node.text("number").replace("{state}", state) or None,
            )

    def _dea(self, node: Node) -> Iterable[SeedDea]:
        for state in self._counts_in(node, "provider.dea"):
            yield SeedDea(state=state, schedules=node.texts("schedules"), expires=self._day_rule(node.get("expires")))

    def _counts_in(self, node: Node, path: str) -> tuple[str, ...]:
        """The states of a credential, written alone or as a list."""
        known = self._choices(path, "state")
        return tuple(self._allowed(part, path, known) for part in node["state"].parts or (node["state"],))

    def _patient(self, node: Node) -> SeedPatient:
        address = node.get("address")
        return SeedPatient(
            id=node.text("id"),
            given=node.text("given"),
            family=node.text("family"),
            email=node.text("email"),
            phone=node.text("phone"),
            birth_date=self._day(node["birth_date"]),
            sex=node.text("sex"),
            residence_state=self._word(node["residence_state"], "patient.residence.state"),
            address={name: part.raw for name, part in address.items()} if address is not None else {},
            language=node.text("language", self._languages[0]),
        )

    def _child(self, node: Node, patients: list[str]) -> SeedChild:
        helpers = tuple(
            SeedHelper(
                person=self._known(part["person"], patients),
                kind=part.text("kind"),
                relation=part.text("relation"),
                scopes=part.texts("scopes"),
            )
            for part in node.get("helpers") or ()
        )
        return SeedChild(
            id=node.text("id"),
            given=node.text("given"),
            family=node.text("family"),
            birth_date=self._day(node["birth_date"]),
            sex=node.text("sex"),
            guardian=self._known(node["guardian"], patients),
            helpers=helpers,
        )

    def _known(self, node: Node, patients: list[str]) -> str:
        """The id of a demonstration patient of the file."""
        if node.raw not in patients:
            hint, allowed = nearest(node.raw, patients), listed(patients)
            self._problems.report("SHAPE004", node.at, value=node.raw, hint=hint, allowed=allowed)
        return node.raw

    # --- days ---

    def _day(self, node: Node) -> date:
        try:
            return date.fromisoformat(node.raw)
        except ValueError:
            self._problems.report("CLINIC009", node.at, value=node.raw)
            return date.min

    def _day_rule(self, node: Node | None) -> DateRule | None:
        if node is None:
            return None
        match = _DAY_RULE.match(node.raw)
        if match is None:
            self._problems.report("CLINIC009", node.at, value=node.raw)
            return None
        return DateRule(day=self._day(node)) if match[1] else DateRule(offset_days=int(match[2] or 0))


def _entries(node: Node, key: str) -> Iterable[tuple[str, Node]]:
    part = node.get(key)
    return part.items() if part is not None else ()


def _contact(node: Node) -> Contact:
    return Contact(phone=node.text("phone"), email=node.text("email"), address=node.text("address"))


def _staff(node: Node) -> SeedStaff:
    return SeedStaff(**{name: node.text(name) for name in ("id", "given", "family", "email", "role")})


def _holiday_names(document: Node) -> tuple[Node, ...]:
    return tuple(part["name"] for part in document.get("holidays") or ())


def _hours_words(hours: WeekHours) -> tuple[str, ...]:
    """The openings of each weekday from Monday on, as `08:00-17:30, 18:00-24:00`; empty where closed."""
    return tuple(", ".join(map(_opening_words, hours.by_weekday.get(number, ()))) for number in range(7))


def _opening_words(opening: Opening) -> str:
    until = f"{opening.until:%H:%M}" if opening.until else "24:00"
    return f"{opening.since:%H:%M}-{until}"
