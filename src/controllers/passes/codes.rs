//! For each documented code of the clouds, and for answers that are in no table: what the
//! user sees. The list is in `tests/snapshots/codes`, a file for each kind; `errand why` is
//! tested with the same files (`src/cli/codes.rs`).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use errand_simulator::{Fault, FaultKind, RefreshActivity, RefreshStatus, Seed};

use super::bench::HERE;
use super::cases::{Case, cases};
use super::{Bench, every_kind};
use crate::cloud::{Cloud, Row, SERVICES, Service, Status, huawei, tencent, volcengine};
use crate::operations::Kind;

every_kind!(what_the_user_sees_of_each_code_is_as_the_snapshot_says: codes);

/// Codes that are documented, or likely, and in no table (contracts: a.6, b.1, b.6, c.3,
/// e.5, h, l.3 to l.5). Without a code the answer is a proxy's.
fn unlisted(service: &'static Service) -> &'static [(u16, &'static str)] {
    match service.name {
        "huawei/dcs" => &[
            (400, "DCS.9999"),
            (500, "DCS.5000"),
            (500, "DCS.5006"),
            (500, "DCS.4842"),
        ],
        "huawei/workspace" => &[(400, "WKS.0001"), (409, "WKS.00170312")],
        "huawei/bss" => &[
            (400, "CBC.9999"),
            (200, "CBC.0151"),
            (200, "CBC.9999"),
            (500, "CBC.9999"),
        ],
        "huawei/clouddc" => &[(500, "CloudDC.5")],
        "volcengine/ecs" => &[
            (409, "SomethingNew"),
            (200, "SomethingNew"),
            (500, "InternalError"),
            (504, "InternalServiceTimeout"),
        ],
        "tencent/as" => &[
            (200, "FailedOperation.SomethingNew"),
            (200, "InternalError"),
            (200, "InternalError.CallError"),
            (200, "InternalError.CalleeError"),
            (200, "InternalError.RequestError"),
        ],
        other => panic!("{other}: its codes are not here"),
    }
}

/// What something in front of a service says, in no table either.
fn in_front(cloud: Cloud) -> &'static [(u16, &'static str)] {
    match cloud {
        Cloud::Huawei => &[
            (401, "APIGW.0301"),
            (401, "APIGW.0303"),
            (401, "APIGW.0305"),
            (401, "APIGW.0307"),
            (400, "APIGW.0201"),
            (413, "APIGW.0201"),
            (502, "APIGW.0201"),
            (503, "APIGW.0613"),
            (500, "APIGW.0601"),
            (500, "APIGW.0605"),
            (500, "APIGW.0606"),
            (500, "APIGW.0610"),
            (400, ""),
            (401, ""),
            (403, ""),
            (502, ""),
        ],
        Cloud::Volcengine | Cloud::Tencent => {
            &[(400, ""), (401, ""), (403, ""), (429, ""), (502, "")]
        }
    }
}

/// Codes that the tables have with a star, as they are documented.
const WITH_A_STAR: [(&str, &[&str]); 7] = [
    (
        "AuthFailure.*",
        &[
            "AuthFailure.SignatureFailure",
            "AuthFailure.SecretIdNotFound",
            "AuthFailure.InvalidSecretId",
            "AuthFailure.TokenFailure",
        ],
    ),
    (
        "UnauthorizedOperation*",
        &[
            "UnauthorizedOperation",
            "UnauthorizedOperation.AutoScalingRoleUnauthorized",
        ],
    ),
    (
        "RequestLimitExceeded*",
        &[
            "RequestLimitExceeded",
            "RequestLimitExceeded.UinLimitExceeded",
            "RequestLimitExceeded.GlobalRegionUinLimitExceeded",
        ],
    ),
    (
        "InvalidParameter*",
        &["InvalidParameter", "InvalidParameterValue.Size"],
    ),
    ("MissingParameter*", &["MissingParameter"]),
    ("MissingParameter.*", &["MissingParameter.ClientToken"]),
    ("Invalid*.Malformed", &["InvalidInstanceIds.Malformed"]),
];

/// The statuses with which Volcengine documents its codes; the others come with 400.
fn status_of(code: &str) -> u16 {
    match code {
        "InvalidAccessKey"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationToken"
        | "MissingSignature"
        | "InvalidSecretToken"
        | "InvalidClientTokenId" => 401,
        "AccessDenied" | "LackPolicy" | "LackProjectPolicy" | "ServiceShouldCallSelfApi" => 403,
        "InvalidScheduledInstance.NotFound" | "ServiceNotFound" | "InvalidActionOrVersion" => 404,
        "IdempotentProcessing" | "OperationDenied.LatestCancelTime" => 412,
        "FlowLimitExceeded" | "AccountFlowLimitExceeded" => 429,
        _ => 400,
    }
}

/// The answers of a service that are tried: for every row of its tables those that it is
/// about, and those that are in no table.
fn answers(service: &'static Service) -> Vec<(u16, String)> {
    let rows = service.rows.0.iter().flat_map(|rows| rows.iter());
    let of_rows = rows.flat_map(|row| {
        let with_star = WITH_A_STAR.iter().find(|(code, _)| *code == row.code);
        let codes: Vec<&str> = match row.code {
            "" => vec!["", "APIGW.7777"],
            "*" => vec!["APIGW.7777"],
            code => with_star.map_or_else(|| vec![code], |(_, codes)| codes.to_vec()),
        };
        codes.into_iter().map(move |code| {
            let status = match row.status {
                Status::Is(status) => status,
                Status::Any4xx | Status::Shown => status_of(code),
            };
            (status, code)
        })
    });
    let more = unlisted(service).iter().chain(in_front(service.cloud()));
    let mut all: Vec<(u16, String)> = Vec::new();
    for (status, code) in of_rows.chain(more.copied()) {
        let one = (status, code.to_owned());
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// A call or a read that is answered so.
struct Scene {
    /// In the snapshot.
    label: &'static str,
    /// Of `cases.rs`.
    case: &'static str,
    /// As the simulator names it.
    api: &'static str,
    service: &'static Service,
}

const fn scene(
    label: &'static str,
    case: &'static str,
    api: &'static str,
    service: &'static Service,
) -> Scene {
    Scene {
        label,
        case,
        api,
        service,
    }
}

const RESUME: &str = "as.ResumeInstanceRefresh";

/// Every call of every kind, and the reads of every service.
const SCENES: &[Scene] = &[
    scene(
        "dcs.CancelInstanceResize",
        "cancel a resize by taskId",
        "dcs.CancelInstanceResize",
        &huawei::dcs::SERVICE,
    ),
    scene(
        "dcs.",
        "cancel a resize by taskId",
        "dcs.",
        &huawei::dcs::SERVICE,
    ),
    scene(
        "workspace.CreateChangeOrder",
        "order another product",
        "workspace.CreateChangeOrder",
        &huawei::workspace::SERVICE,
    ),
    scene(
        "workspace.",
        "order another product",
        "workspace.",
        &huawei::workspace::SERVICE,
    ),
    scene(
        "bss.ListOrders",
        "order another product",
        "bss.ListOrders",
        &huawei::bss::SERVICE,
    ),
    scene(
        "bss.ShowOrder",
        "order another product",
        "bss.ShowOrder",
        &huawei::bss::SERVICE,
    ),
    scene(
        "clouddc.",
        "observe once",
        "clouddc.",
        &huawei::clouddc::SERVICE,
    ),
    scene(
        "as.CancelInstanceRefresh",
        "cancel a refresh",
        "as.CancelInstanceRefresh",
        &tencent::autoscaling::SERVICE,
    ),
    scene(
        "as.",
        "cancel a refresh",
        "as.",
        &tencent::autoscaling::SERVICE,
    ),
    scene(
        "as.StopInstanceRefresh",
        "pause a refresh",
        "as.StopInstanceRefresh",
        &tencent::autoscaling::SERVICE,
    ),
    scene(
        "as.ResumeInstanceRefresh",
        "see a refresh completed",
        RESUME,
        &tencent::autoscaling::SERVICE,
    ),
    scene(
        "as.ResumeInstanceRefresh RETRY",
        "see a refresh completed",
        RESUME,
        &tencent::autoscaling::SERVICE,
    ),
    scene(
        "as.ResumeInstanceRefresh CONTINUE",
        "see a refresh completed",
        RESUME,
        &tencent::autoscaling::SERVICE,
    ),
    scene(
        "ecs.DeleteScheduledInstance",
        "cancel a reservation",
        "ecs.DeleteScheduledInstance",
        &volcengine::ecs::SERVICE,
    ),
    scene(
        "ecs.",
        "cancel a reservation",
        "ecs.",
        &volcengine::ecs::SERVICE,
    ),
];

impl Scene {
    /// An operation that is about to make the call, or the read.
    async fn set<K: Kind>(&self, case: Case) -> Bench<K> {
        let bench = Bench::<K>::new(case, 0);
        match self.label.split_once(' ') {
            _ if self.label == "bss.ListOrders" => {
                // Once it is ordered that says no more what it said before.
                bench.edit(|spec| spec["mode"] = "Plan".into());
                bench
            }
            _ if self.label == "bss.ShowOrder" => Bench::<K>::new(case, 7200),
            _ if self.label == RESUME => {
                resuming(bench, RefreshStatus::ManualPause, "Continue").await
            }
            Some((_, "RETRY")) => resuming(bench, RefreshStatus::FailedPause, "Retry").await,
            Some((_, _)) => resuming(bench, RefreshStatus::FailedPause, "Continue").await,
            // It stays in its first batch.
            _ if self.label == "as.StopInstanceRefresh" => Bench::<K>::new(case, 36_000),
            None => bench,
        }
    }
}

/// A refresh stands still, and that has been answered.
async fn resuming<K: Kind>(mut bench: Bench<K>, status: RefreshStatus, decision: &str) -> Bench<K> {
    let activity = RefreshActivity::new("asg-a", "asr-a").batches(3, 60);
    let activity = activity.region(HERE.1).standing(status, 2);
    bench.cloud.seed(Seed::new().refresh(activity));
    bench.passes(4 * 3600).await;
    bench.check(bench.state() == "Held", "it is asked about");
    bench.decide(decision);
    bench
}

fn snapshot<K: Kind>() -> PathBuf {
    let kind = <K::Object as kube::Resource>::kind(&());
    let file = Path::new(env!("CARGO_MANIFEST_DIR"));
    file.join(format!("tests/snapshots/codes/{kind}.txt"))
}

async fn codes<K: Kind>(case: Case) {
    // All of a kind with its first case: they are in one file.
    let all = cases::<K>();
    if all[0].name != case.name {
        return;
    }
    let mut page = String::new();
    for scene in SCENES {
        let Some(case) = all.iter().find(|case| case.name == scene.case) else {
            continue;
        };
        for (status, code) in answers(scene.service) {
            let line = seen::<K>(scene, *case, status, &code).await;
            let _ = writeln!(page, "{} {status} {code}\n    {line}", scene.label);
        }
    }
    let file = snapshot::<K>();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, &page).expect("it can be written");
    }
    let wanted = std::fs::read_to_string(&file).unwrap_or_default();
    for (found, wanted) in page.lines().zip(wanted.lines()) {
        assert_eq!(
            found,
            wanted,
            "UPDATE_SNAPSHOTS=1 writes {}",
            file.display()
        );
    }
    assert_eq!(
        page.lines().count(),
        wanted.lines().count(),
        "{}",
        file.display()
    );
}

every_kind!(each_row_of_each_table_is_in_the_snapshot_of_each_call: rows);

async fn rows<K: Kind>(case: Case) {
    let all = cases::<K>();
    if all[0].name != case.name {
        return;
    }
    let page = std::fs::read_to_string(snapshot::<K>()).expect("a snapshot");
    let said = page.lines().filter(|line| !line.starts_with(' '));
    let said: Vec<(&str, u16, &str)> = said
        .map(|line| {
            let (rest, code) = line.rsplit_once(' ').expect("a code, or none");
            let (label, status) = rest.rsplit_once(' ').expect("a status");
            (label, status.parse().expect("a number"), code)
        })
        .collect();
    let labels: BTreeSet<&str> = said.iter().map(|(label, ..)| *label).collect();
    for step in K::CALLS {
        let shown = |label: &&&str| {
            label
                .split_once('.')
                .is_some_and(|(_, call)| call == step.name)
        };
        assert!(labels.iter().any(|label| shown(&label)), "{}", step.name);
    }
    for (service, api) in K::SERVICES.iter().zip(case.services) {
        let labels = labels.iter().filter(|label| label.starts_with(api));
        let labels: Vec<&str> = labels.copied().collect();
        assert!(!labels.is_empty(), "{api}");
        for label in labels {
            let of_label = said.iter().filter(|(of, ..)| *of == label);
            let found = of_label.filter_map(|(_, status, code)| service.rows.find(*status, code));
            let found: Vec<&Row> = found.collect();
            for row in service.rows.0.iter().flat_map(|rows| rows.iter()) {
                let is_row = |found: &&Row| {
                    let of = |row: &Row| (row.status, row.code, row.reading);
                    of(found) == of(row)
                };
                assert!(
                    found.iter().any(is_row),
                    "{label}: {:?} {}",
                    row.status,
                    row.code
                );
            }
        }
    }
}

/// Each code that the contracts document is tried, in a table or not.
#[test]
fn each_documented_code_is_tried() {
    let codes = |codes: &'static str| codes.split_whitespace();
    for (service, documented) in [
        (
            &huawei::dcs::SERVICE,
            "DCS.4239 DCS.4017 DCS.4026 DCS.4049 DCS.4111 DCS.4113 DCS.4114 DCS.4115 DCS.4116 \
             DCS.4117 DCS.4118 DCS.4120 DCS.4121 DCS.4231 DCS.4975 DCS.4070 DCS.4102 DCS.4103 \
             DCS.4927 DCS.4957 DCS.4107 DCS.4108 CBC.99003651 DCS.3022 DCS.1001 DCS.1002 \
             DCS.1003 DCS.1004 DCS.2003 DCS.2007 DCS.3002 DCS.3003 DCS.5000 DCS.5006 DCS.4842 \
             DCS.4096 DCS.4097",
        ),
        (
            &huawei::workspace::SERVICE,
            "WKS.0001 WKS.0407 WKS.00010032 WKS.00010099 WKS.0202 WKS.0915 WKS.00170312",
        ),
        (&huawei::bss::SERVICE, "CBC.0150 CBC.0156"),
        (
            &volcengine::ecs::SERVICE,
            "IdempotentParameterMismatch InvalidClientToken.Malformed \
             InvalidDeliveryTypeForScheduledInstanceDeletion.Unsupported \
             InvalidScheduledInstanceStatus MissingParameter.ScheduledInstanceId \
             InvalidScheduledInstance.NotFound IdempotentProcessing \
             OperationDenied.LatestCancelTime InternalError MissingParameter MissingRequestInfo \
             InvalidTimestamp InvalidAccessKey SignatureDoesNotMatch AccessDenied \
             ServiceNotFound InvalidActionOrVersion InternalServiceTimeout FlowLimitExceeded \
             AccountFlowLimitExceeded InvalidAuthorization InvalidCredential \
             MissingAuthenticationToken MissingSignature InvalidSecretToken \
             InvalidClientTokenId LackPolicy LackProjectPolicy ServiceShouldCallSelfApi \
             MethodNotAllowed UnsupportedRegion UnsupportedProtocol UnsupportedOperation \
             InnerApiNeedAccountInfo",
        ),
        (
            &tencent::autoscaling::SERVICE,
            "ResourceUnavailable.RefreshActivityStatusConflictWithOperation \
             ResourceNotFound.RefreshActivityNotFound ResourceNotFound.AutoScalingGroupNotFound \
             ResourceNotFound.AutoScalingGroupIdNotFound \
             ResourceUnavailable.AutoScalingGroupInActivity \
             ResourceUnavailable.InstanceInOperation \
             ResourceUnavailable.AutoScalingGroupInRefreshActivity \
             ResourceUnavailable.AutoScalingGroupDisabled \
             ResourceUnavailable.AutoScalingGroupAbnormalStatus \
             ResourceUnavailable.NoInstanceCanRefresh ResourceUnavailable.NoInstanceCanRollback \
             ResourceUnavailable.RefreshActivityCanNotRollback \
             ResourceUnavailable.RollbackTypeActivityCanNotRollbackAgain \
             UnauthorizedOperation.AutoScalingRoleUnauthorized AuthFailure.SignatureExpire \
             AuthFailure.SignatureFailure AuthFailure.SecretIdNotFound \
             AuthFailure.InvalidSecretId AuthFailure.UnauthorizedOperation \
             AuthFailure.TokenFailure RequestLimitExceeded RequestLimitExceeded.UinLimitExceeded \
             RequestLimitExceeded.GlobalRegionUinLimitExceeded InternalError \
             InternalError.CallError InternalError.CalleeError InternalError.RequestError \
             InvalidParameter InvalidParameterValue.Size MissingParameter UnknownParameter \
             UnsupportedOperation InvalidAction NoSuchVersion ActionOffline UnsupportedRegion \
             UnsupportedProtocol NoSuchProduct IpInBlacklist IpNotInWhitelist InvalidRequest \
             RequestSizeLimitExceeded",
        ),
    ] {
        let tried = answers(service);
        for code in codes(documented) {
            let is_tried = tried.iter().any(|(_, tried)| tried == code);
            assert!(is_tried, "{} {code}", service.name);
        }
    }
    let gateway = "APIGW.0308 APIGW.0101 APIGW.0201 APIGW.0613 APIGW.0601 APIGW.0605 APIGW.0606 \
                   APIGW.0610 APIGW.0301 APIGW.0303 APIGW.0305 APIGW.0307 APIGW.0302 APIGW.0304 \
                   APIGW.0306 APIGW.0310 APIGW.0401 APIGW.0402 APIGW.0801 APIGW.0802";
    for service in SERVICES {
        if service.cloud() == Cloud::Huawei {
            let tried = answers(service);
            for code in codes(gateway) {
                let is_tried = tried.iter().any(|(_, tried)| tried == code);
                assert!(is_tried, "{} {code}", service.name);
            }
        }
    }
}

/// What stands there after passes in which it is always answered so: four, or as many as
/// it takes until an answer that may pass by itself is shown.
async fn seen<K: Kind>(scene: &Scene, case: Case, status: u16, code: &str) -> String {
    let mut bench = scene.set::<K>(case).await;
    let kind = FaultKind::Error {
        status,
        code: code.to_owned(),
        message: "the words of the cloud".to_owned(),
    };
    bench.cloud.fault(Fault::new(scene.api, kind).always());
    for pass in 0..24 {
        let shown = !bench.status()["lastCloudError"].is_null() || !bench.outcome().is_empty();
        if pass >= 4 && (shown || bench.summary().contains("the words of the cloud")) {
            break;
        }
        bench.pass().await;
        if let Some(pause) = bench.wake {
            bench.advance_by(pause);
        }
    }
    let error = bench.status()["lastCloudError"].clone();
    let word = |name: &str| match &error[name] {
        serde_json::Value::Null => "-".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!(
        "{}/{} [{} {} {}] {}",
        bench.state(),
        bench.reason(),
        word("call"),
        word("httpStatus"),
        word("code"),
        bench.summary()
    )
}
