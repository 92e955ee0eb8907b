//! Whose deals an API user may see and touch, on whose behalf, and what a list is asked for.

use escrow::deposit::Purpose;
use escrow::{DealId, Payee, Time};
use escrow_nalogka::{
    ApiError, Bound, Call, DealFilter, DealRow, DealStatus, ErrorKind, Incoming, ListDeals, Request, Route,
    Test,
};

use super::*;

fn other_market() -> ApiUser {
    ApiUser { id: text("other-api"), ..market_user() }
}

fn generous_shop() -> ApiUser {
    ApiUser { kind: UserKind::Shop { profile: text("boris"), cancels_for_buyers: true }, ..shop_user() }
}

fn market() -> World {
    let mut request = order();
    request["buyer_profile_id"] = json!("anna");
    request["seller_profile_id"] = json!("boris");
    created(&market_user(), &request, Some("anna"))
}

/// What the host knows of a deal that this user created.
fn host_of(user: &ApiUser) -> HostData {
    HostData { api_user: Some(user.id.clone()), ..HostData::new(user.workflow()) }
}

fn caller(
    user: &ApiUser,
    route: Route,
    w: &World,
    host: &HostData,
    initiator: Option<&str>,
) -> Result<(String, Option<String>), ApiError> {
    let caller = user.caller_of(route, &w.deal, host, initiator.map(text).as_ref())?;
    let via = caller.via.as_deref().map(str::to_owned);
    Ok((escrow_nalogka::Initiator(caller.actor).to_string(), via))
}

const ABOUT_A_DEAL: [Route; 15] = [
    Route::Get,
    Route::Update,
    Route::Cancel,
    Route::ConfirmAcceptation,
    Route::PerformingStart,
    Route::PerformingStop,
    Route::SetTrack,
    Route::GetTrack,
    Route::RemoveTrack,
    Route::AddAttachments,
    Route::Events,
    Route::DepositForm,
    Route::PaymentForm,
    Route::AddPayment,
    Route::Payments,
];

/// Another marketplace cannot cancel a deal, see it, or learn that there is one: by no call, whomever it names.
#[test]
fn another_api_user_is_told_of_no_deal() {
    let w = market();
    let host = host_of(&market_user());
    assert!(market_user().owns(&host) && !other_market().owns(&host));
    for route in ABOUT_A_DEAL {
        for initiator in [None, Some("anna"), Some("boris"), Some("eve")] {
            for stranger in [other_market(), shop_user()] {
                let error = caller(&stranger, route, &w, &host, initiator).unwrap_err();
                assert_eq!(
                    (error.kind, error.message.as_str()),
                    (ErrorKind::NotFound, "there is no such deal")
                );
            }
        }
    }
    // a deal whose creator nobody has kept is nobody's
    let nobodys = HostData::new(Workflow::Marketplace);
    assert!(caller(&market_user(), Route::Cancel, &w, &nobodys, Some("anna")).is_err());
    // and the journal itself says who created it
    let mut noted = HostData::new(Workflow::Marketplace);
    let mut first = envelopes(&w)[0].clone();
    first.via = Some(text("market-api"));
    noted.note(&first);
    assert!(market_user().owns(&noted));
}

/// `initiator_profile_id` is held against the deal's parties in every call.
#[test]
fn an_initiator_is_a_party_of_the_deal() {
    let w = market();
    let host = host_of(&market_user());
    for route in ABOUT_A_DEAL {
        let by = |initiator| caller(&market_user(), route, &w, &host, initiator);
        for party in ["anna", "boris"] {
            assert_eq!(by(Some(party)), Ok((party.to_owned(), Some("market-api".to_owned()))));
        }
        assert_eq!(by(Some("eve")).unwrap_err().kind, ErrorKind::AccessDenied);
        // since 1.1.0 details and events need none; an update is the marketplace's own, as the creation is
        let named_nobody = by(None);
        if route.needs_no_initiator() {
            assert_eq!(named_nobody.unwrap().0, "@operator:market-api");
        } else {
            let error = named_nobody.unwrap_err();
            assert_eq!(error.kind, ErrorKind::AccessDenied);
            assert!(error.message.contains("initiator_profile_id"));
        }
    }
    assert!(Route::Get.needs_no_initiator() && Route::Events.needs_no_initiator());
    assert!(!Route::Cancel.needs_no_initiator() && !Route::DepositForm.needs_no_initiator());
}

/// A shop acts as its own profile. In the buyer's name it only cancels, and only where that is agreed.
#[test]
fn a_shop_acts_as_itself() {
    let w = created(&shop_user(), &order(), None);
    let host = host_of(&shop_user());
    for route in ABOUT_A_DEAL {
        for user in [shop_user(), generous_shop()] {
            for initiator in [None, Some("boris")] {
                let (who, via) = caller(&user, route, &w, &host, initiator).unwrap();
                assert_eq!((who.as_str(), via.as_deref()), ("boris", Some("shop-api")));
            }
            assert_eq!(
                caller(&user, route, &w, &host, Some("eve")).unwrap_err().kind,
                ErrorKind::AccessDenied
            );
        }
        assert_eq!(
            caller(&shop_user(), route, &w, &host, Some("anna")).unwrap_err().kind,
            ErrorKind::AccessDenied
        );
        let agreed = caller(&generous_shop(), route, &w, &host, Some("anna"));
        assert_eq!(agreed.is_ok(), route == Route::Cancel, "{route:?}");
    }
}

/// Cancelled on the shop's pages for the buyer: the buyer bears what was incurred, as on the service's own page. The shop's
/// own cancellation gives everything back.
#[test]
fn a_cancellation_for_the_buyer_costs_what_the_buyers_own_costs() {
    // 3 360 are paid, of which the delivery of 300 is incurred; the commission of 120 is returned
    for (initiator, refund, payout) in [(Some("anna"), 3_060_00, 300_00), (None, 3_360_00, 0)] {
        let mut w = created(&generous_shop(), &order(), None);
        w.pay(B, 3_360_00);
        w.act(&seller(), IncurCost::new(0, text("waybill")));
        let host = host_of(&generous_shop());
        let named = initiator.map(text);
        let by = generous_shop().caller_of(Route::Cancel, &w.deal, &host, named.as_ref()).unwrap();
        call(&mut w, &by, &Call::Cancel { comment: text("") }.command());
        w.done_all();
        assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), refund);
        assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), payout);
        // the journal has in whose name, and by whose call
        let cancelled =
            envelopes(&w).into_iter().find(|e| matches!(e.event, escrow::deal::Event::Cancelled { .. }));
        let cancelled = cancelled.unwrap();
        assert_eq!(cancelled.via.as_deref(), Some("shop-api"));
        assert_eq!(cancelled.actor, if initiator.is_some() { buyer() } else { seller() });
    }
}

/// Everybody sees their own requisites: a shop its profile's, a marketplace those of whom it acts for.
#[test]
fn a_requisite_is_shown_to_its_owner_only() {
    let sees = |user: &ApiUser, owner: &str, initiator: Option<&str>| {
        let query = initiator.map(|id| format!("?initiator_profile_id={id}")).unwrap_or_default();
        let target = format!("/deposit/requisites/{owner}/card{query}");
        let call = Incoming::read("GET", &target, b"").unwrap();
        assert_eq!(call.request, Request::Requisite { owner: text(owner), id: text("card") });
        call.alone(user).map_err(|error| error.kind)
    };
    let denied = Err(ErrorKind::AccessDenied);
    for (initiator, owner, answer) in [
        (Some("anna"), "anna", Ok(None)),
        (Some("anna"), "boris", denied.clone()),
        (Some("eve"), "boris", denied.clone()),
        (None, "boris", denied.clone()),
    ] {
        assert_eq!(sees(&market_user(), owner, initiator), answer, "{initiator:?} {owner}");
    }
    // not even one that cancels for its buyers sees what a buyer pays with
    for user in [shop_user(), generous_shop()] {
        assert_eq!(sees(&user, "boris", None), Ok(None));
        assert_eq!(sees(&user, "boris", Some("boris")), Ok(None));
        assert_eq!(sees(&user, "boris", Some("anna")), denied);
        assert_eq!(sees(&user, "anna", Some("anna")), denied);
        assert_eq!(sees(&user, "anna", None), denied);
    }
    // an id is one in the path as it is elsewhere
    let call =
        Incoming::read("GET", "/deposit/requisites/%D1%8F/a%2Fb+c?initiator_profile_id=%D1%8F", b"").unwrap();
    assert_eq!(call.request, Request::Requisite { owner: text("я"), id: text("a/b+c") });
    assert_eq!(call.alone(&market_user()), Ok(None));
    for none in ["/deposit/requisites/%zz/card", "/deposit/requisites/anna/%0A"] {
        assert_eq!(Incoming::read("GET", none, b"").unwrap_err().kind, ErrorKind::NotFound);
    }
}

// --- lists ---

fn row(w: &World, user: &ApiUser, id: u128) -> DealRow {
    let row = DealRow::of(&w.deal, &host_of(user)).unwrap();
    DealRow { id: DealId::new(uuid::Uuid::from_u128(id)), ..row }
}

/// A paid deal, a new one that was created an hour later, the shop's, and another marketplace's.
fn rows() -> [DealRow; 4] {
    let mut paid = market();
    paid.pass(DAY).pay(B, 3_360_00);
    let new = market();
    let shops = created(&shop_user(), &order(), None);
    let mut rows = [
        row(&paid, &market_user(), 1),
        row(&new, &market_user(), 2),
        row(&shops, &shop_user(), 3),
        row(&paid, &other_market(), 4),
    ];
    rows[1].created_at = after(HOUR);
    rows[1].order_id = Some(text("4128"));
    rows[1].buyer_profile_id = text("olga");
    rows
}

/// Every condition that the list knows, by hand.
#[test]
fn a_list_is_conditions_on_columns() {
    let rows = rows();
    assert_eq!((rows[0].status, rows[0].status_updated_at), (DealStatus::AwaitingPerformance, after(DAY)));
    let ids = [1, 2, 3, 4].map(|id| DealId::new(uuid::Uuid::from_u128(id)));
    let found = |request: &ListDeals| -> Vec<usize> {
        let filter = market_user().filter(request).unwrap();
        let own = rows.iter().filter(|row| filter.matches(row));
        own.inspect(|row| assert!(market_user().lists(row)))
            .map(|row| ids.iter().position(|id| *id == row.id).unwrap() + 1)
            .collect()
    };
    let all = ListDeals::default;
    assert_eq!(found(&all()), [1, 2], "nobody else's");
    let status = |words: &str| ListDeals { status: Some(text(words)), ..all() };
    assert_eq!(found(&status("awaiting_performance")), [1]);
    assert_eq!(found(&status("awaiting_deposit, awaiting_performance")), [1, 2]);
    assert!(found(&status("disputed")).is_empty());
    assert_eq!(market_user().filter(&status("paid")).unwrap_err().path(), Some("status"));
    // from is in, to is out
    let at = after(DAY);
    assert_eq!(found(&ListDeals { status_updated_at_from: Some(at), ..all() }), [1]);
    assert_eq!(found(&ListDeals { status_updated_at_to: Some(at), ..all() }), [2]);
    assert_eq!(found(&ListDeals { created_at_from: Some(after(HOUR)), ..all() }), [2]);
    assert_eq!(found(&ListDeals { created_at_to: Some(after(HOUR)), ..all() }), [1]);
    assert_eq!(found(&ListDeals { updated_at_from: Some(at), ..all() }), [1]);
    assert_eq!(found(&ListDeals { updated_at_to: Some(at), ..all() }), [2]);
    assert_eq!(found(&ListDeals { order_id: Some(text("4128")), ..all() }), [2]);
    assert_eq!(found(&ListDeals { buyer_profile_id: Some(text("anna")), ..all() }), [1]);
    assert_eq!(found(&ListDeals { seller_profile_id: Some(text("boris")), ..all() }), [1, 2]);
    assert!(found(&ListDeals { seller_profile_id: Some(text("anna")), ..all() }).is_empty());
    // on behalf of somebody: the deals that they buy or sell in
    let of = |who: &str| ListDeals { initiator_profile_id: Some(text(who)), ..all() };
    assert_eq!([found(&of("anna")), found(&of("olga")), found(&of("boris"))], [vec![1], vec![2], vec![1, 2]]);
    assert!(found(&of("eve")).is_empty());
    assert_eq!(found(&ListDeals { buyer_profile_id: Some(text("olga")), ..of("boris") }), [2]);
    // a shop acts as its own profile only
    assert!(shop_user().filter(&of("boris")).unwrap().matches(&rows[2]));
    assert_eq!(shop_user().filter(&of("anna")).unwrap_err().kind, ErrorKind::AccessDenied);
}

/// The text, as SQLite runs it, finds what the conditions say.
#[test]
fn a_list_is_what_sqlite_finds() {
    use rusqlite::types::Value::{Integer, Text};
    let db = rusqlite::Connection::open_in_memory().unwrap();
    db.execute_batch(
        "CREATE TABLE deals (id TEXT, api_user TEXT, order_id TEXT, buyer_profile_id TEXT, seller_profile_id TEXT,
         status TEXT, status_updated_at INTEGER, created_at INTEGER, updated_at INTEGER)",
    )
    .unwrap();
    let mut rows = rows().to_vec();
    // whose creator nobody has kept
    rows.push(DealRow { id: DealId::new(uuid::Uuid::from_u128(5)), api_user: None, ..rows[0].clone() });
    for row in &rows {
        let texts = (row.id.to_string(), row.api_user.as_deref(), row.order_id.as_deref());
        let (buyer, seller) = (row.buyer_profile_id.as_str(), row.seller_profile_id.as_str());
        let times = [row.status_updated_at, row.created_at, row.updated_at].map(Time::millis);
        let status = row.status.as_str();
        db.execute(
            "INSERT INTO deals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            (texts.0, texts.1, texts.2, buyer, seller, status, times[0], times[1], times[2]),
        )
        .unwrap();
    }
    let all = ListDeals::default;
    let at = Some(after(DAY));
    for (request, found) in [
        (all(), &[1_u128, 2][..]),
        (ListDeals { status: Some(text("awaiting_performance,disputed")), ..all() }, &[1]),
        (ListDeals { status_updated_at_from: at, ..all() }, &[1]),
        (ListDeals { status_updated_at_to: at, ..all() }, &[2]),
        (ListDeals { created_at_from: Some(after(HOUR)), updated_at_to: at, ..all() }, &[2]),
        (ListDeals { order_id: Some(text("4127' OR 1=1")), ..all() }, &[]),
        (ListDeals { initiator_profile_id: Some(text("boris")), ..all() }, &[1, 2]),
        (
            ListDeals {
                initiator_profile_id: Some(text("olga")),
                status: Some(text("performing,awaiting_deposit")),
                order_id: Some(text("4128")),
                buyer_profile_id: Some(text("olga")),
                seller_profile_id: Some(text("boris")),
                status_updated_at_from: Some(start()),
                ..all()
            },
            &[2],
        ),
    ] {
        let filter = market_user().filter(&request).unwrap();
        let (sql, values) = filter.to_sql();
        let values = values.into_iter().map(|value| match value {
            Bound::Text(text) => Text(text),
            Bound::Time(at) => Integer(at.millis()),
        });
        let mut query = db.prepare(&format!("SELECT id FROM deals WHERE {sql} ORDER BY id")).unwrap();
        let ids = query.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(0)).unwrap();
        let ids: Vec<_> = ids.map(Result::unwrap).collect();
        let expected = found.iter().map(|id| DealId::new(uuid::Uuid::from_u128(*id)).to_string());
        assert_eq!(ids, expected.collect::<Vec<_>>(), "{sql}");
        let matching = rows.iter().filter(|row| filter.matches(row)).map(|row| row.id.to_string());
        assert_eq!(ids, matching.collect::<Vec<_>>(), "{sql}");
    }
}

/// What a store runs is those conditions, with no value in the text.
#[test]
fn a_list_is_sql() {
    let request = ListDeals {
        status: Some(text("performing,disputed")),
        status_updated_at_from: Some(start()),
        order_id: Some(text("4127' OR 1=1")),
        initiator_profile_id: Some(text("anna")),
        ..ListDeals::default()
    };
    let filter = market_user().filter(&request).unwrap();
    let (sql, values) = filter.to_sql();
    assert_eq!(
        sql,
        "api_user IN ($1) AND status IN ($2, $3) AND order_id IN ($4) \
         AND (buyer_profile_id IN ($5) OR seller_profile_id IN ($5)) AND status_updated_at >= $6"
    );
    assert_eq!(values.len(), 6);
    assert_eq!(values[5], Bound::Time(start()));
    // every column is a field of the row
    let row = serde_json::to_value(row(&market(), &market_user(), 1)).unwrap();
    for condition in filter.conditions() {
        for column in &condition.columns {
            assert!(row.get(column.as_str()).is_some(), "{condition:?}");
        }
        if let Test::OneOf(all) = &condition.test {
            assert!(!all.is_empty());
        }
    }
    assert_eq!(DealFilter::of(&request, text("market-api")), Ok(filter));
}

/// The end of the tracking is no status of its own there: the column does not move.
#[test]
fn a_row_moves_with_the_status_on_the_wire() {
    let mut w = market();
    w.pay(B, 3_360_00);
    w.act(&seller(), set_track("A"));
    w.pass(HOUR).act(&tracker(), checkpoint("A", "1", CheckpointKind::Progress, after(HOUR)));
    let moved = row(&w, &market_user(), 1);
    w.pass(HOUR).act(&tracker(), checkpoint("A", "2", CheckpointKind::Final, after(2 * HOUR)));
    let there = row(&w, &market_user(), 1);
    assert_eq!((moved.status, moved.status_updated_at), (DealStatus::Performing, after(HOUR)));
    assert_eq!((there.status, there.status_updated_at), (DealStatus::Performing, after(HOUR)));
    assert_eq!((moved.updated_at, there.updated_at), (after(HOUR), after(2 * HOUR)));
}
