//! What happens, told line by line when it happens.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use errand_controlplane::guard::Guarded;
use errand_testbed::{Bed, Plane};
use serde_json::Value;

use crate::table::{WIDTH, wrap};

/// Longer than a healthy operator ever needs for one free operation.
const PATIENCE: Duration = Duration::from_secs(45);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Tells with the seconds since it began.
pub struct Story {
    began: Instant,
}

impl Story {
    pub fn begin() -> Self {
        Self {
            began: Instant::now(),
        }
    }

    pub fn tell(&self, what: &str) {
        const TIME: usize = "123.45 s  ".len();
        let time = format!("{:6.2} s", self.began.elapsed().as_secs_f32());
        for (number, line) in wrap(what, WIDTH - TIME - 2).iter().enumerate() {
            match number {
                0 => println!("{time}  {line}"),
                // Below the words, not below the time.
                _ => println!("{:TIME$}    {}", "", line),
            }
        }
    }
}

/// A watch on the operations of a namespace, as any client may have one.
pub struct Watch {
    // Held: it ends with this value.
    _kubectl: Guarded,
    file: PathBuf,
    offset: u64,
    rest: String,
}

impl Watch {
    /// Begins before there is anything to see, so that nothing is missed.
    pub fn begin(plane: &Plane, namespace: &str) -> Result<Self, String> {
        let resource = "apis/huawei.errand.cloud/v1alpha1";
        let path = format!("/{resource}/namespaces/{namespace}/resizecancellations?watch=true");
        let mut kubectl = plane.control_plane().kubectl();
        kubectl.args(["get", "--raw", &path]);
        let options = plane.control_plane().guard_options("watch");
        Ok(Self {
            _kubectl: Guarded::start(&kubectl, &options).map_err(|e| e.to_string())?,
            file: plane.control_plane().dir().join("watch.log"),
            offset: 0,
            rest: String::new(),
        })
    }

    /// The objects that came since the last call, oldest first.
    fn news(&mut self) -> Vec<Value> {
        let mut read = || -> std::io::Result<String> {
            let mut file = File::open(&self.file)?;
            file.seek(SeekFrom::Start(self.offset))?;
            let mut bytes = Vec::new();
            self.offset += file.read_to_end(&mut bytes)? as u64;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        self.rest += &read().unwrap_or_default();
        let whole = self.rest.rfind('\n').map_or(0, |end| end + 1);
        let lines: String = self.rest.drain(..whole).collect();
        lines
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .map(|mut event| event["object"].take())
            .collect()
    }
}

/// Tells every state and every cloud call until the operation is at rest; the
/// object as it is then.
pub fn follow(story: &Story, bed: &mut Bed, mut watch: Watch) -> Result<Value, String> {
    let deadline = Instant::now() + PATIENCE;
    let mut told_state = String::new();
    let mut told_calls = 0;
    loop {
        let news = watch.news();
        let journal = bed.simulator.journal();
        for call in journal.after(told_calls).all_calls() {
            let answer = match call.status {
                Some(status) => status.to_string(),
                None if call.dropped => "dropped".to_owned(),
                // Not answered yet: it is told when it is.
                None => break,
            };
            story.tell(&format!("  cloud     {} -> {answer}", call.api));
            told_calls = call.sequence;
        }
        for object in news {
            let state = format!(
                "{:<10} {:<10} {}",
                standing(&object).0,
                standing(&object).1,
                text(&object["status"]["summary"])
            );
            if state != told_state {
                story.tell(&format!("  status    {}", state.trim_end()));
                told_state = state;
            }
            if condition(&object, "Reconciling")["status"] == "False" {
                return Ok(object);
            }
        }
        if let Some(code) = bed.operator().try_wait().map_err(|e| e.to_string())? {
            return Err(format!(
                "the operator ended with code {code}:\n{}",
                bed.operator_log()
            ));
        }
        if Instant::now() > deadline {
            return Err(format!(
                "not at rest after {} s\n{journal}\n{}",
                PATIENCE.as_secs(),
                bed.operator_log()
            ));
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// A condition of an object; null if it has none of that type.
pub fn condition<'a>(object: &'a Value, type_: &str) -> &'a Value {
    object["status"]["conditions"]
        .as_array()
        .and_then(|all| all.iter().find(|condition| condition["type"] == type_))
        .unwrap_or(&Value::Null)
}

/// Its state, and why it is in it.
pub fn standing(object: &Value) -> (&str, &str) {
    let reason = &condition(object, "Ready")["reason"];
    (text(&object["status"]["state"]), text(reason))
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
