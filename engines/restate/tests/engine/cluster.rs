//! Three nodes, of which each is killed in turn: whichever leads a deal, the deal goes on.

use std::path::Path;

use escrow::DealId;
use escrow::deposit::DepositId;
use escrow_host::sandbox::{Bank, Faults};
use serde_json::{Value, json};

use crate::server::{Server, endpoint, port, wait_for};
use crate::world::{Folder, one, restate, rub, terms};

/// Three nodes, each with a log on two of them: one may be missing.
fn nodes(program: &Path, folder: &Folder) -> Vec<Server> {
    let ports: Vec<u16> = (0..3).map(|_| port().unwrap()).collect();
    let addresses: Vec<String> = ports.iter().map(|port| format!("http://127.0.0.1:{port}")).collect();
    let mut nodes = Vec::new();
    for (number, port) in (1..).zip(ports) {
        let mut node = Server::node(program, folder.path(), &format!("n{number}"), port).unwrap();
        node.set("RESTATE_CLUSTER_NAME", "deals");
        node.set("RESTATE_METADATA_CLIENT__ADDRESSES", serde_json::to_string(&addresses).unwrap());
        node.set("RESTATE_DEFAULT_REPLICATION", "2");
        node.set("RESTATE_AUTO_PROVISION", if number == 1 { "true" } else { "false" });
        node.spawn().unwrap();
        nodes.push(node);
    }
    nodes.iter().for_each(|node| node.ready().unwrap());
    nodes
}

/// A call to whichever node answers, under one key: it is done once, however often it is sent.
fn call(nodes: &[Server], path: &str, body: &Value) -> Value {
    let key = uuid::Uuid::new_v4().to_string();
    let mut answer = None;
    wait_for(path, || {
        answer = nodes.iter().find_map(|node| match node.call(path, body, Some(&key)) {
            Ok((200, value)) => Some(value),
            // there is nobody, or nobody who leads this deal at the moment
            Ok(_) | Err(_) => None,
        });
        answer.is_some()
    })
    .unwrap();
    answer.unwrap()
}

#[test]
fn deals_go_on_whichever_node_is_killed() {
    let Some(program) = restate() else { return };
    let _one = one();
    let folder = Folder::new();
    let bank = Bank::open(folder.path().join("bank.db"), Faults::default()).unwrap();
    let mut nodes = nodes(program, &folder);
    let at = port().unwrap();
    let _endpoint =
        endpoint(Path::new(env!("CARGO_BIN_EXE_escrow-restate")), at, folder.path(), "old").unwrap();
    nodes[0].register(at).unwrap();

    // six deals over four partitions
    let deals: Vec<DealId> = (0..6).map(|_| DealId::new(uuid::Uuid::new_v4())).collect();
    let shop = json!({ "party": "shop" });
    for deal in &deals {
        let open = json!({ "opening": { "terms": terms(3_600) }, "by": shop });
        call(&nodes, &format!("Deals/{deal}/open"), &open);
        let reference = format!("payment-{deal}").parse().unwrap();
        let fact = bank.pay(*deal, DepositId::BUYER_PAYMENT, &reference, rub(1_000_00), None).unwrap();
        let fact = json!({ "command": escrow::Command::from(fact), "by": "gateway" });
        call(&nodes, &format!("Deals/{deal}/act"), &fact);
    }
    let work = json!({ "preview": "photo-1", "original": "receipt-1", "digest": "sha256:aa01" });
    let steps = [
        json!({ "command": { "type": "start_performing" }, "by": shop }),
        json!({ "command": { "type": "submit", "number": 1, "revision": work }, "by": shop }),
        json!({ "command": { "type": "accept" }, "by": { "party": "anna" } }),
    ];
    for (number, step) in steps.iter().enumerate() {
        nodes[number].kill().unwrap();
        for deal in &deals {
            call(&nodes, &format!("Deals/{deal}/act"), step);
        }
        nodes[number].restart().unwrap();
    }
    let state = |deal: &DealId| {
        serde_json::from_value(call(&nodes, &format!("Deals/{deal}/state"), &Value::Null)).unwrap()
    };
    let stored: Vec<escrow::Deal> = deals.iter().map(state).collect();
    let audit = bank.audit(&stored).unwrap();
    assert_eq!(audit.findings, []);
    // two payouts of each
    assert_eq!(audit.movements, 12);
}
