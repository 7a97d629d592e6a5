//! A model that is asked for diagnoses, with its budget.

use analysis::Index;
use diagnose::{Diagnosed, Method, Setup, Subject, Without, diagnose};
use llm::{Account, BlockingClient, Budget, Cassette, Client, ClientBuilder, Ledger, Settings};
use localize::{Case, Model, Options, diagnose_case};

use crate::cli::{MethodArg, ModelArgs, WithoutArg};

/// Asks one model about runs, one after the other or several at a time, within one budget.
pub(super) struct Asker {
    builder: ClientBuilder,
    setup: Setup,
}

impl Asker {
    /// The model the arguments name; `None` where they name none.
    pub(super) fn of(args: &ModelArgs, blind: bool) -> anyhow::Result<Option<Self>> {
        let Some(name) = &args.model else {
            return Ok(None);
        };
        let budget = Budget {
            tokens: args.max_tokens,
            cost_usd: args.max_cost,
            calls: args.max_calls,
            seconds: args.max_seconds,
        };
        let mut builder =
            Client::builder(name, &Settings::from_env())?.account(Account::new(budget));
        if let Some(path) = &args.record {
            builder = builder.cassette(Cassette::record(path)?);
        }
        if let Some(path) = &args.replay_calls {
            builder = builder.cassette(Cassette::replay(path)?);
        }
        // What is wrong with the settings is said before the first run is read.
        builder.clone().build()?;
        let without = |what| args.without.contains(&what);
        Ok(Some(Self {
            builder,
            setup: Setup {
                method: match args.method {
                    MethodArg::Agent => Method::Agent,
                    MethodArg::Direct => Method::Direct,
                },
                without: Without {
                    tree: without(WithoutArg::Tree),
                    offline: without(WithoutArg::Offline),
                    memory: args.no_memory || without(WithoutArg::Memory),
                },
                context_tokens: args.context,
                turns: args.turns,
                blind,
                ..Setup::default()
            },
        }))
    }

    /// Has the model diagnose one run.
    pub(super) fn diagnose(
        &self,
        index: &Index<'_>,
        options: Options,
    ) -> anyhow::Result<Diagnosed> {
        let case = Case::new(index);
        let offline = diagnose_case(&case, options, Model::shipped());
        let subject = Subject::new(&case, &offline, "run-data");
        let client = self.builder.clone().ledger(Ledger::new()).build()?;
        let client = BlockingClient::new(client)?;
        Ok(diagnose(&subject, &self.setup, &[], &client))
    }
}
