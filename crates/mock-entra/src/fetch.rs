use std::{future::pending, time::Duration};

use http::Method;

use super::{
    Fault, MockEntra,
    answer::{Answer, Question},
    clock::http_date,
};
use tower_entra::{error::{FetchError, FetchFailure}, fetch::{Fetch, FetchFuture, FetchRequest, FetchResponse}};

impl Fetch for MockEntra {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let mock = self.clone();
        Box::pin(async move { mock.fetched(request).await })
    }
}

impl MockEntra {
    async fn fetched(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let unreachable = |cause: String| FetchError::new(&request.url, FetchFailure::Connection { cause });
        let (target, fault) = {
            let mut state = self.lock();
            state.requested.push(request.url.clone());
            let fault = state.faults.take(&request.url);
            let target = state.site.path_of(&request.url).map(str::to_owned);
            (target.ok_or_else(|| format!("MockEntra answers for {} only", state.site.base)), fault)
        };
        let target = target.map_err(unreachable)?;
        match &fault {
            Fault::Down => return Err(unreachable("MockEntra was told to be down".to_owned())),
            Fault::Stall => pending().await,
            Fault::Slow(delay) => tokio::time::sleep(*delay).await,
            _ => {}
        }
        let question = Question {
            method: &Method::GET,
            target: &target,
            if_none_match: request.etag.as_deref(),
            authorization: None,
            body: &[],
        };
        let Answer { status, body, etag, max_age, .. } = self.answer(&question, &fault);
        if let Fault::Drip(pause) = fault {
            let bytes = u32::try_from(body.len()).unwrap_or(u32::MAX);
            tokio::time::sleep(pause.checked_mul(bytes).unwrap_or(Duration::MAX)).await;
        }
        if body.len() > request.max_bytes {
            return Err(FetchError::new(request.url, FetchFailure::TooLarge { max_bytes: request.max_bytes }));
        }
        let mut response = FetchResponse::new(status, body);
        (response.etag, response.max_age) = (etag, max_age);
        response.date = Some(http_date(self.lock().clock.now()));
        Ok(response)
    }
}
