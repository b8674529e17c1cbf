//! Latency under a fixed request rate. Requests are scheduled at equal intervals whether or not earlier ones have been
//! answered (an open loop), and each latency counts from the scheduled time, so a stall delays every request scheduled
//! during it. A closed loop such as wrk's sends nothing during a stall and hides it.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    process::Command,
    time::{Duration, Instant},
};

const CONNECTIONS: usize = 16;
const DURATION: Duration = Duration::from_secs(1);
/// The environment variable with the token, which the list of processes does not show.
const TOKEN: &str = "TOKEN";
const RESPONSE_LENGTH: usize = 4096;

struct Connection {
    stream: TcpStream,
    /// The scheduled time of the request in flight.
    scheduled: Option<Instant>,
}

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self { stream, scheduled: None }
    }

    /// The latency of the request in flight, if its response has arrived.
    fn receive(&mut self) -> Option<Duration> {
        let scheduled = self.scheduled?;
        let mut response = [0; RESPONSE_LENGTH];
        match self.stream.read(&mut response) {
            Ok(length) => {
                let response = &response[..length];
                assert!(response.starts_with(b"HTTP/1.1 200 ") && response.ends_with(b"ok"), "one whole response");
                self.scheduled = None;
                Some(scheduled.elapsed())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    }
}

/// The 99th percentile in microseconds at `rate` requests per second, measured by a process on a core of its own.
pub fn p99(address: SocketAddr, token: &str, rate: f64) -> f64 {
    let output = Command::new("taskset")
        .args(["-c", "1"])
        .arg(std::env::current_exe().unwrap())
        .args(["open-loop", &address.to_string(), &rate.to_string()])
        .env(TOKEN, token)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// That process: prints the percentile for the address and the rate in its arguments.
pub fn run() {
    let mut arguments = std::env::args().skip(2);
    let mut next = || arguments.next().expect("an address and a rate");
    let (address, rate) = (next().parse().unwrap(), next().parse().unwrap());
    println!("{}", measure(address, &std::env::var(TOKEN).unwrap(), rate));
}

/// Polls without sleeping.
fn measure(address: SocketAddr, token: &str, rate: f64) -> f64 {
    let request = format!("GET / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| Connection::open(address)).collect();
    let count = (rate * DURATION.as_secs_f64()) as usize;
    let mut latencies = Vec::with_capacity(count);
    let started = Instant::now();
    let scheduled = |number: usize| started + Duration::from_secs_f64(number as f64 / rate);
    let mut sent = 0;
    while latencies.len() < count {
        for connection in &mut connections {
            latencies.extend(connection.receive());
            if connection.scheduled.is_none() && sent < count && scheduled(sent) <= Instant::now() {
                connection.stream.write_all(request.as_bytes()).unwrap();
                connection.scheduled = Some(scheduled(sent));
                sent += 1;
            }
        }
    }
    latencies.sort_unstable();
    latencies[count * 99 / 100].as_secs_f64() * 1e6
}
