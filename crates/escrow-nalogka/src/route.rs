//! Which call a method and a path name.

use super::error::{ApiError, ErrorKind};

/// A call of the API, version 1.2.0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Route {
    /// `GET /deals/calculate`: [`Calculate`](super::Calculate) → [`CalculationResult`](super::CalculationResult).
    Calculate,
    /// `GET /deals/statuses` → [`DealStatus::list`](super::DealStatus::list).
    Statuses,
    /// `GET /deals/`: [`ListDeals`](super::ListDeals) → [`DealFilter`](super::DealFilter), which the host's store runs.
    List,
    /// `POST /deals/`: [`CreateDeal`](super::CreateDeal).
    Create,
    /// `GET /deals/{id}` → [`Deal::project`](super::Deal::project); needs no initiator.
    Get,
    /// `PATCH /deals/{id}`: [`UpdateDeal`](super::UpdateDeal).
    Update,
    /// `POST /deals/{id}/cancel`: [`Call::Cancel`](super::Call::Cancel).
    Cancel,
    /// `POST /deals/{id}/confirm-acceptation`: [`Call::ConfirmAcceptation`](super::Call::ConfirmAcceptation).
    ConfirmAcceptation,
    /// `POST /deals/{id}/performing-start`: [`Call::PerformingStart`](super::Call::PerformingStart).
    PerformingStart,
    /// `POST /deals/{id}/performing-stop`: [`Call::PerformingStop`](super::Call::PerformingStop).
    PerformingStop,
    /// `PUT /deals/{id}/performing-track`: [`SetPerformingTrack`](super::SetPerformingTrack).
    SetTrack,
    /// `GET /deals/{id}/performing-track` → [`Track::project`](super::Track::project).
    GetTrack,
    /// `DELETE /deals/{id}/performing-track`: [`Call::RemoveTrack`](super::Call::RemoveTrack).
    RemoveTrack,
    /// `POST /deals/{id}/add-attachments`: [`AddAttachments`](super::AddAttachments).
    AddAttachments,
    /// `GET /deals/{id}/events` → [`events`](super::events()); needs no initiator.
    Events,
    /// `GET /deals/{id}/deposit-form`: [`DepositForm`](super::DepositForm) → [`Form`](super::Form).
    DepositForm,
    /// `GET /deals/{id}/payment-form`: [`ChargeForm`](super::ChargeForm) → [`Form`](super::Form).
    PaymentForm,
    /// `GET /deposit/requisites/{owner}/{id}` → [`Requisite`](super::Requisite).
    Requisite,
    /// `POST /deals/{id}/payments`, a call of ours: [`AddPayment`](super::AddPayment).
    AddPayment,
    /// `GET /deals/{id}/payments`, a call of ours → [`AdditionalPayment::list`](super::AdditionalPayment::list).
    Payments,
}

impl Route {
    /// The call that a method and a path name, with the ids in the path: the deal's, or owner and requisite. A query
    /// and a slash at the end do not matter.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], which for calls of older versions says since when they are gone.
    ///
    /// # Examples
    /// ```
    /// use escrow_nalogka::Route;
    ///
    /// let (route, ids) = Route::of("PUT", "/deals/60/performing-track?initiator_profile_id=7")?;
    /// assert_eq!((route, &ids[..]), (Route::SetTrack, &["60"][..]));
    /// assert!(Route::of("POST", "/deals/60/join").unwrap_err().message.contains("1.2.0"));
    /// # Ok::<(), escrow_nalogka::ApiError>(())
    /// ```
    pub fn of<'p>(method: &str, path: &'p str) -> Result<(Self, Vec<&'p str>), ApiError> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let route = match (method, segments.as_slice()) {
            ("GET", ["deals", "calculate"]) => (Self::Calculate, vec![]),
            ("GET", ["deals", "statuses"]) => (Self::Statuses, vec![]),
            ("GET", ["deals"]) => (Self::List, vec![]),
            ("POST", ["deals"]) => (Self::Create, vec![]),
            ("GET", ["deals", id]) => (Self::Get, vec![*id]),
            ("PATCH", ["deals", id]) => (Self::Update, vec![*id]),
            ("POST", ["deals", id, "cancel"]) => (Self::Cancel, vec![*id]),
            ("POST", ["deals", id, "confirm-acceptation"]) => (Self::ConfirmAcceptation, vec![*id]),
            ("POST", ["deals", id, "performing-start"]) => (Self::PerformingStart, vec![*id]),
            ("POST", ["deals", id, "performing-stop"]) => (Self::PerformingStop, vec![*id]),
            ("PUT", ["deals", id, "performing-track"]) => (Self::SetTrack, vec![*id]),
            ("GET", ["deals", id, "performing-track"]) => (Self::GetTrack, vec![*id]),
            ("DELETE", ["deals", id, "performing-track"]) => (Self::RemoveTrack, vec![*id]),
            ("POST", ["deals", id, "add-attachments"]) => (Self::AddAttachments, vec![*id]),
            ("GET", ["deals", id, "events"]) => (Self::Events, vec![*id]),
            ("GET", ["deals", id, "deposit-form"]) => (Self::DepositForm, vec![*id]),
            ("GET", ["deals", id, "payment-form"]) => (Self::PaymentForm, vec![*id]),
            ("POST", ["deals", id, "payments"]) => (Self::AddPayment, vec![*id]),
            ("GET", ["deals", id, "payments"]) => (Self::Payments, vec![*id]),
            ("GET", ["deposit", "requisites", owner, id]) => (Self::Requisite, vec![*owner, *id]),
            ("POST", ["deals", _, "join"]) => {
                return Err(gone("join was removed in 1.2.0: creation implies the consent of both parties"));
            }
            ("POST", ["deals", _, "done" | "undone"]) => {
                return Err(gone("done and undone were removed in 1.1.0: confirm the acceptation instead"));
            }
            _ => return Err(gone("there is no such call")),
        };
        if route.1.iter().any(|id| id.is_empty()) { Err(gone("there is no such call")) } else { Ok(route) }
    }
}

impl Route {
    /// Whether a marketplace may call it without saying for whom: it only reads, or changes the deal as its creation does.
    pub const fn needs_no_initiator(self) -> bool {
        match self {
            Self::Calculate
            | Self::Statuses
            | Self::List
            | Self::Create
            | Self::Get
            | Self::Update
            | Self::GetTrack
            | Self::Events
            | Self::Payments => true,
            Self::Cancel
            | Self::ConfirmAcceptation
            | Self::PerformingStart
            | Self::PerformingStop
            | Self::SetTrack
            | Self::RemoveTrack
            | Self::AddAttachments
            | Self::DepositForm
            | Self::PaymentForm
            | Self::Requisite
            | Self::AddPayment => false,
        }
    }
}

fn gone(message: &str) -> ApiError {
    ApiError::new(ErrorKind::NotFound, message)
}
