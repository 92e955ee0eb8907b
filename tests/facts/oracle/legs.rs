//! Legs: what a deposit pays to somebody, by numbered attempts.

use super::books::{Books, Does, Transaction};
use super::words::{Amount, DepositId, Party, Payment, Purpose, Tx};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    InFlight,
    Succeeded,
    Declined,
    /// The gateway said that it succeeded after it had declined, while a later attempt is in flight.
    Late,
    /// Given to the payee's balance.
    Credited,
}

#[derive(Clone, Debug)]
pub struct Attempt {
    /// None: credited to a balance, or let go with a hold.
    pub tx: Option<Tx>,
    pub amount: Amount,
    pub state: Sent,
    pub returned: Amount,
    /// It went through after all, when the payee had the leg by another attempt.
    pub double: bool,
}

impl Attempt {
    /// Whether the payee has something by it.
    fn counts(&self) -> bool {
        matches!(self.state, Sent::Succeeded | Sent::Credited) && self.amount > self.returned
    }
}

/// A leg, or a part of one. Parts of one leg stand beside each other and share its root.
#[derive(Clone, Debug)]
pub struct Leg {
    pub no: usize,
    pub root: usize,
    pub deposit: DepositId,
    pub to: Party,
    pub purpose: Purpose,
    /// Whether it goes back to the depositor.
    pub back: bool,
    /// The payment that a refund goes to.
    pub source: Option<Payment>,
    /// The hold that is let go instead of refunding.
    pub hold: Option<usize>,
    /// What it pays if nothing was lost.
    pub gross: Amount,
    pub by_ending: bool,
    pub attempts: Vec<Attempt>,
    /// Its last attempt was declined, or came back: it waits for another destination.
    pub declined: bool,
    pub unclaimed: bool,
    /// What the payee paid back of having it twice.
    pub double_paid: Amount,
    /// Set where it came back from the bank: losses placed before this moment do not cut it for others.
    pub shield: Option<u64>,
    /// What losses take from it. Computed.
    pub cut: Amount,
    /// The case that it waits for. Computed.
    pub waits_for: Option<usize>,
    /// The leg of which it is what was cut when that was sent. It shares that leg's lot while it is cut.
    pub cut_of: Option<usize>,
}

impl Leg {
    /// What the payee has got by it, after what came back.
    pub fn net(&self) -> Amount {
        let counted = |attempt: &&Attempt| matches!(attempt.state, Sent::Succeeded | Sent::Credited);
        self.attempts.iter().filter(counted).map(|attempt| attempt.amount - attempt.returned).sum()
    }

    pub fn in_flight(&self) -> Amount {
        let flying = |attempt: &&Attempt| attempt.state == Sent::InFlight;
        self.attempts.iter().filter(flying).map(|attempt| attempt.amount).sum()
    }

    /// What was credited to a balance.
    pub fn credited(&self) -> Amount {
        let credited = |attempt: &&Attempt| attempt.state == Sent::Credited;
        self.attempts.iter().filter(credited).map(|attempt| attempt.amount).sum()
    }

    /// What the payee has, less what they paid back of having it twice.
    pub fn kept(&self) -> Amount {
        self.net() - self.double_paid
    }

    pub fn settled(&self) -> Amount {
        self.kept().min(self.gross)
    }

    /// What cannot be stopped any more.
    pub fn sent(&self) -> Amount {
        (self.kept() + self.in_flight()).min(self.gross)
    }

    /// What is not sent, cut or not.
    pub fn unsent(&self) -> Amount {
        self.gross - self.sent()
    }

    /// What is still to be sent.
    pub fn open(&self) -> Amount {
        self.unsent() - self.cut
    }

    /// Whether it is a refund in money to this payment.
    pub fn refunds(&self, payment: &Payment) -> bool {
        self.back && self.hold.is_none() && self.source.as_ref() == Some(payment)
    }
}

impl Books {
    pub fn leg(&self, no: usize) -> &Leg {
        self.legs.iter().find(|leg| leg.no == no).expect("a leg of that number")
    }

    pub fn leg_mut(&mut self, no: usize) -> &mut Leg {
        self.legs.iter_mut().find(|leg| leg.no == no).expect("a leg of that number")
    }

    pub fn legs_of(&self, deposit: DepositId) -> impl DoubleEndedIterator<Item = &Leg> {
        self.legs.iter().filter(move |leg| leg.deposit == deposit)
    }

    /// A new leg at the end; its number.
    pub(crate) fn order(&mut self, deposit: DepositId, to: Party, purpose: Purpose, gross: Amount) -> usize {
        let no = self.next_leg;
        self.next_leg += 1;
        self.legs.push(Leg {
            no,
            root: no,
            deposit,
            to,
            purpose,
            back: false,
            source: None,
            hold: None,
            gross,
            by_ending: self.ended,
            attempts: Vec::new(),
            declined: false,
            unclaimed: false,
            double_paid: 0,
            shield: None,
            cut: 0,
            waits_for: None,
            cut_of: None,
        });
        no
    }

    /// A new leg that goes back to the depositor by this payment.
    pub(crate) fn order_back(
        &mut self,
        deposit: DepositId,
        source: &Payment,
        purpose: Purpose,
        gross: Amount,
    ) -> usize {
        let payer = self.deposits[deposit].payer;
        let no = self.order(deposit, payer, purpose, gross);
        let leg = self.leg_mut(no);
        leg.back = true;
        leg.source = Some(source.clone());
        no
    }

    /// Divides a leg: `gross` of it become a part of its own, behind the other parts of the same leg.
    pub(crate) fn split(&mut self, no: usize, gross: Amount) -> usize {
        let root = self.leg(no).root;
        let last = self.legs.iter().rposition(|leg| leg.root == root).expect("a leg of that number");
        self.split_to(no, gross, last + 1)
    }

    fn split_to(&mut self, no: usize, gross: Amount, place_of_part: usize) -> usize {
        let at = self.legs.iter().position(|leg| leg.no == no).expect("a leg of that number");
        let part = self.next_leg;
        self.next_leg += 1;
        let leg = &mut self.legs[at];
        leg.gross -= gross;
        let mut sibling = leg.clone();
        sibling.no = part;
        sibling.gross = gross;
        sibling.attempts.clear();
        sibling.double_paid = 0;
        sibling.cut = 0;
        sibling.cut_of = None;
        self.legs.insert(place_of_part, sibling);
        for case in &mut self.cases {
            if let Some(place) = case.waited.iter().position(|&waited| waited == no) {
                case.waited.insert(place + 1, part);
            }
        }
        part
    }

    /// What was to be let go with a hold and is refunded instead is a leg of that moment.
    pub(crate) fn stands_last(&mut self, no: usize) {
        let at = self.legs.iter().position(|leg| leg.no == no).expect("a leg of that number");
        let mut leg = self.legs.remove(at);
        leg.root = no;
        self.legs.push(leg);
    }

    /// Sends whatever can be sent.
    pub(crate) fn send(&mut self) {
        let ready: Vec<usize> = self.legs.iter().filter(|leg| self.is_ready(leg)).map(|leg| leg.no).collect();
        for no in ready {
            self.split_off_cut(no);
            let tx = self.transactions.len();
            let leg = self.leg_mut(no);
            let attempt = leg.attempts.len();
            let amount = leg.open();
            leg.attempts.push(Attempt {
                tx: Some(tx),
                amount,
                state: Sent::InFlight,
                returned: 0,
                double: false,
            });
            self.transactions.push(Transaction::leg(no, attempt));
        }
    }

    fn is_ready(&self, leg: &Leg) -> bool {
        leg.open() > 0
            && leg.in_flight() == 0
            && leg.hold.is_none()
            && leg.waits_for.is_none()
            && !leg.declined
            && !leg.unclaimed
            && !self.asking.contains(&leg.to)
            && !self.waits_for_a_capture(leg)
    }

    /// An ending pays nothing out of a deposit before its holds are captured.
    fn waits_for_a_capture(&self, leg: &Leg) -> bool {
        leg.by_ending && self.uncaptured(leg.deposit) > 0
    }

    fn split_off_cut(&mut self, no: usize) {
        let cut = self.leg(no).cut;
        if cut > 0 {
            self.leg_mut(no).cut = 0;
            let at = self.legs.iter().position(|leg| leg.no == no).expect("a leg of that number");
            let part = self.split_to(no, cut, at + 1);
            let leg = self.leg_mut(part);
            (leg.cut, leg.cut_of, leg.declined) = (cut, Some(no), false);
        }
    }

    /// A leg is paid by several orders. Its own keeps `amount`; the number of the other one.
    pub fn divide_order(&mut self, tx: Tx, amount: Amount) -> Tx {
        let Does::Leg { no, attempt } = self.transactions[tx].does else { unreachable!("no leg") };
        let rest = self.leg(no).attempts[attempt].amount - amount;
        self.leg_mut(no).attempts[attempt].amount = amount;
        let part = self.split(no, rest);
        let other = self.transactions.len();
        let (tx, state) = (Some(other), Sent::InFlight);
        self.leg_mut(part).attempts.push(Attempt { tx, amount: rest, state, returned: 0, double: false });
        self.transactions.push(Transaction::leg(part, 0));
        other
    }

    /// What was cut when its leg was sent is a part of its own once it is payable again.
    pub(crate) fn release_cut_parts(&mut self) {
        let released = |leg: &&Leg| leg.cut_of.is_some() && leg.open() > 0;
        let parts: Vec<(usize, Amount)> =
            self.legs.iter().filter(released).map(|leg| (leg.no, leg.open())).collect();
        for (no, open) in parts {
            self.split(no, open);
        }
    }

    /// The leg was not sent after all: what was cut from it is a part of it again.
    pub(crate) fn take_cut_parts_back(&mut self, no: usize) {
        let (mut gross, mut cut) = (0, 0);
        for part in self.legs.iter_mut().filter(|leg| leg.cut_of == Some(no)) {
            (gross, cut) = (gross + part.gross, cut + part.cut);
            (part.gross, part.cut) = (0, 0);
        }
        let leg = self.leg_mut(no);
        (leg.gross, leg.cut) = (leg.gross + gross, leg.cut + cut);
    }

    /// What is cut whole waits for no destination: once it is payable again, it is tried anew.
    pub(crate) fn forget_what_is_cut_whole(&mut self) {
        for leg in self.legs.iter_mut().filter(|leg| leg.cut > 0 && leg.open() == 0 && leg.unsent() > 0) {
            (leg.declined, leg.unclaimed) = (false, false);
        }
    }

    /// The payee names another destination: the leg is tried again.
    pub fn redirect(&mut self, no: usize) {
        let leg = self.leg_mut(no);
        leg.declined = false;
        leg.unclaimed = false;
        self.settle();
    }

    /// The payee of *ask* names a destination.
    pub fn destination(&mut self, payee: Party) {
        self.asking.remove(&payee);
        self.settle();
    }

    /// `policy.settlement` is over: what is declined or unasked goes to balances, or is unclaimed.
    pub fn settlement(&mut self, to_balance: bool) {
        let stuck = |leg: &&Leg| {
            let stopped = leg.declined || self.asking.contains(&leg.to);
            leg.open() > 0
                && leg.in_flight() == 0
                && leg.waits_for.is_none()
                && leg.hold.is_none()
                && stopped
                && !self.waits_for_a_capture(leg)
        };
        let numbers: Vec<usize> = self.legs.iter().filter(stuck).map(|leg| leg.no).collect();
        for no in numbers {
            if to_balance {
                self.split_off_cut(no);
                let leg = self.leg_mut(no);
                let amount = leg.open();
                leg.attempts.push(Attempt {
                    tx: None,
                    amount,
                    state: Sent::Credited,
                    returned: 0,
                    double: false,
                });
            } else {
                self.leg_mut(no).unclaimed = true;
            }
        }
        self.settle();
    }

    /// Late successes count once no later attempt is in flight.
    pub(crate) fn promote_late(&mut self) {
        let numbers: Vec<usize> =
            self.legs.iter().filter(|leg| leg.in_flight() == 0).map(|leg| leg.no).collect();
        for no in numbers {
            for at in 0..self.leg(no).attempts.len() {
                let leg = self.leg_mut(no);
                if leg.attempts[at].state == Sent::Late {
                    leg.attempts[at].double = leg.attempts.iter().any(Attempt::counts);
                    leg.attempts[at].state = Sent::Succeeded;
                    self.divide_after_all(no);
                }
            }
        }
    }

    /// What an attempt that went through after all leaves of its leg is a part of its own: what was cut, and what is open.
    fn divide_after_all(&mut self, no: usize) {
        let leg = self.leg(no);
        let double = leg.attempts.iter().any(|attempt| attempt.double);
        let rest = if double { leg.cut } else { leg.gross - leg.kept() };
        let (cut, was_declined) = (leg.cut.min(rest).max(0), leg.declined);
        self.leg_mut(no).cut = cut;
        self.split_off_cut(no);
        let open = rest - cut;
        if open > 0 {
            self.split(no, open);
        }
        self.leg_mut(no).declined = was_declined && double;
    }

    /// An attempt that was made before its leg was divided, and succeeded after all, pays the other parts, too.
    pub(crate) fn absorb(&mut self) {
        let over: Vec<usize> =
            self.legs.iter().filter(|leg| leg.kept() > leg.gross).map(|leg| leg.no).collect();
        for no in over {
            let leg = self.leg(no);
            if leg.attempts.iter().any(|attempt| attempt.double) {
                continue;
            }
            let (root, mut need) = (leg.root, leg.kept() - leg.gross);
            let mut moved = 0;
            for sibling in self.legs.iter_mut().filter(|other| other.root == root && other.no != no) {
                let part = sibling.unsent().min(need);
                if part > 0 && sibling.in_flight() == 0 {
                    sibling.gross -= part;
                    need -= part;
                    moved += part;
                }
            }
            self.leg_mut(no).gross += moved;
        }
    }
}
