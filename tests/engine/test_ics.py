"""A calendar entry says when and with which clinic, and calendars can follow its changes."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from engine.ics import Entry, calendar_file

START = datetime(2026, 12, 1, 10, 30, tzinfo=timezone(timedelta(hours=-5)))


def entry(clinic: str = "Marigold Quay Health", changes: int = 0, cancelled: bool = False, language: str = "en") -> str:
    return calendar_file(
        Entry(
            visit="vis_1",
            clinic=clinic,
            starts_at=START,
            ends_at=START + timedelta(minutes=20),
            changes=changes,
            cancelled=cancelled,
            written_at=datetime(2026, 11, 22, 8, tzinfo=UTC),
            language=language,
        )
    )


def values(text: str) -> dict[str, str]:
    unfolded = text.replace("\r\n ", "").split("\r\n")
    return dict(line.split(":", 1) for line in unfolded if line)


def test_the_entry_holds_the_instants_and_the_clinic_and_no_number_of_the_visit() -> None:
    found = values(entry())
    assert (found["DTSTART"], found["DTEND"]) == ("20261201T153000Z", "20261201T155000Z")
    assert found["SUMMARY"] == "Appointment: Marigold Quay Health"
    assert values(entry(language="es"))["SUMMARY"] == "Cita: Marigold Quay Health"
    assert "vis_1" not in entry()
    assert (values(entry(""))["SUMMARY"], values(entry("", language="es"))["SUMMARY"]) == ("Appointment", "Cita")


def test_a_change_and_the_cancelling_follow_the_same_entry() -> None:
    first, moved, over = values(entry()), values(entry(changes=1)), values(entry(changes=2, cancelled=True))
    assert first["UID"] == moved["UID"] == over["UID"]
    assert [one["SEQUENCE"] for one in (first, moved, over)] == ["0", "1", "2"]
    assert (first["STATUS"], first["METHOD"]) == ("CONFIRMED", "PUBLISH")
    assert (over["STATUS"], over["METHOD"]) == ("CANCELLED", "CANCEL")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=120))
def test_any_name_of_a_clinic_fits_lines_of_75_octets_and_comes_back(name: str) -> None:
    text = entry(name)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    summary = values(text)["SUMMARY"].replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
    assert summary == f"Appointment: {' '.join(name.splitlines())}"
