//! Presets in scenario files: `{"preset": "shop", "start_s": 3600}` becomes a whole policy.

use serde_json::Value;

use super::ScenarioError;
use crate::terms::Policy;

/// Replaces every policy that names a preset: in the terms, and in amended terms.
pub(super) fn presets(scenario: &mut Value) -> Result<(), ScenarioError> {
    expand(scenario.pointer_mut("/terms/policy"), "terms.policy")?;
    let steps = scenario.get_mut("steps").and_then(Value::as_array_mut);
    for (i, step) in steps.into_iter().flatten().enumerate() {
        expand(step.pointer_mut("/do/terms/policy"), &format!("steps[{i}].do.terms.policy"))?;
    }
    Ok(())
}

fn expand(policy: Option<&mut Value>, path: &str) -> Result<(), ScenarioError> {
    let Some(policy) = policy else { return Ok(()) };
    let Some(changes) = policy.as_object_mut() else {
        return Ok(());
    };
    let Some(name) = changes.remove("preset") else {
        return Ok(());
    };
    let error = |message: &str| ScenarioError::Field { path: path.to_owned(), message: message.to_owned() };
    let preset = match name.as_str() {
        Some("shop") => Policy::shop(),
        Some("marketplace") => Policy::marketplace(),
        Some("guarantee") => Policy::guarantee(),
        Some("freelance") => Policy::freelance(),
        Some(_) | None => return Err(error("preset: write shop, marketplace, guarantee or freelance")),
    };
    let mut whole = serde_json::to_value(preset).map_err(|e| error(&e.to_string()))?;
    if let Some(whole) = whole.as_object_mut() {
        whole.append(changes);
    }
    *policy = whole;
    Ok(())
}
