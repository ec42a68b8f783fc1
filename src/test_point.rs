//! Where a test build kills the process or lets it wait: before and after each
//! effect of the shell, and between the last check of a call and its bytes.

/// Kills this process with SIGKILL if `ERRAND_TEST_KILL` names this moment, as
/// `before:Send:1` (the first time) does; waits if `ERRAND_TEST_PAUSE` names it,
/// as in `before:Send:1:FILE`, for as long as that file is there. Test builds
/// only.
#[cfg(feature = "test-clock")]
pub(crate) async fn test_point(moment: &str, place: &'static str) {
    use std::sync::atomic::AtomicU32;

    static KILLS: AtomicU32 = AtomicU32::new(0);
    static PAUSES: AtomicU32 = AtomicU32::new(0);
    if reached("ERRAND_TEST_KILL", &KILLS, moment, place).is_some() {
        let me = std::process::id().to_string();
        let _ = std::process::Command::new("kill")
            .args(["-KILL", &me])
            .status();
        // The signal is on its way; nothing more may happen here.
        loop {
            std::thread::park();
        }
    }
    if let Some(file) = reached("ERRAND_TEST_PAUSE", &PAUSES, moment, place) {
        tracing::info!(moment, place, "test pause");
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
    place: &str,
) -> Option<String> {
    let wanted = std::env::var(variable).ok()?;
    let mut parts = wanted.splitn(4, ':');
    if parts.next() != Some(moment) || parts.next() != Some(place) {
        return None;
    }
    let nth = parts.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    let now = passed.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
    (now == nth).then(|| parts.next().unwrap_or_default().to_owned())
}

#[cfg(not(feature = "test-clock"))]
pub(crate) async fn test_point(_moment: &str, _place: &'static str) {}
