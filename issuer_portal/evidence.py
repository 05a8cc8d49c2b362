# SPDX-License-Identifier: EUPL-1.2
"""Photos that were handed in, for approvers of the department and nobody else."""

from uuid import UUID

from flask import Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from heitje.chores.models import Chore, Claim, Evidence
from heitje.db.request import current_session
from heitje.errors import NotFound
from heitje.files.photos import read_photo
from heitje.identity.roles import Role
from issuer_portal.pages import acting, pages, staff_only


@pages.get("/evidence/<uuid:evidence_id>/photo")
@staff_only(Role.APPROVER)
def evidence_photo(evidence_id: UUID) -> ResponseReturnValue:
    """Return the photo; `?size=small` for a list."""
    session = current_session()
    found = session.execute(
        select(Evidence, Chore.department_id)
        .join(Claim, (Claim.tenant_id == Evidence.tenant_id) & (Claim.id == Evidence.claim_id))
        .join(Chore, (Chore.tenant_id == Claim.tenant_id) & (Chore.id == Claim.chore_id))
        .where(Evidence.id == evidence_id, Evidence.kind == "photo", Evidence.file_key.is_not(None))
    ).one_or_none()
    if found is None or not acting().may(Role.APPROVER, found.department_id):
        raise NotFound(kind="photo")
    content = read_photo(found.Evidence.file_key, small=request.args.get("size") == "small")
    # Shown inside our pages only: opened by itself it is saved, never taken for a page of this site.
    return Response(
        content,
        content_type="image/jpeg",
        headers={
            "Content-Disposition": f'attachment; filename="{evidence_id}.jpg"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, max-age=600",
        },
    )
