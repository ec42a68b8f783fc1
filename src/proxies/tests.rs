//! Which proxy is used, and that no password shows.

use super::*;

const PROXY: &str = "http://user:p%40ss@proxy.example:3128";

fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, ProxyError> {
    Proxies::read(|name| {
        let found = variables.iter().find(|(of, _)| *of == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn used(proxies: &Proxies, target: &str) -> Option<String> {
    let target: Uri = target.parse().expect("a URL");
    proxies.of(&target).map(ToString::to_string)
}

/// Go's own table (golang.org/x/net/http/httpproxy), which kubectl goes by.
#[test]
fn no_proxy_is_read_as_kubectl_reads_it() {
    for (entries, target, direct) in [
        ("", "https://api.example", false),
        (" , ,", "https://api.example", false),
        ("*", "https://api.example", true),
        ("a.test, *", "https://api.example", true),
        ("example", "https://api.example", true),
        ("api.example", "https://api.example", true),
        ("API.Example", "https://api.EXAMPLE", true),
        (" api.example ,", "https://api.example:6443", true),
        ("pi.example", "https://api.example", false),
        (".example", "https://api.example", true),
        (".api.example", "https://api.example", false),
        ("*.example", "https://api.example", true),
        ("*.api.example", "https://api.example", false),
        ("api.example:6443", "https://api.example:6443", true),
        ("api.example:443", "https://api.example", true),
        ("api.example:6443", "https://api.example", false),
        (".example:6443", "https://api.example:6443", true),
        ("10.0.0.1", "https://10.0.0.1:6443", true),
        ("10.0.0.1:6443", "https://10.0.0.1:6443", true),
        ("10.0.0.1:443", "https://10.0.0.1:6443", false),
        ("10.0.0.0/8", "https://10.96.0.1", true),
        ("10.0.0.0/8", "https://11.0.0.1", false),
        ("10.0.0.0/8", "https://10.example", false),
        ("fd00::1", "https://[fd00::1]:6443", true),
        ("[fd00::1]:6443", "https://[fd00::1]:6443", true),
        ("[fd00::1]", "https://[fd00::1]:6443", true),
        ("[fd00::1]:443", "https://[fd00::1]:6443", false),
        ("fd00::/8", "https://[fd00::1]", true),
        (":443", "https://api.example", false),
    ] {
        let found = proxies(&[("HTTPS_PROXY", PROXY), ("NO_PROXY", entries)]).unwrap();
        let expected = (!direct).then(|| "http://proxy.example:3128".to_owned());
        assert_eq!(used(&found, target), expected, "{entries:?} {target}");
    }
}

#[test]
fn each_scheme_has_its_variable_and_upper_case_wins() {
    let (https, http) = ("https://api.example", "http://api.example");
    let only_http = proxies(&[("HTTP_PROXY", "a:1")]).unwrap();
    assert_eq!(used(&only_http, https), None);
    assert_eq!(used(&only_http, http).as_deref(), Some("http://a:1"));
    let both = proxies(&[("HTTPS_PROXY", "a:1"), ("https_proxy", "b:1")]).unwrap();
    assert_eq!(used(&both, https).as_deref(), Some("http://a:1"));
    assert_eq!(used(&both, http), None);
    let lower = proxies(&[
        ("HTTPS_PROXY", ""),
        ("https_proxy", "https://b"),
        ("no_proxy", "c.example"),
    ]);
    let lower = lower.unwrap();
    assert_eq!(used(&lower, https).as_deref(), Some("https://b"));
    assert_eq!(used(&lower, "https://c.example"), None);
    assert_eq!(used(&proxies(&[]).unwrap(), https), None);
    let socks = proxies(&[("HTTPS_PROXY", "socks5h://a:1080")]).unwrap();
    assert_eq!(used(&socks, https).as_deref(), Some("socks5://a:1080"));
}

#[test]
fn loopback_is_reached_directly_unless_the_proxy_is_there_too() {
    for target in [
        "https://127.0.0.1:6443",
        "https://localhost",
        "https://[::1]:6443",
    ] {
        let elsewhere = proxies(&[("HTTPS_PROXY", PROXY)]).unwrap();
        assert_eq!(used(&elsewhere, target), None, "{target}");
        let here = proxies(&[("HTTPS_PROXY", "http://127.0.0.1:1")]).unwrap();
        assert!(used(&here, target).is_some(), "{target}");
        let except = [
            ("HTTPS_PROXY", "localhost:1"),
            ("NO_PROXY", "127.0.0.0/8,::1,localhost"),
        ];
        assert_eq!(used(&proxies(&except).unwrap(), target), None, "{target}");
    }
}

#[test]
fn user_and_password_never_show() {
    let proxy = Proxy::parse(PROXY, "HTTPS_PROXY").unwrap();
    let all = proxies(&[("HTTPS_PROXY", PROXY), ("HTTP_PROXY", PROXY)]).unwrap();
    for text in [proxy.to_string(), format!("{proxy:?}"), format!("{all:?}")] {
        assert!(text.contains("proxy.example:3128"), "{text}");
        assert!(!text.contains("user") && !text.contains("ss"), "{text}");
    }
    assert!(proxy.reveal().to_string().contains("user:p%40ss@"));
    for wrong in [
        "ftp://user:p-word@h",
        "http://user:p word@h",
        "http://user:p-word@",
        "://",
    ] {
        let error = proxies(&[("HTTP_PROXY", wrong)]).unwrap_err();
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(
                text.contains("HTTP_PROXY") && !text.contains("word@"),
                "{text}"
            );
        }
    }
}

#[test]
fn cloud_calls_use_the_proxy_for_https_alone() {
    let all = proxies(&[("HTTPS_PROXY", PROXY), ("HTTP_PROXY", PROXY)]).unwrap();
    let clouds = all.for_clouds().unwrap();
    assert!(used(&clouds, "https://dcs.example").is_some());
    assert_eq!(used(&clouds, "http://dcs.example"), None);
    for unusable in [
        &[("HTTP_PROXY", PROXY)][..],
        &[("HTTPS_PROXY", "socks5://a:1")],
    ] {
        assert!(proxies(unusable).unwrap().for_clouds().is_err());
    }
}

#[test]
fn what_the_client_could_not_use_is_refused() {
    for odd in [
        "http://proxy.example:99999",
        "http://proxy.example:1:2",
        "http://[::1",
        "ftp://proxy.example",
        "http://",
        "a b",
    ] {
        assert!(proxies(&[("HTTPS_PROXY", odd)]).is_err(), "{odd}");
    }
}
