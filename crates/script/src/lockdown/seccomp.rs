//! The system calls a worker may still make. Everything else kills it.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

/// Which calls are allowed, with what a rule asks of their arguments; all of a rule's conditions
/// must hold. No rule: any arguments.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Installs the filter for all threads of this process, for good.
///
/// # Errors
/// In words, when the kernel or this architecture has none.
pub(crate) fn install() -> Result<(), String> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| error.to_string())?;
    let rules = rules().map_err(|error| error.to_string())?;
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        arch,
    )
    .and_then(BpfProgram::try_from)
    .map_err(|error| error.to_string())?;
    seccompiler::apply_filter_all_threads(&filter).map_err(|error| error.to_string())
}

fn rules() -> Result<Rules, seccompiler::BackendError> {
    let mut rules = Rules::new();
    // The pipes of the protocol, last words to standard error (which is `/dev/null`), and nothing
    // else: whatever other descriptor the parent may have leaked cannot be used.
    rules.insert(libc::SYS_read, vec![all([equals(0, 0)?])?]);
    rules.insert(
        libc::SYS_write,
        vec![all([equals(0, 1)?])?, all([equals(0, 2)?])?],
    );

    // Memory: private, of no file, and never executable.
    let anonymous = bits(libc::MAP_ANONYMOUS | libc::MAP_PRIVATE);
    let not_executable = || masked(2, bits(libc::PROT_EXEC), 0);
    rules.insert(
        libc::SYS_mmap,
        vec![all([not_executable()?, masked(3, anonymous, anonymous)?])?],
    );
    rules.insert(libc::SYS_mprotect, vec![all([not_executable()?])?]);
    for free in [
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_brk,
        libc::SYS_madvise,
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_clock_gettime,
        libc::SYS_exit,
        libc::SYS_exit_group,
        // What is left of signals: the standard library's handler for an overflown stack, and
        // `abort`, which ends with a signal to the process itself.
        libc::SYS_rt_sigreturn,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigaction,
        libc::SYS_sigaltstack,
        libc::SYS_getpid,
        libc::SYS_gettid,
    ] {
        rules.insert(free, Vec::new());
    }
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![all([equals(0, own)?])?]);
    Ok(rules)
}

/// Flags of the C library as the filter takes them; none is negative.
fn bits(flags: i32) -> u64 {
    u64::try_from(flags).unwrap_or(0)
}

fn all<const N: usize>(
    conditions: [SeccompCondition; N],
) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(conditions.into())
}

fn equals(argument: u8, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}

fn masked(
    argument: u8,
    mask: u64,
    value: u64,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    let masked = SeccompCmpOp::MaskedEq(mask);
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, masked, value)
}
