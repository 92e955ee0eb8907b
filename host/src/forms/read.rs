//! From the fields of a form to a command. What is typed wrongly is said by the name of its field; whether the command is
//! possible is for the deal to say.

use std::cell::RefCell;
use std::fmt::Display;
use std::str::FromStr;

use escrow::deal::command::{
    Accept, AcceptAward, AddCharge, Agree, Amend, AppointArbiter, Approve, Cancel, Checkpoint,
    CheckpointKind, CommandKind, Digest, Escalate, Extend, FileClaim, FileRef, GiveBack, IncurCost,
    OpenDispute, Post, ProposeAward, RecordTracking, RedirectRefund, Remark, RemoveTrack, Report,
    RequestChanges, Revision, Rule, SetDestination, SetTrack, SettleReceivable, StartPerforming,
    StopPerforming, Submit, Track, WithdrawDispute,
};
use escrow::settlement::{Fault, Resolution};
use escrow::terms::Item;
use escrow::{Award, Command, Deal, Destination, InstrumentRef, Payee, Role, Side, Terms, Time};

use crate::error::Failure;
use crate::routes::Fields;
use crate::templates::money;
use crate::{store::Store, token};

/// How long a message may be, in characters, and how long a piece of work.
const MOST_MESSAGE: usize = 4_000;
const MOST_WORK: usize = 100_000;

/// What is read, and who sends it.
pub(crate) struct Sent<'a> {
    pub(crate) deal: &'a Deal,
    pub(crate) role: Role,
    pub(crate) author: &'a str,
    pub(crate) fields: &'a Fields,
    pub(crate) store: &'a Store,
    pub(crate) now: Time,
    /// The texts that were kept for it, and that nothing refers to yet.
    pub(crate) kept: RefCell<Vec<String>>,
}

impl Sent<'_> {
    fn read<T: FromStr<Err: Display>>(&self, name: &str, label: &str) -> Result<T, Failure> {
        let typed = self.fields.get(name);
        if typed.is_empty() {
            return Err(Failure::invalid(format!("{label}: please fill this in.")));
        }
        typed.parse().map_err(|error| Failure::invalid(format!("{label}: {error}.")))
    }

    /// What may be left out.
    fn text<T: FromStr<Err: Display>>(&self, name: &str, label: &str) -> Result<T, Failure> {
        self.fields.get(name).parse().map_err(|error| Failure::invalid(format!("{label}: {error}.")))
    }

    fn sum(&self, name: &str, label: &str) -> Result<escrow::Money, Failure> {
        money(label, self.fields.get(name), self.deal.terms().currency)
    }

    fn side(&self, name: &str) -> Option<Side> {
        self.fields.get(name).parse().ok()
    }

    fn award(&self) -> Result<Resolution, Failure> {
        Ok(match self.fields.get("how") {
            "amount" => Resolution::Amount(self.sum("amount", "The sum")?),
            "share" => {
                let percent = self.fields.get("percent").trim_end_matches('%').trim();
                let rate = format!("{percent}%").parse();
                let wrong = || {
                    Failure::invalid(format!("The part, in percent: “{percent}” is none. Write 50, or 33.3."))
                };
                Resolution::Share(rate.map_err(|_| wrong())?)
            }
            "buyer_all" => Resolution::BuyerAll,
            "seller_all" => Resolution::SellerAll,
            "call_off" => Resolution::CallOff,
            _ => return Err(Failure::invalid("How it ends: choose one.")),
        })
    }

    fn destination(&self) -> Result<Option<Destination>, Failure> {
        let reference = || -> Result<InstrumentRef, Failure> {
            self.read::<InstrumentRef>("reference", "Its reference")?;
            instrument(self.fields.get("reference"))
        };
        Ok(match self.fields.get("kind") {
            "known" => None,
            "balance" => Some(Destination::Balance),
            "account" => Some(Destination::Account(reference()?)),
            "card" => Some(Destination::Card(reference()?)),
            "wallet" => Some(Destination::Wallet(reference()?)),
            _ => return Err(Failure::invalid("Where to: choose one.")),
        })
    }

    fn payee(&self) -> Result<Payee, Failure> {
        self.role
            .side()
            .map(Side::payee)
            .ok_or_else(|| Failure::invalid("Whose money: only the parties choose here."))
    }

    /// Keeps a text for the deal to refer to. What is sent twice has one id.
    fn keep(&self, kind: &str, label: &str, most: usize) -> Result<String, Failure> {
        let text = self.fields.get(kind);
        if text.is_empty() {
            return Err(Failure::invalid(format!("{label}: please fill this in.")));
        }
        if text.chars().count() > most {
            return Err(Failure::invalid(format!("{label}: at most {most} characters.")));
        }
        let hash = token::hashed(&format!("{kind}/{}/{}/{text}", self.author, self.fields.get("request")));
        let id = format!("{kind}-{}", hash.get(..24).unwrap_or(&hash));
        if self.store.add_text(&id, self.deal.id(), self.author, self.now, text)? {
            self.kept.borrow_mut().push(id.clone());
        }
        Ok(id)
    }

    fn quantities(&self) -> Result<Vec<u32>, Failure> {
        let items = self.deal.binding_terms().items.iter().enumerate();
        items.map(|(i, item)| self.read(&format!("quantity-{i}"), &item.name)).collect()
    }

    fn amended(&self) -> Result<Terms, Failure> {
        let mut draft = self.deal.terms().to_draft();
        let mut items = Vec::new();
        for (i, item) in draft.items.iter().enumerate() {
            let (quantity, price) = (format!("quantity-{i}"), format!("price-{i}"));
            let mut changed: Item = item.clone();
            if self.fields.has(&quantity) {
                changed.quantity = self.read(&quantity, &item.name)?;
            }
            if self.fields.has(&price) {
                changed.unit_price = self.sum(&price, &item.name)?;
            }
            items.push(changed);
        }
        draft.items = items;
        let has = |name| self.fields.has(name);
        draft.description =
            has("description").then(|| self.text("description", "What it is about")).transpose()?;
        draft.conditions =
            has("conditions").then(|| self.text("conditions", "What it must be like")).transpose()?;
        Terms::new(draft).map_err(|error| Failure::invalid(error.to_string()))
    }
}

/// The command that a form of this kind gives.
pub(crate) fn command(kind: CommandKind, sent: &Sent<'_>) -> Result<Command, Failure> {
    Ok(match kind {
        CommandKind::Amend => Amend::new(sent.read("version", "Version")?, sent.amended()?).into(),
        CommandKind::Agree => Agree::new(sent.read("version", "Version")?).into(),
        CommandKind::Remark => Remark::new(sent.read("remark", "What is to be changed")?).into(),
        CommandKind::Approve => Approve {}.into(),
        CommandKind::SetTrack => {
            let tracker = sent.fields.get("tracker").to_lowercase();
            let tracker = tracker.parse().map_err(|e| Failure::invalid(format!("Carrier: {e}.")))?;
            SetTrack::new(Track::new(tracker, sent.read("code", "Tracking number")?)).into()
        }
        CommandKind::RemoveTrack => RemoveTrack {}.into(),
        CommandKind::RecordTracking => {
            let track =
                sent.deal.track().cloned().ok_or_else(|| Failure::invalid("There is no tracking number."))?;
            let kind = match sent.fields.get("kind") {
                "progress" => CheckpointKind::Progress,
                "final" => CheckpointKind::Final,
                "refused" => CheckpointKind::Refused,
                _ => return Err(Failure::invalid("What happened: choose one.")),
            };
            let id = token::random()?.parse().map_err(|e: escrow::TextError| Failure::internal(&e))?;
            let checkpoint = Checkpoint::new(id, kind, sent.now).title(sent.text("title", "In words")?);
            RecordTracking::new(track, checkpoint).into()
        }
        CommandKind::StartPerforming => StartPerforming {}.into(),
        CommandKind::StopPerforming => StopPerforming {}.into(),
        CommandKind::Submit => {
            let original = sent.fields.get("original");
            let file = |text: String| FileRef::new(text).map_err(|e| Failure::internal(&e));
            let revision = Revision::new(
                file(sent.keep("preview", "Preview", MOST_WORK)?)?,
                file(sent.keep("original", "The work itself", MOST_WORK)?)?,
                Digest::new(format!("sha256:{}", token::hashed(original)))
                    .map_err(|e| Failure::internal(&e))?,
            );
            Submit::new(sent.read("number", "Number")?, revision).into()
        }
        CommandKind::RequestChanges => {
            RequestChanges::new(sent.read("number", "Number")?, sent.read("comment", "What to change")?)
                .into()
        }
        CommandKind::Accept => Accept::all().into(),
        CommandKind::AcceptPart => Accept::part(sent.quantities()?).into(),
        CommandKind::Report => match sent.fields.get("verdict") {
            "success" => Report::success().into(),
            "failure" => Report::failure().into(),
            _ => return Err(Failure::invalid("How it went: choose one.")),
        },
        CommandKind::IncurCost => {
            IncurCost::new(sent.read("service", "Which")?, sent.read("evidence", "Where the proof is")?)
                .into()
        }
        CommandKind::AddCharge => {
            let payer = sent.side("payer").ok_or_else(|| Failure::invalid("Who pays: choose one."))?;
            AddCharge::new(
                sent.read("request", "Request")?,
                payer,
                payer.other().payee(),
                sent.sum("amount", "How much")?,
                sent.read("reason", "What for")?,
            )
            .into()
        }
        CommandKind::Cancel => Cancel::new(sent.text("reason", "Why")?).into(),
        CommandKind::CancelWithFault => {
            let fault = match sent.fields.get("fault") {
                "buyer" => Fault::Buyer,
                "seller" => Fault::Seller,
                "nobody" => Fault::Nobody,
                _ => return Err(Failure::invalid("Whose fault it is: choose one.")),
            };
            Cancel::new(sent.text("reason", "Why")?).at_fault(fault).into()
        }
        CommandKind::OpenDispute => OpenDispute::new(sent.read("reason", "What is wrong")?).into(),
        CommandKind::ProposeAward => {
            let offer = ProposeAward::new(sent.award()?);
            if sent.fields.has("original") { offer.with_original().into() } else { offer.into() }
        }
        CommandKind::AcceptAward => {
            let number: u32 = sent.read("offer", "Offer")?;
            let other = sent.role.side().map(Side::other);
            let offer = other.and_then(|side| sent.deal.offer(side)).filter(|offer| offer.number == number);
            let gone = || {
                Failure::new(
                    409,
                    "no-such-offer",
                    "Not as things are now",
                    "That offer does not stand any more.",
                )
            };
            AcceptAward::new(offer.ok_or_else(gone)?.award).offer(number).into()
        }
        CommandKind::GiveBack => GiveBack::new(sent.sum("amount", "In all")?).into(),
        CommandKind::WithdrawDispute => {
            WithdrawDispute::new().opening(sent.read::<u32>("opening", "Opening")?).into()
        }
        CommandKind::Escalate => Escalate {}.into(),
        CommandKind::FileClaim => FileClaim::new(sent.read("reference", "Its number")?).into(),
        CommandKind::Rule => {
            let award: Option<Award> = sent.award()?.award();
            let award = award
                .ok_or_else(|| Failure::invalid("How it ends: an arbiter gives, and does not call off."))?;
            Rule::new(award).at_fault(sent.side("fault")).into()
        }
        CommandKind::AppointArbiter => AppointArbiter::new(sent.read("arbiter", "Who")?).into(),
        CommandKind::SetDestination => SetDestination::new(sent.payee()?, sent.destination()?).into(),
        CommandKind::RedirectRefund => RedirectRefund::new(sent.payee()?, sent.destination()?).into(),
        CommandKind::SettleReceivable => SettleReceivable::new(
            sent.read("debt", "Which")?,
            sent.sum("amount", "How much")?,
            sent.read("reference", "The payment's id")?,
        )
        .into(),
        CommandKind::Extend => {
            let hours: u32 = sent.read("hours", "Hours more")?;
            let running = sent.deal.phase().timer().zip(sent.deal.phase().until());
            let (timer, until) = running.ok_or_else(|| Failure::invalid("No deadline runs now."))?;
            Extend::new(timer, until.plus_secs(hours.saturating_mul(3_600))).into()
        }
        CommandKind::Post => {
            let id = sent.keep("message", "Message", MOST_MESSAGE)?;
            Post::new(id.parse().map_err(|e: escrow::TextError| Failure::internal(&e))?).into()
        }
        CommandKind::RequestPayment
        | CommandKind::ConfirmPayment
        | CommandKind::Answer
        | CommandKind::Chargeback
        | CommandKind::Returned
        | CommandKind::Wake
        | CommandKind::Annotate
        | CommandKind::Attach => return Err(Failure::not_found()),
    })
}

/// Where money goes, as it was typed: a token, and no card.
pub(crate) fn instrument(typed: &str) -> Result<InstrumentRef, Failure> {
    if looks_like_a_card(typed) {
        return Err(Failure::invalid(
            "Its reference: this looks like the number of a card, which is stored nowhere here. Write the token that your bank or vault has given you.",
        ));
    }
    typed.parse().map_err(|error| Failure::invalid(format!("Its reference: {error}.")))
}

/// Twelve to nineteen digits with the check digit of cards.
fn looks_like_a_card(typed: &str) -> bool {
    let plain: Vec<u32> =
        typed.chars().filter(|c| !matches!(c, ' ' | '-')).map_while(|c| c.to_digit(10)).collect();
    let others = typed.chars().any(|c| !c.is_ascii_digit() && !matches!(c, ' ' | '-'));
    let doubled = |(i, digit): (usize, &u32)| match i % 2 {
        0 => *digit,
        _ => [0, 2, 4, 6, 8, 1, 3, 5, 7, 9].get(usize::try_from(*digit).unwrap_or(0)).copied().unwrap_or(0),
    };
    let sum: u32 = plain.iter().rev().enumerate().map(doubled).sum();
    !others && (12..=19).contains(&plain.len()) && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::looks_like_a_card;

    #[test]
    fn numbers_of_cards_are_recognised_and_tokens_are_not() {
        // 4242…: 4 + 2·2 sixteen digits in turn: eight times 8 + 2 = 80, which ends in 0
        assert!(looks_like_a_card("4242 4242 4242 4242"));
        assert!(!looks_like_a_card("4242 4242 4242 4243"));
        assert!(!looks_like_a_card("tok_4242424242424242"));
        assert!(!looks_like_a_card("12345"));
    }
}
