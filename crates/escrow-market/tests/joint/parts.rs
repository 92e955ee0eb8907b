//! What is tried of each machine, and how its money is counted by its own lists.

use escrow::deal::command::{Accept, Answer, Answered, Cancel, ConfirmPayment, OpenDispute, StartPerforming};
use escrow::deposit::{DepositId, LegState, TransactionKind, TransactionState};
use escrow::machine::Rules;
use escrow::{Actor, Currency, Deal, Money, Rejection, Time};
use escrow_market::basket::RefundState;
use escrow_market::basket::command::ChargebackStep::{self, Lost, Opened, Reinstated, Won};
use escrow_market::project::command::{Agree, Amend, Continue, Stop, Withdraw};
use escrow_market::{Basket, Follow, Project, basket, project};

use super::node::{Book, Move, Part};
use super::scene::{Begin, Planted, Scene, Unusual, eur, milestone, text};

fn party(id: &str) -> Actor {
    Actor::Party(text(id))
}

fn operator() -> Actor {
    Actor::Operator(text("olga"))
}

impl Part for Deal {
    fn moves(&self, scene: &Scene) -> Vec<Move<Self::Command>> {
        let (buyer, seller) = (self.terms().buyer.clone(), self.terms().seller.clone());
        let (buyer, seller) = (Actor::Party(buyer), Actor::Party(seller));
        let mut moves = vec![
            Move::of(seller.clone(), StartPerforming {}),
            Move::of(buyer.clone(), Accept::default()),
            Move::of(buyer, OpenDispute::new(text("late"))).unusual(Unusual::Dispute),
        ];
        if !scene.lean {
            moves.push(Move::of(seller, Cancel::new(text("ill"))));
        }
        let own = text(&format!("own_{}", self.id()));
        let price = self.terms().quote().deposit;
        let paid = ConfirmPayment::charged(DepositId::BUYER_PAYMENT, text("bank"), own, price);
        let paid = Move::of(Actor::Gateway, paid).came(price.minor());
        moves.push(match scene.begin {
            Begin::Each { .. } => paid,
            Begin::Upfront | Begin::Cart => paid.unusual(Unusual::Direct),
        });
        for order in self.pending() {
            let (number, minor) = (order.number(), order.amount.minor());
            let done = Answered::Succeeded(text(&format!("tx-{}", number.number())));
            moves.push(Move::of(Actor::Gateway, Answer::new(number, done)).forced().left(minor));
            let declined = Answered::Declined(text("closed"));
            moves.push(Move::of(Actor::Gateway, Answer::new(number, declined)).unusual(Unusual::Decline));
        }
        moves
    }

    fn tells(&self, _: &Self::Event) -> Vec<Follow> {
        Vec::new()
    }

    fn money(&self, book: &Book) -> Result<(), String> {
        let mut counted = Book::default();
        for t in self.transactions().iter().filter(|t| *t.state() == TransactionState::Succeeded) {
            match t.kind() {
                TransactionKind::Charge => counted.came += t.amount().minor(),
                TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
                    counted.left += t.amount().minor();
                }
                TransactionKind::Hold | TransactionKind::Capture | TransactionKind::Void => {
                    return Err(format!("there are no holds here: {t:?}"));
                }
            }
        }
        // what was declined and stands on a balance was no order
        let credited = self.legs().iter().filter(|leg| leg.state() == LegState::Credited);
        let credited: i64 = credited.map(|leg| leg.amount().minor()).sum();
        counted.left -= credited;
        let minor = |money: Option<Money>| money.map_or(0, |money| money.minor());
        counted.lost = self.chargebacks().iter().map(|c| minor(c.lost) - minor(c.reinstated)).sum();
        if counted != *book {
            return Err(format!("recorded {counted:?}"));
        }
        let buckets = || self.deposits().iter().chain(self.strays()).map(|d| d.buckets());
        let inside: i64 = buckets().map(|b| b.held + b.reserved).sum();
        let taken: i64 = buckets().map(|b| b.charged_back).sum();
        let conserved = book.came - book.left - credited - taken == inside && taken <= book.lost.max(0);
        if conserved && buckets().all(|b| b.conserve()) {
            Ok(())
        } else {
            Err(format!("inside {inside}, taken {taken}"))
        }
    }

    fn admits(&self, command: &Self::Command, actor: &Actor, now: Time) -> bool {
        self.allowed(actor, now).check(command.kind()).is_ok()
    }

    fn is_by_table(rejection: &Rejection) -> bool {
        matches!(
            rejection,
            Rejection::UnknownActor
                | Rejection::WrongRole { .. }
                | Rejection::WrongPhase { .. }
                | Rejection::Guard(_)
        )
    }
}

/// What the table of a small machine says.
fn table<M: Rules>(machine: &M, command: &M::Command, actor: &Actor) -> bool {
    let (roles, statuses) = M::permitted(M::kind(command));
    let now = machine.status_for(command).ok().flatten();
    let role = machine.role_of(actor);
    role.is_some_and(|role| roles.contains(&role)) && now.is_none_or(|now| statuses.contains(&now))
}

impl Part for Project {
    fn moves(&self, _: &Scene) -> Vec<Move<Self::Command>> {
        let version = self.proposal().version;
        let mut moves = Vec::new();
        for who in ["anna", "boris"] {
            moves.push(Move::of(party(who), Agree { version }));
            moves.push(Move::of(party(who), Stop::default()));
            moves.push(Move::of(party(who), Withdraw { version }));
        }
        // the second is dropped for another one, or for nothing
        let version = version + 1;
        for milestones in [vec![milestone(3, 50)], vec![]] {
            let amend = Move::of(party("boris"), Amend { version, milestones });
            moves.push(amend.unusual(Unusual::Amend));
        }
        moves.extend(self.begun().iter().map(|run| Move::of(party("anna"), Continue { after: run.deal })));
        moves
    }

    fn tells(&self, event: &Self::Event) -> Vec<Follow> {
        self.follows(event)
    }

    fn money(&self, _: &Book) -> Result<(), String> {
        Ok(())
    }

    fn admits(&self, command: &Self::Command, actor: &Actor, _: Time) -> bool {
        table(self, command, actor)
    }

    fn is_by_table(rejection: &Self::Rejection) -> bool {
        use project::Rejection::{UnknownActor, WrongRole, WrongStatus};
        matches!(rejection, UnknownActor | WrongRole { .. } | WrongStatus { .. })
    }
}

/// A payment of the basket's, told once under its name. Other currencies are counted with the rest: nothing is converted.
fn basket_payment(name: &str, amount: Money) -> Move<basket::Command> {
    let paid = basket::command::ConfirmPayment::charged(text("bank"), text(name), amount);
    Move::of(Actor::Gateway, paid).came(amount.minor())
}

fn chargeback(id: &str, minor: i64, step: ChargebackStep) -> Move<basket::Command> {
    let of = (text("bank"), text("pi_1"));
    let told = basket::command::Chargeback::new(text(id), of, eur(minor), step);
    let lost = match step {
        Opened | Won => 0,
        Lost => minor,
        Reinstated => -minor,
    };
    Move::of(Actor::Gateway, told).lost(lost)
}

impl Part for Basket {
    fn moves(&self, scene: &Scene) -> Vec<Move<Self::Command>> {
        use basket::command::{Answer, Cancel, Retry, Returned};
        let mut moves = vec![basket_payment("pi_1", eur(100))];
        if !scene.lean {
            moves.push(Move::of(party("anna"), Cancel::default()));
        }
        if scene.parts {
            // under, and the rest of it
            moves.extend([basket_payment("pi_2", eur(40)), basket_payment("pi_3", eur(60))]);
        }
        moves.push(basket_payment("pi_4", eur(105)).unusual(Unusual::Over));
        let dollars = Money::from_minor(100, Currency::USD);
        moves.push(basket_payment("pi_5", dollars).unusual(Unusual::Foreign));
        for (id, minor, unusual) in
            [("cb_1", 11, Unusual::Chargeback), ("cb_2", 100, Unusual::WholeChargeback)]
        {
            let known = self.cases().iter().find(|case| case.id.as_str() == id);
            moves.push(chargeback(id, minor, Opened).unusual(unusual));
            let lost = chargeback(id, minor, Lost);
            match known {
                None => moves.push(lost.unusual(unusual)),
                Some(_) => {
                    moves.push(lost.forced());
                    moves.push(chargeback(id, minor, Won).forced());
                    moves.push(chargeback(id, minor, Reinstated).unusual(Unusual::Reinstated));
                }
            }
        }
        for (number, refund) in (1..).zip(self.refunds()) {
            let minor = refund.amount.minor();
            let done = Answer::new(number, Answered::Succeeded(text(&format!("re_{number}"))));
            let done = Move::of(Actor::Gateway, done).left(minor);
            match &refund.state {
                RefundState::Ordered if scene.planted == Some(Planted::NeverRefunds) => {}
                RefundState::Ordered => {
                    moves.push(done.forced());
                    let no = Answer::new(number, Answered::Declined(text("closed")));
                    moves.push(Move::of(Actor::Gateway, no).unusual(Unusual::Decline));
                }
                RefundState::Declined(_) => moves.push(done.unusual(Unusual::AfterAll)),
                RefundState::Paid(_) => {
                    let back = Money::from_minor(5, refund.amount.currency());
                    let back = Returned::new(number, back, text(&format!("ret_{number}")));
                    moves.push(Move::of(Actor::Gateway, back).unusual(Unusual::Returned).left(-5));
                }
            }
            moves.push(Move::of(operator(), Retry { refund: number }).forced());
        }
        moves
    }

    fn tells(&self, event: &Self::Event) -> Vec<Follow> {
        self.follows(event)
    }

    fn money(&self, book: &Book) -> Result<(), String> {
        let mut counted = Book::default();
        let mut inside = 0;
        for (n, payment) in self.payments().iter().enumerate() {
            let sums = self.sums(n);
            if !sums.conserve() {
                return Err(format!("payment {n}: {sums:?}"));
            }
            counted.came += payment.amount.minor();
            // what the payer has twice is in no pot, and owed
            inside += sums.held + sums.paid_out - self.owed(n).map_or(0, |owed| owed.minor());
        }
        let mut ordered = 0;
        for refund in self.refunds() {
            let back: i64 = refund.returned.iter().map(|back| back.amount.minor()).sum();
            match refund.state {
                RefundState::Paid(_) => counted.left += refund.amount.minor() - back,
                RefundState::Ordered => ordered += refund.amount.minor(),
                RefundState::Declined(_) => {}
            }
        }
        let minor = |money: Option<Money>| money.map_or(0, |money| money.minor());
        counted.lost = self.cases().iter().map(|c| minor(c.lost) - minor(c.reinstated)).sum();
        if counted != *book {
            return Err(format!("recorded {counted:?}"));
        }
        let rest: i64 = self
            .cases()
            .iter()
            .map(|c| {
                c.lost_on.as_ref().map_or(0, |on| on.rest) - c.reinstated_on.as_ref().map_or(0, |on| on.rest)
            })
            .sum();
        if book.came - book.left - ordered - rest == inside {
            Ok(())
        } else {
            Err(format!("inside {inside}, ordered {ordered}, lost of the rest {rest}"))
        }
    }

    fn admits(&self, command: &Self::Command, actor: &Actor, _: Time) -> bool {
        table(self, command, actor)
    }

    fn is_by_table(rejection: &Self::Rejection) -> bool {
        use basket::Rejection::{UnknownActor, WrongRole, WrongStatus};
        matches!(rejection, UnknownActor | WrongRole { .. } | WrongStatus { .. })
    }
}
