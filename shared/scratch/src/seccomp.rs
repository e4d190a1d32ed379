//! System calls that a server is refused: those that open connections, and those that lead around its fences.

use std::collections::BTreeMap;
use std::env::consts::ARCH;

use nix::libc;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

/// Refused whatever their arguments are. No PostgreSQL from 10 to 18 calls any of them, with one exception: up to 14 the
/// statistics collector makes a UDP socket and connects it to itself. Refused that, it says so in the log and the server goes on
/// with `track_counts` off (`pgstat_init` in pgstat.c), as it does in a network namespace of its own. No check of ours reads
/// such statistics.
const REFUSED: [libc::c_long; 26] = [
    // A filter does not see the address behind the pointer: nobody is connected to, or everybody could be.
    libc::SYS_connect,
    // The same for messages that carry their address.
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    // Other processes of the same user, whose connections and memory would do as well.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Namespaces and mounts.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    // Keys of the user's other processes.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // What no database needs of the kernel, and through which others got into it.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
];

/// Answered as by a kernel that does not have them, so that libraries do without: `io_uring` makes calls that no filter
/// sees, the arguments of `clone3` are behind a pointer.
const UNKNOWN: [libc::c_long; 4] =
    [libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register, libc::SYS_clone3];

/// Takes these calls from the calling thread and whatever it starts, for good.
///
/// # Errors
/// When the kernel has no such filters or refuses them, or this kind of processor is not known here.
pub(crate) fn refuse() -> Result<(), String> {
    let arch = TargetArch::try_from(ARCH).map_err(|_| format!("not known for this processor: {ARCH}"))?;
    if arch == TargetArch::x86_64 {
        apply(&without_x32())?;
    }
    let [refused, unknown] = filters().map_err(|error| error.to_string())?;
    apply(&refused)?;
    apply(&unknown)
}

fn apply(filter: &BpfProgram) -> Result<(), String> {
    apply_filter(filter).map_err(|error| match error {
        seccompiler::Error::Prctl(error) | seccompiler::Error::Seccomp(error) => error.to_string(),
        error => error.to_string(),
    })
}

/// Builds the filters. Both end a process that calls the kernel as on another processor, such as x86 of 32 bits.
fn filters() -> Result<[BpfProgram; 2], BackendError> {
    let arch = || TargetArch::try_from(ARCH);
    let mut refused: BTreeMap<i64, Vec<SeccompRule>> = every(&REFUSED);
    let when = |argument, length, operator, value| {
        SeccompRule::new(vec![SeccompCondition::new(argument, length, operator, value)?])
    };
    // Unix sockets alone, to be listened on. Sockets of some other kinds connect without `connect`: SCTP's by an option.
    let family = u64::from(libc::AF_UNIX.unsigned_abs());
    refused.insert(libc::SYS_socket, vec![when(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family)?]);
    // `send` is this call without an address.
    refused.insert(libc::SYS_sendto, vec![when(4, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?]);
    let user = u64::from(libc::CLONE_NEWUSER.unsigned_abs());
    let operator = SeccompCmpOp::MaskedEq(user);
    refused.insert(libc::SYS_clone, vec![when(0, SeccompCmpArgLen::Qword, operator, user)?]);
    let errno = |number: libc::c_int| SeccompAction::Errno(number.unsigned_abs());
    let filter = |rules, action| SeccompFilter::new(rules, SeccompAction::Allow, action, arch()?)?.try_into();
    Ok([filter(refused, errno(libc::EPERM))?, filter(every(&UNKNOWN), errno(libc::ENOSYS))?])
}

fn every(calls: &[libc::c_long]) -> BTreeMap<i64, Vec<SeccompRule>> {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

/// Builds a filter that takes away the calls of x32, which are those of x86-64 under other numbers: the architecture
/// that the kernel tells is the same.
fn without_x32() -> BpfProgram {
    const X32_BIT: u32 = 0x4000_0000;
    const NUMBER: u32 = 0;
    let statement = |code: u32, jt, jf, k| seccompiler::sock_filter { code: code as u16, jt, jf, k };
    vec![
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, NUMBER),
        statement(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, X32_BIT),
        statement(
            libc::BPF_RET | libc::BPF_K,
            0,
            0,
            SeccompAction::Errno(libc::ENOSYS.unsigned_abs()).into(),
        ),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, SeccompAction::Allow.into()),
    ]
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Write};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
    use std::process::Command;
    use std::thread;

    use nix::sched::{CloneFlags, unshare};

    use super::*;

    #[test]
    fn connections_are_refused_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let (path, inside) = (folder.path().join("outside"), folder.path().join("inside"));
        let unix = UnixListener::bind(&path).unwrap();
        unix.set_nonblocking(true).unwrap();
        let letters = folder.path().join("letters");
        let letter_box = UnixDatagram::bind(&letters).unwrap();
        letter_box.set_nonblocking(true).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let refused = |result: io::Result<()>| {
            assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EPERM));
        };
        let behind = || {
            refuse().unwrap();
            refused(UnixStream::connect(&path).map(drop));
            refused(UnixDatagram::unbound().unwrap().send_to(b"x", &letters).map(drop));
            refused(TcpStream::connect(("127.0.0.1", port)).map(drop));
            refused(UdpSocket::bind("127.0.0.1:0").map(drop));
            refused(unshare(CloneFlags::CLONE_NEWUSER).map_err(io::Error::from));
            // What the server does.
            let listener = UnixListener::bind(&inside).unwrap();
            let (mut one, mut other) = UnixStream::pair().unwrap();
            one.write_all(b"x").unwrap();
            other.read_exact(&mut [0]).unwrap();
            assert!(Command::new("true").status().unwrap().success());
            assert!(thread::spawn(|| ()).join().is_ok());
            listener
        };
        let listener = thread::scope(|scope| scope.spawn(behind).join().unwrap());
        assert!(unix.accept().is_err() && letter_box.recv(&mut [0]).is_err());
        // From outside it is reached.
        UnixStream::connect(&inside).unwrap();
        listener.accept().unwrap();
    }
}
