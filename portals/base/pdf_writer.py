"""Reads a page from standard input and writes it as PDF to standard output.

A program of its own, started for one page by `portals.base.pdf`: laying out pages takes a second of work and libraries
of the machine (Pango), which the web program must neither wait for nor fall with. It fetches nothing: a page brings
its own style, and any address in it is left out.
"""

import resource
import sys
from typing import Any

_MEMORY = 1 << 30
_CPU_SECONDS = 30
_WRITTEN_OUT = ("data:image/png;base64,", "data:image/svg+xml;base64,")


def confine() -> None:
    """Takes away what laying out does not need; the limits hold for good."""
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    confine()

# The limits come before the libraries.
from weasyprint import HTML, URLFetcher  # type: ignore # noqa: E402


class FetchesNothing(URLFetcher):  # type: ignore
    """Refuses every address, those of files too, but for a picture that is written out in the page itself."""

    def fetch(self, url: str, headers: Any = None) -> Any:
        if url.startswith(_WRITTEN_OUT):
            return super().fetch(url, headers)
        raise ValueError("a page of the clinic brings everything along")


def written(page: str) -> bytes:
    """The page as a tagged PDF that screen readers can read (PDF/UA-1)."""
    pdf: bytes = HTML(string=page, url_fetcher=FetchesNothing()).write_pdf(pdf_variant="pdf/ua-1")
    return pdf


if __name__ == "__main__":
    sys.stdout.buffer.write(written(sys.stdin.buffer.read().decode("utf-8")))
