"""What the country's file says of the states that allow no recording is what their own files say."""

from engine.rulebook import load_law
from tests.rules.helpers_cases import ROOT


def test_a_state_that_prohibits_recording_telehealth_is_known_to_prohibit_it_at_the_clinicians_end() -> None:
    files = [file for file in load_law(ROOT).files if file.topic == "recording"]
    entries = {file.jurisdiction: file.values for file in files}
    banning = {
        place.removeprefix("us/").upper()
        for place, values in entries.items()
        for entry in values
        if entry.name == "recording.rule" and entry.value == "prohibited"
    }
    told = [entry for entry in entries["us"] if entry.name == "recording.prohibited_in"]
    assert [entry.value for entry in told] == [tuple(sorted(banning))]
    assert banning != set()
