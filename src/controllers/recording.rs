//! What the engine was told and what it answered, a JSON line for each event, so that
//! what happened in a process can be replayed without it. Only test builds record, and
//! only if `ERRAND_TEST_RECORD` names a file.

#[cfg(feature = "test-clock")]
pub(super) use on::Entry;

#[cfg(not(feature = "test-clock"))]
pub(super) use off::Entry;

#[cfg(feature = "test-clock")]
mod on {
    use std::fs::{File, OpenOptions};
    use std::io::Write as _;
    use std::sync::{Mutex, OnceLock};

    use errand_engine::{Effect, Event, State};
    use kube::{Resource, ResourceExt};
    use serde_json::json;

    use super::super::context::Context;

    /// A line without the answer yet.
    pub(in super::super) struct Entry(Option<serde_json::Value>);

    impl Entry {
        pub(in super::super) fn new(
            ctx: &Context,
            object: &impl Resource,
            before: &State,
            event: &Event,
        ) -> Self {
            Self(file(ctx).map(|_| {
                json!({
                    "uid": object.uid(),
                    // What was known between sessions is forgotten at times.
                    "new": *before == State::new(ctx.writer),
                    "event": event,
                })
            }))
        }

        /// Writes it at once: the process may be killed at any moment.
        pub(in super::super) fn write(self, effects: &[Effect]) {
            let (Some(mut line), Some(Some(file))) = (self.0, FILE.get()) else {
                return;
            };
            line["effects"] = format!("{effects:?}").into();
            write_line(&mut file.lock().expect("no panic while it is held"), &line);
        }
    }

    static FILE: OnceLock<Option<Mutex<File>>> = OnceLock::new();

    /// The file, which begins with the figures that this process works with.
    fn file(ctx: &Context) -> Option<&'static Mutex<File>> {
        let open = || {
            let path = std::env::var_os("ERRAND_TEST_RECORD")?;
            let file = OpenOptions::new().create(true).append(true).open(path);
            let mut file = file.expect("ERRAND_TEST_RECORD is a file that can be written");
            let rules = &ctx.rules;
            let figures = [
                rules.validity,
                rules.margin,
                rules.call_timeout,
                rules.lease,
            ];
            let first = json!({"writer": ctx.writer, "rules": figures});
            write_line(&mut file, &first);
            Some(Mutex::new(file))
        };
        FILE.get_or_init(open).as_ref()
    }

    fn write_line(file: &mut File, line: &serde_json::Value) {
        let written = file.write_all(format!("{line}\n").as_bytes());
        written.expect("ERRAND_TEST_RECORD can be written");
    }
}

#[cfg(not(feature = "test-clock"))]
mod off {
    use errand_engine::{Effect, Event, State};
    use kube::Resource;

    use super::super::context::Context;

    pub(in super::super) struct Entry;

    impl Entry {
        pub(in super::super) fn new(_: &Context, _: &impl Resource, _: &State, _: &Event) -> Self {
            Self
        }

        pub(in super::super) fn write(self, _: &[Effect]) {}
    }
}
