//! The API's own description.

mod market;

use serde_json::{Value, json};

/// The OpenAPI document.
pub fn document() -> Value {
    let id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string", "format": "uuid" } });
    let key = json!({
        "name": "Idempotency-Key", "in": "header", "required": true,
        "description": "The same key with the same body gets the first answer; with another body it is refused.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 64 }
    });
    let text = |name: &str, about: &str| json!({ "name": name, "in": "query", "description": about, "schema": { "type": "string" } });
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Escrow desk", "version": "1",
            "description": "Deals between a buyer and a seller, whose money waits with an escrow agent.",
            "license": { "name": "MIT", "identifier": "MIT" }
        },
        "servers": [{ "url": "/" }],
        "security": [{ "key": [] }],
        "paths": {
            "/api/v1/deals": {
                "get": {
                    "operationId": "listDeals",
                    "summary": "The deals of whoever asks; for staff, any",
                    "parameters": [
                        text("status", "For staff: those with this status"), text("party", "For staff: those of this party"),
                        text("order", "For staff: those about this order"), text("after", "`next` of the page before"),
                        { "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 100, "default": 20 } }
                    ],
                    "responses": responses("A page", "Page", "200")
                },
                "post": {
                    "operationId": "openDeal",
                    "summary": "Proposes a deal",
                    "parameters": [key.clone()],
                    "requestBody": request("Opening"),
                    "responses": responses("The deal", "Deal", "201")
                }
            },
            "/api/v1/deals/{id}": { "get": {
                "operationId": "getDeal", "summary": "A deal, and what one may do with it", "parameters": [id],
                "responses": responses("The deal", "Deal", "200")
            } },
            "/api/v1/deals/{id}/events": { "get": {
                "operationId": "listEvents", "summary": "What happened, as far as one may read it: at most 500 events, oldest first",
                "parameters": [id, { "name": "after", "in": "query", "description": "The version that is known already", "schema": { "type": "integer", "minimum": 0 } }],
                "responses": responses("Events, oldest first", "Events", "200")
            } },
            "/api/v1/deals/{id}/endings": { "get": {
                "operationId": "listEndings", "summary": "What every ending would pay now", "parameters": [id],
                "responses": responses("Endings", "Endings", "200")
            } },
            "/api/v1/deals/{id}/commands": { "post": {
                "operationId": "giveCommand", "summary": "Does something with a deal", "parameters": [id, key],
                "requestBody": request("Commanded"), "responses": responses("The deal after it", "Deal", "200")
            } },
            "/api/v1/deals/{id}/checkout": { "post": {
                "operationId": "checkout", "summary": "The bank's page for all that is outstanding of a deposit",
                "parameters": [id, key], "requestBody": request("Checkout"), "responses": responses("Where to send the payer", "Address", "200")
            } },
            "/api/v1/quote": { "post": {
                "operationId": "quote", "summary": "What terms would cost everybody; nothing is stored",
                "requestBody": request("WholeTerms"), "responses": responses("The quote", "Quote", "200")
            } }
        },
        "components": { "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } }, "schemas": schemas() }
    });
    add(&mut document, "/paths", market::paths(&key));
    add(&mut document, "/components/schemas", market::schemas());
    document
}

/// Adds what another part describes.
fn add(document: &mut Value, at: &str, mut more: Value) {
    if let (Some(to), Some(more)) =
        (document.pointer_mut(at).and_then(Value::as_object_mut), more.as_object_mut())
    {
        to.append(more);
    }
}

fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn request(schema: &str) -> Value {
    json!({ "required": true, "content": { "application/json": { "schema": of(schema) } } })
}

fn responses(about: &str, schema: &str, status: &str) -> Value {
    let problem = json!({ "description": "What is wrong, and whether the same request may be sent again",
        "content": { "application/problem+json": { "schema": of("Problem") } } });
    json!({
        status: { "description": about, "content": { "application/json": { "schema": of(schema) } } },
        "4XX": problem, "5XX": problem
    })
}

fn schemas() -> Value {
    let time = json!({ "type": "string", "format": "date-time" });
    let text = json!({ "type": "string" });
    let count = json!({ "type": "integer", "minimum": 0 });
    let list = |name: &str| json!({ "type": "array", "items": of(name) });
    let anything = json!({ "type": "object" });
    json!({
        "Money": { "type": "object", "required": ["amount", "currency"], "additionalProperties": false,
            "properties": { "amount": { "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$" }, "currency": text } },
        "Problem": { "type": "object", "required": ["status", "title", "detail", "code", "retry"],
            "properties": { "status": count, "title": text, "detail": text, "code": { "type": "string", "description": "What a client decides by" }, "retry": { "type": "boolean" } } },
        "Opening": { "oneOf": [of("Proposal"), of("WholeTerms")] },
        "Proposal": { "type": "object", "description": "Of a party; fees, rules and the arbiter are the desk's",
            "required": ["template", "i_am", "other", "currency", "items"], "additionalProperties": false,
            "properties": {
                "template": { "enum": ["goods", "work", "reviewed", "quick"] }, "i_am": { "enum": ["buyer", "seller"] },
                "other": text, "currency": text,
                "items": { "type": "array", "minItems": 1, "maxItems": 200, "items": { "type": "object", "required": ["name", "unit_price"], "additionalProperties": false,
                    "properties": { "name": text, "quantity": { "type": "integer", "minimum": 1, "default": 1 }, "unit_price": { "type": "string", "examples": ["1500.50"] } } } },
                "description": text, "conditions": text, "order_id": text } },
        "WholeTerms": { "type": "object", "description": "Of the staff: terms as the crate `escrow` reads them", "required": ["terms"], "additionalProperties": false, "properties": { "terms": anything } },
        "Commanded": { "type": "object", "required": ["command"], "additionalProperties": false, "properties": {
            "command": { "type": "object", "description": "As `docs/scenarios.md` shows them", "required": ["type"], "properties": { "type": text } },
            "as": { "enum": ["party", "operator", "moderator"], "description": "Absent: as a party, or for staff as operator" },
            "seen": { "type": "integer", "minimum": 0, "description": "The revision that was looked at: on a later one the command is refused" } } },
        "Checkout": { "type": "object", "required": ["deposit"], "additionalProperties": false, "properties": { "deposit": { "type": "string", "examples": ["buyer_payment"] } } },
        "Address": { "type": "object", "required": ["url"], "properties": { "url": text } },
        "Listed": { "type": "object", "required": ["id", "status", "version"], "properties": {
            "id": { "type": "string", "format": "uuid" }, "status": text, "status_since": time, "created_at": time, "version": count,
            "order_id": { "type": ["string", "null"] }, "next_deadline": { "type": ["string", "null"], "format": "date-time" }, "pending_since": { "type": ["string", "null"], "format": "date-time" } } },
        "Page": { "type": "object", "required": ["deals", "next"], "properties": { "deals": list("Listed"), "next": { "type": ["string", "null"] } } },
        "Deposit": { "type": "object", "required": ["id", "owner", "required", "outstanding", "minor"], "properties": {
            "id": text, "owner": { "enum": ["buyer", "seller"] }, "required": of("Money"), "outstanding": of("Money"),
            "minor": { "type": "object", "description": "Where its money is, in minor units; what is absent is zero", "additionalProperties": { "type": "integer" } } } },
        "Leg": { "type": "object", "required": ["number", "payee", "purpose", "amount", "state"], "properties": {
            "number": count, "deposit": text, "payee": {}, "purpose": text, "amount": of("Money"), "state": text } },
        "May": { "type": "object", "required": ["as", "role", "commands", "denied"], "properties": {
            "as": text, "role": text, "commands": { "type": "array", "items": text },
            "denied": { "type": "array", "items": { "type": "object", "required": ["command", "code", "detail"], "properties": { "command": text, "code": text, "detail": text } } } } },
        "Deal": { "type": "object", "required": ["id", "status", "version", "revision", "terms", "quote", "deposits", "legs", "may"], "properties": {
            "id": { "type": "string", "format": "uuid" }, "status": text, "outcome": { "type": ["string", "null"] }, "version": count, "revision": count,
            "created_at": time, "terms_version": count, "consents": anything, "terms": anything, "quote": of("Quote"), "deposits": list("Deposit"), "legs": list("Leg"),
            "debts": { "type": "array", "items": anything }, "offers": { "type": "array", "items": anything }, "dispute": { "type": ["object", "null"] },
            "track": { "type": ["object", "null"] }, "revisions": count, "next_deadline": { "type": ["object", "null"] }, "waits_for_bank": { "type": "boolean" }, "may": list("May") } },
        "Quote": { "type": "object", "required": ["price", "deposit", "payout"], "properties": { "price": of("Money"), "deposit": of("Money"), "payout": of("Money") } },
        "Events": { "type": "object", "required": ["events"], "properties": { "events": { "type": "array", "items": { "type": "object",
            "required": ["version", "occurred_at", "recorded_at", "event"], "properties": { "version": count, "occurred_at": time, "recorded_at": time, "actor": {}, "event": anything } } } } },
        "Endings": { "type": "object", "required": ["endings"], "properties": { "endings": { "type": "array", "items": { "type": "object", "required": ["ending"], "properties": { "ending": {}, "settlement": anything, "error": text } } } } }
    })
}
