//! All that a host writes itself to serve Nalogka's API to a shop: load, submit, tell. Who may, what changed, and which
//! webhooks follow in which order is the crate's.

use std::collections::HashMap;

use escrow::{Caller, Command, Deal, DealId, PartyId, agent::blocking::Agent, port::Clock};
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
        let mut about = call.about();
        if let Some(new) = call.open(&self.shop, &Buyers)? {
            let id = DealId::new(uuid::Uuid::from_u128(1 + self.hosts.len() as u128));
            self.hosts.insert(id, new.host());
            let deal = self.agent.open(&mut self.journal, id, new.proposal, new.caller)?;
            about = self.tell(None, &deal).map(|()| id);
        }
        let id = about?;
        let work =
            call.work(&self.shop, &self.load(id)?, &self.hosts[&id], &Buyers, self.agent.clock.now())?;
        self.hosts.entry(id).and_modify(|host| host.keep(work.kept));
        self.submit(id, &work.commands)?;
        let (deal, journal) = (&self.load(id)?, self.journal.journal(id));
        call.answer(&Done { deal, host: &self.hosts[&id], form: None, journal })
    }

    /// The page where the buyer pays.
    pub(crate) fn payment_page(&mut self, id: DealId, page: &PaymentPage) -> Result<Form, ApiError> {
        let payment = page.command(&self.load(id)?, &"card".parse()?)?;
        self.submit(id, &[(payment.clone().into(), Caller::party("buyer-1".parse()?))])?;
        Ok(Form::try_from(self.agent.checkout(&self.load(id)?, &payment)?)?)
    }

    /// The commands of a call, or what the gateway, the tracker and the clock tell. What came of them is told once.
    pub(crate) fn submit(&mut self, id: DealId, commands: &[(Command, Caller)]) -> Result<(), ApiError> {
        let (before, mut deal) = (self.load(id)?, self.load(id)?);
        let done = commands.iter().try_for_each(|(command, by)| {
            self.agent.submit(&mut self.journal, &mut deal, command, by.clone()).map(drop)
        });
        self.tell(Some(&before), &deal).and(Ok(done?))
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
