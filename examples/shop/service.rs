//! All that a host writes itself to serve Nalogka's API to a shop: load, submit, tell. Who may, what changed, and which
//! webhooks follow in which order is the crate's.

use std::collections::HashMap;

use escrow::agent::blocking::Agent;
use escrow::port::Clock;
use escrow::{Caller, Command, Deal, DealId, PartyId};
use escrow_nalogka::{
    ApiError, ApiUser, ContactInfo, Desk, Done, Form, HostData, Incoming, Notification, PaymentPage,
};
use escrow_testing::{ManualClock, MemorySink, ScriptedGateway};
use serde_json::Value;

pub(crate) struct Service {
    pub(crate) agent: Agent<ManualClock, ScriptedGateway>,
    pub(crate) journal: MemorySink,
    pub(crate) shop: ApiUser,
    pub(crate) hosts: HashMap<DealId, HostData>,
    pub(crate) webhooks: Vec<Notification>,
}

/// The shop's orders name buyers by their contacts only.
struct Buyers;

impl Desk for Buyers {
    fn buyer(&self, _: &ContactInfo) -> Option<PartyId> {
        "buyer-1".parse().ok()
    }
}

impl Service {
    /// A call of the shop.
    pub(crate) fn call(&mut self, method: &str, target: &str, body: &Value) -> Result<Value, ApiError> {
        let call = Incoming::read(method, target, body.to_string().as_bytes())?;
        let id = match call.open(&self.shop, &Buyers)? {
            Some(new) => {
                let id = DealId::new(uuid::Uuid::from_u128(1 + self.hosts.len() as u128));
                self.hosts.insert(id, new.host());
                let deal = self.agent.open(&mut self.journal, id, new.proposal, new.caller)?;
                self.tell(None, &deal).map(|()| id)?
            }
            None => call.about()?,
        };
        let now = self.agent.clock.now();
        let work = call.work(&self.shop, &self.load(id)?, &self.hosts[&id], &Buyers, now)?;
        self.hosts.entry(id).and_modify(|host| host.keep(work.kept));
        work.commands.into_iter().try_for_each(|(command, caller)| self.submit(id, &command, caller))?;
        let (deal, journal) = (&self.load(id)?, self.journal.journal(id));
        call.answer(&Done { deal, host: &self.hosts[&id], form: None, journal })
    }

    /// The page where the buyer pays.
    pub(crate) fn payment_page(&mut self, id: DealId, page: &PaymentPage) -> Result<Form, ApiError> {
        let payment = page.command(&self.load(id)?, &"card".parse()?)?;
        self.submit(id, &payment.clone().into(), Caller::party("buyer-1".parse()?))?;
        Ok(Form::try_from(self.agent.checkout(&self.load(id)?, &payment)?)?)
    }

    /// A command: of a call, or what the gateway, the tracker and the clock tell.
    pub(crate) fn submit(&mut self, id: DealId, command: &Command, caller: Caller) -> Result<(), ApiError> {
        let (before, mut deal) = (self.load(id)?, self.load(id)?);
        let done = self.agent.submit(&mut self.journal, &mut deal, command, caller);
        self.tell(Some(&before), &deal)?;
        Ok(done.map(drop)?)
    }

    pub(crate) fn load(&self, id: DealId) -> Result<Deal, ApiError> {
        self.journal.load(id).map_err(|_| ApiError::no_such_deal())
    }

    fn tell(&mut self, before: Option<&Deal>, after: &Deal) -> Result<(), ApiError> {
        let news = &self.journal.journal(after.id())[before.map_or(0, Deal::version) as usize..];
        let host = self.hosts.entry(after.id()).or_insert_with(|| HostData::new(self.shop.workflow()));
        self.webhooks.extend(host.tell(before, news, after)?);
        Ok(())
    }
}
