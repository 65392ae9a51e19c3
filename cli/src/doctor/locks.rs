//! Who holds the lock of a file. It is looked up, not tried: a server that starts meanwhile is in nobody's way.

/// The process that holds a lock of `flock` on the file with this inode, where it can be seen from here.
pub fn holder(inode: u64) -> Option<u32> {
    holder_among(&std::fs::read_to_string("/proc/locks").ok()?, inode)
}

/// Of `/proc/locks`: `1: FLOCK  ADVISORY  WRITE 26743 fe:00:9987015 0 EOF`. The device is not compared, for `stat`
/// tells another one on some file systems.
fn holder_among(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let &[_, "FLOCK", _, _, pid, file, ..] = &*words else { return None };
        let is_its_own = file.rsplit(':').next()?.parse() == Ok(inode);
        pid.parse().ok().filter(|&pid| is_its_own && pid > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_found_and_whoever_waits_for_it_is_not() {
        let locks = "1: POSIX  ADVISORY  WRITE 7 fe:00:11 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 8 fe:00:11 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 9 fe:00:11 0 EOF\n\
                     4: FLOCK  ADVISORY  WRITE 0 fe:00:12 0 EOF\n";
        assert_eq!(holder_among(locks, 11), Some(9));
        assert_eq!(holder_among(locks, 12), None);
        assert_eq!(holder_among(locks, 1), None);
    }
}
