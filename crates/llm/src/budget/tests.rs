//! Limits hold, alone and within each other.

use super::*;
use proptest::prelude::*;

fn tokens(tokens: u64) -> Amount {
    Amount {
        tokens,
        nano_usd: tokens,
        calls: 1,
    }
}

#[test]
fn what_is_held_counts() {
    let account = Account::new(Budget {
        tokens: Some(100),
        ..Budget::default()
    });
    let first = account.hold(tokens(60)).unwrap();
    let refused = account.clone().hold(tokens(60)).unwrap_err();
    assert_eq!((refused.limit, refused.spent), (Limit::Tokens, 60.0));
    first.settle(tokens(30));
    drop(account.hold(tokens(60)).unwrap());
    assert_eq!(account.spent().tokens, 90);
}

#[test]
fn each_limit_is_named() {
    let refused = |budget| {
        Account::new(budget)
            .hold(tokens(2_000_000_000))
            .unwrap_err()
    };
    let all = [
        Budget {
            tokens: Some(10),
            ..Budget::default()
        },
        Budget {
            cost_usd: Some(0.5),
            ..Budget::default()
        },
        Budget {
            calls: Some(0),
            ..Budget::default()
        },
    ]
    .map(|budget| refused(budget).to_string());
    insta::assert_debug_snapshot!(all);
    let late = refused(Budget {
        seconds: Some(0.0),
        ..Budget::default()
    });
    assert_eq!(late.limit, Limit::Seconds);
}

proptest! {
    #[test]
    fn actual_within_estimate_never_exceeds(
        limit in 0..1000_u64,
        calls in prop::collection::vec((0..200_u64, 0..=100_u64, any::<bool>()), 0..40),
    ) {
        let account = Account::new(Budget { tokens: Some(limit), ..Budget::default() });
        let mut open = Vec::new();
        for (estimate, percent, keep) in calls {
            if let Ok(hold) = account.hold(tokens(estimate)) {
                let actual = tokens(estimate * percent / 100);
                if keep { open.push((hold, actual)) } else { hold.settle(actual) }
            }
            prop_assert!(account.spent().tokens <= limit);
        }
        for (hold, actual) in open { hold.settle(actual) }
        prop_assert!(account.spent().tokens <= limit);
    }

    #[test]
    fn accounts_within_each_other_all_hold(
        outer in 0..1000_u64,
        inner in prop::collection::vec(0..400_u64, 1..5),
        calls in prop::collection::vec(
            (any::<prop::sample::Index>(), 0..200_u64, 0..=100_u64, 0..3_u8), 0..60),
    ) {
        let limit = |tokens| Budget { tokens: Some(tokens), ..Budget::default() };
        let all = Account::new(limit(outer));
        let each: Vec<_> = inner.iter().map(|tokens| all.within(limit(*tokens))).collect();
        let mut open = Vec::new();
        for (which, estimate, percent, then) in calls {
            let (at, account) = (which.index(each.len()), which.get(&each));
            let fits = |held: u64, spent: u64, limit: u64| held + spent + estimate <= limit;
            let held = |own: Option<usize>| -> u64 {
                let of = |(at, amount): &(usize, Amount)| {
                    if own.is_none_or(|own| own == *at) { amount.tokens } else { 0 }
                };
                open.iter().map(|(_, _, held): &(Hold, Amount, _)| of(held)).sum()
            };
            let inside = fits(held(Some(at)), account.spent().tokens, inner[at]);
            let outside = fits(held(None), all.spent().tokens, outer);
            match account.hold(tokens(estimate)) {
                Ok(hold) => {
                    prop_assert!(inside && outside);
                    let actual = tokens(estimate * percent / 100);
                    match then {
                        0 => open.push((hold, actual, (at, tokens(estimate)))),
                        1 => hold.settle(actual),
                        _ => drop(hold),
                    }
                }
                Err(refused) => {
                    prop_assert!(!(inside && outside), "what fits is not refused");
                    prop_assert_eq!(refused.outer, inside);
                }
            }
        }
        for (hold, actual, _) in open { hold.settle(actual) }
        let sum: u64 = each.iter().map(|account| account.spent().tokens).sum();
        prop_assert_eq!(sum, all.spent().tokens);
        prop_assert!(sum <= outer);
        for (account, limit) in each.iter().zip(&inner) {
            prop_assert!(account.spent().tokens <= *limit);
            prop_assert_eq!(account.state().held, Amount::default());
        }
        prop_assert_eq!(all.state().held, Amount::default());
    }
}

#[test]
fn calls_at_the_same_time_overrun_neither_budget() {
    let limit = |calls| Budget {
        calls: Some(calls),
        ..Budget::default()
    };
    let all = Account::new(limit(100));
    let each: Vec<_> = (0..8).map(|_| all.within(limit(20))).collect();
    std::thread::scope(|scope| {
        for at in 0..16 {
            let account = each[at % 8].clone();
            scope.spawn(move || {
                for _ in 0..200 {
                    if let Ok(hold) = account.hold(tokens(1)) {
                        std::thread::yield_now();
                        hold.settle(tokens(1));
                    }
                }
            });
        }
    });
    assert_eq!(all.spent().calls, 100);
    assert!(each.iter().all(|account| account.spent().calls <= 20));
}

#[test]
fn the_account_around_is_named() {
    let all = Account::new(Budget {
        calls: Some(1),
        seconds: Some(0.0),
        ..Budget::default()
    });
    let late = all.within(Budget::default()).hold(tokens(1)).unwrap_err();
    assert_eq!((late.limit, late.outer), (Limit::Seconds, true));
    let all = Account::new(Budget {
        calls: Some(1),
        ..Budget::default()
    });
    let within = |seconds| {
        all.within(Budget {
            seconds: Some(seconds),
            ..Budget::default()
        })
    };
    let late = within(0.0).hold(tokens(1)).unwrap_err();
    assert_eq!((late.limit, late.outer), (Limit::Seconds, false));
    drop(within(60.0).hold(tokens(1)).unwrap());
    insta::assert_snapshot!(within(60.0).hold(tokens(1)).unwrap_err());
}

#[test]
fn limits_that_are_none_allow_nothing() {
    let hold = |budget| Account::new(budget).hold(tokens(1)).is_ok();
    for none in [f64::NAN, -1.0, f64::NEG_INFINITY] {
        assert!(
            !hold(Budget {
                seconds: Some(none),
                ..Budget::default()
            }),
            "{none}"
        );
        assert!(
            !hold(Budget {
                cost_usd: Some(none),
                ..Budget::default()
            }),
            "{none}"
        );
    }
    for much in [f64::INFINITY, f64::MAX] {
        assert!(
            hold(Budget {
                seconds: Some(much),
                ..Budget::default()
            }),
            "{much}"
        );
        assert!(
            hold(Budget {
                cost_usd: Some(much),
                ..Budget::default()
            }),
            "{much}"
        );
    }
}

#[test]
fn what_is_left_is_the_least() {
    let all = Account::new(Budget {
        tokens: Some(100),
        cost_usd: Some(1.0),
        ..Budget::default()
    });
    let one = all.within(Budget {
        tokens: Some(80),
        calls: Some(3),
        ..Budget::default()
    });
    let hold = one.hold(tokens(20)).unwrap();
    all.hold(tokens(70)).unwrap().settle(tokens(30));
    let left = one.left();
    assert_eq!(
        (left.tokens, left.calls, left.seconds),
        (Some(50), Some(2), None)
    );
    assert_eq!(left.cost_usd, Some(1.0 - 50e-9));
    drop(hold);
    assert_eq!((one.left().tokens, all.left().tokens), (Some(50), Some(50)));
    assert_eq!(Account::default().left(), Budget::default());
}
