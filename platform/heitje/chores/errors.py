# SPDX-License-Identifier: EUPL-1.2
"""Refusals around chores and claims.

HeitjeError
├── TenantNotLive           409  the organisation was not admitted yet
├── RewardTooHigh           409  above what the scheme pays an hour
├── NotAttested             409  nobody signed that no staff hours are replaced
├── ChoreNotDraft           409  only drafts can be edited or published
├── ChoreNotOpen            409  no claims any more
├── ChoreFull               409
├── AlreadyClaimed          409
├── TooManyClaims           409
├── ClaimsOverlap           409
├── TooYoung                403
├── EvidenceMissing         400
├── ClaimAlreadyDecided     409
├── ClaimNotSubmitted       409
├── OwnClaim                403  a claim is decided by somebody else than the claimant
├── NotVetted               403  HJ040  the organisation wants to know the citizen first
├── VettingNotNeeded        409  chores of this kind are for everybody
├── VettingDecided          409  HJ041  somebody decided on this vetting, or it was withdrawn
└── OwnVetting              403  HJ031  a colleague vets whoever works here
"""

from heitje.errors import HeitjeError, InvalidInput


class TenantNotLive(HeitjeError):
    """Only admitted organisations publish. Facts: state."""

    code = "tenant-not-live"
    title = "Your organisation has not been admitted yet, so it cannot publish. Ask the platform to admit you."


class RewardTooHigh(HeitjeError):
    """The reward is above the scheme's maximum an hour. Facts: reward_cents, maximum_cents."""

    code = "reward-too-high"
    title = "This reward is higher than the scheme allows for this duration."


class NotAttested(HeitjeError):
    """Publishing needs the statement on non-displacement (R43)."""

    code = "not-attested"
    title = "First confirm that this chore does not replace paid work."


class ChoreNotDraft(HeitjeError):
    """What was published cannot be edited this way. Facts: state."""

    code = "chore-not-draft"
    title = "This chore was published already. Pause or close it, and make a copy to change it."


class ChoreNotOpen(HeitjeError):
    """The chore takes no claims now. Facts: state."""

    code = "chore-not-open"
    title = "This chore is no longer open. Choose another one."


class ChoreFull(HeitjeError):
    """All slots are taken."""

    code = "chore-full"
    title = "All places of this chore are taken. Choose another one."


class AlreadyClaimed(HeitjeError):
    """The citizen has a claim on this chore already."""

    code = "already-claimed"
    title = "You already signed up for this chore. You find it under My chores."


class TooManyClaims(HeitjeError):
    """The citizen has as many claims under way as one may have. Facts: limit."""

    code = "too-many-claims"
    title = "You have several chores under way. Finish one of them first."


class ClaimsOverlap(HeitjeError):
    """Another claim of the citizen is at the same time. Facts: title."""

    code = "claims-overlap"
    title = "You have another chore at this time."


class TooYoung(HeitjeError):
    """The chore asks for a minimum age. Facts: min_age."""

    code = "too-young"
    status = 403
    title = "You are too young for this chore, or we do not know your year of birth yet. See your profile."


class EvidenceMissing(InvalidInput):
    """The chore asks for evidence that was not handed in; `errors` names which."""

    code = "evidence-missing"
    title = "Something is still missing."


class ClaimAlreadyDecided(HeitjeError):
    """Somebody decided on this claim before. Facts: state."""

    code = "claim-already-decided"
    title = "Somebody already decided on this. Nothing changed."


class ClaimNotSubmitted(HeitjeError):
    """The claim is in another state than this act needs. Facts: state."""

    code = "claim-not-submitted"
    title = "This is not possible now: the claim is in another state. Look at it again."


class OwnClaim(HeitjeError):
    """Nobody decides on a claim of their own."""

    code = "own-claim"
    status = 403
    title = "This is your own claim. A colleague has to decide on it."


class NotVetted(HeitjeError):
    """The organisation has not vetted this citizen for this kind of chore, or not until its day. Facts: needed_until."""

    code = "not-vetted"
    status = 403
    title = "The organisation wants to know you before you do this chore. Ask to be vetted: the button is on its page."


class VettingNotNeeded(HeitjeError):
    """Chores of this kind are for everybody."""

    code = "vetting-not-needed"
    title = "You need not be vetted for this chore. You can sign up at once."


class VettingDecided(HeitjeError):
    """The vetting is in another state than this act needs. Facts: state."""

    code = "vetting-decided"
    title = "This was decided or withdrawn in the meantime. Look at it again."


class OwnVetting(HeitjeError):
    """Nobody vets themselves."""

    code = "own-vetting"
    status = 403
    title = "This is about you. A colleague has to decide on it."
