//! A form for every command that a person gives. Which of them are shown is the deal's to say.

mod fields;
mod read;

use escrow::deal::command::CommandKind;
use escrow::settlement::{Ending, Fault};
use escrow::terms::Delivery;
use escrow::{Award, Deal, Role, Side, Status};

use crate::routes::Fields;
use crate::words;

pub(crate) use fields::{Field, Kind};
pub(crate) use read::{Sent, command, instrument};

use fields::{MOST_ITEMS, amend_fields, award_fields, choices, destination_fields, field};

/// A form for a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Form {
    pub(crate) title: &'static str,
    /// What it leads to, in a sentence.
    pub(crate) hint: String,
    pub(crate) fields: Vec<Field>,
    /// Whether it is what one usually comes for.
    pub(crate) is_primary: bool,
}

impl Form {
    fn new(title: &'static str, hint: impl Into<String>, fields: Vec<Field>) -> Self {
        Self { title, hint: hint.into(), fields, is_primary: false }
    }

    /// With what was typed into it before.
    pub(crate) fn retype(&mut self, sent: &Fields) {
        let hidden = |field: &&mut Field| field.kind != Kind::Hidden && field.kind != Kind::Check;
        for field in self.fields.iter_mut().filter(hidden) {
            field.value = sent.get(&field.name).to_owned();
        }
    }

    fn primary(mut self) -> Self {
        self.is_primary = true;
        self
    }
}

/// What an ending would pay, for the sentence under a button.
fn pays(deal: &Deal, ending: &Ending) -> String {
    match deal.preview(ending) {
        Ok(settlement) => format!("That would pay {}.", words::settlement(&settlement)),
        Err(error) => format!("It cannot end like that now: {error}."),
    }
}

/// The form for a command in this role; nothing where no person gives it on a page of the desk.
pub(crate) fn form(kind: CommandKind, deal: &Deal, role: Role) -> Option<Form> {
    let reason = |label: &str| field("reason", label, Kind::Area);
    let money =
        |label: &str| field("amount", &format!("{label}, in {}", deal.terms().currency.code()), Kind::Sum);
    Some(match kind {
        CommandKind::Amend => Form::new(
            "Propose other terms",
            "Everybody else has to agree again; a payment that no longer fits goes back whole.",
            amend_fields(deal),
        ),
        CommandKind::Agree => {
            let side = role.side()?;
            if deal.consents().of(side) {
                return None;
            }
            let version = field("version", "", Kind::Hidden).value(deal.terms_version());
            let hint = format!("You agree to version {} of the terms, as shown here.", deal.terms_version());
            Form::new("Agree to the terms", hint, vec![version]).primary()
        }
        CommandKind::Remark => Form::new(
            "Remark on the terms",
            "The deal waits until the parties have changed them.",
            vec![field("remark", "What is to be changed", Kind::Area)],
        ),
        CommandKind::Approve => Form::new("Approve the terms", "The deal goes on.", Vec::new()).primary(),
        CommandKind::SetTrack => Form::new(
            "Enter the tracking number",
            "The buyer sees it. Entering another one later leads back to before the start.",
            vec![field("tracker", "Carrier", Kind::Line), field("code", "Tracking number", Kind::Line)],
        ),
        CommandKind::RemoveTrack => {
            deal.track()?;
            Form::new("Remove the tracking number", "The deal goes back to before the start.", Vec::new())
        }
        CommandKind::RecordTracking => {
            deal.track()?;
            let kinds = [
                ("progress", "it is on its way"),
                ("final", "it was handed over"),
                ("refused", "it was refused"),
            ];
            Form::new(
                "Record where the parcel is",
                "In the carrier's place.",
                vec![
                    field("kind", "What happened", choices(&kinds)),
                    field("title", "In words", Kind::Line).optional(),
                ],
            )
        }
        CommandKind::StartPerforming => {
            let (title, hint) = match deal.terms().delivery {
                Some(Delivery::Parcel { .. }) => {
                    ("Say that you have sent it", "Tell the buyer that the parcel is on its way.")
                }
                Some(Delivery::Download {} | Delivery::Promise { .. }) | None => {
                    ("Begin", "Tell the buyer that you are at it.")
                }
            };
            Form::new(title, hint, Vec::new()).primary()
        }
        CommandKind::StopPerforming => {
            Form::new("Go back to before the start", "As if you had not begun.", Vec::new())
        }
        CommandKind::Submit => {
            let number = field("number", "", Kind::Hidden).value(deal.submitted().saturating_add(1));
            Form::new(
                "Hand in the work",
                "The buyer sees the preview; the work itself when they have accepted it.",
                vec![
                    number,
                    field("preview", "Preview: what the buyer may see before accepting", Kind::Area),
                    field("original", "The work itself, or where it is", Kind::Area),
                ],
            )
            .primary()
        }
        CommandKind::RequestChanges => {
            let number = field("number", "", Kind::Hidden).value(deal.submitted());
            Form::new(
                "Ask for changes",
                "The seller goes on working, with time to do it.",
                vec![number, field("comment", "What to change", Kind::Area)],
            )
        }
        CommandKind::Accept => {
            Form::new("Accept everything", pays(deal, &Ending::Success), Vec::new()).primary()
        }
        CommandKind::AcceptPart => {
            let items = &deal.binding_terms().items;
            if items.len() == 1 && items.iter().all(|item| item.quantity == 1) || items.len() > MOST_ITEMS {
                return None;
            }
            let fields = items.iter().enumerate().map(|(i, item)| {
                let label = format!("{} (of {})", item.name, item.quantity);
                let kind = Kind::Number { least: 0, most: item.quantity };
                field(&format!("quantity-{i}"), &label, kind).value(item.quantity)
            });
            Form::new("Accept a part", "The rest is returned, and its price goes back.", fields.collect())
        }
        CommandKind::Report => {
            let verdicts = [("success", "it was done"), ("failure", "it was not done")];
            Form::new(
                "Report how it went",
                "The deal ends when both have reported the same.",
                vec![field("verdict", "It went like this", choices(&verdicts))],
            )
            .primary()
        }
        CommandKind::IncurCost => {
            let services = &deal.terms().services;
            if services.is_empty() {
                return None;
            }
            let names = services.iter().enumerate();
            let names = names.map(|(i, service)| (i.to_string(), service.name.to_string())).collect();
            Form::new(
                "A cost has arisen",
                "It is paid even where the deal is cancelled.",
                vec![
                    field("service", "Which", Kind::Choice(names)),
                    field("evidence", "Where the proof is", Kind::Line),
                ],
            )
        }
        CommandKind::AddCharge => {
            let (payer, other) = match role.side() {
                Some(Side::Seller) | None => ("buyer", "Ask the buyer for another payment"),
                Some(Side::Buyer) => ("seller", "Ask the seller for a payment"),
            };
            Form::new(
                other,
                "They may pay it, or not. Where the deal does not succeed, it goes back.",
                vec![field("payer", "", Kind::Hidden).value(payer), money("How much"), reason("What for")],
            )
        }
        CommandKind::Cancel => {
            let ending = Ending::Cancelled(role.side().map_or(Fault::Nobody, Fault::from));
            let title =
                if role.side().is_some() { "Cancel, at your own cost" } else { "Cancel, at nobody's fault" };
            Form::new(title, pays(deal, &ending), vec![reason("Why").optional()])
        }
        CommandKind::CancelWithFault => {
            let whose = [("buyer", "the buyer's"), ("seller", "the seller's"), ("nobody", "nobody's")];
            Form::new(
                "Cancel, saying whose fault it is",
                "See under “What every ending would pay” what each leads to.",
                vec![field("fault", "Whose fault it is", choices(&whose)), reason("Why").optional()],
            )
        }
        CommandKind::OpenDispute => Form::new(
            "Something is wrong: open a dispute",
            "The money stays where it is until you agree with each other, or the arbiter rules.",
            vec![reason("What is wrong")],
        ),
        CommandKind::ProposeAward => {
            let mut fields = award_fields(deal, true);
            fields.push(
                field("original", "The buyer gets the work itself, whatever is paid", Kind::Check).optional(),
            );
            let form =
                Form::new("Offer how to end it", "It ends like that if the other party accepts.", fields);
            let is_open = role.side().is_some_and(|side| deal.offer(side).is_none());
            if deal.status() == Status::Disputed && is_open { form.primary() } else { form }
        }
        CommandKind::AcceptAward => {
            let side = role.side()?.other();
            let offer = deal.offer(side)?;
            let hint = format!("{}. {}", words::resolution(offer.award), pays(deal, &offer.award.ending()));
            let number = field("offer", "", Kind::Hidden).value(offer.number);
            Form::new("Accept the offer", hint, vec![number]).primary()
        }
        CommandKind::GiveBack => Form::new(
            "Give a part back",
            format!(
                "In favour of the buyer, however it ends. So far: {}. Name the new total.",
                deal.given_back()
            ),
            vec![money("In all")],
        ),
        CommandKind::WithdrawDispute => {
            let opening = deal.dispute()?.openings();
            let number = field("opening", "", Kind::Hidden).value(opening);
            Form::new("Give the dispute up", "The deal goes on where it was.", vec![number])
        }
        CommandKind::Escalate => {
            Form::new("Ask for the arbiter now", "The arbiter then decides.", Vec::new())
        }
        CommandKind::FileClaim => Form::new(
            "Note a claim that you have filed",
            "With a court, or an arbitration.",
            vec![field("reference", "Its number", Kind::Line)],
        ),
        CommandKind::Rule => {
            let mut fields = award_fields(deal, false);
            let whose = [("", "not said"), ("buyer", "the buyer's"), ("seller", "the seller's")];
            fields.push(field("fault", "Whose fault it was", choices(&whose)).optional());
            let most = pays(deal, &Ending::ruled(Award::SellerAll));
            Form::new("Rule", format!("Everything to the seller: {most}"), fields).primary()
        }
        CommandKind::AppointArbiter => Form::new(
            "Appoint an arbiter",
            "Neither a party nor anybody whom the deal pays.",
            vec![field("arbiter", "Who", Kind::Line)],
        ),
        CommandKind::SetDestination => {
            role.side().filter(|side| *side == Side::Seller)?;
            Form::new(
                "Choose where your earnings go",
                "A payment that failed is sent again.",
                destination_fields(),
            )
        }
        CommandKind::RedirectRefund => {
            let side = role.side()?;
            let pays =
                |deposit: &escrow::Deposit| deposit.owner() == side && deposit.required().is_positive();
            deal.deposits().iter().find(|deposit| pays(deposit))?;
            Form::new(
                "Choose where refunds go",
                "Otherwise they go back to where they came from.",
                destination_fields(),
            )
        }
        CommandKind::SettleReceivable => {
            let debts = deal.debts().iter().enumerate().filter(|(_, debt)| debt.is_open());
            let names: Vec<_> = debts
                .map(|(i, _)| i.saturating_add(1))
                .map(|n| (n.to_string(), format!("debt {n}")))
                .collect();
            if names.is_empty() {
                return None;
            }
            Form::new(
                "A debt was paid",
                "Outside, or by the bank.",
                vec![
                    field("debt", "Which", Kind::Choice(names)),
                    money("How much"),
                    field("reference", "The payment's id", Kind::Line),
                ],
            )
        }
        CommandKind::Extend => {
            deal.phase().timer()?;
            Form::new(
                "Give more time",
                "Moves the deadline that runs now.",
                vec![field("hours", "Hours more", Kind::Number { least: 1, most: 720 }).value(24)],
            )
        }
        CommandKind::Post => Form::new(
            "Write a message",
            "Both parties and the arbiter read it.",
            vec![field("message", "Message", Kind::Area)],
        ),
        // facts, which the bank, the carrier and the clock tell, a page of its own, and what the API alone does
        CommandKind::RequestPayment
        | CommandKind::ConfirmPayment
        | CommandKind::Answer
        | CommandKind::Chargeback
        | CommandKind::Returned
        | CommandKind::Wake
        | CommandKind::Annotate
        | CommandKind::Attach => return None,
    })
}
