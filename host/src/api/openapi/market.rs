//! The description of projects and balances.

use serde_json::{Value, json};

use super::{of, request, responses};

fn parameters() -> (Value, Value) {
    let id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string", "format": "uuid" } });
    let number = json!({ "name": "number", "in": "path", "required": true, "schema": { "type": "integer", "minimum": 1 } });
    (id, number)
}

/// A page: where it begins, and how much.
fn part() -> [Value; 2] {
    [
        json!({ "name": "after", "in": "query", "description": "`next` of the page before", "schema": { "type": "string" } }),
        json!({ "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 100, "default": 20 } }),
    ]
}

/// The paths. `key`: the header of what makes something.
pub(super) fn paths(key: &Value) -> Value {
    let ((id, number), part) = (parameters(), part());
    json!({
        "/api/v1/projects": {
            "get": { "operationId": "listProjects", "summary": "The projects of whoever asks; for staff, all", "parameters": part,
                "responses": responses("A page", "Projects", "200") },
            "post": { "operationId": "proposeProject", "summary": "Proposes a project in milestones", "parameters": [key],
                "requestBody": request("ProjectProposal"), "responses": responses("The project", "Project", "201") }
        },
        "/api/v1/projects/{id}": { "get": { "operationId": "getProject", "summary": "A project", "parameters": [id],
            "responses": responses("The project", "Project", "200") } },
        "/api/v1/projects/{id}/commands": { "post": { "operationId": "commandProject",
            "summary": "Agrees, withdraws a proposal, goes on, or stops", "parameters": [id, key],
            "requestBody": request("ProjectCommanded"), "responses": responses("The project after it", "Project", "200") } },
        "/api/v1/projects/{id}/amendments": { "post": { "operationId": "amendProject",
            "summary": "Proposes other milestones in place of those that have not begun", "parameters": [id, key],
            "requestBody": request("Amendment"), "responses": responses("The project after it", "Project", "200") } },
        "/api/v1/projects/{id}/checkout": { "post": { "operationId": "payProject",
            "summary": "The bank's page for a project that is paid at once", "parameters": [id, key],
            "responses": responses("Where to send the payer", "Address", "200") } },
        "/api/v1/balances": { "get": { "operationId": "listBalances", "summary": "The balances of whoever asks; for staff, all", "parameters": part,
            "responses": responses("A page", "Balances", "200") } },
        "/api/v1/balances/{id}": { "get": { "operationId": "getBalance", "summary": "A balance, with its latest withdrawals", "parameters": [id],
            "responses": responses("The balance", "Balance", "200") } },
        "/api/v1/balances/{id}/statement": { "get": { "operationId": "getStatement", "summary": "Its movements, oldest first: at most 500",
            "parameters": [id, { "name": "after", "in": "query", "description": "The version that is known already", "schema": { "type": "integer", "minimum": 0 } }],
            "responses": responses("Movements", "Statement", "200") } },
        "/api/v1/balances/{id}/withdrawals": { "post": { "operationId": "withdraw", "summary": "Asks for a withdrawal, which its code confirms",
            "parameters": [id, key], "requestBody": request("Wanted"), "responses": responses("Its number", "Requested", "201") } },
        "/api/v1/balances/{id}/withdrawals/{number}/confirm": { "post": { "operationId": "confirmWithdrawal", "summary": "Enters the code",
            "parameters": [id, number, key], "requestBody": request("Entered"), "responses": responses("The balance after it", "Balance", "200") } },
        "/api/v1/balances/{id}/withdrawals/{number}/cancel": { "post": { "operationId": "cancelWithdrawal", "summary": "Cancels it before it is sent",
            "parameters": [id, number, key], "responses": responses("The balance after it", "Balance", "200") } }
    })
}

/// The schemas.
pub(super) fn schemas() -> Value {
    let (text, count) = (json!({ "type": "string" }), json!({ "type": "integer", "minimum": 0 }));
    let uuid = json!({ "type": "string", "format": "uuid" });
    let time = json!({ "type": "string", "format": "date-time" });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let lines = json!({ "type": "array", "maxItems": 100, "items": { "type": "object", "required": ["name", "price"], "additionalProperties": false,
        "properties": { "name": text, "price": { "type": "string", "examples": ["300.00"] } } } });
    let milestone = json!({ "type": "object", "required": ["deal", "items"], "properties": { "deal": uuid, "items": list(json!({ "type": "object" })) } });
    json!({
        "ProjectProposal": { "type": "object", "required": ["name", "template", "i_am", "other", "currency", "milestones"], "additionalProperties": false,
            "properties": { "name": text, "template": { "enum": ["goods", "work", "reviewed", "quick"] }, "i_am": { "enum": ["buyer", "seller"] },
                "other": text, "currency": text, "upfront": { "type": "boolean", "default": false }, "milestones": lines } },
        "ProjectCommanded": { "type": "object", "required": ["command"], "additionalProperties": false, "properties": {
            "command": { "type": "object", "required": ["type"], "properties": { "type": { "enum": ["agree", "withdraw", "continue", "stop"] } } },
            "seen": count } },
        "Amendment": { "type": "object", "required": ["version", "milestones"], "additionalProperties": false,
            "properties": { "version": { "type": "integer", "minimum": 2 }, "milestones": lines, "seen": count } },
        "Project": { "type": "object", "required": ["id", "status", "revision", "begun", "planned", "proposal"], "properties": {
            "id": uuid, "status": { "enum": ["proposed", "active", "halted", "stopping", "closed"] }, "revision": count, "created_at": time,
            "name": text, "customer": text, "contractor": text, "currency": text, "funding": {},
            "begun": list(json!({ "type": "object", "required": ["deal", "standing"], "properties": { "deal": uuid, "standing": text, "passed": { "type": "boolean" } } })),
            "planned": list(milestone.clone()),
            "proposal": { "type": "object", "required": ["version", "fate", "milestones"], "properties": {
                "version": count, "by": { "enum": ["buyer", "seller"] }, "fate": { "enum": ["open", "agreed", "withdrawn", "fallen"] }, "milestones": list(milestone) } } } },
        "Projects": { "type": "object", "required": ["projects", "next"], "properties": { "projects": list(of("Project")), "next": { "type": ["string", "null"] } } },
        "Withdrawal": { "type": "object", "required": ["number", "amount", "status"], "properties": {
            "number": count, "amount": of("Money"), "fee": of("Money"), "destination": {},
            "status": { "enum": ["requested", "sent", "paid", "failed", "cancelled", "expired"] }, "requested_at": time, "returned": list(of("Money")) } },
        "Balance": { "type": "object", "required": ["id", "holder", "currency", "available", "clearing", "reserved", "withdrawals"], "properties": {
            "id": uuid, "holder": text, "currency": text, "available": of("Money"), "reserved": of("Money"),
            "clearing": list(json!({ "type": "object", "required": ["at", "amount"], "properties": { "at": time, "amount": of("Money") } })),
            "withdrawals": list(of("Withdrawal")) } },
        "Balances": { "type": "object", "required": ["balances", "next"], "properties": { "balances": list(of("Balance")), "next": { "type": ["string", "null"] } } },
        "Statement": { "type": "object", "required": ["lines"], "properties": { "lines": list(json!({ "type": "object", "required": ["version", "at", "what", "amount", "available"],
            "properties": { "version": count, "at": time, "what": text, "amount": of("Money"), "fee": { "oneOf": [of("Money"), { "type": "null" }] }, "available": of("Money") } })) } },
        "Wanted": { "type": "object", "required": ["amount", "destination"], "additionalProperties": false,
            "properties": { "amount": { "type": "string", "examples": ["200.00"] }, "destination": { "type": "object", "description": "`{\"account\": \"token of the vault\"}`, or `card`, or `wallet`" } } },
        "Requested": { "type": "object", "required": ["number"], "properties": { "number": count,
            "sandbox_code": { "type": ["string", "null"], "description": "The code, which the sandbox sends to nobody" } } },
        "Entered": { "type": "object", "required": ["code"], "additionalProperties": false, "properties": { "code": text } }
    })
}
