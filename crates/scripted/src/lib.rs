//! A model on 127.0.0.1 that follows a script, for the tests of every crate that calls models.
//!
//! [`ScriptedModel`] is a real HTTP server that speaks OpenAI's chat completions and Anthropic's
//! messages, whole and streamed, with tool calls, usage and the faults of real servers. A closure
//! decides what is answered: it is given the request in one form for both protocols ([`Asked`]) and
//! gives a [`Reply`]. What was asked and what was charged is kept for the test to look at.
//!
//! ```
//! use scripted::{Protocol, Reply, ScriptedModel};
//! use serde_json::json;
//!
//! let model = ScriptedModel::start(Protocol::Anthropic, |asked| match asked.round {
//!     1 => Reply::calls([("show_step", json!({"step": 3}))]),
//!     _ => Reply::text("It went wrong at step 3."),
//! });
//! let client = llm::Client::builder(&model.name("any"), &model.settings())?.build()?;
//! # drop(client);
//! # Ok::<(), llm::LlmError>(())
//! ```

#![allow(
    clippy::expect_used,
    reason = "a test whose server cannot go on has failed"
)]

mod asked;
mod render;
mod reply;
mod wire;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use llm::{Settings, Usage};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

pub use asked::{Asked, AskedCall, AskedResult, AskedTurn};
pub use reply::Reply;

/// A protocol spoken over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// `POST /v1/chat/completions`.
    OpenAi,
    /// `POST /v1/messages`.
    Anthropic,
}

impl Protocol {
    /// Both, for tests that say the same of each.
    pub const BOTH: [Self; 2] = [Self::OpenAi, Self::Anthropic];

    /// What stands before the slash in the name of a model.
    #[must_use]
    pub fn provider(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }

    fn of_path(path: &str) -> Option<Self> {
        match path {
            "/v1/chat/completions" => Some(Self::OpenAi),
            "/v1/messages" => Some(Self::Anthropic),
            _ => None,
        }
    }
}

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Served {
    /// [`Asked::number`].
    pub number: usize,
    /// The HTTP status; 0 when the connection was closed without one.
    pub status: u16,
    /// The tokens a provider would charge, whether or not the client took the whole answer.
    pub usage: Usage,
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// What the connections share.
struct State {
    protocol: Protocol,
    script: Box<Script>,
    asked: Mutex<Vec<Asked>>,
    served: Mutex<Vec<Served>>,
    under_way: AtomicUsize,
    most_at_once: AtomicUsize,
    panicked: AtomicUsize,
}

/// A server on loopback, with a thread of its own. It stops when dropped, and then panics if the
/// script did.
pub struct ScriptedModel {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ScriptedModel {
    /// Starts a server on a free port. It answers each request, of either protocol, as the script
    /// says; `protocol` is the one its name and address are given for. Requests are answered at the
    /// same time, so that the script must not count on their order unless the client asks one by
    /// one.
    ///
    /// # Panics
    /// When there is no port, thread or runtime to be had.
    pub fn start(
        protocol: Protocol,
        script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let state = Arc::new(State {
            protocol,
            script: Box::new(script),
            asked: Mutex::default(),
            served: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
            panicked: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a listener");
                let accept = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(serve(stream, Arc::clone(&shared)));
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

    /// The address of a path on this server.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The address as the provider's variable wants it.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.base_of(self.state.protocol)
    }

    fn base_of(&self, protocol: Protocol) -> String {
        match protocol {
            Protocol::OpenAi => self.url("/v1"),
            Protocol::Anthropic => self.url(""),
        }
    }

    /// The name by which a model is asked for here, for instance `openai/any`.
    #[must_use]
    pub fn name(&self, model: &str) -> String {
        format!("{}/{model}", self.state.protocol.provider())
    }

    /// The variables under which a program finds this server, for both protocols, with the key
    /// `test`.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("OPENAI_BASE_URL", self.base_of(Protocol::OpenAi)),
            ("OPENAI_API_KEY", "test".to_owned()),
            ("ANTHROPIC_BASE_URL", self.base_of(Protocol::Anthropic)),
            ("ANTHROPIC_API_KEY", "test".to_owned()),
        ]
    }

    /// The same as settings of a client.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings::from_pairs(self.environment())
    }

    /// What was asked so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Asked> {
        locked(&self.state.asked).clone()
    }

    /// What was asked of one model, by its name without the provider.
    #[must_use]
    pub fn requests_of(&self, model: &str) -> Vec<Asked> {
        let all = locked(&self.state.asked);
        all.iter().filter(|a| a.model == model).cloned().collect()
    }

    /// What was answered so far, in the order in which answers began.
    #[must_use]
    pub fn served(&self) -> Vec<Served> {
        locked(&self.state.served).clone()
    }

    /// The sum of [`Served::usage`]: what a provider would charge.
    #[must_use]
    pub fn charged(&self) -> Usage {
        let mut sum = Usage::default();
        for served in locked(&self.state.served).iter() {
            sum += served.usage;
        }
        sum
    }

    /// The most requests that were answered at the same time.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.state.most_at_once.load(Ordering::SeqCst)
    }
}

impl std::fmt::Debug for ScriptedModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptedModel")
            .field("base_url", &self.base_url())
            .finish_non_exhaustive()
    }
}

impl Drop for ScriptedModel {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
        let panicked = self.state.panicked.load(Ordering::SeqCst);
        // A test that has failed already says more.
        assert!(
            panicked == 0 || std::thread::panicking(),
            "the script panicked {panicked} times"
        );
    }
}

/// A script that gives these replies one after the other, then status 418.
pub fn in_order(
    replies: impl IntoIterator<Item = Reply>,
) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    let replies: Mutex<VecDeque<Reply>> = Mutex::new(replies.into_iter().collect());
    move |_| {
        let next = locked(&replies).pop_front();
        next.unwrap_or_else(|| Reply::status(418))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let Some(request) = wire::read(&mut stream).await else {
        return;
    };
    let known = Protocol::of_path(&request.path);
    let asked = {
        let mut all = locked(&state.asked);
        let protocol = known.unwrap_or(state.protocol);
        let asked = Asked::new(all.len() + 1, protocol, request);
        all.push(asked.clone());
        asked
    };
    let reply = match known {
        None => Reply::refused(404, "there is nothing at this path"),
        Some(_) => catch_unwind(AssertUnwindSafe(|| (state.script)(&asked))).unwrap_or_else(|_| {
            state.panicked.fetch_add(1, Ordering::SeqCst);
            Reply::refused(400, "the script of the test panicked")
        }),
    };
    let sent = render::sent(&reply, &asked);
    locked(&state.served).push(Served {
        number: asked.number,
        status: sent.status,
        usage: sent.usage,
    });
    let now = state.under_way.fetch_add(1, Ordering::SeqCst) + 1;
    state.most_at_once.fetch_max(now, Ordering::SeqCst);
    tokio::time::sleep(sent.delay).await;
    state.under_way.fetch_sub(1, Ordering::SeqCst);
    // The client may hang up at any point; the test looks at the client.
    let _ = wire::write(&mut stream, sent).await;
}
