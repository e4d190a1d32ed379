//! A kernel that lacks some fences, as far as a thread and what it starts can tell.

use std::env;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

/// A fence that can be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// Namespaces of every kind.
    Namespaces,
    /// Landlock, of every version.
    Landlock,
    /// Filters of system calls.
    Seccomp,
}

/// Makes the kernel answer this thread as one that lacks a fence, or lacks the right to it.
pub fn take_away(fence: Fence) {
    let (calls, errno) = match fence {
        Fence::Namespaces => (vec![(libc::SYS_unshare, vec![])], libc::EPERM),
        Fence::Landlock => (vec![(libc::SYS_landlock_create_ruleset, vec![])], libc::ENOSYS),
        Fence::Seccomp => {
            let option = libc::PR_SET_SECCOMP.unsigned_abs().into();
            let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, option);
            let set = SeccompRule::new(vec![condition.unwrap()]).unwrap();
            (vec![(libc::SYS_prctl, vec![set]), (libc::SYS_seccomp, vec![])], libc::EINVAL)
        }
    };
    let refuse = SeccompAction::Errno(errno.unsigned_abs());
    let arch = env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(calls.into_iter().collect(), SeccompAction::Allow, refuse, arch).unwrap();
    let filter: BpfProgram = filter.try_into().unwrap();
    apply_filter(&filter).unwrap();
}
