//! The whole simulated state behind one lock, and what happens to a request.
//!
//! The clock is read once per request; requests that were delivered late and are
//! due by then arrive first, each at its own time. No I/O and no waiting in here.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::faults::{FaultKind, Faults};
use crate::huawei::bss::seed::OrderAction;
use crate::huawei::clouddc::seed::CloudDcStatus;
use crate::huawei::gateway::{self, Refused};
use crate::huawei::{self, Huawei, Route, signature};
use crate::journal::{Call, Journal, LateArrival};
use crate::message::{Answer, Refusal, Request};
use crate::seed::{BadSeed, Readings, Seed};
use crate::state::{AccountState, State};
use crate::{Clock, Config};

/// Everything there is.
pub(crate) struct World {
    clock: Clock,
    offset: SignedDuration,
    ids: Ids,
    start: (Readings, BTreeMap<String, u32>),
    late: Vec<Late>,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) huawei: Huawei,
}

/// A request on its way.
struct Late {
    due: Timestamp,
    call: u64,
    route: Route,
    request: Request,
}

/// What a request met on arrival.
pub(crate) enum Arrival {
    Refused(Answer),
    Admitted {
        call: u64,
        time: Timestamp,
        route: Route,
        fault: Option<FaultKind>,
    },
}

/// What happens on the socket.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answer(Answer),
    Truncated(Answer),
    Close,
    Hang,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        let mut world = Self {
            clock: config.clock,
            offset: SignedDuration::from_secs(config.date_offset),
            ids: Ids(config.seed),
            start: (config.readings, config.rate_limits),
            late: Vec::new(),
            journal: Journal::default(),
            faults: Faults::default(),
            huawei: Huawei::default(),
        };
        world.huawei.gateway.date_window = config.date_window;
        world.clear();
        world
    }

    fn clear(&mut self) {
        let (readings, limits) = self.start.clone();
        self.huawei.gateway.clear();
        self.huawei.gateway.limits = limits;
        self.huawei.services = self.huawei.services.anew();
        self.huawei.services.read(readings);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock
            .now()
            .checked_add(self.offset)
            .unwrap_or(Timestamp::MAX)
    }

    /// Lets the late requests arrive that are due, and returns the time.
    pub(crate) fn catch_up(&mut self) -> Timestamp {
        let now = self.now();
        while let Some(at) = (0..self.late.len())
            .filter(|at| self.late[*at].due <= now)
            .min_by_key(|at| (self.late[*at].due, self.late[*at].call))
        {
            let late = self.late.remove(at);
            let checked = self
                .huawei
                .gateway
                .admit(&late.request, &late.route, late.due);
            let (status, code) = match checked {
                Err(Refused::Gateway(refusal) | Refused::Service(refusal)) => {
                    (refusal.status, Some(refusal.code))
                }
                Ok(()) => {
                    let (status, code, _) =
                        self.perform(late.call, &late.route, &late.request, late.due);
                    (status, code)
                }
            };
            self.journal.call(late.call).late = Some(LateArrival {
                time: late.due,
                status,
                code,
            });
        }
        now
    }

    /// Records a request and lets the gateway look at it.
    pub(crate) fn arrive(&mut self, request: &Request, too_large: bool) -> Arrival {
        let time = self.catch_up();
        let route = huawei::route(request);
        let call = self.open(request, route.as_ref(), time);
        if too_large {
            return self.refuse(call, time, gateway::too_large());
        }
        let Some(route) = route else {
            return self.refuse(call, time, gateway::no_such_api());
        };
        match self.huawei.gateway.admit(request, &route, time) {
            Err(Refused::Gateway(refusal)) => self.refuse(call, time, refusal),
            Err(Refused::Service(refusal)) => {
                let body = huawei::render(&route, &refusal);
                let answer = self.answer(call, time, refusal.status, Some(refusal.code), &body);
                Arrival::Refused(answer)
            }
            Ok(()) => {
                let fault = self.faults.meet(route.api, request.path());
                self.journal.call(call).fault = fault.as_ref().map(|f| f.name().into());
                Arrival::Admitted {
                    call,
                    time,
                    route,
                    fault,
                }
            }
        }
    }

    /// Handles a request that was admitted, as its fault will have it.
    pub(crate) fn carry_out(
        &mut self,
        call: u64,
        arrived: Timestamp,
        route: Route,
        request: Request,
        fault: Option<FaultKind>,
    ) -> Outcome {
        let now = self.catch_up();
        let after: fn(Answer) -> Outcome = match fault {
            None | Some(FaultKind::Delay { .. }) => Outcome::Answer,
            Some(FaultKind::Truncate) => Outcome::Truncated,
            Some(FaultKind::DropAfter) => |_| Outcome::Close,
            Some(FaultKind::HangAfter) => |_| Outcome::Hang,
            Some(FaultKind::BadBody) => |answer: Answer| {
                Outcome::Answer(Answer {
                    status: 200,
                    code: None,
                    body: b"{\"result\":".to_vec(),
                    ..answer
                })
            },
            Some(FaultKind::DropBefore) => return self.drop_call(call, Outcome::Close),
            Some(FaultKind::Hang) => return self.drop_call(call, Outcome::Hang),
            Some(FaultKind::Throttle) => {
                let answer = self.refusal(call, now, gateway::throttled(1));
                return Outcome::Answer(answer);
            }
            Some(FaultKind::Error {
                status,
                code,
                message,
            }) => {
                let refusal = Refusal {
                    status,
                    code,
                    message,
                };
                if refusal.code.starts_with("APIG") {
                    return Outcome::Answer(self.refusal(call, now, refusal));
                }
                let body = huawei::render(&route, &refusal);
                return Outcome::Answer(self.answer(call, now, status, Some(refusal.code), &body));
            }
            Some(FaultKind::Late { seconds }) => {
                let delay = SignedDuration::from_secs(seconds.into());
                self.late.push(Late {
                    due: arrived.checked_add(delay).unwrap_or(Timestamp::MAX),
                    call,
                    route,
                    request,
                });
                return self.drop_call(call, Outcome::Close);
            }
        };
        let (status, code, body) = self.perform(call, &route, &request, now);
        let outcome = after(self.answer(call, now, status, code, &body));
        let record = self.journal.call(call);
        match &outcome {
            Outcome::Answer(sent) | Outcome::Truncated(sent) => {
                record.status = Some(sent.status);
                record.code.clone_from(&sent.code);
            }
            Outcome::Close | Outcome::Hang => {
                (record.status, record.code, record.dropped) = (None, None, true);
            }
        }
        outcome
    }

    fn perform(
        &mut self,
        call: u64,
        route: &Route,
        request: &Request,
        time: Timestamp,
    ) -> (u16, Option<String>, Value) {
        let mut effects = Vec::new();
        let result = self.huawei.perform(route, request, time, &mut effects);
        for effect in effects {
            self.journal.effect(time, call, effect);
        }
        match result {
            Ok(reply) => (reply.status, None, reply.body),
            Err(refusal) => {
                let body = huawei::render(route, &refusal);
                (refusal.status, Some(refusal.code), body)
            }
        }
    }

    fn open(&mut self, request: &Request, route: Option<&Route>, time: Timestamp) -> u64 {
        let date = request.single("x-sdk-date");
        self.journal.open(Call {
            sequence: 0,
            time,
            api: route.map_or("unknown", |route| route.api).into(),
            method: request.method.clone(),
            path: request.path().into(),
            query: request.query().into(),
            access_key: self.huawei.gateway.known_key(request),
            request_id: self.ids.next(),
            sdk_date: date
                .filter(|date| signature::parse_date(date).is_some())
                .map(Into::into),
            status: None,
            code: None,
            dropped: false,
            fault: None,
            late: None,
        })
    }

    fn refuse(&mut self, call: u64, time: Timestamp, refusal: Refusal) -> Arrival {
        Arrival::Refused(self.refusal(call, time, refusal))
    }

    /// An answer in the gateway's words.
    fn refusal(&mut self, call: u64, time: Timestamp, refusal: Refusal) -> Answer {
        let body = gateway::render(&refusal, &self.journal.call(call).request_id);
        self.answer(call, time, refusal.status, Some(refusal.code), &body)
    }

    fn answer(
        &mut self,
        call: u64,
        date: Timestamp,
        status: u16,
        code: Option<String>,
        body: &Value,
    ) -> Answer {
        let record = self.journal.call(call);
        let mut answer = Answer {
            status,
            code,
            body: match body {
                Value::Null => Vec::new(),
                body => body.to_string().into_bytes(),
            },
            request_id: record.request_id.clone(),
            date,
        };
        self.huawei.services.reword(&record.api, &mut answer);
        record.status = Some(status);
        record.code.clone_from(&answer.code);
        answer
    }

    fn drop_call(&mut self, call: u64, outcome: Outcome) -> Outcome {
        self.journal.call(call).dropped = true;
        outcome
    }

    /// Takes a seed whole or not at all: it is tried on a copy.
    pub(crate) fn seed(&mut self, mut seed: Seed, anew: bool) -> Result<(), BadSeed> {
        let now = self.catch_up();
        self.huawei.services.settle(now);
        let mut services = if anew {
            let mut services = self.huawei.services.anew();
            services.read(self.start.0.clone());
            services
        } else {
            self.huawei.services.clone()
        };
        services.put(&mut seed, now)?;
        if anew {
            self.clear();
        }
        if let Some(readings) = seed.readings {
            services.read(readings);
        }
        self.huawei.services = services;
        self.huawei.gateway.limits.extend(seed.rate_limits);
        for account in seed.accounts {
            self.huawei.gateway.put(account);
        }
        Ok(())
    }

    pub(crate) fn act_on_order(&mut self, id: &str, action: OrderAction) -> Result<(), BadSeed> {
        let now = self.catch_up();
        let services = &mut self.huawei.services;
        services.settle(now);
        services.bss.act(id, action, now)?;
        services.settle(now);
        Ok(())
    }

    pub(crate) fn act_on_clouddc(
        &mut self,
        project: &str,
        instance: &str,
        status: CloudDcStatus,
    ) -> Result<(), BadSeed> {
        let now = self.catch_up();
        let clouddc = &mut self.huawei.services.clouddc;
        clouddc.act(project, instance, status, now)
    }

    pub(crate) fn state(&mut self) -> State {
        let time = self.catch_up();
        let services = &mut self.huawei.services;
        services.settle(time);
        let accounts = self.huawei.gateway.accounts(time);
        State {
            time,
            accounts: accounts
                .map(|(account, locked_until)| AccountState {
                    access_key: account.access_key.clone(),
                    domain_id: account.domain_id.clone(),
                    projects: account.projects.clone(),
                    denied: account.denied.clone(),
                    locked_until,
                })
                .collect(),
            rate_limits: self.huawei.gateway.limits.clone(),
            readings: services.readings(),
            dcs: services.dcs.state(time),
            workspace: services.workspace.state(&services.bss, time),
            orders: services.bss.state(time),
            clouddc: services.clouddc.state(time),
            faults: self.faults.pending().iter().cloned().collect(),
            late: self.late.len(),
        }
    }
}

/// Ids that look random and can be repeated (SplitMix64).
struct Ids(u64);

impl Ids {
    fn next(&mut self) -> String {
        format!("{:016x}{:016x}", self.word(), self.word())
    }

    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
