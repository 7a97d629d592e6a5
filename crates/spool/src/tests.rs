use proptest::prelude::*;
use serde_json::Value;

use super::*;

impl Spooled for Value {
    fn weight(&self) -> usize {
        self.to_string().len()
    }

    fn lost() -> Self {
        Value::Null
    }
}

fn spool(items: &[Value], budget: usize) -> Spool<Value> {
    let mut spool = Spool::with_budget(budget);
    spool.extend(items.iter().cloned());
    spool
}

#[test]
fn a_small_list_never_touches_the_disk() {
    let items: Vec<Value> = (0..1000).map(Value::from).collect();
    let spool = spool(&items, BUDGET);
    assert!(!spool.is_parked());
    assert_eq!(spool.len(), 1000);
    assert_eq!(spool[999], 999);
}

#[test]
fn results_that_come_late_count_against_the_budget() {
    let items = vec![Value::from(""); 400];
    let mut spool = spool(&items, 10_000);
    assert!(!spool.is_parked());
    for index in 0..400 {
        spool[index] = Value::from("x".repeat(1000));
    }
    assert!(spool.is_parked() && spool.resident < 40_000);
    assert!(
        spool
            .walk()
            .all(|item| item.as_str().unwrap().len() == 1000)
    );
}

#[test]
fn an_update_that_changes_nothing_writes_nothing() {
    let items = vec![Value::from("x".repeat(100)); 400];
    let mut spool = spool(&items, 1000);
    let before = spool.park.end();
    spool.update(|_, _| false);
    // The last chunks were in memory and may be written now for the first time.
    assert!(spool.park.end() < before + 10_000);
    spool.update(|at, item| {
        *item = Value::from(at);
        true
    });
    assert!(spool.walk().enumerate().all(|(at, item)| *item == at));
}

#[test]
fn a_file_that_is_gone_is_owned_up_to() {
    let items = vec![Value::from("x".repeat(100)); 400];
    let mut spool = spool(&items, 1000);
    spool.park.lose();
    assert!(!spool.is_damaged());
    assert_eq!(spool.walk().count(), 400);
    assert!(!spool.is_damaged(), "nothing was looked at");
    assert_eq!(*spool.get(0).unwrap(), Value::Null);
    assert!(spool.is_damaged());
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<f64>().prop_filter_map("not a number", |x| serde_json::Number::from_f64(x)
            .map(Value::Number)),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

#[test]
fn what_is_nested_very_deep_comes_back() {
    let deep = (0..127).fold(Value::from("x"), |inner, _| Value::from(vec![inner]));
    let items = vec![deep.clone(); 100];
    let spool = spool(&items, 1);
    assert!(spool.is_parked());
    assert!(spool.walk().all(|item| *item == deep));
    assert!(!spool.is_damaged());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_parked_list_is_the_list(
        items in prop::collection::vec(json(), 0..120),
        late in prop::collection::vec((any::<prop::sample::Index>(), json()), 0..20),
        budget in 0usize..2000,
    ) {
        let mut expected = items.clone();
        let mut spool = spool(&items, budget);
        for (index, item) in late.iter().filter(|_| !items.is_empty()) {
            let index = index.index(items.len());
            expected[index] = item.clone();
            spool[index] = item.clone();
        }
        prop_assert_eq!(spool.len(), expected.len());
        for (at, item) in spool.walk().enumerate().rev() {
            prop_assert_eq!(&*item, &expected[at]);
        }
        prop_assert_eq!(serde_json::to_value(&spool).unwrap(), Value::from(expected.clone()));
        prop_assert!(spool.iter().eq(expected.iter()));
        prop_assert_eq!(&spool.clone(), &Spool::from(expected.clone()));
        prop_assert!(!spool.is_damaged());
        let mut changed = spool.clone();
        for item in &mut changed {
            *item = Value::from(1);
        }
        prop_assert!(changed.walk().all(|item| *item == 1));
        prop_assert!(spool.into_iter().eq(expected));
    }
}
