use serde::{Deserialize, Serialize};

/// What becomes of a part of a minor unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// It is dropped.
    #[default]
    Down,
    /// A half or more is a whole unit.
    HalfUp,
    /// More than a half is a whole unit; exactly a half goes to the even number.
    HalfEven,
    /// Any part is a whole unit.
    Up,
}

names! {
    /// Every rounding.
    Rounding, "a rounding: down, half_up, half_even or up" {
        Down = "down",
        HalfUp = "half_up",
        HalfEven = "half_even",
        Up = "up",
    }
}
