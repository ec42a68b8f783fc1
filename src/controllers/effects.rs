//! The names of the shell's effects, and where a test build kills the process or
//! lets it wait.

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
    Close (..),
    Intend (..),
    Send (..),
    Store (..),
    Announce (..),
    Rest (..),
}

/// Kills this process with SIGKILL if `ERRAND_TEST_KILL` names this moment, as
/// `before:Send:1` (the first time) does; waits if `ERRAND_TEST_PAUSE` names it,
/// as in `before:Send:1:FILE`, for as long as that file is there. Test builds
/// only.
#[cfg(feature = "test-clock")]
pub(super) async fn test_point(moment: &str, effect: &'static str) {
    use std::sync::atomic::AtomicU32;

    static KILLS: AtomicU32 = AtomicU32::new(0);
    static PAUSES: AtomicU32 = AtomicU32::new(0);
    if reached("ERRAND_TEST_KILL", &KILLS, moment, effect).is_some() {
        let me = std::process::id().to_string();
        let _ = std::process::Command::new("kill")
            .args(["-KILL", &me])
            .status();
        // The signal is on its way; nothing more may happen here.
        loop {
            std::thread::park();
        }
    }
    if let Some(file) = reached("ERRAND_TEST_PAUSE", &PAUSES, moment, effect) {
        tracing::info!(moment, effect, "test pause");
        while std::path::Path::new(&file).exists() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

/// What follows the moment in the variable that names it, if this is its time.
#[cfg(feature = "test-clock")]
fn reached(
    variable: &str,
    passed: &std::sync::atomic::AtomicU32,
    moment: &str,
    effect: &str,
) -> Option<String> {
    let wanted = std::env::var(variable).ok()?;
    let mut parts = wanted.splitn(4, ':');
    if parts.next() != Some(moment) || parts.next() != Some(effect) {
        return None;
    }
    let nth = parts.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    let now = passed.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
    (now == nth).then(|| parts.next().unwrap_or_default().to_owned())
}

#[cfg(not(feature = "test-clock"))]
pub(super) async fn test_point(_moment: &str, _effect: &'static str) {}
