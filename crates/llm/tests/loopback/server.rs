//! A server on loopback that answers what a test tells it to, in order, and stops when dropped.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// One scripted answer.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    pieces: Vec<Piece>,
    chunked: bool,
    delay: Duration,
}

#[derive(Clone)]
enum Piece {
    Bytes(Vec<u8>),
    Wait(Duration),
    Cut,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            pieces: Vec::new(),
            chunked: false,
            delay: Duration::ZERO,
        }
    }

    /// A whole answer.
    pub(crate) fn json(body: &Value) -> Self {
        Self::status(200)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// A refusal.
    pub(crate) fn error(status: u16, body: &Value) -> Self {
        Self {
            status,
            ..Self::json(body)
        }
    }

    /// A stream of events, each with its type where it has one.
    pub(crate) fn events(events: &[Value]) -> Self {
        let mut reply = Self::stream();
        for event in events {
            let name = event.get("type").and_then(Value::as_str);
            let name = name.map_or_else(String::new, |name| format!("event: {name}\n"));
            reply = reply.body(format!("{name}data: {event}\n\n"));
        }
        reply
    }

    pub(crate) fn stream() -> Self {
        let reply = Self::status(200).header("content-type", "text/event-stream; charset=utf-8");
        Self {
            chunked: true,
            ..reply
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.pieces.push(Piece::Bytes(bytes.into()));
        self
    }

    /// Waits before it answers.
    pub(crate) fn after(mut self, time: Duration) -> Self {
        self.delay = time;
        self
    }

    /// Sends nothing for longer than any test waits.
    pub(crate) fn stall(mut self) -> Self {
        self.pieces.push(Piece::Wait(Duration::from_mins(1)));
        self
    }

    /// Closes the connection here.
    pub(crate) fn cut(mut self) -> Self {
        self.pieces.push(Piece::Cut);
        self
    }
}

/// A request as it arrived.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What the connections share.
struct State {
    replies: Mutex<VecDeque<Reply>>,
    seen: Mutex<Vec<Seen>>,
    under_way: AtomicUsize,
    most_at_once: AtomicUsize,
}

pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers the first request with the first reply, and so on; then with status 418.
    pub(crate) fn new(replies: Vec<Reply>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let state = Arc::new(State {
            replies: Mutex::new(replies.into()),
            seen: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        });
        let script = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                let accept = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(serve(stream, Arc::clone(&script)));
                    }
                };
                tokio::select! { () = accept => {}, _ = stopped => {} }
            });
        });
        Self {
            address,
            state,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// The most requests that were answered at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.state.most_at_once.load(Ordering::SeqCst)
    }

    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.seen().into_iter().map(|seen| seen.body).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    state.seen.lock().unwrap().push(request);
    let next = state.replies.lock().unwrap().pop_front();
    let reply = next.unwrap_or_else(|| Reply::status(418));
    let now = state.under_way.fetch_add(1, Ordering::SeqCst) + 1;
    state.most_at_once.fetch_max(now, Ordering::SeqCst);
    tokio::time::sleep(reply.delay).await;
    state.under_way.fetch_sub(1, Ordering::SeqCst);
    // The client may hang up at any point; the test looks at the client.
    let _ = write(&mut stream, reply).await;
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        match stream.read(&mut buffer).await.ok()? {
            0 => return None,
            n => bytes.extend_from_slice(&buffer[..n]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")?
        .1
        .parse()
        .ok()?;
    let mut body = bytes.split_off(head_end);
    while body.len() < length {
        match stream.read(&mut buffer).await.ok()? {
            0 => return None,
            n => body.extend_from_slice(&buffer[..n]),
        }
    }
    Some(Seen {
        path,
        headers,
        body: serde_json::from_slice(&body).unwrap(),
    })
}

async fn write(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    let length: usize = reply
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Bytes(bytes) => bytes.len(),
            // Promised and never sent.
            Piece::Wait(_) | Piece::Cut => 1,
        })
        .sum();
    let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if reply.chunked {
        head.push_str("transfer-encoding: chunked\r\n\r\n");
    } else {
        let _ = write!(head, "content-length: {length}\r\n\r\n");
    }
    stream.write_all(head.as_bytes()).await?;
    for piece in reply.pieces {
        match piece {
            Piece::Bytes(bytes) if reply.chunked => {
                stream
                    .write_all(format!("{:x}\r\n", bytes.len()).as_bytes())
                    .await?;
                stream.write_all(&bytes).await?;
                stream.write_all(b"\r\n").await?;
            }
            Piece::Bytes(bytes) => stream.write_all(&bytes).await?,
            Piece::Wait(time) => tokio::time::sleep(time).await,
            Piece::Cut => return Ok(()),
        }
        stream.flush().await?;
    }
    if reply.chunked {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    stream.shutdown().await
}
