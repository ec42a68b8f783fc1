//! Advice where nothing goes on before somebody mends or resumes something.

use errand::api::{ConnectionReason, REQUESTED_AT, Reason};
use errand::cloud::{More, Refusal};
use serde_json::Value;

use super::{Advice, Asker, rules, span};
use crate::cli::view::text;

pub(super) const PUT_KEY: &str = "Put a valid key into the Secret, from two files: ID-FILE with the access key id, KEY-FILE with the secret access key:";

impl Asker<'_> {
    pub(super) fn suspended(&self, reason: Reason) -> Advice {
        let next = "Nothing is sent and nothing is looked at until it is resumed. What was sent before may still take effect.";
        let say = "To resume it (with GitOps: in Git):";
        Advice::new(next).say(say).run(match reason {
            Reason::SUSPENDED_BY_CONNECTION => self.patch(
                &self.connection_object(),
                r#"{"spec":{"policy":{"suspend":false}}}"#,
            ),
            _ => self.patch(&self.object(), r#"{"spec":{"suspend":false}}"#),
        })
    }

    /// What blocks it, and how Errand is made to try again at once.
    pub(super) fn blocked(&self, reason: Reason) -> Advice {
        let now = format!(
            "kubectl annotate {} -n {} {REQUESTED_AT}=\"$(date +%s)\" --overwrite",
            self.object(),
            self.place.namespace
        );
        self.what_blocks(reason)
            .say("To make Errand try again at once, after the fix:")
            .run(now)
    }

    fn what_blocks(&self, reason: Reason) -> Advice {
        let rules = rules();
        let recheck = span(rules.recheck);
        let often = self.often();
        let tries_again =
            format!("Errand tries again {often}. It continues by itself once that is fixed.");
        match reason {
            Reason::CREDENTIALS_MISSING if self.lacks_the_label() => Advice::new(
                "Nothing is sent. Within a minute after the Secret has the label Errand continues by itself.",
            )
            .say("If the key in the Secret is meant for Errand, label it:")
            .run(format!(
                "kubectl label secret {} -n {} errand.cloud/credentials=true",
                self.secret(),
                self.place.namespace
            )),
            Reason::CREDENTIALS_MISSING => Advice::new(
                "Nothing is sent. Within a minute after the Secret is corrected Errand continues by itself.",
            )
            .say(PUT_KEY)
            .run(self.put_key()),
            Reason::CREDENTIALS_REJECTED => Advice::new(format!(
                "Nothing is sent with this key; a single read tries it again every {recheck}, as too many bad signatures lock a key. Within a minute after another key is in the Secret Errand goes on by itself."
            ))
            .say(PUT_KEY)
            .run(self.put_key()),
            Reason::PERMISSION_DENIED if self.refusal().is_of_address() => Advice::new(tries_again).say(
                "In the cloud's IAM, add the address from which the operator calls to the account's allow list. Behind a proxy or NAT, that is its address.",
            ),
            Reason::PERMISSION_DENIED if self.refusal().is_of_role() => Advice::new(tries_again).say(
                "In the cloud's IAM (CAM), create the service role AS_QCSRole for Auto Scaling, or open its console once with the account's owner and grant it there. A permission of the key does not help.",
            ),
            Reason::PERMISSION_DENIED if self.refusal().is_of_place() => {
                Advice::new(tries_again).say(format!(
                    "Check region, projectId and account of {} (with GitOps: in Git). A permission of the key does not help:",
                    self.connection_object()
                ))
                .run(self.edit_connection())
            }
            Reason::PERMISSION_DENIED => {
                let owner = match self.secret() {
                    secret if secret.is_empty() => String::new(),
                    secret => format!(" in Secret {secret}"),
                };
                let said = self.refusal();
                let missing = match said.permission_for(&self.said("call")) {
                    Some(permission) => format!("the permission {permission}"),
                    None => "what Cause names".to_owned(),
                };
                let advice = Advice::new(tries_again).say(format!(
                    "In the cloud's IAM, grant the owner of the access key{owner} {missing}."
                ));
                match self.said("encodedAuthorizationMessage") {
                    encoded if encoded.is_empty() => advice,
                    _ => advice.say("An administrator of the account can decode why: pass status.lastCloudError.encodedAuthorizationMessage to decode-authorization-message of the cloud's STS."),
                }
            }
            Reason::CONNECTION_NOT_FOUND => Advice::new(
                "Nothing is sent. Errand continues by itself as soon as the connection exists.",
            )
            .say("Create it, or correct spec.connectionRef. Existing connections:")
            .run(format!("kubectl get cloudconnections -n {}", self.place.namespace)),
            Reason::CONNECTION_NOT_READY => {
                let advice = Advice::new(
                    "Nothing is sent. Errand continues by itself once the connection can be used.",
                );
                let advice = match self.names(&["--allow-endpoint"]) {
                    true => advice.say("Ask the administrators of Errand to allow the host as Cause says, if it should be. Or correct the endpoint or the region in the connection (with GitOps: in Git):"),
                    false => advice.say("Fix the connection as Cause says (with GitOps: in Git):"),
                };
                advice.run(self.edit_connection())
            }
            Reason::CLOUD_REFUSES => {
                let advice = Advice::new(format!(
                    "Errand tries again {often}. It continues by itself once the cloud accepts."
                ));
                let advice = match self.said("code").is_empty() {
                    true => advice.say("The answer has no error code of the cloud. A proxy or firewall may have written it: allow the cloud's endpoint there. Otherwise fix what the message in Cause names."),
                    false => advice.say("Fix what the cloud's message in Cause names: a permission, a quota, the account's balance, an allow list. The cloud's documentation of the API lists its codes."),
                };
                match self.said("requestId").is_empty() {
                    true => advice,
                    false => advice.say("If the message does not help, open a ticket with the cloud and give it the request id below."),
                }
                .say(self.by_hand())
            }
            Reason::TARGET_BLOCKED => Advice::new(tries_again).say(format!(
                "Deal with it in the cloud's console, at {}: pay or cancel the open order, for instance.",
                self.target()
            )),
            Reason::PAID_OPERATIONS_FORBIDDEN => self.not_paid(Advice::new(tries_again)),
            Reason::CONNECTION_MISMATCH if self.names(&["--cluster-id"]) => Advice::new(tries_again).say(
                "Ask the administrators of Errand to start the operator with --cluster-id (chart value clusterId), or with the right to read the namespace kube-system.",
            ),
            Reason::CONNECTION_MISMATCH if self.names(&["policy.clusterId"]) => Advice::new(tries_again)
                .say("If another cluster is to send this, delete the operation here. If it is this one, set policy.clusterId to this cluster (with GitOps: in Git):")
                .run(self.edit_connection()),
            Reason::CONNECTION_MISMATCH if self.names(&["connectionRef"]) => Advice::new(tries_again)
                .say("Correct spec.connectionRef of the operation. Existing connections:")
                .run(format!("kubectl get cloudconnections -n {}", self.place.namespace)),
            Reason::LEDGER_FULL => Advice::new(format!("Nothing is sent. {tries_again}")).say(
                "Ask the administrators of Errand: they can set the ledger that Cause names aside. Whatever is recorded in it could then be done once more.",
            ),
            Reason::OBJECT_UNREADABLE => {
                Advice::new("Nothing is sent. Errand goes on by itself once it can read the object.")
                    .say("Correct the field that Cause names, or install the CRDs of the operator's version; errand has those of its own:")
                    .run("errand crds | kubectl apply --server-side -f -")
            }
            Reason::STATUS_REFUSED => {
                Advice::new("Nothing further is sent. What was sent is still recorded. Errand tries again with each observation.")
                    .say("Correct the field that Cause names, or install the CRDs of the operator's version; errand has those of its own:")
                    .run("errand crds | kubectl apply --server-side -f -")
            }
            Reason::INTENT_NOT_STORED if self.names(&["who else writes"]) => {
                Advice::new(format!("Nothing is sent. {tries_again}"))
                    .say("Errand alone may write the status of operations. See which program wrote it last, and take that right from it:")
                    .run(format!(
                        "kubectl get {} -n {} -o yaml --show-managed-fields",
                        self.object(),
                        self.place.namespace
                    ))
            }
            Reason::INTENT_NOT_STORED => {
                Advice::new(format!("Nothing is sent. {tries_again}")).say(
                    "Install the CRDs and the rights of the operator's version; errand has those of its own:",
                )
                .run("errand crds | kubectl apply --server-side -f -")
                .run("errand rbac | kubectl apply -f -")
            }
            _ => Advice::new(tries_again)
                .say("Fix the connection as Cause says (with GitOps: in Git):")
                .run(self.edit_connection()),
        }
    }

    /// Who can allow a payment: the administrators of Errand, the connection, or both.
    fn not_paid(&self, advice: Advice) -> Advice {
        let operator = self.names(&["--paid-operations", "--paid-namespace-selector"]);
        let connection = self.names(&["policy.paidOperations"]);
        let advice = match operator || !connection {
            true => advice.say("Ask the administrators of Errand: --paid-operations and --paid-namespace-selector are theirs, and so are the labels of namespaces."),
            false => advice,
        };
        let manual =
            "delete the operation and apply it with spec.payment Manual, if that is allowed";
        match connection || !operator {
            true => advice
                .say(format!("Allow it in policy.paidOperations of the connection, if this account may be charged; or {manual}. With GitOps: in Git."))
                .run(self.edit_connection()),
            false => advice.say(format!("Or {manual}.")),
        }
    }

    /// Cause names one of these flags or fields.
    fn names(&self, words: &[&str]) -> bool {
        let cause = self.view.text("/status/summary");
        words.iter().any(|word| cause.contains(word))
    }

    fn edit_connection(&self) -> String {
        let namespace = &self.place.namespace;
        format!("kubectl edit {} -n {namespace}", self.connection_object())
    }

    /// What the cloud said last.
    fn refusal(&self) -> Refusal {
        Refusal {
            code: self.said("code"),
            message: self.said("message"),
            more: Some(Box::new(More {
                detail: self.said("detail"),
                ..More::default()
            })),
            ..Refusal::default()
        }
    }

    /// How often Errand tries again, for kinds with a deadline and for others.
    fn often(&self) -> String {
        let rules = rules();
        let recheck = span(rules.recheck);
        match self.place.named.type_.deadline {
            // It may have been a bad signature, whatever it says.
            _ if self.said("httpStatus") == "401" => {
                format!("every {recheck} at most, as too many bad signatures lock a key")
            }
            Some(deadline) => format!(
                "every {recheck}, and every {} in the last {} before {deadline}",
                span(rules.poll),
                span(rules.urgent)
            ),
            None => format!("every {recheck}"),
        }
    }

    /// The connection says that its Secret is not labelled.
    fn lacks_the_label(&self) -> bool {
        let conditions = self
            .connection
            .and_then(|found| found.pointer("/status/conditions"));
        let word = ConnectionReason::SecretNotLabelled.word();
        let all = conditions.and_then(Value::as_array);
        all.is_some_and(|all| all.iter().any(|condition| condition["reason"] == word))
    }

    /// The name of the connection's Secret, if it can be known.
    pub fn secret(&self) -> String {
        self.of_credentials("/name")
    }

    fn of_credentials(&self, part: &str) -> String {
        let pointer = format!("/spec/credentials/secretRef{part}");
        let found = self.connection.and_then(|object| object.pointer(&pointer));
        found.map(text).unwrap_or_default()
    }

    /// Works whether or not the Secret is there. The key comes from files, which
    /// no shell's history keeps.
    pub(super) fn put_key(&self) -> String {
        let or = |part: &str, other: &str| match self.of_credentials(part) {
            found if found.is_empty() => other.to_owned(),
            found => found,
        };
        let (secret, id) = (or("/name", "NAME"), or("/keys/accessKey", "accessKey"));
        let key = or("/keys/secretKey", "secretKey");
        let namespace = &self.place.namespace;
        format!(
            "kubectl create secret generic {secret} -n {namespace} --from-file={id}=ID-FILE --from-file={key}=KEY-FILE --dry-run=client -o yaml | kubectl label --local -f - errand.cloud/credentials=true -o yaml | kubectl apply --server-side --force-conflicts -f -"
        )
    }
}
