"""What a clinic adds to the law: guidance that blocks, law it vouches for, and what a state does not let it ask."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.decisions import Outcome
from engine.diagnostics import BrokenInput, Problems
from engine.overlays import OwnLaw
from engine.reading import Node, read_text
from engine.rulebook import Rulebook, join, load_law
from tests.engine.helpers_law import ask, law, rule
from tests.rules.helpers_cases import ROOT

GUIDANCE = ", authority: guidance"
VALUE = "values:\n  strict:\n  - {from: unknown, is: true, cite: s, confidence: low}\n"
COMMON = "- {id: us/common/open/strict, title: Strict, when: {law.strict: true}, then: {forbid: do}}\n"
STOOD = "by: compliance, on: 2026-10-01, until: 2026-12-31, source: The act itself"


def node(text: str) -> Node:
    found = read_text(text, "clinics/a.yaml", Problems())
    assert found is not None
    return found


def clinic(book: Rulebook, states: str = "FL", **parts: str) -> Rulebook:
    own: dict[str, Any] = {name: node(text) for name, text in parts.items()}
    return join(book.law, OwnLaw(**own, states=frozenset({states}), officers=frozenset({"compliance"})))


def refused(book: Rulebook, **parts: str) -> list[str]:
    with pytest.raises(BrokenInput) as caught:
        clinic(book, **parts)
    return [found.code for found in caught.value.diagnostics]


class TestGuidance:
    """A position warns; a clinic may let it block."""

    def test_it_blocks_only_for_the_clinic_that_says_so(self, tmp_path: Path) -> None:
        book = law(tmp_path, rule("open/no", "{forbid: do}", when="{a: true}", more=GUIDANCE))
        own = clinic(book, guidance="[us/fl/open/no]")
        assert (ask(book, a=True).outcome, len(ask(book, a=True).advice)) == (Outcome.PERMITTED, 1)
        assert (ask(own, a=True).outcome, ask(own, a=True).advice) == (Outcome.FORBIDDEN, ())
        assert (ask(book, a=True).advice[0]["authority"], ask(own, a=True).forbids[0]["authority"]) == (
            "guidance",
            "clinic",
        )
        assert ask(own, a=False).outcome is Outcome.PERMITTED
        assert ask(own, a=True).overlay is not None
        assert ask(own, a=True).law == ask(book, a=True).law

    @pytest.mark.parametrize(
        ("effect", "outcome"),
        [
            ("{forbid: do}", Outcome.FORBIDDEN),
            ("{require: look, due: before_join, met_by: {b: true}}", Outcome.PERMITTED_WITH_DUTIES),
            ("{limit: days, max: 3}", Outcome.FORBIDDEN),
            ("{review: somebody}", Outcome.REVIEW),
            ("{advise: Take care}", Outcome.PERMITTED),
        ],
    )
    def test_every_effect_of_it_only_warns_until_then(self, tmp_path: Path, effect: str, outcome: Outcome) -> None:
        book = law(tmp_path, rule("open/no", effect, more=GUIDANCE))
        own = clinic(book, guidance="[us/fl/open/no]")
        assert (ask(book, days=4).outcome, ask(own, days=4).outcome) == (Outcome.PERMITTED, outcome)

    @pytest.mark.parametrize("name", ["us/fl/open/law", "us/fl/open/nowhere"])
    def test_only_guidance_that_is_there_may_be_named(self, tmp_path: Path, name: str) -> None:
        assert refused(law(tmp_path, rule("open/law", "{forbid: do}")), guidance=f"[{name}]") == ["LAW021"]

    @pytest.mark.parametrize("authority", ["guidance", "payer"])
    def test_neither_guidance_nor_a_payer_can_permit(self, tmp_path: Path, authority: str) -> None:
        with pytest.raises(BrokenInput) as caught:
            law(tmp_path, rule("gated/yes", "{permit: do}", more=f", authority: {authority}"))
        assert [found.code for found in caught.value.diagnostics] == ["LAW023"]


class TestAttestations:
    """What a compliance officer vouches for is certain for that clinic while it stands."""

    RULE = f"[{{id: seen, rule: us/fl/gated/yes, title: yes, {STOOD}}}]"

    def permission(self, root: Path, begins: str = "2000-01-01") -> tuple[Rulebook, Rulebook]:
        book = law(
            root, rule("gated/yes", "{permit: do}", confidence="low", begins=begins).replace("yes, from", "'yes', from")
        )
        return book, clinic(book, attestations=self.RULE.replace("title: yes", "title: 'yes'"))

    def test_a_doubtful_permission_counts_for_the_clinic_and_says_who_vouched(self, tmp_path: Path) -> None:
        book, own = self.permission(tmp_path)
        assert ask(book, "gated").outcome is Outcome.REVIEW
        decision = ask(own, "gated")
        assert decision.outcome is Outcome.PERMITTED
        assert decision.permits[0]["cite"] == ["s", "attested/seen"]
        assert decision.sources["attested/seen"]["title"] == "The act itself (attested by compliance)"
        assert decision.sources["attested/seen"]["checked"] == "2026-10-01"

    @pytest.mark.parametrize(
        ("on", "expected"),
        [
            ("2026-09-30", Outcome.REVIEW),
            ("2026-10-01", Outcome.PERMITTED),
            ("2026-12-31", Outcome.PERMITTED),
            ("2027-01-01", Outcome.REVIEW),
        ],
    )
    @pytest.mark.parametrize("begins", ["2000-01-01", "unknown"])
    def test_it_stands_from_the_day_it_was_made_to_its_last(
        self, tmp_path: Path, begins: str, on: str, expected: Outcome
    ) -> None:
        assert ask(self.permission(tmp_path, begins)[1], "gated", on).outcome is expected

    def test_a_restriction_of_unknown_date_is_certain_too(self, tmp_path: Path) -> None:
        book = law(tmp_path, values=VALUE, common=COMMON)
        told = f"[{{id: seen, value: strict, jurisdiction: us/fl, is: true, {STOOD}}}]"
        own = clinic(book, attestations=told)
        whys = [entry["why"] for entry in ask(book, on="2026-10-15").review]
        assert whys == ["date_uncertain"]
        decision = ask(own, on="2026-10-15")
        assert (decision.outcome, "confidence" in decision.forbids[0]) == (Outcome.FORBIDDEN, False)
        assert ask(own, on="2027-01-01").forbids[0]["confidence"] == "low"

    @pytest.mark.parametrize(
        "told",
        [
            "rule: us/fl/open/nowhere, title: x",
            "rule: us/fl/open/no, title: It said something else",
            "value: strict, jurisdiction: us/fl, is: false",
            "value: strict, jurisdiction: us/fl",
            "value: strict, jurisdiction: us/ga, is: true",
            "value: most, jurisdiction: us/fl, is: 3",
            "jurisdiction: us/fl, is: true",
            "rule: us/fl/open/no, title: 'no', value: strict, jurisdiction: us/fl, is: true",
        ],
    )
    def test_what_attests_nothing_is_refused(self, tmp_path: Path, told: str) -> None:
        book = law(tmp_path, rule("open/no", "{forbid: do}"), values=VALUE)
        assert refused(book, attestations=f"[{{id: seen, {told}, {STOOD}}}]") == ["LAW022"]

    def test_its_end_must_follow_its_beginning_and_its_id_be_its_own(self, tmp_path: Path) -> None:
        book = law(tmp_path, values=VALUE)
        one = f"{{id: seen, value: strict, jurisdiction: us/fl, is: true, {STOOD}}}"
        assert refused(book, attestations=f"[{one.replace('until: 2026', 'until: 2025')}]") == ["LAW022"]
        assert refused(book, attestations=f"[{one}, {one}]") == ["LAW022"]

    def test_only_a_compliance_officer_of_the_clinic_attests(self, tmp_path: Path) -> None:
        book = law(tmp_path, values=VALUE)
        told = node(f"[{{id: seen, value: strict, jurisdiction: us/fl, is: true, {STOOD}}}]")
        assert join(book.law, OwnLaw(attestations=told, officers=frozenset({"compliance"}))).overlay is not None
        for others in (frozenset({"odalys"}), frozenset[str]()):  # also where the clinic's file names no people
            with pytest.raises(BrokenInput) as caught:
                join(book.law, OwnLaw(attestations=told, officers=others))
            assert [found.code for found in caught.value.diagnostics] == ["LAW022"]

    def test_an_attestation_needs_who_when_and_what(self, tmp_path: Path) -> None:
        assert refused(law(tmp_path), attestations="[{id: seen}]") == ["SHAPE002"] * 4


class TestCaps:
    """What a practice may not ask is told to the clinic's author and changes no decision."""

    CAP = (
        "caps:\n- {id: us/fl/open/no-more, title: Not more, from: 2020-01-01, cite: s, law: Act 1, confidence: high, "
        "duty: look, detail: {form: electronic}}\n"
    )

    @staticmethod
    def policy(form: str) -> str:
        duty = f"{{require: look, due: before_join, detail: {{form: {form}}}}}"
        return f"[{{id: clinic/open/more, title: More, then: {duty}}}]"

    def book(self, root: Path, cap: str = CAP) -> Rulebook:
        return law(root, values=cap)

    def test_a_stricter_policy_is_diagnosed_and_still_counts(self, tmp_path: Path) -> None:
        own = clinic(self.book(tmp_path), policy=self.policy("written"))
        assert [(found.code, found.severity.value) for found in own.warnings] == [("LAW020", "warning")]
        assert "Act 1" in own.warnings[0].what
        decision = ask(own)
        assert (decision.outcome, decision.duties[0]["detail"]) == (
            Outcome.PERMITTED_WITH_DUTIES,
            {"form": "written"},
        )

    @pytest.mark.parametrize("form", ["verbal", "electronic"])
    def test_what_keeps_within_the_cap_is_not(self, tmp_path: Path, form: str) -> None:
        assert clinic(self.book(tmp_path), policy=self.policy(form)).warnings == ()

    def test_in_other_states_it_is_not(self, tmp_path: Path) -> None:
        assert clinic(self.book(tmp_path), states="GA", policy=self.policy("written")).warnings == ()

    def test_a_cap_without_detail_is_on_the_duty_itself(self, tmp_path: Path) -> None:
        cap = self.CAP.replace(", detail: {form: electronic}", "")
        assert len(clinic(self.book(tmp_path, cap), policy=self.policy("verbal")).warnings) == 1

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (("duty: look", "duty: lok"), "LAW008"),
            (("electronic", "stone"), "LAW008"),
            (("cite: s", "cite: t"), "LAW003"),
        ],
    )
    def test_a_cap_speaks_of_what_there_is(self, tmp_path: Path, change: tuple[str, str], code: str) -> None:
        with pytest.raises(BrokenInput) as caught:
            self.book(tmp_path, self.CAP.replace(*change))
        assert [found.code for found in caught.value.diagnostics] == [code]


class TestWhatFollowsASunset:
    """A value that ends falls back to what its topic says, and without that the author is told."""

    ENDING = "values:\n  {name}:\n  - {{from: 2020-01-01, until: 2026-12-31, is: {value}, cite: s, confidence: high}}\n"

    def test_the_days_after_it_are_those_of_the_default(self, tmp_path: Path) -> None:
        common = "- {id: us/common/open/mild, title: Mild, when: {law.mild: false}, then: {forbid: do}}\n"
        book = law(tmp_path, values=self.ENDING.format(name="mild", value="true"), common=common)
        assert book.law.warnings == ()
        outcomes = {on: ask(book, on=on).outcome for on in ("2019-12-31", "2020-01-01", "2026-12-31", "2027-01-01")}
        assert list(outcomes.values()) == [Outcome.FORBIDDEN, Outcome.PERMITTED, Outcome.PERMITTED, Outcome.FORBIDDEN]
        assert ask(book, on="2027-01-01").forbids[0]["cite"] == ["s"]

    def test_without_a_default_nothing_following_is_told(self, tmp_path: Path) -> None:
        book = law(tmp_path, values=self.ENDING.format(name="most", value="3"))
        assert [(found.code, found.severity.value) for found in book.law.warnings] == [("LAW025", "warning")]


class TestWhatAClinicTellsOfItself:
    """What is the same for all its encounters stands in its file; a question that tells it goes first."""

    @staticmethod
    def book(root: Path) -> Rulebook:
        book = law(root, rule("open/no", "{forbid: do}", when="{a: true}"))
        topics = replace(book.law.topics, clinic_facts=("a",))
        return join(replace(book.law, topics=topics))

    def test_it_settles_what_nobody_told(self, tmp_path: Path) -> None:
        book = self.book(tmp_path)
        own = clinic(book, facts="{a: false}")
        assert ask(book).missing == ("a",)
        assert ask(own).outcome is Outcome.PERMITTED
        assert ask(own, a=True).outcome is Outcome.FORBIDDEN
        assert ask(own).overlay is not None

    @pytest.mark.parametrize(("facts", "code"), [("{b: true}", "LAW026"), ("{a: perhaps}", "COND004")])
    def test_only_such_facts_with_a_right_value_may_stand_there(self, tmp_path: Path, facts: str, code: str) -> None:
        assert refused(self.book(tmp_path), facts=facts) == [code]

    def test_in_the_law_carried_only_facts_of_the_whole_clinic_are_such(self) -> None:
        carried = load_law(ROOT)
        own = join(carried, OwnLaw(facts=node("{encounter.licensed_program: none}")))
        assert own.overlay is not None
        assert dict(own.overlay.told) == {"encounter.licensed_program": "none"}
        assert all(carried.vocabulary.facts[path].source == "clinic" for path in carried.topics.clinic_facts)
