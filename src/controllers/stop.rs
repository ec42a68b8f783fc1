//! When to stop: on SIGTERM or SIGINT, or when the lease is lost.

use tokio::sync::watch as signal;

use super::run::RunError;

/// Becomes true on SIGTERM or SIGINT, or through the sender.
pub(super) fn stop_signal() -> Result<(signal::Sender<bool>, signal::Receiver<bool>), RunError> {
    use tokio::signal::unix::{SignalKind, signal as on};
    let (sender, receiver) = signal::channel(false);
    let error = |e: std::io::Error| RunError::Start(e.to_string());
    let mut term = on(SignalKind::terminate()).map_err(error)?;
    let mut int = on(SignalKind::interrupt()).map_err(error)?;
    let told = sender.clone();
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        tracing::info!("stopping");
        let _ = told.send(true);
    });
    Ok((sender, receiver))
}

/// Ends when told to stop.
pub(super) async fn stopped(mut stop: signal::Receiver<bool>) {
    // An error means that the sender is gone, which it is not before the end.
    let _ = stop.wait_for(|stop| *stop).await;
}
