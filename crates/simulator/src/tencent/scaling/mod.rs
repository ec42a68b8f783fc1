//! Auto Scaling's instance refresh: the calls (contracts sections c.1 to c.3). What
//! an activity goes through is in [`activity`], how it is shown in [`view`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::gateway::refusal;
use crate::journal::NewEffect;
use crate::message::Refusal;
use crate::seed::BadSeed;
use activity::{Activity, Conflict, Events, ResumeMode};
use seed::{RefreshAction, RefreshActivity, ScalingGroup, ScalingReadings};
use state::{RefreshActivityState, ScalingGroupState};

mod activity;
pub(crate) mod seed;
pub(crate) mod state;
mod view;

/// An action of Auto Scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Cancel,
    Stop,
    Resume,
    Describe,
}

/// The actions, their names in the journal, and the calls.
pub(crate) const APIS: [(&str, &str, Call); 4] = [
    (
        "CancelInstanceRefresh",
        "as.CancelInstanceRefresh",
        Call::Cancel,
    ),
    ("StopInstanceRefresh", "as.StopInstanceRefresh", Call::Stop),
    (
        "ResumeInstanceRefresh",
        "as.ResumeInstanceRefresh",
        Call::Resume,
    ),
    (
        "DescribeRefreshActivities",
        "as.DescribeRefreshActivities",
        Call::Describe,
    ),
];

/// Groups and activities of every region.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scaling {
    pub(crate) readings: ScalingReadings,
    groups: BTreeSet<ScalingGroup>,
    activities: BTreeMap<String, Activity>,
    /// When the next activity goes on by itself.
    next: Option<Timestamp>,
}

impl Scaling {
    pub(crate) fn put(
        &mut self,
        groups: Vec<ScalingGroup>,
        activities: Vec<RefreshActivity>,
        now: Timestamp,
    ) -> Result<(), BadSeed> {
        self.groups.extend(groups);
        let mut seen = BTreeSet::new();
        for activity in activities {
            if !seen.insert(activity.id.clone()) {
                let why = format!("two activities with the id {}", activity.id);
                return Err(BadSeed::new(why));
            }
            self.groups
                .insert(ScalingGroup::new(&activity.group).region(&activity.region));
            let activity = Activity::new(activity, now)?;
            self.activities.insert(activity.seed.id.clone(), activity);
        }
        // What happened before the seed came is nobody's event.
        self.plan();
        self.settle(now, &mut Events::new());
        for group in &self.groups {
            if self.active(group).count() > 1 {
                let why = format!("two unfinished activities in the group {}", group.id);
                return Err(BadSeed::new(why));
            }
        }
        Ok(())
    }

    /// Ends what has ended by then, activity by activity.
    pub(crate) fn settle(&mut self, until: Timestamp, events: &mut Events) {
        if self.next.is_none_or(|next| next > until) {
            return;
        }
        while self.next.is_some_and(|next| next <= until) {
            let mut begun = Vec::new();
            for activity in self.activities.values_mut() {
                while activity.due().is_some_and(|due| due <= until) {
                    activity.step(&self.readings, events);
                }
                begun.extend(activity.roll_back.take());
            }
            for (at, seed) in begun {
                let activity = Activity::new(seed, at).expect("a roll-back is a good seed");
                self.activities.insert(activity.seed.id.clone(), activity);
            }
            self.plan();
        }
    }

    fn plan(&mut self) {
        self.next = self.activities.values().filter_map(Activity::due).min();
    }

    fn active<'a>(&'a self, group: &ScalingGroup) -> impl Iterator<Item = &'a Activity> {
        let activities = self.activities.values();
        activities.filter(|a| {
            a.seed.group == group.id && a.seed.region == group.region && !a.status.is_final()
        })
    }

    pub(crate) fn groups(&self) -> Vec<ScalingGroupState> {
        let groups = self.groups.iter();
        groups
            .map(|group| {
                let activity = self.active(group).next().map(|a| a.seed.id.clone());
                ScalingGroupState {
                    id: group.id.clone(),
                    region: group.region.clone(),
                    blocked: activity.is_some(),
                    activity,
                }
            })
            .collect()
    }

    pub(crate) fn activities(&self) -> Vec<RefreshActivityState> {
        self.activities.values().map(Activity::state).collect()
    }

    pub(crate) fn activity(&self, id: &str) -> Option<RefreshActivityState> {
        self.activities.get(id).map(Activity::state)
    }

    /// What somebody else does in the console. The rules are those of the API.
    pub(crate) fn act(
        &mut self,
        id: &str,
        action: RefreshAction,
        now: Timestamp,
        events: &mut Events,
    ) -> Result<(), BadSeed> {
        let activity = self.activities.get_mut(id);
        let activity = activity.ok_or_else(|| BadSeed::new("no such activity"))?;
        let readings = &self.readings;
        let acted = match action {
            RefreshAction::Pause => activity.stop(),
            RefreshAction::Cancel => activity.cancel(now, readings),
            RefreshAction::Resume => activity.resume(None, now, readings, events).map(|_| ()),
            RefreshAction::Continue => {
                let mode = Some(ResumeMode::Continue);
                activity.resume(mode, now, readings, events).map(|_| ())
            }
        };
        self.plan();
        acted.map_err(|Conflict| BadSeed::new("the activity's status does not allow this"))
    }

    pub(crate) fn perform(
        &mut self,
        region: &str,
        call: &Call,
        body: &[u8],
        now: Timestamp,
        effects: &mut Vec<NewEffect>,
    ) -> Result<Value, Refusal> {
        let parameters: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|_| refusal("InvalidParameter", "The body is not a JSON object."))?;
        if *call == Call::Describe {
            let of_region = self.activities.values().filter(|a| a.seed.region == region);
            return view::list(of_region.collect(), &parameters, &self.readings);
        }
        let activity = find(
            &self.groups,
            &mut self.activities,
            region,
            call,
            &parameters,
        )?;
        let readings = &self.readings;
        let mut events = Events::new();
        match call {
            Call::Stop => {
                activity.stop().map_err(conflict)?;
                effects.push(activity.event("as.stop", &[]));
            }
            Call::Cancel => {
                activity.cancel(now, readings).map_err(conflict)?;
                effects.push(activity.event("as.cancel", &[]));
            }
            Call::Resume => {
                let (mode, word) = resume_mode(&parameters)?;
                let effect = activity.event("as.resume", &[("mode", word)]);
                let resumed = activity.resume(mode, now, readings, &mut events);
                if resumed.map_err(conflict)? {
                    effects.push(effect);
                }
            }
            Call::Describe => {}
        }
        effects.extend(events.into_iter().map(|(_, event)| event));
        self.plan();
        Ok(json!({}))
    }
}

/// The activity that a changing call is about.
fn find<'a>(
    groups: &BTreeSet<ScalingGroup>,
    activities: &'a mut BTreeMap<String, Activity>,
    region: &str,
    call: &Call,
    parameters: &Map<String, Value>,
) -> Result<&'a mut Activity, Refusal> {
    for name in parameters.keys() {
        let known = match &**name {
            "AutoScalingGroupId" | "RefreshActivityId" => true,
            "ResumeMode" => *call == Call::Resume,
            _ => false,
        };
        if !known {
            return Err(refusal("UnknownParameter", "There is no such parameter."));
        }
    }
    let group = text(parameters, "AutoScalingGroupId")?;
    let id = text(parameters, "RefreshActivityId")?;
    if !groups.contains(&ScalingGroup::new(group).region(region)) {
        let code = "ResourceNotFound.AutoScalingGroupNotFound";
        return Err(refusal(code, "The scaling group does not exist."));
    }
    activities
        .get_mut(id)
        .filter(|activity| activity.seed.group == group && activity.seed.region == region)
        .ok_or_else(|| {
            let code = "ResourceNotFound.RefreshActivityNotFound";
            refusal(code, "The refresh activity does not exist.")
        })
}

fn text<'a>(parameters: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    match parameters.get(name) {
        None | Some(Value::Null) => {
            let why = format!("{name} is required.");
            Err(refusal("MissingParameter", why))
        }
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(refusal("InvalidParameter", format!("{name} is no string."))),
    }
}

/// The mode, and the word for the journal: what was sent, or `none`.
fn resume_mode(
    parameters: &Map<String, Value>,
) -> Result<(Option<ResumeMode>, &'static str), Refusal> {
    match parameters.get("ResumeMode") {
        None | Some(Value::Null) => Ok((None, "none")),
        Some(Value::String(word)) if word == "RETRY" => Ok((Some(ResumeMode::Retry), "RETRY")),
        Some(Value::String(word)) if word == "CONTINUE" => {
            Ok((Some(ResumeMode::Continue), "CONTINUE"))
        }
        Some(_) => {
            let why = "ResumeMode is RETRY or CONTINUE.";
            Err(refusal("InvalidParameterValue", why))
        }
    }
}

fn conflict(_: Conflict) -> Refusal {
    let code = "ResourceUnavailable.RefreshActivityStatusConflictWithOperation";
    refusal(
        code,
        "The status of the refresh activity conflicts with the operation.",
    )
}

/// The ids that a body names, for journal and faults.
pub(crate) fn ids(body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let filters = body["Filters"].as_array().into_iter().flatten();
    let several = filters
        .map(|filter| &filter["Values"])
        .chain([&body["RefreshActivityIds"]])
        .filter_map(Value::as_array)
        .flatten();
    let all = [&body["AutoScalingGroupId"], &body["RefreshActivityId"]];
    let all = all.into_iter().chain(several).filter_map(Value::as_str);
    all.map(Into::into).collect()
}
