//! Settlement, naively.

use std::collections::BTreeMap;

use crate::support::calculator::charging::{Charges, divide_charges};
use crate::support::calculator::endings::{Award, Course, Ending, For, Outcome, Pot, Pots, Refused, Side};
use crate::support::calculator::quoting::{Quote, on_refund_of, quote, requote};
use crate::support::calculator::{Arbitration, Deal, OnRefund, ReturnAll, Who, clamp, part_of};

/// A claim on the pots.
pub struct Claim {
    pub payee: Who,
    pub what: For,
    pub of_buyer: i128,
    pub of_seller: i128,
    /// Served only after S.
    pub after_s: bool,
    /// The undiminished fee, and what is carved out of it.
    pub full: i128,
    pub carved: Vec<(Who, i128)>,
    /// From which pot how much was paid.
    pub paid: Vec<(Pot, i128)>,
}

pub struct Books {
    pub left: BTreeMap<Pot, i128>,
    pub outcome: Outcome,
}

impl Books {
    pub fn take(&mut self, pot: Pot, wanted: i128) -> i128 {
        let left = self.left[&pot];
        let taken = if wanted < left { wanted } else { left };
        self.left.insert(pot, left - taken);
        taken
    }

    pub fn give(&mut self, pot: Pot, to: Who, what: For, amount: i128) {
        assert!(amount >= 0);
        if amount > 0 {
            *self.outcome.shares.entry((pot, to, what)).or_insert(0) += amount;
        }
    }

    pub fn give_rest(&mut self, pot: Pot, to: Who, what: For) {
        let rest = self.left[&pot];
        self.left.insert(pot, 0);
        self.give(pot, to, what, rest);
    }

    pub fn owe(&mut self, debtor: Who, to: Who, what: For, amount: i128) {
        assert!(amount >= 0);
        if amount > 0 && debtor != to {
            *self.outcome.receivables.entry((debtor, to, what)).or_insert(0) += amount;
        }
    }
}

/// Reading: the rate is taken of what B holds, not of what it should hold.
pub fn arbitration_fee(deal: &Deal, b: i128) -> i128 {
    match &deal.arbitration {
        None => 0,
        Some(fee) => clamp(part_of(b, fee.rate_ppm) + fee.fixed, fee.min, fee.max),
    }
}

/// What a winner's arbitration costs, out of the pot that pays it.
///
/// Reading: of a foreign guarantee a part can be taken, since a part has no currency; nothing else of the fee can.
pub fn winners_fee(fee: &Arbitration, pots: &Pots, pot: Pot) -> i128 {
    let (guarantee, same_currency) = match pot {
        Pot::BuyerGuarantee => (pots.buyer_guarantee, pots.buyer_guarantee_same_currency),
        Pot::SellerGuarantee => (pots.seller_guarantee, pots.seller_guarantee_same_currency),
        Pot::Buyer | Pot::Seller | Pot::Charge(_) => (0, true),
    };
    let part = part_of(guarantee, fee.guarantee_ppm);
    if same_currency {
        clamp(part_of(pots.b, fee.rate_ppm) + part + fee.fixed, fee.min, fee.max)
    } else {
        part
    }
}

/// Who bears the claims.
pub enum Bearer {
    AsAgreed,
    BuyerWhole,
    SellerWhole,
    Platform,
}

pub fn split(amount: i128, agreed_of_buyer: i128, bearer: &Bearer) -> (i128, i128) {
    match bearer {
        Bearer::AsAgreed => (agreed_of_buyer, amount - agreed_of_buyer),
        Bearer::BuyerWhole => (amount, 0),
        Bearer::SellerWhole => (0, amount),
        Bearer::Platform => (0, 0),
    }
}

/// How much of a fee part stands, as a fraction: its numerator and its denominator.
pub type Fraction = (i128, i128);

pub fn scale(amount: i128, by: Fraction) -> i128 {
    amount * by.0 / by.1
}

/// Collects the claims, in order: services provided by others, then fees.
pub fn claims(
    deal: &Deal,
    quote: &Quote,
    service_stands: &dyn Fn(usize) -> bool,
    fee_stands: &dyn Fn(OnRefund) -> Fraction,
    bearer: &Bearer,
) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (index, service) in deal.services.iter().enumerate() {
        if service.provider == Who::Seller || !service_stands(index) {
            continue;
        }
        let (of_buyer, of_seller) = split(service.cost, quote.service_buyer_parts[index], bearer);
        claims.push(Claim {
            payee: service.provider,
            what: For::Service,
            of_buyer,
            of_seller,
            after_s: false,
            full: service.cost,
            carved: Vec::new(),
            paid: Vec::new(),
        });
    }
    for (index, fee) in deal.fees.iter().enumerate() {
        if fee.out_of.is_some() {
            continue;
        }
        let line = &quote.fees[index];
        let on_refund = on_refund_of(deal, index);
        let stands = fee_stands(on_refund);
        let (of_buyer, of_seller) = split(line.amount, line.buyer_part, bearer);
        let mut carved = Vec::new();
        for (other, carve) in deal.fees.iter().enumerate() {
            if carve.out_of == Some(index) {
                carved.push((carve.payee, quote.fees[other].amount));
            }
        }
        claims.push(Claim {
            payee: fee.payee,
            what: For::Fee,
            of_buyer: scale(of_buyer, stands),
            of_seller: scale(of_seller, stands),
            after_s: on_refund != OnRefund::Keep,
            full: line.amount,
            carved,
            paid: Vec::new(),
        });
    }
    claims
}

/// The most an award can give: what is left of B after A, services and keep fees, and not over the proceeds (of what was
/// accepted, where something was) less what was given back.
pub fn max_award(deal: &Deal, pots: &Pots, course: &Course, award: Award, ruled: bool) -> i128 {
    let quote = quote(deal).expect("a valid deal");
    let mut left = pots.b;
    if ruled && arbitration_pot(deal, pots, award) == Pot::Buyer {
        left -= arbitration_fee(deal, pots.b).min(left);
    }
    for (index, service) in deal.services.iter().enumerate() {
        if service.provider != Who::Seller && course.incurred[index] {
            left -= quote.service_buyer_parts[index].min(left);
        }
    }
    for (index, fee) in deal.fees.iter().enumerate() {
        if fee.out_of.is_none() && on_refund_of(deal, index) == OnRefund::Keep {
            left -= quote.fees[index].buyer_part.min(left);
        }
    }
    let proceeds = match &course.accepted {
        None => quote.proceeds,
        Some(accepted) => requote(deal, accepted, quote.deposit).proceeds,
    };
    left.min(proceeds - course.given_back.min(proceeds))
}

/// Where A comes from: B, except that the loser's guarantee pays it where there is one.
///
/// Reading: "one" means one that holds money of the deal's currency, since a foreign one cannot pay a fee in roubles; or
/// any where the fee names a part of it.
pub fn arbitration_pot(deal: &Deal, pots: &Pots, award: Award) -> Pot {
    let part = deal.arbitration.as_ref().is_some_and(|fee| fee.guarantee_ppm > 0);
    let buyers = pots.buyer_guarantee > 0 && (part || pots.buyer_guarantee_same_currency);
    let sellers = pots.seller_guarantee > 0 && (part || pots.seller_guarantee_same_currency);
    match award {
        Award::Winner(Side::Buyer) if sellers => Pot::SellerGuarantee,
        Award::Winner(Side::Seller) if buyers => Pot::BuyerGuarantee,
        Award::Winner(_) | Award::AllTo(_) | Award::Amount(_) | Award::Share(_) => Pot::Buyer,
    }
}

/// The settlement.
pub fn settle(deal: &Deal, pots: &Pots, course: &Course, ending: &Ending) -> Result<Outcome, Refused> {
    let mut books = Books { left: BTreeMap::new(), outcome: Outcome::default() };
    books.left.insert(Pot::Buyer, pots.b);
    books.left.insert(Pot::Seller, pots.l);
    books.left.insert(Pot::BuyerGuarantee, pots.buyer_guarantee);
    books.left.insert(Pot::SellerGuarantee, pots.seller_guarantee);
    for (charge, number) in course.charges.iter().zip(1..) {
        books.left.insert(Pot::Charge(number), charge.holds);
    }

    // Not fully funded: everything goes back, nobody pays anything.
    if !pots.fully_funded {
        books.give_rest(Pot::Buyer, Who::Buyer, For::Refund);
        books.give_rest(Pot::Seller, Who::Seller, For::Refund);
        books.give_rest(Pot::BuyerGuarantee, Who::Buyer, For::Guarantee);
        books.give_rest(Pot::SellerGuarantee, Who::Seller, For::Guarantee);
        divide_charges(&mut books, deal, course, &Charges::Back);
        return Ok(books.outcome);
    }

    // Nothing accepted: that row of the table, as if every service were incurred.
    if let Ending::Partial(accepted) = ending
        && accepted.iter().all(|quantity| *quantity == 0)
    {
        let ending = match deal.return_all {
            ReturnAll::Off => return Err(Refused::NothingAccepted),
            ReturnAll::Nobody => Ending::NobodyAtFault,
            ReturnAll::Seller => Ending::SellerAtFault,
            ReturnAll::Buyer => Ending::BuyerAtFault,
        };
        let course = Course { incurred: vec![true; deal.services.len()], ..course.clone() };
        return settle(deal, pots, &course, &ending);
    }

    let incurred = &course.incurred;
    let quoted = quote(deal).expect("a valid deal");
    let all = |_: usize| true;
    let only_incurred = |index: usize| incurred[index];
    let none = |_: OnRefund| (0, 1);
    let keep_only = |on_refund: OnRefund| {
        if on_refund == OnRefund::Keep { (1, 1) } else { (0, 1) }
    };
    // 1 · 1 · f: nothing earned is all earned
    let all_but_f = |s: i128, proceeds: i128| {
        move |on_refund: OnRefund| match on_refund {
            OnRefund::Keep | OnRefund::Return => (1, 1),
            OnRefund::ProRata if proceeds == 0 => (1, 1),
            OnRefund::ProRata => (s.min(proceeds), proceeds),
        }
    };

    // --- the row of the table: S, the claims, A, the charges ---
    let mut s;
    let mut list;
    let mut arbitration: Option<Pot> = None;
    let mut charges = Charges::Back;
    match ending {
        Ending::Success => {
            s = quoted.proceeds - course.given_back.min(quoted.proceeds);
            list = claims(deal, &quoted, &all, &all_but_f(s, quoted.proceeds), &Bearer::AsAgreed);
            charges = Charges::Whole;
        }
        Ending::Partial(accepted) => {
            let requoted = requote(deal, accepted, quoted.deposit);
            s = requoted.proceeds - course.given_back.min(requoted.proceeds);
            list = claims(deal, &requoted, &all, &all_but_f(s, requoted.proceeds), &Bearer::AsAgreed);
            charges = Charges::Whole;
        }
        Ending::BuyerAtFault => {
            s = 0;
            for (index, service) in deal.services.iter().enumerate() {
                if service.provider == Who::Seller && incurred[index] {
                    s += service.cost;
                }
            }
            list = claims(deal, &quoted, &only_incurred, &keep_only, &Bearer::BuyerWhole);
        }
        Ending::SellerAtFault => {
            s = 0;
            list = claims(deal, &quoted, &only_incurred, &keep_only, &Bearer::SellerWhole);
        }
        Ending::NobodyAtFault => {
            s = 0;
            list = claims(deal, &quoted, &only_incurred, &none, &Bearer::Platform);
            for (index, service) in deal.services.iter().enumerate() {
                if service.provider != Who::Seller && incurred[index] {
                    books.owe(Who::Platform, service.provider, For::Service, service.cost);
                }
            }
        }
        Ending::CalledOff => {
            s = 0;
            list = claims(deal, &quoted, &only_incurred, &none, &Bearer::AsAgreed);
        }
        Ending::Agreed(award) | Ending::Ruled(award) => {
            let ruled = matches!(ending, Ending::Ruled(_));
            if ruled {
                arbitration = Some(arbitration_pot(deal, pots, *award));
            }
            let max = max_award(deal, pots, course, *award, ruled);
            // S, and the share that was awarded where there is nothing to award
            let (awarded, share): (i128, Fraction) = match *award {
                Award::Amount(amount) if amount > max => return Err(Refused::OverMax(max)),
                Award::Amount(amount) => (amount, (0, 1)),
                Award::Share(ppm) => (part_of(max, ppm), (ppm, 1_000_000)),
                Award::AllTo(Side::Buyer) | Award::Winner(Side::Buyer) => (0, (0, 1)),
                Award::AllTo(Side::Seller) | Award::Winner(Side::Seller) => (max, (1, 1)),
            };
            s = awarded;
            let phi = if max == 0 { share } else { (s, max) };
            charges = Charges::Awarded(phi);
            let proceeds = quoted.proceeds;
            let f = if proceeds == 0 { phi } else { (s.min(proceeds), proceeds) };
            let fee_stands = |on_refund: OnRefund| match on_refund {
                OnRefund::Keep => (1, 1),
                OnRefund::Return => (0, 1),
                OnRefund::ProRata => f,
            };
            list = claims(deal, &quoted, &only_incurred, &fee_stands, &Bearer::AsAgreed);
        }
    }

    // --- out of B: A, the buyer's parts of services and keep fees, S, the buyer's parts of the other fees ---
    if let (Some(pot), Some(fee)) = (arbitration, &deal.arbitration) {
        // Reading: A has no bearer, so what the pot does not cover is owed by nobody.
        let taken = books.take(pot, winners_fee(fee, pots, pot));
        books.give(pot, fee.payee, For::Arbitration, taken);
    }
    for claim in list.iter_mut().filter(|claim| !claim.after_s) {
        pay_buyers_part(&mut books, claim);
    }
    let wanted = s;
    s = books.take(Pot::Buyer, wanted);
    if matches!(ending, Ending::BuyerAtFault) {
        books.owe(Who::Buyer, Who::Seller, For::Payout, wanted - s);
    }
    for claim in list.iter_mut().filter(|claim| claim.after_s) {
        pay_buyers_part(&mut books, claim);
    }
    books.give_rest(Pot::Buyer, Who::Buyer, For::Refund);

    // --- the seller's parts: off S, then off L, then (seller at fault) off their guarantee ---
    for claim in &mut list {
        let from_s = claim.of_seller.min(s);
        s -= from_s;
        claim.paid.push((Pot::Buyer, from_s));
        let mut missing = claim.of_seller - from_s;

        let from_l = books.take(Pot::Seller, missing);
        claim.paid.push((Pot::Seller, from_l));
        missing -= from_l;

        if matches!(ending, Ending::SellerAtFault) && pots.seller_guarantee_same_currency {
            let from_guarantee = books.take(Pot::SellerGuarantee, missing);
            claim.paid.push((Pot::SellerGuarantee, from_guarantee));
            missing -= from_guarantee;
        }
        books.owe(Who::Seller, claim.payee, claim.what, missing);
    }
    books.give(Pot::Buyer, Who::Seller, For::Payout, s);
    books.give_rest(Pot::Seller, Who::Seller, For::Refund);

    // --- what was collected for each claim goes to its payee, less the carve-outs of what was kept ---
    for claim in &list {
        distribute(&mut books, claim);
    }

    // --- guarantees ---
    let mut buyers = (Who::Buyer, For::Guarantee);
    let mut sellers = (Who::Seller, For::Guarantee);
    if let Ending::Agreed(Award::Winner(winner)) | Ending::Ruled(Award::Winner(winner)) = ending {
        match winner {
            Side::Buyer => sellers = (Who::Buyer, For::Award),
            Side::Seller => buyers = (Who::Seller, For::Award),
        }
    }
    books.give_rest(Pot::BuyerGuarantee, buyers.0, buyers.1);
    books.give_rest(Pot::SellerGuarantee, sellers.0, sellers.1);
    divide_charges(&mut books, deal, course, &charges);
    Ok(books.outcome)
}

pub fn pay_buyers_part(books: &mut Books, claim: &mut Claim) {
    let taken = books.take(Pot::Buyer, claim.of_buyer);
    claim.paid.push((Pot::Buyer, taken));
    books.owe(Who::Buyer, claim.payee, claim.what, claim.of_buyer - taken);
}

/// Carve-outs scale with what was kept of their parent, floored; the parent's payee has the rest.
///
/// Reading: "kept" is what the pots have paid; what is still owed is owed to the parent's payee, whole. A carve-out
/// is taken out of the first pot that paid its parent, then out of the next.
pub fn distribute(books: &mut Books, claim: &Claim) {
    let mut paid = claim.paid.clone();
    let kept: i128 = paid.iter().map(|(_, amount)| amount).sum();
    for (payee, amount) in &claim.carved {
        if claim.full == 0 {
            continue;
        }
        let mut due = amount * kept / claim.full;
        for (pot, available) in &mut paid {
            let taken = due.min(*available);
            *available -= taken;
            due -= taken;
            books.give(*pot, *payee, claim.what, taken);
        }
    }
    for (pot, amount) in paid {
        books.give(pot, claim.payee, claim.what, amount);
    }
}
