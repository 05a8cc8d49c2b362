# SPDX-License-Identifier: EUPL-1.2
"""One transfer: what it moves, what it refuses, and that it is all anybody can do (M8, M9)."""

from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from heitje.ledger.accounts import balance_of, open_account
from heitje.ledger.errors import BalanceTooLow, KeyReused, NotYourAccount, TransferImpossible
from heitje.ledger.models import AccountKind, TransferKind
from heitje.ledger.proof import prove_books, supply_of
from heitje.ledger.statement import entries_of
from tests.fixtures.databases import Database
from tests.ledger.books import Books


def test_a_reward_moves_from_reservation_to_wallet_and_both_statements_show_it(books: Books) -> None:
    line = books.line(funded_cents=100_00)
    citizen_id, wallet_id = books.citizen()
    with books.databases.as_tenant(line.tenant_id) as session:
        books.post(session, TransferKind.RESERVE, line.budget_id, line.reserved_id, 40_00)
        transfer = books.post(session, TransferKind.REWARD, line.reserved_id, wallet_id, 12_50)

    assert (transfer.source_balance_cents, transfer.target_balance_cents) == (27_50, 12_50)
    with books.databases.as_citizen(citizen_id) as session:
        entries = entries_of(session, wallet_id)
        assert [(entry.amount_cents, entry.balance_cents, entry.seq) for entry in entries] == [(12_50, 12_50, 1)]
        assert balance_of(session, wallet_id) == 12_50


def test_the_same_key_again_moves_nothing_and_returns_the_first_transfer(books: Books) -> None:
    line = books.line()
    first = books.mint(line, 10_00, key="funding:1")
    again = books.mint(line, 10_00, key="funding:1")

    assert again.repeated
    assert again.id == first.id
    assert books.balance(line.budget_id) == 10_00


def test_the_same_key_for_another_amount_is_refused(books: Books) -> None:
    line = books.line()
    books.mint(line, 10_00, key="funding:2")
    with pytest.raises(KeyReused):
        books.mint(line, 10_01, key="funding:2")


def test_nobody_spends_more_than_there_is(books: Books) -> None:
    line = books.line(funded_cents=5_00)
    with pytest.raises(BalanceTooLow) as refused, books.databases.as_tenant(line.tenant_id) as session:
        books.post(session, TransferKind.RESERVE, line.budget_id, line.reserved_id, 5_01)
    assert refused.value.facts == {"balance_cents": 5_00, "amount_cents": 5_01}


@pytest.mark.parametrize("thief", ["another tenant", "a citizen", "a shop", "a visitor"])
def test_money_is_taken_only_by_whom_it_belongs_to(books: Books, thief: str) -> None:
    line = books.line(funded_cents=50_00)
    session_of = {
        "another tenant": lambda: books.databases.as_tenant(books.tenant()),
        "a citizen": lambda: books.databases.as_citizen(books.citizen()[0]),
        "a shop": lambda: books.databases.as_shop(books.shop()[0]),
        "a visitor": books.databases.as_visitor,
    }[thief]
    with pytest.raises(NotYourAccount), session_of() as session:
        books.post(session, TransferKind.RESERVE, line.budget_id, line.reserved_id, 1)
    assert books.balance(line.budget_id) == 50_00


def test_a_refusal_does_not_tell_a_stranger_how_much_is_there(books: Books) -> None:
    line = books.line(funded_cents=50_00)
    with pytest.raises(NotYourAccount) as refused, books.databases.as_tenant(books.tenant()) as session:
        books.post(session, TransferKind.RESERVE, line.budget_id, line.reserved_id, 50_01)
    assert refused.value.facts == {}


def test_the_application_cannot_mint(books: Books) -> None:
    line = books.line()
    with pytest.raises(NotYourAccount), books.databases.as_tenant(line.tenant_id) as session:
        books.post(session, TransferKind.MINT, books.treasury_id, line.budget_id, 1_00)


def test_money_goes_only_the_ways_there_are(books: Books) -> None:
    line, other = books.line(funded_cents=50_00), books.line()
    _, wallet_id = books.citizen()
    with pytest.raises(TransferImpossible), books.databases.as_tenant(line.tenant_id) as session:
        books.post(session, TransferKind.REWARD, line.budget_id, wallet_id, 1_00)
    with pytest.raises(TransferImpossible), books.databases.as_tenant(line.tenant_id) as session:
        books.post(session, TransferKind.RESERVE, line.budget_id, other.reserved_id, 1_00)


@pytest.mark.parametrize("amount", [0, -1, -(2**63)])
def test_an_amount_is_above_zero(books: Books, amount: int) -> None:
    line = books.line(funded_cents=50_00)
    with pytest.raises(TransferImpossible), books.databases.as_tenant(line.tenant_id) as session:
        books.post(session, TransferKind.RESERVE, line.budget_id, line.reserved_id, amount)


def test_another_scheme_s_money_never_meets(books: Books) -> None:
    line = books.line(funded_cents=50_00)
    play = Books(books.databases)
    with books.databases.as_tenant(line.tenant_id) as session:
        playground = open_account(
            session,
            AccountKind.RESERVED,
            scheme_id=play.scheme_id,
            tenant_id=line.tenant_id,
            budget_line_id=line.line_id,
        )
    with pytest.raises(NotYourAccount), books.databases.as_tenant(line.tenant_id) as session:
        books.post(session, TransferKind.RESERVE, line.budget_id, playground, 1_00)


def test_no_column_of_money_is_a_float(database: Database) -> None:
    with psycopg.connect(database.superuser_url) as connection:
        columns = connection.execute(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = 'public' and column_name like '%cents%'"
        ).fetchall()
    assert len(columns) > 20
    assert {data_type for _, _, data_type in columns} <= {"bigint", "integer"}


@pytest.mark.parametrize("table", ["ledger_entries", "ledger_transfers", "audit_events", "ledger_entries_default"])
@pytest.mark.parametrize("act", ["update {} set at = now()", "delete from {}", "truncate {}"])
@pytest.mark.parametrize("role", ["app", "operator", "owner"])
def test_history_is_never_rewritten(books: Books, database: Database, table: str, act: str, role: str) -> None:
    books.line(funded_cents=1_00)
    url = {"app": database.app_url, "operator": database.operator_url, "owner": database.superuser_url}[role]
    with psycopg.connect(url) as connection:
        if role == "owner":
            connection.execute("set role heitje_owner")
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.DatabaseError)) as refused:
            connection.execute(act.format(table))  # type: ignore[arg-type]
        assert refused.value.sqlstate in {"42501", "HJ090"}


def test_balances_are_written_by_the_posting_function_only(books: Books) -> None:
    line = books.line(funded_cents=1_00)
    with pytest.raises(DBAPIError, match="permission denied"), books.databases.as_tenant(line.tenant_id) as session:
        session.execute(text("update ledger_accounts set balance_cents = 1000000"))
    with pytest.raises(DBAPIError, match="permission denied"), books.databases.across_tenants() as session:
        session.execute(text("update ledger_accounts set balance_cents = 1000000"))


def test_supply_is_what_was_funded_less_what_was_redeemed(books: Books) -> None:
    line = books.line(funded_cents=80_00)
    _, wallet_id = books.citizen()
    with books.databases.as_tenant(line.tenant_id) as session:
        books.post(session, TransferKind.RESERVE, line.budget_id, line.reserved_id, 30_00)
        books.post(session, TransferKind.REWARD, line.reserved_id, wallet_id, 30_00)
    with books.databases.across_tenants() as session:
        supply = supply_of(session, books.scheme_id)
    assert (supply.funded_cents, supply.outstanding_cents, supply.pool_cents) == (80_00, 80_00, 80_00)
    assert supply.treasury_cents == -80_00


def test_a_flipped_amount_is_found_and_named(books: Books, database: Database) -> None:
    line = books.line(funded_cents=7_00)
    with books.databases.across_tenants() as session:
        assert prove_books(session).holds
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("update ledger_entries set amount_cents = 9 where account_id = %s", [line.budget_id])
        connection.commit()
    with books.databases.across_tenants() as session:
        differences = prove_books(session).differences
    assert any(f"account {line.budget_id} " in difference for difference in differences)
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("update ledger_entries set amount_cents = 700 where account_id = %s", [line.budget_id])


def test_an_account_is_opened_once_for_its_owner_only(books: Books) -> None:
    citizen_id, wallet_id = books.citizen()
    with books.databases.as_citizen(citizen_id) as session:
        again = open_account(session, AccountKind.WALLET, scheme_id=books.scheme_id, citizen_id=citizen_id)
    assert again == wallet_id
    with pytest.raises(NotYourAccount), books.databases.as_citizen(uuid4()) as session:
        open_account(session, AccountKind.WALLET, scheme_id=books.scheme_id, citizen_id=citizen_id)
