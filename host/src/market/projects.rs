//! Projects: who proposes, agrees, pays and ends them.

use escrow::deposit::{DepositId, TxId};
use escrow::port::Repository as _;
use escrow::terms::{Fee, Item, OnRefund};
use escrow::{Actor, Caller, Context, Currency, DealId, Money, PartyId, Rate, Side};
use escrow_market::basket::Status as BasketStatus;
use escrow_market::project::command::{Amend, Command, CommandKind};
use escrow_market::project::{Funding, Milestone, ProjectDraft, ProjectTerms, Role};
use escrow_market::{Basket, Project, ProjectId};

use super::{done, refused};
use crate::Desk;
use crate::error::Failure;
use crate::store::{Checkout, Person};
use crate::templates::Template;

/// A milestone as a party names it: what is delivered, for how much.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) price: Money,
}

/// A project as a party proposes it. Fees and rules are the desk's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ProjectProposal {
    pub(crate) name: String,
    pub(crate) template: Template,
    pub(crate) i_am: Side,
    pub(crate) other: PartyId,
    pub(crate) currency: Currency,
    pub(crate) is_upfront: bool,
    pub(crate) milestones: Vec<Planned>,
}

fn milestones(planned: &[Planned], ids: Vec<DealId>) -> Result<Vec<Milestone>, Failure> {
    let one = |(planned, deal): (&Planned, DealId)| {
        let name = planned.name.parse().map_err(|e| Failure::invalid(format!("What is delivered: {e}.")))?;
        Ok(Milestone::new(deal, vec![Item::new(name, planned.price, 1)]))
    };
    planned.iter().zip(ids).map(one).collect()
}

impl Desk {
    /// Proposes a project in a party's name. The same again is the same project.
    pub(crate) async fn propose_project(
        &self,
        person: &Person,
        id: ProjectId,
        proposal: &ProjectProposal,
    ) -> Result<Project, Failure> {
        let known: Option<Project> = self.host.repository().load(id).await?;
        if let Some(known) = known {
            return self.project(person, known.id()).await.map(|(project, _)| project);
        }
        if person.staff {
            return Err(Failure::forbidden("Projects are proposed by those who order or do the work."));
        }
        if self.store.person(&proposal.other)?.is_none() {
            return Err(Failure::invalid(format!(
                "Nobody here is called {:?}. Check the spelling, or ask the operator to invite them.",
                proposal.other.as_str()
            )));
        }
        let (customer, contractor) = match proposal.i_am {
            Side::Buyer => (person.id.clone(), proposal.other.clone()),
            Side::Seller => (proposal.other.clone(), person.id.clone()),
        };
        let name = proposal.name.parse().map_err(|e| Failure::invalid(format!("What it is called: {e}.")))?;
        let ids = self.store.milestone_ids(id, 1, proposal.milestones.len())?;
        let milestones = milestones(&proposal.milestones, ids)?;
        let policy = proposal.template.policy();
        let mut draft =
            ProjectDraft::new((customer, contractor), name, proposal.currency, policy, milestones);
        let rate = Rate::from_ppm(self.config.fee_ppm).map_err(|e| Failure::internal(&e))?;
        if rate != Rate::ZERO {
            let fee = Fee::percent("platform", 0).rate(rate).on_refund(OnRefund::ProRata);
            draft.fees = vec![fee.build(proposal.currency).map_err(|e| Failure::internal(&e))?];
        }
        if proposal.is_upfront {
            draft.funding = Funding::Upfront { basket: self.store.basket_for(id)? };
        }
        let terms = ProjectTerms::new(draft).map_err(|error| Failure::invalid(error.to_string()))?;
        let context = Context::party(self.now(), person.id.clone());
        let (project, first) = Project::propose(id, terms, &context).map_err(|r| refused(&r))?;
        self.begin(&project, &first).await?;
        self.project(person, id).await.map(|(project, _)| project)
    }

    /// A project that this person has to do with, and as what.
    pub(crate) async fn project(&self, person: &Person, id: ProjectId) -> Result<(Project, Role), Failure> {
        let project: Option<Project> = self.host.repository().load(id).await?;
        let project = project.ok_or_else(Failure::not_found)?;
        let own = project.role_of(&Actor::Party(person.id.clone()));
        let role = own.or(person.staff.then_some(Role::Operator)).ok_or_else(Failure::not_found)?;
        Ok((project, role))
    }

    /// Carries out what somebody asks for, and returns the project after it.
    pub(crate) async fn act_on_project(
        &self,
        person: &Person,
        id: ProjectId,
        command: Command,
        seen: Option<u64>,
    ) -> Result<Project, Failure> {
        let (_, role) = self.project(person, id).await?;
        match command.kind() {
            CommandKind::Report | CommandKind::Wake => {
                return Err(Failure::forbidden("That is for the desk itself to tell."));
            }
            CommandKind::Agree
            | CommandKind::Amend
            | CommandKind::Withdraw
            | CommandKind::Continue
            | CommandKind::Stop => {}
        }
        let mut caller = Caller::from(actor(person, role));
        caller.seen = seen;
        done(Box::pin(self.host.act(id, command, caller)).await)?;
        self.after_project(id).await;
        self.project(person, id).await.map(|(project, _)| project)
    }

    /// Proposes other milestones in place of those that have not begun.
    pub(crate) async fn amend_project(
        &self,
        person: &Person,
        id: ProjectId,
        (version, seen): (u32, Option<u64>),
        planned: &[Planned],
    ) -> Result<Project, Failure> {
        let (_, role) = self.project(person, id).await?;
        if role == Role::Operator || planned.len() > ProjectDraft::MAX_MILESTONES {
            return Err(Failure::invalid("The parties propose milestones, a hundred at most."));
        }
        let ids = self.store.milestone_ids(id, version, planned.len())?;
        let milestones = milestones(planned, ids)?;
        self.act_on_project(person, id, Amend { version, milestones }.into(), seen).await
    }

    /// The basket of a project that is paid at once, once it is open.
    pub(crate) async fn basket(&self, project: &Project) -> Result<Option<Basket>, Failure> {
        match project.terms().funding {
            Funding::Each => Ok(None),
            Funding::Upfront { basket } => Ok(self.host.repository().load(basket).await?),
        }
    }

    /// The bank's page for all that is outstanding of a project that is paid at once.
    pub(crate) async fn checkout_project(&self, person: &Person, id: ProjectId) -> Result<String, Failure> {
        let (project, role) = self.project(person, id).await?;
        if role != Role::Customer {
            return Err(Failure::forbidden("The customer pays."));
        }
        let basket = self.basket(&project).await?;
        let nothing = || Failure::new(409, "nothing-due", "Not as things are now", "Nothing is to be paid.");
        let basket = basket.filter(|basket| basket.status() == BasketStatus::Open).ok_or_else(nothing)?;
        let amount = outstanding(&basket).filter(|amount| amount.is_positive()).ok_or_else(nothing)?;
        let order = u32::try_from(basket.payments().len()).unwrap_or(u32::MAX).saturating_add(1);
        let checkout = Checkout {
            deal: DealId::new(basket.id().uuid()),
            order: TxId::new(order),
            deposit: DepositId::BUYER_PAYMENT,
            amount,
            payer: person.id.to_string(),
            description: project.terms().name.to_string(),
            back: format!("/projects/{id}"),
            paid: false,
        };
        let token = self.store.add_checkout(&checkout)?;
        Ok(format!("/bank/pay/{token}"))
    }
}

/// What of a basket has not come in; `None` where its sums do not fit.
pub(crate) fn outstanding(basket: &Basket) -> Option<Money> {
    let all = basket.lines().try_fold(0_i64, |sum, line| sum.checked_add(line.amount.minor()))?;
    let mut paid = basket.payments().iter().filter(|payment| payment.amount.currency() == basket.currency());
    let paid = paid.try_fold(0_i64, |sum, payment| sum.checked_add(payment.amount.minor()))?;
    Some(Money::from_minor(all.checked_sub(paid)?.max(0), basket.currency()))
}

pub(crate) fn actor(person: &Person, role: Role) -> Actor {
    match role {
        Role::Customer | Role::Contractor => Actor::Party(person.id.clone()),
        Role::Operator | Role::Clock => Actor::Operator(person.id.clone()),
    }
}
