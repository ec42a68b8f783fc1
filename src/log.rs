//! Which log lines are written, and where they go: to standard error, each on one line,
//! without anything that changes how a terminal shows the rest. A line may quote a cloud,
//! an object or a parser.

use std::io::{self, Write};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Filter;
use tracing_subscriber::registry::LookupSpan;

use crate::text::visible;

/// The lines that `directives` ask for, as in RUST_LOG. Libraries are held to what cannot
/// show the body of a request or an answer, whatever is asked for: Secrets and signed
/// requests pass through them.
///
/// # Errors
///
/// Directives that cannot be understood.
pub fn filter<S>(directives: &str) -> Result<impl Filter<S> + Send + Sync + use<S>, String>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync + 'static,
{
    let asked = EnvFilter::try_new(directives).map_err(|e| format!("--log {directives}: {e}"))?;
    Ok(asked.and(filter_fn(may_show)))
}

fn may_show(line: &Metadata<'_>) -> bool {
    let (crate_, _) = line
        .target()
        .split_once("::")
        .unwrap_or((line.target(), ""));
    match crate_ {
        // `errand` and its crates: they have types for what must not show.
        ours if ours == "errand" || ours.starts_with("errand_") => true,
        // Its warnings quote answers that it cannot decode.
        kube if kube.starts_with("kube") => *line.level() <= Level::ERROR,
        _ => *line.level() <= Level::WARN,
    }
}

/// Standard error.
#[derive(Clone, Copy)]
pub struct Log;

impl<'a> MakeWriter<'a> for Log {
    type Writer = Lines<io::StderrLock<'a>>;

    fn make_writer(&'a self) -> Self::Writer {
        Lines(io::stderr().lock())
    }
}

/// Each line comes in one piece.
pub struct Lines<W>(W);

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        writeln!(self.0, "{}", visible(text))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    const LIBRARIES: [&str; 7] = [
        "hyper::proto::h1",
        "h2::codec",
        "reqwest::connect",
        "rustls::conn",
        "tower",
        "errandx",
        "log",
    ];
    const KUBE: [&str; 2] = ["kube_client::client", "kube_runtime"];
    const LEVELS: [&str; 5] = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

    /// What is written of a line of each level by each library and by ours.
    fn written(
        filter: impl Filter<tracing_subscriber::Registry> + Send + Sync + 'static,
    ) -> String {
        macro_rules! lines {
            ($($target:literal),*) => {$(
                tracing::error!(target: $target, "ERROR of {}", $target);
                tracing::warn!(target: $target, "WARN of {}", $target);
                tracing::info!(target: $target, "INFO of {}", $target);
                tracing::debug!(target: $target, "DEBUG of {}", $target);
                tracing::trace!(target: $target, "TRACE of {}", $target);
            )*};
        }
        let written = Written::default();
        let writer = written.clone();
        let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
        let all = tracing_subscriber::registry().with(layer.with_filter(filter));
        tracing::subscriber::with_default(all, || {
            lines!(
                "kube_client::client",
                "kube_runtime",
                "hyper::proto::h1",
                "h2::codec"
            );
            lines!(
                "reqwest::connect",
                "rustls::conn",
                "tower",
                "errandx",
                "log"
            );
            lines!("errand::controllers", "errand_any");
        });
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_library_shows_a_body_whatever_is_asked_for() {
        for asked in [
            "trace",
            "kube_client=trace,hyper=trace,info",
            "kube_client::client=trace,h2::codec=trace,[{x=y}]=trace,trace",
            "trace,errandx=trace",
        ] {
            let text = written(filter(asked).expect("directives"));
            let shown =
                |library: &str| LEVELS.map(|level| text.contains(&format!("{level} of {library}")));
            for library in LIBRARIES {
                assert_eq!(
                    shown(library),
                    [true, true, false, false, false],
                    "{asked}: {library}"
                );
            }
            for library in KUBE {
                assert_eq!(
                    shown(library),
                    [true, false, false, false, false],
                    "{asked}: {library}"
                );
            }
            assert_eq!(shown("errand::controllers")[..3], [true; 3], "{asked}");
        }
        assert!(filter::<tracing_subscriber::Registry>("=:=").is_err());
    }

    #[test]
    fn the_same_search_finds_each_line_without_the_bound() {
        let text = written(EnvFilter::new("trace"));
        for library in LIBRARIES.into_iter().chain(KUBE) {
            for level in LEVELS {
                assert!(
                    text.contains(&format!("{level} of {library}")),
                    "{level} {library}"
                );
            }
        }
    }

    #[test]
    fn a_log_line_is_one_line_whatever_is_in_it() {
        let mut out = Lines(Vec::new());
        let line = "INFO a=\u{1B}[2J\nWARN forged \u{202E}txt\n";
        out.write_all(line.as_bytes()).expect("a vector");
        let written = String::from_utf8(out.0).expect("text");
        assert_eq!(written, "INFO a=\u{FFFD}[2J WARN forged \u{FFFD}txt\n");
    }
}
