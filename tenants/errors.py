# SPDX-License-Identifier: EUPL-1.2
"""Refusals around organisations and their staff.

HeitjeError
├── NotReadyToGoLive    409  the checklist has open points; says which
├── NotVerifying        409  the organisation did not ask to go live
├── SecondOperatorNeeded 409 the same operator cannot confirm an own decision
├── KvkNumberTaken      409  an admitted organisation has this number already
├── LastOwner           409  an organisation keeps its owners
└── AlreadyMember       409  the address is a colleague's already
"""

from heitje.errors import HeitjeError


class NotReadyToGoLive(HeitjeError):
    """The checklist has open points. Facts: missing, a list of their codes."""

    code = "not-ready-to-go-live"
    title = "Your organisation is not ready yet. See the points of the list that are still open."


class NotVerifying(HeitjeError):
    """Only an organisation that asked for it is admitted or refused. Facts: state."""

    code = "tenant-not-verifying"
    title = "This organisation has no open request to go live."


class SecondOperatorNeeded(HeitjeError):
    """Admission takes two people: this one has already said yes."""

    code = "second-operator-needed"
    title = "You already decided on this request. Somebody else has to confirm it."


class KvkNumberTaken(HeitjeError):
    """An admitted organisation of the same scheme has this chamber-of-commerce number."""

    code = "kvk-number-taken"
    title = "Another organisation was admitted with this chamber-of-commerce number. Refuse this request."


class LastOwner(HeitjeError):
    """Nobody takes away the last owners. Facts: needed."""

    code = "last-owner"
    title = "Your organisation needs its owners: two once it takes part, one before. First make somebody else an owner."


class AlreadyMember(HeitjeError):
    """The address belongs to somebody of this organisation already."""

    code = "already-member"
    title = "There is already a colleague with this e-mail address."
