use std::{future::pending, time::Duration};

use http::Method;

use super::{
    Fault, MockEntra,
    clock::http_date,
    message::{MockRequest, MockResponse},
};
use tower_entra::{
    error::{FetchError, FetchFailure},
    fetch::{Fetch, FetchFuture, FetchRequest, FetchResponse},
};

impl Fetch for MockEntra {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let mock = self.clone();
        Box::pin(async move { mock.fetch_in_process(request).await })
    }
}

impl MockEntra {
    async fn fetch_in_process(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let unreachable = |cause: String| FetchError::new(&request.url, FetchFailure::Connection { cause });
        let (target, fault) = {
            let mut state = self.lock();
            let fault = state.record(request.url.clone());
            let target = state.base_url.target_of(&request.url).map(str::to_owned);
            (target.ok_or_else(|| format!("this MockEntra only has documents at {}", state.base_url.url)), fault)
        };
        let target = target.map_err(unreachable)?;
        match &fault {
            Fault::Down => return Err(unreachable("MockEntra is down (Fault::Down)".to_owned())),
            Fault::Stall => pending().await,
            Fault::Slow(delay) => tokio::time::sleep(*delay).await,
            _ => {}
        }
        let mock_request = MockRequest {
            method: &Method::GET,
            target: &target,
            if_none_match: request.etag.as_deref(),
            authorization: None,
            body: &[],
        };
        let MockResponse { status, body, etag, max_age, .. } = self.respond(&mock_request, &fault);
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
