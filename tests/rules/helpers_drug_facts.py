"""Writes what the researched facts hold of drugs: `python -m tests.rules.helpers_drug_facts FACTS_FOLDER`.

The list (docs/reference/drugs-us.json) names every drug with the digest of what is carried of it, every pair that does
not go together with how grave it is, by which mechanism and what to do, every family of allergies with what may
cross-react, on what basis and what to do, and the sources and confidence of each part. Not in it, for they are not
carried: the ATC codes (their licence). `test_drug_facts.py` holds the drug base and the base of warnings against it.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.rules.helpers_facts import ROOT

LIST = ROOT / "docs" / "reference" / "drugs-us.json"
_CARRIED = ("rxcui", "rxcui_source", "schedule", "categories", "classes", "ingredients", "forms")

OF_PAIR = ("a", "b", "severity", "mechanism", "action")


def drug_digest(drug: Mapping[str, Any]) -> str:
    """The digest of a drug's entry as facts or drug base hold it; what says nothing counts as absent."""
    told = {key: drug.get("dea_schedule" if key == "schedule" and key not in drug else key) for key in _CARRIED}
    told["flags"] = {key: value for key, value in (drug.get("flags") or {}).items() if value}
    kept = {key: value for key, value in told.items() if value}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def _but_atc(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key != "atc"}


def drug_facts(folder: Path) -> dict[str, Any]:
    """Digests of drugs by name, schedules of states, pairs, families of allergies."""
    facts = yaml.load((folder / "drugs.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {
        "drugs": {drug["name"]: drug_digest(drug) for drug in facts["drugs"]},
        "state_schedules": {
            drug["name"]: [drug["state_schedule"]["schedule"], *sorted(drug["state_schedule"]["states"])]
            for drug in facts["drugs"]
            if "state_schedule" in drug
        },
        "interactions": [[pair[key] for key in OF_PAIR] for pair in facts["interactions"]],
        "allergy_classes": {
            one["id"]: [
                one["members"],
                [[other["with"], other["risk"]] for other in one["cross_reacts_with"]],
                one["basis"],
                one["action"],
            ]
            for one in facts["allergy_classes"]
        },
        "beside": {"terms": facts["conventions"]["external_terms"]},
        "sources": _but_atc({key.removeprefix("drugs."): told for key, told in facts["source_by_group"].items()}),
        "confidence": _but_atc(facts["confidence"]),
    }


def written(folder: Path) -> str:
    """The list as the file holds it, one entry a line."""
    parts = []
    for name, entries in drug_facts(folder).items():
        if isinstance(entries, dict):
            lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items())
            parts.append(f'"{name}": {{\n{lines}\n}}')
        else:
            lines = ",\n".join(f"  {json.dumps(value)}" for value in entries)
            parts.append(f'"{name}": [\n{lines}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    LIST.write_text(written(Path(sys.argv[1])), encoding="utf-8")
