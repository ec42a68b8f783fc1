//! The person who is asked. They look into the cloud before they answer, as the
//! operator's questions tell them to: the journal is what they see there.

use errand_simulator::{Journal, OrderAction};
use errand_testbed::Bed;
use serde_json::{Value, json};

use crate::work::{Operation, Task, kinds};

/// What an order's status is while it waits for payment.
const PENDING_PAYMENT: u8 = 6;

/// A question that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The operation's name.
    pub name: String,
    /// Why it was held.
    pub reason: String,
    /// What was answered.
    pub decision: String,
}

/// Answers every open question of these operations and pays what is to be paid.
pub fn attend(bed: &Bed, operations: &[Operation]) -> Result<Vec<Decision>, String> {
    let mut decisions = Vec::new();
    for kind in kinds() {
        for object in bed.list(kind) {
            let Some(question) = question(&object) else {
                continue;
            };
            let name = text(&object["metadata"]["name"]);
            let Some(operation) = operations.iter().find(|one| one.name == name) else {
                continue;
            };
            let journal = bed.simulator.journal();
            let decision = decide(operation, &question, &journal);
            let patch =
                json!({"spec": {"resolution": {"holdId": question.id, "decision": decision}}});
            // It may be gone by now, or asked something else.
            let answered = bed.try_kubectl(&[
                "patch",
                kind,
                name,
                "--type=merge",
                "-p",
                &patch.to_string(),
            ]);
            if answered.is_ok() {
                decisions.push(Decision {
                    name: name.to_owned(),
                    reason: question.reason,
                    decision,
                });
            }
        }
    }
    for operation in operations {
        if operation.task == Task::OrderToPay {
            pay(bed, &operation.name);
        }
    }
    Ok(decisions)
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

/// By what the cloud has seen of it.
fn decide(operation: &Operation, question: &Question, journal: &Journal) -> String {
    let done = operation
        .task
        .effect()
        .is_some_and(|effect| journal.effects_on(effect, &operation.name) > 0);
    let wanted: &[&str] = match done {
        true => &["Continue", "LookAgain", "AssumeDone", "GiveUp"],
        false => &["Continue", "SendAgain", "LookAgain", "GiveUp"],
    };
    let offered = |word: &&&str| question.choices.iter().any(|choice| choice == **word);
    let chosen = wanted.iter().find(offered);
    chosen.map_or_else(|| "GiveUp".to_owned(), |word| (*word).to_owned())
}

fn pay(bed: &Bed, desktop: &str) {
    for order in bed.simulator.orders(desktop) {
        if order.status == PENDING_PAYMENT {
            bed.simulator
                .act_on_order(&order.order_id, OrderAction::Pay);
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
