//! Reading: the object from the API server, the ledger, the cloud.

use errand_engine::{Event, Record, View};
use kube::ResourceExt as _;
use tokio::time::timeout;

use super::Session;
use crate::api::Reason;
use crate::cloud::Reading;
use crate::controllers::context::API_TIMEOUT;
use crate::controllers::troubles::{no_ledger, read_trouble};
use crate::operations::{Kind, Object as _};

impl<K: Kind> Session<'_, K> {
    pub(super) async fn read(&mut self) -> Event {
        match timeout(API_TIMEOUT, self.api().get_opt(&self.object.name_any())).await {
            Ok(Ok(Some(found))) if found.uid() == self.object.uid() => {
                self.object = found;
                self.note_version();
                self.woken()
            }
            // Gone, or another object of the same name, which has its own session.
            Ok(Ok(_)) => Event::Gone,
            Ok(Err(e)) => {
                tracing::warn!(error = %e, "the object cannot be read");
                Event::NoReply(self.now())
            }
            Err(_) => Event::NoReply(self.now()),
        }
    }

    pub(super) async fn observe(&mut self) -> Event {
        self.trouble = None;
        let started = self.now().wall;
        let namespace = self.namespace();
        let asked = self.object.asked();
        let connections = &self.ctx.connections;
        let usable = match connections.find(&namespace, asked.connection).await {
            Ok(found) => connections.usable(&namespace, &found, K::SERVICES).await,
            Err(unusable) => Err(unusable),
        };
        let mut connection = match usable {
            Ok(usable) => usable,
            Err(unusable) => return Event::Unobserved(self.now(), self.tell(unusable)),
        };
        // The ledger first: a claim on it as it is found counts on a look at the
        // cloud that is newer than every earlier claim.
        self.look = None;
        if let Some(claimant) = K::claimant(&self.object, &connection.place) {
            match self.ctx.ledgers.look::<K>(&self.object, claimant).await {
                Ok(look) => self.look = Some(look),
                Err(text) => return Event::Unobserved(self.now(), self.tell(no_ledger(text))),
            }
        }
        let record = self.look.as_ref().map_or(Record::None, |look| look.record);
        let open = self.look.as_ref().and_then(|look| look.open.clone());
        let facts = K::observe(&connection.clients, &self.object, open.as_ref()).await;
        self.count_call("observe", if facts.is_ok() { "ok" } else { "failed" });
        match facts {
            Ok(facts) => {
                connection.accepted();
                self.connection = Some(connection);
                let assessment = K::assess(&self.object, &facts, open.as_ref());
                let view = View {
                    started: assessment.shared_since.unwrap_or(started),
                    goal: assessment.goal,
                    trace: assessment.trace,
                    due: assessment.due,
                    record,
                    past: assessment.past,
                    shared: assessment.shared_since.is_some(),
                };
                self.assessment = Some(assessment);
                Event::Observed(self.now(), view)
            }
            Err(e) => {
                let unusable = match e.reading {
                    Reading::Blocked(Reason::CredentialsRejected) => {
                        connection.rejected(&e.refusal)
                    }
                    Reading::Retry(_) => read_trouble(&e),
                    // Any other answer was given to an accepted key.
                    _ => {
                        connection.accepted();
                        read_trouble(&e)
                    }
                };
                Event::Unobserved(self.now(), self.tell(unusable))
            }
        }
    }
}
