//! The payee: where the money may go, each destination confirmed by a code before it is used.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]

use std::collections::BTreeSet;

use escrow::machine::DecodeError;
use escrow::{Actor, Context, Destination, Machine, Recorded, Time};
use escrow_market::PayeeProfile;
use escrow_market::code::{Attempt, CodeHash, CodePolicy, CodeRejection, PlainCode, Salt};
use escrow_market::payee::command::{
    Add, ChooseDefault, Confirm, ConfirmRegistration, NewCode, NewRegistrationCode, Retire, Unlock, Wake,
};
use escrow_market::payee::{
    Command, CommandKind, Event, Label, LabelError, Parts, Rejection, Requisite, Role, permitted,
};
use proptest::prelude::*;

// --- the usual profile: anna's, with codes by the usual rules ---------------------------------------------------

const RIGHT: &str = "402913";

fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn at(secs: u32) -> Time {
    text::<Time>("2026-03-01T12:00:00Z").plus_secs(secs)
}

fn anna(secs: u32) -> Context {
    Context::party(at(secs), text("anna"))
}

fn olga(secs: u32) -> Context {
    Context::new(at(secs), Actor::Operator(text("olga")))
}

fn hash(code: &str) -> CodeHash {
    CodeHash::new(&PlainCode::new(code).unwrap(), Salt::new([7; 16]))
}

fn profile() -> PayeeProfile {
    registered(&mut Vec::new())
}

fn register(codes: CodePolicy, context: &Context) -> Result<(PayeeProfile, Vec<Recorded<Event>>), Rejection> {
    let (profile, first) = PayeeProfile::register(text("anna"), codes, hash("170395"), context)?;
    Ok((profile, first.into_events().into_vec()))
}

fn confirm_registration(code: u8, number: u8, entered: &str) -> Command {
    let attempt = Attempt { code, number, entered: PlainCode::new(entered).unwrap() };
    ConfirmRegistration { attempt }.into()
}

fn registered(journal: &mut Vec<Recorded<Event>>) -> PayeeProfile {
    let (mut profile, first) = register(CodePolicy::default(), &anna(0)).unwrap();
    journal.extend(first);
    let confirmed = profile.handle(&confirm_registration(1, 1, "170395"), &anna(0)).unwrap();
    journal.extend(confirmed.into_events());
    profile
}

#[test]
fn registration_is_confirmed_by_a_code() {
    let (mut profile, _) = register(CodePolicy::default(), &anna(0)).unwrap();
    assert_eq!(refused(&mut profile, add("card", card(1)), &anna(1)), Rejection::NotConfirmed);
    let events = ok(&mut profile, confirm_registration(1, 1, "999999"), &anna(2));
    assert_eq!(events, [Event::RegistrationCodeRefused { attempts_left: 4 }]);
    assert_eq!(ok(&mut profile, confirm_registration(1, 1, "170395"), &anna(3)), [], "judged before");
    // the mail was lost: another code, 15 minutes later
    let renewed: Command = NewRegistrationCode { number: 2, code: hash("280406") }.into();
    assert_eq!(ok(&mut profile, renewed.clone(), &anna(900)).len(), 1);
    assert_eq!(ok(&mut profile, renewed, &anna(901)), []);
    assert_eq!(refused(&mut profile, confirm_registration(1, 2, "170395"), &anna(902)).code(), "code-other");
    assert_eq!(refused(&mut profile, confirm_registration(2, 1, "280406"), &olga(903)).code(), "wrong-role");
    assert_eq!(
        ok(&mut profile, confirm_registration(2, 1, "280406"), &anna(904)),
        [Event::RegistrationConfirmed {}]
    );
    assert!(profile.is_confirmed());
    assert_eq!(
        refused(&mut profile, confirm_registration(2, 2, "280406"), &anna(905)),
        Rejection::AlreadyConfirmed
    );
    assert_eq!(ok(&mut profile, add("card", card(1)), &anna(906)).len(), 1);
}

fn card(number: u32) -> Destination {
    Destination::Card(text(&format!("vault-{number}")))
}

fn add(id: &str, destination: Destination) -> Command {
    let requisite = Requisite { destination, label: Label::new("•••• 1234").unwrap() };
    Add { id: text(id), requisite, code: Some(hash(RIGHT)) }.into()
}

fn confirm(id: &str, code: u8, number: u8, entered: &str) -> Command {
    let attempt = Attempt { code, number, entered: PlainCode::new(entered).unwrap() };
    Confirm { id: text(id), attempt }.into()
}

fn new_code(id: &str, number: u8, code: &str) -> Command {
    NewCode { id: text(id), number, code: hash(code) }.into()
}

fn choose(id: &str) -> Command {
    ChooseDefault { id: Some(text(id)) }.into()
}

fn retire(id: &str) -> Command {
    Retire { id: text(id) }.into()
}

#[track_caller]
fn ok(profile: &mut PayeeProfile, command: Command, context: &Context) -> Vec<Event> {
    let transition = profile.handle(&command, context).unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert_eq!(profile.check(), Ok(()));
    transition.into_events().into_iter().map(|recorded| recorded.event).collect()
}

#[track_caller]
fn refused(profile: &mut PayeeProfile, command: Command, context: &Context) -> Rejection {
    let before = profile.clone();
    let rejection = profile.handle(&command, context).expect_err("must be refused");
    assert_eq!(*profile, before, "a rejection changes nothing");
    rejection
}

/// With a verified card.
fn verified() -> PayeeProfile {
    let mut profile = profile();
    ok(&mut profile, add("card", card(1)), &anna(0));
    ok(&mut profile, confirm("card", 1, 1, RIGHT), &anna(10));
    profile
}

// --- verifying --------------------------------------------------------------------------------------------------

#[test]
fn a_destination_cannot_be_used_before_its_code_was_entered() {
    let mut profile = profile();
    ok(&mut profile, add("card", card(1)), &anna(0));
    assert_eq!(ok(&mut profile, add("card", card(1)), &anna(1)), [], "again");
    assert_eq!(profile.verified(&text("card")), None);
    assert_eq!(refused(&mut profile, choose("card"), &anna(1)), Rejection::NotVerified);
    let events = ok(&mut profile, confirm("card", 1, 1, "111111"), &anna(2));
    assert_eq!(events, [Event::CodeRefused { id: text("card"), attempts_left: 4 }]);
    assert_eq!(profile.verified(&text("card")), None);
    assert_eq!(ok(&mut profile, confirm("card", 1, 1, RIGHT), &anna(3)), [], "attempt 1 was made");
    let events = ok(&mut profile, confirm("card", 1, 2, RIGHT), &anna(4));
    assert_eq!(events, [Event::Verified { id: text("card") }]);
    assert_eq!(profile.verified(&text("card")), Some(&card(1)));
    assert_eq!(ok(&mut profile, confirm("card", 1, 2, RIGHT), &anna(5)), [], "again");
    assert_eq!((profile.default(), profile.wrong_codes()), (None, 0));
    ok(&mut profile, choose("card"), &anna(6));
    assert_eq!(profile.default(), Some(&card(1)));
}

#[test]
fn a_code_expires_and_is_replaced() {
    let mut profile = profile();
    ok(&mut profile, add("card", card(1)), &anna(0));
    // good while now < 900
    let expired = Rejection::Code(CodeRejection::Expired { expired: at(900) });
    assert_eq!(refused(&mut profile, confirm("card", 1, 1, RIGHT), &anna(900)), expired);
    ok(&mut profile, new_code("card", 2, "777777"), &anna(900));
    assert_eq!(ok(&mut profile, new_code("card", 2, "777777"), &anna(900)), []);
    let other = Rejection::Code(CodeRejection::OtherCode { current: 2 });
    assert_eq!(refused(&mut profile, confirm("card", 1, 1, RIGHT), &anna(901)), other);
    ok(&mut profile, confirm("card", 2, 1, "777777"), &anna(1_799));
    assert!(profile.verified(&text("card")).is_some());
    assert_eq!(
        refused(&mut profile, new_code("card", 3, "123456"), &anna(1_800)),
        Rejection::AlreadyVerified
    );
    // a clock that steps back does not revive a code
    ok(&mut profile, add("wallet", Destination::Wallet(text("vault-9"))), &anna(2_000));
    ok(&mut profile, choose("card"), &anna(3_000));
    let late = refused(&mut profile, confirm("wallet", 1, 1, RIGHT), &anna(2_001));
    assert_eq!(late.code(), "code-expired");
}

#[test]
fn codes_and_attempts_are_bounded() {
    let mut profile = profile();
    ok(&mut profile, add("card", card(1)), &anna(0));
    for code in 1..=3 {
        if code > 1 {
            ok(&mut profile, new_code("card", code, RIGHT), &anna(0));
        }
        for attempt in 1..=5 {
            ok(&mut profile, confirm("card", code, attempt, "000000"), &anna(0));
        }
        let dead = refused(&mut profile, confirm("card", code, 6, RIGHT), &anna(0));
        assert_eq!(dead, Rejection::Code(CodeRejection::Exhausted));
    }
    let many = Rejection::Code(CodeRejection::TooMany { max: 3 });
    assert_eq!(refused(&mut profile, new_code("card", 4, RIGHT), &anna(0)), many);
}

#[test]
fn nobody_goes_on_guessing_by_adding_one_destination_after_another() {
    let mut profile = verified();
    for n in 0..6 {
        let id = format!("guess-{n}");
        ok(&mut profile, add(&id, card(n)), &anna(20));
        for attempt in 1..=5 {
            ok(&mut profile, confirm(&id, 1, attempt, "000000"), &anna(20));
        }
        ok(&mut profile, retire(&id), &anna(20));
    }
    let locked = Rejection::Locked { wrong: 30 };
    assert_eq!(refused(&mut profile, add("guess-7", card(7)), &anna(21)), locked);
    // what is verified stays usable, and can be chosen and retired
    assert!(profile.verified(&text("card")).is_some());
    ok(&mut profile, choose("card"), &anna(22));
    assert_eq!(refused(&mut profile, Unlock {}.into(), &anna(23)).code(), "wrong-role");
    ok(&mut profile, Unlock {}.into(), &olga(23));
    assert_eq!(ok(&mut profile, Unlock {}.into(), &olga(23)), []);
    ok(&mut profile, add("guess-7", card(7)), &anna(24));
}

#[test]
fn a_locked_profile_looks_at_no_code() {
    let mut profile = verified();
    ok(&mut profile, add("open", card(8)), &anna(20));
    for n in 0..6 {
        let id = format!("guess-{n}");
        ok(&mut profile, add(&id, card(n)), &anna(20));
        for attempt in 1..=5 {
            ok(&mut profile, confirm(&id, 1, attempt, "000000"), &anna(20));
        }
    }
    let locked = Rejection::Locked { wrong: 30 };
    // one that was sent before has all its attempts, and none of them is compared, though it is the right one
    assert_eq!(refused(&mut profile, confirm("open", 1, 1, RIGHT), &anna(21)), locked);
    assert_eq!(refused(&mut profile, new_code("open", 2, RIGHT), &anna(21)), locked);
    assert_eq!(profile.verified(&text("open")), None);
    ok(&mut profile, Unlock {}.into(), &olga(22));
    ok(&mut profile, confirm("open", 1, 1, RIGHT), &anna(23));
    assert!(profile.verified(&text("open")).is_some());
    // only a right code counts anew: its repeat does nothing for a guesser
    ok(&mut profile, confirm("guess-0", 1, 1, "000000"), &anna(23));
    ok(&mut profile, new_code("guess-0", 2, RIGHT), &anna(23));
    ok(&mut profile, confirm("guess-0", 2, 1, "000000"), &anna(23));
    assert_eq!(profile.wrong_codes(), 1);
    assert_eq!(ok(&mut profile, confirm("open", 1, 1, RIGHT), &anna(24)), []);
    assert_eq!(profile.wrong_codes(), 1);
}

#[test]
fn the_balance_is_nobody_elses_and_needs_no_code() {
    let mut profile = profile();
    let requisite = Requisite { destination: Destination::Balance, label: Label::new("Balance").unwrap() };
    ok(&mut profile, Add { id: text("own"), requisite: requisite.clone(), code: None }.into(), &anna(0));
    assert_eq!(profile.verified(&text("own")), Some(&Destination::Balance));
    for destination in [card(1), Destination::Account(text("vault-2")), Destination::Wallet(text("vault-3"))]
    {
        let requisite = Requisite { destination, ..requisite.clone() };
        let bare = Add { id: text("bare"), requisite, code: None };
        assert_eq!(refused(&mut profile, bare.into(), &anna(0)), Rejection::CodeMissing);
    }
}

// --- retiring ---------------------------------------------------------------------------------------------------

#[test]
fn a_retired_destination_cannot_be_used() {
    for who in [anna, olga] {
        let mut profile = verified();
        ok(&mut profile, choose("card"), &anna(20));
        let events = ok(&mut profile, retire("card"), &who(30));
        assert_eq!(events, [Event::DefaultChosen { id: None }, Event::Retired { id: text("card") }]);
        assert_eq!((profile.verified(&text("card")), profile.default()), (None, None));
        assert_eq!(ok(&mut profile, retire("card"), &who(31)), []);
        assert_eq!(refused(&mut profile, choose("card"), &anna(32)), Rejection::IdRetired);
        assert_eq!(refused(&mut profile, add("card", card(1)), &anna(32)), Rejection::IdRetired);
        assert_eq!(refused(&mut profile, confirm("card", 1, 2, RIGHT), &anna(32)), Rejection::IdRetired);
        ok(&mut profile, add("card-2", card(1)), &anna(33));
    }
    assert_eq!(refused(&mut verified(), retire("other"), &anna(30)), Rejection::Unknown);
}

#[test]
fn an_id_stands_for_one_destination() {
    let mut profile = verified();
    assert_eq!(refused(&mut profile, add("card", card(2)), &anna(20)), Rejection::IdTaken);
    assert_eq!(profile.verified(&text("card")), Some(&card(1)));
}

#[test]
fn lists_are_bounded() {
    let mut profile = profile();
    for n in 0..16 {
        ok(&mut profile, add(&format!("card-{n}"), card(n)), &anna(0));
    }
    let full = Rejection::TooMany { max: PayeeProfile::MAX_DESTINATIONS };
    assert_eq!(refused(&mut profile, add("card-16", card(16)), &anna(0)), full);
    for n in 0..200 {
        ok(&mut profile, retire(&format!("card-{n}")), &anna(0));
        ok(&mut profile, add(&format!("card-{}", n + 16), card(n + 16)), &anna(0));
    }
    let stored = serde_json::to_value(&profile).unwrap();
    assert_eq!(stored["state"]["retired"].as_array().unwrap().len(), PayeeProfile::RETIRED_KEPT);
    assert_eq!(profile.destinations().len(), 16);
}

// --- labels and secrets -----------------------------------------------------------------------------------------

#[test]
fn a_label_cannot_carry_a_number() {
    for good in ["•••• 1234", "Visa 1234", "Мой счёт ••34", "Salary", "12-34-56"] {
        assert_eq!(Label::new(good).map(|l| l.to_string()), Ok(good.to_owned()));
    }
    let numbers = [
        "4276123456789012",
        "4276 1234 5678 9012",
        "4276-1234-5678-9012",
        "12345",
        "1234 567",
        "1 2 3 4 5 6 7",
        "٤٢٧٦١٢٣٤",
        "４２７６１",
        "DE89 3704 0044 0532 0130 00",
        "card 427612••••••9012",
    ];
    for number in numbers {
        assert_eq!(Label::new(number), Err(LabelError::TooManyDigits), "{number}");
        let error = serde_json::from_value::<Label>(serde_json::json!(number)).unwrap_err().to_string();
        assert!(!error.contains(number), "{error}");
    }
    for bad in ["", " ", "a\u{0}"] {
        assert_eq!(Label::new(bad), Err(LabelError::Text));
    }
    assert_eq!(Label::new("x".repeat(65)), Err(LabelError::Text));
}

#[test]
fn debug_shows_neither_references_nor_codes() {
    let (profile, journal) = varied();
    let commands = [add("card", card(1)), confirm("card", 1, 1, RIGHT), new_code("card", 2, RIGHT)];
    for shown in [
        format!("{profile:?}"),
        format!("{journal:?}"),
        format!("{commands:?}"),
        format!("{:?}", profile.parts()),
    ] {
        assert!(!shown.contains("vault") && !shown.contains(RIGHT), "{shown}");
        assert!(shown.contains("card"), "{shown}");
    }
    // the journal has the reference, which it needs, and the code's hash only
    let json = serde_json::to_string(&journal).unwrap();
    assert!(json.contains("vault-1") && !json.contains(RIGHT));
}

proptest! {
    #[test]
    fn no_label_has_seven_digits(text in "(?s).{0,20}", digits in "[0-9 .•-]{0,24}") {
        for text in [text, digits] {
            let count = text.chars().filter(|c| c.is_numeric()).count();
            if Label::new(&text).is_ok() {
                prop_assert!(count <= 6, "{}", text);
            }
        }
    }
}

// --- the table --------------------------------------------------------------------------------------------------

#[test]
fn only_the_payee_or_an_operator_registers() {
    let usual = |context: &Context| register(CodePolicy::default(), context).map(drop);
    assert_eq!(usual(&anna(0)), Ok(()));
    assert_eq!(usual(&olga(0)), Ok(()));
    assert_eq!(usual(&Context::party(at(0), text("boris"))), Err(Rejection::UnknownActor));
    assert_eq!(usual(&Context::clock(at(0))), Err(Rejection::UnknownActor));
    let none = CodePolicy { attempts: 0, ..CodePolicy::default() };
    let refused = register(none, &anna(0)).unwrap_err();
    assert_eq!(refused.code(), "invalid-policy");
    assert!(refused.to_string().contains("attempts"), "{refused}");
}

#[test]
fn the_table_is_what_the_profile_does() {
    let mut profile = verified();
    ok(&mut profile, add("new", card(2)), &anna(10));
    ok(&mut profile, confirm("new", 1, 1, "000000"), &anna(10));
    for kind in CommandKind::ALL {
        let command = match kind {
            CommandKind::NewRegistrationCode => NewRegistrationCode { number: 1, code: hash(RIGHT) }.into(),
            CommandKind::ConfirmRegistration => confirm_registration(1, 1, "170395"),
            CommandKind::Add => add("other", card(3)),
            CommandKind::NewCode => new_code("new", 2, RIGHT),
            CommandKind::Confirm => confirm("new", 1, 2, RIGHT),
            CommandKind::ChooseDefault => choose("card"),
            CommandKind::Retire => retire("card"),
            CommandKind::Unlock => Unlock {}.into(),
            CommandKind::Wake => Wake {}.into(),
        };
        for role in Role::ALL {
            let context = match role {
                Role::Owner => anna(20),
                Role::Operator => olga(20),
                Role::Clock => Context::clock(at(20)),
            };
            let expected = if permitted(kind).contains(&role) { Ok(()) } else { Err("wrong-role") };
            let found = profile.decide(&command, &context).map(drop).map_err(|e| e.code());
            assert_eq!(found, expected, "{kind} by {role}");
        }
        let nobody =
            [Actor::Gateway, Actor::Tracker, Actor::Moderator(text("mila")), Actor::Party(text("boris"))];
        for actor in nobody {
            let found = profile.decide(&command, &Context::new(at(20), actor));
            assert_eq!(found.map(drop), Err(Rejection::UnknownActor));
        }
    }
}

#[test]
fn a_stale_actor_is_told() {
    let mut profile = verified();
    let seen = profile.revision();
    ok(&mut profile, choose("card"), &anna(20).seen(seen));
    let stale = Rejection::Stale { seen, actual: seen + 1 };
    assert_eq!(refused(&mut profile, retire("card"), &olga(21).seen(seen)), stale);
    assert_eq!(ok(&mut profile, choose("card"), &anna(22).seen(seen)), [], "what stands is not stale");
}

#[test]
fn every_rejection_has_a_code_of_its_own() {
    let policy = CodePolicy { attempts: 0, ..CodePolicy::default() }.check().unwrap_err();
    let all = [
        Rejection::UnknownActor,
        Rejection::Stale { seen: 1, actual: 2 },
        Rejection::WrongRole { role: Role::Owner, command: CommandKind::Unlock },
        Rejection::Policy(policy),
        Rejection::Locked { wrong: 30 },
        Rejection::IdTaken,
        Rejection::IdRetired,
        Rejection::TooMany { max: 16 },
        Rejection::CodeMissing,
        Rejection::Unknown,
        Rejection::AlreadyVerified,
        Rejection::NotVerified,
        Rejection::Code(CodeRejection::Used),
        Rejection::Code(CodeRejection::Exhausted),
    ];
    let codes: BTreeSet<_> = all.iter().map(Rejection::code).collect();
    assert_eq!(codes.len(), all.len());
    assert!(codes.iter().all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
}

// --- storage ----------------------------------------------------------------------------------------------------

fn varied() -> (PayeeProfile, Vec<Recorded<Event>>) {
    let mut first = Vec::new();
    let mut profile = registered(&mut first);
    let mut journal = first;
    let steps = [
        add("card", card(1)),
        confirm("card", 1, 1, "000000"),
        confirm("card", 1, 2, RIGHT),
        choose("card"),
        add("old", card(2)),
        retire("old"),
        add("new", card(3)),
        new_code("new", 2, RIGHT),
        confirm("new", 2, 1, "000000"),
    ];
    for command in steps {
        journal.extend(profile.handle(&command, &anna(1)).unwrap().into_events());
    }
    (profile, journal)
}

#[test]
fn snapshots_and_journals_give_the_same_profile() {
    let (profile, journal) = varied();
    let json = serde_json::to_string(&profile).unwrap();
    assert_eq!(serde_json::from_str::<PayeeProfile>(&json).unwrap(), profile);
    let read: Vec<Recorded<Event>> = serde_json::from_str(&serde_json::to_string(&journal).unwrap()).unwrap();
    assert_eq!(read, journal);
    assert_eq!(PayeeProfile::replay(&read).unwrap(), profile);
    let not = Err(DecodeError::NotAJournal { first: "registered" });
    assert_eq!(PayeeProfile::replay(&[]), not);
    assert_eq!(PayeeProfile::replay(&journal[1..]), not);
    assert_eq!(PayeeProfile::replay(journal.iter().chain(&journal[..1])), not);
    let command = serde_json::json!({
        "type": "confirm", "id": "card", "attempt": { "code": 1, "number": 1, "entered": "402913" },
    });
    assert!(serde_json::from_value::<Command>(command).is_ok());
    let extra = serde_json::json!({ "type": "retire", "id": "card", "now": true });
    assert!(serde_json::from_value::<Command>(extra).is_err());
}

#[test]
fn a_hostile_snapshot_is_refused_with_its_field() {
    use serde_json::{Value, json};
    let good = serde_json::to_value(varied().0.parts()).unwrap();
    let typed = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        serde_json::from_value::<Parts>(bad).expect("well-formed").restore().map(|_| ())
    };
    assert_eq!(typed(&|_| ()), Ok(()));
    let unknown = Err(DecodeError::UnknownSchema { expected: "escrow.payee.v2" });
    assert_eq!(typed(&|v| v["schema"] = json!("escrow.deal.v1")), unknown);
    let field = |field| Err(DecodeError::Field { field });
    assert_eq!(typed(&|v| v["codes"]["attempts"] = json!(0)), field("codes"));
    assert_eq!(typed(&|v| v["state"]["progress"]["revision"] = json!(99)), field("revision"));
    assert_eq!(
        typed(&|v| v["state"]["progress"]["last_at"] = json!("2026-02-01T12:00:00Z")),
        field("last_at")
    );
    // card (verified, default), new (unverified), old (retired)
    assert_eq!(typed(&|v| v["state"]["destinations"][1]["id"] = json!("card")), field("destinations"));
    assert_eq!(typed(&|v| v["state"]["destinations"][1]["id"] = json!("old")), field("destinations"));
    // a card without a code would be usable
    let bare = |v: &mut Value| {
        v["state"]["destinations"][1].as_object_mut().unwrap().remove("code");
    };
    assert_eq!(typed(&bare), field("destinations"));
    assert_eq!(typed(&|v| v["state"]["destinations"][1]["code"]["used"] = json!(99)), field("destinations"));
    assert_eq!(typed(&|v| v["state"]["destinations"][1]["code"]["number"] = json!(4)), field("destinations"));
    assert_eq!(typed(&|v| v["state"]["default"] = json!("new")), field("default"));
    assert_eq!(typed(&|v| v["state"]["default"] = json!("old")), field("default"));
    assert_eq!(typed(&|v| v["state"]["wrong"] = json!(31)), field("wrong"));
    let many = |v: &mut Value| v["state"]["retired"] = (0..65).map(|n| json!(format!("id-{n}"))).collect();
    assert_eq!(typed(&many), field("retired"));
    // a code that would be good for years
    let lasting = json!("2036-03-01T12:00:00Z");
    assert_eq!(
        typed(&|v| v["state"]["destinations"][1]["code"]["expires"] = lasting.clone()),
        field("destinations")
    );
    // so many that this test would not end soon, were each compared with each
    let flood =
        |v: &mut Value| v["state"]["retired"] = (0..200_000).map(|n| json!(format!("id-{n}"))).collect();
    assert_eq!(typed(&flood), field("retired"));
    let untyped = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        serde_json::from_value::<PayeeProfile>(bad).is_err()
    };
    assert!(untyped(&|v| v["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["destinations"][0]["requisite"]["label"] = json!("4276123456789012")));
}
