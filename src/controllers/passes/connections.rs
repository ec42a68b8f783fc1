//! What a connection's own status says.

use errand_engine::Span;

use super::bench::CONNECTION;
use super::cases::Case;
use super::{Bench, every_kind};
use crate::operations::Kind;

every_kind!(a_status_that_met_a_newer_version_is_written_soon: outdated);

async fn outdated<K: Kind>(case: Case) {
    let mut bench = Bench::<K>::new(case, 0);
    let shown = |bench: &Bench<K>| bench.api.get(CONNECTION).expect("it is there");
    let reason = |bench: &Bench<K>| shown(bench)["status"]["conditions"][0]["reason"].clone();
    // Its first status was written, which the watch has not shown yet when there is news.
    let first = shown(&bench);
    bench.pass_of_connection(first.clone()).await;
    bench.check(reason(&bench) == "NotProbed", "no key was used yet");
    bench.pass().await;
    let Span(pause) = bench.pass_of_connection(first).await;
    bench.check(reason(&bench) == "NotProbed", "another version");
    bench.check(pause <= 1_000, "it is tried again soon");
    let now = shown(&bench);
    let Span(pause) = bench.pass_of_connection(now).await;
    bench.check(reason(&bench) == "CredentialsAccepted", "the key was used");
    bench.check(pause > 50_000, "there is nothing left to write");
    // Whatever keeps it from being written.
    bench.api.edit(CONNECTION, |connection| {
        connection["status"] = serde_json::json!({})
    });
    bench.api.refuse(Some(CONNECTION));
    let Span(pause) = bench.pass_of_connection(shown(&bench)).await;
    bench.check(pause <= 5_000, "it is tried again");
}

every_kind!(a_connection_is_ready_where_its_key_was_used_and_nowhere_else: elsewhere);

async fn elsewhere<K: Kind>(case: Case) {
    let mut bench = Bench::<K>::new(case, 0);
    bench.pass().await;
    let ready = |bench: &Bench<K>| {
        let shown = bench.api.get(CONNECTION).expect("it is there");
        shown["status"]["conditions"][0]["reason"].clone()
    };
    let used = bench.api.get(CONNECTION).expect("it is there");
    bench.pass_of_connection(used).await;
    bench.check(ready(&bench) == "CredentialsAccepted", "it was used here");
    // Its region is mistyped now, or it is of another account or project.
    for (pointer, wrong) in [
        ("/region", "cn-nroth-4"),
        ("/projectId", "ffffffffffffffffffffffffffffffff"),
    ] {
        bench.edit_connection(|spec| {
            let clouds = ["huawei", "volcengine", "tencent"];
            for cloud in clouds {
                if let Some(field) = spec[cloud].pointer_mut(pointer) {
                    *field = wrong.into();
                }
            }
        });
        let edited = bench.api.get(CONNECTION).expect("it is there");
        let spec = edited["spec"].to_string();
        bench.pass_of_connection(edited).await;
        let expected = match spec.contains(wrong) {
            true => "NotProbed",
            false => continue,
        };
        bench.check(ready(&bench) == expected, wrong);
    }
}
