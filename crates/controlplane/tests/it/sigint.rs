//! SIGINT in tests that may run in the background.

use std::fs;

/// Lets processes that are started from now on end by SIGINT. What runs in the background,
/// as under nohup, ignores it, and so does all that it starts; what a process catches
/// has its default in a process that it starts.
pub fn ends_children() {
    const SIGINT: u64 = 1 << 1;
    let status = fs::read_to_string("/proc/self/status").expect("these tests look into /proc");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    if ignored.expect("a mask") & SIGINT == 0 {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let _inside = runtime.enter();
    // Caught from here on, by a handler that is never taken away.
    let interrupt = tokio::signal::unix::SignalKind::interrupt();
    drop(tokio::signal::unix::signal(interrupt).expect("a handler"));
}
