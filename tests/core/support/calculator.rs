//! A deliberately naive second implementation of the money rules: plain `i128` numbers, plain structs, big and
//! obvious code. It was written from the design text alone, before its author read `src/settlement`, and shares
//! nothing with the library: a disagreement between the two is a bug in one of them.
//!
//! Every amount is in minor units of the deal's currency, except those of a guarantee.
//!
//! Where the design can be read in two ways, the reading is marked with `Reading:`; those were settled with the
//! library's source at hand.
#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use std::collections::BTreeMap;

/// Who receives money, or owes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Buyer,
    Seller,
    Platform,
    Processor,
    /// A partner, a third provider or an arbiter.
    Outside(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    Buyer,
    Seller,
    /// The buyer's part, in parts per million.
    Shared(i128),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    Price,
    Order,
    Gross,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRefund {
    Keep,
    Return,
    ProRata,
}

#[derive(Clone, Debug)]
pub struct Service {
    pub cost: i128,
    pub payer: Payer,
    pub provider: Who,
}

#[derive(Clone, Debug)]
pub struct Fee {
    pub payee: Who,
    pub rate_ppm: i128,
    pub fixed: i128,
    pub min: Option<i128>,
    pub max: Option<i128>,
    pub base: Base,
    pub payer: Payer,
    pub on_refund: OnRefund,
    /// The index of the fee from which this one is carved.
    pub out_of: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct Arbitration {
    pub payee: Who,
    pub rate_ppm: i128,
    pub guarantee_ppm: i128,
    pub fixed: i128,
    pub min: Option<i128>,
    pub max: Option<i128>,
}

#[derive(Clone, Debug)]
pub struct Deal {
    /// Unit price and quantity.
    pub items: Vec<(i128, i128)>,
    pub services: Vec<Service>,
    pub fees: Vec<Fee>,
    pub pay_offline: i128,
    pub arbitration: Option<Arbitration>,
}

/// A fee's line of the quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeLine {
    pub amount: i128,
    pub buyer_part: i128,
    pub seller_part: i128,
    /// What its payee keeps once its carve-outs are paid.
    pub net: i128,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    pub price: i128,
    pub order: i128,
    pub buyer_total: i128,
    pub deposit: i128,
    pub proceeds: i128,
    pub net: i128,
    pub payout: i128,
    pub seller_due: i128,
    /// Costs of the services that the seller provides.
    pub seller_provided: i128,
    /// The seller's parts of all services, his own included.
    pub seller_consumed: i128,
    /// The buyer's parts of all services.
    pub buyer_consumed: i128,
    pub commission: i128,
    pub commission_seller: i128,
    pub commission_buyer: i128,
    pub buyer_expenses: i128,
    pub seller_expenses: i128,
    pub seller_profit: i128,
    pub service_buyer_parts: Vec<i128>,
    pub service_seller_parts: Vec<i128>,
    pub fees: Vec<FeeLine>,
}

/// Rounds toward zero: nothing here is negative.
pub fn part_of(amount: i128, ppm: i128) -> i128 {
    assert!(amount >= 0 && ppm >= 0);
    amount * ppm / 1_000_000
}

fn buyer_part(amount: i128, payer: Payer) -> i128 {
    match payer {
        Payer::Buyer => amount,
        Payer::Seller => 0,
        Payer::Shared(ppm) => part_of(amount, ppm),
    }
}

/// min and max after the sum; an absent bound does not bind.
pub fn clamp(amount: i128, min: Option<i128>, max: Option<i128>) -> i128 {
    let mut amount = amount;
    if min.is_some_and(|min| amount < min) {
        amount = min.unwrap_or(0);
    }
    if max.is_some_and(|max| amount > max) {
        amount = max.unwrap_or(0);
    }
    amount
}

fn fee_amount(fee: &Fee, price: i128, order: i128, gross: i128) -> i128 {
    let base = match fee.base {
        Base::Price => price,
        Base::Order => order,
        Base::Gross => gross,
    };
    clamp(part_of(base, fee.rate_ppm) + fee.fixed, fee.min, fee.max)
}

pub fn price_of(items: &[(i128, i128)]) -> i128 {
    let mut price = 0;
    for (unit, quantity) in items {
        price += unit * quantity;
    }
    price
}

/// The most that may be paid offline.
pub fn offline_limit(deal: &Deal) -> i128 {
    let mut limit = price_of(&deal.items);
    for service in &deal.services {
        if service.provider == Who::Seller {
            limit += buyer_part(service.cost, service.payer);
        }
    }
    limit
}

/// What the buyer pays, online and offline. It does not depend on gross: only seller-paid fees are based on that.
pub fn buyer_total(deal: &Deal) -> i128 {
    let price = price_of(&deal.items);
    let mut order = price;
    for service in &deal.services {
        order += buyer_part(service.cost, service.payer);
    }
    let mut total = order;
    for fee in &deal.fees {
        if fee.out_of.is_none() && fee.base != Base::Gross {
            total += buyer_part(fee_amount(fee, price, order, 0), fee.payer);
        }
    }
    total
}

/// The quote. `None` where a fee's carve-outs are more than the fee.
pub fn quote(deal: &Deal) -> Option<Quote> {
    let price = price_of(&deal.items);

    let mut service_buyer_parts = Vec::new();
    let mut service_seller_parts = Vec::new();
    let mut order = price;
    for service in &deal.services {
        let of_buyer = buyer_part(service.cost, service.payer);
        service_buyer_parts.push(of_buyer);
        service_seller_parts.push(service.cost - of_buyer);
        order += of_buyer;
    }

    // The deposit first, because it is the gross …
    let buyer_total = buyer_total(deal);
    let deposit = buyer_total - deal.pay_offline;

    // … and then every fee.
    let mut amounts = Vec::new();
    for fee in &deal.fees {
        amounts.push(fee_amount(fee, price, order, deposit));
    }
    let mut fees = Vec::new();
    for (index, fee) in deal.fees.iter().enumerate() {
        let amount = amounts[index];
        if fee.out_of.is_some() {
            fees.push(FeeLine { amount, buyer_part: 0, seller_part: 0, net: amount });
            continue;
        }
        let mut net = amount;
        for (other, carved) in deal.fees.iter().enumerate() {
            if carved.out_of == Some(index) {
                net -= amounts[other];
            }
        }
        if net < 0 {
            return None;
        }
        let of_buyer = buyer_part(amount, fee.payer);
        fees.push(FeeLine { amount, buyer_part: of_buyer, seller_part: amount - of_buyer, net });
    }

    let mut proceeds = price - deal.pay_offline;
    let mut seller_parts = 0;
    for (index, service) in deal.services.iter().enumerate() {
        if service.provider == Who::Seller {
            proceeds += service_buyer_parts[index];
        } else {
            seller_parts += service_seller_parts[index];
        }
    }
    for line in &fees {
        seller_parts += line.seller_part;
    }
    let net = proceeds - seller_parts;
    let payout = if net > 0 { net } else { 0 };
    let seller_due = if net < 0 { -net } else { 0 };

    let mut seller_provided = 0;
    for service in &deal.services {
        if service.provider == Who::Seller {
            seller_provided += service.cost;
        }
    }
    let seller_consumed: i128 = service_seller_parts.iter().sum();
    let buyer_consumed: i128 = service_buyer_parts.iter().sum();
    let commission_seller: i128 = fees.iter().map(|line| line.seller_part).sum();
    let commission_buyer: i128 = fees.iter().map(|line| line.buyer_part).sum();

    Some(Quote {
        price,
        order,
        buyer_total,
        deposit,
        proceeds,
        net,
        payout,
        seller_due,
        seller_provided,
        seller_consumed,
        buyer_consumed,
        commission: commission_seller + commission_buyer,
        commission_seller,
        commission_buyer,
        buyer_expenses: buyer_consumed + commission_buyer,
        seller_expenses: seller_consumed + commission_seller,
        // Reading: the payout is already net of the seller's parts; his own costs are what his services cost him.
        seller_profit: payout - seller_provided,
        service_buyer_parts,
        service_seller_parts,
        fees,
    })
}

/// Which pot money comes out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pot {
    /// B, the buyer's payment.
    Buyer,
    /// L, the seller's payment.
    Seller,
    BuyerGuarantee,
    SellerGuarantee,
}

/// What the money is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum For {
    Refund,
    Payout,
    Service,
    Fee,
    Arbitration,
    /// A guarantee, to its owner.
    Guarantee,
    /// The loser's guarantee, to the winner.
    Award,
}

/// What the pots hold. A guarantee knows whether it is in the deal's currency.
#[derive(Clone, Debug)]
pub struct Pots {
    pub b: i128,
    pub l: i128,
    pub buyer_guarantee: i128,
    pub buyer_guarantee_same_currency: bool,
    pub seller_guarantee: i128,
    pub seller_guarantee_same_currency: bool,
    pub fully_funded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Buyer,
    Seller,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Award {
    Amount(i128),
    Share(i128),
    AllTo(Side),
    Winner(Side),
}

#[derive(Clone, Debug)]
pub enum Ending {
    Success,
    /// How many of each item are accepted.
    Partial(Vec<i128>),
    BuyerAtFault,
    SellerAtFault,
    NobodyAtFault,
    /// By the parties: without the arbiter's fee.
    Agreed(Award),
    /// By an arbiter: with his fee.
    Ruled(Award),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub shares: BTreeMap<(Pot, Who, For), i128>,
    pub receivables: BTreeMap<(Who, Who, For), i128>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// More than can be awarded; with the most.
    OverMax(i128),
    NothingAccepted,
    /// The net of what is accepted is below what the seller has deposited for.
    BelowSellerDue,
    CarveOutsOverParent,
}

/// A claim on the pots.
struct Claim {
    payee: Who,
    what: For,
    of_buyer: i128,
    of_seller: i128,
    /// Served only after S.
    after_s: bool,
    /// The undiminished fee, and what is carved out of it.
    full: i128,
    carved: Vec<(Who, i128)>,
    /// From which pot how much was paid.
    paid: Vec<(Pot, i128)>,
}

struct Books {
    left: BTreeMap<Pot, i128>,
    outcome: Outcome,
}

impl Books {
    fn take(&mut self, pot: Pot, wanted: i128) -> i128 {
        let left = self.left[&pot];
        let taken = if wanted < left { wanted } else { left };
        self.left.insert(pot, left - taken);
        taken
    }

    fn give(&mut self, pot: Pot, to: Who, what: For, amount: i128) {
        assert!(amount >= 0);
        if amount > 0 {
            *self.outcome.shares.entry((pot, to, what)).or_insert(0) += amount;
        }
    }

    fn give_rest(&mut self, pot: Pot, to: Who, what: For) {
        let rest = self.left[&pot];
        self.left.insert(pot, 0);
        self.give(pot, to, what, rest);
    }

    fn owe(&mut self, debtor: Who, to: Who, what: For, amount: i128) {
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
fn winners_fee(fee: &Arbitration, pots: &Pots, pot: Pot) -> i128 {
    let (guarantee, same_currency) = match pot {
        Pot::BuyerGuarantee => (pots.buyer_guarantee, pots.buyer_guarantee_same_currency),
        Pot::SellerGuarantee => (pots.seller_guarantee, pots.seller_guarantee_same_currency),
        Pot::Buyer | Pot::Seller => (0, true),
    };
    let part = part_of(guarantee, fee.guarantee_ppm);
    if same_currency {
        clamp(part_of(pots.b, fee.rate_ppm) + part + fee.fixed, fee.min, fee.max)
    } else {
        part
    }
}

/// Who bears the claims.
enum Bearer {
    AsAgreed,
    BuyerWhole,
    SellerWhole,
    Platform,
}

fn split(amount: i128, agreed_of_buyer: i128, bearer: &Bearer) -> (i128, i128) {
    match bearer {
        Bearer::AsAgreed => (agreed_of_buyer, amount - agreed_of_buyer),
        Bearer::BuyerWhole => (amount, 0),
        Bearer::SellerWhole => (0, amount),
        Bearer::Platform => (0, 0),
    }
}

/// How much of a fee part stands, as a fraction: its numerator and its denominator.
type Fraction = (i128, i128);

fn scale(amount: i128, by: Fraction) -> i128 {
    amount * by.0 / by.1
}

/// Collects the claims, in order: services provided by others, then fees.
fn claims(
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
        let stands = fee_stands(fee.on_refund);
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
            after_s: fee.on_refund != OnRefund::Keep,
            full: line.amount,
            carved,
            paid: Vec::new(),
        });
    }
    claims
}

/// The most an award can give: what is left of B after A, services and keep fees, and not over the proceeds.
pub fn max_award(deal: &Deal, pots: &Pots, incurred: &[bool], award: Award, ruled: bool) -> Option<i128> {
    let quote = quote(deal)?;
    let mut left = pots.b;
    if ruled && arbitration_pot(deal, pots, award) == Pot::Buyer {
        left -= arbitration_fee(deal, pots.b).min(left);
    }
    for (index, service) in deal.services.iter().enumerate() {
        if service.provider != Who::Seller && incurred[index] {
            left -= quote.service_buyer_parts[index].min(left);
        }
    }
    for (index, fee) in deal.fees.iter().enumerate() {
        if fee.out_of.is_none() && fee.on_refund == OnRefund::Keep {
            left -= quote.fees[index].buyer_part.min(left);
        }
    }
    Some(left.min(quote.proceeds))
}

/// Where A comes from: B, except that the loser's guarantee pays it where there is one.
///
/// Reading: "one" means one that holds money of the deal's currency, since a foreign one cannot pay a fee in roubles; or
/// any where the fee names a part of it.
fn arbitration_pot(deal: &Deal, pots: &Pots, award: Award) -> Pot {
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
pub fn settle(deal: &Deal, pots: &Pots, incurred: &[bool], ending: &Ending) -> Result<Outcome, Refused> {
    let mut books = Books { left: BTreeMap::new(), outcome: Outcome::default() };
    books.left.insert(Pot::Buyer, pots.b);
    books.left.insert(Pot::Seller, pots.l);
    books.left.insert(Pot::BuyerGuarantee, pots.buyer_guarantee);
    books.left.insert(Pot::SellerGuarantee, pots.seller_guarantee);

    // Not fully funded: everything goes back, nobody pays anything.
    if !pots.fully_funded {
        books.give_rest(Pot::Buyer, Who::Buyer, For::Refund);
        books.give_rest(Pot::Seller, Who::Seller, For::Refund);
        books.give_rest(Pot::BuyerGuarantee, Who::Buyer, For::Guarantee);
        books.give_rest(Pot::SellerGuarantee, Who::Seller, For::Guarantee);
        return Ok(books.outcome);
    }

    let quoted = quote(deal).ok_or(Refused::CarveOutsOverParent)?;
    let all = |_: usize| true;
    let only_incurred = |index: usize| incurred[index];
    let whole = |_: OnRefund| (1, 1);
    let none = |_: OnRefund| (0, 1);
    let keep_only = |on_refund: OnRefund| {
        if on_refund == OnRefund::Keep { (1, 1) } else { (0, 1) }
    };

    // --- the row of the table: S, the claims, A ---
    let mut s;
    let mut list;
    let mut arbitration: Option<Pot> = None;
    match ending {
        Ending::Success => {
            s = quoted.proceeds;
            list = claims(deal, &quoted, &all, &whole, &Bearer::AsAgreed);
        }
        Ending::Partial(accepted) => {
            let mut smaller = deal.clone();
            smaller.items.clear();
            for (index, (unit, _)) in deal.items.iter().enumerate() {
                if accepted[index] > 0 {
                    smaller.items.push((*unit, accepted[index]));
                }
            }
            if smaller.items.is_empty() {
                return Err(Refused::NothingAccepted);
            }
            smaller.pay_offline = (buyer_total(&smaller) - quoted.deposit).max(0);
            let requoted = quote(&smaller).ok_or(Refused::CarveOutsOverParent)?;
            if requoted.net < -quoted.seller_due {
                return Err(Refused::BelowSellerDue);
            }
            s = requoted.proceeds;
            list = claims(&smaller, &requoted, &all, &whole, &Bearer::AsAgreed);
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
        Ending::Agreed(award) | Ending::Ruled(award) => {
            let ruled = matches!(ending, Ending::Ruled(_));
            if ruled {
                arbitration = Some(arbitration_pot(deal, pots, *award));
            }
            let max = max_award(deal, pots, incurred, *award, ruled).ok_or(Refused::CarveOutsOverParent)?;
            s = match *award {
                Award::Amount(amount) if amount > max => return Err(Refused::OverMax(max)),
                Award::Amount(amount) => amount,
                Award::Share(ppm) => part_of(max, ppm),
                Award::AllTo(Side::Buyer) | Award::Winner(Side::Buyer) => 0,
                Award::AllTo(Side::Seller) | Award::Winner(Side::Seller) => max,
            };
            let p = (quoted.price - deal.pay_offline).max(0);
            let pro_rata: Fraction = if p > 0 {
                (s.min(p), p)
            } else if s > 0 {
                (1, 1)
            } else {
                (0, 1)
            };
            let fee_stands = |on_refund: OnRefund| match on_refund {
                OnRefund::Keep => (1, 1),
                OnRefund::Return => (0, 1),
                OnRefund::ProRata => pro_rata,
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

    // --- the seller's parts: off S, then off L, then (seller at fault) off his guarantee ---
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
    Ok(books.outcome)
}

fn pay_buyers_part(books: &mut Books, claim: &mut Claim) {
    let taken = books.take(Pot::Buyer, claim.of_buyer);
    claim.paid.push((Pot::Buyer, taken));
    books.owe(Who::Buyer, claim.payee, claim.what, claim.of_buyer - taken);
}

/// Carve-outs scale with what was kept of their parent, floored; the parent's payee has the rest.
///
/// Reading: "kept" is what the pots have paid; what is still owed is owed to the parent's payee, whole. A carve-out
/// is taken out of the first pot that paid its parent, then out of the next.
fn distribute(books: &mut Books, claim: &Claim) {
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

/// May these terms be agreed on at all? Every rule that needs a sum.
pub fn acceptable(deal: &Deal, largest: i128) -> bool {
    if deal.items.is_empty() || deal.items.iter().all(|(unit, _)| *unit == 0) {
        return false;
    }
    for (index, fee) in deal.fees.iter().enumerate() {
        if let (Some(min), Some(max)) = (fee.min, fee.max)
            && min > max
        {
            return false;
        }
        let mut payer = fee.payer;
        if let Some(parent) = fee.out_of {
            if parent >= index || deal.fees[parent].out_of.is_some() {
                return false;
            }
            payer = deal.fees[parent].payer;
        }
        let has_buyers_part = match payer {
            Payer::Buyer => true,
            Payer::Seller => false,
            Payer::Shared(ppm) => ppm > 0,
        };
        if fee.base == Base::Gross && has_buyers_part {
            return false;
        }
    }
    if deal.pay_offline > offline_limit(deal) {
        return false;
    }
    match quote(deal) {
        None => false,
        Some(quote) => quote.buyer_total <= largest && quote.seller_expenses <= largest,
    }
}
