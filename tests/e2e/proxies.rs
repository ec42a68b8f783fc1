//! Behind a proxy with a password, and with certificates of a private authority: neither
//! the API server nor the cloud has a name that is known outside of the proxy.

use std::fs;
use std::path::PathBuf;

use errand_simulator::{OrderTiming, WorkspaceDesktop};
use errand_testbed::{Bed, CLUSTER, ForwardProxy, shared_plane};
use serde_json::Value;

use crate::command::{Said, errand_command, said};
use crate::support::{
    ORDER, assert_ending, deny, ending, order_bed, resize, seconds, seed_desktop, until_order,
    until_state,
};

const API: &str = "kubernetes.errand.test:443";
const CLOUD: &str = "cloud.errand.test:443";

const USER: &str = "errand";
const PASSWORD: &str = "p@ss:canary/0815";
/// The same as it stands in the address of the proxy.
const QUOTED: &str = "p%40ss%3Acanary%2F0815";

/// What must not be found anywhere; the last is what `Proxy-Authorization` says.
const HIDDEN: [&str; 4] = ["canary/", "canary%2F", "p%40ss", "ZXJyYW5kOnBAc3M6Y2FuYXJ5"];

struct Office {
    proxy: ForwardProxy,
    /// Certificates of the API server's authority and of the proxy's.
    bundle: PathBuf,
    /// The operator's account, at a name that only the proxy knows, and without a
    /// certificate of its own.
    kubeconfig: PathBuf,
}

impl Office {
    fn new(bed: &Bed) -> Self {
        let proxy = ForwardProxy::start(USER, PASSWORD).expect("a proxy");
        let plane = shared_plane().control_plane();
        proxy.tunnel(API, plane.url().trim_start_matches("https://"));
        proxy.open(CLOUD, &bed.simulator.url());
        let bundle = bed.file("authorities.pem");
        fs::write(&bundle, format!("{}{}", plane.ca_pem(), proxy.ca_pem())).expect("written");
        let direct = fs::read_to_string(bed.kubeconfig()).expect("readable");
        let lines = direct
            .lines()
            .map(|line| match line.trim().split_once(':') {
                Some(("server", _)) => format!("    server: https://{API}\n"),
                Some(("certificate-authority", _)) => "    tls-server-name: localhost\n".to_owned(),
                _ => format!("{line}\n"),
            });
        let kubeconfig = bed.file("office.kubeconfig");
        fs::write(&kubeconfig, lines.collect::<String>()).expect("written");
        bed.apply(
            &bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER)
                .replace(&bed.simulator.url(), "https://cloud.errand.test"),
        );
        Self {
            proxy,
            bundle,
            kubeconfig,
        }
    }

    fn variables(&self, password: &str, except: &str) -> Vec<(&'static str, String)> {
        let proxy = format!("http://{USER}:{password}@{}", self.proxy.address());
        vec![
            ("HTTPS_PROXY", proxy),
            ("NO_PROXY", except.to_owned()),
            ("no_proxy", String::new()),
            ("SSL_CERT_FILE", self.bundle.display().to_string()),
            ("KUBECONFIG", self.kubeconfig.display().to_string()),
        ]
    }

    fn start_operator(&self, bed: &mut Bed) {
        let variables = self.variables(QUOTED, "");
        let variables: Vec<_> = variables.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let arguments = [
            "--cloud-proxy-from-env",
            "--allow-endpoint",
            "cloud.errand.test",
        ];
        bed.start_operator_with(&arguments, &variables);
    }

    fn errand(&self, bed: &Bed, arguments: &[&str], password: &str, except: &str) -> Said {
        let mut command = errand_command(bed, arguments);
        command.envs(self.variables(password, except));
        said(command.output().expect("errand can be started"))
    }
}

#[track_caller]
fn assert_hidden(text: &str) {
    for hidden in HIDDEN {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

#[test]
fn operator_and_cli_work_behind_a_proxy_with_a_password_and_a_private_ca() {
    let mut bed = order_bed("behind-proxy");
    let office = Office::new(&bed);
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    // First the proxy does not let cloud calls through.
    office.proxy.refuse(CLOUD, Some(407));
    office.start_operator(&mut bed);
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let through = format!("through the proxy http://{}", office.proxy.address());
    bed.wait_until("the proxy is named", || {
        bed.advance(seconds(1));
        bed.get("rsc", "stop")["status"]["summary"]
            .to_string()
            .contains(&through)
    });
    assert!(bed.simulator.journal().all_effects().is_empty());
    assert_hidden(&bed.get("rsc", "stop").to_string());
    office.proxy.refuse(CLOUD, None);
    let object = until_state(&bed, "stop", "Succeeded", seconds(10));
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert!(office.proxy.tunnels(API) > 0 && office.proxy.tunnels(CLOUD) > 0);
    assert_eq!(office.proxy.strangers(), 0);

    let before = office.proxy.tunnels(API);
    let why = office.errand(&bed, &["why", "rsc/stop", "-o", "json"], QUOTED, "");
    assert_eq!(why.code, 0, "{}", why.err);
    let why: Value = serde_json::from_str(&why.out).expect("JSON");
    assert_eq!(why["reason"], "Cancelled", "{why:#}");
    let wait = office.errand(&bed, &["wait", "rsc/stop"], QUOTED, "");
    assert_eq!(wait.code, 0, "{}", wait.err);
    assert_eq!(office.proxy.tunnels(API), before + 2);

    let wrong = office.errand(&bed, &["why", "rsc/stop"], "wrong-canary%2F", "");
    assert_eq!(wrong.code, 1, "{}", wrong.err);
    assert!(wrong.err.contains("proxy"), "{}", wrong.err);
    assert_hidden(&wrong.err);
    assert_eq!(office.proxy.strangers(), 1);
    let unusable = office.errand(&bed, &["why", "rsc/stop"], "a b canary/", "");
    assert_eq!(unusable.code, 1, "{}", unusable.err);
    assert_hidden(&unusable.err);

    // The name is known to the proxy alone.
    let direct = office.errand(
        &bed,
        &["why", "rsc/stop"],
        QUOTED,
        "example.com,.errand.test",
    );
    assert_eq!(direct.code, 1, "{}", direct.err);
    assert_eq!(office.proxy.tunnels(API), before + 2);
    let mut command = errand_command(&bed, &["why", "rsc/stop"]);
    command.envs(office.variables(QUOTED, "127.0.0.0/8"));
    let here = shared_plane().control_plane().kubeconfig();
    let output = command.env("KUBECONFIG", here).output();
    let here = said(output.expect("errand can be started"));
    assert_eq!(here.code, 0, "{}", here.err);
    assert_eq!(office.proxy.tunnels(API), before + 2);
    assert_hidden(&bed.operator_log());
}

/// Contracts l.5: the order has arrived, whatever the proxy answers in the cloud's place.
#[test]
fn an_inspecting_proxy_that_answers_403_after_an_order_causes_no_second_one() {
    let mut bed = order_bed("inspected");
    let office = Office::new(&bed);
    let desktop = |name: &str, runs_for| {
        let timing = OrderTiming {
            runs_for,
            ..OrderTiming::default()
        };
        seed_desktop(&bed, WorkspaceDesktop::new(name).timing(timing));
    };
    desktop("desk-1", 600);
    desktop("desk-2", 600);
    office.proxy.inspect(Box::new(|method, path| {
        // As a page, and as JSON with a code of the proxy's own.
        let page = match path.contains("desk-1") {
            true => "<html><title>403</title>Blocked by policy 4711</html>",
            false => r#"{"error_code": "POLICY.4711", "error_msg": "Blocked by policy 4711"}"#,
        };
        let order = method.as_str() == "POST" && path.contains("/change/order");
        order.then(|| (http::StatusCode::FORBIDDEN, page.to_owned()))
    }));
    office.start_operator(&mut bed);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    bed.wait_until("the order is sent", || {
        bed.simulator.journal().calls(ORDER) == 1
    });
    bed.wait_until("the answer is recorded", || {
        let object = bed.get("dor", "bigger");
        object["status"]["steps"][0]["answer"] == "Unknown"
    });
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_eq!(bed.simulator.orders("desk-1").len(), 1);

    // Where nothing shows that it has arrived, a decision is needed: it is not paid, and
    // the key may not read orders.
    deny(&bed, &["bss."]);
    bed.apply(&resize(&bed, "unseen", "desk-2", "Manual"));
    bed.wait_until("it is held", || {
        bed.advance(seconds(60));
        ending(&bed.get("dor", "unseen")).state == "Held"
    });
    let object = bed.get("dor", "unseen");
    assert_eq!(ending(&object).reason, "AnswerUnknown", "{object:#}");
    assert_eq!(bed.simulator.orders("desk-2").len(), 1);
    assert_eq!(bed.simulator.journal().calls(ORDER), 2);
}
