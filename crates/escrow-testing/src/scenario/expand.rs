//! Commands and presets in scenario files. A command is read by its own type, so that an error names the field inside
//! it; a preset is written out: `{"preset": "shop", "start_s": 3600}` becomes a whole policy.

use serde_json::{Error, Value};

use super::ScenarioError;
use super::wrong::nearest;
use escrow::Command;
use escrow::deal::command::{
    Accept, AcceptAward, AddCharge, Agree, Amend, Annotate, Answer, AppointArbiter, Approve, Attach, Cancel,
    Chargeback, ConfirmPayment, Escalate, Extend, FileClaim, GiveBack, IncurCost, OpenDispute, Post,
    ProposeAward, RecordTracking, RedirectRefund, Remark, RemoveTrack, Report, RequestChanges,
    RequestPayment, Returned, Rule, SetDestination, SetTrack, SettleReceivable, StartPerforming,
    StopPerforming, Submit, Wake, WithdrawDispute,
};
use escrow::terms::Policy;

/// Replaces every policy that names a preset: in the terms, and in amended terms.
pub(super) fn presets(scenario: &mut Value) -> Result<(), ScenarioError> {
    expand(scenario.pointer_mut("/terms/policy"), "terms.policy")?;
    let steps = scenario.get_mut("steps").and_then(Value::as_array_mut);
    for (i, step) in steps.into_iter().flatten().enumerate() {
        expand(step.pointer_mut("/do/terms/policy"), &format!("steps[{i}].do.terms.policy"))?;
    }
    Ok(())
}

pub(super) fn expand(policy: Option<&mut Value>, path: &str) -> Result<(), ScenarioError> {
    let Some(policy) = policy else { return Ok(()) };
    let Some(changes) = policy.as_object_mut() else {
        return Ok(());
    };
    let Some(name) = changes.remove("preset") else {
        return Ok(());
    };
    let error = |message: &str| ScenarioError::field(path, message);
    let preset = match name.as_str() {
        Some("shop") => Policy::shop(),
        Some("marketplace") => Policy::marketplace(),
        Some("guarantee") => Policy::guarantee(),
        Some("freelance") => Policy::freelance(),
        Some(other) => return Err(error(&unknown_preset(other))),
        None => return Err(error("preset: write shop, marketplace, guarantee or freelance")),
    };
    let mut whole = serde_json::to_value(preset).map_err(|e| error(&e.to_string()))?;
    if let Some(whole) = whole.as_object_mut() {
        whole.append(changes);
    }
    *policy = whole;
    Ok(())
}

fn unknown_preset(name: &str) -> String {
    let near = nearest(name, ["shop", "marketplace", "guarantee", "freelance"].into_iter());
    let meant = near.map(|near| format!(": did you mean {near}?")).unwrap_or_default();
    format!("preset{meant}: write shop, marketplace, guarantee or freelance")
}

/// A command by its name and its content, as `Command` itself would be read.
pub(super) fn command(kind: &str, content: Value) -> Result<Command, serde_path_to_error::Error<Error>> {
    macro_rules! by_name {
        ($($name:literal => $payload:ident),+ $(,)?) => {
            match kind {
                $($name => serde_path_to_error::deserialize::<_, $payload>(content).map(Command::from),)+
                // says which names there are
                _ => serde_path_to_error::deserialize(serde_json::json!({ "type": kind })),
            }
        };
    }
    by_name!(
        "amend" => Amend,
        "annotate" => Annotate,
        "agree" => Agree,
        "request_payment" => RequestPayment,
        "confirm_payment" => ConfirmPayment,
        "remark" => Remark,
        "approve" => Approve,
        "attach" => Attach,
        "set_track" => SetTrack,
        "remove_track" => RemoveTrack,
        "record_tracking" => RecordTracking,
        "start_performing" => StartPerforming,
        "stop_performing" => StopPerforming,
        "submit" => Submit,
        "request_changes" => RequestChanges,
        "accept" => Accept,
        "report" => Report,
        "incur_cost" => IncurCost,
        "add_charge" => AddCharge,
        "cancel" => Cancel,
        "open_dispute" => OpenDispute,
        "propose_award" => ProposeAward,
        "accept_award" => AcceptAward,
        "give_back" => GiveBack,
        "withdraw_dispute" => WithdrawDispute,
        "escalate" => Escalate,
        "file_claim" => FileClaim,
        "rule" => Rule,
        "appoint_arbiter" => AppointArbiter,
        "answer" => Answer,
        "set_destination" => SetDestination,
        "redirect_refund" => RedirectRefund,
        "chargeback" => Chargeback,
        "returned" => Returned,
        "settle_receivable" => SettleReceivable,
        "extend" => Extend,
        "post" => Post,
        "wake" => Wake,
    )
}
