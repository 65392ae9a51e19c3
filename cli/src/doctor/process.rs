//! A process as people know it.

/// So much of a command is shown.
const SHOWN: usize = 60;

/// `pid 42 (python3 app.py)`; the command is left out where it cannot be seen.
pub fn described(pid: u32) -> String {
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let command = String::from_utf8_lossy(&command).trim_end_matches('\0').replace('\0', " ");
    let shown: String = command.chars().take(SHOWN).collect();
    match shown.len() {
        0 => format!("pid {pid}"),
        length if length < command.len() => format!("pid {pid} ({shown}...)"),
        _ => format!("pid {pid} ({shown})"),
    }
}
