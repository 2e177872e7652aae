"""Every law file names its last check and by when it is read again, no later than how sure it is allows."""

from datetime import date

from engine.diagnostics import Problems, as_text
from engine.law_freshness import BESIDE, latest_review, report_beside, report_freshness
from engine.rulebook import load_law
from tests.rules.helpers_cases import ROOT
from tests.rules.helpers_review_dates import FACTS_OF, with_dates

LAW = load_law(ROOT)


def test_every_law_file_was_checked_and_is_read_again_by_a_day_that_fits_how_sure_it_is() -> None:
    problems = Problems()
    report_freshness(LAW.files, date.fromisoformat(FACTS_OF), problems)
    assert not list(problems), as_text(problems)


def test_the_dates_are_written_right_after_the_topic_and_only_once() -> None:
    [file] = [one for one in LAW.files if one.file == "rules/us/fl/consent.yaml"]
    text = (ROOT / file.file).read_text(encoding="utf-8")
    assert with_dates(text, file, "2000-01-01") == text
    bare = text.replace(f"checked: {file.checked}\n", "").replace(f"review_by: {file.review_by}\n", "")
    assert f"checked: {file.checked}\nreview_by: {latest_review(file, file.checked)}\n" in with_dates(
        bare, file, FACTS_OF
    )


def test_the_drugs_warnings_and_zones_beside_the_law_say_it_as_well() -> None:
    assert all((ROOT / "rules" / "us" / name).is_file() for name in BESIDE)
    problems = Problems()
    report_beside(ROOT, date.fromisoformat(FACTS_OF), problems)
    assert not list(problems), as_text(problems)
