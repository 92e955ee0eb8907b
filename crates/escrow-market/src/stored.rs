//! What every machine here writes the same way: how it is stored, and how its rules make it a machine.

/// A machine is written as its parts, and read from them under every check: `stored_as_parts!(Offer, Parts)`.
macro_rules! stored_as_parts {
    ($machine:ident, $parts:ident) => {
        impl ::serde::Serialize for $machine {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.parts().serialize(serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $machine {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $parts::deserialize(deserializer)?.restore().map_err(::serde::de::Error::custom)
            }
        }
    };
}

/// What has [`Rules`](escrow::machine::Rules) is a machine; its own function `fold` is where it changes:
/// `machine_by_rules!(Offer, Command, Event, Rejection)`.
macro_rules! machine_by_rules {
    ($machine:ident, $command:ty, $event:ty, $rejection:ty) => {
        impl ::escrow::machine::Machine for $machine {
            type Command = $command;
            type Event = $event;
            type Rejection = $rejection;

            fn version(&self) -> u64 {
                ::escrow::machine::Rules::progress(self).version()
            }

            fn last_at(&self) -> ::escrow::Time {
                ::escrow::machine::Rules::progress(self).last_at()
            }

            fn next_deadline(&self) -> Option<::escrow::Time> {
                ::escrow::machine::Rules::next_timer(self).map(|(at, _)| at)
            }

            fn decide(
                &self,
                command: &$command,
                context: &::escrow::Context,
            ) -> Result<::escrow::Transition<Self>, $rejection> {
                ::escrow::machine::transition(self, command, context)
            }

            fn handle(
                &mut self,
                command: &$command,
                context: &::escrow::Context,
            ) -> Result<::escrow::Transition<Self>, $rejection> {
                ::escrow::machine::handle(self, command, context)
            }

            fn apply(&mut self, recorded: &::escrow::Recorded<$event>) {
                self.fold(recorded);
            }
        }
    };
}
