"""Who may come into the authoring studio, and is it open at all?

It shows files and plays them with nobody in them. In a demo it is open; elsewhere whoever runs the machine opens it.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

from portals.base.requests import deps_of
from portals.staff.doors import require_act
from records.acts import Act

STUDIO = "/staff/studio"


def require_studio(request: Request, act: Act = Act.STUDIO_VIEWED) -> None:
    """Lets in whoever the access table lets try what is written.

    Raises:
        SignInNeeded: nobody is signed in.
        HTTPException: 403 for another role, 404 where the studio is shut.
    """
    require_act(request, act)
    if not deps_of(request).settings.has_studio:
        raise HTTPException(404)
