"""The test cases of the six pipelines."""

from __future__ import annotations

from sample_reports.story.cast import JOURNEYS_ROOT
from sample_reports.story.dice import Dice
from sample_reports.story.records import Case

# area class | services | tests
_HOURLY = """
checkout CheckoutIT | web cart orders payments vault | pays_with_saved_card pays_with_new_card
checkout CheckoutIT | web cart orders payments | applies_voucher_then_pays keeps_cart_after_declined_card
checkout CheckoutIT | web payments vault | lists_saved_cards
checkout CheckoutIT | web cart pricing | shows_total_with_shipping
checkout GuestCheckoutIT | web cart orders payments vault | guest_pays_by_card
checkout GuestCheckoutIT | web orders payments ledger | guest_pays_on_invoice
checkout GuestCheckoutIT | web orders | guest_reads_terms
checkout MobileCheckoutIT | mobile-bff orders payments | mobile_pays_with_saved_card mobile_pays_with_wallet
checkout MobileCheckoutIT | mobile-bff cart | mobile_resumes_basket
returns RefundIT | web orders payments vault | refunds_an_order refunds_part_of_an_order
returns RefundIT | web orders | rejects_late_refund
returns RefundIT | orders inventory | restocks_returned_item
subscriptions RenewalIT | web orders payments vault | renews_with_stored_card
subscriptions RenewalIT | orders payments ledger | retries_declined_renewal
subscriptions RenewalIT | orders | skips_paused_subscription
cart CartMergeIT | cart pricing | merges_guest_cart_on_login keeps_quantity_on_merge
cart CartMergeIT | cart inventory | drops_sold_out_items
cart CartPriceIT | web cart pricing catalog | reprices_after_price_change applies_bulk_discount
cart CurrencySwitchIT | cart pricing | switches_to_euro rounds_to_minor_unit
stock ReservationIT | orders inventory | reserves_stock_on_order releases_stock_on_cancel splits_order_by_warehouse
stock ReservationIT | web orders inventory | rejects_oversold_item
stock AvailabilityIT | web cart inventory | shows_low_stock
stock AvailabilityIT | web catalog | hides_discontinued_item
discovery SearchIT | web search catalog | finds_by_title finds_by_brand_and_colour corrects_a_typo
discovery SearchIT | mobile-bff catalog | mobile_finds_by_barcode
discovery ProductPageIT | web catalog pricing | opens_product_page lists_new_arrivals
discovery ProductPageIT | web catalog search | shows_related_products
account OrderHistoryIT | web orders | lists_only_own_orders filters_by_year
account OrderHistoryIT | orders payments ledger | opens_invoice
account SignUpIT | web mailer | signs_up_with_mail_link rejects_weak_password
account SignUpIT | web | signs_up_with_social_login
messages ReceiptIT | orders mailer | sends_receipt_within_a_minute sends_cancellation_notice
"""

_NIGHTLY = """
checkout GiftOptionsIT | web cart orders | wraps_as_gift adds_greeting_card hides_prices_on_slip ships_to_friend
checkout CrossBorderIT | web orders pricing | shows_duty_estimate blocks_embargoed_country converts_at_daily_rate
checkout CrossBorderIT | web orders payments | charges_in_home_currency
checkout DeliverySlotIT | web orders | offers_evening_slot keeps_slot_for_ten_minutes frees_slot_on_timeout
checkout DeliverySlotIT | mobile-bff orders | mobile_changes_slot mobile_picks_locker
returns ExchangeIT | web orders inventory | offers_other_colour keeps_price_on_exchange
returns ReturnLabelIT | web orders mailer | mails_label_to_customer prints_label_at_counter label_expires_after_a_month
subscriptions PauseIT | web orders | pauses_for_a_month resumes_early shows_next_delivery
subscriptions PlanChangeIT | orders payments ledger | upgrades_plan_mid_month downgrades_at_period_end
subscriptions PlanChangeIT | orders payments | credits_unused_days
cart SavedForLaterIT | web cart catalog | moves_to_saved_list moves_back_to_cart warns_when_price_rose
cart CouponStackIT | cart pricing | stacks_two_coupons refuses_third_coupon drops_expired_coupon keeps_best_coupon
cart BundleIT | cart pricing catalog | prices_bundle_as_a_whole splits_bundle_on_partial_return
stock BackorderIT | orders inventory | accepts_backorder promises_restock_date cancels_unfilled_backorder
stock TransferIT | inventory | moves_between_warehouses keeps_count_during_move audits_each_move
discovery FacetIT | web search catalog | narrows_by_size narrows_by_price clears_all_filters counts_hits_per_facet
discovery RankingIT | search catalog | puts_bestsellers_first demotes_sold_out respects_pinned_results
account AddressBookIT | web orders | adds_second_address validates_postcode sets_default_address
account ConsentIT | web mailer | stores_consent withdraws_consent exports_personal_data
account PasswordIT | web mailer | resets_by_mail locks_after_five_attempts
messages ReminderIT | cart mailer | reminds_of_left_cart stops_after_purchase respects_quiet_hours
messages PushIT | mobile-bff mailer | pushes_shipping_notice groups_notices
legacy GiftCardBalanceIT | web payments ledger | shows_balance_after_partial_use
"""

_NEWCOMER = "returns ExchangeIT | web orders inventory | exchanges_for_other_size"

_PLAYWRIGHT = """
home.spec | web catalog | shows promo banner; opens mega menu; remembers cookie choice
basket.spec | web cart | adds from product tile; updates quantity inline; undoes removal
signin.spec | web | signs in with passkey; shows caps lock hint; signs out everywhere
finder.spec | web search | suggests while typing; opens filters as sheet; keeps scroll position
"""

_PAYMENTS = """
ChargeServiceTest: charges_once_per_key rejects_zero_amount maps_decline_codes stores_authorisation expires_hold
RefundServiceTest: refunds_full_amount refunds_in_parts refuses_second_refund books_fee_separately
TokenClientTest: sends_merchant_header retries_on_reset caches_for_a_minute refuses_plain_numbers
LedgerPostingTest: posts_both_sides balances_to_zero reverses_on_void batches_by_day
CurrencyTest: knows_minor_units rejects_unknown_code formats_for_receipt
WebhookTest: verifies_signature ignores_duplicates answers_within_deadline orders_by_sequence
SettlementTest: groups_by_acquirer closes_at_midnight carries_remainder
FraudRulesTest: flags_velocity allows_known_device asks_for_challenge
"""
_PRICING = """
test_rounding: test_order_total_is_rounded_once test_vat_is_split_per_rate test_half_cent_goes_up
test_discounts: test_percent_before_fixed test_cap_at_sixty_percent test_no_negative_price test_bulk_steps
test_taxes: test_reduced_rate_for_books test_export_is_free_of_tax test_rate_by_delivery_country
test_coupons: test_coupon_needs_minimum test_coupon_once_per_customer test_coupon_expires_at_midnight
test_quotes: test_quote_is_valid_for_an_hour test_quote_survives_price_change test_quote_has_currency
test_bundles: test_bundle_price_is_lowest test_bundle_split_adds_up test_bundle_without_stock
test_api: test_unknown_product_is_404 test_batch_keeps_order test_etag_changes_with_price test_health
"""
_WEB = """
CartSummary: renders the total; hides empty rows; announces changes; keeps focus on removal
CheckoutForm: validates the postcode; masks the card number; disables the button while sending; restores a draft
ProductTile: shows the lowest price; lazy loads the picture; marks new arrivals
SearchBox: debounces typing; closes on escape; keeps the last query; highlights the match
SessionStore: refreshes before expiry; shares a refresh between tabs; clears on sign out
PriceFormatter: formats euro; formats yen without cents; falls back to the code
Router: redirects old links; keeps the hash; guards account pages
"""
_SEARCH = """
query parser: keeps quoted phrases; drops stop words; limits the length; reads the colon syntax
ranking: prefers exact titles; decays with age; ignores sold out boosts; breaks ties by name
indexer: skips unchanged products; removes deleted products; splits large batches; resumes after a crash
synonyms: expands both ways; keeps brand names; survives a loop
typo model: fixes one letter; leaves codes alone; prefers frequent words
"""


def _cost(name: str, low: float, high: float) -> float:
    return round(Dice("cost", name).between(low, high), 3)


def _journeys(table: str) -> list[Case]:
    out = []
    for line in table.strip().splitlines():
        left, peers, tests = (part.strip() for part in line.split("|"))
        area, simple = left.split()
        file = f"{JOURNEYS_ROOT}/{area}/{simple}.java"
        classname = f"shop.journeys.{area}.{simple}"
        for name in tests.split():
            out.append(Case(classname, name, file, tuple(peers.split()), _cost(name, 0.8, 14.0)))
    return out


def _playwright() -> list[Case]:
    out = []
    for line in _PLAYWRIGHT.strip().splitlines():
        spec, peers, titles = (part.strip() for part in line.split("|"))
        file = f"journeys/playwright/{spec}.ts"
        names = [t.strip() for t in titles.split(";")]
        out += [Case(f"{spec}.ts", n, file, tuple(peers.split()), _cost(n, 1.0, 6.0)) for n in names]
    return out


def _units(table: str, separator: str, classname: str, file: str) -> list[Case]:
    out = []
    for line in table.strip().splitlines():
        group, _, tests = line.partition(":")
        stem = group.replace(" ", "-")
        for name in filter(None, (t.strip() for t in tests.split(separator))):
            out.append(Case(classname.format(group), name, file.format(stem), (), _cost(name, 0.01, 0.9)))
    return out


HOURLY = _journeys(_HOURLY)
NIGHTLY_ONLY = _journeys(_NIGHTLY)
NEWCOMER = _journeys(_NEWCOMER)[0]
PLAYWRIGHT = _playwright()
PAYMENTS = _units(_PAYMENTS, " ", "shop.payments.{}", "services/payments/src/test/java/shop/payments/{}.java")
PRICING = _units(_PRICING, " ", "tests.component.{}", "services/pricing/tests/component/{}.py")
WEB = _units(_WEB, ";", "{}", "services/web/src/{}.test.ts")
SEARCH = _units(_SEARCH, ";", "{}", "services/search/src/{}.test.ts")


def case_named(name: str) -> Case:
    """The test case with this name.

    Raises:
        KeyError: if there is none.
    """
    for case in (*HOURLY, *NIGHTLY_ONLY, NEWCOMER, *PLAYWRIGHT, *PAYMENTS, *PRICING, *WEB, *SEARCH):
        if case.name == name:
            return case
    raise KeyError(name)


def names() -> list[str]:
    """Names of classes, areas and tests."""
    every = (*HOURLY, *NIGHTLY_ONLY, NEWCOMER, *PLAYWRIGHT, *PAYMENTS, *PRICING, *WEB, *SEARCH)
    out = {c.name for c in every}
    for c in every:
        out.add(c.classname.rsplit(".", 1)[-1] if " " not in c.classname else c.classname)
        out.add(c.file.rsplit("/", 1)[-1].split(".")[0])
        if ".journeys." in c.classname:
            out.add(c.classname.split(".")[2])
    return sorted(out - {"ts"}) + [c.split(".")[0] for c in ("home.spec", "basket.spec", "signin.spec", "finder.spec")]
