"""The access table can be shown in every language of the pages."""

from __future__ import annotations

import pytest

from portals.base.i18n import catalogue
from records.access import TABLE


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_role_relation_and_class_of_the_table_has_its_words(language: str) -> None:
    words = catalogue(language)
    wanted = [f"staff.data.{one}" for one in TABLE.data]
    wanted += [f"staff.relation.{one}" for one in TABLE.relations]
    wanted += [f"staff.role.{one}" for one in TABLE.roles if one not in TABLE.everything]
    assert [one for one in wanted if one not in words] == []
