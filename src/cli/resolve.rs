//! `errand resolve`: answers the question of a held operation.

use kube::api::{Api, Patch, PatchParams};

use super::plain::Plain;
use super::view::View;
use super::{Failure, Place, failed, get};

/// Who wrote the answer, for managedFields.
const MANAGER: &str = "errand-cli";

/// Answers; what to say about it.
pub async fn resolve(api: Api<Plain>, place: &Place, decision: &str) -> Result<String, Failure> {
    let object = get(&api, place).await?;
    let view = View::new(&object);
    let reference = place.named.reference();
    let Some(hold) = view.hold() else {
        let standing = view.standing();
        return Err(Failure::new(format!(
            "{reference} asks nothing: it is {standing}"
        )));
    };
    if hold.id.is_empty() {
        return Err(Failure::new(format!(
            "the question of {reference} has no id, so it cannot be answered"
        )));
    }
    if !hold.choices.iter().any(|choice| choice == decision) {
        let choices = hold.choices.join(", ");
        return Err(Failure::new(format!(
            "{decision} is not among the choices of {reference}: {choices}"
        )));
    }
    let id = &hold.id;
    let resolution = serde_json::json!({"holdId": id, "decision": decision});
    if view.at("/spec/resolution") == &resolution {
        return Ok(format!(
            "{reference}: {decision} has been answered to the question {id} before; nothing was changed.\n"
        ));
    }
    // The precondition: what was read here is what is answered to. An API server
    // that is not asked for one takes the patch whatever has happened since.
    let version = object.metadata.resource_version.as_deref().unwrap_or("");
    if version.is_empty() {
        return Err(Failure::new(format!("{reference} has no resourceVersion")));
    }
    let patch = Patch::Merge(serde_json::json!({
        "metadata": {"resourceVersion": version},
        "spec": {"resolution": resolution},
    }));
    let by = PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    match api.patch(&place.named.name, &by, &patch).await {
        Ok(_) => Ok(answered(place, id, decision)),
        Err(kube::Error::Api(status)) if status.code == 409 => Err(Failure::new(format!(
            "{reference} has changed meanwhile, so nothing was answered; look again: {}",
            place.command("why")
        ))),
        Err(e) => Err(failed("answer the question of", place, &e)),
    }
}

fn answered(place: &Place, id: &str, decision: &str) -> String {
    format!(
        "\
{}: answered {decision} to the question {id}.
With GitOps the same change belongs into Git, or it will be undone from there:

spec:
  resolution:
    holdId: {id}
    decision: {decision}

What comes of it: {}
",
        place.named.reference(),
        place.command("wait")
    )
}
