"""What does a visit cost, and how is it written?"""

from dataclasses import dataclass

from engine.reading import Node
from engine.shapes import Key, Number, OneOf, Record

PRICE = Record(
    "a price",
    {
        "cents": Key(Number(least=0, most=10_000_000), "whole cents", required=True),
        "currency": Key(OneOf(("USD",)), "the currency", required=True),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a visit costs: whole cents and an ISO 4217 code."""

    cents: int
    currency: str


def read_price(node: Node) -> Price:
    """The price of a mapping that was checked with `PRICE`."""
    return Price(cents=node.integer("cents") or 0, currency=node.text("currency"))
