//! Signals made of the task contract.

use super::{shell, suspects, thinking};

#[test]
fn a_demand_nobody_worked_on_is_held_against_the_work_next_to_it() {
    let task = "Write /app/a.txt. Then write /app/b.txt.";
    let steps = vec![
        shell("ls", "", 0),
        shell("echo 1 > /app/a.txt", "", 0),
        shell("ls", "", 0),
    ];
    assert_eq!(suspects("dropped_demand", task, steps), [2]);
    let idle = vec![shell("ls", "", 0), shell("pwd", "", 0)];
    assert_eq!(suspects("dropped_demand", "Write /app/a.txt.", idle), [2]);
    // An input that is only read is no requirement.
    let read = vec![shell("echo 1 > /app/a.txt", "", 0)];
    let task = "Write /app/a.txt using the data in /app/in.csv.";
    assert!(suspects("dropped_demand", task, read).is_empty());
}

#[test]
fn a_plan_that_leaves_a_demand_out_is_where_it_was_dropped() {
    let task = "Write /app/a.txt. Then write /app/b.txt and /app/c.txt.";
    let plan = thinking(
        shell("ls", "", 0),
        "My plan:\n1. look around\n2. a.txt\n3. b.txt",
    );
    let steps = vec![
        plan,
        shell("echo 1 > /app/a.txt; echo 1 > /app/b.txt", "", 0),
    ];
    assert_eq!(suspects("dropped_demand", task, steps), [1]);
}

#[test]
fn an_unmet_demand_is_held_against_the_step_that_showed_it_and_the_last_claim() {
    let task = "The service must answer on port 7070.";
    let refused = "curl: (7) Failed to connect to localhost port 7070: Connection refused";
    let steps = vec![
        shell("curl localhost:7070", refused, 7),
        shell("ls", "", 0),
        thinking(shell("ls", "", 0), "Port 7070 is up, everything works."),
    ];
    assert_eq!(suspects("unmet_demand", task, steps), [1, 3]);
}

#[test]
fn another_place_than_demanded_is_held_against_the_writer() {
    let task = "Write the table to /app/t.csv.";
    let steps = vec![shell("ls", "", 0), shell("echo 1 > /tmp/t.csv", "", 0)];
    assert_eq!(suspects("contradicted_demand", task, steps.clone()), [2]);
    let mended = [steps, vec![shell("mv /tmp/t.csv /app/t.csv", "", 0)]].concat();
    assert!(suspects("contradicted_demand", task, mended).is_empty());
}

#[test]
fn a_lesser_result_is_held_against_the_step_that_put_it_there() {
    let fake = thinking(
        shell("echo 42 > out.txt", "", 0),
        "I will use placeholder data for now.",
    );
    let task = "Measure it and write out.txt.";
    assert_eq!(
        suspects("substituted_result", task, vec![fake.clone()]),
        [1]
    );
    // A whole new version without it takes it back.
    let real = shell("echo 17 > out.txt", "", 0);
    assert!(suspects("substituted_result", task, vec![fake, real]).is_empty());
}

#[test]
fn losing_what_was_met_is_held_against_the_step_that_lost_it() {
    let steps = vec![
        shell("echo 1 > out.txt", "", 0),
        shell("rm out.txt", "", 0),
        shell("ls", "", 0),
    ];
    assert_eq!(suspects("peak_fall", "Write out.txt.", steps.clone()), [2]);
    let mended = [steps, vec![shell("echo 1 > out.txt", "", 0)]].concat();
    assert!(suspects("peak_fall", "Write out.txt.", mended).is_empty());
}
