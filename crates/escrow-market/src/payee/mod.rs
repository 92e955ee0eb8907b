//! The payee: where somebody's money may go, each destination confirmed by a code before it is used.
//!
//! A profile knows references into the host's vault and masked labels, never a card or account number. What is to
//! receive money is asked for by id, and only a verified destination is given out ([`PayeeProfile::verified`]): one that
//! is unverified or retired cannot be used. An order that was made keeps its destination: a deal or a withdrawal holds
//! the reference itself.
//!
//! The registration itself is confirmed by a code that the host sends to the payee: before that nothing can be added.
//!
//! Wrong codes are counted over the whole profile; after [`PayeeProfile::MAX_WRONG_CODES`] of them nothing can be added
//! or confirmed until an operator [unlocks](command::Unlock) it. What is verified stays usable all the while. How many codes
//! are sent in a day is the host's to bound: adding and retiring in turn asks for one each time. A destination's id is the
//! host's to choose as well; it is shown, so it is no place for a number that the label may not carry.
//!
//! # Examples
//! ```
//! use escrow::{Context, Destination, Machine, Time};
//! use escrow_market::PayeeProfile;
//! use escrow_market::code::{Attempt, CodeHash, CodePolicy, PlainCode, Salt};
//! use escrow_market::payee::command::{Add, ChooseDefault, Confirm, ConfirmRegistration};
//! use escrow_market::payee::{DestinationId, Label, Requisite};
//!
//! let now = Time::parse("2026-03-01T12:00:00Z")?;
//! let anna = Context::party(now, "anna".parse()?);
//!
//! // the host draws the codes and their salts, and sends the codes
//! let (code, salt) = (PlainCode::new("170395")?, Salt::new([3; 16]));
//! let hash = CodeHash::new(&code, salt);
//! let (mut profile, _) = PayeeProfile::register("anna".parse()?, CodePolicy::default(), hash, &anna)?;
//! let attempt = Attempt { code: 1, number: 1, entered: code };
//! let _ = profile.handle(&ConfirmRegistration { attempt }.into(), &anna)?;
//!
//! let (code, salt) = (PlainCode::new("402913")?, Salt::new([7; 16]));
//! let id: DestinationId = "card".parse()?;
//! let requisite =
//!     Requisite { destination: Destination::Card("vault-17".parse()?), label: Label::new("•••• 1234")? };
//! let add = Add { id: id.clone(), requisite, code: Some(CodeHash::new(&code, salt)) };
//! let _ = profile.handle(&add.into(), &anna)?;
//! assert_eq!(profile.verified(&id), None);
//!
//! let attempt = Attempt { code: 1, number: 1, entered: code };
//! let _ = profile.handle(&Confirm { id: id.clone(), attempt }.into(), &anna)?;
//! let _ = profile.handle(&ChooseDefault { id: Some(id) }.into(), &anna)?;
//! assert_eq!(profile.default(), Some(&Destination::Card("vault-17".parse()?)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! PAYSTO: adding and managing a user's requisites through its API, with codes that are sent to the owner's mailbox; the
//! plan of a home-made escrow: the performer chooses where to be paid – balance, card, e-wallets.

pub mod command;
mod decide;
mod decode;
mod event;
mod rejection;
mod requisite;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

pub use self::command::{Command, CommandKind};
pub use self::decide::{Role, permitted};
pub use self::decode::{Parts, State};
pub use self::event::Event;
pub use self::rejection::Rejection;
pub use self::requisite::{DestinationId, Label, LabelError, Requisite};

use crate::code::{Code, CodeHash, CodePolicy, Verdict};
use escrow::Context;
use escrow::machine::Progress;
use escrow::{Actor, Destination, PartyId, Recorded, Time, Transition};

/// A payee's destinations. One profile per party: the party's id is its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayeeProfile {
    owner: PartyId,
    codes: CodePolicy,
    state: State,
}

/// A destination in the list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Listed {
    /// The payee's name for it.
    pub id: DestinationId,
    /// Where to, and its label.
    pub requisite: Requisite,
    /// Its latest code; absent for the in-system balance, which needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

impl Listed {
    /// Whether it can be used.
    pub fn is_verified(&self) -> bool {
        self.code.as_ref().is_none_or(Code::is_accepted)
    }
}

impl PayeeProfile {
    /// The most destinations, verified or not.
    pub const MAX_DESTINATIONS: usize = 16;
    /// How many retired ids are known, so that none of them is given again.
    pub const RETIRED_KEPT: usize = 64;
    /// How many wrong codes in all, since the last right one, lock the profile.
    pub const MAX_WRONG_CODES: u16 = 30;

    /// Registers a payee: the payee does, or an operator for them. The host has drawn the code, and sends it: until it is
    /// [entered](command::ConfirmRegistration) nothing can be added.
    ///
    /// # Errors
    /// [`Rejection::UnknownActor`] for anybody else; [`Rejection::Policy`] where the rules for codes break a limit.
    pub fn register(
        owner: PartyId,
        codes: CodePolicy,
        code: CodeHash,
        context: &Context,
    ) -> Result<(Self, Transition<Self>), Rejection> {
        match &context.actor {
            Actor::Party(id) if *id == owner => {}
            Actor::Operator(_) => {}
            Actor::Party(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker | Actor::Clock => {
                return Err(Rejection::UnknownActor);
            }
        }
        codes.check().map_err(Rejection::Policy)?;
        let code = Code::issue(1, code, &codes, context.now);
        let first = Transition::first(context, Event::Registered { owner: owner.clone(), codes, code });
        Ok((Self::begin(owner, codes, code, context.now), first))
    }

    const fn begin(owner: PartyId, codes: CodePolicy, registration: Code, at: Time) -> Self {
        let state = State {
            progress: Progress::begin(at),
            registration,
            destinations: Vec::new(),
            default: None,
            retired: VecDeque::new(),
            wrong: 0,
        };
        Self { owner, codes, state }
    }

    /// Whose it is.
    pub const fn owner(&self) -> &PartyId {
        &self.owner
    }

    /// How its codes are.
    pub const fn codes(&self) -> CodePolicy {
        self.codes
    }

    /// The version at the last event that a person caused: an actor's `seen` is compared with it.
    pub const fn revision(&self) -> u64 {
        self.state.progress.revision()
    }

    /// When the payee was registered.
    pub const fn created_at(&self) -> Time {
        self.state.progress.created_at()
    }

    /// Whether the registration is confirmed: before that there is nothing to be used.
    pub const fn is_confirmed(&self) -> bool {
        self.state.registration.is_accepted()
    }

    /// The code that confirms the registration, and how far it is.
    pub const fn registration(&self) -> &Code {
        &self.state.registration
    }

    /// Every destination that is not retired, in the order in which they were added.
    pub fn destinations(&self) -> &[Listed] {
        &self.state.destinations
    }

    /// The destination of this id, verified or not; `None` for a retired one.
    pub fn destination(&self, id: &DestinationId) -> Option<&Listed> {
        self.state.destinations.iter().find(|listed| listed.id == *id)
    }

    /// Where money may go: the destination of this id, if it is verified and not retired. For
    /// [`SetDestination`](escrow::deal::command::SetDestination) and withdrawals.
    pub fn verified(&self, id: &DestinationId) -> Option<&Destination> {
        self.destination(id).filter(|listed| listed.is_verified()).map(|listed| &listed.requisite.destination)
    }

    /// Where money goes if nothing else is said; always a verified one.
    pub fn default(&self) -> Option<&Destination> {
        self.verified(self.state.default.as_ref()?)
    }

    /// The id of the default.
    pub const fn default_id(&self) -> Option<&DestinationId> {
        self.state.default.as_ref()
    }

    /// How many wrong codes were entered since the last right one.
    pub const fn wrong_codes(&self) -> u16 {
        self.state.wrong
    }

    fn is_retired(&self, id: &DestinationId) -> bool {
        self.state.retired.contains(id)
    }
}

machine_by_rules!(PayeeProfile, Command, Event, Rejection);

impl PayeeProfile {
    /// The only place where it changes, live and on replay.
    fn fold(&mut self, recorded: &Recorded<Event>) {
        let state = &mut self.state;
        state.progress.count(recorded);
        match &recorded.event {
            // only ever the first event, which `begin` has folded
            Event::Registered { .. } => {}
            Event::RegistrationCodeReplaced { code } => state.registration = *code,
            Event::RegistrationCodeRefused { attempts_left } => {
                state.registration.take(Verdict::Refused { attempts_left: *attempts_left });
                state.wrong = state.wrong.saturating_add(1);
            }
            Event::RegistrationConfirmed {} => {
                state.registration.take(Verdict::Accepted);
                state.wrong = 0;
            }
            Event::Added { id, requisite, code } => {
                state.destinations.push(Listed { id: id.clone(), requisite: requisite.clone(), code: *code });
            }
            Event::CodeReplaced { id, code } => {
                if let Some(listed) = state.listed(id) {
                    listed.code = Some(*code);
                }
            }
            Event::CodeRefused { id, attempts_left } => {
                state.take(id, Verdict::Refused { attempts_left: *attempts_left });
                state.wrong = state.wrong.saturating_add(1);
            }
            Event::Verified { id } => {
                state.take(id, Verdict::Accepted);
                state.wrong = 0;
            }
            Event::DefaultChosen { id } => state.default.clone_from(id),
            Event::Retired { id } => {
                state.destinations.retain(|listed| listed.id != *id);
                state.retired.push_back(id.clone());
                if state.retired.len() > Self::RETIRED_KEPT {
                    state.retired.pop_front();
                }
            }
            Event::Unlocked {} => state.wrong = 0,
        }
    }
}

impl State {
    fn listed(&mut self, id: &DestinationId) -> Option<&mut Listed> {
        self.destinations.iter_mut().find(|listed| listed.id == *id)
    }

    fn take(&mut self, id: &DestinationId, verdict: Verdict) {
        if let Some(code) = self.listed(id).and_then(|listed| listed.code.as_mut()) {
            code.take(verdict);
        }
    }
}
