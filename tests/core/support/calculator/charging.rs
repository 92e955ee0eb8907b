//! Additional charges, naively.

use crate::support::calculator::endings::{Course, For, Pot, Side};
use crate::support::calculator::settling::{Books, Fraction, scale};
use crate::support::calculator::{Deal, Who, rounded};

/// What becomes of additional charges.
pub enum Charges {
    /// To their payees.
    Whole,
    /// So much of them to their payees; of one that the seller pays to the buyer, the rest.
    Awarded(Fraction),
    /// To their payers.
    Back,
}

/// Reading: a charge is what its deposit holds; one that is not paid in full goes back whole.
pub fn divide_charges(books: &mut Books, deal: &Deal, course: &Course, charges: &Charges) {
    for (charge, number) in course.charges.iter().zip(1..) {
        let pot = Pot::Charge(number);
        let (owner, to_the_buyer) = match charge.payer {
            Side::Buyer => (Who::Buyer, false),
            Side::Seller => (Who::Seller, charge.payee == Who::Buyer),
        };
        let part = match charges {
            _ if !charge.paid => (0, 1),
            Charges::Back => (0, 1),
            Charges::Whole => (1, 1),
            Charges::Awarded((s, m)) => {
                if to_the_buyer {
                    (m - s, *m)
                } else {
                    (*s, *m)
                }
            }
        };
        let mut goes = books.take(pot, scale(charge.holds, part));
        if let (Who::Seller, Some(fee)) = (charge.payee, &deal.charge_fee) {
            let taken = rounded(goes, fee.rate_ppm, fee.rounding);
            books.give(pot, fee.payee, For::Fee, taken);
            goes -= taken;
        }
        books.give(pot, charge.payee, For::Charge, goes);
        books.give_rest(pot, owner, For::Refund);
    }
}
