use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::issuer::Issuer;

const PATIENCE: Duration = Duration::from_secs(10);

/// A program that was built beside this one.
pub fn program(kind: &str, name: &str) -> PathBuf {
    std::env::current_exe().unwrap().with_file_name(format!("{kind}-{name}"))
}

/// A server that runs, until it is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts it, on one core if so told, and sees that it takes the good token and refuses the bad one, if it checks any.
    pub fn start(issuer: &Issuer, name: &str, environment: &[(&str, &str)], core: Option<&str>) -> Self {
        let mut command = match core {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", core]).arg(program("serve", name));
                command
            }
            None => Command::new(program("serve", name)),
        };
        issuer.tell(&mut command).envs(environment.iter().copied()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let server = Self { child, address: line.trim().parse().unwrap() };
        let started = Instant::now();
        while server.ask(&issuer.good) != 200 {
            assert!(started.elapsed() < PATIENCE, "{name} refuses the good token");
            std::thread::sleep(Duration::from_millis(20));
        }
        let bad = server.ask(&issuer.bad);
        let lets_all_in = ["none", "nothing"].contains(&name);
        assert_eq!(bad, if lets_all_in { 200 } else { 401 }, "{name} and the bad token");
        server
    }

    /// For how many seconds its one thread has been computing.
    pub fn computed(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/schedstat", self.child.id())).unwrap();
        text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
    }

    /// The status that a token gets, over a connection of its own.
    pub fn ask(&self, token: &str) -> u16 {
        ask(self.address, token)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status that a token gets, over a connection of its own.
pub fn ask(address: SocketAddr, token: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}
