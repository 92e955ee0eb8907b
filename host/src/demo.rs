//! Living examples: deals that are left open where it is interesting. They are made as people make them, through the service.

use escrow::deal::command::{
    Accept, Agree, Cancel, Digest, FileRef, MessageRef, OpenDispute, Post, ProposeAward, RequestChanges,
    Revision, SetDestination, SetTrack, StartPerforming, Submit, Track,
};
use escrow::deposit::DepositId;
use escrow::settlement::Resolution;
use escrow::{Command, Currency, Deal, DealId, Destination, Payee, Rate, Side};
use escrow_market::{ProjectId, project};
use escrow_store::{Filter, Page};

use crate::Desk;
use crate::bank;
use crate::desk::{Ask, Capacity};
use crate::error::Failure;
use crate::market::{Planned, ProjectProposal};
use crate::store::Person;
use crate::templates::{Line, Proposal, Template, money};
use crate::token;

fn text<T: std::str::FromStr<Err = escrow::TextError>>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|e| Failure::internal(&e))
}

/// A deal, and who acts on it.
struct Example<'d> {
    desk: &'d Desk,
    buyer: &'d Person,
    seller: &'d Person,
    id: DealId,
}

impl Example<'_> {
    async fn act(&self, person: &Person, command: impl Into<Command>) -> Result<(), Failure> {
        let ask = Ask { person, deal: self.id, capacity: Capacity::Party, seen: None, request_id: None };
        self.desk.act(ask, command.into()).await.map(drop)
    }

    async fn buyer(&self, command: impl Into<Command>) -> Result<(), Failure> {
        self.act(self.buyer, command).await
    }

    async fn seller(&self, command: impl Into<Command>) -> Result<(), Failure> {
        self.act(self.seller, command).await
    }

    async fn agree_and_pay(&self) -> Result<(), Failure> {
        self.buyer(Agree::new(1)).await?;
        self.pay().await
    }

    async fn pay(&self) -> Result<(), Failure> {
        let ask = Ask {
            person: self.buyer,
            deal: self.id,
            capacity: Capacity::Party,
            seen: None,
            request_id: None,
        };
        let url = self.desk.checkout(ask, DepositId::BUYER_PAYMENT).await?;
        let token = url.rsplit('/').next().unwrap_or_default();
        bank::pay(self.desk, token, false).await.map(drop)
    }

    async fn write(&self, person: &Person, message: &str) -> Result<(), Failure> {
        let id = format!("message-{}", token::random()?);
        self.desk.store.add_text(&id, self.id, &person.id, self.desk.now(), message)?;
        self.act(person, Post::new(text::<MessageRef>(&id)?)).await
    }

    async fn submit(&self, number: u16, preview: &str, original: &str) -> Result<(), Failure> {
        let mut files = Vec::new();
        for (kind, content) in [("preview", preview), ("original", original)] {
            let id = format!("{kind}-{}", token::random()?);
            self.desk.store.add_text(&id, self.id, &self.seller.id, self.desk.now(), content)?;
            files.push(text::<FileRef>(&id)?);
        }
        let digest: Digest = text(&format!("sha256:{}", token::hashed(original)))?;
        let [preview, original] = <[FileRef; 2]>::try_from(files).map_err(|_| Failure::not_found())?;
        self.seller(Submit::new(number, Revision::new(preview, original, digest))).await
    }

    async fn ship(&self, code: &str) -> Result<(), Failure> {
        self.seller(SetTrack::new(Track::new(text("dhl")?, text(code)?))).await?;
        self.seller(StartPerforming {}).await
    }
}

/// Fills the desk, unless there is a deal already.
///
/// # Errors
/// The storage failed.
pub async fn fill(desk: &Desk) -> Result<(), Failure> {
    let mut people = Vec::new();
    for id in ["anna", "boris", "clara"] {
        let person = Person { id: text(id)?, staff: false };
        desk.store.add_person(&person, desk.now())?;
        people.push(person);
    }
    let [anna, boris, clara] = <[Person; 3]>::try_from(people).map_err(|_| Failure::not_found())?;
    if !desk.host.repository().list::<Deal>(Filter::All, &Page::first(1)).await?.is_empty() {
        return Ok(());
    }
    let lamp = [("Lamp “Aurora”", 1, "140.00")];
    let books = [("Atlas, second hand", 2, "35.00"), ("Map of the coast", 3, "8.50")];
    let logo = [("Logo for a bakery", 1, "600.00")];

    propose(desk, &anna, &boris, Template::Goods, &lamp, "Brass, with a green shade.").await?;

    let unpaid = propose(desk, &anna, &clara, Template::Goods, &[("Bicycle, blue", 1, "420.00")], "").await?;
    unpaid.buyer(Agree::new(1)).await?;

    let shipped =
        propose(desk, &anna, &boris, Template::Goods, &books, "Five pieces, in one parcel.").await?;
    shipped.agree_and_pay().await?;
    shipped.ship("JD0146").await?;
    shipped
        .write(&boris, "It left this morning. Two of the maps are a little worn: accept what you like.")
        .await?;

    let work =
        propose(desk, &anna, &boris, Template::Work, &logo, "A mark and a word, in two colours.").await?;
    work.agree_and_pay().await?;
    work.seller(StartPerforming {}).await?;
    work.submit(1, "[watermarked] a loaf in a circle", "loaf-circle.svg: <svg>…</svg>").await?;
    work.buyer(RequestChanges::new(1, text("The loaf looks like a shoe. Could it be rounder?")?)).await?;
    work.submit(2, "[watermarked] a rounder loaf in a circle", "loaf-circle-2.svg: <svg>…</svg>").await?;

    let dispute =
        propose(desk, &anna, &clara, Template::Goods, &[("Camera lens 50 mm", 1, "310.00")], "").await?;
    dispute.agree_and_pay().await?;
    dispute.ship("JD0147").await?;
    dispute.buyer(OpenDispute::new(text("There is a scratch on the front glass.")?)).await?;
    dispute.write(&clara, "It was not there when I packed it. I would give a part back.").await?;
    let most: Rate = "70%".parse().map_err(|_| Failure::not_found())?;
    dispute.seller(ProposeAward::new(Resolution::Share(most))).await?;

    let review = propose(
        desk,
        &clara,
        &boris,
        Template::Reviewed,
        &[("Antique clock", 1, "950.00")],
        "Needs a look by the desk.",
    )
    .await?;
    review.agree_and_pay().await?;

    let done = propose(desk, &anna, &boris, Template::Goods, &[("Coffee grinder", 1, "89.90")], "").await?;
    done.agree_and_pay().await?;
    done.ship("JD0139").await?;
    done.buyer(Accept::all()).await?;

    let cancelled =
        propose(desk, &anna, &clara, Template::Goods, &[("Vinyl records", 10, "9.00")], "").await?;
    cancelled.agree_and_pay().await?;
    cancelled.seller(Cancel::new(text("Sold in the shop an hour ago, sorry.")?)).await?;

    let quick = propose(
        desk,
        &anna,
        &boris,
        Template::Quick,
        &[("A quick one: two minutes of silence accept it", 1, "10.00")],
        "",
    )
    .await?;
    quick.agree_and_pay().await?;
    quick.submit(1, "a picture of it", "the thing itself").await?;
    project(desk, &anna, &boris).await
}

/// A project in three milestones: the first is on the contractor's balance, the second under way.
async fn project(desk: &Desk, customer: &Person, contractor: &Person) -> Result<(), Failure> {
    let currency = Currency::EUR;
    let mut milestones = Vec::new();
    for (name, price) in [("Design", "300.00"), ("Pages", "600.00"), ("A shop in it", "450.00")] {
        milestones.push(Planned { name: name.to_owned(), price: money(name, price, currency)? });
    }
    let proposal = ProjectProposal {
        name: "A site for the bakery".to_owned(),
        template: Template::Work,
        i_am: Side::Buyer,
        other: contractor.id.clone(),
        currency,
        is_upfront: false,
        milestones,
    };
    let id = ProjectId::new(token::derived(&token::random()?));
    let proposed = desk.propose_project(customer, id, &proposal).await?;
    let agree = project::command::Agree { version: proposed.proposal().version };
    let mut agreed = desk.act_on_project(contractor, id, agree.into(), None).await?;
    for number in 1..=2_u16 {
        let deal = agreed.begun().last().map(|run| run.deal).ok_or_else(Failure::not_found)?;
        let milestone = Example { desk, buyer: customer, seller: contractor, id: deal };
        milestone.seller(SetDestination::new(Payee::Seller, Destination::Balance)).await?;
        milestone.pay().await?;
        milestone.submit(1, &format!("[watermarked] milestone {number}"), "<html>…</html>").await?;
        if number == 1 {
            milestone.buyer(Accept::all()).await?;
        }
        agreed = desk.project(customer, id).await?.0;
    }
    Ok(())
}

async fn propose<'d>(
    desk: &'d Desk,
    buyer: &'d Person,
    seller: &'d Person,
    template: Template,
    items: &[(&str, u32, &str)],
    description: &str,
) -> Result<Example<'d>, Failure> {
    let currency = Currency::EUR;
    let mut lines = Vec::new();
    for (name, quantity, price) in items {
        lines.push(Line {
            name: (*name).to_owned(),
            quantity: *quantity,
            unit_price: money(name, price, currency)?,
        });
    }
    let proposal = Proposal {
        template,
        i_am: Side::Seller,
        other: buyer.id.clone(),
        currency,
        lines,
        description: description.to_owned(),
        conditions: String::new(),
        order_id: String::new(),
    };
    let id = token::deal_id()?;
    desk.open_deal(seller, id, proposal.terms(desk, &seller.id)?).await?;
    Ok(Example { desk, buyer, seller, id })
}
