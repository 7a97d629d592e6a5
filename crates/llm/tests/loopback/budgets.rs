//! Budgets that hold.

use std::num::NonZeroU32;
use std::time::Duration;

use llm::{Account, Budget, Gate, Ledger, Limit, Limits, LlmError, Timeouts};
use serde_json::json;

use crate::server::{Reply, Server};
use crate::{ANTHROPIC, OPENAI, anthropic, ask, builder, openai};

fn limit(error: &LlmError) -> Option<Limit> {
    match error {
        LlmError::Budget(exhausted) => Some(exhausted.limit),
        _ => None,
    }
}

#[tokio::test]
async fn a_budget_ends_the_work_half_way_and_before_the_call() {
    let server = Server::new((0..9).map(|_| Reply::json(&openai("Step 3."))).collect());
    // Each call takes 150 tokens and may take 100 and its prompt.
    let account = Account::new(Budget {
        tokens: Some(500),
        ..Budget::default()
    });
    let client = builder(&server, OPENAI)
        .account(account.clone())
        .build()
        .unwrap();
    let request = ask("?").with_max_output(100);
    for _ in 0..3 {
        client.complete(&request).await.unwrap();
    }
    let error = client.complete(&request).await.unwrap_err();
    assert_eq!(limit(&error), Some(Limit::Tokens), "{error}");
    assert_eq!(
        (
            server.seen().len(),
            account.spent().tokens,
            account.spent().calls
        ),
        (3, 450, 3)
    );
    assert_eq!(client.ledger().calls()[3].error, Some("budget"));
}

#[tokio::test]
async fn money_is_counted_by_the_kind_of_token() {
    let server = Server::new(vec![Reply::json(&anthropic("a"))]);
    let account = Account::new(Budget {
        cost_usd: Some(0.01),
        ..Budget::default()
    });
    let ledger = Ledger::new();
    let client = builder(&server, ANTHROPIC)
        .account(account.clone())
        .ledger(ledger.clone())
        .build()
        .unwrap();
    client
        .complete(&ask("?").with_max_output(900))
        .await
        .unwrap();
    // 20 at 2, 60 at 0.2, 40 at 2.5 and 30 at 10 dollars a million.
    assert!((account.spent().cost_usd - 0.000_452).abs() < 1e-12);
    assert_eq!(ledger.cost_usd(), Some(0.000_452));
    let error = client
        .complete(&ask("?").with_max_output(1000))
        .await
        .unwrap_err();
    assert_eq!(limit(&error), Some(Limit::Cost));
}

#[tokio::test]
async fn calls_are_counted_without_their_retries() {
    let server = Server::new(vec![
        Reply::status(500),
        Reply::json(&openai("a")),
        Reply::json(&openai("b")),
        Reply::json(&openai("c")),
    ]);
    let account = Account::new(Budget {
        calls: Some(2),
        ..Budget::default()
    });
    let client = builder(&server, OPENAI).account(account).build().unwrap();
    client.complete(&ask("?")).await.unwrap();
    client.complete(&ask("?")).await.unwrap();
    let error = client.complete(&ask("?")).await.unwrap_err();
    assert_eq!(limit(&error), Some(Limit::Calls));
}

#[tokio::test]
async fn seconds_end_a_call_that_is_under_way() {
    let server = Server::new(vec![Reply::status(200).stall()]);
    let account = Account::new(Budget {
        seconds: Some(0.2),
        ..Budget::default()
    });
    let client = builder(&server, OPENAI)
        .account(account.clone())
        .build()
        .unwrap();
    let request = ask("?").with_max_output(50);
    let error = client.complete(&request).await.unwrap_err();
    assert_eq!(limit(&error), Some(Limit::Seconds), "{error}");
    // Nobody knows what the server will charge for it.
    assert!(account.spent().tokens >= 50);
}

#[tokio::test]
async fn retries_of_answers_that_were_paid_for_are_charged() {
    let server = Server::new(vec![
        Reply::json(&openai(&"long ".repeat(200))).cut(),
        Reply::json(&openai("a")),
    ]);
    let account = Account::new(Budget {
        tokens: Some(300),
        ..Budget::default()
    });
    let client = builder(&server, OPENAI)
        .account(account.clone())
        .build()
        .unwrap();
    let error = client
        .complete(&ask("?").with_max_output(200))
        .await
        .unwrap_err();
    assert_eq!(limit(&error), Some(Limit::Tokens));
    assert_eq!(server.seen().len(), 1, "the second attempt no longer fits");
}

#[tokio::test]
async fn one_account_serves_several_models_and_tasks() {
    let server = Server::new((0..20).map(|_| Reply::json(&openai("a"))).collect());
    let account = Account::new(Budget {
        tokens: Some(1000),
        ..Budget::default()
    });
    let gate = Gate::new(Limits {
        concurrent: 3,
        ..Limits::default()
    });
    let tasks: Vec<_> = (0..20)
        .map(|at| {
            let model = if at % 2 == 0 { OPENAI } else { "ollama/qwen3" };
            let client = builder(&server, model)
                .account(account.clone())
                .gate(gate.clone())
                .build()
                .unwrap();
            tokio::spawn(async move { client.complete(&ask("?").with_max_output(140)).await })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += u64::from(task.await.unwrap().is_ok());
    }
    assert!((1..=6).contains(&done), "{done}");
    assert_eq!(account.spent().tokens, done * 150);
}

#[tokio::test]
async fn money_without_a_price_is_refused_beforehand() {
    let server = Server::new(vec![]);
    let account = Account::new(Budget {
        cost_usd: Some(1.0),
        ..Budget::default()
    });
    let error = builder(&server, "openai/house-model")
        .account(account.clone())
        .build()
        .unwrap_err();
    insta::assert_snapshot!(error);
    // A server of one's own costs nothing.
    assert!(
        builder(&server, "ollama/house-model")
            .account(account)
            .build()
            .is_ok()
    );
}

#[tokio::test]
async fn a_call_given_up_is_charged_in_full() {
    let server = Server::new(vec![Reply::json(&json!({})).stall()]);
    let account = Account::new(Budget::default());
    let client = builder(&server, OPENAI)
        .account(account.clone())
        .build()
        .unwrap();
    let task = tokio::spawn(async move { client.complete(&ask("?").with_max_output(77)).await });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    task.abort();
    let _ = task.await;
    assert!(account.spent().tokens >= 77);
}

#[tokio::test]
async fn an_answer_nobody_saw_is_charged_in_full() {
    let server = Server::new(vec![Reply::status(200).stall()]);
    let account = Account::default();
    let short = Timeouts {
        exchange: Duration::from_millis(100),
        ..Timeouts::default()
    };
    let client = builder(&server, OPENAI)
        .account(account.clone())
        .timeouts(short)
        .build()
        .unwrap();
    client
        .complete(&ask("?").with_max_output(77))
        .await
        .unwrap_err();
    assert!(account.spent().tokens >= 77);
    assert_eq!(client.ledger().usage().total(), account.spent().tokens);
}

#[tokio::test]
async fn a_connection_that_never_was_costs_nothing() {
    let server = Server::new(vec![]);
    let client = builder(&server, OPENAI).build().unwrap();
    drop(server);
    client.complete(&ask("?")).await.unwrap_err();
    assert_eq!(client.account().spent().tokens, 0);
}

#[tokio::test]
async fn our_count_is_corrected_by_the_providers() {
    // The provider counts twice the tokens that we do.
    let prompt = "word ".repeat(1000);
    let mut answer = anthropic("a");
    answer["usage"] =
        json!({"input_tokens": 2 * llm::estimate_input(&ask(&prompt)), "output_tokens": 10});
    let server = Server::new(vec![Reply::json(&answer), Reply::json(&answer)]);
    let account = Account::new(Budget {
        tokens: Some(3600),
        ..Budget::default()
    });
    let client = builder(&server, ANTHROPIC)
        .account(account)
        .build()
        .unwrap();
    let request = ask(&prompt).with_max_output(10);
    let ours = llm::estimate_input(&request);
    assert_eq!(client.estimate_input(&request), ours * 3 / 2);
    client.complete(&request).await.unwrap();
    assert_eq!(client.estimate_input(&request), ours * 2);
    // What another part of the work asks does not depend on it.
    let part = client.with(Account::default(), Ledger::new());
    assert_eq!(part.estimate_input(&request), ours * 3 / 2);
    // By our own count 1,000 tokens would still fit.
    assert_eq!(
        limit(&client.complete(&request).await.unwrap_err()),
        Some(Limit::Tokens)
    );
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_allowed() {
    let short = Duration::from_millis(20);
    let server = Server::new(
        (0..8)
            .map(|_| Reply::json(&openai("a")).after(short))
            .collect(),
    );
    let limits = Limits {
        concurrent: 2,
        requests_per_minute: NonZeroU32::new(60_000),
        tokens_per_minute: NonZeroU32::new(1_000_000),
    };
    let client = builder(&server, OPENAI)
        .gate(Gate::new(limits))
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.complete(&ask("?")).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert!(
        (1..=2).contains(&server.most_at_once()),
        "{}",
        server.most_at_once()
    );
}

#[tokio::test]
async fn a_client_on_another_account_is_the_same_client() {
    let refusal = json!({"error": {"message": "temperature is not supported"}});
    let mut replies = vec![Reply::error(400, &refusal)];
    replies.extend((0..4).map(|_| Reply::json(&openai("a"))));
    let server = Server::new(replies);
    let calls = |calls| Budget {
        calls: Some(calls),
        ..Budget::default()
    };
    let all = Account::new(calls(3));
    let client = builder(&server, OPENAI)
        .account(all.clone())
        .build()
        .unwrap();
    let mut request = ask("?");
    request.temperature = Some(0.2);
    client.complete(&request).await.unwrap();
    let runs: Vec<_> = (0..2)
        .map(|_| client.with(all.within(calls(1)), Ledger::new()))
        .collect();
    for run in &runs {
        run.complete(&request).await.unwrap();
        assert_eq!(
            (run.account().spent().calls, run.ledger().calls().len()),
            (1, 1)
        );
        match run.complete(&request).await {
            Err(LlmError::Budget(exhausted)) => assert!(!exhausted.outer || all.spent().calls == 3),
            other => panic!("{other:?}"),
        }
    }
    // What the first learnt of the server, the others know: nothing was refused to them.
    assert_eq!(server.seen().len(), 4);
    assert_eq!((all.spent().calls, client.ledger().calls().len()), (3, 1));
    let late = client.with(all.within(calls(9)), Ledger::new());
    match late.complete(&request).await {
        Err(LlmError::Budget(exhausted)) => assert!(exhausted.outer),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn money_of_an_account_around_needs_a_price_too() {
    let server = Server::new(vec![]);
    let all = Account::new(Budget {
        cost_usd: Some(1.0),
        ..Budget::default()
    });
    let builder = builder(&server, "openai/house-model");
    assert!(matches!(
        builder
            .clone()
            .account(all.within(Budget::default()))
            .build(),
        Err(LlmError::UnknownPrice { .. })
    ));
    let client = builder.build().unwrap().with(all, Ledger::new());
    assert!(matches!(
        client.complete(&ask("?")).await,
        Err(LlmError::UnknownPrice { .. })
    ));
}

#[test]
fn threads_share_one_budget_and_have_their_own() {
    let server = Server::new((0..40).map(|_| Reply::json(&openai("a"))).collect());
    let all = Account::new(Budget {
        tokens: Some(3000),
        ..Budget::default()
    });
    let client = builder(&server, OPENAI)
        .account(all.clone())
        .build()
        .unwrap();
    let client = llm::BlockingClient::new(client).unwrap();
    let own = Budget {
        tokens: Some(1000),
        ..Budget::default()
    };
    let runs: Vec<_> = (0..6)
        .map(|_| client.with(all.within(own), Ledger::new()))
        .collect();
    std::thread::scope(|scope| {
        for run in &runs {
            scope.spawn(|| while run.complete(&ask("?").with_max_output(140)).is_ok() {});
        }
    });
    let spent = |run: &llm::BlockingClient| run.client().account().spent().tokens;
    assert_eq!(runs.iter().map(spent).sum::<u64>(), all.spent().tokens);
    assert!(
        all.spent().tokens <= 3000 && all.spent().tokens > 2000,
        "{:?}",
        all.spent()
    );
    assert!(runs.iter().all(|run| spent(run) <= 1000));
}

#[tokio::test]
async fn what_no_provider_counts_is_counted_here_and_says_so() {
    let mut silent = anthropic("Step 3.");
    silent["usage"] = json!({});
    let server = Server::new(vec![Reply::json(&silent)]);
    let client = builder(&server, ANTHROPIC).build().unwrap();
    let request = ask(&"word ".repeat(100));
    let usage = client.complete(&request).await.unwrap().usage;
    assert!(usage.estimated);
    assert_eq!(usage.input, llm::estimate_input(&request));
    assert_eq!(usage.output, llm::count_tokens("Step 3."));
    assert_eq!(client.account().spent().tokens, usage.total());
}

#[tokio::test]
async fn a_server_may_claim_any_usage() {
    let mut answer = openai("a");
    answer["usage"] = json!({"prompt_tokens": u64::MAX, "completion_tokens": u64::MAX});
    let server = Server::new(vec![Reply::json(&answer), Reply::json(&answer)]);
    let client = builder(&server, OPENAI).build().unwrap();
    for _ in 0..2 {
        client.complete(&ask("?")).await.unwrap();
    }
    assert_eq!(client.ledger().usage().total(), u64::MAX);
    assert!(client.ledger().cost_usd().unwrap() > 1e9);
    assert_eq!(client.account().spent().tokens, u64::MAX);
}
