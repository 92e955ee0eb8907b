//! A PostgreSQL server in a folder of its own, on a socket of its own, that can be killed and started again.
#![allow(dead_code, reason = "the chaos and the figures ask for different things")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    /// Whoever runs it; the server refuses to be run by root.
    user: Option<&'static str>,
    options: &'static str,
    /// Another server, in a folder of its own, that has everything before anybody is told of it.
    standby: Option<Box<Self>>,
}

/// Where `initdb` and `pg_ctl` are: the newest of Debian's, or in the path.
fn programs() -> Option<PathBuf> {
    let debians: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    let path = std::env::var_os("PATH");
    let mut found: Vec<PathBuf> = path.iter().flat_map(std::env::split_paths).chain(debians).collect();
    // the newest of Debian's last
    found.sort_by_key(|folder| (folder.starts_with("/usr/lib/postgresql"), folder.clone()));
    found.into_iter().rev().find(|folder| folder.join("pg_ctl").exists() && folder.join("initdb").exists())
}

impl Server {
    /// `None`: PostgreSQL is not installed.
    pub fn start(options: &'static str) -> Option<Self> {
        let server = Self::in_a_folder(options)?;
        let mut initdb = server.command("initdb");
        initdb.args(["--auth=trust", "--username=escrow", "--no-sync", "-D"]).arg(server.data());
        assert!(initdb.stdout(Stdio::null()).status().unwrap().success(), "initdb failed");
        assert!(server.begin(), "pg_ctl failed");
        Some(server)
    }

    /// A server whose every commit waits until its standby has it, too.
    pub fn with_standby() -> Option<Self> {
        let mut server = Self::start("-c synchronous_standby_names=*")?;
        let standby = Self::in_a_folder("")?;
        let mut copy = standby.command("pg_basebackup");
        copy.args(["-R", "-X", "stream", "--checkpoint=fast", "--no-sync", "-U", "escrow", "-h"])
            .arg(&server.folder);
        assert!(copy.arg("-D").arg(standby.data()).status().unwrap().success(), "pg_basebackup failed");
        assert!(standby.begin(), "pg_ctl failed");
        server.standby = Some(Box::new(standby));
        Some(server)
    }

    fn in_a_folder(options: &'static str) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let programs = programs()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("escrow-host-pg-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let id = Command::new("id").arg("-u").output().unwrap();
        let user = (id.stdout.trim_ascii() == b"0").then_some("postgres");
        if let Some(user) = user {
            assert!(Command::new("chown").arg(user).arg(&folder).status().unwrap().success());
        }
        Some(Self { programs, folder, user, options, standby: None })
    }

    /// What clients connect with: whichever of the two takes what is written.
    pub fn config(&self) -> String {
        let first = self.folder.display();
        match &self.standby {
            None => format!("host={first} user=escrow dbname=postgres"),
            Some(standby) => {
                let second = standby.folder.display();
                format!("host={first},{second} user=escrow dbname=postgres target_session_attrs=read-write")
            }
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file that the server's user can read.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// One of PostgreSQL's programs, as the server's user.
    pub fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.current_dir("/");
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn begin(&self) -> bool {
        let options = format!("-k {} -c listen_addresses= {}", self.folder.display(), self.options);
        let mut start = self.command("pg_ctl");
        start.args(["start", "--wait", "--silent", "-D"]).arg(self.data());
        start.args(["-o", &options, "-l", "/dev/null"]).stdout(Stdio::null()).stderr(Stdio::null());
        start.status().unwrap().success()
    }

    /// `SIGKILL`, and a start that has to recover: what was committed is there, and nothing else.
    pub fn kill_and_start(&self) {
        self.kill();
        // those whom it has left behind have to notice first
        for _ in 0..100 {
            std::thread::sleep(Duration::from_millis(100));
            if self.begin() {
                return;
            }
        }
        panic!("PostgreSQL did not come back");
    }

    /// `SIGKILL`, for good, and the standby takes its place.
    pub fn kill_and_promote(&self) {
        self.kill();
        let standby = self.standby.as_ref().unwrap();
        let mut promote = standby.command("pg_ctl");
        promote.args(["promote", "--wait", "--silent", "-D"]).arg(standby.data());
        assert!(promote.stdout(Stdio::null()).status().unwrap().success(), "the standby was not promoted");
    }

    fn kill(&self) {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let pid = file.lines().next().unwrap().trim();
        assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "--silent", "--mode=immediate", "-D"]).arg(self.data());
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
