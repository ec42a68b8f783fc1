//! The whole simulated state behind one lock, and what happens to a request.
//!
//! The clock is read once per request; requests that were delivered late and are
//! due by then arrive first, each at its own time. No I/O and no waiting in here.

mod admin;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::clouds::{Clouds, Route, Start};
use crate::faults::{FaultKind, Faults};
use crate::journal::{Call, Journal, LateArrival, NewEffect};
use crate::message::{Answer, Dressed, Refusal, Refused, Reply, Request};
use crate::{Clock, Config, rewrite};

/// Everything there is.
pub(crate) struct World {
    clock: Clock,
    offset: SignedDuration,
    ids: Ids,
    start: Start,
    late: Vec<Late>,
    /// What there was before the last effect, if a fault asks for it.
    before: Option<Box<Clouds>>,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) clouds: Clouds,
}

/// A request on its way.
struct Late {
    due: Timestamp,
    /// It was admitted already.
    queued: bool,
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
        let (clouds, start) = Clouds::new(&config);
        Self {
            clock: config.clock,
            offset: SignedDuration::from_secs(config.date_offset),
            ids: Ids(config.seed),
            start,
            late: Vec::new(),
            before: None,
            journal: Journal::default(),
            faults: Faults::default(),
            clouds,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock
            .now()
            .checked_add(self.offset)
            .unwrap_or(Timestamp::MAX)
    }

    /// Lets the late requests arrive that are due, settles, and returns the time.
    pub(crate) fn catch_up(&mut self) -> Timestamp {
        let now = self.now();
        while let Some(at) = (0..self.late.len())
            .filter(|at| self.late[*at].due <= now)
            .min_by_key(|at| (self.late[*at].due, self.late[*at].call))
        {
            let late = self.late.remove(at);
            self.settle(late.due);
            let admitted = match late.queued {
                true => Ok(()),
                false => self.clouds.admit(&late.route, &late.request, late.due),
            };
            let result = admitted
                .and_then(|()| self.perform(late.call, &late.route, &late.request, late.due));
            let dressed = self.dress(late.call, &late.route, result);
            self.journal.call(late.call).late = Some(LateArrival {
                time: late.due,
                status: dressed.status,
                code: dressed.code,
            });
        }
        self.settle(now);
        now
    }

    /// Ends what ends by itself until then, and records what tests want to see.
    fn settle(&mut self, until: Timestamp) {
        let events = self.clouds.settle(until);
        self.record(events);
    }

    /// Writes down what no call did.
    fn record(&mut self, events: Vec<(Timestamp, NewEffect)>) {
        for (time, effect) in events {
            self.journal.effect(time, 0, effect);
        }
    }

    /// Records a request and lets the gateway look at it.
    pub(crate) fn arrive(&mut self, request: &Request, too_large: bool) -> Arrival {
        let time = self.catch_up();
        let route = Route::of(request);
        let call = self.open(request, &route, time);
        let admitted = if too_large {
            Err(route.too_large())
        } else {
            self.clouds.admit(&route, request, time)
        };
        if let Err(refused) = admitted {
            return Arrival::Refused(self.refuse(call, time, &route, refused));
        }
        let fault = self.faults.meet(route.api(), request.path(), route.ids());
        self.journal.call(call).fault = fault.as_ref().map(|f| f.name().into());
        Arrival::Admitted {
            call,
            time,
            route,
            fault,
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
            Some(FaultKind::Twice) => {
                let _ = self.perform(call, &route, &request, now);
                Outcome::Answer
            }
            Some(FaultKind::Stale) => {
                let answer = self.answer_from_before(call, &route, &request, now);
                return Outcome::Answer(answer);
            }
            Some(FaultKind::ErrorAfter {
                status,
                code,
                message,
            }) => {
                let _ = self.perform(call, &route, &request, now);
                let refused = route.injected(Refusal {
                    status,
                    code,
                    message,
                });
                return Outcome::Answer(self.refuse(call, now, &route, refused));
            }
            Some(FaultKind::Rewrite { changes }) => {
                let result = self.perform(call, &route, &request, now);
                let mut dressed = self.dress(call, &route, result);
                if (200..300).contains(&dressed.status) && !dressed.body.is_null() {
                    self.journal.call(call).body = Some(dressed.body.clone());
                    rewrite::apply(&changes, &mut dressed.body);
                }
                return Outcome::Answer(self.answer(call, now, dressed));
            }
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
                let refused = route.throttled(1);
                return Outcome::Answer(self.refuse(call, now, &route, refused));
            }
            Some(FaultKind::Error {
                status,
                code,
                message,
            }) => {
                let refused = route.injected(Refusal {
                    status,
                    code,
                    message,
                });
                return Outcome::Answer(self.refuse(call, now, &route, refused));
            }
            Some(FaultKind::Late { seconds } | FaultKind::Queued { seconds }) => {
                let delay = SignedDuration::from_secs(seconds.into());
                self.late.push(Late {
                    queued: matches!(fault, Some(FaultKind::Queued { .. })),
                    due: arrived.checked_add(delay).unwrap_or(Timestamp::MAX),
                    call,
                    route,
                    request,
                });
                return self.drop_call(call, Outcome::Close);
            }
        };
        let result = self.perform(call, &route, &request, now);
        let dressed = self.dress(call, &route, result);
        let outcome = after(self.answer(call, now, dressed));
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
    ) -> Result<Reply, Refused> {
        let mut effects = Vec::new();
        let expect_stale = self.faults.expect_stale();
        let before = expect_stale.then(|| Box::new(self.clouds.clone()));
        let result = self.clouds.perform(route, request, time, &mut effects);
        if before.is_some() && !effects.is_empty() {
            self.before = before;
        }
        for effect in effects {
            self.journal.effect(time, call, effect);
        }
        result
    }

    /// Answers as if the last effect had not happened.
    fn answer_from_before(
        &mut self,
        call: u64,
        route: &Route,
        request: &Request,
        time: Timestamp,
    ) -> Answer {
        let mut clouds = match &self.before {
            Some(before) => before.as_ref().clone(),
            None => self.clouds.clone(),
        };
        clouds.settle(time);
        // A call that changes something changes the past alone, and so nothing.
        let result = clouds.perform(route, request, time, &mut Vec::new());
        let dressed = self.dress(call, route, result);
        self.answer(call, time, dressed)
    }

    fn open(&mut self, request: &Request, route: &Route, time: Timestamp) -> u64 {
        self.journal.open(Call {
            sequence: 0,
            time,
            api: route.api().into(),
            method: request.method.clone(),
            path: request.path().into(),
            query: request.query().into(),
            request_body: String::from_utf8_lossy(&request.body).into_owned(),
            ids: route.ids().to_vec(),
            access_key: self.clouds.known_key(route, request),
            request_id: self.ids.next(),
            sdk_date: route.signed_date(request).map(Into::into),
            status: None,
            code: None,
            dropped: false,
            fault: None,
            late: None,
            body: None,
        })
    }

    fn dress(&mut self, call: u64, route: &Route, result: Result<Reply, Refused>) -> Dressed {
        let request_id = &self.journal.call(call).request_id;
        self.clouds.dress(route, result, request_id)
    }

    fn refuse(&mut self, call: u64, time: Timestamp, route: &Route, refused: Refused) -> Answer {
        let dressed = self.dress(call, route, Err(refused));
        self.answer(call, time, dressed)
    }

    fn answer(&mut self, call: u64, date: Timestamp, dressed: Dressed) -> Answer {
        let record = self.journal.call(call);
        record.status = Some(dressed.status);
        record.code.clone_from(&dressed.code);
        Answer {
            status: dressed.status,
            code: dressed.code,
            body: match dressed.body {
                Value::Null => Vec::new(),
                Value::String(text) => text.into_bytes(),
                body => body.to_string().into_bytes(),
            },
            content_type: dressed.content_type,
            request_id: dressed.names_request.then(|| record.request_id.clone()),
            date,
        }
    }

    fn drop_call(&mut self, call: u64, outcome: Outcome) -> Outcome {
        self.journal.call(call).dropped = true;
        outcome
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
