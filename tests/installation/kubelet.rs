//! Runs what is in pods, as the one node's kubelet would: the operator's binary in place
//! of the image, with exactly the arguments, environment, volumes and token of the pod.
//! All pods share the machine's network; each has a loopback address of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use errand_controlplane::ControlPlane;
use errand_controlplane::guard::Guarded;
use errand_testbed::Api;
use serde_json::{Value, json};

use crate::tools::run;

/// The variable that names the image's binary. Without it the tests' build takes its
/// place, which does the same.
const OPERATOR: &str = "ERRAND_TEST_OPERATOR";

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Puts a folder in the place of another, in a mount namespace of its own, and becomes
/// the program. There /run is empty but for that.
const CONTAINER: &str = r#"mount -t tmpfs none /run && mkdir -p "$2" && cp -r "$1"/. "$2" && shift 2 && exec env -i "$@""#;

/// Runs pods until it is dropped.
pub struct Kubelet {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Kubelet {
    pub fn start(plane: Arc<ControlPlane>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut node = Node {
                reader: reader(&plane),
                plane,
                running: BTreeMap::new(),
                started: 0,
            };
            while !stopped.load(Ordering::SeqCst) {
                node.look();
                thread::sleep(LOOK_EVERY);
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }

    /// Fails if it has.
    pub fn check(&self) {
        let thread = self.thread.as_ref().expect("not dropped yet");
        assert!(!thread.is_finished(), "the kubelet has failed; see above");
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Node {
    plane: Arc<ControlPlane>,
    reader: Api,
    /// By the pods' uids.
    running: BTreeMap<String, Container>,
    started: u32,
}

/// Reads as admin.
pub fn reader(plane: &ControlPlane) -> Api {
    let reader = Api::new(plane.url(), plane.ca_pem(), plane.admin_token());
    reader.expect("a client")
}

struct Container {
    process: Guarded,
    log: PathBuf,
    told: bool,
}

impl Node {
    fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        run(self.plane.kubectl().args(arguments), "")
    }

    fn look(&mut self) {
        let Ok(Some(pods)) = self.reader.get("/api/v1/pods") else {
            return;
        };
        let pods = pods["items"].as_array().expect("a list");
        let is_deleted = |pod: &&Value| pod["metadata"]["deletionTimestamp"].is_string();
        for pod in pods.iter().filter(is_deleted) {
            // SIGTERM. Its object, and with it its token, stays until it has ended.
            if let Some(mut container) = self.running.remove(text(&pod["metadata"]["uid"])) {
                container.process.stop().expect("it ends");
            }
            let (namespace, name) = place(pod);
            let at_once = ["--grace-period=0", "--force", "--wait=false"];
            let delete = ["delete", "pod", name, "-n", namespace];
            // Somebody may have done it already.
            let _ = self.kubectl(&[&delete[..], &at_once].concat());
        }
        let runs = |pod: &&Value| !is_deleted(pod) && pod["status"]["phase"] == "Running";
        for pod in pods.iter().filter(runs) {
            let uid = text(&pod["metadata"]["uid"]).to_owned();
            if !self.running.contains_key(&uid) {
                let container = self.start(pod);
                self.running.insert(uid.clone(), container);
            }
            self.tell(pod, &uid);
        }
    }

    fn start(&mut self, pod: &Value) -> Container {
        let (namespace, name) = place(pod);
        let container = &pod["spec"]["containers"][0];
        self.started += 1;
        let label = format!("{namespace}-{name}-{}", self.started);
        let (files, mounted_at) = self.volumes(pod, container, &label);
        let (host, port) = self.plane.url()["https://".len()..]
            .split_once(':')
            .expect("a port");
        // Or there would be some for every service of the namespace.
        assert_eq!(pod["spec"]["enableServiceLinks"], false);
        let mut environment = vec![
            ("HOSTNAME", name),
            ("KUBERNETES_SERVICE_HOST", host),
            ("KUBERNETES_SERVICE_PORT", port),
            ("KUBERNETES_SERVICE_PORT_HTTPS", port),
        ];
        for variable in list(&container["env"]) {
            let value = match variable["valueFrom"]["fieldRef"]["fieldPath"].as_str() {
                Some("metadata.namespace") => namespace,
                Some("status.podIP") => text(&pod["status"]["podIP"]),
                Some(other) => panic!("{other} is no field that this kubelet knows"),
                None => text(&variable["value"]),
            };
            environment.push((text(&variable["name"]), value));
        }
        let arguments = list(&container["args"]).iter().map(|argument| {
            let expand = |text: String, (name, value): &(&str, &str)| {
                text.replace(&format!("$({name})"), value)
            };
            environment.iter().fold(text(argument).to_owned(), expand)
        });
        let operator = std::env::var_os(OPERATOR);
        let operator = operator.unwrap_or_else(|| env!("CARGO_BIN_EXE_errand").into());
        let mut command = Command::new("unshare");
        command
            .args([
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                CONTAINER,
                "container",
            ])
            .args([&files, Path::new(&mounted_at)])
            .args(
                environment
                    .iter()
                    .map(|(name, value)| format!("{name}={value}")),
            )
            .arg(operator)
            .args(arguments);
        let mut options = self.plane.guard_options(&label);
        let grace = &pod["spec"]["terminationGracePeriodSeconds"];
        options.grace = Duration::from_secs(grace.as_u64().expect("seconds"));
        Container {
            process: Guarded::start(&command, &options).expect("unshare starts"),
            log: self.plane.dir().join(format!("{label}.log")),
            told: false,
        }
    }

    /// The one volume: the account's token, which is requested as a kubelet does, the
    /// CA and the namespace. Its files, and where they are mounted.
    fn volumes(&self, pod: &Value, container: &Value, label: &str) -> (PathBuf, String) {
        let (namespace, name) = place(pod);
        let mounts = list(&container["volumeMounts"]);
        let [mount] = mounts else {
            panic!("one volume is what this kubelet knows: {mounts:?}");
        };
        let mut volumes = list(&pod["spec"]["volumes"]).iter();
        let volume = volumes.find(|volume| volume["name"] == mount["name"]);
        let sources = list(&volume.expect("the volume")["projected"]["sources"]);
        let dir = self.plane.dir().join(format!("{label}.volume"));
        fs::create_dir_all(&dir).expect("a folder can be made");
        let write = |path: &Value, content: &str| {
            fs::write(dir.join(text(path)), content).expect("a file can be written");
        };
        for source in sources {
            if let Some(token) = source.get("serviceAccountToken") {
                let account = text(&pod["spec"]["serviceAccountName"]);
                let uid = text(&pod["metadata"]["uid"]);
                let of_pod = ["--bound-object-kind=Pod", "--bound-object-name", name];
                let of_pod = [&of_pod[..], &["--bound-object-uid", uid]].concat();
                let seconds = &token["expirationSeconds"];
                let duration = format!("--duration={seconds}s");
                let create = ["create", "token", account, "-n", namespace, &duration];
                let said = self.kubectl(&[&create[..], &of_pod].concat());
                write(&token["path"], said.expect("a token").trim());
            } else if let Some(map) = source.get("configMap") {
                for item in list(&map["items"]) {
                    let key = text(&item["key"]).replace('.', "\\.");
                    let path = format!("jsonpath={{.data.{key}}}");
                    let get = [
                        "get",
                        "configmap",
                        text(&map["name"]),
                        "-n",
                        namespace,
                        "-o",
                    ];
                    let said = self.kubectl(&[&get[..], &[path.as_str()]].concat());
                    write(&item["path"], &said.expect("a ConfigMap"));
                }
            } else {
                for item in list(&source["downwardAPI"]["items"]) {
                    assert_eq!(item["fieldRef"]["fieldPath"], "metadata.namespace");
                    write(&item["path"], namespace);
                }
            }
        }
        (dir, text(&mount["mountPath"]).to_owned())
    }

    /// Tells the API server of it once it answers its probes or, if it is to run once,
    /// when it has ended.
    fn tell(&mut self, pod: &Value, uid: &str) {
        let container = self.running.get_mut(uid).expect("it was started");
        if container.told {
            return;
        }
        let ended = container.process.try_wait().expect("its watchdog tells");
        let once = pod["spec"]["restartPolicy"] == "Never";
        let status = match ended {
            Some(0) if once => json!({"phase": "Succeeded"}),
            Some(_) if once => json!({"phase": "Failed"}),
            Some(code) => panic!("it ended with {code}: {}", log(&container.log)),
            None if !once && answers(pod) => {
                let is = |name: &str| json!({"type": name, "status": "True"});
                json!({"conditions": [is("Ready"), is("ContainersReady")]})
            }
            None => return,
        };
        let patch = json!({"status": status}).to_string();
        let (namespace, name) = place(pod);
        let pod = [
            "patch",
            "pod",
            name,
            "-n",
            namespace,
            "--subresource=status",
        ];
        let told = self.kubectl(&[&pod[..], &["-p", &patch]].concat());
        // It may be gone by now.
        let container = self.running.get_mut(uid).expect("it was started");
        container.told = told.is_ok();
    }
}

fn place(pod: &Value) -> (&str, &str) {
    let metadata = &pod["metadata"];
    (text(&metadata["namespace"]), text(&metadata["name"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn log(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// Whether it answers its probes, at the port that they name.
fn answers(pod: &Value) -> bool {
    let container = &pod["spec"]["containers"][0];
    ["livenessProbe", "readinessProbe"].iter().all(|probe| {
        let get = &container[probe]["httpGet"];
        let mut ports = list(&container["ports"]).iter();
        let port = ports.find(|port| port["name"] == get["port"]);
        let port = &port.expect("the probe's port")["containerPort"];
        let address = format!("{}:{port}", text(&pod["status"]["podIP"]));
        answers_200(&address, text(&get["path"]))
    })
}

fn answers_200(address: &str, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let request = format!("GET {path} HTTP/1.1\r\nHost: errand\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}
