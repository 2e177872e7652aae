"""What is raised when an engine gave no answer?"""


class EngineFault(Exception):
    """An engine raised, crashed, hung or contradicted itself; carries a code, never a fact."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
