"""How long a soak lasts: ten minutes each, or what ``clinic test soak --minutes`` says."""

from __future__ import annotations

import os

from admin_ui.cli.soak_report import MINUTES

SECONDS = 60 * float(os.environ.get(MINUTES, "10"))
