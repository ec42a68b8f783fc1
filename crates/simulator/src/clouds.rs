//! The clouds side by side: which one a request is for, and what each one does at
//! the same step. Everything else (world, server, journal, faults) knows no cloud.
//!
//! One port stands for all of them, so the request itself tells: Tencent Cloud has
//! one path and a header for the action, Volcengine one path and a query parameter;
//! Huawei Cloud's services have paths.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::Config;
use crate::huawei::{self, Huawei};
use crate::journal::NewEffect;
use crate::limits::Limits;
use crate::message::{Dressed, Refusal, Refused, Reply, Request};
use crate::readings::Readings;
use crate::seed::{BadSeed, Seed};
use crate::tencent::{self, Tencent};
use crate::volcengine::{self, Volcengine};

/// A request's cloud, and what it calls there.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// None: no API has this method and path.
    Huawei(Option<huawei::Route>),
    Tencent(tencent::Route),
    Volcengine(volcengine::Route),
}

impl Route {
    pub(crate) fn of(request: &Request) -> Self {
        if tencent::is_meant(request) {
            return Self::Tencent(tencent::route(request));
        }
        if volcengine::is_meant(request) {
            return Self::Volcengine(volcengine::route(request));
        }
        Self::Huawei(huawei::route(request))
    }

    /// The API's name in journal, faults and limits.
    pub(crate) fn api(&self) -> &'static str {
        match self {
            Self::Huawei(route) => route.as_ref().map_or("unknown", |route| route.api),
            Self::Tencent(route) => route.api,
            Self::Volcengine(route) => route.api,
        }
    }

    /// What the call is about, where the path does not say it.
    pub(crate) fn ids(&self) -> &[String] {
        match self {
            Self::Huawei(_) => &[],
            Self::Tencent(route) => &route.ids,
            Self::Volcengine(route) => &route.ids,
        }
    }

    /// The date that the request says it was signed at, as sent.
    pub(crate) fn signed_date<'a>(&self, request: &'a Request) -> Option<&'a str> {
        match self {
            Self::Huawei(_) => {
                let date = request.single("x-sdk-date");
                date.filter(|date| huawei::signature::parse_date(date).is_some())
            }
            Self::Tencent(_) => {
                let date = request.single("x-tc-timestamp");
                date.filter(|date| tencent::signature::parse_timestamp(date).is_some())
            }
            Self::Volcengine(_) => {
                let date = request.single("x-date");
                date.filter(|date| volcengine::signature::parse_date(date).is_some())
            }
        }
    }

    pub(crate) fn too_large(&self) -> Refused {
        match self {
            Self::Huawei(_) => Refused::Gateway(huawei::gateway::too_large()),
            Self::Tencent(_) => Refused::Gateway(tencent::gateway::too_large()),
            Self::Volcengine(_) => Refused::Gateway(volcengine::gateway::too_large()),
        }
    }

    pub(crate) fn throttled(&self, limit: u32) -> Refused {
        match self {
            Self::Huawei(_) => Refused::Gateway(huawei::gateway::throttled(limit)),
            Self::Tencent(_) => Refused::Gateway(tencent::gateway::throttled(limit)),
            Self::Volcengine(_) => Refused::Gateway(volcengine::gateway::throttled(limit)),
        }
    }

    /// An error that a fault asks for, from whom its code would come.
    pub(crate) fn injected(&self, refusal: Refusal) -> Refused {
        match self {
            Self::Huawei(_) if refusal.code.starts_with("APIG") => Refused::Gateway(refusal),
            _ => Refused::Service(refusal),
        }
    }
}

/// What a simulator starts with, and starts from again when its seed is replaced.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    readings: Readings,
    rate_limits: BTreeMap<String, u32>,
}

/// Everything that a seed can change. A seed is tried on a copy of it.
#[derive(Clone, Debug)]
pub(crate) struct Clouds {
    pub(crate) limits: Limits,
    pub(crate) huawei: Huawei,
    pub(crate) tencent: Tencent,
    pub(crate) volcengine: Volcengine,
}

impl Clouds {
    pub(crate) fn new(config: &Config) -> (Self, Start) {
        let configured = config.rate_limits.clone();
        let start = Start {
            readings: config.readings.clone(),
            rate_limits: tencent::limits().chain(configured).collect(),
        };
        let mut huawei = Huawei::default();
        huawei.gateway.date_window = config.date_window;
        let nothing = Self {
            limits: Limits::default(),
            huawei,
            tencent: Tencent::new(config.tencent_date_window),
            volcengine: Volcengine::new(config.date_window),
        };
        (nothing.anew(&start), start)
    }

    /// Nothing but what the simulator was started with.
    pub(crate) fn anew(&self, start: &Start) -> Self {
        let mut clouds = Self {
            limits: Limits::default(),
            huawei: Huawei {
                gateway: self.huawei.gateway.anew(),
                services: self.huawei.services.anew(),
            },
            tencent: self.tencent.anew(),
            volcengine: self.volcengine.anew(),
        };
        clouds.limits.per_second = start.rate_limits.clone();
        clouds.read(start.readings.clone());
        clouds
    }

    /// Adds what a seed has.
    pub(crate) fn put(&mut self, mut seed: Seed, now: Timestamp) -> Result<(), BadSeed> {
        self.huawei.services.put(&mut seed, now)?;
        for account in seed.accounts {
            self.huawei.gateway.put(account);
        }
        self.tencent.put(seed.tencent, now)?;
        self.volcengine.put(seed.volcengine, now)?;
        self.limits.per_second.extend(seed.rate_limits);
        if let Some(readings) = seed.readings {
            self.read(readings);
        }
        Ok(())
    }

    /// Ends what has ended by itself, in the order of its time. Huawei Cloud's services
    /// do so when they are looked at, and record none of it.
    pub(crate) fn settle(&mut self, until: Timestamp) -> Vec<(Timestamp, NewEffect)> {
        let mut events = Vec::new();
        self.tencent.scaling.settle(until, &mut events);
        self.volcengine.ecs.settle(until, &mut events);
        events.sort_by_key(|(time, _)| *time);
        events
    }

    pub(crate) fn readings(&self) -> Readings {
        Readings {
            scaling: self.tencent.scaling.readings.clone(),
            ecs: self.volcengine.ecs.readings.clone(),
            ..self.huawei.services.readings()
        }
    }

    fn read(&mut self, readings: Readings) {
        self.tencent.scaling.readings = readings.scaling.clone();
        self.volcengine.ecs.readings = readings.ecs.clone();
        self.huawei.services.read(readings);
    }

    /// The access key id that a request names, if an account has it.
    pub(crate) fn known_key(&self, route: &Route, request: &Request) -> Option<String> {
        match route {
            Route::Huawei(_) => self.huawei.gateway.known_key(request),
            Route::Tencent(_) => self.tencent.gateway.known_key(request),
            Route::Volcengine(_) => self.volcengine.gateway.known_key(request),
        }
    }

    /// Everything that is checked before a service sees the request.
    pub(crate) fn admit(
        &mut self,
        route: &Route,
        request: &Request,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let limits = &mut self.limits;
        match route {
            Route::Huawei(None) => Err(Refused::Gateway(huawei::gateway::no_such_api())),
            Route::Huawei(Some(route)) => self.huawei.gateway.admit(request, route, now, limits),
            Route::Tencent(route) => {
                let admitted = self.tencent.gateway.admit(request, route, now, limits);
                admitted.map_err(Refused::Gateway)
            }
            Route::Volcengine(route) => {
                let admitted = self.volcengine.gateway.admit(request, route, now, limits);
                admitted.map_err(Refused::Gateway)
            }
        }
    }

    /// What the service does with a request that was admitted.
    pub(crate) fn perform(
        &mut self,
        route: &Route,
        request: &Request,
        now: Timestamp,
        effects: &mut Vec<NewEffect>,
    ) -> Result<Reply, Refused> {
        match route {
            Route::Huawei(None) => Err(Refused::Gateway(huawei::gateway::no_such_api())),
            Route::Huawei(Some(route)) => self
                .huawei
                .perform(route, request, now, effects)
                .map_err(Refused::Service),
            Route::Tencent(route) => self
                .tencent
                .perform(route, request, now, effects)
                .map_err(Refused::Service),
            Route::Volcengine(route) => self
                .volcengine
                .perform(route, request, now, effects)
                .map_err(Refused::Service),
        }
    }

    /// A reply or refusal as the cloud puts it.
    pub(crate) fn dress(
        &self,
        route: &Route,
        result: Result<Reply, Refused>,
        request_id: &str,
    ) -> Dressed {
        match route {
            Route::Huawei(route) => {
                let dressed = huawei::dress(route.as_ref(), result, request_id);
                let services = &self.huawei.services;
                services.reword(route.as_ref(), dressed, request_id)
            }
            Route::Tencent(_) => tencent::dress(result, request_id),
            Route::Volcengine(route) => self.volcengine.dress(route, result, request_id),
        }
    }
}
