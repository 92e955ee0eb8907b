//! Punctuality: waking at every deadline, or never until now, gives the same deal.

use escrow::Recorded;
use escrow::deal::Command;
use escrow::deal::command::Wake;
use escrow::{Actor, Context, Deal, Rejection, Time, Transition, transition};

pub const PUNCTUAL: &str =
    "waking at every deadline, or never, gives the same events, the same verdicts, the same deal";

/// Two copies of one deal at one instant: one was woken at every deadline, the other never.
pub struct Twins<'d> {
    late: &'d Deal,
    pub prompt: Deal,
    /// What the wakes of the prompt one have told.
    woken: Vec<Recorded>,
    pub at: Time,
    /// How many deadlines are behind.
    pub behind: usize,
    /// Planted: what becomes of the events that a late deal tells of its timers.
    planted: Option<fn(&mut Recorded)>,
}

impl<'d> Twins<'d> {
    pub fn new(deal: &'d Deal, now: Time, planted: Option<fn(&mut Recorded)>) -> Self {
        Self { late: deal, prompt: deal.clone(), woken: Vec::new(), at: now, behind: 0, planted }
    }

    /// Time passes to the next deadline: the prompt one is woken at it, the late one has its first wake.
    pub fn pass(&mut self) -> Result<bool, String> {
        let Some(due) = self.prompt.next_deadline() else { return Ok(false) };
        self.at = due.max(self.at);
        let wake = Command::from(Wake {});
        let context = Context::clock(self.at);
        let fired = self.prompt.handle(&wake, &context).map_err(|e| format!("a wake is refused: {e}"))?;
        if fired.is_empty() {
            return Err(format!("a wake at the deadline {due} does nothing"));
        }
        self.woken.extend(fired.into_events());
        self.behind += 1;
        self.agree(&wake, &Actor::Clock)?;
        // the events are the same; and so is the deal that they make, instants and deadlines with it
        let mut late = self.late.clone();
        let context = Context::clock(self.at);
        let _ = late.handle(&wake, &context).map_err(|e| format!("a late wake is refused: {e}"))?;
        let same = late == self.prompt && late.next_timer() == self.prompt.next_timer();
        if same { Ok(true) } else { Err(format!("prompt {:?}, late {late:?}", self.prompt)) }
    }

    /// Both judge a command alike, and tell the same.
    pub fn agree(&self, command: &Command, actor: &Actor) -> Result<(), String> {
        let context = Context::new(self.at, actor.clone());
        let late = self.tampered(transition(self.late, command, &context));
        let prompt = transition(&self.prompt, command, &context);
        let same = match (&late, &prompt) {
            (Ok(late), Ok(prompt)) => late.iter().eq(self.woken.iter().chain(prompt.events())),
            (Err(late), Err(prompt)) => late == prompt,
            _ => false,
        };
        if same {
            return Ok(());
        }
        Err(format!("{actor}, {command:?}: prompt {:?} and {prompt:?}, late {late:?}", self.woken))
    }

    /// Both allow the same.
    pub fn allow_the_same(&self, actor: &Actor) -> Result<(), String> {
        let same = self.late.allowed(actor, self.at) == self.prompt.allowed(actor, self.at);
        if same { Ok(()) } else { Err(format!("prompt and late allow {actor} different things")) }
    }

    fn tampered(&self, late: Result<Transition, Rejection>) -> Result<Vec<Recorded>, Rejection> {
        let mut events = late?.into_events().into_vec();
        if let Some(planted) = self.planted {
            events.iter_mut().for_each(planted);
        }
        Ok(events)
    }
}
