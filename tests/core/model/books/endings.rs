//! How the books end: funded or not, divided as the calculator says, charges by themselves.

use std::collections::BTreeMap;

use super::{Books, Due, facts, index, way_back};
use crate::model::{Finding, ensure, mirror};
use crate::support::calculator as calc;
use escrow::deal::PhaseKind;
use escrow::deposit::{DepositId, Purpose};
use escrow::settlement::Ending;
use escrow::{Actor, Command, Deal, Phase};

impl Books {
    /// A deal has ended, or goes on with its ending.
    pub(super) fn end(
        &mut self,
        before: &Deal,
        after: &Deal,
        cause: Option<(&Actor, &Command)>,
        ending: &Ending,
        full: bool,
        gone: &BTreeMap<DepositId, i128>,
    ) -> Finding {
        if self.funded.is_none() {
            // until every deposit is full nobody pays anything; nor before anybody has agreed
            let funded = full && before.phase().kind() != PhaseKind::Proposed;
            ensure!(funded == after.pots().funded, "{ending:?}: the model says funded {funded}");
            let meant = cause.and_then(|(actor, command)| facts::meant(before, actor, command));
            ensure!(
                meant.as_ref().is_none_or(|meant| meant.contains(ending)),
                "{ending:?} instead of {meant:?} by {cause:?}"
            );
            self.funded = Some(funded);
        }
        let phase = after.phase();
        let waits = matches!(phase, Phase::Paying { awaiting_capture: true, .. });
        if !self.divided {
            let taking = self.pots[..4].iter().any(|p| p.holds.iter().any(|h| h.taking.is_some()));
            ensure!(taking == waits, "a capture is open: {taking}; the ending waits for one: {waits}");
            if !waits {
                let accepted = match before.clearing() {
                    Some(Ending::PartialBuyout(kept)) => Some(kept.iter().map(|n| i128::from(*n)).collect()),
                    _ => None,
                };
                self.divide(after, ending, accepted, gone)?;
                self.divided = true;
            }
        }
        if !waits {
            self.settle_charges(after)?;
        }
        Ok(())
    }

    /// As the calculator says of what there is.
    fn divide(
        &mut self,
        after: &Deal,
        ending: &Ending,
        accepted: Option<Vec<i128>>,
        gone: &BTreeMap<DepositId, i128>,
    ) -> Finding {
        let terms = after.binding_terms();
        // what a hold brings beyond its deposit is let go, never given out
        let (mut held, mut content) = ([0; 4], [0; 4]);
        for (n, pot) in self.pots[..4].iter().enumerate() {
            let let_go = gone.get(&Self::IDS[n]).copied().unwrap_or(0);
            held[n] = pot.cash + let_go;
            content[n] = if let_go > 0 { held[n].min(pot.required) } else { held[n] };
            // as if no capture had failed since the performance began
            content[n] += (pot.required - content[n]).clamp(0, pot.missed);
            ensure!(pot.holds.is_empty(), "{:?} are open at the end", pot.holds);
        }
        let same = |n: usize| self.pots[n].currency == terms.currency;
        let pots = calc::Pots {
            b: content[0],
            l: content[1],
            buyer_guarantee: content[2],
            buyer_guarantee_same_currency: same(2),
            seller_guarantee: content[3],
            seller_guarantee_same_currency: same(3),
            fully_funded: self.funded == Some(true),
        };
        let incurred: Vec<bool> = (0..terms.services.len()).map(|n| self.incurred.contains(&n)).collect();
        // the charges are divided below, each when its money is there
        let given_back = self.given_back;
        let course = calc::Course { incurred, given_back, accepted, ..calc::Course::default() };
        self.basis = Some((pots.clone(), course.clone(), ending.clone()));
        let outcome = calc::settle(&mirror::deal(terms), &pots, &course, &mirror::ending(ending));
        let outcome = outcome.map_err(|e| format!("{ending:?} cannot be settled: {e:?}"))?;
        let cut = self.cut(after, &outcome, &held)?;
        for ((pot, who, what), amount) in &outcome.shares {
            let (deposit, payee, purpose) =
                (mirror::deposit(*pot), mirror::payee(*who), mirror::purpose(*what));
            let missing = cut.get(&(deposit, payee.clone(), purpose.as_str())).copied().unwrap_or(0);
            let owner = self.pots[index(deposit)].owner.clone();
            if missing > 0 && owner != payee {
                let debt = (owner, payee.clone(), purpose.as_str(), terms.currency);
                *self.owed.entry(debt).or_default() += missing;
            }
            self.assign(deposit, payee, purpose, amount - missing);
            held[index(deposit)] -= amount - missing;
        }
        for (n, id) in Self::IDS.into_iter().enumerate() {
            let owner = self.pots[n].owner.clone();
            // what was let go a moment ago is there already
            let rest = held[n] - gone.get(&id).copied().unwrap_or(0);
            self.assign(id, owner, way_back(id), rest);
            self.pots[n].cash = 0;
        }
        for ((debtor, who, what), amount) in &outcome.receivables {
            let purpose = mirror::purpose(*what).as_str();
            let debt = (mirror::payee(*debtor), mirror::payee(*who), purpose, terms.currency);
            *self.owed.entry(debt).or_default() += amount;
        }
        Ok(())
    }

    /// What shares miss because a capture failed after the performance had begun: so much as is not there, whoever of them misses
    /// it, which is read off the deal.
    fn cut(
        &self,
        after: &Deal,
        outcome: &calc::Outcome,
        held: &[i128; 4],
    ) -> Result<BTreeMap<Due, i128>, String> {
        let (mut cut, legs) = (BTreeMap::new(), Self::legs_of(after));
        for (n, id) in Self::IDS.into_iter().enumerate() {
            let mut over = -held[n];
            let own = outcome.shares.iter().filter(|((pot, _, _), _)| mirror::deposit(*pot) == id);
            for ((_, who, what), amount) in own {
                let purpose = mirror::purpose(*what);
                if purpose.goes_back() {
                    continue;
                }
                over += amount;
                let due = (id, mirror::payee(*who), purpose.as_str());
                let has = legs.get(&due).copied().unwrap_or(0) - self.due.get(&due).copied().unwrap_or(0);
                ensure!((0..=*amount).contains(&has), "{due:?} gets {has} of {amount}");
                cut.insert(due, amount - has);
            }
            let sum: i128 = cut.iter().filter(|((deposit, ..), _)| *deposit == id).map(|(_, a)| a).sum();
            ensure!(sum == over.max(0), "{id}: {sum} is cut, {over} is missing");
            ensure!(sum <= self.pots[n].missed, "{id}: {sum} is cut, {} was missed", self.pots[n].missed);
        }
        Ok(cut)
    }

    /// A charge is divided as the calculator says of the ending; while its capture is open, nowhere.
    fn settle_charges(&mut self, after: &Deal) -> Finding {
        let terms = after.binding_terms();
        for n in 4..self.pots.len() {
            let pot = &mut self.pots[n];
            if pot.cash == 0 || !pot.holds.is_empty() {
                continue;
            }
            let id = DepositId::charge(u8::try_from(n - 3).unwrap()).unwrap();
            let paid = pot.cash >= pot.required;
            let (owner, cash) = (pot.owner.clone(), std::mem::take(&mut pot.cash));
            let (payee, payer) = (pot.charge.clone().expect("a charge"), owner.clone());
            let Some((pots, course, ending)) = &self.basis else {
                self.assign(id, owner, Purpose::Refund, cash);
                continue;
            };
            let holds = cash.min(self.pots[n].required);
            let charge = mirror::charge(&payer, &payee, holds, paid);
            let course = calc::Course { charges: vec![charge], ..course.clone() };
            let outcome = calc::settle(&mirror::deal(terms), pots, &course, &mirror::ending(ending));
            let outcome = outcome.map_err(|e| format!("{ending:?} cannot be settled: {e:?}"))?;
            let mut rest = cash;
            for ((pot, who, what), amount) in outcome.shares {
                let purpose = mirror::purpose(what);
                if mirror::deposit(pot) == DepositId::charge(1).unwrap() && !purpose.goes_back() {
                    rest -= amount;
                    self.assign(id, mirror::payee(who), purpose, amount);
                }
            }
            self.assign(id, owner, Purpose::Refund, rest);
        }
        Ok(())
    }
}
