//! HTTP, as much of it as a test needs: one request and one answer on a connection.

use std::fmt::Write as _;
use std::time::Duration;

use llm::Usage;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is sent for one request.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// 0 closes the connection without an answer.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) chunked: bool,
    pub(crate) delay: Duration,
    pub(crate) usage: Usage,
}

/// A part of a body.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    /// The next piece comes later.
    Pause(Duration),
    /// At least one more byte was promised and does not come for longer than any test waits.
    Stall,
    /// At least one more byte was promised, and the connection is closed.
    Cut,
}

/// A request as it arrived.
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

pub(crate) async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 1 << 16];
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
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
    let mut body = bytes.split_off(head_end);
    while body.len() < length {
        match stream.read(&mut buffer).await.ok()? {
            0 => return None,
            n => body.extend_from_slice(&buffer[..n]),
        }
    }
    Some(Received {
        path,
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

pub(crate) async fn write(stream: &mut TcpStream, sent: Sent) -> std::io::Result<()> {
    if sent.status == 0 {
        return stream.shutdown().await;
    }
    let promised = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => bytes.len(),
        Piece::Pause(_) => 0,
        Piece::Stall | Piece::Cut => 1,
    };
    let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", sent.status);
    for (name, value) in &sent.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if sent.chunked {
        head.push_str("transfer-encoding: chunked\r\n\r\n");
    } else {
        let length: usize = sent.pieces.iter().map(promised).sum();
        let _ = write!(head, "content-length: {length}\r\n\r\n");
    }
    stream.write_all(head.as_bytes()).await?;
    for piece in sent.pieces {
        match piece {
            Piece::Bytes(bytes) if sent.chunked => {
                let head = format!("{:x}\r\n", bytes.len());
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&bytes).await?;
                stream.write_all(b"\r\n").await?;
            }
            Piece::Bytes(bytes) => stream.write_all(&bytes).await?,
            Piece::Pause(time) => tokio::time::sleep(time).await,
            Piece::Stall => std::future::pending().await,
            Piece::Cut => return Ok(()),
        }
        stream.flush().await?;
    }
    if sent.chunked {
        stream.write_all(b"0\r\n\r\n").await?;
    }
    stream.shutdown().await
}
