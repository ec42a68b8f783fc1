//! For each documented code of the clouds, and for answers that are in no table: what the
//! user sees. The list is in `tests/snapshots/codes`, a file for each kind; `errand why` is
//! tested with the same files (`src/cli/codes.rs`).

use std::fmt::Write as _;
use std::path::Path;

use errand_simulator::{Fault, FaultKind};

use super::cases::Case;
use super::{Bench, every_kind};
use crate::cloud::{Cloud, Row, Service, Status, huawei, tencent, volcengine};
use crate::operations::Kind;

every_kind!(what_the_user_sees_of_each_code_is_as_the_snapshot_says: codes);

/// The documented codes of a service, each with a status that it comes with; and answers
/// that are in no table (contracts: a.6, b.1, b.6, c.3, e.5, h, l.3 to l.5).
fn documented(service: &'static Service) -> Vec<(u16, String)> {
    let (tables, more): (&[&[Row]], &[(u16, &str)]) = match service.name {
        "huawei/dcs" => (
            &[huawei::verdicts::DCS, huawei::verdicts::GATEWAY],
            &[
                (400, "DCS.9999"),
                (500, "DCS.5000"),
                (500, "DCS.5006"),
                (500, "DCS.4842"),
                (502, "APIGW.0201"),
                (503, "APIGW.0613"),
                (401, ""),
                (403, ""),
            ],
        ),
        "huawei/workspace" => (
            &[huawei::verdicts::WORKSPACE],
            &[
                (400, "WKS.0001"),
                (409, "WKS.00170312"),
                (403, ""),
                (401, "APIGW.0301"),
                (403, "APIGW.0302"),
                (429, "APIGW.0308"),
            ],
        ),
        "huawei/bss" => (&[huawei::verdicts::BSS], &[(403, ""), (401, "APIGW.0301")]),
        "huawei/clouddc" => (
            &[huawei::verdicts::CLOUDDC],
            &[
                (400, ""),
                (401, "APIGW.0301"),
                (403, "APIGW.0302"),
                (500, "CloudDC.5"),
            ],
        ),
        "volcengine/ecs" => (
            &[volcengine::verdicts::ECS, volcengine::verdicts::COMMON],
            &[
                (409, "SomethingNew"),
                (500, "InternalError"),
                (504, "InternalServiceTimeout"),
                (403, ""),
            ],
        ),
        "tencent/as" => (
            &[tencent::verdicts::AS, tencent::verdicts::COMMON],
            &[
                (200, "FailedOperation.SomethingNew"),
                (200, "InternalError"),
                (200, "InternalError.CallError"),
                (403, ""),
            ],
        ),
        other => panic!("{other}: its codes are not here"),
    };
    let rows = tables.iter().flat_map(|rows| rows.iter()).map(|row| {
        let code = match row.code {
            "" if row.status == Status::Is(404) => String::new(),
            "" | "*" => "APIGW.7777".to_owned(),
            code => code.replace('*', "Any"),
        };
        let status = match (row.status, service.cloud()) {
            (Status::Is(status), _) => status,
            (_, Cloud::Tencent) => 200,
            _ => 400,
        };
        (status, code)
    });
    let more = more
        .iter()
        .map(|(status, code)| (*status, (*code).to_owned()));
    rows.chain(more).collect()
}

/// One case of each kind is enough.
const CASES: [&str; 5] = [
    "cancel a resize by taskId",
    "order another product",
    "observe once",
    "cancel a refresh",
    "cancel a reservation",
];

async fn codes<K: Kind>(case: Case) {
    if !CASES.contains(&case.name) {
        return;
    }
    let mut page = String::new();
    let call = case.calls.first().map(|call| (K::SERVICES[0], *call));
    let reads = K::SERVICES.iter().zip(case.services);
    let reads = reads.map(|(service, api)| (*service, *api));
    for (service, api) in call.into_iter().chain(reads) {
        for (status, code) in documented(service) {
            let line = seen::<K>(case, api, status, &code).await;
            let _ = writeln!(page, "{api} {status} {code}\n    {line}");
        }
    }
    let kind = <K::Object as kube::Resource>::kind(&());
    let file = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = file.join(format!("tests/snapshots/codes/{kind}.txt"));
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

/// What stands there after four passes in which that API answers so.
async fn seen<K: Kind>(case: Case, api: &str, status: u16, code: &str) -> String {
    let mut bench = Bench::<K>::new(case, 0);
    let kind = FaultKind::Error {
        status,
        code: code.to_owned(),
        message: "the words of the cloud".to_owned(),
    };
    bench.cloud.fault(Fault::new(api, kind).always());
    for _ in 0..4 {
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
