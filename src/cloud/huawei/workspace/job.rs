//! A job of Workspace and its parts: how far it is, and why it failed.

use serde::Deserialize;

use super::found;
use crate::cloud::call::{CallError, parse};
use crate::cloud::huawei::Client;
use crate::cloud::{Members, Path, Query, contradicted, lenient};

/// A job (`ShowJob`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Job {
    /// `id`
    #[serde(deserialize_with = "lenient::plain_text")]
    pub id: String,
    /// `status`, open: WAITING, RUNNING; at its end COMPLETE, SUCCESS, FAIL.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// `job_error_code`
    #[serde(default, deserialize_with = "lenient::text")]
    pub job_error_code: Option<String>,
    /// `fail_reason`
    #[serde(default, deserialize_with = "lenient::text")]
    pub fail_reason: Option<String>,
    /// `sub_jobs`
    #[serde(default)]
    pub sub_jobs: Members<SubJob>,
}

/// A part of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct SubJob {
    /// `id`
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// `status`, open: WAITING, RUNNING, SUCCESS, FAILED.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// `error_code`
    #[serde(default, deserialize_with = "lenient::text")]
    pub error_code: Option<String>,
    /// `fail_reason`
    #[serde(default, deserialize_with = "lenient::text")]
    pub fail_reason: Option<String>,
}

/// How far a job or a part of it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has not ended, or its word is not one of an end.
    Open,
    /// It has ended with success.
    Done,
    /// It has ended with a failure.
    Failed,
}

impl Progress {
    /// The documented words, of which either level uses its own.
    fn of(status: Option<&str>) -> Self {
        let is = |words: &[&str]| {
            status.is_some_and(|status| words.iter().any(|word| status.eq_ignore_ascii_case(word)))
        };
        match () {
            () if is(&["COMPLETE", "SUCCESS"]) => Self::Done,
            () if is(&["FAIL", "FAILED"]) => Self::Failed,
            () => Self::Open,
        }
    }
}

impl Job {
    /// How far it is. One that is complete has failed if a part of it has; not if that
    /// part is listed a second time and says something else.
    pub fn progress(&self) -> Progress {
        match Progress::of(self.status.as_deref()) {
            Progress::Done if self.contradicts_itself() => Progress::Open,
            Progress::Done if self.failed_part().is_some() => Progress::Failed,
            progress => progress,
        }
    }

    /// It has ended without doing it.
    pub fn failed(&self) -> bool {
        self.progress() == Progress::Failed
    }

    fn contradicts_itself(&self) -> bool {
        let twice = contradicted(&self.sub_jobs.list, |part| part.id.as_deref());
        !twice.is_empty()
    }

    fn failed_part(&self) -> Option<&SubJob> {
        let failed = |part: &&SubJob| Progress::of(part.status.as_deref()) == Progress::Failed;
        self.sub_jobs.list.iter().find(failed)
    }

    /// The code and the words of its failure, as far as there are any: those of the
    /// part that failed tell more.
    pub fn failure(&self) -> Vec<&str> {
        let part = self.failed_part();
        let of_part = part.map(|part| [&part.error_code, &part.fail_reason]);
        let of_job = [&self.job_error_code, &self.fail_reason];
        let said = |words: [&'_ Option<String>; 2]| words.into_iter().any(Option::is_some);
        let words = of_part.filter(|words| said(*words)).unwrap_or(of_job);
        words
            .into_iter()
            .filter_map(|text| text.as_deref())
            .collect()
    }
}

/// `ShowJob`; `None`: there is no such job (any more), or the answer shows another one.
pub async fn show_job(client: &Client, job: &str) -> Result<Option<Job>, CallError> {
    let path = Path::of(&["v2", client.scope.id(), "workspace-jobs", job])?;
    let answer = found(client.get("ShowJob", &path, &Query::default()).await)?;
    let shown: Option<Job> = answer.map(|body| parse(&body)).transpose()?;
    Ok(shown.filter(|shown| shown.id == job))
}
