//! A server on loopback that speaks the protocols of `OpenAI` and Anthropic and answers from a
//! script: by the model asked for and the round of its conversation.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

/// What the server says to model `.0` in round `.1`, counted from 1.
pub(crate) type Script = dyn Fn(&str, usize) -> String + Send + Sync;

/// One question that arrived.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) model: String,
    pub(crate) round: usize,
    /// The last message of the conversation.
    pub(crate) text: String,
}

/// The server; it stops when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    questions: Arc<Mutex<Vec<Question>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(script: impl Fn(&str, usize) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let questions = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let (heard, over) = (Arc::clone(&questions), Arc::clone(&ended));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                // A conversation is one question after the other.
                let _ = serve(stream, &script, &heard);
            }
        });
        Self {
            address,
            questions,
            ended,
            thread: Some(thread),
        }
    }

    /// What the variables of either protocol must say.
    pub(crate) fn environment(&self) -> [(&'static str, String); 4] {
        let base = format!("http://{}/v1", self.address);
        [
            ("OPENAI_BASE_URL", base.clone()),
            ("OPENAI_API_KEY", "of-a-test".to_owned()),
            ("ANTHROPIC_BASE_URL", base),
            ("ANTHROPIC_API_KEY", "of-a-test".to_owned()),
        ]
    }

    /// What was asked of `model`, in order.
    pub(crate) fn asked(&self, model: &str) -> Vec<Question> {
        let all = self.questions.lock().unwrap();
        all.iter().filter(|q| q.model == model).cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(stream: TcpStream, script: &Script, heard: &Mutex<Vec<Question>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (status, answer) = reply(&path, &asked, script, heard);
    let text = answer.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{text}",
        text.len()
    )?;
    stream.flush()
}

fn reply(path: &str, asked: &Value, script: &Script, heard: &Mutex<Vec<Question>>) -> (u16, Value) {
    let messages = asked["messages"].as_array().cloned().unwrap_or_default();
    let by_model = |message: &&Value| message["role"] == "assistant";
    let round = messages.iter().filter(by_model).count() + 1;
    let model = asked["model"].as_str().unwrap_or_default().to_owned();
    let last = messages.last().cloned().unwrap_or_default();
    heard.lock().unwrap().push(Question {
        model: model.clone(),
        round,
        text: text_of(&last["content"]),
    });
    let said = script(&model, round);
    match path {
        "/v1/chat/completions" => (
            200,
            json!({
                "id": "chat-1", "object": "chat.completion", "created": 1, "model": model,
                "choices": [{
                    "index": 0,
                    "message": {"role": "assistant", "content": said},
                    "finish_reason": "stop",
                }],
                "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
            }),
        ),
        "/v1/messages" => (
            200,
            json!({
                "id": "msg-1", "type": "message", "role": "assistant", "model": model,
                "content": [{"type": "text", "text": said}],
                "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {"input_tokens": 100, "output_tokens": 10},
            }),
        ),
        _ => (404, json!({"error": {"message": "no such path"}})),
    }
}

/// A message's content: a text, or parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}
