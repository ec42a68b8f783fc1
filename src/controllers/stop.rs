//! When to stop: on SIGTERM or SIGINT, or when the lease is lost.

use std::time::Duration;

use kube::runtime::reflector::Store;
use tokio::sync::watch as signal;
use tokio::time::timeout;

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

/// Ends when told to stop before the watch has shown every object. kube's controller
/// would wait for that first, however long the API server is away; no session can
/// run before it, so none is cut off.
pub(super) async fn stopped_unshown<R>(stop: signal::Receiver<bool>, store: Store<R>)
where
    R: kube::Resource<DynamicType = ()> + Clone + 'static,
{
    stopped(stop).await;
    if timeout(Duration::ZERO, store.wait_until_ready())
        .await
        .is_ok()
    {
        futures::future::pending::<()>().await;
    }
}

pub(super) async fn stopped(mut stop: signal::Receiver<bool>) {
    // An error means that the sender is gone, which it is not before the end.
    let _ = stop.wait_for(|stop| *stop).await;
}
