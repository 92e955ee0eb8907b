//! WebMoney Escrow's documented story, call by call: `cargo run --example webmoney`.
//!
//! A service takes calls as JSON, checks their hash, turns them into commands, and answers with the documented objects.
//! Three contracts: both report success; both cancel; one of each, with a claim and an award. The first comes of an
//! offer.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "an example may stop at once")]

use std::collections::HashMap;
use std::error::Error;

use escrow::agent::blocking::Agent;
use escrow::deal::command::Rule;
use escrow::terms::{ArbitrationFee, Contacts, FeePayee, Item};
use escrow::{
    Actor, Award, Command, Context, Currency, Deal, DealId, InstrumentRef, Machine, Money, PartyId, Policy,
    Rate, Side, Terms, Time,
};
use escrow_market::offer::{OfferDraft, OfferTerms};
use escrow_market::{Offer, OfferId};
use escrow_testing::{ManualClock, MemorySink, ScriptedGateway};
use escrow_webmoney::{
    ArbitrageCreateClaim, Call, ClaimCreated, Contact, ContractAccept, ContractCreate, ContractCreated,
    ContractInfo, DealCancel, DealInfo, DealSuccess, OfferInfo, OfferUserInfo, Parties, Rules, ServiceSecret,
    UserInfo, UserProfileInfo, View, author, from_json,
};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

type Fallible<T = ()> = Result<T, Box<dyn Error>>;

const DAY: u32 = 86_400;
const SERVICE: &str = "77";

/// The host: a deal store, a directory of users, a vault of purses.
struct Service {
    secret: ServiceSecret,
    agent: Agent<ManualClock, ScriptedGateway>,
    journal: MemorySink,
    deals: HashMap<DealId, Deal>,
    /// Personal data stays here; the deal has references.
    people: HashMap<PartyId, Contact>,
    rules: Rules,
}

fn main() -> Fallible {
    let mut service = Service::new()?;
    service.people()?;
    println!("\n═══ An offer, taken, accepted, and performed");
    service.offer_and_success()?;
    println!("\n═══ Created, accepted, cancelled by both");
    service.cancelled_by_both()?;
    println!("\n═══ Disputed: a claim, and an award");
    service.claim_and_award()
}

impl Service {
    fn new() -> Fallible<Self> {
        // the arbitration takes 150 roubles out of the loser's deposit
        let fixed = Some(Money::from_minor(150_00, Currency::RUB));
        let fee = ArbitrationFee {
            payee: FeePayee::Platform,
            rate: Rate::ZERO,
            guarantee_rate: Rate::ZERO,
            fixed,
            min: None,
            max: None,
        };
        let policy = Policy::guarantee().arbitration_fee(Some(fee));
        let start = Time::parse("2026-03-01T12:00:00Z")?;
        Ok(Self {
            secret: ServiceSecret::new("K3y of the service")?,
            agent: Agent::new(ManualClock::new(start), ScriptedGateway::new()),
            journal: MemorySink::new(),
            deals: HashMap::new(),
            people: HashMap::new(),
            rules: Rules { policy, arbiter: Some("arbitrage".parse()?), ..Rules::default() },
        })
    }

    fn now(&self) -> Time {
        escrow::port::Clock::now(&self.agent.clock)
    }

    fn people(&mut self) -> Fallible {
        println!("═══ Users");
        for (id, locale) in [("anna", "ru-RU"), ("boris", "en-GB")] {
            let user = UserInfo {
                id: id.parse()?,
                service_id: SERVICE.parse()?,
                locale: locale.parse()?,
                created: self.now(),
            };
            show("UserInfo", &user)?;
            // what the user has given at registration
            let known = json!({ "ExternalId": format!("ext-{id}"), "Phone": "+7 900 000-00-00", "Purse": format!("R-{id}") });
            let known = from_json(&known.to_string())?;
            self.people.insert(id.parse()?, Contact::from(&known));
        }
        show("UserProfileInfo", &UserProfileInfo { id: "anna".parse()?, tags: vec!["furniture".parse()?] })
    }

    // --- the three stories ---

    fn offer_and_success(&mut self) -> Fallible {
        let table = Item::new("Oak table".parse()?, Money::from_minor(5_000_00, Currency::RUB), 10);
        let mut draft = OfferDraft::new("boris".parse()?, Side::Seller, table, self.rules.policy.clone());
        draft.guarantees.seller = Some(Money::from_minor(500_00, Currency::RUB));
        draft.description = Some("Oak tables, oiled".parse()?);
        draft.category = Some("furniture".parse()?);
        draft.purse = Some(vault("boris")?);
        let boris = Context::party(self.now(), "boris".parse()?);
        let id = OfferId::new(Uuid::from_u128(9));
        let (mut offer, _) = Offer::publish(id, OfferTerms::new(draft)?, &boris)?;
        show("OfferInfo", &OfferInfo::of(&offer, &SERVICE.parse()?, &self.people["boris"])?)?;

        let taken = json!({ "OfferId": id.to_string(), "UserId": "anna", "Count": 2 });
        let taken: OfferUserInfo = from_json(&taken.to_string())?;
        let deal = deal_id(1);
        let take = taken.take(&offer, deal, Some(vault("anna")?), None)?;
        let context = taken.context(self.now(), &SERVICE.parse()?);
        let _ = offer.handle(&take, &context)?;
        let take = offer.take(deal).ok_or("just taken")?;
        show("OfferUserInfo", &OfferUserInfo::of(&offer, take, &self.people["anna"]))?;
        // a take yields the terms of a contract, which its taker proposes
        self.open(deal, offer.proposal(deal)?, "anna")?;
        // both have named a purse: that is where their money goes
        for (command, caller) in OfferUserInfo::follow_up(&offer, &self.deals[&deal], &SERVICE.parse()?) {
            let deal = self.deals.get_mut(&deal).ok_or("no such deal")?;
            self.agent.submit(&mut self.journal, deal, &command, caller)?;
        }
        show("ContractInfo", &self.contract(deal)?)?;

        self.contract_accept("boris", deal, "t-1001")?;
        self.contract_accept("anna", deal, "t-1002")?;
        self.deal_success("boris", deal)?;
        self.deal_success("anna", deal)?;
        show("DealInfo", &self.deal(deal)?)?;
        let fact = offer.follow(&self.deals[&deal]).ok_or("the offer hears of it")?;
        let _ = offer.handle(&fact, &Context::clock(self.now()))?;
        println!("    of the offer {} are gone, {} are left", offer.concluded(), offer.available());
        self.statement(deal)
    }

    fn cancelled_by_both(&mut self) -> Fallible {
        let deal = deal_id(2);
        self.contract_create(deal)?;
        show("ContractInfo", &self.contract(deal)?)?;
        self.contract_accept("anna", deal, "t-2002")?;
        self.deal_cancel("anna", deal)?;
        self.deal_cancel("boris", deal)?;
        self.statement(deal)
    }

    fn claim_and_award(&mut self) -> Fallible {
        let deal = deal_id(3);
        self.contract_create(deal)?;
        self.contract_accept("anna", deal, "t-3002")?;
        self.deal_success("boris", deal)?;
        self.deal_cancel("anna", deal)?;
        show("DealInfo", &self.deal(deal)?)?;
        self.arbitrage_create_claim("anna", deal).expect_err("the sides are still negotiating");
        self.agent.clock.advance(10 * DAY);
        println!("    ten days later");
        self.arbitrage_create_claim("anna", deal)?;
        show("DealInfo", &self.deal(deal)?)?;
        // the arbitration finds for Anna
        let rule = Rule::new(Award::Winner(Side::Buyer)).at_fault(Side::Seller);
        let stored = self.deals.get_mut(&deal).expect("stored");
        self.agent.submit(&mut self.journal, stored, &rule.into(), Actor::Party("arbitrage".parse()?))?;
        self.statement(deal)
    }

    // --- the calls, each from its JSON ---

    fn contract_create(&mut self, id: DealId) -> Fallible {
        let json = json!({
            "serviceId": SERVICE, "userId": "boris",
            "amount": "10000.00", "amountCurrencyId": "RUB",
            "seller": { "ExternalId": "ext-boris", "Deposit": "1000.00", "Purse": "R-boris", "TranId": format!("t-{id}") },
            "buyer": { "ExternalId": "ext-anna", "Deposit": "1000.00" },
            "currencyId": "RUB", "description": "Two oak tables", "count": 2,
            "duration": 10, "durationToDeal": 3, "depositToSeller": false,
            "hash": self.hash("boris"),
        });
        let call: ContractCreate = self.received(&json)?;
        let parties =
            Parties { seller: "boris".parse()?, buyer: "anna".parse()?, contacts: Contacts::default() };
        let proposal = call.proposal(&parties, &self.rules)?;
        self.open(id, proposal.terms, call.user_id())?;
        let commands = call.follow_up(&self.deals[&id], &"webmoney".parse()?, Some(vault("boris")?))?;
        self.submit(&call, id, &commands)?;
        answer("ContractCreate", "boris", &serde_json::to_value(ContractCreated { contract_id: id })?);
        Ok(())
    }

    fn contract_accept(&mut self, user: &str, id: DealId, tran: &str) -> Fallible {
        let json = json!({
            "serviceId": SERVICE, "userId": user, "contractId": id.to_string(), "purse": format!("R-{user}"),
            "tranId": tran, "hash": self.hash(user),
        });
        let call: ContractAccept = self.received(&json)?;
        // the version that the page has shown
        let shown = self.contract(id)?.version_id;
        let commands = call.commands(&self.deals[&id], shown, &"webmoney".parse()?, vault(user)?)?;
        self.submit(&call, id, &commands)?;
        answer("ContractAccept", user, &json!(self.deals[&id].status()));
        Ok(())
    }

    fn deal_success(&mut self, user: &str, id: DealId) -> Fallible {
        let call: DealSuccess = self.received(&self.about(user, id))?;
        let command = call.command(&self.deals[&id])?;
        self.submit(&call, id, &[command])?;
        answer("DealSuccess", user, &json!(self.deals[&id].status()));
        Ok(())
    }

    fn deal_cancel(&mut self, user: &str, id: DealId) -> Fallible {
        let call: DealCancel = self.received(&self.about(user, id))?;
        let command = call.command(&self.deals[&id])?;
        self.submit(&call, id, &[command])?;
        answer("DealCancel", user, &json!(self.deals[&id].status()));
        Ok(())
    }

    fn arbitrage_create_claim(&mut self, user: &str, id: DealId) -> Fallible {
        let call: ArbitrageCreateClaim = self.received(&self.about(user, id))?;
        let command = call.command(&self.deals[&id], "claim-1".parse()?)?;
        if let Err(error) = self.submit(&call, id, &[command]) {
            answer("ArbitrageCreateClaim", user, &json!(error.to_string()));
            return Err(error);
        }
        let url = ClaimCreated { claim_url: "https://arbitrage.example/claim-1".parse()? };
        answer("ArbitrageCreateClaim", user, &serde_json::to_value(url)?);
        Ok(())
    }

    fn about(&self, user: &str, id: DealId) -> Value {
        json!({ "serviceId": SERVICE, "userId": user, "dealId": id.to_string(), "hash": self.hash(user) })
    }

    // --- around them ---

    /// What the client does: it knows the secret too.
    fn hash(&self, user: &str) -> String {
        self.secret.hash(SERVICE, user).as_str().to_owned()
    }

    /// Read, and nothing done before the hash is right.
    fn received<C: Call + serde::de::DeserializeOwned>(&self, json: &Value) -> Fallible<C> {
        let call: C = from_json(&json.to_string())?;
        call.verify(&self.secret)?;
        Ok(call)
    }

    fn open(&mut self, id: DealId, terms: Terms, user: &str) -> Fallible {
        let caller = escrow::Caller::party(user.parse()?).via(SERVICE.parse()?);
        let deal = self.agent.open(&mut self.journal, id, terms, caller)?;
        self.deals.insert(id, deal);
        Ok(())
    }

    fn submit(&mut self, call: &impl Call, id: DealId, commands: &[Command]) -> Fallible {
        let deal = self.deals.get_mut(&id).ok_or("no such deal")?;
        for command in commands {
            self.agent.submit(&mut self.journal, deal, command, call.caller())?;
        }
        Ok(())
    }

    fn contract(&self, id: DealId) -> Fallible<ContractInfo> {
        self.view(id, |deal, view| Ok(ContractInfo::of(deal, view)?))
    }

    fn deal(&self, id: DealId) -> Fallible<DealInfo> {
        self.view(id, |deal, view| Ok(DealInfo::of(deal, view)?))
    }

    fn view<T>(&self, id: DealId, of: impl Fn(&Deal, &View<'_>) -> Fallible<T>) -> Fallible<T> {
        let journal: Vec<_> = self.journal.journal(id).iter().cloned().map(|e| e.into_recorded()).collect();
        let service_id = SERVICE.parse()?;
        let view = View {
            service_id: &service_id,
            user_id: author(journal.iter()).ok_or("staff propose nothing here")?,
            seller: &self.people["boris"],
            buyer: &self.people["anna"],
        };
        of(&self.deals[&id], &view)
    }

    /// Who got what in the end.
    fn statement(&self, id: DealId) -> Fallible {
        let deal = &self.deals[&id];
        println!("    {}:", deal.status());
        for leg in deal.legs() {
            let (amount, purpose) = (leg.amount().to_string(), leg.purpose().as_str());
            println!("    {amount:>16}  {purpose:<16} to {}", leg.payee());
        }
        Ok(())
    }
}

fn deal_id(number: u128) -> DealId {
    DealId::new(Uuid::from_u128(number))
}

/// The reference under which the vault has a user's purse.
fn vault(user: &str) -> Fallible<InstrumentRef> {
    Ok(format!("vault-{user}").parse()?)
}

fn answer(call: &str, user: &str, answer: &Value) {
    println!("    {user:<6} {call:<21} → {answer}");
}

fn show(name: &str, entity: &impl Serialize) -> Fallible {
    let json = serde_json::to_string_pretty(entity)?;
    println!("    {name} {}", json.replace('\n', "\n    "));
    Ok(())
}
