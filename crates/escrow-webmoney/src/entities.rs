//! The documented objects, with the documented names in the documented order. Every field is always written; what is
//! absent is `null`.

use serde::{Deserialize, Serialize};

use super::values::{Amount, Personal, ServiceId, Tag, object, tags};
use escrow::deal::Status;
use escrow::deposit::Reference;
use escrow::{Currency, DealId, PartyId, Text, Time};

/// A side of a contract: who it is, what it deposits, and how far it is.
///
/// In a call, `ExternalId`, `Deposit`, `Phone`, `Purse` and the caller's own `TranId` may be given; all the rest is
/// answered by the service, and a client that gives it is refused.
///
/// # Source
/// WebMoney Escrow, «Объект ExtUserInfo».
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub struct ExtUserInfo {
    /// ID пользователя: the host's, in a system of its own.
    pub external_id: Option<Personal>,
    /// Сумма депозита, in `CurrencyId`: the guarantee; where `DepositToSeller`, the buyer's payment, with the buyer's part
    /// of the commission in it. A commission beside a guarantee is no part of it.
    pub deposit: Option<Amount>,
    /// Мобильный телефон пользователя.
    pub phone: Option<Personal>,
    /// Кошелек пользователя.
    pub purse: Option<Personal>,
    /// Has agreed to the current version, and paid all that was to be paid, if anything was.
    pub agree: bool,
    /// Has paid all that was to be paid; `false` where nothing was, and once an unconcluded contract has returned it.
    pub is_deposit_paid: bool,
    /// Has agreed to the current version.
    pub accepted: bool,
    /// Disagrees: has turned the contract down, or reports the concluded deal as failed.
    pub canceled: bool,
    /// Номер счета: the number of the side's latest payment request, counted from 1 within the deal.
    pub invoice_id: Option<u32>,
    /// Номер транзакции при оплате залога. In the service's answer it has paid where `IsDepositPaid`, and is otherwise
    /// only stated, or a part.
    pub tran_id: Option<Reference>,
}

/// A user of a service. The host's data: no deal has it.
///
/// # Source
/// WebMoney Escrow, «Объект UserInfo».
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct UserInfo {
    /// ID пользователя.
    pub id: PartyId,
    /// ID сервиса.
    pub service_id: ServiceId,
    /// Локаль, such as `ru-RU`.
    pub locale: Text<35, 1>,
    /// Дата создания.
    pub created: Time,
}

/// What a user is interested in. The host's data: no deal has it.
///
/// # Source
/// WebMoney Escrow, «Объект UserProfileInfo».
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct UserProfileInfo {
    /// ID пользователя.
    pub id: PartyId,
    /// Теги, at most [`Terms::MAX_TAGS`](escrow::Terms::MAX_TAGS).
    #[serde(deserialize_with = "tags")]
    pub tags: Vec<Tag>,
}

/// A contract: a deal that is proposed or waits for its deposits. A later one is shown too, as the contract it was.
///
/// # Source
/// WebMoney Escrow, «Объект ContractInfo», which has four of its fields twice; they are written once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ContractInfo {
    /// ID предложения: the deal's.
    pub id: DealId,
    /// ID сервиса.
    pub service_id: ServiceId,
    /// Версия предложения, from 1: consents bind one version, and a counter-offer is the next.
    pub version_id: u32,
    /// ID пользователя: who proposed this version.
    pub user_id: PartyId,
    /// Описание.
    pub description: Text<4000>,
    /// Теги.
    #[serde(deserialize_with = "tags")]
    pub tags: Vec<Tag>,
    /// Сумма сделки: the whole price.
    pub amount: Amount,
    /// The price's currency.
    pub amount_currency_id: Currency,
    /// Количество: the units of all items.
    pub count: u32,
    /// Размерность: the unit of measure, where all items have the same.
    pub count_measure: Option<Text<16, 1>>,
    /// The deposits' currency.
    pub currency_id: Currency,
    /// Время для создания сделки, in days, rounded up.
    pub duration_to_deal: u32,
    /// Длительность, in days, rounded up.
    pub duration: u32,
    /// Признак оплаты залогом: the buyer's deposit pays the price, or a part of it.
    pub deposit_to_seller: bool,
    /// The seller.
    #[serde(deserialize_with = "object")]
    pub seller: ExtUserInfo,
    /// The buyer.
    #[serde(deserialize_with = "object")]
    pub buyer: ExtUserInfo,
    /// Комиссия: all fees of the quote, in the price's currency, whoever pays them.
    pub comiss: Amount,
    /// Статус.
    pub status: Status,
    /// Дата создания предложения.
    pub created: Time,
    /// Дата изменения предложения: when the deal saw its last event.
    pub modified: Time,
}

/// A deal: a contract that is concluded.
///
/// # Source
/// WebMoney Escrow, «Объект DealInfo».
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DealInfo {
    /// ID сделки.
    pub id: DealId,
    /// ID сервиса.
    pub service_id: ServiceId,
    /// ID предложения: the same as `Id`, one aggregate for the whole life.
    pub contract_id: DealId,
    /// Описание.
    pub description: Text<4000>,
    /// Теги.
    #[serde(deserialize_with = "tags")]
    pub tags: Vec<Tag>,
    /// Сумма сделки: the whole price.
    pub amount: Amount,
    /// The price's currency.
    pub amount_currency_id: Currency,
    /// Количество: the units of all items.
    pub count: u32,
    /// Размерность: the unit of measure, where all items have the same.
    pub count_measure: Option<Text<16, 1>>,
    /// The deposits' currency.
    pub currency_id: Currency,
    /// Длительность сделки, in days, rounded up.
    pub duration: u32,
    /// Признак оплаты залогом: the buyer's deposit pays the price, or a part of it.
    pub deposit_to_seller: bool,
    /// The seller.
    #[serde(deserialize_with = "object")]
    pub seller: ExtUserInfo,
    /// The buyer.
    #[serde(deserialize_with = "object")]
    pub buyer: ExtUserInfo,
    /// Комиссия: all fees of the quote, in the price's currency, whoever pays them.
    pub comiss: Amount,
    /// Статус.
    pub status: Status,
    /// Старый статус: the one before.
    pub status_old: Option<Status>,
    /// Дата создания сделки: when the contract was concluded.
    pub created: Time,
    /// Дата изменения сделки: when the deal saw its last event.
    pub modified: Time,
    /// Whether a claim can be written to the other side: the sides are negotiating.
    ///
    /// The reference spells the name with a Cyrillic С (U+0421), `CanCreateСlaim`, and so it is written here, byte for
    /// byte: a client that follows the reference looks for that. `CanCreateClaim` in Latin letters is read, too.
    #[serde(rename = "CanCreate\u{421}laim", alias = "CanCreateClaim")]
    pub can_create_claim: bool,
    /// Whether a lawsuit can be filed: the time to negotiate is over. The reference's ten days.
    pub can_create_lawsuit: bool,
}
