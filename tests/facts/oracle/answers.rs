//! What the gateway answers to transactions, and what the bank gives back.

use super::books::{Books, Does, Return};
use super::legs::Sent;
use super::words::{Amount, Answer, Outcome, Tx};

impl Books {
    /// The gateway answers a transaction.
    pub fn answer(&mut self, tx: Tx, outcome: &Outcome) -> Answer {
        match self.transactions[tx].does {
            Does::Leg { no, attempt } => self.leg_answered(tx, no, attempt, outcome),
            Does::Capture { hold, amount } => self.capture_answered(tx, hold, amount, outcome),
            Does::Void { hold } => self.void_answered(tx, hold, outcome),
        }
    }

    fn leg_answered(&mut self, tx: Tx, no: usize, attempt: usize, outcome: &Outcome) -> Answer {
        let declined = outcome == &Outcome::Declined;
        match self.leg(no).attempts[attempt].state {
            Sent::InFlight => {}
            Sent::Declined if declined => return Answer::Repeat,
            Sent::Declined => {}
            Sent::Succeeded | Sent::Late | Sent::Credited if declined => return self.ask_again(tx),
            Sent::Succeeded | Sent::Late | Sent::Credited => return Answer::Repeat,
        }
        self.moment += 1;
        self.transactions[tx].outcome = Some(outcome.clone());
        let leg = self.leg_mut(no);
        leg.attempts[attempt].state = match (leg.attempts[attempt].state, declined) {
            (_, true) => Sent::Declined,
            (Sent::InFlight, false) => Sent::Succeeded,
            (Sent::Declined | Sent::Succeeded | Sent::Late | Sent::Credited, false) => Sent::Late,
        };
        if declined {
            leg.declined = true;
            self.take_cut_parts_back(no);
        }
        self.settle();
        Answer::Applied
    }

    /// The bank gave an outgoing payment back, whole or in part.
    pub fn returned(&mut self, tx: Tx, amount: Amount, reference: &str) -> Answer {
        assert!(amount > 0, "nothing came back");
        let fact = Return { tx, amount, reference: reference.to_owned() };
        let known = self.returns.iter().find(|known| known.tx == tx && known.reference == reference);
        if let Some(known) = known {
            return if *known == fact {
                Answer::Repeat
            } else {
                Answer::contradicts(
                    format!("{reference}: {}", known.amount),
                    format!("{reference}: {amount}"),
                )
            };
        }
        let Does::Leg { no, attempt } = self.transactions[tx].does else {
            return Answer::contradicts("no outgoing payment", format!("{amount} of it came back"));
        };
        let sent = &self.leg(no).attempts[attempt];
        match sent.state {
            Sent::Succeeded | Sent::Late | Sent::Credited => {}
            Sent::InFlight | Sent::Declined => {
                return Answer::contradicts(format!("{:?}", sent.state), format!("{amount} of it came back"));
            }
        }
        if sent.returned + amount > sent.amount {
            let stands = format!("{} sent, {} came back", sent.amount, sent.returned);
            return Answer::contradicts(stands, format!("{amount} came back"));
        }
        self.moment += 1;
        self.returns.push(fact);
        self.leg_mut(no).attempts[attempt].returned += amount;
        self.open_again(no);
        self.settle();
        Answer::Applied
    }

    /// What the payee has no longer becomes a part of its own, which waits for another destination.
    fn open_again(&mut self, no: usize) {
        let moment = self.moment;
        let leg = self.leg(no);
        let missing = leg.gross - leg.kept().max(0);
        if missing > 0
            && leg.in_flight() == 0
            && leg.attempts.iter().all(|attempt| attempt.state != Sent::Late)
        {
            let part = self.split(no, missing);
            let leg = self.leg_mut(part);
            leg.declined = true;
            leg.unclaimed = false;
            leg.shield = Some(moment);
        }
    }
}
