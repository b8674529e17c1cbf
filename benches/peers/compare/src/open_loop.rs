//! Latency under a fixed request rate. Requests are scheduled at equal intervals whether or not earlier ones have been
//! answered (an open loop), and each latency counts from the scheduled time, so a stall delays every request scheduled
//! during it. A closed loop such as wrk's sends nothing during a stall and hides it.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    issuer::Issuer,
    load,
    server::Server,
    table::{Table, Target, median, noise},
};

/// How often each of the two servers is measured: under three minutes together.
const ROUNDS: usize = 8;
/// How often the capacity is measured, before all rounds.
const CAPACITY_ROUNDS: usize = 3;
const CONNECTIONS: usize = 16;
/// A shorter time has too few stalls of the machine: their number decides the percentile, and differs from time to time.
const DURATION: Duration = Duration::from_secs(10);
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

/// Compares the 99th percentiles of the server without authentication and of ours, at half of the capacity of ours. The two
/// take turns at being first.
pub fn compare(issuer: &Issuer, table: &mut Table) {
    let start = |name| Server::start(issuer, name, &[], Some("0"));
    let servers = [start("none"), start("tower-entra")];
    let rates: Vec<f64> = (0..CAPACITY_ROUNDS).map(|_| load::load(issuer, &servers[1]).rate).collect();
    let half = median(&rates) / 2.0;
    let mut figures = [const { Vec::new() }; 2];
    for round in 0..ROUNDS {
        for turn in 0..2 {
            let which = (round + turn) % 2;
            figures[which].push(p99(servers[which].address, &issuer.good, half));
        }
    }
    let [none, ours] = &figures;
    for (name, values) in [("unprotected", none), ("tower-entra, cached", ours)] {
        let name = format!("{name}: 99th percentile at {half:.0} requests/s");
        println!("{name}\t{:.0} µs\t\t± {:.1} %\t", median(values), noise(values) * 100.0);
    }
    let name = "tower-entra, cached: 99th percentile at half of its capacity";
    let ratio = median(ours) / median(none);
    table.row(name, ratio, "× unprotected", Target::AtMost(1.2), noise(ours) + noise(none));
}

/// The 99th percentile in microseconds at `rate` requests per second, measured by a process with its own core.
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
