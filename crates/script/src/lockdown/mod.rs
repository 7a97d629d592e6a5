//! The outer wall: what a worker gives up before it reads the first byte of a program.

#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
))]
mod seccomp;

use crate::isolation::{Isolation, Wall};
use crate::limits::Limits;

/// Gives up everything this system lets a process give up, for good, and says what that was.
///
/// Afterwards this process can compute within `limits`, read standard input, write standard output
/// and end; on Linux anything else kills it. [`worker::main`](crate::worker::main) does this by
/// itself. It is public so that the walls can be tried from within.
#[must_use]
pub fn lock_down(limits: &Limits) -> Isolation {
    // Landlock makes itself known through a file descriptor, so it comes before the limit on them;
    // seccomp forbids all the others' system calls, so it comes last.
    let landlock = landlock();
    let rlimits = rlimits(limits);
    Isolation {
        rlimits,
        landlock,
        seccomp: seccomp(),
    }
}

/// The CPU time of a whole worker, in seconds: it is retired when it has used that of one run, and
/// a run takes at most that of one more.
#[cfg(unix)]
pub(crate) fn cpu_seconds(limits: &Limits) -> u64 {
    limits.cpu.as_secs().saturating_mul(2).saturating_add(4)
}

#[cfg(unix)]
fn rlimits(limits: &Limits) -> Wall {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    // Past the lower figure the kernel sends SIGXCPU, past the upper one SIGKILL.
    let most = cpu_seconds(limits);
    let seconds = most.saturating_sub(2);
    let memory = limits.process_memory();
    // A second net under the first, for systems that do not count all memory as data: address
    // space, of which more is reserved than used.
    #[cfg(target_os = "linux")]
    let space = memory.saturating_mul(2).saturating_add(1 << 30);
    let wanted = [
        #[cfg(target_os = "linux")]
        (Resource::As, "address space", space, space),
        (Resource::Data, "memory", memory, memory),
        (
            Resource::Cpu,
            "CPU time",
            seconds,
            seconds.saturating_add(2),
        ),
        (Resource::Fsize, "file size", 0, 0),
        (Resource::Core, "core dumps", 0, 0),
        (Resource::Nproc, "processes", 0, 0),
        (Resource::Nofile, "files", 0, 0),
    ];
    let mut failed = Vec::new();
    for (resource, name, current, maximum) in wanted {
        // Never above what the process was given.
        let given = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit {
            current: Some(current.min(given)),
            maximum: Some(maximum.min(given)),
        };
        if let Err(error) = setrlimit(resource, limit) {
            failed.push(format!("{name}: {error}"));
        }
    }
    if failed.is_empty() {
        Wall::Stands
    } else {
        Wall::Partly(failed.join(", "))
    }
}

#[cfg(not(unix))]
fn rlimits(_: &Limits) -> Wall {
    Wall::Missing("not on this system".into())
}

#[cfg(target_os = "linux")]
fn landlock() -> Wall {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, LandlockStatus, Ruleset, RulesetAttr, RulesetStatus,
        Scope,
    };

    let restricted = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V5))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V5)))
        .and_then(|rules| rules.scope(Scope::from_all(ABI::V6)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    match restricted {
        Err(error) => Wall::Missing(error.to_string()),
        Ok(status) => match (status.ruleset, status.landlock) {
            (RulesetStatus::FullyEnforced, _) => Wall::Stands,
            (RulesetStatus::PartiallyEnforced, LandlockStatus::Available { effective_abi, .. }) => {
                Wall::Partly(format!(
                    "the kernel knows version {effective_abi:?} of it, not V6"
                ))
            }
            (RulesetStatus::PartiallyEnforced, _) => Wall::Partly("an older kernel".into()),
            (_, LandlockStatus::NotEnabled) => Wall::Missing("not enabled in this kernel".into()),
            _ => Wall::Missing("not built into this kernel".into()),
        },
    }
}

#[cfg(not(target_os = "linux"))]
fn landlock() -> Wall {
    Wall::Missing("only on Linux".into())
}

#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
))]
fn seccomp() -> Wall {
    match seccomp::install() {
        Ok(()) => Wall::Stands,
        Err(why) => Wall::Missing(why),
    }
}

#[cfg(not(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )
)))]
fn seccomp() -> Wall {
    Wall::Missing("only on Linux, on x86-64, arm64 and riscv64".into())
}
