# SPDX-License-Identifier: EUPL-1.2
"""T3: who may use each route. A route that is missing here fails the sweep: nothing is open by default."""

AUDIENCES: dict[str, str] = {
    name: audience
    for audience, names in {
        "public": """
            operator.door sign_up.find_portal sign_up.landing sign_up.new
            api_docs citizen.about citizen.accessibility citizen.check_code citizen.chore citizen.chore_map
            citizen.chores citizen.code citizen.pay citizen.privacy citizen.send_code citizen.shop
            citizen.shops citizen.sign_in citizen.sign_out health.live health.ready openapi_document
            portal.sign_in portal.sign_out portal_sign_in.leave_as_founder portal_sign_in.leave_as_member
            portal_sign_in.return_as_member portal_sign_in.return_from_platform stripe_webhook.receive
            tariffs.Tariffs till.check_code till.choose_shop till.code till.go_to_shop till.send_code
            till.sign_in till.sign_out web.favicon web.language web.manifest web.offline web.older_version
            web.service_worker web.theme
        """,
        "citizen": """
            citizen.own_photo
            citizen.begin citizen.change_profile citizen.claim citizen.claim_from_mail citizen.confirm
            citizen.get_to_know citizen.hand_in citizen.messages citizen.my_chore citizen.my_chores
            citizen.own_data citizen.profile citizen.read_messages citizen.receipt citizen.shown_request
            citizen.wallet citizen.welcome citizen.withdraw citizen.ask_vetting citizen.withdraw_vetting
        """,
        "member": """
            portal.agreement portal.approve portal.approve_many portal.ask portal.block portal.budget
            portal.budget_line portal.chore portal.chores portal.chores_download portal.claim portal.close
            portal.contacts portal.dashboard portal.department portal.departments portal.edit_chore
            portal.evidence_photo portal.freeze portal.fund portal.funding portal.funding_state portal.go_live
            portal.history portal.invite portal.invite_again portal.invoice portal.invoices portal.kit
            portal.kits portal.member portal.members portal.new_chore portal.new_kit portal.new_line
            portal.new_pickup_point portal.new_provider portal.own_account portal.pause portal.pay_again
            portal.pickup_point portal.provider portal.publish portal.queue portal.reject portal.resume
            portal.settings portal.upload portal.upload_confirm portal.upload_example
            portal.accept_person portal.invite_to_meet portal.refuse_person portal.revoke_person portal.vetting
            portal.vettings
        """,
        "shop": """
            till.block_staff till.name_staff till.own_staff till.unblock_staff
            till.account till.ask till.ask_for_euros till.cancel till.cash_out till.change_account
            till.edit_shop till.keypad till.month_as_csv till.outcome till.own_shop till.payment till.refund
            till.save_shop till.shown_request till.takings
        """,
        "operator": """
            admin_audit.AuditEvents admin_billing.AdminTariffs admin_billing.Invoices admin_billing.OneInvoice
            admin_billing.Transfer admin_billing.UnexpectedEvents admin_billing.Usage admin_books.BooksProof
            admin_books.BudgetLines admin_operators.Me admin_operators.Operators admin_schemes.CapRules
            admin_schemes.Coverage admin_schemes.Schemes admin_tenants.OneTenant admin_tenants.TenantDecisions
            admin_tenants.Tenants admin_bridge.BridgeState admin_payouts.BankBookings admin_payouts.BankStatements
            admin_payouts.OnePayoutBatch admin_payouts.PayoutBatchFile admin_payouts.PayoutBatchRelease
            admin_payouts.PayoutBatchWithdrawal admin_payouts.PayoutBatches admin_shops.ShopResumption
            admin_shops.ShopSuspension admin_shops.Shops admin_shops.Spending
        """,
    }.items()
    for name in names.split()
}
"""Endpoint -> public, citizen, member (of the tenant in the address), shop or operator."""
