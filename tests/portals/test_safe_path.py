"""A path out of a form stays on this host, whatever a browser drops from it."""

from __future__ import annotations

import pytest

from portals.base.templating import safe_path


@pytest.mark.parametrize(
    "text", ["//elsewhere", "/\\elsewhere", "/\t/elsewhere", "/\r/elsewhere", "/\n/elsewhere", "https:"]
)
def test_what_could_lead_elsewhere_leads_home(text: str) -> None:
    assert safe_path(text, "/staff") == "/staff"


def test_a_path_of_ours_is_kept() -> None:
    assert safe_path("/staff/visits/vis_1?pick=a:b") == "/staff/visits/vis_1?pick=a:b"
