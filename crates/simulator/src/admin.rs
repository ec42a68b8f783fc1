//! The admin API: the library's switches over HTTP, for people and for tests in
//! other languages. No authentication, so it answers loopback peers only.

use std::net::SocketAddr;

use hyper::Response;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::faults::{Fault, FaultId};
use crate::message::{Request, query_pairs};
use crate::seed::{BadSeed, Seed};
use crate::server::{Payload, Shared};
use crate::world::World;

/// No cloud has a path like this.
pub(crate) const PREFIX: &str = "/-/";

const HELP: &str = r#"errand-simulator: the clouds on loopback

PUT    /-/seed           forget what was seeded, then take this seed
POST   /-/seed           add this seed; same ids are replaced
GET    /-/state          everything there is, without secrets
GET    /-/journal        every call and effect; ?after=N leaves out the first N calls,
                         ?format=text makes a table
POST   /-/faults         inject a fault; answers its id
POST   /-/orders/{id}    do to an order: "pay" "cancel" "fail" "hurry" {"status": 9}
POST   /-/clouddc/{project}/{id}   give an instance a status now: {"state": "stopped"}
POST   /-/refreshes/{id} do to a refresh activity: "pause" "resume" "continue" "cancel"
POST   /-/reservations/{id}
                         do to a reservation: "cancel" "invalidate" {"deliver": 1}
DELETE /-/faults         remove all faults that are not used up
DELETE /-/faults/{id}    remove one

A seed:
{"accounts": [{"access_key": "AK", "secret_key": "SK", "domain_id": "d1",
   "projects": ["p1"]}],
 "dcs": {"p1": [{"id": "dcs-1", "changes": [
   {"task_id": "t-1", "new_spec_code": "redis.ha.xu1.large.r2.8", "new_capacity": 8,
    "runs_at": {"in": 3600}}]}]},
 "workspace": {"p1": {"desktops": [{"id": "desktop-1", "product_id": "small"}],
   "products": [{"product_id": "small"}, {"product_id": "large"}]}},
 "clouddc": {"p1": [{"id": "metal-1", "status": {"state": "pending"}, "script": [
   {"at": {"in": 60}, "status": {"state": "running"}}]}]},
 "desktop_orders": [{"project": "p1", "desktop": "desktop-1", "created_at": {"in": 60},
   "change": {"resize": {"product_id": "large"}}}],
 "tencent": {"accounts": [{"secret_id": "AKID", "secret_key": "SK",
   "regions": ["ap-guangzhou"]}],
   "activities": [{"group": "asg-1", "id": "asr-1", "batches": [{"instances": 2,
     "runs_for": 600}, {}]}]},
 "volcengine": {"accounts": [{"access_key": "AKLT", "secret_key": "SK",
   "regions": ["cn-beijing"]}],
   "reservations": [{"id": "esi-1", "count": 2}, {"id": "esi-2",
     "kind": "segmented_reserve", "start_delivery_at": {"in": 3600}}]}}

A fault:
{"api": "dcs.CancelInstanceResize", "kind": "drop_after"}

APIs:   dcs.CancelInstanceResize dcs.ListBackgroundTask dcs.ShowInstance
        dcs.ShowBackgroundTaskProgress
        workspace.CreateChangeOrder workspace.ShowDesktop workspace.ListDesktops
        workspace.ListProducts workspace.ListVolumeProducts workspace.ShowJob
        workspace.ListSubJobs
        bss.ShowOrder bss.ListOrders bss.CancelOrder bss.PayOrder bss.ListResources
        clouddc.ShowInstanceStatus clouddc.ListInstances
        as.CancelInstanceRefresh as.StopInstanceRefresh as.ResumeInstanceRefresh
        as.DescribeRefreshActivities
        ecs.DeleteScheduledInstance ecs.DescribeScheduledInstances
        "dcs.", "workspace.", "bss.", "clouddc.", "as.", "ecs." mean all of a service
Kinds:  {"error": {"status": 500, "code": "DCS.5000"}} "throttle" "drop_before"
        "drop_after" {"delay": {"ms": 100}} {"late": {"seconds": 60}} "bad_body"
        "hang" "hang_after" "truncate"
With:   "skip": 1, "times": 2, "always": true, "path_contains": "dcs-1"
"#;

enum Reply {
    Text(u16, String),
    Json(u16, Value),
}

pub(crate) fn answer(shared: &Shared, request: &Request, peer: SocketAddr) -> Response<Payload> {
    let reply = if peer.ip().to_canonical().is_loopback() {
        dispatch(shared, request)
    } else {
        error(403, "the admin API answers loopback peers only")
    };
    let (status, kind, text) = match reply {
        Reply::Text(status, text) => (status, "text/plain; charset=utf-8", text),
        Reply::Json(status, value) => (status, "application/json", format!("{value:#}\n")),
    };
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, kind)
        .header(CONTENT_LENGTH, text.len())
        .body(Payload::whole(text.into_bytes()))
        .expect("status and headers are valid")
}

fn dispatch(shared: &Shared, request: &Request) -> Reply {
    let path = request.path().trim_start_matches(PREFIX);
    match (&*request.method, path) {
        ("GET", "") => Reply::Text(200, HELP.into()),
        ("PUT", "seed") => seed(shared, request, true),
        ("POST", "seed") => seed(shared, request, false),
        ("GET", "state") => Reply::Json(200, json!(shared.world().state())),
        ("GET", "journal") => journal(shared, request),
        ("POST", "faults") => fault(shared, request),
        ("POST", path) if path.contains('/') => match path.split_once('/') {
            Some(("orders", id)) => act(shared, request, |world, action| {
                world.act_on_order(id, action)
            }),
            Some(("refreshes", id)) => act(shared, request, |world, action| {
                world.act_on_refresh(id, action)
            }),
            Some(("reservations", id)) => act(shared, request, |world, action| {
                world.act_on_reservation(id, action)
            }),
            Some(("clouddc", ids)) => match ids.split_once('/') {
                Some((project, instance)) => act(shared, request, |world, status| {
                    world.act_on_clouddc(project, instance, status)
                }),
                None => not_here(),
            },
            _ => not_here(),
        },
        ("DELETE", "faults") => {
            shared.world().faults.clear();
            Reply::Json(200, json!({}))
        }
        ("DELETE", path) => match path.strip_prefix("faults/").map(str::parse) {
            Some(Ok(id)) if shared.world().faults.remove(FaultId(id)) => {
                Reply::Json(200, json!({}))
            }
            Some(_) => error(404, "no such fault, or it is used up"),
            None => not_here(),
        },
        _ => not_here(),
    }
}

fn seed(shared: &Shared, request: &Request, anew: bool) -> Reply {
    let seed: Seed = match parse(request) {
        Ok(seed) => seed,
        Err(reply) => return reply,
    };
    match shared.world().seed(seed, anew) {
        Ok(()) => Reply::Json(200, json!({})),
        Err(why) => error(400, &why.to_string()),
    }
}

fn fault(shared: &Shared, request: &Request) -> Reply {
    let fault: Fault = match parse(request) {
        Ok(fault) => fault,
        Err(reply) => return reply,
    };
    match shared.world().faults.add(fault) {
        Ok(id) => Reply::Json(201, json!({"id": id})),
        Err(why) => error(400, &why.to_string()),
    }
}

/// Does what somebody else does in a console.
fn act<T: DeserializeOwned>(
    shared: &Shared,
    request: &Request,
    act: impl FnOnce(&mut World, T) -> Result<(), BadSeed>,
) -> Reply {
    let action = match parse(request) {
        Ok(action) => action,
        Err(reply) => return reply,
    };
    match act(&mut shared.world(), action) {
        Ok(()) => Reply::Json(200, json!({})),
        Err(why) => error(400, &why.to_string()),
    }
}

fn journal(shared: &Shared, request: &Request) -> Reply {
    let mut text = false;
    let mut after = 0;
    for (name, value) in query_pairs(request.query()) {
        let value = String::from_utf8_lossy(&value);
        match (&*name, &*value) {
            (b"format", "text") => text = true,
            (b"format", "json") => text = false,
            (b"after", number) => match number.parse() {
                Ok(number) => after = number,
                Err(_) => return error(400, "after must be a number"),
            },
            _ => return error(400, "the query knows format=text|json and after=N"),
        }
    }
    let mut world = shared.world();
    world.catch_up();
    let journal = world.journal.after(after);
    if text {
        Reply::Text(200, format!("{journal}\n"))
    } else {
        Reply::Json(200, json!(journal))
    }
}

fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, Reply> {
    serde_json::from_slice(&request.body).map_err(|why| error(400, &why.to_string()))
}

fn not_here() -> Reply {
    error(404, "no such admin call; GET /-/ lists them")
}

fn error(status: u16, why: &str) -> Reply {
    Reply::Json(status, json!({"error": why}))
}
