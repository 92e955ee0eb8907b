//! How every machine is played: a few kinds to begin with, and for a step of three numbers something that somebody may do,
//! sensible or not. The fuzz target `machines` plays them, too. One list, a part per machine, longer than 400 lines for it.

use std::fmt::Debug;

use escrow::deal::command::{
    AcceptAward, Agree, Answer, Answered, Cancel, ConfirmPayment, OpenDispute, Post, ProposeAward, Report,
    Verdict, Wake,
};
use escrow::deposit::{DepositId, Purpose};
use escrow::terms::{Guarantees, Item};
use escrow::{
    Actor, Award, Context, Currency, Deal, DealId, Destination, Machine, Money, Payee, Policy, Rate,
    Recorded, Side, Terms, TermsDraft, Time, Transition, TxId,
};
use escrow_market::balance::command::{Confirm, Credit, Debit, NewCode, Request, SetPolicy};
use escrow_market::balance::{self, BalancePolicy, Holder, RollingReserve, WithdrawalFee};
use escrow_market::basket::{self, BasketDraft, Line};
use escrow_market::code::{Attempt, CodeHash, CodePolicy, PlainCode, Salt};
use escrow_market::offer::command::{Close, Conclude, GiveBack, Pause, Propose, Resume, Take};
use escrow_market::offer::{self, OfferDraft, OfferTerms};
use escrow_market::payee::{self, Label, Requisite};
use escrow_market::project::{self, Funding, Milestone, ProjectDraft, ProjectTerms};
use escrow_market::store::{self, Conditions, StoreDraft, StoreTerms};
use escrow_market::subscription::{
    self, Missed, Period, Plan, Recipient, SubscriptionDraft, SubscriptionTerms, Trial,
};
use escrow_market::{
    Balance, BalanceId, Basket, BasketId, Offer, OfferId, PayeeProfile, Project, ProjectId, Store, StoreId,
    Subscription, SubscriptionId,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// A machine, and how to play it.
pub(crate) trait Play:
    Machine<
        Command: Debug,
        Event: Clone + Debug + PartialEq + Serialize + DeserializeOwned,
        Rejection: Debug + PartialEq,
    > + Clone
    + Debug
    + PartialEq
    + Serialize
    + DeserializeOwned
{
    /// A new one, of a few kinds.
    fn start(kind: u8) -> (Self, Transition<Self>);
    /// The command that only fires what is due.
    fn wake() -> Self::Command;
    /// Something that somebody may do now, sensible or not.
    fn step(&self, choice: Choice, now: Time) -> (Self::Command, Actor);
    /// What its journal tells of, if it is one.
    fn replay(&self, journal: &[Recorded<Self::Event>]) -> Option<Self>;
    /// Whether its invariants hold.
    fn is_sound(&self) -> bool;
}

/// Where a step's command comes from: a kind, some number for its content, and who gives it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) kind: u8,
    pub(crate) content: u8,
    pub(crate) who: u8,
}

/// A step and how long it comes after the one before, in seconds; negative where the host's clock went back.
pub(crate) type Steps = Vec<(Choice, i32)>;

pub(crate) fn noon() -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap()
}

fn text<T: std::str::FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

fn party(id: &str) -> Actor {
    Actor::Party(text(id))
}

fn deal_id(n: u8) -> DealId {
    DealId::new(Uuid::from_u128(n.into()))
}

impl Play for Offer {
    fn start(kind: u8) -> (Self, Transition<Self>) {
        let mut draft = OfferDraft::new(
            text("anna"),
            if kind.is_multiple_of(2) { Side::Seller } else { Side::Buyer },
            Item::new(text("Title"), rub(75_00), 10),
            Policy::guarantee(),
        );
        draft.max_per_taker = (kind > 100).then_some(7);
        draft.to_contract_s = 3_600;
        let context = Context::new(noon(), party("anna"));
        Offer::publish(OfferId::new(Uuid::nil()), OfferTerms::new(draft).unwrap(), &context).unwrap()
    }

    fn wake() -> offer::Command {
        Wake {}.into()
    }

    fn step(&self, Choice { kind, content, who }: Choice, _: Time) -> (offer::Command, Actor) {
        let deal = deal_id(content % 16);
        let host = if who.is_multiple_of(2) { Actor::Clock } else { Actor::Operator(text("olga")) };
        let owner = if who % 8 > 0 { party("anna") } else { party("boris") };
        let taker = ["boris", "clara", "dina", "anna"][usize::from(who % 4)];
        match kind % 16 {
            0..=6 => {
                let count = content / 16 % 6 + 1;
                (Take { deal, count: count.into(), purse: None, contact: None }.into(), party(taker))
            }
            7 | 8 => (Propose { deal }.into(), host),
            9 | 10 => (Conclude { deal }.into(), host),
            11 | 12 => (GiveBack { deal }.into(), host),
            13 => (Pause {}.into(), owner),
            14 => (Resume {}.into(), owner),
            _ if content % 8 == 0 => (Close {}.into(), owner),
            _ => (Wake {}.into(), Actor::Clock),
        }
    }

    fn replay(&self, journal: &[Recorded<offer::Event>]) -> Option<Self> {
        Offer::replay(self.id(), journal).ok()
    }

    fn is_sound(&self) -> bool {
        self.check().is_ok() && self.available() + self.reserved() + self.concluded() == self.total()
    }
}

/// A handful of commands: the deal has a deep suite of its own.
impl Play for Deal {
    fn start(kind: u8) -> (Self, Transition) {
        let policy = match kind % 4 {
            0 => Policy::guarantee(),
            1 => Policy::freelance(),
            2 => Policy::shop(),
            _ => Policy::marketplace(),
        };
        let item = Item::new(text("Title"), rub(75_00), 3);
        let mut draft = TermsDraft::new(text("boris"), text("anna"), Currency::RUB, vec![item], policy);
        draft.guarantees = Guarantees { buyer: None, seller: (kind % 8 > 3).then_some(rub(20_00)) };
        let context = Context::new(noon(), party("anna"));
        Deal::propose(deal_id(1), Terms::new(draft).unwrap(), &context).unwrap()
    }

    fn wake() -> escrow::Command {
        Wake {}.into()
    }

    fn step(&self, Choice { kind, content, who }: Choice, now: Time) -> (escrow::Command, Actor) {
        let actor = [party("boris"), party("anna")][usize::from(who % 2)].clone();
        let verdict = if content % 2 == 0 { Verdict::Success } else { Verdict::Failure };
        let award = Award::Amount(rub(i64::from(content)));
        match kind % 16 {
            0 | 1 => (Agree::new(1).into(), actor),
            2..=4 => {
                let guarantee = who % 2 == 1;
                let paid = ConfirmPayment::charged(
                    if guarantee { DepositId::SELLER_GUARANTEE } else { DepositId::BUYER_PAYMENT },
                    text("bank"),
                    text(&format!("payment-{}", content % 8)),
                    if guarantee { rub(20_00) } else { rub(225_00) },
                )
                .held_until(content.is_multiple_of(4).then(|| now.plus_secs(200_000)));
                (paid.into(), Actor::Gateway)
            }
            5 | 6 => (Report::new(verdict).into(), actor),
            7 => (Cancel::new(text("no")).into(), actor),
            8 => (OpenDispute::new(text("late")).into(), actor),
            9 => (ProposeAward::new(award).into(), actor),
            10 => {
                let offered = self.offer(Side::Buyer).or(self.offer(Side::Seller));
                (AcceptAward::new(offered.map_or(award.into(), |o| o.award)).into(), actor)
            }
            11..=13 => match self.pending().next() {
                Some(order) => {
                    let result = if content % 4 > 0 {
                        Answered::Succeeded(text("done"))
                    } else {
                        Answered::Declined(text("no such card"))
                    };
                    (Answer::new(order.number(), result).into(), Actor::Gateway)
                }
                None => (Wake {}.into(), Actor::Clock),
            },
            14 => (Post::new(text(&format!("message-{content}"))).into(), actor),
            _ => (Wake {}.into(), Actor::Clock),
        }
    }

    fn replay(&self, journal: &[Recorded]) -> Option<Self> {
        Deal::replay(self.id(), journal).ok()
    }

    fn is_sound(&self) -> bool {
        self.check().is_ok()
    }
}

/// Credits, receivables and withdrawals of one holder; a day is enough for its limits to matter.
impl Play for Balance {
    fn start(kind: u8) -> (Self, Transition<Self>) {
        let mut policy = BalancePolicy { horizon_s: 10 * BalancePolicy::DAY_S, ..BalancePolicy::default() };
        if kind.is_multiple_of(2) {
            policy.per_day = Some(rub(40_00));
            policy.codes_per_day = 4;
            policy.fee =
                WithdrawalFee { rate: Rate::HALF, fixed: Some(rub(1)), min: None, max: Some(rub(5_00)) };
        }
        if kind.is_multiple_of(3) {
            policy.clearance_s = 40_000;
            policy.reserve = Some(RollingReserve { rate: Rate::HALF, clears_s: 90_000 });
            policy.guesses_per_day = 3;
        }
        let (id, context) = (BalanceId::new(Uuid::from_u128(0xBA)), Context::clock(noon()));
        Balance::open(id, Holder::Party(text("anna")), Currency::RUB, policy, &context).unwrap()
    }

    fn wake() -> balance::Command {
        Wake {}.into()
    }

    fn step(&self, Choice { kind, content, who }: Choice, _: Time) -> (balance::Command, Actor) {
        let anna = if who % 8 > 0 { party("anna") } else { Actor::Operator(text("olga")) };
        let of = u32::from(content);
        // one of the latest
        let withdrawal = self.last_number().saturating_sub(of % 3);
        let code = self.withdrawal(withdrawal).map(|w| w.code);
        let number = code.map_or(1, |code| code.number());
        let hash = |plain| CodeHash::new(&PlainCode::new(plain).unwrap(), Salt::new([content; 16]));
        match kind % 16 {
            0..=2 => {
                let (deal, transaction) = (deal_id(content % 8), TxId::new(of / 8 % 4));
                let settled_at = noon().minus_secs(of * 10_000);
                let amount = rub(i64::from(content) * 30);
                (
                    Credit { deal, transaction, purpose: Purpose::Payout, amount, settled_at }.into(),
                    Actor::Clock,
                )
            }
            3 => {
                let (deal, payee, since) = (deal_id(content % 2), Payee::Platform, noon());
                let (amount, purpose) = (rub(i64::from(content % 2) + 30_00), Purpose::Chargeback);
                (
                    Debit { deal, receivable: 1, revision: of / 2 % 4, payee, purpose, amount, since }.into(),
                    Actor::Clock,
                )
            }
            4..=6 => {
                let number = self.last_number() + u32::from(who % 8 > 1);
                let amount = rub(i64::from(content) * 10);
                let destination = Destination::Card(text("card"));
                (Request { number, amount, destination, code: hash("123456") }.into(), anna)
            }
            7 => (NewCode { withdrawal, number: number + 1, code: hash("123456") }.into(), anna),
            8..=11 => {
                let entered = PlainCode::new(if who % 4 > 0 { "123456" } else { "999999" }).unwrap();
                let attempt = code.map_or(0, |code| code.used()) + 1;
                (
                    Confirm { withdrawal, attempt: Attempt { code: number, number: attempt, entered } }
                        .into(),
                    anna,
                )
            }
            12 if content % 3 == 0 => (balance::command::Cancel { withdrawal }.into(), anna),
            12 => {
                let (amount, reference) =
                    (rub(i64::from(content)), text(["r-1", "r-2"][usize::from(who % 2)]));
                (balance::command::Returned { withdrawal, amount, reference }.into(), Actor::Gateway)
            }
            13 | 14 => {
                let result = match content % 4 {
                    0 => Answered::Declined(text("closed")),
                    1 => Answered::InProgress,
                    _ => Answered::Succeeded(text("done")),
                };
                (balance::command::Answer { withdrawal, result }.into(), Actor::Gateway)
            }
            _ if content % 4 == 0 => {
                let policy = BalancePolicy { max_open: content % 3 + 1, ..*self.policy() };
                (SetPolicy { policy }.into(), Actor::Operator(text("olga")))
            }
            _ => (Wake {}.into(), Actor::Clock),
        }
    }

    fn replay(&self, journal: &[Recorded<balance::Event>]) -> Option<Self> {
        Balance::replay(self.id(), journal).ok()
    }

    fn is_sound(&self) -> bool {
        self.check().is_ok() && self.sums().are_conserved()
    }
}

impl Play for Subscription {
    fn start(kind: u8) -> (Self, Transition<Self>) {
        let store = Recipient::Store { store: StoreId::new(Uuid::nil()), owner: text("anna") };
        let period = [Period::Days(1), Period::Weeks(1), Period::Months(1)][usize::from(kind % 3)];
        let mut draft = SubscriptionDraft::new(text("boris"), store, Plan::new(rub(490_00), period));
        draft.trial = (kind > 150).then_some(Trial::Lasts(Period::Days(3)));
        draft.dunning.missed = if kind.is_multiple_of(2) { Missed::Skipped } else { Missed::Charged };
        draft.dunning.grace_s = u32::from(kind % 5) * 40_000;
        draft.dunning.retry_s.truncate(usize::from(kind % 4));
        let context = Context::new(noon(), party("boris"));
        let id = SubscriptionId::new(Uuid::nil());
        Subscription::subscribe(id, SubscriptionTerms::new(draft).unwrap(), &context).unwrap()
    }

    fn wake() -> subscription::Command {
        Wake {}.into()
    }

    fn step(&self, Choice { kind, content, who }: Choice, _: Time) -> (subscription::Command, Actor) {
        use subscription::command::{
            AgreePlan, Answer, Cancel, CancelAt, Chargeback, ChargebackStep, Pay, ProposePlan, Refunded,
            SetInstrument, SettleRefund, WithdrawPlan,
        };
        let (period, attempt) = self.charge().map_or((1, 1), |c| (c.period, c.attempt));
        let actor = match who % 4 {
            0 | 1 => party("boris"),
            2 => party("anna"),
            _ => Actor::Operator(text("olga")),
        };
        let (version, back) = (self.plan_versions(), u16::from(content / 64));
        match kind % 24 {
            0..=9 => {
                let attempt = if who > 200 { attempt.saturating_sub(back) } else { attempt };
                let result = match content % 5 {
                    0..=1 => Answered::Succeeded(text(&format!("bank-{}", who % 3))),
                    2..=3 => Answered::Declined(text("no money")),
                    _ => Answered::InProgress,
                };
                (Answer { period, attempt, result }.into(), Actor::Gateway)
            }
            10..=12 => (Pay { period, attempt: attempt + 1 - back.min(1) }.into(), party("boris")),
            13 => {
                let plan = Plan::new(rub(i64::from(content) * 100), Period::Days(u16::from(content % 10)));
                (ProposePlan { version: version + 1, plan }.into(), actor)
            }
            14 | 15 => (AgreePlan { version }.into(), actor),
            16 => (WithdrawPlan { version }.into(), actor),
            17 => {
                let instrument = content.is_multiple_of(2).then(|| text("vault"));
                (SetInstrument { instrument }.into(), actor)
            }
            18 if content % 8 == 0 => (Cancel { at: CancelAt::Once }.into(), actor),
            18 if content % 8 == 1 => (Cancel { at: CancelAt::PeriodEnd }.into(), actor),
            19 => {
                let owed = self.refunds().next().map_or((period, attempt), |r| (r.period, r.attempt));
                let reference = text("refund");
                (SettleRefund { period: owed.0, attempt: owed.1, reference }.into(), Actor::Gateway)
            }
            20 | 21 => {
                let payment = (text("bank"), text(&format!("bank-{}", who % 3)));
                let minor = if content.is_multiple_of(2) { 490_00 } else { 1_00 };
                let told = text(&format!("cb-{}", content % 3));
                if kind % 24 == 21 {
                    return (Refunded::new(told, payment, rub(minor)).into(), Actor::Gateway);
                }
                let step = match content / 64 {
                    0 => ChargebackStep::Opened,
                    1 => ChargebackStep::Lost,
                    2 => ChargebackStep::Won,
                    _ => ChargebackStep::Reinstated,
                };
                (Chargeback::new(told, payment, rub(minor), step).into(), Actor::Gateway)
            }
            _ => (Wake {}.into(), Actor::Clock),
        }
    }

    fn replay(&self, journal: &[Recorded<subscription::Event>]) -> Option<Self> {
        Subscription::replay(self.id(), journal).ok()
    }

    fn is_sound(&self) -> bool {
        // nothing waits without a timer or an answer of the gateway
        let waits = self.next_deadline().is_some() || self.pending().is_some();
        self.check().is_ok()
            && waits == (self.status() != subscription::Status::Cancelled || self.pending().is_some())
    }
}

impl Play for Store {
    fn start(kind: u8) -> (Self, Transition<Self>) {
        let policy = if kind.is_multiple_of(2) { Policy::shop() } else { Policy::marketplace() };
        let draft = StoreDraft {
            owner: text("anna"),
            name: text("Titles"),
            currency: Currency::RUB,
            contact: None,
            conditions: Conditions { fees: vec![], policy, destinations: vec![] },
        };
        let context = Context::new(noon(), Actor::Operator(text("olga")));
        Store::open(StoreId::new(Uuid::nil()), StoreTerms::new(draft).unwrap(), &context).unwrap()
    }

    fn wake() -> store::Command {
        Wake {}.into()
    }

    fn step(&self, Choice { kind, content, who }: Choice, _: Time) -> (store::Command, Actor) {
        use store::command::{Close, Resume, SetConditions, Suspend};
        let olga = if who % 8 > 0 { Actor::Operator(text("olga")) } else { party("anna") };
        match kind % 8 {
            0..=2 => {
                let mut policy = Policy::shop();
                policy.acceptance_s = u32::from(content % 4) * 600;
                let version = self.conditions_version() + u32::from(content % 3);
                (
                    SetConditions {
                        version,
                        conditions: Conditions { fees: vec![], policy, destinations: vec![] },
                    }
                    .into(),
                    olga,
                )
            }
            3 | 4 => (Suspend { reason: text("complaints") }.into(), olga),
            5 | 6 => (Resume {}.into(), olga),
            _ if content % 8 == 0 => (Close {}.into(), party("anna")),
            _ => (Wake {}.into(), Actor::Clock),
        }
    }

    fn replay(&self, journal: &[Recorded<store::Event>]) -> Option<Self> {
        Store::replay(self.id(), journal).ok()
    }

    fn is_sound(&self) -> bool {
        self.check().is_ok()
    }
}

impl Play for PayeeProfile {
    fn start(kind: u8) -> (Self, Transition<Self>) {
        let codes = CodePolicy { attempts: kind % 5 + 1, ..CodePolicy::default() };
        let hash = CodeHash::new(&PlainCode::new("402913").unwrap(), Salt::new([7; 16]));
        PayeeProfile::register(text("anna"), codes, hash, &Context::new(noon(), party("anna"))).unwrap()
    }

    fn wake() -> payee::Command {
        Wake {}.into()
    }

    fn step(&self, Choice { kind, content, who }: Choice, _: Time) -> (payee::Command, Actor) {
        use payee::command::{
            Add, ChooseDefault, Confirm, ConfirmRegistration, NewCode, NewRegistrationCode, Retire, Unlock,
        };
        let id = text(&format!("id-{}", content % 6));
        let anna = if who % 8 > 0 { party("anna") } else { Actor::Operator(text("olga")) };
        let plain = |right| PlainCode::new(if right { "402913" } else { "000000" }).unwrap();
        let hash = CodeHash::new(&plain(true), Salt::new([7; 16]));
        if !self.is_confirmed() && content % 4 > 0 {
            let (code, number) = (self.registration().number(), self.registration().used() + 1);
            if content % 8 == 1 {
                return (NewRegistrationCode { number: code + 1, code: hash }.into(), anna);
            }
            let attempt = Attempt { code, number, entered: plain(who % 4 > 0) };
            return (ConfirmRegistration { attempt }.into(), anna);
        }
        let known = self.destination(&id).and_then(|listed| listed.code);
        match kind % 16 {
            0..=4 => {
                let destination = match content % 5 {
                    0 => Destination::Balance,
                    1 => Destination::Account(text("vault-1")),
                    _ => Destination::Card(text("vault-2")),
                };
                let requisite = Requisite { destination, label: Label::new("•••• 1234").unwrap() };
                (Add { id, requisite, code: (who > 10).then_some(hash) }.into(), anna)
            }
            5..=9 => {
                let (code, used) = known.map_or((1, 0), |code| (code.number(), code.used()));
                let attempt = Attempt { code, number: used + 1, entered: plain(content / 64 > 0) };
                (Confirm { id, attempt }.into(), anna)
            }
            10 | 11 => {
                let number = known.map_or(1, |code| code.number()) + 1;
                (NewCode { id, number, code: hash }.into(), anna)
            }
            12 => (ChooseDefault { id: Some(id) }.into(), anna),
            13 => (Retire { id }.into(), anna),
            14 => (Unlock {}.into(), Actor::Operator(text("olga"))),
            _ => (Wake {}.into(), Actor::Clock),
        }
    }

    fn replay(&self, journal: &[Recorded<payee::Event>]) -> Option<Self> {
        PayeeProfile::replay(journal).ok()
    }

    fn is_sound(&self) -> bool {
        self.check().is_ok()
    }
}

/// Two milestones of one project, funded one by one or upfront, and a third that is sometimes amended in.
impl Play for Project {
    fn start(kind: u8) -> (Self, Transition<Self>) {
        let milestone = |n: u8| Milestone::new(deal_id(n), vec![Item::new(text("Part"), rub(300_00), 1)]);
        let parties = (text("anna"), text("boris"));
        let policy = Policy::freelance();
        let milestones = vec![milestone(1), milestone(2)];
        let mut draft = ProjectDraft::new(parties, text("Site"), Currency::RUB, policy, milestones);
        if kind.is_multiple_of(3) {
            draft.funding = Funding::Upfront { basket: BasketId::new(Uuid::from_u128(0xBA5)) };
        }
        let by = if kind.is_multiple_of(2) { "anna" } else { "boris" };
        let terms = ProjectTerms::new(draft).unwrap();
        Project::propose(ProjectId::new(Uuid::nil()), terms, &Context::new(noon(), party(by))).unwrap()
    }

    fn wake() -> project::Command {
        Wake {}.into()
    }

    fn step(&self, Choice { kind, content, who }: Choice, _: Time) -> (project::Command, Actor) {
        use project::command::{Agree, Amend, Continue, Ended, Reached, Report, Stop, Withdraw};
        let either = match who % 5 {
            0 => Actor::Operator(text("olga")),
            1 | 2 => party("anna"),
            _ => party("boris"),
        };
        let version = self.proposal().version;
        let deal = deal_id(content % 4);
        match kind % 12 {
            0..=2 => (Agree { version }.into(), either),
            3 => {
                let ids = [3, content % 3 + 2, 4];
                let ids = &ids[..usize::from(content % 3)];
                let item = || vec![Item::new(text("Other"), rub(100_00), 1)];
                let milestones = ids.iter().map(|n| Milestone::new(deal_id(*n), item())).collect();
                (Amend { version: version + u32::from(who % 7 > 0), milestones }.into(), either)
            }
            4 => (Withdraw { version }.into(), either),
            5 => (Continue { after: deal }.into(), party("anna")),
            6 if content % 4 == 0 => (Stop { reason: text("no") }.into(), either),
            7 => (Wake {}.into(), Actor::Clock),
            _ => {
                let reached = match who % 6 {
                    0 | 1 => Reached::Opened,
                    2 => Reached::Accepted,
                    3 => Reached::Ended(Ended::Otherwise),
                    _ => Reached::Ended(Ended::Completed),
                };
                (Report { deal, reached }.into(), Actor::Clock)
            }
        }
    }

    fn replay(&self, journal: &[Recorded<project::Event>]) -> Option<Self> {
        Project::replay(self.id(), journal).ok()
    }

    fn is_sound(&self) -> bool {
        self.check().is_ok()
    }
}

/// Two deals of 30.00 and 70.00, paid in pieces, charged back in pieces.
impl Play for Basket {
    fn start(kind: u8) -> (Self, Transition<Self>) {
        let line =
            |n, minor| Line { deal: deal_id(n), deposit: DepositId::BUYER_PAYMENT, amount: rub(minor) };
        let mut lines = vec![line(1, 30_00), line(2, 70_00)];
        if kind.is_multiple_of(3) {
            lines.push(Line { deposit: DepositId::BUYER_GUARANTEE, ..line(1, 7) });
        }
        let draft = BasketDraft::new(text("anna"), Currency::RUB, lines, noon().plus_secs(3_600));
        Basket::open(BasketId::new(Uuid::nil()), draft, &Context::clock(noon())).unwrap()
    }

    fn wake() -> basket::Command {
        Wake {}.into()
    }

    fn step(&self, Choice { kind, content, who }: Choice, _: Time) -> (basket::Command, Actor) {
        use basket::command::{Answer, Chargeback, ChargebackStep, ConfirmPayment, Leave, Retry, Returned};
        let gateway = Actor::Gateway;
        let payment = ["p-1", "p-2", "p-3", "p-4"][usize::from(content % 4)];
        let refund = u32::from(who % 4);
        match kind % 12 {
            0..=2 => {
                let currency = if content > 240 { Currency::USD } else { Currency::RUB };
                let minor = [30_00, 70_00, 100_07, 100_00][usize::from(who % 4)];
                let amount = Money::from_minor(minor, currency);
                let mut paid = ConfirmPayment::charged(text("bank"), text(payment), amount);
                paid.held_until = (who > 250).then(|| noon().plus_secs(60));
                (paid.into(), gateway)
            }
            3..=6 => {
                let step = match who % 7 {
                    0 | 1 => ChargebackStep::Opened,
                    2 => ChargebackStep::Won,
                    3 => ChargebackStep::Reinstated,
                    _ => ChargebackStep::Lost,
                };
                let amount = rub(i64::from(content) * 37 % 60_00 + 1);
                let id = text(["c-1", "c-2", "c-3"][usize::from(content % 3)]);
                (Chargeback::new(id, (text("bank"), text(payment)), amount, step).into(), gateway)
            }
            7 | 8 => {
                let result = match content % 4 {
                    0 => Answered::Declined(text("closed")),
                    1 => Answered::InProgress,
                    _ => Answered::Succeeded(text("back")),
                };
                (Answer::new(refund, result).into(), gateway)
            }
            9 if content % 4 == 1 => {
                let back = Returned::new(
                    refund,
                    rub(i64::from(content)),
                    text(["b-1", "b-2"][usize::from(who % 2)]),
                );
                (back.into(), gateway)
            }
            9 if content % 4 == 0 => (Leave { deal: deal_id(who % 3) }.into(), Actor::Clock),
            10 if content % 4 == 0 => (basket::command::Cancel::default().into(), party("anna")),
            10 => (Retry { refund }.into(), Actor::Operator(text("olga"))),
            _ => (Wake {}.into(), Actor::Clock),
        }
    }

    fn replay(&self, journal: &[Recorded<basket::Event>]) -> Option<Self> {
        Basket::replay(self.id(), journal).ok()
    }

    fn is_sound(&self) -> bool {
        self.check().is_ok()
    }
}
