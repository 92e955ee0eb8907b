//! The pages.

mod account;
mod actions;
mod balances;
mod deal;
mod deals;
pub(crate) mod layout;
mod money;
mod new;
mod operator;
mod people;
mod project;
mod projects;
mod sandbox;
mod studio;
mod timeline;
mod webhooks;
mod work;

use std::sync::Arc;

use axum::Router;

use crate::Desk;

pub(crate) use deals::{page, place};

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .merge(deals::routes())
        .merge(new::routes())
        .merge(projects::routes())
        .merge(project::routes())
        .merge(balances::routes())
        .merge(deal::routes())
        .merge(operator::routes())
        .merge(people::routes())
        .merge(account::routes())
        .merge(sandbox::routes())
        .merge(webhooks::routes())
        .merge(studio::routes())
}
