# SPDX-License-Identifier: EUPL-1.2
"""The yearly cap over all issuers: borders to the cent and to the millisecond, and what nobody else learns (D1)."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from heitje.allowance.cap import (
    NoCapRule,
    YearlyCapReached,
    allowance_of,
    commit_room,
    hold_room,
    release_room,
)
from heitje.clock import local_day
from heitje.ledger.errors import NotYourAccount
from tests.ledger.books import Books

TODAY = date(2026, 11, 23)


def held(books: Books, citizen_id: UUID, tenant_id: UUID, cents: int, on: date = TODAY) -> UUID:
    claim_id = uuid4()
    with books.databases.as_citizen(citizen_id) as session:
        hold_room(session, scheme_id=books.scheme_id, claim_id=claim_id, tenant_id=tenant_id, reward_cents=cents, on=on)
    return claim_id


@pytest.mark.parametrize(("cents", "fits"), [(1499_99, True), (1500_00, True), (1500_01, False)])
def test_the_border_is_exact(books: Books, cents: int, fits: bool) -> None:
    books.cap_rule()
    citizen_id, _ = books.citizen()
    tenant_id = books.tenant()
    if fits:
        held(books, citizen_id, tenant_id, cents)
    else:
        with pytest.raises(YearlyCapReached) as refused:
            held(books, citizen_id, tenant_id, cents)
        assert refused.value.facts == {"room_cents": 1500_00, "limit_cents": 1500_00, "reward_cents": cents}


def test_the_year_turns_at_midnight_in_amsterdam(books: Books) -> None:
    last = datetime(2026, 12, 31, 22, 59, 59, 999000, tzinfo=UTC)
    first = datetime(2026, 12, 31, 23, 0, 0, tzinfo=UTC)
    assert (local_day(last), local_day(first)) == (date(2026, 12, 31), date(2027, 1, 1))

    books.cap_rule(limit_cents=10_00)
    citizen_id, _ = books.citizen()
    tenant_id = books.tenant()
    held(books, citizen_id, tenant_id, 10_00, local_day(last))
    held(books, citizen_id, tenant_id, 10_00, local_day(first))


def test_without_a_ruling_in_force_nobody_earns(books: Books) -> None:
    citizen_id, _ = books.citizen()
    with pytest.raises(NoCapRule):
        held(books, citizen_id, books.tenant(), 1_00)


def test_a_released_claim_gives_its_room_back_once(books: Books) -> None:
    books.cap_rule(limit_cents=10_00)
    citizen_id, _ = books.citizen()
    tenant_id = books.tenant()
    claim_id = held(books, citizen_id, tenant_id, 10_00)
    for _ in range(2):
        with books.databases.as_citizen(citizen_id) as session:
            release_room(session, claim_id=claim_id)
    held(books, citizen_id, tenant_id, 10_00)
    with pytest.raises(YearlyCapReached):
        held(books, citizen_id, tenant_id, 1)


def test_an_approval_in_a_full_new_year_waits(books: Books) -> None:
    books.cap_rule(limit_cents=10_00)
    citizen_id, _ = books.citizen()
    tenant_id = books.tenant()
    late = held(books, citizen_id, tenant_id, 10_00)
    held(books, citizen_id, tenant_id, 10_00, date(2027, 1, 2))
    with books.databases.as_tenant(tenant_id) as session:
        assert commit_room(session, claim_id=late, on=date(2027, 1, 3)) is False
        assert commit_room(session, claim_id=late, on=TODAY) is True


def rooms(books: Books, citizen_id: UUID) -> list[tuple[int, int, int]]:
    """What the citizen has (year, held, earned), in each room that is not empty."""
    query = (
        "select year, held_cents, committed_cents from cap_rooms where held_cents + committed_cents > 0 order by 1, 2"
    )
    with books.databases.as_citizen(citizen_id) as session:
        return [(year, held_cents, earned) for year, held_cents, earned in session.execute(text(query))]


def test_an_approval_that_finds_one_of_two_rules_full_changes_neither(books: Books) -> None:
    wide, narrow = sorted([uuid4(), uuid4()])
    books.cap_rule(limit_cents=20_00, rule_id=wide)
    books.cap_rule(limit_cents=10_00, rule_id=narrow)
    citizen_id, _ = books.citizen()
    tenant_id = books.tenant()
    late = held(books, citizen_id, tenant_id, 10_00)
    other = held(books, citizen_id, tenant_id, 10_00, date(2027, 1, 2))
    before = rooms(books, citizen_id)

    with books.databases.as_tenant(tenant_id) as session:
        assert commit_room(session, claim_id=late, on=date(2027, 1, 3)) is False
    assert rooms(books, citizen_id) == before

    with books.databases.as_tenant(tenant_id) as session:
        release_room(session, claim_id=other)
        for _ in range(2):
            assert commit_room(session, claim_id=late, on=date(2027, 1, 3)) is True
    assert rooms(books, citizen_id) == [(2027, 0, 10_00), (2027, 0, 10_00)]


def test_what_is_earned_in_a_new_year_counts_under_the_rule_of_that_year(books: Books) -> None:
    books.cap_rule(limit_cents=10_00, year=2026, years=1)
    books.cap_rule(limit_cents=10_00, year=2027, years=1)
    citizen_id, _ = books.citizen()
    tenant_id = books.tenant()
    late = held(books, citizen_id, tenant_id, 10_00)
    new = held(books, citizen_id, tenant_id, 4_00, date(2027, 1, 2))
    with books.databases.as_tenant(tenant_id) as session:
        assert commit_room(session, claim_id=late, on=date(2027, 1, 3)) is False
        release_room(session, claim_id=new)
        for _ in range(2):
            assert commit_room(session, claim_id=late, on=date(2027, 1, 3)) is True
    assert rooms(books, citizen_id) == [(2027, 0, 10_00)]
    with pytest.raises(YearlyCapReached):
        held(books, citizen_id, tenant_id, 1, date(2027, 1, 4))


def test_while_no_ruling_is_in_force_an_approval_of_last_year_waits(books: Books) -> None:
    books.cap_rule(limit_cents=10_00, year=2026, years=1)
    citizen_id, _ = books.citizen()
    tenant_id = books.tenant()
    late = held(books, citizen_id, tenant_id, 10_00)
    with books.databases.as_tenant(tenant_id) as session:
        assert commit_room(session, claim_id=late, on=date(2027, 1, 3)) is False
    assert rooms(books, citizen_id) == [(2026, 10_00, 0)]
    books.cap_rule(limit_cents=10_00, year=2027, years=1)
    with books.databases.as_tenant(tenant_id) as session:
        assert commit_room(session, claim_id=late, on=date(2027, 1, 4)) is True
    assert rooms(books, citizen_id) == [(2027, 0, 10_00)]


def test_the_citizen_sees_it_all_and_an_issuer_nothing(books: Books) -> None:
    books.cap_rule()
    citizen_id, _ = books.citizen()
    mine, other = books.tenant(), books.tenant()
    claim_id = held(books, citizen_id, mine, 100_00)
    with books.databases.as_citizen(citizen_id) as session:
        allowance = allowance_of(session, scheme_id=books.scheme_id, citizen_id=citizen_id, on=TODAY)
    assert allowance is not None
    assert (allowance.held_cents, allowance.room_cents) == (100_00, 1400_00)
    for tenant_id in (mine, other):
        with books.databases.as_tenant(tenant_id) as session:
            for table in ("cap_rooms", "cap_holds"):
                assert session.execute(text(f"select count(*) from {table}")).scalar_one() == 0
    with pytest.raises(NotYourAccount), books.databases.as_tenant(other) as session:
        commit_room(session, claim_id=claim_id, on=TODAY)
    with pytest.raises(NotYourAccount), books.databases.as_citizen(books.citizen()[0]) as session:
        release_room(session, claim_id=claim_id)


def test_nobody_holds_room_in_anothers_name(books: Books) -> None:
    books.cap_rule()
    tenant_id = books.tenant()
    with pytest.raises(NotYourAccount), books.databases.as_tenant(tenant_id) as session:
        hold_room(session, scheme_id=books.scheme_id, claim_id=uuid4(), tenant_id=tenant_id, reward_cents=1, on=TODAY)
