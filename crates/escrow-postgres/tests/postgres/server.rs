//! A server in a folder of its own, on a socket of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use escrow_postgres::Postgres;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Config, NoTls};

pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    /// Whoever runs it; the server refuses to be run by root.
    user: Option<&'static str>,
    pub runtime: Runtime,
    databases: AtomicU32,
}

/// Where `initdb` and `pg_ctl` are: the newest of Debian's, or in the path.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    found.sort();
    found.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    found.into_iter().rev().find(|folder| folder.join("pg_ctl").exists() && folder.join("initdb").exists())
}

impl Server {
    pub fn start() -> Option<Self> {
        let programs = programs()?;
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("escrow-pg-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let id = Command::new("id").arg("-u").output().unwrap();
        let user = (id.stdout.trim_ascii() == b"0").then_some("postgres");
        if let Some(user) = user {
            assert!(Command::new("chown").arg(user).arg(&folder).status().unwrap().success());
        }
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let server = Self { programs, folder, user, runtime, databases: AtomicU32::new(0) };
        let data = server.folder.join("data");
        server.run("initdb", &["--auth=trust", "--username=escrow", "--no-sync", "-D"], &data, &[]);
        // durability is the server's business, and not tried here
        let options = format!("-k {} -c listen_addresses= -c fsync=off", server.folder.display());
        server.run(
            "pg_ctl",
            &["start", "--wait", "--silent", "-D"],
            &data,
            &["-o", &options, "-l", "/dev/null"],
        );
        Some(server)
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        match self.user {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(program);
                command
            }
            None => Command::new(program),
        }
    }

    fn run(&self, program: &str, before: &[&str], data: &Path, after: &[&str]) {
        let mut command = self.command(program);
        command.args(before).arg(data).args(after).stdout(Stdio::null()).current_dir("/");
        assert!(command.status().unwrap().success(), "{program} failed");
    }

    fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config.host_path(&self.folder).user("escrow").dbname(database);
        config
    }

    /// A database that nobody has used.
    pub fn database(&self) -> Config {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.runtime.block_on(async {
            let (client, connection) = self.config("postgres").connect(NoTls).await.unwrap();
            let connection = tokio::spawn(connection);
            client.execute(&format!("CREATE DATABASE {name}"), &[]).await.unwrap();
            drop(client);
            connection.await.unwrap().unwrap();
        });
        self.config(&name)
    }

    pub fn open(&self, config: &Config) -> Postgres {
        self.runtime.block_on(Postgres::connect(config.clone(), 4)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.join("data");
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "--silent", "--mode=immediate", "-D"]).arg(data).current_dir("/");
        let _ = stop.status();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
