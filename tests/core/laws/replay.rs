//! Storage.

use crate::laws::{Finding, ensure, json};
use escrow::{Command, Deal, Recorded};
use escrow_testing::strategies::{Moment, Play};

/// The journal, written and read again, gives the live deal, byte for byte.
pub fn replay_equals_live(play: &Play) -> Finding {
    let written = serde_json::to_string(&play.journal).map_err(|e| format!("encoding: {e}"))?;
    let read: Vec<Recorded> = serde_json::from_str(&written).map_err(|e| format!("decoding: {e}"))?;
    ensure!(read == play.journal, "the journal is not what was written");
    let replayed = Deal::replay(play.deal.id(), &read).map_err(|e| format!("replay: {e}"))?;
    ensure!(replayed == play.deal, "replayed {replayed:?}, live {:?}", play.deal);
    ensure!(json(&replayed)? == json(&play.deal)?, "replayed and live are written differently");
    Ok(())
}

pub fn snapshot_round_trip(deal: &Deal) -> Finding {
    let written = json(deal)?;
    let read: Deal = serde_json::from_str(&written).map_err(|e| format!("decoding: {e}"))?;
    ensure!(read == *deal, "read {read:?}, written {deal:?}");
    ensure!(json(&read)? == written, "written twice, differently");
    Ok(())
}

/// A command is what it was, written and read again.
pub fn command_round_trip(m: &Moment<'_>) -> Finding {
    let written = serde_json::to_string(m.command).map_err(|e| format!("encoding: {e}"))?;
    let read: Command = serde_json::from_str(&written).map_err(|e| format!("decoding {written}: {e}"))?;
    ensure!(read == *m.command, "read {read:?}, written {:?}", m.command);
    Ok(())
}
