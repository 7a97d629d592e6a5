//! Where requests go: a server, a program, or a folder that somebody watches.

use std::time::Duration;

use tokio::time::Instant;

use crate::endpoint::{Endpoint, Secret};
use crate::error::LlmError;
use crate::folder::Folder;
use crate::model::{ModelName, Served};
use crate::process::Program;
use crate::settings::Settings;
use crate::transport::{Exchange, Failure, OnBytes, Outgoing, Timeouts, exchange, http_client};

/// One way of sending requests and getting answers.
#[derive(Clone)]
pub(crate) enum Line {
    Http(reqwest::Client, Endpoint),
    Program(Program),
    Folder(Folder),
}

impl Line {
    /// The way to a model.
    ///
    /// # Errors
    /// As [`Settings::endpoint`].
    pub(crate) fn open(
        model: &ModelName,
        settings: &Settings,
        connect: Duration,
    ) -> Result<Self, LlmError> {
        Ok(match model.served() {
            Served::Provider(_) => {
                let endpoint = settings.endpoint(model)?;
                Self::Http(http_client(&endpoint, connect)?, endpoint)
            }
            Served::Program(words) => Self::Program(Program::new(words, settings.keys())),
            Served::Folder(path) => Self::Folder(Folder::new(path, settings.keys())),
        })
    }

    /// Where it leads, for errors; empty where the model's name says it.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Http(_, endpoint) => endpoint.address(),
            Self::Program(_) | Self::Folder(_) => String::new(),
        }
    }

    /// The key to send.
    pub(crate) fn key(&self) -> Option<&Secret> {
        match self {
            Self::Http(_, endpoint) => endpoint.key(),
            Self::Program(_) | Self::Folder(_) => None,
        }
    }

    /// The keys that must not be written down.
    pub(crate) fn keys(&self) -> &[Secret] {
        match self {
            Self::Http(_, endpoint) => endpoint.key().map_or(&[], std::slice::from_ref),
            Self::Program(program) => program.keys(),
            Self::Folder(folder) => folder.keys(),
        }
    }

    /// Sends and receives. Failures are part of what comes back; keys are replaced wherever they
    /// are repeated.
    pub(crate) async fn exchange(
        &self,
        outgoing: Outgoing<'_>,
        timeouts: &Timeouts,
        most_bytes: usize,
        on_bytes: &mut OnBytes<'_>,
    ) -> Exchange {
        let begun = Instant::now();
        let mut received = Exchange::default();
        let result = match self {
            Self::Http(http, endpoint) => {
                exchange(
                    http,
                    endpoint,
                    outgoing,
                    timeouts,
                    most_bytes,
                    &mut received,
                    on_bytes,
                )
                .await
            }
            Self::Program(program) => {
                program
                    .run(outgoing.body, timeouts, most_bytes, &mut received)
                    .await
            }
            Self::Folder(folder) => {
                folder
                    .ask(&outgoing.body, timeouts, most_bytes, &mut received)
                    .await
            }
        };
        received.failure = result.err();
        received.seconds = begun.elapsed().as_secs_f64();
        for key in self.keys() {
            received.body = key.scrub(std::mem::take(&mut received.body));
            if let Some(Failure::Exit(reason)) = &mut received.failure {
                *reason = key.scrub_text(std::mem::take(reason));
            }
        }
        received
    }
}
