"""How a call to records can fail: each failure is a class with a short code; none carries a value a person typed."""


class RecordsError(Exception):
    """A failure that callers may show by its ``code``; the message holds ids and codes only."""

    code = "records"


class ScopeMissing(RecordsError):
    """A call came without a clinic and an actor, or after its scope had ended."""

    code = "scope_missing"


class NotFound(RecordsError):
    """This clinic has no such row; carries the kind and the id that was asked for."""

    code = "not_found"


class AccessRefused(RecordsError):
    """The actor may not do this, or not to this row. Audited; pages answer as for a row that does not exist."""

    code = "refused"


class Conflict(RecordsError):
    """Somebody saved in between: ``kind`` of row and its ``current`` version; load again and offer both."""

    code = "conflict"

    def __init__(self, kind: str, current: int) -> None:
        self.kind = kind
        self.current = current
        super().__init__(f"{kind} is at version {current}")


class Overtaken(RecordsError):
    """Another transaction was quicker, or in the way, and this one was undone whole: the same may be asked again."""

    code = "overtaken"


class AlreadyDone(RecordsError):
    """What was asked can be done once and has been done (a form submitted, a note signed)."""

    code = "already_done"


class PhotosGone(RecordsError):
    """An answer names photos that are not kept with the visit: the form's ``item``, and the ``shots`` that lack one."""

    code = "photos_gone"

    def __init__(self, item: str, shots: tuple[str, ...]) -> None:
        self.item = item
        self.shots = shots
        super().__init__(f"{item}: {len(shots)}")


class NotYetBegun(AlreadyDone):
    """The visit is only a draft: its time is not held, so nothing can be added to it; carries its id.

    A kind of `AlreadyDone`: what was asked is not possible at this stage of the visit, and callers answer alike.
    """

    code = "not_begun"


class StillOpen(RecordsError):
    """Something that has to end first is still going on (a patient's visit); carries its id."""

    code = "still_open"


class Unreadable(RecordsError):
    """A sealed field cannot be opened: its key was shredded, or its bytes or its place are not the ones sealed."""

    code = "unreadable"


class Erased(Unreadable):
    """It belonged to a patient whose key was destroyed on purpose: nobody can read it again; carries the key's id."""

    code = "erased"


class EmailTaken(RecordsError):
    """Another account of this clinic has that e-mail address."""

    code = "email_taken"


class SignInRefused(RecordsError):
    """A sign-in was refused: ``code`` is ``wrong`` or ``blocked``; when blocked, how many seconds to wait."""

    def __init__(self, code: str, retry_after_seconds: int = 0) -> None:
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        super().__init__(code)


class LinkRefused(RecordsError):
    """A join link was refused: ``code`` is ``unknown``, ``expired`` or ``used``."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class NoLicense(RecordsError):
    """Who would supervise, or answer a patient, holds no active licence in the state that counts; carries their id."""

    code = "no_license"
