//! What people see of a look: the sentence, and the fields of status.observed.

use super::super::facts::Orders;
use super::super::sentences::{LINE, WORD, has, lower};
use super::super::trace::millis;
use super::Look;
use crate::api::Timestamp;
use crate::cloud::huawei::bss::{Order, OrderStatus, why_unreadable};
use crate::cloud::huawei::workspace::{Change, ChangeOrder, Job};
use crate::operations::desktop_order::DesktopObservation;
use crate::text::line;

impl Look<'_> {
    /// What a look shows. What is known of the own call is kept.
    pub(super) fn observation(&self, asked: Option<&ChangeOrder<'_>>) -> DesktopObservation {
        let before = self.object.status.as_ref();
        let before = before.and_then(|status| status.observed.clone());
        let before = before.unwrap_or_default();
        let order = self.order().map(|details| &details.order);
        let status = order.and_then(|order| order.status());
        let number = order.and_then(|order| order.status_number);
        let price = order.and_then(Order::price);
        let official = order.and_then(Order::official_price);
        let job_id = self.own.as_ref().and_then(|own| own.job_id);
        let job_status = self.job().and_then(|job| job.status.as_deref());
        let of_order = match self.facts.unread {
            Some(_) => before.clone(),
            None => DesktopObservation {
                order_id: self.order_id().map(str::to_owned),
                order_status: status
                    .map(|status| status.word().to_owned())
                    .or(number.map(|number| number.to_string()))
                    .or(self.kept_status().map(str::to_owned)),
                payment_deadline: self.deadline().or(self.kept_deadline()),
                price: price.or(self.kept(|before| before.price.clone())),
                official_price: official.or(self.kept(|before| before.official_price.clone())),
                job_id: job_id.map(str::to_owned),
                job_status: job_status.map(|word| line(word, WORD)),
                ..DesktopObservation::default()
            },
        };
        let Some(desktop) = &self.facts.desktop else {
            return DesktopObservation {
                desktop_status: before.desktop_status,
                product_id: before.product_id,
                volume_size_gib: before.volume_size_gib,
                charge_mode: before.charge_mode,
                task_status: before.task_status,
                ..of_order
            };
        };
        let volume = match asked.map(|asked| asked.change) {
            Some(Change::ExpandVolume { volume, .. }) => desktop.volume(volume),
            _ => None,
        };
        let charge = desktop
            .product
            .as_ref()
            .and_then(|p| p.charge_mode.as_deref());
        DesktopObservation {
            desktop_status: desktop.status.as_deref().map(|word| line(word, WORD)),
            product_id: desktop.product_id().map(|id| line(id, 128)),
            volume_size_gib: volume
                .and_then(|volume| volume.size)
                .and_then(|size| i32::try_from(size).ok()?.try_into().ok()),
            charge_mode: charge.map(|word| line(word, 16)),
            task_status: desktop.task_status.as_deref().map(|word| line(word, WORD)),
            ..of_order
        }
    }

    /// Until when the own order can be paid, if it waits for that.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let order = &self.order()?.order;
        let unpaid = order.status() == Some(OrderStatus::PendingPayment);
        let end = order.pending_payment_end_time.as_deref();
        end.filter(|_| unpaid)
            .and_then(millis)
            .map(Timestamp::from_millis)
    }

    /// The deadline that was seen, while BSS does not show the order.
    fn kept_deadline(&self) -> Option<Timestamp> {
        self.kept(|before| before.payment_deadline)
    }

    /// What was seen of the own order, while BSS does not show it: it does not change.
    fn kept<T>(&self, of: impl FnOnce(&DesktopObservation) -> Option<T>) -> Option<T> {
        if self.own.is_none() || self.order().is_some() {
            return None;
        }
        of(self.object.status.as_ref()?.observed.as_ref()?)
    }

    /// Where the own order stood when BSS last showed that, while it does not.
    pub(super) fn kept_status(&self) -> Option<&str> {
        self.own.as_ref()?;
        let shown = self.order().map(|details| &details.order);
        if shown.is_some_and(|order| order.status_number.is_some()) {
            return None;
        }
        let before = self.object.status.as_ref()?.observed.as_ref()?;
        let same = self.order_id().is_none() || before.order_id.as_deref() == self.order_id();
        before.order_status.as_deref().filter(|_| same)
    }

    /// The desktop, and what tells of the order.
    pub(super) fn now(&self, change: &Change<'_>) -> String {
        let desktop = match &self.facts.desktop {
            Some(desktop) => has(change, desktop),
            None => self.missing(),
        };
        match self.order() {
            Some(details) if details.order.status().is_some() => desktop,
            _ => format!("{desktop} {}", self.told()),
        }
    }

    pub(super) fn missing(&self) -> String {
        format!(
            "There is no desktop {} in the region and project of the connection.",
            self.object.spec.desktop_id
        )
    }

    pub(super) fn name(&self) -> String {
        match self.order_id() {
            Some(id) => format!("Order {id}"),
            None => "The order".to_owned(),
        }
    }

    /// What is known of the order that is looked for, where BSS does not tell how
    /// far it is.
    pub(super) fn told(&self) -> String {
        let name = match (&self.foreign, self.order_id()) {
            (Some(foreign), _) if foreign.recorded.elsewhere => {
                "An order of an operation of another namespace that is gone".to_owned()
            }
            (Some(foreign), _) => {
                let asked = foreign.recorded.body.as_deref().unwrap_or("not known");
                format!(
                    "An order of an operation that is gone ({})",
                    line(asked, LINE)
                )
            }
            (None, Some(id)) => format!("Order {id}"),
            (None, None) => "Its order".to_owned(),
        };
        let rivals = self
            .traced
            .as_ref()
            .map(|t| t.rivals.as_slice())
            .unwrap_or_default();
        match (&self.facts.orders, self.order()) {
            (_, Some(found)) => format!(
                "{name} has status {}, which is not documented.",
                found
                    .order
                    .status_number
                    .map_or("none".to_owned(), |n| n.to_string())
            ),
            (Orders::Unreadable(refusal), _) => format!(
                "{name} cannot be looked up in BSS ({}).",
                why_unreadable(refusal)
            ),
            (Orders::Listed { whole: false, .. }, _) => {
                format!("{name} cannot be told from the other orders of that time in BSS.")
            }
            (Orders::Listed { .. }, _) if !rivals.is_empty() => {
                format!("{name} may be any of these in BSS: {}.", rivals.join(", "))
            }
            (Orders::Known(Some(_)), _) => format!("{name} shows in BSS."),
            (Orders::Known(None) | Orders::Listed { .. }, _) => {
                format!("{name} does not show in BSS, which proves nothing.")
            }
            (Orders::NotAsked, _) => format!("{name} is not known."),
        }
    }

    pub(super) fn failure(&self, job: &Job) -> String {
        let why = job.failure();
        let why = match why[..] {
            [] => String::new(),
            _ => format!(" ({})", line(&why.join(": "), LINE)),
        };
        format!("Job {} of {} failed{why}.", job.id, lower(&self.name()))
    }
}
