"""What the law says to keep has no way out: nothing in the program deletes a record of care or an entry of the audit.

A patient is erased by their keys alone (`records.erasure`), after the law of every state was asked; the database's own
triggers refuse the rest (`test_migrate`), and `tests/admin_ui/test_keys_shred.py` shows a young record being refused.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("records", "workflows", "integrations", "portals", "admin_ui", "media")
# What may be deleted: counters, tokens, held times, mails, what somebody takes off their own account, and with an
# erased person their wish for texts, which holds an index of their number; and a media node's address of before.
PASSING = frozenset(
    {
        "SignInAttempt",
        "Ceremony",
        "SecondFactor",
        "RecoveryCode",
        "SlotCell",
        "MailRow",
        "TextWishRow",
        "ConversationDraftRow",
        "MediaNodeRow",
    }
)
# Loops over tables, each looked at: an erased person's ways to sign in; a clinician's licences, which are told anew.
LOOPS = frozenset({("records/erasure.py", "table"), ("records/people.py", "table")})


def deletions() -> Iterator[tuple[str, str]]:
    """Every ``delete(X)`` of the program: the file and the name that it deletes from."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "delete":
                    yield str(file.relative_to(ROOT)), ast.unparse(node.args[0])


def test_only_what_passes_is_ever_deleted() -> None:
    found = set(deletions())
    assert {name for _, name in found} >= PASSING - {"SlotCell"}, "the search finds nothing any more"
    assert {one for one in found if one[1] not in PASSING} <= LOOPS


def test_no_row_is_deleted_by_sql_in_words() -> None:
    wrong = [
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if "DELETE FROM" in file.read_text(encoding="utf-8") and "migrations" not in file.parts
    ]
    assert wrong == ["integrations/ledger.py"], "what a simulated network remembers is no record of the clinic"


def test_a_patient_is_erased_only_where_the_law_was_asked() -> None:
    calls = {
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        for word in ("erase(work,", "erase(scope")
        if word in file.read_text(encoding="utf-8").replace("def erase(", "").replace("_erase(", "")
    }
    assert calls == {"admin_ui/cli/keys.py"}
    assert "refuse_unlawful" in (ROOT / "admin_ui" / "cli" / "keys.py").read_text(encoding="utf-8")
