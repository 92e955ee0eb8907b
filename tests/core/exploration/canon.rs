//! When two deals are the same state: a fingerprint of the serialised state from which everything is left out that no
//! rule reads, with every instant relative to now.
//!
//! What is left out must be sound: two deals with the same fingerprint must accept the same commands and have
//! successors with the same fingerprints. A field that this file does not know is kept, so that a new one can only
//! split states, never merge them.

use std::fmt::{Display, Error, Write as _};
use std::hash::Hasher as _;

use escrow::deal::command::ChargebackStep;
use escrow::deposit::{HoldState, Leg, LegId, TransactionKind, TransactionState};
use escrow::{Deal, Phase, Time, Transaction, TxId};
use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// Fields that no rule reads, with the reason.
const INERT: &[(&str, &[&str])] = &[
    (
        "Clockwork",
        &[
            // what a sink locks on, and what is held against `seen`, which the model never gives
            "version",
            "revision",
            // the model gives no ids of requests
            "requests",
            // instants of the past: only reported. `last_at` keeps time from running backwards; the model's never does
            "created_at",
            "concluded_at",
            "last_at",
            // words and names, read by nothing but the recognition of a repeat, which has no events either way
            "status_change",
            "joint_change",
            "comment",
            "cancelled_by",
            // told to those who come too late, whose command is refused either way
            "passed",
        ],
    ),
    // the model keeps it beside the deal: once it is past, it does not matter by how much
    ("Ended", &["settle_by"]),
    // only to recognise a repeat, and to bound the number; the model never gives a checkpoint's id twice
    ("Work", &["documents", "evidence", "posts", "checkpoints", "decisive"]),
    // numbered: written by `history`
    ("Books", &["transactions", "legs"]),
    // the number says which; since when it is open is written by `history`
    ("Case", &["id", "opened"]),
    // ids are renumbered, kinds and sums compared by `history`; the rest are instants of the past
    (
        "Transaction",
        &[
            "id",
            "kind",
            "amount",
            "hold",
            "captured",
            "let_go",
            "leg",
            "source",
            "capture",
            "bounced",
            "doubted",
            "late",
            "created_at",
            "settled_at",
        ],
    ),
    // a number only says which offer is meant, and what it pays is worked out again before it is accepted
    ("Quarrel", &["offers_made"]),
    ("Offered", &["number", "fingerprint"]),
    ("Leg", &["id", "tx", "source"]),
    // each checkpoint of the model occurs now, never earlier than the one before
    ("Checkpoint", &["id", "occurred_at"]),
    // `openings` is held against `opening`, which the model never gives
    ("Dispute", &["opened_at", "openings", "reason", "buyers_claim", "sellers_claim"]),
    // sums of what is over, which no rule reads: `check` proves them, and the model calls it after every step, for
    // every history, before states are merged
    ("Buckets", &["paid_out", "refunded", "charged_back"]),
];

/// What is read no more once it is decided how the deal ends: commands that do are refused from then on.
const INERT_ONCE_ENDED: &[(&str, &[&str])] = &[
    ("Agreement", &["version", "consents", "approved"]),
    ("Clockwork", &["remaining", "extended_s", "begun"]),
    (
        "Work",
        &[
            "track",
            "tracks_changed",
            "delivered",
            "latest",
            "latest_spent",
            "submitted",
            "revision",
            "changes_requested",
        ],
    ),
    ("Quarrel", &["dispute", "buyers_report", "sellers_report", "buyers_offer", "sellers_offer"]),
];

/// What is read no more once the settlement is computed, too.
const INERT_ONCE_SETTLED: &[(&str, &[&str])] =
    &[("Ended", &["ending", "funded", "original"]), ("Work", &["incurred", "given_back"])];

/// What is read of facts about money only, once there are none.
const INERT_UNLESS_OVER: &[(&str, &[&str])] =
    &[("Clockwork", &["begun"]), ("Books", &["cases", "debts"]), ("Leg", &["part_of", "came_back", "cut"])];

fn inert(table: &'static [(&str, &[&str])], name: &str) -> &'static [&'static str] {
    table.iter().find(|(of, _)| *of == name).map_or(&[][..], |(_, fields)| *fields)
}

/// The fingerprint of a deal at an instant, and of what the model keeps beside it.
pub fn fingerprint(deal: &Deal, now: Time, beside: &[u8], facts_follow: bool) -> u64 {
    let settled = match deal.phase() {
        Phase::Paying { awaiting_capture, .. } => !awaiting_capture,
        Phase::Closed { .. } => true,
        _ => false,
    };
    // what is over is read again where the gateway has more to say of it: another fact, a chargeback's next step, or the
    // answer to what it has told in two ways
    let over = facts_follow
        || deal.chargebacks().iter().any(|c| c.reinstated.is_none())
        || deal.transactions().iter().any(|t| is_told_twice(deal, t));
    let mut canon = Canon {
        out: Vec::with_capacity(2_048),
        scratch: String::with_capacity(32),
        now,
        ended: deal.phase().has_ended(),
        settled,
        over,
    };
    canon.out.extend_from_slice(beside);
    deal.parts().state.serialize(&mut canon).unwrap();
    canon.history(deal, over);
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    hasher.write(&canon.out);
    hasher.finish()
}

/// Whether this was declined, and then done, or the other way round, and not all of it is known yet.
fn is_told_twice(deal: &Deal, t: &Transaction) -> bool {
    let attempts = |leg| deal.transactions().iter().filter(move |o| o.leg() == Some(leg));
    let open_or_done = |o: &&Transaction| !matches!(o.state(), TransactionState::Failed(_));
    let twice = t.leg().is_some_and(|leg| attempts(leg).filter(open_or_done).count() > 1);
    twice || !t.is_pending() && deal.pending_one(t.id()).is_some()
}

impl Canon {
    fn number(&mut self, number: i64) {
        self.out.extend_from_slice(&number.to_le_bytes());
    }

    /// Transactions and legs that can still matter, renumbered.
    ///
    /// Money that came in matters for good: it can be refunded, captured, and recognised when it is told of again. An
    /// outbound transaction that is settled, and a leg that is, never change and are read by no rule but `check`, unless
    /// something is told of what is `over`; so what they are, and how many attempts there were, is left out. Numbers are
    /// names: only what they point at counts. A hold that is captured is money like that of a charge.
    fn history(&mut self, deal: &Deal, over: bool) {
        let inbound = |id: Option<TxId>| {
            let before = |t: &&Transaction| t.kind().is_inbound() && Some(t.id()) <= id;
            id.map_or(0, |_| deal.transactions().iter().filter(before).count())
        };
        let matters = |l: &&Leg| over || !l.is_settled();
        let leg = |id: Option<LegId>| {
            id.map_or(0, |id| deal.legs().iter().filter(matters).filter(|l| l.id() <= id).count())
        };
        for t in deal.transactions() {
            let asked = deal.pending_one(t.id()).is_some();
            if !(t.kind().is_inbound() || t.is_pending() || asked || over) {
                continue;
            }
            t.serialize(&mut *self).unwrap();
            let captured = || {
                deal.transactions().iter().filter(|o| {
                    o.source() == Some(t.id())
                        && o.kind() == TransactionKind::Capture
                        && *o.state() == TransactionState::Succeeded
                })
            };
            let sum: i64 = captured().map(|o| o.amount().minor()).sum();
            let (kind, expires) = match t.hold() {
                Some(HoldState::Open { expires }) => (b'o', expires.millis() - self.now.millis()),
                Some(HoldState::Closing) => (b'c', 0),
                Some(HoldState::Lapsed) => (b'l', 0),
                Some(HoldState::Closed) if sum > 0 => (TransactionKind::Charge as u8, 0),
                Some(HoldState::Closed) => (b'v', 0),
                // a claim lapses, so long after it was made
                None if asked && t.kind().is_inbound() => {
                    (t.kind() as u8, t.created_at().millis() - self.now.millis())
                }
                None => (t.kind() as u8, 0),
            };
            let is_money = kind == TransactionKind::Charge as u8 && t.hold().is_some();
            self.number(if is_money { sum } else { t.amount().minor() });
            self.number(if is_money { 0 } else { sum });
            self.out.extend_from_slice(&[
                inbound(t.source()) as u8,
                leg(t.leg()) as u8,
                kind,
                u8::from(asked),
            ]);
            self.number(expires);
            self.number(t.bounced());
            if over {
                let own = t.capture_id().into_iter();
                for id in own.chain(captured().filter_map(|o| o.capture_id())) {
                    self.out.extend_from_slice(id.as_str().as_bytes());
                }
            }
        }
        // what the state leaves to the terms
        for deposit in deal.deposits() {
            self.number(deposit.required().minor());
        }
        for l in deal.legs().iter().filter(matters) {
            l.serialize(&mut *self).unwrap();
            self.out.push(inbound(l.source()) as u8);
        }
        let patience = i64::from(deal.binding_terms().policy.chargeback_s) * 1_000;
        for case in deal.chargebacks().iter().filter(|_| over) {
            let Some((amount, at)) = case.opened else { continue };
            let is_open = case.step() == ChargebackStep::Opened;
            let left = (at.millis() + patience - self.now.millis()).max(0);
            self.number(amount.minor());
            self.number(if is_open { left } else { -1 });
        }
    }
}

struct Canon {
    out: Vec<u8>,
    scratch: String,
    now: Time,
    ended: bool,
    settled: bool,
    over: bool,
}

impl Canon {
    fn raw(&mut self, tag: u8, bytes: &[u8]) -> Result<(), Error> {
        self.out.push(tag);
        self.out.extend_from_slice(bytes);
        Ok(())
    }
}

/// A sequence or a struct; its name says which fields are inert.
struct Fields<'c> {
    canon: &'c mut Canon,
    name: &'static str,
}

impl<'c> Serializer for &'c mut Canon {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Fields<'c>;
    type SerializeTuple = Fields<'c>;
    type SerializeTupleStruct = Fields<'c>;
    type SerializeTupleVariant = Fields<'c>;
    type SerializeMap = Fields<'c>;
    type SerializeStruct = Fields<'c>;
    type SerializeStructVariant = Fields<'c>;

    fn serialize_bool(self, v: bool) -> Result<(), Error> {
        self.raw(b'b', &[u8::from(v)])
    }
    fn serialize_i8(self, v: i8) -> Result<(), Error> {
        self.serialize_i64(v.into())
    }
    fn serialize_i16(self, v: i16) -> Result<(), Error> {
        self.serialize_i64(v.into())
    }
    fn serialize_i32(self, v: i32) -> Result<(), Error> {
        self.serialize_i64(v.into())
    }
    fn serialize_i64(self, v: i64) -> Result<(), Error> {
        self.raw(b'i', &v.to_le_bytes())
    }
    fn serialize_u8(self, v: u8) -> Result<(), Error> {
        self.serialize_u64(v.into())
    }
    fn serialize_u16(self, v: u16) -> Result<(), Error> {
        self.serialize_u64(v.into())
    }
    fn serialize_u32(self, v: u32) -> Result<(), Error> {
        self.serialize_u64(v.into())
    }
    fn serialize_u64(self, v: u64) -> Result<(), Error> {
        self.raw(b'u', &v.to_le_bytes())
    }
    fn serialize_f32(self, _: f32) -> Result<(), Error> {
        Err(Error)
    }
    fn serialize_f64(self, _: f64) -> Result<(), Error> {
        Err(Error)
    }
    fn serialize_char(self, v: char) -> Result<(), Error> {
        self.serialize_u32(v.into())
    }
    fn serialize_str(self, v: &str) -> Result<(), Error> {
        self.raw(b's', v.as_bytes())?;
        self.out.push(0xff);
        Ok(())
    }
    fn serialize_bytes(self, v: &[u8]) -> Result<(), Error> {
        self.raw(b'y', v)?;
        self.out.push(0xff);
        Ok(())
    }
    fn serialize_none(self) -> Result<(), Error> {
        self.raw(b'n', &[])
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.out.push(b'o');
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Error> {
        self.raw(b'0', &[])
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.raw(b'0', &[])
    }
    fn serialize_unit_variant(self, _: &'static str, index: u32, _: &'static str) -> Result<(), Error> {
        self.raw(b'v', &index.to_le_bytes())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, v: &T) -> Result<(), Error> {
        v.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.raw(b'v', &index.to_le_bytes())?;
        value.serialize(self)
    }
    fn serialize_seq(self, len: Option<usize>) -> Result<Fields<'c>, Error> {
        self.raw(b'[', &len.unwrap_or(usize::MAX).to_le_bytes())?;
        Ok(Fields { canon: self, name: "" })
    }
    fn serialize_tuple(self, len: usize) -> Result<Fields<'c>, Error> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Fields<'c>, Error> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        len: usize,
    ) -> Result<Fields<'c>, Error> {
        self.raw(b'v', &index.to_le_bytes())?;
        self.serialize_seq(Some(len))
    }
    fn serialize_map(self, len: Option<usize>) -> Result<Fields<'c>, Error> {
        self.serialize_seq(len)
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'c>, Error> {
        self.out.push(b'{');
        Ok(Fields { canon: self, name })
    }
    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        _: &'static str,
        len: usize,
    ) -> Result<Fields<'c>, Error> {
        self.raw(b'v', &index.to_le_bytes())?;
        self.serialize_struct(name, len)
    }
    /// Instants arrive here, since they are serialised as text: kept as the distance from now.
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        write!(text, "{value}")?;
        let done = if std::any::type_name::<T>() == std::any::type_name::<Time>() {
            let at = Time::parse(&text).map_err(|_| Error)?;
            self.raw(b't', &(at.millis() - self.now.millis()).to_le_bytes())
        } else {
            self.serialize_str(&text)
        };
        self.scratch = text;
        done
    }
    fn is_human_readable(&self) -> bool {
        true
    }
}

impl Fields<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.canon)
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        let is_inert = |table| inert(table, self.name).contains(&key);
        if is_inert(INERT)
            || (!self.canon.over && is_inert(INERT_UNLESS_OVER))
            || (self.canon.ended && is_inert(INERT_ONCE_ENDED))
            || (self.canon.settled && is_inert(INERT_ONCE_SETTLED))
        {
            return Ok(());
        }
        let start = self.canon.out.len();
        // a field may be skipped where it is empty: its name tells it from the next one
        self.canon.out.extend_from_slice(key.as_bytes());
        let value_at = self.canon.out.len();
        self.element(value)?;
        // a part of which only what is inert is there is as good as one that is left out
        if self.canon.out.get(value_at..) == Some(b"{}") {
            self.canon.out.truncate(start);
        }
        Ok(())
    }

    fn close(self) -> Result<(), Error> {
        self.canon.raw(b'}', &[])
    }
}

macro_rules! elements {
    ($($trait:ident::$method:ident),+) => {$(
        impl $trait for Fields<'_> {
            type Ok = ();
            type Error = Error;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }
            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )+};
}
elements!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! fields {
    ($($trait:ident),+) => {$(
        impl $trait for Fields<'_> {
            type Ok = ();
            type Error = Error;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(key, value)
            }
            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )+};
}
fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = Error;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.element(key)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }
    fn end(self) -> Result<(), Error> {
        self.close()
    }
}
