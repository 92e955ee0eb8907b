//! The agent and its ports: commit before acting, crashes, time-outs, races. Everything runs on both agents, the
//! async and the blocking one.

mod acting;
mod both;
mod checkout;
mod commits;
mod contradictions;
mod crashes;
mod following;
mod gateways;
mod host;
mod hosts;
mod process;
mod stories;
mod time;
mod webhooks;
