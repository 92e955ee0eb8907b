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

/// A machine whose parts are its own fields:
/// `stored_as_its_parts!(Store, Parts, "escrow.store.v1", "store", [id, terms, state])`.
macro_rules! stored_as_its_parts {
    ($machine:ident, $parts:ident, $schema:literal, $word:literal, [$($field:ident),+]) => {
        impl $parts {
            /// The schema that this version writes and reads.
            pub const SCHEMA: &'static str = $schema;

            #[doc = concat!("The ", $word, ", if every invariant holds.")]
            ///
            /// # Errors
            /// [`DecodeError`](::escrow::machine::DecodeError) names the field that does not agree.
            pub fn restore(self) -> Result<$machine, ::escrow::machine::DecodeError> {
                let Self { schema, $($field),+ } = self;
                ::escrow::machine::DecodeError::check_schema(&schema, Self::SCHEMA)?;
                let machine = $machine { $($field),+ };
                machine.check()?;
                Ok(machine)
            }
        }

        impl $machine {
            #[doc = concat!("The ", $word, " in the form in which it is stored.")]
            pub fn parts(&self) -> $parts {
                let Self { $($field),+ } = self.clone();
                $parts { schema: $parts::SCHEMA.to_owned(), $($field),+ }
            }
        }

        stored_as_parts!($machine, $parts);
    };
}

/// What the rules of every machine begin with, and what becomes of a refusal: `rules_head!(state.progress, Status, Timer);`,
/// without the status where no command depends on one. The names `Role`, `CommandKind`, `Command`, `Rejection` and
/// `permitted` are the machine's own.
macro_rules! rules_head {
    ($($progress:ident).+, $status:ty, $timer:ty) => {
        rules_head!(@all [$($progress).+] $status, $timer);

        fn permitted(kind: CommandKind) -> (&'static [Role], &'static [$status]) {
            permitted(kind)
        }

        fn refuse(refusal: ::escrow::machine::Refusal<Role, CommandKind, $status>) -> Rejection {
            use ::escrow::machine::Refusal;
            match refusal {
                Refusal::UnknownActor => Rejection::UnknownActor,
                Refusal::Stale { seen, actual } => Rejection::Stale { seen, actual },
                Refusal::WrongRole { role, command } => Rejection::WrongRole { role, command },
                Refusal::WrongStatus { command, status } => Rejection::WrongStatus { command, status },
            }
        }
    };
    ($($progress:ident).+, $timer:ty) => {
        rules_head!(@all [$($progress).+] ::std::convert::Infallible, $timer);

        fn permitted(kind: CommandKind) -> (&'static [Role], &'static [::std::convert::Infallible]) {
            (permitted(kind), &[])
        }

        fn status_for(&self, _: &Command) -> Result<Option<::std::convert::Infallible>, Rejection> {
            Ok(None)
        }

        fn refuse(
            refusal: ::escrow::machine::Refusal<Role, CommandKind, ::std::convert::Infallible>,
        ) -> Rejection {
            use ::escrow::machine::Refusal;
            match refusal {
                Refusal::UnknownActor => Rejection::UnknownActor,
                Refusal::Stale { seen, actual } => Rejection::Stale { seen, actual },
                Refusal::WrongRole { role, command } => Rejection::WrongRole { role, command },
                Refusal::WrongStatus { status, .. } => match status {},
            }
        }
    };
    (@all [$($progress:ident).+] $status:ty, $timer:ty) => {
        type Role = Role;
        type Kind = CommandKind;
        type Status = $status;
        type Timer = $timer;

        fn progress(&self) -> &::escrow::machine::Progress {
            &self.$($progress).+
        }

        fn role_of(&self, actor: &::escrow::Actor) -> Option<Role> {
            self.role_of(actor)
        }

        fn kind(command: &Command) -> CommandKind {
            command.kind()
        }
    };
}

/// What a rejection says of itself, by its private `row`: `rejection_by_row!("offer")`.
macro_rules! rejection_by_row {
    ($word:literal) => {
        impl Rejection {
            /// A stable name, kebab-case; a code's own where it is about one.
            pub const fn code(&self) -> &'static str {
                self.row().0
            }

            /// What kind of refusal it is.
            pub const fn class(&self) -> ::escrow::RejectionClass {
                self.row().1
            }

            #[doc = concat!("Whether the same command can succeed later, or after the ", $word, " was read again.")]
            pub const fn is_transient(&self) -> bool {
                self.row().2
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
