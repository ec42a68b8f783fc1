//! Events about objects: what `kubectl describe` shows of them.
//!
//! The API server refuses an event whose note has more than 1,024 bytes, or whose name is
//! longer than a name can be. Both are shortened here, so that an object with a long name
//! or a cloud that says much loses no event; and what is refused all the same is reported
//! in the log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::Method;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event as Stored;
use kube::runtime::events::{Event, EventType};
use serde_json::{Value, json};

use super::read::{self, NotRead};
use crate::operations::digest;
use crate::text;

/// Bytes that the API server takes of each of its shorter fields.
const FIELD: usize = 128;

/// Longest name of an object.
const NAME: usize = 253;

/// Hexadecimal digits that tell one event's name from others.
const DIGITS: usize = 16;

/// For so long a repeated event counts for the one that is there.
const REPEATED: Duration = Duration::from_secs(6 * 60);

/// Most events of which that is kept.
const MOST_KNOWN: usize = 4096;

/// How often a refused event is logged.
const LOGGED: Duration = Duration::from_secs(60);

/// The note of an event whose own was refused.
const REFUSED: &str = "The API server refuses the text of this event; see the object's status.";

/// Writes events. Clones share what they know.
#[derive(Clone)]
pub(super) struct Events {
    client: kube::Client,
    controller: String,
    instance: String,
    known: Arc<Mutex<HashMap<String, Known>>>,
    refused: Arc<Mutex<Refused>>,
}

/// An event that is there.
#[derive(Clone)]
struct Known {
    name: String,
    count: u32,
    last: Instant,
}

/// Refused events, of which not each one is logged.
#[derive(Default)]
struct Refused {
    logged: Option<Instant>,
    since: u64,
}

/// What the API server makes of an event.
enum Written {
    Yes,
    /// Something of this name is there, or no longer.
    Other,
    No(NotRead),
}

impl Events {
    /// `instance`: which process writes them.
    pub(super) fn new(client: kube::Client, controller: &str, instance: &str) -> Self {
        Self {
            client,
            controller: text::line(controller, FIELD),
            instance: text::line(instance, FIELD),
            known: Arc::default(),
            refused: Arc::default(),
        }
    }

    /// Writes an event about that object, or counts one that is there.
    pub(super) async fn publish(&self, event: &Event, about: &ObjectReference) {
        let key = self.key(event, about);
        if let Some(known) = self.known(&key) {
            match self.count(&known, about).await {
                Written::Yes => return self.note(key, known.name, known.count + 1),
                // It has expired, or was deleted.
                Written::Other => {}
                Written::No(e) => return self.report(event, &e),
            }
        }
        let note = event.note.as_deref().unwrap_or_default();
        let mut note = text::line(note, text::NOTE);
        // Twice, in case another event has that name, or the text of this one is refused.
        for last in [false, true] {
            let name = self.name(about, &key, &note);
            match self.create(event, about, &name, &note).await {
                Written::Yes => return self.note(key, name, 1),
                Written::Other => {}
                Written::No(e) => {
                    self.report(event, &e);
                    if last || e.code() != Some(422) {
                        return;
                    }
                    REFUSED.clone_into(&mut note);
                }
            }
        }
    }

    async fn create(
        &self,
        event: &Event,
        about: &ObjectReference,
        name: &str,
        note: &str,
    ) -> Written {
        let field = |text: &str| text::line(text, FIELD);
        let namespace = about.namespace.as_deref().unwrap_or("default");
        let mut body = json!({
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "eventTime": now(),
            "reportingController": self.controller,
            "reportingInstance": self.instance,
            "type": word(event.type_),
            "reason": field(&event.reason),
            "action": field(&event.action),
            "regarding": about,
        });
        if !note.is_empty() {
            body["note"] = note.into();
        }
        let url = read::list_url::<Stored>(Some(namespace));
        self.written(Method::POST, url, &body).await
    }

    /// Counts it once more.
    async fn count(&self, known: &Known, about: &ObjectReference) -> Written {
        let body = json!({
            "series": {"count": known.count + 1, "lastObservedTime": now()},
        });
        let namespace = about.namespace.as_deref().unwrap_or("default");
        let url = read::url::<Stored>(Some(namespace), &known.name);
        self.written(Method::PATCH, url, &body).await
    }

    async fn written(
        &self,
        method: Method,
        url: Result<read::Url, NotRead>,
        body: &Value,
    ) -> Written {
        let written = match url {
            Ok(url) => read::write(&self.client, method, &url, body).await,
            Err(e) => Err(e),
        };
        match written {
            Ok(_) => Written::Yes,
            Err(e) if matches!(e.code(), Some(404 | 409)) => Written::Other,
            Err(e) => Written::No(e),
        }
    }

    /// The same for events that are counted as one.
    fn key(&self, event: &Event, about: &ObjectReference) -> String {
        let of = |text: &Option<String>| text.clone().unwrap_or_default();
        digest(&[
            word(event.type_),
            &event.reason,
            &event.action,
            &of(&about.kind),
            &of(&about.namespace),
            &of(&about.name),
            &of(&about.uid),
        ])
    }

    fn known(&self, key: &str) -> Option<Known> {
        let known = self.known.lock().expect("no panic while it is held");
        let known = known.get(key)?;
        (known.last.elapsed() < REPEATED).then(|| known.clone())
    }

    fn note(&self, key: String, name: String, count: u32) {
        let mut known = self.known.lock().expect("no panic while it is held");
        if known.len() >= MOST_KNOWN {
            known.retain(|_, known| known.last.elapsed() < REPEATED);
        }
        if known.len() >= MOST_KNOWN {
            // They are written again, which loses nothing.
            known.clear();
        }
        let last = Instant::now();
        known.insert(key, Known { name, count, last });
    }

    /// A name that no other event has: that of the object, as much of it as there is room
    /// for, and a digest.
    fn name(&self, about: &ObjectReference, key: &str, note: &str) -> String {
        let of = about.name.as_deref().filter(|name| !name.is_empty());
        let mut of = of.unwrap_or(&self.controller).to_owned();
        of.truncate(of.floor_char_boundary(NAME - DIGITS - 1));
        // Each part of a name ends with a letter or a digit.
        let end = of.trim_end_matches(['-', '.']).len();
        of.truncate(end);
        let hash = digest(&[key, note, &self.instance, &now()]);
        format!("{of}.{}", &hash[..DIGITS])
    }

    /// That an event was not written is logged, at a bounded rate.
    fn report(&self, event: &Event, e: &NotRead) {
        let mut refused = self.refused.lock().expect("no panic while it is held");
        refused.since += 1;
        if refused.logged.is_some_and(|at| at.elapsed() < LOGGED) {
            return;
        }
        let since = std::mem::take(&mut refused.since);
        refused.logged = Some(Instant::now());
        drop(refused);
        tracing::warn!(reason = %event.reason, error = %e, refused = since, "event not published");
    }
}

fn word(type_: EventType) -> &'static str {
    match type_ {
        EventType::Normal => "Normal",
        EventType::Warning => "Warning",
    }
}

/// Now, as the API server writes it to the microsecond.
fn now() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::fake_api::{Objects, block_on};
    use super::*;

    fn event(note: &str) -> Event {
        Event {
            type_: EventType::Warning,
            reason: "Held".to_owned(),
            note: Some(note.to_owned()),
            action: "Held".to_owned(),
            secondary: None,
        }
    }

    fn about(name: &str) -> ObjectReference {
        ObjectReference {
            kind: Some("DesktopOrder".to_owned()),
            name: Some(name.to_owned()),
            namespace: Some("ns".to_owned()),
            uid: Some("u".to_owned()),
            ..ObjectReference::default()
        }
    }

    /// What an API server that refuses such notes has then, and how often it was asked.
    fn publish(events: &[(Event, ObjectReference)], refused: &str) -> (Vec<Value>, usize) {
        let api = Objects::default();
        api.refuse_notes(refused);
        block_on(async {
            let writer = Events::new(api.client(), "errand", &"host".repeat(100));
            for (event, about) in events {
                writer.publish(event, about).await;
            }
        });
        api.whole_events()
    }

    #[test]
    fn a_note_of_any_length_and_an_object_of_any_name_have_their_event() {
        let mut names = BTreeSet::new();
        let notes = [
            "short".to_owned(),
            "实例正忙。".repeat(390),
            "x".repeat(100_000),
        ];
        for note in notes {
            for length in [1, 200, 236, 237, 240, 252, 253] {
                let name = format!("a{}", "b".repeat(length - 1));
                let (written, _) = publish(&[(event(&note), about(&name))], "-");
                let [written] = &written[..] else {
                    panic!("{length}: {written:?}");
                };
                let own = written["metadata"]["name"].as_str().expect("a name");
                assert!(own.starts_with(&name[..length.min(236)]), "{own}");
                assert!(names.insert(own.to_owned()), "two of one name");
                assert_eq!(written["regarding"]["name"], name.as_str());
            }
        }
    }

    #[test]
    fn a_name_that_is_cut_at_a_dot_is_a_name() {
        for end in ["-", ".", "-.-"] {
            let name = format!("{}{end}{}", "a".repeat(236 - end.len()), "b".repeat(10));
            let (written, _) = publish(&[(event("n"), about(&name))], "-");
            let own = written[0]["metadata"]["name"].as_str().expect("a name");
            assert!(!own.contains(&format!("{end}.")), "{own}");
            assert!(read::url::<Stored>(Some("ns"), own).is_ok(), "{own}");
        }
    }

    #[test]
    fn a_refused_note_is_replaced_and_the_event_stays() {
        let (written, asked) = publish(&[(event("a hostile note"), about("n"))], "hostile");
        assert_eq!((written.len(), asked), (1, 2));
        assert_eq!(written[0]["note"], REFUSED);
        assert_eq!(written[0]["reason"], "Held");
        // And where that is refused too, it is not tried again and again.
        let (written, asked) = publish(&[(event("a hostile note"), about("n"))], "");
        assert_eq!((written.len(), asked), (0, 2));
    }

    #[test]
    fn an_event_that_repeats_is_counted_and_not_written_again() {
        let events = [
            (event("n"), about("n")),
            (event("n"), about("n")),
            (event("n"), about("m")),
        ];
        let (written, asked) = publish(&events, "-");
        assert_eq!((written.len(), asked), (2, 3));
    }
}
