//! What is sent, against the official SDK's captured requests, and what odd
//! answers mean.

use serde_json::{Value, json};

use super::*;
use crate::api::Reason;
use crate::cloud::huawei::Scope;
use crate::cloud::huawei::server;
use crate::cloud::huawei::verdicts::WORKSPACE_ROWS;
use crate::cloud::server::{Server, answer, captured, send};
use crate::cloud::verdict::Reading;
use crate::cloud::{self, Sent};

const PROJECT: &str = "0123456789abcdef0123456789abcdef";
const DESKTOP: &str = "f8f7fe7a-9043-44ff-815e-ad20fc779d18";

const RESIZE: ChangeOrder<'_> = ChangeOrder {
    change: Change::Resize {
        product: "workspacehost.k.large4",
    },
    enterprise_project: None,
    auto_pay: true,
};

fn client(server: &Server) -> Client {
    Client {
        scope: Scope::Project(PROJECT.to_owned()),
        rows: WORKSPACE_ROWS,
        ..server::client(server.origin())
    }
}

async fn order_at(server: &Server) -> Sent {
    let client = cloud::Client::Huawei(client(server));
    let arguments = RESIZE.arguments(DESKTOP);
    send(&client, &CREATE_CHANGE_ORDER, (PROJECT, ""), &arguments).await
}

async fn ordered_with(answer: String) -> Sent {
    let server = Server::answering([answer]);
    order_at(&server).await
}

async fn desktop(answer: String) -> Result<Option<Desktop>, CallError> {
    let server = Server::answering([answer]);
    show_desktop(&client(&server), "d").await
}

/// The request is the captured one, but for what belongs to the SDK: its
/// connection headers and the spaces in its JSON.
fn assert_as_captured(name: &str, asked: &str) {
    let (method, target, headers, body) = captured(name);
    let (head, sent_body) = asked.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let first = lines.next().expect("a request line");
    assert_eq!(first, format!("{method} {target} HTTP/1.1"));
    let sent: Vec<String> = lines
        .map(|line| line.split(':').next().unwrap_or_default().to_lowercase())
        .collect();
    for header in headers {
        if !["accept-encoding", "accept", "connection"].contains(&header.as_str()) {
            assert!(sent.contains(&header), "{header} is missing in {head}");
        }
    }
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    assert_eq!(json(sent_body), json(&body), "{sent_body}");
}

#[tokio::test]
async fn an_order_is_sent_as_the_official_sdk_sends_it() {
    let server = Server::answering([answer(200, r#"{"order_id": "o1"}"#)]);
    order_at(&server).await;
    assert_as_captured("huawei-workspace-change-order-resize", &server.asked()[0]);
}

#[tokio::test]
async fn a_desktop_is_read_as_the_official_sdk_reads_it() {
    let body = format!(r#"{{"desktop": {{"desktop_id": "{DESKTOP}", "status": "ACTIVE"}}}}"#);
    let server = Server::answering([answer(200, &body)]);
    show_desktop(&client(&server), DESKTOP)
        .await
        .expect("an answer");
    assert_as_captured("huawei-workspace-show-desktop", &server.asked()[0]);
}

#[tokio::test]
async fn a_job_is_read_as_the_official_sdk_reads_it() {
    let id = "ff80808296c0000001";
    let body = format!(r#"{{"id": "{id}", "status": "SUCCESS"}}"#);
    let server = Server::answering([answer(200, &body)]);
    let job = show_job(&client(&server), id).await;
    assert_eq!(
        job.map(|job| job.and_then(|job| job.status)),
        Ok(Some("SUCCESS".to_owned()))
    );
    assert_as_captured("huawei-workspace-show-job", &server.asked()[0]);
}

/// The body of an order as JSON.
fn body(order: ChangeOrder<'_>) -> Value {
    serde_json::from_str(&order.body()).expect("JSON")
}

#[test]
fn a_subscription_is_the_captured_body_with_the_payment_said() {
    let order = ChangeOrder {
        change: Change::Subscribe {
            unit: Period::Month,
            count: 1,
            auto_renew: false,
        },
        enterprise_project: Some("0"),
        auto_pay: false,
    };
    let (.., text) = captured("huawei-workspace-change-order-metered");
    let mut expected: Value = serde_json::from_str(&text).expect("JSON");
    expected["extend_param"] = json!({"is_auto_pay": "false"});
    assert_eq!(body(order), expected);
}

#[test]
fn each_change_is_written_in_its_own_members_only() {
    let order = |change, auto_pay| ChangeOrder {
        change,
        enterprise_project: None,
        auto_pay,
    };
    let expand = Change::ExpandVolume {
        volume: "v1",
        size: 100,
    };
    assert_eq!(
        body(order(expand, false)),
        json!({"type": "expandVolumes", "expand_volume_id": "v1", "expand_new_size": 100,
            "extend_param": {"is_auto_pay": "false"}})
    );
    let subscribe = Change::Subscribe {
        unit: Period::Year,
        count: 3,
        auto_renew: true,
    };
    assert_eq!(
        body(order(subscribe, true)),
        json!({"type": "meteredToPeriod", "period_type": 3, "period_num": 3, "is_auto_renew": 1,
            "extend_param": {"is_auto_pay": "true"}})
    );
}

#[test]
fn an_order_is_the_same_bytes_each_time() {
    assert_eq!(RESIZE.body(), RESIZE.body());
    assert_eq!(
        RESIZE.body(),
        r#"{"type":"resizeDesktops","resize_product_id":"workspacehost.k.large4","extend_param":{"is_auto_pay":"true"}}"#
    );
}

#[test]
fn an_order_is_read_back_from_its_own_bytes_and_from_nothing_else() {
    for change in [
        Change::Resize { product: "p.1" },
        Change::ExpandVolume {
            volume: "v1",
            size: 100,
        },
        Change::Subscribe {
            unit: Period::Year,
            count: 2,
            auto_renew: true,
        },
    ] {
        for (enterprise_project, auto_pay) in [(None, true), (Some("0"), false)] {
            let order = ChangeOrder {
                change,
                enterprise_project,
                auto_pay,
            };
            let text = order.body();
            assert_eq!(ChangeOrder::read(&text), Some(order), "{text}");
        }
    }
    let whole = RESIZE.body();
    for other in [
        String::new(),
        "{}".to_owned(),
        whole.replace("resizeDesktops", "deleteDesktops"),
        whole.replace("resize_product_id", "expand_volume_id"),
        whole.replace("\"true\"", "\"yes\""),
        whole.replace("}}", "},\"more\":1}"),
    ] {
        assert_eq!(ChangeOrder::read(&other), None, "{other}");
    }
}

#[tokio::test]
async fn an_order_is_accepted_with_the_ids_that_nothing_else_tells() {
    for (body, expected) in [
        (
            r#"{"order_id": "CS1", "job_id": "j1"}"#,
            vec![("job_id", "j1"), ("order_id", "CS1")],
        ),
        (r#"{"order_id": "CS1"}"#, vec![("order_id", "CS1")]),
        (
            r#"{"order_id": "CS1", "job_id": null}"#,
            vec![("order_id", "CS1")],
        ),
        // An order is an order, whatever is said beside it.
        (
            r#"{"order_id": "CS1", "error_code": "WKS.0001"}"#,
            vec![("order_id", "CS1")],
        ),
        // What cannot be written down is no reason to lose the order.
        (
            r#"{"order_id": "CS1", "job_id": "a/b"}"#,
            vec![("order_id", "CS1")],
        ),
    ] {
        let Sent::Accepted { ids, .. } = ordered_with(answer(200, body)).await else {
            panic!("{body} is an order");
        };
        let ids: Vec<_> = ids.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(ids, expected, "{body}");
    }
}

#[tokio::test]
async fn a_2xx_with_an_error_and_no_order_is_unknown_whatever_its_code() {
    for code in ["WKS.00010099", "WKS.00010032", "WKS.0407", "WKS.77777777"] {
        let body = format!(r#"{{"error_code": "{code}", "error_msg": "m"}}"#);
        for status in [200, 202] {
            let Sent::Unknown(said) = ordered_with(answer(status, &body)).await else {
                panic!("{code} with {status} tells nothing for sure");
            };
            assert_eq!((said.status, said.code.as_str()), (status, code));
            assert_eq!(said.message, "m");
        }
    }
}

#[tokio::test]
async fn a_2xx_that_says_neither_order_nor_error_is_unknown() {
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "<html>",
        r#"{"order_id": ""}"#,
        r#"{"order_id": null, "error_code": ""}"#,
        r#"{"order_id": {"id": "CS1"}}"#,
        // Not the member that the service documents for errors.
        r#"{"code": "WKS.0001"}"#,
        r#"{"error": {"error_code": "WKS.0001"}}"#,
        // There is an order, whose id cannot be written down.
        r#"{"order_id": "../x", "error_code": "WKS.0001"}"#,
    ] {
        let sent = ordered_with(answer(200, body)).await;
        assert!(matches!(sent, Sent::Unknown(_)), "{body}: {sent:?}");
    }
    let Sent::Unknown(said) = ordered_with(answer(200, r#"{"job_id": "j1"}"#)).await else {
        panic!("a job is no order");
    };
    assert_eq!(said.ids["job_id"], "j1", "and may help to find it");
}

#[tokio::test]
async fn only_a_listed_refusal_of_an_order_is_one() {
    let error = |code: &str| format!(r#"{{"error_code": "{code}", "error_msg": "m"}}"#);
    for (status, code, reading) in [
        (409, "WKS.00010032", Reading::Wait(Reason::TARGET_BUSY)),
        (400, "WKS.0407", Reading::Wait(Reason::TARGET_BUSY)),
        (403, "WKS.00010099", Reading::Terminal),
        (404, "WKS.0202", Reading::Terminal),
        (429, "APIGW.0308", Reading::Retry(Reason::THROTTLED)),
        (
            403,
            "APIGW.0302",
            Reading::Blocked(Reason::PERMISSION_DENIED),
        ),
        (
            401,
            "APIGW.0301",
            Reading::Blocked(Reason::CREDENTIALS_REJECTED),
        ),
        (
            403,
            "WKS.99999999",
            Reading::Blocked(Reason::PERMISSION_DENIED),
        ),
    ] {
        let Sent::Refused(found, _) = ordered_with(answer(status, &error(code))).await else {
            panic!("{status} {code} is a refusal");
        };
        assert_eq!(found, reading, "{status} {code}");
    }
    for (status, code) in [
        (400, "WKS.0001"),
        (409, "WKS.99999999"),
        (404, "WKS.99999999"),
        (500, "WKS.00010032"),
        (504, "APIGW.0201"),
        (302, ""),
    ] {
        let sent = ordered_with(answer(status, &error(code))).await;
        assert!(
            matches!(sent, Sent::Unknown(_)),
            "{status} {code}: {sent:?}"
        );
    }
}

#[tokio::test]
async fn a_desktop_is_read_in_whatever_types_it_is_written() {
    let found = desktop(answer(
        200,
        r#"{"desktop": {"desktop_id": "d", "status": "ACTIVE", "task_status": "", "is_freeze": 0,
            "order_id": null, "bill_resource_id": "r1", "process": null,
            "product": {"product_id": "p1", "flavor_id": "f", "charge_mode": 1, "cpu": "4"},
            "root_volume": {"id": "a", "volume_id": "b", "size": "80", "bill_resource_id": "r2"},
            "data_volumes": null}}"#,
    ))
    .await
    .expect("readable")
    .expect("there");
    assert_eq!(found.product_id(), Some("p1"));
    assert_eq!(found.charge_mode(), Some(ChargeMode::OnDemand));
    assert_eq!(found.task_status, None, "empty is: nothing");
    assert_eq!(found.is_freeze, Some(false));
    assert_eq!(found.volume("b").and_then(|v| v.size), Some(80));
    assert_eq!(found.volume("a"), found.volume("b"), "by either id");
    assert_eq!(found.volume("c"), None);
    let resource = found.root_volume.and_then(|v| v.bill_resource_id);
    assert_eq!(resource.as_deref(), Some("r2"));
}

#[tokio::test]
async fn what_a_desktop_does_not_say_is_not_made_up() {
    let found = desktop(answer(
        200,
        r#"{"desktop": {"desktop_id": "d", "product_id": "p1"}}"#,
    ))
    .await
    .expect("readable")
    .expect("there");
    assert_eq!(found.product_id(), Some("p1"));
    assert_eq!((found.charge_mode(), found.is_freeze), (None, None));
    let odd =
        r#"{"desktop": {"desktop_id": "d", "product": {"charge_mode": "2"}, "is_freeze": "true"}}"#;
    let found = desktop(answer(200, odd)).await.expect("readable");
    let found = found.expect("there");
    assert_eq!((found.charge_mode(), found.is_freeze), (None, Some(true)));
}

#[tokio::test]
async fn a_200_without_a_desktop_is_no_reading() {
    for body in [
        "",
        "{}",
        r#"{"desktop": null}"#,
        r#"{"desktop": []}"#,
        r#"{"desktop": {}}"#,
        r#"{"error_code": "WKS.0001", "error_msg": "m"}"#,
    ] {
        assert!(desktop(answer(200, body)).await.is_err(), "{body}");
    }
}

#[tokio::test]
async fn a_desktop_is_only_gone_when_the_service_says_so() {
    let error = |code: &str| format!(r#"{{"error_code": "{code}", "error_msg": "m"}}"#);
    for (status, code) in [
        (404, "WKS.00010001"),
        (404, "WKS.0202"),
        (500, "WKS.0202"),
        (500, "WKS.0915"),
        // Errors come with 200 too.
        (200, "WKS.0202"),
    ] {
        let found = desktop(answer(status, &error(code))).await;
        assert_eq!(found, Ok(None), "{status} {code}");
    }
    for (status, code) in [
        (404, "APIGW.0101"),
        (404, ""),
        (403, "WKS.00010099"),
        (500, "WKS.0001"),
    ] {
        let found = desktop(answer(status, &error(code))).await;
        assert!(found.is_err(), "{status} {code}: {found:?}");
    }
}

#[tokio::test]
async fn products_are_those_that_this_one_may_be_changed_to() {
    let body = r#"{"products": [{"product_id": "p2", "status": "sellout", "charge_mode": "0", "cpu": 4}]}"#;
    let end = r#"{"products": []}"#;
    let server = Server::answering([answer(200, body), answer(200, end)]);
    let products = list_products(&client(&server), "p1").await;
    let expected = Product {
        product_id: Some("p2".to_owned()),
        status: Some("sellout".to_owned()),
        charge_mode: Some("0".to_owned()),
        flavor_id: None,
    };
    assert_eq!(products, Ok(vec![expected].into()));
    let target = format!("GET /v2/{PROJECT}/products?product_id=p1&offset=0&limit=100 ");
    assert!(server.asked()[0].starts_with(&target), "{target}");
}

#[tokio::test]
async fn a_list_of_products_that_is_not_understood_is_not_all_of_them() {
    for (body, count, understood) in [
        ("{}", 0, false),
        (r#"{"products": null}"#, 0, false),
        (r#"{"products": {}}"#, 0, false),
        (r#"{"products": []}"#, 0, true),
        (r#"{"products": [{"product_id": "p2"}, null]}"#, 1, false),
        (
            r#"{"products": [{"product_id": "p2"}, {"product_id": null}]}"#,
            2,
            false,
        ),
        (
            r#"{"products": [{"product_id": "p2"}, {"product_id": 7}]}"#,
            2,
            true,
        ),
    ] {
        let end = r#"{"products": []}"#;
        let server = Server::answering([answer(200, body), answer(200, end)]);
        let found = list_products(&client(&server), "p1").await;
        let found = found.map(|products| (products.list.len(), products.understood));
        assert_eq!(found, Ok((count, understood)), "{body}");
    }
}

#[tokio::test]
async fn a_desktop_shows_every_volume_only_if_each_is_read_with_its_ids() {
    let root = r#""root_volume": {"id": "a", "volume_id": "b"}"#;
    for (volumes, every) in [
        (format!(r#"{root}, "data_volumes": []"#), true),
        (
            format!(r#"{root}, "data_volumes": [{{"id": "c", "volume_id": "d"}}]"#),
            true,
        ),
        (format!(r#"{root}, "data_volumes": null"#), false),
        (format!(r#"{root}, "data_volumes": "none""#), false),
        (format!(r#"{root}, "data_volumes": [7]"#), false),
        (format!(r#"{root}, "data_volumes": [{{"id": "c"}}]"#), false),
        (root.to_owned(), false),
        (r#""data_volumes": []"#.to_owned(), false),
        (
            r#""root_volume": {"id": "a"}, "data_volumes": []"#.to_owned(),
            false,
        ),
    ] {
        let body = format!(r#"{{"desktop": {{"desktop_id": "d", {volumes}}}}}"#);
        let found = desktop(answer(200, &body)).await.expect("readable");
        let found = found.expect("there");
        assert_eq!(found.shows_every_volume(), every, "{volumes}");
    }
}

#[tokio::test]
async fn a_task_status_that_is_no_word_is_still_a_task() {
    for (task, busy) in [
        ("null", false),
        (r#""""#, false),
        (r#""updating""#, true),
        ("{}", true),
        ("7", true),
    ] {
        let body = format!(r#"{{"desktop": {{"desktop_id": "d", "task_status": {task}}}}}"#);
        let found = desktop(answer(200, &body)).await.expect("readable");
        assert_eq!(found.expect("there").task_status.is_some(), busy, "{task}");
    }
}

#[test]
fn a_job_has_ended_in_the_documented_words_of_either_level() {
    use Progress::{Done, Failed, Open};
    for (status, parts, progress) in [
        (json!("COMPLETE"), json!([]), Done),
        (json!("SUCCESS"), json!(null), Done),
        (json!("success"), json!([{"status": "SUCCESS"}]), Done),
        (json!("FAIL"), json!([{"status": "SUCCESS"}]), Failed),
        (json!("FAILED"), json!(null), Failed),
        (
            json!("COMPLETE"),
            json!([{"status": "SUCCESS"}, {"status": "FAILED"}]),
            Failed,
        ),
        (json!("COMPLETE"), json!([{"status": "FAIL"}]), Failed),
        (json!("COMPLETE"), json!([null, 7, {"status": null}]), Done),
        (json!("RUNNING"), json!([{"status": "FAILED"}]), Open),
        // A part that is listed twice, the same and differently.
        (
            json!("COMPLETE"),
            json!([{"id": "p", "status": "FAILED"}, {"id": "p", "status": "FAILED"}]),
            Failed,
        ),
        (
            json!("COMPLETE"),
            json!([{"id": "p", "status": "FAILED"}, {"id": "p", "status": "SUCCESS"}]),
            Open,
        ),
        (
            json!("COMPLETE"),
            json!([{"id": "p", "status": "FAILED"}, {"id": "q", "status": "SUCCESS"}]),
            Failed,
        ),
        (json!("ABORTED"), json!([]), Open),
        (json!(null), json!([{"status": "FAILED"}]), Open),
    ] {
        let text = json!({"id": "j", "status": status, "sub_jobs": parts});
        let job: Job = serde_json::from_value(text.clone()).expect("a job");
        assert_eq!(job.progress(), progress, "{text}");
    }
}

#[test]
fn why_a_job_failed_is_said_by_its_part_first() {
    let failure = |job: Value| {
        let job: Job = serde_json::from_value(job).expect("a job");
        job.failure().join("|")
    };
    let part = json!([{"status": "SUCCESS", "error_code": "no"},
        {"status": "FAILED", "error_code": "WKS.1", "fail_reason": "no host"}]);
    let said = json!({"id": "j", "status": "FAIL", "job_error_code": "X", "sub_jobs": part});
    assert_eq!(failure(said), "WKS.1|no host");
    let silent = json!([{"status": "FAILED", "error_code": null}]);
    let said = json!({"id": "j", "status": "FAIL", "fail_reason": "why", "sub_jobs": silent});
    assert_eq!(failure(said), "why");
    assert_eq!(failure(json!({"id": "j", "status": "FAIL"})), "");
}

/// What is left out of the list must not be ruled out for good.
#[tokio::test]
async fn products_without_a_count_are_read_on_to_an_empty_page() {
    for count in [r#""total_count": null, "#, "", r#""total_count": 0, "#] {
        let page = |products: &str| answer(200, &format!("{{{count}\"products\": [{products}]}}"));
        let pages = [
            page(r#"{"product_id": "p1"}"#),
            page(r#"{"product_id": "p2"}"#),
            page(""),
        ];
        let server = Server::answering(pages);
        let found = list_products(&client(&server), "p0").await;
        let found = found.map(|products| (products.list.len(), products.understood));
        assert_eq!(found, Ok((2, true)), "{count}");
    }
}

#[tokio::test]
async fn the_answer_about_another_desktop_or_job_says_nothing_about_this_one() {
    let other = r#"{"desktop": {"desktop_id": "e", "product_id": "p2"}}"#;
    let found = desktop(answer(200, other)).await;
    assert!(found.is_err(), "{found:?}");
    let upper = r#"{"desktop": {"desktop_id": "D", "product_id": "p2"}}"#;
    let found = desktop(answer(200, upper)).await.expect("the same id");
    assert!(found.is_some());
    let body = r#"{"id": "j2", "status": "FAIL"}"#;
    let server = Server::answering([answer(200, body)]);
    assert_eq!(show_job(&client(&server), "j1").await, Ok(None));
}

#[tokio::test]
async fn a_volume_that_is_shown_twice_differently_is_not_shown() {
    let volume = |id: &str, size: i64| json!({"id": id, "volume_id": "d", "size": size});
    for (data, shown) in [
        (json!([volume("c", 80), volume("c", 80)]), true),
        (json!([volume("c", 80), volume("c", 100)]), false),
        (json!([volume("c", 80), volume("e", 80)]), false),
    ] {
        let root = json!({"id": "a", "volume_id": "b", "size": 80});
        let body = json!({"desktop_id": "d", "root_volume": root, "data_volumes": data});
        let body = json!({"desktop": body}).to_string();
        let found = desktop(answer(200, &body)).await.expect("readable");
        let found = found.expect("there");
        assert_eq!(found.volume("d").is_some(), shown, "{data}");
        assert_eq!(found.shows_every_volume(), shown, "{data}");
        assert!(found.volume("b").is_some(), "{data}");
    }
}
