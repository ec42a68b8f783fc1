//! The ids of a connection, which go into hosts, paths and headers of every request. The
//! schema bounds them; an older CRD may not.

use crate::api::CloudConnectionSpec;
use crate::cloud::is_id;
use crate::text;

/// Longest part of an odd id that is told.
const TOLD: usize = 64;

/// Which of them is not valid, as a sentence.
pub(super) fn odd_id(spec: &CloudConnectionSpec) -> Option<String> {
    let huawei = spec.huawei.as_ref();
    let volcengine = spec
        .volcengine
        .as_ref()
        .map(|volcengine| &volcengine.region);
    let tencent = spec.tencent.as_ref().map(|tencent| &tencent.region);
    let all = [
        ("spec.accountId", Some(&spec.account_id)),
        (
            "spec.huawei.projectId",
            huawei.map(|huawei| &huawei.project_id),
        ),
        ("spec.huawei.region", huawei.map(|huawei| &huawei.region)),
        ("spec.volcengine.region", volcengine),
        ("spec.tencent.region", tencent),
    ];
    let odd = all.into_iter().find_map(|(field, id)| {
        let id = id.filter(|id| !is_id(id))?;
        Some((field, text::line(id, TOLD)))
    });
    odd.map(|(field, id)| format!("{field} \"{id}\" is not a valid id. Correct it."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_odd_id_of_a_connection_is_named() {
        let spec = |account: &str, project: &str, region: &str| -> CloudConnectionSpec {
            serde_json::from_value(json!({
                "accountId": account,
                "huawei": {"projectId": project, "region": region},
                "credentials": {"secretRef": {"name": "s"}},
            }))
            .expect("a spec")
        };
        assert_eq!(
            odd_id(&spec("domain-1", "0123456789abcdef", "cn-north-4")),
            None
        );
        for odd in [
            "",
            "a/b",
            "..",
            "%2f",
            "a b",
            "evil.example/",
            "a\u{1B}[2J",
            &"x".repeat(65),
        ] {
            for (spec, field) in [
                (spec(odd, "p", "r"), "spec.accountId"),
                (spec("a", odd, "r"), "spec.huawei.projectId"),
                (spec("a", "p", odd), "spec.huawei.region"),
            ] {
                let told = odd_id(&spec).unwrap_or_else(|| panic!("{field} {odd:?}"));
                assert!(told.starts_with(field) && text::is_visible(&told), "{told}");
            }
        }
        for cloud in ["volcengine", "tencent"] {
            let spec = json!({
                "accountId": "a", cloud: {"region": "x.evil.example"},
                "credentials": {"secretRef": {"name": "s"}},
            });
            let told = odd_id(&serde_json::from_value(spec).expect("a spec"));
            assert!(told.is_some_and(|told| told.contains(cloud)));
        }
    }
}
