//! What can be put into CloudDC, and the switches for what its contract leaves open.

use serde::{Deserialize, Serialize};

use crate::seed::When;

/// An instance, and what becomes of it on the simulator's clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudDcInstance {
    /// The instance id.
    pub id: String,
    /// Its name; absent: the id.
    #[serde(default)]
    pub name: Option<String>,
    /// The physical server; absent: made from the id.
    #[serde(default)]
    pub server_id: Option<String>,
    /// When it was created; absent: now.
    #[serde(default)]
    pub created_at: Option<When>,
    /// Its status from then on; absent: running.
    #[serde(default)]
    pub status: CloudDcStatus,
    /// What it goes through, in the order of time.
    #[serde(default)]
    pub script: Vec<CloudDcStep>,
}

impl CloudDcInstance {
    /// A running instance of now.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            server_id: None,
            created_at: None,
            status: CloudDcStatus::default(),
            script: Vec::new(),
        }
    }

    /// Sets the status that it starts with.
    pub fn status(mut self, status: impl Into<CloudDcStatus>) -> Self {
        self.status = status.into();
        self
    }

    /// Sets the physical server.
    pub fn server(mut self, id: impl Into<String>) -> Self {
        self.server_id = Some(id.into());
        self
    }

    /// Sets when it was created.
    pub fn created(mut self, when: When) -> Self {
        self.created_at = Some(when);
        self
    }

    /// Adds a status that it gets so many seconds from now.
    pub fn then(self, in_seconds: i64, status: impl Into<CloudDcStatus>) -> Self {
        self.then_at(When::In(in_seconds), status)
    }

    /// Adds a status that it gets at a time.
    pub fn then_at(mut self, at: When, status: impl Into<CloudDcStatus>) -> Self {
        let status = status.into();
        self.script.push(CloudDcStep { at, status });
        self
    }
}

/// A status and when an instance gets it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudDcStep {
    /// When.
    pub at: When,
    /// All that is shown from then on.
    pub status: CloudDcStatus,
}

/// All that an instance shows of how it is: what is absent here is not shown.
///
/// The words and the way here must be documented ones (the vendor's state machine),
/// unless `undocumented` is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudDcStatus {
    /// The state word. One that is empty, which is no documented one, is not shown.
    pub state: String,
    /// What is, or was, being done to it: `install-processing` and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_state: Option<String>,
    /// The failure that led here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<CloudDcError>,
    /// The cloud does it all the same: any words, any way here. The words go out as
    /// they are written, whatever the readings say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undocumented: bool,
}

impl CloudDcStatus {
    /// A state and nothing else.
    pub fn new(state: impl Into<String>) -> Self {
        Self {
            state: state.into(),
            operation_state: None,
            error: None,
            undocumented: false,
        }
    }

    /// Sets the operation's state.
    pub fn operation(mut self, word: impl Into<String>) -> Self {
        self.operation_state = Some(word.into());
        self
    }

    /// Sets the failure: its code and its message.
    pub fn error(mut self, code: impl Into<String>, message: impl Into<String>) -> Self {
        self.error = Some(CloudDcError {
            error_code: code.into(),
            error_msg: message.into(),
            error_type: None,
        });
        self
    }

    /// Lets the cloud do what no document has.
    pub fn undocumented(mut self) -> Self {
        self.undocumented = true;
        self
    }
}

impl Default for CloudDcStatus {
    fn default() -> Self {
        Self::new("running")
    }
}

impl From<&str> for CloudDcStatus {
    fn from(state: &str) -> Self {
        Self::new(state)
    }
}

/// A failure as an instance shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudDcError {
    /// The code.
    pub error_code: String,
    /// The message.
    pub error_msg: String,
    /// The type, of which no value is documented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
}

/// The points of contracts section d that nobody could verify.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CloudDcReadings {
    /// How the state of an instance that is being deleted is spelled.
    pub shutting_down: ShuttingDown,
    /// A terminated instance, after [`CloudDcReadings::gone_after`].
    pub after_terminated: AfterTerminated,
    /// Seconds for which a terminated instance is still shown.
    pub gone_after: u32,
    /// The form of the 404.
    pub not_found: NotFoundForm,
    /// The code of the 404.
    pub not_found_code: String,
    /// The body of the 429.
    pub overloaded: Overloaded,
    /// A list that names an instance which is not there.
    pub unknown_id_in_list: UnknownInList,
    /// What `next_marker` is.
    pub next_marker: NextMarker,
    /// `instances` where there is nothing in it.
    pub nothing: EmptyInstances,
    /// What `error` is.
    pub error: ErrorForm,
}

impl Default for CloudDcReadings {
    fn default() -> Self {
        Self {
            shutting_down: ShuttingDown::default(),
            after_terminated: AfterTerminated::default(),
            gone_after: 3600,
            not_found: NotFoundForm::default(),
            not_found_code: "CloudDC.0404".into(),
            overloaded: Overloaded::default(),
            unknown_id_in_list: UnknownInList::default(),
            next_marker: NextMarker::default(),
            nothing: EmptyInstances::default(),
            error: ErrorForm::default(),
        }
    }
}

/// See [`CloudDcReadings::nothing`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyInstances {
    /// `[]`.
    #[default]
    Empty,
    /// `null`, as servers in Go write it.
    Null,
}

/// See [`CloudDcReadings::error`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorForm {
    /// An object with `error_code` and `error_msg`; absent where nothing is wrong.
    #[default]
    Object,
    /// The message alone, as text; `null` where nothing is wrong.
    Text,
}

/// See [`CloudDcReadings::shutting_down`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShuttingDown {
    /// `shutting-down`, as the SDK has it.
    #[default]
    Hyphen,
    /// `shutting_down`, as the page's diagram has it.
    Underscore,
}

/// See [`CloudDcReadings::after_terminated`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterTerminated {
    /// It is not found, nor listed.
    #[default]
    Gone,
    /// It is shown as terminated for ever.
    Stays,
}

/// See [`CloudDcReadings::not_found`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotFoundForm {
    /// `error_code` and `error_msg`, as the page's 401 and 500 have them.
    #[default]
    Service,
    /// The same with `request_id`, as the gateway writes it.
    Gateway,
    /// `{"error": {"code": 404, "message": …, "title": …}}`, as IAM writes it.
    Iam,
}

/// See [`CloudDcReadings::overloaded`]. A fault that names an error is none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overloaded {
    /// None, as the page has it.
    #[default]
    Empty,
    /// Text that is no JSON.
    Text,
    /// The gateway's, with APIGW.0308.
    Gateway,
}

/// See [`CloudDcReadings::unknown_id_in_list`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownInList {
    /// It is left out.
    #[default]
    LeftOut,
    /// The whole list is a 404.
    Refused,
}

/// See [`CloudDcReadings::next_marker`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextMarker {
    /// The id of the page's last instance.
    #[default]
    Id,
    /// Path and query of the next page (the SDK's text says "address"). Either is
    /// taken as `marker`.
    Address,
}
