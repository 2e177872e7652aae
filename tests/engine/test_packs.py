"""The canonical form of a whole is put together from those of its parts, and gives the same digest."""

from hypothesis import given
from hypothesis import strategies as st

from engine.packs import canonical, canonical_list, canonical_mapping, digest, digest_of_canonical

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('aé"\\/', max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(PLAIN, max_size=4))
def test_a_list(parts: list[object]) -> None:
    assert canonical_list(*map(canonical, parts)) == canonical(parts)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), PLAIN, max_size=4))
def test_a_mapping_whatever_the_order_of_its_keys(parts: dict[str, object]) -> None:
    form = canonical_mapping({key: canonical(part) for key, part in reversed(parts.items())})
    assert form == canonical(parts) and digest_of_canonical(form) == digest(parts)
