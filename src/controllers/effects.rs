//! The names of the shell's effects.

use errand_engine::Effect;

/// Declares the list and the match together, so that neither can miss one.
macro_rules! effects {
    ($($variant:ident $fields:tt,)*) => {
        /// Every effect that the shell carries out, by name.
        pub const EFFECTS: &[&str] = &[$(stringify!($variant)),*];

        /// The effect's name.
        pub(super) fn name(effect: &Effect) -> &'static str {
            match effect { $(effects!(@pattern $variant $fields) => stringify!($variant)),* }
        }
    };
    (@pattern $variant:ident ()) => { Effect::$variant };
    (@pattern $variant:ident (..)) => { Effect::$variant(..) };
}

effects! {
    Read (),
    Observe (),
    Recall (),
    Permit (..),
    Claim (..),
    Close (..),
    Intend (..),
    Send (..),
    Store (..),
    Announce (..),
    Rest (..),
}
