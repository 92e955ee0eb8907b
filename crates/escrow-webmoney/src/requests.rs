//! The documented calls.

use serde::{Deserialize, Serialize};

use super::project::deposits_of;
use super::{CallError, ContractCreate, HashError, Personal, Problem, RequestHash, ServiceId, ServiceSecret};
use escrow::Context;
use escrow::agent::Caller;
use escrow::deal::Deal;
use escrow::deal::command::{Agree, Cancel, FileClaim, Report, SetDestination, StatedPayment};
use escrow::deal::command::{Command, Verdict};
use escrow::deposit::{GatewayName, Reference};
use escrow::{DealId, Destination, InstrumentRef, PartyId, Side, Text, Time};

/// What all calls have in common: who calls, for whom, and the hash.
pub trait Call {
    /// ID сервиса.
    fn service_id(&self) -> &ServiceId;
    /// ID пользователя: the acting party.
    fn user_id(&self) -> &PartyId;
    /// Строка подписи.
    fn hash(&self) -> &RequestHash;

    /// Checks the hash; do so before anything else. See [`ServiceSecret::hash`] for how little it proves.
    ///
    /// # Errors
    /// [`HashError`].
    fn verify(&self, secret: &ServiceSecret) -> Result<(), HashError> {
        secret.verify(self.service_id(), self.user_id(), self.hash())
    }

    /// Who gives the call's commands: the user acts, through the service.
    fn caller(&self) -> Caller {
        Caller::party(self.user_id().clone()).via(self.service_id().0.clone())
    }

    /// The same with the time.
    fn context(&self, now: Time) -> Context {
        self.caller().at(now)
    }
}

macro_rules! calls {
    ($($name:ident),+) => {$(
        impl Call for $name {
            fn service_id(&self) -> &ServiceId {
                &self.service_id
            }

            fn user_id(&self) -> &PartyId {
                &self.user_id
            }

            fn hash(&self) -> &RequestHash {
                &self.hash
            }
        }
    )+};
}

calls!(ContractCreate, ContractAccept, ContractCancel, DealSuccess, DealCancel, ArbitrageCreateClaim);

/// The answer to a [`ContractCreate`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractCreated {
    /// ID созданного предложения: the deal's.
    pub contract_id: DealId,
}

/// A side accepts the contract, and says by which transaction it has paid its deposit, which happens outside. The
/// proposer, who has accepted by proposing, names their own payment by the same call.
///
/// # Source
/// WebMoney Escrow, `ContractAccept`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractAccept {
    /// ID сервиса.
    pub service_id: ServiceId,
    /// ID пользователя.
    pub user_id: PartyId,
    /// ID предложения.
    pub contract_id: DealId,
    /// Кошелек, платежные реквизиты: where the user wants the earnings.
    pub purse: Personal,
    /// ID транзакции, по которой произошла оплата залога; absent where nothing is to be paid, or where it is paid later.
    #[serde(default)]
    pub tran_id: Option<Reference>,
    /// Строка подписи.
    pub hash: RequestHash,
}

impl ContractAccept {
    /// The commands, in this order: the consent to one version, with the transaction as a stated payment that counts once the
    /// gateway confirms it; then the purse. A crash between them is mended by sending both again.
    ///
    /// `version` is the `VersionId` that the user was shown: the call names none, and the deal's current one may be
    /// another by now. `wallet` is the reference under which the host's vault has the purse. Guarantees go back to
    /// where they came from; the purse is for what the user earns, an award among it.
    ///
    /// # Errors
    /// [`Problem::OtherDeal`], [`Problem::NotAParty`], [`Problem::NothingToPay`].
    pub fn commands(
        &self,
        deal: &Deal,
        version: u32,
        gateway: &GatewayName,
        wallet: InstrumentRef,
    ) -> Result<[Command; 2], CallError> {
        same_deal(deal, "contractId", self.contract_id)?;
        let side = side_of(deal, &self.user_id)?;
        let payment = stated(deal, side, ("tranId", self.tran_id.as_ref()), gateway)?;
        Ok([Agree::new(version).payment(payment).into(), purse(side, wallet)])
    }
}

/// A side turns the contract down.
///
/// # Source
/// WebMoney Escrow, `ContractCancel`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractCancel {
    /// ID сервиса.
    pub service_id: ServiceId,
    /// ID пользователя.
    pub user_id: PartyId,
    /// ID предложения.
    pub contract_id: DealId,
    /// Строка подписи.
    pub hash: RequestHash,
}

impl ContractCancel {
    /// The command. A concluded deal refuses it, and says what to do instead: [`DealCancel`].
    ///
    /// # Errors
    /// [`Problem::OtherDeal`].
    pub fn command(&self, deal: &Deal) -> Result<Command, CallError> {
        same_deal(deal, "contractId", self.contract_id)?;
        Ok(Cancel::default().into())
    }
}

/// A side says that the deal was performed.
///
/// # Source
/// WebMoney Escrow, `DealSuccess`; the reference's list of arguments has `userId` twice and means `dealId`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DealSuccess {
    /// ID сервиса.
    pub service_id: ServiceId,
    /// ID пользователя.
    pub user_id: PartyId,
    /// ID сделки.
    pub deal_id: DealId,
    /// Строка подписи.
    pub hash: RequestHash,
}

impl DealSuccess {
    /// The command. A later report replaces the side's own, until both agree.
    ///
    /// # Errors
    /// [`Problem::OtherDeal`].
    pub fn command(&self, deal: &Deal) -> Result<Command, CallError> {
        same_deal(deal, "dealId", self.deal_id)?;
        Ok(Report::new(Verdict::Success).into())
    }
}

/// A side says that the deal was not performed.
///
/// # Source
/// WebMoney Escrow, `DealCancel`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DealCancel {
    /// ID сервиса.
    pub service_id: ServiceId,
    /// ID пользователя.
    pub user_id: PartyId,
    /// ID сделки.
    pub deal_id: DealId,
    /// Строка подписи.
    pub hash: RequestHash,
}

impl DealCancel {
    /// The command. A later report replaces the side's own, until both agree.
    ///
    /// # Errors
    /// [`Problem::OtherDeal`].
    pub fn command(&self, deal: &Deal) -> Result<Command, CallError> {
        same_deal(deal, "dealId", self.deal_id)?;
        Ok(Report::new(Verdict::Failure).into())
    }
}

/// A side sues: ten days of negotiation are over.
///
/// # Source
/// WebMoney Escrow, `ArbitrageCreateClaim`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArbitrageCreateClaim {
    /// ID сервиса.
    pub service_id: ServiceId,
    /// ID пользователя.
    pub user_id: PartyId,
    /// ID сделки.
    pub deal_id: DealId,
    /// Строка подписи.
    pub hash: RequestHash,
}

impl ArbitrageCreateClaim {
    /// The command. `reference` is the claim's number at the arbitration, which the host has created it at; a deal
    /// whose sides are still negotiating refuses it, so ask [`Deal::can_sue`] first.
    ///
    /// # Errors
    /// [`Problem::OtherDeal`].
    pub fn command(&self, deal: &Deal, reference: Reference) -> Result<Command, CallError> {
        same_deal(deal, "dealId", self.deal_id)?;
        Ok(FileClaim::new(reference).into())
    }
}

/// The answer to an [`ArbitrageCreateClaim`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimCreated {
    /// Ссылка на иск в Арбитраже: the host's or the arbitration's own.
    pub claim_url: Text<2000, 1>,
}

fn same_deal(deal: &Deal, field: &str, id: DealId) -> Result<(), CallError> {
    if deal.id() == id { Ok(()) } else { Err(CallError::at(field, Problem::OtherDeal)) }
}

pub(super) fn side_of(deal: &Deal, user: &PartyId) -> Result<Side, CallError> {
    let found = Side::ALL.into_iter().find(|side| deal.terms().party(*side) == user);
    found.ok_or_else(|| CallError::at("userId", Problem::NotAParty))
}

pub(super) fn purse(side: Side, wallet: InstrumentRef) -> Command {
    let destination = Some(Destination::Wallet(wallet));
    SetDestination::new(side.payee(), destination).into()
}

/// The payment that is said to be made: of the deposit that is shown, then of what else the side owes. One that the deal knows
/// already is passed on as it is, so that a repeat is recognised.
pub(super) fn stated(
    deal: &Deal,
    side: Side,
    (field, reference): (&str, Option<&Reference>),
    gateway: &GatewayName,
) -> Result<Option<StatedPayment>, CallError> {
    let Some(reference) = reference else {
        return Ok(None);
    };
    let own = |id| deposits_of(deal, side).any(|d| d.id() == id);
    let known = deal
        .transactions()
        .iter()
        .find(|t| own(t.deposit()) && t.reference() == Some(reference) && t.gateway() == Some(gateway));
    let unpaid = || deposits_of(deal, side).find(|d| !d.outstanding().is_zero()).map(|d| d.id());
    let deposit = known.map(|t| t.deposit()).or_else(unpaid);
    let deposit = deposit.ok_or_else(|| CallError::at(field, Problem::NothingToPay))?;
    Ok(Some(StatedPayment::new(deposit, gateway.clone(), reference.clone())))
}
