//! What somebody may do with a deal, and why not: asked of the deal, kind by kind.

use escrow::deal::command::CommandKind;
use escrow::{Actor, Deal, Deposit, PartyId, Rejection, Role, Status, Time};
use maud::{Markup, html};

use crate::auth::Session;
use crate::desk::Capacity;
use crate::error::Failure;
use crate::forms::{self, Field, Form, Kind};
use crate::{token, words};

use super::layout;
use crate::routes::Fields;

/// What was typed into the form of a command, in which capacity.
pub(crate) type Typed<'a> = (CommandKind, &'a Fields);

/// The hidden fields of a form: whose it is, what they looked at, and by what it is known when it is sent again.
fn hidden(session: &Session, deal: &Deal, capacity: Capacity) -> Result<Markup, Failure> {
    let request = token::random()?;
    Ok(html! {
        (layout::csrf(session))
        input type="hidden" name="seen" value=(deal.revision());
        input type="hidden" name="request" value=(request);
        input type="hidden" name="as" value=(capacity.word());
    })
}

/// A field with its label; its id is unique on the page.
pub(crate) fn field(form: &str, field: &Field) -> Markup {
    let Field { name, label, kind, value, required } = field;
    let id = format!("{form}-{name}");
    html! {
        @match kind {
            Kind::Hidden => input type="hidden" name=(name) value=(value);,
            Kind::Check => label.check for=(id) { input #(id) type="checkbox" name=(name) value="yes"; (label) },
            Kind::Line => {
                label for=(id) { (label) @if !required { " (optional)" } }
                input #(id) name=(name) value=(value) required[*required] autocomplete="off";
            },
            Kind::Sum => {
                label for=(id) { (label) @if !required { " (where it applies)" } }
                input #(id) name=(name) value=(value) required[*required] inputmode="decimal" autocomplete="off";
            },
            Kind::Number { least, most } => {
                label for=(id) { (label) }
                input #(id) type="number" name=(name) value=(value) min=(least) max=(most) required[*required];
            },
            Kind::Area => {
                label for=(id) { (label) @if !required { " (optional)" } }
                textarea #(id) name=(name) required[*required] { (value) }
            },
            Kind::Choice(options) => {
                label for=(id) { (label) }
                select #(id) name=(name) {
                    @for (option, text) in options { option value=(option) selected[option == value] { (text) } }
                }
            },
        }
    }
}

/// What one role may do now, with forms, and below it what it may not, with the reasons.
fn list(
    session: &Session,
    deal: &Deal,
    (capacity, role): (Capacity, Role),
    sent: Option<Typed<'_>>,
    now: Time,
) -> Result<Listed, Failure> {
    let actor = capacity.actor(session.person.id.clone());
    let allowed = deal.allowed(&actor, now);
    let (mut first, mut more, mut denied) = (Vec::new(), Vec::new(), Vec::new());
    for (kind, verdict) in allowed.iter() {
        let Some(mut form) = forms::form(kind, deal, role) else { continue };
        let typed = sent.filter(|(sent, fields)| *sent == kind && fields.get("as") == capacity.word());
        if let Some((_, fields)) = typed {
            form.retype(fields);
        }
        match verdict {
            // what is to be corrected is not folded
            Ok(()) if form.is_primary || typed.is_some() => {
                first.push(one(session, deal, capacity, kind, &form)?)
            }
            Ok(()) => more.push((form.title, one(session, deal, capacity, kind, &form)?)),
            Err(Rejection::WrongRole { .. } | Rejection::UnknownActor) => {}
            Err(reason) => denied.push((form.title, why(&reason))),
        }
    }
    let payments = payments(session, deal, (capacity, role), now)?;
    let is_idle = first.is_empty() && more.is_empty();
    let heading = format!("actions-{}", capacity.word());
    let refused = html! {
        @if !denied.is_empty() {
            details {
                summary { @if is_idle { "Nothing at this point, as " (words::role(role)) ": why" } @else { "What you cannot do now, and why" } }
                dl { @for (title, reason) in &denied { dt { strong { (title) } } dd { (reason) } } }
            }
        } @else if is_idle { p.hint { "Nothing at this point, as " (words::role(role)) "." } }
    };
    if is_idle {
        return Ok(Listed { is_idle, markup: refused });
    }
    let markup = html! {
        section aria-labelledby=(heading) {
            h2 #(heading) { "What you can do now, as " (words::role(role)) }
            (payments)
            @for form in &first { (form) }
            @for (title, form) in &more { details { summary { (title) } (form) } }
            (refused)
        }
    };
    Ok(Listed { is_idle, markup })
}

/// What a role may do. Where that is nothing, it is a line and no section.
struct Listed {
    is_idle: bool,
    markup: Markup,
}

/// What all roles of a person may do: those that can do something first, each in a section.
pub(crate) fn lists(
    session: &Session,
    deal: &Deal,
    roles: &[(Capacity, Role)],
    sent: Option<Typed<'_>>,
    now: Time,
) -> Result<Markup, Failure> {
    let all: Vec<Listed> =
        roles.iter().map(|role| list(session, deal, *role, sent, now)).collect::<Result<_, _>>()?;
    let (idle, busy): (Vec<_>, Vec<_>) = all.into_iter().partition(|listed| listed.is_idle);
    Ok(html! {
        @for listed in &busy { (listed.markup) }
        @if !idle.is_empty() {
            section aria-labelledby="idle" {
                h2 #idle { @if busy.is_empty() { "What you can do now" } @else { "Your other parts" } }
                @for listed in &idle { (listed.markup) }
            }
        }
    })
}

/// Whom a deal waits for, and what for: the first of what each usually comes for, as far as they may do it now.
pub(crate) fn turns(deal: &Deal, now: Time) -> Vec<(Role, Option<PartyId>, String)> {
    let terms = deal.terms();
    let mut all = vec![
        (Role::Buyer, Some(terms.buyer.clone())),
        (Role::Seller, Some(terms.seller.clone())),
        (Role::Arbiter, deal.arbiter().cloned()),
    ];
    if deal.status() == Status::Moderation {
        all.push((Role::Moderator, None));
    }
    let mut turns = Vec::new();
    for (role, who) in all {
        let actor = match (&who, role) {
            (Some(id), _) => Actor::Party(id.clone()),
            // any of them
            (None, Role::Moderator) => Actor::Moderator(terms.buyer.clone()),
            (None, _) => continue,
        };
        let allowed = deal.allowed(&actor, now);
        let pays = deal.status() != Status::Proposed && allowed.check(CommandKind::RequestPayment).is_ok();
        let due = due(deal, role).find(|deposit| pays && deposit.charge().is_none());
        let mut kinds = allowed.iter().filter(|(_, verdict)| verdict.is_ok());
        let what = match due {
            Some(deposit) => Some(format!("Pay {}", deposit.outstanding())),
            None => kinds
                .find_map(|(kind, _)| forms::form(kind, deal, role).filter(|form| form.is_primary))
                .map(|form| form.title.to_owned()),
        };
        turns.extend(what.map(|what| (role, who, what)));
    }
    turns
}

/// The same in a line, for whoever looks at it.
pub(crate) fn turn(deal: &Deal, me: &PartyId, now: Time) -> Markup {
    let turns = turns(deal, now);
    let (mine, others): (Vec<_>, Vec<_>) = turns.iter().partition(|(_, who, _)| who.as_ref() == Some(me));
    html! {
        @for (_, _, what) in mine.iter().take(1) { p.turn { strong { "Your turn: " } (what) } }
        @if mine.is_empty() { @for (role, who, what) in &others {
            p.turn { "Waits for " @match who { Some(id) => strong { (id) }, None => strong { (words::role(*role)) }, } ": " (what) }
        } }
    }
}

/// What somebody in this role has still to pay in, or may.
fn due(deal: &Deal, role: Role) -> impl Iterator<Item = &Deposit> {
    let mine = deal.deposits().iter().filter(move |deposit| role.side() == Some(deposit.owner()));
    mine.filter(|deposit| deal.takes_money(deposit) && deposit.outstanding().is_positive())
}

/// The deal's own reason, with its names in words.
fn why(reason: &Rejection) -> String {
    if let Rejection::WrongPhase { phase, .. } = reason {
        return format!("Not while {}.", words::phase(*phase));
    }
    format!("{}.", words::capital(&reason.to_string()))
}

fn one(
    session: &Session,
    deal: &Deal,
    capacity: Capacity,
    kind: CommandKind,
    form: &Form,
) -> Result<Markup, Failure> {
    let prefix = format!("{}-{kind}", capacity.word());
    let action = format!("/deals/{}/do/{kind}", deal.id());
    let hidden = hidden(session, deal, capacity)?;
    Ok(html! {
        form method="post" action=(action) {
            (hidden)
            @if form.is_primary { h3 { (form.title) } }
            p.hint { (form.hint) }
            @for entry in &form.fields { (field(&prefix, entry)) }
            button.primary[form.is_primary] { (form.title) }
        }
    })
}

/// What this party has to pay in, or may.
fn payments(
    session: &Session,
    deal: &Deal,
    (capacity, role): (Capacity, Role),
    now: Time,
) -> Result<Markup, Failure> {
    let actor = capacity.actor(session.person.id.clone());
    if deal.allowed(&actor, now).check(CommandKind::RequestPayment).is_err() {
        return Ok(html! {});
    }
    let is_early = deal.status() == Status::Proposed;
    let mut forms = Vec::new();
    for deposit in due(deal, role) {
        forms.push((deposit, hidden(session, deal, capacity)?));
    }
    Ok(html! {
        @for (deposit, hidden) in forms {
            form method="post" action={ "/deals/" (deal.id()) "/pay/" (deposit.id()) } {
                (hidden)
                h3 { "Pay " (words::deposit(deposit.id())) }
                @if let Some(charge) = deposit.charge() { p.hint { "Optional. For: " (charge.reason) } }
                @else if is_early { p.hint { "You need not yet: not everybody has agreed. What you pay now comes back if they do not." } }
                @else { p.hint { "On the bank's page. The escrow agent holds it until the deal has ended." } }
                button.primary[!is_early] { "Pay " (deposit.outstanding()) }
            }
        }
    })
}
