//! The control plane that all tests of a binary share.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use errand_controlplane::{ControlPlane, Options};
use serde_json::{Value, json};

use crate::api::Api;

/// A control plane with Errand's CRDs.
pub struct Plane {
    control_plane: ControlPlane,
    api: Api,
    kinds: Vec<Kind>,
    /// Numbers what is made on it.
    pub(crate) counter: Mutex<u32>,
}

/// A kind that a CRD defines.
pub(crate) struct Kind {
    /// `apis/GROUP/VERSION`.
    pub(crate) api: String,
    pub(crate) plural: String,
    singular: String,
    /// kubectl's, if it has one.
    pub(crate) short_name: String,
    /// It is one of `kubectl get errand`.
    pub(crate) operation: bool,
}

impl Kind {
    fn of(crd: &Value) -> Self {
        let text = |pointer: &str| {
            let text = crd.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let (group, version) = (text("/spec/group"), text("/spec/versions/0/name"));
        Self {
            api: format!("apis/{group}/{version}"),
            plural: text("/spec/names/plural"),
            singular: text("/spec/names/singular"),
            short_name: text("/spec/names/shortNames/0"),
            operation: text("/spec/names/categories/0") == "errand",
        }
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        let names = [&self.plural, &self.singular, &self.short_name];
        names.into_iter().any(|own| own == name)
    }
}

/// One for the whole process. It ends with the process, however that ends.
pub fn shared_plane() -> &'static Arc<Plane> {
    static PLANE: OnceLock<Arc<Plane>> = OnceLock::new();
    PLANE.get_or_init(|| Arc::new(Plane::start().unwrap_or_else(|e| panic!("{e}"))))
}

impl Plane {
    /// Starts one, with an audit log, and installs the CRDs.
    pub fn start() -> Result<Self, String> {
        let options = Options {
            audit: true,
            ..Options::default()
        };
        let control_plane = ControlPlane::start(options).map_err(|e| e.to_string())?;
        let (url, ca) = (control_plane.url(), control_plane.ca_pem());
        let api = Api::new(url, ca, control_plane.admin_token());
        let mut plane = Self {
            api: api.map_err(|e| e.to_string())?,
            control_plane,
            kinds: Vec::new(),
            counter: Mutex::new(0),
        };
        let crds = repository().join("crds");
        let crds = crds.to_str().ok_or("the path of crds/ is not text")?;
        plane.kubectl(&["apply", "--server-side", "-f", crds])?;
        plane.kubectl(&[
            "wait",
            "--for=condition=Established",
            "crd",
            "--all",
            "--timeout=60s",
        ])?;
        let crds = plane.kubectl(&["get", "crd", "-o", "json"])?;
        let crds: Value = serde_json::from_str(&crds).map_err(|e| e.to_string())?;
        let crds = crds["items"].as_array().into_iter().flatten();
        plane.kinds = crds.map(Kind::of).collect();
        plane.await_storage()?;
        Ok(plane)
    }

    /// An established CRD is not yet served from the API server's cache: for a
    /// moment, lists and watches of it are told to come back later.
    fn await_storage(&self) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_secs(60);
        for Kind { api, plural, .. } in &self.kinds {
            let list = format!("/{api}/{plural}?resourceVersion=0");
            while !matches!(self.read(&list), Ok(Some(_))) {
                if Instant::now() > deadline {
                    return Err(format!("{plural} are not served"));
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }

    /// The kinds of the CRDs.
    pub(crate) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The control plane.
    pub fn control_plane(&self) -> &ControlPlane {
        &self.control_plane
    }

    /// Installs what `change` makes of this build's schema of a CRD: that of an
    /// older or newer version, as far as a test goes. The API server takes a
    /// moment to go by it.
    pub fn install_schema(&self, crd: &str, change: impl FnOnce(&mut Value)) -> Result<(), String> {
        let file = repository().join(format!("crds/{crd}.yaml"));
        let file = file.to_str().ok_or("the path of crds/ is not text")?;
        let json = self.kubectl(&["create", "--dry-run=client", "-o", "json", "-f", file])?;
        let mut crd_json: Value = serde_json::from_str(&json).map_err(|e| e.to_string())?;
        let path = "/spec/versions/0/schema/openAPIV3Schema";
        let schema = crd_json.pointer_mut(path).ok_or("a CRD has a schema")?;
        change(schema);
        let patch = json!([{"op": "replace", "path": path, "value": schema}]).to_string();
        self.kubectl(&["patch", "crd", crd, "--type=json", "-p", &patch])?;
        Ok(())
    }

    /// The JSON at a path of the API server, as admin; `None`: it is not there.
    pub fn read(&self, path: &str) -> Result<Option<Value>, String> {
        self.api.get(path)
    }

    /// A token for a service account, good for a day.
    pub(crate) fn token(&self, namespace: &str, account: &str) -> Result<String, String> {
        self.api.token(namespace, account, 24 * 3600)
    }

    /// Changes an object by a merge patch, as admin.
    pub fn merge(&self, path: &str, patch: &Value) -> Result<(), String> {
        self.api.merge(path, patch)
    }

    /// Makes what these manifests say, in this namespace, without a kubectl process.
    pub(crate) fn create(&self, namespace: &str, manifests: &str) -> Result<(), String> {
        for document in manifests.split("---\n") {
            let object: Value = serde_yaml_ng::from_str(document).map_err(|e| e.to_string())?;
            if object.is_null() {
                continue;
            }
            let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
            let mut known = self.kinds.iter();
            let known = known.find(|known| known.is_called(&kind));
            let plural = known.map_or_else(|| format!("{kind}s"), |known| known.plural.clone());
            self.api.create(namespace, object, &plural)?;
        }
        Ok(())
    }

    /// Deletes what is at that path, if it is there.
    pub(crate) fn delete(&self, path: &str) -> Result<(), String> {
        self.api.delete(path)
    }

    /// Runs kubectl as admin; its output, or what it said on standard error.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        said(self.kubectl_output(arguments, None))
    }

    /// `kubectl apply -f -`.
    pub fn apply(&self, manifest: &str) -> Result<String, String> {
        self.kubectl_with(&["apply", "-f", "-"], manifest)
    }

    /// Runs kubectl as admin, with this on its standard input; its output, or what it
    /// said on standard error.
    pub fn kubectl_with(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        said(self.kubectl_output(arguments, Some(input)))
    }

    /// Runs kubectl as admin, with this on its standard input.
    pub fn kubectl_output(&self, arguments: &[&str], input: Option<&str>) -> Output {
        output(self.control_plane.kubectl(), arguments, input)
    }
}

/// The root of the repository that this was built from.
pub fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

fn output(mut command: Command, arguments: &[&str], input: Option<&str>) -> Output {
    let stdin = match input {
        Some(_) => Stdio::piped(),
        None => Stdio::null(),
    };
    let mut child = command
        .args(arguments)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl was found when the control plane started");
    if let (Some(input), Some(mut pipe)) = (input, child.stdin.take()) {
        // A kubectl that fails at once may not read it all.
        let _ = pipe.write_all(input.as_bytes());
    }
    child.wait_with_output().expect("kubectl ends")
}

fn said(output: Output) -> Result<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)),
    }
}
