//! The service: what pages, API and examples all do. Persons come in authenticated; in which capacity they may act on a deal is
//! decided here, and what that capacity may do is the deal's own affair.

use std::sync::Arc;

use escrow::agent::Committed;
use escrow::deal::command::{CommandKind, PaymentForm, RequestPayment, ReturnUrls};
use escrow::deposit::{ClientKey, DepositId};
use escrow::port::{Clock as _, Repository as _, SystemClock};
use escrow::{Actor, Caller, Command, Deal, DealId, PartyId, Role, Terms, Time};
use escrow_host::Host;
use escrow_host::sandbox::{Bank, Faults, SandboxGateway};
use escrow_market::{Balance, BalanceId, Basket, BasketId};
use escrow_store::Entry;

use crate::Config;
use crate::bank::DeskGateway;
use crate::deals::Deals;
use crate::error::Failure;
use crate::limits::Limits;
use crate::store::{Person, Store};
use crate::token;

/// The host that the desk runs on.
pub type TheHost = Host<Deals, DeskGateway, SystemClock>;

/// For how long a session lasts: twelve hours.
const SESSION_S: u32 = 12 * 3_600;
/// For how long a sign-in link can be used: a day.
const LINK_S: u32 = 86_400;

/// The whole service.
#[derive(Debug)]
pub struct Desk {
    /// The deals.
    pub host: Arc<TheHost>,
    /// The desk's own tables.
    pub store: Arc<Store>,
    pub(crate) config: Config,
    pub(crate) limits: Limits,
    /// One at a time hears what the bank tells.
    pub(crate) hearing: tokio::sync::Mutex<()>,
}

/// In which capacity somebody acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Capacity {
    /// As whoever the deal knows them as: buyer, seller, partner or arbiter.
    Party,
    Operator,
    Moderator,
}

impl Capacity {
    pub(crate) const ALL: [Self; 3] = [Self::Party, Self::Operator, Self::Moderator];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Party => "party",
            Self::Operator => "operator",
            Self::Moderator => "moderator",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capacity| capacity.word() == word)
    }

    pub(crate) fn actor(self, id: PartyId) -> Actor {
        match self {
            Self::Party => Actor::Party(id),
            Self::Operator => Actor::Operator(id),
            Self::Moderator => Actor::Moderator(id),
        }
    }
}

/// In which capacities this person may act on this deal. Staff who have a part in it act for themselves only; an arbiter who is
/// staff is both. Nothing: the deal is none of their business.
pub(crate) fn capacities(person: &Person, deal: &Deal) -> Vec<(Capacity, Role)> {
    let own = deal.role_of(&Actor::Party(person.id.clone()));
    let mut found: Vec<_> = own.map(|role| (Capacity::Party, role)).into_iter().collect();
    if person.staff && matches!(own, None | Some(Role::Arbiter)) {
        found.push((Capacity::Operator, Role::Operator));
        found.push((Capacity::Moderator, Role::Moderator));
    }
    found
}

/// Who asks for what of which deal.
#[derive(Clone, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) person: &'a Person,
    pub(crate) deal: DealId,
    pub(crate) capacity: Capacity,
    /// The revision that they looked at.
    pub(crate) seen: Option<u64>,
    /// By which the request is recognised when it is sent again.
    pub(crate) request_id: Option<ClientKey>,
}

impl Ask<'_> {
    fn caller(&self) -> Caller {
        let mut caller = Caller::from(self.capacity.actor(self.person.id.clone()));
        caller.seen = self.seen;
        caller.request_id = self.request_id.clone();
        caller
    }
}

impl Desk {
    /// Opens the files in the configured folder, or makes them.
    ///
    /// # Errors
    /// They cannot be opened.
    pub fn open(config: Config) -> Result<Arc<Self>, Box<dyn std::error::Error + Send + Sync>> {
        std::fs::create_dir_all(&config.data)?;
        let deals = Deals::open(&config.data.join("deals.db"))?;
        Self::on(deals, config)
    }

    /// The same, with the deals in the PostgreSQL database that the configuration names, if it names one.
    ///
    /// # Errors
    /// Nobody answers there, or the files cannot be opened.
    pub async fn connect(config: Config) -> Result<Arc<Self>, Box<dyn std::error::Error + Send + Sync>> {
        match config.database.clone() {
            Some(url) => Self::on(Deals::connect(&url).await?, config),
            None => Self::open(config),
        }
    }

    fn on(deals: Deals, config: Config) -> Result<Arc<Self>, Box<dyn std::error::Error + Send + Sync>> {
        std::fs::create_dir_all(&config.data)?;
        let store = Store::open(&config.data.join("desk.db")).map_err(|failure| failure.0.detail)?;
        let store = Arc::new(store);
        let bank =
            Bank::open(config.data.join("bank.db"), Faults { lost: config.bank_loses, ..Faults::default() })?;
        let gateway = DeskGateway::new(SandboxGateway::new(bank, SystemClock), store.clone());
        let host = Host::builder(deals, gateway, SystemClock).keeps_balances().build();
        let limits = Limits::new(config.requests_per_minute);
        Ok(Arc::new(Self { host, store, config, limits, hearing: tokio::sync::Mutex::default() }))
    }

    /// The time.
    pub fn now(&self) -> Time {
        self.host.clock().now()
    }

    /// A link by which this person signs in, without the address before it.
    ///
    /// # Errors
    /// The storage failed.
    pub fn sign_in_path(&self, person: &PartyId) -> Result<String, Failure> {
        let secret = self.store.add_link(person, self.now().plus_secs(LINK_S))?;
        Ok(format!("/signin/{secret}"))
    }

    /// The secret of a new session.
    ///
    /// # Errors
    /// The storage failed.
    pub fn session(&self, person: &PartyId) -> Result<String, Failure> {
        let now = self.now();
        self.store.add_session(person, now, now.plus_secs(SESSION_S))
    }

    /// A deal that this person has to do with, and their capacities.
    pub(crate) async fn deal(
        &self,
        person: &Person,
        id: DealId,
    ) -> Result<(Deal, Vec<(Capacity, Role)>), Failure> {
        let deal: Deal = self.host.repository().load(id).await?.ok_or_else(Failure::not_found)?;
        let capacities = capacities(person, &deal);
        if capacities.is_empty() { Err(Failure::not_found()) } else { Ok((deal, capacities)) }
    }

    /// What of the journal these roles may read, oldest first.
    pub(crate) async fn journal(
        &self,
        deal: &Deal,
        roles: &[(Capacity, Role)],
        after: u64,
    ) -> Result<Vec<Entry<escrow::Event>>, Failure> {
        let mut entries = self.host.repository().journal::<Deal>(deal.id(), after).await?;
        entries.retain(|entry| roles.iter().any(|(_, role)| deal.may_read(*role, &entry.recorded.event)));
        Ok(entries)
    }

    /// Opens a deal: in a party's name, or as staff for both.
    pub(crate) async fn open_deal(&self, person: &Person, id: DealId, terms: Terms) -> Result<Deal, Failure> {
        for named in [&terms.buyer, &terms.seller] {
            if self.store.person(named)?.is_none() {
                return Err(Failure::invalid(format!(
                    "Nobody here is called {named:?}. Check the spelling, or ask the operator to invite them."
                )));
            }
        }
        let party = person.id == terms.buyer || person.id == terms.seller;
        let capacity = if party { Capacity::Party } else { Capacity::Operator };
        if !party && !person.staff {
            return Err(Failure::forbidden("You can open deals in which you buy or sell, and no others."));
        }
        if self.is_taken(id).await? {
            return Err(Failure::new(409, "conflict", "Not as things are now", "This id is taken."));
        }
        let deal = Box::pin(self.host.open(id, terms, capacity.actor(person.id.clone()))).await?;
        self.after_deal(id).await;
        Ok(self.host.repository().load(id).await?.unwrap_or(deal))
    }

    /// Whether another kind of machine has the id: at the bank their orders would have the same keys.
    async fn is_taken(&self, id: DealId) -> Result<bool, Failure> {
        let repository = self.host.repository();
        let basket: Option<Basket> = repository.load(BasketId::new(id.uuid())).await?;
        let balance: Option<Balance> = repository.load(BalanceId::new(id.uuid())).await?;
        Ok(basket.is_some() || balance.is_some())
    }

    /// Carries out what somebody asks for, and returns the deal after it.
    pub(crate) async fn act(&self, ask: Ask<'_>, command: Command) -> Result<Deal, Failure> {
        let (_, capacities) = self.deal(ask.person, ask.deal).await?;
        if !capacities.iter().any(|(capacity, _)| *capacity == ask.capacity) {
            return Err(Failure::forbidden("You cannot act on this deal in that capacity."));
        }
        // boxed: the future of a command is large, and so are those of whoever waits for it
        match Box::pin(self.host.act(ask.deal, command, ask.caller())).await {
            Ok(_) => {}
            // what is left of it is done by the worker, and seen on the page
            Err(error) if error.committed() == Committed::Yes => {}
            Err(error) => return Err(error.into()),
        }
        self.after_deal(ask.deal).await;
        self.host.repository().load(ask.deal).await?.ok_or_else(Failure::not_found)
    }

    /// Asks for the bank's page for all that is outstanding of a deposit.
    pub(crate) async fn checkout(&self, ask: Ask<'_>, deposit: DepositId) -> Result<String, Failure> {
        let (deal, _) = self.deal(ask.person, ask.deal).await?;
        deal.allowed(&ask.capacity.actor(ask.person.id.clone()), self.now())
            .check(CommandKind::RequestPayment)
            .map_err(|denied| Failure::from(escrow_host::Problem::from(&denied)))?;
        let amount = deal
            .deposit(deposit)
            .map(escrow::Deposit::outstanding)
            .ok_or_else(|| Failure::invalid("This deal has no such deposit."))?;
        let back = format!("/deals/{}", ask.deal);
        let text = |text: &str| escrow::Text::new(text).map_err(|e| Failure::internal(&e));
        let urls = ReturnUrls::new(text(&format!("{back}?paid=1"))?, text(&format!("{back}?paid=0"))?);
        let method = "card".parse().map_err(|e: escrow::TextError| Failure::internal(&e))?;
        let key = match &ask.request_id {
            Some(key) => key.clone(),
            None => token::random()?.parse().map_err(|e: escrow::TextError| Failure::internal(&e))?,
        };
        let request = RequestPayment::new(key, deposit, amount, PaymentForm::new(method, urls))
            .terms_version(deal.terms_version());
        // the request has an identity of its own: its key
        let caller = Ask { request_id: None, ..ask }.caller();
        Ok(Box::pin(self.host.checkout(deal.id(), request, caller)).await?.url)
    }
}
