# SPDX-License-Identifier: EUPL-1.2
"""Lines cross in the order in which they happened to each account, which is not always that of their numbers."""

import threading
import time
from collections import defaultdict

import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from heitje.ledger.models import TransferKind
from token_bridge import contract
from token_bridge.bridge import Rules
from token_bridge.models import BatchLine
from token_bridge.operations import TREASURY, InLedgerOrder, Line, net_moves, operations_for


def line(source, target, cents, number=1):
    return Line(
        transfer_id=number,
        source_id=0,
        source_seq=0,
        source=source,
        target_id=0,
        target_seq=0,
        target=target,
        amount_cents=cents,
        issuer=bytes(32),
        salt=bytes(32),
    )


def account(number):
    return number.to_bytes(20, "big")


def first(taken_up, waiting, limit=100):
    return InLedgerOrder(taken_up).first(limit, waiting, lambda one: one[1])


def test_a_later_number_comes_first_if_it_happened_first():
    nine = (9, ((1, 1), (2, 1)))
    ten = (10, ((1, 3), (3, 1)))
    eleven = (11, ((1, 2), (4, 1)))

    assert first({}, [nine, ten, eleven]) == [nine, eleven, ten]


def test_a_line_whose_predecessor_is_not_there_yet_waits():
    assert first({1: 4}, [(10, ((1, 6), (2, 1)))]) == []
    assert first({1: 5}, [(10, ((1, 6), (2, 1)))]) == [(10, ((1, 6), (2, 1)))]


def test_a_full_batch_leaves_no_gap_behind():
    lines = [(number, ((1, number), (number + 1, 1))) for number in range(1, 10)]
    assert first({}, lines[::-1], limit=4) == lines[:4]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 50)), max_size=60))
def test_net_moves_are_the_lines_in_sum_and_pass_through_the_clearing_account(transfers):
    lines = [line(account(a), account(b), cents) for a, b, cents in transfers if a != b]
    wanted, found = defaultdict(int), defaultdict(int)
    for one in lines:
        wanted[one.source] -= one.amount_cents
        wanted[one.target] += one.amount_cents
    for source, target, cents in net_moves(lines):
        assert contract.CLEARING in (source, target)
        found[source] -= cents
        found[target] += cents
    assert found.pop(contract.CLEARING) == 0
    assert {key: cents for key, cents in found.items() if cents} == {
        key: cents for key, cents in wanted.items() if cents
    }


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400), st.integers(1, 50)), min_size=1, max_size=700),
    st.booleans(),
)
def test_no_operation_is_ever_too_long_and_no_line_is_lost(transfers, net):
    lines = [line(account(a), account(b), cents, number) for number, (a, b, cents) in enumerate(transfers) if a != b]
    addresses = sorted({end for one in lines for end in (one.source, one.target)} - {TREASURY})

    found = operations_for(lines, new_addresses=addresses, net=net)

    assert all(1 <= operation.move_count <= contract.MAX_LINES for operation in found)
    carried = [one.transfer_id for operation in found for one in operation.lines]
    assert sorted(carried) == [one.transfer_id for one in lines]


def test_the_same_lines_give_the_same_bytes():
    lines = [line(account(number), account(number + 1), number + 1, number) for number in range(1, 30)]
    for net in (True, False):
        once, again = (operations_for(lines, new_addresses=[], net=net) for _ in range(2))
        assert [one.payload(bytes(32)) for one in once] == [one.payload(bytes(32)) for one in again]


def test_a_reservation_numbered_before_the_release_it_needs_crosses_after_it(mirror_of, anvil, books, database):
    """The reservation gets its number and waits for the budget; the release gets a higher one, and the budget first."""
    line = books.line(funded_cents=5_00)
    outcome = []

    def reserve(session, cents):
        return books.post(session, TransferKind.RESERVE, line.budget_id, line.reserved_id, cents)

    def reserve_all():
        with books.databases.as_tenant(line.tenant_id) as other:
            outcome.append(reserve(other, 5_00))

    with books.databases.as_tenant(line.tenant_id) as session:
        first_reserved = reserve(session, 3_00)
        waiting = threading.Thread(target=reserve_all)
        waiting.start()
        wait_until_somebody_waits(database)
        released = books.post(session, TransferKind.RELEASE, line.reserved_id, line.budget_id, 3_00)
    waiting.join()
    numbers = [first_reserved.id, outcome[0].id, released.id]
    assert numbers == sorted(numbers)

    with mirror_of(anvil, rules=Rules(net=False)) as mirror:
        mirror.settle()
        assert mirror.alarms() == {}
        lines = mirror.session.scalars(select(BatchLine.transfer_id).order_by(BatchLine.batch_id, BatchLine.line)).all()
        assert [number for number in lines if number in numbers] == [numbers[0], numbers[2], numbers[1]]
        assert mirror.on_chain(line.reserved_id) == 5_00
        assert mirror.on_chain(line.budget_id) == 0


def wait_until_somebody_waits(database):
    deadline = time.monotonic() + 10
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        while superuser.execute(waiting).fetchone() == (0,):
            assert time.monotonic() < deadline
