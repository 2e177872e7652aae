"""The drug base and the safety base as the project carries them, read once."""

from functools import cache
from pathlib import Path

from engine.diagnostics import Problems
from engine.drugs import DrugNames, read_drugs
from engine.medicine_words import MedicineWords
from engine.reading import read_file
from engine.safety import SafetyBase
from engine.safety_file import load_safety

ROOT = Path(__file__).parents[2]


@cache
def names() -> DrugNames:
    node = read_file(ROOT / "rules/us/drugs.yaml", ROOT, Problems())
    assert node is not None
    return DrugNames(read_drugs(node, Problems()))


@cache
def base() -> SafetyBase:
    return load_safety(ROOT)


@cache
def words() -> MedicineWords:
    return MedicineWords(names=names(), brands=base().brands)
