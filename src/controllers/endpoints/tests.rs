use serde_json::{Value, json};

use super::*;
use crate::cloud::{SERVICES, huawei, tencent, volcengine};

/// A connection in namespace `team-a` that names that endpoint for a service.
fn connection(
    cloud: Cloud,
    region: &str,
    named: Option<(&'static Service, &str)>,
) -> CloudConnection {
    let (word, place) = match cloud {
        Cloud::Huawei => ("huawei", json!({"region": region, "projectId": "p"})),
        Cloud::Volcengine => ("volcengine", json!({"region": region})),
        Cloud::Tencent => ("tencent", json!({"region": region})),
    };
    let mut spec = json!({"accountId": "a", "credentials": {"secretRef": {"name": "s"}}});
    spec[word] = place;
    if let Some((service, url)) = named {
        spec["endpoints"] = json!({service.endpoint: url});
    }
    serde_json::from_value(json!({
        "apiVersion": "errand.cloud/v1alpha1",
        "kind": "CloudConnection",
        "metadata": {"name": "c", "namespace": "team-a"},
        "spec": spec,
    }))
    .expect("a connection")
}

fn with_site(mut connection: CloudConnection, site: Site) -> CloudConnection {
    let spec = &mut connection.spec;
    if let Some(huawei) = &mut spec.huawei {
        huawei.site = Some(site);
    }
    if let Some(tencent) = &mut spec.tencent {
        tencent.site = Some(site);
    }
    connection
}

fn origin(
    policy: &EndpointPolicy,
    service: &'static Service,
    region: &str,
    url: &str,
) -> Result<Origin, EndpointError> {
    let connection = connection(service.cloud(), region, Some((service, url)));
    policy.origin(&connection, service).expect("of this cloud")
}

/// Which rule it breaks, as a sentence; empty: none.
fn fault(policy: &EndpointPolicy, service: &'static Service, region: &str, url: &str) -> String {
    let found = origin(policy, service, region, url);
    found.err().map_or(String::new(), |error| error.to_string())
}

fn plain() -> EndpointPolicy {
    EndpointPolicy::default()
}

/// The documented hosts (contracts: g.1, l.1, l.3, l.4).
const DOCUMENTED: &[(&Service, &str, &str)] = &[
    (
        &huawei::dcs::SERVICE,
        "cn-north-4",
        "dcs.cn-north-4.myhuaweicloud.com",
    ),
    (
        &huawei::dcs::SERVICE,
        "eu-west-101",
        "dcs.eu-west-101.myhuaweicloud.eu",
    ),
    (
        &huawei::workspace::SERVICE,
        "cn-north-4",
        "workspace.cn-north-4.myhuaweicloud.com",
    ),
    (
        &huawei::workspace::SERVICE,
        "eu-west-101",
        "workspace.eu-west-101.myhuaweicloud.eu",
    ),
    (
        &huawei::clouddc::SERVICE,
        "cn-east-3",
        "clouddc.cn-east-3.myhuaweicloud.com",
    ),
    (
        &huawei::clouddc::SERVICE,
        "eu-west-101",
        "clouddc.eu-west-101.myhuaweicloud.eu",
    ),
    (&huawei::bss::SERVICE, "cn-north-4", "bss.myhuaweicloud.com"),
    (
        &huawei::bss::SERVICE,
        "ap-southeast-1",
        "bss-intl.myhuaweicloud.com",
    ),
    (&huawei::bss::SERVICE, "eu-west-101", "bss.myhuaweicloud.eu"),
    (
        &volcengine::ecs::SERVICE,
        "cn-beijing",
        "open.volcengineapi.com",
    ),
    (
        &volcengine::ecs::SERVICE,
        "cn-beijing",
        "ecs.cn-beijing.volcengineapi.com",
    ),
    (
        &volcengine::ecs::SERVICE,
        "cn-beijing",
        "ecs.cn-beijing.volcengine-api.com",
    ),
    (
        &volcengine::ecs::SERVICE,
        "ap-southeast-2",
        "ecs.ap-southeast-2.volcengineapi.com",
    ),
    (
        &volcengine::ecs::SERVICE,
        "ap-southeast-1",
        "open.byteplusapi.com",
    ),
    (
        &volcengine::ecs::SERVICE,
        "ap-southeast-1",
        "ecs.ap-southeast-1.byteplusapi.com",
    ),
    (
        &tencent::autoscaling::SERVICE,
        "ap-guangzhou",
        "as.tencentcloudapi.com",
    ),
    (
        &tencent::autoscaling::SERVICE,
        "ap-guangzhou",
        "as.ap-guangzhou.tencentcloudapi.com",
    ),
    (
        &tencent::autoscaling::SERVICE,
        "ap-singapore",
        "as.intl.tencentcloudapi.com",
    ),
    (
        &tencent::autoscaling::SERVICE,
        "ap-shanghai-fsi",
        "as.ap-shanghai-fsi.tencentcloudapi.com",
    ),
];

#[test]
fn a_documented_host_of_the_service_and_region_needs_no_flag() {
    for (service, region, host) in DOCUMENTED {
        for url in [
            format!("https://{host}"),
            format!("https://{host}/"),
            format!("https://{host}:443"),
            format!("HTTPS://{}", host.to_uppercase()),
        ] {
            let found = origin(&plain(), service, region, &url).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(found.url, format!("https://{host}"), "in one spelling");
            assert_eq!(found.authority, Authority::Vendor(service.cloud()));
            assert!(!found.admitted);
        }
    }
}

#[test]
fn a_host_of_another_service_region_or_customer_needs_a_flag() {
    for (service, region, host) in DOCUMENTED {
        for (other, at, _) in DOCUMENTED {
            if other == service && at == region {
                continue;
            }
            let hosts = other.hosts.iter();
            let region = Region::new(at).expect("a region");
            let documented = hosts.filter_map(|rule| rule.in_region(region));
            let url = format!("https://{host}");
            let allowed = documented.into_iter().any(|known| known == *host);
            let found = fault(&plain(), other, at, &url);
            assert_eq!(
                found.is_empty(),
                allowed,
                "{other:?} in {at}: {url}: {found}"
            );
        }
    }
    let (dcs, region) = (&huawei::dcs::SERVICE, "cn-north-4");
    for host in [
        // Object storage of anyone.
        "evil.obs.cn-north-4.myhuaweicloud.com",
        "dcs.cn-north-4.obs.myhuaweicloud.com",
        "x.dcs.cn-north-4.myhuaweicloud.com",
        "myhuaweicloud.com",
        "evilmyhuaweicloud.com",
        "dcs.cn-north-4.myhuaweicloud.com.evil.example",
        "dcs.cn-east-3.myhuaweicloud.com",
        "iam.cn-north-4.myhuaweicloud.com",
        "dcs.cn-north-4.myhuaweicloud.eu",
        "dcs.myhuaweicloud.com",
    ] {
        let found = fault(&plain(), dcs, region, &format!("https://{host}"));
        assert!(found.contains("not admitted"), "{host}: {found}");
        assert!(
            found.contains(&format!("--allow-endpoint={host}")),
            "{found}"
        );
        assert!(
            found.contains("Use https://dcs.cn-north-4.myhuaweicloud.com"),
            "{found}"
        );
    }
}

/// Each breaks one rule, whose words are in the message, also where the host is admitted.
#[test]
fn an_endpoint_in_an_unusual_form_is_refused_with_the_rule_that_it_breaks() {
    let flags = [
        "dcs.cn-north-4.myhuaweicloud.com",
        "one.example",
        ".cloud.example",
        "127.0.0.1",
        "[::1]",
    ];
    let policy = EndpointPolicy::of(&flags, true).expect("good flags");
    let known = "dcs.cn-north-4.myhuaweicloud.com";
    for (url, rule) in [
        (format!("http://{known}"), "http is for loopback"),
        ("http://one.example".to_owned(), "http is for loopback"),
        (format!("ftp://{known}"), "scheme is not https"),
        (known.to_owned(), "not of the form"),
        (String::new(), "not of the form"),
        ("https://".to_owned(), "names no host"),
        ("https://:443".to_owned(), "names no host"),
        (format!("https:/{known}"), "not of the form"),
        (format!("https://{known}@evil.example"), "not of the form"),
        (format!("https://user:word@{known}"), "not of the form"),
        (format!("https://{known}/v2"), "path"),
        (format!("https://{known}//"), "path"),
        (format!("https://{known}?a=b"), "path"),
        (format!("https://{known}#a"), "path"),
        (format!("https://evil.example#.{known}"), "path"),
        (format!("https://evil.example\\.{known}"), "path"),
        (format!("https://{known}%2eevil.example"), "not of the form"),
        (format!("https://{known}."), "ends with a dot"),
        (format!("https://{known}.:443"), "ends with a dot"),
        (format!("https://{known}:8443"), "another port"),
        ("https://one.example:8443".to_owned(), "another port"),
        (format!("https://{known}:0"), "port is not a number"),
        (format!("https://{known}:"), "port is not a number"),
        (format!("https://{known}:65536"), "port is not a number"),
        (format!("https://{known}:0443"), "port is not a number"),
        (format!("https://{known}:+443"), "port is not a number"),
        (format!("https://{known}:443:443"), "port is not a number"),
        (
            "https://dcs.cn-north-4.myhuaweicloud。com".to_owned(),
            "not ASCII",
        ),
        (
            "https://dсs.cn-north-4.myhuaweicloud.com".to_owned(),
            "not ASCII",
        ),
        (format!("https:// {known}"), "no DNS name"),
        (format!("https://{known}\n"), "no DNS name"),
        (format!("https://{known}\u{0}"), "no DNS name"),
        ("https://a_b.cloud.example".to_owned(), "no DNS name"),
        ("https://a..cloud.example".to_owned(), "no DNS name"),
        ("https://-.cloud.example".to_owned(), "no DNS name"),
        ("https://*.cloud.example".to_owned(), "no DNS name"),
        ("https://cloud.example".to_owned(), "not admitted"),
        ("https://evilcloud.example".to_owned(), "not admitted"),
        ("https://2130706433".to_owned(), "unusual form"),
        ("https://0x7f000001".to_owned(), "unusual form"),
        ("https://127.1".to_owned(), "unusual form"),
        ("https://0177.0.0.1".to_owned(), "unusual form"),
        ("https://a.cloud.example.0x1".to_owned(), "unusual form"),
        ("https://[::1".to_owned(), "IPv6"),
        ("https://[::1]443".to_owned(), "IPv6"),
        ("https://[fe80::1%25eth0]".to_owned(), "not of the form"),
        ("https://0.0.0.0".to_owned(), "no single host"),
        ("https://[::]".to_owned(), "no single host"),
        ("https://[::ffff:0.0.0.0]".to_owned(), "no single host"),
        ("https://224.0.0.1".to_owned(), "no single host"),
        ("https://169.254.169.254".to_owned(), "link-local"),
        ("http://169.254.169.254".to_owned(), "link-local"),
        ("https://[fe80::1]".to_owned(), "link-local"),
        ("https://[::ffff:169.254.169.254]".to_owned(), "link-local"),
        ("https://[::a9fe:a9fe]".to_owned(), "link-local"),
        ("https://[64:ff9b::a9fe:a9fe]".to_owned(), "link-local"),
    ] {
        let found = fault(&policy, &huawei::dcs::SERVICE, "cn-north-4", &url);
        assert!(
            found.contains(rule),
            "{url:?}: {rule:?} is not in {found:?}"
        );
        assert!(found.contains(". "), "it says what to do: {found}");
    }
}

#[test]
fn a_domain_of_customers_is_no_region() {
    for region in [
        "obs",
        "obs-website",
        "iam",
        "obs-1",
        "a--1",
        "1-a-1",
        "cn-north-a",
    ] {
        let connection = connection(Cloud::Huawei, region, None);
        for service in [
            &huawei::dcs::SERVICE,
            &huawei::workspace::SERVICE,
            &huawei::clouddc::SERVICE,
        ] {
            let found = plain().origin(&connection, service);
            assert!(!matches!(found, Some(Ok(_))), "{region}: {found:?}");
        }
    }
}

#[test]
fn a_region_that_is_no_dns_label_has_no_host() {
    for region in [
        "evil.example/",
        "x.obs",
        "a@b",
        "",
        "-a",
        "a-",
        "A",
        "a%2e",
        "*",
        "a:1",
    ] {
        for service in SERVICES {
            let connection = connection(service.cloud(), region, None);
            let found = plain().origin(&connection, service).expect("of this cloud");
            let found = found.expect_err("it would be another host").to_string();
            assert!(found.contains("the region is not"), "{found}");
            let named = fault(&plain(), service, region, "https://evil.example");
            assert!(named.contains("the region is not"), "{named}");
        }
    }
    let named = fault(
        &plain(),
        &huawei::dcs::SERVICE,
        "evil.example/",
        "https://dcs.evil.example/.myhuaweicloud.com",
    );
    assert!(!named.is_empty());
}

#[test]
fn every_service_has_an_endpoint_that_follows_region_and_site() {
    let (china, international) = (Site::China, Site::International);
    for (service, region, site, host) in [
        (
            &huawei::dcs::SERVICE,
            "cn-north-4",
            None,
            "dcs.cn-north-4.myhuaweicloud.com",
        ),
        (
            &huawei::workspace::SERVICE,
            "cn-north-4",
            None,
            "workspace.cn-north-4.myhuaweicloud.com",
        ),
        (
            &huawei::workspace::SERVICE,
            "eu-west-101",
            Some(international),
            "workspace.eu-west-101.myhuaweicloud.eu",
        ),
        (
            &huawei::clouddc::SERVICE,
            "cn-east-3",
            None,
            "clouddc.cn-east-3.myhuaweicloud.com",
        ),
        (
            &huawei::bss::SERVICE,
            "cn-north-4",
            None,
            "bss.myhuaweicloud.com",
        ),
        (
            &huawei::bss::SERVICE,
            "cn-north-4",
            Some(china),
            "bss.myhuaweicloud.com",
        ),
        (
            &huawei::bss::SERVICE,
            "ap-southeast-1",
            Some(international),
            "bss-intl.myhuaweicloud.com",
        ),
        (
            &huawei::bss::SERVICE,
            "eu-west-101",
            None,
            "bss.myhuaweicloud.eu",
        ),
        (
            &huawei::bss::SERVICE,
            "eu-west-101",
            Some(international),
            "bss.myhuaweicloud.eu",
        ),
        (
            &volcengine::ecs::SERVICE,
            "cn-beijing",
            None,
            "open.volcengineapi.com",
        ),
        (
            &volcengine::ecs::SERVICE,
            "ap-southeast-2",
            None,
            "ecs.ap-southeast-2.volcengineapi.com",
        ),
        (
            &volcengine::ecs::SERVICE,
            "cn-shanghai-autodriving",
            None,
            "ecs.cn-shanghai-autodriving.volcengineapi.com",
        ),
        (
            &tencent::autoscaling::SERVICE,
            "ap-guangzhou",
            None,
            "as.tencentcloudapi.com",
        ),
        (
            &tencent::autoscaling::SERVICE,
            "ap-singapore",
            Some(international),
            "as.intl.tencentcloudapi.com",
        ),
        (
            &tencent::autoscaling::SERVICE,
            "ap-beijing-fsi",
            None,
            "as.ap-beijing-fsi.tencentcloudapi.com",
        ),
    ] {
        let mut connection = connection(service.cloud(), region, None);
        if let Some(site) = site {
            connection = with_site(connection, site);
        }
        let url = format!("https://{host}");
        assert_eq!(
            default_endpoint(&connection.spec, service),
            Some(url.clone())
        );
        let found = plain().origin(&connection, service);
        assert_eq!(found.expect("of this cloud").expect("allowed").url, url);
        // Naming it changes nothing.
        assert_eq!(fault(&plain(), service, region, &url), "");
        let others = SERVICES.iter();
        for other in others.filter(|other| other.cloud() != service.cloud()) {
            assert_eq!(default_endpoint(&connection.spec, other), None);
            assert_eq!(plain().origin(&connection, other), None);
        }
    }
}

#[test]
fn each_service_is_reached_at_the_endpoint_that_is_named_for_it() {
    let named_for = |service: &'static Service| {
        let url = format!("https://{}", service.endpoint);
        let connection = connection(service.cloud(), "r", Some((service, &url)));
        SERVICES.map(|other| {
            let named = named(&connection.spec, other);
            named == Some(url.as_str())
        })
    };
    for (index, service) in SERVICES.into_iter().enumerate() {
        let mut expected = [false; SERVICES.len()];
        expected[index] = true;
        assert_eq!(named_for(service), expected);
    }
}

#[test]
fn an_admitted_host_is_an_alias_of_the_vendor_or_a_cloud_of_one_namespace() {
    let flags = [
        "Alias.Example",
        "alias.example:8443",
        ".suffix.example",
        "team-a=own.example",
        "team-b=own.example:444",
        "team-b=theirs.suffix.example",
        "[2001:DB8::1]:8443",
        "192.0.2.7",
    ];
    let policy = EndpointPolicy::of(&flags, false).expect("good flags");
    let at = |url: &str| origin(&policy, &huawei::dcs::SERVICE, "cn-north-4", url);
    let vendor = Authority::Vendor(Cloud::Huawei);
    for (url, authority, name) in [
        ("https://alias.example", vendor.clone(), "alias.example"),
        (
            "https://ALIAS.example:443/",
            vendor.clone(),
            "alias.example",
        ),
        (
            "https://alias.example:8443",
            vendor.clone(),
            "alias.example:8443",
        ),
        (
            "https://a.b.suffix.example",
            vendor.clone(),
            "a.b.suffix.example",
        ),
        (
            "https://[2001:db8:0::1]:8443",
            vendor.clone(),
            "[2001:db8::1]:8443",
        ),
        ("https://192.0.2.7", vendor, "192.0.2.7"),
        ("https://own.example:443", own("own.example"), "own.example"),
    ] {
        let found = at(url).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(found.authority, authority, "{url}");
        assert_eq!((&*found.host, found.admitted), (name, true), "{url}");
        assert_eq!(found.url, format!("https://{name}"), "{url}");
    }
    for (url, rule) in [
        ("https://own.example:444", "not admitted for this namespace"),
        // Not even as an alias: it would have two ledgers.
        (
            "https://theirs.suffix.example",
            "not admitted for this namespace",
        ),
        ("https://own.example:8443", "another port"),
        ("https://suffix.example", "not admitted"),
        ("https://x.suffix.example:444", "another port"),
        ("https://192.0.2.8", "not admitted"),
        ("https://x.192.0.2.7", "unusual form"),
    ] {
        let found = at(url).expect_err("not allowed").to_string();
        assert!(found.contains(rule), "{url}: {found}");
    }
    let found = at("https://own.example:444").expect_err("not allowed");
    assert!(
        found
            .to_string()
            .ends_with("add the flag --allow-endpoint=team-a=own.example:444"),
        "{found}"
    );
}

fn own(host: &str) -> Authority {
    Authority::Own {
        host: host.to_owned(),
    }
}

/// Simulators listen on whatever port is free.
#[test]
fn a_loopback_host_without_a_port_admits_every_port_where_http_is_allowed() {
    let allowed = |flag: &str, http: bool, url: &str| {
        let policy = EndpointPolicy::of(&[flag], http).expect("a good flag");
        fault(&policy, &huawei::dcs::SERVICE, "cn-north-4", url)
    };
    for (flag, url) in [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("localhost", "http://localhost:8080"),
        ("[::1]", "http://[::1]:8080"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("team-a=127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("127.0.0.1", "https://127.0.0.1:8443"),
    ] {
        assert_eq!(allowed(flag, true, url), "", "{flag} {url}");
        if url.starts_with("http:") {
            let found = allowed(flag, false, url);
            assert!(found.contains("http is for loopback"), "{found}");
        }
    }
    for (flag, url) in [
        ("127.0.0.1:8080", "http://127.0.0.1:8081"),
        ("127.0.0.1", "http://127.0.0.2:8080"),
        ("127.0.0.1", "http://localhost:8080"),
        ("one.example", "http://one.example:8080"),
        ("team-b=127.0.0.1:8080", "http://127.0.0.1:8080"),
    ] {
        assert_ne!(allowed(flag, true, url), "", "{flag} {url}");
    }
    assert_ne!(allowed("127.0.0.1", false, "https://127.0.0.1:8443"), "");
    assert_eq!(allowed("127.0.0.1", false, "https://127.0.0.1"), "");
}

#[test]
fn a_bad_flag_is_refused_with_what_to_write() {
    let tried = |flag: &str| flag.parse::<AllowedEndpoint>();
    for (flag, word) in [
        ("", "names no host"),
        (".", "names no host"),
        (":443", "names no host"),
        ("team-a=", "names no host"),
        ("=own.example", "namespace"),
        ("Team=own.example", "namespace"),
        ("a.b=own.example", "namespace"),
        ("team-a=b=own.example", "no DNS name"),
        ("http://one.example", "without scheme"),
        ("https://one.example", "without scheme"),
        ("team-a=https://one.example", "without scheme"),
        ("one.example/", "path"),
        ("one.example/v2", "path"),
        ("user@one.example", "user"),
        ("*", "Wildcards"),
        ("*.example.com", "Wildcards"),
        ("one.example:0", "port"),
        ("one.example:", "port"),
        ("one.example:65536", "port"),
        ("one.example:https", "port"),
        ("one.example:443:443", "port"),
        ("one.example.", "ends with a dot"),
        ("one example", "no DNS name"),
        ("one.example,two.example", "no DNS name"),
        ("öne.example", "xn--"),
        ("::1", "IPv6 address in brackets"),
        ("[::1", "IPv6"),
        ("169.254.169.254", "link-local"),
        ("169.254.0.1:80", "link-local"),
        ("[fe80::1]", "link-local"),
        ("team-a=[::ffff:169.254.169.254]", "link-local"),
        ("0.0.0.0", "no single host"),
        ("2852039166", "unusual form"),
        (".com", "anyone"),
        (".169.254.169.254", "link-local"),
        (".192.0.2.1", "no domain"),
        ("..example.com", "no DNS name"),
        ("team-a=.own.example", "one host"),
        // Where other customers of the vendor have hosts.
        (".myhuaweicloud.com", "other customers"),
        (".obs.cn-north-4.myhuaweicloud.com", "other customers"),
        (".volcengine-api.com:8443", "other customers"),
        (".tencentcloudapi.com", "other customers"),
        // It would have two ledgers.
        ("team-a=bss.myhuaweicloud.com", "Leave out NAMESPACE="),
        ("team-a=x.byteplusapi.com", "Leave out NAMESPACE="),
    ] {
        let found = tried(flag).expect_err(flag);
        assert!(found.contains(word), "{flag:?}: {found}");
    }
    for flag in [
        "one.example",
        "one.example:8443",
        "ONE.example:443",
        "localhost",
        "127.0.0.1:7000",
        "[::1]:7000",
        ".cloud.example",
        ".cloud.example:8443",
        "dcs.cn-north-4.myhuaweicloud.com",
        "team-a=own.example:8443",
        "team-a=127.0.0.1",
    ] {
        assert!(tried(flag).is_ok(), "{flag}");
    }
    for flags in [
        ["one.example", "team-a=one.example"],
        ["one.example:443", "team-a=ONE.example"],
        ["127.0.0.1", "team-a=127.0.0.1"],
    ] {
        let found = EndpointPolicy::of(&flags, true).expect_err("they contradict");
        assert!(found.contains("both as an alias"), "{found}");
    }
    assert!(EndpointPolicy::of(&["127.0.0.1", "team-a=127.0.0.1:7000"], true).is_ok());
    assert!(EndpointPolicy::of(&["one.example", "team-a=one.example:8443"], true).is_ok());
}

#[test]
fn the_site_of_a_vendors_host_is_its_own_or_the_connections() {
    let flags = ["alias.example", "team-a=own.example"];
    let policy = EndpointPolicy::of(&flags, false).expect("good flags");
    for (service, url, of_china, of_international) in [
        (
            &tencent::autoscaling::SERVICE,
            "",
            "Vendor/China",
            "Vendor/International",
        ),
        (
            &tencent::autoscaling::SERVICE,
            "https://alias.example",
            "Vendor/China",
            "Vendor/International",
        ),
        (
            &tencent::autoscaling::SERVICE,
            "https://as.intl.tencentcloudapi.com",
            "Vendor/International",
            "Vendor/International",
        ),
        (
            &tencent::autoscaling::SERVICE,
            "https://as.r-one-1.tencentcloudapi.com",
            "Vendor/China",
            "Vendor/International",
        ),
        (
            &tencent::autoscaling::SERVICE,
            "https://own.example",
            "own.example",
            "own.example",
        ),
        (&huawei::dcs::SERVICE, "", "Vendor", "Vendor"),
        (
            &huawei::dcs::SERVICE,
            "https://alias.example",
            "Vendor",
            "Vendor",
        ),
        (
            &huawei::bss::SERVICE,
            "https://bss.myhuaweicloud.com",
            "Vendor/China",
            "Vendor/China",
        ),
    ] {
        for (site, expected) in [
            (Site::China, of_china),
            (Site::International, of_international),
        ] {
            let named = (!url.is_empty()).then_some((service, url));
            let connection = with_site(connection(service.cloud(), "r-one-1", named), site);
            let found = policy.origin(&connection, service).expect("of this cloud");
            assert_eq!(
                found.expect("allowed").cloud(),
                expected,
                "{service:?} {url}"
            );
        }
    }
    let byteplus = origin(
        &policy,
        &volcengine::ecs::SERVICE,
        "r-one-1",
        "https://open.byteplusapi.com",
    );
    let volcengine = origin(
        &policy,
        &volcengine::ecs::SERVICE,
        "r-one-1",
        "https://open.volcengineapi.com",
    );
    assert_ne!(
        byteplus.expect("allowed").cloud(),
        volcengine.expect("allowed").cloud()
    );
}

#[test]
fn an_operation_does_not_mix_the_vendor_with_another_cloud() {
    let flags = [
        "alias.example",
        "team-a=own.example",
        "team-a=bss.own.example",
    ];
    let policy = EndpointPolicy::of(&flags, false).expect("good flags");
    let both = |endpoints: Value| {
        let mut connection = connection(Cloud::Huawei, "cn-north-4", None);
        connection.spec.endpoints = serde_json::from_value(endpoints).expect("endpoints");
        let origins = [&huawei::workspace::SERVICE, &huawei::bss::SERVICE].map(|service| {
            let origin = policy.origin(&connection, service).expect("of this cloud");
            (service, origin.expect("allowed"))
        });
        one_cloud(&origins)
    };
    for good in [
        json!({}),
        json!({"workspace": "https://alias.example"}),
        json!({"workspace": "https://own.example", "bss": "https://bss.own.example"}),
    ] {
        assert_eq!(both(good.clone()), Ok(()), "{good}");
    }
    for bad in [
        json!({"workspace": "https://own.example"}),
        json!({"workspace": "https://own.example", "bss": "https://alias.example"}),
        json!({"bss": "https://bss.own.example"}),
    ] {
        let found = both(bad.clone()).expect_err("two clouds");
        assert!(found.contains("a cloud of its own"), "{bad}: {found}");
    }
}

/// Tencent Cloud's endpoint within a VPC, by a region of that name.
#[test]
fn a_vpc_endpoint_needs_a_flag_whatever_the_region_is_called() {
    let policy = EndpointPolicy::default();
    let url = "https://as.internal.tencentcloudapi.com";
    for region in ["ap-guangzhou", "internal"] {
        let found = fault(&policy, &tencent::autoscaling::SERVICE, region, url);
        assert!(!found.is_empty(), "{region}: {url} is used without a flag");
    }
}
