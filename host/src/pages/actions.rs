//! What somebody may do with a deal, and why not: asked of the deal, kind by kind.

use escrow::deal::command::CommandKind;
use escrow::{Deal, Rejection, Role, Time};
use maud::{Markup, html};

use crate::auth::Session;
use crate::desk::Capacity;
use crate::error::Failure;
use crate::forms::{self, Field, Form, Kind};
use crate::{token, words};

use super::layout;

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

/// What a role may do now, with forms, and below it what it may not, with the reasons.
pub(crate) fn list(
    session: &Session,
    deal: &Deal,
    (capacity, role): (Capacity, Role),
    now: Time,
) -> Result<Markup, Failure> {
    let actor = capacity.actor(session.person.id.clone());
    let allowed = deal.allowed(&actor, now);
    let (mut first, mut more, mut denied) = (Vec::new(), Vec::new(), Vec::new());
    for (kind, verdict) in allowed.iter() {
        let Some(form) = forms::form(kind, deal, role) else { continue };
        match verdict {
            Ok(()) if form.is_primary => first.push(one(session, deal, capacity, kind, &form)?),
            Ok(()) => more.push((form.title, one(session, deal, capacity, kind, &form)?)),
            Err(Rejection::WrongRole { .. } | Rejection::UnknownActor) => {}
            Err(reason) => denied.push((form.title, why(&reason))),
        }
    }
    let payments = payments(session, deal, (capacity, role), now)?;
    let heading = format!("actions-{}", capacity.word());
    Ok(html! {
        section aria-labelledby=(heading) {
            h2 #(heading) { "What you can do now, as " (words::role(role)) }
            (payments)
            @for form in &first { (form) }
            @for (title, form) in &more { details { summary { (title) } (form) } }
            @if first.is_empty() && more.is_empty() { p.hint { "Nothing, at this point." } }
            @if !denied.is_empty() {
                details {
                    summary { "What you cannot do now, and why" }
                    dl { @for (title, reason) in &denied { dt { strong { (title) } } dd { (reason) } } }
                }
            }
        }
    })
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
    let mine = deal.deposits().iter().filter(|deposit| role.side() == Some(deposit.owner()));
    let mut forms = Vec::new();
    for deposit in mine.filter(|deposit| deal.takes_money(deposit) && deposit.outstanding().is_positive()) {
        forms.push((deposit, hidden(session, deal, capacity)?));
    }
    Ok(html! {
        @for (deposit, hidden) in forms {
            form method="post" action={ "/deals/" (deal.id()) "/pay/" (deposit.id()) } {
                (hidden)
                h3 { "Pay " (words::deposit(deposit.id())) }
                @if let Some(charge) = deposit.charge() { p.hint { "Optional. For: " (charge.reason) } }
                @else { p.hint { "On the bank's page. The escrow agent holds it until the deal has ended." } }
                button.primary { "Pay " (deposit.outstanding()) }
            }
        }
    })
}
