//! The person who is asked. They look into the cloud before they answer, as the
//! operator's questions tell them to: the journal is what they see there.

use std::collections::BTreeMap;

use errand_simulator::{Journal, OrderAction};
use errand_testbed::Bed;
use jiff::Timestamp;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::work::{Operation, Task, Twist, kinds};

/// What an order's status is while it waits for payment.
const PENDING_PAYMENT: u8 = 6;

/// A question that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The operation's name.
    pub name: String,
    /// The question's id.
    pub hold: String,
    /// Why it was held.
    pub reason: String,
    /// What was answered.
    pub decision: String,
}

/// People, and what they have done so far.
#[derive(Debug, Default)]
pub struct People {
    /// What they have decided.
    pub decisions: Vec<Decision>,
    /// When they ended the order of a colleague, by the name of the operation.
    pub settled: BTreeMap<String, Timestamp>,
}

impl People {
    /// Answers every open question of these operations, pays what is to be paid, and ends
    /// orders of colleagues that are in the way: some of them, or all.
    pub fn attend(
        &mut self,
        bed: &Bed,
        operations: &[Operation],
        random: &mut StdRng,
        all: bool,
    ) -> Result<(), String> {
        for kind in kinds() {
            for object in bed.list(kind) {
                let name = text(&object["metadata"]["name"]);
                let Some(operation) = operations.iter().find(|one| one.name == name) else {
                    continue;
                };
                self.settle(bed, operation, &object, all || random.random_bool(0.3));
                if let Some(question) = question(&object) {
                    self.answer(bed, operation, question, random);
                }
            }
        }
        for operation in operations {
            if operation.task == Task::OrderToPay && !self.waits_for_a_colleague(operation) {
                pay(bed, &operation.name);
            }
        }
        Ok(())
    }

    fn answer(
        &mut self,
        bed: &Bed,
        operation: &Operation,
        question: Question,
        random: &mut StdRng,
    ) {
        let journal = bed.simulator.journal();
        let before = self.decisions.iter();
        let looked = before.filter(|one| one.name == operation.name && one.decision == "LookAgain");
        let decision = decide(operation, &question, &journal, looked.count(), random);
        let patch = json!({"spec": {"resolution": {"holdId": question.id, "decision": decision}}});
        // It may be gone by now, or asked something else.
        let answered = bed.try_kubectl(&[
            "patch",
            operation.task.kind(),
            &operation.name,
            "--type=merge",
            "-p",
            &patch.to_string(),
        ]);
        if answered.is_ok() {
            self.decisions.push(Decision {
                name: operation.name.clone(),
                hold: question.id,
                reason: question.reason,
                decision,
            });
        }
    }

    fn waits_for_a_colleague(&self, operation: &Operation) -> bool {
        operation.twist.has_a_colleague() && !self.settled.contains_key(&operation.name)
    }

    /// Ends a colleague's order once the operation says that it is in the way.
    fn settle(&mut self, bed: &Bed, operation: &Operation, object: &Value, now: bool) {
        let conditions = object["status"]["conditions"].as_array();
        let ready = conditions.and_then(|all| all.iter().find(|c| c["type"] == "Ready"));
        let reason = ready
            .map(|ready| text(&ready["reason"]))
            .unwrap_or_default();
        let in_the_way = ["TargetBlocked", "TargetBusy"].contains(&reason);
        if !self.waits_for_a_colleague(operation) || !now || !in_the_way {
            return;
        }
        for order in bed.simulator.orders(&operation.name) {
            if order.foreign {
                bed.simulator
                    .act_on_order(&order.order_id, OrderAction::Cancel);
            }
        }
        self.settled
            .insert(operation.name.clone(), bed.simulator.now());
    }
}

struct Question {
    id: String,
    reason: String,
    choices: Vec<String>,
}

/// The one that stands and has no answer yet.
fn question(object: &Value) -> Option<Question> {
    let hold = &object["status"]["hold"];
    let id = hold["id"].as_str()?;
    if object["spec"]["resolution"]["holdId"] == id {
        return None;
    }
    let choices = hold["choices"].as_array()?;
    Some(Question {
        id: id.to_owned(),
        reason: text(&hold["reason"]).to_owned(),
        choices: choices.iter().map(|word| text(word).to_owned()).collect(),
    })
}

/// By what the cloud has seen of it. Of what is true, people choose one or the other;
/// they look again twice at most.
fn decide(
    operation: &Operation,
    question: &Question,
    journal: &Journal,
    looked: usize,
    random: &mut StdRng,
) -> String {
    let effects = |kind: &str| journal.effects_on(kind, &operation.name);
    let acted = operation.task.effect().map_or(0, effects) > 0;
    let done = acted && operation.twist != Twist::JobFails;
    let offers = |word: &str| question.choices.iter().any(|choice| choice == word);
    // Of the call of an operation that is gone: it goes on afterwards, and orders.
    let orphan = !offers("SendAgain") && !offers("LookAgain");
    let mut wanted = Vec::new();
    match done {
        true => wanted.extend(["AssumeDone", "AssumeDone"]),
        // What has acted must not be sent again.
        false if !acted => wanted.extend(["SendAgain", "SendAgain"]),
        false => {}
    }
    wanted.extend([
        "Continue", "Continue", "Continue", "Retry", "Retry", "Retry",
    ]);
    if looked < 2 {
        wanted.extend(["LookAgain", "LookAgain"]);
    }
    if !(orphan && acted) {
        wanted.push("GiveUp");
    }
    wanted.retain(|word| offers(word));
    if wanted.is_empty() {
        let known = orphan && acted && offers("AssumeDone");
        return if known { "AssumeDone" } else { "GiveUp" }.to_owned();
    }
    wanted[random.random_range(0..wanted.len())].to_owned()
}

fn pay(bed: &Bed, desktop: &str) {
    for order in bed.simulator.orders(desktop) {
        if order.status == PENDING_PAYMENT && !order.foreign {
            bed.simulator
                .act_on_order(&order.order_id, OrderAction::Pay);
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
