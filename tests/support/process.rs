//! Programs that are started by tests, of this crate and of `crates/entra-explain`.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Child,
    time::timeout,
};

/// The longest time that a program may take for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A started server, stopped when this is dropped. Its standard output and error are pipes.
pub(crate) struct Running {
    /// Where it listens, such as `http://127.0.0.1:3000`.
    pub(crate) url: String,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    _child: Child,
}

impl Running {
    /// Waits until it prints where it listens.
    pub(crate) async fn new(mut child: Child) -> Self {
        let (stdout, stderr) = (collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap()));
        let listening = async {
            loop {
                let url = |line: &str| Some(line.strip_prefix("listening on ")?.to_owned());
                let printed = stdout.lock().unwrap().lines().find_map(url);
                if let Some(url) = printed {
                    return url;
                }
                if let Some(status) = child.try_wait().unwrap() {
                    panic!("it ended with {status}:\n{}", stderr.lock().unwrap());
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let url = timeout(PATIENCE, listening).await.expect("a line: listening on …");
        Self { url, stdout, stderr, _child: child }
    }

    /// The whole lines on its standard output so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    /// The whole lines on its standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }
}

/// Reads for as long as the program writes, so that it never has to wait.
pub(crate) fn collect(stream: impl AsyncRead + Unpin + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::<Mutex<String>>::default();
    let collected = Arc::clone(&text);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut text = collected.lock().unwrap();
            text.push_str(&line);
            text.push('\n');
        }
    });
    text
}
