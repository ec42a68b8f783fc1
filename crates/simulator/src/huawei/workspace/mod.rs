//! Workspace, the cloud desktops: the calls (contracts sections e.1, e.2 and e.5;
//! fields as the official SDK has them). An order for a desktop is kept by BSS
//! ([`super::bss`]), its job is seen here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Route;
use super::bss::Bss;
use super::bss::seed::DesktopOrderSeed;
use super::bss::state::{Delivery, NewOrder, Order, Other};
use super::gateway::{self, Refused};
use super::query::{BadQuery, Query};
use crate::journal::NewEffect;
use crate::message::{Refusal, Reply, Request};
use crate::seed::BadSeed;
use change::Asked;
use seed::{
    NoDataVolumes, OnDemandChanges, SecondOrder, WorkspaceProduct, WorkspaceProject,
    WorkspaceReadings, WorkspaceVolumeProduct,
};
use state::{Desktop, Products, WorkspaceDesktopState};

pub(crate) mod change;
pub(crate) mod seed;
pub(crate) mod state;

/// A call to Workspace, without the project.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Order { desktop: String },
    Show { desktop: String },
    List,
    Products,
    VolumeProducts,
    Job { job: String },
    SubJobs,
}

pub(crate) fn route(method: &str, segments: &[&str]) -> Option<Route> {
    let ["v2", project, rest @ ..] = segments else {
        return None;
    };
    let id = |id: &str| String::from(id);
    let (api, call) = match (method, rest) {
        ("POST", ["periodic", desktop, "change", "order"]) => {
            let desktop = id(desktop);
            ("workspace.CreateChangeOrder", Call::Order { desktop })
        }
        ("GET", ["desktops", "detail"]) => ("workspace.ListDesktops", Call::List),
        ("GET", ["desktops", desktop]) => {
            let desktop = id(desktop);
            ("workspace.ShowDesktop", Call::Show { desktop })
        }
        ("GET", ["products"]) => ("workspace.ListProducts", Call::Products),
        ("GET", ["volume", "products"]) => ("workspace.ListVolumeProducts", Call::VolumeProducts),
        ("GET", ["workspace-jobs", job]) => ("workspace.ShowJob", Call::Job { job: id(job) }),
        ("GET", ["workspace-sub-jobs"]) => ("workspace.ListSubJobs", Call::SubJobs),
        _ => return None,
    };
    Some(Route {
        api,
        project: Some((*project).into()),
        call: super::Call::Workspace(call),
    })
}

/// The desktops and products of every project.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) readings: WorkspaceReadings,
    projects: BTreeMap<String, Project>,
}

#[derive(Clone, Debug, Default)]
struct Project {
    desktops: BTreeMap<String, Desktop>,
    products: Products,
    volume_products: BTreeMap<String, WorkspaceVolumeProduct>,
}

impl Workspace {
    pub(crate) fn put(
        &mut self,
        project: &str,
        seed: WorkspaceProject,
        now: Timestamp,
    ) -> Result<(), BadSeed> {
        let project = self.projects.entry(project.into()).or_default();
        for desktop in seed.desktops {
            let desktop = Desktop::new(desktop, now)?;
            project.desktops.insert(desktop.id.clone(), desktop);
        }
        for product in seed.products {
            project.products.put(product);
        }
        for product in seed.volume_products {
            let id = product.resource_spec_code.clone();
            project.volume_products.insert(id, product);
        }
        Ok(())
    }

    /// Places the order of a colleague.
    pub(crate) fn order(
        &self,
        seed: DesktopOrderSeed,
        now: Timestamp,
        bss: &mut Bss,
    ) -> Result<(), BadSeed> {
        let desktop = self
            .projects
            .get(&seed.project)
            .and_then(|project| project.desktops.get(&seed.desktop))
            .ok_or_else(|| BadSeed::new("desktop_orders names a desktop that is not there"))?;
        let created_at = match seed.created_at {
            Some(when) => when.from(now)?,
            None => now,
        };
        let asked = Asked {
            change: seed.change,
            auto_pay: seed.paid,
        };
        let mut new = new_order(&seed.project, desktop, asked, created_at);
        new.foreign = true;
        new.other = Other {
            order_type: seed.order_type,
            service_type_code: seed.service_type_code,
        };
        new.fails |= seed.fails;
        let (id, _) = bss.place(seed.order_id, new)?;
        if let Some(status) = seed.status {
            bss.fix(&id, status);
        }
        Ok(())
    }

    pub(crate) fn deliver(&mut self, delivery: &Delivery) {
        let project = self.projects.get_mut(&delivery.project);
        let desktop = project.and_then(|project| project.desktops.get_mut(&delivery.desktop));
        if let Some(desktop) = desktop {
            desktop.deliver(delivery);
        }
    }

    pub(crate) fn state_of(
        &self,
        project: &str,
        desktop: &str,
        bss: &Bss,
        now: Timestamp,
    ) -> Option<WorkspaceDesktopState> {
        let desktop = self.projects.get(project)?.desktops.get(desktop)?;
        let running = bss.running(project, &desktop.id, now);
        Some(desktop.state(running.as_ref(), now))
    }

    pub(crate) fn state(
        &self,
        bss: &Bss,
        now: Timestamp,
    ) -> BTreeMap<String, Vec<WorkspaceDesktopState>> {
        let of = |(id, project): (&String, &Project)| {
            let desktops = project.desktops.keys();
            let states = desktops.filter_map(|desktop| self.state_of(id, desktop, bss, now));
            (id.clone(), states.collect())
        };
        self.projects.iter().map(of).collect()
    }

    pub(crate) fn perform(
        &self,
        project: &str,
        call: &Call,
        request: &Request,
        now: Timestamp,
        bss: &mut Bss,
        effects: &mut Vec<NewEffect>,
    ) -> Result<Reply, Refusal> {
        let answered = self.answer(project, call, request, now, bss, effects);
        answered.map_err(|mut refusal| {
            if self.readings.refusals_with_200 {
                refusal.status = 200;
            }
            refusal
        })
    }

    fn answer(
        &self,
        project: &str,
        call: &Call,
        request: &Request,
        now: Timestamp,
        bss: &mut Bss,
        effects: &mut Vec<NewEffect>,
    ) -> Result<Reply, Refusal> {
        let nothing = Project::default();
        let here = self.projects.get(project).unwrap_or(&nothing);
        let find = |id: &str| here.desktops.get(id).ok_or_else(|| self.not_found());
        let show = |desktop: &Desktop, bss: &Bss| {
            let running = bss.running(project, &desktop.id, now);
            let mut shown = desktop.show(running.as_ref(), now);
            if self.readings.no_data_volumes == NoDataVolumes::Null
                && shown["data_volumes"].as_array().is_some_and(Vec::is_empty)
            {
                shown["data_volumes"] = Value::Null;
            }
            shown
        };
        let query = Query::of(request.query());
        let body = match call {
            Call::Order { desktop } => {
                let desktop = find(desktop)?;
                let expand_by = self.readings.expand_by;
                let asked = change::read(&request.body, desktop, &here.products, expand_by)?;
                if self.readings.on_demand_changes == OnDemandChanges::Refused {
                    asked.is_for_its_charging(desktop)?;
                }
                let refuses = self.readings.second_order == SecondOrder::Refused;
                let open = refuses && bss.has_open_order(project, &desktop.id, now);
                if open || desktop.busy(now).is_some() {
                    return Err(conflict());
                }
                self.accept(project, desktop, asked, now, bss, effects)
            }
            Call::Show { desktop } => json!({"desktop": show(find(desktop)?, bss)}),
            Call::List => {
                let page = query.page(500, 0..=500).map_err(bad_page)?;
                let all: Vec<Value> = here
                    .desktops
                    .values()
                    .filter(|desktop| selected(desktop, &query))
                    .map(|desktop| show(desktop, bss))
                    .collect();
                json!({"total_count": all.len(), "desktops": page.of(all)})
            }
            Call::Products => {
                let page = query.page(100, 0..=100).map_err(bad_page)?;
                let all: Vec<Value> = match query.get("product_id") {
                    Some(id) => here.products.targets(id).map(product).collect(),
                    None => here.products.all().map(product).collect(),
                };
                json!({"total_count": all.len(), "products": page.of(all)})
            }
            Call::VolumeProducts => {
                let all = here.volume_products.values().map(volume_product);
                json!({"volumes": all.collect::<Vec<_>>()})
            }
            Call::Job { job } => {
                let mut orders = bss.orders_of(project, now);
                let order = orders.find(|order| order.job_id == *job);
                let words = self.readings.job_words;
                order.ok_or_else(|| self.not_found())?.job(now, words)
            }
            Call::SubJobs => {
                let page = query.page(1000, 0..=1000).map_err(bad_page)?;
                let is = |name, value: &Value| {
                    let wanted = query.get(name);
                    wanted.is_none_or(|wanted| *value == wanted)
                };
                let all: Vec<Value> = bss
                    .orders_of(project, now)
                    .map(|order: &Order| order.sub_job(now))
                    .filter(|job| is("job_id", &job["job_id"]))
                    .filter(|job| is("job_type", &job["job_type"]))
                    .filter(|job| is("status", &job["status"]))
                    .collect();
                json!({"total_count": all.len(), "jobs": page.of(all)})
            }
        };
        Ok(Reply::ok(body))
    }

    fn accept(
        &self,
        project: &str,
        desktop: &Desktop,
        asked: Asked,
        now: Timestamp,
        bss: &mut Bss,
        effects: &mut Vec<NewEffect>,
    ) -> Value {
        let payment = if asked.auto_pay {
            "automatic"
        } else {
            "manual"
        };
        let change = asked.change.word();
        let new = new_order(project, desktop, asked, now);
        let (order, job) = bss.place(None, new).expect("new ids are new");
        let resources = [
            ("project", project),
            ("desktop", &desktop.id),
            ("order", &order),
            ("change", change),
            ("payment", payment),
        ];
        effects.push(NewEffect {
            kind: "workspace.order",
            resources: resources.map(|(k, v)| (k.into(), v.into())).into(),
        });
        let mut body = json!({});
        if self.readings.order_id_in_answer {
            body["order_id"] = json!(order);
        }
        if self.readings.job_id_in_answer {
            body["job_id"] = json!(job);
        }
        body
    }

    /// GUESS: that desktops and jobs share this documented code.
    fn not_found(&self) -> Refusal {
        let status = self.readings.not_found_status;
        Refusal::new(status, "WKS.0202", "The resource does not exist.")
    }
}

fn new_order(project: &str, desktop: &Desktop, asked: Asked, created_at: Timestamp) -> NewOrder {
    NewOrder {
        project: project.into(),
        desktop: desktop.id.clone(),
        bill_resources: [
            desktop.bill_resource_id.clone(),
            desktop.bill_resource_of(&asked.change),
        ],
        change: asked.change,
        auto_pay: asked.auto_pay,
        fails: desktop.jobs_fail,
        timing: desktop.timing,
        created_at,
        foreign: false,
        other: Other::default(),
    }
}

/// Other filters than these are ignored.
fn selected(desktop: &Desktop, query: &Query) -> bool {
    let mut ids = query.all("desktop_id").peekable();
    let wanted = ids.peek().is_none() || ids.any(|id| id == desktop.id);
    let is = |name, holds: &dyn Fn(&str) -> bool| query.get(name).is_none_or(holds);
    wanted
        && is("charge_mode", &|word| desktop.has_charge_mode(word))
        && is("status", &|word| desktop.has_status(word))
        && is("computer_name", &|part| desktop.is_named_like(part))
}

fn product(product: &WorkspaceProduct) -> Value {
    json!({
        "product_id": product.product_id,
        "type": "BASE",
        "charge_mode": "0,1",
        "resource_type": "hws.resource.type.workspace.desktop",
        "cloud_service_type": "hws.service.type.vdi",
        "status": product.status,
    })
}

fn volume_product(product: &WorkspaceVolumeProduct) -> Value {
    json!({
        "resource_spec_code": product.resource_spec_code,
        "volume_type": product.volume_type,
        "volume_product_type": "workspace",
        "resource_type": "hws.resource.type.volume",
        "cloud_service_type": "hws.service.type.vdi",
        "status": product.status,
    })
}

fn conflict() -> Refusal {
    let message = "Operation conflict. The desktop's current status denies the operation.";
    Refusal::new(409, "WKS.00010032", message)
}

/// GUESS: the code; the limits are documented.
fn bad_page(_: BadQuery) -> Refusal {
    Refusal::new(400, "WKS.0001", "The query parameters are invalid.")
}

/// The page documents no 403: the gateway words it.
pub(crate) fn denied() -> Refused {
    Refused::Gateway(gateway::forbidden("a policy denies it"))
}

/// The body of a refusal in the form of Workspace.
pub(crate) fn render(refusal: &Refusal) -> Value {
    json!({
        "error_code": refusal.code,
        "error_msg": refusal.message,
        "error_detail": "",
        "encoded_authorization_message": null,
    })
}
