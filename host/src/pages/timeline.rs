//! What happened, oldest first, as far as whoever looks may read it.

use escrow::deal::Access;
use escrow::{Actor, Deal, Event, Role};
use escrow_store::Entry;
use maud::{Markup, html};

use crate::Desk;
use crate::desk::Capacity;
use crate::error::Failure;
use crate::words::{self, Told};

/// More events than that are listed by the API.
const MOST_LINES: usize = 400;

/// The history. `roles`: what whoever looks is in this deal.
pub(crate) async fn timeline(
    desk: &Desk,
    deal: &Deal,
    roles: &[(Capacity, Role)],
) -> Result<Markup, Failure> {
    let entries = desk.host.repository().journal::<Deal>(deal.id(), 0).await?;
    let mut lines = Vec::new();
    let earlier = entries.len().saturating_sub(MOST_LINES);
    for entry in entries.iter().skip(earlier) {
        lines.extend(line(desk, deal, roles, entry)?);
    }
    Ok(html! {
        section aria-labelledby="history" {
            h2 #history { "What happened" }
            @if earlier > 0 { p.hint { "And " (earlier) " events before that, which the API lists." } }
            ol.timeline { @for line in lines { (line) } }
        }
    })
}

fn line(
    desk: &Desk,
    deal: &Deal,
    roles: &[(Capacity, Role)],
    entry: &Entry<Event>,
) -> Result<Option<Markup>, Failure> {
    let event = &entry.recorded.event;
    let at = entry.recorded.at;
    let reads = roles.iter().any(|(_, role)| deal.may_read(*role, event));
    let sees = if let Event::Submitted { revision, .. } = event {
        roles.iter().any(|(_, role)| !matches!(deal.access_to(*role, revision), Access::Nothing))
    } else {
        false
    };
    if !reads && !sees {
        return Ok(None);
    }
    let head = html! {
        time datetime=(at) { (words::instant(at)) } " · " (actor(deal, &entry.recorded.actor)) ": "
    };
    Ok(Some(match words::event(event) {
        Told::Words(words) => html! { li { (head) (words) } },
        Told::Status(words) => html! { li.status { "→ " strong { (words) } } },
        Told::Nothing => return Ok(None),
        Told::Quiet(words) => html! { li.quiet { (head) (words) } },
        Told::Work(number) => html! {
            li { (head) a href={ "/deals/" (deal.id()) "/work/" (number) } { "Version " (number) " of the work was handed in" } }
        },
        Told::Message(id) => {
            // a message that names a file of the work does not show it
            let text = if id.starts_with("message-") { desk.store.text(deal.id(), &id)? } else { None };
            html! { li { (head) "wrote" pre { (text.as_deref().unwrap_or("(kept elsewhere, or erased)")) } } }
        }
    }))
}

fn actor(deal: &Deal, actor: &Actor) -> String {
    match actor {
        Actor::Party(id) => match deal.role_of(actor) {
            Some(role) => format!("{id}, {}", words::role(role)),
            None => id.to_string(),
        },
        Actor::Operator(id) => format!("{id}, for the desk"),
        Actor::Moderator(id) => format!("{id}, moderating"),
        Actor::Gateway => "The bank".to_owned(),
        Actor::Tracker => "The carrier".to_owned(),
        Actor::Clock => "The clock".to_owned(),
    }
}
