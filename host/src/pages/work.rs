//! The work in its versions, as far as the deal lets whoever looks see it.

use std::sync::Arc;

use axum::extract::{Path, State};
use escrow::deal::Access;
use escrow::{Deal, Event, Role};
use maud::{Markup, html};

use super::deal::deal_id;
use super::layout;
use crate::Desk;
use crate::auth::Session;
use crate::desk::Capacity;
use crate::error::Failure;

/// A version, and the work itself where it may be seen.
struct Seen {
    preview: String,
    original: Option<String>,
    digest: String,
}

async fn see(
    desk: &Desk,
    deal: &Deal,
    roles: &[(Capacity, Role)],
    number: u16,
) -> Result<Option<Seen>, Failure> {
    let entries = desk.host.repository().journal::<Deal>(deal.id(), 0).await?;
    let found = entries.into_iter().find_map(|entry| {
        if let Event::Submitted { number: this, revision } = entry.recorded.event {
            return (this == number).then_some(revision);
        }
        None
    });
    let Some(revision) = found else { return Ok(None) };
    let (mut preview, mut original) = (None, None);
    for (_, role) in roles {
        match deal.access_to(*role, &revision) {
            Access::Nothing => {}
            Access::Preview(file) => preview = Some(file),
            Access::Original(all) => (preview, original) = (Some(&all.preview), Some(&all.original)),
        }
    }
    let text = |file: &str| -> Result<String, Failure> {
        Ok(desk.store.text(deal.id(), file)?.unwrap_or_else(|| format!("Kept elsewhere, as {file}")))
    };
    let Some(preview) = preview else { return Ok(None) };
    Ok(Some(Seen {
        preview: text(preview)?,
        original: original.map(|file| text(file)).transpose()?,
        digest: revision.digest.to_string(),
    }))
}

fn shown(seen: &Seen) -> Markup {
    html! {
        h3 { "Preview" }
        pre { (seen.preview) }
        h3 { "The work itself" }
        @match &seen.original {
            Some(text) => { pre { (text) } p.hint { "Digest: " (seen.digest) } },
            None => p { "It is handed over when it is accepted, and the seller\u{2019}s money is on its way." },
        }
    }
}

/// The latest version, for the page of its deal.
pub(super) async fn latest(desk: &Desk, deal: &Deal, roles: &[(Capacity, Role)]) -> Result<Markup, Failure> {
    let number = deal.submitted();
    if number == 0 {
        return Ok(html! {});
    }
    let seen = see(desk, deal, roles, number).await?;
    Ok(html! {
        @if let Some(seen) = seen {
            section aria-labelledby="work" {
                h2 #work { "The work, version " (number) }
                (shown(&seen))
            }
        }
    })
}

/// Any version, on a page of its own.
pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Path((id, number)): Path<(String, u16)>,
) -> Result<Markup, Failure> {
    let (deal, roles) = desk.deal(&session.person, deal_id(&id)?).await?;
    let seen = see(&desk, &deal, &roles, number).await?.ok_or_else(Failure::not_found)?;
    let at = format!("/deals/{}", deal.id());
    let content = html! {
        p { a href=(at) { "Back to the deal" } }
        h1 { "Version " (number) " of the work" }
        section { h2 { "What was handed in" } (shown(&seen)) }
    };
    Ok(layout::page(&session, "The work", &at, &content))
}
