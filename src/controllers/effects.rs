//! The names of the shell's effects, and where a test build kills the process.

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
    Permit (..),
    Claim (..),
    Intend (..),
    Send (..),
    Store (..),
    Announce (..),
    Rest (..),
}

/// Kills this process with SIGKILL if `ERRAND_TEST_KILL` names this moment, as
/// `before:Send:1` (the first time) does. Test builds only.
#[cfg(feature = "test-clock")]
pub(super) fn kill_point(moment: &str, effect: &'static str) {
    use std::sync::atomic::{AtomicU32, Ordering};

    static PASSED: AtomicU32 = AtomicU32::new(0);
    let Ok(wanted) = std::env::var("ERRAND_TEST_KILL") else {
        return;
    };
    let mut parts = wanted.splitn(3, ':');
    if parts.next() != Some(moment) || parts.next() != Some(effect) {
        return;
    }
    let nth = parts.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    if PASSED.fetch_add(1, Ordering::SeqCst) + 1 == nth {
        let me = std::process::id().to_string();
        let _ = std::process::Command::new("kill")
            .args(["-KILL", &me])
            .status();
        // The signal is on its way; nothing more may happen here.
        loop {
            std::thread::park();
        }
    }
}

#[cfg(not(feature = "test-clock"))]
pub(super) fn kill_point(_moment: &str, _effect: &'static str) {}
